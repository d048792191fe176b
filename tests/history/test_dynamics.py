"""Fitted volatility filters: published parameters, named repairs, and life without the fitting library."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from arch.data import sp500
from hypothesis import given
from hypothesis import strategies as st

from history.moved_panels import clustered_moves, common_moves, panel_of_moves
from seawall.errors import ExtraMissing, FactorMissing, InputError
from seawall.history.dynamics import Margin, fit_dynamics, refilter
from seawall.history.dynamics_jumps import LEAST_INTENSITY, LEAST_SIZE, fit_jumps
from seawall.history.dynamics_moves import Moves, moves_of
from seawall.kernels.garch import simulated_moves
from seawall.model.factor import Factor

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("model", ["garch", "gjr"])
def test_the_fit_to_the_index_is_the_published_one(vectors: Path, model: str) -> None:
    case = json.loads((vectors / "quant" / "arch_sp500_garch.json").read_text())
    closes = sp500.load()["Adj Close"]
    values = (closes.pct_change().dropna() * 100).to_numpy()[:, None]
    moves = Moves(closes.index[1:].to_numpy(), (Factor("spot", "SPX"),), values, 252.0, "S&P 500")
    margin = fit_dynamics(moves, model=model, law="normal").margins[0]
    wanted, likelihood = case["expected"][model], case["expected"]["LL" if model == "garch" else "LL_gjr"]
    found = {"mu": margin.mean, "omega": margin.omega, "alpha[1]": margin.alpha, "beta[1]": margin.beta,
             "gamma[1]": margin.gamma}
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=case["tolerance"])
    assert margin.log_likelihood == pytest.approx(likelihood, abs=case["tolerance"] * 5)
    assert margin.repairs == ()


def test_residuals_times_volatility_are_the_moves_again() -> None:
    moves = clustered_moves(1, 600, 3)
    found = fit_dynamics(panel_of_moves(moves, ("spot:A", "spot:B", "spot:C")))
    assert np.allclose(found.standardised.values * found.volatility + found.mean, moves, rtol=1e-9, atol=1e-12)
    assert found.standardised.values.std(axis=0) == pytest.approx([1, 1, 1], abs=0.1)
    assert [m.model for m in found.margins] == ["gjr"] * 3
    assert all(m.degrees > 2 for m in found.margins)
    # Squared residuals no longer follow each other as squared moves do.
    before, after = (np.corrcoef(x[1:, 0] ** 2, x[:-1, 0] ** 2)[0, 1] for x in (moves, found.standardised.values))
    assert abs(after) < max(abs(before), 0.1)


def test_the_forecast_starts_at_the_next_row_and_calm_weeks_do_not_lower_the_prudent_level() -> None:
    moves = clustered_moves(2, 600, 2)
    moves[-60:] *= 0.05
    found = fit_dynamics(panel_of_moves(moves, ("spot:A", "spot:B")))
    assert np.allclose(found.forecast(5)[0], found.following**2, rtol=1e-12)
    assert (found.following < 0.7 * moves.std(axis=0)).all()
    assert found.prudent == pytest.approx(moves.std(axis=0), rel=1e-9)
    moves[-3:] = -0.2
    stirred = fit_dynamics(panel_of_moves(moves, ("spot:A", "spot:B")), model="ewma")
    assert np.array_equal(stirred.prudent, stirred.following)


def test_fitted_margins_are_plain_data_that_filters_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = panel_of_moves(clustered_moves(3, 400, 2), ("spot:A", "spot:B"))
    fitted = fit_dynamics(panel)
    written = msgspec.json.encode([msgspec.structs.replace(m, degrees=min(m.degrees, 1e9)) for m in fitted.margins])
    # Python's own way of saying that a module is not there.
    monkeypatch.setitem(sys.modules, "arch", None)
    again = refilter(msgspec.json.decode(written, type=list[Margin]), panel)
    assert np.array_equal(again.variance, fitted.variance)
    draws = again.standardised.values[-5:][None]
    assert np.isfinite(simulated_moves(draws, again.mean, again.following**2, again.recursions)).all()
    with pytest.raises(ExtraMissing, match=r"pip install 'seawall\[statistics\]'"):
        fit_dynamics(panel)


def test_filters_run_over_a_longer_history_without_changing_what_was_seen() -> None:
    moves = clustered_moves(4, 500, 2)
    early = fit_dynamics(panel_of_moves(moves[:400], ("spot:A", "spot:B")))
    late = refilter(early.margins, panel_of_moves(moves, ("spot:A", "spot:B")))
    assert np.allclose(late.variance[:401], early.variance, rtol=1e-9)


def test_filters_and_moves_must_name_the_same_factors() -> None:
    panel = panel_of_moves(clustered_moves(4, 300, 2), ("spot:A", "volatility:A:30d"))
    fitted = fit_dynamics(panel, model="ewma")
    swapped = panel_of_moves(clustered_moves(4, 300, 2)[:, ::-1], ("volatility:A:30d", "spot:A"))
    assert [m.factor for m in refilter(fitted.margins, swapped).margins] == ["volatility:A:30d", "spot:A"]
    foreign = panel_of_moves(clustered_moves(4, 300, 2), ("spot:A", "volatility:A:7d"))
    with pytest.raises(FactorMissing, match=r"volatility:A:7d.*found volatility:A:30d"):
        refilter(fitted.margins, foreign)
    wider = panel_of_moves(clustered_moves(4, 300, 1), ("spot:A",))
    with pytest.raises(FactorMissing, match="volatility:A:30d"):
        refilter(fitted.margins, wider)


def test_a_short_history_is_smoothed_and_says_so() -> None:
    moves = clustered_moves(5, 400, 2)
    moves[:250, 1] = np.nan
    found = fit_dynamics(panel_of_moves(moves, ("spot:OLD", "spot:NEW")))
    assert [m.model for m in found.margins] == ["gjr", "ewma"]
    told = [(r.what, r.amount) for r in found.repairs]
    assert told == [("moves missing; each counts as its expectation", 251.0),
                    ("too short for gjr, smoothed by 0.94 instead; moves there were", 149.0)]
    assert np.isnan(found.standardised.values[:251, 1]).all()
    assert np.isfinite(found.following).all()
    moves[:385, 1] = np.nan
    with pytest.raises(InputError, match="spot:NEW 14"):
        fit_dynamics(panel_of_moves(moves, ("spot:OLD", "spot:NEW")))


def test_a_likelihood_without_an_optimum_ends_in_smoothing_and_says_so() -> None:
    moves = np.r_[np.zeros(250), np.random.default_rng(0).normal(size=50)][:, None]
    found = fit_dynamics(panel_of_moves(moves, ("rate:USD:90d",)), model="garch")
    assert found.margins[0].model == "ewma"
    assert found.repairs[0].what.startswith("garch found no optimum (optimiser's flag")
    assert (found.repairs[0].amount, found.repairs[0].unit) == (0.94, "decay a row")


def test_a_bound_that_the_optimiser_missed_by_rounding_still_filters() -> None:
    # All variance in the last move: arch answers with a gamma of minus 1e-8 beside an alpha of zero.
    moves = Moves(np.datetime64("2024-01-01") + np.arange(300), (Factor("rate", "USD"),),
                  np.r_[np.full(299, 1e-9), 1.0][:, None], 365.0, "one move")
    found = fit_dynamics(moves, law="normal")
    assert found.margins[0].model == "gjr"
    assert np.isfinite(found.following).all()
    assert found.margins[0].alpha + found.margins[0].gamma >= 0


def test_a_factor_that_never_moved_has_no_filter() -> None:
    moves = np.column_stack([clustered_moves(1, 300, 1), np.zeros(300)])
    with pytest.raises(InputError, match="never moved: rate:USD"):
        fit_dynamics(panel_of_moves(moves, ("spot:A", "rate:USD")), model="ewma")


def test_a_pegged_coin_is_filtered_by_its_jumps_so_that_no_residual_explodes() -> None:
    rng = np.random.default_rng(6)
    moves = np.column_stack([common_moves(6, 500, 1)[:, 0], rng.normal(size=500) * 1e-4])
    moves[400, 1], moves[402, 1] = -0.12, 0.115
    found = fit_dynamics(panel_of_moves(moves, ("spot:BTC", "spot:USDC")), model="ewma")
    assert [m.model for m in found.margins] == ["ewma", "jump"]
    assert (found.variance[:, 1] == found.variance[0, 1]).all()
    # Smoothed at its quiet deviation, the depeg would be a residual of about a thousand.
    assert np.abs(found.standardised.values[:, 1]).max() < 20
    assert found.repairs[0].factor == "spot:USDC"


def test_jumps_are_counted_sized_and_pooled_with_one_unseen_fall() -> None:
    moves = np.random.default_rng(1).normal(size=730) * 2e-4
    moves[[100, 102]] = -0.12, 0.11
    found = fit_jumps("spot:USDC", moves, 365.0)
    assert found.observed == 2
    assert found.intensity == pytest.approx(2.5 / 2)
    assert found.mean == pytest.approx((-0.12 + 0.11 - 0.1) / 3)
    assert found.mean**2 + found.deviation**2 == pytest.approx((0.12**2 + 0.11**2 + 0.1**2) / 3)
    assert found.quiet == pytest.approx(2e-4, rel=0.1)
    assert found.floored == 0.0


@given(SEEDS, st.integers(20, 20_000), st.floats(1e-7, 5e-4))
def test_no_history_however_long_or_calm_takes_the_jump_variance_below_its_floor(
    seed: int, rows: int, quiet: float
) -> None:
    moves = np.random.default_rng(seed).normal(size=rows) * quiet
    found = fit_jumps("peg:USDC", moves, 365.0)
    jumps = found.intensity * (found.mean**2 + found.deviation**2)
    assert jumps >= LEAST_INTENSITY * LEAST_SIZE**2 * (1 - 1e-12)
    assert found.variance * 365 >= jumps


def test_drawn_jumps_have_the_models_mean_variance_and_frequency() -> None:
    found = fit_jumps("peg:X", np.r_[np.zeros(300) + 1e-4, -1e-4 * np.ones(300), [-0.2] * 10], 365.0)
    draws = found.draws(np.random.default_rng(2).uniform(1e-12, 1, (400_000, 3)))
    rate = found.intensity / 365
    assert (np.abs(draws) > 0.01).mean() == pytest.approx(-math.expm1(-rate), rel=0.1)
    assert draws.mean() == pytest.approx(rate * found.mean, rel=0.1)
    # The mean is not taken off a jump: variance about zero is that of the model to first order in the rate.
    assert (draws**2).mean() == pytest.approx(found.variance + (rate * found.mean) ** 2, rel=0.1)


def test_pegs_and_quiet_prices_jump_and_the_rest_do_not() -> None:
    rng = np.random.default_rng(7)
    moves = np.column_stack([common_moves(7, 400, 2), rng.normal(size=(400, 3)) * 1e-4])
    keys = ("spot:BTC", "peg:STETH", "spot:USDC", "rate:USD:90d", "volatility:BTC:30d")
    found = fit_dynamics(panel_of_moves(moves, keys), model="ewma")
    assert [m.model for m in found.margins] == ["ewma", "jump", "jump", "ewma", "jump"]


def test_words_that_mean_no_model_are_refused() -> None:
    panel = panel_of_moves(common_moves(1, 50, 1), ("spot:A",))
    with pytest.raises(InputError, match="aparch"):
        fit_dynamics(panel, model="aparch")
    with pytest.raises(InputError, match="cauchy"):
        fit_dynamics(panel, law="cauchy")


def test_moves_span_gaps_only_when_asked() -> None:
    moves = np.full((6, 1), 0.01)
    moves[2] = np.nan
    panel = panel_of_moves(moves, ("spot:A",))
    assert np.isfinite(moves_of(panel).values[:, 0]).tolist() == [True, True, False, False, True, True]
    spanning = moves_of(panel, over_gaps=True).values[:, 0]
    assert np.isfinite(spanning).tolist() == [True, True, False, True, True, True]
    assert spanning[3] == pytest.approx(0.01)
