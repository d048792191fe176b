"""The whole report of a small book: what it adds up to, what it leaves out, and that it is always the same."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from example_desk import example_book
from example_market import example_market
from seawall.cube import hold, revalue
from seawall.engine import Assessment, assess
from seawall.errors import InputError
from seawall.formats.scenarios import load_crises
from seawall.measures.tail import expected_shortfall
from seawall.model.policy import Policy
from seawall.model.results import Limit
from seawall.scenarios.choice import Plan, Wish, choose

WISH = Wish(draws=1_000, seed=5)


def plan() -> Plan:
    return choose(example_market(), ["BTC", "ETH"], library=load_crises(), wish=WISH)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    book = example_book(tmp_path_factory.mktemp("desk"))
    return assess(book, example_market(), plan(), by=("venue", "underlying", "strategy"))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return assess(example_book(tmp_path_factory.mktemp("desk"), broken=True), example_market(), plan())


def headline(found: Assessment) -> float:
    rows = [t for t in found.report.tails if (t.scenarios, t.confidence) == (found.report.main, 0.975)]
    assert rows[0].expected_shortfall is not None
    return rows[0].expected_shortfall


def test_the_headline_is_the_shortfall_of_the_held_vector(found: Assessment, tmp_path: Path) -> None:
    book, rule = example_book(tmp_path), plan().tails[0]
    pnl = hold(book, revalue(book, example_market(), rule), by=()).pnl[0]
    assert headline(found) == float(expected_shortfall(pnl, 0.975))


@pytest.mark.parametrize("dimension", ["venue", "underlying", "strategy", "account"])
def test_components_of_every_dimension_add_up_to_the_headline(found: Assessment, dimension: str) -> None:
    parts = [row.component for row in found.report.components if row.dimension == dimension]
    # Sums of a few numbers of the same size: a few roundings.
    assert math.fsum(parts) == pytest.approx(headline(found), rel=1e-12)


def test_lines_add_up_to_the_headline_too(found: Assessment) -> None:
    assert math.fsum(row.component or 0 for row in found.report.lines) == pytest.approx(headline(found), rel=1e-12)


def test_equity_of_accounts_and_of_lines_is_the_books(found: Assessment) -> None:
    report = found.report
    # What margined lines gained since their average price belongs to accounts, not to the value of lines.
    gained = -2 * (60_060.0 - 61_000.0)
    assert math.fsum(row.equity or 0 for row in report.accounts) == pytest.approx(report.equity, rel=1e-12)
    assert math.fsum(row.value or 0 for row in report.lines) == pytest.approx(report.equity, abs=abs(gained) + 1)


def test_each_of_the_worst_is_explained_to_the_last_digit(found: Assessment) -> None:
    assert len(found.report.worst) == 10
    for row in found.report.worst:
        for parts in (row.by_position, row.by_account, row.by_factor):
            assert math.fsum(p.pnl for p in parts) == pytest.approx(row.pnl, rel=1e-9)


def test_the_grid_is_zero_where_nothing_moves(found: Assessment) -> None:
    for grid in found.report.grids:
        assert grid.pnl[grid.volatility.index(0.0)][grid.spot.index(0.0)] == 0.0


def test_the_same_inputs_give_the_same_report(found: Assessment, tmp_path: Path) -> None:
    again = assess(example_book(tmp_path), example_market(), plan(), by=("venue", "underlying", "strategy"))
    assert again.report.report_id == found.report.report_id


def test_another_seed_gives_another_report(found: Assessment, tmp_path: Path) -> None:
    other = choose(example_market(), ["BTC", "ETH"], library=load_crises(), wish=Wish(draws=1_000, seed=6))
    again = assess(example_book(tmp_path), example_market(), other, by=("venue", "underlying", "strategy"))
    assert again.report.report_id != found.report.report_id


def test_an_account_with_an_unreadable_row_is_told_in_words_and_every_total_is_partial(broken: Assessment) -> None:
    report = broken.report
    row = next(a for a in report.accounts if a.account == "LOST")
    assert (row.status, row.equity, row.scan) == ("unknown", None, None)
    assert "NOTHING-KNOWN" in row.why
    assert "LOST" in report.verdict.lede
    assert "partial" in report.verdict.lede
    assert report.verdict.status != "quiet"
    assert not report.complete
    assert all(row.partial for row in report.components if row.dimension != "account")


def test_a_limit_on_a_partial_total_is_not_known_to_hold(tmp_path: Path) -> None:
    limits = (Limit("expected_shortfall", 1e9), Limit("expected_shortfall", 1.0),
              Limit("scan_used", 0.01, "account=MM"))
    book = example_book(tmp_path, broken=True)
    report = assess(book, example_market(), plan(), policy=Policy(limits=limits)).report
    assert sorted(use.state for use in report.limits) == ["breached", "breached", "unknown"]


def test_without_a_history_the_report_says_which_var_is_missing(found: Assessment) -> None:
    assert any("Historical VaR: not computed" in note for note in found.report.notes)


def test_a_plugin_that_the_policy_does_not_allow_stops_the_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not allow"):
        assess(example_book(tmp_path), example_market(), plan(), policy=Policy(plugins=("other",)))


def test_reporting_in_coin_divides_money_by_its_price(found: Assessment, tmp_path: Path) -> None:
    in_coin = assess(example_book(tmp_path), example_market(), plan(), policy=Policy(currency="BTC")).report
    assert in_coin.equity == pytest.approx((found.report.equity or 0) / 60_000.0, rel=1e-12)
    assert all(np.isfinite(t.expected_shortfall or np.nan) for t in in_coin.tails)
