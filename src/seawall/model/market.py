"""What does the market say? Every factor's level at one moment, and the smiles behind the volatilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

import numpy as np

from seawall.errors import FactorMissing, InputError
from seawall.model.arrays import Floats, aware_utc, frozen_floats
from seawall.model.factor import Factor, tenor_of
from seawall.model.identity import content_id
from seawall.model.instrument import Instrument
from seawall.model.quotes import QualityEntry
from seawall.model.smile import Smile


@dataclass(frozen=True)
class Market:
    """Levels (F) of sorted, distinct factors, in each factor's own unit; uncertainty (F), 0 where unknown.

    smiles: by (underlying, tenor). listing: what the venues list, by instrument_id.
    asset_class: of each underlying or currency: crypto, equity, currency, stablecoin.
    """

    as_of: datetime
    factors: tuple[Factor, ...]
    levels: Floats
    uncertainty: Floats
    smiles: Mapping[tuple[str, str], Smile]
    numeraire: str = "USD"
    listing: Mapping[str, Instrument] = field(default_factory=dict)
    asset_class: Mapping[str, str] = field(default_factory=dict)
    quality: tuple[QualityEntry, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        put = object.__setattr__
        count = len(self.factors)
        put(self, "as_of", aware_utc(self.as_of, "as_of"))
        put(self, "levels", frozen_floats(self.levels, "levels", (count,)))
        put(self, "uncertainty", frozen_floats(self.uncertainty, "uncertainty", (count,)))
        for name in ("smiles", "listing", "asset_class"):
            put(self, name, MappingProxyType(dict(getattr(self, name))))
        _refuse_unusable(self.factors, self.levels)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each factor, by key."""
        return MappingProxyType({factor.key: i for i, factor in enumerate(self.factors)})

    @cached_property
    def market_id(self) -> str:
        """Hash of time, factors, levels, uncertainty, smiles, numeraire, and what names tell of classes and contracts.

        The last two decide which scenario moves which factor, so two markets that differ in them are not the same.
        """
        smiles = [self.smiles[key] for key in sorted(self.smiles)]
        keys = [factor.key for factor in self.factors]
        underlying = {name: contract.underlying for name, contract in self.listing.items()}
        return content_id("market", self.as_of, keys, self.levels, self.uncertainty, smiles, self.numeraire,
                          self.asset_class, underlying)

    def level(self, factor: str | Factor, *, needed_by: str = "the caller") -> float:
        """The level of a factor, or of its key, in its own unit. Raises FactorMissing."""
        key = factor.key if isinstance(factor, Factor) else factor
        where = self.index.get(key)
        if where is None:
            raise FactorMissing(key, needed_by=needed_by, remedy="supply it with the market, or drop the position")
        return float(self.levels[where])

    def spot(self, asset: str) -> float:
        """Value of one unit of the asset in the numeraire. Raises FactorMissing."""
        return 1.0 if asset == self.numeraire else self.level(f"spot:{asset}")

    def smile(self, underlying: str, expiry: datetime) -> Smile | None:
        """The expiry's own smile, or None."""
        return self.smiles.get((underlying, tenor_of(expiry)))


def make_market(as_of: datetime, levels: Mapping[Factor, float], **parts: object) -> Market:
    """A market from a mapping of factor to level, put in order; parts are the other fields of Market."""
    factors = tuple(sorted(levels))
    values = np.array([levels[factor] for factor in factors], dtype=np.float64)
    given = parts.pop("uncertainty", None)
    uncertainty = np.zeros(len(factors)) if given is None else given
    smiles = parts.pop("smiles", {})
    return Market(as_of, factors, values, uncertainty, smiles, **parts)  # type: ignore[arg-type]


def _refuse_unusable(factors: tuple[Factor, ...], levels: Floats) -> None:
    keys = [factor.key for factor in factors]
    if len(set(keys)) != len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise InputError("a factor stands in the market twice", found=", ".join(twice), wanted="each once")
    bad = ~np.isfinite(levels)
    prices = ("spot", "volatility", "peg", "exchange_rate")
    positive = np.array([factor.risk_class in prices for factor in factors], dtype=bool)
    bad |= positive & (levels <= 0)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"factor {keys[first]} has no usable level", found=float(levels[first]),
            wanted="a finite number, positive for prices and volatilities",
        )
