"""Do bridged paths end where they must, and wander on the way as Brownian motion does?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.paths import pseudo_uniforms
from seawall.kernels.paths_bridge import brownian_bridge
from seawall.measures.sampling import sampling_of
from seawall.model.scenario import Column
from seawall.scenarios.bridges import bridged
from seawall.scenarios.simulated import Dynamics, student_t

TWO = (Column("spot", "A"), Column("volatility", "A"))
JOINT = np.array([[1.0, -0.6], [-0.6, 1.0]])
DYNAMICS = Dynamics(TWO, np.array([0.6, 0.9]), JOINT)


def ends(scenarios: int = 64, degrees: float = 5.0):
    return student_t(DYNAMICS, scenarios=scenarios, degrees=degrees, seed=1, horizon_days=10.0, antithetic=False)


def test_the_last_step_of_each_path_is_the_row_itself_bit_for_bit() -> None:
    rule = ends()
    paths = bridged(rule, DYNAMICS, steps=5, seed=2)
    last = paths.step == 4
    assert paths.shocks[last].tolist() == rule.shocks.tolist()
    assert paths.ages[last] == pytest.approx(rule.ages, rel=1e-15)
    assert paths.weights[last].tolist() == rule.weights.tolist()
    assert (np.bincount(paths.path) == 5).all()
    assert len(np.unique(sampling_of(paths).cluster)) == len(rule)  # the steps of one path are one draw


def test_between_start_and_end_the_variance_is_that_of_a_bridge() -> None:
    # Ends at zero, unit deviation, clock 1:3: after the first step the variance is 1 * (1 - 1 / 4) = 0.75.
    normals = np.random.default_rng(3).standard_normal((200_000, 1, 1))
    path = brownian_bridge(np.zeros((200_000, 1)), normals, np.array([1.0, 3.0]))
    assert path[:, 0, 0].var() == pytest.approx(0.75, rel=4 * np.sqrt(2 / 200_000))


def test_bridges_to_ends_drawn_from_the_law_itself_make_independent_steps() -> None:
    # A Brownian path, taken apart at its end and bridged again, must have independent increments of equal variance.
    rng = np.random.default_rng(4)
    root = np.linalg.cholesky(JOINT)
    end = rng.standard_normal((100_000, 2)) @ root.T * 2.0
    path = brownian_bridge(end, rng.standard_normal((100_000, 3, 2)) @ root.T, np.ones(4))
    steps = np.diff(path, axis=1, prepend=0.0)
    covariance = np.cov(steps.reshape(len(steps), -1).T)
    # Four errors of a covariance of unit normals over 100,000 rows.
    assert covariance == pytest.approx(np.kron(np.eye(4), JOINT), abs=4 * np.sqrt(2 / 100_000))


def test_the_way_is_as_wild_and_as_joint_as_the_dynamics_say() -> None:
    still = student_t(DYNAMICS, scenarios=20_000, degrees=5.0, seed=1, horizon_days=10.0, antithetic=False)
    paths = bridged(still, DYNAMICS, steps=2, seed=3)
    ways = np.log1p(paths.shocks[:, :2]).reshape(-1, 2, 2)
    middle = ways[:, 0] - ways[:, 1] / 2
    deviation = DYNAMICS.volatility * np.sqrt(10 / 365) / 2  # half way: variance T / 4
    assert middle.std(axis=0) == pytest.approx(deviation, rel=0.02)
    assert np.corrcoef(middle.T)[0, 1] == pytest.approx(-0.6, abs=0.02)


def test_a_column_without_dynamics_goes_in_a_straight_line_of_the_clock() -> None:
    only = Dynamics(TWO[:1], np.array([0.6]), np.ones((1, 1)))
    paths = bridged(ends(), only, steps=4, seed=2, clock=[1, 1, 2, 4])
    line = paths.shocks[:, 1].reshape(-1, 4)
    assert line == pytest.approx(ends().shocks[:, [1]] * np.array([0.125, 0.25, 0.5, 1.0]), abs=1e-15)


@settings(max_examples=20)
@given(st.integers(2, 8), st.integers(0, 20), st.booleans())
def test_every_path_ends_exactly_whatever_the_steps(steps: int, seed: int, low: bool) -> None:
    rule = ends(16)
    paths = bridged(rule, DYNAMICS, steps=steps, seed=seed, low_discrepancy=low)
    assert paths.shocks[paths.step == steps - 1].tolist() == rule.shocks.tolist()
    assert (np.diff(paths.ages.reshape(-1, steps), axis=1) > 0).all()


def test_what_cannot_be_bridged_is_refused() -> None:
    rule = ends()
    with pytest.raises(InputError, match="several steps"):
        bridged(bridged(rule, DYNAMICS, steps=2, seed=1), DYNAMICS, steps=2, seed=1)
    with pytest.raises(InputError, match="2 or more"):
        bridged(rule, DYNAMICS, steps=1, seed=1)
    with pytest.raises(InputError, match="spot:B"):
        bridged(rule, Dynamics((Column("spot", "B"),), np.ones(1), np.ones((1, 1))), steps=2, seed=1)
    with pytest.raises(ShapeMismatch, match="clock"):
        bridged(rule, DYNAMICS, steps=3, seed=1, clock=[1, 1])
    with pytest.raises(InputError, match="positive time"):
        bridged(rule, DYNAMICS, steps=2, seed=1, clock=[1, 0])
    with pytest.raises(ShapeMismatch, match="normals"):
        brownian_bridge(np.zeros((2, 1)), pseudo_uniforms(1, 2, 1)[:, None], np.ones(3))
