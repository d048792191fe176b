"""How bad, to whom? Averages of losses by an aversion of one's own, and the expectile.

pnl: (..., S), gain > 0; weights: (S,), probabilities up to a factor. Results (...,) are losses > 0, in P&L's currency.
A spectrum weighs each probability level, the worst at 0; if it is positive, falls towards better outcomes and adds up
to one, the measure is coherent. Expected shortfall is one that is flat and then zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.measures.sampling import Sampling, independent
from seawall.measures.tail import DEVIATIONS, Estimate
from seawall.model.arrays import Floats

# Where a spectrum that others wrote is looked at.
LOOKED_AT = np.append(0.0, np.geomspace(1e-6, 1.0, 600))
ROUNDING = 1e-10


class Spectrum(NamedTuple):
    """mass(u): weight of the worst share u of outcomes, from mass(0) = 0 to mass(1) = 1, concave."""

    name: str
    mass: Callable[[Floats], Floats]


def exponential_spectrum(aversion: float) -> Spectrum:
    """Weights that fall as exp(-aversion u): the greater the aversion, the more the worst counts. aversion > 0."""
    if not aversion > 0:
        raise InputError("aversion", found=aversion, wanted="above 0")
    return Spectrum(f"exponential, aversion {aversion:g}",
                    lambda u: np.asarray(np.expm1(-aversion * u) / np.expm1(-aversion)))


def power_spectrum(exponent: float) -> Spectrum:
    """Weights that fall as u^(exponent - 1): the smaller the exponent, the more the worst counts. 0 < exponent <= 1."""
    if not 0 < exponent <= 1:
        raise InputError("exponent of a power spectrum", found=exponent, wanted="above 0, at most 1",
                         remedy="above 1 the best outcomes would weigh most")
    return Spectrum(f"power, exponent {exponent:g}", lambda u: np.asarray(u**exponent))


def shortfall_spectrum(confidence: float) -> Spectrum:
    """Expected shortfall's own: flat over the worst 1 - confidence."""
    if not 0 < confidence < 1:
        raise InputError("confidence", found=confidence, wanted="between 0 and 1, such as 0.99")
    tail = round(1 - confidence, 12)
    return Spectrum(f"expected shortfall at {confidence:g}", lambda u: np.asarray(np.minimum(u / tail, 1.0)))


def spectral_risk(pnl: Floats, spectrum: Spectrum, *, weights: Floats | None = None) -> Floats:
    """Mean loss, each scenario counted by what the spectrum puts on its share of probability, (...,); exact.

    Raises InputError for a spectrum that is not admissible.
    Source: Acerbi (2002), Spectral measures of risk: a coherent representation of subjective risk aversion.
    """
    refuse_inadmissible(spectrum)
    order, reached = _ranked(pnl, weights)
    share = np.diff(spectrum.mass(reached), axis=-1, prepend=0.0)
    return np.asarray(-(np.take_along_axis(pnl, order, -1) * share).sum(axis=-1))


def estimate_spectral_risk(pnl: Floats, spectrum: Spectrum, *, sampling: Sampling | None = None) -> Estimate:
    """The measure of one vector (S,) with the asymptotic error of its influence function, and a 95 % interval.

    Source: Huber and Ronchetti (2009), Robust Statistics, 3.3: L-estimates.
    """
    drawn = independent(len(pnl)) if sampling is None else sampling
    value = float(spectral_risk(pnl, spectrum, weights=drawn.weights))
    order, reached = _ranked(pnl, drawn.weights)
    ranked = pnl[order]
    density = np.diff(spectrum.mass(np.append(0.0, reached)))  # of each cell, to be divided by its probability
    chance = np.diff(reached, prepend=0.0)
    at_gap = (density[:-1] + density[1:]) / np.maximum(chance[:-1] + chance[1:], np.finfo(float).tiny)
    gaps = at_gap * np.diff(ranked)
    # A scenario moved up to here raises the distribution over every gap above it.
    above = np.append(np.cumsum(gaps[::-1])[::-1], 0.0)
    influence = np.empty(len(pnl))
    influence[order] = above - float((gaps * reached[:-1]).sum())
    error = float(drawn.error_of(influence))
    return Estimate(value, error, (value - DEVIATIONS * error, value + DEVIATIONS * error))


