"""The two commands: keep a run, compare two; files, exit codes, and refusals in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from seawall import samples
from seawall.cli import app
from seawall.errors import FileProblem, InputError
from seawall.formats.archive import read_archive
from seawall.formats.document import decode, schema_of
from seawall.model.changes import ChangeReport


def command(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"NO_COLOR": "1"})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The packaged crypto desk, and the same with its calls and puts of one kind doubled and another seed."""
    place, desk = tmp_path_factory.mktemp("runs"), samples.crypto_desk()
    book = place / "later.csv"
    book.write_text(desk.book.read_text().replace("MARKET-MAKER", "MAKER"))
    for name, path, seed in (("a", desk.book, 1), ("b", book, 2)):
        done = command("report", path, "--market", desk.market, "--factors", desk.factors, "--draws", 500,
                       "--seed", seed, "--quiet", "--save", place / name)
        assert done.exit_code in (0, 10, 11), done.output
    return place / "a", place / "b"


def test_a_saved_run_is_compared_with_another_on_screen_on_a_page_and_as_json(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    page, data = tmp_path / "changes.html", tmp_path / "changes.json"
    done = command("changes", *runs, "--html", page, "--json", data)
    partial = not all(read_archive(run).report.complete for run in runs)
    assert done.exit_code == (11 if partial else 0), done.output
    assert "parameters" in done.output
    assert "MAKER" in done.output
    assert page.read_text().startswith("<!doctype html>")
    found = decode(data.read_bytes(), ChangeReport, path=data)
    assert {s.name for c in found.risk for s in c.steps if s.change} <= {"trades", "parameters"}
    jsonschema.validate(json.loads(data.read_bytes()), schema_of("seawall.changes/1"))


def test_the_earlier_run_is_before_whichever_is_named_first(tmp_path: Path) -> None:
    from changes.example_days import today, yesterday
    from seawall.formats.archive import write_archive

    write_archive(yesterday(), tmp_path / "one")
    write_archive(today(), tmp_path / "two")
    for n, order in enumerate((("one", "two"), ("two", "one"))):
        done = command("changes", *(tmp_path / name for name in order), "--json", tmp_path / f"{n}.json", "--quiet")
        assert done.exit_code == 0, done.output
        assert done.output == ""
    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()


def test_a_run_never_overwrites_another_and_an_altered_one_is_not_compared(runs: tuple[Path, Path]) -> None:
    desk = samples.crypto_desk()
    again = command("report", desk.book, "--market", desk.market, "--factors", desk.factors, "--draws", 300, "--quiet",
                    "--save", runs[0])
    assert isinstance(again.exception, FileProblem)
    assert "another run is saved here" in str(again.exception)
    book = runs[1] / "book.json"
    whole = book.read_bytes()
    book.write_bytes(whole.replace(b"MAKER", b"TAKER", 1))
    refused = command("changes", *runs)
    book.write_bytes(whole)
    assert isinstance(refused.exception, FileProblem)
    assert "altered after it was saved" in str(refused.exception)


def test_what_is_no_comparison_is_refused() -> None:
    with pytest.raises(InputError, match="of another schema"):
        decode(b"{}", ChangeReport, path="x")
