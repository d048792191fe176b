from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.house_accounts import columns_of, cubes, held, house
from margin.plain_house import Plain
from margin.sample_desks import desk
from seawall.cube import hold, revalue
from seawall.errors import InputError
from seawall.formats.margin_models import read_margin_model
from seawall.formats.scenarios import load_crises
from seawall.margin.holdings import holdings, holdings_in
from seawall.margin.house_rules import house_rules
from seawall.margin.plan import bind, evaluate, explain, index
from seawall.margin.procyclical import buffered, slowed, steadied, weighted
from seawall.margin.require import HEALTHY, require
from seawall.margin.rows import Lines
from seawall.margin.supply import supplied_cubes, supplier
from seawall.model.state import State, present
from seawall.scenarios.choice import Plan
from seawall.scenarios.crises import crises
from seawall.scenarios.simulated import implied_dynamics, student_t

VECTORS = Path(__file__).parents[1] / "vectors" / "quant"
# Two roads over a few hundred products.
ROUNDINGS = 1e-11


def everything():
    return [
        held("cash", "USD"), held("cash", "USDC", spot=0.97), held("spot", "BTC"), held("spot", "XYZ"),
        held("wrapped", "WSTETH", underlying="ETH", spot=3000.0), held("unrealised", "USDT"),
        held("perpetual", "BTC"), held("perpetual", "ETH"), held("perpetual", "SOL"), held("future", "SPY"),
        held("option", "BTC", mark=2500.0, price=2500.0, delta=0.55, strike=6e4, is_call=1.0, tau=0.2, expiry="a"),
        held("option", "ETH", mark=90.0, price=90.0, delta=-0.3, strike=2.8e3, tau=0.6, expiry="b"),
    ]


UNITS = np.array([1e6, 3e6, 50.0, 2e6, 500.0, 1e6, 30.0, 400.0, 2e4, 3e3, 40.0, 600.0])
NO_SIZE = {"impact": 0.0, "collateral_impact": 0.0, "asset_cap": 1e9, "issuer_limit": 1e15, "participation": 1e9}


def books():
    part = st.one_of(st.just(0.0), st.floats(-1, 1, allow_subnormal=False).filter(lambda x: abs(x) > 1e-3))
    return st.tuples(*(part for _ in UNITS)).map(lambda xs: np.array(xs) * UNITS)


@settings(deadline=None, max_examples=40)
@given(books(), st.integers(1, 3))
def test_the_model_is_what_plain_loops_over_its_description_give(quantity, seed):
    rows = everything()
    done = evaluate(house(rows, seed=seed), quantity)
    plain = Plain(rows, quantity, cubes(rows, seed))
    for name in ("equity", "maintenance", "initial", "blended", "ruin", "floor", "liquidity", "haircut", "collateral"):
        expected = {"haircut": plain.haircuts}.get(name) or getattr(plain, name)
        assert done[name].sum() == pytest.approx(expected(), rel=ROUNDINGS, abs=1e-6), name


def test_the_markets_own_volume_spread_confidence_and_depth_come_before_the_tables():
    rows = [row | {"volume": 5e4, "spread": 0.002, "confidence": 0.4, "depth": 300.0} for row in everything()]
    quantity = 0.5 * UNITS
    done, plain = evaluate(house(rows), quantity), Plain(rows, quantity, cubes(rows))
    assert done["initial"][0] == pytest.approx(plain.initial(), rel=ROUNDINGS)
    assert done["doubt"][0] > 0


def test_a_feed_that_is_believed_costs_nothing_and_one_that_is_not_costs_what_it_lacks():
    rows = [held("perpetual", "BTC") | {"confidence": c} for c in (0.55, 0.5)]
    done = evaluate(house(rows, accounts=2, account=[0, 1]), np.array([2.0, -2.0]))
    assert done["doubt"].tolist() == [0.0, 0.5 * 2 * 60_000]


