"""Which digits decide? A plan evaluated in integers: the same for any order of lines, any threads, any machine.

Grids are int64 parts of a tick of currency per lot of quantity, weights int64 billionths. Every number is carried as
two bounds, each step rounding outward, so that the requirement of the real-number model lies between them whatever the
signs of the weights. Decisions take requirements at their upper and equity at its lower bound: against the holder.

A weight that hangs on size is worked out by the exact kernels at both bounds of the size and taken at its extremes
there: between them, a few ticks apart, it is taken to be monotone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.kernels.fold_exact import (
    NO_CAP,
    NOT_COUNTED,
    billionths,
    billionths_between,
    fold_exact,
    quantile_exact,
    scale_outward,
    tail_exact,
    ticks,
    worst_exact,
)
from seawall.kernels.hold_exact import FINE, cell_sizes, hold_fine
from seawall.margin.plan import Plan
from seawall.margin.require import EQUITY, INITIAL, MAINTENANCE
from seawall.margin.scan import PlannedScan, PlannedSide, PlannedStep
from seawall.margin.terms_join import PlannedJoin
from seawall.margin.terms_scan import LeastOf, QuantileOf, TailOf
from seawall.model.arrays import Ints

Bools = NDArray[np.bool_]
Bounds = tuple[Ints, Ints]
Grid = tuple[Ints, Ints, Ints]
NO_DEDUCT = np.zeros((2, 0, 0), dtype=np.int64)
NO_ROWS = np.zeros(0, dtype=np.int64)


class ExactTerm(Protocol):
    """A term over a book's rows in integers."""

    def charge(self, lots: Ints, done: Mapping[str, Bounds], /) -> Bounds:
        """Bounds (N) of its charge, ticks, loss > 0."""


@dataclass(frozen=True)
class ExactPlan:
    """A plan in integers. tick: currency; lot: quantity. without (L): lines whose instrument has no value,
    or is not taken by the model."""

    plan: Plan
    tick: Fraction
    lot: Fraction
    terms: Mapping[str, ExactTerm]
    without: Bools


@dataclass(frozen=True)
class Decided:
    """Requirements that decide, ticks (A): equity at its lower bound, the others at their upper ones.

    unknown (A): accounts that hold what has no value; their digits mean nothing.
    """

    equity: Ints
    initial: Ints
    maintenance: Ints
    unknown: Bools


def exact_plan(plan: Plan, *, tick: Fraction | str = "1e-6", lot: Fraction | str = "1e-4") -> ExactPlan:
    """The plan in integers. Raises InputError for a tick or lot that is none, ModelError for a term without them."""
    money, size = Fraction(tick), Fraction(lot)
    if not (money > 0 and size > 0):
        raise InputError("exact plan", found=f"tick {tick}, lot {lot}", wanted="positive numbers")
    grids = _Grids(size / money * FINE, 1 / money)
    terms = {name: _exact(name, term, grids, money) for name, term in plan.terms.items()}
    nowhere = np.array(sorted(grids.without | set(plan.bound.refused)), dtype=np.int64)
    without = np.isin(plan.lines.instrument, nowhere)
    for term in plan.terms.values():
        if isinstance(term, PlannedScan):
            without |= _without_weight(term, len(plan.lines))
    return ExactPlan(plan, money, size, terms, without)


def in_lots(exact: ExactPlan, quantity: NDArray[np.float64]) -> Ints:
    """Quantities (L) in whole lots. Raises InputError for one that is none."""
    lots = quantity * float(1 / exact.lot)
    whole = np.rint(lots)
    odd = np.flatnonzero(~(np.abs(lots - whole) <= 1e-6 * np.maximum(1.0, np.abs(whole)) * 1e-3))
    if len(odd):
        raise InputError(f"line {int(odd[0])}: quantity", found=float(quantity[odd[0]]),
                         wanted=f"whole lots of {float(exact.lot):g}", remedy="give the exact plan a smaller lot")
    return np.asarray(whole.astype(np.int64))


def evaluate_exact(exact: ExactPlan, lots: Ints) -> dict[str, Bounds]:
    """Bounds (N) of every term's charge, ticks, loss > 0. lots (L): long > 0.

    Raises ModelError where a sum could pass 2^61 ticks.
    """
    if lots.shape != (len(exact.plan.lines),) or lots.dtype != np.int64:
        raise ShapeMismatch("lots", found=(lots.shape, lots.dtype), wanted=((len(exact.plan.lines),), "int64"))
    done: dict[str, Bounds] = {}
    for name, term in exact.terms.items():
        done[name] = term.charge(lots, done)
    return done


def decide(exact: ExactPlan, lots: Ints) -> Decided:
    """Every account's requirement, rounded against its holder."""
    done = evaluate_exact(exact, lots)
    accounts = exact.plan.lines.accounts
    unknown = np.zeros(accounts, dtype=bool)
    unknown[exact.plan.lines.account[exact.without & (lots != 0)]] = True
    equity = done[EQUITY][0] if EQUITY in exact.plan.results else np.zeros(accounts, dtype=np.int64)
    return Decided(equity, done[INITIAL][1], done[MAINTENANCE][1], unknown)


