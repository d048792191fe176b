"""From the venue's server to the report: the two commands of the README, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from venues.deribit_server import Served


def command(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from seawall.cli import main; main()", *map(str, words)], text=True,
        capture_output=True, check=False, env={**os.environ, "COLUMNS": "122", "NO_COLOR": "1"},
    )


def test_a_pulled_snapshot_is_reported_on_with_its_own_history(served: Served, tmp_path: Path) -> None:
    snapshot, book = tmp_path / "snapshot", tmp_path / "book.csv"
    address = ("--base-url", served.base_url)
    pulled = command("pull", "deribit", "--currency", "BTC", "--days", 200, "--to", snapshot, *address)
    assert pulled.returncode == 0, pulled.stderr
    book.write_text("account,venue,instrument_id,quantity\nA,Deribit,BTC,3\nA,Deribit,BTC-PERPETUAL,100\n")
    done = command("report", book, "--market", snapshot, "--draws", 500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "historical" in done.stdout
    assert "Historical VaR: not computed" not in done.stdout


def test_a_pull_that_lacks_something_ends_with_eleven_and_names_it(served: Served, tmp_path: Path) -> None:
    pulled = command("pull", "deribit", "--currency", "BTC,NOSUCH", "--days", 30, "--to", tmp_path / "s", "--base-url",
                     served.base_url)
    assert pulled.returncode == 11, pulled.stderr
    assert "NOSUCH" in pulled.stderr
