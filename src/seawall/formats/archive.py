"""A run on disk: its report and every input, so that it can be computed again, and a manifest that hashes every file.

JSON for plain values, Parquet for lines, levels, shocks and histories. The manifest is written last: a directory
without one was never finished. ``archive_id``, the manifest's own hash, stands for all of it: whoever keeps that one
number elsewhere notices any change at all.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import pyarrow as arrow
import pyarrow.parquet as parquet

from seawall.changes.archive import Archive, Ingredients
from seawall.errors import FileProblem, RiskError
from seawall.formats.document import decode, encode
from seawall.formats.manifest import write_whole
from seawall.formats.nouns import Shelf, noun_of, plain
from seawall.instruments.plugins import versions
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.policy import Policy
from seawall.model.report import RiskReport
from seawall.scenarios.choice import Plan

SCHEMA = "seawall.archive/1"
MANIFEST = "archive.json"
REPORT, REST = "report.json", "run.json"
NOUNS: Mapping[str, type] = {"book": Book, "market": Market, "plan": Plan}
MADE_OF = "made_of"


class ArchiveManifest(msgspec.Struct, frozen=True):
    """files: SHA-256 of each, by name. plugins: version of each distribution whose instrument kinds were there."""

    report_id: str
    version: str
    plugins: dict[str, str]
    files: dict[str, str]
    schema: str = SCHEMA


def write_archive(archive: Archive, directory: str | Path) -> str:
    """Writes the run into a directory of its own and returns its ``archive_id``.

    Raises FileProblem if another run stands there: yesterday's is what today's is compared with.
    """
    place = Path(directory)
    _refuse_taken(place, archive)
    place.mkdir(parents=True, exist_ok=True)
    files = _files(archive)
    for name, data in files.items():
        write_whole(place / name, data)
    manifest = ArchiveManifest(archive.report.report_id, archive.report.version, dict(versions()),
                               {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())})
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    write_whole(place / MANIFEST, data)
    return hashlib.sha256(data).hexdigest()


def read_archive(directory: str | Path) -> Archive:
    """The run of a directory, every file verified. Raises FileProblem for a missing, altered or foreign one.

    What another version of the code wrote is read where it can be, and that is among the remarks.
    """
    place = Path(directory)
    manifest = read_archive_manifest(place)
    files = {name: _verified(place, name, digest) for name, digest in manifest.files.items()}
    try:
        archive = _archive(files, place, _remarks(manifest))
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError, arrow.ArrowException) as error:
        raise FileProblem(place, "cannot be read as a saved run", found=f"version {manifest.version}: {error}",
                          wanted=f"schema {SCHEMA} as version {_here()} writes it",
                          remedy="read it with the version of Seawall that wrote it") from error
    return _matching(archive, manifest, place)


def read_archive_manifest(directory: Path) -> ArchiveManifest:
    """The manifest of a saved run. Raises FileProblem if there is none, or of another schema."""
    file = directory / MANIFEST
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=ArchiveManifest)
    except OSError as error:
        raise FileProblem(file, "no saved run", found=str(error), wanted=f"the directory that --save wrote, {MANIFEST} "
                          "in it", remedy="check the path; without it a save was never finished") from error
    except msgspec.MsgspecError as error:
        raise FileProblem(file, "is no manifest of a saved run", found=str(error), wanted=f"schema {SCHEMA}",
                          remedy="restore it, or save again") from error
    if manifest.schema != SCHEMA:
        raise FileProblem(file, "another schema", found=manifest.schema, wanted=SCHEMA,
                          remedy="read it with the version that wrote it")
    return manifest


def archive_id(directory: str | Path) -> str:
    """SHA-256 of the manifest, which hashes every other file. Raises OSError."""
    return hashlib.sha256((Path(directory) / MANIFEST).read_bytes()).hexdigest()


def _files(archive: Archive) -> dict[str, bytes]:
    shelf = Shelf()
    trees = {name: plain(getattr(archive, name), name, shelf) for name in NOUNS}
    trees[MADE_OF] = plain(archive.made_of, MADE_OF, shelf)
    rest = {"by": archive.by, "title": archive.title, "policy": archive.policy}
    out = {REPORT: encode(archive.report), REST: _json(msgspec.to_builtins(rest))}
    out |= {f"{name}.json": _json(tree) for name, tree in trees.items()}
    return out | {f"{name}.parquet": _parquet(table) for name, table in shelf.tables().items()}


def _archive(files: Mapping[str, bytes], place: Path, remarks: tuple[str, ...]) -> Archive:
    tables = {name.removesuffix(".parquet"): parquet.read_table(arrow.BufferReader(data))
              for name, data in files.items() if name.endswith(".parquet")}
    trees = {name: msgspec.json.decode(files[f"{name}.json"]) for name in (*NOUNS, MADE_OF)}
    rest = msgspec.json.decode(files[REST])
    nouns: dict[str, Any] = {name: noun_of(kind, trees[name], tables) for name, kind in NOUNS.items()}
    made_of = None if trees[MADE_OF] is None else noun_of(Ingredients, trees[MADE_OF], tables)
    return Archive(
        report=decode(files[REPORT], RiskReport, path=place / REPORT), **nouns, made_of=made_of, remarks=remarks,
        policy=msgspec.convert(rest["policy"], Policy), by=tuple(rest["by"]), title=rest["title"],
    )


def _matching(archive: Archive, manifest: ArchiveManifest, place: Path) -> Archive:
    """The archive if its inputs are those that its report names; of another version's, a remark if they are not."""
    proofs = {proof.name: proof.digest for proof in archive.report.proofs}
    found = {"book": archive.book.book_id, "market": archive.market.market_id, "policy": archive.policy.policy_id}
    found |= {f"scenarios {rule.name}": rule.rule_id for rule in archive.plan.tails}
    wrong = [name for name, digest in found.items() if proofs.get(name) != digest]
    wrong += [] if archive.report.report_id == manifest.report_id else ["report"]
    if not wrong:
        return archive
    if manifest.version == _here():
        raise FileProblem(place, "its parts do not belong together", found=", ".join(wrong) + " of another identity",
                          wanted="the inputs that the report names", remedy="do not trust it; save the run again")
    remark = f"{place}: this version computes another identity of {', '.join(wrong)} than version {manifest.version}"
    return replace(archive, remarks=(*archive.remarks, remark))


