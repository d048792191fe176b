"""Undiscounted Black-76 with the same bits on every machine: what decides money is priced here.

All arguments broadcast. forward, strike: in the quote currency. volatility: per year, decimal. years: to expiry.
is_call: above zero for a call. Not finite in, not a number out.

Edges: a strike or forward below the least normal number counts as none (call F, put 0; or call 0, put K); no
volatility or no time gives intrinsic value; the delta of a deviation (volatility root years) of 24 or more is that of
a call worth F and a put worth K.

Both terms of the formula share one bell, F n(d1) = K n(d2): one exponential and one division serve both, and an
option far out of the money keeps its relative accuracy. A put is the call's mirror: both arguments of the normal law
change sign, and the value. Error: below 1e-15 of the larger of forward and strike.

Short loops over columns that stay in the first cache: each is small enough for the processor to work on several
vectors of it at once, which one long loop is not.
Source: Black (1976), The pricing of commodity contracts; the bits as in ``elementary``.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import boolean, float64, njit
from numpy.typing import ArrayLike, NDArray

from seawall.errors import BrokenKernel
from seawall.kernels.bell import FAR, bell, mills_over, mills_under
from seawall.kernels.compiled import entry, read, written
from seawall.kernels.elementary import FAR as CERTAIN
from seawall.kernels.elementary import (
    LEAST_NORMAL,
    LOG_2_HIGH,
    LOG_2_LOW,
    NAN,
    ROUNDING,
    ROUNDING_BITS,
    distribution,
)

Floats = NDArray[np.float64]

BLOCK = 256  # values whose columns stay in the first cache
STRIDE = BLOCK + 8  # columns a power of two apart would share the cache's sets
ALLOWED = 1e-15  # of the start-up check
VAST = 24.0  # deviation from which a call is worth its forward
ONE_BITS, MANTISSA = 0x3FF0000000000000, 0x000FFFFFFFFFFFFF
HALF_STEP = 0x0008000000000000  # half of one in the exponent
TABLE = read(float64, 2)


def black_call_put(
    forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, years: ArrayLike, is_call: ArrayLike, *,
    inverse: bool = False,
) -> Any:
    """Value of a European option at expiry's money, per unit of underlying, >= 0.

    In the quote currency; inverse: in units of the underlying, which is the value over the forward.
    Raises BrokenKernel.
    """
    check_compiled()
    return _values_of(forward, strike, volatility, years, is_call, inverse=inverse)


def _values_of(*operands: ArrayLike, inverse: bool) -> Any:
    tables, out = _tables(*operands)
    if out.size:
        spare = np.empty((5, BLOCK))
        filled = spare.view()
        filled.flags.writeable = False  # compiled code tells arrays apart by it
        _value_each(*tables, inverse, out.reshape(-1, _width(out)), spare, filled)
    return out if out.ndim else out[()]


def black_delta(
    forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, years: ArrayLike, is_call: ArrayLike,
) -> Any:
    """Change of the value per unit of forward: N(d1) of a call, N(d1) - 1 of a put; half of each at the kink."""
    tables, out = _tables(forward, strike, volatility, years, is_call)
    if out.size:
        _delta_each(*tables, out.reshape(-1, _width(out)))
    return out if out.ndim else out[()]


@cache
def check_compiled() -> float:
    """Largest error, per forward, of the compiled code against known values, once a process; raises BrokenKernel.

    Known: at the money F (2 N(s/2) - 1) by the error function, a call and a put; intrinsic value at expiry, in coin.
    """
    known = np.array([100.0 * math.erf(0.1 / math.sqrt(2.0))] * 2 + [20.0, 0.0])
    terms = ([100.0, 100.0, 80.0, 120.0], 0.4, [0.25, 0.25, 0.0, 0.0], [1, 0, 1, 1])
    linear, coin = (_values_of(100.0, *terms, inverse=inverse) for inverse in (False, True))
    error = float(max(np.abs(linear - known).max() / 100.0, np.abs(coin - known / 100.0).max()))
    if not error <= ALLOWED:
        raise BrokenKernel("black_call_put", error=error, allowed=ALLOWED)
    return error


def _width(out: Floats) -> int:
    return out.shape[-1] if out.ndim else 1


def _tables(*operands: ArrayLike) -> tuple[list[Floats], Floats]:
    """forward, strike, volatility, root of years and sign as contiguous tables of one or all rows and of one or all
    columns, and room for the result."""
    *numbers, years, is_call = (np.asarray(operand, dtype=np.float64) for operand in operands)
    # Before they are broadcast: a root a row costs nothing, one a value as much as a fifth of the formula.
    root = np.sqrt(np.where(years < 0.0, 0.0, years))
    arrays = [*numbers, root, np.where(is_call > 0.0, 1.0, -1.0)]
    out = np.empty(np.broadcast_shapes(*(a.shape for a in arrays)))
    return [_table(a, out.shape) for a in arrays] if out.size else [], out


def _table(a: Floats, shape: tuple[int, ...]) -> Floats:
    width = a.shape[-1] if a.ndim else 1
    if a.size > width and a.shape[:-1] != shape[:-1]:
        a = np.broadcast_to(a, (*shape[:-1], width))
    return np.ascontiguousarray(a).reshape(-1, width)


@njit(error_model="numpy")
def _prepare(f: Floats, k: Floats, v: Floats, root: Floats, sign: Floats, d1: Floats, d2: Floats, w: Floats) -> None:
    """Deviations w, 0 where only intrinsic value is left, and the two arguments of the normal law, a put's mirrored.

    log(f / k) is relatively accurate however near the two are: both are scaled to within a half of one another, where
    their difference is exact. Where w is 0 or not a number the arguments mean nothing.
    """
    for j in range(f.size):
        moved = v[j] * root[j]
        alive = (f[j] >= LEAST_NORMAL) & (k[j] >= LEAST_NORMAL) & (moved >= LEAST_NORMAL)
        total = (f[j] + k[j]) + moved
        w[j] = (moved if alive else 0.0) + (total - total)
        k_bits = np.float64(k[j]).view(np.int64)
        apart = np.float64(f[j]).view(np.int64) - k_bits
        scaled = (k_bits & MANTISSA) | ONE_BITS
        rounded = apart + HALF_STEP
        n = np.int64((rounded >> 52) + ROUNDING_BITS).view(np.float64) - ROUNDING
        a = np.int64(scaled + (apart - (rounded & ~MANTISSA))).view(np.float64)
        b = np.int64(scaled).view(np.float64)
        total = a + b
        inverse = 1.0 / (total * moved)
        s = (a - b) * (moved * inverse)
        z = s * s
        q = z * z
        # 2 atanh(s) / s = 2 + z (2/3 + ...), by interpolation at Chebyshev's points: 2^-53 for |s| <= 1/5.
        p = (0.6666666666666694 + q * (0.2857142883604555 + q * (0.18184610246294064 + q * 0.1511848710872457))) + z * (
            0.39999999999335556 + q * (0.22222182776674482 + q * 0.15283703752403147))
        x = n * LOG_2_HIGH + (2.0 * s + (s * (z * p) + n * LOG_2_LOW))
        centre, half = sign[j] * (x * (total * inverse)), sign[j] * (0.5 * moved)
        d1[j], d2[j] = centre + half, centre - half


@njit(error_model="numpy")
def _bells(f: Floats, d1: Floats, out: Floats) -> None:
    """F exp(-d1^2 / 2)."""
    for j in range(f.size):
        z = abs(d1[j])
        near = z <= FAR
        b = bell(z if near else 0.0, f[j])
        out[j] = b if near else 0.0


@njit(error_model="numpy")
def _ratios(d: Floats, over: Floats, under: Floats) -> None:
    """Mills' ratio at |d|, its numerator with the sign of d."""
    for j in range(d.size):
        z = abs(d[j])
        z = FAR if z > FAR else z
        p = mills_over(z)
        over[j] = p if d[j] > 0.0 else -p
        under[j] = mills_under(z)


