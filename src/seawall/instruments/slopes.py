"""How are derivatives handed over? A builder that gathers them per instrument and factor."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.model.arrays import Floats, frozen_floats, frozen_ints, frozen_texts
from seawall.model.instrument import Greeks, Instrument, Slopes
from seawall.model.market import Market


class PriceSlope(NamedTuple):
    """A contract's price in quote currency, its growth over spot, and value's derivatives by that price."""

    price: float
    growth: float
    first: float
    second: float


class SlopeRows:
    """Gathers (row, factor, first and second derivative) and hands them over as ``Slopes``."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._keys: list[str] = []
        self._first: list[float] = []
        self._second: list[float] = []

    def add(self, row: int, key: str, delta: float, gamma: float = 0.0) -> None:
        """One entry: settlement currency per 1.0 of the factor, and per its square."""
        self._rows.append(row)
        self._keys.append(key)
        self._first.append(float(delta))
        self._second.append(float(gamma))

    def add_price(self, row: int, market: Market, instrument: Instrument, price: PriceSlope) -> None:
        """The entries by spot of the underlying and of the quote currency, by the chain rule.

        The contract's price is spot(underlying) growth / spot(quote).
        """
        underlying, quote = instrument.underlying, instrument.quote_currency
        if underlying == quote:
            return
        per_spot = price.growth / market.spot(quote)
        if underlying != market.numeraire:
            self.add(row, f"spot:{underlying}", price.first * per_spot, price.second * per_spot**2)
        if quote != market.numeraire:
            ratio = price.price / market.spot(quote)
            gamma = price.second * ratio**2 + 2 * price.first * ratio / market.spot(quote)
            self.add(row, f"spot:{quote}", -price.first * ratio, gamma)

    def done(self) -> Slopes:
        """All entries, read-only."""
        return Slopes(
            frozen_ints(self._rows, "rows"), frozen_texts(self._keys, "keys"),
            frozen_floats(self._first, "delta"), frozen_floats(self._second, "gamma"),
        )


def greeks_of(count: int, **given: Floats) -> Greeks:
    """Greeks (I,) with the ones not given at zero."""
    none = np.zeros(count)
    return Greeks(**{name: given.get(name, none) for name in Greeks._fields})
