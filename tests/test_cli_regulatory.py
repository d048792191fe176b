"""What the rulebooks ask, as people ask it: commands, exit codes, the same bytes twice, errors without a trace."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from seawall import cli_regulatory
from seawall.errors import RiskError
from seawall.formats.document import KINDS, decode, encode, schema_of

SIMM = """ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,AmountUSD,PortfolioID
RatesFX,Risk_IRCurve,USD,1,5y,OIS,-120000,CSA-1
RatesFX,Risk_FX,EUR,,,,440000,CSA-1
Equity,Risk_EquityVol,SPX,11,6m,,150000,CSA-1
Commodity,Risk_Commodity,Crude oil,2,,,250000,CSA-2
"""
FRTB = """RiskType,Qualifier,Bucket,Label1,Label2,AmountUSD
GIRR_DELTA,USD,,5y,OIS,-2500000
EQ_DELTA,A,8,,SPOT,4000000
EQ_CURV,A,8,UP,,-120000
EQ_CURV,A,8,DOWN,,-90000
"""
ASKED = {"simm": (SIMM, ("--parameters", "synthetic")), "frtb": (FRTB, ())}


def ask(question: str, path: Path, *more: object) -> tuple[int, str]:
    """The command as the application runs it; an error of the tree is for it to print."""
    app = typer.Typer(pretty_exceptions_enable=False)
    cli_regulatory.register(app)
    words = [question, str(path), *ASKED[question][1], *map(str, more)]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "122", "NO_COLOR": "1"})
    if isinstance(done.exception, RiskError):
        raise done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize("question", sorted(ASKED))
def test_an_answer_is_shown_and_written_alike_each_time(question: str, tmp_path: Path) -> None:
    crif = tmp_path / "book.csv"
    crif.write_text(ASKED[question][0])
    code, shown = ask(question, crif, "--json", tmp_path / "one.json")
    assert code == 0, shown
    assert "book.csv row 2" in shown
    assert ask(question, crif, "--json", tmp_path / "two.json", "--quiet") == (0, "")
    data = (tmp_path / "one.json").read_bytes()
    assert data == (tmp_path / "two.json").read_bytes()
    kind = f"seawall.{question}/1"
    jsonschema.validate(json.loads(data), schema_of(kind))
    assert encode(decode(data, KINDS[kind], path="one.json")) == data


def test_margin_of_netting_sets_adds_up_and_invented_numbers_are_named(tmp_path: Path) -> None:
    crif = tmp_path / "book.csv"
    crif.write_text(SIMM)
    _, shown = ask("simm", crif, "--json", tmp_path / "one.json")
    assert "2 netting sets together" in shown
    assert "invented" in shown
    answer = json.loads((tmp_path / "one.json").read_text())
    assert [one["portfolio_id"] for one in answer["results"]] == ["CSA-1", "CSA-2"]
    assert answer["total"] == pytest.approx(sum(one["total"] for one in answer["results"]))


def test_the_worst_scenario_of_three_is_told(tmp_path: Path) -> None:
    crif = tmp_path / "book.csv"
    crif.write_text(FRTB)
    _, shown = ask("frtb", crif, "--json", tmp_path / "one.json")
    answer = json.loads((tmp_path / "one.json").read_text())
    assert f"{answer['worst']} correlations bind" in shown
    assert [one["name"] for one in answer["scenarios"]] == ["low", "medium", "high"]


@pytest.mark.parametrize("question", sorted(ASKED))
def test_a_coin_ends_with_eleven_and_what_to_do(question: str, tmp_path: Path) -> None:
    crif = tmp_path / "book.csv"
    text = ASKED[question][0]
    coin = text.splitlines()[1].replace("IRCurve", "FX").replace("GIRR", "FX").replace("USD,", "BTC,", 1)
    crif.write_text(f"{text}{coin}\n")
    code, shown = ask(question, crif)
    assert code == 11
    assert "partial" in shown
    assert "crypto-assets" in " ".join(shown.split())


@pytest.mark.parametrize("question", sorted(ASKED))
def test_a_wrong_file_or_row_is_named(question: str, tmp_path: Path) -> None:
    with pytest.raises(RiskError, match=r"none\.csv"):
        ask(question, tmp_path / "none.csv")
    crif = tmp_path / "book.csv"
    crif.write_text(ASKED[question][0].replace("5y,OIS,-", "5y,OIS,x"))
    with pytest.raises(RiskError, match="row 2"):
        ask(question, crif, "--strict")
    with pytest.raises(RiskError, match="BTC"):
        ask(question, crif, "--currency", "BTC")
