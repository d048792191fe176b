"""Lending balance: supply or debt in a money market, grown by an interest index.

Quantity is the scaled balance: supply > 0, debt < 0. Worth quantity times index in the asset itself. The index
grows with the time that passes, by index exp(rate years): what a protocol that accrues its annual rate every second,
or whenever anyone touches the pool, comes to.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.instruments.delta_one import shared
from seawall.instruments.prices import spot_factors
from seawall.instruments.slopes import SlopeRows, greeks_of
from seawall.instruments.terms import check_held
from seawall.kernels.elementary import exp
from seawall.kernels.revalue import product_values
from seawall.model.arrays import Floats
from seawall.model.factor import Factor
from seawall.model.instrument import Greeks, Instrument, Slopes, refuse
from seawall.model.market import Market
from seawall.model.state import State

SIDES = ("supply", "debt")


class LendingTerms(Instrument, frozen=True, kw_only=True, tag="lending"):
    """index: what one scaled unit is worth now, in the asset. side names the rate that grows it."""

    protocol: str
    side: str
    index: float = 1.0

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise refuse(self.instrument_id, "side", self.side, "supply or debt")
        if not (np.isfinite(self.index) and self.index > 0):
            raise refuse(self.instrument_id, "index", self.index, "a positive number")
        check_held(self, self.underlying)

    @property
    def rate(self) -> Factor:
        """The rate that grows the index."""
        return Factor("interest", f"{self.protocol}/{self.underlying}/{self.side}")


class Lending:
    """The kind."""

    name = "lending"
    terms: type[Instrument] = LendingTerms
    margined = False

    def factors(self, instrument: LendingTerms, market: Market) -> tuple[Factor, ...]:
        """The asset's spot and the rate."""
        return (*spot_factors(market, instrument.underlying), instrument.rate)

    def value(self, instruments: Sequence[LendingTerms], state: State) -> Floats:
        """(I,S), in the asset."""
        row, growth = shared(instruments, lambda i: i.rate.key, lambda i: exp(
            state.level(i.rate.key, needed_by=i.instrument_id) * state.elapsed_years))
        amount = np.array([i.contract_size * i.index for i in instruments])
        return product_values(amount, row, growth, np.ones_like(growth))

    def greeks(self, instruments: Sequence[LendingTerms], market: Market) -> Greeks:
        """Theta is the interest."""
        interest = [i.contract_size * i.index * market.level(i.rate.key) for i in instruments]
        return greeks_of(len(instruments), theta=np.array(interest))

    def slopes(self, instruments: Sequence[LendingTerms], market: Market) -> Slopes:
        """None until time passes."""
        del instruments, market
        return SlopeRows().done()


LENDING = Lending()