@settings(deadline=None, max_examples=30)
@given(books(), st.floats(1, 1e7))
def test_more_cash_never_hurts(quantity, cash):
    plan = house(everything())
    richer = quantity.copy()
    richer[0] += cash
    before, after = evaluate(plan, quantity), evaluate(plan, richer)
    for name in ("initial", "maintenance"):
        assert (after["equity"] - after[name] >= before["equity"] - before[name] - 1e-6).all()


@settings(deadline=None, max_examples=30)
@given(books(), st.floats(0.01, 100))
def test_without_what_hangs_on_size_twice_the_book_needs_twice_the_margin(quantity, times):
    plan = house([row for row in everything() if row["kind"] != "unrealised"], changes=NO_SIZE)
    quantity = np.delete(quantity, 5) * 1e-6
    one, other = evaluate(plan, quantity), evaluate(plan, times * quantity)
    for name in ("initial", "maintenance", "blended", "ruin"):
        assert other[name][0] == pytest.approx(times * one[name][0], rel=1e-9, abs=1e-12)


def test_with_it_twice_the_book_needs_more_than_twice():
    plan = house([held("perpetual", "XYZ")])
    one, two = (evaluate(plan, np.array([q]))["initial"][0] for q in (1e6, 2e6))
    assert two > 2.01 * one


@settings(deadline=None, max_examples=20)
@given(books())
def test_parts_of_a_requirement_add_up_to_it_by_line(quantity):
    plan = house(everything())
    for name in ("initial", "maintenance"):
        total = evaluate(plan, quantity)[name][0]
        assert explain(plan, quantity, name).by_line.sum() == pytest.approx(total, rel=1e-11, abs=1e-6)


def test_maintenance_is_below_initial_and_each_holds_all_floors():
    quantity = UNITS * np.array([1, 1, 1, 1, 1, 1, -1, 1, -1, 1, -1, -1])
    done = evaluate(house(everything()), quantity)
    assert done["maintenance"][0] < done["initial"][0]
    for name in ("blended", "steadied", "covered_crisis", "ruin", "floor"):
        assert done["risk"][0] >= done[name][0]


def test_a_buffer_given_back_lowers_initial_by_a_fifth_of_its_risk_and_no_more():
    quantity = UNITS * 0.3
    kept, released = (evaluate(house(everything(), changes={"release": r}), quantity) for r in (0.0, 1.0))
    assert kept["initial"][0] - released["initial"][0] == pytest.approx(0.25 * kept["risk"][0], rel=1e-12)
    assert kept["maintenance"][0] == released["maintenance"][0]


def test_the_square_root_cost_of_unwinding_is_the_published_one():
    case = json.loads((VECTORS / "liquidity_addon_sqrt.json").read_text())
    given_, expected = case["inputs"], case["expected"]
    row = held("perpetual", "SOL", spot=given_["S"]) | {
        "volume": given_["ADV"], "spread": given_["spread"], "daily": given_["sigma_d"]}
    done = evaluate(house([row], changes={"impact": given_["Y"]}), np.array([given_["Q"]]))
    assert done["unwinding"][0] == pytest.approx(expected["cost"], rel=case["tolerance"])


def test_risk_over_a_linear_unwinding_is_that_of_a_third_of_its_days():
    # 30,000 units at a tenth of 20,000 a day take 15 days: a third of them beyond the horizon of two.
    case = json.loads((VECTORS / "liquidity_addon_sqrt.json").read_text())
    sigma, days = case["inputs"]["sigma_d"], case["inputs"]["h"]
    assert sigma * np.sqrt(days / 3) == pytest.approx(case["expected"]["linear_unwind_sigma"], rel=case["tolerance"])
    row = held("perpetual", "SOL", spot=3000.0) | {"volume": 20_000.0, "daily": sigma}
    done = evaluate(house([row]), np.array([30_000.0]))
    expected = 30_000 * 3000 * 2.4 * sigma * (np.sqrt(15 / 3) - np.sqrt(2))
    assert done["concentration"][0] == pytest.approx(expected, rel=1e-12)


