"""Bounds of spreads formed in order, of price risk, and of what stands between: floats rounded outward at each step.

Only + - * / and comparisons, never fused, so that bounds have the same bits on every machine. A pair (2,...) holds the
lower bound and the upper one; whatever real deltas and gains lie within those that go in, the exact result lies within
those that come out. Quantities are >= 0 unless said otherwise.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int64, njit
from numpy.typing import NDArray

from seawall.kernels.compiled import entry, read, written

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEP = 2.0**-52  # of a number: at least the distance to its neighbour
SLACK = 2.0**-50  # of all operands of four operations


@njit(inline="always", error_model="numpy")
def _down(x: float) -> float:
    return x - abs(x) * STEP


@njit(inline="always", error_model="numpy")
def _up(x: float) -> float:
    return x + abs(x) * STEP


@entry(
    written(float64, 2), written(float64, 2), read(int64, 1), read(int64, 1), read(float64, 1), read(int64, 1),
    written(float64, 2), written(float64, 2),
)
def form_spreads_between(
    long: Floats, short: Floats, leg_row: Ints, leg_side: Ints, leg_ratio: Floats, first: Ints, formed: Floats,
    used: Floats,
) -> None:
    """Adds bounds of spreads formed (2,K) and deltas used by leg (2,L); leaves those left in long and short (2,N).

    Legs as ``spreads.form_spreads`` has them.
    """
    for k in range(first.size - 1):
        for way in (1, -1):
            least, most, second = np.inf, np.inf, np.inf
            for leg in range(first[k], first[k + 1]):
                stands = long if way * leg_side[leg] > 0 else short
                low = max(_down(stands[0, leg_row[leg]] / leg_ratio[leg]), 0.0)
                # The two least lower bounds: a leg below all the others' is the scarcest for certain.
                second = min(second, max(low, least))
                least = min(least, low)
                most = min(most, _up(stands[1, leg_row[leg]] / leg_ratio[leg]))
            if most <= 0.0 or most == np.inf:
                continue
            formed[0, k], formed[1, k] = _down(formed[0, k] + least), _up(formed[1, k] + most)
            for leg in range(first[k], first[k + 1]):
                stands, n, ratio = long if way * leg_side[leg] > 0 else short, leg_row[leg], leg_ratio[leg]
                low = max(_down(stands[0, n] / ratio), 0.0)
                others = second if low == least else least
                scarcest = _up(stands[1, n] / ratio) <= others
                fewest, all_of_it = max(_down(least * ratio), 0.0), min(_up(most * ratio), stands[1, n])
                used[0, leg] = _down(used[0, leg] + (stands[0, n] if scarcest else fewest))
                used[1, leg] = _up(used[1, leg] + (stands[1, n] if scarcest else all_of_it))
                stands[0, n] = 0.0 if scarcest else max(_down(stands[0, n] - all_of_it), 0.0)
                stands[1, n] = 0.0 if scarcest else max(_up(stands[1, n] - fewest), 0.0)


@entry(read(int64, 2), read(int64, 2), read(int64, 1), read(int64, 1), boolean, int64, written(float64, 2))
def price_risk_between(
    lower: Ints, upper: Ints, partner: Ints, unmoved: Ints, floor: bool, not_counted: int, out: Floats
) -> None:
    """Writes bounds (2,N) of the price risk of rows whose gains lie within bounds (N,S), in ticks.

    Every scenario that may bind is asked; floor: a row that gains everywhere has none that binds.
    """
    for n in range(lower.shape[0]):
        least, most, later = not_counted, not_counted, 0.0
        later_most = 0.0
        for s in range(lower.shape[1]):
            least, most = min(least, lower[n, s]), min(most, upper[n, s])
        for u in range(unmoved.size):
            later -= np.float64(upper[n, unmoved[u]]) / unmoved.size
            later_most -= np.float64(lower[n, unmoved[u]]) / unmoved.size
        low, high = np.inf, 0.0
        for s in range(lower.shape[1]):
            if lower[n, s] > most or lower[n, s] >= not_counted:
                continue
            p = partner[s]
            paired = -0.5 * (np.float64(upper[n, s]) + np.float64(upper[n, p]))
            paired_most = -0.5 * (np.float64(lower[n, s]) + np.float64(lower[n, p]))
            slack = SLACK * (abs(paired) + abs(paired_most) + (1 + unmoved.size) * (abs(later) + abs(later_most)))
            low = min(low, max(paired - later_most - slack, 0.0))
            high = max(high, paired_most - later + slack)
        none = least >= not_counted or (floor and least >= 0)
        out[0, n] = 0.0 if none or low == np.inf or (floor and most >= 0) else low
        out[1, n] = 0.0 if none else high
