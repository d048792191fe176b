"""A pulled market on disk: a directory of Parquet files, the raw answers, and a manifest that hashes every file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from seawall.errors import FileProblem
from seawall.formats.chain import read_chain
from seawall.formats.history import read_history
from seawall.formats.manifest import Manifest, read_manifest, verify, write_whole
from seawall.model.factor import Factor
from seawall.model.failure import Failure
from seawall.model.panel import Panel
from seawall.model.quotes import Chain, QualityEntry

EIGHT_HOURS_A_YEAR = 3 * 365
HOURS_A_YEAR = 24 * 365


@dataclass(frozen=True)
class Snapshot:
    """Everything of one directory, verified by hash.

    history: daily levels of spot and volatility. funding: hourly, annualised rate that longs pay.
    quality: what pulling had to drop or flag, the chains' own entries included. failures: what did not come.
    """

    path: Path
    as_of: datetime
    chains: tuple[Chain, ...]
    history: Panel | None
    funding: Panel | None
    quality: tuple[QualityEntry, ...]
    failures: tuple[Failure, ...]
    manifest: Manifest


def read_snapshot(path: str | Path) -> Snapshot:
    """The snapshot in a directory. Raises FileProblem for an unfinished pull, a missing or an altered file."""
    directory = Path(path)
    manifest = read_manifest(directory)
    if not manifest.finished_at:
        raise FileProblem(directory, "the pull was interrupted", found="a manifest without finished_at",
                          wanted="a finished snapshot", remedy="pull again into this directory: it goes on")
    for name, entry in manifest.files.items():
        verify(directory, name, entry)
    names = {kind: [n for n, e in manifest.files.items() if e.kind == kind] for kind in ("chain", "history", "funding")}
    chains = tuple(chain for name in names["chain"] for chain in read_chain(directory / name))
    quality = [*manifest.quality, *(entry for chain in chains for entry in chain.quality)]
    return Snapshot(
        directory, datetime.fromisoformat(manifest.as_of or manifest.finished_at), chains,
        read_history([directory / name for name in names["history"]]) if names["history"] else None,
        _funding(directory / names["funding"][0]) if names["funding"] else None,
        tuple(quality), manifest.failures, manifest,
    )


def write_rows(file: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """A Parquet table with ``date`` (UTC milliseconds) and further columns, whole or not at all."""
    arrays = {
        name: pa.array(values, pa.timestamp("ms", tz="UTC")) if name == "date" else pa.array(values)
        for name, values in columns.items()
    }
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(arrays), sink, compression="zstd")
    write_whole(file, sink.getvalue().to_pybytes())


def _funding(file: Path) -> Panel:
    """Hourly rates of each perpetual: the eight-hour rate as a rate per year."""
    table = parquet.read_table(file)
    stamps = table["date"].to_numpy().astype("datetime64[ns]")
    symbols = np.array(table["symbol"].to_pylist(), dtype=object)
    rates = table["interest_8h"].to_numpy().astype(float) * EIGHT_HOURS_A_YEAR
    dates, row = np.unique(stamps, return_inverse=True)
    names = sorted(set(symbols))
    values = np.full((len(dates), len(names)), np.nan)
    for column, name in enumerate(names):
        mine = symbols == name
        values[row[mine], column] = rates[mine]
    factors = tuple(Factor("funding", str(name).removeprefix("funding:")) for name in names)
    return Panel(dates, factors, values, (), file.name, HOURS_A_YEAR)
