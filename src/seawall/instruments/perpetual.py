"""Perpetual: a margined contract without expiry, held to its spot by funding; linear, inverse or quanto.

Its price is spot (1 + premium). Longs pay funding, annualised, on the mark over the time that passes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.instruments.delta_one import PAYOFFS, Payoff, payoff, shared, values
from seawall.instruments.prices import spot_factors, spot_price
from seawall.instruments.slopes import PriceSlope, SlopeRows, greeks_of
from seawall.instruments.terms import check_contract
from seawall.model.arrays import Floats
from seawall.model.factor import Factor
from seawall.model.instrument import Greeks, Instrument, Slopes
from seawall.model.market import Market
from seawall.model.state import State, present


class PerpetualTerms(Instrument, frozen=True, kw_only=True, tag="perpetual"):
    """reference: whose premium and funding it follows; its own if empty."""

    reference: str = ""

    def __post_init__(self) -> None:
        check_contract(self, *PAYOFFS)

    @property
    def priced_by(self) -> str:
        """The qualifier of its premium and funding factors."""
        return self.reference or self.instrument_id


class Perpetual:
    """The kind."""

    name = "perpetual"
    terms: type[Instrument] = PerpetualTerms
    margined = True

    def factors(self, instrument: PerpetualTerms, market: Market) -> tuple[Factor, ...]:
        """Spot of underlying and quote currency, premium, funding."""
        spots = spot_factors(market, instrument.underlying, instrument.quote_currency)
        return (*spots, Factor("premium", instrument.priced_by), Factor("funding", instrument.priced_by))

    def value(self, instruments: Sequence[PerpetualTerms], state: State) -> Floats:
        """(I,S), the payoff of the price, less funding on the notional for the time passed."""
        row, columns = shared(instruments, lambda i: (i.underlying, i.quote_currency, i.priced_by),
                              lambda i: (_price(i, state), _accrued(i, state)))
        price, accrued = (np.ascontiguousarray(columns[:, n]) for n in (0, 1))
        return values(instruments, row, price, accrued)

    def greeks(self, instruments: Sequence[PerpetualTerms], market: Market) -> Greeks:
        """Delta and gamma by spot in quote currency; theta is funding."""
        state = present(market)
        paid = [_payoff(i, state) for i in instruments]
        growth = np.array([1 + market.level(f"premium:{i.priced_by}") for i in instruments])
        funding = np.array([market.level(f"funding:{i.priced_by}") for i in instruments])
        return greeks_of(
            len(instruments),
            delta=np.array([p.first[0] for p in paid]) * growth,
            gamma=np.array([p.second[0] for p in paid]) * growth**2,
            theta=-np.array([abs(p.value[0]) for p in paid]) * funding,
            charm=-np.array([_notional_slope(i, p) for i, p in zip(instruments, paid, strict=True)]) * growth * funding,
        )

    def slopes(self, instruments: Sequence[PerpetualTerms], market: Market) -> Slopes:
        """By both spots and the premium; funding has none until time passes."""
        rows, state = SlopeRows(), present(market)
        for row, i in enumerate(instruments):
            paid, price = _payoff(i, state), float(_price(i, state)[0])
            growth = 1 + market.level(f"premium:{i.priced_by}")
            first, second = float(paid.first[0]), float(paid.second[0])
            rows.add_price(row, market, i, PriceSlope(price, growth, first, second))
            rows.add(row, f"premium:{i.priced_by}", first * price / growth, second * (price / growth) ** 2)
        return rows.done()


def _price(i: PerpetualTerms, state: State) -> Floats:
    premium = state.level(f"premium:{i.priced_by}", needed_by=i.instrument_id)
    return spot_price(state, i.underlying, i.quote_currency) * (1 + premium)


def _accrued(i: PerpetualTerms, state: State) -> Floats:
    return state.level(f"funding:{i.priced_by}", needed_by=i.instrument_id) * state.elapsed_years


def _payoff(i: PerpetualTerms, state: State) -> Payoff:
    return payoff(i, _price(i, state))


def _notional_slope(i: PerpetualTerms, paid: Payoff) -> float:
    # Funding is charged on the absolute notional; for an inverse contract that falls as the price rises.
    return float(-paid.first[0] if i.payoff == "inverse" else paid.first[0])


PERPETUAL = Perpetual()
