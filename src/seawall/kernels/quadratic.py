"""What is the law of a loss that is quadratic in normal or Student-t factors? Its terms, cumulants, and Imhof's check.

loss = constant + linear'X + curvature'X^2 with X independent standard normal, or a multivariate t of unit scale:
X = W sqrt(degrees / Y), W standard normal, Y chi-squared, so that all factors grow together.
Source: Glasserman, Heidelberger and Shahabuddin (2000, 2002), on portfolio value-at-risk with heavy-tailed factors.
"""

from __future__ import annotations

from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.student import unit_scale

Floats = NDArray[np.float64]

MOST_TERMS = 2_000_000
TERMS_AT_ONCE = 20_000


class QuadraticLaw(NamedTuple):
    """constant: currency. linear, curvature (K,): currency per X and per X squared. degrees: infinite if normal."""

    constant: float
    linear: Floats
    curvature: Floats
    degrees: float = np.inf


class Checked(NamedTuple):
    """A probability and a bound of its numerical error."""

    probability: float
    error: float


def quadratic_law(
    delta: Floats, gamma: Floats, covariance: Floats, *, carry: float = 0.0, degrees: float = np.inf
) -> QuadraticLaw:
    """Law of the loss -(carry + delta'r + r'gamma r / 2), moves r having this covariance.

    delta (F,), gamma (F,F), covariance (F,F) in one unit of moves; carry: P&L if nothing moves. A Student-t takes
    (degrees - 2) / degrees of the covariance as its scale, and needs degrees above 2.
    """
    count = len(delta)
    if gamma.shape != (count, count) or covariance.shape != (count, count):
        raise ShapeMismatch("sensitivities and covariance", found=(delta.shape, gamma.shape, covariance.shape),
                            wanted=f"({count},), ({count}, {count}) twice")
    if not (np.isfinite(delta).all() and np.isfinite(gamma).all() and np.isfinite(covariance).all()):
        raise InputError("sensitivities or covariance", found="not a number", wanted="finite numbers")
    root = covariance_root(covariance) * unit_scale(degrees)
    symmetric = (gamma + gamma.T) / 2
    curvature, turn = np.linalg.eigh(-0.5 * root.T @ symmetric @ root)
    return QuadraticLaw(-carry, -turn.T @ (root.T @ delta), curvature, degrees)


def covariance_root(covariance: Floats) -> Floats:
    """(F,K) root whose product with its transpose is the covariance, one column for each direction that moves.

    Raises InputError for a matrix that is no covariance.
    """
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    largest = max(float(values[-1]), 0.0)
    uneven = np.abs(covariance - covariance.T).max() > 1e-8 * largest
    if uneven or values[0] < -1e-8 * max(largest, np.finfo(float).tiny):
        raise InputError("covariance", found=f"least eigenvalue {values[0]:.3g}, symmetric or not",
                         wanted="symmetric, no negative eigenvalue", remedy="repair it: kernels.correlation")
    kept = values > len(values) * np.finfo(float).eps * largest
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def cumulants(law: QuadraticLaw) -> Floats:
    """(4,) first four cumulants of the loss under normal factors: mean, variance, third, fourth."""
    linear, twice = law.linear**2, 2 * law.curvature
    higher = [0.5 * factorial(m) * float(linear @ twice ** (m - 2)) + 0.5 * factorial(m - 1) * float((twice**m).sum())
              for m in (2, 3, 4)]
    return np.array([law.constant + float(law.curvature.sum()), *higher])


def mean_loss(law: QuadraticLaw) -> float:
    """Mean of the loss; of a Student-t the curvature counts by degrees / (degrees - 2)."""
    spread = law.degrees / (law.degrees - 2) if np.isfinite(law.degrees) else 1.0
    return law.constant + spread * float(law.curvature.sum())


