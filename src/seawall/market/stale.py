"""Which quotes do not say where volatility is now? Those too wide, untraded marks, those that contradict others.

Crossed and one-sided quotes are dropped before. A quote is stale if its bid and ask lie more than two volatility points
apart, so that its middle is not known to within one; if it is a mark without bid and ask on a day without trade; if it
is in the money and its band lies half a point or more off the band of the other side of its strike, which trades more;
or if it lies a point or more off what the strikes on either side of it, interpolated, allow.
"""

from __future__ import annotations

import numpy as np

from seawall.kernels.implied import Reason
from seawall.market.quotes import Volatilities
from seawall.model.arrays import Bools, Floats
from seawall.model.quotes import OptionQuotes

WIDEST = 0.02
OFF_THE_OTHER_SIDE = 0.005
OFF_THE_NEIGHBOURS = 0.01


def stale_quotes(quotes: OptionQuotes, vols: Volatilities) -> Bools:
    """Which quotes (Q,) of one expiry are stale."""
    untraded = np.isnan(quotes.bid) & np.isnan(quotes.ask) & ~(quotes.volume > 0)
    wide = untraded | (vols.reason != Reason.OK) | ~(vols.bid > 0) | (vols.ask - vols.bid > WIDEST)
    outer = np.where(quotes.is_call, vols.k >= 0, vols.k < 0)
    stale = wide | (_off_the_other_side(quotes, vols, outer, wide) & ~outer)
    for side in (outer, ~outer):
        rows = np.flatnonzero(side & ~stale)
        stale[rows[_off_the_neighbours(vols, rows)]] = True
    return np.asarray(stale)


def _off_the_other_side(quotes: OptionQuotes, vols: Volatilities, outer: Bools, wide: Bools) -> Bools:
    other = {float(quotes.strike[r]): r for r in np.flatnonzero(outer & ~wide)}
    off = np.zeros(len(quotes), dtype=bool)
    for row in np.flatnonzero(~outer & ~wide):
        twin = other.get(float(quotes.strike[row]))
        if twin is not None:
            apart = max(vols.bid[row] - vols.ask[twin], vols.bid[twin] - vols.ask[row])
            off[row] = apart > OFF_THE_OTHER_SIDE
    return off


def _off_the_neighbours(vols: Volatilities, rows: np.ndarray) -> np.ndarray:
    """Places among the rows whose band misses the line between the strikes beside, by more than both half-widths."""
    if len(rows) < 3:
        return np.empty(0, dtype=np.int64)
    order = np.argsort(vols.k[rows], kind="stable")
    k, bid, ask = vols.k[rows][order], vols.bid[rows][order], vols.ask[rows][order]
    middle, half = (bid + ask) / 2, (ask - bid) / 2
    line = middle[:-2] + (middle[2:] - middle[:-2]) * _share(k)
    slack = half[1:-1] + np.maximum(half[:-2], half[2:]) + OFF_THE_NEIGHBOURS
    return np.asarray(order[1:-1][np.abs(middle[1:-1] - line) > slack])


def _share(k: Floats) -> Floats:
    """Where each inner point lies between the two beside it."""
    width = k[2:] - k[:-2]
    return np.asarray(np.where(width > 0, (k[1:-1] - k[:-2]) / np.where(width > 0, width, 1.0), 0.5))
