from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.house_accounts import CLUSTERS, columns_of, cubes, held, house
from seawall.errors import InputError, TailTooThin
from seawall.formats.margin_models import read_margin_model
from seawall.margin.decode import decode
from seawall.margin.house_rules import consecutive, correlated, worst_rows
from seawall.margin.plan import bind, evaluate, explain, index
from seawall.margin.rows import Lines
from seawall.model.arrays import frozen_texts
from seawall.model.scenario import ABSOLUTE, Column, ScenarioRule

NAMES = ("BTC", "ETH", "SOL", "SPY", "XYZ")
MODEL = """
name = "blending"
effective_from = 2020-01-01
results = ["initial", "maintenance"]
cubes = ["history"]
[terms]
maintenance = { kind = "sum", of = ["alone"] }
[terms.alone]
kind = "tail"
scenarios = "history"
confidence = 0.9
floor = true
fold = [{ from = "underlying", to = "underlying" }]
[terms.joint]
kind = "tail"
scenarios = "history"
confidence = 0.9
floor = true
fold = [{ from = "account", to = "account" }]
[terms.initial]
kind = "blend"
of = ["joint", "alone"]
factor = FACTOR
pairs = [["ETH", "BTC", 0.9], ["BTC", "SPY", 0.1]]
"""
# Sums of a few hundred products of numbers near a million.
ROUNDINGS = 1e-12


def contracts():
    return [held("perpetual", name) for name in NAMES]


def blending(factor: float):
    rows = contracts()
    model = decode(MODEL.replace("FACTOR", repr(factor)).encode())
    return index(bind(model, columns_of(rows), cubes(rows)), Lines(np.zeros(5, int), np.arange(5), 1))


def amounts():
    units = {"BTC": 3.0, "ETH": 60.0, "SOL": 1e3, "SPY": 300.0, "XYZ": 1e5}
    part = st.one_of(st.just(0.0), st.floats(-1, 1, allow_subnormal=False).filter(lambda x: abs(x) > 1e-3))
    return st.tuples(*(part for _ in NAMES)).map(
        lambda xs: np.array([x * units[n] for x, n in zip(xs, NAMES, strict=True)]))


def share_by_loops(alone: dict[str, float], factor: float, pairs: dict[frozenset[str], float]) -> float:
    over, under = 0.0, 0.0
    for a, b in itertools.combinations(alone, 2):
        over += pairs.get(frozenset((a, b)), factor) * alone[a] * alone[b]
        under += alone[a] * alone[b]
    return over / under if under else 0.0


@settings(deadline=None, max_examples=60)
@given(amounts(), st.floats(0, 1))
def test_a_blend_is_what_loops_over_pairs_give(quantity, factor):
    plan = blending(factor)
    done = evaluate(plan, quantity)
    alone = dict(zip(sorted(NAMES), done["alone"], strict=True))
    share = share_by_loops(alone, factor, {frozenset(("BTC", "ETH")): 0.9, frozenset(("BTC", "SPY")): 0.1})
    total, joint = sum(alone.values()), done["joint"][0]
    assert done["initial"][0] == pytest.approx(max(joint, share * joint + (1 - share) * total), rel=ROUNDINGS)


@settings(deadline=None, max_examples=60)
@given(amounts(), st.floats(0, 1))
def test_a_blend_lies_between_the_joint_charge_and_the_sum_of_each_alone(quantity, factor):
    done = evaluate(blending(factor), quantity)
    slack = ROUNDINGS * done["maintenance"][0]
    assert done["joint"][0] <= done["initial"][0] <= done["maintenance"][0] + slack


@settings(deadline=None, max_examples=40)
@given(amounts(), amounts())
def test_the_house_never_asks_less_than_stressed_correlation_nor_more_than_each_alone(one, other):
    plan = house(contracts(), accounts=2)
    done = evaluate(plan, np.concatenate([one, other]))
    slack = ROUNDINGS * done["apart"]
    for bound in ("stressed_correlation", "history", "together"):
        assert (done[bound] <= done["blended"] + slack).all()
    assert (done["blended"] <= done["apart"] + slack).all()
    assert (done["risk"] >= done["blended"]).all()


