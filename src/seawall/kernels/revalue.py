"""Whole chains under many scenarios, each formula written once and built twice: exact, and fused for statistics.

What depends only on scenario and row of the (E,S) columns, its logarithm among it, is made once for a block of
scenarios; what depends only on the instrument once for an instrument. The innermost loops have neither branch nor
library call, so that compilers turn them into vector code.

An option's deviation is volatility times root of years, each moved by a factor of the scenario. Both terms of Black's
formula share one bell, F n(d1) = K n(d2), and a put is the call's mirror: one exponential and one division do.
Errors of both builds: values 2e-15 of the larger of forward and strike, Greeks 4e-15 of the most they reach.
No time, no volatility, no forward or no strike: intrinsic value and its derivatives, delta at the kink as of a put
out of the money. Not a number in, not a number out.
Source: Black (1976), The pricing of commodity contracts.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import float64, int64, njit
from numpy.typing import NDArray

from seawall.errors import BrokenKernel
from seawall.kernels.bell import FAR, bell, brief_over, brief_under
from seawall.kernels.compiled import Builds, builds, read, written
from seawall.kernels.elementary import logarithm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK = 512  # scenarios whose prepared columns stay in the first cache
ALLOWED = 1e-14  # of a start-up check: far above what rounding does, far below what any mistake does
INVERSE_ROOT_TWO_PI = 0.3989422804014327
COLUMN, TABLE, PLACES = read(float64, 1), read(float64, 2), read(int64, 1)


class Options(NamedTuple):
    """Each (I): strike, volatility and years as they stand, sign (+1 call, -1 put), inverse (1 if coin-settled), size,
    row of the scenarios' columns."""

    strike: Floats
    volatility: Floats
    years: Floats
    sign: Floats
    inverse: Ints
    size: Floats
    row: Ints


class Moves(NamedTuple):
    """Each (E,S): forward; what multiplies volatility; what multiplies the root of years; discount; its rate a year."""

    forward: Floats
    volatility: Floats
    root: Floats
    discount: Floats
    rate: Floats


class FirstGreeks(NamedTuple):
    """Each (I,S), settlement currency per contract: as ``black.BlackGreeks``, by the forward and per 1.00."""

    value: Floats
    delta: Floats
    vega: Floats
    theta: Floats
    rho: Floats


def option_values(options: Options, moves: Moves, *, fast: bool = False, room: Floats | None = None) -> Floats:
    """Value (I,S) in settlement currency per contract; into ``room`` if given. Raises BrokenKernel."""
    check_options(fast)
    out = np.empty((len(options.strike), moves.forward.shape[1])) if room is None else room
    (value_build.fast if fast else value_build.exact)(*options, *moves[:4], out)
    return out


def option_greeks(options: Options, moves: Moves, *, fast: bool = False, room: Floats | None = None) -> FirstGreeks:
    """Value and first-order Greeks in one pass; into ``room`` (5,I,S) if given. Raises BrokenKernel."""
    check_greeks(fast)
    out = np.empty((5, len(options.strike), moves.forward.shape[1])) if room is None else room
    (greek_build.fast if fast else greek_build.exact)(*options, *moves, out)
    return FirstGreeks(*out)


def contract_values(
    size: Floats, inverse: Ints, row: Ints, price: Floats, accrued: Floats, *, fast: bool = False
) -> Floats:
    """Value (I,S) of contracts with one price (E,S), size P or -size / P, less what has accrued (E,S) on its amount.

    Raises BrokenKernel.
    """
    check_contracts(fast)
    out = np.empty((len(size), price.shape[1]))
    (contract_build.fast if fast else contract_build.exact)(size, inverse, row, price, accrued, out)
    return out


def product_values(amount: Floats, row: Ints, first: Floats, second: Floats, *, fast: bool = False) -> Floats:
    """amount (I) times two columns (E,S) of its row: balances grown by an index, tokens at rate and peg.

    Raises BrokenKernel.
    """
    check_contracts(fast)
    out = np.empty((len(amount), first.shape[1]))
    (product_build.fast if fast else product_build.exact)(amount, row, first, second, out)
    return out


