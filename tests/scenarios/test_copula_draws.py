"""Do copula draws keep each factor's own law and tie their extremes together?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import genpareto, kendalltau

from example_moves import panel
from seawall.errors import FactorMissing, InputError
from seawall.history.dependence_copula import fit_copula_dependence
from seawall.history.dynamics import fit_dynamics
from seawall.kernels.paths_margins import fit_pareto, fit_semiparametric
from seawall.scenarios.copula_draws import copula_simulated
from seawall.scenarios.filtered_rule import Sample

PRICES = ["spot:BTC", "spot:ETH"]


def test_pareto_tails_are_found_again_from_their_own_draws() -> None:
    for shape in (0.0, 0.2, 0.4):
        draws = genpareto.rvs(shape, scale=2.0, size=40_000, random_state=np.random.default_rng(2))
        found, scale = fit_pareto(draws)
        # Hosking and Wallis (1987), table 1: an error of about 1.1 / sqrt(N) for the shape.
        assert found == pytest.approx(shape, abs=4 * 1.2 / np.sqrt(40_000))
        assert scale == pytest.approx(2.0, rel=0.04)


def test_the_semi_parametric_law_is_the_sample_inside_and_goes_beyond_it_outside() -> None:
    values = np.random.default_rng(5).standard_t(4, 4000)
    law = fit_semiparametric(values)
    inside = np.linspace(0.06, 0.94, 50)
    assert law.quantile(inside) == pytest.approx(np.quantile(values, inside), abs=0.02)
    assert law.quantile(np.array([1e-6]))[0] < values.min() < law.quantile(np.array([1e-3]))[0]
    upper = genpareto.ppf(1 - 0.01 / law.upper.mass, law.upper.shape, loc=law.upper.threshold, scale=law.upper.scale)
    assert law.quantile(np.array([0.99]))[0] == pytest.approx(upper, rel=1e-12)


@given(st.lists(st.floats(1e-6, 1 - 1e-6), min_size=2, max_size=30), st.integers(0, 50))
def test_quantiles_never_fall_as_probability_rises(places: list[float], seed: int) -> None:
    law = fit_semiparametric(np.random.default_rng(seed).standard_t(3, 300))
    u = np.sort(np.array(places))
    assert (np.diff(law.quantile(u)) >= -1e-12).all()


def test_a_tail_ends_at_three_times_the_largest_excess_seen() -> None:
    values = np.concatenate([np.linspace(-2, 2, 980), np.linspace(2, 3, 19), [30.0]])
    law = fit_semiparametric(values)
    beyond, largest = law.upper.beyond(np.array([0.01, 1e-9])), 30.0 - law.upper.threshold
    assert beyond[0] < 30.0  # within what was seen the fitted law itself
    assert beyond[1] == pytest.approx(law.upper.threshold + 3 * largest)
    assert law.quantile(np.array([1e-300]))[0] >= -(law.lower.threshold + 3 * (2.0 - law.lower.threshold)) - 1e-12


@pytest.mark.parametrize("family", ["student", "gaussian"])
def test_draws_have_each_margin_s_law_and_the_copula_s_order(family: str) -> None:
    dynamics = fit_dynamics(panel(rows=1500).select(PRICES), model="ewma")
    copula = fit_copula_dependence(dynamics, family=family)
    rule = copula_simulated(dynamics, copula, Sample(16384, seed=1))
    z = np.log1p(rule.shocks[:, :2]) / dynamics.following
    for n in range(2):
        residuals = dynamics.standardised.values[:, n]
        for level in (0.02, 0.25, 0.75, 0.98):
            # Half a per cent of probability: the sample's own steps and 16,384 points.
            assert (z[:, n] < np.quantile(residuals, level)).mean() == pytest.approx(level, abs=0.006)
    tau = kendalltau(z[:4000, 0], z[:4000, 1]).statistic
    assert tau == pytest.approx(2 / np.pi * np.arcsin(copula.correlation[0, 1]), abs=0.03)
    assert rule.provenance["family"] == family


def test_heavy_copulas_bring_extremes_together_more_often() -> None:
    dynamics = fit_dynamics(panel(rows=1500).select(PRICES), model="ewma")
    light = fit_copula_dependence(dynamics, family="gaussian")
    heavy = replace(light, family="student", degrees=2.5)
    def joint(copula) -> float:
        shocks = copula_simulated(dynamics, copula, Sample(65536, seed=3)).shocks[:, :2]
        worst = shocks < np.quantile(shocks, 0.005, axis=0)
        return float(worst.all(axis=1).mean())
    assert joint(heavy) > 1.3 * joint(light)


def test_several_days_move_more_than_one_and_keep_their_dependence() -> None:
    dynamics = fit_dynamics(panel(rows=800).select(PRICES), model="ewma")
    copula = fit_copula_dependence(dynamics)
    rules = [copula_simulated(dynamics, copula, Sample(4096, horizon_days=d)) for d in (1, 5)]
    one, five = (np.log1p(rule.shocks[:, :2]) for rule in rules)
    # Five days' variance; persistence one keeps it proportional to time, up to the margins' own mean square.
    assert (five**2).mean(axis=0) / (one**2).mean(axis=0) == pytest.approx([5, 5], rel=0.15)
    assert np.corrcoef(five.T)[0, 1] == pytest.approx(np.corrcoef(one.T)[0, 1], abs=0.05)


def test_a_copula_of_other_factors_and_a_short_history_are_refused() -> None:
    dynamics = fit_dynamics(panel(rows=600).select(PRICES), model="ewma")
    stranger = panel(rows=600).select(["spot:BTC", "volatility:BTC:30d"])
    other = fit_copula_dependence(fit_dynamics(stranger, model="ewma"))
    with pytest.raises(FactorMissing, match="ETH"):
        copula_simulated(dynamics, other, Sample(64))
    with pytest.raises(InputError, match="tail of a margin"):
        fit_semiparametric(np.arange(100.0))
