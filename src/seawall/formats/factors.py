"""Levels stated by hand: one factor a row, in CSV, JSON or Parquet.

Columns: factor (its key, such as ``peg:WBTC``), level (in the factor's own unit), asset_class (needed for spots, blank
for others), source (where the level comes from; needed, so that no number stands without one).
"""

from __future__ import annotations

from pathlib import Path

from seawall.errors import FileProblem, InputError
from seawall.formats.book_cells import number
from seawall.formats.book_table import Table, read_table
from seawall.market.supplement import Supplement
from seawall.model.factor import Factor

COLUMNS = ("factor", "level", "asset_class", "source")
ASSET_CLASSES = ("crypto", "equity", "currency", "stablecoin")


def read_factors(path: str | Path) -> Supplement:
    """The levels in the file. Raises FileProblem naming every row that cannot be used."""
    file = Path(path)
    table = read_table(file)
    columns = _columns(table, file)
    levels: dict[Factor, float] = {}
    classes: dict[str, str] = {}
    problems = [f"row {row.row}: {row.what}" for row in table.malformed]
    for row, key, level, asset_class, source in zip(table.rows, *columns, strict=True):
        try:
            factor = _factor(key)
            value = _level(level)
            _check(factor, levels, asset_class, source)
        except InputError as error:
            problems.append(f"row {row}: {error}")
            continue
        levels[factor] = value
        if asset_class:
            classes[factor.qualifier] = asset_class
    if problems:
        raise FileProblem(file, f"{len(problems)} rows cannot be used", found="; ".join(problems),
                          remedy="mend the rows")
    return Supplement(levels, classes, file.name)


def _columns(table: Table, file: Path) -> list[list[str]]:
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise FileProblem(file, "columns are missing", found=", ".join(table.columns), wanted=", ".join(missing),
                          remedy="add them")
    return [list(table.columns[name]) for name in COLUMNS]


def _factor(key: str) -> Factor:
    risk_class, _, rest = key.partition(":")
    qualifier, _, tenor = rest.partition(":")
    if not qualifier:
        raise InputError("factor", found=key, wanted="class:name, such as peg:WBTC", remedy="write its key")
    return Factor(risk_class, qualifier, tenor)


def _level(text: str) -> float:
    value = number("level", text)
    if not isinstance(value, float):
        raise InputError(value.what, found=value.found, wanted="a number in the factor's own unit",
                         remedy=value.remedy)
    return value


def _check(factor: Factor, seen: dict[Factor, float], asset_class: str, source: str) -> None:
    if factor in seen:
        raise InputError("the factor stands twice", found=factor.key, wanted="each once", remedy="remove one")
    if asset_class and asset_class not in ASSET_CLASSES:
        raise InputError("asset_class", found=asset_class, wanted="one of " + ", ".join(ASSET_CLASSES))
    if factor.risk_class == "spot" and not asset_class:
        raise InputError("asset_class of a spot", wanted="one of " + ", ".join(ASSET_CLASSES),
                         remedy="scenarios move spots by their class")
    if not source:
        raise InputError("source", wanted="where the level comes from", remedy="say 'invented' if it is")
