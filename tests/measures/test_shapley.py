"""Shapley values: games with known answers, all orders counted by hand, and sampled orders within their errors."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from measures.test_marginal import held_of
from seawall.errors import InputError
from seawall.measures.shapley import pooled, shapley, shapley_allocation, shapley_interactions
from seawall.measures.tail import expected_shortfall, value_at_risk

PARTS = arrays(float, (5, 40), elements=st.integers(-1000, 1000).map(float))


def shortfall(pnl: np.ndarray) -> np.ndarray:
    return expected_shortfall(pnl, 0.9)


def runway(costs: np.ndarray):  # type: ignore[no-untyped-def]
    """The airport game: a coalition needs the longest runway of its members."""
    return lambda members: np.where(members, costs, 0.0).max(axis=1)


def runway_shares(costs: np.ndarray) -> np.ndarray:
    """Each stretch is paid alike by all who need it (Littlechild and Owen 1973). costs ascending."""
    steps = np.diff(costs, prepend=0.0) / np.arange(len(costs), 0, -1)
    return np.cumsum(steps)


def test_one_left_glove_is_worth_two_thirds_of_a_pair() -> None:
    def gloves(members: np.ndarray) -> np.ndarray:
        return (members[:, 0] & (members[:, 1] | members[:, 2])).astype(float)

    assert shapley(gloves, 3, seed=1).value == pytest.approx([2 / 3, 1 / 6, 1 / 6], rel=1e-14)


def test_a_runway_is_paid_by_those_who_need_each_stretch() -> None:
    costs = np.array([1.0, 3, 4, 8, 10, 11, 15])
    assert shapley(runway(costs), 7, seed=1).value == pytest.approx(runway_shares(costs), rel=1e-12)


@settings(max_examples=25)
@given(PARTS)
def test_exact_values_are_averages_over_all_orders(parts: np.ndarray) -> None:
    slow = np.zeros(5)
    for order in permutations(range(5)):
        before = 0.0
        for place, player in enumerate(order):
            now = float(shortfall(parts[list(order[: place + 1])].sum(axis=0)))
            slow[player] += now - before
            before = now
    found = shapley(pooled(parts, shortfall), 5, seed=1)
    assert found.value == pytest.approx(slow / 120, abs=1e-9)
    assert found.value.sum() == pytest.approx(float(shortfall(parts.sum(axis=0))), abs=1e-9)
    assert (found.standard_error == 0).all()


@given(PARTS)
def test_equal_parts_are_charged_alike_and_idle_ones_nothing(parts: np.ndarray) -> None:
    parts = np.vstack([parts[:3], parts[:1], np.zeros((1, 40))])
    found = shapley(pooled(parts, shortfall), 5, seed=1).value
    assert found[0] == pytest.approx(found[3], abs=1e-9)
    assert found[4] == pytest.approx(0, abs=1e-9)


def test_sampled_orders_agree_with_the_closed_form_within_their_errors_and_add_up() -> None:
    costs = np.cumsum(np.random.default_rng(1).exponential(1, 30))
    found = shapley(runway(costs), 30, seed=2, permutations=2_000)
    assert not found.exact
    assert found.value.sum() == pytest.approx(costs[-1], rel=1e-12)
    away = (found.value - runway_shares(costs)) / np.maximum(found.standard_error, 1e-9)
    assert np.abs(away).max() <= 4
    assert found.permutations == 2_000
    with pytest.raises(InputError, match="at least 4"):
        shapley(runway(costs), 30, seed=2, permutations=3)


def test_the_stated_error_is_how_much_sampled_values_move_between_seeds() -> None:
    costs = np.linspace(1, 14, 14)
    runs = [shapley(runway(costs), 14, seed=s, permutations=100) for s in range(200)]
    # Values of the last players, whose gains vary most; 200 runs know a deviation to 5 %.
    assert np.mean([r.standard_error[8:] for r in runs], axis=0) == pytest.approx(
        np.std([r.value[8:] for r in runs], axis=0), rel=0.25)
    assert np.mean([r.value for r in runs], axis=0) == pytest.approx(runway_shares(costs), abs=0.05)


def test_an_order_and_its_reverse_know_more_than_two_orders_drawn_alone() -> None:
    parts = np.random.default_rng(4).standard_t(4, (14, 500)) * np.linspace(1, 3, 14)[:, None]
    game = pooled(parts, shortfall)
    paired = [shapley(game, 14, seed=s, permutations=20).value for s in range(40)]
    rng, alone = np.random.default_rng(5), []
    for _ in range(40):
        gains = np.zeros(14)
        for _ in range(20):
            order = rng.permutation(14)
            worth = game(np.vstack([np.zeros((1, 14), bool), np.arange(14)[:, None] >= np.argsort(order)]))
            gains[order] += np.diff(worth) / 20
        alone.append(gains)
    # Seen: 0.8 of the error. Runs of 40 know each of 14 deviations to 11 %, their mean to 3 %.
    assert np.std(paired, axis=0).mean() < 0.93 * np.std(alone, axis=0).mean()


def test_any_measure_may_be_shared_and_seeds_give_the_same_answer() -> None:
    held = held_of(np.random.default_rng(6).standard_t(4, (13, 400)))
    one, two = (shapley_allocation(held, 0.95, seed=7, permutations=40) for _ in range(2))
    assert (one.shares.value == two.shares.value).all()
    assert one.shares.total == pytest.approx(float(expected_shortfall(held.pnl.sum(axis=0), 0.95)), rel=1e-12)
    few = held_of(held.pnl[:4], np.linspace(1, 2, 400))
    other = shapley_allocation(few, 0.95, seed=1, measure=lambda x: value_at_risk(x, 0.95))
    assert other.shares.value.sum() == pytest.approx(float(value_at_risk(held.pnl[:4].sum(axis=0), 0.95)), rel=1e-12)
    weighted = float(expected_shortfall(few.pnl.sum(axis=0), 0.95, weights=few.weights))
    assert shapley_allocation(few, 0.95, seed=1).shares.total == pytest.approx(weighted, rel=1e-12)


def test_interactions_find_the_pair_that_is_worse_together() -> None:
    def pair(members: np.ndarray) -> np.ndarray:
        return members @ np.array([1.0, 2, 3, 4]) + 5.0 * (members[:, 1] & members[:, 3])

    found = shapley_interactions(pair, 4)
    wanted = np.zeros((4, 4))
    wanted[1, 3] = wanted[3, 1] = 5
    assert found == pytest.approx(wanted, abs=1e-12)
    # Of two players the index is their worth together less apart.
    parts = np.random.default_rng(8).standard_normal((2, 200))
    gain = shortfall(parts.sum(axis=0)) - shortfall(parts).sum()
    assert shapley_interactions(pooled(parts, shortfall), 2)[0, 1] == pytest.approx(float(gain), abs=1e-12)
    with pytest.raises(InputError, match="2 to 12"):
        shapley_interactions(pair, 13)
    with pytest.raises(InputError, match="players"):
        shapley(pair, 0, seed=1)
