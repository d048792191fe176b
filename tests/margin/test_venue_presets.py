"""Every venue's preset takes a real book of options, futures, perpetuals and coins, or says what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from example_book import LINES, book_of
from example_market import EXPIRIES, example_market
from margin.venue_books import Line, columns, margins, plan_of
from seawall.formats.margin_models import read_margin_model
from seawall.margin.holdings import holdings
from seawall.margin.plan import bind, explain, index
from seawall.margin.require import require

PORTFOLIO = ("paradex_scan", "deribit_pme", "deribit_pme_segregated", "okx", "aevo")
LINEAR = ("dydx", "drift_health", "mango_health", "hyperliquid")
VENUES = (*PORTFOLIO, *LINEAR, "aave_health")
PERPETUALS = tuple(line for line in LINES if line[3] in ("BTC", "BTC-PERPETUAL", "USDC", "LINEAR", "USD"))
DEPOSITS = tuple(line for line in LINES if line[3] in ("BTC", "USDC", "WSTETH", "DEBT"))


def told(name: str, lines: tuple = LINES):
    held = holdings(book_of(lines), example_market())
    plan = index(bind(read_margin_model(name), held.columns), held.lines)
    return plan, held, require(plan, held.quantity, held.accounts, unknown=held.unknown)


@pytest.mark.parametrize("name", PORTFOLIO)
def test_a_book_of_everything_is_margined_in_every_account(name: str) -> None:
    plan, held, found = told(name)
    assert not found.unknown
    assert np.isfinite([found.equity, found.initial, found.maintenance]).all()
    assert (found.maintenance > 0).all()
    assert (found.initial >= found.maintenance).all()
    for result in plan.results:
        parts = explain(plan, held.quantity, result).by_line.sum()
        # The same numbers in another order.
        assert parts == pytest.approx(found.results[result].sum(), rel=1e-10, abs=1e-6)


@pytest.mark.parametrize("name", LINEAR)
def test_a_book_of_perpetuals_and_coins_is_margined_and_options_are_refused_by_name(name: str) -> None:
    _, _, found = told(name, PERPETUALS)
    assert not found.unknown
    assert np.isfinite([found.equity, found.initial, found.maintenance]).all()
    assert (found.initial >= found.maintenance - 1e-9).all()
    _, _, everything = told(name)
    assert "does not take kind option" in everything.unknown["A1"]


@pytest.mark.parametrize("name", [*LINEAR, "aave_health"])
def test_what_is_held_counts_alike_however_it_is_held(name: str) -> None:
    wanted = margins(name, [Line("cash", "USDC", -70.0, settlement="USDC")])
    for kind in ("spot", "lending", "wrapped"):
        line = Line(kind, "USDC", -70.0, settlement="USDC")
        assert margins(name, [line]) == pytest.approx(wanted, rel=1e-12)
        assert not plan_of(name, columns([line])).bound.refused


def test_deposits_and_debts_have_a_health_factor() -> None:
    _, _, found = told("aave_health", DEPOSITS)
    assert not found.unknown
    debt = found.results["debt"]
    account = found.accounts.index("A4")
    assert debt[account] == pytest.approx(30_000 * 0.9995, rel=1e-3)
    assert (found.equity - found.maintenance)[account] == pytest.approx(-debt[account], rel=1e-9)


@pytest.mark.parametrize("name", VENUES)
def test_every_preset_says_where_it_comes_from_and_what_is_missing(name: str) -> None:
    model = read_margin_model(name)
    assert model.name == name
    assert model.sources
    assert model.missing
    assert model.liquidation is not None
    assert all(len(switch.note) > 40 and switch.value in switch.options for switch in model.switches.values())
    assert (model.grade == "exact") == (name == "dydx")


def test_a_future_knows_its_time_to_expiry_as_an_option_of_the_same_day_does() -> None:
    lines = (("A", "V", "s", "FUT", 1.0, 3_000.0), ("A", "V", "s", "E3", 1.0, np.nan),
             ("A", "V", "s", "LINEAR", 1.0, 60_000.0))
    found = holdings(book_of(lines), example_market()).columns
    tau = dict(zip(found.labels["instrument"], found.numbers["tau"], strict=True))
    assert tau["FUT"] == tau["E3"] == pytest.approx((EXPIRIES[1] - example_market().as_of).days / 365, rel=1e-12)
    assert tau["LINEAR"] == 0.0
