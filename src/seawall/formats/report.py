"""The report as files: JSON with a versioned schema, and Parquet tables beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as arrow
import pyarrow.parquet as parquet

from seawall.errors import FileProblem
from seawall.model.report import SCHEMA, RiskReport
from seawall.model.results import Cube, Held

TABLES = ("tails", "accounts", "limits", "components", "leverage", "greeks", "vegas", "prices", "worst", "crises",
          "lines", "failures", "quality", "proofs")


def encode_report(report: RiskReport) -> bytes:
    """The report as JSON: the same report gives the same bytes; a number that does not exist is null."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def decode_report(data: bytes, *, path: object = "the report") -> RiskReport:
    """A report read back. Raises FileProblem if it is none, or of another schema."""
    try:
        found = msgspec.json.decode(data, type=RiskReport)
    except msgspec.DecodeError as error:
        raise FileProblem(path, "is no report", found=str(error), wanted=f"JSON of schema {SCHEMA}",
                          remedy="write it again with seawall report --json") from error
    if found.schema != SCHEMA:
        raise FileProblem(path, "is a report of another schema", found=found.schema, wanted=SCHEMA,
                          remedy="read it with the version of Seawall that wrote it")
    return found


def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every written report conforms to."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA,
              **msgspec.json.schema(RiskReport)}
    plain: dict[str, Any] = json.loads(json.dumps(schema))
    return plain


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


def cube_table(cube: Cube) -> arrow.Table:
    """One row an instrument: id, currency, base, equity and the P&L of every scenario as a list."""
    return arrow.table({
        "instrument_id": [i.instrument_id for i in cube.instruments], "currency": list(cube.currency),
        "base": cube.base, "equity": cube.equity, "pnl": list(cube.pnl),
    })


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
