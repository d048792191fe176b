"""The command line as people and scripts use it: exit codes, errors one can act on, the same bytes twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from seawall import samples
from seawall.cli import app
from seawall.errors import RiskError
from seawall.formats.document import KINDS, schema_of

CLI_PAGE = Path(__file__).parents[1] / "docs" / "reference" / "command-line.md"
QUIET = "account,venue,instrument_id,quantity\nA,Deribit,USD,1000000\nA,Deribit,BTC-25DEC26-60000-P,1\n"


def command(*words: object) -> subprocess.CompletedProcess[str]:
    """The installed command in a process of its own, as a script would run it."""
    return subprocess.run(
        [sys.executable, "-c", "from seawall.cli import main; main()", *map(str, words)], text=True,
        capture_output=True, check=False, env={**os.environ, "COLUMNS": "122", "NO_COLOR": "1"},
    )


def report(book: Path, *more: object) -> subprocess.CompletedProcess[str]:
    desk = samples.crypto_desk()
    return command("report", book, "--market", desk.market, "--factors", desk.factors, "--draws", 500, *more)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.csv"
    path.write_text(QUIET)
    return path


def test_a_quiet_book_ends_with_zero(book: Path) -> None:
    done = report(book)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Quiet" in done.stdout


def test_a_breached_limit_ends_with_ten(book: Path, tmp_path: Path) -> None:
    limits = tmp_path / "limits.csv"
    limits.write_text("measure,scope,bound\nexpected_shortfall,total,1\n")
    assert report(book, "--limits", limits).returncode == 10


def test_an_unreadable_row_ends_with_eleven_and_is_named(book: Path) -> None:
    book.write_text(QUIET + "B,OKX,NO-SUCH-THING,3\n")
    done = report(book)
    assert done.returncode == 11
    assert "NO-SUCH-THING" in done.stdout
    assert "row 4" in done.stdout
    assert "not assessed" in done.stdout


def test_strict_reading_stops_with_one_and_every_problem(book: Path) -> None:
    book.write_text(QUIET + "B,OKX,NO-SUCH-THING,3\nC,OKX,USD,many\n")
    done = report(book, "--strict")
    assert done.returncode == 1
    assert "NO-SUCH-THING" in done.stderr
    assert "many" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("words", "told"), [
    (("report", "nowhere.csv", "--market", "x.json"), "x.json"),
    (("sample", "bonds"), "crypto or equity"),
    (("quality", "--market", "nowhere.json"), "nowhere.json"),
])
def test_bad_input_ends_with_one_and_a_sentence(words: tuple[str, ...], told: str) -> None:
    done = command(*words)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("option", "value", "told"), [
    ("--scenarios", "no-such-file.csv", "historical, student-t, grid, crises"), ("--at", "yesterday", "2026-02-05"),
    ("--name", "VIX", "NAME=MEANING"), ("--proxy", "AVAX=BTC:much", "AVAX=BTC:1.4"), ("--by", "desk", "dimension"),
    ("--currency", "GBP", "GBP"),
])
def test_a_wrong_option_names_what_was_wanted(book: Path, option: str, value: str, told: str) -> None:
    done = report(book, option, value)
    assert done.returncode == 1, done.stdout
    assert told in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_names_from_files_are_text_and_never_markup(book: Path, tmp_path: Path) -> None:
    limits = tmp_path / "limits.csv"
    limits.write_text("measure,scope,bound,name\nexpected_shortfall,total,1e9,[/b]\ngamma,total,1e9,[bold]x[/bold]\n")
    done = report(book, "--limits", limits)
    assert done.returncode == 0, done.stderr
    assert "[/b]" in done.stdout
    assert "[bold]x[/bold]" in done.stdout


def test_a_limits_file_that_cannot_be_read_is_never_quiet(book: Path, tmp_path: Path) -> None:
    limits = tmp_path / "limits.csv"
    limits.write_text("measure,scope,bound\nno_such_measure,total,1\n")
    done = report(book, "--limits", limits)
    assert done.returncode == 11
    assert "could not be read" in done.stdout
    assert "Quiet" not in done.stdout


def test_a_book_of_which_no_row_can_be_read_names_them_all(book: Path) -> None:
    book.write_text("account,venue,instrument_id,quantity\nA,OKX,NO-SUCH-THING,3\n")
    done = report(book)
    assert done.returncode == 11, done.stderr
    assert "NO-SUCH-THING" in done.stdout
    assert "could not be assessed" in done.stdout


def test_a_flat_account_raises_no_alarm(book: Path) -> None:
    book.write_text("account,venue,instrument_id,quantity\nA,Deribit,BTC-PERPETUAL,0\n")
    assert report(book).returncode == 0


def test_a_path_that_cannot_be_written_ends_with_one_and_a_sentence(book: Path, tmp_path: Path) -> None:
    done = report(book, "--json", tmp_path)
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_a_wrong_command_line_ends_with_two() -> None:
    assert command("report", "--no-such-option").returncode == 2


def test_a_packaged_desk_writes_page_json_and_tables_the_same_each_time(tmp_path: Path) -> None:
    for place in ("one", "two"):
        done = command("sample", "crypto", "--out", tmp_path / place, "--draws", 500)
        assert done.returncode == 0, done.stderr
    for name in ("report.html", "report.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    jsonschema.validate(json.loads((tmp_path / "one" / "report.json").read_bytes()), schema_of("seawall.report/1"))
    assert (tmp_path / "one" / "tables" / "lines.parquet").exists()


def test_both_packaged_desks_are_read_without_a_failure(tmp_path: Path) -> None:
    for name in ("crypto", "equity"):
        assert command("sample", name, "--out", tmp_path / name, "--draws", 500).returncode == 0
        found = json.loads((tmp_path / name / "report.json").read_bytes())
        assert found["failures"] == []
        assert found["counts"]["lines"] >= 200


def test_the_schema_command_prints_the_schema() -> None:
    assert json.loads(command("schema").stdout) == schema_of("seawall.report/1")
    assert all(json.loads(command("schema", kind).stdout) == schema_of(kind) for kind in KINDS)


def test_every_command_and_option_is_documented() -> None:
    text = CLI_PAGE.read_text()
    for words in (["report"], ["tail"], ["stress"], ["reverse"], ["backtest"], ["changes"], ["sample"], ["quality"],
                  ["schema"], ["pull", "deribit"]):
        assert f"seawall {' '.join(words)}" in text
        shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
        options = {word for word in shown.output.replace("│", " ").split() if word.startswith("--")}
        assert {o for o in options if f"`{o}`" not in text} <= {"--help"}, words


def test_the_command_line_answers_before_the_numerical_libraries_load() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, seawall.cli; print(*sorted(sys.modules))"], text=True, capture_output=True,
        check=True)
    assert {"scipy", "numba", "pyarrow"}.isdisjoint(loaded.stdout.split())


def test_errors_of_the_tree_are_all_caught_by_one_name() -> None:
    import seawall.errors as errors

    found = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert all(issubclass(e, RiskError) for e in found)
