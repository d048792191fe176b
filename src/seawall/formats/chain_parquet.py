"""A chain in one Parquet file: option and futures rows together, read back as the very chain that was written.

Columns: kind (option or future) and those of ``OptionQuotes`` and ``FuturesQuotes``; a missing number is null. What
belongs to no row (source, time, settlement, spots, quality) is JSON in the file's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from seawall.errors import FileProblem
from seawall.model.arrays import Floats, frozen_texts, read_only
from seawall.model.quotes import Chain, FuturesQuotes, OptionQuotes, QualityEntry

METADATA_KEY = b"seawall.chain"
VERSION = 1
TEXT = pa.string()
TIME = pa.timestamp("ns", tz="UTC")
COLUMNS: dict[str, Any] = {
    "instrument_id": TEXT, "underlying": TEXT, "expiry": TIME, "strike": pa.float64(), "is_call": pa.bool_(),
    "forward_source": TEXT, "observed_at": TIME,
}


def write_chain(chain: Chain, path: Path) -> None:
    """Writes one Parquet file, the same bytes for the same chain; ``read_chain`` gives the chain back."""
    options, futures = _arrays(chain.options, "option"), _arrays(chain.futures, "future")
    schema = pa.schema([("kind", TEXT), *((name, COLUMNS.get(name, pa.float64())) for name in _names())])
    columns = {
        field.name: pa.concat_arrays([
            part.get(field.name, pa.nulls(len(part["kind"]), field.type)) for part in (options, futures)
        ])
        for field in schema
    }
    told = {METADATA_KEY: json.dumps(_header(chain), sort_keys=True).encode()}
    table = pa.Table.from_pydict(columns, schema=schema.with_metadata(told))
    parquet.write_table(table, path, compression="zstd")


def holds_chain(schema: pa.Schema) -> bool:
    """Whether a Parquet file's schema says that ``write_chain`` wrote it."""
    return METADATA_KEY in (schema.metadata or {})


def chain_of_table(table: pa.Table, path: Path) -> Chain:
    """The chain of such a table. Raises FileProblem for a version or a content that this one does not know."""
    try:
        header = json.loads(table.schema.metadata[METADATA_KEY])
        if header["version"] != VERSION:
            raise FileProblem(path, "chain of another version", found=header["version"], wanted=str(VERSION),
                              remedy="read it with the version that wrote it")
        kinds = np.array(table["kind"].to_pylist(), dtype=object)
        parts = {kind: table.filter(pa.array(kinds == kind, pa.bool_())) for kind in ("option", "future")}
        return _chain(header, parts)
    except (KeyError, TypeError, ValueError, pa.ArrowInvalid) as error:
        raise FileProblem(path, "chain file is damaged", found=str(error), wanted="what write_chain writes",
                          remedy="write it again from its source") from error


def _names() -> list[str]:
    return list(dict.fromkeys(field.name for noun in (OptionQuotes, FuturesQuotes) for field in fields(noun)))


def _arrays(quotes: OptionQuotes | FuturesQuotes, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": pa.array([kind] * len(quotes), TEXT)}
    for field in fields(quotes):
        wanted = COLUMNS.get(field.name, pa.float64())
        values = getattr(quotes, field.name)
        if wanted == TEXT:
            found[field.name] = pa.array(list(values), TEXT)
        elif wanted == TIME:
            found[field.name] = pa.array(values, pa.timestamp("ns"), from_pandas=True).cast(TIME)
        else:
            found[field.name] = pa.array(values, wanted, from_pandas=True)
    return found


def _header(chain: Chain) -> dict[str, Any]:
    return {
        "version": VERSION, "source": chain.source, "as_of": chain.as_of.isoformat(),
        "coin_settled": chain.coin_settled, "quote_currency": chain.quote_currency,
        "exercise_style": chain.exercise_style, "asset_class": chain.asset_class,
        "spots": [list(pair) for pair in chain.spots], "quality": [asdict(entry) for entry in chain.quality],
    }


def _chain(header: Mapping[str, Any], parts: Mapping[str, pa.Table]) -> Chain:
    entries = tuple(QualityEntry(**{**entry, "examples": tuple(entry["examples"])}) for entry in header["quality"])
    return Chain(
        header["source"], datetime.fromisoformat(header["as_of"]),
        OptionQuotes(**_columns(parts["option"], OptionQuotes)),
        FuturesQuotes(**_columns(parts["future"], FuturesQuotes)), header["coin_settled"], header["quote_currency"],
        header["exercise_style"], header["asset_class"], tuple((str(a), float(p)) for a, p in header["spots"]), entries,
    )


def _columns(table: pa.Table, noun: type[OptionQuotes] | type[FuturesQuotes]) -> dict[str, Any]:
    return {field.name: _column(table[field.name].combine_chunks(), field.name) for field in fields(noun)}


def _column(column: Any, name: str) -> Any:
    wanted = COLUMNS.get(name, pa.float64())
    if wanted == TEXT:
        return frozen_texts(column.to_pylist(), name)
    if wanted == TIME:
        return read_only(np.array(column.cast(pa.timestamp("ns")).to_numpy(zero_copy_only=False), "datetime64[ns]"))
    if wanted == pa.bool_():
        return read_only(np.array(column.to_pylist(), dtype=bool))
    values: Floats = np.array(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    return read_only(values)
