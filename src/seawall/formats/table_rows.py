"""What stands in each row of a small table? CSV under tolerant headers, every cell as text by its canonical name."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from seawall.errors import FileProblem
from seawall.formats.cells import BLANKS, plain

DELIMITERS = ",;\t|"


class TableRow(NamedTuple):
    """cells: text by canonical column name, blanks left out. where: file and row, as a person counts them."""

    where: str
    cells: Mapping[str, str]


def read_rows(path: str | Path, columns: Mapping[str, Sequence[str]], needed: Sequence[str]) -> tuple[TableRow, ...]:
    """Every row of a CSV file that is not blank throughout. columns: canonical names with what else they are called.

    Headers are compared without case, spaces, underscores and dashes. Raises FileProblem for a file that cannot be
    read, a column that no one knows, is missing or stands twice, and for a row with more cells than the header.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
        lines = text.splitlines()
        head = next((line for line in lines if line.strip()), "")
        table = list(csv.reader(lines, delimiter=max(DELIMITERS, key=head.count)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileProblem(file, "cannot be read as a table", found=str(error)[:200], wanted="CSV",
                          remedy="check the path, or write it again") from error
    rows = [(number, row) for number, row in enumerate(table, 1) if any(cell.strip() for cell in row)]
    if not rows:
        raise FileProblem(file, "is empty", wanted="a header and rows")
    names = _names(file, rows[0][1], columns, needed)
    return tuple(TableRow(f"{file.name} row {number}", _cells(file, number, row, names)) for number, row in rows[1:])


def _names(
    file: Path, header: Sequence[str], columns: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> tuple[str, ...]:
    known = {plain(alias): name for name, aliases in columns.items() for alias in (name, *aliases)}
    unknown = [cell for cell in header if plain(cell) not in known]
    if unknown:
        raise FileProblem(file, "no such column", found=", ".join(unknown), wanted=", ".join(columns),
                          remedy="correct the name, or leave the column out")
    names = tuple(known[plain(cell)] for cell in header)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileProblem(file, "a column stands twice", found=", ".join(twice), wanted="each column once")
    missing = [name for name in needed if name not in names]
    if missing:
        raise FileProblem(file, "columns are missing", found=", ".join(header), wanted=", ".join(missing))
    return names


def _cells(file: Path, number: int, row: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    if len(row) > len(names):
        raise FileProblem(file, f"row {number} has more cells than the header", found=len(row), wanted=f"{len(names)}",
                          remedy="put quotes around a cell that holds the delimiter")
    return {name: cell.strip() for name, cell in zip(names, row, strict=False) if cell.strip().lower() not in BLANKS}
