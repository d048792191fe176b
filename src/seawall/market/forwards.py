"""What is the forward of each expiry? From futures where they trade, else put-call parity, else what the venue says.

Rows of a snapshot are polled one after the other while spot moves. The forward is therefore sought as a basis over
spot, each row against its own index, and given back for each row as well as for the snapshot.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from seawall.market.quotes import bid_and_ask, counted, last_rows
from seawall.model.arrays import Floats
from seawall.model.quotes import FuturesQuotes, OptionQuotes, QualityEntry

FUTURE, PARITY, SYNTHETIC, SPOT = "future", "put-call parity", "venue's interpolation", "spot"
DISPUTED = "put-call parity, the future far from it not believed"
APART = 0.02  # a future that far from what many call-put pairs say is wrong, however tight it is
WIDEST = 0.02  # a future quoted wider than that says nothing; its mark may
FEWEST_PAIRS = 3
NEAR_PAIRS = 12  # the nearest strikes carry the tightest quotes on both sides
NEAR = 0.08


class Forward(NamedTuple):
    """forward at the snapshot's spot; rows (Q,): at each quote's own; how it was found, and from how many quotes."""

    forward: float
    rows: Floats
    source: str
    quotes: int


def forward_of(
    quotes: OptionQuotes, futures: FuturesQuotes, *, underlying: str, expiry: np.datetime64, spot: float,
    coin_settled: bool, discount: float = 1.0,
) -> Forward | None:
    """The forward of one expiry's quotes; None if nothing tells it."""
    at = np.where(np.isfinite(quotes.index), quotes.index, spot)
    future = future_price(futures, underlying, expiry)
    growth, pairs = parity_growth(quotes, at, discount, coin_settled)
    if np.isfinite(future):
        if pairs >= FEWEST_PAIRS and abs(np.log(future / spot / growth)) > APART:
            return Forward(spot * growth, at * growth, DISPUTED, pairs)
        return Forward(future, at * (future / spot), FUTURE, 1)
    stated = np.isfinite(quotes.forward)
    named = stated & ~np.isin(quotes.forward_source, ("synthetic", "index", ""))
    if named.any():
        basis = float(np.median(quotes.forward[named] / at[named]))
        rows = np.where(stated, quotes.forward, at * basis)
        return Forward(spot * basis, rows, FUTURE, int(named.sum()))
    if pairs >= FEWEST_PAIRS or (pairs and not stated.any()):
        return Forward(spot * growth, at * growth, PARITY, pairs)
    if not stated.any():
        return None
    growth = float(np.median(quotes.forward[stated] / at[stated]))
    kind = SPOT if (quotes.forward_source[stated] == "index").all() else SYNTHETIC
    return Forward(spot * growth, np.where(stated, quotes.forward, at * growth), kind, int(stated.sum()))


def parity_growth(quotes: OptionQuotes, at: Floats, discount: float, coin_settled: bool) -> tuple[float, int]:
    """Forward over spot, and from how many call-put pairs; NaN from none.

    Coin-settled premiums: C - P = 1 - K / F, undiscounted. Otherwise C - P = D (F - K). Each pair against the mean
    index of its two rows; weighted median, by tightness, of the pairs nearest the money.
    """
    calls, puts = pairs_of(quotes)
    if not len(calls):
        return float("nan"), 0
    bid, ask = bid_and_ask(quotes)
    middle, spread = (bid + ask) / 2, ask - bid
    strike, base = quotes.strike[calls], (at[calls] + at[puts]) / 2
    gap, width = middle[calls] - middle[puts], spread[calls] + spread[puts]
    with np.errstate(divide="ignore", invalid="ignore"):
        forward = strike / (1 - gap) if coin_settled else strike + gap / discount
        far = np.abs(np.log(strike / forward))
    usable = np.isfinite(far) & (forward > 0)
    near = usable & (far <= max(NEAR, float(np.sort(np.where(usable, far, np.inf))[: NEAR_PAIRS][-1])))
    if not near.any() or not np.isfinite(forward[near]).all():
        return float("nan"), 0
    floor = 0.05 * float(np.median(width[near])) + 1e-12
    return _weighted_median(forward[near] / base[near], 1 / np.maximum(width[near], floor)), int(near.sum())


def pairs_of(quotes: OptionQuotes) -> tuple[np.ndarray, np.ndarray]:
    """Rows of call and of put at each strike that has both."""
    calls = {float(quotes.strike[r]): r for r in np.flatnonzero(quotes.is_call)}
    puts = {float(quotes.strike[r]): r for r in np.flatnonzero(~quotes.is_call)}
    both = sorted(set(calls) & set(puts))
    return np.array([calls[k] for k in both], dtype=np.int64), np.array([puts[k] for k in both], dtype=np.int64)


def believed_futures(futures: FuturesQuotes, source: str) -> tuple[FuturesQuotes, list[QualityEntry]]:
    """Futures without crossed ones, the last row of a repeated one, wide ones left to their marks; each counted."""
    entries: list[QualityEntry] = []
    keep = np.ones(len(futures), dtype=bool)
    for reason, bad in (("future repeated: last row kept", ~last_rows(futures.instrument_id)),
                        ("future crossed: bid above ask", futures.bid > futures.ask)):
        hit = keep & bad
        if hit.any():
            entries.append(counted(source, reason, "dropped", futures.instrument_id[hit]))
        keep &= ~bad
    left = futures.take(keep)
    wide = left.ask - left.bid > WIDEST * (left.ask + left.bid) / 2
    if wide.any():
        entries.append(counted(source, "future quoted too wide: its mark believed, if any", "repaired",
                               left.instrument_id[wide]))
        left = replace(left, bid=np.where(wide, np.nan, left.bid), ask=np.where(wide, np.nan, left.ask))
    return left, entries


def future_price(futures: FuturesQuotes, underlying: str, expiry: np.datetime64) -> float:
    """Middle of the dated future where two-sided, else its mark, else NaN."""
    rows = np.flatnonzero((futures.underlying == underlying) & (futures.expiry == expiry))
    return _price(futures, int(rows[0])) if len(rows) else float("nan")


class PerpetualQuote(NamedTuple):
    """One perpetual: its name, underlying, price, and annualised funding, NaN where not told."""

    instrument_id: str
    underlying: str
    price: float
    funding: float


def perpetuals(futures: FuturesQuotes) -> list[PerpetualQuote]:
    """Every perpetual that has a price."""
    rows = np.flatnonzero(np.isnat(futures.expiry))
    found = [
        PerpetualQuote(str(futures.instrument_id[r]), str(futures.underlying[r]), _price(futures, int(r)),
                       float(futures.funding[r]))
        for r in rows
    ]
    return [quote for quote in found if np.isfinite(quote.price)]


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _price(futures: FuturesQuotes, row: int) -> float:
    bid, ask = float(futures.bid[row]), float(futures.ask[row])
    if bid > 0 and ask >= bid:
        return (bid + ask) / 2
    return float(futures.mark[row])
