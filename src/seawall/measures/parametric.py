"""How much in the tail, by sensitivities alone? Closed forms and Fourier inversion of delta and gamma; no scenarios.

delta (F,), gamma (F,F): P&L per unit of each move, and per pair of them; covariance (F,F) of moves over the horizon, in
the same unit. carry: P&L if nothing moves. Results are losses > 0, currency. Approximations of the book, not of its
law: a proxy before revaluation, a guide for sampling, and a check of order of magnitude.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.fourier import quantile_of
from seawall.kernels.quadratic import covariance_root, cumulants, mean_loss, quadratic_law
from seawall.kernels.student import student_tail, unit_scale
from seawall.model.arrays import Floats


class Elliptical(NamedTuple):
    """Tail of a linear book under elliptical moves, and its parts (F,).

    component_value_at_risk, component_expected_shortfall: add up to their totals less -carry. marginal_value_at_risk,
    marginal_expected_shortfall: change of each per unit of delta. volatility: of P&L.
    """

    value_at_risk: float
    expected_shortfall: float
    volatility: float
    component_value_at_risk: Floats
    component_expected_shortfall: Floats
    marginal_value_at_risk: Floats
    marginal_expected_shortfall: Floats


class DeltaGamma(NamedTuple):
    """Tail of a quadratic book. mean: of the loss. error: numerical, of the probability beyond value_at_risk."""

    value_at_risk: float
    expected_shortfall: float
    mean: float
    error: float


class CornishFisher(NamedTuple):
    """An approximation for display. inside: whether the expansion is monotone; outside it ranks losses wrongly."""

    value_at_risk: float
    expected_shortfall: float
    inside: bool


def delta_normal(
    delta: Floats, covariance: Floats, confidence: float, *, carry: float = 0.0, degrees: float = np.inf
) -> Elliptical:
    """Tail of delta'r for normal moves r, or Student-t ones of the same covariance; with Euler's parts.

    A part is k delta_i (C delta)_i / sqrt(delta'C delta), k the law's tail in deviations. A book that does not move has
    parts of zero. Source: McNeil, Frey and Embrechts (2015), Quantitative Risk Management, 8.5.
    """
    if covariance.shape != (len(delta), len(delta)):
        raise ShapeMismatch("covariance of moves", found=covariance.shape, wanted=(len(delta), len(delta)))
    covariance_root(covariance)
    edge, depth = _deviations(confidence, degrees)
    variance = float(delta @ covariance @ delta)
    volatility = float(np.sqrt(max(variance, 0.0)))
    slope = covariance @ delta / volatility if volatility > 0 else np.zeros(len(delta))
    return Elliptical(edge * volatility - carry, depth * volatility - carry, volatility, edge * delta * slope,
                      depth * delta * slope, edge * slope, depth * slope)


def delta_gamma(
    delta: Floats, gamma: Floats, covariance: Floats, confidence: float, *, carry: float = 0.0,
    degrees: float = np.inf,
) -> DeltaGamma:
    """Tail of carry + delta'r + r'gamma r / 2 for normal moves, or Student-t ones of the same covariance.

    By Fourier inversion of the exact transform to ten digits of the probability; see ``kernels.fourier``.
    Source: Glasserman, Heidelberger and Shahabuddin (2000, 2002).
    """
    _deviations(confidence, degrees)
    law = quadratic_law(delta, gamma, covariance, carry=carry, degrees=degrees)
    if not cumulants(law)[1] > 0:
        return DeltaGamma(-carry, -carry, -carry, 0.0)
    found = quantile_of(law, 1 - confidence)
    return DeltaGamma(found.loss, found.shortfall, mean_loss(law), found.error)


def matched_normal(
    delta: Floats, gamma: Floats, covariance: Floats, confidence: float, *, carry: float = 0.0
) -> Elliptical:
    """Tail of a normal with the mean and variance of a quadratic book; blind to its skewness, and has no parts.

    Mean tr(gamma C) / 2, variance delta'C delta + tr((gamma C)^2) / 2, as Open Source Risk Engine reports it.
    """
    mean, variance = cumulants(quadratic_law(delta, gamma, covariance, carry=carry))[:2]
    edge, depth = _deviations(confidence, np.inf)
    volatility = float(np.sqrt(variance))
    return Elliptical(mean + edge * volatility, mean + depth * volatility, volatility, *(np.empty(0),) * 4)


def cornish_fisher(moments: Floats, confidence: float) -> CornishFisher:
    """Tail from the first four cumulants of the loss (4,), for display only.

    Within 2 % of quadratic books under normal factors, and two fifths too high where one day in twenty has thrice the
    deviation. inside: the expansion grows with the normal deviate everywhere, which it does only for small skewness
    and enough kurtosis; that keeps losses in order, and does not make them right.
    Source: Cornish and Fisher (1938); Maillard (2012), A user's guide to the Cornish-Fisher expansion.
    """
    if not (len(moments) == 4 and moments[1] > 0):
        raise InputError("cumulants", found=moments.tolist(), wanted="four, the second above zero")
    mean, deviation = float(moments[0]), float(np.sqrt(moments[1]))
    skew, kurtosis = float(moments[2]) / deviation**3, float(moments[3]) / deviation**4
    z, depth = _deviations(confidence, np.inf)
    edge = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    beyond = depth * (1 + z * skew / 6 + (z**2 - 1) * kurtosis / 24 - (2 * z**2 - 1) * skew**2 / 36)
    bend = kurtosis / 8 - skew**2 / 6
    flat = 1 - kurtosis / 8 + 5 * skew**2 / 36
    inside = bend >= 0 and flat >= 0 and skew**2 / 9 <= 4 * bend * flat
    return CornishFisher(mean + deviation * edge, mean + deviation * beyond, inside)


def loss_cumulants(pnl: Floats, weights: Floats | None = None) -> Floats:
    """(4,) mean, variance, third and fourth cumulant of the loss of one P&L vector (S,)."""
    chance = np.full(len(pnl), 1 / len(pnl)) if weights is None else weights / weights.sum()
    mean = -float(pnl @ chance)
    second, third, fourth = (float(((-pnl - mean) ** m) @ chance) for m in (2, 3, 4))
    return np.array([mean, second, third, fourth - 3 * second**2])


def _deviations(confidence: float, degrees: float) -> tuple[float, float]:
    """Value at risk and shortfall of a law with a deviation of one."""
    if not 0 < confidence < 1:
        raise InputError("confidence", found=confidence, wanted="between 0 and 1, such as 0.99")
    unit = unit_scale(degrees)
    edge, depth = student_tail(confidence, degrees)
    return edge * unit, depth * unit
