"""Books as people write them: everything usable is read, everything else is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from example_market import example_market
from seawall.cube import hold, revalue
from seawall.errors import BookProblems, FileProblem
from seawall.formats.book import book_from_frame, read_book
from seawall.model.market import Market
from seawall.scenarios.grid import grid

NAMES = ("account", "venue", "instrument_id", "quantity", "average_price", "strategy", "kind", "underlying",
         "settlement_currency", "expiry", "strike", "option_type", "payoff", "reference")
HEADER = ",".join(NAMES) + "\n"
CASH = "A1,Deribit,USD,1000,,base,,,,,,,,\n"
CALL = "A1,Deribit,C60,-2,,vol,option,BTC,USD,2026-12-25T08:00:00Z,60000,call,linear,\n"
PERPETUAL = "A1,Deribit,P,{},{},,perpetual,BTC,{},,,,{},BTC-PERPETUAL\n"


@pytest.fixture(scope="module")
def market() -> Market:
    return example_market()


def written(folder: Path, *rows: str) -> Path:
    path = folder / "book.csv"
    path.write_text(HEADER + "".join(rows))
    return path


def put(folder: Path, content: str | bytes, name: str = "book.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_lines_alike_are_added_and_further_columns_stay_dimensions(tmp_path: Path, market: Market) -> None:
    book = read_book(written(tmp_path, CASH, CALL, CALL, CALL.replace("vol,option", "arb,option")), market)
    assert not book.failures
    assert sorted(zip(book.column("instrument"), book.column("strategy"), book.quantity, strict=True)) == [
        ("C60", "arb", -2.0), ("C60", "vol", -4.0), ("USD", "base", 1000.0)]


@pytest.mark.parametrize(("row", "field", "reason", "remedy"), [
    ("A1,X,USD,many,,,,,,,,,,\n", "quantity", "quantity is not a number", "write a number"),
    ("A1,X,USD,,,,,,,,,,,\n", "quantity", "quantity is missing", "write a number"),
    ("A1,X,USD,1e999,,,,,,,,,,\n", "quantity", "too large", "write the true number"),
    ("A1,X,USD,nan,,,,,,,,,,\n", "quantity", "quantity is not a number", "write a number"),
    ("A1,X,USD,inf,,,,,,,,,,\n", "quantity", "quantity is not a number", "write a number"),
    ('A1,X,USD,"1.234,5",,,,,,,,,,\n', "quantity", "quantity is not a number", "write 1234.5"),
    ('A1,X,USD,"1,234.5",,,,,,,,,,\n', "quantity", "quantity is not a number", "write 1234.5"),
    ('A1,X,USD,"1,234",,,,,,,,,,\n', "quantity", "quantity is not a number", "write 1234 or 1.234"),
    ('A1,X,USD,"1,5",,,,,,,,,,\n', "quantity", "quantity is not a number", "write 1.5"),
    ("A1,X,USD,1'000'000,,,,,,,,,,\n", "quantity", "quantity is not a number", "write 1000000"),
    ("A1,X,USD,1_000,,,,,,,,,,\n", "quantity", "quantity is not a number", "write 1000"),
    ("A1,X,USD,(250),,,,,,,,,,\n", "quantity", "quantity is not a number", "write -250"),
    ("A1,X,USD,\u2212250,,,,,,,,,,\n", "quantity", "quantity is not a number", "write -250"),
    ("A1,X,USD,\uff11,,,,,,,,,,\n", "quantity", "quantity is not a number", "write a number"),
    ("A1,X,BTC-NOPE,1,,,,,,,,,,\n", "instrument_id", "no venue lists", "give its terms"),
    ("A1,X,25-Dec,1,,,,,,,,,,\n", "instrument_id", "no venue lists", "format the column as text"),
    ("A1,X,,1,,,,,,,,,,\n", "instrument_id", "names no instrument", "name it"),
    ("A1,X,USD,1,-5,,,,,,,,,\n", "average_price", "average_price is not positive", "positive"),
    ("A1,X,USD,1,0,,,,,,,,,\n", "average_price", "average_price is not positive", "positive"),
    ("A1,X,OLD,1,,,option,BTC,USD,2026-07-01T08:00:00Z,60000,call,linear,\n", "expiry", "expired", "as cash"),
    ("A1,X,SOLC,1,,,option,SOL,USD,2026-12-25T08:00:00Z,60,call,linear,\n", "instrument_id", "lacks a factor",
     "supply quotes"),
    ("A1,X,C1,1,,,option,BTC,USD,2026-12-25T09:00:00Z,60000,call,linear,\n", "instrument_id", "lacks a factor",
     "2026-12-25T08:00Z"),
    ("A1,X,P,1,,,perpetual,BTC,USD,,,,linear,\n", "instrument_id", "lacks a factor", "BTC-PERPETUAL"),
    ("A1,X,BAD,1,,,option,BTC,USD,2026-12-25T08:00:00Z,many,call,linear,\n", "strike", "strike is not a number",
     "write a number"),
    ("A1,X,BAD,1,,,option,BTC,USD,2026-12-25T08:00:00Z,60000,both,linear,\n", "terms", "option_type", "correct"),
    ("A1,X,BAD,1,,,option,BTC,USD,46381,60000,call,linear,\n", "expiry", "serial number", "2026-12-25"),
    ("A1,X,BAD,1,,,option,BTC,USD,25/12/2026,60000,call,linear,\n", "expiry", "not a time", "as text"),
    ("A1,X,BAD,1,,,option,BTC,USD,2026-12-25,60000,call,linear,\n", "expiry", "not the time", "hour"),
    ("A1,X,BAD,1,,,option,BTC,USD,2026-12-25 08:00:00,60000,call,linear,\n", "expiry", "no zone", "add Z"),
    ("A1,X,BAD,1,,,swaption,BTC,USD,,,,,\n", "terms", "instrument kind", "install the plugin"),
    (",X,USD,1,,,,,,,,,,\n", "account", "no account", "partial"),
    ("1.23E+15,X,USD,1,,,,,,,,,,\n", "account", "lost digits", "format the column as text"),
])
def test_each_bad_row_is_named_with_its_remedy_and_the_rest_is_read(
    tmp_path: Path, *, market: Market, row: str, field: str, reason: str, remedy: str
) -> None:
    book = read_book(written(tmp_path, CASH, row), market)
    assert len(book) == 1
    (failure,) = book.failures
    assert reason in failure.reason
    assert remedy in failure.remedy
    assert failure.where == f"book.csv row 3, {field}"


def test_every_problem_of_a_row_is_told_not_only_its_first(tmp_path: Path, market: Market) -> None:
    book = read_book(written(tmp_path, ",X,NOPE,many,-1,,,,,,,,,\n"), market)
    assert [failure.where.split(", ")[1] for failure in book.failures] == [
        "account", "quantity", "average_price", "instrument_id"]


def test_strict_reading_tells_every_problem_at_once(tmp_path: Path, market: Market) -> None:
    path = written(tmp_path, "A1,X,USD,many,,,,,,,,,,\n", "A2,X,NOPE,1,,,,,,,,,,\n")
    with pytest.raises(BookProblems) as caught:
        read_book(path, market, strict=True)
    assert len(caught.value.problems) == 2


def test_a_misspelt_listed_name_is_answered_with_those_like_it(tmp_path: Path) -> None:
    plain = example_market()
    call = read_book(written(tmp_path, CALL), plain).instruments[0]
    listed = Market(plain.as_of, plain.factors, plain.levels, plain.uncertainty, plain.smiles,
                    listing={"BTC-25DEC26-60000-C": call}, asset_class=plain.asset_class)
    (failure,) = read_book(written(tmp_path, "A1,X,BTC-25DEC26-6000-C,1,,,,,,,,,,\n"), listed).failures
    assert failure.remedy == "meant BTC-25DEC26-60000-C?"


def test_terms_that_contradict_the_listing_or_an_earlier_row_are_told(tmp_path: Path, market: Market) -> None:
    other = CALL.replace(",60000,", ",70000,")
    (failure,) = read_book(written(tmp_path, CALL, other), market).failures
    assert "earlier row" in failure.reason
    (failure,) = read_book(written(tmp_path, "A1,X,USD,1,,,,EUR,,,,,,\n"), market).failures
    assert failure.where == "book.csv row 2, underlying"
    assert (failure.found, failure.wanted) == ("EUR", "USD")


def test_a_written_direction_that_contradicts_the_sign_is_told(tmp_path: Path, market: Market) -> None:
    content = "account,instrument_id,quantity,side\nA1,BTC,5,short\nA1,BTC,-5,sell\nA1,BTC,2,LONG\n"
    book = read_book(put(tmp_path, content), market)
    assert [f.where for f in book.failures] == ["book.csv row 2, side"]
    assert book.quantity.tolist() == [-3.0]


def test_a_book_without_its_short_leg_never_looks_safe(tmp_path: Path, market: Market) -> None:
    book = read_book(written(tmp_path, CASH, CALL.replace("-2", "-2x"), CASH.replace("A1", "A2")), market)
    cube = revalue(book.instruments, market, grid())
    held = hold(book, cube)
    assert dict(zip([k[0] for k in held.keys], held.partial.tolist(), strict=True)) == {"A1": True, "A2": False}
    assert hold(book, cube, by=()).partial.tolist() == [True]


def test_a_row_without_an_account_leaves_every_total_partial(tmp_path: Path, market: Market) -> None:
    """It may belong to any account and any venue."""
    book = read_book(written(tmp_path, CASH, CASH.replace("A1", "A2"), ",X,USD,-1,,,,,,,,,,\n"), market)
    cube = revalue(book.instruments, market, grid())
    for by in ("account", "venue", ("account", "strategy"), ()):
        held = hold(book, cube, by=by)
        assert held.partial.all()
        assert held.roll_up(()).partial.all()


def test_an_account_with_lines_on_two_venues_belongs_to_neither_alone(tmp_path: Path, market: Market) -> None:
    book = read_book(written(tmp_path, CASH, CASH.replace("Deribit", "OKX"), CASH.replace("A1", "A2")), market)
    assert {a.account_id: a.venue for a in book.accounts.values()} == {"A1": "", "A2": "Deribit"}


ROWS = [dict(zip(NAMES, line.strip().split(","), strict=True)) for line in (CASH, CALL)]


def test_csv_json_parquet_and_frames_give_the_same_book(tmp_path: Path, market: Market) -> None:
    path = written(tmp_path, CASH, CALL)
    put(tmp_path, json.dumps(ROWS), "book.json")
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "book.parquet")
    plain = {name: [row[name] for row in ROWS] for name in NAMES}
    frames = (pd.DataFrame(ROWS), pl.DataFrame(ROWS), pa.Table.from_pylist(ROWS), plain)
    ids = {read_book(tmp_path / f"book.{kind}", market).book_id for kind in ("csv", "json", "parquet")}
    ids |= {book_from_frame(frame, market).book_id for frame in frames}
    assert ids == {read_book(path, market).book_id}


def test_typed_cells_of_frames_and_parquet_read_as_if_written(tmp_path: Path, market: Market) -> None:
    """Numbers, missing numbers, whole numbers made floats by gaps, and times: as spreadsheets and pandas keep them."""
    typed = pd.DataFrame(ROWS).assign(
        quantity=[1000.0, -2.0], average_price=[None, float("nan")], strike=[float("nan"), 60_000.0],
        account=["A1", "A1"], expiry=pd.to_datetime(["", "2026-12-25T08:00:00Z"]))
    typed.to_parquet(tmp_path / "book.parquet")
    ids = {book_from_frame(typed, market).book_id, book_from_frame(pl.from_pandas(typed), market).book_id,
           read_book(tmp_path / "book.parquet", market).book_id}
    assert ids == {read_book(written(tmp_path, CASH, CALL), market).book_id}
    gaps = pd.DataFrame({"account": [7, None], "instrument_id": ["USD", "USD"], "quantity": [1, 2]})
    assert book_from_frame(gaps, market).column("account").tolist() == ["7"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("lead", ["", "sep"])
def test_marks_separators_and_letter_case_of_spreadsheets_are_understood(
    tmp_path: Path, market: Market, encoding: str, separator: str, lead: str
) -> None:
    rows = ["Account;Instrument ID;Quantity;Desk", "Zürich;USD;1000;é", ";;;", "", "B;USD;-5;x"]
    text = (f"sep={separator}\r\n" if lead else "") + "\r\n".join(rows).replace(";", separator)
    book = read_book(put(tmp_path, text.encode(encoding)), market, strict=True)
    assert book.column("account").tolist() == ["Zürich", "B"]
    assert book.column("desk").tolist() == ["é", "x"]


@pytest.mark.parametrize(("row", "reason"), [
    ("A1,USD,1,234\n", "does not fit the header"), ("A1,USD\n", "does not fit the header"),
    ('A1,USD,"1\n2"\n', "several lines"),
])
def test_a_row_that_cannot_be_laid_to_columns_is_named_and_counts_against_its_account(
    tmp_path: Path, market: Market, row: str, reason: str
) -> None:
    book = read_book(put(tmp_path, "account,instrument_id,quantity\nA2,USD,1\n" + row + "A3,USD,x\n"), market)
    first, second = book.failures
    assert reason in first.reason
    assert first.where == "book.csv row 3"
    assert second.where == f"book.csv row {4 + row.count(chr(10)) - 1}, quantity"
    slipped = put(tmp_path, "instrument_id,account,quantity\nUSD,A1,1,2\n", "slipped.csv")
    assert read_book(slipped, market).failures[0].accounts == ()


@pytest.mark.parametrize(("name", "content", "found"), [
    ("book.xls", b"", "unknown kind"), ("book.csv", b"a,b\n1,2\n", "columns are missing"), ("book.csv", b"", "no rows"),
    ("book.csv", b"account,instrument_id,quantity\n", "no rows"), ("book.json", b"{", "cannot be read"),
    ("book.json", b"[]", "no rows"), ("book.json", b'{"account": 1}', "list of objects"),
    ("book.json", b'[{"account":"A","account":"B","instrument_id":"USD","quantity":1}]', "a key twice: account"),
    ("book.json", b"[" * 100_000, "cannot be read"), ("book.parquet", b"PAR1", "cannot be read"),
    ("book.csv", b"account,instrument_id,quantity,Quantity\nA,USD,1,2\n", "twice in the header"),
    ("book.csv", b"account,instrument_id,quantity,\nA,USD,1,2\n", "no name"),
    ("book.csv", b'account,instrument_id,quantity\nA,USD,1\nB,"USD,1\nC,USD,1\n', "row 3 cannot be read"),
    ("book.csv", b"account,instrument_id,quantity\nA,USD,1\nZ\xfcrich,USD,1\n", "row 3 is not UTF-8"),
    ("book.csv", "account,instrument_id,quantity\nA,USD,1\n".encode("utf-16-le"), "zero bytes"),
])
def test_a_file_that_is_no_book_is_refused_with_what_was_wanted(
    tmp_path: Path, market: Market, name: str, content: bytes, found: str
) -> None:
    with pytest.raises(FileProblem, match=found):
        read_book(put(tmp_path, content, name), market)


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path, market: Market) -> None:
    with pytest.raises(FileProblem, match=r"gone\.csv"):
        read_book(tmp_path / "gone.csv", market)


CELLS = st.one_of(
    st.sampled_from([
        "", "A1", "USD", "BTC", "C60", "1", "-2.5", "1e999", "nan", "NaN", "inf", "1,5", "option", "future",
        "perpetual", "wrapped", "lending", "cash", "spot", "call", "inverse", "quanto", "2026-12-25T08:00:00Z", "46381",
        "sep=;", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00+01:00", '"', "\ud800", "\x00", "\n", "60000", "supply",
        "short",
    ]),
    st.text(max_size=6),
)


@given(rows=st.lists(st.lists(CELLS, min_size=len(NAMES) - 1, max_size=len(NAMES) + 1), max_size=5),
       kind=st.sampled_from(["csv", "json", "raw"]))
def test_whatever_stands_in_a_file_is_read_or_refused_and_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], kind: str
) -> None:
    folder = tmp_path_factory.mktemp("book")
    table = [dict(zip((*NAMES, "more"), row, strict=False)) for row in rows]
    text = {"json": json.dumps(table), "csv": HEADER + "".join(",".join(row) + "\n" for row in rows),
            "raw": "".join(";".join(row) for row in rows)}[kind]
    path = put(folder, text.encode("utf-8", "surrogatepass"), "book.json" if kind == "json" else "book.csv")
    try:
        book = read_book(path, example_market())
    except FileProblem:
        return
    rows_told = {failure.where.split(",")[0] for failure in book.failures}
    held = hold(book, revalue(book.instruments, example_market(), grid()), by=())
    assert book.book_id
    assert len(book) + len(rows_told) <= max(len(rows) * 8, 1)
    assert not rows_told or held.partial.all()
    assert np.isfinite(held.pnl).all()


SIZES = st.integers(-50, 50).filter(bool)
ENTRIES = st.lists(st.tuples(SIZES, st.integers(20_000, 90_000)), min_size=1, max_size=6)


@given(ENTRIES, st.sampled_from([("USD", "linear"), ("BTC", "inverse")]))
def test_adding_lines_up_keeps_quantity_and_gain(entries: list[tuple[int, int]], terms: tuple[str, str]) -> None:
    """The slow twin: each entry's own gain at the market, added by hand; however many lines are left."""
    plain = example_market()
    columns = {"account": "A", "instrument_id": "P", "kind": "perpetual", "underlying": "BTC",
               "settlement_currency": terms[0], "payoff": terms[1], "reference": "BTC-PERPETUAL"}
    frame = {name: [value] * len(entries) for name, value in columns.items()}
    frame |= {"quantity": [q for q, _ in entries], "average_price": [p for _, p in entries]}  # type: ignore[dict-item]
    book = book_from_frame(frame, plain)
    assert len(book) <= 2
    assert book.quantity.sum() == sum(q for q, _ in entries)

    def gains(quantity: np.ndarray, price: np.ndarray) -> float:
        each = 1 / price - 1 / 60_000 if terms[1] == "inverse" else 60_000 - price
        return float(np.where(quantity == 0, 0.0, quantity * each).sum())

    slow = gains(*(np.array(column, float) for column in zip(*entries, strict=True)))
    fast = gains(book.quantity, np.where(book.quantity == 0, 1.0, book.average_price))
    # Up to six products of at most 50 x 9e4 (or 50 / 2e4), each rounded a few times at 2e-16.
    assert abs(fast - slow) <= 1e-14 * (5e7 if terms[1] == "linear" else 5e-2)


