"""Chains as tables: written and read back the same, and read from whatever columns others write."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from market.invented import AS_OF, changed, invented_chain
from seawall.errors import FileProblem
from seawall.formats.chain import each_snapshot, read_chain, snapshot_times, write_chain
from seawall.model.identity import content_id
from seawall.model.quotes import Chain, FuturesQuotes, OptionQuotes, QualityEntry

HEADER = "timestamp,instrument_name,bid_price,ask_price,mark_iv,index_price\n"
ROWS = (
    "2026-08-01T17:00:00Z,BTC-28AUG26-60000-C,0.05,0.052,48.5,61000\n"
    "2026-08-01T17:00:04Z,BTC-28AUG26-62000-P,0.04,0.042,47,61010\n"
)


def _csv(tmp_path: Path, text: str, name: str = "chain.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def _reasons(chain: Chain) -> dict[str, int]:
    return {entry.reason: entry.count for entry in chain.quality}


def test_a_chain_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    chain = replace(invented_chain(), quality=(QualityEntry("here", "odd", "flagged", 2, ("a", "b")),),
                    as_of=datetime(2026, 8, 1, 8, 0, 0, 123456, UTC))
    holes = chain.options.bid.copy()
    holes[::3] = np.nan
    chain = changed(chain, bid=holes)
    write_chain(chain, tmp_path / "chain.parquet")
    (again,) = read_chain(tmp_path / "chain.parquet")
    assert content_id(again) == content_id(chain)
    assert snapshot_times(tmp_path / "chain.parquet") == (chain.as_of,)


def test_an_empty_chain_is_read_back_too(tmp_path: Path) -> None:
    chain = replace(invented_chain(), options=OptionQuotes.none(), futures=FuturesQuotes.none())
    write_chain(chain, tmp_path / "chain.parquet")
    assert content_id(read_chain(tmp_path / "chain.parquet")[0]) == content_id(chain)


def test_the_same_chain_is_written_to_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_chain(invented_chain(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_chain_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chain.parquet"
    write_chain(invented_chain(), path)
    table = parquet.read_table(path)
    parquet.write_table(table.replace_schema_metadata({b"seawall.chain": b'{"version": 99}'}), path)
    with pytest.raises(FileProblem, match="another version"):
        read_chain(path)


def test_names_volatilities_and_polling_times_of_a_csv_are_understood(tmp_path: Path) -> None:
    (chain,) = read_chain(_csv(tmp_path, HEADER + ROWS))
    assert chain.as_of == datetime(2026, 8, 1, 17, 0, 4, tzinfo=UTC)
    assert chain.options.strike.tolist() == [60000.0, 62000.0]
    assert chain.options.is_call.tolist() == [True, False]
    assert chain.options.mark_volatility.tolist() == [0.485, 0.47]
    assert _reasons(chain)["mark_volatility: percent read as decimal"] == 2


def test_a_decimal_among_percents_is_told_and_not_guessed_at(tmp_path: Path) -> None:
    row = "2026-08-01T17:00:00Z,BTC-28AUG26-{}-C,0.05,0.052,{},61000\n"
    text = HEADER + "".join(row.format(60000 + 1000 * n, x) for n, x in enumerate((48.5, 47, 0.46, 45, 2.5)))
    (chain,) = read_chain(_csv(tmp_path, text))
    assert chain.options.mark_volatility.tolist() == pytest.approx([0.485, 0.47, 0.0046, 0.45, 0.025])
    assert _reasons(chain)["mark_volatility: perhaps a decimal among percents, read as percent"] == 1


def test_one_percent_cell_among_decimals_is_mended(tmp_path: Path) -> None:
    row = "2026-08-01T17:00:00Z,BTC-28AUG26-{}-C,0.05,0.052,{},61000\n"
    text = HEADER + "".join(row.format(50000 + 1000 * n, v) for n, v in enumerate(("0.48", "0.5", "51", "0.49")))
    (chain,) = read_chain(_csv(tmp_path, text))
    assert chain.options.mark_volatility.tolist() == [0.48, 0.5, 0.51, 0.49]
    assert _reasons(chain)["mark_volatility: percent among decimals read as decimal"] == 1


def test_of_several_snapshots_the_last_one_not_after_the_time_is_chosen(tmp_path: Path) -> None:
    later = ROWS.replace("2026-08-01T17", "2026-08-02T09").replace("61000", "63000").replace("61010", "63000")
    path = _csv(tmp_path, HEADER + later + ROWS)
    times = snapshot_times(path)
    assert times == (datetime(2026, 8, 1, 17, 0, 4, tzinfo=UTC), datetime(2026, 8, 2, 9, 0, 4, tzinfo=UTC))
    assert dict(read_chain(path)[0].spots) == {"BTC": 63000.0}
    assert dict(read_chain(path, at=datetime(2026, 8, 2, tzinfo=UTC))[0].spots) == {"BTC": 61005.0}
    assert [chains[0].as_of for chains in each_snapshot(path)] == list(times)
    with pytest.raises(FileProblem, match="no snapshot at or before"):
        read_chain(path, at=datetime(2026, 7, 1, tzinfo=UTC))


def test_naive_times_are_read_as_utc_and_told(tmp_path: Path) -> None:
    (chain,) = read_chain(_csv(tmp_path, HEADER + ROWS.replace("Z,", ",")))
    assert chain.as_of == datetime(2026, 8, 1, 17, 0, 4, tzinfo=UTC)
    assert _reasons(chain)["naive time read as UTC"] == 2


def test_spot_forwards_and_a_perpetual_of_the_year_3000_are_no_options(tmp_path: Path) -> None:
    text = (
        "as_of,kind,underlying,expiry,strike,option_type,bid,ask,inverse\n"
        "2026-08-01T17:00:00Z,spot,BTC,,,,60990,61010,\n"
        "2026-08-01T17:00:00Z,forward,BTC,2026-08-28T08:00:00Z,,,61195,61205,\n"
        "2026-08-01T17:00:00Z,perpetual,BTC,3000-01-01T08:00:00Z,,,61000,61001,\n"
        "2026-08-01T17:00:00Z,option,BTC,2026-08-28T08:00:00Z,60000,call,0.05,0.052,True\n"
        "2026-08-01T17:00:00Z,option,BTC,3000-01-01T08:00:00Z,60000,call,0.05,0.052,True\n"
        "2026-08-01T17:00:00Z,option,BTC,2026-08-28T08:00:00Z,nonsense,put,0.05,0.052,True\n"
        "2026-08-01T17:00:00Z,option,BTC,2026-08-28T08:00:00Z,61000,neither,0.05,0.052,True\n"
    )
    (chain,) = read_chain(_csv(tmp_path, text))
    assert dict(chain.spots) == {"BTC": 61000.0}
    assert chain.options.instrument_id.tolist() == ["BTC-28AUG26-60000-C"]
    assert chain.futures.instrument_id.tolist() == ["BTC-28AUG26", "BTC-PERPETUAL"]
    assert np.isnat(chain.futures.expiry[1])
    reasons = _reasons(chain)
    assert reasons["expiry after the year 2200"] == 1
    assert reasons["strike is not a positive number"] == 1
    assert reasons["neither call nor put"] == 1


def test_rows_of_another_length_are_left_out_and_counted(tmp_path: Path) -> None:
    (chain,) = read_chain(_csv(tmp_path, HEADER + ROWS + "2026-08-01T17:00:00Z,BTC-28AUG26-61000-C,0.05\n"))
    assert len(chain.options) == 2
    assert _reasons(chain)["row with another number of cells"] == 1


def test_an_expiry_that_contradicts_the_name_is_overruled(tmp_path: Path) -> None:
    text = ("timestamp,instrument_name,bid_price,ask_price,expiry\n"
            "2026-08-01T17:00:00Z,BTC-28AUG26-60000-C,0.05,0.052,2026-12-25T08:00:00Z\n")
    (chain,) = read_chain(_csv(tmp_path, text))
    assert str(chain.options.expiry[0])[:10] == "2026-08-28"
    assert _reasons(chain)["expiry differs from the name's: name believed"] == 1


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "instrument_name,bid\nBTC-28AUG26-1-C,1\n",
                                  "timestamp,instrument_name,bid\nsoon,BTC-28AUG26-1-C,1\n"])
def test_what_is_no_chain_or_tells_no_time_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileProblem, match=r"chain\.csv"):
        read_chain(_csv(tmp_path, text))


def test_a_parquet_table_with_foreign_columns_reads_like_its_csv(tmp_path: Path) -> None:
    table = pa.table({
        "timestamp": pa.array([datetime(2026, 8, 1, 17, tzinfo=UTC)], pa.timestamp("ms", "UTC")),
        "currency": ["BTC"], "instrument_name": ["BTC-28AUG26-60000-C"], "bid_price": [0.05], "ask_price": [None],
        "mark_price": [0.0], "underlying_price": [61200.0], "underlying_name": ["SYN.BTC-28AUG26"],
        "index_price": [61000.0],
    })
    parquet.write_table(table, tmp_path / "foreign.parquet")
    (chain,) = read_chain(tmp_path / "foreign.parquet")
    assert chain.options.forward_source.tolist() == ["synthetic"]
    assert np.isnan(chain.options.ask[0])
    assert np.isnan(chain.options.mark[0])
    assert chain.as_of > AS_OF
