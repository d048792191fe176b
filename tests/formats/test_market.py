"""One door for every market file: told apart by content, joined into one market."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from market.invented import AS_OF, invented_chain
from seawall.errors import FileProblem
from seawall.formats.chain import write_chain
from seawall.formats.market import read_chains, read_market, snapshots

SURFACE = {
    "asset": "btc", "asset_curve": {"ref_date": "2026-05-21T10:00:00Z"},
    "inputs": [
        {"bid": "77596.5", "ask": "77597.5", "security_type": "spot"},
        {"bid": "77567.5", "ask": "77570", "maturity": "2026-06-26T08:00:00Z", "security_type": "forward"},
        {"bid": "0.01", "ask": "0.011", "strike": "80000", "maturity": "2026-06-26T08:00:00Z", "option_type": "call",
         "security_type": "option", "iv_bid": "0.42", "iv_ask": "0.47", "inverse": True},
    ],
}


def test_a_chain_file_becomes_a_market(tmp_path: Path) -> None:
    write_chain(invented_chain(), tmp_path / "chain.parquet")
    market = read_market(tmp_path / "chain.parquet")
    assert market.spot("BTC") == 60_000.0
    assert len(market.smiles) == 3
    assert snapshots(tmp_path / "chain.parquet") == (AS_OF,)


def test_a_directory_of_chain_files_is_one_market(tmp_path: Path) -> None:
    write_chain(invented_chain((14,)), tmp_path / "a.parquet")
    write_chain(invented_chain((60,)), tmp_path / "b.parquet")
    assert len(read_market(tmp_path).smiles) == 2
    assert len(read_market([tmp_path / "a.parquet", str(tmp_path / "b.parquet")]).smiles) == 2


def test_a_surface_in_json_is_read_with_its_spot_and_forward(tmp_path: Path) -> None:
    path = tmp_path / "surface.json"
    path.write_text(json.dumps(SURFACE), encoding="utf-8")
    (chain,) = read_chains(path)
    assert dict(chain.spots) == {"BTC": 77597.0}
    assert chain.options.bid_volatility.tolist() == [0.42]
    assert chain.futures.bid.tolist() == [77567.5]
    assert snapshots(path) == (datetime(2026, 5, 21, 10, tzinfo=UTC),)


def test_deribits_answers_are_recognised_by_content(tmp_path: Path) -> None:
    path = tmp_path / "anything.json"
    path.write_text(json.dumps({"as_of": "2026-08-01T16:00:00Z", "futures": [
        {"instrument_name": "BTC-PERPETUAL", "bid_price": 60990.0, "ask_price": 61010.0}]}), encoding="utf-8")
    assert read_market(path).spot("BTC") == 61000.0


def test_a_time_before_the_first_snapshot_is_refused(tmp_path: Path) -> None:
    write_chain(invented_chain(), tmp_path / "chain.parquet")
    with pytest.raises(FileProblem, match="no snapshot at or before"):
        read_market(tmp_path / "chain.parquet", at=AS_OF - timedelta(days=1))


def test_missing_files_and_empty_directories_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"nothing\.csv"):
        read_market(tmp_path / "nothing.csv")
    with pytest.raises(FileProblem, match="no market in this directory"):
        read_market(tmp_path)
