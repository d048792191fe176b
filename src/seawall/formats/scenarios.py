"""How are scenarios written down? Files of one's own named scenarios, and the packaged library of crises.

CSV: a column ``name``, one column per factor (``spot:BTC``, ``volatility:*crypto``, ``rate:USD:90d``), a row per
scenario. TOML and JSON: a list ``scenarios`` of tables with ``name`` and ``shocks``. See the reference of scenarios.
"""

from __future__ import annotations

import csv
import io
import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from seawall.errors import FileProblem, InputError, ScenarioProblems
from seawall.model.arrays import frozen_texts
from seawall.model.factor import RISK_CLASSES
from seawall.model.scenario import ABSOLUTE, RELATIVE, Column, ScenarioRule, Term
from seawall.scenarios.crises import Library
from seawall.scenarios.grid import MULTIPLICATIVE

# What a row may say beside its shocks, with the value that a row without it has; path counts the rows.
ROW_FIELDS: Mapping[str, float | None] = {"weight": 1.0, "pnl_scale": 1.0, "path": None, "step": 0.0, "days": None}
FILE_FIELDS = ("name", "horizon_days", "terms", "held", "scenarios")


class _Row(NamedTuple):
    """One scenario as written: where it stands, its name, its cells by factor text, its own fields."""

    where: str
    name: str
    cells: Mapping[str, Any]
    fields: Mapping[str, Any]


class _File(NamedTuple):
    """What a file says beside its rows."""

    name: str
    horizon_days: float = 0.0
    terms: Mapping[str, Term] = {}
    held: tuple[str, ...] = ()


def read_scenarios(path: Path | str) -> ScenarioRule:
    """The rule that a CSV, TOML or JSON file writes down.

    Raises FileProblem if the file cannot be read, ScenarioProblems with every row and field that cannot.
    """
    path = Path(path)
    problems: list[str] = []
    header, rows = _READERS.get(path.suffix.lower(), _unknown)(path, problems)
    if not rows and not problems:
        raise FileProblem(path, "holds no scenario", wanted="at least one row", remedy="add a row, or leave it out")
    rule = _rule(header, rows, problems)
    if rule is None or problems:
        raise ScenarioProblems(path, problems)
    return rule


def load_crises(path: Path | None = None) -> Library:
    """The packaged library of named crises, or one's own in the same form. Raises FileProblem."""
    where = path or Path(str(files("seawall.scenarios") / "crises.toml"))
    try:
        return msgspec.toml.decode(where.read_bytes(), type=Library)
    except (OSError, ValueError, InputError) as error:
        raise FileProblem(where, "cannot be read as a library of crises", found=str(error),
                          wanted="crises, sources and asset classes in TOML",
                          remedy="see the reference of scenarios for its fields") from error


def _rule(header: _File, rows: list[_Row], problems: list[str]) -> ScenarioRule | None:
    sheet = _Sheet(header.terms, problems)
    values = [sheet.read(row) for row in rows]
    sheet.read(_Row("held", "held", dict.fromkeys(header.held, 0.0), {}))
    own = {name: _field(name, default, rows, problems) for name, default in ROW_FIELDS.items()}
    if problems:
        return None
    try:
        return ScenarioRule(
            name=header.name, columns=tuple(sheet.columns.values()),
            shocks=np.array([[row.get(key, 0.0) for key in sheet.columns] for row in values]).reshape(len(rows), -1),
            labels=frozen_texts([row.name for row in rows], "labels"), horizon_days=header.horizon_days,
            weights=np.array(own["weight"]), pnl_scale=np.array(own["pnl_scale"]),
            path=np.array(own["path"], dtype=np.int64), step=np.array(own["step"], dtype=np.int64),
            ages=np.array([header.horizon_days if days is None else days for days in own["days"]]) / 365.0,
            provenance={"generator": "file"},
        )
    except InputError as error:
        problems.append(str(error))
        return None