@cache
def check_options(fast: bool) -> float:
    """Largest error of the compiled values against known ones, once a process; raises BrokenKernel.

    Known: at the money F (2 N(s/2) - 1) by the error function, linear and over the forward; intrinsic at expiry.
    """
    out = np.empty((4, 8))
    (value_build.fast if fast else value_build.exact)(*_known_options(), *_known_moves()[:4], out)
    atm = 100.0 * math.erf(0.1 / math.sqrt(2.0))
    return _missed(value_build, out / 100.0, np.array([[atm], [atm / 100.0], [20.0], [0.0]]) / 100.0)


@cache
def check_greeks(fast: bool) -> float:
    """Largest error of the compiled Greeks against known ones, each over its height, once a process.

    Known: the same values; N(s/2) and its density by the standard library; the limits at expiry.
    """
    out = np.empty((5, 4, 8))
    (greek_build.fast if fast else greek_build.exact)(*_known_options(), *_known_moves(), out)
    tail, peak = math.erf(0.1 / math.sqrt(2.0)), math.exp(-0.005) / math.sqrt(2.0 * math.pi)
    delta = [0.5 + 0.5 * tail, -(0.5 + 0.5 * tail) / 100.0, 1.0, 0.0]
    vega = [100.0 * peak * 0.5, peak * 0.5, 0.0, 0.0]
    known = np.array([delta, vega])[:, :, None]
    return max(_missed(greek_build, out[0, :1] / 100.0, np.array([[tail]])), _missed(greek_build, out[1:3], known))


@cache
def check_contracts(fast: bool) -> float:
    """Largest error of the compiled contracts and products: sums without a rounding, so it must be none."""
    one, two = np.full((1, 8), 4.0), np.full((1, 8), 0.25)
    none, out = np.zeros(2, np.int64), np.empty((2, 8))
    (contract_build.fast if fast else contract_build.exact)(np.array([3.0, 8.0]), np.array([0, 1]), none, one, two, out)
    error = _missed(contract_build, out, np.array([[9.0], [-2.5]]))
    (product_build.fast if fast else product_build.exact)(np.array([3.0, 8.0]), none, one, two, out)
    return max(error, _missed(product_build, out, np.array([[3.0], [8.0]])))


def _missed(kernel: Builds, found: Floats, known: Floats) -> float:
    error = float(np.abs(found - known).max())
    if not error <= ALLOWED:
        raise BrokenKernel(kernel.exact.function.__name__, error=error, allowed=ALLOWED)
    return error


def _known_options() -> Options:
    """Struck at the money for a call and a coin put; expired, one in and one out of the money."""
    strike, years = np.array([100.0, 100.0, 80.0, 120.0]), np.array([0.25, 0.25, 0.0, 0.0])
    return Options(strike, np.full(4, 0.4), years, np.array([1.0, -1.0, 1.0, 1.0]), np.array([0, 1, 0, 0]), np.ones(4),
                   np.zeros(4, np.int64))


def _known_moves() -> Moves:
    one = np.ones((1, 8))
    return Moves(100.0 * one, one, one, one, 0.0 * one)


@njit(inline="always", error_model="numpy")
def _prepare(forward: Floats, volatility: Floats, root: Floats, discount: Floats, columns: Floats) -> None:
    """forward, both parts of its logarithm, what multiplies the deviation and its inverse, discount."""
    for j in range(forward.size):
        f, moved = forward[j], volatility[j] * root[j]
        # No number passes for a number: only what is known to leave nothing is taken for nothing.
        none = (f <= 0.0) | (moved <= 0.0)
        high, low = logarithm(1.0 if none else f)
        columns[0, j] = f
        columns[1, j] = high if f == f else f
        columns[2, j] = low
        columns[3, j] = 0.0 if none else moved
        columns[4, j] = 0.0 if none else 1.0 / moved
        columns[5, j] = discount[j]


