"""Implied volatility of undiscounted Black-76 prices, one at a time in a compiled loop over all.

The price is brought to its out-of-the-money side by parity and divided by sqrt(F K); the root in total deviation s is
found by third-order Householder steps on the logarithm of the price (of its distance from the maximum where that is
smaller), kept inside a bracket, which bisection shrinks whenever a step would leave it.
Source of the normalisation: Jaeckel (2015), Let's be rational.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

ROOT_HALF = 0.7071067811865475244
INVERSE_ROOT_TWO_PI = 0.3989422804014326779
ROOT_TWO_PI = 2.5066282746310005024
ROOT_HALF_PI = 1.2533141373155002512
MOST_STEPS = 100


class Reason(IntEnum):
    """Why there is no volatility, or that there is one."""

    OK = 0
    BELOW_INTRINSIC = 1
    ABOVE_FORWARD = 2
    NO_TIME = 3
    MISSING = 4


def implied_volatility(
    sign: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, price: ArrayLike
) -> tuple[Floats, Codes]:
    """Volatility per year and a ``Reason`` for each quote; arguments broadcast, NaN where the reason is not OK.

    sign: +1 call, -1 put. price: undiscounted, in the forward's currency. A price at intrinsic value, to the last
    bit, has volatility 0.
    A price below it is BELOW_INTRINSIC; at or above the forward (call) or strike (put), ABOVE_FORWARD; an expiry
    that is past, NO_TIME; a number that is not there, or a sign, forward or strike that cannot be, MISSING.
    """
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (sign, forward, strike, years, price)))
    flat = [np.array(a).reshape(-1) for a in arrays]  # a single broadcast element would else stay a view of it
    volatility, reason = np.empty(flat[0].size), np.empty(flat[0].size, dtype=np.int8)
    _solve_all(flat[0], flat[1], flat[2], flat[3], flat[4], volatility, reason)
    return volatility.reshape(arrays[0].shape), reason.reshape(arrays[0].shape)


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_all(
    sign: Floats, forward: Floats, strike: Floats, years: Floats, price: Floats, volatility: Floats, reason: Codes
) -> None:
    for n in range(price.size):
        volatility[n], reason[n] = _solve(sign[n], forward[n], strike[n], years[n], price[n])


@njit(cache=True, error_model="numpy")
def _mills(x: float) -> float:
    """P(X > x) / density(x) for any x > -37: by the error function, past 5 by its continued fraction."""
    if x < 5.0:
        return ROOT_HALF_PI * math.exp(0.5 * x * x) * math.erfc(x * ROOT_HALF)
    tail = x
    for n in range(60, 0, -1):
        tail = x + n / tail
    return 1.0 / tail


@njit(cache=True, error_model="numpy")
def _mills_gap(h: float, t: float) -> float:
    """Y(h + t) - Y(h - t) with Y(z) = Mills' ratio at -z, to the last digits where t is small: there both are alike.

    Taylor's odd terms, by Y'(z) = 1 + z Y(z) and Y^(n+1)(z) = z Y^(n)(z) + n Y^(n-1)(z).
    """
    if t > 0.05 or h < -20.0 or h > 5.0:
        return _mills(-h - t) - _mills(t - h)
    before = _mills(-h)
    here = 1.0 + h * before
    total, power = here, 1.0
    for n in range(1, 10):
        before, here = here, h * here + n * before
        if n % 2 == 0:
            power *= t * t / (n * (n + 1))
            total += power * here
    return 2.0 * t * total


@njit(cache=True, error_model="numpy")
def _log_price(x: float, s: float) -> float:
    """ln of the normalised out-of-the-money price, x = -|ln(F/K)| <= 0."""
    d1, d2 = x / s + 0.5 * s, x / s - 0.5 * s
    if d1 > 5.0:
        return math.log(
            math.exp(0.5 * x) * (1.0 - 0.5 * math.erfc(d1 * ROOT_HALF))
            - math.exp(-0.5 * x) * 0.5 * math.erfc(-d2 * ROOT_HALF)
        )
    difference = _mills_gap(x / s, 0.5 * s)
    return -0.5 * (x / s) ** 2 - 0.125 * s * s + math.log(INVERSE_ROOT_TWO_PI * difference)


@njit(cache=True, error_model="numpy")
def _log_gap(x: float, s: float) -> float:
    """ln of what the price lacks to its maximum, exp(x/2)."""
    d1, d2 = x / s + 0.5 * s, x / s - 0.5 * s
    return math.log(
        math.exp(0.5 * x) * 0.5 * math.erfc(d1 * ROOT_HALF) + math.exp(-0.5 * x) * 0.5 * math.erfc(-d2 * ROOT_HALF)
    )


@njit(cache=True, error_model="numpy")
def _solve(sign: float, forward: float, strike: float, years: float, price: float) -> tuple[float, int]:
    if not (math.isfinite(price) and math.isfinite(years) and forward > 0.0 and strike > 0.0):
        return math.nan, 4
    if not (math.isfinite(forward) and math.isfinite(strike) and abs(sign) == 1.0):
        return math.nan, 4
    if years <= 0.0:
        return math.nan, 3
    intrinsic = max(sign * (forward - strike), 0.0)
    if price < intrinsic:
        return math.nan, 1
    if price >= (forward if sign > 0 else strike):
        return math.nan, 2
    if price == intrinsic:
        return 0.0, 0
    scale = math.sqrt(forward) * math.sqrt(strike)
    if abs(forward - strike) < 0.5 * strike:
        x = -abs(math.log1p((forward - strike) / strike))
    else:
        x = -abs(math.log(forward / strike))
    return _root(x, (price - intrinsic) / scale) / math.sqrt(years), 0


@njit(cache=True, error_model="numpy")
def _root(x: float, beta: float) -> float:
    """The s with normalised price beta."""
    most = math.exp(0.5 * x)
    if beta <= 0.0 or not beta < most:
        return 0.0
    lower = beta <= 0.5 * most
    target = math.log(beta) if lower else math.log(most - beta)
    # The price at the money bounds it from above, so its root bounds this one from below.
    low, high = beta * ROOT_TWO_PI * (1.0 - 1e-12), 100.0
    s = max(math.sqrt(2.0 * abs(x)), low)
    best = math.inf
    for _ in range(MOST_STEPS):
        value = _log_price(x, s) if lower else _log_gap(x, s)
        miss = value - target
        if miss == 0.0 or (best < 1e-13 and abs(miss) >= best):
            return s
        best = abs(miss)
        if (miss > 0.0) == lower:
            high = min(high, s)
        else:
            low = max(low, s)
        moved = s + _householder(x, s, value, miss, lower)
        if not (moved >= low and moved <= high):
            moved = 0.5 * (low + high)
        if abs(moved - s) <= 1e-16 * s:
            return moved
        s = moved
    return s


@njit(cache=True, error_model="numpy")
def _householder(x: float, s: float, value: float, miss: float, lower: bool) -> float:
    """Third-order step for f(s) = ln of price (or of gap) - target."""
    log_vega = -0.5 * (x / s) ** 2 - 0.125 * s * s
    ratio = INVERSE_ROOT_TWO_PI * math.exp(min(log_vega - value, 700.0))
    # b''/b' and b'''/b' of the normalised price b.
    second = x * x / (s * s * s) - 0.25 * s
    third = second * second - 3.0 * x * x / (s * s * s * s) - 0.25
    sign = 1.0 if lower else -1.0
    first = sign * ratio
    f2 = first * second - first * first
    f3 = first * third - 3.0 * first * first * second + 2.0 * first * first * first
    newton = -miss / first
    curve = f2 / first
    upper, under = 1.0 + 0.5 * curve * newton, 1.0 + newton * (curve + newton * f3 / (6.0 * first))
    # Far from the root the higher terms mislead: they may refine Newton's step, not turn or swell it.
    refined = upper / under if under > 0.0 and upper > 0.0 else 1.0
    return newton * min(max(refined, 0.2), 5.0)
