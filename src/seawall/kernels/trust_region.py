"""Where in a ball is a quadratic least? The loss of a delta-gamma book under its worst plausible move."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from seawall.errors import InputError, ShapeMismatch

Floats = NDArray[np.float64]

INTERIOR, BOUNDARY, HARD = "interior", "boundary", "hard"
# A gradient without a part this large, of the whole, along the lowest eigenvectors is the hard case.
ORTHOGONAL = 1e-11
# How close to the lowest eigenvalue the multiplier is searched, as a share of the problem's scale.
APPROACH = 1e-14


class TrustRegion(NamedTuple):
    """point (R) with |point| <= radius, value g'z + z'Hz/2 there, multiplier >= 0, and which case it was.

    interior: the least value lies inside, multiplier 0 (a long-gamma book); boundary: on the sphere; hard: on the
    sphere, and as low at ``twin``, its mirror along the lowest eigenvector.
    """

    point: Floats
    value: float
    multiplier: float
    case: str
    twin: Floats


def least_in_ball(gradient: Floats, hessian: Floats, radius: float) -> TrustRegion:
    """The global minimum of g'z + z'Hz/2 over |z| <= radius, H of any sign.

    (H + m I) z = -g, m >= max(0, -least eigenvalue), m (radius - |z|) = 0: solved along the eigenvectors of H, where
    |z(m)| falls as m rises. Where g has no part along the lowest ones, |z| may stay short of the radius as m reaches
    its limit: the rest is then made up along the lowest eigenvector, either way.
    Source: More and Sorensen (1983), Computing a trust region step.
    """
    if hessian.shape != (len(gradient), len(gradient)):
        raise ShapeMismatch("second derivatives", found=hessian.shape, wanted=(len(gradient), len(gradient)))
    if not (radius > 0 and np.isfinite(radius)):
        raise InputError("radius of the ball", found=radius, wanted="a positive number")
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    slope = vectors.T @ gradient
    scale = max(float(np.abs(values).max()), float(np.sqrt(slope @ slope)) / radius, 1e-300)
    if values[0] > APPROACH * scale:
        inner = -slope / values
        if inner @ inner <= radius**2:
            return _made(vectors, inner, inner, (gradient, hessian), (0.0, INTERIOR))
    lowest = values - values[0] <= ORTHOGONAL * scale
    flat = float(np.abs(slope[lowest]).max()) <= ORTHOGONAL * scale * radius
    least = max(0.0, -float(values[0]))
    if flat:
        limit = np.where(lowest, 0.0, -slope / np.where(lowest, 1.0, values + least))
        short = radius**2 - float(limit @ limit)
        if short >= 0:
            return _hard(vectors, limit, np.sqrt(short), (gradient, hessian), least)
    multiplier = _multiplier(values, slope, radius, least, scale)
    shift = np.where(lowest & flat, np.inf, values + multiplier)
    point = -slope / shift
    point *= radius / np.sqrt(point @ point)
    return _made(vectors, point, point, (gradient, hessian), (multiplier, BOUNDARY))


def _multiplier(values: Floats, slope: Floats, radius: float, least: float, scale: float) -> float:
    """The root of 1/|z(m)| = 1/radius, nearly linear in m."""
    def short(above: float) -> float:
        z = slope / (values + (least + above))
        return 1.0 / float(np.sqrt(z @ z)) - 1.0 / radius

    high = float(np.sqrt(slope @ slope)) / radius + scale
    low = APPROACH * scale
    if short(low) >= 0:
        return least + low
    return least + float(brentq(short, low, high, xtol=1e-16 * scale, rtol=8.9e-16))


def _hard(vectors: Floats, limit: Floats, step: float, problem: tuple[Floats, Floats], least: float) -> TrustRegion:
    up, down = limit.copy(), limit.copy()
    up[0] += step
    down[0] -= step
    # A lowest eigenvalue of zero with nothing to gain along it: the point inside is as low as any.
    if least == 0.0:
        return _made(vectors, limit, limit, problem, (0.0, INTERIOR))
    return _made(vectors, up, down, problem, (least, HARD))


def _made(
    vectors: Floats, point: Floats, twin: Floats, problem: tuple[Floats, Floats], how: tuple[float, str]
) -> TrustRegion:
    gradient, hessian = problem
    z = vectors @ point
    return TrustRegion(z, float(gradient @ z + z @ hessian @ z / 2), how[0], how[1], vectors @ twin)
