"""Nearest and stressed correlations against published matrices, another library, and optimality itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm
from statsmodels.stats.correlation_tools import corr_nearest

from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.kernels.correlation import (
    all_together,
    as_correlation,
    as_covariance,
    by_block,
    by_sign,
    conditional_correlation,
    is_semidefinite,
    nearest_correlation,
    stressed_correlation,
)

SEEDS = st.integers(0, 2**32 - 1)
CHAIN = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
TOEPLITZ = np.array([[2.0, -1, 0, 0], [-1, 2, -1, 0], [0, -1, 2, -1], [0, 0, -1, 2]])


def correlation_of(seed: int, count: int) -> np.ndarray:
    """A random correlation matrix, singular for many seeds."""
    rng = np.random.default_rng(seed)
    loads = rng.normal(size=(count, int(rng.integers(1, 2 * count))))
    return as_correlation(loads @ loads.T + 1e-9 * np.eye(count))[0]


def broken_of(seed: int, count: int) -> np.ndarray:
    """Symmetric, unit diagonal, entries within one, seldom semi-definite."""
    upper = np.triu(np.random.default_rng(seed).uniform(-1, 1, (count, count)), 1)
    return upper + upper.T + np.eye(count)


def test_the_nearest_to_a_broken_chain_is_the_published_one() -> None:
    # Higham (2002), section 4, to the four digits printed.
    found = nearest_correlation(CHAIN)
    assert np.abs(found.correlation[[0, 0], [1, 2]] - [0.7607, 0.1573]).max() < 5e-5
    assert found.distance == pytest.approx(0.5278, abs=5e-5)
    assert found.largest == pytest.approx(1 - 0.7607, abs=5e-5)


def test_the_nearest_to_a_toeplitz_matrix_is_the_published_one() -> None:
    # NAG library, example of g02aa, to the four digits printed.
    found = nearest_correlation(TOEPLITZ).correlation
    assert np.abs(found[[0, 0, 0, 1], [1, 2, 3, 2]] - [-0.8084, 0.1916, 0.1068, -0.6562]).max() < 5e-5


@settings(max_examples=60)
@given(SEEDS, st.integers(2, 12), SEEDS)
def test_no_other_correlation_is_nearer(seed: int, count: int, other_seed: int) -> None:
    given_ = broken_of(seed, count)
    found = nearest_correlation(given_)
    other = correlation_of(other_seed, count)
    # The projection onto a convex set makes an obtuse angle with every member of it; 1e-10 settles to about 1e-8.
    assert np.sum((given_ - found.correlation) * (other - found.correlation)) <= 1e-6
    assert found.distance == pytest.approx(np.linalg.norm(found.correlation - given_), rel=1e-12)
    assert np.linalg.eigvalsh(found.correlation)[0] >= -1e-12
    assert (np.diag(found.correlation) == 1.0).all()


# It warns whenever it stops by its count, which it does on all but a few.
@pytest.mark.filterwarnings("ignore::statsmodels.tools.sm_exceptions.IterationLimitWarning")
@settings(max_examples=30)
@given(SEEDS, st.integers(2, 10))
def test_another_library_finds_the_same_nearest(seed: int, count: int) -> None:
    given_ = broken_of(seed, count)
    theirs = corr_nearest(given_, threshold=1e-14, n_fact=1000)
    found = nearest_correlation(given_)
    assert np.abs(found.correlation - theirs).max() < 1e-6
    assert found.distance <= np.linalg.norm(theirs - given_) + 1e-6


@given(SEEDS, st.integers(1, 12))
def test_a_correlation_is_its_own_nearest(seed: int, count: int) -> None:
    given_ = correlation_of(seed, count)
    if np.linalg.eigvalsh(given_)[0] >= 0:
        found = nearest_correlation(given_)
        assert found.distance == 0.0
        assert np.array_equal(found.correlation, given_)


@settings(max_examples=30)
@given(SEEDS, st.integers(2, 10), st.floats(1e-6, 0.3))
def test_a_least_eigenvalue_is_kept(seed: int, count: int, least: float) -> None:
    found = nearest_correlation(broken_of(seed, count), least=least).correlation
    assert np.linalg.eigvalsh(found)[0] >= least - 1e-12
    assert (np.diag(found) == 1.0).all()


@settings(max_examples=30)
@given(SEEDS, st.integers(2, 10))
def test_the_nearest_follows_the_order_of_its_columns(seed: int, count: int) -> None:
    given_, order = broken_of(seed, count), np.random.default_rng(seed).permutation(count)
    found = nearest_correlation(given_).correlation
    again = nearest_correlation(given_[np.ix_(order, order)]).correlation
    assert np.abs(again - found[np.ix_(order, order)]).max() < 1e-7


def test_what_cannot_be_repaired_is_refused() -> None:
    with pytest.raises(InputError, match="no numbers"):
        nearest_correlation(np.array([[1.0, np.nan], [np.nan, 1.0]]))
    with pytest.raises(InputError, match="symmetric"):
        nearest_correlation(np.array([[1.0, 0.5], [0.2, 1.0]]))
    with pytest.raises(ShapeMismatch, match="square"):
        nearest_correlation(np.ones((2, 3)))
    with pytest.raises(ModelError, match="not settled after 3 rounds"):
        nearest_correlation(CHAIN, rounds=3)


def test_a_column_that_never_moves_has_no_correlation() -> None:
    with pytest.raises(InputError, match="column 1"):
        as_correlation(np.diag([1.0, 0.0]))


@given(SEEDS, st.integers(1, 8))
def test_deviations_and_correlation_make_the_covariance_again(seed: int, count: int) -> None:
    deviation = np.random.default_rng(seed).uniform(1e-6, 1e3, count)
    covariance = as_covariance(correlation_of(seed, count), deviation)
    correlation, found = as_correlation(covariance)
    assert np.allclose(as_covariance(correlation, found), covariance, rtol=1e-14, atol=0)


def test_the_blend_is_the_published_one(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "stressed_correlation_blend.json").read_text())
    given_ = np.array(case["inputs"]["C"])
    found = stressed_correlation(given_, all_together(3), case["inputs"]["theta"])
    assert np.abs(found - case["expected"]["C_s"]).max() <= case["tolerance"]
    assert abs(np.linalg.eigvalsh(found)[0] - case["expected"]["min_eig"]) <= case["tolerance"]


@given(SEEDS, st.integers(1, 10), st.floats(0, 1), st.integers(0, 3))
def test_every_blend_stays_a_correlation_and_keeps_its_share_of_todays_least_eigenvalue(
    seed: int, count: int, weight: float, kind: int
) -> None:
    rng = np.random.default_rng(seed)
    today = correlation_of(seed, count)
    blocks = rng.integers(0, 3, count)
    crisis = (
        all_together(count), by_sign(rng.choice([-1.0, 1.0], count)), by_block(blocks, correlation_of(seed + 1, 3)),
        correlation_of(seed + 2, count),
    )[kind]
    found = stressed_correlation(today, crisis, weight)
    assert np.linalg.eigvalsh(found)[0] >= (1 - weight) * np.linalg.eigvalsh(today)[0] - 1e-12 * count
    assert np.allclose(np.diag(found), 1.0, rtol=0, atol=1e-14)
    assert is_semidefinite(found)


def test_no_crisis_is_today_and_a_whole_one_is_the_crisis() -> None:
    today, crisis = correlation_of(1, 4), by_sign(np.array([1.0, 1.0, -1.0, 1.0]))
    assert np.array_equal(stressed_correlation(today, crisis, 0.0), today)
    assert np.array_equal(stressed_correlation(today, crisis, 1.0), crisis)


def test_a_crisis_that_is_no_correlation_is_refused() -> None:
    with pytest.raises(InputError, match="positive semi-definite"):
        stressed_correlation(np.eye(3), CHAIN, 0.5)
    with pytest.raises(InputError, match="between 0 and 1"):
        stressed_correlation(np.eye(3), np.eye(3), 1.5)
    with pytest.raises(InputError, match=r"\+1 or -1"):
        by_sign(np.array([1.0, 0.5]))
    with pytest.raises(ShapeMismatch, match="crisis"):
        stressed_correlation(np.eye(3), np.eye(2), 0.5)
    with pytest.raises(InputError, match="diagonal"):
        stressed_correlation(np.eye(3), 2 * np.eye(3), 0.5)


def test_selection_alone_raises_a_correlation_of_a_half_to_point_eight(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "conditional_correlation_bias.json").read_text())
    rho, threshold = case["inputs"]["rho"], case["inputs"]["q"]
    assert abs(conditional_correlation(rho, threshold) - case["expected"]["cond_corr"]) <= case["tolerance"]
    # The one-sided figure of the file is simulated, about 45,000 points beyond: standard error 0.005.
    one_sided = conditional_correlation(rho, threshold, both_sides=False)
    assert one_sided == pytest.approx(case["expected"]["one_sided_x_gt_q_mc"], abs=0.015)


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 1.3, 3.0])
def test_the_one_sided_correlation_is_that_of_the_integral(threshold: float) -> None:
    rho = 0.6
    mass = norm.sf(threshold)
    mean = quad(lambda x: x * norm.pdf(x), threshold, np.inf)[0] / mass
    variance = quad(lambda x: (x - mean) ** 2 * norm.pdf(x), threshold, np.inf)[0] / mass
    # y = rho x + e, so Cov(x, y) = rho Var(x) and Var(y) = rho^2 Var(x) + 1 - rho^2.
    wanted = rho * variance / np.sqrt(variance * (rho**2 * variance + 1 - rho**2))
    assert conditional_correlation(rho, threshold, both_sides=False) == pytest.approx(wanted, rel=1e-7)
