"""Which bounds did a person set? Limits from CSV, TOML or JSON; every problem told with its row and its remedy.

Fields: measure, scope, bound; unit, near, name if wanted. CSV: a header, one row a limit. JSON: a list of objects, or
an object whose ``limit`` is one. TOML: a table ``[[limit]]`` for each.
"""

from __future__ import annotations

import csv
import json
import math
import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from seawall.errors import BookProblems, FileProblem, InputError
from seawall.measures.limits import known_measure
from seawall.model.failure import Failure
from seawall.model.results import Limit

NEEDED = ("measure", "bound")
FIELDS = (*NEEDED, "scope", "unit", "near", "name")


class LimitFile(NamedTuple):
    """limits: those that can be used; failures: the others, each with file, row and remedy."""

    limits: tuple[Limit, ...]
    failures: tuple[Failure, ...]


def read_limits(path: str | Path, *, dimensions: Collection[str] | None = None, strict: bool = False) -> LimitFile:
    """Every limit of a file. dimensions: those a scope may name; any if not given.

    Raises FileProblem for a file that cannot be read, and if strict BookProblems for any limit that cannot be used.
    """
    file = Path(path)
    limits: list[Limit] = []
    failures: list[Failure] = []
    for where, row in _rows(file):
        try:
            limits.append(_limit(f"{file.name} {where}", row, dimensions))
        except InputError as error:
            failures.append(Failure(error.what, f"{file.name} {where}",
                                    "" if error.found is None else str(error.found), error.wanted, error.remedy))
    if strict and failures:
        raise BookProblems(file, [str(failure) for failure in failures])
    return LimitFile(tuple(limits), tuple(failures))


def _limit(where: str, row: Mapping[str, Any], dimensions: Collection[str] | None) -> Limit:
    if unknown := [name for name in row if name not in FIELDS]:
        raise InputError("no such field of a limit", found=", ".join(unknown), wanted=", ".join(FIELDS),
                         remedy="correct the name, or leave it out")
    measure = str(row.get("measure", "")).strip()
    if remedy := known_measure(measure):
        raise InputError("no such measure", found=measure, remedy=remedy)
    bound, near = _number(row, "bound", math.nan, math.inf), _number(row, "near", 0.9, 1.0)
    scope = _scope(str(row.get("scope") or "total").strip(), dimensions)
    unit, name = (str(row.get(field) or "").strip() for field in ("unit", "name"))
    return Limit(measure, bound, scope, unit, near, name, where)


def _scope(scope: str, dimensions: Collection[str] | None) -> str:
    if scope == "total":
        return scope
    dimension, equals, value = (part.strip() for part in scope.partition("="))
    if not (dimension and equals and value):
        raise InputError("scope", found=scope, wanted="total, dimension=value, or dimension=*",
                         remedy="write it like account=A1")
    if dimensions is not None and dimension not in dimensions:
        raise InputError("the book has no such dimension", found=dimension,
                         wanted="one of " + ", ".join(sorted(dimensions)),
                         remedy="correct the scope, or add the column to the book")
    return f"{dimension}={value}"


def _number(row: Mapping[str, Any], name: str, default: float, most: float) -> float:
    given = row.get(name)
    if given is None or str(given).strip() == "":
        value = default
    else:
        try:
            value = float(str(given).replace(",", ""))
        except ValueError:
            value = math.nan
    if not 0 <= value <= most or math.isinf(value):
        wanted = "a finite number, zero or more" if math.isinf(most) else f"a number from 0 to {most:g}"
        raise InputError(name, found=given, wanted=wanted, remedy="write a number")
    return value


def _rows(file: Path) -> list[tuple[str, Mapping[str, Any]]]:
    readers: dict[str, Callable[[str], list[tuple[str, Mapping[str, Any]]]]] = {
        ".csv": _csv_rows, ".json": _json_rows, ".toml": _toml_rows}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise FileProblem(file, "unknown kind of file", found=file.suffix, wanted=".csv, .toml or .json")
    try:
        return reader(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, csv.Error) as error:
        raise FileProblem(file, "cannot be read", found=str(error), remedy="check the path and the content") from error


def _csv_rows(text: str) -> list[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(text.splitlines())
    missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"columns are missing: {', '.join(missing)}")
    return [(f"row {reader.line_num}", _whole(row)) for row in reader]


def _whole(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    """The row's cells; one with more cells than the header has lost its bound to a comma, and says so."""
    cells = {str(name): cell for name, cell in row.items() if name is not None}
    surplus = row.get(None)
    if not surplus:
        return cells
    written = ",".join([str(cells.get("bound", "")), *map(str, surplus)])
    return cells | {"bound": f"{written} (cells beyond the header)"}


def _json_rows(text: str) -> list[tuple[str, Mapping[str, Any]]]:
    return _tables(json.loads(text))


def _toml_rows(text: str) -> list[tuple[str, Mapping[str, Any]]]:
    return _tables(tomllib.loads(text))


def _tables(raw: Any) -> list[tuple[str, Mapping[str, Any]]]:
    listed = raw.get("limit") if isinstance(raw, dict) else raw
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        raise ValueError("wanted a list of limits, each with its fields by name")
    return [(f"limit {n}", row) for n, row in enumerate(listed, start=1)]
