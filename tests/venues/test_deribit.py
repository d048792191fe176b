"""A pull from the venue: whole, hashed, polite, and usable after every fault."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from seawall.errors import FileProblem, InputError, VenueError
from seawall.formats.manifest import Manifest, read_manifest, sha256_of
from seawall.formats.snapshot import read_snapshot
from seawall.venues import deribit
from seawall.venues.deribit import pull, rebuild
from seawall.venues.http import PullSettings
from venues.deribit_server import (
    AS_OF,
    DAY,
    HOUR,
    NOW,
    RECORDING,
    FakeTime,
    Fault,
    Served,
    close_at,
    dripping,
    dvol_at,
    funding_at,
    refused,
    reset,
    shaped,
    slow,
    status,
    too_many,
    truncated,
)

Pulled = Callable[..., Manifest]
OPTIONS = "public/get_book_summary_by_currency"
CHART = "public/get_tradingview_chart_data"
FUNDING = "public/get_funding_rate_history"
DVOL = "public/get_volatility_index_data"


def test_a_pull_leaves_every_quote_candle_and_rate_that_was_served(pulled: Pulled, tmp_path: Path) -> None:
    manifest = pulled()
    assert not manifest.failures
    snapshot = read_snapshot(tmp_path / "snapshot")
    (chain,) = snapshot.chains
    assert sorted(chain.options.instrument_id) == sorted(row["instrument_name"] for row in RECORDING["options"])
    assert sorted(chain.futures.instrument_id) == sorted(row["instrument_name"] for row in RECORDING["futures"])
    bids = {row["instrument_name"]: row["bid_price"] for row in RECORDING["options"]}
    for name, bid in zip(chain.options.instrument_id, chain.options.bid, strict=True):
        assert bid == bids[name] or (np.isnan(bid) and not bids[name])
    assert chain.as_of == AS_OF == snapshot.as_of
    assert snapshot.history is not None
    assert [factor.key for factor in snapshot.history.factors] == ["spot:BTC", "volatility:BTC"]
    ticks = snapshot.history.dates.astype("datetime64[ms]").astype(int)
    first = (int(NOW * 1000) // DAY - 45) * DAY
    assert ticks.tolist() == list(range(first, first + 45 * DAY, DAY))  # today's candle is not finished
    assert snapshot.history.values[:, 0].tolist() == [close_at(tick) for tick in ticks]
    # Percent over a hundred: one rounding.
    assert np.abs(snapshot.history.values[:, 1] - [dvol_at(tick) / 100 for tick in ticks]).max() <= 1e-16
    assert snapshot.funding is not None
    hours = snapshot.funding.dates.astype("datetime64[ms]").astype(int)
    assert hours.tolist() == list(range(first, int(NOW * 1000) + 1, HOUR))
    assert snapshot.funding.values[:, 0].tolist() == [funding_at(hour) * 1095 for hour in hours]
    assert snapshot.funding.factors[0].key == "funding:BTC-PERPETUAL"


def test_the_manifest_hashes_every_file_and_counts_requests(pulled: Pulled, served: Served, tmp_path: Path) -> None:
    manifest = pulled()
    folder = tmp_path / "snapshot"
    on_disk = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
    assert set(manifest.files) == on_disk
    assert {name: entry.sha256 for name, entry in manifest.files.items()} == {n: sha256_of(folder / n) for n in on_disk}
    assert manifest.requests == {"sent": len(served.venue.calls)}
    assert json.loads((folder / "manifest.json").read_bytes())["schema"] == "seawall.snapshot/1"
    assert {entry.kind for entry in manifest.files.values()} == {"chain", "history", "funding", "raw"}


def test_raw_answers_are_kept_byte_for_byte_and_give_the_same_tables_again(pulled: Pulled, tmp_path: Path) -> None:
    before = pulled()
    folder = tmp_path / "snapshot"
    (answer,) = json.loads(gzip.decompress((folder / "raw/BTC.options.000.json.gz").read_bytes()))
    assert answer["result"] == RECORDING["options"]
    for table in folder.glob("*.parquet"):
        table.unlink()
    after = rebuild(folder)
    assert after == before


@pytest.mark.parametrize(("fault", "reason"), [
    (too_many("3"), "status 429"), (refused(10028, "too_many_requests", wait=2), "code 10028"), (slow(0.8), "in time"),
    (reset, "connection failed"), (truncated, "no JSON"), (status(500), "status 500"), (status(503), "status 503"),
    (refused(13888, "timed_out"), "code 13888"),
])
def test_a_passing_fault_is_retried_and_the_pull_is_whole(
    pulled: Pulled, served: Served, fault: Fault, reason: str
) -> None:
    served.venue.faults = {OPTIONS: [fault, fault]}
    manifest = pulled()
    assert not manifest.failures
    (retried,) = [key for key in manifest.requests if key.startswith("retried")]
    assert reason in retried
    assert manifest.requests[retried] == 2
    assert manifest.files["chain_BTC.parquet"].rows == len(RECORDING["options"]) + len(RECORDING["futures"])


@pytest.mark.parametrize(("fault", "least"), [
    (too_many("17"), 17.0), (refused(10028, "too_many_requests", wait=9), 9.0),
    (too_many("Sat, 01 Aug 2026 17:58:30 GMT"), 25.0),
])
def test_the_wait_that_the_venue_asks_for_is_waited(
    pulled: Pulled, served: Served, fake_time: FakeTime, fault: Fault, least: float
) -> None:
    served.venue.faults = {OPTIONS: [fault]}
    pulled()
    assert max(fake_time.slept) >= least


def test_waits_grow_are_jittered_and_repeat_with_the_seed(pulled: Pulled, served: Served, fake_time: FakeTime,
                                                          tmp_path: Path) -> None:
    waits = []
    for run in range(2):
        served.venue.faults = {OPTIONS: [status(500)] * 4}
        fake_time.slept, fake_time.now = [], NOW
        pulled(directory=tmp_path / str(run), requests_per_second=1e9)
        waits.append([wait for wait in fake_time.slept if wait > 0.1])
    assert waits[0] == waits[1]
    for attempt, wait in enumerate(waits[0]):
        assert 0.25 * 2**attempt <= wait <= 0.5 * 2**attempt


def test_a_venue_that_asks_for_an_hour_is_not_waited_for(pulled: Pulled, served: Served, fake_time: FakeTime) -> None:
    served.venue.faults = {CHART: [too_many("3600")]}
    (failure,) = pulled().failures
    assert "asks to wait 3600 s" in failure.reason
    assert max(fake_time.slept) <= 60


@pytest.mark.parametrize(("fault", "reason"), [
    (refused(11050, "bad_request"), "code 11050"), (shaped({"data": 1}), "another shape"),
    (shaped(None), "another shape"),
    (lambda h: h.raw(200, b"[1]") is None, "not an object"), (lambda h: h.answer(200, {}) is None, "without result"),
    (lambda h: h.raw(404, b"nothing here") is None, "status 404"),
])
def test_a_lasting_fault_is_named_at_once_and_the_rest_is_usable(
    pulled: Pulled, served: Served, tmp_path: Path, fault: Fault, reason: str
) -> None:
    served.venue.faults = {CHART: [fault]}
    (failure,) = pulled().failures
    assert reason in failure.reason
    assert failure.where == "raw/BTC.chart.000.json.gz"
    assert served.venue.count()[CHART] == 1
    snapshot = read_snapshot(tmp_path / "snapshot")
    assert snapshot.failures == (failure,)
    assert len(snapshot.chains) == 1
    assert snapshot.history is not None
    assert [factor.key for factor in snapshot.history.factors] == ["volatility:BTC"]


@pytest.mark.parametrize("methods", [[OPTIONS], [CHART, DVOL, FUNDING, "public/get_instruments"]])
@pytest.mark.parametrize("nonsense", [
    None, 7, "x", [], {}, [1], [{}], [{"instrument_name": None}], [{"timestamp": "soon"}], [{"timestamp": 10**40}],
    [{"timestamp": float("inf"), "interest_8h": 1}], {"data": [[1, 2]]}, {"data": [[10**17, 1, 1, 1, 1]]},
    {"data": None, "continuation": "x"}, {"status": "ok", "ticks": [1]},
    {name: [None] for name in ("ticks", "open", "high", "low", "close", "volume")},
    {name: [10**15] for name in ("ticks", "open", "high", "low", "close", "volume")},
])
def test_no_answer_however_strange_ends_a_pull_in_a_crash(
    pulled: Pulled, served: Served, tmp_path: Path, methods: list[str], nonsense: object
) -> None:
    served.venue.faults = {method: [shaped(nonsense)] * 9 for method in methods}
    manifest = pulled(days=2, requests_per_second=1e9)
    assert manifest.failures or manifest.quality or nonsense in ([], {})
    read_snapshot(tmp_path / "snapshot")


def test_a_disk_that_refuses_is_told_as_such(pulled: Pulled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileProblem, match=r"cannot be written.*No space left.*make room"):
        pulled()


def test_pulling_again_asks_only_for_what_failed(pulled: Pulled, served: Served, tmp_path: Path) -> None:
    served.venue.faults = {CHART: [refused(11050, "bad_request")]}
    pulled()
    served.venue.calls.clear()
    assert not pulled().failures
    assert dict(served.venue.count()) == {CHART: 1}
    with pytest.raises(InputError, match="holds a finished snapshot"):
        pulled()


def test_a_dripping_answer_ends_at_its_limit(pulled: Pulled, served: Served) -> None:
    served.venue.faults = {DVOL: [dripping]}
    manifest = pulled(answer_limit=0.1)
    assert manifest.requests["retried: no answer in time"] == 1
    assert not manifest.failures


def test_an_answer_beyond_all_size_is_refused(pulled: Pulled, served: Served) -> None:
    served.venue.faults = {CHART: [lambda h: h.raw(200, b" " * 200_000) is None]}
    (failure,) = pulled(largest_answer_bytes=100_000).failures
    assert "above 100000 bytes" in failure.reason


def test_a_venue_out_of_reach_raises_with_a_remedy(tmp_path: Path, fake_time: FakeTime, served: Served) -> None:
    served.close()
    settings = PullSettings(base_url=served.base_url, attempts=3)
    with pytest.raises(VenueError, match=r"connection failed .* after 3 attempts; pull again"):
        pull(["BTC"], 5, tmp_path / "s", settings=settings, clock=fake_time.clock, sleep=fake_time.sleep)
    with pytest.raises(FileProblem, match="interrupted"):
        read_snapshot(tmp_path / "s")
    with pytest.raises(VenueError):  # nothing came, so another wish is no contradiction
        pull(["ETH"], 9, tmp_path / "s", settings=settings, clock=fake_time.clock, sleep=fake_time.sleep)


def test_an_expiry_without_quotes_is_told_not_a_crash(pulled: Pulled, served: Served, tmp_path: Path) -> None:
    served.venue.drop_expiry = "25SEP26"
    pulled()
    (chain,) = read_snapshot(tmp_path / "snapshot").chains
    (entry,) = [e for e in chain.quality if e.reason.startswith("expiry listed")]
    assert entry.examples == ("2026-08-28T08:00Z", "2026-09-25T08:00Z")
    assert entry.count == 2
    assert not any("25SEP26" in name for name in chain.options.instrument_id)


def test_history_beyond_one_answer_is_paged_until_whole(pulled: Pulled, served: Served, tmp_path: Path) -> None:
    served.venue.caps = {"chart": 30, "dvol": 30, "funding": 100}
    pulled(days=95)
    snapshot = read_snapshot(tmp_path / "snapshot")
    assert snapshot.history is not None
    assert snapshot.funding is not None
    assert snapshot.history.values.shape == (95, 2)
    assert np.isfinite(snapshot.history.values).all()
    assert (np.diff(snapshot.funding.dates) == np.timedelta64(1, "h")).all()
    assert served.venue.count()[DVOL] == 4


def test_history_that_begins_later_is_asked_once_more_and_told(pulled: Pulled, served: Served, tmp_path: Path) -> None:
    served.venue.history_starts = (int(NOW * 1000) // DAY - 20) * DAY
    pulled()
    snapshot = read_snapshot(tmp_path / "snapshot")
    assert snapshot.history is not None
    assert len(snapshot.history.dates) == 20
    assert served.venue.count()[CHART] == 2


def test_an_empty_page_and_missing_hours_are_told(pulled: Pulled, served: Served, tmp_path: Path) -> None:
    first = (int(NOW * 1000) // DAY - 45) * DAY
    served.venue.silent_hours = set(range(first + 3 * HOUR, first + 5 * HOUR, HOUR))
    served.venue.faults = {DVOL: [shaped({"data": [], "continuation": None})]}
    manifest = pulled()
    (entry,) = [e for e in manifest.quality if e.reason == "hour without a funding rate"]
    assert entry.count == 2
    snapshot = read_snapshot(tmp_path / "snapshot")
    assert snapshot.history is not None
    assert [factor.key for factor in snapshot.history.factors] == ["spot:BTC"]
    assert any("no history" in e.reason for e in manifest.quality)


def test_a_pull_cut_off_half_way_goes_on_and_gives_the_same_snapshot(
    pulled: Pulled, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pulled(directory=tmp_path / "whole")
    asked = served.venue.count()
    served.venue.calls.clear()

    class Killed(BaseException):
        pass

    def dies(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(deribit, "_continued", dies)
        with pytest.raises(Killed):
            pulled()
    with pytest.raises(FileProblem, match=r"interrupted.*goes on"):
        read_snapshot(tmp_path / "snapshot")
    resumed = pulled()
    assert served.venue.count() == asked  # nothing was asked twice
    assert {n: e.sha256 for n, e in resumed.files.items()} == {n: e.sha256 for n, e in whole.files.items()}


def test_quotes_grown_old_in_an_interrupted_pull_are_asked_again(
    pulled: Pulled, served: Served, fake_time: FakeTime
) -> None:
    served.venue.faults = {CHART: [refused(11050, "bad_request")]}
    pulled()
    served.venue.calls.clear()
    fake_time.now += 3_600
    served.venue.sent_at += 3_600 * 10**6
    manifest = pulled()
    assert dict(served.venue.count()) == {OPTIONS: 2, "public/get_instruments": 1, CHART: 1}
    assert manifest.as_of > AS_OF.isoformat()


def test_a_part_spoilt_on_disk_is_asked_again_when_the_pull_goes_on(
    pulled: Pulled, served: Served, tmp_path: Path
) -> None:
    served.venue.faults = {CHART: [refused(11050, "bad_request")]}
    pulled()
    (tmp_path / "snapshot/raw/BTC.dvol.000.json.gz").write_bytes(b"spoilt")
    served.venue.calls.clear()
    assert not pulled().failures
    assert dict(served.venue.count()) == {CHART: 1, DVOL: 1}


def test_requests_keep_to_the_rate(pulled: Pulled, served: Served, fake_time: FakeTime) -> None:
    manifest = pulled(days=400, requests_per_second=2.0, burst=3)
    spent = manifest.requests["sent"] + 4.0  # the instrument list costs five
    assert fake_time.now - NOW >= (spent - 3) / 2 - 1e-6


def test_progress_is_told_part_by_part(served: Served, fake_time: FakeTime, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    pull(["btc", "BTC"], 10, tmp_path / "s", settings=PullSettings(base_url=served.base_url),
         progress=lambda *step: told.append(step), clock=fake_time.clock, sleep=fake_time.sleep)
    assert [done for _, done, _ in told] == list(range(7))
    assert told[0] == ("BTC options", 0, 6)
    assert told[-1] == ("tables", 6, 6)


def test_two_currencies_make_two_chains_or_say_why_not(served: Served, fake_time: FakeTime, tmp_path: Path) -> None:
    manifest = pull(["BTC", "ETH"], 10, tmp_path / "s", settings=PullSettings(base_url=served.base_url),
                    clock=fake_time.clock, sleep=fake_time.sleep)
    (failure,) = manifest.failures
    assert failure.where == "chain_ETH.parquet"
    history = read_snapshot(tmp_path / "s").history
    assert history is not None
    assert {factor.qualifier for factor in history.factors} == {"BTC", "ETH"}


@pytest.mark.parametrize(("currencies", "days"), [([], 10), (["BTC/USD"], 10), (["../x"], 10), (["BTC"], 0)])
def test_impossible_arguments_are_refused_before_anything_is_asked(
    tmp_path: Path, currencies: list[str], days: int
) -> None:
    with pytest.raises(InputError):
        pull(currencies, days, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_directory_with_other_things_is_left_alone(pulled: Pulled, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileProblem, match="no snapshot"):
        pulled(directory=tmp_path)
    with pytest.raises(FileProblem, match="is a file"):
        pulled(directory=tmp_path / "mine.txt")


def test_a_pull_asked_for_differently_does_not_mix_into_another(pulled: Pulled, served: Served) -> None:
    served.venue.faults = {CHART: [refused(11050, "bad_request")]}
    pulled(days=45)
    with pytest.raises(InputError, match="asked for differently"):
        pulled(days=60)


def test_the_parameters_are_those_of_the_public_reference(pulled: Pulled, served: Served) -> None:
    pulled(days=10)
    first = {}
    for method, query in served.venue.calls:
        first.setdefault(method, set()).update(query)
    assert first == {
        OPTIONS: {"currency", "kind"}, "public/get_instruments": {"currency", "expired"},
        CHART: {"instrument_name", "start_timestamp", "end_timestamp", "resolution"},
        DVOL: {"currency", "start_timestamp", "end_timestamp", "resolution"},
        FUNDING: {"instrument_name", "start_timestamp", "end_timestamp"},
    }


def test_an_unfinished_manifest_is_true_of_the_files_beside_it(pulled: Pulled, served: Served, tmp_path: Path) -> None:
    served.venue.faults = {FUNDING: [refused(11050, "bad_request")]}
    pulled()
    manifest = read_manifest(tmp_path / "snapshot")
    assert "raw/BTC.funding.000.json.gz" not in manifest.files
    assert all((tmp_path / "snapshot" / name).is_file() for name in manifest.files)
