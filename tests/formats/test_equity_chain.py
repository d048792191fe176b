"""Chains on shares and indices as others write them: American dates, splits, marks without bid and ask."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from seawall.formats.chain import read_chain, snapshot_times
from seawall.formats.hours import at_new_york_close
from seawall.model.quotes import Chain


def _read(tmp_path: Path, text: str, name: str = "chain.csv") -> Chain:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    (chain,) = read_chain(path)
    return chain


def _reasons(chain: Chain) -> dict[str, int]:
    return {entry.reason: entry.count for entry in chain.quality}


def test_american_dates_mean_the_close_in_new_york(tmp_path: Path) -> None:
    chain = _read(tmp_path, "underlying_symbol,underlying_price,option_type,expiration,quote_date,strike,bid,ask\n"
                            "SPXW,2823.89,call,02/28/2018,01/31/2018,2800,50.1,50.9\n"
                            "SPXW,2823.89,put,06/29/2018,01/31/2018,2800,88.1,0\n")
    assert chain.as_of == datetime(2018, 1, 31, 21, tzinfo=UTC)
    assert [str(date)[:13] for date in chain.options.expiry] == ["2018-02-28T21", "2018-06-29T20"]
    assert (chain.exercise_style, chain.asset_class, chain.coin_settled) == ("european", "equity", False)
    assert chain.options.underlying.tolist() == ["SPX", "SPX"]
    assert chain.options.instrument_id[0] == "SPXW-28FEB18-2800-C"
    assert dict(chain.spots) == {"SPX": 2823.89}
    assert _reasons(chain)["ask: zero, read as missing"] == 1


def test_a_handful_of_rows_from_another_age_is_no_snapshot(tmp_path: Path) -> None:
    row = "SPX,2800,call,06/29/2018,01/31/2018,{},50.1,50.9\n"
    text = ("underlying_symbol,underlying_price,option_type,expiration,quote_date,strike,bid,ask\n"
            + "".join(row.format(k) for k in range(2500, 2700)) + "SPX,358.76,put,01/20/1990,01/03/1990,380,20.5,21\n")
    chain = _read(tmp_path, text)
    assert len(chain.options) == 200
    assert _reasons(chain)["dated years apart from all other rows"] == 1
    assert len(snapshot_times(tmp_path / "chain.csv")) == 1


def test_marks_stand_where_there_is_no_bid_and_ask_and_shares_are_american(tmp_path: Path) -> None:
    chain = _read(tmp_path, "universe_date,underlying,expiry,strike,right,close,volume,underlying_close\n"
                            "20140609,AAPL,20150117.0,42.14,P,0.04,0,92.72\n20140609,AAPL,20150117.0,100,C,0,5,92.72\n")
    assert chain.exercise_style == "american"
    assert chain.options.mark[0] == 0.04
    assert np.isnan(chain.options.mark[1])
    assert chain.options.is_call.tolist() == [False, True]
    reasons = _reasons(chain)
    assert reasons["American exercise: European-equivalent volatility"] == 2
    assert reasons["strike off the listed grid: an adjusted contract"] == 1


def test_a_time_that_is_not_told_follows_from_the_years_to_expiry(tmp_path: Path) -> None:
    chain = _read(tmp_path, "strike,expiry,T,type,impliedVolatility,bid,ask,spot\n"
                            "630,2026-07-20,0.00821917808,call,0.92,118.9,122.4,750.7\n", "spy_chain.csv")
    assert chain.as_of == datetime(2026, 7, 17, 20, tzinfo=UTC)
    assert chain.options.underlying.tolist() == ["SPY"]
    assert chain.options.mark_volatility.tolist() == [0.92]
    assert _reasons(chain)["underlying not told: taken from the file's name"] == 1


@pytest.mark.parametrize(("day", "hour"), [
    ("2026-03-06", 21), ("2026-03-09", 20), ("2026-10-30", 20), ("2026-11-02", 21), ("2018-03-12", 20),
])
def test_new_york_closes_an_hour_later_in_winter(day: str, hour: int) -> None:
    close = at_new_york_close(np.array([day], dtype="datetime64[us]"))
    assert int(close[0].astype("datetime64[h]").astype(int)) % 24 == hour
