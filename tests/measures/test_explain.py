"""Worst scenarios and why: every explanation adds up, and each part is what revaluing it alone gives."""

from __future__ import annotations

import numpy as np
import pytest

from example_book import LINES, book_of
from example_market import example_market
from seawall.cube import hold, revalue
from seawall.measures.explain import GROUPS, explain_factors, explain_positions, group_of, worst_scenarios
from seawall.model.factor import Factor
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.apply import held_still
from seawall.scenarios.grid import grid
from seawall.scenarios.simulated import implied_dynamics, student_t

MARKET = example_market()


def drawn(scenarios: int = 400) -> ScenarioRule:
    return student_t(implied_dynamics(MARKET, ["BTC", "ETH", "SPX"]), scenarios=scenarios, degrees=4, seed=3)


def relabelled(labels: list[str], **parts: np.ndarray) -> ScenarioRule:
    shocks = np.linspace(-0.1, 0.1, len(labels))[:, None]
    return ScenarioRule("r", (Column("spot", "*crypto"),), shocks, np.array(labels, dtype=object), 1.0, **parts)


def everything_moves() -> ScenarioRule:
    """One row in which every group moves, and a day passes."""
    columns = [Column("spot", "*crypto"), held_still("spot", "*"), Column("spot", "*stablecoin"),
               Column("volatility", "*"), Column("skew", "*", "absolute"), Column("curvature", "*", "absolute"),
               Column("carry", "*", "absolute"), Column("premium", "*", "absolute"), Column("funding", "*", "absolute"),
               Column("interest", "*", "absolute"), Column("rate", "*", "absolute"), Column("peg", "*")]
    row = [-0.2, 0.0, -0.03, 0.4, -0.03, 0.02, 0.02, -0.002, 0.3, 0.2, 0.01, -0.05]
    return ScenarioRule("all", tuple(columns), np.array([row]), np.array(["all"], dtype=object), 1.0)


def test_the_worst_come_worst_first_and_once_a_date() -> None:
    rule = relabelled(["d1", "d1", "d2", "d3", "d2", "d4"])
    pnl = np.array([-9.0, -10.0, -7.0, 5.0, -8.0, 1.0])
    worst = worst_scenarios(pnl, rule, count=3, confidence=0.5)
    assert [(w.label, w.scenario, w.pnl, w.draws) for w in worst] == [
        ("d1", 1, -10.0, 2), ("d2", 4, -8.0, 1), ("d4", 5, 1.0, 0)]


def test_a_rule_of_few_rows_has_its_worst_but_no_tail() -> None:
    worst = worst_scenarios(np.array([3.0, -1.0]), relabelled(["a", "b"]), confidence=0.99)
    assert [(w.label, w.draws) for w in worst] == [("b", 0), ("a", 0)]


def test_steps_of_one_path_are_one_scenario_and_weightless_rows_none() -> None:
    rule = relabelled(["a", "b", "c", "d"], path=np.array([0, 0, 1, 2]), step=np.array([0, 1, 0, 0]),
                      weights=np.array([1.0, 1.0, 1.0, 0.0]))
    worst = worst_scenarios(np.array([-5.0, -4.0, -3.0, -99.0]), rule, confidence=0.6)
    assert [w.label for w in worst] == ["a", "c"]


@pytest.mark.parametrize("by", ["instrument", "account", "underlying", ("venue", "strategy")])
def test_positions_add_up_to_the_scenario_and_the_largest_are_named(by: str | tuple[str, ...]) -> None:
    book, rule = book_of(), drawn()
    cube = revalue(book, MARKET, rule)
    total = hold(book, cube, by=()).row()
    places = [w.scenario for w in worst_scenarios(total, rule)]
    held = hold(book, cube, by=by)
    assert len(places) == 10
    for place, found in zip(places, explain_positions(book, cube, places, by=by, top=3), strict=True):
        sizes = dict(zip(held.keys, held.pnl[:, place], strict=True))
        assert [sizes[name] for name in found.names] == found.pnl.tolist()
        assert min(np.abs(found.pnl)) >= max([abs(v) for k, v in sizes.items() if k not in found.names], default=0.0)
        # Roundings of the gross sum of 14 lines, below 2e6.
        assert found.pnl.sum() + found.rest == pytest.approx(total[place], abs=1e-8)
        assert found.total == found.pnl.sum() + found.rest
        assert found.rest_count == len(held.keys) - len(found.names)
        assert not found.partial


def test_factor_groups_and_what_they_do_together_add_up_to_the_scenario() -> None:
    book, rule = book_of(), drawn()
    total = hold(book, revalue(book, MARKET, rule), by=()).row()
    places = [w.scenario for w in worst_scenarios(total, rule, count=5)]
    for place, found in zip(places, explain_factors(book, MARKET, rule, places), strict=True):
        assert found.names == GROUPS
        assert found.total == pytest.approx(total[place], abs=1e-8)
        assert abs(found.pnl.sum() + found.cross - found.total) <= 1e-12 * (np.abs(found.pnl).sum() + abs(found.cross))


def test_each_group_is_the_full_revaluation_with_only_it_moved() -> None:
    book, rule = book_of(), everything_moves()
    (found,) = explain_factors(book, MARKET, rule, [0])
    assert (found.pnl[: len(GROUPS)] != 0).all() or found.pnl[GROUPS.index("funding")] == 0
    classes = {"spot": [0], "currency": [2, 11], "volatility": [3], "skew": [4], "curvature": [5], "carry": [6, 7],
               "funding": [8, 9], "rate": [10]}
    for group, columns in classes.items():
        only = np.zeros_like(rule.shocks)
        only[:, columns] = rule.shocks[:, columns]
        alone = ScenarioRule("one", rule.columns, only, rule.labels, 0.0)
        wanted = hold(book, revalue(book, MARKET, alone), by=()).pnl[0, 0]
        assert found.pnl[GROUPS.index(group)] == pytest.approx(wanted, abs=1e-8), group
    still = ScenarioRule("time", rule.columns, np.zeros_like(rule.shocks), rule.labels, 1.0)
    wanted = hold(book, revalue(book, MARKET, still), by=()).pnl[0, 0]
    assert found.pnl[GROUPS.index("time")] == pytest.approx(wanted, abs=1e-8)


def test_a_linear_book_has_no_joint_remainder_and_a_spot_move_is_all_spot() -> None:
    book = book_of([line for line in LINES if line[3] in ("BTC", "SHARE", "USD")])
    rule = grid(spot=(-0.2,), volatility=(0.5,))
    (found,) = explain_factors(book, MARKET, rule, [0])
    assert found.pnl[GROUPS.index("spot")] == pytest.approx(found.total, abs=1e-9)
    assert found.cross == pytest.approx(0, abs=1e-9)


def test_a_stablecoin_and_a_foreign_currency_move_as_currency_and_coins_as_spot() -> None:
    assert group_of(Factor("spot", "USDC"), MARKET) == "currency"
    assert group_of(Factor("spot", "EUR"), MARKET) == "currency"
    assert group_of(Factor("spot", "BTC"), MARKET) == "spot"
    assert group_of(Factor("premium", "BTC-PERPETUAL"), MARKET) == "carry"


def test_an_explanation_of_a_book_with_gaps_says_so() -> None:
    book = book_of()
    cube = revalue(book.instruments[1:], MARKET, drawn())
    assert all(found.partial for found in explain_positions(book, cube, [0, 1], by="venue"))
