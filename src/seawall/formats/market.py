"""A market from files: whatever holds chains is told apart by its content, read, and joined into one market."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from seawall.errors import FileProblem
from seawall.formats.chain import read_chain, snapshot_times
from seawall.formats.deribit import chains_of_answers, is_json, load_json
from seawall.formats.manifest import MANIFEST
from seawall.formats.snapshot import read_snapshot
from seawall.formats.surface_json import is_surface
from seawall.market.build import build_market
from seawall.model.market import Market
from seawall.model.quotes import Chain

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".json", ".json.gz")

Paths = str | Path | Iterable[str | Path]


def read_market(path_or_paths: Paths, *, at: datetime | None = None, numeraire: str = "USD") -> Market:
    """One market of every chain in the files or directories named, as of the latest chain read.

    at: the moment asked for; of a file with several snapshots the last at or before it counts, without it the last.
    numeraire: the asset that spots are priced in. Raises FileProblem if a file holds no chain, or none that early.
    """
    chains = [chain for path in _listed(path_or_paths) for chain in read_chains(path, at=at)]
    return build_market(chains, numeraire=numeraire)


def read_chains(path: str | Path, *, at: datetime | None = None) -> tuple[Chain, ...]:
    """The chains of one file, of a pulled snapshot's directory, or of every chain file in a plain directory.

    Raises FileProblem if there is no chain, or none at or before ``at``.
    """
    place = Path(path)
    if not place.is_dir():
        return _of_file(place, at)
    if (place / MANIFEST).is_file():
        return _not_after(read_snapshot(place).chains, at, place)
    files = sorted(file for file in place.iterdir() if file.name.endswith(SUFFIXES))
    if not files:
        raise FileProblem(place, "no market in this directory", found="no file of a known kind",
                          wanted=" or ".join(SUFFIXES), remedy="name the directory that seawall pull wrote, or a file")
    return tuple(chain for file in files for chain in _of_file(file, at))


def snapshots(path: str | Path) -> tuple[datetime, ...]:
    """When the snapshots in one file or directory were taken, ascending. Raises FileProblem."""
    place = Path(path)
    if place.is_dir() or (is_json(place) and not is_surface(load_json(place))):
        return tuple(sorted({chain.as_of for chain in read_chains(place)}))
    return snapshot_times(place)


def _listed(path_or_paths: Paths) -> list[str | Path]:
    return [path_or_paths] if isinstance(path_or_paths, str | Path) else list(path_or_paths)


def _of_file(path: Path, at: datetime | None) -> tuple[Chain, ...]:
    if not is_json(path):
        return read_chain(path, at=at)
    raw = load_json(path)
    if is_surface(raw):
        return read_chain(path, at=at)
    return _not_after(chains_of_answers(raw, source=path.name, path=path), at, path)


def _not_after(chains: tuple[Chain, ...], at: datetime | None, path: Path) -> tuple[Chain, ...]:
    early = tuple(chain for chain in chains if at is None or chain.as_of <= at)
    if not early:
        found = min(chain.as_of for chain in chains).isoformat() if chains else "no chain"
        raise FileProblem(path, "no snapshot at or before the time asked for", found=found,
                          wanted="a chain" if at is None else f"at most {at.isoformat()}",
                          remedy="ask for a later time, or record it again")
    return early
