"""Which rows were seen together? A table of many snapshots, cut where time passes between its rows.

Rows of one snapshot are polled one after the other, so a snapshot ends only where a quarter of an hour is skipped; it
is as of its last row. Days without an hour are the closing of New York for shares, midnight UTC otherwise.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from seawall.errors import FileProblem
from seawall.formats.cells import Moments, Sheet
from seawall.formats.hours import at_new_york_close
from seawall.formats.tally import Tally
from seawall.model.arrays import Ints, Times

TIME_NAMES = (
    "as_of", "timestamp", "quote_date", "quote_datetime", "quote_time", "universe_date", "snapshot_time",
    "obs_datetime", "date", "time", "observed_at",
)
PAUSE = np.timedelta64(15, "m")
YEARS_APART = np.timedelta64(5 * 365, "D")
LEAST_SHARE = 0.01  # a handful of rows, years from all others, is a slip and no snapshot
FIRST_DAY = np.datetime64("1970-01-02", "us")
LAST_DAY = np.datetime64("2200-01-01", "us")


class Snapshots(NamedTuple):
    """times (T,), ascending; which (N,): each row's snapshot, -1 if it has none; observed (N,): each row's own time."""

    times: Times
    which: Ints
    observed: Times


def snapshots_of(sheet: Sheet, tally: Tally, *, equity: bool) -> Snapshots:
    """The snapshots of a table. Raises FileProblem if it tells no time."""
    moments = _told(sheet, tally)
    whole = moments.whole_day
    observed = np.where(whole, at_new_york_close(moments.values), moments.values) if equity else moments.values
    tally.add("naive time read as UTC", "repaired", ["all rows"], int(moments.naive.sum()))
    if whole.any():
        hour = "the close in New York" if equity else "midnight UTC"
        tally.add(f"day without an hour: read as {hour}", "repaired", ["all rows"], int(whole.sum()))
    usable = ~np.isnat(observed) & (observed > FIRST_DAY) & (observed < LAST_DAY)
    tally.add("time cannot be read", "dropped", [], int((~usable).sum()))
    if not usable.any():
        raise FileProblem(sheet.path, "no row has a time that can be read", wanted="ISO times in UTC",
                          remedy="write times as 2026-08-01T18:00:00Z")
    return _without_slips(_cut(observed, usable), tally)


def chosen(snapshots: Snapshots, sheet: Sheet, at: datetime | None) -> int:
    """The last snapshot at or before ``at``; the last at all if not told. Raises FileProblem if there is none."""
    if at is None:
        return len(snapshots.times) - 1
    wanted = np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")
    place = int(np.searchsorted(snapshots.times, wanted, side="right")) - 1
    if place < 0:
        raise FileProblem(sheet.path, "no snapshot at or before the time asked for", found=str(snapshots.times[0]),
                          wanted=f"at most {at.isoformat()}", remedy="ask for a later time")
    return place


def aware(moment: np.datetime64) -> datetime:
    """The moment as an aware time, to the microsecond."""
    return moment.astype("datetime64[us]").astype(datetime).replace(tzinfo=UTC)  # type: ignore[no-any-return]


def _told(sheet: Sheet, tally: Tally) -> Moments:
    found = sheet.moments(*TIME_NAMES)
    if found is not None:
        return found
    years, expiry = sheet.numbers("T", "years", "dte_years"), sheet.moments("expiry", "expiration")
    if years is None or expiry is None:
        raise FileProblem(sheet.path, "no time is told", found=", ".join(sheet.columns)[:160],
                          wanted="one column of " + ", ".join(TIME_NAMES), remedy="add a column as_of")
    tally.add("time not told: taken from expiry less years to expiry", "repaired", ["all rows"], sheet.count)
    days = np.where(np.isfinite(years.values), np.round(years.values * 365), 0)
    values = expiry.values - days.astype("timedelta64[D]")
    return Moments(np.where(np.isfinite(years.values), values, np.datetime64("NaT")), expiry.naive, expiry.whole_day,
                   expiry.bad)


def _cut(observed: Times, usable: np.ndarray) -> Snapshots:
    moments, back = np.unique(observed[usable], return_inverse=True)
    starts = np.concatenate([[True], np.diff(moments) > PAUSE])
    group = np.cumsum(starts) - 1
    ends = np.concatenate([np.flatnonzero(starts)[1:] - 1, [len(moments) - 1]])
    which = np.full(len(observed), -1, dtype=np.int64)
    which[usable] = group[back]
    return Snapshots(moments[ends], which, observed)


def _without_slips(found: Snapshots, tally: Tally) -> Snapshots:
    counts = np.bincount(found.which[found.which >= 0], minlength=len(found.times))
    large = found.times[counts >= LEAST_SHARE * counts.sum()]
    if not len(large):
        return found
    apart = np.array([np.abs(large - time).min() > YEARS_APART for time in found.times])
    if not apart.any():
        return found
    tally.add("dated years apart from all other rows", "dropped", [str(t)[:10] for t in found.times[apart]],
              int(counts[apart].sum()))
    renumbered = np.where(apart, -1, np.cumsum(~apart) - 1)
    which = np.where(found.which >= 0, renumbered[np.maximum(found.which, 0)], -1)
    return Snapshots(found.times[~apart], which, found.observed)
