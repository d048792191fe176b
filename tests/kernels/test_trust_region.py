"""The least of a quadratic in a ball, against forty starts of a general optimiser."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from seawall.errors import InputError
from seawall.kernels.trust_region import BOUNDARY, HARD, INTERIOR, least_in_ball


def forty_starts(gradient, hessian, radius):
    """The slow twin: sequential quadratic programming from forty points of the ball."""
    rng = np.random.default_rng(7)
    starts = rng.normal(size=(40, len(gradient)))
    starts *= radius * rng.random(40)[:, None] ** (1 / len(gradient)) / np.linalg.norm(starts, axis=1)[:, None]
    ball = {"type": "ineq", "fun": lambda z: radius**2 - z @ z, "jac": lambda z: -2 * z}
    found = [
        minimize(lambda z: gradient @ z + z @ hessian @ z / 2, start, jac=lambda z: gradient + hessian @ z,
                 method="SLSQP", constraints=[ball], options={"ftol": 1e-14, "maxiter": 500})
        for start in starts
    ]
    return min(f.fun for f in found if f.x @ f.x <= radius**2 * (1 + 1e-9))


def a_problem(seed, definite=0.0):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 7))
    half = rng.normal(size=(count, count))
    return rng.normal(size=count), (half + half.T) / 2 + definite * np.eye(count), float(rng.uniform(0.3, 4))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("definite", [-4.0, 0.0, 4.0])
def test_forty_starts_of_a_general_optimiser_find_nothing_lower(seed, definite):
    gradient, hessian, radius = a_problem(seed, definite)
    # The twin stops at 1e-14 of its own value; the ball it keeps to is off by 1e-9 of the radius.
    assert least_in_ball(gradient, hessian, radius).value == pytest.approx(
        forty_starts(gradient, hessian, radius), rel=1e-7, abs=1e-9)


@given(st.integers(0, 10**6), st.sampled_from([-3.0, 0.0, 3.0]))
def test_what_is_found_meets_the_conditions_of_a_global_least(seed, definite):
    gradient, hessian, radius = a_problem(seed, definite)
    found = least_in_ball(gradient, hessian, radius)
    scale = np.abs(hessian).max() + np.abs(gradient).max()
    assert np.sqrt(found.point @ found.point) <= radius * (1 + 1e-12)
    assert found.multiplier * (radius - np.sqrt(found.point @ found.point)) == pytest.approx(0, abs=1e-9 * scale)
    rest = (hessian + found.multiplier * np.eye(len(gradient))) @ found.point + gradient
    assert np.abs(rest).max() <= 1e-8 * scale * max(radius, 1)
    assert np.linalg.eigvalsh(hessian)[0] + found.multiplier >= -1e-10 * scale


def test_a_long_gamma_book_has_its_worst_point_inside_the_ball():
    found = least_in_ball(np.array([0.2, -0.1]), np.diag([2.0, 1.0]), 3.0)
    assert (found.case, found.multiplier) == (INTERIOR, 0.0)
    assert found.point.tolist() == [-0.1, 0.1]


def test_a_short_gamma_book_has_its_worst_point_on_the_sphere():
    found = least_in_ball(np.array([0.2, -0.1]), np.diag([-2.0, 1.0]), 3.0)
    assert found.case == BOUNDARY
    assert np.linalg.norm(found.point) == pytest.approx(3.0, rel=1e-14)


def test_a_straddle_at_its_strike_is_the_hard_case_with_two_worst_points():
    # No slope along the axis of least curvature: -2 z1^2 / 2 is as low either way, z2 = 0.3 / (1 + 2).
    found = least_in_ball(np.array([0.0, -0.3]), np.diag([-2.0, 1.0]), 1.0)
    assert found.case == HARD
    assert found.multiplier == 2.0
    assert found.point == pytest.approx([np.sqrt(1 - 0.01), 0.1], rel=1e-14)
    assert found.twin == pytest.approx([-np.sqrt(1 - 0.01), 0.1], rel=1e-14)
    assert found.value == pytest.approx(forty_starts(np.array([0.0, -0.3]), np.diag([-2.0, 1.0]), 1.0), rel=1e-9)


def test_no_slope_along_the_lowest_axis_is_not_hard_when_the_others_reach_the_sphere():
    found = least_in_ball(np.array([0.0, -9.0]), np.diag([-2.0, 1.0]), 1.0)
    assert found.case == BOUNDARY
    assert found.point == pytest.approx([0.0, 1.0], abs=1e-12)


def test_without_curvature_it_is_the_worst_linear_move(vectors):
    case = json.loads((vectors / "quant" / "max_loss_linear.json").read_text())
    root = np.linalg.cholesky(np.array(case["inputs"]["Sigma"]))
    found = least_in_ball(root.T @ np.array(case["inputs"]["b"]), np.zeros((3, 3)), case["inputs"]["k"])
    assert -found.value == pytest.approx(case["expected"]["loss"], abs=case["tolerance"])
    assert root @ found.point == pytest.approx(case["expected"]["r"], abs=case["tolerance"])


def test_a_flat_book_loses_nothing_anywhere():
    found = least_in_ball(np.zeros(3), np.zeros((3, 3)), 2.0)
    assert (found.value, found.case) == (0.0, INTERIOR)


def test_a_ball_without_a_size_is_refused():
    with pytest.raises(InputError, match="radius"):
        least_in_ball(np.ones(2), np.eye(2), 0.0)