def expectile(pnl: Floats, confidence: float, *, weights: Floats | None = None) -> Floats:
    """The loss e at which confidence x mean excess above e equals (1 - confidence) x mean shortfall below it, (...,).

    The only measure both coherent (confidence >= 0.5) and elicitable; 0.99855 of a normal is its 99 % quantile.
    Solved exactly: between two losses the equation is linear. Raises InputError below 0.5.
    Source: Newey and Powell (1987); Bellini and Di Bernardino (2017), Risk management with expectiles.
    """
    if not 0.5 <= confidence < 1:
        raise InputError("confidence of an expectile", found=confidence, wanted="0.5 to below 1, such as 0.999",
                         remedy="below a half it is not coherent")
    order, reached = _ranked(pnl, weights)
    ranked = np.take_along_axis(pnl, order, -1)
    chance = np.diff(reached, axis=-1, prepend=0.0)
    worst, money = np.cumsum(chance, axis=-1), np.cumsum(-ranked * chance, axis=-1)
    total = money[..., -1:]
    weight = confidence * worst + (1 - confidence) * (1 - worst)
    # With the k worst above it, the expectile would be this; it is the largest such value.
    value = (confidence * money + (1 - confidence) * (total - money)) / weight
    return np.asarray(value.max(axis=-1))


def estimate_expectile(pnl: Floats, confidence: float, *, sampling: Sampling | None = None) -> Estimate:
    """The expectile of one vector (S,) with the asymptotic error of an M-estimate, and a 95 % interval.

    Source: Holzmann and Klar (2016), Expectile asymptotics.
    """
    drawn = independent(len(pnl)) if sampling is None else sampling
    value = float(expectile(pnl, confidence, weights=drawn.weights))
    side = np.where(-pnl > value, confidence, 1 - confidence)
    chance = drawn.weights / drawn.weights.sum()
    error = float(drawn.error_of(side * (-pnl - value) / float(side @ chance)))
    return Estimate(value, error, (value - DEVIATIONS * error, value + DEVIATIONS * error))


def refuse_inadmissible(spectrum: Spectrum) -> None:
    """Raises InputError unless mass rises from 0 to 1 and never faster than before."""
    mass = spectrum.mass(LOOKED_AT)
    slope = np.diff(mass) / np.diff(LOOKED_AT)
    wrong = [
        ("its weights do not add up to one", abs(mass[0]) > ROUNDING or abs(mass[-1] - 1) > ROUNDING),
        ("it has negative weights", bool((np.diff(mass) < -ROUNDING).any())),
        ("it weighs a better outcome more than a worse one", bool((np.diff(slope) > 1e-6 * slope[:-1] + 1e-6).any())),
    ]
    for reason, found in wrong:
        if found:
            raise InputError(f"spectrum {spectrum.name} is not admissible: {reason}", wanted="a rising, concave mass")


def _ranked(pnl: Floats, weights: Floats | None) -> tuple[np.ndarray, Floats]:
    """Order from the worst, and the probability reached with each scenario, ending in exactly 1."""
    if not np.isfinite(pnl).all():
        raise InputError("P&L is not a number", found=f"{int((~np.isfinite(pnl)).sum())} of {pnl.size} values",
                         wanted="finite numbers", remedy="leave out what could not be valued, and say so")
    order = np.argsort(pnl, axis=-1, kind="stable")
    chance = np.full(pnl.shape[-1], 1 / pnl.shape[-1]) if weights is None else weights / weights.sum()
    reached = np.minimum(np.cumsum(chance[order], axis=-1), 1.0)
    reached[..., -1] = 1.0
    return order, reached
