from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from margin.house_accounts import held, house
from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.ruin import lowest, path_order
from seawall.margin.insolvency import insolvency, insolvency_of, needed
from seawall.margin.plan import evaluate, explain
from seawall.model.arrays import Floats

TICK = 1e-6


def contracts():
    return [held("cash", "USD"), held("perpetual", "BTC"), held("perpetual", "ETH")]


def draws(seed: int, accounts: int, scenarios: int) -> Floats:
    return 100 * np.random.default_rng(seed).standard_t(3, (accounts, scenarios))


def lows_by_loops(gains: Floats, path: Floats) -> Floats:
    names = sorted(set(path.tolist()))
    return np.array([[min(g for g, p in zip(row, path, strict=True) if p == name) for name in names] for row in gains])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 99), st.integers(2, 30), st.integers(1, 4))
def test_a_paths_low_is_the_least_of_its_steps_in_any_order_of_scenarios(seed, paths, steps):
    rng = np.random.default_rng(seed)
    path = rng.permutation(np.repeat(np.arange(paths), steps))
    gains = rng.standard_normal((3, len(path)))
    assert (lowest(gains, *path_order(path)) == lows_by_loops(gains, path)).all()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 99), st.sampled_from([0.001, 0.005, 0.01, 0.025, 0.1, 0.5]), st.integers(1, 3))
def test_what_is_needed_leaves_ruin_as_unlikely_as_asked_and_a_tick_less_does_not(seed, probability, steps):
    gains, path = draws(seed, 4, 200 * steps), np.repeat(np.arange(200), steps)
    enough = needed(gains, probability, path=path)
    assert (insolvency(gains, enough, path=path).probability <= probability).all()
    assert (insolvency(gains, enough - TICK, path=path).probability > probability).all()


def test_what_is_needed_falls_as_more_ruin_is_allowed():
    gains = draws(1, 6, 500)
    charges = np.array([needed(gains, p) for p in (0.0, 0.002, 0.01, 0.05, 0.2)])
    assert (np.diff(charges, axis=0) < 0).all()


def test_fewer_scenarios_than_the_probability_can_tell_ask_for_the_worst():
    gains = draws(2, 3, 100)
    assert (needed(gains, 0.005) == -gains.min(axis=1)).all()


@settings(deadline=None, max_examples=25)
@given(st.floats(-4, 4), st.floats(-90, 90), st.sampled_from([0.005, 0.02, 0.1]))
def test_an_account_with_what_the_model_asks_for_is_ruined_as_rarely_as_the_model_says(btc, eth, probability):
    plan = house(contracts(), changes={"ruin_probability": probability})
    quantity = np.array([0.0, btc, eth])
    charge = evaluate(plan, quantity)["ruin"][0]
    quantity[0] = charge + TICK
    assert insolvency_of(plan, quantity).probability[0] <= probability
    if charge > 1.0:
        quantity[0] = charge - 0.01
        assert insolvency_of(plan, quantity).probability[0] > probability


def test_paths_are_ruined_on_their_way_too():
    plan = house(contracts(), changes={"ruin_probability": 0.1})
    quantity = np.array([0.0, 1.0, 0.0])
    steps = plan.bound.binding.supplied["history_path"].gains[1].reshape(-1, 2)
    ends, lows = np.sort(steps[:, 1]), np.sort(steps.min(axis=1))
    assert evaluate(plan, quantity)["ruin"][0] == pytest.approx(-lows[20])
    assert -lows[20] > -ends[20]


def test_a_ruin_is_told_by_the_step_that_makes_it_and_adds_up():
    plan = house(contracts())
    quantity = np.array([100.0, 1.0, -12.0])
    parts = explain(plan, quantity, "ruin")
    gains = plan.terms["ruin"].path(quantity)[-1][0]
    place = int(parts.places["ruin"][0])
    assert gains[place] == -evaluate(plan, quantity)["ruin"][0]
    assert parts.by_line.sum() == pytest.approx(evaluate(plan, quantity)["ruin"][0], rel=1e-12)


