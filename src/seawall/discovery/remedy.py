"""Which trade would remove most of it? Lines closed one by one or two by two until little of the danger is left."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seawall.discovery.candidates import Candidate
from seawall.discovery.findings import Remedy, Trade
from seawall.discovery.lines import Lines
from seawall.errors import InputError
from seawall.model.arrays import Bools, Floats, frozen_texts
from seawall.model.book import Book

# Trades are added until this share of the loss is left, and no more of them than anyone would read.
ENOUGH, MOST_TRADES = 0.4, 6
# Beyond so many lines pairs are not tried.
MOST_LINES = 24


def close_out(lines: Lines, candidate: Candidate) -> Remedy:
    """Trades that close lines of a candidate, the fewest that leave less than 40 % of the loss, if six can.

    Judged by the lines' worst loss over the move, its parts, and the opposite of each: half a hedge is no remedy.
    Closing at the mark changes no equity, and P&L is linear in quantity, so that this is full revaluation.
    """
    moves = np.vstack([candidate.move, candidate.pieces, -candidate.move, -candidate.pieces])
    rows = candidate.rows[:MOST_LINES]
    losses = lines.more(moves)[candidate.rows]
    judged, fixed = losses[: len(rows)], losses[len(rows) :].sum(axis=0)
    kept = np.ones(len(rows), dtype=bool)
    before = after = float(losses.sum(axis=0).max())
    while after > ENOUGH * before and kept.any() and (~kept).sum() < MOST_TRADES:
        tried = [(_left(judged, fixed, kept, closed), closed) for closed in _closable(kept)]
        # The second of two trades must be worth a tenth of what is left.
        least, chosen = min(tried, key=lambda t: (max(t[0], 0.0) * (0.9 + 0.1 * len(t[1])), len(t[1])))
        if least >= after:
            break
        kept[list(chosen)] = False
        after = least
    return Remedy(_trades(lines, rows[~kept].tolist()), before, max(after, 0.0))


def thin_out(lines: Lines, candidate: Candidate) -> Remedy:
    """Trades that close the largest lines of a crowd, until leaving together costs little; costs, not price moves."""
    rows = candidate.rows.tolist()
    sizes = np.abs(lines.quantity[candidate.rows])
    # Cost grows with the power 3/2 of what has to leave, whatever the market's depth.
    left = np.concatenate([[1.0], 1 - np.cumsum(sizes) / sizes.sum()])
    after = np.maximum(left, 0.0) ** 1.5
    count = min(int(np.argmax(after <= ENOUGH)), MOST_TRADES, len(rows))
    return Remedy(_trades(lines, rows[:count]), candidate.loss, candidate.loss * float(after[count]))


def traded(book: Book, trades: Sequence[Trade]) -> Book:
    """The book with the trades done, as further lines at no price. Raises InputError for an unknown instrument."""
    place = {i.instrument_id: n for n, i in enumerate(book.instruments)}
    unknown = sorted({trade.instrument for trade in trades} - set(place))
    if unknown:
        raise InputError("trade in an instrument that the book does not hold", found=", ".join(unknown),
                         wanted=f"one of {len(place)} instruments")
    added = {"account": [t.account for t in trades], "venue": [t.venue for t in trades]}
    columns = {name: frozen_texts([*column, *added.get(name, [""] * len(trades))], name)
               for name, column in book.dimensions.items()}
    return replace(
        book, instrument_of=np.concatenate([book.instrument_of, [place[t.instrument] for t in trades]]),
        quantity=np.concatenate([book.quantity, [t.quantity for t in trades]]), dimensions=columns,
        average_price=np.concatenate([book.average_price, np.full(len(trades), np.nan)]),
    )


def _left(judged: Floats, fixed: Floats, kept: Bools, closed: tuple[int, ...]) -> float:
    """The worst loss of what stays once these lines are closed too."""
    stays = kept.copy()
    stays[list(closed)] = False
    return float((fixed + stays.astype(np.float64) @ judged).max())


def _closable(kept: Bools) -> list[tuple[int, ...]]:
    held = np.flatnonzero(kept).tolist()
    return [*((n,) for n in held), *itertools.combinations(held, 2)]


def _trades(lines: Lines, rows: Sequence[int]) -> tuple[Trade, ...]:
    found = [(lines.keys[n], float(lines.quantity[n])) for n in rows]
    return tuple(Trade(account, venue, name, -quantity) for (account, name, venue), quantity in found)


def worst_of(losses: Floats) -> Floats:
    """(n,) the worst loss of each line over moves (n,K), nothing where it never loses."""
    return np.maximum(losses.max(axis=1), 0.0) if losses.shape[1] else np.zeros(len(losses))
