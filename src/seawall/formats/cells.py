"""What does a table hold? CSV and Parquet columns under any of their names, read cell by cell into numbers and times.

Column names are compared without case, spaces, underscores and dashes. A cell that cannot be read is no error here: it
comes back marked bad, and whoever asked for it counts it.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from seawall.errors import FileProblem
from seawall.formats.columns import Numbers
from seawall.formats.names import day_named
from seawall.model.arrays import Bools, Texts, Times

BLANKS = frozenset({"", "nan", "null", "none", "n/a", "na", "-", "--", "nat", "#n/a"})
EPOCH_SCALES = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))  # seconds, milliseconds, microseconds
AMERICAN_DAY = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})$")
Column: TypeAlias = Any  # an Arrow array of any type
NO_TIME = np.datetime64("NaT", "us")


class Moments(NamedTuple):
    """values (N): UTC microseconds, NaT where missing or bad; naive, whole_day and bad (N): how they were written."""

    values: Times
    naive: Bools
    whole_day: Bools
    bad: Bools


class _Moment(NamedTuple):
    value: np.datetime64
    naive: bool = False
    whole_day: bool = False
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table's columns by plain name; skipped: rows of a CSV file that have another number of cells."""

    path: Path
    columns: Mapping[str, Column]
    count: int
    skipped: int = 0

    def find(self, names: Sequence[str]) -> str | None:
        """The plain name of the first of the names that is a column here."""
        return next((plain(name) for name in names if plain(name) in self.columns), None)

    def numbers(self, *names: str) -> Numbers | None:
        """The column as numbers, or None if there is none."""
        found = self.find(names)
        return None if found is None else _numbers(self.columns[found])

    def texts(self, *names: str) -> Texts | None:
        """The column as text, empty where null, or None if there is none."""
        found = self.find(names)
        return None if found is None else _texts(self.columns[found])

    def moments(self, *names: str) -> Moments | None:
        """The column as times, or None if there is none."""
        found = self.find(names)
        return None if found is None else _moments(self.columns[found])

    def take(self, rows: NDArray[Any]) -> Sheet:
        """The chosen rows, by mask."""
        mask = pa.array(rows, pa.bool_())
        kept = {name: column.filter(mask) for name, column in self.columns.items()}
        return Sheet(self.path, kept, int(np.count_nonzero(rows)), self.skipped)


