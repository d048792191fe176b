"""What is the forward of each expiry? From futures where they trade, else from put-call parity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.model.arrays import Floats
from seawall.model.quotes import FuturesQuotes, OptionQuotes


class Forward(NamedTuple):
    """forward in currency, discount to expiry, how they were found, and from how many pairs."""

    forward: float
    discount: float
    source: str
    pairs: int


def future_price(futures: FuturesQuotes, underlying: str, expiry: np.datetime64) -> float:
    """Mid of the dated future where two-sided, else its mark, else NaN."""
    rows = np.flatnonzero((futures.underlying == underlying) & (futures.expiry == expiry))
    return _price(futures, int(rows[0])) if len(rows) else float("nan")


def perpetuals(futures: FuturesQuotes) -> list[tuple[str, str, float, float]]:
    """instrument_id, underlying, price, funding (0 where not told) of each perpetual with a price."""
    found = []
    for row in np.flatnonzero(np.isnat(futures.expiry)):
        price, funding = _price(futures, int(row)), float(futures.funding[row])
        if np.isfinite(price):
            name, underlying = str(futures.instrument_id[row]), str(futures.underlying[row])
            found.append((name, underlying, price, funding if np.isfinite(funding) else 0.0))
    return found


def parity_forward(quotes: OptionQuotes, spot: float, coin_settled: bool) -> Forward | None:
    """From call less put at common strikes, weighted by tightness, outliers dropped twice; None below one pair.

    Coin-settled premiums: (C - P) = 1 - K / F, no discount. Otherwise C - P = D (F - K), a line in the strike, fitted
    from three pairs on; below that the discount is taken as one.
    """
    strikes, gap, width = _pairs(quotes)
    if not len(strikes):
        return None
    near = np.abs(np.log(strikes / spot)) < max(0.1, float(np.sort(np.abs(np.log(strikes / spot)))[: 8][-1]))
    strikes, gap, width = strikes[near], gap[near], width[near]
    if coin_settled:
        forward = float(_weighted_median(strikes / (1 - gap), 1 / width))
        return Forward(forward, 1.0, "put-call parity", len(strikes))
    if len(strikes) < 3:
        return Forward(float(np.average(gap + strikes, weights=1 / width)), 1.0, "put-call parity", len(strikes))
    discount, intercept = _robust_line(strikes, gap, width)
    return Forward(intercept / discount, discount, "put-call parity", len(strikes))


def _robust_line(strikes: Floats, gap: Floats, width: Floats) -> tuple[float, float]:
    """Slope (negated) and intercept of gap on strike, refitted without the widest misses."""
    keep = np.ones(len(strikes), dtype=bool)
    slope, intercept = -1.0, 0.0
    for _ in range(3):
        slope, intercept = np.polyfit(strikes[keep], gap[keep], 1, w=1 / width[keep])
        miss = np.abs(gap - intercept - slope * strikes) / width
        keep = miss <= max(3 * float(np.median(miss)), 1.0)
    return float(-slope), float(intercept)


def _pairs(quotes: OptionQuotes) -> tuple[Floats, Floats, Floats]:
    two_sided = (quotes.bid > 0) & (quotes.ask >= quotes.bid)
    calls = {float(quotes.strike[r]): r for r in np.flatnonzero(two_sided & quotes.is_call)}
    puts = {float(quotes.strike[r]): r for r in np.flatnonzero(two_sided & ~quotes.is_call)}
    strikes = sorted(set(calls) & set(puts))
    mid, spread = (quotes.bid + quotes.ask) / 2, quotes.ask - quotes.bid
    gap = np.array([mid[calls[k]] - mid[puts[k]] for k in strikes])
    width = np.array([spread[calls[k]] + spread[puts[k]] for k in strikes])
    floor = float(np.median(width)) * 0.05 + 1e-12 if len(width) else 0.0
    return np.array(strikes), gap, np.maximum(width, floor)


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _price(futures: FuturesQuotes, row: int) -> float:
    bid, ask = float(futures.bid[row]), float(futures.ask[row])
    if bid > 0 and ask >= bid:
        return (bid + ask) / 2
    return float(futures.mark[row])
