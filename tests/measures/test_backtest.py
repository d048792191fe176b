"""Tests of exceptions against published tables, slow twins, and their true size."""

from __future__ import annotations

import json
from itertools import pairwise
from math import comb, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from seawall.errors import InputError, ShapeMismatch
from seawall.measures.backtest import (
    acceptance_region,
    christoffersen,
    conditional_coverage,
    coverage_ratio,
    exact_binomial,
    exceptions,
    kupiec,
    traffic_light,
)
from seawall.measures.backtest_dynamic import dynamic_quantile
from seawall.measures.backtest_panel import pooled_coverage, pooled_shortfall
from seawall.measures.backtest_shortfall import z2


def case(vectors: Path, name: str) -> Any:
    return json.loads((vectors / name).read_text())


def hits_of(days: int, places: list[int]) -> np.ndarray:
    out = np.zeros(days, dtype=bool)
    out[places] = True
    return out


def first_of(days: int, count: int) -> np.ndarray:
    return np.arange(days) < count


def test_acceptance_regions_are_those_of_kupiecs_table(vectors: Path) -> None:
    regions = case(vectors, "quant/kupiec_pof_regions.json")["expected"]["accept_range"]
    for name, wanted in regions.items():
        tail, days = (float(part.split("=")[1]) for part in name.split(","))
        assert list(acceptance_region(int(days), 1 - tail)) == wanted, name
    for one in case(vectors, "tradfi/kupiec_nonrejection.json")["cases"]:
        found = acceptance_region(one["inputs"]["T"], 1 - one["inputs"]["p"], level=one["inputs"]["test_level"])
        assert found == (one["expected"]["accept_min"], one["expected"]["accept_max"])


def test_no_exception_in_255_days_at_99_percent_is_rejected_though_the_printed_table_accepts_it() -> None:
    assert kupiec(np.zeros(255, dtype=bool), 0.99).statistic == pytest.approx(5.13, abs=0.005)


def test_likelihood_ratios_are_the_published_ones(vectors: Path) -> None:
    for one in case(vectors, "tradfi/kupiec_christoffersen_values.json")["cases"]:
        given_, wanted = one["inputs"], one["expected"]
        found = kupiec(first_of(given_["T"], given_["x"]), 1 - given_["p"])
        assert found.statistic == pytest.approx(wanted["LR_uc"], abs=1e-10)
        assert found.p_value == pytest.approx(wanted.get("p_value", found.p_value), abs=1e-10)


def test_clustered_exceptions_fail_independence_as_computed(vectors: Path) -> None:
    one = case(vectors, "quant/christoffersen_independence.json")
    given_, wanted = one["inputs"], one["expected"]
    hits = hits_of(given_["T"], given_["hits_idx0"])
    assert kupiec(hits, 1 - given_["p"]).statistic == pytest.approx(wanted["LR_pof"], abs=one["tolerance"])
    assert christoffersen(hits).statistic == pytest.approx(wanted["LR_ind"], abs=one["tolerance"])
    joint = conditional_coverage(hits, 1 - given_["p"])
    assert joint.statistic == pytest.approx(wanted["LR_cc"], abs=one["tolerance"])
    assert joint.p_value == pytest.approx(wanted["p_cc"], abs=one["tolerance"])


