"""Spectral measures, expectiles and smoothed quantiles: closed forms, slow twins, and errors that hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats.mstats import hdquantiles

from seawall.errors import InputError
from seawall.kernels.quantile import harrell_davis
from seawall.measures.sampling import Sampling
from seawall.measures.smoothed import (
    estimate_harrell_davis,
    harrell_davis_value_at_risk,
    kernel_value_at_risk,
)
from seawall.measures.spectral import (
    Spectrum,
    estimate_expectile,
    estimate_spectral_risk,
    expectile,
    exponential_spectrum,
    power_spectrum,
    shortfall_spectrum,
    spectral_risk,
)
from seawall.measures.tail import Estimate, expected_shortfall, value_at_risk

LOSSES = arrays(float, (40,), elements=st.integers(-1000, 1000).map(float))
CHANCES = arrays(float, (40,), elements=st.floats(0.3, 1))
SPECTRA = st.sampled_from([exponential_spectrum(5), exponential_spectrum(80), power_spectrum(0.3), power_spectrum(1),
                           shortfall_spectrum(0.9)])
EVEN = norm.ppf((np.arange(200_000) + 0.5) / 200_000)


@given(LOSSES, CHANCES)
def test_shortfalls_own_spectrum_gives_expected_shortfall(pnl: np.ndarray, weights: np.ndarray) -> None:
    found = spectral_risk(pnl, shortfall_spectrum(0.9), weights=weights)
    assert found == pytest.approx(float(expected_shortfall(pnl, 0.9, weights=weights)), abs=1e-9)


def test_an_exponential_average_of_even_losses_has_its_closed_form() -> None:
    pnl = -np.arange(1.0, 1001.0) / 1000
    # Losses uniform on (0, 1]: mean of 1 - u under k exp(-k u) / (1 - exp(-k)), off by half a cell of a thousandth.
    for k in (0.5, 5.0, 50.0):
        closed = 1 - (1 / k - np.exp(-k) / (1 - np.exp(-k)))
        assert spectral_risk(pnl, exponential_spectrum(k)) == pytest.approx(closed, abs=6e-4)


def test_a_power_average_of_a_normal_agrees_with_integration() -> None:
    share = (np.arange(400_000) + 0.5) / 400_000
    # u = v^(1 / exponent) makes the weights even.
    slow = -norm.ppf(share ** (1 / 0.4)).mean()
    # The worst of 200,000 cells weighs 0.8 %, and its middle lies 0.35 inside its weighted mean.
    assert spectral_risk(EVEN, power_spectrum(0.4)) == pytest.approx(slow, abs=0.004)


@given(SPECTRA, arrays(float, (2, 40), elements=st.floats(-1e3, 1e3)), CHANCES, st.floats(0.1, 10), st.floats(-50, 50))
def test_a_spectral_measure_is_coherent(
    spectrum: Spectrum, pair: np.ndarray, weights: np.ndarray, times: float, cash: float
) -> None:
    three = (pair[0], pair[1], pair.sum(axis=0))
    one, other, both = (float(spectral_risk(x, spectrum, weights=weights)) for x in three)
    assert both <= one + other + 1e-8
    moved = spectral_risk(times * pair[0] + cash, spectrum, weights=weights)
    assert moved == pytest.approx(times * one - cash, abs=1e-7)
    assert spectral_risk(pair[0] - 1, spectrum, weights=weights) >= one
    assert spectral_risk(pair, spectrum, weights=weights) == pytest.approx([one, other], abs=1e-9)


def test_a_flat_spectrum_is_the_mean_loss() -> None:
    assert spectral_risk(-np.array([1.0, 2, 6]), power_spectrum(1)) == pytest.approx(3, rel=1e-14)


@pytest.mark.parametrize(("mass", "reason"), [
    (lambda u: u**2, "better outcome"),
    (lambda u: 0.5 * u, "add up to one"),
    (lambda u: 2 * u - u**3, "better|add|negative"),
    (lambda u: np.minimum(2 * u, 1.0) - 0.3 * np.maximum(u - 0.5, 0) * (1 - u), "negative|better"),
])
def test_a_spectrum_that_is_not_admissible_is_refused(mass: Callable[[np.ndarray], np.ndarray], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        spectral_risk(-np.arange(10.0), Spectrum("mine", mass))


def test_aversions_that_make_no_spectrum_are_refused() -> None:
    refused = ((exponential_spectrum, 0.0), (power_spectrum, 1.5), (power_spectrum, 0.0), (shortfall_spectrum, 1))
    for make, value in refused:
        with pytest.raises(InputError):
            make(value)
    with pytest.raises(InputError, match="1 of 10"):
        spectral_risk(np.append(np.zeros(9), np.nan), power_spectrum(0.5))


@given(LOSSES, CHANCES, st.sampled_from([0.5, 0.75, 0.95, 0.999]))
def test_an_expectile_balances_what_lies_above_and_below_it(
    pnl: np.ndarray, weights: np.ndarray, confidence: float
) -> None:
    chance = weights / weights.sum()

    def balance(e: float) -> float:
        return float(confidence * np.maximum(-pnl - e, 0) @ chance - (1 - confidence) * np.maximum(e + pnl, 0) @ chance)

    slow = brentq(balance, -1001, 1001, xtol=1e-11)
    # The balance falls by at least one part in a thousand per unit, and money runs to a thousand.
    assert expectile(pnl, confidence, weights=weights) == pytest.approx(slow, abs=1e-7)


def test_the_expectile_that_equals_a_normals_one_percent_quantile_is_the_published_one() -> None:
    # Bellini and Di Bernardino (2017): 0.99855. Rounded to five digits it moves the expectile by 0.002.
    assert expectile(EVEN, 0.99855) == pytest.approx(norm.ppf(0.99), abs=4e-3)
    assert expectile(np.array([[-1.0, 3], [-1.0, 1]]), 0.5).tolist() == [-1.0, 0.0]
    with pytest.raises(InputError, match="coherent"):
        expectile(EVEN, 0.4)


@given(arrays(float, (2, 40), elements=st.floats(-1e3, 1e3)))
def test_pooling_never_raises_an_expectile(pair: np.ndarray) -> None:
    assert expectile(pair.sum(axis=0), 0.95) <= expectile(pair, 0.95).sum() + 1e-9


ESTIMATES: list[tuple[str, Callable[[np.ndarray, Sampling], Estimate]]] = [
    ("exponential", lambda x, s: estimate_spectral_risk(x, exponential_spectrum(20), sampling=s)),
    ("power", lambda x, s: estimate_spectral_risk(x, power_spectrum(0.5), sampling=s)),
    ("shortfall", lambda x, s: estimate_spectral_risk(x, shortfall_spectrum(0.95), sampling=s)),
    ("expectile", lambda x, s: estimate_expectile(x, 0.99, sampling=s)),
    ("Harrell-Davis", lambda x, s: estimate_harrell_davis(x, 0.95, sampling=s)),
]


@pytest.mark.parametrize(("name", "estimate"), ESTIMATES, ids=[name for name, _ in ESTIMATES])
def test_stated_errors_are_how_much_a_measure_moves_between_samples(
    name: str, estimate: Callable[[np.ndarray, Sampling], Estimate]
) -> None:
    rng = np.random.default_rng(3)
    plain, twins = [], []
    for _ in range(300):
        half = rng.standard_normal(1000)
        plain.append(estimate(rng.standard_normal(2000), Sampling(np.ones(2000), np.arange(2000))))
        twins.append(estimate(np.append(half, -half), Sampling(np.ones(2000), np.arange(2000) % 1000)))
    for found in (plain, twins):
        happened = np.std([e.value for e in found])
        # 300 samples know a deviation to 4 %; asymptotic errors of tails are some per cent short.
        assert np.mean([e.standard_error for e in found]) == pytest.approx(happened, rel=0.15), name


MEASURES: list[Callable[[np.ndarray, np.ndarray], np.ndarray]] = [
    lambda x, w: spectral_risk(x, exponential_spectrum(20), weights=w),
    lambda x, w: spectral_risk(x, power_spectrum(0.5), weights=w),
    lambda x, w: spectral_risk(x, shortfall_spectrum(0.95), weights=w),
    lambda x, w: expectile(x, 0.99, weights=w),
    lambda x, w: harrell_davis_value_at_risk(x, 0.95, weights=w),
]


@pytest.mark.parametrize("place", range(5), ids=[name for name, _ in ESTIMATES])
def test_stated_errors_are_those_of_small_changes_of_weight(place: int) -> None:
    pnl, step = np.random.default_rng(9).standard_normal(300), 1e-6
    measure, estimate = MEASURES[place], ESTIMATES[place][1]
    here = float(measure(pnl, np.ones(300)))
    # Each scenario's influence by its definition: a grain of weight more on it, as much less on all.
    influence = [(float(measure(pnl, np.ones(300) + 300 * step * (np.arange(300) == n))) - here) / step
                 for n in range(300)]
    slow = (np.square(influence).sum()) ** 0.5 / 300
    found = estimate(pnl, Sampling(np.ones(300), np.arange(300))).standard_error
    # Densities between scenarios are means of their cells' in one formula, and one-sided in the other.
    assert found == pytest.approx(slow, rel=0.03)


def test_weights_widen_the_error_and_overlap_multiplies_it() -> None:
    rng = np.random.default_rng(4)
    pnl, weights = rng.standard_normal(3000), rng.exponential(1, 3000)
    for _, estimate in ESTIMATES:
        even = estimate(pnl, Sampling(np.ones(3000), np.arange(3000)))
        uneven = estimate(pnl, Sampling(weights, np.arange(3000)))
        longer = estimate(pnl, Sampling(np.ones(3000), np.arange(3000), 4.0))
        assert longer.standard_error == pytest.approx(2 * float(even.standard_error or 0), rel=1e-12)
        assert float(uneven.standard_error or 0) > 1.1 * float(even.standard_error or 0)


def test_harrell_davis_is_the_published_estimator(vectors: Path) -> None:
    case = json.loads((vectors / "quant/harrell_davis.json").read_text())
    for probability, wanted in case["expected"].items():
        found = harrell_davis(np.array(case["inputs"]["x"]), float(probability))
        assert found == pytest.approx(wanted, abs=case["tolerance"])


@given(arrays(float, (200,), elements=st.floats(-1e3, 1e3)))
def test_the_smoothed_value_at_risk_is_scipys_quantile_of_losses(pnl: np.ndarray) -> None:
    wanted = float(hdquantiles(-pnl, prob=[0.95])[0])
    assert harrell_davis_value_at_risk(pnl, 0.95) == pytest.approx(wanted, abs=1e-9)


def test_a_smoothed_quantile_without_five_scenarios_beyond_it_is_refused() -> None:
    pnl = np.random.default_rng(5).standard_normal(499)
    for measure in (harrell_davis_value_at_risk, kernel_value_at_risk):
        with pytest.raises(InputError, match="at least 5"):
            measure(pnl, 0.99)
        assert np.isfinite(measure(np.append(pnl, 0.0), 0.99))
        with pytest.raises(InputError, match="at least 5"):
            measure(np.append(pnl, 0.0), 0.99, weights=np.append(np.full(10, 50.0), np.ones(490)))
        with pytest.raises(InputError, match="not a number"):
            measure(np.append(pnl, np.nan), 0.9)


def test_smoothed_quantiles_move_less_between_samples_than_an_order_statistic() -> None:
    draws = np.random.default_rng(6).standard_normal((600, 1000))
    rough = value_at_risk(draws, 0.95, quantile="linear")
    for smooth in (harrell_davis_value_at_risk(draws, 0.95), kernel_value_at_risk(draws, 0.95)):
        assert smooth.std() < rough.std()
        # Smoothing lifts a convex quantile function by less than half of its sampling error.
        assert smooth.mean() == pytest.approx(norm.ppf(0.95), abs=0.5 * rough.std())


def test_a_kernel_quantile_is_a_mean_of_losses_by_the_kernels_mass() -> None:
    pnl = np.random.default_rng(7).standard_normal(300)
    cells = np.linspace(0.92, 0.98, 600_001)
    density = 0.75 * (1 - ((cells - 0.95) / 0.03) ** 2) / 0.03
    ranked = np.sort(-pnl)
    place = np.minimum((cells * 300).astype(int), 299)
    slow = float((density * ranked[place]).sum() * (cells[1] - cells[0]))
    assert kernel_value_at_risk(pnl, 0.95, bandwidth=0.03) == pytest.approx(slow, abs=1e-4)
    assert kernel_value_at_risk(pnl, 0.95, bandwidth=0.03, weights=np.full(300, 7.0)) == pytest.approx(slow, abs=1e-4)
    with pytest.raises(InputError, match="bandwidth"):
        kernel_value_at_risk(pnl, 0.95, bandwidth=0.06)


@given(arrays(np.int64, (60,), elements=st.integers(1, 3)))
def test_whole_weights_are_nearly_that_many_scenarios(times: np.ndarray) -> None:
    pnl = np.random.default_rng(8).standard_normal(60)
    weighted = kernel_value_at_risk(pnl, 0.8, weights=times.astype(float), bandwidth=0.1)
    assert weighted == pytest.approx(float(kernel_value_at_risk(np.repeat(pnl, times), 0.8, bandwidth=0.1)), abs=1e-12)