@builds(COLUMN, COLUMN, COLUMN, COLUMN, PLACES, COLUMN, PLACES, TABLE, TABLE, TABLE, TABLE, written(float64, 2))
def value_build(
    strike: Floats, volatility: Floats, years: Floats, sign: Floats, inverse: Ints, size: Floats, row: Ints,
    forward: Floats, moved: Floats, root: Floats, discount: Floats, out: Floats,
) -> None:
    columns = np.empty((6, BLOCK))
    for first in range(0, forward.shape[1], BLOCK):
        last = min(first + BLOCK, forward.shape[1])
        for e in range(forward.shape[0]):
            _prepare(forward[e, first:last], moved[e, first:last], root[e, first:last], discount[e, first:last],
                     columns)
            for i in range(strike.size):
                if row[i] != e:
                    continue
                k, c, amount = strike[i], sign[i], sign[i] * size[i]
                v = volatility[i] * np.sqrt(max(years[i], 0.0))
                none = (k <= 0.0) | (v <= 0.0)
                # A put's arguments of the normal law are the call's, mirrored.
                halved, per = (0.0, 0.0) if none else (c * (0.5 * v), c / v)
                high, low = logarithm(1.0 if k <= 0.0 else k)
                high = high if k == k else k
                value = out[i, first:last]
                for j in range(value.size):
                    f, half = columns[0, j], halved * columns[3, j]
                    x = (columns[1, j] - high) + (columns[2, j] - low)
                    centre = x * (per * columns[4, j])
                    d1, d2 = centre + half, centre - half
                    z1, z2 = abs(d1), abs(d2)
                    near = FAR if z1 > FAR else z1
                    z2 = FAR if z2 > FAR else z2
                    peak = bell(near, f)
                    peak = 0.0 if z1 > FAR else peak
                    p1, q1, p2, q2 = brief_over(near), brief_under(near), brief_over(z2), brief_under(z2)
                    tails = ((p1 if d1 > 0.0 else -p1) * q2 - (p2 if d2 > 0.0 else -p2) * q1) / (q1 * q2)
                    known = (f if d1 > 0.0 else 0.0) - (k if d2 > 0.0 else 0.0)
                    worth = f - k if half == 0.0 else known - peak * tails
                    worth = c * worth
                    worth = 0.0 if worth < 0.0 else worth
                    value[j] = worth * (abs(amount) * columns[5, j])
                if inverse[i] != 0:
                    # Divided, not multiplied by a rounded inverse: settlement is exact.
                    for j in range(value.size):
                        value[j] = value[j] / columns[0, j]


