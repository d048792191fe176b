"""What do spreads cost in integers? Deltas netted in 2^-30 of a unit, spreads formed within bounds, charges in ticks.

Which spread takes which delta hangs on the deltas themselves, so no single rounding would do: every amount is carried
as two floats that enclose the real one, rounded outward at each step, and rounded outward to ticks once at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from seawall.errors import ModelError
from seawall.kernels.fold_exact import NOT_COUNTED
from seawall.kernels.hold_exact import hold_fine
from seawall.kernels.spreads_exact import STEP, form_spreads_between, price_risk_between
from seawall.margin.exact_grids import Bounds, Grid, Grids, Rounded, added
from seawall.margin.exact_scan import ExactScan
from seawall.margin.terms_scan import LeastOf
from seawall.margin.terms_spreads import PlannedSpreads
from seawall.model.arrays import Bools, Floats, Ints

DELTA = Fraction(1, 2**30)
FINEST = 2**53


@dataclass(frozen=True)
class ExactSpreads:
    """Spreads in integers. unit: of delta. credit: the scan that credits are a share of. single: whether each row that
    is charged is one net row, and that one period."""

    term: PlannedSpreads
    delta: Grid
    unit: Fraction
    tick: Fraction
    credit: ExactScan | None
    single: bool

    def charge(self, lots: Ints, _done: Mapping[str, Bounds], /) -> Bounds:
        """Bounds (N) in ticks, loss > 0."""
        t, count = self.term, len(self.term.up)
        period = hold_fine(lots, t.instrument, t.of_line, len(t.net_of_period), *self.delta)
        low, high = period[0][:, 0], period[1][:, 0]
        standing = added((np.maximum(low, 0), np.maximum(high, 0)), t.net_of_period, count)
        owed = added((np.maximum(-high, 0), np.maximum(-low, 0)), t.net_of_period, count)
        net = added(added((low, high), t.net_of_period, count), t.up, len(t.rows))
        long, short = self._units(standing), self._units(owed)
        formed, used = np.zeros((2, len(t.legs.first) - 1)), np.zeros((2, len(t.legs.row)))
        form_spreads_between(long, short, t.legs.row, t.legs.side, t.legs.ratio, t.legs.first, formed, used)
        legs = self._legs(lots, formed, used, self._units(net))
        left = long + short
        rows = _times(_outward(left[0], left[1]), _known(t.left)).ticks(self.tick)
        by_leg, by_row = added(legs, t.leg_up, len(t.rows)), added(rows, t.up, len(t.rows))
        return by_leg[0] + by_row[0], by_leg[1] + by_row[1]

    def _units(self, bounds: Bounds) -> Floats:
        """(2,N) deltas as floats, rounded outward where they have more than 53 bits."""
        scaled = _outward(*(bound.astype(np.float64) * float(self.unit) for bound in bounds))
        return np.stack([scaled.low, scaled.high])

    def _legs(self, lots: Ints, formed: Floats, used: Floats, net: Floats) -> Bounds:
        t, legs = self.term, self.term.legs
        low, high = _times(Rounded(*used), _known(t.used)[legs.row]).ticks(self.tick)
        if self.credit is None:
            rate = _known(legs.rate)[legs.first[:-1]]
            # The quotient of rate and number of legs is rounded too.
            share = _times(Rounded(*formed), rate / np.diff(legs.first))
            more_low, more_high = _outward(share.low, share.high).ticks(self.tick)
            return low + more_low[legs.spread], high + more_high[legs.spread]
        credit = self._credit(self.credit, lots, used, net).ticks(self.tick)
        return low - credit[1], high - credit[0]

    def _credit(self, scan: ExactScan, lots: Ints, used: Floats, net: Floats) -> Rounded:
        """(L) currency that each leg is credited: its share of the row's net delta, times rate and price risk."""
        t, planned = self.term, self.term.credit
        if planned is None:
            raise ModelError("a credit without a scan")
        bounds, risk = scan.path(lots), np.empty((2, len(t.rows)))
        measure = scan.term.measure
        floor = isinstance(measure, LeastOf) and measure.floor
        price_risk_between(*bounds, planned.partner, planned.unmoved, floor, NOT_COUNTED, risk)
        share = self._shares(used, net)
        part = _outward(share.low * risk[0, t.leg_up], share.high * risk[1, t.leg_up])
        money = _outward(part.low * float(self.tick), part.high * float(self.tick))
        return _times(_outward(money.low, money.high), _known(t.legs.rate))

    def _shares(self, used: Floats, net: Floats) -> Rounded:
        """(L) deltas used as a share of the row's net delta; at most all of it where it is one net row's own."""
        least = np.maximum(np.maximum(net[0], -net[1]), 0.0)[self.term.leg_up]
        most = np.maximum(np.abs(net[0]), np.abs(net[1]))[self.term.leg_up]
        with np.errstate(divide="ignore", invalid="ignore"):
            found = _outward(np.where(most > 0, used[0] / most, 0.0), np.where(used[1] > 0, used[1] / least, 0.0))
        if self.single:
            return Rounded(np.minimum(found.low, 1.0), np.minimum(found.high, 1.0))
        if not np.isfinite(found.high).all():
            raise ModelError("a spread's credit has no bound: its row's net delta may be zero while its legs stand; "
                             "net by the rows that are credited, or use the model in float64")
        return found


def exact_spreads(term: PlannedSpreads, grids: Grids, scan: ExactScan | None) -> ExactSpreads:
    """Spreads over a book in integers."""
    unit = DELTA
    while (grids.lot / unit).numerator * 2**20 >= FINEST:
        unit *= 2
    single = len(term.up) == len(term.net_of_period) and len(np.unique(term.up)) == len(term.up)
    return ExactSpreads(term, grids.cube(term.delta, term.instrument, tick=unit), unit, grids.tick, scan, single)


def without_rate(term: PlannedSpreads) -> Bools:
    """(L) whether a line has a delta and stands in a net row that some rate is not told for."""
    missing = np.isnan(term.left) | np.isnan(term.used)
    missing[term.legs.row[np.isnan(term.legs.rate)]] = True
    return np.asarray(missing[term.net_of_period[term.of_line]] & (term.delta[term.instrument, 0] != 0.0))


def _known(rate: Floats) -> Floats:
    return np.where(np.isnan(rate), 0.0, rate)


def _outward(low: Floats, high: Floats) -> Rounded:
    return Rounded(low - np.abs(low) * STEP, high + np.abs(high) * STEP)


def _times(amount: Rounded, rate: Floats) -> Rounded:
    one, other = amount.low * rate, amount.high * rate
    return _outward(np.minimum(one, other), np.maximum(one, other))
