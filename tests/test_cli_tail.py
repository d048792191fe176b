"""The four questions as people ask them: commands of the how-to page, exit codes, errors, the same bytes twice."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from asked_here import command
from seawall import samples
from seawall.formats.document import KINDS, decode, encode, schema_of

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "tail.md"
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
            for line in block.splitlines() if line.startswith("seawall ")]
QUIET = "account,venue,instrument_id,quantity\nA,Deribit,USD,1000000\nA,Deribit,BTC-25DEC26-60000-P,1\n"


def installed(*words: object, at: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The installed command in a process of its own, as a script would run it."""
    return subprocess.run(
        [sys.executable, "-c", "from seawall.cli import main; main()", *map(str, words)], text=True, cwd=at,
        capture_output=True, check=False, env={**os.environ, "COLUMNS": "122", "NO_COLOR": "1"},
    )


def ask(question: str, book: Path, *more: object) -> subprocess.CompletedProcess[str]:
    desk = samples.crypto_desk()
    return command(question, book, "--market", desk.market, "--factors", desk.factors, *more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The equity desk's files in one place, as the page lays them out."""
    place = tmp_path_factory.mktemp("desk")
    desk = samples.equity_desk()
    for path in (desk.book, desk.market, desk.factors, *desk.histories):
        (place / path.name).write_bytes(path.read_bytes())
    return place


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.csv"
    path.write_text(QUIET)
    return path


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: line.split()[1])
def test_every_command_of_the_page_runs_and_leaves_its_page(line: str, folder: Path) -> None:
    words = shlex.split(line)[1:]
    # The first as its own process, as a person would run it.
    done = (installed if line == COMMANDS[0] else command)(*words, at=folder)
    assert done.returncode == 0, done.stderr
    if "--html" in words:
        page = (folder / words[words.index("--html") + 1]).read_text()
        assert page.startswith("<!doctype html>")
        assert "<script" not in page


def test_the_page_shows_all_four_questions() -> None:
    assert {line.split()[1] for line in COMMANDS} == {"tail", "stress", "reverse", "backtest"}


@pytest.mark.parametrize("question", ["tail", "stress"])
def test_the_same_question_gives_the_same_bytes(question: str, book: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = ask(question, book, "--draws", 400, "--html", tmp_path / f"{name}.html", "--json",
                   tmp_path / f"{name}.json", "--quiet")
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
    for kind in ("html", "json"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()
    data = (tmp_path / "one.json").read_bytes()
    assert encode(decode(data, KINDS[f"seawall.{question}/1"], path=question)) == data
    jsonschema.validate(json.loads(data), schema_of(f"seawall.{question}/1"))


def test_an_account_under_its_scan_ends_with_ten(book: Path) -> None:
    book.write_text("account,venue,instrument_id,quantity\nA,Deribit,USD,1000\nA,Deribit,BTC-25DEC26-60000-P,-40\n")
    done = ask("reverse", book)
    assert done.returncode == 10
    assert "A is" in done.stdout


def test_an_unreadable_row_ends_with_eleven_and_is_named(book: Path) -> None:
    book.write_text(QUIET + "B,OKX,NO-SUCH-THING,3\n")
    done = ask("stress", book, "--draws", 400)
    assert done.returncode == 11
    assert "NO-SUCH-THING" in done.stdout


def test_scenarios_of_ones_own_are_told_one_by_one(book: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("name,spot:BTC,volatility:BTC\nsmall fall,-0.1,0.1\nhalved,-0.5,0.8\n")
    done = ask("stress", book, "--draws", 400, "--scenarios", own)
    assert done.returncode == 0, done.stderr
    assert "halved" in done.stdout
    assert "Black Thursday" in done.stdout


@pytest.mark.parametrize(("question", "more", "told"), [
    ("reverse", ("--loss", "-5"), "--loss"), ("stress", ("--plausibility", "0"), "--plausibility"),
    ("backtest", (), "--history"), ("tail", ("--name", "VIX"), "NAME=MEANING"),
    ("backtest", ("--window", "20"), "--window"),
])
def test_a_wrong_option_ends_with_one_and_what_was_wanted(
    question: str, more: tuple[str, ...], told: str, book: Path
) -> None:
    done = ask(question, book, *more)
    assert done.returncode == 1, done.stdout
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("question", ["stress", "reverse"])
def test_a_book_that_was_not_seen_whole_is_never_quiet(question: str, book: Path) -> None:
    book.write_text(book.read_text() + "B,Deribit,NO-SUCH-THING,3\n")
    done = ask(question, book)
    assert done.returncode == 11, done.stderr
    assert "Quiet" not in done.stdout
