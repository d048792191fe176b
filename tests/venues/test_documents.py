"""The pages on live data and files say what the code does."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from seawall.formats.manifest import SCHEMA, FileEntry, Manifest
from seawall.venues.deribit import _parts
from seawall.venues.deribit_tables import BAR_COLUMNS, FUNDING_COLUMNS
from seawall.venues.http import RETRY_CODES, PullSettings

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def live() -> str:
    return (DOCS / "how-to" / "live-data.md").read_text()


@pytest.fixture(scope="module")
def snapshot() -> str:
    return (DOCS / "reference" / "snapshot.md").read_text()


def test_every_method_parameter_and_part_is_documented(live: str) -> None:
    for part in _parts("BTC", 45, 1.8e9):
        assert f"| {part.kind} |" in live
        assert part.method in live or part.kind == "futures"
    for name in ("currency", "kind=option", "kind=future", "expired=false", "instrument_name=BTC-PERPETUAL"):
        assert name in live


def test_every_error_code_that_is_retried_is_documented(live: str) -> None:
    assert [code for code in RETRY_CODES if str(code) not in live] == []


def test_the_limits_told_are_the_limits_kept(live: str) -> None:
    settings = PullSettings()
    assert (settings.requests_per_second, settings.burst, settings.slow_cost) == (5, 10, 5)
    assert "five a second with a burst of ten" in live
    assert "costs\nfive" in live
    assert (settings.attempts, settings.longest_wait, settings.resume_seconds) == (6, 60, 600)
    assert "six times in all" in live
    assert "more than a minute" in live
    assert "ten minutes" in live
    assert settings.largest_answer_bytes == 64 * 2**20
    assert "64 MiB" in live


def test_every_field_of_the_manifest_and_column_of_the_tables_is_documented(snapshot: str) -> None:
    assert SCHEMA in snapshot
    fields = [*msgspec.structs.fields(Manifest), *msgspec.structs.fields(FileEntry)]
    names = [field.name for field in fields] + [*BAR_COLUMNS, *FUNDING_COLUMNS]
    assert [name for name in names if f"`{name}`" not in snapshot] == []