@njit(error_model="numpy")
def _values(
    f: Floats, k: Floats, sign: Floats, d: Floats, w: Floats, peak: Floats, over: Floats, under: Floats,
    value: Floats,
) -> None:
    """d, over, under: those of d1, then those of d2."""
    n = f.size
    for j in range(n):
        p1, q1, p2, q2 = over[j], under[j], over[n + j], under[n + j]
        tails = peak[j] * ((p1 * q2 - p2 * q1) / (q1 * q2))
        known = (f[j] if d[j] > 0.0 else 0.0) - (k[j] if d[n + j] > 0.0 else 0.0)
        result = sign[j] * (known - tails if w[j] > 0.0 else f[j] - k[j])
        result = result if result > 0.0 else 0.0
        value[j] = result if w[j] >= 0.0 else NAN


@njit(error_model="numpy")
def _deltas(f: Floats, k: Floats, sign: Floats, d1: Floats, w: Floats, value: Floats) -> None:
    for j in range(f.size):
        kink = sign[j] * (CERTAIN if f[j] > k[j] else (-CERTAIN if f[j] < k[j] else 0.0))
        d = d1[j] if w[j] > 0.0 else kink
        d = sign[j] * CERTAIN if w[j] >= VAST else d
        share = sign[j] * distribution(d)
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
def _fill(table: Floats, row: int, column: Floats) -> None:
    """Repeats the row's value if it has but one."""
    if table.shape[1] == 1:
        column[:] = table[row if table.shape[0] > 1 else 0, 0]


@njit(error_model="numpy")
def _stretch(table: Floats, row: int, first: int, column: Floats) -> Floats:
    """What follows ``first`` in the row, as long as the column, which stands in for a row of one value."""
    if table.shape[1] == 1:
        return column
    return table[row if table.shape[0] > 1 else 0, first : first + column.size]


