"""The loops under hold fused with measure: some accounts against some scenarios at a time, P&L kept only while read.

start (A+1), instrument (L), quantity (L): the lines of account a stand at start[a] to start[a + 1]. cube (I,S).
Each kernel takes the accounts from first to last; its scratch is the caller's. One account's P&L is summed in the
order of its lines, scenario by scenario, without fused or reassociated arithmetic: blocks and threads move no bit.

The tail is found as the scenarios go by. An account keeps up to twice the ``keep`` worst P&L seen, with their
scenarios, in the order of scenarios; past that it is thinned to ``keep``. Ties go to the first scenario.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, int32, int64, njit
from numpy.typing import NDArray

from seawall.kernels.compiled import entry, read, written

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Places = NDArray[np.int32]

LANES = 16  # blocks of scenarios are whole multiples of what a register holds
FEW = 8  # values that are sorted rather than split


def room(keep: int, width: int) -> int:
    """How many P&L an account needs room for while its ``keep`` worst are sought, ``width`` scenarios at a time."""
    return 2 * keep + width + 1


@njit(error_model="numpy")
def nth(x: Any, count: int, place: int, other: Any) -> Any:
    """The value that stands at this place, from 0, when the first ``count`` are sorted; spoils both arrays.

    What is less than a pivot goes to one array and what is more to the other, without a branch to guess wrongly.
    """
    here, there = x, other
    while count > FEW:
        p, q, r = here[count >> 2], here[count >> 1], here[count - 1 - (count >> 2)]
        pivot = max(min(p, q), min(max(p, q), r))
        less, more = 0, 0
        for n in range(count):
            v = here[n]
            there[less] = v
            less += 1 if v < pivot else 0
            here[more] = v
            more += 1 if v > pivot else 0
        if place < less:
            here, there, count = there, here, less
        elif place < count - more:
            return pivot
        else:
            place, count = place - (count - more), more
    for n in range(1, count):
        v, m = here[n], n
        while m > 0 and here[m - 1] > v:
            here[m] = here[m - 1]
            m -= 1
        here[m] = v
    return here[place]


@njit(error_model="numpy")
def thin(values: Any, places: Places, held: int, keep: int, spare: Any) -> Any:
    """Leaves the ``keep`` least, in order, of equals the first; the greatest that stays. spare: (2,) rows as long."""
    for n in range(held):
        spare[0, n] = values[n]
    edge = nth(spare[0], held, keep - 1, spare[1])
    equals, left = keep, 0
    for n in range(held):
        equals -= 1 if values[n] < edge else 0
    for n in range(held):
        v = values[n]
        values[left], places[left] = v, places[n]
        same = 1 if (v == edge) & (equals > 0) else 0
        equals -= same
        left += same + (1 if v < edge else 0)
    return edge


@njit(error_model="numpy")
def offer(
    pnl: Any, count: int, scenario: int, values: Any, places: Places, held: int, edge: Any, keep: int, spare: Any
) -> tuple[int, Any]:
    """Takes in the P&L below the edge of the first ``count`` scenarios from this one; how many are held, and the edge.

    Each is written behind those held, and counts only if it is below the edge.
    """
    for s in range(count):
        v = pnl[s]
        values[held], places[held] = v, scenario + s
        held += 1 if v < edge else 0
    if held > 2 * keep:
        return keep, thin(values, places, held, keep, spare)
    return held, edge


@njit(error_model="numpy")
def _pack(cube: Floats, size: Floats, first: int, count: int, packed: Any) -> None:
    """Some scenarios of every instrument side by side; nothing of those without a finite P&L."""
    for i in range(cube.shape[0]):
        if size[i] < np.inf:
            for s in range(count):
                packed[i, s] = cube[i, first + s]
        else:
            for s in range(count):
                packed[i, s] = 0.0


@njit(error_model="numpy")
def _hold(
    instrument: Places, amount: Any, line: int, last: int, offset: int, packed: Any, pnl: Any, count: int
) -> None:
    """Writes the P&L of the lines; four are added at once, one after the other."""
    for s in range(count):
        pnl[s] = 0.0
    while line + 4 <= last:
        a, b, c, d = (amount[line - offset], amount[line + 1 - offset], amount[line + 2 - offset],
                      amount[line + 3 - offset])
        x, y, z, w = (packed[instrument[line]], packed[instrument[line + 1]], packed[instrument[line + 2]],
                      packed[instrument[line + 3]])
        for s in range(count):
            pnl[s] = pnl[s] + a * x[s] + b * y[s] + c * z[s] + d * w[s]
        line += 4
    while line < last:
        a, x = amount[line - offset], packed[instrument[line]]
        for s in range(count):
            pnl[s] += a * x[s]
        line += 1


@njit(error_model="numpy")
def _least(pnl: Floats, count: int, lanes: Floats) -> float:
    """The least of the first ``count``; side by side first, which compilers may not do with floats by themselves."""
    least = np.inf
    whole = count // 8 * 8
    for lane in range(8):
        lanes[lane] = np.inf
    for s in range(0, whole, 8):
        for lane in range(8):
            v = pnl[s + lane]
            lanes[lane] = v if v < lanes[lane] else lanes[lane]
    for lane in range(8):
        least = min(least, lanes[lane])
    for s in range(whole, count):
        least = min(least, pnl[s])
    return least


@njit(error_model="numpy")
def _gross(instrument: Places, quantity: Floats, size: Floats, line: int, last: int) -> float:
    """Sum of sizes of quantity times the instrument's largest P&L; not finite if some line's P&L is not."""
    total = 0.0
    for n in range(line, last):
        q = quantity[n]
        if q != 0.0:
            total += abs(q) * size[instrument[n]]
    return total


@entry(read(float64, 2), written(float64, 1))
def sizes(cube: Floats, out: Floats) -> None:
    """(I) largest size of each instrument's P&L; infinite where some is not finite."""
    for i in range(cube.shape[0]):
        most, broken = 0.0, 0
        for s in range(cube.shape[1]):
            v = abs(cube[i, s])
            broken += 0 if v < np.inf else 1
            most = v if v > most else most
        out[i] = np.inf if broken else most


