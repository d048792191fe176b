"""What do spreads cost in integers? Deltas netted in 2^-30 of a unit, spreads formed within bounds, charges in ticks.

Which spread takes which delta hangs on the deltas themselves, so no single rounding would do: every amount is carried
as two floats that enclose the real one, rounded outward at each step, and to ticks once at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from seawall.errors import ModelError
from seawall.kernels.fold_exact import NOT_COUNTED
from seawall.kernels.hold_exact import hold_fine
from seawall.kernels.spreads_exact import charge_spreads_between, price_risk_between
from seawall.margin.exact_grids import Bounds, Grid, Grids
from seawall.margin.exact_scan import ExactScan
from seawall.margin.terms_scan import LeastOf
from seawall.margin.terms_spreads import PlannedSpreads
from seawall.model.arrays import Bools, Floats, Ints

DELTA = Fraction(1, 2**30)
FINEST = 2**53
NONE = np.zeros((2, 0))
FAULTS = ("", "charges of spreads could pass 2^61 ticks; use larger ticks",
          "a spread's credit has no bound: its row's net delta may be zero while its legs stand; net by the rows that "
          "are credited, or use the model in float64")


class _Rates(NamedTuple):
    """Currency: of each leg (L), of each delta a leg uses (L), of each that no spread takes (N)."""

    leg: Floats
    used: Floats
    left: Floats


@dataclass(frozen=True)
class ExactSpreads:
    """Spreads in integers. unit: of delta, per_unit: ticks of one currency. credit: the scan that credits are a share
    of. single: whether each row that is charged is one net row, and that one period."""

    term: PlannedSpreads
    delta: Grid
    unit: float
    per_unit: float
    rates: _Rates
    credit: ExactScan | None
    single: bool

    def charge(self, lots: Ints, _done: Mapping[str, Bounds], /) -> Bounds:
        """Bounds (N) in ticks, loss > 0. Raises ModelError past 2^61 ticks, or where a credit has no bound."""
        t, out = self.term, np.zeros((2, len(self.term.rows)), dtype=np.int64)
        low, high = hold_fine(lots, t.instrument, t.of_line, len(t.net_of_period), *self.delta)
        legs, rates = t.legs, self.rates
        fault = charge_spreads_between(
            low[:, 0].copy(), high[:, 0].copy(), t.net_of_period, t.up, self.unit, legs.row, legs.side, legs.ratio,
            legs.first, rates.leg, rates.used, rates.left, self._risk(lots), self.single, self.per_unit, out)
        if fault:
            raise ModelError(FAULTS[fault])
        return out[0], out[1]

    def _risk(self, lots: Ints) -> Floats:
        """(2,N) bounds in ticks of the price risk that credits are a share of; of no rows without credits."""
        if self.credit is None or self.term.credit is None:
            return NONE
        planned, scan = self.term.credit, self.credit
        out, measure = np.empty((2, len(self.term.rows))), scan.term.measure
        floor = isinstance(measure, LeastOf) and measure.floor
        price_risk_between(*scan.path(lots), planned.partner, planned.unmoved, floor, NOT_COUNTED, out)
        return out


def exact_spreads(term: PlannedSpreads, grids: Grids, scan: ExactScan | None) -> ExactSpreads:
    """Spreads over a book in integers."""
    unit = DELTA
    while (grids.lot / unit).numerator * 2**20 >= FINEST:
        unit *= 2
    single = len(term.up) == len(term.net_of_period) and len(np.unique(term.up)) == len(term.up)
    rates = _Rates(*(np.nan_to_num(r) for r in (term.legs.rate, term.used[term.legs.row], term.left)))
    return ExactSpreads(term, grids.cube(term.delta, term.instrument, tick=unit), float(unit), float(1 / grids.tick),
                        rates, scan, single)


def without_rate(term: PlannedSpreads) -> Bools:
    """(L) whether a line has a delta and stands in a net row that some rate is not told for."""
    missing = np.isnan(term.left) | np.isnan(term.used)
    missing[term.legs.row[np.isnan(term.legs.rate)]] = True
    return np.asarray(missing[term.net_of_period[term.of_line]] & (term.delta[term.instrument, 0] != 0.0))

