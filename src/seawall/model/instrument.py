"""What can be held? The header every instrument shares, and the protocol every kind fulfils."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from seawall.errors import InputError
from seawall.model.arrays import Floats, Ints, Texts
from seawall.model.factor import Factor

if TYPE_CHECKING:
    from seawall.model.market import Market
    from seawall.model.state import State


class Instrument(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """The header: terms of a kind are fields added beside its formula.

    contract_size: units of underlying in one contract; of an inverse future or perpetual, units of quote currency.
    payoff: linear, inverse (coin-settled) or quanto (coin-settled at a fixed rate).
    """

    instrument_id: str
    underlying: str
    quote_currency: str = "USD"
    settlement_currency: str = "USD"
    contract_size: float = 1.0
    payoff: str = "linear"

    @property
    def kind(self) -> str:
        """The kind's name, its entry point."""
        return str(self.__struct_config__.tag)

    @property
    def expires_at(self) -> datetime | None:
        """When it ends, or None. Kinds with an expiry keep it in a field of that name."""
        return getattr(self, "expiry", None)


class Greeks(NamedTuple):
    """Per contract, in settlement currency, each (I,): natural units.

    delta, gamma per 1.0 of the underlying's price in quote currency, smile held at its strike; skew_delta is what the
    smile adds to delta when it moves with its spot (vega times the slope of volatility in spot). vega per 1.00
    volatility, theta and charm per year of time passing, rho per 1.00 rate, vanna per price and volatility,
    volga per volatility squared.
    """

    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats
    vanna: Floats
    volga: Floats
    charm: Floats
    skew_delta: Floats


class Slopes(NamedTuple):
    """First and second derivative of value by single factors, sparse: N entries.

    rows: position of the instrument in the batch. keys: the factor's key. delta: settlement currency per
    1.0 of the factor's level; gamma: per its square.
    """

    rows: Ints
    keys: Texts
    delta: Floats
    gamma: Floats


class InstrumentKind(Protocol):
    """How one kind is worth: stateless, batched, one file, one entry point in ``seawall.instruments``."""

    @property
    def name(self) -> str:
        """The kind's name: its tag in files and its entry point."""

    @property
    def terms(self) -> type[Instrument]:
        """The header with this kind's own fields."""

    @property
    def margined(self) -> bool:
        """Whether gains are settled to the mark, so that the contract itself carries no equity."""

    def factors(self, instrument: Any, market: Market) -> tuple[Factor, ...]:
        """Every factor the value depends on; each must be in the market."""

    def value(self, instruments: Sequence[Any], state: State) -> Floats:
        """(I,S), settlement currency per contract, long > 0. A margined contract's price, not its equity."""

    def greeks(self, instruments: Sequence[Any], market: Market) -> Greeks:
        """Raw Greeks (I,) at the market."""

    def slopes(self, instruments: Sequence[Any], market: Market) -> Slopes:
        """Derivatives by every factor of ``factors``, theta apart."""


def refuse(instrument_id: str, field: str, found: object, wanted: str) -> InputError:
    """The error for a term that no instrument can have."""
    return InputError(f"{instrument_id}: {field}", found=found, wanted=wanted, remedy="correct the term")
