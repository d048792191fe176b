"""Cash: one unit of any currency, a stablecoin or a coin held as collateral included.

Worth exactly one in its own currency; all its risk is that currency's spot factor, which enters where values
are converted to the reporting currency.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.instruments.prices import spot_factors
from seawall.instruments.slopes import SlopeRows, greeks_of
from seawall.instruments.terms import check_held
from seawall.model.arrays import Floats
from seawall.model.factor import Factor
from seawall.model.instrument import Greeks, Instrument, Slopes
from seawall.model.market import Market
from seawall.model.state import State


class CashTerms(Instrument, frozen=True, kw_only=True, tag="cash"):
    """The currency stands in ``underlying`` and in ``settlement_currency`` alike."""

    def __post_init__(self) -> None:
        check_held(self, self.underlying)


class Cash:
    """The kind."""

    name = "cash"
    terms: type[Instrument] = CashTerms
    margined = False

    def factors(self, instrument: CashTerms, market: Market) -> tuple[Factor, ...]:
        """The currency's spot."""
        return spot_factors(market, instrument.underlying)

    def value(self, instruments: Sequence[CashTerms], state: State) -> Floats:
        """(I,S), the contract size in its own currency, whatever happens."""
        sizes = np.array([cash.contract_size for cash in instruments])
        return np.repeat(sizes[:, None], state.size, axis=1)

    def greeks(self, instruments: Sequence[CashTerms], market: Market) -> Greeks:
        """All zero in its own currency."""
        del market
        return greeks_of(len(instruments))

    def slopes(self, instruments: Sequence[CashTerms], market: Market) -> Slopes:
        """None in its own currency."""
        del instruments, market
        return SlopeRows().done()


CASH = Cash()
