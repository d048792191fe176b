"""Undiscounted Black-76 with the same bits on every machine: what decides money is priced here.

All arguments broadcast. forward, strike: in the quote currency. volatility: per year, decimal. years: to expiry.
is_call: above zero for a call. Not finite in, not a number out.

Edges: a strike or forward below the least normal number counts as none (call F, put 0; or call 0, put K); no
volatility or no time gives intrinsic value; a deviation (volatility root years) of 24 or more gives call F and put K.

Both terms of the formula share one bell, F n(d1) = K n(d2): one exponential and one division serve both, and an
option far out of the money keeps its relative accuracy. Error: below 1e-15 of the larger of forward and strike.
Source: Black (1976), The pricing of commodity contracts; the bits as in ``elementary``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import boolean, float64, njit
from numpy.typing import ArrayLike, NDArray

from seawall.kernels.compiled import entry, read, written
from seawall.kernels.elementary import (
    LEAST_NORMAL,
    LOG_2_HIGH,
    LOG_2_LOW,
    NAN,
    ROUNDING,
    ROUNDING_BITS,
    distribution,
    exponential,
    mills_above,
    mills_below,
)

Floats = NDArray[np.float64]

BLOCK = 256  # values of a row whose columns stay in the first cache
VAST = 24.0  # deviation from which a call is worth its forward
FAR = 38.6  # deviations past which the bell is zero
ONE_BITS, MANTISSA = 0x3FF0000000000000, 0x000FFFFFFFFFFFFF
ROOT_TWO = 1.4142135623730951
TABLE = read(float64, 2)


def black_call_put(
    forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, years: ArrayLike, is_call: ArrayLike, *,
    inverse: bool = False,
) -> Any:
    """Value of a European option at expiry's money, per unit of underlying, >= 0.

    In the quote currency; inverse: in units of the underlying, which is the value over the forward.
    """
    tables, out = _tables(forward, strike, volatility, years, is_call)
    if out.size:
        _value_each(*tables, inverse, out.reshape(-1, _width(out)))
    return out if out.ndim else out[()]


def black_delta(
    forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, years: ArrayLike, is_call: ArrayLike,
) -> Any:
    """Change of the value per unit of forward: N(d1) of a call, N(d1) - 1 of a put; half of each at the kink."""
    tables, out = _tables(forward, strike, volatility, years, is_call)
    if out.size:
        _delta_each(*tables, out.reshape(-1, _width(out)))
    return out if out.ndim else out[()]


def _width(out: Floats) -> int:
    return out.shape[-1] if out.ndim else 1


def _tables(*operands: ArrayLike) -> tuple[list[Floats], Floats]:
    """Each operand as a contiguous table of one or all rows by one or all columns, and room for the result."""
    arrays = [np.asarray(operand, dtype=np.float64) for operand in operands]
    out = np.empty(np.broadcast_shapes(*(a.shape for a in arrays)))
    return [_table(a, out.shape) for a in arrays] if out.size else [], out


def _table(a: Floats, shape: tuple[int, ...]) -> Floats:
    width = a.shape[-1] if a.ndim else 1
    if a.size > width and a.shape[:-1] != shape[:-1]:
        a = np.broadcast_to(a, (*shape[:-1], width))
    return np.ascontiguousarray(a).reshape(-1, width)


@njit(inline="always", error_model="numpy")
def _log_ratio(f: float, k: float) -> float:
    """log(f / k) of two positive normal numbers, relatively accurate however near they are."""
    f_bits, k_bits = np.float64(f).view(np.int64), np.float64(k).view(np.int64)
    a = np.int64((f_bits & MANTISSA) | ONE_BITS).view(np.float64)
    b = np.int64((k_bits & MANTISSA) | ONE_BITS).view(np.float64)
    n = np.int64(((f_bits >> 52) - (k_bits >> 52)) + ROUNDING_BITS).view(np.float64) - ROUNDING
    high, low = a > ROOT_TWO * b, b > ROOT_TWO * a
    n = n + 1.0 if high else (n - 1.0 if low else n)
    a = 0.5 * a if high else (2.0 * a if low else a)
    s = (a - b) / (a + b)
    z = s * s
    # 2 atanh(s) / s = 2 + z (2/3 + ...), by interpolation at Chebyshev's points: 2^-58 for z <= 0.0295.
    p = 0.666666666666667 + z * (0.3999999999989889 + z * (0.28571428626253836 + z * (0.22222211089379496 + z * (
        0.1818289243253687 + z * (0.15331611722055008 + z * 0.14617807153417325)))))
    return n * LOG_2_HIGH + (2.0 * s + (s * (z * p) + n * LOG_2_LOW))


@njit(error_model="numpy")
def _prepare(f: Floats, k: Floats, v: Floats, root: Floats, d1: Floats, d2: Floats, w: Floats) -> None:
    """Deviations w, 0 where only intrinsic value is left, and the two arguments of the normal law."""
    for j in range(f.size):
        moved = v[j] * root[j]
        alive = (f[j] >= LEAST_NORMAL) & (k[j] >= LEAST_NORMAL) & (moved > 0.0)
        total = (f[j] + k[j]) + moved
        deviation = moved if alive else 1.0
        u = _log_ratio(f[j] if alive else 1.0, k[j] if alive else 1.0) / deviation
        d1[j], d2[j] = u + 0.5 * deviation, u - 0.5 * deviation
        known = moved if alive else 0.0
        w[j] = known if total - total == 0.0 else NAN


@njit(error_model="numpy")
def _bells(f: Floats, d1: Floats, bell: Floats) -> None:
    """F exp(-d1^2 / 2)."""
    for j in range(f.size):
        z = abs(d1[j])
        near = z <= FAR
        z = z if near else 0.0
        b = exponential(-0.5 * (z * z), 0.0, f[j])
        bell[j] = b if near else 0.0


@njit(error_model="numpy")
def _values(
    f: Floats, k: Floats, call: Floats, d1: Floats, d2: Floats, w: Floats, bell: Floats, value: Floats,
) -> None:
    for j in range(f.size):
        a, b, forward, strike = d1[j], d2[j], f[j], k[j]
        z1, z2 = abs(a), abs(b)
        z1 = FAR if z1 > FAR else z1
        z2 = FAR if z2 > FAR else z2
        p1, q1, p2, q2 = mills_above(z1), mills_below(z1), mills_above(z2), mills_below(z2)
        tails = bell[j] * (((p1 if a > 0.0 else -p1) * q2 - (p2 if b > 0.0 else -p2) * q1) / (q1 * q2))
        up = ((forward if a > 0.0 else 0.0) - (strike if b > 0.0 else 0.0)) - tails
        down = ((strike if b <= 0.0 else 0.0) - (forward if a <= 0.0 else 0.0)) - tails
        up = forward if w[j] >= VAST else up
        down = strike if w[j] >= VAST else down
        up = forward - strike if w[j] == 0.0 else up
        down = strike - forward if w[j] == 0.0 else down
        result = up if call[j] > 0.0 else down
        result = result if result > 0.0 else 0.0
        value[j] = result if w[j] >= 0.0 else NAN


@njit(error_model="numpy")
def _deltas(f: Floats, k: Floats, call: Floats, d1: Floats, w: Floats, value: Floats) -> None:
    for j in range(f.size):
        kink = FAR if f[j] > k[j] else (-FAR if f[j] < k[j] else 0.0)
        d = d1[j] if w[j] > 0.0 else kink
        d = FAR if w[j] >= VAST else d
        share = distribution(d if call[j] > 0.0 else -d)
        share = share if call[j] > 0.0 else -share
        value[j] = share if w[j] >= 0.0 else NAN


@njit(error_model="numpy")
def _load(table: Floats, width: int, first: int, column: Floats) -> None:
    """A stretch of a table read row by row, as if it had that width; a single row or column serves all."""
    row, start, done = first // width, first % width, 0
    while done < column.size:
        count = min(width - start, column.size - done)
        line = table[row if table.shape[0] > 1 else 0]
        if table.shape[1] == 1:
            column[done : done + count] = line[0]
        else:
            column[done : done + count] = line[start : start + count]
        row, start, done = row + 1, 0, done + count


@njit(error_model="numpy")
def _root(years: Floats) -> None:
    """Replaces years by their square roots; before zero no time is left."""
    for j in range(years.size):
        years[j] = math.sqrt(0.0 if years[j] < 0.0 else years[j])


@entry(TABLE, TABLE, TABLE, TABLE, TABLE, boolean, written(float64, 2))
def _value_each(
    forward: Floats, strike: Floats, volatility: Floats, years: Floats, is_call: Floats, inverse: bool, out: Floats,
) -> None:
    columns, cells = np.ones((10, BLOCK)), out.reshape(-1)
    for first in range(0, cells.size, BLOCK):
        size, width = min(BLOCK, cells.size - first), out.shape[1]
        # Whole vectors only: a few cells over cost less than the loop for what is left over.
        full = (size + 7) & -8
        f, k, v, root, call = (columns[0, :full], columns[1, :full], columns[2, :full], columns[3, :full],
                               columns[4, :full])
        d1, d2, w, bell, value = (columns[5, :full], columns[6, :full], columns[7, :full], columns[8, :full],
                                  columns[9, :full])
        _load(forward, width, first, f[:size])
        _load(strike, width, first, k[:size])
        _load(volatility, width, first, v[:size])
        _load(years, width, first, root[:size])
        _load(is_call, width, first, call[:size])
        _root(root)
        _prepare(f, k, v, root, d1, d2, w)
        _bells(f, d1, bell)
        _values(f, k, call, d1, d2, w, bell, value)
        if inverse:
            for j in range(full):
                value[j] = 0.0 if value[j] == 0.0 else value[j] / f[j]
        cells[first : first + size] = value[:size]


@entry(TABLE, TABLE, TABLE, TABLE, TABLE, written(float64, 2))
def _delta_each(
    forward: Floats, strike: Floats, volatility: Floats, years: Floats, is_call: Floats, out: Floats,
) -> None:
    columns, cells = np.ones((9, BLOCK)), out.reshape(-1)
    for first in range(0, cells.size, BLOCK):
        size, width = min(BLOCK, cells.size - first), out.shape[1]
        full = (size + 7) & -8
        f, k, v, root, call = (columns[0, :full], columns[1, :full], columns[2, :full], columns[3, :full],
                               columns[4, :full])
        d1, d2, w, value = columns[5, :full], columns[6, :full], columns[7, :full], columns[8, :full]
        _load(forward, width, first, f[:size])
        _load(strike, width, first, k[:size])
        _load(volatility, width, first, v[:size])
        _load(years, width, first, root[:size])
        _load(is_call, width, first, call[:size])
        _root(root)
        _prepare(f, k, v, root, d1, d2, w)
        _deltas(f, k, call, d1, w, value)
        cells[first : first + size] = value[:size]
