"""At what rate does a chain discount? From the slope of call less put over strikes, lent by neighbours where weak.

C - P = D (F - K): the slope gives D, the sharper the longer the expiry. The zero rate of an expiry is the average of
its own and its neighbours' in ln(time), each weighted by how well its quotes determine it, and kept within bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from seawall.market.forwards import pairs_of
from seawall.market.quotes import bid_and_ask
from seawall.model.arrays import Floats
from seawall.model.quotes import OptionQuotes

LOWEST, HIGHEST = -0.05, 0.25
REACH = 0.6  # neighbours within a factor of about two in time count
RATE_NOISE = 0.002
OWN = 0.005  # an expiry whose own error is above half a percent borrows
FEWEST_PAIRS = 4


class Rate(NamedTuple):
    """Zero rate, continuously compounded; own: whether this expiry's quotes alone determine it."""

    rate: float
    own: bool


class _Slope(NamedTuple):
    years: float
    rate: float
    error: float


def implied_rates(expiries: Mapping[np.datetime64, tuple[OptionQuotes, float]]) -> dict[np.datetime64, Rate]:
    """The zero rate of each expiry (quotes, years); empty if no expiry has pairs enough."""
    own = {date: _slope(quotes, years) for date, (quotes, years) in expiries.items() if years > 0}
    known = [slope for slope in own.values() if slope is not None]
    if not known:
        return {}
    years = np.array([s.years for s in known])
    rates, errors = np.array([s.rate for s in known]), np.array([s.error for s in known])
    found = {}
    for date, slope in own.items():
        distance = np.log(years / expiries[date][1])
        weight = np.exp(-0.5 * (distance / REACH) ** 2) / (errors**2 + RATE_NOISE**2) + 1e-9 / (errors**2 + 1e-6)
        smooth = float(np.sum(weight * rates) / np.sum(weight))
        found[date] = Rate(min(max(smooth, LOWEST), HIGHEST), slope is not None and slope.error <= OWN)
    return found


def _slope(quotes: OptionQuotes, years: float) -> _Slope | None:
    calls, puts = pairs_of(quotes)
    if len(calls) < FEWEST_PAIRS:
        return None
    bid, ask = bid_and_ask(quotes)
    middle, spread = (bid + ask) / 2, ask - bid
    strike, gap = quotes.strike[calls], middle[calls] - middle[puts]
    width = spread[calls] + spread[puts]
    width = np.maximum(width, 0.2 * float(np.median(width)) + 1e-6 * float(np.median(strike)))
    slope, error = _robust_slope(strike, gap, width)
    if not 0.3 < -slope < 1.5:
        return None
    rate, rate_error = -np.log(-slope) / years, error / -slope / years
    return _Slope(years, float(rate), float(rate_error)) if LOWEST <= rate <= HIGHEST else None


def _robust_slope(strike: Floats, gap: Floats, width: Floats) -> tuple[float, float]:
    """Slope and its error by least squares on the tight, three times, each without the widest misses."""
    keep = np.ones(len(strike), dtype=bool)
    slope, error = float("nan"), float("inf")
    for _ in range(3):
        weight = np.where(keep, 1 / width**2, 0.0)
        centre, level = float(np.average(strike, weights=weight)), float(np.average(gap, weights=weight))
        moment = float(np.sum(weight * (strike - centre) ** 2))
        slope = float(np.sum(weight * (strike - centre) * (gap - level))) / moment
        miss = np.abs(gap - level - slope * (strike - centre)) / width
        error = max(float(np.sqrt(np.average(miss**2, weights=weight))), 0.1) / np.sqrt(moment)
        keep = miss <= max(3 * float(np.median(miss)), 0.25)
        if keep.sum() < FEWEST_PAIRS:
            break
    return slope, error
