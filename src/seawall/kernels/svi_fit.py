"""One expiry's smile through its quotes: five raw SVI parameters, inside bid and ask where the shape allows it.

Works in z = k / (deviation at the money), where every expiry looks alike. A quote inside its band costs little, one
outside costs its distance in half-spreads; a negative butterfly or a wing steeper than Lee's bound costs much.
Source of the start: Zeliade (2009), Quasi-explicit calibration of Gatheral's SVI model.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from seawall.kernels.smile import butterfly, total_variance

Floats = NDArray[np.float64]

PULL_TO_MID = 0.15
BAND = 0.8
TIGHTEST = 5e-4  # half-spreads below a twentieth of a volatility point are not believed
ARBITRAGE_GRID = np.linspace(-6.0, 6.0, 61)
RHO_BOUND = 0.999


def fit_svi(k: Floats, bid: Floats, ask: Floats, years: float) -> Floats:
    """(5,) a, b, rho, m, s of w(k). k, bid and ask volatilities (Q,), Q >= 3, finite, bid <= ask."""
    mid, half = (bid + ask) / 2, np.maximum((ask - bid) / 2, TIGHTEST)
    centre = float(np.interp(0.0, k[np.argsort(k)], mid[np.argsort(k)]))
    scale = centre * np.sqrt(years)
    z, relative, tolerance = k / scale, mid / centre, half / centre
    starts = _starts(z, relative**2, 1 / (2 * relative * tolerance))
    fits = [_polish(start, z, relative, tolerance, scale) for start in starts]
    best = min(fits, key=lambda fit: float(fit[1]))[0]
    a, b, rho, m, s = best
    return np.array([a * scale**2, b * scale, rho, m * scale, s * scale])


def _polish(start: Floats, z: Floats, relative: Floats, tolerance: Floats, scale: float) -> tuple[Floats, float]:
    """Least squares on the middle first, which has one valley; then the band, from there."""
    lower, upper = np.array([-20.0, 1e-6, -RHO_BOUND, -6.0, 1e-3]), np.array([20.0, 20.0, RHO_BOUND, 6.0, 8.0])
    even = np.maximum(tolerance, 0.02)

    def middle(p: Floats) -> Floats:
        return np.concatenate([(_root(z, p) - relative) / even, _penalties(p, scale)])

    def band(p: Floats) -> Floats:
        miss = (_root(z, p) - relative) / tolerance
        outside = np.sign(miss) * np.maximum(np.abs(miss) - BAND, 0.0)
        return np.concatenate([PULL_TO_MID * _soft(miss), _soft(outside), _penalties(p, scale)])

    point = np.clip(start, lower + 1e-6, upper - 1e-6)
    for residuals in (middle, band):
        fit = least_squares(residuals, point, bounds=(lower, upper), x_scale=[1.0, 0.5, 0.5, 0.5, 0.5], max_nfev=60)
        point = np.clip(fit.x, lower + 1e-9, upper - 1e-9)
    return fit.x, float(fit.cost)


def _root(z: Floats, p: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(total_variance(z, p).w, 1e-8)))


def _soft(x: Floats) -> Floats:
    """Grows like a square root past ten: one wild quote must not bend the curve."""
    return np.asarray(np.sign(x) * (np.sqrt(1 + np.abs(x) / 5) - 1) * 10)


def _penalties(p: Floats, scale: float) -> Floats:
    w = total_variance(ARBITRAGE_GRID, p).w
    real = np.array([p[0] * scale**2, p[1] * scale, p[2], p[3] * scale, p[4] * scale])
    g = np.where(w > 1e-6, butterfly(ARBITRAGE_GRID * scale, real), -1.0)
    lee = real[1] * (1 + abs(real[2])) - 2.0
    return np.concatenate([30.0 * np.minimum(g - 1e-3, 0.0), 100.0 * np.minimum(w - 1e-3, 0.0), [50.0 * max(lee, 0.0)]])


def _starts(z: Floats, w: Floats, weight: Floats) -> list[Floats]:
    """The best few of a lattice of (m, s), where a, b rho and b are a linear problem."""
    found = []
    for m in (-1.5, -0.75, -0.25, 0.0, 0.25, 0.75, 1.5):
        for s in (0.1, 0.3, 0.7, 1.5, 3.0):
            y = (z - m) / s
            design = np.column_stack([np.ones_like(y), y, np.sqrt(y * y + 1)]) * weight[:, None]
            (a, d, c), *_ = np.linalg.lstsq(design, w * weight, rcond=None)
            c = max(c, 1e-4)
            d = float(np.clip(d, -0.99 * c, 0.99 * c))
            miss = float(np.sum((design @ np.array([a, d, c]) - w * weight) ** 2))
            found.append((miss, np.array([a, c / s, d / c, m, s])))
    found.sort(key=lambda item: item[0])
    return [found[0][1], found[3][1]]