def _remarks(manifest: ArchiveManifest) -> tuple[str, ...]:
    here, plugins = _here(), dict(versions())
    told = [] if manifest.version == here else [f"saved by version {manifest.version}, read by {here}"]
    told += [f"saved with {name} {version}, read with {plugins.get(name, 'none')}"
             for name, version in sorted(manifest.plugins.items())
             if name != "seawall" and plugins.get(name) != version]
    return tuple(told)


def _verified(place: Path, name: str, digest: str) -> bytes:
    inside = PurePosixPath(name)
    if inside.is_absolute() or len(inside.parts) != 1 or name in (".", ".."):
        raise FileProblem(place / MANIFEST, "names a file outside the saved run", found=name,
                          wanted="a file of the directory itself", remedy="do not trust this directory")
    try:
        data = (place / name).read_bytes()
    except OSError as error:
        raise FileProblem(place / name, "is missing from the saved run", found=str(error), wanted="a readable file",
                          remedy="restore it, or save the run again") from error
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise FileProblem(place / name, "was altered after it was saved", found=f"SHA-256 {found}",
                          wanted=f"SHA-256 {digest}", remedy="restore it, or save the run again")
    return data


def _refuse_taken(place: Path, archive: Archive) -> None:
    if not (place / MANIFEST).exists():
        return
    try:
        standing = read_archive_manifest(place).report_id
    except RiskError:
        standing = "something unreadable"
    if standing != archive.report.report_id:
        raise FileProblem(place, "another run is saved here", found=f"report {standing}",
                          wanted=f"an empty directory, or report {archive.report.report_id}",
                          remedy="save into a directory of its own, one a run")


def _here() -> str:
    return importlib.metadata.version("seawall")


def _json(tree: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(tree), indent=1) + b"\n"


def _parquet(table: arrow.Table) -> bytes:
    sink = arrow.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())
