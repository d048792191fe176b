"""The worst plausible case: full revaluation against a general optimiser from forty starts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from example_dangers import MARKET, book, view
from seawall.discovery.clusters import tail_clusters
from seawall.discovery.quadratic import felt_directions, quadratic_view
from seawall.discovery.reverse import distances_to_ruin
from seawall.discovery.space import View, factor_space
from seawall.discovery.worst import worst_plausible
from seawall.errors import InputError
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.simulated import Dynamics

BOOKS = {
    "short strangle": book(("A", "BTC-42000-P", -50.0), ("B", "BTC-80000-C", -50.0)),
    "hedged short put": book(("A", "BTC-60000-P", -20.0), ("A", "BTC-PERP", -8.0), ("B", "ETH", 60.0)),
    "long straddle": book(("A", "BTC-60000-P", 10.0), ("A", "BTC-60000-C", 10.0), ("B", "ETH", 20.0)),
    "ratio": book(("A", "BTC-60000-P", 10.0), ("A", "BTC-42000-P", -60.0), ("B", "BTC-80000-C", -15.0)),
}


def forty_starts(seen, radius):
    """The slow twin: sequential quadratic programming in whitened coordinates."""
    rng, rank = np.random.default_rng(5), seen.space.white.rank
    starts = rng.normal(size=(40, rank))
    starts *= radius * rng.random(40)[:, None] ** (1 / rank) / np.linalg.norm(starts, axis=1)[:, None]
    scale = float(np.abs(seen.loss(seen.space.moves_of(starts))).max())

    def gain(w):
        return -float(seen.loss(seen.space.moves_of(w[None, :]))[0]) / scale

    def slope(w):
        bumps = 1e-4 * np.vstack([np.eye(rank), -np.eye(rank)])
        losses = seen.loss(seen.space.moves_of(w + bumps)) / scale
        return -(losses[:rank] - losses[rank:]) / 2e-4

    ball = {"type": "ineq", "fun": lambda w: radius**2 - w @ w, "jac": lambda w: -2 * w}
    found = [minimize(gain, start, jac=slope, method="SLSQP", constraints=[ball], options={"ftol": 1e-10})
             for start in starts]
    return max(-f.fun * scale for f in found if f.x @ f.x <= radius**2 * (1 + 1e-6))


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_forty_starts_of_a_general_optimiser_find_nothing_worse(name):
    seen = view(BOOKS[name])
    # The search stops where a round adds less than 1e-7; the twin's own slope is a difference of width 1e-4.
    assert worst_plausible(seen, radius=4.0).loss >= forty_starts(seen, 4.0) * (1 - 1e-4)


def test_a_linear_book_loses_what_the_closed_form_says_to_first_order():
    seen = view(book(("A", "BTC", 1.0), ("A", "ETH", 10.0)))
    found = worst_plausible(seen, radius=0.01)
    slope = np.array([60_000.0, 30_000.0, 0.0, 0.0])
    # At a hundredth of a deviation the log move bends by 1e-4 of itself.
    assert found.loss == pytest.approx(0.01 * np.sqrt(slope @ seen.space.covariance @ slope), rel=3e-4)
    assert found.distance == pytest.approx(0.01, rel=1e-9)


def test_a_long_straddle_is_worst_off_where_little_moves():
    found = worst_plausible(view(BOOKS["long straddle"]), radius=6.0)
    held = worst_plausible(view(book(("A", "BTC-60000-P", 10.0), ("A", "BTC-60000-C", 10.0))), radius=6.0)
    assert abs(held.move.get("spot:BTC", 0.0)) < 0.05  # spot stays near the strike while volatility falls
    assert found.loss > 0


def test_more_room_is_never_less_bad_and_another_factor_that_is_not_felt_changes_nothing():
    seen = view(BOOKS["ratio"])
    losses = [worst_plausible(seen, radius=radius).loss for radius in (1.0, 2.0, 4.0)]
    assert losses == sorted(losses)
    chance = worst_plausible(seen, radius=4.0).chance
    assert chance == pytest.approx(0.0024, abs=1e-4)  # of one direction, whatever the number of factors


@settings(max_examples=8)
@given(st.integers(0, 10**6))
def test_no_draw_inside_the_ellipsoid_costs_more(seed):
    seen = view(BOOKS["ratio"])
    found = worst_plausible(seen, radius=3.0)
    w = np.random.default_rng(seed).normal(size=(200, seen.space.white.rank))
    w *= 3.0 * np.random.default_rng(seed).random(200)[:, None] / np.linalg.norm(w, axis=1)[:, None]
    assert seen.loss(seen.space.moves_of(w)).max() <= found.loss * (1 + 1e-9)


def test_the_loss_told_is_the_book_s_at_the_move_told():
    seen = view(BOOKS["hedged short put"])
    found = worst_plausible(seen, radius=4.0)
    assert float(seen.loss(found.at[None, :])[0]) == pytest.approx(found.loss, rel=1e-12)
    assert float(seen.space.distance(found.at)) == pytest.approx(found.distance, rel=1e-9)


def test_known_crises_are_among_the_starts():
    seen = view(BOOKS["short strangle"])
    rule = ScenarioRule("crises", (Column("spot", "*"),), np.array([[-0.4]]), np.array(["crash"], dtype=object), 0.0)
    assert worst_plausible(seen, radius=4.0, rules=(rule,)).starts == worst_plausible(seen, radius=4.0).starts + 1


def test_what_has_no_value_is_said_and_in_no_loss():
    plain, blind = view(book(("A", "ETH", 10.0))), view(book(("A", "ETH", 10.0), ("A", "BTC-PERP", 1.0)))
    only_eth = Dynamics((Column("spot", "ETH"),), np.array([0.7]), np.eye(1))
    blind = View(blind.book, MARKET, factor_space(only_eth), "USD")
    found = worst_plausible(blind, radius=4.0)
    assert {failure.instrument_id for failure in found.failures} == {"BTC-PERP"}
    assert worst_plausible(plain, radius=4.0).failures == ()
    assert [r.partial for r in distances_to_ruin(blind)] == [True]
    assert {f.instrument_id for f in tail_clusters(blind).failures} == {"BTC-PERP"}


def test_a_ball_without_size_is_refused():
    with pytest.raises(InputError, match="radius"):
        worst_plausible(view(BOOKS["ratio"]), radius=0.0)


def test_the_quadratic_view_of_a_linear_book_bends_only_as_a_log_move_does():
    seen = view(book(("A", "BTC", 1.0)))
    found = quadratic_view(seen)
    w = np.array([0.5, -0.3, 0.2, 0.1])
    # One deviation of BTC is 2.7 %: third order of a log move there is 3e-6 of the price.
    assert float(found.loss(w)) == pytest.approx(float(seen.loss(seen.space.moves_of(w[None, :]))[0]), abs=0.5)
    assert MARKET.spot("BTC") == 60_000.0


def test_a_book_of_one_factor_feels_few_directions():
    seen = view(book(("A", "BTC", 1.0)))
    felt = felt_directions(quadratic_view(seen), 4.0)
    assert felt.shape[1] == 1
    axis = seen.space.white.root[0] / np.linalg.norm(seen.space.white.root[0])
    assert abs(float(felt[:, 0] @ axis)) == pytest.approx(1.0, abs=1e-6)