def floor_or_ceiling(law: QuadraticLaw) -> float:
    """The loss with every square completed away: its least if all curvature is positive, its most if negative."""
    bent = law.curvature != 0
    return law.constant - float((law.linear[bent] ** 2 / (4 * law.curvature[bent])).sum())


def imhof(law: QuadraticLaw, loss: float, *, tolerance: float = 1e-9) -> Checked:
    """P(loss > this) under normal factors by Gil-Pelaez's integral in real numbers, midpoint rule; slow and plain.

    error: Davies's bound of the step (Chernoff's of the mass beyond one period) and Imhof's of the part left out; it
    exceeds the tolerance where two million terms do not reach it. Degrees are not looked at.
    Source: Imhof (1961), Computing the distribution of quadratic forms; Davies (1973); Gil-Pelaez (1951).
    """
    scale = float(np.sqrt(cumulants(law)[1]))
    step, folded = _step(law, loss, scale, tolerance)
    total, term, cut = 0.0, 0, np.inf
    while term < MOST_TERMS and cut > tolerance / 2:
        u = np.asarray((np.arange(term, term + TERMS_AT_ONCE) + 0.5) * step)
        modulus, phase = _modulus_and_phase(law, loss, u)
        total += float((np.sin(phase) * modulus / u).sum()) * step
        term += TERMS_AT_ONCE
        cut = _left_out(law, term * step)
    return Checked(0.5 + total / np.pi, folded + cut)


def _modulus_and_phase(law: QuadraticLaw, loss: float, u: Floats) -> tuple[Floats, Floats]:
    spread = 1 + 4 * np.outer(u**2, law.curvature**2)
    modulus = np.exp(-0.25 * np.log(spread).sum(axis=1) - 0.5 * u**2 * (law.linear**2 / spread).sum(axis=1))
    turned = 0.5 * np.arctan(2 * np.outer(u, law.curvature)) - u[:, None] ** 3 * law.linear**2 * law.curvature / spread
    return modulus, u * (law.constant - loss) + turned.sum(axis=1)


def _left_out(law: QuadraticLaw, end: float) -> float:
    """Bound of the integral beyond ``end``: the modulus falls at least as end^(-K/2), K the factors with curvature."""
    modulus = float(_modulus_and_phase(law, 0.0, np.array([end], dtype=np.float64))[0][0])
    bent = int((law.curvature != 0).sum())
    straight = float((law.linear[law.curvature == 0] ** 2).sum()) * end**2
    spread = 1 + 4 * end**2 * law.curvature**2
    # log modulus falls by at least this much per unit of log u, from here on.
    slope = 0.5 * float((1 - 1 / spread).sum()) + straight
    return modulus / (np.pi * slope) if bent or straight > 0 else np.inf


def _step(law: QuadraticLaw, loss: float, scale: float, tolerance: float) -> tuple[float, float]:
    """A step whose aliases hold less than half the tolerance, and the bound of what they hold."""
    period = 8 * scale
    while (mass := max(_chernoff(law, loss + period, 1.0), _chernoff(law, loss - period, -1.0))) > tolerance / 2:
        period *= 1.25
    return 2 * np.pi / period, mass


def _chernoff(law: QuadraticLaw, loss: float, side: float) -> float:
    """Bound of the probability beyond ``loss``, above it (side 1) or below it (-1)."""
    signed = side * law.curvature
    most = 1 / (2 * float(signed.max())) if (signed > 0).any() else np.inf
    scale = float(np.sqrt(cumulants(law)[1]))
    tilt = np.geomspace(1e-3, 1e3, 60) / scale
    tilt = tilt[tilt < most] if np.isinf(most) else most * (tilt * scale) / (1 + tilt * scale)
    left = 1 - 2 * np.outer(tilt, signed)
    exponent = side * tilt * (law.constant - loss) - 0.5 * np.log(left).sum(axis=1)
    exponent += 0.5 * tilt**2 * (law.linear**2 / left).sum(axis=1)
    return float(np.exp(min(float(exponent.min()), 0.0)))
