"""What would value at risk be if it did not hang on one scenario? Quantiles smoothed over their neighbours.

pnl: (..., S), gain > 0; weights (S,), probabilities up to a factor. Results are losses > 0. Smoother, and biased upward
in a fat tail, for the neighbours beyond lie farther than those within: for display and components, not for limits.
"""

from __future__ import annotations

import numpy as np

from seawall.errors import InputError
from seawall.kernels.quantile import ascending, beta_shares, effective_number, harrell_davis, kernel_shares
from seawall.measures.sampling import Sampling, independent
from seawall.measures.tail import DEVIATIONS, Estimate
from seawall.model.arrays import Floats

# With fewer scenarios beyond it, the smoothing leans on the one worst loss and hides that.
LEAST_BEYOND = 5


def harrell_davis_value_at_risk(pnl: Floats, confidence: float, *, weights: Floats | None = None) -> Floats:
    """Value at risk (...,) as a mean of all losses by a beta law around the confidence; needs no bandwidth.

    Weights count by their effective number. Raises InputError where fewer than five scenarios lie beyond.
    Source: Harrell and Davis (1982); Akinshin (2023), Weighted quantile estimators.
    """
    _refuse(pnl, confidence, weights)
    return harrell_davis(-pnl, confidence, weights)


def kernel_value_at_risk(
    pnl: Floats, confidence: float, *, weights: Floats | None = None, bandwidth: float | None = None
) -> Floats:
    """Value at risk (...,) as an Epanechnikov mean of order statistics within ``bandwidth`` of probability.

    If not given, n^(-1/3) sqrt(c (1 - c)) and never reaching beyond the worst loss. Raises InputError as above.
    Source: Sheather and Marron (1990), Kernel quantile estimators.
    """
    _refuse(pnl, confidence, weights)
    most = min(confidence, 1 - confidence)
    number = effective_number(pnl.shape[-1], weights)
    reach = min(number ** (-1 / 3) * (confidence * (1 - confidence)) ** 0.5, most) if bandwidth is None else bandwidth
    if not 0 < reach <= most:
        raise InputError("bandwidth", found=reach, wanted=f"above 0, at most {most:.4g}")
    order, reached = ascending(-pnl, weights)
    shares = kernel_shares(reached, confidence, reach)
    return np.asarray((np.take_along_axis(-pnl, order, -1) * shares).sum(axis=-1))


def estimate_harrell_davis(pnl: Floats, confidence: float, *, sampling: Sampling | None = None) -> Estimate:
    """Harrell and Davis's value at risk of one vector (S,) with a standard error and a 95 % interval.

    The error is that of an L-estimate: each loss influences it by the beta density over the gaps beyond it. Twins and
    overlaps of the sampling count. Source: Huber and Ronchetti (2009), Robust Statistics, 3.3.
    """
    drawn = independent(len(pnl)) if sampling is None else sampling
    equal = bool((drawn.weights == drawn.weights[0]).all())
    weights = None if equal else drawn.weights
    value = float(harrell_davis_value_at_risk(pnl, confidence, weights=weights))
    order, reached = ascending(-pnl, weights)
    chance = np.maximum(np.diff(reached, prepend=0.0), np.finfo(float).tiny)
    density = beta_shares(reached, confidence, weights) / chance
    gaps = (density[:-1] + density[1:]) / 2 * np.diff(-pnl[order])
    below = np.append(0.0, np.cumsum(gaps))
    influence = np.empty(len(pnl))
    influence[order] = below - float(((1 - reached[:-1]) * gaps).sum())
    error = float(drawn.error_of(influence))
    return Estimate(value, error, (value - DEVIATIONS * error, value + DEVIATIONS * error))


def _refuse(pnl: Floats, confidence: float, weights: Floats | None) -> None:
    if not 0 < confidence < 1:
        raise InputError("confidence", found=confidence, wanted="between 0 and 1, such as 0.99")
    if not np.isfinite(pnl).all():
        raise InputError("P&L is not a number", found=f"{int((~np.isfinite(pnl)).sum())} of {pnl.size} values",
                         wanted="finite numbers", remedy="leave out what could not be valued, and say so")
    beyond = round(effective_number(pnl.shape[-1], weights) * (1 - confidence), 9)
    if beyond < LEAST_BEYOND:
        raise InputError("scenarios beyond a smoothed value at risk", found=beyond,
                         wanted=f"at least {LEAST_BEYOND}", remedy="take value_at_risk, or more scenarios")
