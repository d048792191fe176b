"""The packaged desks: what they claim to be, they are, and nothing in them needs mending."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from seawall import samples
from seawall.cube import hold, revalue
from seawall.formats.book import read_book
from seawall.formats.chain import read_chain
from seawall.formats.deribit import read_deribit
from seawall.formats.factors import read_factors
from seawall.formats.history import read_history
from seawall.formats.limits import read_limits
from seawall.market.build import build_market
from seawall.market.supplement import with_factors
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.scenarios.grid import grid

Read = tuple[samples.Desk, Market, Book]
FOLDER = Path(samples.__file__).parent


def read(desk: samples.Desk) -> Read:
    chains = read_chain(desk.market) if desk.market.suffix == ".parquet" else read_deribit(desk.market)
    market = with_factors(build_market(chains), read_factors(desk.factors))
    return desk, market, read_book(desk.book, market, strict=True)


@pytest.fixture(scope="module")
def crypto() -> Read:
    return read(samples.crypto_desk())


@pytest.fixture(scope="module")
def equity() -> Read:
    return read(samples.equity_desk())


def test_the_crypto_desk_holds_what_its_description_says(crypto: Read) -> None:
    _, market, book = crypto
    assert market.as_of == datetime(2026, 8, 1, 17, 58, 4, 320127, tzinfo=UTC)
    kinds = [instrument.kind for instrument in market.listing.values()]
    assert (kinds.count("option"), kinds.count("future") + kinds.count("perpetual")) == (868, 14)
    assert len(book) >= 300
    assert set(book.column("venue")) == {"Aave", "Bybit", "Custodian", "Deribit", "OKX"}
    assert len(set(book.column("account"))) == 10
    assert {i.kind for i in book.instruments} == {"cash", "future", "lending", "option", "perpetual", "wrapped"}


def test_the_equity_desk_holds_what_its_description_says(equity: Read) -> None:
    _, market, book = equity
    assert market.as_of == datetime(2026, 7, 31, 21, 22, 12, tzinfo=UTC)
    assert len(market.listing) == 17_193
    assert len({i.expires_at for i in market.listing.values()}) == 49
    assert len(book) >= 200
    assert (len(set(book.column("venue"))), len(set(book.column("account")))) == (4, 6)
    assert {i.kind for i in book.instruments} == {"cash", "future", "option", "spot"}


@pytest.mark.parametrize("name", ["crypto", "equity"])
def test_every_line_of_a_desk_has_a_value_and_every_account_has_equity(
    name: str, request: pytest.FixtureRequest
) -> None:
    _, market, book = request.getfixturevalue(name)
    cube = revalue(book.instruments, market, grid())
    held = hold(book, cube)
    assert not cube.failures
    assert not held.partial.any()
    assert (held.equity > 0).all()


def test_the_netting_pair_is_safe_together_and_only_together(crypto: Read) -> None:
    _, market, book = crypto
    held = hold(book, revalue(book.instruments, market, grid()))
    alone = {key[0]: row for key, row in zip(held.keys, held.pnl, strict=True)}
    one, other = alone["ARB-DERIBIT"], alone["ARB-BYBIT"]
    assert -(one + other).min() < 0.05 * min(-one.min(), -other.min())


@pytest.mark.parametrize("name", ["crypto", "equity"])
def test_every_limit_of_a_desk_names_something_the_desk_has(name: str, request: pytest.FixtureRequest) -> None:
    desk, _, book = request.getfixturevalue(name)
    found = read_limits(desk.limits, dimensions=book.dimensions, strict=True)
    assert len(found.limits) >= 10
    for limit in found.limits:
        dimension, _, value = limit.scope.partition("=")
        assert dimension == "total" or value == "*" or value in set(book.column(dimension))


def test_histories_end_on_the_days_that_their_names_tell() -> None:
    panel = read_history(samples.equity_desk().histories, {"VIX": "volatility:SPX"})
    # 9.14 on 3 November 2017, the lowest close in these years; one rounding of the division by a hundred.
    assert abs(np.nanmin(panel.values[:, 1]) - 0.0914) < 1e-16
    ends = {}
    for factor, column in zip(panel.factors, panel.values.T, strict=True):
        dates = panel.dates[np.isfinite(column)].astype("datetime64[D]")
        ends[factor.key] = (str(dates[0]), str(dates[-1]), len(dates))
    assert ends == {
        "spot:SPX": ("1990-01-02", "2022-12-28", 8313), "volatility:SPX": ("2014-01-03", "2019-01-03", 1259)}


def test_the_index_fell_most_on_16_march_2020() -> None:
    """2386.13 after 2711.02: the largest fall of one day in these years, as every newspaper wrote."""
    table = pq.read_table(samples.equity_desk().histories[0])
    moves = np.diff(np.log(table["close"].to_numpy()))
    assert str(table["date"][int(np.argmin(moves)) + 1]) == "2020-03-16"
    # Closes are written with two decimals: 1e-5 of the fall.
    assert abs(np.expm1(moves.min()) - (2386.13 / 2711.02 - 1)) < 1e-5


def test_every_data_file_is_the_one_whose_hash_is_written_beside_it() -> None:
    text = (FOLDER / "SOURCES.md").read_text()
    written = dict(reversed(pair) for pair in re.findall(r"^([0-9a-f]{64})  ((?:crypto|equity)/\S+)$", text, re.M))
    files = [file for file in FOLDER.rglob("*") if file.suffix in (".gz", ".parquet")]
    assert {str(file.relative_to(FOLDER)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files} == written
    assert samples.stock_history() in files


def test_all_sample_files_together_stay_small() -> None:
    """One and a half megabytes: what a package may carry without anyone minding."""
    assert sum(f.stat().st_size for f in FOLDER.rglob("*") if f.is_file() and f.suffix != ".pyc") < 1_500_000


@pytest.mark.shared_data
def test_the_chains_are_those_of_the_wider_collection(shared_data: Path) -> None:
    """Taken from the package, compared with a copy that took another road."""
    theirs = pq.read_table(shared_data / "quantflow_chains" / "yahoo_spx_chain_20260731.parquet")
    ours = pq.read_table(samples.equity_desk().market)
    order = [("expiry", "ascending"), ("option_type", "ascending"), ("strike", "ascending")]
    assert ours.sort_by(order).to_pylist() == theirs.sort_by(order).to_pylist()