def test_the_traffic_light_is_basels(vectors: Path) -> None:
    one = case(vectors, "quant/basel_traffic_light.json")
    for count, percent in enumerate(one["expected"]["published_cum_pct"]):
        assert 100 * traffic_light(count, 250).probability == pytest.approx(percent, abs=one["tolerance"])
    zones = [traffic_light(count, 250).zone for count in range(12)]
    assert zones == ["green"] * 5 + ["yellow"] * 5 + ["red"] * 2
    for key, plus in one["expected"]["plus_factor_1996"].items():
        newer = one["expected"]["plus_factor_FRTB_on_1.5"][key]
        for count in {int(part) for part in key.strip("+").split("-")}:
            light = traffic_light(count, 250)
            assert (light.multiplier, light.multiplier_2019) == pytest.approx((3 + plus, 1.5 + newer), abs=1e-12)
    for one in case(vectors, "tradfi/basel_traffic_light.json")["cases"]:
        wanted, light = one["expected"], traffic_light(one["inputs"]["exceptions"], one["inputs"]["T"])
        assert light.probability == pytest.approx(wanted["cum_prob"], abs=1e-12)
        assert light.zone == wanted["zone"]
        assert light.multiplier == pytest.approx(wanted["multiplier_1996"], abs=1e-12)
        assert light.multiplier_2019 == pytest.approx(wanted["multiplier_mar99_2019"], abs=1e-12)
    assert np.isnan(traffic_light(5, 500).multiplier)


@pytest.mark.parametrize("count", [0, 1, 3, 9, 40])
def test_the_exact_test_is_scipys(count: int) -> None:
    found = exact_binomial(first_of(500, count), 0.975).p_value
    assert found == pytest.approx(binomtest(count, 500, 0.025).pvalue, rel=1e-9)


@given(st.integers(2, 400), st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.975, 0.99]))
def test_the_ratio_of_counts_is_twice_the_gain_in_log_likelihood(days: int, share: float, confidence: float) -> None:
    count = int(share * days)

    def likelihood(p: float) -> float:
        return (count * log(p) if count else 0.0) + ((days - count) * log(1 - p) if count < days else 0.0)

    wanted = 2 * (likelihood(count / days) - likelihood(1 - confidence))
    found = float(coverage_ratio(np.array([float(count)]), days, confidence)[0])
    # Differences of log-likelihoods of up to a few thousand.
    assert found == pytest.approx(wanted, abs=1e-9)


@given(st.lists(st.booleans(), min_size=2, max_size=80))
def test_independence_counts_each_pair_of_days_once(days: list[bool]) -> None:
    hits = np.array(days)
    pairs = list(pairwise(days))

    def likelihood(chosen: list[tuple[bool, bool]]) -> float:
        hit = sum(after for _, after in chosen)
        parts = [n * log(n / len(chosen)) for n in (hit, len(chosen) - hit) if n]
        return sum(parts)

    after, without = [p for p in pairs if p[0]], [p for p in pairs if not p[0]]
    wanted = 2 * (likelihood(after) + likelihood(without) - likelihood(pairs))
    assert christoffersen(hits).statistic == pytest.approx(max(wanted, 0), abs=1e-9)
    assert np.isnan(christoffersen(hits).p_value) == (not any(days[:-1]))


def test_an_exception_is_a_loss_beyond_the_forecast_and_not_one_that_meets_it() -> None:
    assert exceptions(np.array([-1.0, -1.1, 2.0]), np.array([1.0, 1.0, -3.0])).tolist() == [False, True, True]
    with pytest.raises(InputError, match="1"):
        exceptions(np.array([-1.0, np.nan]), np.ones(2))
    with pytest.raises(ShapeMismatch):
        exceptions(np.zeros(3), np.zeros(2))


def test_hits_that_are_not_true_or_false_are_refused() -> None:
    with pytest.raises(ShapeMismatch, match="true or false"):
        kupiec(np.zeros(10), 0.99)
    with pytest.raises(InputError, match="between 0 and 1"):
        kupiec(np.zeros(10, dtype=bool), 99)
    with pytest.raises(InputError):
        traffic_light(11, 10)


