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
from seawall.model.instrument import Instrument, refuse

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


def check_payoff(instrument: Instrument) -> None:
    """Refuses terms whose currencies contradict their payoff. Raises InputError."""
    if instrument.payoff not in PAYOFFS:
        raise refuse(instrument.instrument_id, "payoff", instrument.payoff, "linear, inverse or quanto")
    if not (np.isfinite(instrument.contract_size) and instrument.contract_size > 0):
        raise refuse(instrument.instrument_id, "contract_size", instrument.contract_size, "a positive number")
    wanted = {"linear": instrument.quote_currency, "inverse": instrument.underlying}.get(instrument.payoff)
    if wanted is not None and instrument.settlement_currency != wanted:
        raise refuse(instrument.instrument_id, f"settlement_currency of a {instrument.payoff} contract",
                     instrument.settlement_currency, wanted)
