"""What do the chains of one market lend each other? Spots of every asset, and futures settled alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from seawall.market.forwards import future_price, parity_growth
from seawall.market.quotes import believed, counted
from seawall.market.surface import as_of_date
from seawall.model.quotes import Chain, FuturesQuotes, QualityEntry

DOLLAR = "USD"


def pooled_futures(chains: Sequence[Chain]) -> dict[tuple[bool, str], FuturesQuotes]:
    """Futures of all chains by settlement (in coin or not) and quote currency: a chain's own may stand elsewhere."""
    found: dict[tuple[bool, str], FuturesQuotes] = {}
    for chain in chains:
        key = (chain.coin_settled, chain.quote_currency)
        found[key] = _joined(found[key], chain.futures) if key in found else chain.futures
    return found


def pooled_spots(chains: Sequence[Chain]) -> tuple[dict[str, float], list[QualityEntry]]:
    """Dollar price of every asset that some chain tells, the first one counting; of the rest, from parity."""
    entries: list[QualityEntry] = []
    found: dict[str, float] = {DOLLAR: 1.0}
    told: dict[str, float] = {}
    for chain in chains:
        for asset, price in chain.spots:
            told.setdefault(asset, price)
    for chain in chains:
        currency = chain.quote_currency
        if currency not in found:
            found[currency] = told.get(currency, 1.0)
            if currency not in told:
                entries.append(counted(chain.source, "price of the quote currency not told: one dollar", "repaired",
                                       [currency]))
    for chain in chains:
        for asset, price in chain.spots:
            found.setdefault(asset, price * found[chain.quote_currency])
    for chain in chains:
        _add_from_parity(chain, found, entries)
        _add_from_futures(chain, found, entries)
    return found, entries


def chain_spot(chain: Chain, underlying: str, spots: Mapping[str, float]) -> float:
    """The underlying's price in the chain's quote currency: its own where told, else another chain's."""
    own = dict(chain.spots).get(underlying)
    return own if own is not None else spots[underlying] / spots[chain.quote_currency]


def _add_from_parity(chain: Chain, found: dict[str, float], entries: list[QualityEntry]) -> None:
    """Where no chain tells a spot, the forward of the nearest expiry that call and put imply stands in for it."""
    for underlying in sorted(set(chain.options.underlying) - set(found)):
        mine = chain.options.take(chain.options.underlying == underlying)
        quotes, _ = believed(mine, chain.source, as_of_date(chain))
        for date in np.unique(quotes.expiry):
            dated = quotes.take(quotes.expiry == date)
            price, pairs = parity_growth(dated, np.ones(len(dated)), 1.0, chain.coin_settled)
            if pairs >= 2:
                found[str(underlying)] = price * found[chain.quote_currency]
                entries.append(counted(chain.source, "spot not told: nearest parity forward stands in", "repaired",
                                       [f"{underlying} {price:.8g}"]))
                break


def _add_from_futures(chain: Chain, found: dict[str, float], entries: list[QualityEntry]) -> None:
    """Where nothing else tells a spot, the nearest dated future stands in for it."""
    futures = chain.futures
    for underlying in sorted(set(futures.underlying) - set(found)):
        dates = np.unique(futures.expiry[(futures.underlying == underlying) & ~np.isnat(futures.expiry)])
        prices = [future_price(futures, str(underlying), date) for date in dates]
        known = [price for price in prices if price > 0]
        if known:
            found[str(underlying)] = known[0] * found[chain.quote_currency]
            entries.append(counted(chain.source, "spot not told: nearest future stands in", "repaired",
                                   [f"{underlying} {known[0]:.8g}"]))


def _joined(first: FuturesQuotes, second: FuturesQuotes) -> FuturesQuotes:
    return FuturesQuotes(**{
        field.name: np.concatenate([getattr(first, field.name), getattr(second, field.name)])
        for field in fields(FuturesQuotes)
    })
