"""Price histories in CSV or Parquet: wide (a column a name), long (a row a name and date), or one file of bars a name.

Levels are read as they stand; what can be believed is decided by ``seawall.history``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from seawall.errors import FileProblem, InputError
from seawall.formats.history_columns import Cells, Shape, cells_of, load_table, shape_of, split_steps
from seawall.formats.manifest import read_manifest, verify
from seawall.formats.times import Moments, moment_of, moments_of, names_a_day, texts_of
from seawall.history.bars import DROPPED, FLAGGED, REPAIRED, Bars, bars_of_closes, is_daily, one_gap
from seawall.history.join import Named, panel_of_bars
from seawall.model.arrays import Bools, Floats, Texts
from seawall.model.factor import RISK_CLASSES, Factor
from seawall.model.panel import Gap, Panel

Moment = str | date | datetime | np.datetime64

PERCENT = {"volatility": 5.0, "rate": 0.5, "interest": 0.5, "funding": 0.5}  # no decimal level stands above this
BAR_COLUMNS = ("open", "high", "low", "volume", "hours")


class HistoryOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a file cannot tell. day_first: whether 3/4/2020 is 3 April, None refuses it. percent: whether volatilities
    and rates are in percent, None judges by their size. value: the column, or the field of long rows, that holds the
    level, such as ``low``. repair_splits: mend jumps that are splits beyond doubt, instead of only flagging them.
    """

    day_first: bool | None = None
    percent: bool | None = None
    value: str = ""
    repair_splits: bool = False


def read_history(
    paths: str | Path | Sequence[str | Path], names: Mapping[str, str] | None = None, *,
    columns: Sequence[str] | None = None, splits: str | Path | None = None,
    start: Moment | None = None, end: Moment | None = None, options: HistoryOptions | None = None,
) -> Panel:
    """The panel of every name in the files (or snapshot directories), joined on dates, cleaned, each gap told.

    names: what a name in a file stands for: an asset (``BTCUSDT`` -> ``BTC``: factor spot:BTC) or a factor
    (``vix_daily`` -> ``volatility:SPX``); others keep their name. columns: the names to read, by default all. splits: a
    file of split ratios or of price and split factors. start, end: UTC, inclusive.
    Raises FileProblem for a file that cannot be read or lacks a column; InputError for a name that no file has.
    """
    files = [file for path in ([paths] if isinstance(paths, str | Path) else paths) for file in _files(Path(path))]
    chosen = options or HistoryOptions()
    read = [_read_file(file, chosen) for file in files]
    bars = [one for found, _ in read for one in found]
    gaps = [gap for _, told in read for gap in told]
    _refuse_unknown(bars, [*(columns or ()), *(names or {})], files)
    wanted = [one for one in bars if columns is None or one.name in set(columns)]
    named = [(_factor((names or {}).get(one.name, one.name)), one) for one in wanted]
    _refuse_mixed(named)
    named, percents = _decimal(named, chosen.percent)
    steps = split_steps(Path(splits), day_first=chosen.day_first) if splits is not None else None
    panel = panel_of_bars(named, splits=steps, repair_splits=chosen.repair_splits, gaps=[*gaps, *percents],
                          source=", ".join(file.name for file in files))
    return panel if start is None and end is None else panel.between(_first(start), _last(end))


def parse_history(data: bytes, name: str, options: HistoryOptions | None = None) -> tuple[list[Bars], list[Gap]]:
    """The raw bars in a file's bytes, and what reading had to drop or assume. name: tells CSV from Parquet.

    Raises FileProblem.
    """
    chosen = options or HistoryOptions()
    table = load_table(data, name)
    shape = shape_of(table, name, chosen.value)
    column = table[shape.time]
    moments = moments_of(column, path=name, field=shape.time or "first column", day_first=chosen.day_first)
    gaps = _time_gaps(moments, name, column)
    readable = ~np.isnat(moments.times)
    if not readable.any():
        raise FileProblem(name, f"no time can be read in {shape.time or 'the first column'}",
                          found=str(column[0].as_py()) if len(column) else "no rows", wanted="2020-04-03, or unix time",
                          remedy="name the column of dates date")
    found, bad = _bars(table, shape, name, moments, readable)
    return found, gaps + bad


def _files(path: Path) -> list[Path]:
    """The file itself, or a snapshot's verified history."""
    if not path.is_dir():
        return [path]
    manifest = read_manifest(path)
    names = [name for name, entry in manifest.files.items() if entry.kind == "history"]
    if not names:
        raise FileProblem(path, "a snapshot without history", wanted="a file of kind history",
                          remedy="pull again into this directory")
    for name in names:
        verify(path, name, manifest.files[name])
    return [path / name for name in names]


def _read_file(file: Path, options: HistoryOptions) -> tuple[list[Bars], list[Gap]]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FileProblem(file, "cannot be read", found=str(error), wanted="a price file",
                          remedy="check the path") from error
    return parse_history(data, file.name, options)


