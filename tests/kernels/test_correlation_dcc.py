"""Dynamic correlation against another library's figures, an obvious loop, and simulated truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from arch.data import frenchdata
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.kernels.correlation import as_correlation
from seawall.kernels.correlation_dcc import (
    dcc_forecast,
    dcc_next,
    dcc_path,
    fit_dcc,
    joint_log_likelihood,
    pairs_log_likelihood,
)
from seawall.kernels.garch import Recursion, backcast, filtered_variance

SEEDS = st.integers(0, 2**32 - 1)
WEIGHTS = st.tuples(st.floats(0, 0.3), st.floats(0, 0.69))


def residuals_of(seed: int, rows: int = 30, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Residuals of one common factor, and their own correlation as target."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, count)) + rng.normal(size=(rows, 1))
    z /= np.sqrt((z**2).mean(axis=0))
    return z, as_correlation(z.T @ z / rows + 0.01 * np.eye(count))[0]


def simulated(a: float, b: float, target: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """Residuals that follow the model exactly."""
    rng = np.random.default_rng(seed)
    moment, z = target.copy(), np.empty((rows, len(target)))
    for t in range(rows):
        z[t] = np.linalg.cholesky(as_correlation(moment)[0]) @ rng.normal(size=len(target))
        moment = (1 - a - b) * target + a * np.outer(z[t], z[t]) + b * moment
    return z


def by_loop(z: np.ndarray, target: np.ndarray, a: float, b: float) -> float:
    """The likelihood with inverses and determinants."""
    total, moment = 0.0, target.copy()
    for row in z:
        deviation = np.sqrt(np.diag(moment))
        correlation = moment / np.outer(deviation, deviation)
        total -= 0.5 * (np.log(np.linalg.det(correlation)) + row @ np.linalg.inv(correlation) @ row)
        moment = (1 - a - b) * target + a * np.outer(row, row) + b * moment
    return total


def french_residuals(vectors: Path) -> tuple[np.ndarray, np.ndarray, dict]:
    """Residuals of the vector's margins, and its figures."""
    case = json.loads((vectors / "quant" / "dcc_french_factors.json").read_text())
    moves = frenchdata.load()[case["inputs"]["columns"]].dropna().to_numpy()
    z = np.empty_like(moves)
    for n, margin in enumerate(case["expected"]["margins"]):
        recursion = Recursion(margin["omega"], margin["alpha[1]"], 0.0, margin["beta[1]"])
        start = backcast(moves[:, n] - moves[:, n].mean())
        variance = filtered_variance(moves[:, n] - margin["mu"], recursion, start)
        z[:, n] = (moves[:, n] - margin["mu"]) / np.sqrt(variance[:-1])
    return z, as_correlation(z.T @ z / len(z))[0], case["expected"]


def test_joint_estimates_are_those_of_another_library(vectors: Path) -> None:
    z, target, wanted = french_residuals(vectors)
    found = fit_dcc(z, target, pairs=False)
    # Two optimisers on one flat top: parameters agree to five digits, the likelihood to ten.
    assert found.a == pytest.approx(wanted["joint"]["alpha"], abs=2e-5)
    assert found.b == pytest.approx(wanted["joint"]["beta"], abs=2e-5)
    at = joint_log_likelihood(z, target, wanted["joint"]["alpha"], wanted["joint"]["beta"])
    assert at == pytest.approx(wanted["joint_log_likelihood"], rel=1e-9)
    assert found.log_likelihood >= at - 1e-6
    following = dcc_next(z, target, wanted["joint"]["alpha"], wanted["joint"]["beta"])
    assert np.abs(following - wanted["next_correlation"]).max() < 1e-8


def test_estimates_by_pairs_are_near_those_of_another_library(vectors: Path) -> None:
    z, target, wanted = french_residuals(vectors)
    found = fit_dcc(z, target, pairs=True)
    assert found.a == pytest.approx(wanted["pairs"]["alpha"], abs=2e-5)
    assert found.b == pytest.approx(wanted["pairs"]["beta"], abs=2e-5)


@settings(max_examples=40)
@given(SEEDS, WEIGHTS)
def test_both_likelihoods_are_the_obvious_loop(seed: int, weights: tuple[float, float]) -> None:
    z, target = residuals_of(seed)
    assert joint_log_likelihood(z, target, *weights) == pytest.approx(by_loop(z, target, *weights), rel=1e-9)
    neighbours = [by_loop(z[:, n:n + 2], target[n:n + 2, n:n + 2], *weights) for n in range(3)]
    assert pairs_log_likelihood(z, target, *weights) == pytest.approx(np.mean(neighbours), rel=1e-9)


