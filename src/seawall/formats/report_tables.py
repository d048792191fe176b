"""The report as Parquet: one file a table, one of P&L vectors a rule."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as arrow
import pyarrow.parquet as parquet

from seawall.model.report import RiskReport
from seawall.model.results import Held

TABLES = ("tails", "accounts", "limits", "components", "leverage", "greeks", "vegas", "prices", "worst", "crises",
          "lines", "failures", "quality", "proofs")


def write_tables(report: RiskReport, directory: Path, vectors: Mapping[str, Held] | None = None) -> list[Path]:
    """One Parquet file a table of the report, and one of P&L vectors for each rule that is given.

    vectors: by rule name; a file has one row a scenario: label, weight, then one column a held row.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name in TABLES:
        rows = msgspec.to_builtins(getattr(report, name))
        if rows:
            written.append(_write(arrow.Table.from_pylist(_flat(rows)), directory / f"{name}.parquet"))
    for name, held in sorted((vectors or {}).items()):
        written.append(_write(_vector_table(held), directory / f"pnl_{_file_name(name)}.parquet"))
    return written


def _vector_table(held: Held) -> arrow.Table:
    columns: dict[str, Any] = {"scenario": list(held.rule.labels), "weight": held.weights}
    columns |= {"/".join(key) or "total": row for key, row in zip(held.keys, held.pnl, strict=True)}
    return arrow.table(columns)


def _flat(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Nested objects as JSON text, so that every reader of Parquet can open them."""
    return [{key: _cell(value) for key, value in row.items()} for row in rows]


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name.lower()).strip("_")


def _write(table: arrow.Table, path: Path) -> Path:
    parquet.write_table(table, path, compression="zstd")
    return path
