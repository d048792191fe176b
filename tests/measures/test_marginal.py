"""Component value at risk, marginals and incrementals: closed forms, bumps, and errors that hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from example_book import big_book, many_options
from example_market import example_market
from seawall.cube import hold, revalue
from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.measures.allocation import allocate
from seawall.measures.marginal import (
    component_value_at_risk,
    harrell_davis_weights,
    incremental,
    marginal,
    marginal_by_instrument,
    window_weights,
)
from seawall.measures.parametric import delta_normal
from seawall.measures.sampling import Sampling, independent
from seawall.measures.smoothed import harrell_davis_value_at_risk
from seawall.measures.tail import expected_shortfall, value_at_risk
from seawall.model.results import Held
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.simulated import implied_dynamics, student_t

MARKET = example_market()
NUMBERS = st.integers(-(10**6), 10**6).map(float)


def held_of(pnl: np.ndarray, weights: np.ndarray | None = None) -> Held:
    """Rows p0, p1, ... with this P&L (N,S)."""
    count, scenarios = pnl.shape
    given_ = {} if weights is None else {"weights": weights}
    rule = ScenarioRule("given", (Column("spot", "*"),), np.zeros((scenarios, 1)),
                        np.array([str(n) for n in range(scenarios)], dtype=object), 1.0, **given_)
    keys = tuple((f"p{n}",) for n in range(count))
    return Held(("part",), keys, pnl, np.zeros(count), np.zeros(count, dtype=bool), "USD", rule)


@settings(max_examples=50)
@given(arrays(float, (3, 60), elements=NUMBERS), arrays(float, (60,), elements=st.floats(0.3, 1)))
def test_parts_of_value_at_risk_add_up_to_it_or_are_refused(pnl: np.ndarray, weights: np.ndarray) -> None:
    held = held_of(pnl, weights)
    try:
        found = component_value_at_risk(held, 0.9, window=0.08)
    except ModelError:
        return
    assert found.value_at_risk == float(value_at_risk(pnl.sum(axis=0), 0.9, weights=weights))
    # The means may be a million times their sum, and roundings of them are scaled up with it.
    assert found.component.sum() == pytest.approx(found.value_at_risk, rel=1e-8, abs=1e-8)


def gaussian(vectors: Path, draws: int, seed: int) -> tuple[np.ndarray, dict, float]:
    case = json.loads((vectors / "tradfi/euler_gaussian.json").read_text())
    half = np.random.default_rng(seed).multivariate_normal(np.zeros(3), case["inputs"]["cov"], draws)
    return np.concatenate([half, -half]).T * np.array(case["inputs"]["x"])[:, None], case["expected"], 0.99


def test_gaussian_parts_of_value_at_risk_are_those_of_the_closed_form(vectors: Path) -> None:
    pnl, wanted, level = gaussian(vectors, 100_000, 11)
    twins = Sampling(np.ones(200_000), np.arange(200_000) % 100_000)
    found = component_value_at_risk(held_of(pnl), level, sampling=twins)
    assert np.abs((found.component - wanted["component_VaR"]) / found.standard_error).max() <= 3.5
    assert found.standard_error.max() <= 0.04 * wanted["VaR"]
    # The window of half a per cent on either side is as wide as the tail: its mean lies 2 % beyond the quantile.
    assert found.rescaling == pytest.approx(0.98, abs=0.03)
    assert component_value_at_risk(held_of(pnl), level, window=0.001).rescaling == pytest.approx(1, abs=0.02)
    smooth = component_value_at_risk(held_of(pnl), level, sampling=twins, estimator="harrell_davis")
    assert np.abs((smooth.component - wanted["component_VaR"]) / smooth.standard_error).max() <= 3.5
    assert smooth.rescaling == pytest.approx(1, abs=0.005)


def test_gaussian_marginals_and_incrementals_are_those_of_the_closed_form(vectors: Path) -> None:
    pnl, wanted, level = gaussian(vectors, 100_000, 12)
    case = json.loads((vectors / "tradfi/euler_gaussian.json").read_text())["inputs"]
    x, covariance = np.array(case["x"]), np.array(case["cov"])
    exact = delta_normal(x, covariance, level)
    drawn = independent(pnl.shape[1])
    by_shortfall, error, by_edge = marginal(pnl / x[:, None], pnl.sum(axis=0), level, drawn)
    assert np.abs((by_shortfall - exact.marginal_expected_shortfall) / error).max() <= 3.5
    # Not rescaled: the window's mean lies 2 % beyond, and its noise is as that of the components.
    assert by_edge == pytest.approx(wanted["marginal_VaR"], rel=0.1, abs=0.02)
    found = incremental(held_of(pnl), level, sampling=drawn)
    assert found.incremental_value_at_risk == pytest.approx(wanted["incremental_VaR"], abs=0.5)
    without = [delta_normal(np.where(np.arange(3) == n, 0, x), covariance, level).expected_shortfall for n in range(3)]
    away = found.incremental_shortfall - (exact.expected_shortfall - np.array(without))
    assert np.abs(away / found.standard_error).max() <= 3.5
    assert found.incremental_shortfall.sum() < 0.6 * found.expected_shortfall  # they do not add up


def test_errors_are_how_much_parts_and_incrementals_move_between_samples() -> None:
    draw = np.random.default_rng(6)
    parts, apart = [], []
    for _ in range(300):
        common = draw.standard_t(5, 4000)
        held = held_of(np.array([common + draw.standard_normal(4000), draw.standard_t(4, 4000), -0.4 * common]))
        parts.append(component_value_at_risk(held, 0.975))
        apart.append(incremental(held, 0.975))
    # 300 samples know a deviation to 4 %. Value at risk's own error comes from an interval of ranks, rounded outwards.
    assert np.mean([p.standard_error for p in parts], axis=0) == pytest.approx(
        np.std([p.component for p in parts], axis=0), rel=0.25)
    assert np.mean([i.standard_error for i in apart], axis=0) == pytest.approx(
        np.std([i.incremental_shortfall for i in apart], axis=0), rel=0.15)


@settings(max_examples=50)
@given(arrays(float, (3, 60), elements=NUMBERS), arrays(float, (60,), elements=NUMBERS))
def test_the_marginal_is_what_a_bump_of_the_holding_gives(units: np.ndarray, total: np.ndarray) -> None:
    ranked = np.sort(total + np.linspace(0, 0.5, 60))
    bump = 1e-3 * float(np.diff(ranked).min()) / (1 + np.abs(units).max())
    if bump < 1e-12:
        return
    spread = total + np.linspace(0, 0.5, 60)
    found = marginal(units, spread, 0.9, independent(60))[0]
    up, down = (expected_shortfall(spread + s * bump * units, 0.9) for s in (1, -1))
    # The tail keeps its members under so small a bump; differences of sums of a million are divided by it.
    assert found == pytest.approx((up - down) / (2 * bump), abs=2e-9 * (1 + np.abs(total).max()) / bump)


def test_marginals_of_instruments_times_what_is_held_are_the_components() -> None:
    book = big_book(500, 20, many_options(60))
    rule = student_t(implied_dynamics(MARKET, ["BTC", "ETH"]), scenarios=1_000, degrees=4, seed=1)
    cube = revalue(book, MARKET, rule)
    units = marginal_by_instrument(book, cube, 0.975)
    parts = allocate(hold(book, cube, by="instrument"), 0.975)
    quantity = np.bincount(book.instrument_of, book.quantity, len(book.instruments))
    place = {i.instrument_id: n for n, i in enumerate(book.instruments)}
    per_unit = dict(zip(units.keys, units.marginal_shortfall, strict=True))
    for key, component in zip(parts.keys, parts.component, strict=True):
        assert quantity[place[key[0]]] * per_unit[key[0]] == pytest.approx(component, rel=1e-9, abs=1e-7)
    # One contract more, by holding it: the derivative, but for scenarios that change places in the tail.
    total = hold(book, cube, by=()).row()
    one = parts.keys[0][0]
    unit = hold(book, cube, by="instrument").row(one) / quantity[place[one]]
    bump = 1e-4
    up, down = (float(expected_shortfall(total + s * bump * unit, 0.975)) for s in (1, -1))
    assert per_unit[one] == pytest.approx((up - down) / (2 * bump), rel=1e-4)


def test_what_is_not_held_has_a_marginal_and_what_has_no_value_has_none() -> None:
    book = big_book(50, 3, many_options(12))
    rule = student_t(implied_dynamics(MARKET, ["BTC"]), scenarios=400, degrees=4, seed=1)
    cube = revalue(many_options(40), MARKET, rule)
    found = marginal_by_instrument(book, cube, 0.95)
    assert len(found.keys) == 40
    assert (np.isfinite(found.marginal_shortfall) == cube.valued).all()
    assert 0 < np.isfinite(found.marginal_value_at_risk).sum() < 40


def test_an_incremental_is_the_total_less_the_book_without_the_account() -> None:
    pnl = np.random.default_rng(4).standard_t(4, (5, 2000))
    found = incremental(held_of(pnl), 0.975)
    for n in range(5):
        rest = np.delete(pnl, n, axis=0).sum(axis=0)
        total = pnl.sum(axis=0)
        assert found.incremental_shortfall[n] == pytest.approx(
            float(expected_shortfall(total, 0.975) - expected_shortfall(rest, 0.975)), abs=1e-10)
        assert found.incremental_value_at_risk[n] == pytest.approx(
            float(value_at_risk(total, 0.975) - value_at_risk(rest, 0.975)), abs=1e-10)


def test_a_hedge_has_negative_parts_by_every_question() -> None:
    common = np.random.default_rng(3).standard_normal(2000)
    held = held_of(np.array([2 * common, -common]))
    assert component_value_at_risk(held, 0.95).component[1] < 0
    assert incremental(held, 0.95).incremental_shortfall[1] < 0


def test_window_weights_centre_on_the_quantile_and_never_reach_past_the_worst() -> None:
    total = -np.arange(1.0, 1001.0)
    weights = window_weights(total, 0.99, np.ones(1000))
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert (-total) @ weights == pytest.approx(990.5, abs=1e-9)
    assert (weights[985:995] > 0).all()
    assert weights[:984].sum() == 0
    few = window_weights(-np.arange(1.0, 21.0), 0.9, np.ones(20))
    assert few.max() <= 1


def test_harrell_davis_weights_give_harrell_and_daviss_value_at_risk() -> None:
    total = np.random.default_rng(5).standard_t(4, 900)
    for weights in (np.ones(900), np.random.default_rng(6).random(900)):
        found = harrell_davis_weights(total, 0.97, weights)
        assert found.sum() == pytest.approx(1, rel=1e-12)
        whole = float(harrell_davis_value_at_risk(total, 0.97, weights=weights))
        assert -total @ found == pytest.approx(whole, rel=1e-12)
    held = held_of(np.array([total, -0.5 * total]))
    assert component_value_at_risk(held, 0.97, estimator="harrell_davis").rescaling != 1
    with pytest.raises(InputError, match="at least 5"):
        component_value_at_risk(held, 0.995, estimator="harrell_davis")
    with pytest.raises(InputError, match="window or harrell_davis"):
        component_value_at_risk(held, 0.97, estimator="spline")


def test_losses_that_do_not_add_up_and_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="shared out"):
        component_value_at_risk(held_of(np.zeros((2, 100))), 0.95)
    with pytest.raises(ShapeMismatch):
        marginal(np.zeros((2, 10)), np.zeros(100), 0.9, independent(100))
    with pytest.raises(InputError, match="window"):
        window_weights(np.zeros(100), 0.9, np.ones(100), 0.0)
