"""Which forecast was better? Scores that only the true tail makes least, and the test of their difference.

pnl, value_at_risk, expected_shortfall: (T,) or (T,A), gain > 0 and losses > 0. Scores: lower is better.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from seawall.errors import InputError, ShapeMismatch
from seawall.model.arrays import Floats


class Comparison(NamedTuple):
    """difference: mean score of the first less the second, negative where the first is better. p_value: two-sided.

    lags: of the long-run variance. statistic and p_value are NaN where the scores do not differ at all.
    """

    difference: float
    standard_error: float
    statistic: float
    p_value: float
    lags: int
    observations: int


def fz0(pnl: Floats, value_at_risk: Floats, expected_shortfall: Floats, confidence: float) -> Floats:
    """Joint score of value at risk and shortfall of each day, free of the unit of money in differences.

    With v = -VaR, e = -ES, a = 1 - confidence: -1{y <= v} (v - y) / (a e) + v / e + ln(-e) - 1.
    Raises InputError unless 0 < ES and VaR <= ES: a forecast gain has no logarithm.
    Source: Patton, Ziegel and Chen (2019), Dynamic semiparametric models for expected shortfall, equation 6.
    """
    _refuse(pnl, value_at_risk, confidence)
    if bad := int((~((expected_shortfall > 0) & (value_at_risk <= expected_shortfall))).sum()):
        raise InputError("forecasts that the joint score cannot rank", found=f"{bad} of {np.size(expected_shortfall)}",
                         wanted="shortfall above zero and no less than value at risk",
                         remedy="compare them by quantile_score")
    depth = np.maximum(-pnl - value_at_risk, 0.0)
    over = (depth / (1 - confidence) + value_at_risk) / expected_shortfall
    return np.asarray(over + np.log(expected_shortfall) - 1)


def _refuse(pnl: Floats, value_at_risk: Floats, confidence: float) -> None:
    if not 0 < confidence < 1:
        raise InputError("confidence", found=confidence, wanted="between 0 and 1, such as 0.99")
    if bad := int((~(np.isfinite(pnl) & np.isfinite(value_at_risk))).sum()):
        raise InputError("days to score", found=f"{bad} without a number", wanted="P&L and a forecast on each day",
                         remedy="leave out the days that have none, and say so")


def quantile_score(pnl: Floats, value_at_risk: Floats, confidence: float) -> Floats:
    """Check loss of each day, currency: (1{y <= v} - a)(v - y) with v = -VaR. Least on average at the true quantile.

    Source: Koenker and Bassett (1978), Regression quantiles.
    """
    _refuse(pnl, value_at_risk, confidence)
    gap = -value_at_risk - pnl
    return np.asarray(np.where(gap >= 0, gap, 0.0) - (1 - confidence) * gap)


def diebold_mariano(first: Floats, second: Floats, *, lags: int | None = None) -> Comparison:
    """Whether two models' mean scores differ, given that scores of neighbouring days depend on each other.

    first, second: (T,) or (T,A) scores; accounts of one day are averaged before anything else, so that shared days
    count once. Bartlett weights over ``lags`` days, if not given 4 (T / 100)^(2/9).
    Source: Diebold and Mariano (1995), Comparing predictive accuracy; Newey and West (1987, 1994).
    """
    if first.shape != second.shape or first.ndim not in (1, 2) or len(first) < 2:
        raise ShapeMismatch("scores of two models", found=(first.shape, second.shape),
                            wanted="one shape, 2 days or more")
    difference = (first - second).reshape(len(first), -1).mean(axis=1)
    days = len(difference)
    reach = int(4 * (days / 100) ** (2 / 9)) if lags is None else lags
    mean = float(difference.mean())
    error = float(np.sqrt(long_run_variance(difference, min(reach, days - 1)) / days))
    statistic = mean / error if error > 0 else np.nan
    return Comparison(mean, error, statistic, float(2 * ndtr(-abs(statistic))), reach, days)


def long_run_variance(series: Floats, lags: int) -> float:
    """Variance of a mean of (T,), times T: autocovariances with Bartlett weights, never negative."""
    centred = series - series.mean()
    total = float(centred @ centred)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag])
    return total / len(series)
