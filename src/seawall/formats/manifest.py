"""What a snapshot directory holds: a manifest that names every file with its hash, and files written whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

import msgspec

from seawall.errors import FileProblem
from seawall.model.failure import Failure
from seawall.model.quotes import QualityEntry

SCHEMA = "seawall.snapshot/1"
MANIFEST = "manifest.json"


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
    """The bytes on disk under that name, whole or not at all, even if the machine stops. Raises FileProblem."""
    partial = file.with_name(file.name + ".partial")
    try:
        with partial.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(file)
    except OSError as error:
        raise FileProblem(file, "cannot be written", found=str(error), wanted="a directory with room",
                          remedy="make room, then do the same again: it goes on") from error
