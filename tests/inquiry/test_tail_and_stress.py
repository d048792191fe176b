"""The tail and stress of a small book: every number in the answer is that of the function that makes it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from inquiry.example_question import question, silent
from seawall.cube import hold, revalue
from seawall.discovery.discover import discover
from seawall.discovery.netting import exposures_of
from seawall.discovery.sentences import sentence
from seawall.errors import InputError
from seawall.inquiry.models import COPULA, FILTERED, GARCH, models
from seawall.inquiry.stress import AGAINST, FALLING, bent, crises_of, stress_report
from seawall.inquiry.tail import tail_report
from seawall.kernels.correlation import is_semidefinite
from seawall.measures.extremes import extreme_value_at_risk, fit_tail
from seawall.measures.sampling import sampling_of
from seawall.measures.tail import estimate_expected_shortfall, expected_shortfall, value_at_risk
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.apply import held_still
from seawall.scenarios.choice import DEGREES
from seawall.scenarios.simulated import student_t

# The same arithmetic in another order: sums of some thousand terms, of losses up to 1e7.
ROUNDING = 1e-9


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    return question(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def tail(asked):
    return tail_report(asked, silent)


@pytest.fixture(scope="module")
def stress(asked):
    return stress_report(asked, silent)


def pnl_under(asked, rule):
    return np.asarray(hold(asked.book, revalue(asked.book, asked.market, rule), by=(), currency="USD").pnl[0])


def test_a_history_gives_all_six_kinds_of_model_in_order(asked, tail):
    names = [row.scenarios for row in tail.models]
    assert names[0] == tail.main == asked.plan.tails[0].name
    assert {FILTERED, GARCH, COPULA} <= set(names)
    assert len(names) == len(set(names)) == len(asked.plan.tails) + 3


def test_each_model_is_measured_under_its_own_rule(asked, tail):
    found = {m.rule.name: m.rule for m in models(asked, silent)[0]}
    for row in tail.models:
        rule = found[row.scenarios]
        pnl = pnl_under(asked, rule)
        estimate = estimate_expected_shortfall(pnl, 0.975, sampling=sampling_of(rule))
        assert row.expected_shortfall == pytest.approx(estimate.value, rel=ROUNDING)
        assert row.value_at_risk == pytest.approx(float(value_at_risk(pnl, 0.99)), rel=ROUNDING)
        assert (row.worst, row.best, row.count) == (pnl.min(), pnl.max(), len(pnl))


def test_shares_are_those_of_scenarios_between_the_common_edges(asked, tail):
    pnl = pnl_under(asked, asked.plan.tails[0])
    low, high = tail.edges[3], tail.edges[4]
    assert len(tail.edges) == len(tail.models[0].shares) + 1
    assert tail.models[0].shares[3] == pytest.approx(float(((pnl >= low) & (pnl < high)).mean()), abs=1e-12)
    assert all(sum(row.shares) <= 1 + 1e-9 for row in tail.models)


def test_the_law_beyond_the_data_is_that_of_the_main_model(asked, tail):
    found = tail.extreme
    assert found is not None
    assert found.scenarios == tail.main
    fit = fit_tail(pnl_under(asked, asked.plan.tails[0]), found.threshold)
    assert (found.shape, found.exceedances) == (fit.shape, fit.exceedances)
    assert found.rows[2].value_at_risk == pytest.approx(extreme_value_at_risk(fit, 0.999).value, rel=ROUNDING)
    losses = [loss for loss, _ in found.points]
    assert losses == sorted(losses, reverse=True)
    assert found.points[0][1] == 1 / found.observations


def test_components_of_every_dimension_add_up_to_the_main_shortfall(tail):
    for dimension in ("underlying", "venue", "account", "strategy"):
        parts = [row.component for row in tail.components if row.dimension == dimension]
        assert math.fsum(parts) == pytest.approx(tail.models[0].expected_shortfall, rel=ROUNDING)


def test_weights_of_the_ways_to_lose_add_up_to_one(tail):
    assert math.fsum(cluster.weight for cluster in tail.clusters) == pytest.approx(1.0)
    assert all(cluster.loss > 0 and cluster.story for cluster in tail.clusters)


def test_findings_are_those_of_the_discovery_in_its_words(asked, tail):
    found = discover(asked.book, asked.market, asked.plan.dynamics, crises=asked.plan.crises, currency="USD")
    assert [row.sentences for row in tail.findings] == [(sentence(finding),) for finding in found]
    assert [row.hidden for row in tail.findings] == [finding.hidden for finding in found]


def test_without_a_history_the_answer_says_which_models_are_missing(tmp_path):
    tail = tail_report(question(tmp_path, with_history=False), silent)
    assert [row.scenarios for row in tail.models] == ["Student-t, 4 degrees"]
    assert any(FILTERED in note and "--history" in note for note in tail.notes)


def test_an_unreadable_line_makes_the_answer_partial(tmp_path):
    head = tail_report(question(tmp_path, broken=True, with_history=False), silent).head
    assert not head.complete
    assert "NOTHING-KNOWN" in str(head.failures[0])


def test_no_dynamics_leaves_what_needs_none(asked):
    bare = replace(asked, plan=replace(asked.plan, dynamics=None))
    stress = stress_report(bare, silent)
    assert stress.crises
    assert stress.plausible is None
    assert any("worst plausible" in note for note in stress.notes)
    with pytest.raises(InputError, match="no dynamics"):
        _ = bare.space


def test_today_and_both_crises_are_valued_by_the_same_draws(asked, stress):
    dynamics = asked.plan.dynamics
    crises = {c.name: c for c in crises_of(dynamics, exposures_of(asked.view)[0])}
    assert set(crises) == {FALLING, AGAINST}
    assert [(row.crisis, row.weight) for row in stress.stressed] == \
        [("", 0.0), (FALLING, 0.5), (FALLING, 1.0), (AGAINST, 0.5), (AGAINST, 1.0)]
    for row in stress.stressed:
        used = dynamics if not row.crisis else bent(dynamics, crises[row.crisis], row.weight)
        rule = student_t(used, scenarios=asked.draws, degrees=DEGREES, seed=asked.seed)
        shortfall = float(expected_shortfall(pnl_under(asked, rule), 0.975))
        assert row.expected_shortfall == pytest.approx(shortfall, rel=ROUNDING)


def test_the_picture_is_of_the_crisis_that_costs_more_and_stays_possible(stress):
    found = stress.correlation
    assert found is not None
    full = {row.crisis: row.expected_shortfall for row in stress.stressed if row.weight == 1.0}
    assert found.crisis == max(full, key=full.__getitem__)
    assert is_semidefinite(np.array(found.after))
    assert np.allclose(np.diag(found.after), 1.0)


def test_one_crisis_is_told_where_the_two_are_the_same(asked):
    dynamics = asked.plan.dynamics
    signs = np.array([-1.0 if c.risk_class == "volatility" else 1.0 for c in dynamics.columns])
    assert len(crises_of(dynamics, signs)) == len(crises_of(dynamics, -signs)) == 1


def test_the_worst_plausible_move_costs_what_its_parts_lose(asked, stress):
    found = stress.plausible
    assert found is not None
    for parts in (found.by_account, found.by_position):
        assert math.fsum(p.pnl for p in parts) == pytest.approx(-found.loss, rel=ROUNDING)
    assert found.distance <= found.radius + 1e-9
    further = stress_report(asked, silent, plausibility=6.0).plausible
    assert further is not None
    assert further.loss >= found.loss


def test_crises_are_told_the_costliest_first(stress):
    known = [row.pnl for row in stress.crises if row.pnl is not None]
    assert known == sorted(known)
    assert len(known) > 5


def test_of_a_long_file_of_ones_own_the_costliest_are_told(asked):
    shocks = np.linspace(-0.5, 0.5, 120)[:, None]
    columns = (Column("spot", "*crypto"), *(held_still(k, "*") for k in ("volatility", "carry")),
               held_still("spot", "*currency"))
    rule = ScenarioRule("mine", columns, np.hstack([shocks, np.zeros((120, 3))]),
                        np.array([f"fall {n}" for n in range(120)], dtype=object), 0.0)
    plan = replace(asked.plan, tails=(*asked.plan.tails, rule),
                   sources={**asked.plan.sources, "mine": "scenarios of mine"})
    stress = stress_report(replace(asked, plan=plan), silent)
    pnl = pnl_under(asked, rule)
    assert len(stress.own) == 40
    assert [row.pnl for row in stress.own] == pytest.approx(sorted(pnl)[:40], rel=ROUNDING)
    assert "scenarios of your own: the 40 costliest of 120 are told" in stress.notes


@pytest.mark.parametrize("radius", [0.0, -1.0, math.nan])
def test_a_radius_that_is_none_is_refused(asked, radius):
    with pytest.raises(InputError, match="--plausibility"):
        stress_report(asked, silent, plausibility=radius)
