"""The loops under exact hold fused with measure: int32 cells times int32 lots, summed in int64.

cells (P,I,S): whole ticks per lot, and where P is 2 the rest in 2^-20 of a tick. They are the low ends of what each
lot is worth, which lies up to width (I) above, in the finer of the two units. bound: 0 sums the lower bound of P&L,
longs at the low ends and shorts at the high ones; 1 the upper one.
No sum overflows: whoever calls has bounded it. Integers add to the same in any order.
"""

from __future__ import annotations

import numpy as np
from numba import int32, int64, njit
from numpy.typing import NDArray

from seawall.kernels.compiled import entry, read, written
from seawall.kernels.hold_exact import BITS
from seawall.kernels.hold_measure_loops import nth, offer, thin

Ints = NDArray[np.int64]
Places = NDArray[np.int32]

MOST = 2**63 - 1


@njit(error_model="numpy")
def _pack(cells: Places, first: int, count: int, packed: Places) -> None:
    """Some scenarios of every instrument side by side."""
    for plane in range(cells.shape[0]):
        for i in range(cells.shape[1]):
            for s in range(count):
                packed[plane, i, s] = cells[plane, i, first + s]


@njit(error_model="numpy")
def _tilts(start: Ints, instrument: Places, lots: Places, width: Ints, bound: int, first: int, last: int) -> Ints:
    """What the high ends add to each account's P&L: of shorts for its lower bound, of longs for its upper one."""
    out = np.zeros(last - first, np.int64)
    for a in range(first, last):
        for n in range(start[a], start[a + 1]):
            q = np.int64(lots[n])
            out[a - first] += (min(q, 0) if bound == 0 else max(q, 0)) * width[instrument[n]]
    return out


@njit(error_model="numpy")
def _add(
    instrument: Places, lots: Places, line: int, last: int, packed: Places, tilt: int, pnl: Ints, count: int
) -> None:
    """Writes the sum of lots times cells and the tilt; four lines are added at once."""
    for s in range(count):
        pnl[s] = tilt
    while line + 4 <= last:
        a, b, c, d = np.int64(lots[line]), np.int64(lots[line + 1]), np.int64(lots[line + 2]), np.int64(lots[line + 3])
        x, y, z, w = (packed[instrument[line]], packed[instrument[line + 1]], packed[instrument[line + 2]],
                      packed[instrument[line + 3]])
        for s in range(count):
            pnl[s] += a * np.int64(x[s]) + b * np.int64(y[s]) + c * np.int64(z[s]) + d * np.int64(w[s])
        line += 4
    while line < last:
        a, x = np.int64(lots[line]), packed[instrument[line]]
        for s in range(count):
            pnl[s] += a * np.int64(x[s])
        line += 1


@njit(error_model="numpy")
def _hold(
    instrument: Places, lots: Places, line: int, last: int, packed: Places, tilt: int, bound: int, pnl: Ints,
    rest: Ints, count: int,
) -> None:
    """Writes one bound of the P&L of the lines in ticks; parts of a tick are rounded outward once, after the sum."""
    if packed.shape[0] == 1:
        _add(instrument, lots, line, last, packed[0], tilt, pnl, count)
        return
    _add(instrument, lots, line, last, packed[0], 0, pnl, count)
    _add(instrument, lots, line, last, packed[1], tilt, rest, count)
    if bound == 0:
        for s in range(count):
            pnl[s] += rest[s] >> BITS
    else:
        for s in range(count):
            pnl[s] -= -rest[s] >> BITS


@entry(read(int64, 1), read(int32, 1), read(int32, 1), read(int64, 1))
def reach(start: Ints, instrument: Places, lots: Places, size: Ints) -> float:
    """The largest sum, over the lines of one account, of the size of lots times the instrument's largest cell."""
    most = 0.0
    for a in range(start.size - 1):
        total = 0.0
        for n in range(start[a], start[a + 1]):
            total += abs(np.float64(lots[n])) * np.float64(size[instrument[n]])
        most = max(most, total)
    return most


