"""What made the P&L of each line? What was held, what was traded, what expired, what went to cash; nothing left over.

Reporting currency, gain > 0. A line's total is the change of the equity it carries, and

    total = held + trades + settled + moved + uncompared        held = sum of terms + unexplained

held: the opening quantity from mark to mark; trades: contracts opened, from their price to the closing mark; settled:
expired contracts up to the later spot; moved: what was paid for or paid out, so that over an account's lines, cash
among them, only what came from outside is left: deposits, withdrawals, fees, funding and interest as they were paid;
uncompared: valued on one side only. All of it adds up over any lines.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from seawall.cube import gather, hold, revalue
from seawall.instruments.delta_one import payoff
from seawall.instruments.plugins import kind_of
from seawall.measures.pnl_explain import CURRENCY, DELTA, Explained, explain_instruments, is_money, rates, unmoved
from seawall.model.arrays import Bools, Floats, Ints
from seawall.model.book import Book
from seawall.model.market import Market

LINE: Final = ("account", "venue", "instrument")
QUOTED: Final = ("option", "spot")  # kinds worth their quoted price, beside those settled to the mark

Key = tuple[str, ...]


class PnlLines(NamedTuple):
    """Lines (N,) by ``LINE``. quantity, equity (N,2): before and after; terms (N,9): columns of ``TERMS``.

    opening (N,): the line's instrument in the first book, -1 if it is new. unpriced (N,): contracts that changed hands
    at a price no input tells; they count at the closing mark, and their gain is in the cash that moved.
    """

    keys: tuple[Key, ...]
    quantity: Floats
    equity: Floats
    total: Floats
    terms: Floats
    held: Floats
    trades: Floats
    settled: Floats
    moved: Floats
    uncompared: Floats
    unexplained: Floats
    unpriced: Floats
    opening: Ints


class _Side(NamedTuple):
    """One book's lines on the joint keys (N,). place: -1 if not held.

    Settlement currency: paid, NaN if any lot's price is unknown; gained, what lots settled to the mark gained since.
    """

    quantity: Floats
    equity: Floats
    paid: Floats
    gained: Floats
    base: Floats
    rate: Floats
    place: Ints


def explain_lines(books: tuple[Book, Book], markets: tuple[Market, Market], *, currency: str) -> PnlLines:
    """Every line of either book, sorted by account, venue and instrument. Raises InputError for a currency unknown."""
    (before, after), (first, last) = books, markets
    keys = tuple(sorted({*before.groups(LINE)[0], *after.groups(LINE)[0]}))
    opening, closing = (_side(book, market, keys, currency) for book, market in zip(books, markets, strict=True))
    later = {i.instrument_id: i for i in after.instruments}
    found = explain_instruments(before.instruments, later, first, last, currency=currency)
    coin = np.array([not is_money(i.settlement_currency, first) for i in before.instruments] + [False], dtype=bool)
    held = _held(opening, found, coin)
    traded, unpriced = _trades(opening, closing, found)
    return _lines(keys, opening, closing, held, (traded, unpriced))


class _HeldPart(NamedTuple):
    terms: Floats
    held: Floats
    settled: Floats
    lost: Bools


def _held(side: _Side, found: Explained, coin: Bools) -> _HeldPart:
    """Opening quantities times what each contract made; what margined lines had gained moves with its currency."""
    at, held = side.place, side.place >= 0
    ended = held & np.append(found.ended, False)[at]
    live = held & np.append(found.comparable, False)[at]
    quantity = np.where(held, side.quantity, 0.0)
    shift = np.nan_to_num(side.gained * _change(found, at))
    terms = np.where(live[:, None], quantity[:, None] * _rows(found.terms, at), 0.0)
    terms[:, DELTA] += np.where(live & coin[at], shift, 0.0)
    terms[:, CURRENCY] += np.where(live & ~coin[at], shift, 0.0)
    return _HeldPart(
        terms, np.where(live, quantity * _rows(found.held, at) + shift, 0.0),
        np.where(ended, quantity * _rows(found.settled, at) + shift, 0.0), held & (quantity != 0) & ~live & ~ended,
    )


def _trades(opening: _Side, closing: _Side, found: Explained) -> tuple[Floats, Floats]:
    """(N,) gain of contracts opened, up to the closing mark, and how many contracts changed hands at no known price."""
    q0, q1 = opening.quantity, closing.quantity
    same = q0 * q1 > 0
    grown = (q0 == 0) | (same & (np.abs(q1) > np.abs(q0)))
    flipped = q0 * q1 < 0
    opened = np.where(grown, q1 - q0, np.where(flipped, q1, 0.0))
    cost = closing.paid - np.where(grown & (q0 != 0), opening.paid, 0.0)
    known = np.isfinite(cost) & np.isfinite(closing.base) & (opened != 0)
    gain = np.where(known, (opened * closing.base - cost) * closing.rate, 0.0)
    ended = (opening.place >= 0) & np.append(found.ended, False)[opening.place]
    unpriced = np.abs(q1 - q0) - np.where(known, np.abs(opened), 0.0)
    return np.nan_to_num(gain), np.where(ended, 0.0, unpriced)


def _lines(
    keys: tuple[Key, ...], opening: _Side, closing: _Side, part: _HeldPart, trades: tuple[Floats, Floats]
) -> PnlLines:
    total = closing.equity - opening.equity
    gain = np.where(part.lost, 0.0, trades[0])
    moved = np.where(part.lost, 0.0, total - part.held - part.settled - gain)
    return PnlLines(
        keys, np.column_stack([opening.quantity, closing.quantity]), np.column_stack([opening.equity, closing.equity]),
        total, part.terms, part.held, gain, part.settled, moved, np.where(part.lost, total, 0.0),
        part.held - part.terms.sum(axis=1), trades[1], opening.place,
    )


def _side(book: Book, market: Market, keys: tuple[Key, ...], currency: str) -> _Side:
    """The book's lines on the joint keys."""
    cube = revalue(book, market, unmoved())
    held, lines = hold(book, cube, by=LINE, currency=currency), gather(book, cube, LINE)
    where = {key: n for n, key in enumerate(keys)}
    row = np.array([where[key] for key in held.keys], dtype=np.int64)
    none, unknown = np.zeros(len(keys)), np.full(len(keys), np.nan)
    out = _Side(none, none.copy(), none.copy(), none.copy(), unknown, unknown.copy(),
                np.full(len(keys), -1, dtype=np.int64))
    place = row[lines.row_of_line]
    out.equity[row] = held.equity
    out.quantity[:] = np.bincount(place, book.quantity, minlength=len(keys))
    paid = _paid(book)
    out.paid[:] = np.bincount(place, paid, minlength=len(keys))
    out.gained[:] = np.bincount(place, _gained(book, cube.base[lines.place], paid), minlength=len(keys))
    out.place[place] = book.instrument_of
    out.base[place] = cube.base[lines.place]
    out.rate[place] = rates(cube, market, currency)[lines.place]
    return out


