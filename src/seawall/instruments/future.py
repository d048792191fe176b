"""Dated future: a margined contract on the forward; linear, inverse or quanto. At expiry it settles at spot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from seawall.instruments.delta_one import PAYOFFS, payoff, shared, values
from seawall.instruments.prices import forward_price, spot_factors, years_left
from seawall.instruments.slopes import PriceSlope, SlopeRows, greeks_of
from seawall.instruments.terms import check_contract
from seawall.model.arrays import Floats, aware_utc
from seawall.model.factor import Factor, tenor_of
from seawall.model.instrument import Greeks, Instrument, Slopes
from seawall.model.market import Market
from seawall.model.state import State, present


class FutureTerms(Instrument, frozen=True, kw_only=True, tag="future"):
    """expiry: aware, any zone."""

    expiry: datetime

    def __post_init__(self) -> None:
        check_contract(self, *PAYOFFS)
        aware_utc(self.expiry, f"{self.instrument_id}: expiry")

    @property
    def carry_key(self) -> str:
        """The factor that lifts spot to this forward."""
        return f"carry:{self.underlying}:{tenor_of(self.expiry)}"


class Future:
    """The kind."""

    name = "future"
    terms: type[Instrument] = FutureTerms
    margined = True

    def factors(self, instrument: FutureTerms, market: Market) -> tuple[Factor, ...]:
        """Spot of underlying and quote currency, carry."""
        spots = spot_factors(market, instrument.underlying, instrument.quote_currency)
        return (*spots, Factor("carry", instrument.underlying, tenor_of(instrument.expiry)))

    def value(self, instruments: Sequence[FutureTerms], state: State) -> Floats:
        """(I,S), the payoff of the forward."""
        row, price = shared(instruments, lambda i: (i.underlying, i.quote_currency, i.expiry),
                            lambda i: forward_price(state, i.underlying, i.quote_currency, i.expiry))
        return values(instruments, row, price, np.zeros_like(price))

    def greeks(self, instruments: Sequence[FutureTerms], market: Market) -> Greeks:
        """Delta and gamma by spot in quote currency; theta is the carry that runs off."""
        state = present(market)
        rows = [_row(i, state) for i in instruments]
        price, growth, carry, first, second = (np.array(column) for column in zip(*rows, strict=True))
        return greeks_of(
            len(instruments), delta=first * growth, gamma=second * growth**2,
            theta=-carry * price * first, charm=-carry * growth * (first + price * second),
        )

    def slopes(self, instruments: Sequence[FutureTerms], market: Market) -> Slopes:
        """By both spots and the carry."""
        rows, state = SlopeRows(), present(market)
        for row, i in enumerate(instruments):
            price, growth, _, first, second = _row(i, state)
            left = float(years_left(state, i.expiry)[0])
            rows.add_price(row, market, i, PriceSlope(price, growth, first, second))
            rows.add(row, i.carry_key, first * price * left, (second * price + first) * price * left**2)
        return rows.done()


def _row(i: FutureTerms, state: State) -> tuple[float, float, float, float, float]:
    price = forward_price(state, i.underlying, i.quote_currency, i.expiry)
    left = float(years_left(state, i.expiry)[0])
    carry = float(state.level(i.carry_key)[0]) if left > 0 else 0.0
    paid = payoff(i, price)
    return float(price[0]), float(np.exp(carry * left)), carry, float(paid.first[0]), float(paid.second[0])


FUTURE = Future()
