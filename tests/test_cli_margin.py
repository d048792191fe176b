"""Margin as people ask for it: commands of the how-to page, exit codes, errors, the same bytes twice, options told."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from asked_here import command
from seawall import samples
from seawall.cli import app
from seawall.formats.document import KINDS, decode, encode, schema_of
from test_cli_tail import installed

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "how-to" / "margin.md").read_text()
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S) for line in block.splitlines()]
CASH = "account,venue,instrument_id,quantity\nA,Deribit,USD,1000000\nA,Deribit,BTC-25DEC26-60000-P,-10\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the how-to page, as it lays them out."""
    place, desk = tmp_path_factory.mktemp("desk"), samples.crypto_desk()
    for name, path in (("book.csv", desk.book), ("chain.json.gz", desk.market), ("factors.csv", desk.factors)):
        (place / name).write_bytes(path.read_bytes())
    orders = re.search(r'"orders\.csv"\)\.write_text\("""(.*?)"""', PAGE, re.S)
    own = re.search(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)
    assert orders
    assert own
    (place / "orders.csv").write_text(orders.group(1))
    (place / "tenth.toml").write_text(own.group(1))
    return place


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.csv"
    path.write_text(CASH)
    return path


def ask(book: Path, *more: object, models: str = "deribit_pme,okx"):
    desk = samples.crypto_desk()
    return command("margin", book, "--market", desk.market, "--factors", desk.factors, "--models", models, *more)


