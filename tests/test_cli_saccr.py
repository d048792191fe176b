"""Exposure at default, as people ask for it: the published set on the screen and in JSON, errors one can act on."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from formats.test_saccr_trades import SETS, TRADES
from seawall import cli_saccr
from seawall.errors import InputError, RiskError, TableProblems
from seawall.formats.document import KINDS, decode, encode, schema_of


def ask(folder: Path, *more: object, trades: str = TRADES) -> tuple[int, str]:
    (folder / "trades.csv").write_text(trades)
    (folder / "sets.csv").write_text(SETS)
    app = typer.Typer(pretty_exceptions_enable=False)
    cli_saccr.register(app)
    words = [str(folder / "trades.csv"), str(folder / "sets.csv"), *map(str, more)]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "122", "NO_COLOR": "1"})
    if isinstance(done.exception, RiskError):
        raise done.exception
    return done.exit_code, done.output


def test_the_published_set_is_shown_down_to_its_trades(tmp_path: Path) -> None:
    code, shown = ask(tmp_path)
    assert code == 0, shown
    for text in ("SA-CCR exposure at default  936", "bank B", "unmargined", "interest rate", "credit", "IR3", "-0.269"):
        assert text.replace("-", "\u2212") in shown or text in shown, text


def test_the_same_tables_give_the_same_bytes_by_their_schema(tmp_path: Path) -> None:
    assert ask(tmp_path, "--json", tmp_path / "one.json", "--quiet") == (0, "")
    ask(tmp_path, "--json", tmp_path / "two.json")
    data = (tmp_path / "one.json").read_bytes()
    assert data == (tmp_path / "two.json").read_bytes()
    jsonschema.validate(json.loads(data), schema_of("seawall.saccr/1"))
    assert encode(decode(data, KINDS["seawall.saccr/1"], path="one.json")) == data


def test_dates_and_currencies_are_told_on_the_command_line(tmp_path: Path) -> None:
    text = "trade_id,netting_set_id,class,driver,side,notional,ccy,end\nA,N,IR,EUR,long,1000,EUR,2028-06-30\n"
    dated = text.replace("2028-06-30", "2.0027397260273974")
    day, rate = ("--as-of", "2026-06-30"), ("--rate", "EUR=2")
    ask(tmp_path, "--json", tmp_path / "one.json", *day, *rate, trades=text)
    ask(tmp_path, "--json", tmp_path / "two.json", *rate, trades=dated)
    one, two = (json.loads((tmp_path / f"{name}.json").read_bytes())["exposure"] for name in ("one", "two"))
    assert one == pytest.approx(two)
    ask(tmp_path, "--json", tmp_path / "three.json", *day, trades=text)
    assert one == pytest.approx(2 * json.loads((tmp_path / "three.json").read_bytes())["exposure"])


def test_rates_and_rows_that_cannot_be_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--rate.*EUR=much"):
        ask(tmp_path, "--rate", "EUR=much")
    with pytest.raises(InputError, match="above zero"):
        ask(tmp_path, "--rate", "EUR=0")
    with pytest.raises(TableProblems, match="row 2: direction"):
        ask(tmp_path, trades=TRADES.replace("pay fixed", "sideways"))
