"""Black-76 in fifty digits: closed forms written out from the formula, the oracle of the kernels' tests."""

from __future__ import annotations

from typing import NamedTuple

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

DIGITS = 50
NAMES = ("value", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")
TOP = 0.3989422804014327  # the density at zero


class Points(NamedTuple):
    sign: NDArray[np.float64]
    forward: NDArray[np.float64]
    strike: NDArray[np.float64]
    years: NDArray[np.float64]
    volatility: NDArray[np.float64]
    discount: NDArray[np.float64]
    rate: NDArray[np.float64]


def random_points(count: int, seed: int = 76) -> Points:
    """Deviations from 1e-6 to 20, strikes out to 30 of them on both sides, forwards over nine decades."""
    rng = np.random.default_rng(seed)
    deviation = 10 ** rng.uniform(-6, 1.3, count)
    years = 10 ** rng.uniform(-4, 1.5, count)
    forward = 10 ** rng.uniform(-3, 6, count)
    # A strike of e^300 forwards is as far as doubles carry products of two of them.
    x = np.clip(rng.uniform(-30, 30, count) * deviation, -300, 300)
    return Points(
        np.where(rng.random(count) < 0.5, 1.0, -1.0), forward, forward * np.exp(x), years,
        deviation / np.sqrt(years), rng.uniform(0.2, 1, count), rng.uniform(-0.05, 0.3, count),
    )


def exact(formula, points: Points, rows: range | None = None) -> NDArray[np.float64]:
    """(N, 9) rounded once, at the very end."""
    with mp.workdps(DIGITS):
        return np.array([
            [float(v) for v in formula(at(points, n))]
            for n in (range(points.sign.size) if rows is None else rows)
        ])


def at(points: Points, n: int) -> tuple[mp.mpf, ...]:
    """The n-th point, exactly as its doubles say."""
    return tuple(mp.mpf(float(column[n])) for column in points)


def linear(point):
    """value, delta, gamma, vega, theta, rho, vanna, volga, charm of the option paid in its forward's currency."""
    c, f, k, t, v, discount, r = point
    root = mp.sqrt(t)
    s = v * root
    d1, d2 = _d(f, k, s)
    bell = discount * _density(d1)
    value = discount * c * (f * _distribution(c * d1) - k * _distribution(c * d2))
    delta = discount * c * _distribution(c * d1)
    return (
        value, delta, bell / (f * s), f * bell * root, r * value - f * bell * v / (2 * root), -t * value,
        -bell * d2 / v, f * bell * root * d1 * d2 / v, r * delta + bell * d2 / (2 * t),
    )


def inverse(point):
    """The same nine of the option paid in coin: value over forward, undiscounted."""
    c, f, k, t, v = point[:5]
    root = mp.sqrt(t)
    s = v * root
    d1, d2 = _d(f, k, s)
    paid, bell = c * _distribution(c * d2), _density(d1)
    return (
        c * _distribution(c * d1) - k / f * paid, k / f**2 * paid,
        k / f**3 * (_density(d2) / s - 2 * paid), bell * root, -bell * v / (2 * root), mp.mpf(0),
        -k / f**2 * _density(d2) * d1 / v, bell * root * d1 * d2 / v, k / f**2 * _density(d2) * d1 / (2 * t),
    )


def linear_scales(p: Points, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 9) the height each Greek reaches over all strikes, the others held: what an error is small against.

    value: the forward, or the option's own value where a put's strike lies above it; every Greek that carries the
    value (theta, rho) likewise. delta: 1. gamma, vega and theta's own part: the bell's height. vanna, volga
    and charm multiply the bell by d1, d2 or both, together never above 1 + s.
    """
    root = np.sqrt(p.years)
    s = p.volatility * root
    bell, worth = p.discount * TOP, np.maximum(p.discount * p.forward, np.abs(value))
    return np.column_stack([
        worth, p.discount, bell / (p.forward * s), p.forward * bell * root,
        np.abs(p.rate) * worth + p.forward * bell * p.volatility / (2 * root), p.years * worth,
        bell * (1 + s) / p.volatility, p.forward * bell * root * (1 + s) / p.volatility,
        np.abs(p.rate) * p.discount + bell * (1 + s) / (2 * p.years),
    ])


def inverse_scales(p: Points, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same in coin: one coin is the forward's worth, and what a deep put pays above it."""
    root, f = np.sqrt(p.years), p.forward
    s = p.volatility * root
    worth, wide = np.maximum(1.0, np.abs(value)), TOP * (1 + s)
    return np.column_stack([
        worth, worth / f, (TOP / s + 2 * worth) / f**2, TOP * root, TOP * p.volatility / (2 * root),
        np.ones_like(f), wide / p.volatility / f, wide * root / p.volatility, wide / (2 * p.years) / f,
    ])


def _d(f, k, s):
    x = mp.log(f / k) / s
    return x + s / 2, x - s / 2


def _density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _distribution(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2
