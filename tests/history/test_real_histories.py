"""Real price files with known dirt: each trap is met, each crash survives."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from seawall.errors import FileProblem
from seawall.formats.history import HistoryOptions, read_history
from seawall.history.covariance import covariance
from seawall.model.panel import Panel

pytestmark = pytest.mark.shared_data


def level(panel: Panel, factor: str, day: str) -> float:
    """The level on one day, NaN if the panel has none."""
    row = np.flatnonzero(panel.dates == np.datetime64(day, "ns"))
    column = [f.key for f in panel.factors].index(factor)
    return float(panel.values[row[0], column]) if len(row) else float("nan")


def move(panel: Panel, factor: str, before: str, after: str) -> float:
    return level(panel, factor, after) / level(panel, factor, before) - 1


def gaps(panel: Panel, reason: str) -> list[tuple[str, str, int]]:
    return [(gap.series, gap.first, gap.count) for gap in panel.gaps if reason in gap.reason]


@pytest.fixture(scope="module")
def equities(shared_data: Path) -> Panel:
    return read_history(shared_data / "lean_daily/us_equities_daily.parquet")


@pytest.fixture(scope="module")
def adjusted(shared_data: Path) -> Panel:
    return read_history(shared_data / "lean_daily/us_equities_daily.parquet",
                        splits=shared_data / "lean_daily/us_equities_factor_files.csv")


@pytest.fixture(scope="module")
def coins(shared_data: Path) -> Panel:
    return read_history(shared_data / "crypto_daily/binance_spot_1d_2017_2022.parquet")


def test_luna_s_name_is_cut_where_another_coin_took_it(coins: Panel) -> None:
    assert level(coins, "spot:LUNAUSDT", "2022-05-13") == 0.00005
    assert np.isnan(level(coins, "spot:LUNAUSDT", "2022-05-31"))
    assert level(coins, "spot:LUNAUSDT@2022-05-31", "2022-05-31") == 8.87
    assert gaps(coins, "name used again") == [("spot:LUNAUSDT", "2022-05-13", 17)]
    with np.errstate(invalid="ignore"):
        moves = coins.values[1:] / coins.values[:-1] - 1
    assert np.nanmax(moves) == pytest.approx(1.5715, abs=1e-3)  # MANA, 30 October 2021: real


def test_luna_s_fall_and_mana_s_leap_stay(coins: Panel) -> None:
    assert move(coins, "spot:LUNAUSDT", "2022-05-11", "2022-05-12") == pytest.approx(-0.9997, abs=1e-4)
    assert move(coins, "spot:MANAUSDT", "2021-10-29", "2021-10-30") == pytest.approx(1.57, abs=0.01)


def test_candles_cut_at_midday_are_found_by_the_next_open(shared_data: Path, coins: Panel) -> None:
    """An independent download of the same closes tells which ones were cut: all are found, few others."""
    names = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    truth = read_history(shared_data / "crypto_daily/binance_btc_eth_sol_1d_2017_2025.parquet")
    raw = pq.read_table(shared_data / "crypto_daily/binance_spot_1d_2017_2022.parquet").to_pylist()
    true = {(row["symbol"], np.datetime64(row["date"], "D")): row["close"] for row in raw if row["symbol"] in names}
    cut = {key for key, close in true.items()
           if abs(close / level(truth, f"spot:{key[0]}", str(key[1])) - 1) > 1e-6}
    assert len(cut) == 25
    dropped = {key for key in true if np.isnan(level(coins, f"spot:{key[0]}", str(key[1])))}
    assert cut <= dropped
    assert len(dropped - cut) <= 6  # of 4,172: rough opens of 2017 and 2018
    clean = sum(count for _, _, count in gaps(truth, "candle"))
    assert clean <= 6  # of 8,087


def test_the_unfinished_last_candle_is_dropped(coins: Panel) -> None:
    assert np.isnan(level(coins, "spot:BTCUSDT", "2022-06-05"))


def test_partial_days_are_dropped_by_their_hours(shared_data: Path) -> None:
    panel = read_history(shared_data / "crypto_daily/binance_usdm_perp_33coins_1d_2023_2026.parquet")
    assert sum(count for _, _, count in gaps(panel, "partial day")) == 44
    assert str(panel.dates[-1])[:10] == "2026-03-24"


def test_splits_that_look_like_crashes_are_flagged_and_real_crashes_are_not(equities: Panel) -> None:
    flagged = {(series, day) for series, day, _ in gaps(equities, "looks like a split")}
    assert flagged == {
        ("spot:AAPL", "2000-06-21"), ("spot:AAPL", "2005-02-28"), ("spot:AAPL", "2014-06-09"),
        ("spot:AAPL", "2020-08-31"), ("spot:BAC", "2004-08-30"), ("spot:BNO", "2013-08-29"), ("spot:EEM", "2005-06-09"),
        ("spot:EEM", "2008-07-24"), ("spot:GOOG", "2014-04-03"), ("spot:IBM", "1999-05-27"), ("spot:IWM", "2005-06-09"),
        ("spot:QQQ@1999-03-10", "2000-03-20"), ("spot:USO", "2020-04-29"),
    }
    # AIG, 15 September 2008, and Apple's profit warning are crashes; nothing is changed either way.
    assert move(equities, "spot:AIG", "2008-09-12", "2008-09-15") == pytest.approx(-0.58, abs=0.01)
    assert move(equities, "spot:AAPL", "2000-09-28", "2000-09-29") == pytest.approx(-0.5165, abs=1e-3)
    assert move(equities, "spot:AAPL", "2014-06-06", "2014-06-09") == pytest.approx(-0.855, abs=0.001)


def test_the_factor_file_takes_splits_out_and_leaves_crashes_in(adjusted: Panel) -> None:
    assert abs(move(adjusted, "spot:AAPL", "2014-06-06", "2014-06-09")) < 0.02
    assert abs(move(adjusted, "spot:AAPL", "2020-08-28", "2020-08-31")) < 0.04
    assert abs(move(adjusted, "spot:USO", "2020-04-28", "2020-04-29")) < 0.07
    assert move(adjusted, "spot:AIG", "2009-06-30", "2009-07-01") == pytest.approx(-0.20, abs=0.001)  # 16 / 20 - 1
    assert move(adjusted, "spot:AIG", "2008-09-12", "2008-09-15") == pytest.approx(-0.58, abs=0.01)
    assert move(adjusted, "spot:AIG", "2009-03-13", "2009-03-16") == pytest.approx(0.59, abs=0.01)
    assert move(adjusted, "spot:AAPL", "2000-09-28", "2000-09-29") == pytest.approx(-0.5165, abs=1e-3)
    left = {(series, day) for series, day, _ in gaps(adjusted, "looks like a split")}
    assert left == {("spot:GOOG", "2014-04-03")}  # a new share class, which the factor file does not divide


def test_repair_without_a_file_mends_the_sure_splits_and_no_crash(shared_data: Path, adjusted: Panel) -> None:
    panel = read_history(shared_data / "lean_daily/us_equities_daily.parquet",
                         options=HistoryOptions(repair_splits=True))
    for split in (("2014-06-06", "2014-06-09"), ("2020-08-28", "2020-08-31"), ("2005-02-25", "2005-02-28")):
        assert move(panel, "spot:AAPL", *split) == pytest.approx(move(adjusted, "spot:AAPL", *split), abs=0.001)
    for crash in (("spot:AIG", "2008-09-12", "2008-09-15"), ("spot:AAPL", "2000-09-28", "2000-09-29")):
        assert move(panel, *crash) < -0.5


def test_the_reopening_after_september_2001_is_one_move(equities: Panel) -> None:
    spy = equities.values[:, [f.key for f in equities.factors].index("spot:SPY")]
    row = int(np.flatnonzero(equities.dates == np.datetime64("2001-09-17", "ns"))[0])
    assert spy[row] / spy[row - 1] - 1 == pytest.approx(-0.052, abs=0.003)
    assert ("spot:SPY", "2001-09-11", 4) in gaps(equities, "no rows")


def test_reused_tickers_are_cut(equities: Panel) -> None:
    assert {series for series, _, _ in gaps(equities, "name used again")} == {
        "spot:AAA", "spot:BNO", "spot:EEM", "spot:FB", "spot:QQQ", "spot:USO", "spot:WM"}
    assert level(equities, "spot:USO", "2006-04-10") == 68.0
    assert level(equities, "spot:USO@1998-01-02", "1998-12-30") == 0.06
    assert np.isnan(level(equities, "spot:USO", "1998-12-30"))


def test_the_exchange_halt_of_24_march_2023_is_two_gaps(shared_data: Path) -> None:
    panel = read_history(shared_data / "crypto_hourly/binance_btc_sol_1h_2020_2025.parquet")
    btc = panel.select(["spot:BTCUSDT"])
    assert ("spot:BTCUSDT", "2023-03-24T12:00Z", 1) in gaps(btc, "halt")
    assert ("spot:BTCUSDT", "2023-03-24T13:00Z", 1) in gaps(btc, "no rows")
    assert Counter(series for series, _, _ in gaps(panel, "no rows")) == {"spot:BTCUSDT": 7, "spot:SOLUSDT": 10}


def test_hourly_spot_has_its_gaps_and_idle_bars(shared_data: Path) -> None:
    panel = read_history(shared_data / "crypto_hourly/binance_spot_1h_2020_2022.parquet")
    assert len(gaps(panel, "no rows")) + len(gaps(panel, "name used again")) == 116
    assert sum(count for _, _, count in gaps(panel, "halt")) == 20


def test_the_wicks_of_10_october_2025_are_kept(shared_data: Path) -> None:
    lows = read_history(shared_data / "crypto_hourly/binance_usdm_perp_10coins_1h_2023_2026.parquet",
                        options=HistoryOptions(value="low"), start="2025-10-10", end="2025-10-10")
    assert level(lows, "spot:DOTUSDT", "2025-10-10T21:00") == 0.942
    assert level(lows, "spot:ADAUSDT", "2025-10-10T21:00") == 0.2743


def test_zoned_hours_and_unix_seconds_are_the_same_hours(shared_data: Path) -> None:
    fixtures = [shared_data / f"fixtures_daru/{coin}USDT_1h_jan_feb_2024.csv" for coin in ("BTC", "ETH")]
    names = {f"{coin}USDT_1h_jan_feb_2024": coin for coin in ("BTC", "ETH")}
    unix = read_history(fixtures, names)
    zoned = read_history(shared_data / "crypto_hourly/binance_usdm_perp_10coins_1h_2023_2026.parquet",
                         {"BTCUSDT": "BTC"}, columns=["BTCUSDT"], start=unix.dates[0], end=unix.dates[-1])
    assert zoned.dates.tolist() == unix.dates.tolist()
    # Perpetual and spot of one venue: a few basis points apart, if the hours agree.
    assert np.median(np.abs(zoned.values[:, 0] / unix.values[:, 0] - 1)) < 0.001


def test_treasury_zeros_are_missing_where_nothing_was_published(shared_data: Path) -> None:
    tenors = {"BC_1MONTH": "1M", "BC_3MONTH": "3M", "BC_20YEAR": "20Y", "BC_30YEAR": "30Y"}
    panel = read_history(shared_data / "rates/ust_par_yields_daily.csv",
                         {name: f"rate:USD:{tenor}" for name, tenor in tenors.items()}, columns=list(tenors))
    missing = Counter()
    for series, _, count in gaps(panel, "zero where no rate"):
        missing[series] += count
    assert missing == {"rate:USD:1M": 2899, "rate:USD:20Y": 939, "rate:USD:30Y": 994}
    zeros = {f.key: int((panel.values[:, n] == 0).sum()) for n, f in enumerate(panel.factors)}
    assert zeros == {"rate:USD:1M": 100, "rate:USD:3M": 21, "rate:USD:20Y": 0, "rate:USD:30Y": 0}
    assert level(panel, "rate:USD:3M", "1990-01-02") == pytest.approx(0.0783, rel=1e-12)


def test_volatility_indices_come_as_decimals(shared_data: Path) -> None:
    vix = read_history(shared_data / "vol_index/vix_daily.csv", {"vix_daily": "volatility:SPX"})
    assert level(vix, "volatility:SPX", "2020-03-16") == pytest.approx(0.8269, rel=1e-12)
    dvol = read_history(shared_data / "vol_index/dvol_btc_daily.csv", {"dvol_btc_daily": "volatility:BTC"})
    assert len(dvol.dates) == 194
    highs = read_history(shared_data / "vol_index/dvol_btc_daily.csv", {"dvol_btc_daily": "volatility:BTC"},
                         options=HistoryOptions(value="high"))
    assert level(highs, "volatility:BTC", "2026-02-05") == pytest.approx(0.9033, rel=1e-12)


def test_day_first_dates_with_a_byte_order_mark_are_refused_until_told(shared_data: Path) -> None:
    file = shared_data / "oracle/aave_20251224_09_oracle_market_benchmarking.csv"
    with pytest.raises(FileProblem, match="day and month could be either"):
        read_history(file)
    panel = read_history(file, options=HistoryOptions(day_first=True))
    assert np.datetime_as_string(panel.dates[-1], unit="D") == "2025-12-24"


def test_stale_prices_of_early_years_are_flagged_and_kept(shared_data: Path) -> None:
    panel = read_history(shared_data / "equity_pkg/skfolio_sp500_20stocks_adjclose.parquet")
    assert np.isfinite(panel.values).sum() == 166_260
    stale = {series: count for series, _, count in gaps(panel, "price unchanged")}
    assert max(stale, key=stale.__getitem__) == "spot:RRC"


def test_bitcoin_from_2015_with_its_volatility_index(shared_data: Path) -> None:
    panel = read_history(shared_data / "crypto_daily/btc_price_macro_daily_2015_2026.csv",
                         {"price": "BTC", "vix": "volatility:SPX"}, columns=["price", "vix"])
    assert len(panel.dates) == 4_062
    assert move(panel, "spot:BTC", "2020-03-11", "2020-03-12") == pytest.approx(-0.37, abs=0.02)


def test_two_sources_splice_into_one_series(shared_data: Path) -> None:
    names = {"BTCUSDT": "BTC", "ETHUSDT": "ETH"}
    panel = read_history(
        [shared_data / "crypto_daily/binance_btc_eth_sol_1d_2017_2025.parquet",
         shared_data / "crypto_daily/binance_usdm_perp_33coins_1d_2023_2026.parquet"],
        names, columns=list(names))
    assert [f.key for f in panel.factors] == ["spot:BTC", "spot:ETH"]
    assert (str(panel.dates[0])[:10], str(panel.dates[-1])[:10]) == ("2017-08-17", "2026-03-24")
    found = covariance(panel, decay=0.97)
    volatility = np.sqrt(np.diag(found.matrix))
    assert ((volatility > 0.2) & (volatility < 1.5)).all()
    assert 0.6 < found.matrix[0, 1] / volatility.prod() < 1
    # 1 + d over 1 - d: what an endless exponential sample is worth.
    assert found.effective[0, 0] == pytest.approx(1.97 / 0.03, rel=0.01)


def test_every_price_file_is_read_without_a_crash_and_without_a_silent_hole(shared_data: Path) -> None:
    files = ["crypto_daily/binance_btc_eth_sol_1d_2017_2025.parquet", "lean_daily/fx_gold_daily.parquet",
             "funding_basis/coinalyze_binance_perps_daily_2022_2023_long.parquet", "ticks/btc_perp_1m_202201.parquet",
             "funding_basis/ftx_spot_perp_daily_2019_2022.csv", "equity_pkg/skfolio_factor_etfs_adjclose.csv",
             "fixtures_daru/SOLUSDT_1h_30000_31000.csv", "crypto_daily/btc_price_macro_daily_2015_2026.csv"]
    for name in files:
        panel = read_history(shared_data / name)
        told = {gap.series for gap in panel.gaps}
        for n, factor in enumerate(panel.factors):
            known = np.flatnonzero(np.isfinite(panel.values[:, n]))
            inside = panel.values[known[0]: known[-1] + 1, n]
            assert np.isfinite(inside).all() or factor.key in told, (name, factor.key)
