"""Spreads formed in order of priority from the deltas that earlier ones left, and what they charge or credit.

Rows are tiers of one combined commodity (between months) or commodities (between products). Spread k has the legs
first[k] to first[k + 1]; a leg takes ``leg_ratio`` deltas of ``leg_row`` a spread, on side +1 or -1. A spread is formed
with its +1 legs long and its -1 legs short, then the other way round, each as often as its scarcest leg allows.
Within one spread no two legs may share row and side; ratios are positive: whoever builds legs checks it.

Source: the public description of SPAN (scanning risk, spread charges and credits).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def long_and_short(delta: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Net deltas (N) as what stands long and what stands short, both >= 0, of the same type."""
    return np.maximum(delta, 0), np.maximum(-delta, 0)


@njit(cache=True, nogil=True, error_model="numpy")
def form_spreads(
    long: Floats, short: Floats, leg_row: Ints, leg_side: Ints, leg_ratio: Floats, first: Ints
) -> tuple[Floats, Floats, Floats, Floats]:
    """Spreads formed (K), deltas used by leg (L), long and short deltas left (N), all >= 0.

    long, short (N): deltas standing on either side; a tier can have both. NaN stays NaN.
    """
    long_left, short_left = long.copy(), short.copy()
    formed, used = np.zeros(first.size - 1), np.zeros(leg_row.size)
    for k in range(first.size - 1):
        for way in (1, -1):
            count = np.inf
            for leg in range(first[k], first[k + 1]):
                stands = long_left if way * leg_side[leg] > 0 else short_left
                could = stands[leg_row[leg]] / leg_ratio[leg]
                if could < count or could != could:
                    count = could
            if count <= 0.0 or count == np.inf:
                continue
            formed[k] += count
            for leg in range(first[k], first[k + 1]):
                stands = long_left if way * leg_side[leg] > 0 else short_left
                have = stands[leg_row[leg]]
                # The scarcest leg ends at nothing, not at a rounding that a later spread would feed on.
                taken = have if have / leg_ratio[leg] == count else min(count * leg_ratio[leg], have)
                stands[leg_row[leg]] = have - taken
                used[leg] += taken
    return formed, used, long_left, short_left


@njit(cache=True, nogil=True)
def form_spreads_exact(
    long: Ints, short: Ints, leg_row: Ints, leg_side: Ints, leg_ratio: Ints, first: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """The same in integer ticks of delta: whole ticks of spreads, rounded down, so no leg is used beyond what stands.

    Against real numbers each step leaves less than its ratio of ticks unused, which later spreads may take.
    """
    long_left, short_left = long.copy(), short.copy()
    formed, used = np.zeros(first.size - 1, dtype=np.int64), np.zeros(leg_row.size, dtype=np.int64)
    for k in range(first.size - 1):
        if first[k] == first[k + 1]:
            continue
        for way in (1, -1):
            count = np.int64(np.iinfo(np.int64).max)
            for leg in range(first[k], first[k + 1]):
                stands = long_left if way * leg_side[leg] > 0 else short_left
                count = min(count, stands[leg_row[leg]] // leg_ratio[leg])
            formed[k] += count
            for leg in range(first[k], first[k + 1]):
                stands = long_left if way * leg_side[leg] > 0 else short_left
                taken = count * leg_ratio[leg]
                stands[leg_row[leg]] -= taken
                used[leg] += taken
    return formed, used, long_left, short_left


@njit(cache=True, nogil=True, error_model="numpy")
def price_risk(pnl: Floats, active: Ints, partner: Ints, unmoved: Ints) -> tuple[Floats, Floats, Floats]:
    """Scan risk (N) in its three parts: price, volatility and time, loss > 0.

    pnl (N,S): gain > 0. active (N): the scenario that binds, -1 if none. partner (S): the scenario of the same price
    move and the opposite volatility move, itself if there is none. unmoved (U): scenarios without a price move.
    Volatility risk is the active loss less its mean with the partner's, time risk the mean loss of the unmoved; price
    risk is what remains, at least 0.
    """
    price, volatility, time = np.zeros(active.size), np.zeros(active.size), np.zeros(active.size)
    for n in range(active.size):
        a = active[n]
        if a < 0:
            continue
        scan = max(-pnl[n, a], 0.0)
        paired = -0.5 * (pnl[n, a] + pnl[n, partner[a]])
        for u in range(unmoved.size):
            time[n] -= pnl[n, unmoved[u]] / unmoved.size
        volatility[n] = scan - paired
        price[n] = max(paired - time[n], 0.0)
    return price, volatility, time


@njit(cache=True, nogil=True, error_model="numpy")
def weighted_price_risk(price: Floats, delta: Floats) -> Floats:
    """Price risk (N) for each delta that stands net, 0 where none does."""
    out = np.zeros(price.size)
    for n in range(price.size):
        if delta[n] != 0.0:
            out[n] = price[n] / abs(delta[n])
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def spread_credits(used: Floats, rate: Floats, leg_row: Ints, risk_per_delta: Floats, rows: int) -> Floats:
    """Credit by row (N): the sum over its legs of rate times deltas used times price risk a delta."""
    out = np.zeros(rows)
    for leg in range(used.size):
        out[leg_row[leg]] += rate[leg] * used[leg] * risk_per_delta[leg_row[leg]]
    return out
