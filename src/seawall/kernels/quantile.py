"""What lies between order statistics? Quantiles as weighted means of all values.

values (..., S) in any order; probability of the quantile; weights (S,), alike if None. Ascending: 0.99 is near the top.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

Floats = NDArray[np.float64]


def harrell_davis(values: Floats, probability: float, weights: Floats | None = None) -> Floats:
    """(...) mean of order statistics by a beta law around the probability; with weights, by their effective number.

    Source: Harrell and Davis (1982), A new distribution-free quantile estimator.
    """
    order, reached = ascending(values, weights)
    return np.asarray((np.take_along_axis(values, order, -1) * beta_shares(reached, probability, weights)).sum(axis=-1))


def beta_shares(reached: Floats, probability: float, weights: Floats | None) -> Floats:
    """(..., S) what each order statistic counts, from the probabilities (..., S) reached with it."""
    size = effective_number(reached.shape[-1], weights) + 1
    mass = betainc(size * probability, size * (1 - probability), reached)
    return np.asarray(np.diff(mass, axis=-1, prepend=0.0))


def kernel_shares(reached: Floats, probability: float, bandwidth: float) -> Floats:
    """(..., S) what each order statistic counts under an Epanechnikov kernel around the probability.

    Source: Sheather and Marron (1990), Kernel quantile estimators.
    """
    x = np.clip((reached - probability) / bandwidth, -1.0, 1.0)
    mass = 0.5 + 0.75 * (x - x**3 / 3)
    return np.asarray(np.diff(mass, axis=-1, prepend=0.0))


def effective_number(count: int, weights: Floats | None) -> float:
    """How many equal weights are as good as these: Kish's number."""
    return float(count) if weights is None else float(weights.sum() ** 2 / (weights**2).sum())


def ascending(values: Floats, weights: Floats | None) -> tuple[NDArray[np.int64], Floats]:
    """Order of values (..., S), and the probability reached with each, ending in exactly 1."""
    order = np.argsort(values, axis=-1, kind="stable")
    chance = np.full(values.shape[-1], 1 / values.shape[-1]) if weights is None else weights / weights.sum()
    reached = np.minimum(np.cumsum(chance[order], axis=-1), 1.0)
    reached[..., -1] = 1.0
    return order, reached
