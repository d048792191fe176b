"""Loops over accounts' lots: exact worst-of in integer ticks, and its certified lower bound over neighbouring markets.

Lines: underlying u of account a has count[u, a] lines from begin[u, a] on; row says which row of the underlying's cube
each holds (twice the instrument's place, one more if it is short), lots how many. Cubes of all underlyings stand one
below the other, underlying u from base[u] on; scenarios (S).

Each kernel takes the accounts ``ids`` and writes in their order. Sums are integers or, for bounds, padded for rounding:
neither blocks nor threads move a bit.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float32, float64, int32, int64, njit, uint16
from numpy.typing import NDArray

from seawall.kernels.compiled import entry, read, written

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Places = NDArray[np.int32]
Rows = NDArray[np.uint16]

TILE = 2048  # accounts certified against one node before the next: a node's cube is read from the second cache
SINGLE_ROUNDING = 2.0**-23
LINES = (read(int64, 2), read(int32, 2), read(uint16, 1), read(int32, 1))


@njit(error_model="numpy")
def _add(row: Rows, lots: Places, line: int, last: int, base: int, cube: Places, pnl: Ints) -> None:
    """Adds lots times cells; four lines at once, so that sums are loaded and stored once for four."""
    while line + 4 <= last:
        a, b, c, d = np.int64(lots[line]), np.int64(lots[line + 1]), np.int64(lots[line + 2]), np.int64(lots[line + 3])
        x, y, z, w = (cube[base + row[line]], cube[base + row[line + 1]], cube[base + row[line + 2]],
                      cube[base + row[line + 3]])
        for s in range(pnl.size):
            pnl[s] += a * np.int64(x[s]) + b * np.int64(y[s]) + c * np.int64(z[s]) + d * np.int64(w[s])
        line += 4
    while line < last:
        a, x = np.int64(lots[line]), cube[base + row[line]]
        for s in range(pnl.size):
            pnl[s] += a * np.int64(x[s])
        line += 1


@njit(error_model="numpy")
def _least(pnl: Ints) -> int:
    least = pnl[0]
    for s in range(1, pnl.size):
        least = min(least, pnl[s])
    return int(least)


@entry(
    read(int32, 1), *LINES, read(int64, 1), read(int32, 2), boolean, int64, int64, int64, int64, written(int64, 2)
)
def worst_of(
    ids: Places, begin: Ints, count: Places, row: Rows, lots: Places, base: Ints, cube: Places, joint: bool, first: int,
    last: int, from_u: int, to_u: int, out: Ints,
) -> int:
    """Writes the least sum of lots times cells over scenarios, per underlying from from_u to below to_u: out (U,n).

    Returns how many were held. joint: scenarios move all underlyings together: their sums are added before the least
    is taken, all in out[0]. ids first to below last. The caller makes sure that no sum can pass 2^62.
    """
    pnl, measured = np.empty(cube.shape[1], np.int64), 0
    for k in range(first, last):
        a = ids[k]
        if joint:
            pnl[:] = 0
            for u in range(begin.shape[0]):
                _add(row, lots, begin[u, a], begin[u, a] + count[u, a], base[u], cube, pnl)
            out[0, k] = _least(pnl)
            measured += 1
            continue
        for u in range(from_u, to_u):
            if count[u, a] == 0:
                out[u, k] = 0
                continue
            pnl[:] = 0
            _add(row, lots, begin[u, a], begin[u, a] + count[u, a], base[u], cube, pnl)
            out[u, k] = _least(pnl)
            measured += 1
    return measured


@entry(read(int32, 1), *LINES, written(int64, 2), written(int32, 2), written(uint16, 1), written(int32, 1))
def pack(
    ids: Places, begin: Ints, count: Places, row: Rows, lots: Places, new_begin: Ints, new_count: Places, new_row: Rows,
    new_lots: Places,
) -> None:
    """Copies the lines of some accounts side by side, account by account, all underlyings of one together."""
    at = 0
    for k in range(ids.size):
        a = ids[k]
        for u in range(begin.shape[0]):
            new_begin[u, k], new_count[u, k] = at, count[u, a]
            for line in range(begin[u, a], begin[u, a] + count[u, a]):
                new_row[at], new_lots[at] = row[line], lots[line]
                at += 1


@njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _add_single(
    row: Rows, lots: Places, line: int, last: int, base: int, cube: Singles, pnl: Singles, lot: float
) -> None:
    """Adds quantities times cells in float32, in whatever order: the pad for rounding covers any."""
    while line + 4 <= last:
        a, b = np.float32(lots[line] * lot), np.float32(lots[line + 1] * lot)
        c, d = np.float32(lots[line + 2] * lot), np.float32(lots[line + 3] * lot)
        x, y, z, w = (cube[base + row[line]], cube[base + row[line + 1]], cube[base + row[line + 2]],
                      cube[base + row[line + 3]])
        for s in range(pnl.size):
            pnl[s] += (a * x[s] + b * y[s]) + (c * z[s] + d * w[s])
        line += 4
    while line < last:
        a, x = np.float32(lots[line] * lot), cube[base + row[line]]
        for s in range(pnl.size):
            pnl[s] += a * x[s]
        line += 1


@njit(error_model="numpy")
def _rounding(row: Rows, lots: Places, line: int, last: int, base: int, largest: Floats, lot: float) -> float:
    """The most by which a float32 sum of the lines may be off: (lines + 6) 2^-23 sum |quantity| max |cell|."""
    reach, lines = 0.0, last - line
    for n in range(line, last):
        reach += abs(np.float64(lots[n])) * lot * largest[base + row[n]]
    return (lines + 6) * SINGLE_ROUNDING * reach


@entry(
    read(int32, 1), *LINES, read(int64, 1), read(float32, 3), read(float64, 1), boolean, float64, int64, int64,
    written(float64, 1)
)
def least_over_nodes(
    ids: Places, begin: Ints, count: Places, row: Rows, lots: Places, base: Ints, cubes: Singles, largest: Floats,
    joint: bool, lot: float, first: int, last: int, out: Floats,
) -> None:
    """Writes a lower bound (n) of the worst-of over a box of markets, currency; cubes (nodes,R,S) rounded outward.

    Per underlying the least over its nodes of the worst-of; joint: scenario by scenario the least over its nodes,
    added over underlyings, then the least. largest (R): greatest |cell| of each row.
    """
    underlyings, scenarios = begin.shape[0], cubes.shape[2]
    kept = scenarios if joint else 1
    low = np.empty((TILE, underlyings, kept), np.float32)
    pnl = np.empty(scenarios, np.float32)
    for start in range(first, last, TILE):
        end = min(start + TILE, last)
        low[:] = np.float32(np.inf)
        for u in range(underlyings):
            for node in range(cubes.shape[0]):
                for k in range(start, end):
                    a, mine = ids[k], low[k - start, u]
                    pnl[:] = np.float32(0.0)
                    if count[u, a] > 0:
                        _add_single(row, lots, begin[u, a], begin[u, a] + count[u, a], base[u], cubes[node], pnl, lot)
                    if joint:
                        for s in range(scenarios):
                            mine[s] = min(mine[s], pnl[s])
                    else:
                        least = pnl[0]
                        for s in range(1, scenarios):
                            least = pnl[s] if pnl[s] < least else least
                        mine[0] = min(mine[0], least)
        for k in range(start, end):
            a, pad, least = ids[k], 0.0, np.inf
            for u in range(underlyings):
                pad += _rounding(row, lots, begin[u, a], begin[u, a] + count[u, a], base[u], largest, lot)
            for s in range(kept):
                total = 0.0
                for u in range(underlyings):
                    total += np.float64(low[k - start, u, s])
                least = min(least, total)
            out[k] = least - pad
