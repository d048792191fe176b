"""What was quoted? One snapshot of option and futures quotes, as any reader leaves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from seawall.model.arrays import Bools, Floats, Texts, Times, aware_utc, frozen_floats, frozen_texts


@dataclass(frozen=True, slots=True)
class OptionQuotes:
    """Columns of equal length Q; a missing number is NaN, never zero.

    bid, ask, mark: in coin if ``coin_settled``, else in ``quote_currency`` per unit of underlying.
    bid_volatility, ask_volatility, mark_volatility: decimal per year. forward: the venue's own, in
    currency; ``forward_source`` says what it is (a future's name, "synthetic", "index" when spot stands
    in for it). index: spot at the moment the row was polled. expiry: UTC. contract_size: units of underlying in one
    contract, NaN where not told.
    """

    instrument_id: Texts
    underlying: Texts
    expiry: Times
    strike: Floats
    is_call: Bools
    bid: Floats
    ask: Floats
    mark: Floats
    bid_volatility: Floats
    ask_volatility: Floats
    mark_volatility: Floats
    open_interest: Floats
    volume: Floats
    forward: Floats
    forward_source: Texts
    index: Floats
    observed_at: Times
    contract_size: Floats

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            getattr(self, name).setflags(write=False)

    def __len__(self) -> int:
        return len(self.instrument_id)

    def take(self, rows: np.ndarray) -> OptionQuotes:
        """The chosen rows, by mask or index."""
        return OptionQuotes(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    @staticmethod
    def none() -> OptionQuotes:
        """No options at all."""
        text, number, time = frozen_texts([], "none"), frozen_floats([], "none"), np.array([], "datetime64[ns]")
        calls = np.array([], dtype=bool)
        return OptionQuotes(text, text, time, number, calls, *(number,) * 9, text, number, time, number)


@dataclass(frozen=True, slots=True)
class FuturesQuotes:
    """Columns of equal length: expiry NaT for a perpetual; prices in currency; funding annualised, decimal.

    contract_size: units of underlying in one contract, of currency if coin-settled; NaN where not told.
    """

    instrument_id: Texts
    underlying: Texts
    expiry: Times
    bid: Floats
    ask: Floats
    mark: Floats
    open_interest: Floats
    funding: Floats
    contract_size: Floats

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            getattr(self, name).setflags(write=False)

    def __len__(self) -> int:
        return len(self.instrument_id)

    def take(self, rows: np.ndarray) -> FuturesQuotes:
        """The chosen rows, by mask or index."""
        return FuturesQuotes(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    @staticmethod
    def none() -> FuturesQuotes:
        """No futures at all."""
        text, number = frozen_texts([], "none"), frozen_floats([], "none")
        return FuturesQuotes(text, text, np.array([], "datetime64[ns]"), *(number,) * 6)


@dataclass(frozen=True, slots=True)
class QualityEntry:
    """Quotes that were dropped, repaired or only flagged, counted under one reason."""

    source: str
    reason: str
    treatment: str  # "dropped", "repaired" or "flagged"
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """One venue's quotes at one moment. quality: what reading alone already had to drop or mend."""

    source: str
    as_of: datetime
    options: OptionQuotes
    futures: FuturesQuotes
    coin_settled: bool
    quote_currency: str
    exercise_style: str = "european"
    asset_class: str = "crypto"
    spots: tuple[tuple[str, float], ...] = ()
    quality: tuple[QualityEntry, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "as_of", aware_utc(self.as_of, "as_of"))