@pytest.mark.parametrize("line", COMMANDS, ids=[f"{n} {line.split()[1]}" for n, line in enumerate(COMMANDS)])
def test_every_command_of_the_page_runs_and_leaves_its_files(line: str, folder: Path) -> None:
    words = shlex.split(line)[1:]
    done = command(*words, at=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert max(len(row.rstrip()) for row in done.stdout.splitlines() if not row.startswith("Wrote")) <= 122
    if "--html" in words:
        page = (folder / words[words.index("--html") + 1]).read_text()
        assert page.startswith("<!doctype html>")
        assert "<script" not in page


def test_the_page_shows_every_way_of_asking() -> None:
    options = {word for line in COMMANDS for word in line.split() if word.startswith("--")}
    assert options >= {"--models", "--account", "--trade", "--deposit", "--set", "--orders", "--ladder", "--html"}


def test_the_same_question_gives_the_same_bytes_and_json_by_its_schema(book: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = ask(book, "--account", "A", "--trade", "BTC-PERPETUAL=-1000", "--set", "maintenance_share=0.9", "--html",
                   tmp_path / f"{name}.html", "--json", tmp_path / f"{name}.json", "--quiet")
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
    for kind in ("html", "json"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()
    data = (tmp_path / "one.json").read_bytes()
    assert encode(decode(data, KINDS["seawall.margin/1"], path="margin")) == data
    jsonschema.validate(json.loads(data), schema_of("seawall.margin/1"))
    assert json.loads(command("schema", "seawall.margin/1").stdout) == schema_of("seawall.margin/1")
    found = json.loads(data)
    for account in found["accounts"]:
        mine = [p["amount"] for p in found["parts"] if p["model"] == account["model"]]
        assert sum(mine) == pytest.approx(account["initial"], rel=1e-12)


def test_the_own_model_answers_without_a_history_and_says_from_what(book: Path) -> None:
    done = ask(book, models="seawall")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "seawall: 2,000 scenarios, Student-t" in told
    assert "no price history was given (--history)" in told


def test_an_account_below_maintenance_ends_with_ten_and_with_the_way_back(book: Path) -> None:
    book.write_text(CASH.replace("1000000", "20000"))
    done = ask(book, "--account", "A")
    assert done.returncode == 10, done.stderr
    assert "A is below maintenance under every model" in done.stdout
    assert "Cheapest way back" in done.stdout
    assert "now" in done.stdout


def test_a_row_that_cannot_be_read_ends_with_eleven_and_is_named(book: Path) -> None:
    book.write_text(CASH + "B,OKX,NO-SUCH-THING,3\n")
    done = ask(book)
    assert done.returncode == 11, done.stderr
    assert "NO-SUCH-THING" in done.stdout
    assert "Not assessed" in done.stdout
    assert "Quiet" not in done.stdout


def test_an_account_that_one_model_cannot_take_ends_with_eleven_and_says_why(book: Path) -> None:
    book.write_text(CASH + "B,Deribit,BTC-28AUG26,1000\nB,Deribit,USD,1000000\n")
    done = ask(book, models="derive_pmrm_2,okx")
    assert done.returncode == 11, done.stderr
    assert "derive_pmrm_2 does not take kind future" in done.stdout


def test_bad_orders_are_named_by_file_row_and_field_and_the_others_count(book: Path, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("account,instrument,side,quantity,order\nA,BTC-PERPETUAL,hold,5,one\n"
                      "A,BTC-PERPETUAL,sell,400000,two\nNOBODY,BTC-PERPETUAL,sell,1,three\nA,NOTHING,sell,1,four\n")
    done = ask(book, "--orders", orders, "--json", tmp_path / "m.json")
    assert done.returncode == 11, done.stderr
    told = " ".join(done.stdout.split())
    assert "orders.csv row 2" in told
    assert "side" in told
    assert "orders.csv order three: the book has no such account" in told
    assert "orders.csv order four: neither book nor market lists the instrument" in told
    taken = [a["orders"] for a in json.loads((tmp_path / "m.json").read_bytes())["accounts"]]
    assert all(amount is not None and amount > 0 for amount in taken)


@pytest.mark.parametrize(("more", "told"), [
    (("--models", "no_such_model"), ("no_such_model", "deribit_pme")),
    (("--models", "okx,okx"), ("--models", "each model once")),
    (("--models", ","), ("no margin model",)),
    (("--models", "none.toml"), ("none.toml", "cannot be read")),
    (("--account", "NOBODY"), ("--account", "NOBODY", "A")),
    (("--trade", "BTC-PERPETUAL=1"), ("--account",)),
    (("--deposit", "USD=1"), ("--account",)),
    (("--account", "A", "--trade", "BTC-PERPETUAL"), ("--trade", "NAME=")),
    (("--account", "A", "--trade", "NO-SUCH=1"), ("NO-SUCH",)),
    (("--account", "A", "--deposit", "XYZ=5"), ("XYZ",)),
    (("--set", "maintenance_share=much"), ("--set", "NUMBER")),
    (("--set", "no_such_number=1"), ("--set", "no_such_number")),
    (("--orders", "none.csv"), ("none.csv",)),
])
def test_what_cannot_be_used_ends_with_one_and_a_sentence(
    more: tuple[str, ...], told: tuple[str, ...], book: Path
) -> None:
    done = ask(book, *more)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr for word in told), done.stderr


@pytest.mark.parametrize(("fault", "told"), [
    (('kind = "worst"', 'kind = "best"'), "terms.initial"), (("kept = 0.5", 'kept = "half"'), "parameters"),
    (("range)", "width)"), "width"), (('of = ["initial"]', 'of = ["initials"]'), "initials"),
    (("floor = true", "flour = true"), "flour"), (("[terms.equity]", "[terms.equity"), "line"),
])
def test_a_preset_file_with_a_fault_is_refused_with_its_path_table_and_field(
    fault: tuple[str, str], told: str, book: Path, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "faulty.toml"
    path.write_text((folder / "tenth.toml").read_text().replace(*fault).replace('"tenth"', '"faulty"'))
    done = ask(book, models=str(path))
    assert done.returncode == 1, done.stdout
    assert told in done.stderr
    assert "faulty" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_command_line_ends_with_two(book: Path) -> None:
    assert ask(book, "--no-such-option").returncode == 2
    assert command("margin", book).returncode == 2


def test_models_are_listed_and_told_one_by_one(folder: Path) -> None:
    listed = installed("models")
    assert listed.returncode == 0
    assert all(word in listed.stdout for word in ("derive_pmrm_2", "exact", "approximate", "seawall models NAME"))
    told = command("models", "okx", "tenth.toml", at=folder)
    assert all(word in told.stdout for word in ("extreme_share", "Parameters", "kept = 0.5"))
    assert command("models", "no_such").returncode == 1


@pytest.mark.parametrize("words", [["margin"], ["models"], ["simm"], ["frtb"], ["saccr"]])
def test_every_option_is_documented(words: list[str]) -> None:
    text = (DOCS / "reference" / "command-line.md").read_text()
    assert f"seawall {words[0]}" in text
    shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    options = {word for word in shown.output.replace("│", " ").split() if word.startswith("--")}
    assert {o for o in options if f"`{o}`" not in text} <= {"--help"}


def test_a_model_newer_than_the_market_says_that_it_was_not_in_force(book: Path, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "later.toml"
    text = (folder / "tenth.toml").read_text()
    path.write_text(text.replace("2026-01-01", "2027-01-01").replace('"tenth"', '"later"'))
    done = ask(book, models=str(path))
    assert "later: in force since 2027-01-01, after this market" in " ".join(done.stdout.split())


def test_names_of_scenarios_and_accounts_are_text_and_never_markup(book: Path) -> None:
    book.write_text(CASH.replace("A,Deribit", "[red]A[/red],Deribit"))
    assert "[red]A[/red]" in ask(book).stdout