def plain(name: str) -> str:
    """A column's name as it is compared: lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def load_sheet(path: Path) -> Sheet:
    """The table of a CSV (plain or gzipped) or Parquet file. Raises FileProblem."""
    try:
        data = path.read_bytes()
        if data[:4] == b"PAR1":
            return sheet_of(parquet.read_table(pa.BufferReader(data)), path)
        return _csv(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data, path)
    except (OSError, EOFError, ValueError, pa.ArrowException) as error:
        raise FileProblem(path, "cannot be read as a table", found=str(error)[:200], wanted="CSV or Parquet",
                          remedy="check the path, or write it again") from error


def sheet_of(table: pa.Table, path: Path, skipped: int = 0) -> Sheet:
    """The sheet of an Arrow table; of two columns with one plain name the first counts."""
    columns: dict[str, Column] = {}
    for name in table.schema.names:
        columns.setdefault(plain(name), _whole(table[name]))
    return Sheet(path, columns, table.num_rows, skipped)


def _whole(column: Column) -> Column:
    joined = column.combine_chunks()
    return joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined


def _csv(data: bytes, path: Path) -> Sheet:
    """Every cell as text: what it means is for the reader of its column to say."""
    text = data.decode("utf-8-sig", errors="replace")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    names = next(csv.reader([first.rstrip("\r")], delimiter=delimiter), [])
    skipped: list[int] = []

    def skip(_: object) -> Literal["skip"]:
        skipped.append(1)
        return "skip"

    table = arrow_csv.read_csv(
        io.BytesIO(text.encode()), arrow_csv.ReadOptions(use_threads=False),
        arrow_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=skip),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    return sheet_of(table, path, len(skipped))


def _numbers(column: Column) -> Numbers:
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_decimal(column.type):
        values = np.array(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
        bad = np.isinf(values)
        return Numbers(np.where(bad, np.nan, values), bad)
    if pa.types.is_null(column.type):
        return Numbers.missing(len(column))
    return numbers_of(column.to_pylist())


def numbers_of(cells: Sequence[object]) -> Numbers:
    """Cells of any kind as numbers: a blank is missing, a percent sign divides by 100, all else is bad."""
    values = np.array([_number(cell) for cell in cells], dtype=np.float64)
    blank = np.array([_blank(cell) for cell in cells], dtype=bool)
    return Numbers(values, np.isnan(values) & ~blank)


def _blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and cell != cell) or (
        isinstance(cell, str) and cell.strip().lower() in BLANKS)


def _number(cell: object) -> float:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str) or _blank(cell):
        return float("nan")
    text = str(cell).strip()
    try:
        value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except (ValueError, OverflowError):
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def _texts(column: Column) -> Texts:
    array = np.empty(len(column), dtype=object)
    array[:] = ["" if cell is None else str(cell).strip() for cell in column.to_pylist()]
    return array


def _moments(column: Column) -> Moments:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _of_timestamps(column, naive=kind.tz is None)
    if pa.types.is_date(kind):
        return _of_timestamps(column.cast(pa.date32()).cast(pa.timestamp("us")), naive=False, whole_day=True)
    return moments_of(column.to_pylist())


def _of_timestamps(column: Column, *, naive: bool, whole_day: bool = False) -> Moments:
    ticks = column.cast(pa.timestamp("us"), safe=False)
    values = np.array(ticks.to_numpy(zero_copy_only=False), dtype="datetime64[us]")
    known = ~np.isnat(values)
    return Moments(values, known & naive, known & whole_day, np.zeros(len(values), dtype=bool))


def moments_of(cells: Iterable[object]) -> Moments:
    """Cells of any kind as times: ISO, 01/31/2018 (month first), 20180131, 31JAN18, or a count since 1970."""
    seen: dict[object, _Moment] = {}
    rows = [seen[cell] if cell in seen else seen.setdefault(cell, _moment(cell)) for cell in cells]
    return Moments(
        np.array([row.value for row in rows], dtype="datetime64[us]"),
        np.array([row.naive for row in rows], dtype=bool), np.array([row.whole_day for row in rows], dtype=bool),
        np.array([row.bad for row in rows], dtype=bool),
    )


def _moment(cell: object) -> _Moment:
    if _blank(cell):
        return _Moment(NO_TIME)
    text = str(cell).strip()
    if re.fullmatch(r"\d{8}(\.0)?", text):
        return _day(text[:4], text[4:6], text[6:8])
    if re.fullmatch(r"\d{9,}(\.\d*)?", text):
        return _since_1970(float(text))
    if american := AMERICAN_DAY.match(text):
        month, day = (american[1], american[2]) if int(american[1]) <= 12 else (american[2], american[1])
        return _day(american[3], month, day)
    if not np.isnat(named := day_named(text.upper())):
        return _Moment(named.astype("datetime64[us]"), whole_day=True)
    return _iso(text)


def _iso(text: str) -> _Moment:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _Moment(NO_TIME, bad=True)
    if len(text) == 10:
        return _Moment(np.datetime64(text, "us"), whole_day=True)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _Moment(np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "us"), naive=moment.tzinfo is None)


def _day(year: str, month: str, day: str) -> _Moment:
    try:
        return _Moment(np.datetime64(f"{year}-{int(month):02d}-{int(day):02d}", "us"), whole_day=True)
    except ValueError:
        return _Moment(NO_TIME, bad=True)


def _since_1970(count: float) -> _Moment:
    for least, scale in EPOCH_SCALES:
        if count < least:
            return _Moment(np.datetime64(int(count * scale), "us"))
    return _Moment(np.datetime64(int(count / 1000), "us") if count < 1e20 else NO_TIME, bad=count >= 1e20)