def test_ruins_of_accounts_that_move_alike_come_together_and_are_not_multiplied():
    gains = np.repeat(draws(4, 1, 1000), 5, axis=0)
    equity = np.full(5, 400.0)
    found = insolvency(gains, equity)
    share = (gains[0] < -400).mean()
    assert share > 0
    assert found.any_probability == share
    assert found.expected_number == pytest.approx(5 * share, rel=1e-12)
    assert found.any_probability < 1 - (1 - share) ** 5


def test_the_platforms_debt_is_what_losses_exceed_equity_by_scenario_by_scenario():
    gains, equity = draws(5, 7, 400), np.linspace(50, 350, 7)
    found = insolvency(gains, equity)
    debt = [sum(max(0.0, -(equity[n] + gains[n, s])) for n in range(7)) for s in range(400)]
    assert found.debt == pytest.approx(debt, rel=1e-12)
    assert found.expected_debt == pytest.approx(sum(debt) / 400, rel=1e-12)
    # 2.5 % of 400 scenarios are ten, none of them in part.
    assert found.tail_debt == pytest.approx(sum(sorted(debt)[-10:]) / 10, rel=1e-12)
    assert found.largest_debt == max(found.debt)


def test_an_account_that_nothing_ruined_may_be_ruined_all_the_same():
    found = insolvency(np.ones((1, 100)), np.zeros(1))
    assert (found.probability[0], found.error[0]) == (0.0, 0.0)
    # No failure in n trials: the one-sided bound at 97.5 % is 1 - 0.025^(1/n).
    assert found.upper[0] == pytest.approx(1 - 0.025 ** (1 / 100), rel=1e-10)


def test_bounds_are_those_of_clopper_and_pearson():
    gains = np.ones((1, 250))
    gains[0, :7] = -1.0
    found = insolvency(gains, np.zeros(1))
    assert found.probability[0] == 7 / 250
    assert found.error[0] == pytest.approx(np.sqrt(7 / 250 * 243 / 250 / 250), rel=1e-12)
    assert found.upper[0] == pytest.approx(binomtest(7, 250).proportion_ci(0.95).high, rel=1e-9)


def test_overlapping_windows_make_errors_wider():
    gains = draws(6, 1, 400)
    alone, shared = (insolvency(gains, np.full(1, 100.0), overlap=days) for days in (1.0, 2.0))
    assert shared.error[0] == pytest.approx(alone.error[0] * np.sqrt(2), rel=1e-12)
    assert shared.upper[0] > alone.upper[0]


def test_an_account_without_numbers_is_unknown_and_leaves_the_others_be():
    gains = draws(7, 2, 100)
    gains[0, 5] = np.nan
    found = insolvency(gains, np.full(2, 200.0))
    assert np.isnan(found.probability[0])
    assert found.any_probability == found.probability[1]
    assert np.isnan(needed(gains, 0.01)).tolist() == [True, False]


def test_more_equity_never_makes_ruin_likelier():
    gains = draws(8, 1, 300)
    shares = [insolvency(gains, np.full(1, e)).probability[0] for e in np.linspace(-500, 1500, 41)]
    assert shares == sorted(shares, reverse=True)


def test_equity_of_another_number_of_accounts_is_refused():
    with pytest.raises(ShapeMismatch):
        insolvency(draws(9, 2, 10), np.zeros(3))


@pytest.mark.parametrize("probability", [-0.1, 1.0])
def test_a_probability_that_is_none_is_refused(probability):
    with pytest.raises(InputError, match="probability of ruin"):
        needed(draws(9, 2, 10), probability)
    with pytest.raises(InputError, match="between 0 and 1"):
        house(contracts(), changes={"ruin_probability": probability})


def test_a_model_without_an_insolvency_term_is_told_so():
    with pytest.raises(InputError, match="no insolvency term"):
        insolvency_of(house(contracts()), np.ones(3), term="history")
