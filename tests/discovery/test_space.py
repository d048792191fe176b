"""Moves in natural units, distances and the rules made of them."""

import numpy as np
import pytest

from example_dangers import MARKET, book, dynamics, view
from seawall.cube import revalue
from seawall.discovery.space import factor_space
from seawall.discovery.widen import widened
from seawall.errors import InputError, ShapeMismatch
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.simulated import Dynamics


def test_a_move_and_its_shock_are_each_other_s_inverse():
    space = factor_space(Dynamics((Column("spot", "BTC"), Column("carry", "BTC", "absolute")), np.array([0.5, 0.05]),
                                  np.eye(2)))
    move = np.array([-0.2, 0.03])
    assert space.moves(space.shocks(move)) == pytest.approx(move, rel=1e-14)
    assert dict(space.story(move)) == {"spot:BTC": pytest.approx(np.expm1(-0.2)), "carry:BTC": 0.03}


def test_deviations_are_those_of_the_horizon():
    assert factor_space(dynamics(), horizon_days=4.0).deviation == pytest.approx(
        2 * factor_space(dynamics()).deviation, rel=1e-14)


def test_a_partial_move_takes_the_others_where_they_are_expected():
    # BTC down 10 %: ETH follows by its beta, correlation 0.8 times the ratio of volatilities.
    space = factor_space(dynamics())
    move = space.completed({"spot:BTC": -0.10})
    beta = 0.8 * space.deviation[1] / space.deviation[0]
    assert move[0] == pytest.approx(np.log(0.9), rel=1e-12)
    assert move[1] == pytest.approx(beta * np.log(0.9), rel=1e-9)
    assert space.distance(move) == pytest.approx(abs(np.log(0.9)) / space.deviation[0], rel=1e-9)


def test_an_unknown_factor_is_refused_by_name():
    with pytest.raises(InputError, match="spot:DOGE"):
        factor_space(dynamics()).completed({"spot:DOGE": -0.1})


def test_draws_have_the_covariance_they_were_asked_for():
    space = factor_space(dynamics(), degrees=8.0)
    draws = space.draws(20_000, 3)
    # Kurtosis of t8 is 4.5: the error of a variance from 10,000 pairs is 1.9 %; three of them.
    assert np.cov(draws.T, bias=True) / np.outer(space.deviation, space.deviation) == pytest.approx(
        space.correlation, abs=0.06)


def test_the_rule_of_a_move_shocks_by_exactly_that():
    seen = view(book(("A", "BTC", 1.0)))
    move = seen.space.completed({"spot:BTC": -0.10})
    assert seen.loss(move[None, :]) == pytest.approx(6_000.0, rel=1e-12)


def test_losses_do_not_hang_on_how_many_moves_are_valued_at_once():
    seen = view(book(("A", "BTC", 1.0), ("B", "BTC-60000-P", -2.0)))
    moves = seen.space.draws(5000, 1)
    assert np.array_equal(seen.loss(moves)[4990:], seen.loss(moves[4990:]))


def test_another_rule_s_rows_are_read_back_as_moves():
    seen = view(book(("A", "BTC", 1.0)))
    rule = ScenarioRule("crises", (Column("spot", "BTC"), Column("spot", "ETH"), Column("spot", "*")),
                        np.array([[-0.4, -0.5, 0.0], [0.1, 0.2, 0.0]]), np.array(["crash", "rally"], dtype=object), 0.0)
    found = seen.space.shocks(seen.named(rule))
    assert found[:, :2] == pytest.approx(np.array([[-0.4, -0.5], [0.1, 0.2]]), abs=1e-12)
    assert found[:, 2:] == pytest.approx(np.zeros((2, 2)), abs=1e-12)


def test_moves_of_another_width_are_refused():
    with pytest.raises(ShapeMismatch):
        factor_space(dynamics()).rule(np.zeros((1, 3)))


def test_a_widened_dynamics_moves_all_that_the_book_leans_on_and_leaves_the_rest_alone():
    held = book(("A", "BTC-PERP", 1.0), ("A", "BTC-FUT", -1.0), ("A", "BTC-48000-P-USDC", 1.0))
    wide = widened(dynamics(), held, MARKET)
    assert [c.key for c in wide.columns[4:]] == ["carry:BTC", "curvature:BTC", "funding:BTC-PERPETUAL",
                                                 "premium:BTC-PERPETUAL", "skew:BTC", "spot:USDC"]
    assert np.array_equal(wide.correlation[:4, :4], dynamics().correlation)
    assert np.array_equal(wide.correlation[4:], np.eye(10)[4:])
    assert widened(wide, held, MARKET).columns == wide.columns
    assert not revalue(held, MARKET, factor_space(wide).rule(np.zeros((1, 10)))).failures
