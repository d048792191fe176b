"""A saved run comes back as it was, computes again to the same report, and refuses whatever was altered."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from changes.example_days import archive_of, price_history, today, yesterday
from example_book import book_of
from example_market import example_market
from seawall.changes.archive import Archive, Ingredients, reassess
from seawall.errors import FileProblem
from seawall.formats.archive import MANIFEST, archive_id, read_archive, write_archive
from seawall.model.failure import Failure
from seawall.scenarios.choice import Wish


@pytest.fixture(scope="module")
def saved() -> Archive:
    return archive_of(book_of(), example_market(), history=price_history())


def test_a_run_read_back_computes_again_to_the_same_report(saved: Archive, tmp_path: Path) -> None:
    write_archive(saved, tmp_path / "run")
    back = read_archive(tmp_path / "run")
    assert back.report.report_id == saved.report.report_id
    assert reassess(back).report.report_id == saved.report.report_id
    assert back.remarks == ()


def test_every_input_read_back_has_its_identity(saved: Archive, tmp_path: Path) -> None:
    write_archive(saved, tmp_path / "run")
    back = read_archive(tmp_path / "run")
    assert back.book.book_id == saved.book.book_id
    assert back.market.market_id == saved.market.market_id
    assert back.policy.policy_id == saved.policy.policy_id
    assert [r.rule_id for r in back.plan.tails] == [r.rule_id for r in saved.plan.tails]
    assert back.market.quality == saved.market.quality
    assert dict(back.market.listing) == dict(saved.market.listing)
    assert back.plan.notes == saved.plan.notes
    assert back.made_of is not None
    assert saved.made_of is not None
    assert back.made_of.history is not None
    assert saved.made_of.history is not None
    assert back.made_of.history.panel_id == saved.made_of.history.panel_id
    assert back.made_of.wish == saved.made_of.wish


def test_rules_of_ones_own_unreadable_rows_and_other_files_problems_come_back(tmp_path: Path) -> None:
    lost = Failure("no such instrument", "book.csv, row 9", accounts=("A9",))
    rule = dataclasses.replace(yesterday().plan.tails[0], name="mine")
    wish = Wish(names=("student-t",), own=(rule,), draws=300, seed=2, proxies={"AVAX": ("BTC", 1.4)})
    archive = archive_of(book_of(failures=(lost,)), example_market(), wish=wish)
    problems = (Failure("no such scope", "limits.csv, row 2"),)
    archive = dataclasses.replace(archive, policy=msgspec.structs.replace(archive.policy, problems=problems))
    report = reassess(archive).report
    archive = dataclasses.replace(archive, report=report)
    write_archive(archive, tmp_path / "run")
    back = read_archive(tmp_path / "run")
    assert reassess(back).report.report_id == report.report_id
    assert not back.report.complete
    assert back.made_of is not None
    assert back.made_of.wish.own[0].rule_id == rule.rule_id
    assert back.made_of.wish.proxies == {"AVAX": ("BTC", 1.4)}


def test_a_run_without_ingredients_is_kept_too(tmp_path: Path) -> None:
    write_archive(archive_of(book_of(), example_market(), ingredients=False), tmp_path / "run")
    assert read_archive(tmp_path / "run").made_of is None


def test_the_same_run_gives_the_same_bytes(saved: Archive, tmp_path: Path) -> None:
    first = write_archive(saved, tmp_path / "one")
    assert first == write_archive(saved, tmp_path / "two") == archive_id(tmp_path / "one")


@pytest.mark.parametrize("name", ["report.json", "book.json", "book.parquet", "market.parquet", "plan.json",
                                  "plan.tails.0.parquet", "run.json", "made_of.json"])
def test_one_altered_byte_of_any_file_is_refused(saved: Archive, tmp_path: Path, name: str) -> None:
    write_archive(saved, tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(bytes(data))
    with pytest.raises(FileProblem, match=r"altered after it was saved.*SHA-256"):
        read_archive(tmp_path)


def test_a_missing_file_and_an_unfinished_save_are_refused(saved: Archive, tmp_path: Path) -> None:
    write_archive(saved, tmp_path)
    (tmp_path / "book.parquet").unlink()
    with pytest.raises(FileProblem, match="is missing from the saved run"):
        read_archive(tmp_path)
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(FileProblem, match="never finished"):
        read_archive(tmp_path)


def test_inputs_forged_together_with_their_hashes_do_not_match_the_report(saved: Archive, tmp_path: Path) -> None:
    forged = dataclasses.replace(saved, book=dataclasses.replace(saved.book, quantity=saved.book.quantity * 2))
    write_archive(forged, tmp_path)
    with pytest.raises(FileProblem, match=r"do not belong together.*book of another identity"):
        read_archive(tmp_path)


def test_a_file_outside_the_directory_is_never_read(saved: Archive, tmp_path: Path) -> None:
    write_archive(saved, tmp_path / "run")
    (tmp_path / "secret.json").write_text("{}")
    manifest = json.loads((tmp_path / "run" / MANIFEST).read_text())
    manifest["files"]["../secret.json"] = hashlib.sha256(b"{}").hexdigest()
    (tmp_path / "run" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(FileProblem, match="outside the saved run"):
        read_archive(tmp_path / "run")


def test_another_version_is_told_and_not_fatal(saved: Archive, tmp_path: Path) -> None:
    older = dataclasses.replace(saved, report=msgspec.structs.replace(saved.report, version="0.0.9"))
    write_archive(older, tmp_path)
    assert any("saved by version 0.0.9" in remark for remark in read_archive(tmp_path).remarks)


def test_yesterday_is_never_overwritten_by_today(tmp_path: Path) -> None:
    first, second = yesterday(), today()
    write_archive(first, tmp_path)
    write_archive(first, tmp_path)
    with pytest.raises(FileProblem, match="another run is saved here"):
        write_archive(second, tmp_path)
    assert read_archive(tmp_path).report.report_id == first.report.report_id


def test_what_the_tables_hold_can_be_read_by_anyone(saved: Archive, tmp_path: Path) -> None:
    import pyarrow.parquet as parquet

    write_archive(saved, tmp_path)
    lines = parquet.read_table(tmp_path / "book.parquet")
    assert np.array_equal(lines["quantity"].to_numpy(), saved.book.quantity)
    assert lines["dimensions.account"].to_pylist() == list(saved.book.dimensions["account"])


def test_no_field_of_a_saved_noun_is_left_out(saved: Archive) -> None:
    from seawall.formats.nouns import Shelf, plain

    for noun in (saved.book, saved.market, saved.plan, saved.made_of):
        tree = plain(noun, "noun", Shelf())
        assert set(tree) == {f.name for f in dataclasses.fields(noun)}  # type: ignore[arg-type]
    assert {f.name for f in dataclasses.fields(Archive)} == {
        "report", "book", "market", "plan", "policy", "by", "title", "made_of", "remarks"}
    assert {f.name for f in dataclasses.fields(Ingredients)} == {"wish", "history", "library"}