def test_a_position_bought_and_sold_back_keeps_the_gain_that_no_single_price_carries(
    tmp_path: Path, market: Market
) -> None:
    rows = [PERPETUAL.format(q, p, "USD", "linear") for q, p in ((2, 50_000), (-2, 55_000))]
    book = read_book(written(tmp_path, *rows), market)
    assert sorted(zip(book.quantity, book.average_price, strict=True)) == [(-2.0, 55_000.0), (2.0, 50_000.0)]


def test_lines_with_and_without_a_price_stay_apart(tmp_path: Path, market: Market) -> None:
    """One price for both would be invented, and no price for both would lose a gain."""
    rows = [PERPETUAL.format(q, p, "USD", "linear") for q, p in ((2, 50_000), (1, ""), (2, 52_000))]
    book = read_book(written(tmp_path, *rows), market)
    assert book.quantity.tolist() == [4.0, 1.0]
    np.testing.assert_array_equal(book.average_price, [51_000.0, np.nan])


def test_an_option_bought_and_sold_back_is_one_flat_line(tmp_path: Path, market: Market) -> None:
    """Its premium was paid in cash; two lines would show a gross exposure that is not there."""
    rows = [CALL.replace("-2,,", f"{q},{p},") for q, p in ((2, 500), (-2, 550))]
    assert read_book(written(tmp_path, *rows), market).quantity.tolist() == [0.0]


def test_held_profit_is_the_plain_sum_over_lines(tmp_path: Path, market: Market) -> None:
    """The slow twin: each line valued alone, converted by hand."""
    coin = "A2,Deribit,P60,3,,vol,option,BTC,BTC,2026-12-25T08:00:00Z,60000,put,inverse,\n"
    book = read_book(written(tmp_path, CASH, CALL, coin, "A2,Deribit,BTC,1.5,,base,,,,,,,,\n"), market)
    rule = grid()
    cube = revalue(book.instruments, market, rule)
    held = hold(book, cube, by=())
    levels = 60_000 * (1 + rule.shocks[:, 0])
    slow = np.zeros(len(rule))
    for line, of in enumerate(book.instrument_of):
        coin_settled = book.instruments[of].settlement_currency == "BTC"
        later = (cube.base[of] + cube.pnl[of]) * (levels if coin_settled else 1.0)
        slow += book.quantity[line] * (later - cube.base[of] * (60_000 if coin_settled else 1.0))
    # Sums of four terms near 1e5: a few roundings of 1e-11 each.
    assert np.abs(held.pnl[0] - slow).max() <= 1e-9
