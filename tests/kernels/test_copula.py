"""Copulas against SciPy's densities, published tail dependence, and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.copula import (
    MOST_DEGREES,
    copula_draws,
    fit_copula,
    gaussian_copula_log_likelihood,
    kendall_tau,
    pseudo_observations,
    student_copula_log_likelihood,
    symmetric_root,
    tail_dependence,
)

SEEDS = st.integers(0, 2**32 - 1)
CORRELATION = np.array([[1.0, 0.7, -0.2], [0.7, 1.0, 0.1], [-0.2, 0.1, 1.0]])


def draws_of(degrees: float, rows: int, seed: int) -> np.ndarray:
    uniforms = np.random.default_rng(seed).uniform(1e-12, 1 - 1e-12, (rows, 4))
    return copula_draws(uniforms, symmetric_root(CORRELATION), degrees)


@given(SEEDS, st.integers(2, 40), st.booleans())
def test_tau_of_every_pair_is_that_of_scipy(seed: int, rows: int, tied: bool) -> None:
    moves = np.random.default_rng(seed).normal(size=(rows, 3)) + np.arange(rows)[:, None] * 0.05
    if tied:
        moves = np.round(moves)
    found = kendall_tau(moves)
    for a in range(3):
        for b in range(a):
            wanted = stats.kendalltau(moves[:, a], moves[:, b]).statistic
            assert found[a, b] == pytest.approx(0.0 if np.isnan(wanted) else wanted, abs=1e-12)
            assert found[b, a] == found[a, b]
    assert (np.diag(found) == 1.0).all()


@given(SEEDS)
def test_ranks_know_nothing_of_units_or_shapes(seed: int) -> None:
    moves = np.random.default_rng(seed).normal(size=(25, 3))
    bent = np.column_stack([np.exp(moves[:, 0]), moves[:, 1] ** 3 * 1e6, moves[:, 2] - 7])
    assert np.array_equal(pseudo_observations(bent), pseudo_observations(moves))
    assert np.array_equal(kendall_tau(bent), kendall_tau(moves))
    assert np.sort(pseudo_observations(moves)[:, 0]) == pytest.approx(np.arange(1, 26) / 26)


@settings(max_examples=25)
@given(SEEDS, st.floats(1.6, 60))
def test_the_student_likelihood_is_the_joint_density_over_the_margins(seed: int, degrees: float) -> None:
    uniforms = np.random.default_rng(seed).uniform(0.001, 0.999, (20, 3))
    x = stats.t.ppf(uniforms, degrees)
    joint = stats.multivariate_t(shape=CORRELATION, df=degrees).logpdf(x).sum()
    wanted = joint - stats.t.logpdf(x, degrees).sum()
    assert student_copula_log_likelihood(uniforms, CORRELATION, degrees) == pytest.approx(wanted, rel=1e-8, abs=1e-7)


@settings(max_examples=25)
@given(SEEDS)
def test_the_gaussian_likelihood_is_the_joint_density_over_the_margins(seed: int) -> None:
    uniforms = np.random.default_rng(seed).uniform(0.001, 0.999, (20, 3))
    x = stats.norm.ppf(uniforms)
    wanted = stats.multivariate_normal(cov=CORRELATION).logpdf(x).sum() - stats.norm.logpdf(x).sum()
    assert gaussian_copula_log_likelihood(uniforms, CORRELATION) == pytest.approx(wanted, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize(
    ("degrees", "wanted"),
    [(2, (0.06, 0.18, 0.39, 0.72, 1.0)), (4, (0.01, 0.08, 0.25, 0.63, 1.0)), (10, (0.0, 0.01, 0.08, 0.46, 1.0)),
     (np.inf, (0.0, 0.0, 0.0, 0.0, 1.0))],
)
def test_tail_dependence_is_the_published_table(degrees: float, wanted: tuple[float, ...]) -> None:
    # McNeil, Frey and Embrechts (2015), table 7.1, printed to two digits.
    found = tail_dependence(np.array([-0.5, 0.0, 0.5, 0.9, 1.0]), degrees)
    assert np.abs(found - wanted).max() <= 0.005 + 1e-12


@pytest.mark.parametrize("rho", [-0.9, -0.2, 0.3, 0.95])
@pytest.mark.parametrize("degrees", [1.7, 3.0, 8.0])
def test_tail_dependence_is_the_limit_of_the_conditional_chance(rho: float, degrees: float) -> None:
    # Given X2 = x, X1 is a t of degrees + 1; twice its chance of being below x, as x falls, is the limit.
    x = -1e7
    scale = np.sqrt((degrees + x * x) * (1 - rho**2) / (degrees + 1))
    wanted = 2 * stats.t.cdf((x - rho * x) / scale, degrees + 1)
    assert tail_dependence(np.array(rho), degrees) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("degrees", [4.0, np.inf])
def test_draws_have_uniform_margins_the_right_tau_and_the_right_tails(degrees: float) -> None:
    drawn = draws_of(degrees, 60_000, seed=2)
    for column in drawn.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    # Standard error of tau over 6,000 rows is below 0.009.
    assert np.abs(kendall_tau(drawn[:6000]) - 2 / np.pi * np.arcsin(CORRELATION)).max() < 0.03
    edge = 0.01
    both = ((drawn[:, 0] < edge) & (drawn[:, 1] < edge)).mean() / edge
    law = stats.multivariate_t(shape=CORRELATION[:2, :2], df=degrees) if np.isfinite(degrees) else (
        stats.multivariate_normal(cov=CORRELATION[:2, :2]))
    quantile = stats.t.ppf(edge, degrees) if np.isfinite(degrees) else stats.norm.ppf(edge)
    # 600 rows lie below the edge: standard error 0.02.
    assert both == pytest.approx(float(law.cdf(np.full(2, quantile))) / edge, abs=0.07)


@pytest.mark.parametrize("degrees", [3.0, 6.0])
def test_the_copula_that_made_the_draws_is_found_again(degrees: float) -> None:
    found = fit_copula(pseudo_observations(draws_of(degrees, 3000, seed=7)))
    # Over repeated samples of this size the estimate scatters by a tenth of itself.
    assert found.degrees == pytest.approx(degrees, rel=0.3)
    assert np.abs(found.correlation - CORRELATION).max() < 0.05
    assert found.repair.distance == 0.0


def test_draws_of_a_gaussian_copula_show_no_tail_dependence() -> None:
    uniforms = pseudo_observations(draws_of(np.inf, 3000, seed=1))
    heavy, light = fit_copula(uniforms), fit_copula(uniforms, heavy=False)
    assert heavy.degrees > 40
    assert tail_dependence(heavy.correlation, heavy.degrees)[0, 1] < 0.01
    assert np.isinf(light.degrees)
    # At so many degrees the two are one law.
    nearly = student_copula_log_likelihood(uniforms, light.correlation, 1e6)
    assert nearly == pytest.approx(light.log_likelihood, abs=0.05)
    assert heavy.degrees <= MOST_DEGREES


def test_a_matrix_of_taus_that_no_copula_has_is_moved_and_told() -> None:
    # Few rows, many columns, and signs that fight: sin(pi tau / 2) is then often indefinite.
    moves = np.random.default_rng(3).normal(size=(8, 12))
    found = fit_copula(pseudo_observations(moves))
    assert found.repair.distance > 0.1
    assert np.linalg.eigvalsh(found.correlation)[0] > 0


@given(SEEDS, st.floats(2.1, 50))
@settings(max_examples=20)
def test_mirrored_uniforms_give_mirrored_draws(seed: int, degrees: float) -> None:
    uniforms = np.random.default_rng(seed).uniform(0.01, 0.99, (8, 4))
    mirrored = np.column_stack([uniforms[:, :1], 1 - uniforms[:, 1:]])
    root = symmetric_root(CORRELATION)
    one, other = copula_draws(uniforms, root, degrees), copula_draws(mirrored, root, degrees)
    assert other == pytest.approx(1 - one, abs=1e-10)


def test_missing_moves_and_foreign_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="1 missing"):
        pseudo_observations(np.array([[1.0], [np.nan]]))
    with pytest.raises(ShapeMismatch, match="uniforms"):
        copula_draws(np.full((5, 3), 0.5), symmetric_root(CORRELATION), 4.0)
    with pytest.raises(InputError, match="degrees"):
        tail_dependence(np.array(0.5), 0.0)
