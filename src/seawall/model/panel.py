"""What happened? Values of several factors over dates, with every gap and its reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats, Times, frozen_floats, read_only
from seawall.model.factor import Factor
from seawall.model.identity import content_id


class Gap(msgspec.Struct, frozen=True, order=True):
    """Values that were dropped, mended or never there: which series, when, how many, why, what was done."""

    series: str
    first: str
    last: str
    count: int
    reason: str
    treatment: str


@dataclass(frozen=True)
class Panel:
    """values (T,P): level of each factor at each date, NaN where there is none; dates (T), UTC, ascending.

    gaps tell every value that was dropped, mended or never there.
    """

    dates: Times
    factors: tuple[Factor, ...]
    values: Floats
    gaps: tuple[Gap, ...] = ()
    source: str = ""
    periods_per_year: float = 365.0

    def __post_init__(self) -> None:
        dates = np.array(self.dates, dtype="datetime64[ns]")
        object.__setattr__(self, "dates", read_only(dates))
        object.__setattr__(self, "values", frozen_floats(self.values, "values", (len(dates), len(self.factors))))
        if not (np.diff(dates) > np.timedelta64(0)).all():
            raise InputError("dates of a panel", wanted="strictly ascending", remedy="sort them and drop repeats")

    @cached_property
    def panel_id(self) -> str:
        """Hash of dates, factors and values."""
        keys = [factor.key for factor in self.factors]
        return content_id("panel", self.dates.astype(np.int64), keys, self.values)
