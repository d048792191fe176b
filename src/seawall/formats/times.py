"""Which moment does a cell mean? ISO text, unix seconds to nanoseconds, typed columns; day and month never guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from seawall.errors import FileProblem, InputError
from seawall.model.arrays import Bools, Texts, Times

NEVER = np.datetime64("NaT", "ns")
SLASHED = re.compile(r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$")
FIRST_DAY, LAST_DAY = 19_000_101, 22_001_231  # eight digits: a day without separators
# Digits from which a count since 1970 is in seconds, milliseconds, microseconds, nanoseconds: 1973 to 5138 each.
# And how many nanoseconds one such count is.
UNITS = ((10**17, 1), (10**14, 10**3), (10**11, 10**6), (10**8, 10**9))


class Moments(NamedTuple):
    """times (N): UTC nanoseconds, NaT where unreadable. naive (N): told without a zone, read as UTC."""

    times: Times
    naive: Bools


def moments_of(column: pa.ChunkedArray[Any], *, path: object, field: str, day_first: bool | None) -> Moments:
    """The column's moments.

    day_first: whether 3/4/2020 is the third of April; None refuses such dates. Raises FileProblem.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        times = column.cast(pa.timestamp("us")).to_numpy().astype("datetime64[ns]")
        clock = times != times.astype("datetime64[D]")
        return Moments(times, clock if getattr(kind, "tz", None) is None else np.zeros(len(times), dtype=bool))
    if pa.types.is_floating(kind):
        column = column.cast(pa.int64(), safe=False)
    cells = np.array(["" if cell is None else str(cell).strip() for cell in column.to_pylist()], dtype=object)
    distinct, place = np.unique(cells.astype(str), return_inverse=True)
    read = [_moment(str(cell), day_first) for cell in distinct]
    if any(moment is None for moment, _ in read):
        row = int(np.flatnonzero(np.isin(place, [n for n, (moment, _) in enumerate(read) if moment is None]))[0])
        raise FileProblem(path, f"row {row + 2}, {field}: day and month could be either", found=cells[row],
                          wanted="2020-04-03", remedy="tell day_first: true for 3/4/2020 meaning 3 April, else false")
    times = np.array([moment for moment, _ in read], dtype="datetime64[ns]")
    return Moments(times[place], np.array([naive for _, naive in read], dtype=bool)[place])


def moment_of(value: str | date | datetime | np.datetime64, what: str) -> np.datetime64:
    """One moment that a caller gives, UTC. Raises InputError."""
    if isinstance(value, np.datetime64):
        converted: np.datetime64 = value.astype("datetime64[ns]")
        return converted
    text = value if isinstance(value, str) else value.isoformat()
    moment, _ = _moment(text, None)
    if moment is None or np.isnat(moment):
        raise InputError(what, found=text, wanted="a day or a moment such as 2020-04-03 or 2020-04-03T08:00Z")
    return moment


def names_a_day(value: object) -> bool:
    """Whether a caller's value is a whole day, without a clock time."""
    if isinstance(value, str):
        return len(value.strip()) <= len("2020-04-03")
    return isinstance(value, date) and not isinstance(value, datetime)


def _moment(text: str, day_first: bool | None) -> tuple[np.datetime64 | None, bool]:
    """The moment and whether it was naive; None if day and month could be either."""
    if text.isdigit():
        return _counted(int(text)), False
    if found := SLASHED.match(text):
        return (None, False) if day_first is None else (_slashed(found, day_first), found[4] is not None)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return NEVER, False
    naive = read.tzinfo is None
    plain = read if naive else read.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(plain, "ns"), naive and ":" in text


def _counted(number: int) -> np.datetime64:
    if FIRST_DAY <= number <= LAST_DAY:
        try:
            return np.datetime64(datetime.strptime(str(number), "%Y%m%d").replace(tzinfo=None), "ns")  # noqa: DTZ007
        except ValueError:
            return NEVER
    unit = next((unit for least, unit in UNITS if number >= least), 0)
    return np.datetime64(number * unit, "ns") if 0 < number * unit < 2**63 else NEVER


def _slashed(found: re.Match[str], day_first: bool) -> np.datetime64:
    day, month = (found[1], found[2]) if day_first else (found[2], found[1])
    try:
        return np.datetime64(datetime(  # noqa: DTZ001
            int(found[3]), int(month), int(day), int(found[4] or 0), int(found[5] or 0), int(found[6] or 0)), "ns")
    except ValueError:
        return NEVER


def texts_of(column: pa.ChunkedArray[Any]) -> Texts:
    """The column as stripped text, empty where missing."""
    texts = np.empty(len(column), dtype=object)
    texts[:] = ["" if cell is None else str(cell).strip() for cell in column.to_pylist()]
    return texts
