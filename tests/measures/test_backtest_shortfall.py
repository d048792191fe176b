"""Tests of shortfall: published critical values, nulls of one's own making, power, scores and their difference."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, norm, t

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.student import student_chance, student_loss, student_tail, unit_scale
from seawall.measures.backtest import christoffersen, conditional_coverage, kupiec
from seawall.measures.backtest_power import (
    HitsAlternative,
    LawAlternative,
    comparison_power,
    count_power,
    hits_power,
    shortfall_power,
    simulated_p_value,
    zone_chances,
)
from seawall.measures.backtest_shortfall import (
    acerbi_szekely,
    forecast_null,
    shortfall_regression,
    student_null,
    z1,
    z2,
)
from seawall.measures.density_scores import diebold_mariano, fz0, long_run_variance, quantile_score
from seawall.measures.tail import expected_shortfall, value_at_risk


def test_critical_values_are_those_of_acerbi_and_szekely(vectors: Path) -> None:
    for one in json.loads((vectors / "tradfi/acerbi_szekely.json").read_text())["cases"]:
        given_, wanted = one["inputs"], one["expected"]
        degrees = np.inf if given_["dist"] == "normal" else float(given_["dist"])
        null = student_null(given_["T"], 1 - given_["alpha"], degrees=degrees, draws=200_000, seed=1)
        for name, level in (("crit_5pct", 0.05), ("crit_0_01pct", 0.0001)):
            assert null.critical("z2", level) == pytest.approx(wanted[name], abs=one["tolerance"][name])
        # A mean of 200,000 statistics whose deviation is 0.42.
        assert null.z2.mean() == pytest.approx(0, abs=4 * 0.42 / 200_000**0.5)


@pytest.mark.parametrize(("degrees", "printed"), [(3, -0.82), (5, -0.74), (10, -0.71), (100, -0.70)])
def test_critical_values_hardly_depend_on_the_law(degrees: float, printed: float) -> None:
    null = student_null(250, 0.975, degrees=degrees, draws=100_000, seed=2)
    assert null.critical("z2", 0.05) == pytest.approx(printed, abs=0.005 + 3 * null.critical_error("z2", 0.05))


def test_both_statistics_are_sums_over_days_of_exceptions() -> None:
    pnl, edge, depth = np.array([-3.0, 1.0, -5.0, -1.0]), np.full(4, 2.0), np.array([2.5, 2.5, 4.0, 2.5])
    assert z1(pnl, edge, depth) == 1 - (3 / 2.5 + 5 / 4) / 2
    assert z2(pnl, edge, depth, 0.75) == pytest.approx(1 - (3 / 2.5 + 5 / 4) / (4 * 0.25), rel=1e-14)
    assert np.isnan(z1(np.ones(4), edge, depth))
    assert z2(np.ones(4), edge, depth, 0.75) == 1
    with pytest.raises(InputError, match="above zero"):
        z2(pnl, edge, -depth, 0.75)


def test_exceptions_drawn_alone_have_the_law_of_whole_histories() -> None:
    edge, depth = student_tail(0.95, 5)
    draws = t.rvs(5, size=(4_000, 120), random_state=3)
    slow = np.array([z2(row, np.full(120, edge), np.full(120, depth), 0.95) for row in draws])
    null = student_null(120, 0.95, degrees=5, draws=40_000, seed=4)
    for level in (0.05, 0.5, 0.9):
        # 4,000 histories know a probability of 5 % to 0.35 %, one of a half to 0.8 %.
        assert (slow <= null.critical("z2", level)).mean() == pytest.approx(level, abs=0.03)


def test_a_null_of_each_days_own_forecast_agrees_with_the_law_it_was_drawn_from() -> None:
    draw = np.random.default_rng(5)
    days, scenarios = 100, 4_000
    scale = np.exp(draw.standard_normal(days))
    even = norm.ppf((np.arange(scenarios) + 0.5) / scenarios)
    rows = [s * even for s in scale]
    edge = np.array([float(value_at_risk(row, 0.975, quantile="beyond_tail")) for row in rows])
    depth = np.array([float(expected_shortfall(row, 0.975)) for row in rows])
    mine, law = forecast_null(rows, edge, depth, 0.975, draws=20_000, seed=6), student_null(100, 0.975, seed=7)
    assert mine.critical("z2", 0.05) == pytest.approx(law.critical("z2", 0.05), abs=0.06)
    assert mine.z2.mean() == pytest.approx(0, abs=0.03)
    # Scenarios without weight, ruinous as they are, change nothing.
    weighted = forecast_null([np.append(r, np.full(scenarios, -1e9)) for r in rows], edge, depth, 0.975, draws=20_000,
                             seed=6, weights=[np.append(np.ones(scenarios), np.zeros(scenarios))] * days)
    assert weighted.z2.mean() == pytest.approx(0, abs=0.03)
    assert weighted.z2.std() == pytest.approx(mine.z2.std(), rel=0.03)
    with pytest.raises(ShapeMismatch):
        forecast_null(rows[:-1], edge, depth, 0.975, seed=1)


def test_p_values_are_uniform_under_the_null_and_small_when_losses_are_deeper() -> None:
    null = student_null(250, 0.975, seed=8)
    edge, depth = (np.full(250, x) for x in student_tail(0.975, np.inf))
    rng = np.random.default_rng(9)
    right = [acerbi_szekely(rng.standard_normal(250), edge, depth, null=null).z2.p_value for _ in range(400)]
    assert np.mean(np.array(right) < 0.1) == pytest.approx(0.1, abs=0.05)
    wrong = acerbi_szekely(2 * rng.standard_normal(250), edge, depth, null=null)
    assert wrong.z2.p_value < 0.001
    assert wrong.z2.statistic < wrong.z2.critical
    assert wrong.z1.p_value < 0.01
    with pytest.raises(ShapeMismatch):
        acerbi_szekely(np.zeros(249), edge[1:], depth[1:], null=null)


def test_the_joint_score_is_the_published_one_and_its_mean_is_the_log_of_shortfall(vectors: Path) -> None:
    one = json.loads((vectors / "quant/fz0_score.json").read_text())
    given_, wanted = one["inputs"], one["expected"]
    y = np.array(given_["y"])
    found = fz0(y, np.full(5, -given_["v"]), np.full(5, -given_["e"]), 1 - given_["alpha"])
    assert found == pytest.approx(wanted["loss"], abs=one["tolerance"])
    assert found.mean() == pytest.approx(wanted["mean"], abs=one["tolerance"])
    draws = norm.ppf((np.arange(1_000_000) + 0.5) / 1_000_000)
    even = fz0(draws, np.full(draws.shape, -given_["v"]), np.full(draws.shape, -given_["e"]), 0.975)
    # The middle of the outermost of a million cells lies inside its mean.
    assert even.mean() == pytest.approx(wanted["expected_loss_std_normal"], abs=1e-5)


def test_scores_are_least_at_the_truth() -> None:
    draws = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    edge, depth = student_tail(0.975, np.inf)

    def joint(v: float, e: float) -> float:
        return float(fz0(draws, np.full(draws.shape, v), np.full(draws.shape, e), 0.975).mean())

    def check(v: float) -> float:
        return float(quantile_score(draws, np.full(draws.shape, v), 0.975).mean())

    others = [(edge * a, depth * b) for a in (0.95, 1, 1.05) for b in (0.95, 1, 1.05) if (a, b) != (1, 1)]
    assert all(joint(edge, depth) < joint(v, e) for v, e in others)
    assert check(edge) < min(check(0.97 * edge), check(1.03 * edge))
    with pytest.raises(InputError, match="1 of 1"):
        fz0(np.zeros(1), np.ones(1), np.array([0.5]), 0.975)


def test_a_difference_of_dependent_scores_has_a_wider_error_than_of_independent_ones() -> None:
    rng, size = np.random.default_rng(10), []
    for _ in range(500):
        noise = rng.standard_normal(604)
        moving = noise[4:] + noise[3:-1] + noise[2:-2] + noise[1:-3] + noise[:-4]
        size.append((diebold_mariano(moving, np.zeros(600), lags=10).p_value < 0.05,
                     diebold_mariano(moving, np.zeros(600), lags=0).p_value < 0.05))
    careful, careless = np.mean(size, axis=0)
    # Bartlett weights of ten lags cut a fifth of the dependence: a size near 8 %; without lags it is near 37 %.
    assert careful < 0.13
    assert careless > 0.25


def test_the_long_run_variance_is_a_weighted_sum_of_autocovariances() -> None:
    series = np.random.default_rng(11).standard_normal(50)
    centred = series - series.mean()
    slow = sum((1 - abs(s - u) / 4) * centred[s] * centred[u] for s in range(50) for u in range(50) if abs(s - u) < 4)
    assert long_run_variance(series, 3) == pytest.approx(slow / 50, rel=1e-12)


def test_the_better_model_has_the_negative_difference_and_shared_days_count_once() -> None:
    rng = np.random.default_rng(12)
    first = rng.random((400, 1))
    second = first + 0.1 + 0.2 * rng.standard_normal((400, 1))
    alone = diebold_mariano(first[:, 0], second[:, 0])
    assert alone.difference < 0
    assert alone.p_value < 1e-6
    repeated = diebold_mariano(np.repeat(first, 30, axis=1), np.repeat(second, 30, axis=1))
    assert repeated.standard_error == pytest.approx(alone.standard_error, rel=1e-12)
    assert np.isnan(diebold_mariano(first, first).p_value)


def test_power_of_counts_is_the_sum_of_rejected_counts() -> None:
    rejected = [k for k in range(251) if kupiec(np.arange(250) < k, 0.99).p_value < 0.05]
    assert count_power(250, 0.99, 0.03) == pytest.approx(binom.pmf(rejected, 250, 0.03).sum(), rel=1e-10)
    assert count_power(250, 0.99, 0.01, test="binomial") <= 0.05
    assert count_power(1000, 0.99, 0.02) > count_power(250, 0.99, 0.02)
    with pytest.raises(InputError, match="kupiec or binomial"):
        count_power(250, 0.99, 0.02, test="other")


def test_power_of_hit_tests_agrees_with_the_exact_one_and_grows_with_clustering() -> None:
    found = hits_power(lambda h: kupiec(h, 0.975), 250, HitsAlternative(0.05, 0.05), seed=1, draws=1_500)
    assert found.power == pytest.approx(count_power(250, 0.975, 0.05), abs=4 * found.standard_error)
    weak, strong = (hits_power(christoffersen, 500, HitsAlternative(0.05, r), seed=2, draws=400).power
                    for r in (0.05, 0.3))
    assert weak < 0.15
    assert strong > 0.8
    with pytest.raises(InputError):
        hits_power(christoffersen, 500, HitsAlternative(0.9, 0.0), seed=2)


def test_a_simulated_p_value_is_exact_where_the_chi_squared_law_is_not() -> None:
    rng = np.random.default_rng(4)
    found = [simulated_p_value(lambda h: conditional_coverage(h, 0.99), rng.random(250) < 0.01, 0.99, seed=s, draws=99)
             for s in range(200)]
    assert np.mean(np.array(found) <= 0.1) <= 0.1 + 3 * (0.09 / 200) ** 0.5
    assert simulated_p_value(lambda h: kupiec(h, 0.99), np.arange(250) < 12, 0.99, seed=1, draws=999) <= 0.005


def test_power_of_shortfall_tests_is_their_level_at_the_null_and_grows_with_depth() -> None:
    null = student_null(250, 0.975, draws=50_000, seed=1)
    at_null = shortfall_power(null, LawAlternative(1, np.inf), seed=2, draws=20_000)
    assert at_null.power == pytest.approx(0.05, abs=0.01)
    powers = [shortfall_power(null, LawAlternative(scale, 4), seed=3).power for scale in (1, 1.2, 1.5)]
    assert powers == sorted(powers)
    assert powers[-1] > 0.9
    edge, depth = (np.full(250, x) for x in student_tail(0.975, np.inf))
    unit = (2 / 4) ** 0.5
    rows = 1.2 * unit * t.rvs(4, size=(2_000, 250), random_state=5)
    slow = np.mean([z2(row, edge, depth, 0.975) < null.critical("z2", 0.05) for row in rows])
    assert powers[1] == pytest.approx(slow, abs=0.05)
    with pytest.raises(InputError, match="above 2"):
        shortfall_power(null, LawAlternative(1, 2), seed=1)
    with pytest.raises(InputError, match="scale"):
        shortfall_power(null, LawAlternative(0, 4), seed=1)


def test_the_shortfall_regression_holds_its_level_and_sees_forecasts_that_are_too_small() -> None:
    rng, scale = np.random.default_rng(13), np.exp(0.3 * np.sin(np.arange(2000) / 50))
    depth = student_tail(0.975, np.inf)[1] * scale
    right = [shortfall_regression(rng.standard_normal(2000) * scale, depth, 0.975).p_value for _ in range(300)]
    # 300 samples know a level of 5 % to 1.3 %; fifty days in the tail are few for a normal law.
    assert np.mean(np.array(right) < 0.05) == pytest.approx(0.05, abs=0.05)
    small = [shortfall_regression(rng.standard_normal(2000) * scale, 0.8 * depth, 0.975).p_value for _ in range(50)]
    large = [shortfall_regression(rng.standard_normal(2000) * scale, 1.2 * depth, 0.975).p_value for _ in range(50)]
    assert np.mean(np.array(small) < 0.05) > 0.9
    assert np.mean(np.array(large) < 0.05) == 0
    with pytest.raises(ShapeMismatch):
        shortfall_regression(np.zeros(100), np.zeros(99), 0.9)
    assert np.isnan(shortfall_regression(np.zeros(60), np.ones(60), 0.975).p_value)


def test_zones_of_a_right_and_of_a_doubled_probability_are_those_of_the_committees_paper() -> None:
    # Basel Committee (1996), table 1: right coverage of 99 % leaves green in 10.8 % of years; 98 % and 97 % are
    # taken for right, green, in 43.9 % and 12.8 %.
    right, double, triple = (zone_chances(250, 0.99, p) for p in (0.01, 0.02, 0.03))
    assert 1 - right["green"] == pytest.approx(0.108, abs=5e-4)
    assert double["green"] == pytest.approx(0.439, abs=5e-4)
    assert triple["green"] == pytest.approx(0.128, abs=5e-4)
    assert sum(right.values()) == pytest.approx(1, abs=1e-12)


def test_power_of_a_comparison_is_what_simulated_comparisons_do() -> None:
    rng = np.random.default_rng(14)
    zero = np.zeros(300)
    found = [diebold_mariano(rng.standard_normal(300) + 0.15, zero, lags=0).p_value < 0.05 for _ in range(1500)]
    # 1,500 samples know a share of seven in ten to 1.2 %.
    assert comparison_power(300**-0.5, 0.15) == pytest.approx(np.mean(found), abs=0.045)
    assert comparison_power(1.0, 0.0) == pytest.approx(0.05, abs=1e-12)
    with pytest.raises(InputError):
        comparison_power(0.0, 1.0)


@pytest.mark.parametrize("degrees", [1.5, 3, 8, np.inf])
def test_a_students_tail_is_the_integral_of_its_losses(degrees: float) -> None:
    edge, depth = student_tail(0.99, degrees)
    assert student_chance(edge, degrees) == pytest.approx(0.01, rel=1e-10)
    # v = u^(1/8) makes the integrand smooth where losses are without bound.
    v = (np.arange(20_000) + 0.5) / 20_000
    slow = (student_loss(0.01 * v**8, degrees) * 8 * v**7).mean()
    assert depth == pytest.approx(slow, rel=1e-5)


def test_a_unit_scale_gives_a_deviation_of_one() -> None:
    assert unit_scale(5) * t.std(5) == pytest.approx(1, rel=1e-12)
    assert unit_scale(np.inf) == 1
    with pytest.raises(InputError, match="no variance"):
        unit_scale(2)
    with pytest.raises(InputError, match="no shortfall"):
        student_tail(0.99, 1)
