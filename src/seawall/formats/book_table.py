"""A table as people write it: CSV, Parquet, JSON or a data frame, brought to columns of stripped text.

CSV may be UTF-8 with or without its mark, or UTF-16 with it; the separator, a comma, semicolon, tab or bar, is read
off the header; a first line ``sep=;`` is obeyed. Column names lose case and outer blanks; inner blanks become ``_``.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from seawall.errors import FileProblem

SEPARATORS = ",;\t|"
EXACT_INTEGER = 2.0**53


class Malformed(NamedTuple):
    """A row whose cells cannot be laid to columns; first: its first cell, which stands where it should."""

    row: int
    what: str
    found: str
    wanted: str
    remedy: str
    first: str


@dataclass(frozen=True, slots=True)
class Table:
    """columns: stripped text, blank where nothing is. rows: each row's number as a person counts it.

    The header of a CSV is row 1; the first row of JSON, Parquet or a frame is row 1.
    """

    source: str
    columns: Mapping[str, Sequence[str]]
    rows: Sequence[int]
    malformed: tuple[Malformed, ...] = ()


def read_table(file: Path) -> Table:
    """The table in the file, by its suffix. Raises FileProblem."""
    readers: dict[str, Callable[[Path], Table]] = {".csv": _read_csv, ".json": _read_json, ".parquet": _read_parquet}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise FileProblem(file, "unknown kind of file", found=file.suffix, wanted=".csv, .parquet or .json",
                          remedy="save it as one of these")
    try:
        table = reader(file)
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise FileProblem(file, "cannot be read", found=str(error) or type(error).__name__,
                          remedy="check the path and the content") from error
    if not table.rows and not table.malformed:
        raise FileProblem(file, "no rows", wanted="a header and one row a line", remedy="check the export")
    return table


def table_of_frame(frame: Any, source: str) -> Table:
    """The table in a pandas, polars or Arrow frame, or a mapping of column names to values. Raises FileProblem."""
    if hasattr(frame, "columns") or hasattr(frame, "column_names"):
        named = getattr(frame, "column_names", None) or list(frame.columns)
        names = [str(name) for name in named]
    else:
        names = [str(name) for name in frame]
    _refuse_repeats(source, [column_name(name) for name in names])
    if hasattr(frame, "to_pydict"):
        columns = frame.to_pydict()
    elif hasattr(frame, "iter_rows"):
        columns = frame.to_dict(as_series=False)
    elif hasattr(frame, "to_dict"):
        columns = frame.to_dict(orient="list")
    else:
        columns = frame
    return _of_columns(source, columns)


def column_name(text: str) -> str:
    """The name by which a column is known."""
    return "_".join(text.strip().lower().split())


def text_of(value: Any) -> str:
    """A cell as text: blank for what is missing, whole numbers without ``.0``, times in ISO form."""
    if value is None or type(value).__name__ == "NAType":
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < EXACT_INTEGER else str(float(value))
    if isinstance(value, date):
        return "" if value != value else value.isoformat()  # NaT equals nothing, not even itself
    return str(value).strip()


def _read_csv(file: Path) -> Table:
    text = _decoded(file)
    offset, separator = 0, ""
    if text[:4].lower() == "sep=" and text[4:5] in SEPARATORS:
        offset, separator, text = 1, text[4:5], text.partition("\n")[2]
    separator = separator or _separator(text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    names = [column_name(cell) for cell in next(reader, [])]
    _refuse_repeats(file, [name for name in names if name])
    rows, whole, malformed = _laid(reader, len(names), offset, file)
    cells_by_column = zip(*whole, strict=True) if whole else ((),) * len(names)
    columns = [list(map(str.strip, column)) for column in cells_by_column]
    filled = [any(cells) for cells in zip(*columns, strict=True)]
    columns = [list(itertools.compress(column, filled)) for column in columns]
    if any(not name and any(column) for name, column in zip(names, columns, strict=True)):
        raise FileProblem(file, "a column has cells but no name", wanted="a name for each column",
                          remedy="name it in the header, or empty it")
    named = {name: column for name, column in zip(names, columns, strict=True) if name}
    return Table(file.name, named, list(itertools.compress(rows, filled)), malformed)


def _laid(
    reader: Any, width: int, offset: int, file: Path
) -> tuple[list[int], list[list[str]], tuple[Malformed, ...]]:
    """Numbers and cells of the rows that fit the header, and those that do not; blank ones of another width passed."""
    rows, whole, malformed = [], [], []
    start = reader.line_num + 1
    try:
        for cells in reader:
            problem = _malformed(offset + start, cells, width, reader.line_num - start)
            if problem is None:
                rows.append(offset + start)
                whole.append(cells)
            elif any(map(str.strip, cells)):
                malformed.append(problem)
            start = reader.line_num + 1
    except csv.Error as error:
        raise FileProblem(file, f"row {offset + start} cannot be read", found=str(error),
                          wanted="quotes in pairs", remedy="close the quote that stands open from there") from error
    return rows, whole, tuple(malformed)


def _malformed(row: int, cells: list[str], wanted: int, further_lines: int) -> Malformed | None:
    if further_lines:
        return Malformed(row, "a quoted cell runs over several lines", f"{further_lines + 1} lines", "one line a row",
                         "close the quote, or take the line break out", "")
    if len(cells) != wanted:
        return Malformed(row, "the row does not fit the header", f"{len(cells)} cells", f"{wanted}",
                         "quote cells that hold the separator, and keep blank ones", "".join(cells[:1]).strip())
    return None


def _separator(header: str) -> str:
    """The one that splits the header into the most cells; a comma if none does."""
    return max(SEPARATORS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def _decoded(file: Path) -> str:
    data = file.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileProblem(file, f"row {line} is not UTF-8", found=data[error.start : error.start + 4],
                          wanted="UTF-8, or UTF-16 with its mark", remedy="save it as CSV UTF-8") from error
    if "\0" in text:
        raise FileProblem(file, "holds zero bytes", wanted="UTF-8, or UTF-16 with its mark",
                          remedy="save it as CSV UTF-8")
    return text


def _read_json(file: Path) -> Table:
    text = _decoded(file)
    raw: Any = json.loads(text, object_pairs_hook=_pairs_once)
    if "\\u" in text:
        json.dumps(raw, ensure_ascii=False).encode()  # half a surrogate pair has no bytes, so no hash later
    if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
        raise ValueError("wanted a list of objects")
    keys = dict.fromkeys(key for row in raw for key in row)
    _refuse_repeats(file, [column_name(key) for key in keys])
    return _of_columns(file.name, {key: [row.get(key) for row in raw] for key in keys})


def _pairs_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object holds a key twice: " + ", ".join(key for key, _ in pairs))
    return found


def _read_parquet(file: Path) -> Table:
    import pyarrow.parquet as parquet  # a tenth of a second that CSV readers need not pay

    table = parquet.read_table(file)
    _refuse_repeats(file, [column_name(name) for name in table.column_names])
    return _of_columns(file.name, table.to_pydict())


def _of_columns(source: str, columns: Mapping[str, Sequence[Any]]) -> Table:
    texts = {column_name(str(name)): [text_of(value) for value in values] for name, values in columns.items()}
    count = len(next(iter(texts.values()), []))
    return Table(source, texts, range(1, count + 1))


def _refuse_repeats(source: object, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileProblem(source, "a column stands twice in the header", found=", ".join(twice), wanted="each once",
                          remedy="rename or remove one of them")
