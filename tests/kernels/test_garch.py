"""The volatility filter against the library arch, an obvious loop, and what must always hold."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from arch import arch_model
from arch.data import sp500
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.covariance import decay_weights
from seawall.kernels.garch import (
    Recursion,
    backcast,
    filtered_variance,
    forecast_variance,
    normal_log_likelihood,
    simulated_moves,
    smoothing,
    student_log_likelihood,
)

SEEDS = st.integers(0, 2**32 - 1)
FADING = Recursion(0.02, 0.05, 0.08, 0.88)


def recursions() -> st.SearchStrategy[Recursion]:
    """Stationary filters of every shape."""
    part = st.floats(0, 0.33)
    return st.builds(Recursion, st.floats(1e-9, 10), part, part, st.floats(0, 0.45))


def by_loop(residuals: np.ndarray, r: Recursion, start: float) -> np.ndarray:
    """The filter a row at a time."""
    variance = [r.omega + (r.alpha + r.gamma / 2 + r.beta) * start]
    for e in residuals:
        square = variance[-1] if math.isnan(e) else e * e
        share = r.gamma / 2 if math.isnan(e) else r.gamma * (e < 0)
        variance.append(r.omega + (r.alpha + share) * square + r.beta * variance[-1])
    return np.array(variance)


@given(SEEDS, recursions(), st.integers(0, 40))
def test_the_filter_is_the_obvious_loop(seed: int, recursion: Recursion, rows: int) -> None:
    rng = np.random.default_rng(seed)
    residuals = rng.normal(size=rows)
    residuals[rng.random(rows) < 0.2] = np.nan
    found = filtered_variance(residuals, recursion, 1.3)
    assert len(found) == rows + 1
    assert found == pytest.approx(by_loop(residuals, recursion, 1.3), rel=1e-13)


@pytest.mark.parametrize(("order", "law"), [(0, "normal"), (1, "normal"), (0, "t"), (1, "t")])
def test_filter_likelihood_and_forecast_are_those_of_arch(order: int, law: str) -> None:
    returns = (sp500.load()["Adj Close"].pct_change().dropna() * 100).to_numpy()
    fit = arch_model(returns, p=1, o=order, q=1, dist=law).fit(disp="off")
    p = fit.params
    recursion = Recursion(p["omega"], p["alpha[1]"], p.get("gamma[1]", 0.0), p["beta[1]"])
    residuals = returns - p["mu"]
    variance = filtered_variance(residuals, recursion, backcast(returns - returns.mean()))
    # The same recursion from the same start: only rounding may differ.
    assert variance[:-1] == pytest.approx(fit.conditional_volatility**2, rel=1e-9)
    ahead = fit.forecast(horizon=5, reindex=False).variance.to_numpy()[-1]
    assert forecast_variance(variance[-1], recursion, 5) == pytest.approx(ahead, rel=1e-9)
    likelihood = (normal_log_likelihood(residuals, variance[:-1]) if law == "normal"
                  else student_log_likelihood(residuals, variance[:-1], p["nu"]))
    assert likelihood == pytest.approx(fit.loglikelihood, rel=1e-10)


def test_one_step_of_the_filter_is_the_textbooks(vectors: Path) -> None:
    cases = json.loads((vectors / "tradfi" / "hull_jorion_worked_examples.json").read_text())["cases"]
    case = next(case for case in cases if case["id"] == "Hull GARCH(1,1) update")
    held, wanted = case["inputs"], case["expected"]
    recursion = Recursion(held["omega"], held["alpha"], 0.0, held["beta"])
    start = (held["sigma_prev"] ** 2 - held["omega"]) / recursion.persistence
    found = filtered_variance(np.array([held["ret_prev"]]), recursion, start)
    assert np.sqrt(found[1]) == pytest.approx(wanted["sigma"], rel=1e-12)
    assert recursion.long_run == pytest.approx(wanted["long_run_var"], rel=1e-12)
    assert np.sqrt(found[1]) == pytest.approx(case["published"]["sigma"], abs=case["tolerance"])


@given(SEEDS, st.floats(0.5, 0.999))
def test_smoothing_is_the_decayed_mean_of_squares(seed: int, decay: float) -> None:
    residuals = np.random.default_rng(seed).normal(size=30)
    found = filtered_variance(residuals, smoothing(decay), 2.0)[-1]
    weights = decay_weights(30, decay) * (1 - decay**30)
    assert found == pytest.approx(float(weights @ residuals**2) + 2.0 * decay**30, rel=1e-11)


@given(SEEDS, recursions(), st.floats(1e-4, 1e4))
def test_the_filter_follows_the_unit_of_its_moves(seed: int, recursion: Recursion, unit: float) -> None:
    residuals = np.random.default_rng(seed).normal(size=25)
    scaled = recursion._replace(omega=recursion.omega * unit**2)
    found = filtered_variance(residuals * unit, scaled, unit**2)
    assert found / unit**2 == pytest.approx(filtered_variance(residuals, recursion, 1.0), rel=1e-10)


@given(SEEDS, recursions())
def test_variance_is_never_below_omega_and_a_fall_stirs_at_least_as_much_as_a_rise(
    seed: int, recursion: Recursion
) -> None:
    residuals = np.random.default_rng(seed).normal(size=25) * 3
    assert (filtered_variance(residuals, recursion, 1.0) >= recursion.omega * (1 - 1e-12)).all()
    fall, rise = (filtered_variance(sign * np.abs(residuals), recursion, 1.0) for sign in (-1, 1))
    assert (fall >= rise * (1 - 1e-12)).all()


@given(recursions(), st.floats(1e-6, 1e3))
def test_forecasts_walk_from_the_next_variance_to_the_long_run(recursion: Recursion, variance: float) -> None:
    ahead = forecast_variance(variance, recursion, 4000)
    assert ahead[0] == pytest.approx(variance, rel=1e-9)
    assert ahead[-1] == pytest.approx(recursion.long_run, rel=1e-6)
    step = recursion.omega + recursion.persistence * ahead[6]
    assert ahead[7] == pytest.approx(step, rel=1e-9)


def test_smoothing_forecasts_the_same_variance_for_ever() -> None:
    recursion = smoothing(0.94)
    assert recursion.persistence == 1.0
    assert math.isinf(recursion.long_run)
    assert (forecast_variance(2.5, recursion, 10) == 2.5).all()


def test_simulated_paths_are_the_filter_run_forwards() -> None:
    rng = np.random.default_rng(1)
    draws = rng.standard_t(5, size=(3, 12, 2)) * np.sqrt(3 / 5)
    mean, variance = np.array([0.1, -0.2]), np.array([1.5, 0.3])
    others = Recursion(0.1, 0.2, 0.0, 0.5)
    moves = simulated_moves(draws, mean, variance, np.array([tuple(FADING), tuple(others)]))
    for path in range(3):
        for factor, recursion in enumerate((FADING, others)):
            residuals = moves[path, :, factor] - mean[factor]
            start = (variance[factor] - recursion.omega) / recursion.persistence
            seen = filtered_variance(residuals, recursion, start)[:-1]
            assert seen[0] == pytest.approx(variance[factor])
            assert residuals / np.sqrt(seen) == pytest.approx(draws[path, :, factor], rel=1e-10)


def test_simulated_moves_have_the_forecast_variance() -> None:
    rng = np.random.default_rng(4)
    draws = rng.normal(size=(200_000, 5, 1))
    moves = simulated_moves(draws, np.zeros(1), np.array([0.7]), np.array([tuple(FADING)]))
    # Standard error of a variance of 200,000 nearly normal draws is 0.3 %, somewhat more for later rows.
    assert moves[..., 0].var(axis=0) == pytest.approx(forecast_variance(0.7, FADING, 5), rel=0.02)


@pytest.mark.parametrize(("name", "value"), [("omega", -1.0), ("beta", math.nan), ("alpha", -0.1), ("gamma", -0.06)])
def test_parameters_that_no_filter_has_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name):
        filtered_variance(np.zeros(3), FADING._replace(**{name: value}), 1.0)


def test_nothing_to_start_from_and_wrong_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="start"):
        backcast(np.array([np.nan]))
    with pytest.raises(InputError, match="decay"):
        smoothing(1.0)
    with pytest.raises(InputError, match="more than 2"):
        student_log_likelihood(np.zeros(2), np.ones(2), 2.0)
    with pytest.raises(ShapeMismatch, match="recursions"):
        simulated_moves(np.zeros((2, 3, 4)), np.zeros(4), np.ones(4), np.zeros((3, 4)))