@entry(read(int64, 1), read(int32, 1), read(float64, 1), read(float64, 1), written(float64, 1))
def gross(start: Ints, instrument: Places, quantity: Floats, size: Floats, out: Floats) -> None:
    """(A) sum over lines of the size of quantity times its instrument's largest P&L."""
    for a in range(out.size):
        out[a] = _gross(instrument, quantity, size, start[a], start[a + 1])


@entry(
    read(int64, 1), read(int32, 1), read(float64, 1), read(float64, 2), read(float64, 1), int64, int64,
    written(float64, 2), written(float64, 1), written(int32, 1),
)
def worst(
    start: Ints, instrument: Places, quantity: Floats, cube: Floats, size: Floats, first: int, last: int,
    packed: Floats, charge: Floats, at: Places,
) -> None:
    """Writes each account's greatest loss and its scenario, the first of equals; NaN and -1 without a finite P&L."""
    pnl, lanes = np.empty(packed.shape[1]), np.empty(8)
    for a in range(first, last):
        charge[a], at[a] = -np.inf, -1
    for s0 in range(0, cube.shape[1], packed.shape[1]):
        count = min(packed.shape[1], cube.shape[1] - s0)
        _pack(cube, size, s0, count, packed)
        for a in range(first, last):
            _hold(instrument, quantity, start[a], start[a + 1], 0, packed, pnl, count)
            least = _least(pnl, count, lanes)
            if least < -charge[a]:
                s = 0
                while pnl[s] != least:
                    s += 1
                charge[a], at[a] = 0.0 - least, s0 + s
    for a in range(first, last):
        if not _gross(instrument, quantity, size, start[a], start[a + 1]) < np.inf:
            charge[a], at[a] = np.nan, -1


