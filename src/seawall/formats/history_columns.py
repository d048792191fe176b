"""Which column is what? Tables of text or numbers, the shape of a price file, and files of splits."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from seawall.errors import FileProblem
from seawall.formats.times import moments_of, texts_of
from seawall.history.splits import Steps
from seawall.model.arrays import Bools, Floats

TIMES = ("date", "time", "timestamp", "datetime", "date_utc", "day", "minute", "open_time", "")
SYMBOLS = ("symbol", "ticker", "asset", "series", "currency", "instrument", "instrument_name")
CLOSES = ("close", "adj_close", "adj close", "settle", "last", "price")
ROLES = {"open": ("open",), "high": ("high",), "low": ("low",), "volume": ("volume",), "hours": ("n_hours",)}
BLANK = frozenset(("", "na", "n/a", "nan", "null", "none", "-"))
ONE_NANOSECOND = np.timedelta64(1, "ns")


class Cells(NamedTuple):
    """values (N): NaN where missing. bad (N): the cell held something that is no number."""

    values: Floats
    bad: Bools


class Shape(NamedTuple):
    """time, symbol, field: columns; roles: column of close, or bid and ask, and of the bars' others.

    wide: columns that each are one name; field: column that says what a long row's value is; kept: the one to take.
    """

    time: str
    symbol: str
    field: str
    roles: Mapping[str, str]
    wide: Sequence[str]
    kept: str = "close"


def load_table(data: bytes, name: str) -> pa.Table:
    """The table in a file's bytes; a CSV's cells all as text. Raises FileProblem."""
    suffix = Path(name).suffix.lower()
    try:
        if suffix == ".parquet":
            table = parquet.read_table(io.BytesIO(data))
        elif suffix == ".csv":
            table = _csv(data, name)
        else:
            raise FileProblem(name, "unknown kind of file", found=suffix or "no ending", wanted=".csv or .parquet")
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise FileProblem(name, "cannot be read", found=str(error), wanted="a table with one header row",
                          remedy="check that each row has as many cells as the header") from error
    if not len(table):
        raise FileProblem(name, "no rows", wanted="a header and a row for each date")
    return table


def shape_of(table: pa.Table, name: str, value: str) -> Shape:
    """Which column is what. value: the column of the level, if told. Raises FileProblem."""
    known = {column.strip().lower(): column for column in reversed(table.column_names)}
    time = next((known[t] for t in TIMES if t in known), None)
    if time is None:
        raise FileProblem(name, "no column of dates", found=", ".join(table.column_names)[:200],
                          wanted="one named " + ", ".join(TIMES[:5]), remedy="rename it")
    symbol = next((known[s] for s in SYMBOLS if s in known), "")
    roles = {role: known[alias] for role, aliases in ROLES.items() for alias in aliases if alias in known}
    if symbol and "field" in known and "value" in known and value.lower() not in known:
        return Shape(time, symbol, known["field"], {"close": known["value"]}, (), value or "close")
    if value:
        return Shape(time, symbol, "", roles | {"close": _told(known, value, name)}, ())
    if "bid_close" in known and "ask_close" in known:
        return Shape(time, symbol, "", {"close": known["bid_close"], "bid": known["bid_close"],
                                        "ask": known["ask_close"]}, ())
    close = next((known[c] for c in CLOSES if c in known), "")
    if close and (symbol or "open" in roles or known.get("close") == close):
        return Shape(time, symbol, "", roles | {"close": close}, ())
    if symbol:
        raise FileProblem(name, "no column of prices", found=", ".join(table.column_names)[:200],
                          wanted="one named " + ", ".join(CLOSES), remedy="tell it with the option value")
    return Shape(time, "", "", {}, [column for column in table.column_names if column != time])


def cells_of(column: pa.ChunkedArray[Any]) -> Cells:
    """Numbers of a column; text is parsed, and what is neither number nor blank is bad."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_decimal(column.type):
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(float)
        return Cells(values, np.zeros(len(values), dtype=bool))
    texts = texts_of(column)
    values = np.array([_number(text) for text in texts], dtype=float)
    blank = np.array([text.lower() in BLANK for text in texts], dtype=bool)
    return Cells(values, np.isnan(values) & ~blank)


def split_steps(file: Path, *, day_first: bool | None = None) -> dict[str, Steps]:
    """Price factors by name, from ``symbol, date, ratio`` (new shares for one old, from that date on) or from a factor
    file ``date, price_factor, split_factor, symbol`` (each row up to and including its date). Raises FileProblem.
    """
    try:
        table = load_table(file.read_bytes(), file.name)
    except OSError as error:
        raise FileProblem(file, "cannot be read", found=str(error), remedy="check the path") from error
    columns = {column.strip().lower(): column for column in table.column_names}
    by_ratio = {"symbol", "date", "ratio"} <= set(columns)
    if not by_ratio and not {"symbol", "date", "price_factor", "split_factor"} <= set(columns):
        raise FileProblem(file, "no file of splits", found=", ".join(columns),
                          wanted="symbol, date, ratio; or symbol, date, price_factor, split_factor")
    wanted = ("ratio",) if by_ratio else ("price_factor", "split_factor")
    times = moments_of(table[columns["date"]], path=file, field="date", day_first=day_first).times
    symbols = texts_of(table[columns["symbol"]])
    numbers = [cells_of(table[columns[name]]).values for name in wanted]
    _refuse_factors(file, times, numbers, wanted)
    found = {}
    for symbol in dict.fromkeys(symbols.tolist()):
        rows = np.flatnonzero(symbols == symbol)
        rows = rows[np.argsort(times[rows], kind="stable")]
        found[str(symbol)] = _by_ratio(times[rows], numbers[0][rows]) if by_ratio \
            else Steps(times[rows], numbers[0][rows], numbers[1][rows])
    return found


def _by_ratio(times: np.ndarray, ratios: Floats) -> Steps:
    """A price before several splits is divided by all of their ratios."""
    shares = 1 / np.cumprod(ratios[::-1])[::-1]
    return Steps(np.asarray(times - ONE_NANOSECOND, dtype="datetime64[ns]"), np.ones(len(times)), shares)


def _refuse_factors(file: Path, times: np.ndarray, numbers: Sequence[Floats], names: Sequence[str]) -> None:
    for name, values in zip(names, numbers, strict=True):
        bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)) | np.isnat(times))
        if len(bad):
            raise FileProblem(file, f"row {bad[0] + 2}: date or {name} cannot be used", found=float(values[bad[0]]),
                              wanted="a date and a positive number", remedy="mend the row")


def _csv(data: bytes, name: str) -> pa.Table:
    lines = io.StringIO(data[:65_536].decode("utf-8-sig", errors="replace"))
    first = lines.readline()
    delimiter = ";" if first.count(";") > first.count(",") else ","
    header = next(csv.reader([first], delimiter=delimiter), [])
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise FileProblem(name, "columns named twice", found=", ".join(twice), wanted="each name once")
    if not header:
        raise FileProblem(name, "no header", wanted="a header and a row for each date")
    return arrow_csv.read_csv(
        io.BytesIO(data), parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
        convert_options=arrow_csv.ConvertOptions(column_types={column: pa.string() for column in header}))


def _told(known: Mapping[str, str], value: str, name: str) -> str:
    if value.lower() not in known:
        raise FileProblem(name, "lacks the column told as value", found=", ".join(known.values())[:200], wanted=value)
    return known[value.lower()]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
