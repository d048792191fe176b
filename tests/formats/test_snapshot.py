"""A snapshot on disk: what was altered, lost or left unfinished is found by hash, before a number is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from seawall.errors import FileProblem
from seawall.formats.chain import write_chain
from seawall.formats.deribit import chains_of_answers
from seawall.formats.history import read_history
from seawall.formats.manifest import FileEntry, Manifest, read_manifest, sha256_of, write_manifest
from seawall.formats.snapshot import read_snapshot, write_rows
from seawall.model.quotes import QualityEntry

DAY = 86_400_000
AS_OF = datetime(2026, 8, 1, 18, tzinfo=UTC)
RECORDING = Path(__file__).parents[1] / "venues" / "recordings" / "deribit_btc_20260801.json"


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A small snapshot of one chain, thirty days and three hours of funding."""
    raw = json.loads(RECORDING.read_text())
    (chain,) = chains_of_answers({k: raw[k] for k in ("as_of", "options", "futures")}, source="deribit BTC")
    write_chain(chain, tmp_path / "chain_BTC.parquet")
    ticks = [1_780_000_000_000 // DAY * DAY + n * DAY for n in range(30)]
    closes = [60_000.0 + 100 * (n % 7) for n in range(30)]
    write_rows(tmp_path / "history.parquet", {
        "date": ticks, "symbol": ["spot:BTC"] * 30, "open": [60_000.0, *closes[:-1]], "high": closes, "low": closes,
        "close": closes,
        "volume": [1.0] * 30, "source": ["BTC-PERPETUAL"] * 30})
    write_rows(tmp_path / "funding.parquet", {
        "date": ticks[:3], "symbol": ["funding:BTC-PERPETUAL"] * 3, "interest_8h": [1e-4, -1e-4, 0.0]})
    kinds = {"chain_BTC.parquet": "chain", "history.parquet": "history", "funding.parquet": "funding"}
    files = {name: FileEntry(sha256_of(tmp_path / name), 1, kind) for name, kind in kinds.items()}
    told = QualityEntry("deribit BTC", "day without a candle", "flagged", 1)
    write_manifest(tmp_path, Manifest("here", ("BTC",), 30, AS_OF.isoformat(), AS_OF.isoformat(), AS_OF.isoformat(),
                                      files, quality=(told,)))
    return tmp_path


def test_a_snapshot_is_read_whole(snapshot: Path) -> None:
    read = read_snapshot(snapshot)
    assert read.as_of == AS_OF
    assert len(read.chains[0].options) == 72
    assert read.history is not None
    assert read.history.values.shape == (30, 1)
    assert read.funding is not None
    assert read.funding.values[:, 0] == pytest.approx([0.1095, -0.1095, 0.0], rel=1e-15)  # three a day, 365 days
    assert read.quality[0].reason == "day without a candle"
    assert set(read.chains[0].quality) < set(read.quality)


@pytest.mark.parametrize("name", ["chain_BTC.parquet", "history.parquet", "funding.parquet"])
def test_one_flipped_bit_is_found_before_anything_is_read(snapshot: Path, name: str) -> None:
    data = bytearray((snapshot / name).read_bytes())
    data[len(data) // 2] ^= 1
    (snapshot / name).write_bytes(data)
    with pytest.raises(FileProblem, match=rf"{name}: was altered"):
        read_snapshot(snapshot)


def test_a_lost_file_is_named(snapshot: Path) -> None:
    (snapshot / "history.parquet").unlink()
    with pytest.raises(FileProblem, match=r"history\.parquet: is missing"):
        read_snapshot(snapshot)


@pytest.mark.parametrize(("change", "found"), [
    (lambda m: m | {"schema": "seawall.snapshot/9"}, "another schema"),
    (lambda m: m | {"finished_at": ""}, "interrupted"),
    (lambda m: m | {"files": {"../secret": next(iter(m["files"].values()))}}, "outside the snapshot"),
    (lambda m: m | {"files": {"/etc/hostname": next(iter(m["files"].values()))}}, "outside the snapshot"),
    (lambda m: {"source": 1}, "no manifest"),
])
def test_a_manifest_that_cannot_be_trusted_is_refused(
    snapshot: Path, change: Callable[[dict[str, object]], dict[str, object]], found: str
) -> None:
    file = snapshot / "manifest.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    with pytest.raises(FileProblem, match=found):
        read_snapshot(snapshot)


def test_a_directory_without_a_manifest_is_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be read"):
        read_snapshot(tmp_path)


def test_a_manifest_comes_back_as_it_was_written(snapshot: Path) -> None:
    manifest = read_manifest(snapshot)
    write_manifest(snapshot, manifest)
    assert read_manifest(snapshot) == manifest
    assert not list(snapshot.glob("*.partial"))


def test_the_history_file_is_an_ordinary_price_file(snapshot: Path) -> None:
    panel = read_history(snapshot / "history.parquet")
    assert panel.panel_id == read_snapshot(snapshot).history.panel_id  # type: ignore[union-attr]
    assert np.isfinite(panel.values).all()


def test_a_snapshot_stands_for_its_history_and_is_verified(snapshot: Path) -> None:
    panel = read_history(snapshot)
    assert panel.panel_id == read_history(snapshot / "history.parquet").panel_id
    (snapshot / "history.parquet").write_bytes(b"spoilt")
    with pytest.raises(FileProblem, match="was altered"):
        read_history(snapshot)


def test_a_directory_that_is_no_snapshot_is_no_history(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be read"):
        read_history(tmp_path)
