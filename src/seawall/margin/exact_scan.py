"""What is the worst of it, in integers? A scan's grids in fine parts of a tick, its weights in billionths, its measure.

Where a weight hangs on size it is worked out by the exact kernels at the least and the greatest size that the bounds
allow and taken at its extremes there: between them, a few ticks apart, it is taken to be monotone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seawall.errors import ModelError
from seawall.kernels.fold_exact import (
    NO_CAP,
    NOT_COUNTED,
    billionths,
    billionths_between,
    fold_exact,
    quantile_exact,
    sizes_between,
    tail_exact,
    worst_exact,
)
from seawall.kernels.hold_exact import hold_fine
from seawall.kernels.ruin import lowest
from seawall.margin.exact_grids import Bounds, Grid, Grids
from seawall.margin.exact_wide import Wide
from seawall.margin.scan import PlannedScan, PlannedSide, PlannedStep
from seawall.margin.terms_insolvency import RuinOf
from seawall.margin.terms_scan import LeastOf, QuantileOf, TailOf
from seawall.model.arrays import Bools, Ints

NO_DEDUCT = np.zeros((2, 0, 0), dtype=np.int64)
NO_ROWS = np.zeros(0, dtype=np.int64)


def exact_scan(name: str, term: PlannedScan, grids: Grids, wide: Wide | None) -> ExactScan:
    """A scan over a book in integers. wide: sums that it shares. Raises ModelError for a scan that has none."""
    anchor, tick = None, float(grids.tick)
    if term.anchor is not None:
        now, row, rows = term.anchor
        anchor = (grids.cube(now, term.instrument), row, rows)
    steps = tuple(_Step(step, _Side(step.gain, tick), _Side(step.loss, tick), _caps(step, grids),
                        _deduct(name, step, grids)) for step in term.steps)
    return ExactScan(term, grids.cube(term.cube, term.instrument), anchor, steps, wide)


def without_weight(term: PlannedScan, lines: int) -> Bools:
    """(L) whether a line stands in a row whose weight is not told."""
    out = np.zeros(lines, dtype=bool)
    row, at = term.row, np.arange(lines) if term.at is None else term.at
    for step in term.steps:
        for side in {id(side): side for side in (step.gain, step.loss, step.deduct) if side is not None}.values():
            # A weight by size is asked at one unit of it: what it misses there it misses at any size.
            table, of = side.at(np.ones((len(step.parent), term.cube.shape[1])))
            missing = np.asarray(np.isnan(table).any(axis=1))
            out[at[missing[of[row]]]] = True
        row = step.parent[row]
    return out


def _caps(step: PlannedStep, grids: Grids) -> Ints:
    finite = np.flatnonzero(np.isfinite(step.cap))
    out = np.full((2, len(step.cap)), NO_CAP, dtype=np.int64)
    out[:, finite] = grids.money(step.cap[finite])
    return out


def _deduct(name: str, step: PlannedStep, grids: Grids) -> tuple[Ints, Ints]:
    if step.deduct is None:
        return NO_DEDUCT, NO_ROWS
    if step.deduct.sized is not None:
        raise ModelError(f"term {name} has no integers: its deductible hangs on size; use the model in float64")
    return grids.money(_known(step.deduct.table)), step.deduct.of


def _known(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weight, zero where it is not told: such rows are remembered as unknown."""
    missing = np.isnan(weight)
    return np.where(missing, 0.0, weight) if missing.any() else weight


class _Side:
    """A weight in billionths: a table, or a formula of size."""

    def __init__(self, side: PlannedSide, tick: float) -> None:
        self._side, self._tick = side, tick
        self._table = None if side.sized is not None else billionths(_known(side.table))

    def at(self, lower: Ints, upper: Ints) -> tuple[Ints, Ints]:
        """Table (2,K,S) and places (N), at rows within these bounds."""
        if self._table is not None:
            return self._table, self._side.of
        size = sizes_between(lower, upper, self._tick)
        return billionths_between(_known(self._side.at(size)[0])), self._side.of