class _Grids:
    """Each cube in ticks once, however many terms scan it; rows that are not finite are zero, and remembered."""

    def __init__(self, per_lot: Fraction, per_unit: Fraction) -> None:
        self.per_lot, self.per_unit = per_lot, per_unit
        self.without: set[int] = set()
        self._done: dict[int, tuple[Any, Grid]] = {}

    def cube(self, values: NDArray[np.float64], used: Ints) -> Grid:
        """Bounds (I,S) and sizes (I) in FINE parts of ticks; used: instruments that the term counts."""
        if id(values) not in self._done:
            bad = np.asarray(~np.isfinite(values).all(axis=1))
            low, high = ticks(np.where(bad[:, None], 0.0, values), self.per_lot)
            self._done[id(values)] = values, (low, high, cell_sizes(low, high))
        bad_rows = np.flatnonzero(~np.isfinite(values).all(axis=1))
        self.without |= set(np.intersect1d(bad_rows, used).tolist())
        return self._done[id(values)][1]

    def money(self, values: NDArray[np.float64]) -> Ints:
        """(2,...) amounts of currency in ticks."""
        return np.stack(ticks(values, self.per_unit))


def _exact(name: str, term: Any, grids: _Grids, tick: Fraction) -> ExactTerm:
    if isinstance(term, PlannedScan):
        return _scan(name, term, grids, float(tick))
    if isinstance(term, PlannedJoin):
        parts = tuple((child, place, billionths(weight), same) for child, place, weight, same in term.parts)
        return _Join(term.operation, parts, len(term.rows))
    made = getattr(term, "exact", None)
    if made is None:
        raise ModelError(f"term {name} has no integers: its kind offers none; use the model in float64")
    found: ExactTerm = made(grids.per_lot, grids.per_unit)
    return found


def _scan(name: str, term: PlannedScan, grids: _Grids, tick: float) -> _Scan:
    anchor = None
    if term.anchor is not None:
        now, row, rows = term.anchor
        anchor = (grids.cube(now, term.instrument), row, rows)
    steps = tuple(_Step(step, _Side(step.gain, tick), _Side(step.loss, tick), _caps(step, grids),
                        _deduct(name, step, grids)) for step in term.steps)
    return _Scan(term, grids.cube(term.cube, term.instrument), anchor, steps)


def _without_weight(term: PlannedScan, lines: int) -> Bools:
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


def _caps(step: PlannedStep, grids: _Grids) -> Ints:
    finite = np.flatnonzero(np.isfinite(step.cap))
    out = np.full((2, len(step.cap)), NO_CAP, dtype=np.int64)
    out[:, finite] = grids.money(step.cap[finite])
    return out


def _deduct(name: str, step: PlannedStep, grids: _Grids) -> tuple[Ints, Ints]:
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
        size = np.empty((2, *lower.shape))
        np.abs(lower, out=size[0])
        np.abs(upper, out=size[1])
        size *= self._tick
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
class _Scan:
    """A scan in integers: its grid, what leaves after the first step, steps."""

    term: PlannedScan
    grid: Grid
    anchor: tuple[Grid, Ints, int] | None
    steps: tuple[_Step, ...]

    def charge(self, lots: Ints, _done: Mapping[str, Bounds], /) -> Bounds:
        lower, upper = self.path(lots)
        return self._measured(upper)[0], self._measured(lower)[1]

    def path(self, lots: Ints) -> Bounds:
        """Bounds (N,S) of the P&L of the last rows."""
        t = self.term
        q = lots if t.at is None else lots[t.at]
        lower, upper = hold_fine(q, t.instrument, t.row, t.start, *self.grid)
        for number, step in enumerate(self.steps):
            lower, upper = step.up(lower, upper)
            if number == 0 and self.anchor is not None:
                grid, row, rows = self.anchor
                base_low, base_high = hold_fine(q, t.instrument, row, rows, *grid)
                lower, upper = lower - base_high, upper - base_low
        if t.applies is not None or t.held is not None:
            off = ~t.counts(lots, q)
            lower, upper = lower.copy(), upper.copy()
            lower[off], upper[off] = NOT_COUNTED, NOT_COUNTED
        return lower, upper

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


@dataclass(frozen=True)
class _Join:
    """A join in integers: child, place (N), weight (2,N), whether rows are the same."""

    operation: str
    parts: tuple[tuple[str, Ints, Ints, bool], ...]
    rows: int

    def charge(self, _lots: Ints, done: Mapping[str, Bounds], /) -> Bounds:
        parts = [self._part(done[child], place, weight, same=same) for child, place, weight, same in self.parts]
        low, high = parts[0]
        for more_low, more_high in parts[1:]:
            if self.operation == "sum":
                low, high = low + more_low, high + more_high
            elif self.operation == "max":
                low, high = np.maximum(low, more_low), np.maximum(high, more_high)
            else:
                low, high = np.minimum(low, more_low), np.minimum(high, more_high)
        return low, high

    def _part(self, bounds: Bounds, place: Ints, weight: Ints, *, same: bool) -> Bounds:
        low, high = scale_outward(*bounds, weight)
        if same:
            return low, high
        out = np.zeros((2, self.rows), dtype=np.int64)
        np.add.at(out[0], place, low)
        np.add.at(out[1], place, high)
        return out[0], out[1]
