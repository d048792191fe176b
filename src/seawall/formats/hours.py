"""At what hour does a day end? Closing time in New York, as UTC, for dates that came without one."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from seawall.model.arrays import Bools, Times

CLOSE_IN_SUMMER = np.timedelta64(20, "h")  # 16:00 in New York
CLOSE_IN_WINTER = np.timedelta64(21, "h")
CRYPTO_EXPIRY = np.timedelta64(8, "h")


def at_new_york_close(days: Times) -> Times:
    """The days' midnights (N), moved to 16:00 in New York. Summer time by the rule in force since 2007."""
    known = sorted({day for day in days.astype("datetime64[D]") if not np.isnat(day)})
    hours = {day: CLOSE_IN_SUMMER if _summer(day.astype(date)) else CLOSE_IN_WINTER for day in known}
    return np.array(
        [np.datetime64("NaT", "us") if np.isnat(day) else day + hours[day.astype("datetime64[D]")] for day in days],
        dtype="datetime64[us]",
    )


def with_hour(days: Times, whole_day: Bools, *, equity: bool) -> Times:
    """Times (N), those written as whole days moved to when contracts of that day expire."""
    late = at_new_york_close(days) if equity and whole_day.any() else days + CRYPTO_EXPIRY
    return np.where(whole_day, late, days)


def _summer(day: date) -> bool:
    """From the second Sunday of March to before the first Sunday of November."""
    return _sunday(day.year, 3, 8) <= day < _sunday(day.year, 11, 1)


def _sunday(year: int, month: int, earliest: int) -> date:
    start = date(year, month, earliest)
    return start + timedelta(days=(6 - start.weekday()) % 7)
