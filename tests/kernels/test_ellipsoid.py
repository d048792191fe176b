"""Distances, plausible completions and chances of joint moves."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seawall.errors import InputError
from seawall.kernels.ellipsoid import (
    beyond_in_every_direction,
    beyond_in_one_direction,
    conditional_mean,
    directions,
    distance_of_chance,
    mahalanobis,
    whitening,
    worst_linear_move,
)


def a_covariance(seed, count=4, rank=None):
    half = np.random.default_rng(seed).normal(size=(count, rank or count))
    return half @ half.T


def test_the_worst_linear_move_is_the_published_one(vectors):
    case = json.loads((vectors / "quant" / "max_loss_linear.json").read_text())
    sigma, slope, radius = (case["inputs"][name] for name in ("Sigma", "b", "k"))
    move, loss = worst_linear_move(np.array(sigma), np.array(slope), radius)
    assert move == pytest.approx(case["expected"]["r"], abs=case["tolerance"])
    assert loss == pytest.approx(case["expected"]["loss"], abs=case["tolerance"])
    assert mahalanobis(whitening(np.array(sigma)), move) == pytest.approx(case["expected"]["maha"], abs=1e-10)
    chance = beyond_in_every_direction(case["expected"]["maha"], 3, np.inf)
    assert chance == pytest.approx(case["expected"]["tail_prob_normal"], abs=case["tolerance"])


def test_a_partial_move_is_completed_at_its_published_conditional_mean(vectors):
    case = json.loads((vectors / "quant" / "conditional_stress.json").read_text())
    sigma = np.array(case["inputs"]["Sigma"])
    move = conditional_mean(sigma, np.array([0]), np.array([case["inputs"]["r1"]]))
    assert move == pytest.approx(case["expected"]["r"], abs=case["tolerance"])
    assert mahalanobis(whitening(sigma), move) == pytest.approx(case["expected"]["maha"], abs=1e-11)


@given(st.integers(0, 10**6))
def test_any_other_completion_is_less_plausible(seed):
    sigma, rng = a_covariance(seed) + 0.1 * np.eye(4), np.random.default_rng(seed)
    given_part = rng.normal(size=2)
    best = conditional_mean(sigma, np.array([0, 2]), given_part)
    other = best.copy()
    other[[1, 3]] += rng.normal(size=2)
    white = whitening(sigma)
    assert mahalanobis(white, best) <= mahalanobis(white, other) * (1 + 1e-9)


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_whitening_undoes_its_root_also_of_singular_covariances(seed, rank):
    sigma = a_covariance(seed, 4, rank)
    white = whitening(sigma)
    assert white.root @ white.root.T == pytest.approx(sigma, abs=1e-9 * np.abs(sigma).max())
    assert white.inverse @ white.root == pytest.approx(np.eye(white.rank), abs=1e-6)


def test_a_move_that_the_covariance_rules_out_is_infinitely_far():
    twins = whitening(np.ones((2, 2)))
    assert twins.rank == 1
    assert mahalanobis(twins, np.array([[2.0, 2.0], [1.0, -1.0]])).tolist() == [pytest.approx(2.0), np.inf]


def test_units_of_a_factor_change_no_distance():
    sigma, scale = a_covariance(3) + np.eye(4), np.array([1e-6, 1.0, 1e4, 10.0])
    move = np.array([1.0, -2.0, 0.5, 0.1])
    scaled = mahalanobis(whitening(sigma * np.outer(scale, scale)), move * scale)
    assert scaled == pytest.approx(float(mahalanobis(whitening(sigma), move)), rel=1e-9)


@pytest.mark.parametrize("degrees", [3.0, 4.0, 8.0])
def test_chances_of_student_t_agree_with_the_f_and_t_laws(degrees):
    # A squared t length of R parts, unit covariance, is R (degrees - 2) / degrees times an F(R, degrees).
    for distance, dimensions in ((2.0, 1), (3.0, 5), (5.0, 20)):
        published = stats.f.sf(distance**2 * degrees / (degrees - 2) / dimensions, dimensions, degrees)
        assert beyond_in_every_direction(distance, dimensions, degrees) == pytest.approx(published, rel=1e-12)
        one = stats.t.sf(distance * np.sqrt(degrees / (degrees - 2)), degrees)
        assert beyond_in_one_direction(distance, degrees) == pytest.approx(one, rel=1e-12)
    assert distance_of_chance(beyond_in_one_direction(4.0, degrees), degrees) == pytest.approx(4.0, rel=1e-12)


def test_one_dimension_is_two_sides_of_one_direction():
    assert beyond_in_every_direction(3.0, 1, 4.0) == pytest.approx(2 * beyond_in_one_direction(3.0, 4.0), rel=1e-12)
    assert beyond_in_one_direction(1.96, np.inf) == pytest.approx(0.025, abs=1e-5)


def test_more_factors_make_the_same_distance_likelier_but_not_in_one_direction():
    chances = [beyond_in_every_direction(4.0, count, 4.0) for count in (1, 5, 25)]
    assert chances == sorted(chances)


def test_directions_are_unit_vectors_in_opposite_pairs_that_average_to_nothing():
    found = directions(5, 200)
    assert len(found) == 210
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(210))
    assert np.abs(found.sum(axis=0)).max() < 1e-12
    # Even enough: the second moment of uniform directions is 1/5 of the identity, within sampling error of 100.
    assert found.T @ found / 210 == pytest.approx(np.eye(5) / 5, abs=0.03)


def test_an_indefinite_covariance_is_refused():
    with pytest.raises(InputError, match="semi-definite"):
        whitening(np.array([[1.0, 2.0], [2.0, 1.0]]))
