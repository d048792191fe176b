"""How bad is it for each of many accounts? Books cut by account, held against one shared cube, and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from seawall.cluster.shards import shards
from seawall.cluster.shared import SharedCube
from seawall.cube import Executor, hold
from seawall.measures.tail import expected_shortfall, value_at_risk
from seawall.model.arrays import Bools, Floats
from seawall.model.book import Book
from seawall.model.results import Cube

MOST_LINES = 100_000
WORKING = 256 * 1024**2  # bytes that a shard's P&L may take
COPIES = 3  # of a shard's P&L at once: held, scaled, ranked


class AccountMeasures(NamedTuple):
    """Per account with a line, sorted: equity, VaR and ES (A,), reporting currency, losses > 0; whether something that
    is the account's is not in its numbers."""

    accounts: tuple[str, ...]
    equity: Floats
    value_at_risk: Floats
    expected_shortfall: Floats
    partial: Bools


@dataclass(frozen=True)
class Measuring:
    """Measures one book's accounts: an executor's task."""

    cube: Cube | SharedCube
    confidence: float
    currency: str | None = None

    def __call__(self, book: Book) -> AccountMeasures:
        """The book's accounts."""
        cube = self.cube.read() if isinstance(self.cube, SharedCube) else self.cube
        held = hold(book, cube, by="account", currency=self.currency)
        weights = None if np.ptp(held.weights) == 0 else held.weights
        return AccountMeasures(
            tuple(key[0] for key in held.keys), held.equity, value_at_risk(held.pnl, self.confidence, weights=weights),
            expected_shortfall(held.pnl, self.confidence, weights=weights), held.partial,
        )


def measure_accounts(book: Book, task: Measuring, executor: Executor, *, working: int = WORKING) -> AccountMeasures:
    """Every account's measures, shard by shard: the same bits as of the book in one piece.

    working: bytes that one shard's P&L may take on a worker.
    """
    cube = task.cube.rest if isinstance(task.cube, SharedCube) else task.cube
    fits = max(1, working // (COPIES * 8 * max(len(cube.rule), 1)))
    return joined(list(executor.map(task, pieces(book, most_accounts=fits))))


def pieces(book: Book, *, most_accounts: int, most_lines: int = MOST_LINES) -> list[Book]:
    """Books of some of the accounts each, which together are the whole one; accounts without a line are in none."""
    names, owner = book.codes("account")
    found = shards(owner, len(names), most_lines=most_lines, most_accounts=most_accounts)
    return [_piece(book, frozenset(names[s.first : s.last].tolist()), s.lines) for s in found]


def _piece(book: Book, names: frozenset[str], lines: np.ndarray) -> Book:
    used, place = np.unique(book.instrument_of[lines], return_inverse=True)
    mine = tuple(f for f in book.failures if not f.accounts or names.intersection(f.accounts))
    return replace(
        book, instruments=tuple(book.instruments[i] for i in used), instrument_of=place, failures=mine,
        quantity=book.quantity[lines], average_price=book.average_price[lines],
        dimensions={name: column[lines] for name, column in book.dimensions.items()},
        accounts={name: account for name, account in book.accounts.items() if name in names},
    )


def joined(parts: Sequence[AccountMeasures]) -> AccountMeasures:
    """Measures of shards, one after the other."""
    columns = list(zip(*parts, strict=True))
    names = tuple(name for part in columns[0] for name in part) if columns else ()
    if not columns:
        none = np.zeros(0)
        return AccountMeasures((), none, none, none, np.zeros(0, dtype=bool))
    return AccountMeasures(names, *(np.concatenate(column) for column in columns[1:]))