@entry(
    read(int64, 1), read(int32, 1), read(int32, 1), read(int32, 3), read(int64, 1), int64, int64, int64,
    written(int32, 3), written(int64, 1), written(int32, 1),
)
def worst(
    start: Ints, instrument: Places, lots: Places, cells: Places, width: Ints, bound: int, first: int, last: int,
    packed: Places, charge: Ints, at: Places,
) -> None:
    """Writes each account's greatest loss in ticks and its scenario, the first of equals."""
    block, scenarios = packed.shape[2], cells.shape[2]
    pnl, rest = np.empty(block, np.int64), np.empty(block, np.int64)
    for a in range(first, last):
        charge[a], at[a] = -MOST, -1
    tilt = _tilts(start, instrument, lots, width, bound, first, last)
    for s0 in range(0, scenarios, block):
        count = min(block, scenarios - s0)
        _pack(cells, s0, count, packed)
        for a in range(first, last):
            _hold(instrument, lots, start[a], start[a + 1], packed, tilt[a - first], bound, pnl, rest, count)
            least = pnl[0]
            for s in range(1, count):
                least = min(least, pnl[s])
            if -least > charge[a]:
                s = 0
                while pnl[s] != least:
                    s += 1
                charge[a], at[a] = -least, s0 + s


@entry(
    read(int64, 1), read(int32, 1), read(int32, 1), read(int32, 3), read(int64, 1), int64, int64, int64, int64,
    written(int32, 3), written(int64, 2), written(int32, 2),
)
def collect(
    start: Ints, instrument: Places, lots: Places, cells: Places, width: Ints, bound: int, first: int, last: int,
    keep: int, packed: Places, values: Ints, places: Places,
) -> None:
    """Writes the ``keep`` worst P&L of each account in ticks and their scenarios, in the order of scenarios."""
    block, scenarios, accounts = packed.shape[2], cells.shape[2], last - first
    pnl, rest, spare = np.empty(block, np.int64), np.empty(block, np.int64), np.empty((2, values.shape[1]), np.int64)
    held, edge = np.zeros(accounts, np.int64), np.full(accounts, MOST)
    tilt = _tilts(start, instrument, lots, width, bound, first, last)
    for s0 in range(0, scenarios, block):
        count = min(block, scenarios - s0)
        _pack(cells, s0, count, packed)
        for a in range(accounts):
            _hold(instrument, lots, start[first + a], start[first + a + 1], packed, tilt[a], bound, pnl, rest, count)
            held[a], edge[a] = offer(pnl, count, s0, values[a], places[a], held[a], edge[a], keep, spare)
    for a in range(accounts):
        if held[a] > keep:
            thin(values[a], places[a], held[a], keep, spare)


@entry(read(int64, 2), int64, read(int64, 1), read(int64, 2), int64, int64, written(int64, 2), written(int64, 2))
def measure(
    values: Ints, keep: int, ranks: Ints, masses: Ints, up: int, first: int, ranked: Ints, shortfall: Ints
) -> None:
    """Writes losses (A,R) at ranks, from 1, and mean losses (A,M) of the worst masses (M,2), rounded up or down.

    masses: numerator, denominator. up: 1 rounds losses up.
    """
    spare = np.empty((2, keep), np.int64)
    for n in range(values.shape[0]):
        a = first + n
        for r in range(ranks.size):
            spare[0] = values[n, :keep]
            ranked[a, r] = -nth(spare[0], keep, ranks[r] - 1, spare[1])
        for m in range(masses.shape[0]):
            mass, divisor = masses[m, 0], masses[m, 1]
            spare[0] = values[n, :keep]
            edge = nth(spare[0], keep, (mass + divisor - 1) // divisor - 1, spare[1])
            total, less = 0, 0
            for s in range(keep):
                v = values[n, s]
                if v < edge:
                    total += v
                    less += 1
            whole = divisor * total + (mass - less * divisor) * edge
            shortfall[a, m] = -(whole // mass) if up else (-whole) // mass
