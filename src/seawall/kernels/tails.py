"""Which generalised Pareto law do excesses follow? Its likelihood, fit and quantiles.

excess (n,) > 0 over a threshold. shape xi: above 0 a power tail of index 1 / xi. scale beta > 0, unit of the excess.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from seawall.errors import ModelError

Floats = NDArray[np.float64]

# Below a half the likelihood has no regular maximum, and is not searched.
LEAST_SHAPE = -0.5
FLAT = 1e-9  # shapes nearer to zero than this are exponential


class ParetoFit(NamedTuple):
    """Shape, scale and log-likelihood at its maximum."""

    shape: float
    scale: float
    log_likelihood: float


def fit_pareto(excess: Floats) -> ParetoFit:
    """Maximum likelihood with shape above -0.5, found along one line: given shape / scale, the best shape is known.

    Raises ModelError where the mean is more than 1e40 scales: one excess is then all there is.
    Source: Grimshaw (1993), Computing maximum likelihood estimates for the generalized Pareto distribution.
    """
    mean = float(excess.mean())
    unit = excess / mean
    grid = _ratios(unit)
    heights = np.array([_profile(ratio, unit) for ratio in grid])
    best = int(np.argmax(heights))
    if best == len(grid) - 1:
        raise ModelError(f"excesses from {excess.min():.3g} to {excess.max():.3g}: too far apart for any law; "
                         "check the largest losses, or raise the threshold")
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(lambda r: -_profile(r, unit), bounds=(low, high), method="bounded",
                            options={"xatol": 1e-12 * max(abs(low), abs(high), 1e-3)})
    ratio = float(found.x) if -found.fun >= heights[best] else float(grid[best])
    shape, scale = _from_ratio(ratio, unit)
    return ParetoFit(shape, scale * mean, pareto_log_likelihood(excess, shape, scale * mean))


def pareto_log_likelihood(excess: Floats, shape: float, scale: float) -> float:
    """Log-likelihood of excesses; minus infinity where the law cannot reach the greatest."""
    if scale <= 0:
        return -np.inf
    x = excess / scale
    if abs(shape) < FLAT:
        return float(-len(x) * np.log(scale) - x.sum())
    inside = 1 + shape * x
    if not (inside > 0).all():
        return -np.inf
    return float(-len(x) * np.log(scale) - (1 + 1 / shape) * np.log(inside).sum())


def pareto_cdf(excess: Floats, shape: float, scale: float) -> Floats:
    """P(excess <= x)."""
    x = excess / scale
    if abs(shape) < FLAT:
        return np.asarray(-np.expm1(-x))
    return np.asarray(-np.expm1(-np.log(np.maximum(1 + shape * x, 0.0)) / shape))


def pareto_quantile(probability: Floats, shape: float, scale: float) -> Floats:
    """Excess that is not exceeded with this probability."""
    return np.asarray(scale * reach(-np.log1p(-probability), shape))


def reach(log_rarity: Floats, shape: float) -> Floats:
    """(exp(shape y) - 1) / shape: how many scales beyond the threshold a tail exp(y) times rarer lies."""
    return np.asarray(log_rarity if abs(shape) < FLAT else np.expm1(shape * log_rarity) / shape)


def pareto_draws(count: int, shape: float, scale: float, generator: np.random.Generator) -> Floats:
    """(count,) excesses."""
    return pareto_quantile(generator.random(count), shape, scale)


def anderson_darling(ascending: Floats) -> float:
    """Distance of sorted probabilities (n,), which a right law makes uniform, from uniform, tails weighing most.

    Source: Anderson and Darling (1954), A test of goodness of fit.
    """
    count = len(ascending)
    safe = np.clip(ascending, 1e-300, 1 - 1e-16)
    odd = 2 * np.arange(1, count + 1) - 1
    return float(-count - (odd * (np.log(safe) + np.log1p(-safe[::-1]))).sum() / count)


def _ratios(unit: Floats) -> Floats:
    """Ratios of shape to scale worth looking at, for excesses of mean one: from the least shape to a heavy tail."""
    lowest = -(1 - 1e-9) / float(unit.max())
    low, high = lowest, 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if float(np.log1p(middle * unit).mean()) > LEAST_SHAPE else (middle, high)
    return np.concatenate([np.linspace(high, 0.0, 25)[:-1], [0.0], np.geomspace(1e-4, 1e4, 49),
                           np.geomspace(1e4, 1e40, 73)[1:]])


def _profile(ratio: float, unit: Floats) -> float:
    """Log-likelihood per excess at the best shape for this ratio."""
    shape, scale = _from_ratio(ratio, unit)
    return -float(np.log(scale) + shape + 1)


def _from_ratio(ratio: float, unit: Floats) -> tuple[float, float]:
    if abs(ratio) < FLAT:
        return 0.0, 1.0
    shape = float(np.log1p(ratio * unit).mean())
    return shape, shape / ratio
