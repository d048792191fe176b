"""Cleaning: what cannot be believed is dropped and told; what is only terrible stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.example_bars import bars, continuous, days, weekdays
from seawall.errors import InputError
from seawall.history import clean
from seawall.history.bars import Bars, trades_weekends
from seawall.history.join import panel_of_bars
from seawall.history.splits import Quiet, Steps, apply_splits, find_splits, quiet_of
from seawall.model.factor import Factor
from seawall.model.panel import Panel

SPOT = Factor("spot", "A")
RATE = Factor("rate", "USD", "3M")
WALK = (100 * np.exp(np.cumsum(np.random.default_rng(7).normal(0, 0.02, 200)))).tolist()


def panel(one: Bars, factor: Factor = SPOT, **told: object) -> Panel:
    return panel_of_bars([(factor, one)], **told)  # type: ignore[arg-type]


def no_market() -> Quiet:
    return Quiet(np.zeros(0, "datetime64[ns]"), np.zeros(0))


def test_a_believable_series_passes_untouched() -> None:
    found = panel(continuous(WALK))
    assert found.values[:, 0].tolist() == WALK
    assert found.gaps == ()
    assert found.periods_per_year == 365


def test_rows_out_of_order_and_repeated_are_put_right_and_told() -> None:
    times = days(4)[[2, 0, 1, 1, 3, 3]]
    found = panel(bars([13, 11, 12, 12, 14, 15], times=times))
    assert found.values[:, 0].tolist() == [11, 12, 13, 15]
    assert [(gap.reason.split(",")[0], gap.count) for gap in found.gaps] == [
        ("row repeated", 1), ("two values for one time", 1)]


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf])
def test_a_price_that_cannot_be_is_missing_and_told(bad: float) -> None:
    found = panel(bars([*WALK[:5], bad, *WALK[5:10]]))
    assert np.flatnonzero(np.isnan(found.values[:, 0])).tolist() == [5]
    assert len(found.dates) == 11
    (gap,) = found.gaps
    assert (gap.series, gap.first, gap.count, gap.treatment) == ("spot:A", "2024-01-06", 1, "dropped")


def test_a_crash_of_sixty_percent_and_a_leap_of_one_and_a_half_stay() -> None:
    crash = continuous([100.0, 101, 99, 38.6, 40, 102.9, 100])
    found = panel(crash)
    assert found.values[:, 0].tolist() == [100.0, 101, 99, 38.6, 40, 102.9, 100]
    assert found.gaps == ()


def test_a_fall_to_nothing_without_a_hole_is_one_instrument() -> None:
    coin = [80.0, 64, 30, 17, 1.07, 0.00032, 0.00005]
    assert panel(continuous(coin)).values[:, 0].tolist() == coin


def test_a_name_given_to_another_coin_is_cut_in_two() -> None:
    times = np.concatenate([days(30), days(6, "2024-02-18")])
    found = panel(continuous([*np.linspace(90, 60, 28), 0.001, 0.00005, 8.87, 6.5, 7.1, 6.5, 6.4, 6.3], times=times))
    assert [factor.key for factor in found.factors] == ["spot:A", "spot:A@2024-02-18"]
    assert np.isnan(found.values[30:, 0]).all()
    assert np.isnan(found.values[:30, 1]).all()
    (gap,) = found.gaps
    assert gap.treatment.startswith("cut: from 2024-02-18 it is spot:A@2024-02-18")
    assert "19 days" in gap.reason


def test_the_longest_stretch_keeps_the_name() -> None:
    times = np.concatenate([days(5), days(40, "2026-01-01")])
    found = panel(bars([0.06] * 5 + WALK[:40], times=times))
    assert {f.key: int(np.isfinite(found.values[:, n]).sum()) for n, f in enumerate(found.factors)} == {
        "spot:A@2024-01-01": 5, "spot:A": 40}


def test_days_not_made_of_all_hours_are_dropped() -> None:
    hours = [10.0, *[24.0] * 8, 14.0]
    found = panel(continuous(WALK[:10], hours=hours))
    assert len(found.dates) == 8
    assert [(gap.first, gap.reason.split(":")[0]) for gap in found.gaps] == [
        ("2024-01-01", "partial day"), ("2024-01-10", "partial day")]


def test_a_candle_cut_at_midday_is_found_by_the_next_open() -> None:
    whole = continuous(WALK)
    close, high, low = whole.close.copy(), whole.high.copy(), whole.low.copy()
    row = 50 + int(np.argmax(np.abs(np.diff(np.log(WALK[49:150])))))  # a day of some size: a third of it was seen
    close[row] = whole.open[row] * (1 + 0.3 * (whole.close[row] / whole.open[row] - 1))
    high[row], low[row] = max(whole.open[row], close[row]), min(whole.open[row], close[row])
    cut = bars(close, open=whole.open, high=high, low=low, volume=whole.volume)
    assert np.flatnonzero(clean.cut_candles(cut)).tolist() == [row]
    found = panel(cut)
    assert np.flatnonzero(np.isnan(found.values[:, 0])).tolist() == [row]
    assert found.gaps[0].reason.startswith("candle cut")


def test_the_last_candle_before_a_name_is_used_again_is_no_last_candle_of_the_file() -> None:
    closes = np.array(WALK[:100])
    opens = np.concatenate([[closes[0]], closes[:-1]])
    opens[90] *= 1.1  # the candle before was cut
    times = np.concatenate([days(80), days(20, "2024-05-01")])[:100]
    opens[85] *= 1.1
    closes[80:], opens[80:] = closes[80:] * 1e5, opens[80:] * 1e5
    opens[60] *= 1.1
    found = panel(bars(closes, times=times, open=opens, high=np.maximum(opens, closes), low=np.minimum(opens, closes)))
    assert np.isfinite(found.values[found.dates == times[79]]).any()
    assert times[99] not in found.dates


def test_rough_opens_of_a_thin_market_are_no_cut() -> None:
    rough = continuous(WALK)
    noise = 1 + np.random.default_rng(3).uniform(-0.01, 0.01, len(WALK))
    thin = bars(rough.close, open=rough.open * noise, high=rough.high * 1.05, low=rough.low / 1.05)
    assert not clean.cut_candles(thin).any()


def test_opens_away_from_closes_are_normal_where_the_market_sleeps() -> None:
    equity = bars(WALK, times=weekdays(len(WALK)), open=np.roll(WALK, 1) * 1.01)
    assert not clean.cut_candles(equity).any()


def test_a_halted_bar_is_dropped_and_the_missing_hour_told() -> None:
    times = np.delete(np.datetime64("2023-03-20T00:00", "ns") + np.arange(336) * np.timedelta64(1, "h"), 109)
    closes, volume = np.resize(WALK, 335), np.full(335, 5.0)
    closes[108], volume[108] = closes[107], 0.0
    found = panel(continuous(closes.tolist(), times=times, volume=volume))
    assert np.flatnonzero(np.isnan(found.values[:, 0])).tolist() == [108, 109]
    assert len(found.dates) == 336
    assert {(gap.reason.split(":")[0], gap.first, gap.count) for gap in found.gaps} == {
        ("halt", "2023-03-24T12:00Z", 1), ("no rows", "2023-03-24T13:00Z", 1)}


def test_a_quiet_bar_that_traded_is_no_halt() -> None:
    flat = bars([5.0, 5.0, 5.0, 6.0], high=[5, 5, 5, 6.0], low=[5, 5, 5, 5.0], volume=[1, 1, 1, 1])
    assert len(panel(flat).dates) == 4


def test_a_volume_column_of_zeros_is_not_believed() -> None:
    found = panel(continuous(WALK[:20], volume=np.zeros(20)))
    assert len(found.dates) == 20
    assert found.gaps[0].reason.startswith("volume is mostly zero")


def test_two_levels_with_a_hole_between_are_no_move_of_one_day() -> None:
    """A missing day stands in the panel as a date without a level, so that no reader takes two days for one."""
    found = panel(bars(WALK[:58], times=np.delete(days(60), [30, 31])))
    assert found.dates.tolist() == days(60).tolist()
    assert np.flatnonzero(np.isnan(found.values[:, 0])).tolist() == [30, 31]


def test_values_at_no_rhythm_have_no_holes() -> None:
    """Rate decisions, trades: nothing was due in between."""
    times = days(4000)[np.cumsum(np.random.default_rng(5).integers(1, 60, 60))]
    found = panel(bars(WALK[:60], times=times))
    assert len(found.dates) == 60
    assert found.gaps == ()


def test_a_long_hole_adds_its_ends_only() -> None:
    minutes = np.datetime64("2024-01-01", "ns") + np.arange(60_000) * np.timedelta64(1, "m")
    times = np.delete(minutes, np.arange(30_000, 42_000))
    found = panel(bars(np.resize(WALK, len(times)), times=times))
    assert len(found.dates) == len(times) + 2
    assert [gap.count for gap in found.gaps] == [12_000]


def test_a_hole_in_one_series_adds_no_date_where_another_has_rows() -> None:
    late = days(60) + np.timedelta64(7, "m")
    holed = bars(WALK[:58], times=np.delete(days(60), [30, 31]), name="A")
    found = panel_of_bars([(Factor("spot", "A"), holed), (Factor("spot", "B"), bars(WALK[:60], times=late, name="B"))])
    assert set(found.dates.tolist()) == set(holed.times.tolist()) | set(late.tolist())


def test_weekends_and_holidays_are_no_holes_but_a_closed_week_is() -> None:
    times = np.delete(weekdays(60), [20, 40, 41, 42, 43])  # one holiday; four days as in September 2001
    found = panel(bars(WALK[:55], times=times))
    (gap,) = found.gaps
    assert (gap.count, gap.reason, found.periods_per_year) == (4, "no rows", 252.0)
    assert not trades_weekends(times)
    assert len(found.dates) == 55  # and the move over the closed days stays
    assert len(panel(bars(WALK[:50], times=np.delete(weekdays(60), np.arange(20, 30)))).dates) == 60


def test_a_missing_day_where_the_market_never_closes_is_a_hole() -> None:
    (gap,) = panel(bars(WALK[:59], times=np.delete(days(60), 30))).gaps
    assert (gap.first, gap.last, gap.count) == ("2024-01-31", "2024-01-31", 1)


def test_prices_that_stand_still_are_flagged_and_kept() -> None:
    found = panel(bars([*WALK[:10], *[50.0] * 6, *WALK[10:20]]))
    assert len(found.dates) == 26
    (gap,) = found.gaps
    assert (gap.treatment, gap.count) == ("flagged", 5)


def test_zeros_of_a_rate_are_missing_unless_its_neighbours_are_nearly_zero() -> None:
    rates = np.array([0, 0, 0.0612, 0.06, 0, 0, 0.05, 0.0004, 0, 0.0001, 0, 0, 0.0002, 0.0011, 0])
    assert np.flatnonzero(clean.missing_zeros(rates)).tolist() == [0, 1, 4, 5, 14]
    assert clean.missing_zeros(np.zeros(3)).all()
    found = panel(bars(rates), RATE)
    known = found.values[np.isfinite(found.values[:, 0]), 0]
    assert known.tolist() == [0.0612, 0.06, 0.05, 0.0004, 0, 0.0001, 0, 0, 0.0002, 0.0011]
    assert len(found.dates) == 12  # from the first rate to the last


def test_dates_that_only_others_have_are_told_once() -> None:
    crypto, equity = bars(WALK[:21], name="C"), bars(WALK[:15], times=weekdays(15), name="E")
    found = panel_of_bars([(Factor("spot", "C"), crypto), (Factor("spot", "E"), equity)])
    (gap,) = found.gaps
    assert (gap.series, gap.count, gap.treatment) == ("spot:E", 4, "missing")
    assert np.isnan(found.values[:, 1]).sum() == 6  # the last weekend lies after its last row


def test_nothing_usable_is_an_error_with_a_remedy() -> None:
    with pytest.raises(InputError, match="no usable value"):
        panel(bars([0.0, -1.0]))


# --- splits ---------------------------------------------------------------------------------------------------------


def split_bars(ratio: float = 7.0, *, volume: float = 7.0) -> Bars:
    """Equity bars with a split between rows 99 and 100."""
    factor = np.where(np.arange(200) < 100, 1.0, 1 / ratio)
    close = np.array(WALK) * factor
    opens = np.concatenate([[WALK[0]], np.array(WALK)[:-1]]) * factor
    return bars(close, times=weekdays(200), open=opens, high=np.maximum(opens, close) * 1.01,
                low=np.minimum(opens, close) / 1.01, volume=np.where(np.arange(200) < 100, 10.0, 10.0 * volume))


def test_a_split_is_flagged_with_its_evidence_and_nothing_is_changed() -> None:
    one = split_bars()
    found, (gap,) = find_splits(one, no_market(), "spot:A", repair=False)
    assert found.close.tolist() == one.close.tolist()
    assert gap.reason.startswith("looks like a split 7:1; open / last close 0.1429")
    assert gap.treatment == "flagged"


@pytest.mark.parametrize("ratio", [2.0, 3.0, 4.0, 7.0, 20.0, 1 / 8, 1 / 20])
def test_a_split_beyond_doubt_is_repaired_when_told_to(ratio: float) -> None:
    found, (gap,) = find_splits(split_bars(ratio), no_market(), "spot:A", repair=True)
    assert gap.treatment == "repaired"
    # Two roundings: divided when made, multiplied when mended.
    assert np.abs(found.close * ratio / WALK - 1).max() <= 1e-15


def test_splits_by_file_leave_returns_as_they_were_before() -> None:
    one = split_bars(4.0)
    until = one.times[99]
    steps = Steps(np.array([until, np.datetime64("2050-01-01", "ns")]), np.ones(2), np.array([0.25, 1.0]))
    found, (gap,) = apply_splits(one, steps, "spot:A")
    assert np.abs(found.close * 4 / WALK - 1).max() <= 1e-15
    assert (gap.count, gap.treatment) == (100, "repaired")
    assert "split 4:1" in gap.reason


def test_a_collapse_at_a_simple_ratio_is_no_split() -> None:
    """A bank that failed overnight opened at a tenth, on a thousandth of the volume."""
    _, gaps = find_splits(split_bars(10.0, volume=0.001), no_market(), "spot:A", repair=True)
    assert gaps == []


def test_a_wild_day_at_a_simple_ratio_is_no_split() -> None:
    one = split_bars(2.0)
    low = one.low.copy()
    low[100] *= 0.5
    _, gaps = find_splits(bars(one.close, times=one.times, open=one.open, high=one.high, low=low), no_market(),
                          "spot:A", repair=True)
    assert gaps == []


def test_a_market_that_fell_as_a_whole_had_no_splits() -> None:
    halves = [bars([100.0, 101, 50.5, 51], times=weekdays(4), open=[100, 100, 50.5, 50.5], high=[101, 101, 51, 52.0],
                   low=[99, 99, 50, 50.0]) for _ in range(3)]
    quiet = quiet_of(halves)
    assert find_splits(halves[0], quiet, "spot:A", repair=True)[1] == []
    assert len(find_splits(halves[0], no_market(), "spot:A", repair=True)[1]) == 1


def test_closes_alone_are_never_repaired() -> None:
    one = bars([100.0, 101, 50.5, 51])
    found, (gap,) = find_splits(one, no_market(), "spot:A", repair=True)
    assert gap.treatment == "flagged"
    assert found.close.tolist() == one.close.tolist()


def test_a_level_that_breaks_at_no_simple_ratio_is_flagged_as_such() -> None:
    _, (gap,) = find_splits(split_bars(2.57), no_market(), "spot:A", repair=True)
    assert gap.reason.startswith("level breaks without a trade between")
    assert gap.treatment == "flagged"


@given(st.lists(st.floats(0.05, 20.0), min_size=3, max_size=60), st.booleans())
def test_no_price_of_a_continuous_market_is_ever_changed(closes: list[float], repair: bool) -> None:
    """Whatever it falls, a market whose bars open where the last closed keeps every level."""
    one = continuous(closes)
    found = panel_of_bars([(SPOT, one)], repair_splits=repair)
    kept = dict(zip(one.times.tolist(), one.close.tolist(), strict=True))
    assert all(value == kept[moment] for moment, value in zip(found.dates.tolist(), found.values[:, 0], strict=True))
    assert len(found.dates) == len(closes)


@given(st.lists(st.one_of(st.floats(0.5, 2.0), st.just(float("nan")), st.just(0.0)), min_size=5, max_size=60))
def test_every_level_that_is_left_out_is_told(closes: list[float]) -> None:
    if not any(value > 0 for value in closes):
        return
    found = panel(bars(closes))
    lost = len(closes) - int(np.isfinite(found.values).sum())
    assert lost == sum(gap.count for gap in found.gaps if gap.treatment in ("dropped", "missing"))


def test_a_volatility_with_its_point_misplaced_for_a_day_is_dropped_and_told() -> None:
    level = np.full(40, 0.55)
    level[20] = 0.0055
    hit = clean.misplaced_points(level)
    assert np.flatnonzero(hit).tolist() == [20]
    # A crisis doubles volatility and more; it does not go a hundredfold and back.
    level[20] = 2.4
    assert not clean.misplaced_points(level).any()