def _collect(
    start: Ints, instrument: Places, quantity: Floats, cube: Floats, size: Floats, first: int, last: int, keep: int,
    packed: Any, values: Any, places: Places,
) -> None:
    """Writes the ``keep`` worst P&L of each account and their scenarios, in the order of scenarios."""
    offset, accounts = start[first], last - first
    pnl, spare = np.empty(packed.shape[1], values.dtype), np.empty((2, values.shape[1]), values.dtype)
    held, edge = np.zeros(accounts, np.int64), np.full(accounts, np.inf, values.dtype)
    amount = np.empty(start[last] - offset, values.dtype)
    for n in range(amount.size):
        amount[n] = quantity[offset + n]
    for s0 in range(0, cube.shape[1], packed.shape[1]):
        count = min(packed.shape[1], cube.shape[1] - s0)
        _pack(cube, size, s0, count, packed)
        for a in range(accounts):
            _hold(instrument, amount, start[first + a], start[first + a + 1], offset, packed, pnl, count)
            held[a], edge[a] = offer(pnl, count, s0, values[a], places[a], held[a], edge[a], keep, spare)
    for a in range(accounts):
        if held[a] > keep:
            thin(values[a], places[a], held[a], keep, spare)


COLLECTED = (read(int64, 1), read(int32, 1), read(float64, 1), read(float64, 2), read(float64, 1), int64, int64, int64)
collect = entry(*COLLECTED, written(float64, 2), written(float64, 2), written(int32, 2))(_collect)
collect_single = entry(*COLLECTED, written(float32, 2), written(float32, 2), written(int32, 2))(_collect)


@njit(error_model="numpy")
def _nth_of(values: Any, keep: int, place: int, spare: Any) -> Any:
    """The value at a place of the first ``keep`` when sorted, and leaves them as they are."""
    for s in range(keep):
        spare[0, s] = values[s]
    return nth(spare[0], keep, place, spare[1])


def _measure(
    values: Any, keep: int, ranks: Ints, masses: Floats, finite: Any, first: int, ranked: Floats, shortfall: Floats
) -> None:
    """Writes losses (A,R) at ranks, from 1, and mean losses (A,M) of the worst masses, for the accounts kept."""
    spare = np.empty((2, keep))
    for n in range(values.shape[0]):
        a = first + n
        if not finite[a] < np.inf:
            ranked[a], shortfall[a] = np.nan, np.nan
            continue
        for r in range(ranks.size):
            ranked[a, r] = 0.0 - _nth_of(values[n], keep, ranks[r] - 1, spare)
        for m in range(masses.size):
            edge = _nth_of(values[n], keep, int(np.ceil(masses[m])) - 1, spare)
            total, less = 0.0, 0
            for s in range(keep):
                v = np.float64(values[n, s])
                if v < edge:
                    total += v
                    less += 1
            shortfall[a, m] = 0.0 - (total + (masses[m] - less) * edge) / masses[m]


MEASURED = (int64, read(int64, 1), read(float64, 1), read(float64, 1), int64, written(float64, 2), written(float64, 2))
measure = entry(read(float64, 2), *MEASURED)(_measure)
measure_single = entry(read(float32, 2), *MEASURED)(_measure)


@entry(
    read(int64, 1), read(int32, 1), read(float64, 1), read(float64, 2), read(float64, 1), int64, int64, int64,
    float64, read(float64, 2), read(int32, 2), written(float64, 1),
)
def components(
    start: Ints, instrument: Places, quantity: Floats, cube: Floats, size: Floats, first: int, last: int, keep: int,
    mass: float, values: Floats, places: Places, part: Floats,
) -> None:
    """Writes what each line (L) contributes to its account's mean loss over the worst ``mass`` scenarios.

    Of equals the first scenarios count; the last that counts does so in part. NaN throughout an account without a
    finite P&L.
    """
    share = np.empty(keep)
    for a in range(first, last):
        n, line, end = a - first, start[a], start[a + 1]
        if not _gross(instrument, quantity, size, line, end) < np.inf:
            part[line:end] = np.nan
            continue
        last_place = 0
        for s in range(keep):
            share[s] = 1.0
            last_place = s if values[n, s] >= values[n, last_place] else last_place
        share[last_place] = mass - (keep - 1)
        for p in range(line, end):
            q, i, total = quantity[p], instrument[p], 0.0
            if q != 0.0:
                for s in range(keep):
                    total += share[s] * cube[i, places[n, s]]
            part[p] = 0.0 - q * total / mass