def test_buffer_stressed_weight_and_floor_are_those_of_the_regulation():
    case = json.loads((VECTORS / "apc_margin.json").read_text())
    raw, stress = np.array(case["inputs"]["m_raw"], dtype=float), float(case["inputs"]["stress"])
    expected, tolerance = case["expected"], case["tolerance"]
    assert buffered(raw, np.full(3, np.inf)) == pytest.approx(expected["buffer25"], rel=tolerance)
    assert weighted(raw, np.full(3, stress)) == pytest.approx(expected["weighted_75_25"], rel=tolerance)
    floored = steadied(raw, floor=case["inputs"]["floor_10y"], buffer=0.0, most_fall=1.0)
    assert floored == pytest.approx(expected["floored"], rel=tolerance)


def test_a_buffer_is_used_up_before_margin_rises_and_filled_again_in_calm():
    raw = np.array([100.0, 110.0, 124.0, 160.0, 90.0])
    # Standing at 125, it holds until the raw requirement passes it; then a quarter above is the most it keeps.
    assert steadied(raw, most_fall=1.0).tolist() == [125.0, 125.0, 125.0, 160.0, 112.5]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(1, 1e6), min_size=2, max_size=20), st.floats(0, 1), st.floats(0, 0.5))
def test_only_falls_are_slowed(days, most_fall, buffer):
    raw = np.array(days)
    out = steadied(raw, buffer=buffer, most_fall=most_fall)
    assert (out >= raw).all()
    assert (out[1:] >= (1 - most_fall) * out[:-1] * (1 - 1e-12)).all()
    assert (out[1:] <= np.maximum((1 + buffer) * raw[1:], out[:-1]) * (1 + 1e-12)).all()


def test_a_new_account_has_no_previous_requirement_to_fall_from():
    assert slowed(np.array([5.0, 5.0]), np.array([np.nan, 100.0]), 0.05).tolist() == [5.0, 95.0]


@pytest.mark.parametrize(("call", "share"), [(buffered, -0.1), (weighted, 2.0), (slowed, 1.5)])
def test_a_share_that_is_none_is_refused(call, share):
    with pytest.raises(InputError, match="wanted"):
        call(np.ones(1), np.ones(1), share)


@cache
def plan_of(name: str) -> Plan:
    _, market = desk(name)
    smiling = tuple(sorted({u for u, _ in market.smiles}))
    tail = student_t(implied_dynamics(market, smiling, correlation=0.8), scenarios=300, degrees=4.0, seed=1)
    library = load_crises()
    return Plan((tail,), {}, crises(library), library)


@pytest.mark.parametrize("name", ["crypto", "equity"])
def test_gains_that_are_supplied_are_those_of_the_book_held_under_the_same_rule(name):
    book, market = desk(name)
    own = holdings(book, market)
    rules = house_rules(plan_of(name))
    supplied = supplied_cubes(own, present(market), rules)
    for rule in ("history_path", "stress", "stressed_correlation"):
        told = hold(book, revalue(book, market, rules[rule]), by="account")
        gains = np.zeros(told.pnl.shape)
        np.add.at(gains, own.lines.account, own.quantity[:, None] * supplied[rule].gains[own.lines.instrument])
        scale = np.abs(told.pnl).max()
        assert gains == pytest.approx(told.pnl, rel=1e-9, abs=1e-11 * scale), rule
        assert supplied[rule].rule_id == rules[rule].rule_id


