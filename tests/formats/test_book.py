"""Books as people write them: everything usable is read, everything else is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from example_market import example_market
from seawall.cube import hold, revalue
from seawall.errors import BookProblems, FileProblem
from seawall.formats.book import read_book
from seawall.scenarios.grid import grid

HEADER = "account,venue,instrument_id,quantity,average_price,strategy,kind,underlying,settlement_currency,expiry," \
    "strike,option_type,payoff,reference\n"
CASH = "A1,Deribit,USD,1000,,base,,,,,,,,\n"
CALL = "A1,Deribit,C60,-2,,vol,option,BTC,USD,2026-12-25T08:00:00Z,60000,call,linear,\n"


def written(folder: Path, *rows: str) -> Path:
    path = folder / "book.csv"
    path.write_text(HEADER + "".join(rows))
    return path


def test_lines_alike_are_added_and_further_columns_stay_dimensions(tmp_path: Path) -> None:
    book = read_book(written(tmp_path, CASH, CALL, CALL, CALL.replace("vol,option", "arb,option")), example_market())
    assert not book.failures
    assert sorted(zip(book.column("instrument"), book.column("strategy"), book.quantity, strict=True)) == [
        ("C60", "arb", -2.0), ("C60", "vol", -4.0), ("USD", "base", 1000.0)]


@pytest.mark.parametrize(("row", "reason", "remedy"), [
    ("A1,X,USD,many,,,,,,,,,,\n", "quantity is not a number", "write a number"),
    ("A1,X,BTC-NOPE,1,,,,,,,,,,\n", "no venue lists", "give its terms"),
    ("A1,X,USD,1,-5,,,,,,,,,\n", "average_price", "positive"),
    ("A1,X,OLD,1,,,option,BTC,USD,2026-07-01T08:00:00Z,60000,call,linear,\n", "expired", "as cash"),
    ("A1,X,SOLC,1,,,option,SOL,USD,2026-12-25T08:00:00Z,60,call,linear,\n", "lacks a factor", "supply quotes"),
    ("A1,X,P,1,,,perpetual,BTC,USD,,,,linear,\n", "lacks a factor", "BTC-PERPETUAL"),
    ("A1,X,BAD,1,,,option,BTC,USD,2026-12-25T08:00:00Z,many,call,linear,\n", "terms of a option", "reference"),
    (",X,USD,1,,,,,,,,,,\n", "no account", "partial"),
])
def test_each_bad_row_is_named_with_its_remedy_and_the_rest_is_read(
    tmp_path: Path, row: str, reason: str, remedy: str
) -> None:
    book = read_book(written(tmp_path, CASH, row), example_market())
    assert len(book) == 1
    (failure,) = book.failures
    assert reason in failure.reason
    assert remedy in failure.remedy
    assert failure.where == "book.csv row 3"


def test_strict_reading_tells_every_problem_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "A1,X,USD,many,,,,,,,,,,\n", "A2,X,NOPE,1,,,,,,,,,,\n")
    with pytest.raises(BookProblems) as caught:
        read_book(path, example_market(), strict=True)
    assert len(caught.value.problems) == 2


def test_a_book_without_its_short_leg_never_looks_safe(tmp_path: Path) -> None:
    market = example_market()
    book = read_book(written(tmp_path, CASH, CALL.replace("-2", "-2x"), CASH.replace("A1", "A2")), market)
    held = hold(book, revalue(book.instruments, market, grid()), market)
    assert dict(zip([k[0] for k in held.keys], held.partial.tolist(), strict=True)) == {"A1": True, "A2": False}
    total = hold(book, revalue(book.instruments, market, grid()), market, by=())
    assert total.partial.tolist() == [True]


def test_csv_json_and_parquet_give_the_same_book(tmp_path: Path) -> None:
    market = example_market()
    path = written(tmp_path, CASH, CALL)
    rows = [dict(zip(HEADER.strip().split(","), line.strip().split(","), strict=True)) for line in (CASH, CALL)]
    (tmp_path / "book.json").write_text(json.dumps(rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "book.parquet")
    ids = {read_book(tmp_path / f"book.{kind}", market).book_id for kind in ("csv", "json", "parquet")}
    assert ids == {read_book(path, market).book_id}


@pytest.mark.parametrize(("name", "content", "found"), [
    ("book.xls", "", "unknown kind"), ("book.csv", "a,b\n1,2\n", "columns are missing"), ("book.csv", "", "no rows"),
    ("book.json", "{", "cannot be read"),
])
def test_a_file_that_is_no_book_is_refused_with_what_was_wanted(
    tmp_path: Path, name: str, content: str, found: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(FileProblem, match=found):
        read_book(tmp_path / name, example_market())


def test_held_profit_is_the_plain_sum_over_lines(tmp_path: Path) -> None:
    """The slow twin: each line valued alone, converted by hand."""
    market = example_market()
    coin = "A2,Deribit,P60,3,,vol,option,BTC,BTC,2026-12-25T08:00:00Z,60000,put,inverse,\n"
    book = read_book(written(tmp_path, CASH, CALL, coin, "A2,Deribit,BTC,1.5,,base,,,,,,,,\n"), market)
    rule = grid()
    cube = revalue(book.instruments, market, rule)
    held = hold(book, cube, market, by=())
    levels = 60_000 * (1 + rule.shocks[:, 0])
    slow = np.zeros(len(rule))
    for line, of in enumerate(book.instrument_of):
        coin_settled = book.instruments[of].settlement_currency == "BTC"
        later = (cube.base[of] + cube.pnl[of]) * (levels if coin_settled else 1.0)
        slow += book.quantity[line] * (later - cube.base[of] * (60_000 if coin_settled else 1.0))
    # Sums of four terms near 1e5: a few roundings of 1e-11 each.
    assert np.abs(held.pnl[0] - slow).max() <= 1e-9