@settings(max_examples=40)
@given(SEEDS, WEIGHTS)
def test_the_next_correlation_is_the_last_of_the_path_and_each_is_semidefinite(
    seed: int, weights: tuple[float, float]
) -> None:
    z, target = residuals_of(seed)
    path = dcc_path(z, target, *weights)
    assert len(path) == len(z) + 1
    assert np.allclose(path[0], target, rtol=0, atol=1e-14)
    assert np.allclose(dcc_next(z, target, *weights), path[-1], rtol=0, atol=1e-12)
    assert min(np.linalg.eigvalsh(matrix)[0] for matrix in path) >= -1e-12
    assert (path[:, range(4), range(4)] == 1.0).all()


@settings(max_examples=20)
@given(SEEDS)
def test_the_joint_likelihood_does_not_depend_on_the_order_of_factors(seed: int) -> None:
    z, target = residuals_of(seed)
    order = np.random.default_rng(seed).permutation(4)
    again = joint_log_likelihood(z[:, order], target[np.ix_(order, order)], 0.05, 0.9)
    assert again == pytest.approx(joint_log_likelihood(z, target, 0.05, 0.9), rel=1e-10)


@pytest.mark.parametrize("pairs", [False, True])
def test_the_model_that_made_the_residuals_is_found_again(pairs: bool) -> None:
    target = np.full((5, 5), 0.4) + 0.6 * np.eye(5)
    z = simulated(0.05, 0.9, target, 4000, seed=3)
    found = fit_dcc(z, as_correlation(z.T @ z / len(z))[0], pairs=pairs)
    # Standard errors over ten such samples: 0.005 for a, 0.012 for b, half as much again by pairs.
    assert found.a == pytest.approx(0.05, abs=0.02)
    assert found.b == pytest.approx(0.9, abs=0.05)
    assert found.log_likelihood > found.constant_log_likelihood + 5


def test_constant_correlation_gains_next_to_nothing_from_dynamics() -> None:
    rng = np.random.default_rng(8)
    z = rng.normal(size=(2000, 3)) @ np.linalg.cholesky(np.full((3, 3), 0.5) + 0.5 * np.eye(3)).T
    found = fit_dcc(z, as_correlation(z.T @ z / len(z))[0], pairs=False)
    # Twice the gain is below the 99.9 % point of a chi-squared with two degrees of freedom.
    assert 0 <= found.log_likelihood - found.constant_log_likelihood < 6.9


def test_forecasts_fade_from_the_next_correlation_to_the_target() -> None:
    z, target = residuals_of(4)
    following = dcc_next(z, target, 0.1, 0.8)
    assert np.array_equal(dcc_forecast(following, target, 0.9, 1), following)
    assert np.allclose(dcc_forecast(following, target, 0.9, 400), target, rtol=0, atol=1e-12)
    half = dcc_forecast(following, target, 0.5, 2)
    assert np.allclose(half, (target + following) / 2, rtol=0, atol=1e-14)


def test_missing_residuals_and_foreign_targets_are_refused() -> None:
    z, target = residuals_of(1)
    with pytest.raises(ShapeMismatch, match="target"):
        fit_dcc(z, np.eye(3), pairs=True)
    z[3, 2] = np.nan
    with pytest.raises(InputError, match="1 missing"):
        fit_dcc(z, target, pairs=True)


@pytest.mark.parametrize(("seed", "truth"), [(1, (0.1, 0.6)), (78, (0.05, 0.9)), (278, (0.3, 0.3))])
def test_of_two_optima_the_higher_is_found_when_shocks_are_heavy(seed: int, truth: tuple[float, float]) -> None:
    # Days four times as wide make a lasting and a fleeting optimum; a grid over both finds which is higher.
    target = np.array([[1, 0.6, 0.2], [0.6, 1, -0.3], [0.2, -0.3, 1]])
    z = simulated(*truth, target, 300, seed)
    z *= np.random.default_rng(seed).choice([1, 1, 1, 4], size=(300, 1))
    grid = [(a, b) for a in np.linspace(0, 0.6, 31) for b in np.linspace(0, 0.99, 45) if a + b < 0.9999]
    assert fit_dcc(z, target, pairs=False).log_likelihood >= max(joint_log_likelihood(z, target, *ab) for ab in grid)


def test_a_target_without_an_inverse_is_named_as_the_reason() -> None:
    z = np.random.default_rng(3).normal(size=(100, 2))
    with pytest.raises(ModelError, match="target is not positive definite"):
        fit_dcc(z, np.ones((2, 2)), pairs=False)
