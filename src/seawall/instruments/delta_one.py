"""What does a contract with one price pay? Linear, inverse and quanto payoffs of futures and perpetuals.

value as a function of the contract's price P, settlement currency, contract size n:
linear  n P            in quote currency; n in units of the underlying
inverse -n / P         in the underlying; n in quote currency, as a "100 dollar" contract
quanto  n P            in a third currency; n its units per 1.0 of price, the rate fixed in the terms
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from seawall.kernels.revalue import contract_values
from seawall.model.arrays import Floats, Ints
from seawall.model.instrument import Instrument

Kind = TypeVar("Kind", bound=Instrument)
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


def values(instruments: Sequence[Instrument], row: Ints, price: Floats, accrued: Floats) -> Floats:
    """(I,S) payoff of each instrument's row of the prices (E,S), less what has accrued (E,S) on its amount."""
    size = np.array([i.contract_size for i in instruments])
    inverse = np.array([i.payoff == "inverse" for i in instruments], dtype=np.int64)
    return contract_values(size, inverse, row, price, accrued)


def shared(
    instruments: Sequence[Kind], key: Callable[[Kind], Hashable], column: Callable[[Kind], Any],
) -> tuple[Ints, Floats]:
    """What instruments of one key share, made once: each instrument's row (I) and the columns (E,S)."""
    place: dict[Hashable, int] = {}
    rows: list[Any] = []
    for i in instruments:
        if place.setdefault(key(i), len(rows)) == len(rows):
            rows.append(column(i))
    return np.array([place[key(i)] for i in instruments], dtype=np.int64), np.array(rows, dtype=np.float64)
