"""How likely are great losses of a quadratic law? Fourier inversion along a contour through the saddle point.

P(L > x) is the integral of M(s) exp(-s x) / s / (2 pi i) over any line right of zero, M the moment generating function;
one more division by s gives E(L - x)+, one less the density. Gil-Pelaez's formula is the same integral on the axis,
where a small number of factors converges too slowly to be of use. Here the line passes through the least of the
integrand, so that far tails keep their relative accuracy, and bends (Gaussian factors) to the side on which exp(-s x)
dies. On it a trapezoid rule converges geometrically: the difference between the sums over all and over every second
node is stated as the error, and bounds it from far above.
Source: Gil-Pelaez (1951); Rice (1980), Distribution of quadratic forms in normal variables; Glasserman, Heidelberger
and Shahabuddin (2002) for the transform of the t law.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from seawall.errors import ModelError
from seawall.kernels.quadratic import QuadraticLaw, cumulants, floor_or_ceiling, mean_loss

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

BEND = 0.5  # of the contour's asymptote: steep enough that a square still decays along it
REACH = np.arange(0.0, 40.5, 0.5)
NEGLIGIBLE = 1e-17
FEWEST_NODES, MOST_NODES = 128, 8_192
RELATIVE = 1e-10
MOST_STEPS = 100


class Tail(NamedTuple):
    """At one loss x: density, P(L > x), E(L - x)+; error: of the probability, absolute."""

    density: float
    probability: float
    excess: float
    error: float


class Quantile(NamedTuple):
    """Loss exceeded with the probability asked for, mean loss beyond it, and the error of that probability."""

    loss: float
    shortfall: float
    error: float


class Contour(NamedTuple):
    """s, weight (M,): nodes and what each adds. exponent: log M(s) without the part that depends on x; alpha: that of
    the t law, per degree."""

    s: Complexes
    weight: Complexes
    exponent: Complexes
    alpha: Complexes
    degrees: float


def tail_of(law: QuadraticLaw, loss: float) -> Tail:
    """Density, probability and mean excess of the law at a loss. Raises ModelError for a loss that does not move."""
    unit = _unit(law)
    found = _tail(_scaled(law, unit), (loss - law.constant) / unit)
    return Tail(found.density / unit, found.probability, found.excess * unit, found.error)


def quantile_of(law: QuadraticLaw, tail: float) -> Quantile:
    """Loss exceeded with probability ``tail``, and the mean loss beyond it, by Newton's steps inside a bracket."""
    unit = _unit(law)
    scaled = _scaled(law, unit)
    low, high, loss = -np.inf, np.inf, _first_guess(scaled, tail)
    for _ in range(MOST_STEPS):
        found = _tail(scaled, loss)
        low, high = (loss, high) if found.probability > tail else (low, loss)
        gap = np.log(found.probability / tail) if found.probability > 0 else -np.inf
        # A bracket as narrow as a float allows is all there is, at the ceiling of a bounded loss.
        if abs(gap) <= 10 * RELATIVE or high - low <= 4 * np.finfo(float).eps * max(abs(loss), 1.0):
            break
        loss = _next(loss, gap, found, (low, high))
    else:
        raise ModelError(f"no quantile at {tail:.3g} after {MOST_STEPS} steps; "
                         f"last loss {law.constant + loss * unit:.6g}")
    if found.probability == 0:  # the last float below the ceiling of a bounded loss
        loss, found = low, _tail(scaled, low)
    shortfall = float(loss + found.excess / found.probability)
    return Quantile(law.constant + float(loss) * unit, law.constant + shortfall * unit, found.error)


def _next(loss: float, gap: float, found: Tail, bracket: tuple[float, float]) -> float:
    """Newton's step on the log of the probability, or the middle of the bracket where that leaves it."""
    low, high = bracket
    step = gap * found.probability / found.density if found.density > 0 else np.nan
    reach = 2 + abs(loss) / 2
    proposed = loss + (float(np.clip(step, -reach, reach)) if np.isfinite(step) else np.copysign(reach, gap))
    return proposed if low < proposed < high else (low + high) / 2


def _first_guess(law: QuadraticLaw, tail: float) -> float:
    mean, spread = mean_loss(law), float(np.sqrt(cumulants(law)[1]))
    student = np.isfinite(law.degrees)
    return mean - spread * float(stdtrit(law.degrees, tail) if student else ndtri(tail))


def _unit(law: QuadraticLaw) -> float:
    unit = float(np.sqrt(cumulants(law)[1]))
    if not unit > 0:
        raise ModelError("a loss that no factor moves has no density; its value at risk is its constant")
    return unit


def _scaled(law: QuadraticLaw, unit: float) -> QuadraticLaw:
    """The law without its constant, which would cost digits where it is far greater than what moves."""
    return QuadraticLaw(0.0, law.linear / unit, law.curvature / unit, law.degrees)


def _tail(law: QuadraticLaw, loss: float) -> Tail:
    """At a loss of a law whose normal deviation is one and whose constant is zero."""
    edge = floor_or_ceiling(law)
    if not (law.linear[law.curvature == 0] != 0).any():
        if (law.curvature >= 0).all() and loss <= edge:
            return Tail(0.0, 1.0, mean_loss(law) - loss, 0.0)
        if (law.curvature <= 0).all() and loss >= edge:
            return Tail(0.0, 0.0, 0.0, 0.0)
    saddle = _saddle(law, loss)
    bend, end, wide = _shape(law, loss, saddle)
    nodes = FEWEST_NODES
    while True:
        contour = _contour(law, saddle, bend * wide, np.linspace(0.0, end, nodes + 1), wide)
        density, probability, excess, coarse = _sums(contour, loss)
        error = abs(probability - coarse)
        if error <= RELATIVE * abs(probability) or nodes >= MOST_NODES:
            return Tail(density, probability, excess, error)
        nodes *= 2


