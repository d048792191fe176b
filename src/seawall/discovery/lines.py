"""What does each line lose in each move? One table by full revaluation, from which every detector reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seawall.cube import hold
from seawall.discovery.space import View
from seawall.instruments.plugins import kind_of
from seawall.model.arrays import Bools, Floats, Ints
from seawall.model.failure import Failure

KEYS = ("account", "instrument", "venue")
# Lines that cancel to within this share of the largest's swing, in every move of the table, cannot come apart.
CROSSED = 0.02
# Lines that are looked at for such cancellation, the largest first, and how many it may take.
LOOKED_AT, MOST_TOGETHER = 80, 5
# Of the table's moves every so many suffice to find who might cancel; all of them decide.
THINNED = 16
# A partner must take away at least this share of the squared swing to count as a hedge.
HELPS = 0.01
MOST_PARTNERS = 24
# Lines with less than this share of what the largest has are not named.
LEAST = 0.1


@dataclass(frozen=True, eq=False)
class Lines:
    """keys (N): account, instrument, venue; quantity (N); equity (N), reporting currency; pledged (N): owned outright.

    loss (N,M): of each under each move of ``moves`` (M,C), loss > 0. crossed (N): cancelled by another line of the
    same instrument in another account, so that nothing can come between the two.
    """

    view: View
    keys: tuple[tuple[str, ...], ...]
    quantity: Floats
    equity: Floats
    pledged: Bools
    moves: Floats
    loss: Floats
    failures: tuple[Failure, ...]

    @cached_property
    def total(self) -> Floats:
        """(M,) loss of the whole book."""
        return np.asarray(self.loss.sum(axis=0))

    @cached_property
    def worth(self) -> float:
        """Equity of the whole book."""
        return float(self.equity.sum())

    @cached_property
    def account_of(self) -> Ints:
        """(N) place of each line's account among the sorted names."""
        return np.unique([key[0] for key in self.keys], return_inverse=True)[1].astype(np.int64)

    @cached_property
    def underlying(self) -> tuple[str, ...]:
        """(N) of each line."""
        names = {i.instrument_id: i.underlying for i in self.view.book.instruments}
        return tuple(names[key[1]] for key in self.keys)

    @cached_property
    def crossed(self) -> Bools:
        """(N) whether others cancel it: the same contract held the other way, a conversion against its future."""
        swing = np.abs(self.loss).max(axis=1)
        out = np.zeros(len(self.keys), dtype=bool)
        for row in np.argsort(-swing, kind="stable")[:LOOKED_AT].tolist():
            if not out[row] and swing[row] > 0:
                out[self._cancelled(row, ~out)] = True
        return out

    @cached_property
    def _thinned(self) -> tuple[Floats, Floats]:
        """(N,M') losses in some of the moves, and each line's sum of squares (N) over them."""
        thin = np.ascontiguousarray(self.loss[:, ::THINNED])
        return thin, np.asarray((thin**2).sum(axis=1))

    def _cancelled(self, row: int, free: Bools) -> list[int]:
        """The line and those that cancel it, found greedily; nothing if more than 2 % is left."""
        thin, square = self._thinned
        chosen, rest = [row], thin[row].copy()
        most = float(np.abs(self.loss[row]).max())
        open_rows = free & np.array([name == self.underlying[row] for name in self.underlying])
        open_rows[row] = False
        for _ in range(MOST_TOGETHER):
            if np.abs(rest).max() <= CROSSED * most and np.abs(self.loss[chosen].sum(axis=0)).max() <= CROSSED * most:
                return chosen if len(chosen) > 1 else []
            after = np.where(open_rows, 2 * thin @ rest + square, np.inf)
            best = int(np.argmin(after))
            if not after[best] < 0:
                break
            chosen.append(best)
            open_rows[best] = False
            rest = rest + thin[best]
        return []

    def more(self, moves: Floats) -> Floats:
        """(N,K) losses of the same lines under further moves."""
        return self.view.losses(moves, by=KEYS)


def line_losses(view: View, moves: Floats) -> Lines:
    """The table under moves (M,C)."""
    cube = view.cube(moves)
    held = hold(view.book, cube, by=KEYS, currency=view.currency)
    book = view.book
    _, row = book.groups(KEYS)
    quantity = np.bincount(row, book.quantity, minlength=len(held.keys)).astype(np.float64)
    margined = {i.instrument_id: kind_of(i).margined for i in book.instruments}
    owned = np.array([not margined[key[1]] for key in held.keys], dtype=bool)
    pledged = owned & (held.equity > 0) & _plain(view, held.keys)
    return Lines(view, held.keys, quantity, held.equity, pledged, moves, -held.pnl, cube.failures)


def _plain(view: View, keys: tuple[tuple[str, ...], ...]) -> Bools:
    """(N) no option: what may expire worthless secures nothing."""
    kinds = {i.instrument_id: i.kind for i in view.book.instruments}
    return np.array([kinds[key[1]] != "option" for key in keys], dtype=bool)


def largest(values: Floats, share: float, allowed: Bools | None = None) -> Ints:
    """Rows that make up this share of all positive values, the largest first, but for those far below the largest."""
    useful = np.maximum(values if allowed is None else np.where(allowed, values, 0.0), 0.0)
    order = np.argsort(-useful, kind="stable")
    reached = np.cumsum(useful[order])
    if not reached[-1] > 0:
        return np.zeros(0, dtype=np.int64)
    count = int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12))) + 1
    chosen = order[:count]
    return np.asarray(chosen[useful[chosen] >= LEAST * useful[chosen[0]]], dtype=np.int64)


def partners(lines: Lines, rows: Ints, columns: Ints) -> tuple[Ints, float]:
    """Lines that hedge those of rows over some moves of the table, and the share of their swing that is hedged.

    Matching pursuit with lines as they stand: each step adds the one that leaves least of the squared swing, until the
    next would take away less than 1 % of it. Lines in the same underlyings only.
    """
    profile = lines.loss[:, columns]
    rest = profile[rows].sum(axis=0)
    start = float(rest @ rest)
    names = {lines.underlying[n] for n in rows}
    open_rows = np.array([name in names for name in lines.underlying]) & ~lines.crossed
    open_rows[rows] = False
    square = (profile**2).sum(axis=1)
    chosen: list[int] = []
    left = start
    while left > 0 and len(chosen) < MOST_PARTNERS:
        after = np.where(open_rows, left + 2 * profile @ rest + square, np.inf)
        best = int(np.argmin(after))
        if not left - after[best] > HELPS * start:
            break
        chosen.append(best)
        open_rows[best] = False
        rest = rest + profile[best]
        left = float(rest @ rest)
    hedged = 1 - np.sqrt(max(left, 0.0) / start) if start > 0 else 0.0
    return np.array(chosen, dtype=np.int64), float(hedged)
