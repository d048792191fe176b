"""What moves? The instruments of one underlying, a model's shocks of them, and where the market stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.model.arrays import Bools, Floats, frozen_floats

ROWS = 2**15  # instruments of one underlying: rows of its cube are numbered in sixteen bits, two for each


@dataclass(frozen=True)
class Listed:
    """The instruments (I) of one underlying on a surface that stays as it is while its level moves.

    An option is worth Black-76 of forward spot * carry and volatility vol * level, undiscounted, its expiry in years
    from the surface's own time; everything else is worth spot * carry. All of it in the quote currency per unit.

    Scenarios (S): spot_factor multiplies the spot, vol_factor (I,S) the volatility; share (S), 0 to 1, is how much of
    the change counts: (1 - share) times the present worth and share times the shocked. moves (I): whether an
    instrument that is no option is shocked at all; what is not, such as a charge by size, keeps its present worth.
    """

    name: str
    is_option: Bools
    is_call: Bools
    strike: Floats
    expiry: Floats
    vol: Floats
    carry: Floats
    moves: Bools
    spot_factor: Floats
    vol_factor: Floats
    share: Floats

    def __post_init__(self) -> None:
        count, scenarios = len(self.is_option), len(self.spot_factor)
        if not 0 < count <= ROWS:
            raise InputError(f"{self.name}: instruments", found=count, wanted=f"1 to {ROWS}")
        for field in ("strike", "expiry", "vol", "carry"):
            object.__setattr__(self, field, frozen_floats(getattr(self, field), f"{self.name}: {field}", (count,)))
        by_scenario = ("spot_factor", (scenarios,)), ("vol_factor", (count, scenarios)), ("share", (scenarios,))
        for field, shape in by_scenario:
            object.__setattr__(self, field, frozen_floats(getattr(self, field), f"{self.name}: {field}", shape))
        for field in ("is_option", "is_call", "moves"):
            if getattr(self, field).shape != (count,):
                raise ShapeMismatch(f"{self.name}: {field}", found=getattr(self, field).shape, wanted=(count,))
        self._check()

    def _check(self) -> None:
        options = self.is_option
        for field, least in (("carry", self.carry), ("spot_factor", self.spot_factor),
                             ("strike", self.strike[options]), ("vol", self.vol[options]),
                             ("vol_factor", self.vol_factor[options])):
            if not (np.isfinite(least).all() and (least > 0).all()):
                raise InputError(f"{self.name}: {field}", found=float(np.min(least)), wanted="finite numbers above 0")
        if not ((self.share >= 0) & (self.share <= 1)).all():
            raise InputError(f"{self.name}: share", found=float(self.share.max()), wanted="0 to 1")
        if not np.isfinite(self.expiry[options]).all():
            raise InputError(f"{self.name}: expiry", found="not finite", wanted="years from the surface's time")

    def __len__(self) -> int:
        return len(self.is_option)

    @property
    def scenarios(self) -> int:
        """How many scenarios."""
        return len(self.spot_factor)


class Place(NamedTuple):
    """Where one underlying stands: spot in the quote currency, and the level of its volatilities, 1 as listed."""

    spot: float
    level: float


class Stand(NamedTuple):
    """Where the market stands: a place for each underlying, and years since the surface's time."""

    places: tuple[Place, ...]
    time: float

    def moved(self, underlying: int, place: Place) -> Stand:
        """The same market with one underlying elsewhere."""
        return Stand((*self.places[:underlying], place, *self.places[underlying + 1 :]), self.time)


def checked(market: Sequence[Listed], stand: Stand) -> None:
    """Raises InputError for a place that is none, and ShapeMismatch where places and underlyings do not belong."""
    if len(stand.places) != len(market):
        raise ShapeMismatch("places", found=len(stand.places), wanted=len(market))
    for listed, place in zip(market, stand.places, strict=True):
        if not (0 < place.spot < np.inf and 0 < place.level < np.inf):
            raise InputError(f"{listed.name}: place", found=tuple(place), wanted="a finite spot and level above 0")
    if not np.isfinite(stand.time):
        raise InputError("time", found=stand.time, wanted="years since the surface's time")
