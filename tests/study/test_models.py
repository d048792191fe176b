"""Does each model draw what its name says?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as parquet
import pytest
from scipy.stats import norm

from example_moves import smile_of_one as history
from seawall.errors import InputError
from seawall.kernels.covariance import ewma_covariance
from seawall.measures.backtest import kupiec
from seawall.measures.density_scores import fz0
from seawall.model.factor import Factor
from seawall.model.panel import Panel
from seawall.study.books import DeltaOne
from seawall.study.models import (
    CopulaStudent,
    EwmaNormal,
    FilteredHistorical,
    GarchStudent,
    Historical,
    ImpliedStudent,
)
from seawall.study.past import past_of
from seawall.study.rolling import Schedule, backtest, forecast


def test_the_normal_model_s_risk_is_its_deviation_times_the_normal_quantile() -> None:
    past = past_of(history(), 320)
    book = DeltaOne("btc", {"spot:BTC": 1.0})
    told = forecast(past, book, EwmaNormal().fit(past).draws(past), Schedule(1))
    deviation = np.sqrt(ewma_covariance(past.last(500).values, 0.94)[0, 0])
    # 2,048 scrambled points, the book's factor the first or second direction: two per cent.
    assert told.value_at_risk == pytest.approx(-np.expm1(norm.ppf(0.01) * deviation), rel=0.02)


def test_filtered_rows_are_the_past_s_residuals_at_the_coming_deviation() -> None:
    past = past_of(history(), 320)
    fitted = FilteredHistorical("ewma", 300, 0.94, "f").fit(past)
    moves, values = fitted.draws(past).moves, past.last(300).values
    following = fitted.volatility.following(past)  # type: ignore[attr-defined]
    before = fitted.volatility.variance(values)[:-1]  # type: ignore[attr-defined]
    assert moves == pytest.approx(values / np.sqrt(before) * following, rel=1e-12)


def test_the_implied_model_s_spot_has_the_implied_deviation() -> None:
    past = past_of(history(), 320)
    moves = ImpliedStudent().fit(past).draws(past).moves
    # 2,048 points of a t with four degrees, whose squares have no variance: a tenth.
    assert moves[:, 0].std() == pytest.approx(past.level("volatility:BTC:30d") / np.sqrt(365), rel=0.1)


@pytest.mark.parametrize("model", [GarchStudent(300), CopulaStudent(300), FilteredHistorical("gjr", 300)])
def test_between_fits_only_the_volatility_moves(model) -> None:  # type: ignore[no-untyped-def]
    fitted = model.fit(past_of(history(), 310))
    one, other = (fitted.draws(past_of(history(), row)).moves for row in (310, 325))
    mean, early, late = (fitted.volatility.mean, *(fitted.volatility.following(past_of(history(), row))
                                                   for row in (310, 325)))
    # Filtered rows: the newest fifteen have joined at the end.
    assert len(other) == len(one) + 15 * isinstance(model, FilteredHistorical)
    alike = np.isclose(other[: len(one)] - mean, (one - mean) * (late / early), rtol=1e-9, atol=1e-12)
    # A row or two whose deviation stood at its floor: the floor itself has moved with the newest moves.
    assert alike.mean() > 0.99


def test_a_price_that_stood_still_makes_no_giant_of_its_next_move() -> None:
    rng = np.random.default_rng(2)
    moves = 0.02 * rng.standard_normal(400)
    moves[100:250] = 0.0
    values = 100 * np.exp(np.cumsum(moves))[:, None]
    dates = np.datetime64("2024-01-01", "ns") + np.arange(400) * np.timedelta64(1, "D")
    past = past_of(Panel(dates, (Factor("spot", "A"),), values), 399)
    drawn = FilteredHistorical("ewma", 390, 0.8, "f").fit(past).draws(past).moves
    assert np.abs(drawn).max() < 0.02 * 10 * 4  # a tenth of the usual deviation at least: forty deviations at most


def test_a_past_too_short_is_refused() -> None:
    past = past_of(history(), 10)
    for model in (Historical(), EwmaNormal(), ImpliedStudent()):
        with pytest.raises(InputError, match="at least 21"):
            model.fit(past)


@pytest.mark.shared_data
def test_filtered_simulation_of_bitcoin_holds_and_beats_the_plain_one_from_2019_on(shared_data: Path) -> None:
    table = parquet.read_table(shared_data / "crypto_daily" / "binance_btc_eth_sol_1d_2017_2025.parquet")
    held = table.filter(pc.equal(table["symbol"], "BTCUSDT"))
    dates = np.array([str(d)[:10] for d in held["date"].to_pylist()], dtype="datetime64[ns]")
    panel = Panel(dates, (Factor("spot", "BTC"),), held["close"].to_numpy()[:, None])
    models = (Historical(None, "all rows"), FilteredHistorical("ewma", 2000, 0.94, "filtered"))
    plain, rescaled = backtest(panel, [DeltaOne("btc", {"spot:BTC": 1.0})], models, Schedule(500, 63))
    assert plain.dates[0] == np.datetime64("2018-12-31")
    assert kupiec(rescaled.pnl < -rescaled.value_at_risk, 0.99).p_value > 0.05
    scores = [fz0(run.pnl, run.edge, run.expected_shortfall, 0.975).mean() for run in (plain, rescaled)]
    assert scores[1] < scores[0]
    assert rescaled.expected_shortfall.mean() < plain.expected_shortfall.mean()
