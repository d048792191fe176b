"""Hold in integers, finely: quantities times grids far finer than a tick, rounded to ticks once, after the sum.

A grid cell is worth so little per lot that rounding it to ticks would lose up to a tick for every one of a billion
lots. So cells are in FINE parts of a tick, and a row's sum is kept as two int64: whole ticks, and the rest.
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit
from numpy.typing import NDArray

from seawall.errors import ModelError
from seawall.kernels.compiled import entry, read, written

Ints = NDArray[np.int64]

BITS = 20
FINE = 1 << BITS
LIMIT = 2**61
FAULTS = ("", "a line's instrument or row does not exist; wanted 0 to below their number",
          "a row could pass 2^61 ticks; use larger ticks or lots", "grids, sizes and lines do not fit each other")


def cell_sizes(low: Ints) -> Ints:
    """(I) the largest size of any cell of each instrument's grid (I,S), in whole ticks rounded up."""
    return np.asarray((np.maximum(low.max(axis=1, initial=0), -low.min(axis=1, initial=0)) >> BITS) + 1)


def hold_fine(
    lots: Ints, instrument: Ints, row: Ints, rows: int, low: Ints, width: Ints, sizes: Ints
) -> tuple[Ints, Ints]:
    """(N,S) bounds in ticks of each row's sum of lots times cells, in FINE parts: from low (I,S) to low + width (I).

    Longs take the low end of a cell for the lower bound, shorts the high one. sizes (I): ``cell_sizes``. Raises
    ModelError if a row could reach 2^61 ticks, or a line names an instrument or a row that does not exist.
    """
    out = np.zeros((2, rows, low.shape[1]), np.int64)
    fault = _hold(lots, instrument, row, low, width, sizes, out)
    if fault:
        raise ModelError(FAULTS[fault])
    return out[0], out[1]


def round_fine(fine: Ints, row_of_sum: Ints, rows: int, ends: Ints) -> tuple[Ints, Ints]:
    """(N,S) bounds in ticks of rows that are made of sums (2,A,S) of low ends: whole ticks, and FINE parts.

    row_of_sum (A): the row of each sum, -1 of none. ends (2,N): ``ends_of``.
    """
    out = np.zeros((2, rows, fine.shape[2]), np.int64)
    _round(fine, row_of_sum, ends, out)
    return out[0], out[1]


def ends_of(lots: Ints, instrument: Ints, row: Ints, rows: int, width: Ints, sizes: Ints) -> Ints:
    """(2,N) what shorts take from a row's sum of low ends and longs add to it, in FINE parts.

    Raises ModelError as ``hold_fine`` does: the sums themselves are not checked.
    """
    out = np.zeros((2, rows), np.int64)
    fault = _ends(lots, instrument, row, width, sizes, out)
    if fault:
        raise ModelError(FAULTS[fault])
    return out


@entry(read(int64, 1), read(int64, 1), read(int64, 1), read(int64, 2), written(int64, 3))
def add_fine(lots: Ints, instrument: Ints, place: Ints, low: Ints, fine: Ints) -> None:
    """Adds lots times low ends (I,S) to sums (2,A,S): whole ticks, and FINE parts."""
    for line in range(lots.size):
        q, i = lots[line], instrument[line]
        whole, part = fine[0, place[line]], fine[1, place[line]]
        if q != 0:
            for s in range(low.shape[1]):
                whole[s] += q * (low[i, s] >> BITS)
                part[s] += q * (low[i, s] & (FINE - 1))


@entry(read(int64, 3), read(int64, 1), read(int64, 2), written(int64, 3))
def _round(fine: Ints, row_of_sum: Ints, ends: Ints, out: Ints) -> None:
    for a in range(row_of_sum.size):
        r = row_of_sum[a]
        if r < 0:
            continue
        whole, part = out[0, r], out[1, r]
        for s in range(fine.shape[2]):
            whole[s] += fine[0, a, s]
            part[s] += fine[1, a, s]
    for r in range(out.shape[1]):
        below, above = ends[0, r], ends[1, r]
        for s in range(out.shape[2]):
            whole_ticks, rest = out[0, r, s], out[1, r, s]
            out[0, r, s] = whole_ticks + ((rest + below) >> BITS)
            out[1, r, s] = whole_ticks - ((-(rest + above)) >> BITS)


@entry(read(int64, 1), read(int64, 1), read(int64, 1), read(int64, 1), read(int64, 1), written(int64, 2))
def _ends(lots: Ints, instrument: Ints, row: Ints, width: Ints, sizes: Ints, out: Ints) -> int:
    if not (all_below(instrument, lots.size, min(width.size, sizes.size)) and all_below(row, lots.size, out.shape[1])):
        return 1
    reach = np.zeros(out.shape[1] + 1)
    for line in range(lots.size):
        q, i, r = lots[line], instrument[line], row[line]
        reach[r] += abs(np.float64(q)) * max(np.float64(sizes[i]) + 1.0, np.float64(FINE) * (1 + width[i]))
        if reach[r] >= LIMIT:
            return 2
        out[1 if q > 0 else 0, r] += q * width[i]
    return 0


@njit(error_model="numpy")
def size_of(x: Ints) -> float:
    """Largest size in an array."""
    low, high = 0, 0
    for v in x.flat:
        low, high = min(low, int(v)), max(high, int(v))
    return max(float(high), -float(low))


@njit(error_model="numpy")
def all_below(places: Ints, count: int, limit: int) -> bool:
    """Whether there are so many places, and the first of them are from 0 to below the limit."""
    fits = places.size >= count
    for n in range(count if fits else 0):
        fits &= (places[n] >= 0) & (places[n] < limit)
    return bool(fits)


@entry(
    read(int64, 1), read(int64, 1), read(int64, 1), read(int64, 2), read(int64, 1), read(int64, 1), written(int64, 3)
)
def _hold(lots: Ints, instrument: Ints, row: Ints, low: Ints, width: Ints, sizes: Ints, out: Ints) -> int:
    """Fills the bounds; the number of a fault, or 0."""
    rows, scenarios = out.shape[1], low.shape[1]
    if sizes.size != low.shape[0] or width.size != low.shape[0]:
        return 3
    if not (all_below(instrument, lots.size, low.shape[0]) and all_below(row, lots.size, rows)):
        return 1
    rest = np.zeros((rows, scenarios), np.int64)
    # Below and above the sum of low ends: what shorts and longs add in FINE parts.
    reach, below, above = np.zeros(rows + 1), np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64)
    for line in range(lots.size):
        i, r = instrument[line], row[line]
        reach[r] += abs(np.float64(lots[line])) * max(np.float64(sizes[i]) + 1.0, np.float64(FINE) * (1 + width[i]))
    if reach.max() >= LIMIT:
        return 2
    for line in range(lots.size):
        q, i, r = lots[line], instrument[line], row[line]
        if q == 0:
            continue
        if q > 0:
            above[r] += q * width[i]
        else:
            below[r] += q * width[i]
        whole, part = out[0, r], rest[r]
        for s in range(scenarios):
            cell = low[i, s]
            whole[s] += q * (cell >> BITS)
            part[s] += q * (cell & (FINE - 1))
    for r in range(rows):
        for s in range(scenarios):
            whole_ticks = out[0, r, s]
            out[0, r, s] = whole_ticks + ((rest[r, s] + below[r]) >> BITS)
            out[1, r, s] = whole_ticks - ((-(rest[r, s] + above[r])) >> BITS)
    return 0
