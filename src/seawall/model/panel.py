"""What happened? Values of several factors over dates, with every gap and its reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
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

    def select(self, factors: Sequence[str]) -> Panel:
        """The chosen factors, by key and in that order, on all dates, with their gaps. Raises InputError."""
        place = {factor.key: n for n, factor in enumerate(self.factors)}
        unknown = [key for key in factors if key not in place]
        if unknown:
            raise InputError(f"panel {self.source} has no such factor", found=", ".join(unknown),
                             wanted="one of " + ", ".join(place), remedy="read a file that holds it")
        columns = [place[key] for key in factors]
        left_out = set(place) - set(factors)
        return dataclasses.replace(
            self, factors=tuple(self.factors[n] for n in columns), values=self.values[:, columns],
            gaps=tuple(gap for gap in self.gaps if gap.series not in left_out))

    def between(self, start: np.datetime64 | None = None, end: np.datetime64 | None = None) -> Panel:
        """The dates from start to end, both included; factors without a level among them are left out.

        Gaps that end before or begin after are left out. Raises InputError if no date is left.
        """
        kept = np.ones(len(self.dates), dtype=bool)
        kept &= True if start is None else self.dates >= start
        kept &= True if end is None else self.dates <= end
        if not kept.any():
            raise InputError(f"dates of panel {self.source}", found=f"{self.dates[0]} to {self.dates[-1]}",
                             wanted=f"some between {start} and {end}", remedy="choose other dates")
        columns = np.flatnonzero(np.isfinite(self.values[kept]).any(axis=0))
        return dataclasses.replace(
            self, dates=self.dates[kept], factors=tuple(self.factors[n] for n in columns),
            values=self.values[np.ix_(kept, columns)], gaps=tuple(g for g in self.gaps if _overlaps(g, start, end)))


def _overlaps(gap: Gap, start: np.datetime64 | None, end: np.datetime64 | None) -> bool:
    """Whether a gap touches the span; one told by rows, not dates, always does."""
    try:
        first, last = (np.datetime64(text.rstrip("Z"), "ns") for text in (gap.first, gap.last))
    except ValueError:
        return True
    return not ((end is not None and first > end) or (start is not None and last < start))