def _paid(book: Book) -> Floats:
    """(L,) what each line cost, settlement currency; NaN where no average price says so."""
    out = np.full(len(book), np.nan)
    for n in np.flatnonzero(np.isfinite(book.average_price)).tolist():
        i, price = book.instruments[book.instrument_of[n]], book.average_price[n]
        if kind_of(i).margined:
            out[n] = book.quantity[n] * float(payoff(i, np.array([price])).value[0])
        elif i.kind in QUOTED:
            out[n] = book.quantity[n] * i.contract_size * price
    return out


def _gained(book: Book, base: Floats, paid: Floats) -> Floats:
    """(L,) what each line settled to the mark is worth over its cost; nothing where that is unknown."""
    margined = np.array([kind_of(i).margined for i in book.instruments], dtype=bool)
    return np.where(margined[book.instrument_of], np.nan_to_num(book.quantity * base - paid), 0.0)


def _rows(values: Floats, at: Ints) -> Floats:
    """values (I, ...) of each line's instrument; zero where it holds none."""
    return np.concatenate([values, np.zeros((1, *values.shape[1:]))])[at]


def _change(found: Explained, at: Ints) -> Floats:
    """(N,) of one unit of the line's settlement currency."""
    return _rows(found.rate[:, 1] - found.rate[:, 0], at)
