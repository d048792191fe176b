"""What does an account bring to a margin model? A book and a market as instrument columns, lines and quantities.

What margined lines gained since their average price is a holding of its own, of the kind ``unrealised``, in the
settlement currency. The versions of a moved market stand beside one another, each with accounts and lines of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seawall.cube import gained
from seawall.margin.columns import gain_labels, gain_numbers, labels_of, numbers_in, valued
from seawall.margin.frame import Columns
from seawall.margin.rows import Lines
from seawall.model.arrays import Floats, Ints, frozen_floats
from seawall.model.book import Book
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.state import State, present


@dataclass(frozen=True)
class Holdings:
    """A book in V versions of a market, ready for any model.

    columns: of V times I instruments and one unit of gain per settlement currency, version by version. quantity (J):
    per version the book's lines, then one line per account and currency that gains. line_of (J): the book's line of
    each, -1 for a gain. names (J): what explanations call each line. accounts (V A). unknown: accounts whose lines
    could not be read or valued, with why.
    """

    columns: Columns
    lines: Lines
    quantity: Floats
    accounts: tuple[str, ...]
    line_of: Ints
    names: tuple[str, ...]
    unknown: Mapping[str, str]
    instruments: tuple[Instrument, ...]
    currencies: tuple[str, ...]
    numeraire: str


def holdings(book: Book, market: Market) -> Holdings:
    """The book's lines and instrument columns at the market.

    An instrument that lacks a factor is no stop: its columns are NaN and the accounts that hold it unknown.
    """
    return holdings_in(book, present(market))


def holdings_in(book: Book, state: State) -> Holdings:
    """The same in every version of a market: version v's accounts are numbered from v A."""
    accounts = book.account_ids
    place = {account: n for n, account in enumerate(accounts)}
    base, failed = valued(book.instruments, state)
    numbers, labels = numbers_in(book.instruments, state, base, failed), labels_of(book.instruments, state.market)
    account = np.array([place[a] for a in book.column("account")], dtype=np.int64)
    gains = _Gains(book, base, account)
    gain_numbers(gains.currencies, state, numbers)
    gain_labels(gains.currencies, state.market, labels)
    wide, versions = len(labels["instrument"]), np.arange(state.size)[:, None]
    flat = {name: np.ascontiguousarray(values).ravel() for name, values in numbers.items()}
    tiled = {name: np.tile(np.array(texts, dtype=str), state.size) for name, texts in labels.items()}
    owner = np.concatenate([account, gains.owner])
    held = np.concatenate([book.instrument_of, gains.column])
    lines = Lines((owner + versions * len(accounts)).ravel(), (held + versions * wide).ravel(),
                  len(accounts) * state.size)
    quantity = np.concatenate([np.broadcast_to(book.quantity, (state.size, len(book))), gains.amount], axis=1)
    names = (*(book.instruments[i].instrument_id for i in book.instrument_of), *gains.names(len(book.instruments)))
    line_of = np.concatenate([np.arange(len(book)), np.full(len(gains.owner), -1)])
    return Holdings(
        Columns({**flat, **tiled}, tiled["instrument"]), lines, frozen_floats(quantity.ravel(), "quantity"),
        accounts * state.size, np.tile(line_of, state.size), names * state.size, _unknown(book, failed),
        book.instruments, tuple(gains.currencies), state.market.numeraire,
    )


class _Gains:
    """Gains since the average price, one line per account and currency: owner (G), column (G), amount (V,G)."""

    def __init__(self, book: Book, base: Floats, account: Ints) -> None:
        gain = np.array([gained(book, value[book.instrument_of]) for value in base.T])
        told = np.flatnonzero(np.isfinite(gain).all(axis=0) & (gain != 0.0).any(axis=0))
        settled = np.array([i.settlement_currency for i in book.instruments], dtype=object)[book.instrument_of][told]
        self.currencies: list[str] = sorted(set(settled.tolist()))
        code = {currency: n for n, currency in enumerate(self.currencies)}
        wide = max(len(code), 1)
        joint = account[told] * wide + np.array([code[c] for c in settled], dtype=np.int64)
        keys, of = np.unique(joint, return_inverse=True)
        self.owner, self.column = keys // wide, keys % wide + len(book.instruments)
        self.amount = np.array([np.bincount(of, row, len(keys)) for row in gain[:, told]]).reshape(len(gain), len(keys))

    def names(self, instruments: int) -> list[str]:
        """What explanations call each line."""
        return [f"unrealised {self.currencies[c - instruments]}" for c in self.column]


def _unknown(book: Book, failed: Mapping[int, str]) -> dict[str, str]:
    out: dict[str, str] = {}
    accounts = book.column("account")
    for line in np.flatnonzero(np.isin(book.instrument_of, list(failed)) & (book.quantity != 0.0)):
        out.setdefault(str(accounts[line]), failed[int(book.instrument_of[line])])
    for failure in book.failures:
        for account in failure.accounts:
            out.setdefault(account, str(failure))
    return out
