"""A pulled market on disk: a directory of Parquet files, the raw answers, and a manifest that hashes every file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from seawall.errors import FileProblem
from seawall.formats.chain import read_chain
from seawall.formats.history import read_history
from seawall.model.factor import Factor
from seawall.model.failure import Failure
from seawall.model.panel import Panel
from seawall.model.quotes import Chain, QualityEntry

SCHEMA = "seawall.snapshot/1"
MANIFEST = "manifest.json"
EIGHT_HOURS_A_YEAR = 3 * 365
HOURS_A_YEAR = 24 * 365


class FileEntry(msgspec.Struct, frozen=True):
    """One file. kind: chain, history, funding or raw; rows: of the table, or answers of a raw file; taken_at: UTC."""

    sha256: str
    rows: int
    kind: str
    taken_at: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """What was asked, when, what came and what did not. finished_at is empty while a pull is under way."""

    source: str
    currencies: tuple[str, ...]
    days: int
    started_at: str
    finished_at: str = ""
    as_of: str = ""
    files: dict[str, FileEntry] = {}
    requests: dict[str, int] = {}
    failures: tuple[Failure, ...] = ()
    quality: tuple[QualityEntry, ...] = ()
    schema: str = SCHEMA


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


def is_snapshot(path: Path) -> bool:
    """Whether a directory holds a manifest."""
    return (path / MANIFEST).is_file()


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a directory. Raises FileProblem if there is none, or it is of another schema."""
    file = directory / MANIFEST
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
    except OSError as error:
        raise FileProblem(file, "cannot be read", found=str(error), wanted="a snapshot's manifest",
                          remedy="check the path") from error
    except msgspec.MsgspecError as error:
        raise FileProblem(file, "is no manifest", found=str(error), wanted=f"schema {SCHEMA}",
                          remedy="pull into a new directory") from error
    if manifest.schema != SCHEMA:
        raise FileProblem(file, "another schema", found=manifest.schema, wanted=SCHEMA,
                          remedy="read it with the version that wrote it")
    return manifest


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """The manifest on disk, whole or not at all."""
    ordered = msgspec.structs.replace(manifest, files=dict(sorted(manifest.files.items())))
    write_whole(directory / MANIFEST, msgspec.json.format(msgspec.json.encode(ordered), indent=1))


def verify(directory: Path, name: str, entry: FileEntry) -> None:
    """Raises FileProblem unless the file is there, byte for byte as it was written."""
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:
        raise FileProblem(directory / MANIFEST, "names a file outside the snapshot", found=name,
                          wanted="a path inside the directory", remedy="do not trust this snapshot")
    file = directory / name
    try:
        found = sha256_of(file)
    except OSError as error:
        raise FileProblem(file, "is missing from the snapshot", found=str(error), wanted="a readable file",
                          remedy="pull again") from error
    if found != entry.sha256:
        raise FileProblem(file, "was altered after it was written", found=f"SHA-256 {found}",
                          wanted=f"SHA-256 {entry.sha256}", remedy="delete it and pull again, or restore it")


def sha256_of(file: Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal. Raises OSError."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(file: Path, data: bytes) -> None:
    """The bytes on disk under that name, whole or not at all, even if the machine stops."""
    partial = file.with_name(file.name + ".partial")
    with partial.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)


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
