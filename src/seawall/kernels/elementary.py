"""Exponential, logarithm, power and normal distribution with the same bits on every machine.

Only + - * /, comparisons and bit operations, never fused or reassociated, no library call: IEEE 754 then fixes every
bit. NumPy's own functions change their last bits with the processor. Arrays of any shape and plain numbers; binary
functions broadcast. NaN, infinities, zeros and subnormals as IEEE 754 and C99 annex F say; NaN always has one bit
pattern. Errors, in units of the last place: log below 0.51, exp below 0.66, power below 1.3;
normal_distribution below 2e-15 relative wherever the result is a normal number.

Sources: Dekker (1971), A floating-point technique for extending the available precision; Tang (1989, 1990),
Table-driven implementation of the exponential and of the logarithm; Mills' ratio by an own rational fit (2e-18).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float64, njit
from numpy.typing import ArrayLike, NDArray

from seawall.kernels.compiled import Entry, entry, read, written

Floats = NDArray[np.float64]

INFINITY, NAN = np.inf, np.nan
LOG2_E = 1.4426950408889634
LOG_2_HIGH, LOG_2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # n times the first is exact
ROUNDING = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest integer in the lowest bits
ROUNDING_BITS = 0x4338000000000000
WHOLE = 4503599627370496.0  # 2^52: from here on every double is an integer
HIGHEST, LOWEST = 710.0, -746.0  # past these the exponential is infinite, or zero
LEAST_NORMAL = 2.2250738585072014e-308
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
HEAD = -134217728  # clears the lowest 27 bits: products of two heads are exact
TWO_THIRDS, TWO_THIRDS_REST = 0.6666666666666666, 3.700743415417188e-17
FAR = 39.0  # the distribution is zero this far out


@njit(inline="always", error_model="numpy")
def rest_of_product(a: float, b: float, product: float) -> float:
    """What rounding took from product = a * b: Dekker's, with heads cut by bits."""
    a_head = np.int64(np.float64(a).view(np.int64) & HEAD).view(np.float64)
    b_head = np.int64(np.float64(b).view(np.int64) & HEAD).view(np.float64)
    a_rest, b_rest = a - a_head, b - b_head
    return ((a_head * b_head - product) + (a_head * b_rest + a_rest * b_head)) + a_rest * b_rest


@njit(inline="always", error_model="numpy")
def exponential(x: float, low: float, factor: float) -> float:
    """factor exp(x + low) for LOWEST <= x <= HIGHEST, low far smaller than x, rounded into range at the very end."""
    shifted = x * LOG2_E + ROUNDING
    n = shifted - ROUNDING
    high = x - n * LOG_2_HIGH
    fine = n * LOG_2_LOW - low
    r = high - fine
    p = r * r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040 + r * (1 / 40320 + r * (
        1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800 + r * (1 / 479001600 + r * (
            1 / 6227020800 + r / 87178291200))))))))))))
    total = 1.0 + high
    result = factor * (total + (((1.0 - total) + high) + (p - fine)))
    # 2^n in two steps, as it may itself be out of range.
    half = n * 0.5 + ROUNDING
    other = (n - (half - ROUNDING)) + ROUNDING
    first = np.int64((np.float64(half).view(np.int64) + 1023) << 52).view(np.float64)
    second = np.int64((np.float64(other).view(np.int64) + 1023) << 52).view(np.float64)
    return (result * first) * second


@njit(inline="always", error_model="numpy")
def logarithm(x: float) -> tuple[float, float]:
    """log x of a positive finite x as an unevaluated sum, to 2^-64 relative."""
    subnormal = x < LEAST_NORMAL
    bits = np.float64(x * 18014398509481984.0 if subnormal else x).view(np.int64)
    k = (bits - ROOT_HALF_BITS) >> 52
    m = np.int64(bits - (k << 52)).view(np.float64)
    n = np.int64(k + ROUNDING_BITS).view(np.float64) - (ROUNDING + 54.0 if subnormal else ROUNDING)
    # s = (m - 1) / (m + 1) in two parts; log m = 2 atanh s.
    f = m - 1.0
    u = m + 1.0
    u_low = m - (u - 1.0)
    inverse = 1.0 / u
    s = f * inverse
    p = s * u
    s_low = (((f - p) - rest_of_product(s, u, p)) - s * u_low) * inverse
    z = s * s
    z_low = rest_of_product(s, s, z) + 2.0 * (s * s_low)
    c = s * z
    c_low = rest_of_product(s, z, c) + (s * z_low + s_low * z)
    t = c * TWO_THIRDS
    t_low = rest_of_product(c, TWO_THIRDS, t) + (c * TWO_THIRDS_REST + c_low * TWO_THIRDS)
    tail = c * z * atanh_tail(z)
    a, b = n * LOG_2_HIGH, 2.0 * s
    first = a + b
    second = first + t
    low = ((b - (first - a)) + (t - (second - first))) + (2.0 * s_low + (t_low + (tail + n * LOG_2_LOW)))
    high = second + low
    return high, low - (high - second)


@njit(inline="always", error_model="numpy")
def atanh_tail(z: float) -> float:
    """2/5 + 2 z/7 + 2 z^2/9 + ...: what 2 atanh s leaves after s and s^3, over s^5, for z = s^2 <= 0.03."""
    return 2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * (2 / 13 + z * (2 / 15 + z * (2 / 17 + z * (
        2 / 19 + z * (2 / 21 + z * (2 / 23 + z * (2 / 25))))))))))


