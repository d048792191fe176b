"""Tails by sensitivities: textbook books, an open-source engine's, and the domain of an expansion."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import chi2, norm

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.black import black_scholes_greeks
from seawall.kernels.fourier import quantile_of
from seawall.kernels.quadratic import QuadraticLaw, cumulants, quadratic_law
from seawall.measures.parametric import cornish_fisher, delta_gamma, delta_normal, loss_cumulants, matched_normal


def test_gaussian_parts_are_those_of_the_closed_form(vectors: Path) -> None:
    case = json.loads((vectors / "tradfi/euler_gaussian.json").read_text())
    x, covariance, level = (np.array(case["inputs"][k]) for k in ("x", "cov", "alpha"))
    wanted, found = case["expected"], delta_normal(x, covariance, float(level))
    assert found.value_at_risk == pytest.approx(wanted["VaR"], abs=1e-10)
    assert found.expected_shortfall == pytest.approx(wanted["ES"], abs=1e-10)
    assert found.component_value_at_risk == pytest.approx(wanted["component_VaR"], abs=1e-10)
    assert found.component_expected_shortfall == pytest.approx(wanted["component_ES"], abs=1e-10)
    assert found.marginal_value_at_risk == pytest.approx(wanted["marginal_VaR"], abs=1e-10)
    others = [np.where(np.arange(3) == n, 0, x) for n in range(3)]
    without = [delta_normal(other, covariance, float(level)).value_at_risk for other in others]
    assert found.value_at_risk - np.array(without) == pytest.approx(wanted["incremental_VaR"], abs=1e-10)


def test_the_books_of_hull_and_jorion_lose_what_is_printed(vectors: Path) -> None:
    hull, jorion = json.loads((vectors / "tradfi/hull_jorion_worked_examples.json").read_text())["cases"][:2]
    found = delta_normal(np.array(hull["inputs"]["position_kUSD"]), np.array(hull["inputs"]["cov"]), 0.99)
    assert found.value_at_risk == pytest.approx(hull["published"], abs=hull["tolerance"])
    given_ = jorion["inputs"]
    found = delta_normal(np.array(given_["position"]), np.diag(np.square(given_["vol"])), norm.cdf(given_["z"]))
    assert found.value_at_risk == pytest.approx(jorion["published"]["VaR"], abs=jorion["tolerance"])
    assert found.component_value_at_risk == pytest.approx(jorion["published"]["component"], abs=jorion["tolerance"])
    assert found.marginal_value_at_risk == pytest.approx(jorion["published"]["marginal"], abs=5.1e-5)


def test_normal_and_student_tails_are_the_published_ones(vectors: Path) -> None:
    table = json.loads((vectors / "quant/qrm_var_es_normal_t4.json").read_text())
    given_, wanted = table["inputs"], table["expected"]
    variance = np.array([[(given_["V"] * given_["vol"]) ** 2 / given_["days"]]])
    for place, level in enumerate(given_["alpha"]):
        for degrees, name in ((np.inf, "normal"), (given_["nu"], "t4")):
            linear = delta_normal(np.ones(1), variance, level, degrees=degrees)
            assert linear.value_at_risk == pytest.approx(wanted[f"VaR_{name}"][place], rel=1e-9)
            assert linear.expected_shortfall == pytest.approx(wanted[f"ES_{name}"][place], rel=1e-9)
            inverted = delta_gamma(np.ones(1), np.zeros((1, 1)), variance, level, degrees=degrees)
            assert inverted.value_at_risk == pytest.approx(wanted[f"VaR_{name}"][place], rel=1e-7)
            assert inverted.expected_shortfall == pytest.approx(wanted[f"ES_{name}"][place], rel=1e-7)


def test_open_source_risk_engines_delta_gamma_normal_quantiles_are_reproduced(vectors: Path) -> None:
    for case in json.loads((vectors / "tradfi/ore_delta_gamma_normal_var.json").read_text())["cases"]:
        delta = np.array(case["inputs"]["delta"])
        gamma = np.zeros((len(delta), len(delta)))
        for i, j, value in case["inputs"]["gamma_nonzero"]:
            gamma[int(i), int(j)] = value
        covariance = np.diag(case["inputs"]["covariance_diagonal"])
        for level, wanted in case["expected"]["pnl_quantiles"].items():
            chance = float(level)
            if chance < 0.5:
                found = -matched_normal(delta, gamma, covariance, 1 - chance).value_at_risk
            else:
                found = matched_normal(-delta, -gamma, covariance, chance).value_at_risk
            assert found == pytest.approx(wanted, rel=1e-7), case["id"]
        # The law itself, skewed as it is, against the normal that ignores it: same order, never the same number.
        exact = delta_gamma(delta, gamma, covariance, 0.99).value_at_risk
        assert exact == pytest.approx(-case["expected"]["pnl_quantiles"]["0.01"], rel=0.5)


def test_a_short_straddle_loses_the_square_of_a_normal() -> None:
    # P&L 3 - r^2 / 2 with a variance of 4: a loss of 2 chi-squared less 3.
    found = delta_gamma(np.zeros(1), -np.eye(1), 4 * np.eye(1), 0.99, carry=3.0)
    edge = float(chi2.isf(0.01, 1))
    assert found.value_at_risk == pytest.approx(2 * edge - 3, rel=1e-9)
    # E(X; X > q) of a chi-squared with one degree is P(chi-squared with three > q).
    assert found.expected_shortfall == pytest.approx(2 * chi2.sf(edge, 3) / 0.01 - 3, rel=1e-9)
    assert found.mean == pytest.approx(2 - 3, rel=1e-12)


def test_a_book_that_does_not_move_loses_its_carry() -> None:
    assert delta_gamma(np.zeros(2), np.zeros((2, 2)), np.eye(2), 0.99, carry=-5.0)[:2] == (5.0, 5.0)
    still = delta_normal(np.zeros(2), np.eye(2), 0.99)
    assert still.value_at_risk == 0
    assert (still.component_value_at_risk == 0).all()


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=3), st.sampled_from([np.inf, 3.0, 8.0]))
def test_parts_add_up_and_marginals_are_derivatives(delta: list[float], degrees: float) -> None:
    x, covariance = np.array(delta) + 0.05, np.array([[4.0, 1, -1], [1, 2, 0.5], [-1, 0.5, 3]])
    found = delta_normal(x, covariance, 0.975, degrees=degrees)
    assert found.component_expected_shortfall.sum() == pytest.approx(found.expected_shortfall, abs=1e-10)
    assert found.component_value_at_risk.sum() == pytest.approx(found.value_at_risk, abs=1e-10)
    step = 1e-5 * found.volatility
    for n in range(3):
        up, down = (delta_normal(x + s * step * np.eye(3)[n], covariance, 0.975, degrees=degrees) for s in (1, -1))
        slope = (up.expected_shortfall - down.expected_shortfall) / (2 * step)
        assert found.marginal_expected_shortfall[n] == pytest.approx(slope, abs=1e-5)


def test_the_expansion_is_exact_for_a_normal_and_says_where_it_stops_being_monotone() -> None:
    flat = cornish_fisher(np.array([2.0, 9.0, 0.0, 0.0]), 0.99)
    assert flat.value_at_risk == pytest.approx(2 + 3 * norm.ppf(0.99), rel=1e-12)
    assert flat.expected_shortfall == pytest.approx(2 + 3 * norm.pdf(norm.ppf(0.99)) / 0.01, rel=1e-12)
    assert flat.inside
    z = np.linspace(-8, 8, 4001)
    for skew in np.linspace(-3, 3, 25):
        for kurtosis in np.linspace(-1, 12, 27):
            w = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
            inside = cornish_fisher(np.array([0, 1, skew, kurtosis]), 0.99).inside
            if inside:
                assert (np.diff(w) >= 0).all()
            elif abs(skew) > 0.05 and kurtosis < 8:
                assert (np.diff(w) < 1e-3 * (z[1] - z[0])).any()
    with pytest.raises(InputError, match="second above zero"):
        cornish_fisher(np.zeros(4), 0.99)


def test_the_expansions_shortfall_is_the_mean_of_its_own_quantiles() -> None:
    moments = np.array([1.0, 4.0, 8 * 0.4, 16 * 0.9])
    levels = 0.975 + 0.025 * (np.arange(20_000) + 0.5) / 20_000
    slow = np.mean([cornish_fisher(moments, u).value_at_risk for u in levels])
    # The outermost of 20,000 cells is averaged at its middle.
    assert cornish_fisher(moments, 0.975).expected_shortfall == pytest.approx(slow, rel=1e-4)


@pytest.mark.parametrize(("linear", "curvature", "factors"), [(1, 0.15, 1), (1, 0.3, 1), (1, -0.15, 1), (0.3, 0.1, 10),
                                                              (0.2, 0.2, 3), (0, 1, 10)])
def test_the_expansion_is_near_on_quadratic_books(linear: float, curvature: float, factors: int) -> None:
    law = QuadraticLaw(0.0, np.full(factors, float(linear)), np.full(factors, float(curvature)))
    for tail in (0.05, 0.01, 0.001):
        exact, near = quantile_of(law, tail), cornish_fisher(cumulants(law), 1 - tail)
        assert near.value_at_risk == pytest.approx(exact.loss, rel=0.02)
        assert near.expected_shortfall == pytest.approx(exact.shortfall, rel=0.025)


def test_the_expansion_may_be_monotone_and_far_off() -> None:
    # One day in twenty has three times the deviation.
    variance, fourth = 0.95 + 0.05 * 9, 3 * (0.95 + 0.05 * 81)
    near = cornish_fisher(np.array([0, variance, 0, fourth - 3 * variance**2]), 0.99)
    exact = brentq(lambda x: 0.95 * norm.sf(x) + 0.05 * norm.sf(x / 3) - 0.01, 0, 60)
    assert near.inside
    assert near.value_at_risk > 1.35 * exact


def test_cumulants_of_a_sample_are_those_of_its_law() -> None:
    draws = chi2.ppf((np.arange(200_000) + 0.5) / 200_000, 3)
    found = loss_cumulants(-draws)
    # Those of chi-squared: k, 2k, 8k, 48k; the outermost cell's middle lies inside its mean.
    assert found == pytest.approx([3, 6, 24, 144], rel=5e-3)
    two = loss_cumulants(-np.array([1.0, 2, 3]), np.array([1.0, 0, 1]))
    assert two == pytest.approx(loss_cumulants(-np.array([1.0, 3])))


def test_matrices_of_other_shapes_and_levels_of_another_kind_are_refused() -> None:
    with pytest.raises(ShapeMismatch):
        delta_normal(np.ones(2), np.eye(3), 0.99)
    with pytest.raises(InputError, match="between 0 and 1"):
        delta_normal(np.ones(2), np.eye(2), 99)
    with pytest.raises(InputError, match="above 2"):
        delta_gamma(np.ones(2), np.eye(2), np.eye(2), 0.99, degrees=1.5)


def test_a_hedged_pair_relies_on_netting_as_the_closed_form_says(vectors: Path) -> None:
    case = json.loads((vectors / "quant/netting_reliance.json").read_text())
    given_, wanted = case["inputs"], case["expected"]
    x, variance = np.array(given_["x"]), given_["sd"] ** 2

    def shortfall(rho: float) -> float:
        return delta_normal(x, variance * np.array([[1, rho], [rho, 1]]), 0.975).expected_shortfall

    alone = [delta_normal(np.array([one]), np.array([[variance]]), 0.975).expected_shortfall for one in x]
    # Ratios of shortfalls do not depend on the level, which the case replaces by a factor of its own.
    assert 1 - shortfall(given_["rho"]) / sum(alone) == pytest.approx(wanted["offset"], abs=case["tolerance"])
    assert shortfall(given_["rho_stress"]) / shortfall(given_["rho"]) == pytest.approx(
        wanted["fragility"], abs=case["tolerance"])


def test_the_published_short_option_books_have_the_published_law(vectors: Path) -> None:
    case = json.loads((vectors / "quant/ghs_delta_gamma_is.json").read_text())
    spot, volatility, rate, horizon, assets = 100.0, 0.3, 0.05, 0.04, 10
    for name, positions in case["inputs"]["ports"].items():
        quantity, sign, strike, years = np.array(positions, dtype=float).T
        greeks = black_scholes_greeks(sign, spot, strike, years, volatility, rate=rate, carry=rate)
        delta, gamma, theta = (float(quantity @ g) for g in (greeks.delta, greeks.gamma, greeks.theta))
        covariance = (spot * volatility) ** 2 * horizon * np.eye(assets)
        law = quadratic_law(np.full(assets, delta), gamma * np.eye(assets), covariance, carry=assets * theta * horizon)
        wanted = case["expected"][name]
        assert law.constant == pytest.approx(wanted["a"], rel=1e-9)
        assert np.abs(law.linear) == pytest.approx(np.full(assets, abs(wanted["b"])), rel=1e-9, abs=1e-9)
        assert law.curvature == pytest.approx(np.full(assets, wanted["lambda"]), rel=1e-9)
        found = delta_gamma(np.full(assets, delta), gamma * np.eye(assets), covariance, 0.99,
                            carry=assets * theta * horizon)
        assert found.value_at_risk == pytest.approx(wanted["x_quadratic_p1pct"], rel=1e-8)
        # Full revaluation loses less: gamma falls away from the strike. Two standard errors of its simulation are 0.6.
        assert 0.9 * found.value_at_risk < wanted["x_p1pct_mc2e6"] < found.value_at_risk
