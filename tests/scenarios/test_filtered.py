"""Do filtered scenarios keep each date's joint move, at the volatility of the day to come?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from example_moves import ROWS, panel
from seawall.errors import InputError, ShapeMismatch
from seawall.history.dynamics import fit_dynamics, refilter
from seawall.scenarios.filtered import filtered, filtered_paths, recorrelated
from seawall.scenarios.filtered_rule import Sample


def test_each_row_is_its_date_s_joint_move_times_today_s_over_that_day_s_volatility() -> None:
    history = panel()
    dynamics = fit_dynamics(history, model="ewma")
    rule = filtered(dynamics)
    place = list(rule.labels).index("2024-03-01")
    row = int((history.dates[1:] < np.datetime64("2024-03-01")).sum())
    # By hand: the move of that date, factor by factor, times the ratio of deviations.
    ratio = dynamics.following / dynamics.volatility[row]
    move = np.log(history.values[row + 1, :3] / history.values[row, :3])
    assert rule.shocks[place, :3] == pytest.approx(np.expm1(move * ratio[:3]), abs=1e-7)
    change = history.values[row + 1, 3] - history.values[row, 3]
    assert rule.shocks[place, 3] == pytest.approx(change * ratio[3], abs=1e-7)
    assert [c.how for c in rule.columns[:4]] == ["relative"] * 3 + ["absolute"]
    assert rule.columns[2].tenor_days == 30.0
    assert len(rule) == ROWS - 1
    assert rule.provenance["history_rows"] == str(ROWS - 1)


def test_a_history_that_was_calm_is_rescaled_to_a_stormy_today() -> None:
    rule = filtered(fit_dynamics(panel(), model="ewma"))
    calm = rule.shocks[: ROWS // 2 - 1, 0].std()
    assert calm == pytest.approx(0.04, rel=0.35)  # an exponential filter forgets within 32 rows: a fifth of noise


def test_a_date_is_never_torn_apart_by_drawing_rows() -> None:
    dynamics = fit_dynamics(panel(), model="ewma")
    whole = {tuple(row) for row in filtered(dynamics).shocks[:, :4]}
    drawn = filtered_paths(dynamics, Sample(256, seed=2))
    assert {tuple(row) for row in drawn.shocks[:, :4]} <= whole
    other = filtered_paths(dynamics, Sample(300, seed=2, low_discrepancy=False))
    assert {tuple(row) for row in other.shocks[:, :4]} <= whole


def test_several_days_iterate_the_filter_as_an_obvious_loop_does() -> None:
    dynamics = fit_dynamics(panel(), model="ewma")
    sample = Sample(64, seed=5, horizon_days=3)
    rule = filtered_paths(dynamics, sample)
    residuals = dynamics.standardised.values
    scores = (residuals - residuals.mean(axis=0)) @ _first_direction(residuals)
    order = np.argsort(scores, kind="stable")
    rows = order[(sample.uniforms(3) * len(order)).astype(int)]
    for s in range(64):
        total, variance = np.zeros(4), np.array(dynamics.variance[-1])
        for day in range(3):
            move = np.sqrt(variance) * residuals[rows[s, day]]
            total += move
            variance = 0.06 * move**2 + 0.94 * variance
        assert rule.shocks[s, :2] == pytest.approx(np.expm1(total[:2]), abs=1.1e-7)
    assert rule.horizon_days == 3.0
    assert rule.ages[0] == pytest.approx(3 / 365)


def _first_direction(residuals: np.ndarray) -> np.ndarray:
    vector = np.linalg.eigh(np.cov(residuals.T, bias=True))[1][:, -1]
    return vector * np.sign(vector[np.abs(vector).argmax()])


def test_volatility_clusters_make_long_horizons_fatter_than_the_root_of_time_says() -> None:
    # Two days of GARCH: the kurtosis of the sum exceeds that of a sum of independent rows.
    dynamics = fit_dynamics(panel(rows=300), model="ewma", decay=0.8)
    rule = filtered_paths(dynamics, Sample(16384, seed=3, horizon_days=10))
    total = np.log1p(rule.shocks[:, 0])
    independent = dynamics.standardised.values[:, 0]
    kurtosis = ((total - total.mean()) ** 4).mean() / total.var() ** 2
    own = ((independent - independent.mean()) ** 4).mean() / independent.var() ** 2
    assert kurtosis > 3 + (own - 3) / 10 + 0.5


def test_low_discrepancy_rows_know_the_mean_better_than_random_ones() -> None:
    dynamics = fit_dynamics(panel(), model="ewma")
    def spread(low: bool) -> float:
        means = [filtered_paths(dynamics, Sample(256, seed=s, low_discrepancy=low, horizon_days=2)).shocks[:, 0].mean()
                 for s in range(24)]
        return float(np.var(means))
    assert spread(True) < spread(False) / 5


@settings(max_examples=15)
@given(st.floats(-0.8, 0.8))
def test_recorrelated_residuals_have_the_correlation_asked_for_and_keep_their_deviations(rho: float) -> None:
    residuals = np.random.default_rng(3).standard_normal((500, 2)) @ np.array([[1.0, 0.5], [0.0, 0.9]])
    wanted = np.array([[1.0, rho], [rho, 1.0]])
    moment = recorrelated(residuals, wanted)
    second = moment.T @ moment / 500
    assert second[0, 1] / np.sqrt(second[0, 0] * second[1, 1]) == pytest.approx(rho, abs=1e-9)
    assert np.diag(second) == pytest.approx((residuals**2).mean(axis=0), rel=1e-9)


def test_a_correlation_of_the_day_to_come_reaches_the_rule() -> None:
    dynamics = fit_dynamics(panel().select(["spot:BTC", "spot:ETH"]), model="ewma")
    turned = filtered(dynamics, correlation=np.array([[1.0, -0.9], [-0.9, 1.0]]))
    assert np.corrcoef(turned.shocks[:, :2].T)[0, 1] < -0.85
    assert "correlation" in turned.provenance
    with pytest.raises(ShapeMismatch, match="turn residuals"):
        filtered(dynamics, correlation=np.eye(3))


def test_a_stablecoin_without_a_jump_in_its_history_still_jumps() -> None:
    dynamics = fit_dynamics(panel(coin=True), model="ewma")
    rule = filtered_paths(dynamics, Sample(16384, seed=1))
    coin = rule.shocks[:, 4]
    assert (coin < -0.05).any()
    assert np.abs(np.quantile(coin, 0.01)) < 1e-3


def test_the_rule_is_named_by_what_made_it_and_by_its_seed() -> None:
    dynamics = fit_dynamics(panel(), model="ewma")
    again = refilter(dynamics.margins, dynamics.moves)
    assert filtered(dynamics).rule_id == filtered(again).rule_id
    ids = {filtered_paths(dynamics, Sample(64, seed=s)).rule_id for s in (1, 1, 2)}
    assert len(ids) == 2


def test_numbers_of_points_that_lose_the_balance_are_refused() -> None:
    dynamics = fit_dynamics(panel(), model="ewma")
    with pytest.raises(InputError, match="power of two"):
        filtered_paths(dynamics, Sample(1000))
    with pytest.raises(InputError, match="one or more"):
        filtered_paths(dynamics, Sample(1024, horizon_days=0))
