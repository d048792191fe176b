"""Do reweighted scenarios agree with the views, and change as little as they can?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.pooling import pool
from seawall.measures.sampling import sampling_of
from seawall.model.arrays import frozen_texts
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.views import View, with_features, with_views

RNG = np.random.default_rng(7)


def normal_rule(rows: int = 20_000) -> ScenarioRule:
    z = RNG.standard_normal((rows, 2)) @ np.linalg.cholesky(np.array([[1.0, 0.6], [0.6, 1.0]])).T
    return ScenarioRule("normal", (Column("spot", "A"), Column("spot", "B")), 0.05 * z,
                        frozen_texts([str(n) for n in range(rows)], "labels"), 1.0)


def test_a_view_on_the_mean_of_a_normal_shifts_it_and_costs_half_its_square() -> None:
    # Meucci (2008): for a normal the answer is the shifted normal; its relative entropy is (shift / deviation)^2 / 2.
    rule = with_views(normal_rule(), [View("spot:A", "mean", "equal", -0.02)])
    p = rule.weights / rule.weights.sum()
    assert p @ rule.shocks[:, 0] == pytest.approx(-0.02, abs=1e-10)
    # Sampling error of 20,000 draws, some times 1 / sqrt(20,000).
    assert p @ rule.shocks[:, 1] == pytest.approx(0.6 * -0.02, abs=1.5e-3)
    assert float(rule.provenance["entropy"]) == pytest.approx(0.5 * 0.4**2, rel=0.06)
    assert np.sqrt(p @ (rule.shocks[:, 0] + 0.02) ** 2) == pytest.approx(0.05, rel=0.02)


def test_a_view_on_a_probability_scales_both_sides_alike() -> None:
    # The exact answer: within each side of the threshold the prior's proportions stay.
    base = normal_rule(2000)
    rule = with_views(base, [View("spot:A", "probability_below", "equal", 0.2, threshold=-0.08)])
    below = base.shocks[:, 0] < -0.08
    assert np.ptp(rule.weights[below]) < 1e-9
    assert np.ptp(rule.weights[~below]) < 1e-9
    assert rule.weights[below].sum() / rule.weights.sum() == pytest.approx(0.2, abs=1e-12)


def test_inequalities_that_hold_already_change_nothing_and_those_that_do_not_bind_at_their_bound() -> None:
    base = normal_rule(2000)
    idle = with_views(base, [View("spot:A", "mean", "at_most", 0.5)])
    assert np.allclose(idle.weights, base.weights, atol=1e-9)
    binding = with_views(base, [View("spot:A", "mean", "at_most", -0.03), View("spot:B", "mean", "at_least", -0.5)])
    alike = with_views(base, [View("spot:A", "mean", "equal", -0.03)])
    assert np.allclose(binding.weights, alike.weights, atol=1e-6)
    floor = with_views(base, [View("spot:A", "second_moment", "at_least", 0.004)])
    assert np.average(base.shocks[:, 0] ** 2, weights=floor.weights) == pytest.approx(0.004, rel=1e-8)


def test_the_dual_finds_what_a_search_over_all_probabilities_finds() -> None:
    features = RNG.standard_normal((12, 2))
    prior = RNG.uniform(0.5, 1.5, 12)
    targets, bounded = np.array([0.25, -0.1]), np.array([False, True])
    found = pool(prior, features, targets, bounded)
    base = prior / prior.sum()
    slow = minimize(lambda p: float(p @ np.log(p / base)), base, method="SLSQP", bounds=[(1e-12, 1)] * 12, constraints=[
        {"type": "eq", "fun": lambda p: p.sum() - 1}, {"type": "eq", "fun": lambda p: p @ features[:, 0] - 0.25},
        {"type": "ineq", "fun": lambda p: -0.1 - p @ features[:, 1]}], options={"ftol": 1e-14, "maxiter": 1000})
    assert np.abs(found.probabilities - slow.x).max() < 1e-5  # SLSQP's own accuracy
    assert found.entropy == pytest.approx(slow.fun, abs=1e-8)


@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.booleans(), st.integers(0, 2**16))
def test_views_that_can_be_met_are_met_and_weights_stay_probabilities(
    a: float, b: float, loose: bool, seed: int
) -> None:
    features = np.random.default_rng(seed).standard_normal((300, 2))
    found = pool(np.ones(300), features, np.array([a, b]), np.array([loose, False]))
    p = found.probabilities
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1.0)
    average = p @ features
    assert average[1] == pytest.approx(b, abs=1e-6)
    assert average[0] <= a + 1e-6 if loose else average[0] == pytest.approx(a, abs=1e-6)
    assert found.entropy >= -1e-12
    assert 1 <= found.effective <= 300 + 1e-6


def test_the_effective_number_of_scenarios_is_told_and_a_measure_sees_the_weights() -> None:
    rule = with_views(normal_rule(2000), [View("spot:A", "mean", "equal", -0.06)])
    p = rule.weights / rule.weights.sum()
    assert float(rule.provenance["effective_scenarios"]) == pytest.approx(np.exp(-(p @ np.log(p))), abs=0.06)
    assert float(rule.provenance["effective_scenarios"]) < 1500
    assert sampling_of(rule).weights.tolist() == rule.weights.tolist()
    assert "mean of spot:A equal -0.06" in rule.provenance["views"]


def test_a_loss_may_be_viewed_as_well_as_a_column() -> None:
    base = normal_rule(2000)
    pnl = 100 * base.shocks[:, 0] - 30 * base.shocks[:, 1]
    rule = with_features(base, pnl[:, None], np.array([-2.0]), ["at_most"], told="mean P&L at most -2")
    assert np.average(pnl, weights=rule.weights) == pytest.approx(-2.0, abs=1e-8)


def test_views_that_nothing_meets_are_refused_by_name_and_place() -> None:
    base = normal_rule(500)
    with pytest.raises(InputError, match="view 1; found 'a target beyond every scenario'"):
        with_views(base, [View("spot:A", "mean", "equal", 5.0)])
    together = [View("spot:A", "mean", "equal", -0.05), View("spot:A", "mean", "at_least", 0.05)]
    with pytest.raises(InputError, match="meet together"):
        with_views(base, together)
    with pytest.raises(InputError, match="spot:C"):
        with_views(base, [View("spot:C", "mean", "equal", 0.0)])
    with pytest.raises(InputError, match="statistic"):
        View("spot:A", "median", "equal", 0.0)
    with pytest.raises(InputError, match="relation"):
        View("spot:A", "mean", "about", 0.0)
    with pytest.raises(ShapeMismatch, match="features"):
        with_features(base, np.ones((3, 1)), np.zeros(1), ["equal"], told="")
    with pytest.raises(InputError, match="no scenario changes"):
        with_views(base, [View("spot:A", "probability_below", "equal", 0.1, threshold=9.0),
                          View("spot:A", "mean", "equal", 0.0)])


def test_scenarios_that_the_prior_rules_out_neither_help_nor_harm_a_view() -> None:
    prior = np.array([1.0, 1.0, 1.0, 0.0, 0.0])
    features = np.array([[0.0], [1.0], [2.0], [9.0], [-9.0]])
    found = pool(prior, features, np.array([1.5]), np.array([False]))
    alone = pool(prior[:3], features[:3], np.array([1.5]), np.array([False]))
    assert found.probabilities[:3] == pytest.approx(alone.probabilities, abs=1e-15)
    assert found.probabilities[3:].tolist() == [0.0, 0.0]
    assert found.entropy == pytest.approx(alone.entropy, abs=1e-15)
    with pytest.raises(InputError, match="beyond every scenario"):  # only one ruled out reaches 3
        pool(prior, features, np.array([3.0]), np.array([False]))
    only_there = np.where(features > 5, 1.0, 0.0)
    with pytest.raises(InputError, match="no scenario changes"):
        pool(prior, only_there, np.array([0.2]), np.array([False]))
    with pytest.raises(InputError, match="not numbers"):
        pool(prior, np.full((5, 1), np.nan), np.array([0.2]), np.array([False]))
