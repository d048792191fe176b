"""What is one factor's law, beyond what was seen? The sample in the middle, Pareto tails at both ends.

Source: Danielsson and de Vries (2000); McNeil and Frey (2000), Estimation of tail-related risk measures.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError

Floats = NDArray[np.float64]

TAIL = 0.05
LEAST_EXCEEDANCES = 10
MOST_SHAPE = 0.49  # beyond one half a simulated variance would not exist
# A log move with a Pareto tail has no finite expected price: a short sale's shortfall would be its farthest draw.
FARTHEST = 3.0


class ParetoTail(NamedTuple):
    """threshold: where the tail begins; shape and scale of the excesses beyond it; mass: its probability.

    farthest: the excess at which the tail ends, three times the largest seen.
    """

    threshold: float
    shape: float
    scale: float
    mass: float
    farthest: float

    def beyond(self, probability: Floats) -> Floats:
        """Distance from the origin at which so much probability lies farther out; at most ``mass``."""
        gone = np.log(self.mass / probability)
        excess = self.scale * (np.expm1(self.shape * gone) / self.shape if abs(self.shape) > 1e-9 else gone)
        return np.asarray(self.threshold + np.minimum(excess, self.farthest))


class SemiParametric(NamedTuple):
    """places, levels (M,): quantiles of the middle, joined by lines; lower tail of the negated values, and upper."""

    places: Floats
    levels: Floats
    lower: ParetoTail
    upper: ParetoTail

    def quantile(self, uniforms: Floats) -> Floats:
        """Level below which so much probability lies, for uniforms of any shape inside 0 and 1."""
        out = np.interp(uniforms, self.places, self.levels)
        low, high = uniforms < self.lower.mass, uniforms > 1 - self.upper.mass
        out[low] = -self.lower.beyond(uniforms[low])
        out[high] = self.upper.beyond(1 - uniforms[high])
        return np.asarray(out)


def fit_semiparametric(values: Floats, tail: float = TAIL) -> SemiParametric:
    """Semi-parametric law of values (T,), NaN left out: Pareto beyond the outer ``tail`` on each side.

    Raises InputError if a tail would hold fewer than ten values.
    """
    held = np.sort(values[np.isfinite(values)])
    count = int(len(held) * tail)
    if count < LEAST_EXCEEDANCES:
        raise InputError("tail of a margin", found=f"{count} values", wanted=f"at least {LEAST_EXCEEDANCES}",
                         remedy=f"a history of {int(np.ceil(LEAST_EXCEEDANCES / tail))} rows, or a wider tail")
    mass = count / len(held)
    lower, upper = _tail(-held[: count + 1][::-1], mass), _tail(held[-count - 1 :], mass)
    inner = held[count : len(held) - count]
    places = np.concatenate([[mass], (np.arange(count, len(held) - count) + 0.5) / len(held), [1 - mass]])
    levels = np.concatenate([[-lower.threshold], inner, [upper.threshold]])
    return SemiParametric(places, levels, lower, upper)


def fit_pareto(excesses: Floats) -> tuple[float, float]:
    """(shape, scale) of a generalised Pareto law by probability-weighted moments of excesses (N,), all above zero.

    Steadier than maximum likelihood below some hundred values. Held below one half.
    Source: Hosking and Wallis (1987), Parameter and quantile estimation for the generalized Pareto distribution.
    """
    ranked, count = np.sort(excesses), len(excesses)
    mean = float(ranked.mean())
    exceeded = float(ranked @ (1 - (np.arange(1, count + 1) - 0.35) / count)) / count
    shape = min(2 - mean / (mean - 2 * exceeded), MOST_SHAPE)
    return shape, mean * (1 - shape)


def _tail(ascending: Floats, mass: float) -> ParetoTail:
    """The tail of the values above the first two's middle."""
    threshold = float(0.5 * (ascending[0] + ascending[1]))
    excesses = ascending[1:] - threshold
    if not excesses.max() > 0:
        return ParetoTail(threshold, 0.0, 0.0, mass, 0.0)
    shape, scale = fit_pareto(excesses)
    return ParetoTail(threshold, shape, scale, mass, FARTHEST * float(excesses.max()))
