"""Do drawn moves have the moments, the tails and the dependence of the t distribution they are named after?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from example_market import EXPIRIES, example_market
from seawall.errors import InputError
from seawall.measures.tail import expected_shortfall, value_at_risk
from seawall.model.factor import Factor, tenor_of
from seawall.model.panel import Panel
from seawall.model.scenario import Column
from seawall.scenarios.apply import apply_rule
from seawall.scenarios.simulated import (
    Dynamics,
    covariance_dynamics,
    estimated_correlation,
    historical_dynamics,
    implied_dynamics,
    semidefinite_root,
    student_t,
)

TWO = (Column("spot", "A"), Column("spot", "B"))
DRAWS = 200_000


def logs(degrees: float, correlation: float = 0.6, seed: int = 3, **more: object) -> np.ndarray:
    """(S,2) log moves of unit standard deviation a day."""
    year = np.full(2, np.sqrt(365.0) * 0.01)
    rule = student_t(Dynamics(TWO, year, np.array([[1, correlation], [correlation, 1]])), scenarios=DRAWS,
                     degrees=degrees, seed=seed, **more)  # type: ignore[arg-type]
    return np.log1p(rule.shocks[:, :2]) / 0.01


@pytest.mark.parametrize("degrees", [3.0, 4.0, 8.0, 1e6])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_expected_shortfall_is_the_closed_form_of_the_t(degrees: float, confidence: float) -> None:
    # McNeil, Frey and Embrechts (2015), example 2.15: density times (nu + q^2) / ((nu - 1) tail mass).
    quantile = stats.t.ppf(confidence, degrees)
    closed = stats.t.pdf(quantile, degrees) / (1 - confidence) * (degrees + quantile**2) / (degrees - 1)
    wanted = closed * np.sqrt((degrees - 2) / degrees)
    # Four standard errors of the mean of the tail at these draws; the tail's own spread is below its mean times 1.5.
    error = 4 * 1.5 * wanted / np.sqrt(DRAWS * (1 - confidence))
    drawn = logs(degrees)
    assert expected_shortfall(drawn[:, 0], confidence) == pytest.approx(wanted, abs=error)
    assert error < 0.14 * wanted


def test_value_at_risk_is_the_published_one_of_a_t_with_four_degrees(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "qrm_var_es_normal_t4.json").read_text())
    money = case["inputs"]["V"] * case["inputs"]["vol"] / np.sqrt(case["inputs"]["days"])
    drawn = logs(4.0)[:, 0] * money
    for confidence, published in zip(case["inputs"]["alpha"], case["expected"]["published_VaR_t"], strict=True):
        scale = money / np.sqrt(2.0)  # t(4) has variance two
        density = stats.t.pdf(published / scale, 4) / scale
        error = np.sqrt(confidence * (1 - confidence) / DRAWS) / density
        assert value_at_risk(drawn, confidence) == pytest.approx(published, abs=4 * error + case["tolerance"])


def test_variance_and_correlation_are_the_ones_given() -> None:
    drawn = logs(8.0)
    # Kurtosis of t(8) is 4.5: the variance's standard error is sqrt(3.5 / 200,000) = 0.4 %.
    assert drawn.var(axis=0) == pytest.approx([1.0, 1.0], abs=0.017)
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(0.6, abs=0.012)


def test_each_margin_passes_a_test_of_the_t_and_fails_one_of_the_normal() -> None:
    drawn = logs(4.0, antithetic=False)[:20_000, 0] * np.sqrt(2.0)
    assert stats.kstest(drawn, "t", args=(4,)).pvalue > 0.01
    assert stats.kstest(drawn / np.sqrt(2.0), "norm").pvalue < 1e-6


def test_both_fall_together_as_often_as_tail_dependence_says() -> None:
    degrees, correlation = 4.0, 0.6
    drawn = logs(degrees, correlation)
    edge = np.quantile(drawn, 0.002, axis=0)
    both = ((drawn[:, 0] < edge[0]) & (drawn[:, 1] < edge[1])).mean() / 0.002
    limit = 2 * stats.t.cdf(-np.sqrt((degrees + 1) * (1 - correlation) / (1 + correlation)), degrees + 1)
    # 400 tail draws: three standard errors are 0.07; at a finite edge dependence still lies a little above its limit.
    assert both == pytest.approx(limit, abs=0.1)
    normal = logs(1e6, correlation)
    assert (normal < np.quantile(normal, 0.002, axis=0)).all(axis=1).mean() / 0.002 < both - 0.1


def test_antithetic_rows_mirror_each_other_so_that_the_mean_is_zero() -> None:
    drawn = logs(4.0)
    half = DRAWS // 2
    # Rounded to 1e-7 of a move of 1e-2: 1e-5 of these units, doubled.
    np.testing.assert_allclose(drawn[:half], -drawn[half:], atol=2e-5)
    assert abs(drawn.mean()) < 1e-5


def test_pairs_change_the_error_of_an_even_gain_and_not_that_of_a_tail() -> None:
    def spreads(antithetic: bool) -> np.ndarray:
        """Standard deviation over 200 seeds of a straddle's mean gain and of a holder's expected shortfall."""
        found = []
        for seed in range(200):
            rule = student_t(Dynamics(TWO[:1], np.array([1.0]), np.eye(1)), scenarios=1_000, degrees=8.0, seed=seed,
                             antithetic=antithetic)
            moves = np.log1p(rule.shocks[:, 0])
            found.append((np.abs(moves).mean(), float(expected_shortfall(moves, 0.975))))
        return np.array(found).std(axis=0)

    straddle, tail = spreads(True) / spreads(False)
    # A standard deviation of 200 is known within 5 %, so the ratio within 7 %: three times that on either side.
    assert straddle == pytest.approx(np.sqrt(2.0), rel=0.2)
    assert tail == pytest.approx(1.0, rel=0.2)


def test_a_seed_makes_one_rule_in_any_process_and_another_seed_another() -> None:
    script = ("import numpy as np; from seawall.model.scenario import Column; "
              "from seawall.scenarios.simulated import *; "
              "print(student_t(Dynamics((Column('spot', 'A'), Column('spot', 'B')), np.array([0.5, 0.9]), "
              "np.array([[1, 0.3], [0.3, 1]])), scenarios=10_000, degrees=4.0, seed=7).rule_id)")
    # An older processor's road through NumPy and BLAS: other last bits of every exponential and product.
    older = {"PYTHONHASHSEED": "5", "OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Nehalem",
             "NPY_DISABLE_CPU_FEATURES": "X86_V3,X86_V4,AVX512_ICL,AVX512_SPR,AVX2,FMA3,AVX512F,AVX512_SKX"}
    there = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True,
                           env=os.environ | older).stdout.strip()
    dynamics = Dynamics(TWO, np.array([0.5, 0.9]), np.array([[1, 0.3], [0.3, 1]]))
    here = [student_t(dynamics, scenarios=10_000, degrees=4.0, seed=seed).rule_id for seed in (7, 8)]
    assert there == here[0] != here[1]


def test_moves_are_multiples_of_a_thousandth_of_a_basis_point() -> None:
    shocks = student_t(Dynamics(TWO, np.array([0.5, 0.9]), np.eye(2)), scenarios=100, degrees=4.0, seed=1).shocks
    np.testing.assert_allclose(shocks * 1e7, np.round(shocks * 1e7), atol=1e-6)


def test_horizon_scales_by_the_root_of_time() -> None:
    day, week = (student_t(Dynamics(TWO, np.array([0.5, 0.9]), np.eye(2)), scenarios=100, degrees=4.0, seed=1,
                           horizon_days=days) for days in (1.0, 9.0))
    np.testing.assert_allclose(np.log1p(week.shocks), 3 * np.log1p(day.shocks), atol=1e-6)
    assert week.ages[0] == 9 / 365


@given(arrays(np.float64, (5, 3), elements=st.floats(-1, 1)))
@example(np.array([[-0.96875, -0.72046933, 0.20507812], [-0.96875, -0.96875, 0.0], [0.203125, -0.96875, -0.96875],
                   [-0.96875] * 3, [-0.96875] * 3]))
def test_the_root_of_any_covariance_multiplies_back_singular_ones_too(loads: np.ndarray) -> None:
    matrix = loads @ loads.T  # rank three of five
    root = semidefinite_root(matrix)
    assert (np.triu(root, 1) == 0).all()
    # A pivot below 1e-10 is taken as zero: its column is at most the root of that.
    np.testing.assert_allclose(root @ root.T, matrix, atol=2e-5)


def test_the_root_of_a_definite_matrix_is_choleskys() -> None:
    matrix = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.5]])
    np.testing.assert_allclose(semidefinite_root(matrix), np.linalg.cholesky(matrix), rtol=1e-13)


@pytest.mark.parametrize(("matrix", "said"), [
    ([[1.0, 2.0], [2.0, 1.0]], "smallest eigenvalue -1"), ([[1.0, 0.5], [0.4, 1.0]], "symmetric"),
    ([[0.0, 0.5], [0.5, 1.0]], "positive semi-definite"),
])
def test_a_matrix_that_no_factors_can_have_is_refused(matrix: list, said: str) -> None:
    with pytest.raises(InputError, match=said):
        semidefinite_root(matrix)


@pytest.mark.parametrize(("change", "said"), [({"degrees": 2.0}, "degrees"), ({"scenarios": 0}, "number of scenarios")])
def test_draws_without_a_variance_or_without_rows_are_refused(change: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        student_t(Dynamics(TWO, np.ones(2), np.eye(2)), **({"scenarios": 10, "degrees": 4.0, "seed": 1} | change))


def test_implied_dynamics_take_the_level_nearest_to_thirty_days_and_cover_the_assets() -> None:
    market = example_market()
    found = implied_dynamics(market, ["BTC", "ETH", "SPX"])
    near = [market.level(f"volatility:{a}:{tenor_of(EXPIRIES[0])}") for a in ("BTC", "ETH", "SPX")]
    assert found.volatility[:3].tolist() == near
    assert np.linalg.eigvalsh(found.correlation).min() > 0
    assert (found.correlation[0, 1], found.correlation[0, 3]) == (0.8, -0.4)
    chosen = apply_rule(student_t(found, scenarios=50, degrees=4.0, seed=1), market)
    assert chosen.failures == ()


def test_a_correlation_matrix_may_be_given_and_must_fit() -> None:
    given_matrix = np.array([[1.0, 0.3], [0.3, 1.0]])
    assert implied_dynamics(example_market(), ["BTC", "ETH"], correlation=given_matrix).correlation[0, 1] == 0.3
    with pytest.raises(InputError, match="correlation of spots"):
        implied_dynamics(example_market(), ["BTC"], correlation=given_matrix)
    with pytest.raises(InputError, match="DOGE has no smile"):
        implied_dynamics(example_market(), ["DOGE"])


def history() -> Panel:
    moves = np.random.default_rng(1).multivariate_normal([0, 0, 0], [[4e-4, 2e-4, -1e-4], [2e-4, 9e-4, -2e-4],
                                                                     [-1e-4, -2e-4, 2.5e-3]], 400)
    values = np.exp(np.vstack([np.zeros(3), moves.cumsum(axis=0)]))
    values[7, 1] = np.nan
    dates = np.datetime64("2025-01-01", "ns") + np.arange(401) * np.timedelta64(1, "D")
    return Panel(dates, (Factor("spot", "BTC"), Factor("spot", "ETH"), Factor("volatility", "BTC")), values)


def test_estimated_dynamics_are_numpys_moments_about_zero_of_the_whole_rows() -> None:
    panel = history()
    moves = np.diff(np.log(np.array(panel.values)), axis=0)
    moves = moves[np.isfinite(moves).all(axis=1)]
    found = historical_dynamics(panel)
    second = np.einsum("ti,tj->ij", moves, moves) / len(moves)
    np.testing.assert_allclose(found.volatility, np.sqrt(365 * np.diag(second)), rtol=1e-13)
    scale = np.sqrt(np.outer(np.diag(second), np.diag(second)))
    np.testing.assert_allclose(found.correlation, second / scale, rtol=1e-12)
    np.testing.assert_allclose(estimated_correlation(panel, ["ETH", "BTC"])[0, 1], found.correlation[0, 1], rtol=1e-12)


def test_a_history_that_lacks_an_asset_or_holds_a_rate_says_so() -> None:
    with pytest.raises(InputError, match="wanted SOL"):
        estimated_correlation(history(), ["BTC", "SOL"])
    rates = Panel(history().dates, (Factor("rate", "USD"),), np.full((401, 1), 0.04))
    with pytest.raises(InputError, match="spot and volatility only"):
        historical_dynamics(rates)


def test_a_covariance_splits_into_deviations_and_correlation() -> None:
    found = covariance_dynamics(TWO, [[0.25, 0.06], [0.06, 0.04]])
    assert found.volatility.tolist() == [0.5, 0.2]
    assert found.correlation[0, 1] == pytest.approx(0.6, rel=1e-15)
    for wrong in ([[0.25, 0.0], [0.0, 0.0]], [[0.25]]):
        with pytest.raises(InputError, match="covariance"):
            covariance_dynamics(TWO, wrong)