@builds(COLUMN, COLUMN, COLUMN, COLUMN, PLACES, COLUMN, PLACES, TABLE, TABLE, TABLE, TABLE, TABLE, written(float64, 3))
def greek_build(
    strike: Floats, volatility: Floats, years: Floats, sign: Floats, inverse: Ints, size: Floats, row: Ints,
    forward: Floats, moved: Floats, root: Floats, discount: Floats, rate: Floats, out: Floats,
) -> None:
    columns = np.empty((9, BLOCK))
    for first in range(0, forward.shape[1], BLOCK):
        last = min(first + BLOCK, forward.shape[1])
        for e in range(forward.shape[0]):
            _prepare(forward[e, first:last], moved[e, first:last], root[e, first:last], discount[e, first:last],
                     columns)
            for j in range(last - first):
                stretch = root[e, first + j]
                columns[6, j] = stretch
                columns[7, j] = moved[e, first + j] / stretch if stretch > 0.0 else 0.0
                columns[8, j] = rate[e, first + j]
            for i in range(strike.size):
                if row[i] != e:
                    continue
                k, c, n, stands = strike[i], sign[i], size[i], max(years[i], 0.0)
                base_root = np.sqrt(stands)
                v = volatility[i] * base_root
                none = (k <= 0.0) | (v <= 0.0)
                # A put's arguments of the normal law are the call's, mirrored.
                halved, per = (0.0, 0.0) if none else (c * (0.5 * v), c / v)
                decay = 0.5 * volatility[i] / base_root if base_root > 0.0 else 0.0
                high, low = logarithm(1.0 if k <= 0.0 else k)
                high = high if k == k else k
                coin = inverse[i] != 0
                value, delta, vega, theta, rho = (out[0, i, first:last], out[1, i, first:last], out[2, i, first:last],
                                                  out[3, i, first:last], out[4, i, first:last])
                for j in range(value.size):
                    f, half = columns[0, j], halved * columns[3, j]
                    x = (columns[1, j] - high) + (columns[2, j] - low)
                    centre = x * (per * columns[4, j])
                    d1, d2 = centre + half, centre - half
                    z1, z2 = abs(d1), abs(d2)
                    near = FAR if z1 > FAR else z1
                    z2 = FAR if z2 > FAR else z2
                    peak = bell(near, 1.0)
                    peak = 0.0 if z1 > FAR else peak
                    p1, q1, p2, q2 = brief_over(near), brief_under(near), brief_over(z2), brief_under(z2)
                    p1, p2 = (p1 if d1 > 0.0 else -p1), (p2 if d2 > 0.0 else -p2)
                    both = peak / (q1 * q2)
                    still = half == 0.0
                    ahead = c * (f - k) > 0.0
                    # k times the second tail is f times ``second``.
                    reached = (1.0 if d1 > 0.0 else 0.0) - (p1 * q2) * both
                    second = (p2 * q1) * both
                    known = (f if d1 > 0.0 else 0.0) - (k if d2 > 0.0 else 0.0)
                    worth = f - k if still else known - f * ((p1 * q2 - p2 * q1) * both)
                    worth = c * worth
                    worth = 0.0 if worth < 0.0 else worth
                    reached = (1.0 if ahead else 0.0) if still else reached
                    paid = (k if ahead else 0.0) if still else (k if d2 > 0.0 else 0.0) - f * second
                    density = 0.0 if still else INVERSE_ROOT_TWO_PI * peak
                    unit, stretch = n * columns[5, j], columns[6, j]
                    money, sway = unit * worth, (unit * f) * density
                    value[j] = money
                    delta[j] = unit * (c * (paid if coin else reached))
                    vega[j] = sway * (base_root * stretch)
                    theta[j] = (0.0 if coin else columns[8, j]) * money - sway * (decay * columns[7, j])
                    rho[j] = (0.0 if coin else -stands * (stretch * stretch)) * money
                if coin:
                    # What is paid in coin is all of it over the forward, its slope, the strike's share, twice.
                    for j in range(value.size):
                        f = columns[0, j]
                        value[j], delta[j] = value[j] / f, delta[j] / f / f
                        vega[j], theta[j] = vega[j] / f, theta[j] / f


@builds(COLUMN, PLACES, PLACES, TABLE, TABLE, written(float64, 2))
def contract_build(size: Floats, inverse: Ints, row: Ints, price: Floats, accrued: Floats, out: Floats) -> None:
    for i in range(size.size):
        n, at, owed, value = size[i], price[row[i]], accrued[row[i]], out[i]
        if inverse[i] != 0:
            for j in range(value.size):
                paid = -n / at[j]
                value[j] = paid - abs(paid) * owed[j]
        else:
            for j in range(value.size):
                paid = n * at[j]
                value[j] = paid - abs(paid) * owed[j]


@builds(COLUMN, PLACES, TABLE, TABLE, written(float64, 2))
def product_build(amount: Floats, row: Ints, first: Floats, second: Floats, out: Floats) -> None:
    for i in range(amount.size):
        n, one, other, value = amount[i], first[row[i]], second[row[i]], out[i]
        for j in range(value.size):
            value[j] = (n * one[j]) * other[j]
