"""How much if it takes longer to get out? Shortfall over liquidity horizons, and time's square root where asked for."""

from __future__ import annotations

import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.measures.sampling import Sampling, independent
from seawall.measures.tail import DEVIATIONS, Estimate, expected_shortfall, value_at_risk
from seawall.model.arrays import Floats

BASE_DAYS = 10.0


def liquidity_shortfall(
    pnl: Floats, horizons: Floats, confidence: float, *, base_days: float = BASE_DAYS, weights: Floats | None = None
) -> float:
    """sqrt(sum over j of ES_j^2 (LH_j - LH_(j-1)) / T), LH_0 = 0: shortfall as if each factor were held its horizon.

    pnl (J,S): row j is P&L over ``base_days`` T with only those factors moved whose horizon is LH_j or longer, so that
    row 0 moves all. horizons (J,): days, rising, the first the base. Loss > 0.
    Source: Basel Committee (2019), Minimum capital requirements for market risk, MAR33.4-5.
    """
    steps = _steps(pnl, horizons, base_days)
    shortfall = expected_shortfall(pnl, confidence, weights=weights)
    return float(np.sqrt((shortfall**2 * steps).sum()))


def estimate_liquidity_shortfall(
    pnl: Floats, horizons: Floats, confidence: float, *, base_days: float = BASE_DAYS, sampling: Sampling | None = None
) -> Estimate:
    """The cascade with its standard error, all its rows judged on the same draws, and a 95 % interval."""
    drawn = independent(pnl.shape[1]) if sampling is None else sampling
    value = liquidity_shortfall(pnl, horizons, confidence, base_days=base_days, weights=drawn.weights)
    shortfall = expected_shortfall(pnl, confidence, weights=drawn.weights)
    influence = shortfall_influence(pnl, confidence, shortfall, drawn)
    slope = _steps(pnl, horizons, base_days) * shortfall / value if value > 0 else np.zeros(len(shortfall))
    error = float(drawn.error_of(slope @ influence))
    return Estimate(value, error, (value - DEVIATIONS * error, value + DEVIATIONS * error))


def stressed_shortfall(reduced_stressed: float, full_current: float, reduced_current: float) -> float:
    """Shortfall of a reduced set of factors in the stressed period, scaled up by what the full set adds today.

    The scale is never below one. Source: MAR33.6.
    """
    if not reduced_current > 0:
        raise InputError("shortfall of the reduced factors today", found=reduced_current, wanted="above 0")
    return reduced_stressed * max(full_current / reduced_current, 1.0)


def square_root_of_time(loss: float, days: float, to_days: float) -> float:
    """A loss over ``days`` times sqrt(to_days / days): right only for moves that are independent, alike and linear.

    Never applied unasked: short options lose far more than this, mean reversion less.
    """
    if not (days > 0 and to_days > 0):
        raise InputError("days", found=(days, to_days), wanted="above 0")
    return loss * float(np.sqrt(to_days / days))


def shortfall_influence(pnl: Floats, confidence: float, shortfall: Floats, sampling: Sampling) -> Floats:
    """(..., S) influence of each scenario on expected shortfall: (loss - VaR)+ / (1 - c) + VaR - ES."""
    edge = value_at_risk(pnl, confidence, weights=sampling.weights)
    beyond = np.maximum(-pnl - edge[..., None], 0.0) / (1 - confidence)
    return np.asarray(beyond + (edge - shortfall)[..., None])


def _steps(pnl: Floats, horizons: Floats, base_days: float) -> Floats:
    """(J,) days that each row adds, in bases."""
    if pnl.ndim != 2 or horizons.shape != (len(pnl),):
        raise ShapeMismatch("P&L by horizon", found=(pnl.shape, horizons.shape), wanted="(J, S) and (J,)")
    steps = np.diff(horizons, prepend=0.0)
    if not (steps > 0).all() or horizons[0] != base_days:
        raise InputError("liquidity horizons", found=horizons.tolist(), wanted=f"rising, the first {base_days:g} days")
    return np.asarray(steps / base_days)