def test_all_of_the_offset_is_the_joint_charge_and_none_of_it_the_sum():
    quantity = np.array([1.0, -20.0, 300.0, -100.0, -1e4])
    changes = {"within_cluster": 0.0, "across_clusters": 0.0}
    rows = [held("perpetual", n) for n in ("BTC", "SOL", "XYZ")]
    none = evaluate(house(rows, changes=changes), quantity[[0, 2, 4]])
    model = read_margin_model("seawall")
    assert ("1", "9", 0.4) in model.terms["blended"].pairs
    one = evaluate(house([held("perpetual", "BTC"), held("perpetual", "SOL")], changes=changes), np.array([1.0, 300.0]))
    assert one["blended"][0] == pytest.approx(one["apart"][0], rel=ROUNDINGS)
    assert none["blended"][0] < none["apart"][0]  # the pair of clusters 1 and 9 keeps its own share
    every = evaluate(house([held("perpetual", "BTC"), held("perpetual", "SOL")],
                           changes={"within_cluster": 1.0}), np.array([1.0, -300.0]))
    assert every["blended"][0] == pytest.approx(every["together"][0], rel=ROUNDINGS)


def test_a_pair_that_hedges_pays_less_and_more_so_the_greater_its_share():
    quantity = np.array([1.0, -300.0])
    rows = [held("perpetual", "BTC"), held("perpetual", "SOL")]
    charges = [evaluate(house(rows, changes={"within_cluster": f}), quantity)["blended"][0] for f in (0, 0.3, 0.6, 1)]
    assert charges == sorted(charges, reverse=True)
    assert charges[0] > charges[-1]


def test_clusters_of_the_house_are_those_of_its_file():
    table = read_margin_model("seawall").by["underlying"]
    assert {n: f"{table.get(n, table['*'])['cluster']:g}" for n in CLUSTERS} == CLUSTERS


@settings(deadline=None, max_examples=30)
@given(amounts())
def test_parts_of_a_blend_add_up_to_it(quantity):
    plan = blending(0.4)
    parts = explain(plan, quantity, "initial")
    assert parts.by_line.sum() == pytest.approx(evaluate(plan, quantity)["initial"][0], rel=1e-11, abs=1e-9)
    assert parts.chords == ()


def test_slopes_of_a_blend_are_what_one_more_unit_costs():
    plan, quantity = blending(0.4), np.array([1.0, -20.0, 300.0, -100.0, 1e4])
    slopes = explain(plan, quantity, "initial").slopes
    for line in range(len(quantity)):
        step = 1e-6 * abs(quantity[line])
        up, down = quantity.copy(), quantity.copy()
        up[line] += step
        down[line] -= step
        found = (evaluate(plan, up)["initial"][0] - evaluate(plan, down)["initial"][0]) / (2 * step)
        # The charge is piecewise smooth; a central difference over a millionth errs by rounding, 1e-16 / 1e-6.
        assert slopes[line] == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize("factor", [-0.1, 1.1])
def test_a_share_of_offset_beyond_nothing_and_all_is_refused(factor):
    with pytest.raises(InputError, match="from 0 to 1"):
        blending(factor)


@pytest.mark.parametrize("pairs", ['["BTC", "BTC", 0.5]', '["BTC", "ETH", 0.5], ["ETH", "BTC", 0.4]'])
def test_a_pair_that_is_none_or_stands_twice_is_refused(pairs):
    text = MODEL.replace("FACTOR", "0.5").replace('["ETH", "BTC", 0.9], ["BTC", "SPY", 0.1]', pairs)
    with pytest.raises(InputError, match="each pair once"):
        bind(decode(text.encode()), columns_of(contracts()), cubes(contracts()))


