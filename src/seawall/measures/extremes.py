"""How bad beyond what has been seen? Peaks over a threshold, and value at risk and shortfall read off their law.

Losses above a high threshold u nearly follow a generalised Pareto law of shape xi and scale beta (Pickands, Balkema, de
Haan). pnl: (S,), gain > 0, equally likely. Results are losses > 0, currency. Shortfall has no value for xi >= 1.
Source: McNeil, Frey and Embrechts (2015), Quantitative Risk Management, 5.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

from seawall.errors import InputError, ModelError
from seawall.kernels.tails import (
    LEAST_SHAPE,
    anderson_darling,
    fit_pareto,
    pareto_cdf,
    pareto_draws,
    pareto_log_likelihood,
    reach,
)
from seawall.measures.tail import DEVIATIONS, Estimate
from seawall.model.arrays import Bools, Floats

LEAST_EXCEEDANCES = 50
COVERAGE = 0.95
HEAVIEST = 3.0  # shapes that a profile looks through
PROFILES = ("profile", "delta")


REGULAR, AT_BOUND = "regular", "at the bound"  # what can be said of a fit's errors


class TailFit(NamedTuple):
    """Law of losses beyond a threshold. covariance (2,2): of shape and scale, NaN where ``status`` is AT_BOUND.

    excess (n,): losses above the threshold, less it, ascending. observations: of the whole sample. overlap: how many
    rows of a history each window shares; errors are widened by its root.
    """

    threshold: float
    shape: float
    scale: float
    covariance: Floats
    log_likelihood: float
    excess: Floats
    observations: int
    overlap: float = 1.0

    @property
    def exceedances(self) -> int:
        """How many losses lie above the threshold."""
        return len(self.excess)

    @property
    def status(self) -> str:
        """REGULAR; or AT_BOUND: the best shape is -0.5, where the search ends, and no standard error exists."""
        return REGULAR if np.isfinite(self.covariance).all() else AT_BOUND


class Fitness(NamedTuple):
    """Distance of the excesses from the fitted law, and the chance of one as great if the law were right."""

    statistic: float
    p_value: float
    draws: int


class Stability(NamedTuple):
    """(M,) each: fits at rising thresholds. modified_scale: scale - shape x threshold, which is constant, as shape is,
    above any threshold that is high enough. mean_excess: then linear in the threshold. Errors are standard errors, NaN
    where a fit is at_bound."""

    threshold: Floats
    exceedances: Floats
    shape: Floats
    shape_error: Floats
    modified_scale: Floats
    modified_scale_error: Floats
    mean_excess: Floats
    mean_excess_error: Floats
    at_bound: Bools


def threshold_with(pnl: Floats, exceedances: int) -> float:
    """Loss that exactly so many are greater than: the next one in order. Ties leave fewer above it."""
    if not 0 < exceedances < len(pnl):
        raise InputError("exceedances", found=exceedances, wanted=f"1 to {len(pnl) - 1}")
    return -float(np.partition(pnl, exceedances)[exceedances])


def fit_tail(pnl: Floats, threshold: float, *, overlap: float = 1.0) -> TailFit:
    """Generalised Pareto law of losses above the threshold, by maximum likelihood.

    Raises InputError with fewer than 50 of them. A tail lighter than the search goes gets its lightest, and says so in
    ``status``. Source: Smith (1987), Estimating tails of probability distributions.
    """
    if not np.isfinite(pnl).all():
        raise InputError("P&L is not a number", found=f"{int((~np.isfinite(pnl)).sum())} of {pnl.size} values",
                         wanted="finite numbers", remedy="leave out what could not be valued, and say so")
    excess = np.sort(-pnl[-pnl > threshold] - threshold)
    if len(excess) < LEAST_EXCEEDANCES:
        raise InputError("losses above the threshold", found=len(excess), wanted=f"at least {LEAST_EXCEEDANCES}",
                         remedy="lower the threshold, or take more scenarios")
    fit = fit_pareto(excess)
    return TailFit(threshold, fit.shape, fit.scale, _covariance(fit.shape, fit.scale, len(excess)) * overlap,
                   fit.log_likelihood, excess, len(pnl), overlap)


def tail_from(threshold: float, shape: float, scale: float, exceedances: int, observations: int) -> TailFit:
    """A law whose parameters others published; of it only values and delta intervals can be had."""
    return TailFit(threshold, shape, scale, _covariance(shape, scale, exceedances), np.nan,
                   np.full(exceedances, np.nan), observations)


def extreme_value_at_risk(fit: TailFit, confidence: float, *, interval: str = "profile") -> Estimate:
    """u + beta / xi ((share above u / (1 - c))^xi - 1), with a standard error by the delta method.

    interval: profile (of the likelihood, uneven as it should be) or delta. Raises InputError for a confidence at which
    the threshold already lies beyond: there the data themselves speak. Of a fit at its bound the error is None, there
    is no delta interval, and the profile's covers only shapes above the bound.
    """
    return _estimate(fit, confidence, interval, _quantile_reach)


def extreme_expected_shortfall(fit: TailFit, confidence: float, *, interval: str = "profile") -> Estimate:
    """(VaR + beta - xi u) / (1 - xi). Raises ModelError for xi >= 1: the mean beyond is infinite."""
    if fit.shape >= 1:
        raise ModelError(f"shape {fit.shape:.3g} of the tail is 1 or more: expected shortfall is infinite; "
                         "report value at risk, and the tail's index")
    return _estimate(fit, confidence, interval, _shortfall_reach)


def fitness(fit: TailFit, *, seed: int, draws: int = 200) -> Fitness:
    """Anderson and Darling's distance, judged by samples of the fitted law that are fitted again.

    Source: Choulakian and Stephens (2001), Goodness-of-fit tests for the generalized Pareto distribution.
    """
    found = anderson_darling(pareto_cdf(fit.excess, fit.shape, fit.scale))
    generator = np.random.default_rng(seed)
    beyond = 0
    for _ in range(draws):
        again = np.sort(pareto_draws(fit.exceedances, fit.shape, fit.scale, generator))
        other = fit_pareto(again)
        beyond += anderson_darling(pareto_cdf(again, other.shape, other.scale)) >= found
    return Fitness(found, (1 + beyond) / (1 + draws), draws)


def stability(pnl: Floats, thresholds: Floats) -> Stability:
    """Shape, modified scale and mean excess at each threshold; all must leave 50 losses above them.

    Source: Davison and Smith (1990), Models for exceedances over high thresholds.
    """
    fits = [fit_tail(pnl, float(u)) for u in thresholds]
    return Stability(
        np.asarray(thresholds, dtype=np.float64),
        np.array([float(f.exceedances) for f in fits]),
        np.array([f.shape for f in fits]),
        np.array([np.sqrt(f.covariance[0, 0]) for f in fits]),
        np.array([f.scale - f.shape * f.threshold for f in fits]),
        np.array([np.sqrt(_variance(f.covariance, np.array([-f.threshold, 1.0]))) for f in fits]),
        np.array([f.excess.mean() for f in fits]),
        np.array([f.excess.std(ddof=1) / np.sqrt(f.exceedances) for f in fits]),
        np.array([f.status == AT_BOUND for f in fits]),
    )


def _quantile_reach(shape: float, log_rarity: float) -> float:
    """Scales from the threshold to the value at risk."""
    return float(reach(np.asarray(log_rarity), shape))


def _shortfall_reach(shape: float, log_rarity: float) -> float:
    """Scales from the threshold to the shortfall."""
    return (_quantile_reach(shape, log_rarity) + 1) / (1 - shape) if shape < 1 else np.inf


def _estimate(fit: TailFit, confidence: float, interval: str, scales: Callable[[float, float], float]) -> Estimate:
    share = fit.exceedances / fit.observations
    if interval not in PROFILES:
        raise InputError("kind of interval", found=interval, wanted=" or ".join(PROFILES))
    if not 1 - share < confidence < 1:
        raise InputError("confidence beyond the threshold", found=confidence, wanted=f"above {1 - share:.4g}, below 1",
                         remedy="raise the confidence, or read it off the scenarios")
    rarity = float(np.log(share / (1 - confidence)))
    value = fit.threshold + fit.scale * scales(fit.shape, rarity)
    error = _delta_error(fit, rarity, share, scales) if fit.status == REGULAR else None
    if interval == "delta":
        if error is None:
            raise ModelError(f"shape {fit.shape:.3g} of the tail is at the bound of the search: it has no standard "
                             "error and no delta interval; take interval='profile', or another threshold")
        return Estimate(value, error, (value - DEVIATIONS * error, value + DEVIATIONS * error))
    if not np.isfinite(fit.log_likelihood):
        raise InputError("profile interval of a law without its data", found="parameters only",
                         wanted="interval='delta'")
    return Estimate(value, error, _profile_interval(fit, value, rarity, scales))


def _delta_error(fit: TailFit, rarity: float, share: float, scales: Callable[[float, float], float]) -> float:
    """By the gradient in shape, scale and share above the threshold."""
    step = 1e-5
    by_shape = fit.scale * (scales(fit.shape + step, rarity) - scales(fit.shape - step, rarity)) / (2 * step)
    by_share = fit.scale * (scales(fit.shape, rarity + step) - scales(fit.shape, rarity - step)) / (2 * step) / share
    variance = _variance(fit.covariance, np.array([by_shape, scales(fit.shape, rarity)]))
    return float(np.sqrt(variance + by_share**2 * share * (1 - share) / fit.observations * fit.overlap))


def _profile_interval(
    fit: TailFit, value: float, rarity: float, scales: Callable[[float, float], float]
) -> tuple[float, float]:
    """Losses whose best likelihood over all shapes lies within the chi-squared bound of the greatest; the share above
    the threshold is taken as known."""
    most = fit.log_likelihood - 0.5 * float(chi2.ppf(COVERAGE, 1)) * fit.overlap

    def height(loss: float) -> float:
        return _profile(fit, loss - fit.threshold, rarity, scales) - most

    low, high = fit.threshold + 1e-6 * (value - fit.threshold), value
    lower = float(brentq(height, low, value)) if height(low) < 0 else low
    while height(high) > 0:
        high = fit.threshold + 2 * (high - fit.threshold)
        if high > fit.threshold + 1e6 * (value - fit.threshold):
            return lower, np.inf
    return lower, float(brentq(height, value, high))


def _profile(fit: TailFit, distance: float, rarity: float, scales: Callable[[float, float], float]) -> float:
    """Greatest log-likelihood with the measure this far beyond the threshold."""

    def loss(shape: float) -> float:
        return -pareto_log_likelihood(fit.excess, shape, distance / scales(shape, rarity))

    end = HEAVIEST if scales is _quantile_reach else 1 - 1e-9
    grid = np.linspace(LEAST_SHAPE, end, 60)
    heights = [loss(float(shape)) for shape in grid]
    best = int(np.argmin(heights))
    bounds = (grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    return -min(float(found.fun), heights[best])


def _covariance(shape: float, scale: float, exceedances: int) -> Floats:
    """(2,2) inverse of the expected information of shape and scale."""
    if shape <= LEAST_SHAPE + 1e-6:
        return np.full((2, 2), np.nan)
    return (1 + shape) / exceedances * np.array([[1 + shape, -scale], [-scale, 2 * scale**2]])


def _variance(covariance: Floats, gradient: Floats) -> float:
    return float(gradient @ covariance @ gradient)
