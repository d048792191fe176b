"""What does one price file say of one name? Bars in time order, before and while they are cleaned."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.model.arrays import Bools, Floats, Times
from seawall.model.panel import Gap

DAY = np.timedelta64(1, "D")
MISSING, DROPPED, FLAGGED, REPAIRED, CUT = "missing", "dropped", "flagged", "repaired", "cut"


@dataclass(frozen=True, slots=True)
class Bars:
    """times (T): UTC nanoseconds. close (T): the level; NaN where missing. open, high, low, volume, hours (T): NaN
    where the file does not say; hours: how many of a day's hours a daily bar is made of.
    """

    name: str
    source: str
    times: Times
    close: Floats
    open: Floats
    high: Floats
    low: Floats
    volume: Floats
    hours: Floats

    def __len__(self) -> int:
        return len(self.times)

    def take(self, rows: NDArray[Any]) -> Bars:
        """The chosen rows, by mask or index."""
        names = ("times", "close", "open", "high", "low", "volume", "hours")
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in names})

    def scaled(self, factor: Floats | float) -> Bars:
        """All prices times a factor (T) or one for all."""
        return dataclasses.replace(self, **{n: getattr(self, n) * factor for n in ("close", "open", "high", "low")})


def bars_of_closes(name: str, source: str, times: Times, close: Floats) -> Bars:
    """Bars of which only the close is known."""
    unknown = np.full(len(times), np.nan)
    return Bars(name, source, times, close, unknown, unknown, unknown, unknown, unknown)


def step_of(times: Times) -> np.timedelta64:
    """The commonest distance of neighbours; a day if there are fewer than two."""
    if len(times) < 2:
        return np.timedelta64(DAY, "ns")
    distances, counts = np.unique(np.diff(times).astype(np.int64), return_counts=True)
    return np.timedelta64(int(distances[np.argmax(counts)]), "ns")


def is_daily(times: Times) -> bool:
    """Whether the commonest distance is a day."""
    return bool(step_of(times) == DAY)


def trades_weekends(times: Times) -> bool:
    """Whether the market never closes: two of seven bars fall on a weekend, not one of six as with currencies."""
    return weekend_share(times) > 0.25


def weekend_share(times: Times) -> float:
    """Share of the bars that fall on a Saturday or Sunday."""
    return float(np.mean(on_weekend(times))) if len(times) else 0.0


def on_weekend(times: Times) -> Bools:
    """(T,) whether each falls on a Saturday or Sunday."""
    days = times.astype("datetime64[D]").view("int64")
    return np.asarray((days + 3) % 7 >= 5)  # day 0, 1 January 1970, was a Thursday


def gaps_of_runs(series: str, times: Times, hit: Bools, reason: str, treatment: str) -> list[Gap]:
    """One gap for each run of neighbouring rows that were hit."""
    rows = np.flatnonzero(hit)
    if not len(rows):
        return []
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return [Gap(series, text_of(times[run[0]]), text_of(times[run[-1]]), len(run), reason, treatment) for run in runs]


def one_gap(series: str, times: Times, hit: Bools, reason: str, treatment: str) -> list[Gap]:
    """One gap for all rows that were hit, none if none was."""
    rows = np.flatnonzero(hit)
    if not len(rows):
        return []
    return [Gap(series, text_of(times[rows[0]]), text_of(times[rows[-1]]), len(rows), reason, treatment)]


def text_of(moment: np.datetime64) -> str:
    """The day, or day and minute if it is not midnight."""
    minute = moment.astype("datetime64[m]")
    midnight = minute == moment.astype("datetime64[D]")
    return str(moment.astype("datetime64[D]")) if midnight else f"{minute}Z"
