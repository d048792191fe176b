"""What does a contract with one price pay? Linear, inverse and quanto payoffs of futures and perpetuals.

value as a function of the contract's price P, settlement currency, contract size n:
linear  n P            in quote currency; n in units of the underlying
inverse -n / P         in the underlying; n in quote currency, as a "100 dollar" contract
quanto  n P            in a third currency; n its units per 1.0 of price, the rate fixed in the terms
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.model.arrays import Floats
from seawall.model.instrument import Instrument

PAYOFFS = ("linear", "inverse", "quanto")


class Payoff(NamedTuple):
    """Value and its first and second derivative by price, settlement currency per contract."""

    value: Floats
    first: Floats
    second: Floats


def payoff(instrument: Instrument, price: Floats) -> Payoff:
    """The payoff at each price (S,)."""
    size = instrument.contract_size
    if instrument.payoff == "inverse":
        return Payoff(-size / price, size / price**2, -2 * size / price**3)
    return Payoff(size * price, np.full_like(price, size), np.zeros_like(price))
