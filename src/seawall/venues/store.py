"""What is already here? Raw answers of a pull on disk, each kept with its hash, so that an interrupted pull goes on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from seawall.errors import FileProblem, InputError
from seawall.formats.manifest import (
    FileEntry,
    Manifest,
    is_snapshot,
    read_manifest,
    sha256_of,
    verify,
    write_manifest,
    write_whole,
)
from seawall.model.failure import Failure
from seawall.model.quotes import QualityEntry


class Store:
    """A snapshot directory while it is written; the manifest on disk is always true of the files beside it."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory, self.manifest = directory, manifest

    @classmethod
    def open(cls, directory: Path, wanted: Manifest) -> Store:
        """A new snapshot, or the unfinished one that was asked for alike.

        Raises InputError if the directory holds a finished snapshot or one asked for differently, FileProblem if it
        holds other things or cannot be written.
        """
        old = read_manifest(directory) if is_snapshot(directory) else None
        if old is None:
            _refuse_foreign(directory)
        if old is None or not old.files:  # a pull that got nothing binds no later one
            store = cls(directory, wanted)
        else:
            _refuse_other(directory, old, wanted)
            store = cls(directory, msgspec.structs.replace(old, finished_at="", failures=(), quality=()))
        try:
            (directory / "raw").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileProblem(directory, "cannot be made", found=str(error), wanted="a place to write",
                              remedy="choose another") from error
        write_manifest(directory, store.manifest)
        return store

    @classmethod
    def reopen(cls, directory: Path) -> Store:
        """A finished pull's raw answers, verified. Raises FileProblem."""
        manifest = read_manifest(directory)
        if not manifest.finished_at:
            raise FileProblem(directory, "the pull was interrupted", wanted="a finished pull",
                              remedy="pull again into this directory: it goes on")
        raw = {name: entry for name, entry in manifest.files.items() if entry.kind == "raw"}
        for name, entry in raw.items():
            verify(directory, name, entry)
        return cls(directory, manifest)

    def holds(self, name: str, *, newer_than: float = 0.0) -> bool:
        """Whether a part is here, unaltered, and was taken after that time (seconds since 1970)."""
        entry = self.manifest.files.get(name)
        if entry is None or datetime.fromisoformat(entry.taken_at).timestamp() < newer_than:
            return False
        try:
            return sha256_of(self.directory / name) == entry.sha256
        except OSError:
            return False

    def keep(self, name: str, pages: Sequence[bytes], taken_at: str) -> None:
        """Writes the answers of one part, byte for byte, as one gzipped JSON list."""
        packed = gzip.compress(b"[" + b",\n".join(pages) + b"]", mtime=0)
        write_whole(self.directory / name, packed)
        self.record(name, FileEntry(sha256_of(self.directory / name), len(pages), "raw", taken_at))

    def record(self, name: str, entry: FileEntry) -> None:
        """Adds a file that now stands on disk."""
        self.manifest = msgspec.structs.replace(self.manifest, files={**self.manifest.files, name: entry})
        write_manifest(self.directory, self.manifest)

    def forget(self, name: str) -> None:
        """Takes a part out: a stale or altered one must not pass for what was asked now."""
        if name in self.manifest.files:
            rest = {other: entry for other, entry in self.manifest.files.items() if other != name}
            self.manifest = msgspec.structs.replace(self.manifest, files=rest)
            write_manifest(self.directory, self.manifest)
        (self.directory / name).unlink(missing_ok=True)

    def answers(self, currency: str, kind: str) -> list[dict[str, Any]]:
        """Every answer of one kind, envelope and all, in the order they were asked."""
        names = sorted(n for n in self.manifest.files if n.startswith(f"raw/{currency}.{kind}."))
        packed = [(self.directory / name).read_bytes() for name in names]
        return [answer for pages in packed for answer in json.loads(gzip.decompress(pages))]

    def taken_at(self, currency: str, kind: str) -> str:
        """When a part came; empty if it did not."""
        entry = self.manifest.files.get(f"raw/{currency}.{kind}.000.json.gz")
        return entry.taken_at if entry else ""

    def finish(
        self, *, as_of: str, failures: tuple[Failure, ...], quality: tuple[QualityEntry, ...],
        requests: dict[str, int], finished_at: str,
    ) -> Manifest:
        """Writes the manifest that makes the directory a snapshot."""
        self.manifest = msgspec.structs.replace(
            self.manifest, as_of=as_of, failures=failures, quality=quality, requests=requests, finished_at=finished_at)
        write_manifest(self.directory, self.manifest)
        return self.manifest


def _refuse_foreign(directory: Path) -> None:
    if directory.is_dir() and any(directory.iterdir()):
        raise FileProblem(directory, "holds files that are no snapshot", wanted="a new or an empty directory",
                          remedy="choose another")
    if directory.exists() and not directory.is_dir():
        raise FileProblem(directory, "is a file", wanted="a directory", remedy="choose another name")


def _refuse_other(directory: Path, old: Manifest, wanted: Manifest) -> None:
    if old.finished_at and not old.failures:
        raise InputError(f"{directory} holds a finished snapshot", found=f"as of {old.as_of}",
                         remedy="choose a new directory: a snapshot is never written over")
    asked = [(m.source, m.currencies, m.days) for m in (old, wanted)]
    if asked[0] != asked[1]:
        raise InputError(f"{directory} holds a pull that was asked for differently", found=_asked(old),
                         wanted=_asked(wanted), remedy="ask alike to go on with it, or choose a new directory")


def _asked(manifest: Manifest) -> str:
    return f"{','.join(manifest.currencies)} for {manifest.days} days from {manifest.source}"
