"""Spot: one unit of an asset bought outright and quoted in a currency: a share, an index unit, a coin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.instruments.delta_one import shared, values
from seawall.instruments.prices import spot_factors, spot_price
from seawall.instruments.slopes import PriceSlope, SlopeRows, greeks_of
from seawall.instruments.terms import check_held
from seawall.model.arrays import Floats
from seawall.model.factor import Factor
from seawall.model.instrument import Greeks, Instrument, Slopes
from seawall.model.market import Market
from seawall.model.state import State, present


class SpotTerms(Instrument, frozen=True, kw_only=True, tag="spot"):
    """The asset is ``underlying``; quoted, and worth its price, in ``quote_currency``."""

    def __post_init__(self) -> None:
        check_held(self, self.quote_currency)


class Spot:
    """The kind."""

    name = "spot"
    terms: type[Instrument] = SpotTerms
    margined = False

    def factors(self, instrument: SpotTerms, market: Market) -> tuple[Factor, ...]:
        """The asset's spot and the currency's."""
        return spot_factors(market, instrument.underlying, instrument.quote_currency)

    def value(self, instruments: Sequence[SpotTerms], state: State) -> Floats:
        """(I,S), size times price."""
        row, price = shared(instruments, lambda i: (i.underlying, i.quote_currency),
                            lambda i: spot_price(state, i.underlying, i.quote_currency))
        return values(instruments, row, price, np.zeros_like(price))

    def greeks(self, instruments: Sequence[SpotTerms], market: Market) -> Greeks:
        """Delta is the size."""
        del market
        return greeks_of(len(instruments), delta=np.array([i.contract_size for i in instruments]))

    def slopes(self, instruments: Sequence[SpotTerms], market: Market) -> Slopes:
        """By the asset's spot and, if it is not the numeraire, the currency's."""
        rows = SlopeRows()
        for row, i in enumerate(instruments):
            price = float(spot_price(present(market), i.underlying, i.quote_currency)[0])
            rows.add_price(row, market, i, PriceSlope(price, 1.0, i.contract_size, 0.0))
        return rows.done()


SPOT = Spot()
