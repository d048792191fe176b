"""Dynamic correlation, copulas, crises and diagnostics, by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.moved_panels import clustered_moves, common_moves, panel_of_moves
from seawall.errors import FactorMissing, InputError
from seawall.history.dependence import estimate_dependence
from seawall.history.dependence_copula import fit_copula_dependence
from seawall.history.dependence_diagnostics import breakdown, noise
from seawall.history.dependence_dynamic import fit_dynamic_correlation
from seawall.history.dependence_stress import Crisis, everything_falls, given_matrix, in_blocks, opposed, stressed
from seawall.history.dynamics import fit_dynamics
from seawall.kernels.correlation_dcc import dcc_next

SEEDS = st.integers(0, 2**32 - 1)
KEYS = ("spot:BTC", "spot:ETH", "volatility:BTC:30d", "volatility:ETH:30d")


def names(count: int) -> list[str]:
    return [f"spot:C{n}" for n in range(count)]


def test_few_factors_take_the_joint_likelihood_and_many_the_shrunk_target() -> None:
    few = fit_dynamic_correlation(fit_dynamics(panel_of_moves(clustered_moves(1, 400, 3), names(3)), model="ewma"))
    many = fit_dynamic_correlation(fit_dynamics(panel_of_moves(clustered_moves(1, 400, 25), names(25)), model="ewma"))
    assert few.method == "DCC"
    assert few.repairs == ()
    assert many.method == "DCC-NL"
    assert many.repairs[0].what == "long-run correlation shrunk from its sample"
    assert many.repairs[0].amount > 0.1
    for found in (few, many):
        assert found.likelihood_gain >= 0
        assert found.a + found.b < 1
        assert np.linalg.eigvalsh(found.following)[0] >= -1e-12
        assert found.effective <= found.observations


def turning_moves(seed: int, rows: int) -> np.ndarray:
    """Three factors whose correlation turns slowly from 0.9 to -0.3 and back, ending high."""
    rng = np.random.default_rng(seed)
    rho = 0.3 + 0.6 * np.cos(2 * np.pi * np.arange(rows) / (rows / 3))
    draws = rng.normal(size=(rows, 3))
    draws[:, 1] = rho * draws[:, 0] + np.sqrt(1 - rho**2) * draws[:, 1]
    return 0.02 * draws


def test_the_dynamic_covariance_has_the_forecast_deviations_and_correlation() -> None:
    dynamics = fit_dynamics(panel_of_moves(turning_moves(2, 900), names(3)), model="ewma")
    found = fit_dynamic_correlation(dynamics)
    assert found.a > 0.01
    assert found.following[0, 1] > found.target[0, 1] + 0.2
    following = found.dependence()
    assert following.deviation == pytest.approx(dynamics.following, rel=1e-12)
    wanted = dcc_next(dynamics.standardised.values, found.target, found.a, found.b)
    assert np.allclose(following.correlation, wanted, rtol=0, atol=1e-12)
    later = found.dependence(rows=11)
    fade = (found.a + found.b) ** 10
    assert np.allclose(later.correlation - found.target, fade * (wanted - found.target), rtol=0, atol=1e-12)
    assert following.parameters["a"] == found.a
    assert following.observations == 900
    assert np.array_equal(following.select(["spot:C2"]).covariance, following.covariance[2:, 2:])


def test_dynamic_correlation_needs_a_year_and_says_what_it_left_out() -> None:
    moves = clustered_moves(3, 500, 3)
    moves[:100, 1] = np.nan
    found = fit_dynamic_correlation(fit_dynamics(panel_of_moves(moves, names(3)), model="ewma"))
    assert found.observations == 399
    assert [(r.factor, r.amount) for r in found.repairs] == [("spot:C1", 101.0)]
    moves[:300, 1] = np.nan
    with pytest.raises(InputError, match="199 whole rows"):
        fit_dynamic_correlation(fit_dynamics(panel_of_moves(moves, names(3)), model="ewma"))


def test_a_copula_of_residuals_tells_its_tails_and_draws_by_them() -> None:
    dynamics = fit_dynamics(panel_of_moves(clustered_moves(4, 1500, 3), names(3)))
    found = fit_copula_dependence(dynamics)
    # Made from a joint t of five degrees around correlations of a half.
    assert found.degrees == pytest.approx(5, rel=0.35)
    assert found.correlation[0, 1] == pytest.approx(0.5, abs=0.07)
    assert found.heavy_tail_gain > 20
    assert found.tail_of("spot:C0", "spot:C2") == pytest.approx(found.tail_dependence[0, 2])
    assert 0.1 < found.tail_of("spot:C0", "spot:C2") < 0.35
    drawn = found.draws(np.random.default_rng(1).uniform(1e-12, 1 - 1e-12, (100, 4)))
    assert drawn.shape == (100, 3)
    gaussian = fit_copula_dependence(dynamics, family="gaussian")
    assert np.array_equal(gaussian.tail_dependence, np.eye(3))
    assert gaussian.heavy_tail_gain == 0.0
    assert np.array_equal(gaussian.correlation, found.correlation)
    with pytest.raises(FactorMissing, match="spot:C9"):
        found.tail_of("spot:C0", "spot:C9")


def test_independent_factors_show_no_tail_dependence_and_the_bound_is_told() -> None:
    rng = np.random.default_rng(3)
    found = fit_copula_dependence(panel_of_moves(rng.normal(size=(800, 2)) * 0.02, names(2)))
    assert found.tail_of("spot:C0", "spot:C1") < 0.01
    assert found.degrees > 190
    assert found.repairs[-1].what.startswith("no tail dependence seen")


def test_a_copula_of_too_few_rows_or_of_no_family_is_refused() -> None:
    panel = panel_of_moves(common_moves(1, 99, 2), names(2))
    with pytest.raises(InputError, match="spot:C0 99"):
        fit_copula_dependence(panel)
    with pytest.raises(InputError, match="clayton"):
        fit_copula_dependence(panel, family="clayton")


def crises() -> list[Crisis]:
    return [
        everything_falls(KEYS),
        opposed({"spot:BTC": 1, "spot:ETH": 1, "volatility:BTC:30d": -1, "volatility:ETH:30d": -1}),
        in_blocks(dict(zip(KEYS, ("spot", "spot", "smile", "smile"), strict=True)), {("spot", "smile"): -0.8}),
        given_matrix(KEYS, np.full((4, 4), 0.9) + 0.1 * np.eye(4)),
    ]


@settings(max_examples=25)
@given(SEEDS, st.floats(0, 1), st.integers(0, 3))
def test_every_stressed_dependence_stays_semidefinite_and_says_how_far_it_bent(
    seed: int, weight: float, kind: int
) -> None:
    today = estimate_dependence(panel_of_moves(common_moves(seed, 60, 4), KEYS))
    found = stressed(today, crises()[kind], weight, volatility=1.5)
    assert np.linalg.eigvalsh(found.correlation)[0] >= -1e-12
    assert found.deviation == pytest.approx(today.deviation * 1.5, rel=1e-12)
    bent = np.linalg.norm(found.correlation - today.correlation)
    assert found.repairs[-1].amount == pytest.approx(bent, abs=1e-9)
    assert found.parameters["crisis_weight"] == weight
    assert found.method == "qis, stressed"


def test_a_crisis_is_laid_on_by_name_whatever_its_order() -> None:
    today = estimate_dependence(panel_of_moves(common_moves(1, 60, 4), KEYS))
    signs = {"volatility:BTC:30d": -1, "spot:ETH": 1, "volatility:ETH:30d": -1, "spot:BTC": 1}
    found = stressed(today, opposed(signs), 1.0)
    assert found.correlation[0].tolist() == pytest.approx([1.0, 1.0, -1.0, -1.0])
    with pytest.raises(FactorMissing, match=r"volatility:ETH:30d.*found volatility:ETH:7d instead"):
        stressed(today, everything_falls((*KEYS[:3], "volatility:ETH:7d")), 0.5)
    with pytest.raises(FactorMissing, match="spot:SOL"):
        stressed(today, everything_falls((*KEYS, "spot:SOL")), 0.5)
    with pytest.raises(InputError, match="more than 0"):
        stressed(today, everything_falls(KEYS), 0.5, volatility=0.0)


def test_a_given_matrix_is_refused_or_repaired_with_its_distance() -> None:
    chain = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    with pytest.raises(InputError, match="positive semi-definite"):
        given_matrix(KEYS[:3], chain)
    crisis = given_matrix(KEYS[:3], chain, repair=True)
    assert crisis.distance == pytest.approx(0.5278, abs=5e-5)
    today = estimate_dependence(panel_of_moves(common_moves(1, 60, 3), KEYS[:3]))
    told = stressed(today, crisis, 0.5).repairs[-1]
    assert (told.what, told.amount) == ("crisis matrix moved to the nearest correlation", crisis.distance)


def test_blocks_that_nobody_is_in_are_refused() -> None:
    with pytest.raises(InputError, match="bonds"):
        in_blocks({"spot:BTC": "coins"}, {("coins", "bonds"): 0.2})


def test_pure_noise_has_no_signal_and_one_common_factor_has_one() -> None:
    rng = np.random.default_rng(1)
    silent = noise(estimate_dependence(panel_of_moves(rng.normal(size=(400, 40)) * 0.02, names(40)), method="sample"))
    # Tracy-Widom: the largest noise eigenvalue passes the edge by a few percent at times, seldom twice.
    assert silent.signals <= 1
    market = noise(estimate_dependence(panel_of_moves(common_moves(1, 400, 40), names(40)), method="sample"))
    assert market.signals == 1
    assert market.explained > 0.4
    assert market.distance > 0
    with pytest.raises(InputError, match="qis"):
        noise(estimate_dependence(panel_of_moves(common_moves(1, 400, 4), names(4)), method="qis"))


def test_a_breakdown_that_selection_explains_is_told_from_one_that_it_does_not() -> None:
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(200_000, 2)) @ np.linalg.cholesky(np.array([[1.0, 0.5], [0.5, 1.0]])).T
    same = breakdown(draws[:, 0], draws[:, 1], 2.0)
    assert same.overall == pytest.approx(0.5, abs=0.01)
    # Nine thousand rows beyond two deviations: standard error 0.004.
    assert same.measured == pytest.approx(same.expected, abs=0.02)
    assert same.measured == pytest.approx(0.811, abs=0.02)
    crash = draws.copy()
    crash[np.abs(draws[:, 0]) > 2, 1] = draws[np.abs(draws[:, 0]) > 2, 0]
    broken = breakdown(crash[:, 0], crash[:, 1], 2.0)
    assert broken.measured > broken.expected + 0.1
    with pytest.raises(InputError, match="at least 10"):
        breakdown(draws[:50, 0], draws[:50, 1], 3.0)
