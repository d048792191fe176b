"""How much netting saves and how much of it breaks; who bleeds when the whole bleeds."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from example_dangers import book, view
from seawall.discovery.cotail import co_tail
from seawall.discovery.lines import line_losses
from seawall.discovery.netting import (
    broken_draws,
    elliptical_netting,
    netting,
    netting_candidates,
    netting_of,
)
from seawall.errors import ShapeMismatch, TailTooThin
from seawall.kernels.correlation import by_sign, conditional_correlation, is_semidefinite, stressed_correlation
from seawall.measures.sampling import Sampling


def test_a_hedged_pair_looks_safest_and_is_most_fragile(vectors):
    case = json.loads((vectors / "quant" / "netting_reliance.json").read_text())
    given_, wanted = case["inputs"], case["expected"]
    covariance = [given_["sd"] ** 2 * np.array([[1, rho], [rho, 1]]) for rho in (given_["rho"], given_["rho_stress"])]
    found = elliptical_netting(np.diag(given_["x"]), *covariance, given_["k_ES975_like"])
    assert found.standalone == pytest.approx(wanted["standalone"], abs=case["tolerance"])
    assert found.together == pytest.approx(wanted["ES_total"], abs=case["tolerance"])
    assert found.stressed == pytest.approx(wanted["ES_stress"], abs=case["tolerance"])
    assert found.reliance == pytest.approx(wanted["offset"], abs=case["tolerance"])
    assert found.fragility == pytest.approx(wanted["fragility"], abs=case["tolerance"])


def test_drawn_profits_tell_the_same_as_the_closed_form():
    rng = np.random.default_rng(2)
    exposures, draws = np.diag([10.0, -9.0]), rng.normal(size=(200_000, 2))
    today, bent = (np.array([[1, rho], [rho, 1]]) for rho in (0.9, 0.4))
    pnl = [exposures @ (np.linalg.cholesky(c) @ draws.T) for c in (today, bent)]
    multiple = norm.pdf(norm.ppf(0.975)) / 0.025
    drawn, closed = netting_of((("a",), ("b",)), *pnl, 0.975), elliptical_netting(exposures, today, bent, multiple)
    # The error of a shortfall from 5,000 tail draws is under 1 %; three of them.
    assert drawn.reliance == pytest.approx(closed.reliance, rel=0.03)
    assert drawn.fragility == pytest.approx(closed.fragility, rel=0.03)


@given(st.integers(0, 10**6))
def test_pooling_never_costs_more_so_reliance_is_never_negative(seed):
    pnl = np.random.default_rng(seed).standard_t(3, size=(4, 400))
    found = netting_of(tuple((str(n),) for n in range(4)), pnl, pnl, 0.975)
    assert found.reliance >= -1e-12
    assert found.fragility == 1.0


def test_a_book_that_nets_by_correlation_alone_is_told_from_one_that_nets_in_one_contract():
    by_correlation = netting(view(book(("A", "BTC", 1.0), ("B", "ETH-FUT", -17.0))))
    in_one_contract = netting(view(book(("A", "BTC-PERP", 1.0), ("B", "BTC-PERP", -1.0))))
    assert by_correlation.fragility > 1.3
    assert in_one_contract.reliance == pytest.approx(1.0, abs=1e-9)
    assert in_one_contract.stressed == pytest.approx(0.0, abs=1e-6)


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_bent_correlations_stay_semi_definite_whatever_the_signs(seed, weight):
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(5, 3))
    covariance = half @ half.T + 0.01 * np.eye(5)
    scale = np.sqrt(np.diag(covariance))
    bent = stressed_correlation(covariance / np.outer(scale, scale), by_sign(rng.choice([-1.0, 1.0], 5)), weight)
    assert is_semidefinite(bent)


def test_bent_draws_have_the_bent_correlation_and_unbent_ones_are_unchanged():
    space = view(book(("A", "BTC", 1.0))).space
    draws = space.draws(20_000, 1)
    crisis = by_sign(np.array([1.0, -1.0, 1.0, 1.0]))
    assert broken_draws(space, draws, crisis, 0.0) == pytest.approx(draws, abs=1e-12)
    bent = broken_draws(space, draws, crisis, 0.5) / space.deviation
    sampled = np.corrcoef((draws / space.deviation).T)
    target = stressed_correlation(np.asarray(space.correlation), crisis, 0.5)
    # The draws' own correlation is off by sampling; bending maps it linearly, so within a few hundredths.
    assert np.corrcoef(bent.T) == pytest.approx(target, abs=0.06 + np.abs(sampled - space.correlation).max())


def test_long_one_coin_and_short_another_is_suspected_and_long_both_is_not():
    hedged, plain = (line_losses(v, np.zeros((1, 4))) for v in (
        view(book(("A", "BTC", 1.0), ("B", "ETH-FUT", -17.0))), view(book(("A", "BTC", 1.0), ("B", "ETH-FUT", 17.0)))))
    found = netting_candidates(hedged, radius=4.0)
    assert {hedged.keys[n][1] for n in found[0].rows} == {"BTC", "ETH-FUT"}
    assert found[0].move[0] < 0 < found[0].move[1]
    assert not [c for c in netting_candidates(plain, radius=4.0) if c.hidden > 0.01 * c.loss]


def test_correlation_measured_in_a_crisis_rises_without_any_change(vectors):
    case = json.loads((vectors / "quant" / "conditional_correlation_bias.json").read_text())
    rho, q = case["inputs"]["rho"], case["inputs"]["q"]
    assert conditional_correlation(rho, q) == pytest.approx(case["expected"]["cond_corr"], abs=case["tolerance"])


def test_parts_that_are_the_total_share_its_whole_tail_and_strangers_share_little():
    rng = np.random.default_rng(4)
    total, stranger = rng.normal(size=10_000), rng.normal(size=10_000)
    found = co_tail(np.array([0.5 * total, -total, stranger]), 0.975, total=total)
    assert found.participation[0] == pytest.approx(1.0, abs=1e-12)
    assert found.participation[1] == 0.0
    # 250 tail draws: the standard error of 2.5 % is 1 %.
    assert found.participation[2] == pytest.approx(0.025, abs=0.03)
    assert found.draws == 250
    assert found.lift[0] == pytest.approx(40.0)


def test_participation_of_a_normal_pair_is_its_joint_tail_probability():
    rho, confidence = 0.6, 0.95
    draws = np.random.default_rng(1).multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=200_000)
    found = co_tail(draws[:, :1].T, confidence, total=draws[:, 1])
    edge = norm.ppf(1 - confidence)
    exact = multivariate_normal(cov=[[1, rho], [rho, 1]]).cdf([edge, edge]) / (1 - confidence)
    assert abs(found.participation[0] - exact) < 4 * found.standard_error[0]
    assert found.standard_error[0] == pytest.approx(np.sqrt(exact * (1 - exact) / 10_000), rel=0.05)


def test_standard_errors_are_those_of_repeated_samples():
    rng = np.random.default_rng(8)
    runs = []
    for _ in range(300):
        total = rng.normal(size=2000)
        part = 0.7 * total + rng.normal(size=2000)
        found = co_tail(part[None, :], 0.975, total=total)
        runs.append((found.participation[0], found.standard_error[0]))
    spread, told = np.std([p for p, _ in runs]), np.mean([e for _, e in runs])
    # The part's own edge is estimated too and the total's as well: the binomial alone is right within a quarter.
    assert told == pytest.approx(spread, rel=0.25)


def test_draws_made_together_count_once():
    pnl = np.random.default_rng(3).normal(size=400)
    twins = Sampling(np.ones(800), np.tile(np.arange(400), 2))
    once = co_tail(pnl[None, :], 0.975)
    twice = co_tail(np.tile(pnl, 2)[None, :], 0.975, sampling=twins)
    assert once.draws == twice.draws == 10


def test_a_part_that_never_moves_is_in_no_tail():
    found = co_tail(np.vstack([np.zeros(1000), np.random.default_rng(1).normal(size=1000)]), 0.975)
    assert found.participation.tolist() == [0.0, pytest.approx(1.0)]


def test_a_tail_without_a_scenario_and_a_total_of_another_length_are_refused():
    with pytest.raises(TailTooThin):
        co_tail(np.ones((1, 20)), 0.975)
    with pytest.raises(ShapeMismatch):
        co_tail(np.ones((1, 100)), 0.975, total=np.ones(99))