def moves_rule(rows: int = 400) -> ScenarioRule:
    rng = np.random.default_rng(3)
    common = rng.standard_normal(rows)
    btc, eth = 0.03 * common, 0.04 * (0.5 * common + 0.8 * rng.standard_normal(rows))
    vol = -1.9 * btc
    own_vol = 0.05 * (rng.standard_normal(rows) - 0.3 * common)
    columns = (Column("spot", "BTC"), Column("spot", "ETH"), Column("volatility", "BTC"), Column("volatility", "ETH"),
               Column("spot", "*stablecoin"), Column("rate", "USD", ABSOLUTE))
    shocks = np.column_stack([btc, eth, vol, own_vol, np.zeros(rows), 1e-4 * rng.standard_normal(rows)])
    return ScenarioRule(name="days", columns=columns, shocks=shocks, horizon_days=1.0,
                        labels=frozen_texts([str(n) for n in range(rows)], "labels"))


def test_no_factor_moves_more_or_less_for_stressed_correlations():
    rule = moves_rule()
    bent = correlated(rule, 0.5, "bent")
    assert (np.sort(bent.shocks, axis=0) == np.sort(rule.shocks, axis=0)).all()
    assert (bent.shocks[:, 4:] == rule.shocks[:, 4:]).all()
    assert bent.rule_id != rule.rule_id


def test_in_the_crisis_spots_fall_as_one_and_volatilities_rise_with_it():
    ranks = np.argsort(np.argsort(correlated(moves_rule(), 1.0, "crisis").shocks[:, :4], axis=0), axis=0)
    assert (ranks[:, 0] == ranks[:, 1]).all()
    assert (ranks[:, 2] == len(ranks) - 1 - ranks[:, 0]).all()
    assert (ranks[:, 3] == len(ranks) - 1 - ranks[:, 0]).all()


def test_without_weight_on_the_crisis_the_correlations_stay_and_between_they_rise():
    rule = moves_rule()
    found = [np.corrcoef(correlated(rule, w, "bent").shocks[:, 0], correlated(rule, w, "bent").shocks[:, 1])[0, 1]
             for w in (0.0, 0.5, 1.0)]
    before = np.corrcoef(rule.shocks[:, 0], rule.shocks[:, 1])[0, 1]
    # Ranks are kept, so only rounding of scores could move it.
    assert found[0] == pytest.approx(before, abs=1e-9)
    # The blend's correlation of scores is the mean of today's and one; its sample error over 400 rows is 0.04.
    assert found[1] == pytest.approx((before + 1) / 2, abs=0.08)
    assert found[0] < found[1] < found[2]


def test_days_that_follow_one_another_compound_and_differences_add_up():
    rule = moves_rule(30)
    path = consecutive(rule, 3, "three days")
    assert len(path) == 28 * 3
    for row in range(28):
        grown, added = 1.0, 0.0
        for day in range(3):
            grown *= 1 + rule.shocks[row + day, 0]
            added += rule.shocks[row + day, 5]
            at = row * 3 + day
            assert path.shocks[at, 0] == pytest.approx(grown - 1, abs=1e-15)
            assert path.shocks[at, 5] == pytest.approx(added, abs=1e-18)
            assert (path.path[at], path.step[at]) == (row, day)
            assert path.ages[at] == pytest.approx((day + 1) / 365)


def test_more_days_than_the_history_has_leave_no_tail():
    with pytest.raises(TailTooThin):
        consecutive(moves_rule(3), 4, "too long")


def test_a_rule_of_several_days_is_not_chained():
    with pytest.raises(InputError, match="one day a row"):
        consecutive(consecutive(moves_rule(9), 2, "two"), 2, "four")


def test_the_stressed_period_is_the_one_that_moved_most():
    rule = moves_rule(100)
    shocks = rule.shocks.copy()
    shocks[40:50, 0] = 0.5
    planted = ScenarioRule(name="days", columns=rule.columns, shocks=shocks, labels=rule.labels, horizon_days=1.0)
    assert worst_rows(planted, 10).labels.tolist() == [str(n) for n in range(40, 50)]