def _sums(contour: Contour, loss: float) -> tuple[float, float, float, float]:
    """Density, probability, excess; and the probability by every second node."""
    s, degrees = contour.s, contour.degrees
    if np.isinf(degrees):
        value = contour.weight * np.exp(contour.exponent - s * loss)
        per_density, per_excess = value, value
    else:
        left = 1 - 2 * (contour.alpha - s * loss) / degrees
        log_left = np.log(left)
        value = contour.weight * np.exp(contour.exponent - degrees / 2 * log_left)
        per_density, per_excess = value / left, value * left * (degrees / (degrees - 2))
    terms = (value / s).imag
    coarse = 2 * float(terms[::2].sum())
    return float(per_density.imag.sum()), float(terms.sum()), float((per_excess / s**2).imag.sum()), coarse


def _contour(law: QuadraticLaw, saddle: float, bend: float, at: Floats, wide: float) -> Contour:
    """Upper half of s = saddle + i wide sinh(t) + bend (cosh(t) - 1); the lower half is its mirror image."""
    s = saddle + 1j * wide * np.sinh(at) + bend * (np.cosh(at) - 1)
    slope = 1j * wide * np.cosh(at) + bend * np.sinh(at)
    weight = slope * (at[1] - at[0]) / np.pi
    weight[0] /= 2
    exponent, alpha = _transform(law, s)
    return Contour(s, weight, exponent, alpha, law.degrees)


def _transform(law: QuadraticLaw, s: Complexes) -> tuple[Complexes, Complexes]:
    """log M(s) of normal factors, or the determinant's part of it and alpha(s) of the t law, both at a loss of zero."""
    left = 1 - 2 * np.multiply.outer(s, law.curvature)
    determinant = -0.5 * np.log(left).sum(axis=-1)
    alpha = s * law.constant + 0.5 * s**2 * (law.linear**2 / left).sum(axis=-1)
    return (determinant + alpha if np.isinf(law.degrees) else determinant), alpha


def _log_integrand(law: QuadraticLaw, loss: float, s: Complexes) -> Complexes:
    """log of what is integrated for the probability."""
    exponent, alpha = _transform(law, s)
    if np.isinf(law.degrees):
        return np.asarray(exponent - s * loss - np.log(s))
    return np.asarray(exponent - law.degrees / 2 * np.log(1 - 2 * (alpha - s * loss) / law.degrees) - np.log(s))


def _saddle(law: QuadraticLaw, loss: float) -> float:
    """Where the integrand is least on the real axis right of zero: a convex function, searched on ever finer grids."""
    most = _pole(law)
    low, high = -9.0, 9.0
    for _ in range(4):
        share = 10 ** np.linspace(low, high, 37)
        real = most * share / (1 + share) if np.isfinite(most) else share
        with np.errstate(all="ignore"):
            height = _real_log_integrand(law, loss, real)
        height[~np.isfinite(height)] = np.inf
        best = int(np.argmin(height))
        width = (high - low) / 36
        middle = low + best * width
        low, high = middle - width, middle + width
    return float(real[best])


def _pole(law: QuadraticLaw) -> float:
    """Where the transform of normal factors ends, right of zero."""
    largest = float(law.curvature.max(initial=0.0))
    return 1 / (2 * largest) if largest > 0 else np.inf


def _real_log_integrand(law: QuadraticLaw, loss: float, s: Floats) -> Floats:
    """NaN outside the strip in which the transform exists."""
    left = 1 - 2 * np.multiply.outer(s, law.curvature)
    determinant = -0.5 * np.log(left).sum(axis=-1) - np.log(s)
    alpha = s * (law.constant - loss) + 0.5 * s**2 * (law.linear**2 / left).sum(axis=-1)
    if np.isinf(law.degrees):
        return np.asarray(determinant + alpha)
    return np.asarray(determinant - law.degrees / 2 * np.log(1 - 2 * alpha / law.degrees))


def _shape(law: QuadraticLaw, loss: float, saddle: float) -> tuple[float, float, float]:
    """Bend of the contour, the t at which its integrand is negligible, and its width at the saddle."""
    wide = _width(law, loss, saddle)
    # Far out, exp(-s x) decays to the right above the loss with every square completed away, below it to the left.
    side = float(np.copysign(BEND, loss - floor_or_ceiling(law)))
    bends = (0.0,) if np.isfinite(law.degrees) else (0.0, side)
    best = (0.0, np.inf, wide)
    for bend in bends:
        s = saddle + wide * (1j * np.sinh(REACH) + bend * (np.cosh(REACH) - 1))
        with np.errstate(all="ignore"):
            size = _log_integrand(law, loss, s).real + np.log(np.cosh(REACH))
        size = np.where(np.isnan(size), np.inf, size) - size[0]
        seen = np.flatnonzero(size > np.log(NEGLIGIBLE))
        end = float(REACH[min(int(seen[-1]) + 1, len(REACH) - 1)])
        # A contour that climbs far above its saddle loses the digits by which it climbs.
        if size.max() < np.log(1e3) and end < best[1]:
            best = (bend, end, wide)
    return best if np.isfinite(best[1]) else (0.0, float(REACH[-1]), wide)


def _width(law: QuadraticLaw, loss: float, saddle: float) -> float:
    """How far along the line the integrand stays near its height: the inverse root of its curvature there."""
    step = 1e-3 * min(saddle, _pole(law) - saddle)
    height = _real_log_integrand(law, loss, np.array([saddle - step, saddle, saddle + step]))
    curvature = (height[0] - 2 * height[1] + height[2]) / step**2
    return float(1 / np.sqrt(curvature)) if curvature > 0 else saddle
