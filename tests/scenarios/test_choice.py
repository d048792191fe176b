"""Which rules a report stands on: what the inputs allow, what covers the whole book first, and a word on the rest."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from example_market import example_market
from seawall.errors import InputError
from seawall.model.factor import Factor
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.scenarios.choice import FEWEST_ROWS, Wish, choose
from seawall.scenarios.grid import grid

MARKET = example_market()
DAYS = 400
WISH = Wish(draws=300)


def history(*factors: str, days: int = DAYS) -> Panel:
    """Random walks of the factors; later ones may be given fewer days by a trailing hole."""
    rng = np.random.default_rng(7)
    steps = rng.standard_t(5, (DAYS, len(factors))) * 0.02
    values = 100 * np.exp(np.cumsum(steps, axis=0))
    values[: DAYS - days, -1] = np.nan
    dates = np.datetime64("2025-01-01", "ns") + np.arange(DAYS) * np.timedelta64(1, "D")
    return Panel(dates, tuple(Factor(*name.split(":")) for name in factors), values, source="walks")


def names(plan) -> list[str]:
    return [rule.name for rule in plan.tails]


def test_without_a_history_the_draws_are_implied_and_the_lack_is_said() -> None:
    plan = choose(MARKET, ["BTC"], wish=WISH)
    assert names(plan) == ["Student-t, 4 degrees"]
    assert any("no price history was given" in note for note in plan.notes)


def test_a_history_of_all_assets_is_the_main_rule_and_its_age_is_said() -> None:
    plan = choose(MARKET, ["BTC", "ETH"], history=history("spot:BTC", "spot:ETH"), wish=WISH)
    assert names(plan)[0] == "historical"
    assert "days before this market" in plan.sources["historical"]
    assert "by a stated model" in plan.sources["historical"]


def test_a_history_that_reaches_to_today_is_filtered_and_that_is_the_main_rule() -> None:
    old = history("spot:BTC", "spot:ETH")
    shift = np.datetime64(MARKET.as_of.replace(tzinfo=None), "D") - np.datetime64(old.dates[-1], "D")
    current = dataclasses.replace(old, dates=old.dates + shift)
    plan = choose(MARKET, ["BTC", "ETH"], history=current, wish=WISH)
    assert names(plan) == ["filtered historical", "historical", "Student-t, 4 degrees"]
    assert "tomorrow's volatility" in plan.sources["filtered historical"]
    assert any(column.risk_class == "volatility" for column in plan.tails[0].columns)


def test_an_old_history_cannot_tell_the_volatility_of_the_day_to_come() -> None:
    plan = choose(MARKET, ["BTC", "ETH"], history=history("spot:BTC", "spot:ETH"), wish=WISH)
    assert any(note.startswith("filtered historical: not computed") for note in plan.notes)


def test_a_rule_that_misses_an_asset_is_never_the_main_one() -> None:
    plan = choose(MARKET, ["BTC", "ETH"], history=history("spot:BTC"), wish=WISH)
    assert names(plan) == ["Student-t, 4 degrees", "historical"]
    assert any("says nothing of ETH" in note for note in plan.notes)


def test_a_proxy_fills_the_hole() -> None:
    wish = dataclasses.replace(WISH, proxies={"ETH": ("BTC", 1.3)})
    plan = choose(MARKET, ["BTC", "ETH"], history=history("spot:BTC"), wish=wish)
    assert names(plan)[0] == "historical"


@pytest.mark.parametrize(("days", "wanted"), [
    (DAYS, ["historical, recorded volatility"]), (100, ["historical", "historical, recorded volatility"])])
def test_recorded_volatility_stands_alone_only_if_it_is_as_long_as_the_prices(days: int, wanted: list[str]) -> None:
    plan = choose(MARKET, ["BTC"], history=history("spot:BTC", "volatility:BTC", days=days), wish=WISH)
    assert [name for name in names(plan) if name.startswith("historical")] == wanted


def test_what_was_not_asked_for_is_added_where_measures_would_have_nothing_to_stand_on() -> None:
    plan = choose(MARKET, ["BTC"], wish=dataclasses.replace(WISH, names=("grid",)))
    assert names(plan) == ["Student-t, 4 degrees"]
    assert any("added" in note for note in plan.notes)
    assert plan.grid


def test_a_book_that_holds_nothing_that_moves_is_measured_all_the_same() -> None:
    assert len(choose(MARKET, ["USD"], wish=WISH).tails) == 1


def test_nothing_to_draw_from_is_refused_with_a_remedy() -> None:
    bare = dataclasses.replace(MARKET, smiles={}, asset_class={})
    assert isinstance(bare, Market)
    with pytest.raises(InputError, match="--history"):
        choose(bare, ["BTC"], wish=WISH)


def test_rules_of_ones_own_are_a_distribution_if_long_and_told_one_by_one_if_short() -> None:
    short = grid((-0.1, 0.1), (0.0,), assets=("BTC",))
    long = grid(tuple(np.linspace(-0.3, 0.3, FEWEST_ROWS)), (0.0,), assets=("BTC",))
    plan = choose(MARKET, ["BTC"], wish=dataclasses.replace(WISH, own=(short, long)))
    assert [rule.rule_id for rule in plan.told] == [short.rule_id]
    assert long.rule_id in [rule.rule_id for rule in plan.tails]


def test_two_rules_of_one_name_are_told_apart() -> None:
    long = grid(tuple(np.linspace(-0.3, 0.3, FEWEST_ROWS)), (0.0,), assets=("BTC",))
    plan = choose(MARKET, ["BTC"], wish=dataclasses.replace(WISH, own=(long, long)))
    assert len(set(names(plan))) == len(plan.tails) == 3