class _Sheet:
    """Gathers the columns that rows name, in the order of first sight, and the problems of their cells."""

    def __init__(self, terms: Mapping[str, Term], problems: list[str]) -> None:
        self.columns: dict[str, Column] = {}
        self._terms, self._problems = terms, problems

    def read(self, row: _Row) -> dict[str, float]:
        """The row's shocks by column key; an empty cell is no move."""
        shocks: dict[str, float] = {}
        for text, cell in row.cells.items():
            column = _column(text, cell, self._terms)
            problem = column if isinstance(column, str) else self._put(column, cell, shocks)
            if problem:
                self._problems.append(f"{row.where}, {text}: {problem}")
        return shocks

    def _put(self, column: Column, cell: Any, shocks: dict[str, float]) -> str:
        """Notes the cell's shock; says what is wrong with it, or nothing."""
        known = self.columns.setdefault(column.key, column)
        amount = cell.get(column.how) if isinstance(cell, dict) else cell
        value = _amount(amount)
        if known.how != column.how:
            return (f"shocked {column.how}; found {known.how} in an earlier row; wanted one way for the whole column; "
                    "split it into two files")
        if value is None:
            return f"no number; found {amount!r}; wanted a shock such as -0.3 or -30%; correct the cell"
        if column.key in shocks:
            return "the factor stands twice; wanted one cell a factor; merge them"
        shocks[column.key] = value
        return ""


def _column(text: str, cell: Any, terms: Mapping[str, Term]) -> Column | str:
    """The column that a factor's text names, or what is wrong with it."""
    key, _, how = text.strip().partition(" ")
    parts = [part.strip() for part in key.split(":")]
    if parts[0] not in RISK_CLASSES:
        return f"unknown risk class; found {parts[0]}; wanted one of {', '.join(RISK_CLASSES)}; correct the name"
    if len(parts) not in (2, 3) or not parts[1]:
        return f"no factor; found {key}; wanted risk_class:name or risk_class:name:30d; name what moves, or *"
    if isinstance(cell, dict):
        how = next(iter(cell), "") if len(cell) == 1 else "?"
    how = how.strip() or (RELATIVE if parts[0] in MULTIPLICATIVE else ABSOLUTE)
    if how not in (RELATIVE, ABSOLUTE):
        return f"unknown way to shock; found {how}; wanted {RELATIVE} or {ABSOLUTE}; write one of them"
    days = _days(parts[2]) if len(parts) == 3 else None
    if len(parts) == 3 and days is None:
        return f"no tenor; found {parts[2]}; wanted days such as 30d; an expiry date is told by its days to expiry"
    return Column(parts[0], parts[1], how, days, terms.get(parts[0]))


def _days(text: str) -> float | None:
    value = _amount(text[:-1]) if text[-1:].lower() == "d" else None
    return value if value is not None and value >= 0 else None


def _amount(cell: Any) -> float | None:
    """A finite number, percent signs understood; an empty cell is zero; None if it is neither."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, str):
        text = cell.strip().replace("−", "-")
        if not text:
            return 0.0
        try:
            number = float(text.removesuffix("%").strip())
        except ValueError:
            return None
        cell = number / 100 if text.endswith("%") else number
    return float(cell) if isinstance(cell, int | float) and math.isfinite(cell) else None


def _field(name: str, default: float | None, rows: list[_Row], problems: list[str]) -> list[Any]:
    """The rows' own values of one field; path counts the rows, days is None, where a row does not say."""
    found: list[Any] = []
    for number, row in enumerate(rows):
        given = row.fields.get(name)
        if given is None or given == "":
            found.append(number if name == "path" else default)
            continue
        value = _amount(given)
        whole = name in ("path", "step")
        if value is None or (value < 0 and name != "pnl_scale") or (whole and value != int(value)):
            wanted = "a whole number, zero or more" if whole else "a finite number" + (
                "" if name == "pnl_scale" else ", not negative")
            problems.append(f"{row.where}, {name}: not usable; found {given!r}; wanted {wanted}; correct the cell")
            value = 0.0
        found.append(value)
    return found


