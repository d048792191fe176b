"""The smile as a formula: raw SVI, its coordinates, its arbitrage conditions, and how it moves.

k = ln(K / F); w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + s^2)), total variance. z = k / (level sqrt(years)).
Source: Gatheral and Jacquier (2014), Arbitrage-free SVI volatility surfaces.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

VOLATILITY_FLOOR = 0.1


class Variance(NamedTuple):
    """Total variance and its first and second derivative in k."""

    w: Floats
    first: Floats
    second: Floats


class Bend(NamedTuple):
    """Volatility and its first and second derivative in k."""

    volatility: Floats
    first: Floats
    second: Floats


def total_variance(k: ArrayLike, parameters: ArrayLike) -> Variance:
    """w and its derivatives at k. parameters (..., 5): a, b, rho, m, s, broadcast against k."""
    a, b, rho, m, s = np.moveaxis(np.asarray(parameters, dtype=float), -1, 0)
    x = np.asarray(k, dtype=float) - m
    root = np.sqrt(x * x + s * s)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(root > 0, x / root, 0.0)
        bend = np.where(root > 0, s * s / root**3, 0.0)
    return Variance(a + b * (rho * x + root), b * (rho + slope), b * bend)


def butterfly(k: ArrayLike, parameters: ArrayLike) -> Floats:
    """Gatheral's g(k): proportional to the density of the price; negative where a butterfly is free money."""
    k = np.asarray(k, dtype=float)
    w, first, second = total_variance(k, parameters)
    w = np.maximum(w, 1e-12)
    return np.asarray((1 - k * first / (2 * w)) ** 2 - first**2 / 4 * (1 / w + 0.25) + second / 2)


def volatility(k: ArrayLike, parameters: ArrayLike, years: ArrayLike) -> Floats:
    """Implied volatility at k, per year."""
    return np.asarray(np.sqrt(np.maximum(total_variance(k, parameters).w, 0.0) / np.asarray(years, dtype=float)))


def coordinates(parameters: ArrayLike, years: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Level, skew and curvature: volatility at z = 0; half the difference, and mean less level, at z = +1, -1."""
    years = np.asarray(years, dtype=float)
    level = volatility(0.0, parameters, years)
    step = level * np.sqrt(years)
    up, down = volatility(step, parameters, years), volatility(-step, parameters, years)
    return level, (up - down) / 2, (up + down) / 2 - level


def moved_volatility(
    k: ArrayLike, years_left: ArrayLike, smile: ArrayLike, level: ArrayLike, skew: ArrayLike, curvature: ArrayLike
) -> Floats:
    """Volatility at k once the coordinates have moved: level to ``level``, the other two by the shifts given.

    smile (..., 7): a, b, rho, m, s, level and years as fitted. The fitted curve is kept in z and scaled;
    the shifts add sqrt(2) z / sqrt(1 + z^2) and 2 z^2 / (1 + z^2), which are 1 at z = 1: each coordinate moves
    exactly and alone. Floored at a tenth of the level.
    """
    table = np.asarray(smile, dtype=float)
    z = np.asarray(k, dtype=float) / (np.asarray(level, dtype=float) * np.sqrt(np.asarray(years_left, dtype=float)))
    fitted_level, fitted_years = table[..., 5], table[..., 6]
    kept = volatility(z * fitted_level * np.sqrt(fitted_years), table[..., :5], fitted_years)
    tilt = np.sqrt(2.0) * z / np.sqrt(1 + z * z)
    bow = 2 * z * z / (1 + z * z)
    moved = kept * (level / fitted_level) + np.asarray(skew) * tilt + np.asarray(curvature) * bow
    return np.asarray(np.maximum(moved, VOLATILITY_FLOOR * np.asarray(level, dtype=float)))


def bend(k: ArrayLike, parameters: ArrayLike, years: ArrayLike) -> Bend:
    """Volatility at k and its first two derivatives in k, of the smile as fitted."""
    w, first, second = total_variance(k, parameters)
    years = np.asarray(years, dtype=float)
    level = np.sqrt(np.maximum(w, 1e-300) / years)
    slope = first / (2 * years * level)
    return Bend(level, slope, (second / (2 * years) - slope**2) / level)