def _bars(
    table: pa.Table, shape: Shape, name: str, moments: Moments, readable: Bools
) -> tuple[list[Bars], list[Gap]]:
    if shape.wide:
        return _wide(table, shape, name, moments, readable)
    cells = {role: cells_of(table[column]) for role, column in shape.roles.items()}
    keep = readable.copy()
    if shape.field:
        keep &= texts_of(table[shape.field]) == shape.kept
    if shape.field and not keep.any():
        raise FileProblem(name, f"no row of field {shape.kept}", wanted="one of " + _some(texts_of(table[shape.field])))
    close = cells["close"].values if "bid" not in shape.roles else (cells["bid"].values + cells["ask"].values) / 2
    symbols = texts_of(table[shape.symbol]) if shape.symbol else np.full(len(table), Path(name).stem, dtype=object)
    unnamed = symbols == ""
    gaps = _bad_cells(cells, name, moments) + one_gap(name, moments.times, unnamed & keep, "row names nothing", DROPPED)
    found = []
    for symbol in dict.fromkeys(symbols[keep & ~unnamed].tolist()):
        rows = np.flatnonzero(keep & (symbols == symbol))
        found.append(Bars(str(symbol), name, moments.times[rows], close[rows],
                          *(_column(cells, role, rows) for role in BAR_COLUMNS)))
    return found, gaps


def _wide(
    table: pa.Table, shape: Shape, name: str, moments: Moments, readable: Bools
) -> tuple[list[Bars], list[Gap]]:
    found, gaps = [], []
    for column in shape.wide:
        cells = cells_of(table[column])
        if not np.isfinite(cells.values).any():
            gaps.append(Gap(column, "", "", len(table), f"column of {name} holds no number", DROPPED))
            continue
        gaps += one_gap(column, moments.times, cells.bad & readable, f"cell of {name} is no number", DROPPED)
        found.append(bars_of_closes(column, name, moments.times[readable], cells.values[readable]))
    return found, gaps


def _some(texts: Texts) -> str:
    return ", ".join(sorted(set(texts.tolist()))[:20])


def _column(cells: Mapping[str, Cells], role: str, rows: np.ndarray) -> Floats:
    return cells[role].values[rows] if role in cells else np.full(len(rows), np.nan)


def _bad_cells(cells: Mapping[str, Cells], name: str, moments: Moments) -> list[Gap]:
    return [gap for role, found in cells.items()
            for gap in one_gap(name, moments.times, found.bad, f"cell of {role} is no number", DROPPED)]


def _time_gaps(moments: Moments, name: str, column: pa.ChunkedArray[Any]) -> list[Gap]:
    unreadable = np.flatnonzero(np.isnat(moments.times))
    gaps = []
    if len(unreadable):
        example = column[int(unreadable[0])].as_py()
        gaps.append(Gap(name, f"row {unreadable[0] + 2}", f"row {unreadable[-1] + 2}", len(unreadable),
                        f"time cannot be read, such as {example!r}", DROPPED))
    return gaps + one_gap(name, moments.times, moments.naive, "time without a zone, read as UTC", FLAGGED)


def _factor(text: str) -> Factor:
    parts = text.split(":")
    return Factor(*parts[:4]) if parts[0] in RISK_CLASSES and len(parts) > 1 else Factor("spot", text)


def _decimal(named: Sequence[Named], percent: bool | None) -> tuple[list[Named], list[Gap]]:
    """Volatilities and rates as decimals; one file's levels of one kind are judged together."""
    largest: dict[tuple[str, str], float] = {}
    for factor, bars in named:
        key = (bars.source, factor.risk_class)
        largest[key] = max(largest.get(key, 0.0), float(np.nanmax(np.abs(bars.close), initial=0.0)))
    done, gaps = [], []
    for factor, bars in named:
        limit = PERCENT.get(factor.risk_class)
        told = percent if limit is not None else False
        top = largest[bars.source, factor.risk_class]
        if told is None and limit is not None and factor.risk_class != "volatility" and 0.01 < top <= limit:
            raise InputError(f"{bars.source}, {factor.key}: percent or decimal?", found=f"levels up to {top:g}",
                             wanted="options percent true or false", remedy="tell it: 0.3 may be either")
        divide = told if told is not None else top > (limit or np.inf)
        done.append((factor, bars.scaled(0.01) if divide else bars))
        if divide:
            gaps += one_gap(factor.key, bars.times, np.isfinite(bars.close), "percent read as decimal", REPAIRED)
    return done, gaps


def _refuse_unknown(bars: Sequence[Bars], asked: Sequence[str], files: Sequence[Path]) -> None:
    known = {one.name for one in bars}
    unknown = [name for name in asked if name not in known]
    if unknown:
        shown = ", ".join(sorted(known)[:20]) + (", ..." if len(known) > 20 else "")
        raise InputError(f"no file of {', '.join(f.name for f in files)} has this name", found=", ".join(unknown),
                         wanted=f"one of {shown}", remedy="correct the name: it is matched letter by letter")


def _refuse_mixed(named: Sequence[Named]) -> None:
    """Daily closes beside hourly ones would leave every hour but one empty."""
    daily = {is_daily(bars.times) for _, bars in named if len(bars) > 1}
    if len(daily) > 1:
        shown = {is_daily(bars.times): bars for _, bars in named if len(bars) > 1}
        raise InputError("the files' rows are not equally far apart",
                         found=f"{shown[True].source} daily, {shown[False].source} not",
                         wanted="all daily, or all of one other step", remedy="read them apart")


def _first(start: Moment | None) -> np.datetime64 | None:
    return None if start is None else moment_of(start, "start")


def _last(end: Moment | None) -> np.datetime64 | None:
    if end is None:
        return None
    whole_day = np.timedelta64(86_400 * 10**9 - 1, "ns") if names_a_day(end) else np.timedelta64(0, "ns")
    return moment_of(end, "end") + whole_day
