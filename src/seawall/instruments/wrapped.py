"""Wrapped or staked token: exchange rate times underlying times peg.

The exchange rate is what one token redeems for and moves slowly; the peg is what the market pays for the
claim, 1 at fair value, and is what breaks. Worth contract size times both, in the underlying.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.instruments.delta_one import shared
from seawall.instruments.prices import spot_factors
from seawall.instruments.slopes import SlopeRows, greeks_of
from seawall.instruments.terms import check_held
from seawall.kernels.revalue import product_values
from seawall.model.arrays import Floats
from seawall.model.factor import Factor
from seawall.model.instrument import Greeks, Instrument, Slopes
from seawall.model.market import Market
from seawall.model.state import State


class WrappedTerms(Instrument, frozen=True, kw_only=True, tag="wrapped"):
    """token: the qualifier of its exchange_rate and peg factors."""

    token: str

    def __post_init__(self) -> None:
        check_held(self, self.underlying)


class Wrapped:
    """The kind."""

    name = "wrapped"
    terms: type[Instrument] = WrappedTerms
    margined = False

    def factors(self, instrument: WrappedTerms, market: Market) -> tuple[Factor, ...]:
        """The underlying's spot, the exchange rate, the peg."""
        spots = spot_factors(market, instrument.underlying)
        return (*spots, Factor("exchange_rate", instrument.token), Factor("peg", instrument.token))

    def value(self, instruments: Sequence[WrappedTerms], state: State) -> Floats:
        """(I,S), in the underlying."""
        row, columns = shared(instruments, lambda i: i.token, lambda i: tuple(
            state.level(f"{name}:{i.token}", needed_by=i.instrument_id) for name in ("exchange_rate", "peg")))
        rate, peg = (np.ascontiguousarray(columns[:, n]) for n in (0, 1))
        return product_values(np.array([i.contract_size for i in instruments]), row, rate, peg)

    def greeks(self, instruments: Sequence[WrappedTerms], market: Market) -> Greeks:
        """All zero in the underlying."""
        del market
        return greeks_of(len(instruments))

    def slopes(self, instruments: Sequence[WrappedTerms], market: Market) -> Slopes:
        """By exchange rate and peg."""
        rows = SlopeRows()
        for row, i in enumerate(instruments):
            rate, peg = market.level(f"exchange_rate:{i.token}"), market.level(f"peg:{i.token}")
            rows.add(row, f"exchange_rate:{i.token}", i.contract_size * peg)
            rows.add(row, f"peg:{i.token}", i.contract_size * rate)
        return rows.done()


WRAPPED = Wrapped()
