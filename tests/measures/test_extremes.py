"""Tails beyond the data: published parameters, recovered laws, intervals that cover, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import genpareto

from seawall.errors import InputError, ModelError
from seawall.kernels.tails import anderson_darling, fit_pareto, pareto_cdf, pareto_log_likelihood, pareto_quantile
from seawall.measures.extremes import (
    AT_BOUND,
    REGULAR,
    extreme_expected_shortfall,
    extreme_value_at_risk,
    fit_tail,
    fitness,
    stability,
    tail_from,
    threshold_with,
)


def pareto_pnl(count: int, shape: float, seed: int = 1) -> np.ndarray:
    """Losses of a generalised Pareto law of scale one from zero: above u its scale is 1 + shape u."""
    return -genpareto.rvs(shape, size=count, random_state=seed)


def test_the_danish_fire_losses_have_the_printed_tail(vectors: Path) -> None:
    case = json.loads((vectors / "quant/danish_fire_gpd.json").read_text())
    given_, wanted, slack = case["inputs"], case["expected"], case["tolerance"]
    pnl = -np.append(given_["losses_above"], np.ones(given_["observations"] - len(given_["losses_above"])))
    fit = fit_tail(pnl, given_["threshold"])
    assert fit.exceedances == 109
    assert fit.shape == pytest.approx(wanted["shape"], abs=slack["shape"])
    assert fit.scale == pytest.approx(wanted["scale"], abs=slack["scale"])
    var, es = extreme_value_at_risk(fit, given_["confidence"]), extreme_expected_shortfall(fit, given_["confidence"])
    assert var.value == pytest.approx(wanted["VaR"], abs=slack["VaR"])
    assert es.value == pytest.approx(wanted["ES"], abs=slack["ES"])
    # A tail this heavy is uncertain upwards: far more above than below.
    assert es.interval[1] - es.value > 4 * (es.value - es.interval[0])
    assert fitness(fit, seed=1, draws=100).p_value > 0.05


def test_the_printed_tail_of_the_danish_fire_losses_follows_from_its_parameters() -> None:
    # 109 of 2,167 losses above 10: McNeil, Frey and Embrechts, example 5.23: 27.3 and 58.2 at 99 %.
    fit = tail_from(10.0, 0.497, 6.98, 109, 2167)
    assert extreme_value_at_risk(fit, 0.99, interval="delta").value == pytest.approx(27.3, abs=0.05)
    assert extreme_expected_shortfall(fit, 0.99, interval="delta").value == pytest.approx(58.2, abs=0.1)
    assert fit.covariance[0, 0] ** 0.5 == pytest.approx(1.497 / 109**0.5, rel=1e-12)
    with pytest.raises(InputError, match="delta"):
        extreme_value_at_risk(fit, 0.99)


@pytest.mark.parametrize("shape", [-0.3, -0.05, 0.0, 0.2, 0.5, 1.2])
def test_the_fit_is_scipys_maximum_or_above_it(shape: float) -> None:
    excess = 3 * genpareto.rvs(shape, size=400, random_state=5)
    found = fit_pareto(excess)
    other_shape, _, other_scale = genpareto.fit(excess, shape, floc=0, scale=3)
    other = float(genpareto.logpdf(excess, other_shape, scale=other_scale).sum())
    assert found.log_likelihood >= other - 1e-6
    assert found.log_likelihood == pytest.approx(
        float(genpareto.logpdf(excess, found.shape, scale=found.scale).sum()), abs=1e-8)
    # Five standard errors of 400 excesses.
    assert found.shape == pytest.approx(shape, abs=5 * (1 + max(shape, 0)) / 20)


@given(st.integers(-400, 1500).map(lambda n: n / 1000), st.floats(0.01, 0.99))
def test_the_law_is_scipys_and_its_quantile_inverts_it(shape: float, probability: float) -> None:
    excess = pareto_quantile(np.array([probability]), shape, 2.5)
    assert excess == pytest.approx(genpareto.ppf(probability, shape, scale=2.5), rel=1e-11)
    assert pareto_cdf(excess, shape, 2.5) == pytest.approx(probability, rel=1e-9)
    assert pareto_log_likelihood(excess, shape, 2.5) == pytest.approx(
        float(genpareto.logpdf(excess, shape, scale=2.5).sum()), abs=1e-6)


@pytest.mark.parametrize("shape", [0.1, 0.3])
def test_measures_beyond_the_data_are_those_of_the_law(shape: float) -> None:
    pnl = pareto_pnl(200_000, shape)
    fit = fit_tail(pnl, threshold_with(pnl, 10_000))
    quantile = genpareto.isf(1e-4, shape)
    mean = (quantile + 1) / (1 - shape)  # mean of a Pareto law above q: (q + scale) / (1 - shape)
    for found, wanted in ((extreme_value_at_risk(fit, 0.9999), quantile),
                          (extreme_expected_shortfall(fit, 0.9999), mean)):
        assert abs(found.value - wanted) <= 3 * float(found.standard_error or 0)
        assert found.interval[0] < found.value < found.interval[1]


def test_intervals_cover_the_truth_nearly_as_often_as_they_say() -> None:
    shape, wanted = 0.25, genpareto.isf(0.001, 0.25)
    mean = (wanted + 1) / (1 - shape)
    hits = []
    for seed in range(150):
        fit = fit_tail(pareto_pnl(1000, shape, seed), genpareto.isf(0.15, shape))
        var, es = extreme_value_at_risk(fit, 0.999), extreme_expected_shortfall(fit, 0.999)
        flat = extreme_expected_shortfall(fit, 0.999, interval="delta")
        hits.append([e.interval[0] <= w <= e.interval[1] for e, w in ((var, wanted), (es, mean), (flat, mean))])
    var_cover, es_cover, delta_cover = np.mean(hits, axis=0)
    # 150 samples know a coverage of 95 % to 1.8 %. Symmetric intervals of a skewed estimate cover less.
    assert var_cover >= 0.89
    assert es_cover >= 0.89
    assert delta_cover <= es_cover


def test_the_profile_interval_ends_where_the_likelihood_has_fallen_by_half_of_chi_squared() -> None:
    fit = fit_tail(pareto_pnl(2000, 0.3, 9), 2.0)
    found = extreme_value_at_risk(fit, 0.995)
    share = fit.exceedances / 2000
    shapes = np.linspace(-0.45, 1.5, 4000)  # zero is not among them
    for end in found.interval:
        scales = (end - 2.0) * shapes / ((share / 0.005) ** shapes - 1)
        heights = [pareto_log_likelihood(fit.excess, x, s) for x, s in zip(shapes, scales, strict=True)]
        best = max(heights)
        assert fit.log_likelihood - best == pytest.approx(1.9207, abs=1e-3)


def test_a_tail_without_a_mean_has_no_shortfall() -> None:
    pnl = pareto_pnl(5000, 1.4)
    fit = fit_tail(pnl, threshold_with(pnl, 500))
    assert fit.shape > 1
    assert extreme_value_at_risk(fit, 0.999).value > 0
    with pytest.raises(ModelError, match="infinite"):
        extreme_expected_shortfall(fit, 0.999)


def test_too_few_exceedances_and_levels_inside_the_data_are_refused() -> None:
    pnl = pareto_pnl(1000, 0.2)
    assert fit_tail(pnl, threshold_with(pnl, 50)).exceedances == 50
    with pytest.raises(InputError, match="at least 50"):
        fit_tail(pnl, threshold_with(pnl, 49))
    fit = fit_tail(pnl, threshold_with(pnl, 100))
    with pytest.raises(InputError, match="threshold"):
        extreme_value_at_risk(fit, 0.9)
    with pytest.raises(InputError, match="profile or delta"):
        extreme_value_at_risk(fit, 0.99, interval="bayes")
    with pytest.raises(InputError, match="not a number"):
        fit_tail(np.append(pnl, np.nan), 1.0)
    with pytest.raises(InputError):
        threshold_with(pnl, 1000)


def test_shared_days_widen_errors_and_intervals() -> None:
    pnl = pareto_pnl(2000, 0.2)
    plain, overlapping = (extreme_value_at_risk(fit_tail(pnl, 1.0, overlap=h), 0.995) for h in (1.0, 4.0))
    assert overlapping.standard_error == pytest.approx(2 * float(plain.standard_error or 0), rel=1e-9)
    assert overlapping.interval[0] < plain.interval[0] < plain.interval[1] < overlapping.interval[1]


def test_a_right_law_is_rarely_rejected_and_a_wrong_one_is() -> None:
    right = [fitness(fit_tail(pareto_pnl(300, 0.2, s), 0.3), seed=s, draws=60).p_value for s in range(40)]
    assert np.mean(np.array(right) < 0.1) <= 0.1 + 3 * (0.09 / 40) ** 0.5
    uneven = -np.append(np.linspace(0.01, 0.2, 200), np.linspace(3, 3.2, 200))
    assert fitness(fit_tail(uneven, 0.0), seed=1, draws=60).p_value < 0.02


def test_the_distance_is_anderson_and_darlings_integral() -> None:
    u = np.sort(np.random.default_rng(2).random(30))
    cells = (np.arange(2_000_000) + 0.5) / 2_000_000
    step = np.searchsorted(u, cells) / 30
    slow = 30 * np.mean((step - cells) ** 2 / (cells * (1 - cells)))
    # The integrand is steep at both ends: midpoints of two million cells are good to 1e-4.
    assert anderson_darling(u) == pytest.approx(slow, abs=1e-3)


def test_above_any_threshold_shape_and_modified_scale_stay_and_mean_excess_is_a_line() -> None:
    pnl = pareto_pnl(100_000, 0.25)
    table = stability(pnl, np.array([0.5, 1.0, 2.0, 4.0]))
    assert (np.abs(table.shape - 0.25) <= 3.5 * table.shape_error).all()
    assert (np.abs(table.modified_scale - 1.0) <= 3.5 * table.modified_scale_error).all()
    line = (1 + 0.25 * table.threshold) / 0.75
    assert (np.abs(table.mean_excess - line) <= 3.5 * table.mean_excess_error).all()
    assert (np.diff(table.exceedances) < 0).all()


def test_a_tail_lighter_than_the_search_goes_says_so_in_place_of_an_error() -> None:
    even = -np.random.default_rng(1).uniform(0, 1, 2000)  # shape -1
    fit = fit_tail(even, 0.8)
    assert (fit.status, fit.shape) == (AT_BOUND, pytest.approx(-0.5, abs=1e-9))
    for measure in (extreme_value_at_risk, extreme_expected_shortfall):
        found = measure(fit, 0.999)
        assert found.standard_error is None
        assert found.interval[0] < found.value < found.interval[1]
        with pytest.raises(ModelError, match="at the bound"):
            measure(fit, 0.999, interval="delta")
    assert fit_tail(pareto_pnl(2000, -0.2), 0.5).status == REGULAR
    along = stability(np.append(even, pareto_pnl(2000, 0.4)), np.array([0.5, 2.0]))
    assert along.at_bound.tolist() == [False, False]
    below = stability(even, np.array([0.5, 0.8]))
    assert below.at_bound.tolist() == [True, True]
    assert np.isnan(below.shape_error).all()


@pytest.mark.parametrize("shape", [2.5, 6.0])
def test_very_heavy_tails_are_found_and_lone_giants_are_refused(shape: float) -> None:
    pnl = pareto_pnl(20_000, shape, 3)
    fit = fit_tail(pnl, threshold_with(pnl, 2000))
    assert fit.shape == pytest.approx(shape, abs=4 * (1 + shape) / 2000**0.5)
    with pytest.raises(ModelError, match="too far apart"):
        fit_tail(-np.exp(np.linspace(0, 600, 2000)), 1.0)
