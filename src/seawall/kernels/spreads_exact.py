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
from seawall.kernels.hold_exact import LIMIT

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


@njit(inline="always", error_model="numpy")
def _times(low: float, high: float, rate: float) -> tuple[float, float]:
    """Bounds of an amount between two times a rate of either sign."""
    return _down(min(low * rate, high * rate)), _up(max(low * rate, high * rate))


@njit(error_model="numpy")
def _form(
    long: Floats, short: Floats, leg_row: Ints, leg_side: Ints, leg_ratio: Floats, first: Ints, formed: Floats,
    used: Floats,
) -> None:
    """Adds bounds of spreads formed (2,K) and deltas used by leg (2,L); leaves those left in long and short (2,N)."""
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


@njit(error_model="numpy")
def _standing(period_low: Ints, period_high: Ints, net_of_period: Ints, sign: int, out: Floats, unit: float) -> bool:
    """Writes bounds (2,N) of the deltas that stand on one side; whether they are below 2^61 parts."""
    whole = np.zeros(out.shape, np.int64)
    for p in range(period_low.size):
        low, high = sign * period_low[p], sign * period_high[p]
        n = net_of_period[p]
        whole[0, n] += max(min(low, high), 0)
        whole[1, n] += max(max(low, high), 0)
        if whole[1, n] >= LIMIT:
            return False
    for n in range(out.shape[1]):
        out[0, n], out[1, n] = _down(np.float64(whole[0, n]) * unit), _up(np.float64(whole[1, n]) * unit)
    return True


@njit(inline="always", error_model="numpy")
def _add(low: float, high: float, row: int, reach: Floats, out: Ints) -> bool:
    """Adds ticks to a row, rounded outward; whether they are below 2^61."""
    reach[row] += max(abs(low), abs(high)) + 1.0
    if not reach[row] < LIMIT:
        return False
    out[0, row] += np.int64(np.floor(low))
    out[1, row] += np.int64(np.ceil(high))
    return True


@njit(inline="always", error_model="numpy")
def _share(low: float, high: float, net_low: float, net_high: float, single: bool) -> tuple[float, float]:
    """Bounds of deltas used over the net delta they are part of; infinite where that may be nothing."""
    least, most = max(net_low, -net_high, 0.0), max(abs(net_low), abs(net_high))
    share = _down(low / most) if most > 0.0 else 0.0
    share_most = _up(high / least) if least > 0.0 else (np.inf if high > 0.0 else 0.0)
    return (min(share, 1.0), min(share_most, 1.0)) if single else (share, share_most)


@entry(
    read(int64, 1), read(int64, 1), read(int64, 1), read(int64, 1), float64, read(int64, 1), read(int64, 1),
    read(float64, 1), read(int64, 1), read(float64, 1), read(float64, 1), read(float64, 1), read(float64, 2), boolean,
    float64, written(int64, 2),
)
def charge_spreads_between(
    period_low: Ints, period_high: Ints, net_of_period: Ints, up: Ints, unit: float, leg_row: Ints, leg_side: Ints,
    leg_ratio: Floats, first: Ints, leg_rate: Floats, used_rate: Floats, left_rate: Floats, risk: Floats,
    single: bool, per_unit: float, out: Ints,
) -> int:
    """Adds bounds (2,R) in ticks, loss > 0; 0, or 1 past 2^61, or 2 for a credit without a bound.

    period (P): net deltas in parts of ``unit``. up (N): row of each net row. Legs as ``spreads.form_spreads`` has them.
    leg_rate (L), used_rate (L), left_rate (N): currency. risk (2,R): price risk in ticks that credits are a share of,
    or of no rows: then spreads are charged. single: each row is one net row. per_unit: ticks of one currency.
    """
    long, short = np.zeros((2, up.size)), np.zeros((2, up.size))
    if not (_standing(period_low, period_high, net_of_period, 1, long, unit)
            and _standing(period_low, period_high, net_of_period, -1, short, unit)):
        return 1
    net, reach = np.zeros((2, out.shape[1])), np.zeros(out.shape[1])
    for n in range(up.size):
        net[0, up[n]] = _down(net[0, up[n]] + _down(long[0, n] - short[1, n]))
        net[1, up[n]] = _up(net[1, up[n]] + _up(long[1, n] - short[0, n]))
    formed, used = np.zeros((2, first.size - 1)), np.zeros((2, leg_row.size))
    _form(long, short, leg_row, leg_side, leg_ratio, first, formed, used)
    for k in range(first.size - 1):
        for leg in range(first[k], first[k + 1]):
            row = up[leg_row[leg]]
            low, high = _times(used[0, leg], used[1, leg], used_rate[leg])
            if risk.shape[1] == 0:
                # A spread's charge is its legs' in equal parts.
                rate = leg_rate[first[k]] / (first[k + 1] - first[k])
                more, most = _times(formed[0, k], formed[1, k], rate)
                low, high = _down(low + _down(more)), _up(high + _up(most))
            low, high = _times(_down(low), _up(high), per_unit)
            if risk.shape[1] > 0:
                part, part_most = _share(used[0, leg], used[1, leg], net[0, row], net[1, row], single)
                if part_most == np.inf:
                    return 2
                credit, most = _times(_down(part * risk[0, row]), _up(part_most * risk[1, row]), leg_rate[leg])
                low, high = _down(low - most), _up(high - credit)
            if not _add(low, high, row, reach, out):
                return 1
    for n in range(up.size):
        low, high = _times(_down(long[0, n] + short[0, n]), _up(long[1, n] + short[1, n]), left_rate[n])
        low, high = _times(_down(low), _up(high), per_unit)
        if not _add(low, high, up[n], reach, out):
            return 1
    return 0


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