def test_the_dynamic_quantile_is_the_explained_square_of_a_regression() -> None:
    draw = np.random.default_rng(2)
    hits, forecast = draw.random(400) < 0.06, 1 + draw.random(400)
    excess = hits - 0.05
    rows = np.array([[1.0, *(excess[t - n] for n in range(1, 5)), forecast[t]] for t in range(4, 400)])
    beta = np.linalg.solve(rows.T @ rows, rows.T @ excess[4:])
    found = dynamic_quantile(hits, forecast, 0.95)
    assert found.statistic == pytest.approx(beta @ rows.T @ rows @ beta / (0.05 * 0.95), rel=1e-10)
    assert found.observations == 396
    # Neither the unit of money nor a constant forecast matters.
    assert dynamic_quantile(hits, 1e9 * forecast, 0.95).statistic == pytest.approx(found.statistic, rel=1e-9)
    assert np.isfinite(dynamic_quantile(hits, np.ones(400), 0.95).p_value)


def test_the_dynamic_quantile_sees_exceptions_that_follow_the_forecast() -> None:
    draw = np.random.default_rng(3)
    forecast = np.repeat([1.0, 2.0], 500)
    calm_is_underrated = draw.random(1000) < np.where(forecast == 1, 0.09, 0.01)
    assert dynamic_quantile(calm_is_underrated, forecast, 0.95).p_value < 1e-4
    rejected = [dynamic_quantile(draw.random(1000) < 0.05, 1 + draw.random(1000), 0.95).p_value < 0.05
                for _ in range(400)]
    # 400 samples know a size of 5 % to 1.1 %; the chi-squared law is an approximation.
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.04)


def test_accounts_that_share_their_days_are_not_independent_tests() -> None:
    draw, rejected, effects = np.random.default_rng(7), [], []
    for seed in range(200):
        common = draw.standard_normal((400, 1))
        pnl = 0.8 * common + 0.6 * draw.standard_normal((400, 12))
        found = pooled_coverage(pnl < -1.959964, 0.975, seed=seed, block=5, draws=300)
        rejected.append(found.p_value < 0.05)
        effects.append(found.design_effect)
    # Percentiles of some thirty clustered exceptions are skewed, so a size of 5 % comes out near 8 %; twelve
    # accounts taken as independent would reject in 40 % of samples.
    assert np.mean(rejected) < 0.15
    assert 2 < np.mean(effects) < 8


def test_a_panel_with_hardly_an_exception_is_not_judged() -> None:
    hits = np.zeros((100, 3), dtype=bool)
    hits[5] = True
    found = pooled_coverage(hits, 0.99, seed=1)
    assert np.isnan(found.p_value)
    assert (found.exceptions, found.days, found.accounts) == (3, 100, 3)


def test_binomial_probabilities_of_the_light_are_sums_of_their_terms() -> None:
    slow = sum(comb(300, k) * 0.025**k * 0.975 ** (300 - k) for k in range(10))
    assert traffic_light(9, 300, 0.975).probability == pytest.approx(slow, rel=1e-10)


def test_the_pooled_second_statistic_is_the_mean_of_the_accounts_own_and_holds_its_level() -> None:
    draw, rejected = np.random.default_rng(8), []
    edge, depth = np.full((500, 12), 1.959964), np.full((500, 12), 2.337803)
    for seed in range(200):
        pnl = 0.8 * draw.standard_normal((500, 1)) + 0.6 * draw.standard_normal((500, 12))
        found = pooled_shortfall(pnl, edge, depth, 0.975, seed=seed, block=5, draws=300)
        rejected.append(found.p_value < 0.05)
    alone = [z2(pnl[:, n], edge[:, n], depth[:, n], 0.975) for n in range(12)]
    assert found.z2 == pytest.approx(np.mean(alone), abs=1e-12)
    # One side of a skewed statistic: 200 samples know a level of 5 % to 1.5 %.
    assert np.mean(rejected) < 0.13
    deep = pooled_shortfall(1.5 * pnl, edge, depth, 0.975, seed=1, block=5, draws=300)
    assert deep.p_value < 0.02
    assert deep.interval[1] < 0
    with pytest.raises(InputError, match="above zero"):
        pooled_shortfall(pnl, edge, -depth, 0.975, seed=1)
    with pytest.raises(ShapeMismatch):
        pooled_shortfall(pnl[:3], edge[:3], depth[:3], 0.975, seed=1)