@njit(error_model="numpy")
def _value_block(
    f: Floats, k: Floats, v: Floats, root: Floats, sign: Floats, inverse: bool, columns: Floats, value: Floats,
) -> None:
    n, pairs = f.size, columns[2:].reshape(-1)
    w, peak, d = columns[0, :n], columns[1, :n], pairs[: 2 * n]
    over, under = pairs[2 * STRIDE : 2 * STRIDE + 2 * n], pairs[4 * STRIDE : 4 * STRIDE + 2 * n]
    _prepare(f, k, v, root, sign, d[:n], d[n:], w)
    _bells(f, d[:n], peak)
    _ratios(d, over, under)
    _values(f, k, sign, d, w, peak, over, under, value)
    if inverse:
        for j in range(n):
            value[j] = 0.0 if value[j] == 0.0 else value[j] / f[j]


@njit(error_model="numpy")
def _value_rows(
    forward: Floats, strike: Floats, volatility: Floats, root: Floats, sign: Floats, inverse: bool, out: Floats,
    spare: Floats, filled: Floats,
) -> None:
    """Rows of at least a block: read where they stand; what is one a row is repeated once a row."""
    columns, width = np.empty((8, STRIDE)), out.shape[1]
    for row in range(out.shape[0]):
        _fill(forward, row, spare[0])
        _fill(strike, row, spare[1])
        _fill(volatility, row, spare[2])
        _fill(root, row, spare[3])
        _fill(sign, row, spare[4])
        for start in range(0, width, BLOCK):
            # Whole vectors only: the last ones value a few cells again, which is cheaper than a loop for the rest.
            full = min(BLOCK, (width - start + 7) & -8)
            first = min(start, width - full)
            _value_block(
                _stretch(forward, row, first, filled[0, :full]), _stretch(strike, row, first, filled[1, :full]),
                _stretch(volatility, row, first, filled[2, :full]), _stretch(root, row, first, filled[3, :full]),
                _stretch(sign, row, first, filled[4, :full]), inverse, columns, out[row, first : first + full],
            )


@njit(error_model="numpy")
def _value_cells(
    forward: Floats, strike: Floats, volatility: Floats, root: Floats, sign: Floats, inverse: bool, out: Floats,
) -> None:
    """Rows shorter than a block: gathered, so that blocks are full."""
    columns, inputs, value, cells = np.empty((8, STRIDE)), np.ones((5, STRIDE)), np.empty(BLOCK), out.reshape(-1)
    for first in range(0, cells.size, BLOCK):
        size = min(BLOCK, cells.size - first)
        full = (size + 7) & -8
        _gather(forward, strike, volatility, root, sign, out.shape[1], first, inputs[:, :size])
        _value_block(inputs[0, :full], inputs[1, :full], inputs[2, :full], inputs[3, :full], inputs[4, :full],
                     inverse, columns, value[:full])
        cells[first : first + size] = value[:size]


@njit(error_model="numpy")
def _gather(
    forward: Floats, strike: Floats, volatility: Floats, root: Floats, sign: Floats, width: int, first: int,
    inputs: Floats,
) -> None:
    _load(forward, width, first, inputs[0])
    _load(strike, width, first, inputs[1])
    _load(volatility, width, first, inputs[2])
    _load(root, width, first, inputs[3])
    _load(sign, width, first, inputs[4])


@entry(TABLE, TABLE, TABLE, TABLE, TABLE, boolean, written(float64, 2), written(float64, 2), TABLE)
def _value_each(
    forward: Floats, strike: Floats, volatility: Floats, root: Floats, sign: Floats, inverse: bool, out: Floats,
    spare: Floats, filled: Floats,
) -> None:
    """spare, filled (5,BLOCK): the same memory, to be written and to be read."""
    if out.shape[1] >= BLOCK:
        _value_rows(forward, strike, volatility, root, sign, inverse, out, spare, filled)
    else:
        _value_cells(forward, strike, volatility, root, sign, inverse, out)


@entry(TABLE, TABLE, TABLE, TABLE, TABLE, written(float64, 2))
def _delta_each(
    forward: Floats, strike: Floats, volatility: Floats, root: Floats, sign: Floats, out: Floats,
) -> None:
    inputs, columns, cells = np.ones((5, STRIDE)), np.empty((4, STRIDE)), out.reshape(-1)
    for first in range(0, cells.size, BLOCK):
        size = min(BLOCK, cells.size - first)
        full = (size + 7) & -8
        _gather(forward, strike, volatility, root, sign, out.shape[1], first, inputs[:, :size])
        f, k, v, r, c = inputs[0, :full], inputs[1, :full], inputs[2, :full], inputs[3, :full], inputs[4, :full]
        d1, d2, w, value = columns[0, :full], columns[1, :full], columns[2, :full], columns[3, :full]
        _prepare(f, k, v, r, c, d1, d2, w)
        _deltas(f, k, c, d1, w, value)
        cells[first : first + size] = value[:size]
