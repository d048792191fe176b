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
