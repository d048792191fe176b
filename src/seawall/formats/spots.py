"""Where did the underlying stand? One spot for each, from what was told, each source in its turn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seawall.formats.tally import Tally
from seawall.model.quotes import FuturesQuotes, OptionQuotes

WIDEST = 0.02  # a perpetual quoted wider than that tells no index

def spots_of(
    options: OptionQuotes, futures: FuturesQuotes, told: Mapping[str, float], tally: Tally
) -> tuple[tuple[str, float], ...]:
    """The index told for each asset, else the middle of its rows' index, else that of its perpetual.

    Funding holds a perpetual near its index; an asset with none of the three is told and left out.
    """
    found = []
    for underlying in sorted(set(options.underlying) | set(futures.underlying)):
        price = told.get(underlying, float("nan"))
        stated = options.index[(options.underlying == underlying) & np.isfinite(options.index)]
        if not price > 0 and len(stated):
            price = float(np.median(stated))
        if not price > 0:
            rows = np.flatnonzero((futures.underlying == underlying) & np.isnat(futures.expiry))
            price = _middle(futures, int(rows[-1])) if len(rows) else float("nan")
            if price > 0:
                tally.add("index not told: taken from the perpetual's middle", "repaired", [underlying])
        if price > 0:
            found.append((str(underlying), price))
        else:
            tally.add("no index price and no perpetual", "flagged", [underlying])
    named = {name for name, _ in found}
    found.extend((name, price) for name, price in told.items() if name not in named and price > 0)
    return tuple(sorted(found))


def _middle(futures: FuturesQuotes, row: int) -> float:
    """The middle of a quote that is neither crossed nor wide, else the mark."""
    bid, ask = float(futures.bid[row]), float(futures.ask[row])
    sound = 0 < bid <= ask <= (1 + WIDEST) * bid
    return (bid + ask) / 2 if sound else float(futures.mark[row])
