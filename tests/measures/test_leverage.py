"""Leverage by hand: a few positions whose notionals anyone can add up."""

from __future__ import annotations

import numpy as np
import pytest

from example_book import LINES, book_of
from example_market import example_market
from seawall.cube import hold, revalue
from seawall.measures.greeks import instrument_greeks
from seawall.measures.leverage import Leverage, leverage
from seawall.measures.tail import expected_shortfall
from seawall.model.book import Book
from seawall.scenarios.grid import grid

MARKET = example_market()
NAN = float("nan")


def of(book: Book, by: str | tuple[str, ...] = (), currency: str = "USD") -> Leverage:
    cube = revalue(book, MARKET, grid())
    held = hold(book, cube, by=by, currency=currency)
    return leverage(book, cube, MARKET, greeks=instrument_greeks(cube, MARKET, currency=currency), held=held,
                    shortfall=expected_shortfall(held.pnl, 0.9))


def line(name: str, quantity: float, account: str = "A") -> tuple[str, str, str, str, float, float]:
    return (account, "X", "s", name, quantity, NAN)


def test_a_long_and_a_short_of_one_coin_net_and_cash_carries_nothing() -> None:
    book = book_of([line("USD", 100_000), line("LINEAR", 3), line("BTC-PERPETUAL", -12_000), line("USDC", 50_000)])
    found = of(book)
    equity = 100_000 + 50_000 * 0.9995
    # 3 BTC at 60,000, and 12,000 contracts of 10 dollars sold.
    assert found.gross[0] == pytest.approx((180_000 + 120_000) / equity, rel=1e-12)
    assert found.net[0] == pytest.approx(60_000 / equity, rel=1e-12)


def test_two_coins_do_not_net_and_a_put_leans_the_other_way() -> None:
    book = book_of([line("USD", 100_000), line("LINEAR", 1), line("E3", -10), line("P50", 1)])
    found = of(book)
    cube = revalue(book, MARKET, grid())
    equity = 100_000 - 10 * cube.base[2] + cube.base[3]
    assert found.gross[0] == pytest.approx((60_000 + 30_000 + 60_000) / equity, rel=1e-12)
    assert found.net[0] == pytest.approx((60_000 - 60_000 + 30_000) / equity, abs=1e-12)


def test_spot_collateral_and_tokens_carry_what_they_are_worth() -> None:
    found = of(book_of([line("BTC", 2), line("WSTETH", 10), line("SHARE", 3), line("DEBT", -60_000)]))
    worth = 120_000 + 10 * 1.2 * 0.998 * 3_000 + 3 * 7_400
    assert found.gross[0] == pytest.approx(worth / (worth - 60_000 * 0.9995), rel=1e-12)
    assert found.delta[0] == pytest.approx(found.gross[0], rel=1e-12)


def test_leverage_does_not_depend_on_the_reporting_currency_but_for_the_shortfall() -> None:
    dollars, coins = of(book_of(), "account"), of(book_of(), "account", "BTC")
    for name in ("gross", "net", "delta"):
        assert getattr(coins, name) == pytest.approx(getattr(dollars, name), rel=1e-9, nan_ok=True)


def test_delta_leverage_is_the_cash_delta_over_equity_and_the_shortfall_its_share() -> None:
    book = book_of()
    cube = revalue(book, MARKET, grid())
    held = hold(book, cube, by="venue")
    shortfall = expected_shortfall(held.pnl, 0.9)
    found = leverage(book, cube, MARKET, greeks=instrument_greeks(cube, MARKET), held=held, shortfall=shortfall)
    assert found.shortfall == pytest.approx(shortfall / held.equity, rel=1e-12)
    trader = instrument_greeks(cube, MARKET).trader[:, 0]
    slow = np.zeros(len(held.keys))
    for n, (venue,) in enumerate(held.keys):
        sums: dict[str, float] = {}
        for row in range(len(book)):
            if book.dimensions["venue"][row] == venue:
                i = book.instruments[book.instrument_of[row]]
                if i.underlying in ("USD", "USDC"):
                    continue
                sums[i.underlying] = sums.get(i.underlying, 0.0) + book.quantity[row] * trader[book.instrument_of[row]]
        slow[n] = sum(abs(value) for value in sums.values()) / held.equity[n]
    assert found.delta == pytest.approx(slow, rel=1e-12)


def test_without_equity_there_is_no_leverage_to_name() -> None:
    found = of(book_of([line("USD", -10), line("LINEAR", 1)]))
    assert all(np.isnan(getattr(found, name)).all() for name in ("gross", "net", "delta", "shortfall"))


def test_a_row_with_a_gap_is_marked() -> None:
    book = book_of(LINES)
    cube = revalue(book.instruments[1:], MARKET, grid())
    held = hold(book, cube)
    found = leverage(book, cube, MARKET, greeks=instrument_greeks(cube, MARKET), held=held,
                     shortfall=expected_shortfall(held.pnl, 0.9))
    assert found.partial.tolist() == [True, False, False, True]
