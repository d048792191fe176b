"""Open orders as people write them: every word of a side, every problem by file, row and field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seawall.errors import BookProblems, FileProblem
from seawall.formats.orders import read_orders


def written(folder: Path, *rows: str, head: str = "account,instrument,side,quantity,price,order,reduce_only") -> Path:
    path = folder / "orders.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_an_order_is_read_with_every_field(tmp_path: Path) -> None:
    found = read_orders(written(tmp_path, "MM,BTC-PERPETUAL,sell,250,61000.5,o-1,true"))
    (order,) = found.orders
    assert not found.failures
    assert (order.order_id, order.account_id, order.instrument_id) == ("o-1", "MM", "BTC-PERPETUAL")
    assert (order.side, order.quantity, order.limit_price, order.reduce_only) == ("sell", 250.0, 61000.5, True)
    assert order.signed == -250.0


@pytest.mark.parametrize(("word", "side"), [
    ("buy", "buy"), ("B", "buy"), ("bid", "buy"), ("Long", "buy"), ("sell", "sell"), ("s", "sell"), ("ASK", "sell"),
    ("short", "sell"),
])
def test_a_side_may_be_written_in_many_words(word: str, side: str, tmp_path: Path) -> None:
    (order,) = read_orders(written(tmp_path, f"MM,X,{word},1,,o,")).orders
    assert order.side == side


def test_without_a_side_a_sign_tells_it_and_without_a_price_it_is_a_market_order(tmp_path: Path) -> None:
    orders = read_orders(written(tmp_path, "MM,X,-3", "MM,X,2", head="account,instrument,quantity")).orders
    assert [(o.side, o.quantity) for o in orders] == [("sell", 3.0), ("buy", 2.0)]
    assert [o.order_id for o in orders] == ["row 2", "row 3"]
    assert all(np.isnan(o.limit_price) and not o.reduce_only for o in orders)


@pytest.mark.parametrize("head", ["account_id,symbol,direction,qty", "account,instrument_id,side,size",
                                  "account,instrument,side,open_quantity"])
def test_columns_go_by_the_names_that_venues_use(head: str, tmp_path: Path) -> None:
    (order,) = read_orders(written(tmp_path, "MM,X,buy,4", head=head)).orders
    assert (order.account_id, order.instrument_id, order.quantity) == ("MM", "X", 4.0)


@pytest.mark.parametrize(("row", "field", "found"), [
    ("MM,X,hold,1,,o,", "side", "hold"), ("MM,X,buy,-1,,o,", "quantity", "-1"), ("MM,X,buy,0,,o,", "quantity", "0"),
    ("MM,X,buy,,,o,", "quantity", "nan"), ("MM,X,buy,1,-5,o,", "limit_price", "-5"),
    ("MM,X,buy,1,,o,perhaps", "reduce_only", "perhaps"), (",X,buy,1,,o,", "account", "nothing"),
    ("MM,,buy,1,,o,", "instrument", "nothing"),
])
def test_a_bad_row_is_named_with_its_field_and_the_rest_is_kept(
    row: str, field: str, found: str, tmp_path: Path
) -> None:
    read = read_orders(written(tmp_path, "MM,X,buy,1,,first,", row, "MM,X,sell,2,,last,"))
    assert [o.order_id for o in read.orders] == ["first", "last"]
    (failure,) = read.failures
    assert failure.where == "orders.csv row 3"
    assert field in failure.reason
    assert found in failure.found
    assert failure.remedy


def test_strict_reading_refuses_every_bad_row_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "MM,X,hold,1,,o,", "MM,X,buy,1,,fine,", "MM,X,buy,-1,,p,")
    with pytest.raises(BookProblems) as caught:
        read_orders(path, strict=True)
    assert "row 2" in str(caught.value)
    assert "row 4" in str(caught.value)


@pytest.mark.parametrize("head", ["account,instrument", "account,quantity", "instrument,quantity"])
def test_a_file_without_a_column_that_is_needed_is_refused_by_name(head: str, tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as caught:
        read_orders(written(tmp_path, "a,1", head=head))
    assert "orders.csv" in str(caught.value)
    assert "account, instrument and quantity" in str(caught.value)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"none\.csv"):
        read_orders(tmp_path / "none.csv")


def test_parquet_reads_as_text_does(tmp_path: Path) -> None:
    table = pa.table({"account": ["MM", "MM"], "instrument": ["X", "Y"], "side": ["buy", "sell"],
                      "quantity": [1.5, 2.0], "price": [10.0, None]})
    pq.write_table(table, tmp_path / "orders.parquet")
    text = written(tmp_path, "MM,X,buy,1.5,10", "MM,Y,sell,2,", head="account,instrument,side,quantity,price")
    one, two = read_orders(tmp_path / "orders.parquet").orders, read_orders(text).orders
    assert [repr(o) for o in one] == [repr(o) for o in two]