def test_gains_in_versions_of_a_market_are_those_that_each_would_give_alone():
    book, market = desk("crypto")
    levels = np.repeat(market.levels[None, :], 2, axis=0)
    levels[1, market.index["spot:BTC"]] *= 0.8
    state = State(market, levels, np.array([0.0, 1 / 365]))
    rules = {"history": house_rules(plan_of("crypto"))["history"]}
    both = supplied_cubes(holdings_in(book, state), state, rules)["history"].gains
    moved = State(replace(market, levels=levels[1]), levels[1:], np.array([1 / 365]))
    first = supplied_cubes(holdings(book, market), present(market), rules)["history"].gains
    second = supplied_cubes(holdings_in(book, moved), moved, rules)["history"].gains
    assert np.array_equal(both, np.vstack([first, second]), equal_nan=True)
    assert not np.array_equal(first, second[: len(first)])


def test_every_sample_account_has_a_requirement_with_parts_that_add_up():
    book, market = desk("crypto")
    own = holdings(book, market)
    supply = supplier(house_rules(plan_of("crypto")))
    plan = index(bind(read_margin_model("seawall"), own.columns, supply(own, present(market))), own.lines)
    told = require(plan, np.array(own.quantity), own.accounts, unknown=own.unknown)
    assert not told.unknown
    assert (told.initial > told.maintenance).all()
    assert HEALTHY in told.status
    parts = explain(plan, np.array(own.quantity), "initial")
    assert parts.by_line.sum() == pytest.approx(told.initial.sum(), rel=ROUNDINGS)


def test_rows_that_are_not_equally_likely_are_refused():
    book, market = desk("crypto")
    rule = house_rules(plan_of("crypto"))["stress"]
    tilted = replace(rule, weights=np.arange(1.0, len(rule) + 1))
    with pytest.raises(InputError, match="equally likely"):
        supplied_cubes(holdings(book, market), present(market), {"stress": tilted})


def test_a_plan_without_crises_is_refused():
    with pytest.raises(InputError, match="named crises"):
        house_rules(replace(plan_of("crypto"), crises=None))


def test_scenarios_that_no_one_supplies_are_asked_for_by_name():
    with pytest.raises(InputError, match="history"):
        bind(read_margin_model("seawall"), columns_of(everything()))


def test_accounts_alone_and_in_a_crowd_need_the_same():
    rows, rng = everything(), np.random.default_rng(5)
    quantity = UNITS * rng.uniform(-1, 1, (6, len(UNITS)))
    crowd = evaluate(house(rows, accounts=6), quantity.ravel())
    alone = [evaluate(house(rows), q) for q in quantity]
    for name in ("initial", "maintenance", "equity", "blended"):
        assert crowd[name] == pytest.approx([a[name][0] for a in alone], rel=1e-13)


def test_lines_in_another_order_need_the_same():
    rows, quantity = everything(), UNITS * 0.4
    plan = house(rows)
    order = np.random.default_rng(2).permutation(len(rows))
    again = index(plan.bound, Lines(np.zeros(len(rows), int), order, 1))
    one, other = evaluate(plan, quantity)["initial"][0], evaluate(again, quantity[order])["initial"][0]
    assert other == pytest.approx(one, rel=1e-13)


def test_the_stressed_period_is_taken_from_the_unfiltered_history_where_there_is_one():
    plan = plan_of("crypto")
    main = plan.tails[0]
    wild = replace(main, name="historical", shocks=main.shocks * 2, provenance={"generator": "historical"})
    plain, both = house_rules(plan), house_rules(replace(plan, tails=(main, wild)))
    assert both["history"].rule_id == plain["history"].rule_id
    assert np.abs(both["stressed_period"].shocks).max() > 1.5 * np.abs(plain["stressed_period"].shocks).max()
    assert len(both["stressed_period"]) == 249


def test_the_history_is_the_end_of_each_of_its_paths():
    rules = house_rules(plan_of("crypto"), horizon_days=3)
    path, ends = rules["history_path"], rules["history"]
    assert (path.shocks[path.step == 2] == ends.shocks).all()
    assert ends.ages == pytest.approx(3 / 365)
    assert len(ends) == 298
