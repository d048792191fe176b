"""How does each expiry's volatility bend? Smiles of one underlying, free of butterflies and, together, of calendars.

Each expiry is fitted alone. Where total variance then falls from one expiry to the next, first the longer is refitted
above the shorter over the strikes that the shorter has quotes at, then, from the longest down, the shorter's wings are
refitted below the longer. What the quotes themselves force stays and is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seawall.kernels.implied import Reason
from seawall.kernels.smile import total_variance
from seawall.kernels.svi_fit import GRID, UNBOUNDED, Bounds, fit_svi, without_butterflies
from seawall.market.quotes import Volatilities
from seawall.model.arrays import Bools, Floats
from seawall.model.quotes import OptionQuotes

FEWEST_STRIKES = 5
WIDEST_BAND = 1.0  # a bid and ask a hundred volatility points apart say nothing
MARGIN = 1e-4
TOLERANCE = 1e-9
FINE = np.sinh(np.linspace(-5.5, 5.5, 801)) * 0.5


class Points(NamedTuple):
    """What one expiry's smile goes through: log-moneyness, bid and ask volatility (P,)."""

    k: Floats
    bid: Floats
    ask: Floats
    years: float


def points_of(quotes: OptionQuotes, vols: Volatilities, years: float) -> tuple[Points, Bools]:
    """One side a strike, the out-of-the-money one where it has a volatility on both sides, and which rows those are.

    The other side repeats the same volatility through parity, in a wider band: it serves where the first is missing.
    """
    clear = (vols.reason == Reason.OK) & (vols.bid > 0) & (vols.ask > 0) & (vols.ask - vols.bid < WIDEST_BAND)
    outer = np.where(quotes.is_call, vols.k >= 0, vols.k < 0)
    covered = np.isin(quotes.strike, quotes.strike[clear & outer])
    use = clear & (outer | ~covered)
    return Points(vols.k[use], vols.bid[use], vols.ask[use], years), use


def fit_smiles(points: Sequence[Points]) -> list[Floats]:
    """(5,) raw parameters of each expiry, ascending in time; each has FEWEST_STRIKES points or more."""
    fits = [_fit(p, UNBOUNDED) for p in points]
    for n in range(1, len(fits)):
        if calendar_gap(fits[n - 1], fits[n], _quoted(points[n - 1])) < 0:
            fits[n] = _fit(points[n], _above(fits[n - 1], _quoted(points[n - 1])))
    for n in range(len(fits) - 2, -1, -1):
        if calendar_gap(fits[n], fits[n + 1]) < -TOLERANCE:
            fits[n] = _below(points[n], fits[n], fits[n + 1])
    return fits


def calendar_gap(shorter: Floats, longer: Floats, k: Floats | None = None) -> float:
    """Least total variance of the longer over the shorter expiry at equal moneyness, over k or a wide grid."""
    at = _wide(shorter, longer) if k is None else k
    return float(np.min(total_variance(at, longer).w - total_variance(at, shorter).w))


def _wide(shorter: Floats, longer: Floats) -> Floats:
    spread = [float(np.sqrt(total_variance(0.0, raw).w)) for raw in (shorter, longer)]
    return np.concatenate([FINE * spread[0], FINE * spread[1]])


def _quoted(points: Points) -> Floats:
    return np.linspace(float(points.k.min()), float(points.k.max()), 41)


def _fit(points: Points, bounds: Bounds) -> Floats:
    return fit_svi(points.k, points.bid, points.ask, points.years, bounds=bounds)


def _above(shorter: Floats, k: Floats) -> Bounds:
    return Bounds(k, total_variance(k, shorter).w * (1 + MARGIN), np.full(len(k), np.inf))


def _below(points: Points, alone: Floats, longer: Floats) -> Floats:
    """The expiry refitted under the longer one; its bend lessened where that leaves a crossing in the wings."""
    scale = float(np.sqrt(total_variance(0.0, longer).w))
    own = float(np.sqrt(total_variance(0.0, alone).w))
    k = np.unique(np.concatenate([GRID * scale, GRID[::3] * own]))
    refit = _fit(points, Bounds(k, np.full(len(k), -np.inf), total_variance(k, longer).w * (1 - MARGIN)))
    return _tucked(refit, longer)


def _tucked(raw: Floats, longer: Floats) -> Floats:
    """The parameters with b lessened around the same level until no crossing is left; as they are if none frees it."""
    if calendar_gap(raw, longer) >= 0:
        return raw
    kept, free = 0.0, 0.25
    if calendar_gap(_lessened(raw, free), longer) < 0:
        return raw
    for _ in range(30):
        half = (kept + free) / 2
        kept, free = (kept, half) if calendar_gap(_lessened(raw, half), longer) >= 0 else (half, free)
    return without_butterflies(_lessened(raw, free))


def _lessened(raw: Floats, share: float) -> Floats:
    a, b, rho, m, s = raw
    less = b * (1 - share)
    return np.array([a + (b - less) * (np.sqrt(m * m + s * s) - rho * m), less, rho, m, s])
