"""How far is a move from what is usual, and what lies that far in every direction?

Moves (C) with covariance S are written in coordinates w (R) of length one per deviation, R the rank of S: move = A w,
A A' = S. The ellipsoid {r' S^-1 r <= k^2} is then the ball |w| <= k, also where S is singular.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaincc, ndtr, ndtri, stdtr, stdtrit

from seawall.errors import InputError, ShapeMismatch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Eigenvalues below this share of the largest are rounding, and their directions do not move.
RANK = 1e-12
# A move this far outside the span of the covariance, per unit of itself, cannot happen under it.
OUTSIDE = 1e-6
# A generator of the plane-filling sequence of Roberts: the root of x^(R+1) = x + 1 gives the least even steps.
ROOT_ROUNDS = 60


class Whitening(NamedTuple):
    """root (C,R) with root root' = covariance, columns along its axes by falling variance; inverse (R,C) of it."""

    root: Floats
    inverse: Floats

    @property
    def rank(self) -> int:
        """R, how many independent directions move."""
        return int(self.root.shape[1])


def whitening(covariance: Floats) -> Whitening:
    """The axes of a covariance (C,C), scaled to one deviation. Raises InputError if it is not semi-definite.

    Axes are those of the correlation, so that a factor counted in another unit changes nothing.
    """
    deviation = np.sqrt(np.diag(covariance))
    if not (deviation > 0).all():
        raise InputError("covariance of moves", found=f"variance of column {int(np.argmin(deviation))} not above 0",
                         wanted="each factor to move", remedy="hold that factor still instead")
    values, vectors = np.linalg.eigh(covariance / np.outer(deviation, deviation))
    if values[0] < -RANK * len(values) * values[-1] - 1e-10:
        raise InputError("covariance of moves", found=f"least eigenvalue {values[0]:.3g} of its correlation",
                         wanted="positive semi-definite", remedy="take the nearest correlation first")
    kept = np.flatnonzero(values > 1e-10 * values[-1])[::-1]
    scale = np.sqrt(values[kept])
    # Eigenvectors have no sign of their own: the largest entry is made positive, so that results repeat.
    axes = vectors[:, kept]
    axes = axes * np.sign(axes[np.argmax(np.abs(axes), axis=0), np.arange(len(kept))])
    return Whitening(deviation[:, None] * axes * scale, (axes / scale).T / deviation)


def mahalanobis(white: Whitening, moves: Floats) -> Floats:
    """(...,) distance of moves (...,C) in joint deviations; infinite for a move that the covariance rules out."""
    inside = moves @ white.inverse.T
    size = np.abs(moves).max(axis=-1, initial=0.0)
    left = np.abs(inside @ white.root.T - moves).max(axis=-1, initial=0.0)
    length = np.sqrt(np.asarray((inside**2).sum(axis=-1)))
    return np.where(left > OUTSIDE * np.maximum(size, 1e-300), np.inf, length)


def worst_linear_move(covariance: Floats, slope: Floats, radius: float) -> tuple[Floats, float]:
    """The move (C) in the ellipsoid that costs most when value changes by slope' move, and the loss > 0.

    Source: Studer (1997), Maximum loss for measurement of market risk.
    """
    turned = covariance @ slope
    loss = radius * float(np.sqrt(max(float(slope @ turned), 0.0)))
    return (np.zeros_like(slope), 0.0) if loss == 0.0 else (-(radius**2) / loss * turned, loss)


def conditional_mean(covariance: Floats, places: Ints, values: Floats) -> Floats:
    """(C,) the moves with those at places set to values and all others where they are expected, given these.

    Of all completions it is the most plausible: the Mahalanobis distance stays that of the values alone.
    Source: Breuer, Jandacka, Rheinberger and Summer (2009), How to find plausible, severe, and useful stress scenarios.
    """
    if len(places) != len(values):
        raise ShapeMismatch("values of a partial move", found=len(values), wanted=len(places))
    inner = covariance[np.ix_(places, places)]
    out = np.asarray(covariance[:, places] @ np.linalg.lstsq(inner, values, rcond=RANK)[0])
    out[places] = values
    return out


def beyond_in_every_direction(distance: float, dimensions: int, degrees: float) -> float:
    """Chance of a joint move at least so many deviations out, whichever way; Student-t of that covariance.

    degrees > 2, infinite for a normal. It rises with the number of factors, however little they matter: compare
    ``beyond_in_one_direction``.
    """
    if np.isinf(degrees):
        return float(gammaincc(dimensions / 2, distance**2 / 2))
    ratio = distance**2 / (degrees - 2)  # the squared length over its chi-squared mixing
    return float(betainc(degrees / 2, dimensions / 2, 1 / (1 + ratio)))


def beyond_in_one_direction(distance: float, degrees: float) -> float:
    """Chance that the book's own worst direction goes at least so far: one-sided, and free of the dimension."""
    if np.isinf(degrees):
        return float(ndtr(-distance))
    return float(stdtr(degrees, -distance * np.sqrt(degrees / (degrees - 2))))


def distance_of_chance(chance: float, degrees: float) -> float:
    """Deviations that one direction exceeds with this one-sided chance."""
    if not 0 < chance < 0.5:
        raise InputError("chance of the worst move", found=chance, wanted="between 0 and 0.5, such as 0.001")
    if np.isinf(degrees):
        return float(-ndtri(chance))
    return float(-stdtrit(degrees, chance) * np.sqrt((degrees - 2) / degrees))


def directions(dimensions: int, count: int) -> Floats:
    """(N,R) unit vectors: both ways along each axis, then ``count`` spread evenly, each with its opposite.

    An additive sequence through the normal's inverse: no seed, the same on every call.
    """
    axes = np.vstack([np.eye(dimensions), -np.eye(dimensions)])
    if count <= 0 or dimensions < 2:
        return axes
    root = 2.0
    for _ in range(ROOT_ROUNDS):
        root = (1 + root) ** (1 / (dimensions + 1))
    step = root ** -np.arange(1.0, dimensions + 1)
    points = (0.5 + np.arange(1, (count + 1) // 2 + 1)[:, None] * step) % 1.0
    spread = ndtri(np.clip(points, 1e-9, 1 - 1e-9))
    spread /= np.sqrt((spread**2).sum(axis=1, keepdims=True))
    return np.vstack([axes, spread, -spread])