def _read_csv(path: Path, problems: list[str]) -> tuple[_File, list[_Row]]:
    try:
        lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error
    names = [cell.strip() for cell in lines[0]] if lines else []
    if "name" not in names:
        raise FileProblem(path, "no column tells the scenario's name", found=", ".join(names) or "nothing",
                          wanted="name, and a column per factor such as spot:BTC", remedy="add a first line of columns")
    problems.extend(f"line 1, {name}: the column stands twice; found {names.count(name)}; wanted once; merge them"
                    for name in sorted({name for name in names if name and names.count(name) > 1}))
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(names):
            problems.append(f"line {number}: {len(line)} cells; wanted {len(names)}; check its commas")
            continue
        cells = {name: cell for name, cell in zip(names, line, strict=True) if name}
        rows.append(_row(f"line {number}", cells.pop("name", ""), cells, problems))
    return _File(path.stem), rows


def _row(where: str, name: Any, cells: Mapping[str, Any], problems: list[str]) -> _Row:
    if not str(name).strip():
        problems.append(f"{where}, name: empty; wanted the scenario's name; name it")
    own = {key: value for key, value in cells.items() if key in ROW_FIELDS}
    return _Row(where, str(name).strip(), {k: v for k, v in cells.items() if k not in ROW_FIELDS}, own)


def _read_tables(path: Path, problems: list[str]) -> tuple[_File, list[_Row]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error
    listed = raw.get("scenarios") if isinstance(raw, dict) else None
    if not isinstance(listed, list):
        raise FileProblem(path, "no list of scenarios", found=type(raw).__name__, wanted="scenarios, a list of tables",
                          remedy="write each as a table with name and shocks")
    problems.extend(_unknown_fields("file", raw, FILE_FIELDS))
    rows = []
    for number, table in enumerate(listed, start=1):
        where = f"scenario {number}"
        if not isinstance(table, dict) or not isinstance(table.get("shocks"), dict):
            problems.append(f"{where}: no shocks; wanted name and a table of shocks; write both")
            continue
        problems.extend(_unknown_fields(where, table, ("name", "shocks", *ROW_FIELDS)))
        own = {key: table[key] for key in ROW_FIELDS if key in table}
        rows.append(_row(where, table.get("name", ""), {**table["shocks"], **own}, problems))
    return _header(path, raw, problems), rows


def _header(path: Path, raw: Mapping[str, Any], problems: list[str]) -> _File:
    horizon = _amount(raw.get("horizon_days", 0.0))
    if horizon is None or horizon < 0:
        problems.append(f"file, horizon_days: not usable; found {raw['horizon_days']!r}; wanted days, zero or more")
    try:
        terms = msgspec.convert(raw.get("terms", {}), dict[str, Term])
        held = msgspec.convert(raw.get("held", []), tuple[str, ...])
    except (msgspec.ValidationError, InputError) as error:
        problems.append(f"file, terms or held: {error}; wanted terms by risk class and a list of factors")
        terms, held = {}, ()
    return _File(str(raw.get("name") or path.stem), horizon or 0.0, terms, held)


def _unknown_fields(where: str, table: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    return [f"{where}, {key}: no such field; wanted {', '.join(known)}; correct or remove it"
            for key in table if key not in set(known)]


def _unreadable(path: Path, error: Exception) -> FileProblem:
    return FileProblem(path, "cannot be read", found=str(error), wanted="CSV, TOML or JSON in UTF-8",
                       remedy="check the path and the file")


def _unknown(path: Path, problems: list[str]) -> tuple[_File, list[_Row]]:
    del problems
    raise FileProblem(path, "is of no known kind", found=path.suffix or "no suffix", wanted=".csv, .toml or .json",
                      remedy="name the file by what it holds")


_READERS = {".csv": _read_csv, ".toml": _read_tables, ".json": _read_tables}
