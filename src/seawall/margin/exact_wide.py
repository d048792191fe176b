"""Which sums do many terms share? Of wide grids each line is held once for all terms, and again only where it changed.

Sums of integers are the same in any order and grouping: what is kept from an earlier evaluation moves no digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seawall.kernels.fold_exact import SNAP
from seawall.kernels.hold_exact import add_fine, ends_of, round_fine
from seawall.margin.exact_grids import Bounds, Grid, Grids
from seawall.margin.scan import PlannedScan, PlannedStep
from seawall.model.arrays import Ints

WIDE = 256  # scenarios from which sums are worth keeping
MOST = 1 << 22  # cells of sums that are kept for one grid
FEW = 4  # lines change that are fewer than one in so many


class Held:
    """Low ends of one grid times lots, summed over the lines (L) that no term tells apart; place (L) of each line."""

    def __init__(self, low: Ints, instrument: Ints, place: Ints, sums: int) -> None:
        self._low, self._instrument, self._place = low, instrument, place
        nothing = np.zeros(len(place), dtype=np.int64), np.zeros((2, sums, low.shape[1]), dtype=np.int64)
        self._base = self._last = nothing

    def sums(self, lots: Ints) -> Ints:
        """(2,A,S) whole ticks and FINE parts, made from those of an earlier evaluation where few lines differ."""
        known, found = self._last
        if np.array_equal(known, lots):
            return found
        before, base = self._base
        changed = np.flatnonzero(before != lots)
        fresh = len(changed) * FEW > len(lots)
        if fresh:
            before, base, changed = np.zeros_like(lots), np.zeros_like(base), np.flatnonzero(lots)
        out, own = base.copy(), lots.copy()
        add_fine((lots - before)[changed], self._instrument[changed], self._place[changed], self._low, out)
        self._last = own, out
        if fresh:
            self._base = own, out
        return out


@dataclass(frozen=True)
class Wide:
    """One scan's rows over shared sums. row (J), row_of_sum (A): rows after the first ``merged`` steps."""

    held: Held
    grid: Grid
    row: Ints
    row_of_sum: Ints
    rows: int
    merged: int

    def bounds(self, lots: Ints, q: Ints, instrument: Ints) -> Bounds:
        """(N,S) bounds in ticks. q: lots of the lines that the scan counts."""
        _, width, sizes = self.grid
        ends = ends_of(q, instrument, self.row, self.rows, width, sizes)
        return round_fine(self.held.sums(lots), self.row_of_sum, self.rows, ends)


def wide_rows(terms: Mapping[str, Any], lines: int, instrument: Ints, grids: Grids) -> dict[str, Wide]:
    """Shared sums of every scan over a wide grid, by name. instrument (L)."""
    chosen = {name: term for name, term in terms.items()
              if isinstance(term, PlannedScan) and term.cube.shape[1] >= WIDE and term.anchor is None}
    out: dict[str, Wide] = {}
    for cube in {id(term.cube): term.cube for term in chosen.values()}.values():
        mine = {name: term for name, term in chosen.items() if term.cube is cube}
        merged = {name: _merged(term) for name, term in mine.items()}
        of_line = np.full((len(mine), lines), -1, dtype=np.int64)
        for n, (name, term) in enumerate(mine.items()):
            of_line[n, np.arange(lines) if term.at is None else term.at] = merged[name][0]
        rows_of_sum, place = np.unique(of_line, axis=1, return_inverse=True)
        if rows_of_sum.shape[1] * cube.shape[1] > MOST or not lines:
            continue
        grid = grids.cube(cube, instrument[:0])
        held = Held(grid[0], instrument, place.reshape(-1).astype(np.int64), rows_of_sum.shape[1])
        for n, name in enumerate(mine):
            out[name] = Wide(held, grid, merged[name][0], rows_of_sum[n].copy(), *merged[name][1:])
    return out


def _merged(term: PlannedScan) -> tuple[Ints, int, int]:
    """Rows (J) of the lines after all first steps that only add up, how many rows there are, and how many steps."""
    row, rows = term.row, term.start
    for number, step in enumerate(term.steps):
        if not _adds(step):
            return row, rows, number
        row, rows = step.parent[row], len(step.target)
    return row, rows, len(term.steps)


def _adds(step: PlannedStep) -> bool:
    """Whether a step's rows are sums of those before: gains and losses at their full weight, nothing capped."""
    if step.sized or step.deduct is not None or np.isfinite(step.cap).any():
        return False
    return all(bool((np.abs(side.table - 1) <= SNAP).all()) for side in (step.gain, step.loss))
