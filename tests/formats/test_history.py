"""Price files as they come: wide, long, bars; every date format; nothing guessed, nothing lost silently."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import FileProblem, InputError
from seawall.formats.history import HistoryOptions, parse_history, read_history
from seawall.formats.history_columns import split_steps

DAYS = [f"2024-01-{day:02d}" for day in range(1, 15)]
CLOSES = [100.0 + day + (day % 3) * 0.25 for day in range(len(DAYS))]


def written(folder: Path, name: str, header: str, rows: list[str]) -> Path:
    path = folder / name
    path.write_text(header + "\n" + "\n".join(rows) + "\n")
    return path


def test_wide_long_and_bars_give_the_same_panel(tmp_path: Path) -> None:
    wide = written(tmp_path, "wide.csv", "date,BTC", [f"{d},{c}" for d, c in zip(DAYS, CLOSES, strict=True)])
    long = written(tmp_path, "long.csv", "date,symbol,close",
                   [f"{d},BTC,{c}" for d, c in zip(DAYS, CLOSES, strict=True)])
    bars = written(tmp_path, "BTC.csv", "Date,Open,High,Low,Close,Volume",
                   [f"{d},{c},{c},{c},{c},1" for d, c in zip(DAYS, CLOSES, strict=True)])
    pq.write_table(pa.table({"date": pa.array([datetime.fromisoformat(d) for d in DAYS]), "BTC": CLOSES}),
                   tmp_path / "wide.parquet")
    panels = [read_history(path) for path in (wide, long, bars, tmp_path / "wide.parquet")]
    assert len({panel.panel_id for panel in panels}) == 1
    assert panels[0].factors[0].key == "spot:BTC"
    assert panels[0].values[:, 0].tolist() == CLOSES
    assert not any(panel.gaps for panel in panels)


@pytest.mark.parametrize("write", [
    lambda t: t.strftime("%Y-%m-%d %H:%M:%S"), lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"),
    lambda t: (t + timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S+05:00"), lambda t: str(int(t.timestamp())),
    lambda t: str(int(t.timestamp()) * 1000), lambda t: str(int(t.timestamp()) * 10**6),
    lambda t: str(int(t.timestamp()) * 10**9), lambda t: t.strftime("%Y-%m-%d %H:%M:%S.000000"),
])
def test_every_way_to_write_a_moment_means_the_same(tmp_path: Path, write: object) -> None:
    moments = [datetime(2024, 1, 13, hour, tzinfo=UTC) for hour in range(12)]
    path = written(tmp_path, "X.csv", "time,close", [f"{write(t)},{n + 1}" for n, t in enumerate(moments)])  # type: ignore[operator]
    assert read_history(path).dates.tolist() == [int(t.timestamp()) * 10**9 for t in moments]


def test_a_time_without_a_zone_is_read_as_utc_and_told(tmp_path: Path) -> None:
    path = written(tmp_path, "X.csv", "time,close", [f"2024-01-13 {hour:02d}:00:00,1{hour}" for hour in range(5)])
    (gap,) = read_history(path).gaps
    assert (gap.reason, gap.count, gap.treatment) == ("time without a zone, read as UTC", 5, "flagged")


def test_day_and_month_are_never_guessed(tmp_path: Path) -> None:
    path = written(tmp_path, "X.csv", "date,close", ["01/02/2024,1", "02/02/2024,2", "03/02/2024,3"])
    with pytest.raises(FileProblem, match=r"row 2, date: day and month could be either.*day_first"):
        read_history(path)
    first = read_history(path, options=HistoryOptions(day_first=True))
    assert np.datetime_as_string(first.dates, unit="D").tolist() == ["2024-02-01", "2024-02-02", "2024-02-03"]
    second = read_history(path, options=HistoryOptions(day_first=False))
    assert np.datetime_as_string(second.dates, unit="D").tolist() == ["2024-01-02", "2024-02-02", "2024-03-02"]


def test_one_planted_slashed_date_among_iso_ones_is_refused_by_row(tmp_path: Path) -> None:
    path = written(tmp_path, "X.csv", "date,close", ["2018-01-02,1", "01/03/1990,2", "2018-01-04,3"])
    with pytest.raises(FileProblem, match=r"row 3, .*01/03/1990"):
        read_history(path)


def test_eight_digits_are_a_day_and_not_seconds(tmp_path: Path) -> None:
    path = written(tmp_path, "X.csv", "date,close", ["20000620,1", "20000621,2"])
    assert np.datetime_as_string(read_history(path).dates, unit="D").tolist() == ["2000-06-20", "2000-06-21"]


def test_bad_cells_and_unreadable_times_are_counted_not_fatal(tmp_path: Path) -> None:
    rows = ["2024-01-01,1,5", "2024-01-02,oops,6", "someday,3,7", "2024-01-04,,8", "2024-01-05,5,9"]
    panel = read_history(written(tmp_path, "two.csv", "date,A,B", rows))
    reasons = {(gap.series, gap.reason.split(",")[0]): gap.count for gap in panel.gaps}
    assert reasons["A", "cell of two.csv is no number"] == 1
    assert reasons["two.csv", "time cannot be read"] == 1
    assert panel.values[:, 0].tolist()[0] == 1.0
    assert np.isnan(panel.values[1:3, 0]).all()
    assert panel.values[:, 1].tolist() == [5.0, 6.0, 8.0, 9.0]


def test_a_byte_order_mark_and_semicolons_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "X.csv").write_bytes("\ufeffdate;close\n2024-01-01;1\n2024-01-02;2\n".encode())
    assert read_history(tmp_path / "X.csv").values[:, 0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(("name", "content", "found"), [
    ("x.csv", "date,A,A\n2024-01-01,1,2\n", "named twice"), ("x.csv", "", "cannot be read|no header"),
    ("x.csv", "date,close\n", "no rows"), ("x.csv", "date,close\n2024-01-01,1,2\n", "cannot be read"),
    ("x.csv", "when,close\n2024-01-01,1\n", "no column of dates"), ("x.csv", "date,close\nnever,1\n", "no time can"),
    ("x.csv", "date,symbol,size\n2024-01-01,A,1\n", "no column of prices"), ("x.xls", "a", "unknown kind"),
    ("x.parquet", "PAR1 not", "cannot be read"),
])
def test_a_file_that_is_no_history_is_refused_with_what_was_wanted(
    tmp_path: Path, name: str, content: str, found: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(FileProblem, match=found):
        read_history(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"absent\.csv"):
        read_history(tmp_path / "absent.csv")


def test_names_are_matched_letter_by_letter(tmp_path: Path) -> None:
    path = written(tmp_path, "w.csv", "date,BTCUSDT,ETHUSDT",
                   [f"{d},{c},{c}" for d, c in zip(DAYS, CLOSES, strict=True)])
    panel = read_history(path, {"BTCUSDT": "BTC"}, columns=["BTCUSDT"])
    assert [factor.key for factor in panel.factors] == ["spot:BTC"]
    for wrong in ({"names": {"BTCUSD": "BTC"}}, {"columns": ["btcusdt"]}):
        with pytest.raises(InputError, match=r"no file of w\.csv has this name.*BTCUSDT, ETHUSDT"):
            read_history(path, **wrong)  # type: ignore[arg-type]


def test_a_volatility_index_in_percent_becomes_a_volatility_factor(tmp_path: Path) -> None:
    path = written(tmp_path, "vix_daily.csv", "date,open,high,low,close",
                   [f"{d},17,18,16,{17 + n / 8}" for n, d in enumerate(DAYS)])
    panel = read_history(path, {"vix_daily": "volatility:SPX"})
    assert panel.factors[0].key == "volatility:SPX"
    # Times 0.01: one rounding of a number near 0.2.
    assert np.abs(panel.values[:, 0] - [(17 + n / 8) / 100 for n in range(len(DAYS))]).max() <= 3e-17
    assert [gap.reason for gap in panel.gaps] == ["percent read as decimal"]
    decimal = written(tmp_path, "v.csv", "date,close", [f"{d},0.{5 + n:02d}" for n, d in enumerate(DAYS)])
    assert read_history(decimal, {"v": "volatility:BTC"}).values[0, 0] == 0.05


def test_a_rate_that_could_be_percent_or_decimal_must_be_told(tmp_path: Path) -> None:
    path = written(tmp_path, "r.csv", "date,y", [f"{d},0.{10 + n}" for n, d in enumerate(DAYS)])
    with pytest.raises(InputError, match="percent or decimal"):
        read_history(path, {"y": "rate:USD:3M"})
    told = read_history(path, {"y": "rate:USD:3M"}, options=HistoryOptions(percent=True))
    assert told.values[0, 0] == pytest.approx(0.001, rel=1e-15)  # one rounding
    assert told.factors[0].key == "rate:USD:3M"


def test_files_join_on_dates_and_the_first_listed_stands_where_two_differ(tmp_path: Path) -> None:
    old = written(tmp_path, "old.csv", "date,BTC", [f"{d},{c}" for d, c in zip(DAYS[:8], CLOSES[:8], strict=True)])
    new = written(tmp_path, "new.csv", "date,BTC", [f"{d},{c * (1.01 if n < 7 else 1)}" for n, (d, c) in enumerate(
        zip(DAYS[5:], CLOSES[5:], strict=True), start=5)])
    panel = read_history([old, new])
    assert panel.values[:, 0].tolist() == CLOSES
    (gap,) = panel.gaps
    assert (gap.count, gap.treatment) == (2, "flagged")
    assert "files differ" in gap.reason


def test_daily_and_hourly_rows_do_not_mix(tmp_path: Path) -> None:
    daily = written(tmp_path, "a.csv", "date,A", [f"{d},1.{n}" for n, d in enumerate(DAYS)])
    hourly = written(tmp_path, "b.csv", "time,B", [f"2024-01-01T{h:02d}:00Z,{h + 1}" for h in range(9)])
    with pytest.raises(InputError, match="not equally far apart"):
        read_history([daily, hourly])


def test_start_and_end_are_whole_days_and_gaps_outside_are_left_out(tmp_path: Path) -> None:
    rows = [f"{d},{'' if n == 1 else c}" for n, (d, c) in enumerate(zip(DAYS, CLOSES, strict=True))]
    path = written(tmp_path, "w.csv", "date,A", rows)
    assert len(read_history(path).gaps) == 1
    panel = read_history(path, start="2024-01-04", end="2024-01-06")
    assert panel.values[:, 0].tolist() == CLOSES[3:6]
    assert not panel.gaps
    with pytest.raises(InputError, match="dates of panel"):
        read_history(path, start="2030-01-01")


def test_bid_and_ask_closes_become_their_middle(tmp_path: Path) -> None:
    path = written(tmp_path, "fx.csv", "date,symbol,bid_close,ask_close", [f"{d},EURUSD,1.0,1.5" for d in DAYS[:3]])
    assert read_history(path).values[:, 0].tolist() == [1.25] * 3


def test_another_column_can_be_told_as_the_level(tmp_path: Path) -> None:
    path = written(tmp_path, "X.csv", "date,open,high,low,close", [f"{d},4,9,{n + 2},5" for n, d in enumerate(DAYS)])
    assert read_history(path, options=HistoryOptions(value="low")).values[:2, 0].tolist() == [2.0, 3.0]
    with pytest.raises(FileProblem, match="lacks the column"):
        read_history(path, options=HistoryOptions(value="vwap"))


def test_long_rows_of_several_fields_give_their_closes(tmp_path: Path) -> None:
    rows = [f"{d},A,{field},{value}" for d in DAYS[:4] for field, value in (("close", 3), ("fr", 0.01), ("volume", 9))]
    path = written(tmp_path, "l.csv", "date,symbol,field,value", rows)
    assert read_history(path).values[:, 0].tolist() == [3.0] * 4
    other = read_history(path, {"A": "funding:A"}, options=HistoryOptions(value="fr", percent=True))
    assert other.values[:, 0].tolist() == [0.0001] * 4
    with pytest.raises(FileProblem, match="no row of field vwap"):
        read_history(path, options=HistoryOptions(value="vwap"))


def test_split_ratios_and_factor_files_say_the_same(tmp_path: Path) -> None:
    ratios = written(tmp_path, "r.csv", "symbol,date,ratio", ["A,2020-08-31,4", "A,2014-06-09,7"])
    factors = written(tmp_path, "f.csv", "date,price_factor,split_factor,reference_price,symbol", [
        "20140608,1,0.0357142857142857,1,A", "20200830,1,0.25,1,A", "20501231,1,1,0,A"])
    one, other = split_steps(ratios)["A"], split_steps(factors)["A"]
    # The factor file writes fifteen digits.
    assert np.abs(one.shares - other.shares[:2]).max() <= 1e-15
    with pytest.raises(FileProblem, match="row 2: date or ratio"):
        split_steps(written(tmp_path, "b.csv", "symbol,date,ratio", ["A,2020-08-31,0"]))
    with pytest.raises(FileProblem, match="no file of splits"):
        split_steps(written(tmp_path, "c.csv", "symbol,date", ["A,2020-08-31"]))


@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(closes: list[float], random: object) -> None:
    rows = [f"2024-02-{1 + n % 28:02d}T{n // 28:02d}:00Z,{c!r}" for n, c in enumerate(closes)]
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    parsed = [parse_history(("time,close\n" + "\n".join(r)).encode(), "X.csv")[0][0] for r in (rows, mixed)]
    a, b = (bars.take(np.argsort(bars.times)) for bars in parsed)
    assert a.times.tolist() == b.times.tolist()
    assert a.close.tolist() == b.close.tolist()
