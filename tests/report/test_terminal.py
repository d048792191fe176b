"""The terminal: complete without colour, within its width, honest about what is missing."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from example_desk import example_book
from example_market import example_market
from seawall.engine import assess
from seawall.formats.scenarios import load_crises
from seawall.model.policy import Policy
from seawall.model.report import RiskReport
from seawall.model.results import Limit
from seawall.report.terminal import show, show_market
from seawall.scenarios.choice import Wish, choose


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> RiskReport:
    book = example_book(tmp_path_factory.mktemp("desk"), broken=True)
    limits = (Limit("expected_shortfall", 1.0, name="shortfall of the desk"),)
    plan = choose(example_market(), ["BTC", "ETH"], library=load_crises(), wish=Wish(draws=500))
    return assess(book, example_market(), plan, policy=Policy(limits=limits), title="Small desk").report


def printed(report: RiskReport, width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO(), force_terminal=False, no_color=True)
    show(report, console)
    return console.export_text()


@pytest.mark.parametrize("width", [100, 122, 160])
def test_nothing_is_wider_than_the_terminal(report: RiskReport, width: int) -> None:
    assert max(len(line.rstrip()) for line in printed(report, width).splitlines()) <= width


def test_the_verdict_comes_first_and_states_what_is_missing(report: RiskReport) -> None:
    text = printed(report, 122)
    assert text.index("Small desk") < text.index(report.verdict.sentence[:20]) < text.index("Equity")
    assert "LOST" in text
    assert "not assessed" in text


def test_states_are_words_and_shapes_not_only_colour(report: RiskReport) -> None:
    text = printed(report, 122)
    assert "■ breach" in text
    assert "▨ not assessed" in text


def test_a_narrow_terminal_drops_the_venue_then_the_bars(report: RiskReport) -> None:
    wide, narrow = printed(report, 160), printed(report, 100)
    header = next(line for line in wide.splitlines() if line.startswith("Account"))
    assert "Venue" in header
    assert "Venue" not in next(line for line in narrow.splitlines() if line.startswith("Account"))


def test_minus_signs_are_never_hyphens(report: RiskReport) -> None:


    numbers = printed(report, 160)
    assert not re.search(r"(?<![\w-])-\d", numbers.replace("2026-", ""))


def test_a_market_tells_its_smiles_and_why_quotes_were_dropped() -> None:
    console = Console(width=122, record=True, file=io.StringIO())
    show_market(example_market(), console)
    text = console.export_text()
    assert "BTC" in text
    assert "as of 1 Aug 2026" in text