@njit(inline="always", error_model="numpy")
def mills_above(z: float) -> float:
    """Numerator of P(X > z) exp(z^2 / 2), 0 <= z <= 60; no coefficient is negative, so nothing cancels."""
    return 0.5 + z * (0.8382139065248208 + z * (0.6957579708061482 + z * (0.3698701896085352 + z * (
        0.13821912965542163 + z * (0.037778472003222575 + z * (0.0076402228714682 + z * (0.0011306531591155212 + z * (
            0.00011767210091237655 + z * (7.837048889954718e-06 + z * 2.570880200334816e-07)))))))))


@njit(inline="always", error_model="numpy")
def mills_below(z: float) -> float:
    """Denominator of P(X > z) exp(z^2 / 2)."""
    return 1.0 + z * (2.4743123738525075 + z * (2.8657315833126815 + z * (2.0550686982890274 + z * (
        1.0163519339735028 + z * (0.3650316972287446 + z * (0.09749142426974877 + z * (0.01944487003763143 + z * (
            0.0028537717458449172 + z * (0.0002956046393814135 + z * (1.9644568337232565e-05
                                                                     + z * 6.44424100084804e-07))))))))))


@njit(inline="always", error_model="numpy")
def distribution(x: float) -> float:
    """P(X <= x), the lower tail to its last digits."""
    z = abs(x)
    z = FAR if z > FAR else z
    square = z * z
    tail = exponential(-0.5 * square, -0.5 * rest_of_product(z, z, square), mills_above(z) / mills_below(z))
    return 1.0 - tail if x > 0.0 else tail


@njit(inline="always", error_model="numpy")
def _exp(x: float) -> float:
    bounded = HIGHEST if x > HIGHEST else x
    bounded = LOWEST if bounded < LOWEST else bounded
    result = exponential(bounded, 0.0, 1.0)
    return NAN if x != x else result


@njit(inline="always", error_model="numpy")
def natural_logarithm(x: float) -> float:
    """log x, NaN below zero."""
    result = logarithm(x)[0]
    result = x if x == INFINITY else result
    result = -INFINITY if x == 0.0 else result
    return result if x >= 0.0 else NAN


@njit(inline="always", error_model="numpy")
def _normal_distribution(x: float) -> float:
    return NAN if x != x else distribution(x)


@njit(inline="always", error_model="numpy")
def _power(x: float, y: float) -> float:
    size, exponent = abs(x), abs(y)
    high, low = logarithm(size)
    p = y * high
    rest = rest_of_product(y, high, p) + y * low
    bounded = HIGHEST if p > HIGHEST else p
    bounded = LOWEST if bounded < LOWEST else bounded
    result = exponential(bounded, rest if p == bounded else 0.0, 1.0)
    result = size if y == 1.0 else result
    result = size * size if y == 2.0 else result
    # The limits: a base of zero or infinity, an infinite exponent.
    extreme = size == 0.0 or size == INFINITY
    result = (INFINITY if (size > 1.0) == (y > 0.0) else 0.0) if extreme or exponent == INFINITY else result
    result = 1.0 if size == 1.0 and exponent == INFINITY else result
    whole = exponent + WHOLE if exponent < WHOLE else exponent
    integer = exponent >= WHOLE or whole - WHOLE == exponent
    odd = integer and exponent < 2.0 * WHOLE and (np.float64(whole).view(np.int64) & 1) == 1
    result = -result if odd and np.float64(x).view(np.int64) < 0 else result
    result = NAN if x < 0.0 and size < INFINITY and not integer else result
    result = NAN if x != x or y != y else result
    return 1.0 if x == 1.0 or y == 0.0 else result


@entry(read(float64, 1), written(float64, 1))
def _exp_each(x: Floats, out: Floats) -> None:
    for i in range(x.size):
        out[i] = _exp(x[i])


@entry(read(float64, 1), written(float64, 1))
def _log_each(x: Floats, out: Floats) -> None:
    for i in range(x.size):
        out[i] = natural_logarithm(x[i])


@entry(read(float64, 1), written(float64, 1))
def _normal_each(x: Floats, out: Floats) -> None:
    for i in range(x.size):
        out[i] = _normal_distribution(x[i])


@entry(read(float64, 1), read(float64, 1), written(float64, 1))
def _power_each(x: Floats, y: Floats, out: Floats) -> None:
    for i in range(x.size):
        out[i] = _power(x[i], y[i])


@entry(read(float64, 1), float64, written(float64, 1))
def _power_of_one(x: Floats, y: float, out: Floats) -> None:
    for i in range(x.size):
        out[i] = _power(x[i], y)


def exp(x: ArrayLike) -> Any:
    """e^x of each x."""
    return _each(_exp_each, x)


def log(x: ArrayLike) -> Any:
    """Natural logarithm of each x; NaN below zero, minus infinity at it."""
    return _each(_log_each, x)


def normal_distribution(x: ArrayLike) -> Any:
    """P(X <= x) of a standard normal X; relative accuracy holds in the left tail."""
    return _each(_normal_each, x)


def power(x: ArrayLike, y: ArrayLike) -> Any:
    """x^y of each pair, broadcast; 0^0 = 1, x^1 = x; NaN for a negative base of no integer exponent."""
    base, exponent = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if exponent.ndim == 0:
        out = np.empty(base.shape)
        _power_of_one(base.reshape(-1), float(exponent), out.reshape(-1))
        return out if base.ndim else out[()]
    out = np.empty(np.broadcast_shapes(base.shape, exponent.shape))
    _power_each(_flat(base, out.shape), _flat(exponent, out.shape), out.reshape(-1))
    return out


def _flat(values: Floats, shape: tuple[int, ...]) -> Floats:
    return np.ascontiguousarray(np.broadcast_to(values, shape)).reshape(-1)


def _each(kernel: Entry, x: ArrayLike) -> Any:
    values = np.asarray(x, dtype=np.float64)
    out = np.empty(values.shape)
    kernel(values.reshape(-1), out.reshape(-1))
    return out if values.ndim else out[()]
