"""Which file holds a market? A chain in any known shape, or a snapshot directory, by what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from seawall.errors import FileProblem
from seawall.formats.chain import read_chain
from seawall.formats.deribit import read_deribit
from seawall.formats.snapshot import read_snapshot
from seawall.market.build import build_market
from seawall.model.market import Market
from seawall.model.quotes import Chain, QualityEntry

JSON_ENDINGS = (".json", ".json.gz", ".gz")


def read_market(
    paths: str | Path | Sequence[str | Path], *, at: datetime | None = None, numeraire: str = "USD"
) -> Market:
    """One market of all the files and snapshot directories. Raises FileProblem for what is no market."""
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    chains = [chain for file in files for chain in read_chains(file, at=at)]
    return build_market(chains, numeraire=numeraire)


def read_chains(path: str | Path, *, at: datetime | None = None) -> tuple[Chain, ...]:
    """The chains of one file or snapshot directory; ``at`` chooses among the snapshots of a table.

    Raises FileProblem.
    """
    file = Path(path)
    if not file.exists():
        raise FileProblem(file, "does not exist", wanted="a chain file or a snapshot directory",
                          remedy="check the path, or take one with seawall pull deribit")
    if file.is_dir():
        return _of_directory(file, at)
    return read_deribit(file) if file.name.lower().endswith(JSON_ENDINGS) else read_chain(file, at=at)


def _of_directory(directory: Path, at: datetime | None) -> tuple[Chain, ...]:
    if (directory / "manifest.json").exists():
        snapshot = read_snapshot(directory)
        if at is not None and snapshot.as_of > at:
            raise FileProblem(directory, "the snapshot is later than the time asked for",
                              found=snapshot.as_of.isoformat(), wanted=f"at most {at.isoformat()}")
        return _with_failures(snapshot.chains, [
            QualityEntry(directory.name, f"not pulled: {failure.reason}", "dropped", 1, (failure.where,))
            for failure in snapshot.failures])
    files = sorted(p for p in directory.iterdir() if p.is_file() and not p.name.startswith("."))
    if not files:
        raise FileProblem(directory, "holds no chain file", wanted="chain files, or a snapshot with manifest.json",
                          remedy="check the path")
    return tuple(chain for file in files for chain in read_chains(file, at=at))


def _with_failures(chains: tuple[Chain, ...], entries: list[QualityEntry]) -> tuple[Chain, ...]:
    """The first chain carries what the whole snapshot lacks."""
    if not chains or not entries:
        return chains
    return (replace(chains[0], quality=(*chains[0].quality, *entries)), *chains[1:])