@dataclass(frozen=True)
class _Step:
    step: PlannedStep
    gain: _Side
    loss: _Side
    cap: Ints
    deduct: tuple[Ints, Ints]

    def up(self, lower: Ints, upper: Ints) -> Bounds:
        gain = self.gain.at(lower, upper)
        loss = gain if self.step.loss is self.step.gain else self.loss.at(lower, upper)
        return fold_exact(lower, upper, *gain, *loss, self.step.parent, len(self.step.target), self.cap, *self.deduct)


@dataclass(frozen=True)
class ExactScan:
    """A scan in integers: its grid, what leaves after the first step, steps."""

    term: PlannedScan
    grid: Grid
    anchor: tuple[Grid, Ints, int] | None
    steps: tuple[_Step, ...]
    wide: Wide | None

    def charge(self, lots: Ints, _done: Mapping[str, Bounds], /) -> Bounds:
        """Bounds (N) of its charge, ticks, loss > 0."""
        lower, upper = self.path(lots)
        if self.wide is None:
            return self._measured(upper)[0], self._measured(lower)[1]
        # A measure moves no further than the scenario that moves most: ranking once is enough.
        high = self._measured(lower)[1]
        low = high - (upper - lower).max(axis=1) - 1
        return self._floored(low, floor=bool(getattr(self.term.measure, "floor", False))), high

    def path(self, lots: Ints) -> Bounds:
        """Bounds (N,S) of the P&L of the last rows."""
        t = self.term
        q = lots if t.at is None else lots[t.at]
        if self.wide is not None:
            return self._counted(lots, q, self._up(*self.wide.bounds(lots, q, t.instrument)))
        lower, upper = hold_fine(q, t.instrument, t.row, t.start, *self.grid)
        for number, step in enumerate(self.steps):
            lower, upper = step.up(lower, upper)
            if number == 0 and self.anchor is not None:
                grid, row, rows = self.anchor
                base_low, base_high = hold_fine(q, t.instrument, row, rows, *grid)
                lower, upper = lower - base_high, upper - base_low
        return self._counted(lots, q, (lower, upper))

    def _up(self, lower: Ints, upper: Ints) -> Bounds:
        """Rows after the steps that shared sums leave."""
        for step in self.steps[0 if self.wide is None else self.wide.merged :]:
            lower, upper = step.up(lower, upper)
        return lower, upper

    def _counted(self, lots: Ints, q: Ints, bounds: Bounds) -> Bounds:
        """The bounds, beyond all numbers where a scenario does not count."""
        t = self.term
        if t.applies is None and t.held is None:
            return bounds
        off = ~t.counts(lots, q)
        return np.where(off, NOT_COUNTED, bounds[0]), np.where(off, NOT_COUNTED, bounds[1])

    def _measured(self, x: Ints) -> Bounds:
        """The measure of one bound, rounded down and up."""
        measure = self.term.measure
        if isinstance(measure, LeastOf):
            if x.shape[1] == 1 and self.term.applies is None and self.term.held is None:
                charge = self._floored(-x[:, 0], floor=measure.floor)
                return charge, charge
            charge, _ = worst_exact(x, floor=measure.floor)
            return charge, charge
        if isinstance(measure, TailOf):
            up = self._tail(x, measure)
            # The mean is rounded up; what it was rounded from lies above one tick less.
            return self._floored(up - 1, floor=measure.floor), self._floored(up, floor=measure.floor)
        if isinstance(measure, RuinOf):
            low = np.asarray(lowest(x, measure.order, measure.starts), dtype=np.int64)  # type: ignore[arg-type]
            charge = self._floored(-quantile_exact(low, measure.beyond + 1), floor=measure.floor)
            return charge, charge
        if isinstance(measure, QuantileOf):
            charge = self._floored(-quantile_exact(x, measure.beyond + 1), floor=measure.floor)
            return charge, charge
        raise ModelError(f"a measure has no integers: {type(measure).__name__}")

    @staticmethod
    def _tail(x: Ints, measure: TailOf) -> Ints:
        whole = int(measure.mass)
        rest = measure.mass - whole
        return tail_exact(x, whole, rest.numerator, rest.denominator)

    @staticmethod
    def _floored(charge: Ints, *, floor: bool) -> Ints:
        return np.maximum(charge, 0) if floor else charge
