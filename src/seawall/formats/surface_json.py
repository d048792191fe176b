"""A volatility surface as JSON: one asset, one time, and its inputs (spot, forwards, options) as one list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from seawall.errors import FileProblem
from seawall.formats.cells import Sheet, sheet_of

CURVES = ("asset_curve", "quote_curve")


def is_surface(raw: object) -> bool:
    """Whether decoded JSON has this shape."""
    return isinstance(raw, dict) and isinstance(raw.get("inputs"), list)


def sheet_of_surface(raw: Any, path: Path) -> Sheet:
    """Its inputs as a table with the asset and the time in every row. Raises FileProblem if either is missing."""
    rows = [row for row in raw["inputs"] if isinstance(row, dict)]
    moment = raw.get("ref_date") or next((raw[c]["ref_date"] for c in CURVES if _told(raw.get(c))), None)
    if not moment or not raw.get("asset"):
        raise FileProblem(path, "surface without asset or time", found=", ".join(map(str, raw))[:120],
                          wanted="asset and ref_date", remedy="add both beside inputs")
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in names}
    columns["as_of"] = pa.array([str(moment)] * len(rows), pa.string())
    columns["underlying"] = pa.array([str(raw["asset"]).upper()] * len(rows), pa.string())
    return sheet_of(pa.table(columns), path)


def _told(curve: object) -> bool:
    return isinstance(curve, dict) and bool(curve.get("ref_date"))


def _text(cell: object) -> str | None:
    return None if cell is None else str(cell)
