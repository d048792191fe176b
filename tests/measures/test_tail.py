"""Tail measures against published numbers, at exact fractions, with weights, and with errors that hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm, t

from seawall.errors import InputError, RiskError, TailTooThin
from seawall.measures.sampling import Sampling, independent, sampling_of
from seawall.measures.tail import (
    component_expected_shortfall,
    estimate_expected_shortfall,
    estimate_value_at_risk,
    expected_shortfall,
    order_statistic_ranks,
    tail_weights,
    value_at_risk,
)
from seawall.model.scenario import Column, ScenarioRule

HUNDRED = -np.arange(1.0, 101.0)
LOSSES = arrays(float, (57,), elements=st.integers(-1000, 1000).map(float))


def case(vectors: Path, name: str) -> Any:
    return json.loads((vectors / name).read_text())


def even_draws(count: int) -> np.ndarray:
    """Probabilities in the middle of equal cells: a sample without luck."""
    return (np.arange(count) + 0.5) / count


def test_five_worst_of_a_hundred_losses_average_ninety_eight() -> None:
    assert expected_shortfall(HUNDRED, 0.95) == 98.0


@pytest.mark.parametrize(("rule", "wanted"), [("in_tail", 96.0), ("beyond_tail", 95.0), ("linear", 95.05)])
@pytest.mark.parametrize("weights", [None, np.append(np.full(100, 2.0), 0.0)])
def test_each_quantile_rule_takes_its_own_order_statistic(rule: str, wanted: float, weights: Any) -> None:
    pnl = HUNDRED if weights is None else np.append(HUNDRED, -1e6)
    assert value_at_risk(pnl, 0.95, weights=weights, quantile=rule) == pytest.approx(wanted, rel=1e-14)


def test_a_tail_thinner_than_one_scenario_is_refused() -> None:
    with pytest.raises(TailTooThin, match="use at least 100"):
        expected_shortfall(np.zeros(99), 0.99)
    with pytest.raises(TailTooThin):
        expected_shortfall(HUNDRED, 0.95, weights=np.append(np.ones(99), 6.0))


def test_profit_that_is_not_a_number_is_refused_and_never_sorted_away() -> None:
    broken = np.append(HUNDRED, np.nan)
    for measure in (value_at_risk, expected_shortfall, tail_weights):
        with pytest.raises(InputError, match="1 of 101"):
            measure(broken, 0.95)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.975, 0.99, 0.995])
def test_normal_and_student_tails_are_those_of_the_textbook(vectors: Path, level: float) -> None:
    table = case(vectors, "quant/qrm_var_es_normal_t4.json")
    given_, wanted = table["inputs"], table["expected"]
    scale = given_["V"] * given_["vol"] / np.sqrt(given_["days"])
    u, place = even_draws(1_000_000), given_["alpha"].index(level)
    student = t.ppf(u, given_["nu"]) * np.sqrt((given_["nu"] - 2) / given_["nu"])
    for name, draws in (("normal", norm.ppf(u)), ("t4", student)):
        # The VaR of a million even draws is off by half a cell. The middle of the outermost cell of a fat tail is well
        # inside its mean: a shortfall of 566 lacks 0.11.
        assert value_at_risk(scale * draws, level, quantile="linear") == pytest.approx(
            wanted[f"VaR_{name}"][place], abs=0.02)
        assert expected_shortfall(scale * draws, level) == pytest.approx(
            wanted[f"ES_{name}"][place], abs=2 * table["tolerance"])


def test_the_printed_values_of_mcneil_frey_and_embrechts_are_reproduced(vectors: Path) -> None:
    for one in case(vectors, "tradfi/mcneil_normal_t_var_es.json")["cases"]:
        given_, printed = one["inputs"], one["published"]
        pnl = given_["V"] * given_["annual_vol"] / np.sqrt(given_["days"]) * norm.ppf(even_draws(1_000_000))
        allowed = one["tolerance"]["vs_published"]
        level = given_["alpha"]
        assert value_at_risk(pnl, level, quantile="linear") == pytest.approx(printed["VaR_normal"], abs=allowed)
        assert expected_shortfall(pnl, level) == pytest.approx(printed["ES_normal"], abs=allowed)


def test_value_at_risk_of_two_bonds_exceeds_the_sum_and_their_shortfall_does_not(vectors: Path) -> None:
    one = case(vectors, "quant/var_nonsubadditive.json")
    default, level, wanted = one["inputs"]["pd"], one["inputs"]["alpha"], one["expected"]
    first, second = -100.0 * np.array([1, 1, 0, 0]), -100.0 * np.array([1, 0, 1, 0])
    chances = np.array([default**2, default * (1 - default), (1 - default) * default, (1 - default) ** 2])
    assert value_at_risk(first, level, weights=chances) == wanted["VaR_single"]
    assert value_at_risk(first + second, level, weights=chances) == wanted["VaR_sum"]
    assert expected_shortfall(first, level, weights=chances) == pytest.approx(wanted["ES_single"], abs=1e-9)
    assert expected_shortfall(first + second, level, weights=chances) == pytest.approx(wanted["ES_sum"], abs=1e-9)


@given(LOSSES, arrays(np.int64, (57,), elements=st.integers(0, 4)), st.sampled_from(["in_tail", "beyond_tail"]))
def test_a_whole_weight_is_that_many_equal_scenarios(pnl: np.ndarray, times: np.ndarray, rule: str) -> None:
    assume(times.sum() >= 40)
    weights = times.astype(float)
    repeated = np.repeat(pnl, times)
    assert value_at_risk(pnl, 0.9, weights=weights, quantile=rule) == value_at_risk(repeated, 0.9, quantile=rule)
    # Running sums of probabilities carry roundings of 1e-16 a term, losses up to a thousand.
    assert expected_shortfall(pnl, 0.9, weights=weights) == pytest.approx(
        float(expected_shortfall(repeated, 0.9)), abs=1e-9)


@given(LOSSES, arrays(float, (57,), elements=st.floats(0.3, 1)))
def test_shortfall_is_the_least_of_rockafellar_and_uryasev(pnl: np.ndarray, weights: np.ndarray) -> None:
    chances, level = weights / weights.sum(), 0.9
    slow = min(q + float(chances @ np.maximum(-pnl - q, 0)) / (1 - level) for q in -pnl)
    assert expected_shortfall(pnl, level, weights=weights) == pytest.approx(slow, abs=1e-8)
    share = tail_weights(pnl, level, weights)
    assert share.sum() == pytest.approx(1, abs=1e-12)
    assert -(share @ pnl) == pytest.approx(slow, abs=1e-8)


@given(arrays(float, (3, 57), elements=st.floats(-1e6, 1e6)), arrays(float, (57,), elements=st.floats(0.2, 1)))
def test_many_vectors_at_once_are_each_alone(pnl: np.ndarray, weights: np.ndarray) -> None:
    for rule in ("in_tail", "beyond_tail", "linear"):
        together = value_at_risk(pnl, 0.9, weights=weights, quantile=rule)
        assert together.tolist() == [float(value_at_risk(row, 0.9, weights=weights, quantile=rule)) for row in pnl]
    assert expected_shortfall(pnl, 0.9, weights=weights).tolist() == [
        float(expected_shortfall(row, 0.9, weights=weights)) for row in pnl]


@given(arrays(float, (4, 57), elements=st.floats(-1e6, 1e6)))
def test_components_add_up_to_the_shortfall_of_the_sum(parts: np.ndarray) -> None:
    total = float(expected_shortfall(parts.sum(axis=0), 0.95))
    # Relative to the gross sum of the parts, from which a small total is left over.
    assert abs(component_expected_shortfall(parts, 0.95).sum() - total) <= 1e-12 * (1 + np.abs(parts).max(axis=1).sum())


@given(arrays(float, (2, 57), elements=st.floats(-1e6, 1e6)))
def test_pooling_two_books_never_raises_expected_shortfall(pair: np.ndarray) -> None:
    pooled, apart = expected_shortfall(pair.sum(axis=0), 0.95), expected_shortfall(pair, 0.95).sum()
    assert pooled <= apart + 1e-9 * (1 + np.abs(pair).max())


def test_the_order_statistic_interval_is_the_published_one(vectors: Path) -> None:
    one = case(vectors, "quant/var_order_statistic_ci.json")
    given_, wanted = one["inputs"], one["expected"]
    assert order_statistic_ranks(given_["n"], given_["p"], given_["conf"]) == (wanted["r"], wanted["s"])
    found = estimate_value_at_risk(-np.arange(1.0, 1001.0), given_["p"], coverage=given_["conf"])
    assert found.interval == (wanted["r"], wanted["s"])
    assert found.coverage == pytest.approx(wanted["coverage"], abs=1e-12)


def test_standard_errors_are_those_of_the_asymptotic_formulas(vectors: Path) -> None:
    one = case(vectors, "quant/var_es_standard_errors.json")
    n, level, wanted = one["inputs"]["n"], one["inputs"]["alpha"], one["expected"]
    pnl = norm.ppf(even_draws(n))
    shortfall, risk = estimate_expected_shortfall(pnl, level), estimate_value_at_risk(pnl, level)
    # The spread of the last hundred even draws misses the far end of the tail: 1 to 2 %.
    assert shortfall.standard_error == pytest.approx(wanted["se_es"], rel=0.02)
    # From whole ranks, which are conservative: within 5 % of the formula that knows the density.
    assert risk.standard_error == pytest.approx(wanted["se_var"], rel=0.05)
    assert shortfall.standard_error == pytest.approx(wanted["mc_se_es"], rel=one["tolerance"]["mc"])


def test_intervals_cover_the_true_number_as_often_as_they_say() -> None:
    draws = np.random.default_rng(5).standard_normal((600, 1000))
    true_risk, true_shortfall = norm.ppf(0.975), norm.pdf(norm.ppf(0.975)) / 0.025
    risks = [estimate_value_at_risk(row, 0.975) for row in draws]
    shortfalls = [estimate_expected_shortfall(row, 0.975) for row in draws]
    # 600 trials know a share near 0.95 to 0.009; an asymptotic interval from 25 tail draws falls some points short.
    assert np.mean([e.interval[0] <= true_risk <= e.interval[1] for e in risks]) >= 0.93
    assert np.mean([e.interval[0] <= true_shortfall <= e.interval[1] for e in shortfalls]) >= 0.88


def test_twins_that_lose_alike_are_one_draw() -> None:
    half = np.random.default_rng(2).standard_normal(2000)
    twins = Sampling(np.ones(4000), np.tile(np.arange(2000), 2))
    pnl = np.tile(half, 2)
    both, once = estimate_expected_shortfall(pnl, 0.975, sampling=twins), estimate_expected_shortfall(half, 0.975)
    assert both.standard_error == pytest.approx(once.standard_error, rel=1e-12)
    apart = estimate_expected_shortfall(pnl, 0.975)
    assert both.standard_error == pytest.approx(np.sqrt(2) * float(apart.standard_error or 0), rel=1e-12)
    wide, narrow = (estimate_value_at_risk(pnl, 0.975, sampling=s).interval for s in (twins, independent(4000)))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_the_error_is_the_influence_of_each_draw_squared_and_added() -> None:
    """The slow twin: the influence of every scenario, summed draw by draw."""
    rng = np.random.default_rng(9)
    pnl, weights, cluster = rng.standard_t(4, 300), rng.uniform(0.2, 1, 300), rng.integers(0, 120, 300)
    level, chances = 0.9, weights / weights.sum()
    risk, shortfall = (float(f(pnl, level, weights=weights)) for f in (value_at_risk, expected_shortfall))
    influence = tail_weights(pnl, level, weights) * (-pnl - risk) + chances * (risk - shortfall)
    slow = np.sqrt(3 * sum(influence[cluster == draw].sum() ** 2 for draw in range(120)))
    found = estimate_expected_shortfall(pnl, level, sampling=Sampling(weights, cluster, 3.0))
    assert found.standard_error == pytest.approx(slow, rel=1e-12)


def test_overlapping_windows_widen_errors_enough() -> None:
    days, span, trials = 2000, 5, 200
    steps = np.random.default_rng(8).standard_normal((trials, days + span - 1))
    sums = np.lib.stride_tricks.sliding_window_view(steps, span, axis=1).sum(axis=2)
    drawn = Sampling(np.ones(days), np.arange(days), span)
    found = [estimate_expected_shortfall(row, 0.975, sampling=drawn) for row in sums]
    stated = np.mean([float(e.standard_error or 0) for e in found])
    happened = np.std([e.value for e in found])
    # An upper bound that is not idle; 200 trials know a deviation to 5 %.
    assert 0.95 * happened <= stated <= 1.8 * happened


def test_unequal_weights_widen_errors_as_much_as_it_happens() -> None:
    draw = np.random.default_rng(4)
    found = []
    for _ in range(300):
        weights = draw.choice([0.2, 1.8], 2000)
        found.append(estimate_expected_shortfall(
            draw.standard_normal(2000), 0.975, sampling=Sampling(weights, np.arange(2000))))
    stated = np.mean([float(e.standard_error or 0) for e in found])
    # 300 trials know a deviation to 4 %; three of them.
    assert stated == pytest.approx(np.std([e.value for e in found]), rel=0.13)


def test_a_single_draw_in_the_tail_has_no_error_and_says_so() -> None:
    found = estimate_expected_shortfall(HUNDRED, 0.99)
    assert found.standard_error is None
    assert estimate_value_at_risk(HUNDRED, 0.99).standard_error is None
    assert estimate_value_at_risk(HUNDRED, 0.99).coverage < 0.95


def test_how_a_rule_was_drawn_is_read_from_the_rule() -> None:
    def rule(**parts: Any) -> ScenarioRule:
        labels = np.array(list("abcd"), dtype=object)
        return ScenarioRule("r", (Column("spot", "*"),), np.zeros((4, 1)), labels, 1.0, **parts)

    assert sampling_of(rule()).cluster.tolist() == [0, 1, 2, 3]
    assert sampling_of(rule(provenance={"draws": "antithetic pairs"})).cluster.tolist() == [0, 1, 0, 1]
    assert sampling_of(rule(path=np.array([5, 5, 9, 9]), step=np.array([0, 1, 0, 1]))).cluster.tolist() == [0, 0, 1, 1]
    assert sampling_of(rule(provenance={"overlap": "each row spans 10 rows"})).overlap == 10


@pytest.mark.parametrize("weights", [
    np.ones(99), np.append(np.ones(99), -1.0), np.append(np.ones(99), np.nan), np.zeros(100)])
def test_weights_that_are_no_probabilities_are_refused(weights: np.ndarray) -> None:
    with pytest.raises(RiskError, match="weights of scenarios"):
        expected_shortfall(HUNDRED, 0.95, weights=weights)
    with pytest.raises(RiskError, match="weights of scenarios"):
        value_at_risk(HUNDRED, 0.95, weights=weights)
