from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from example_desk import example_book
from example_market import example_market
from margin.sample_desks import desk
from seawall.cube import hold, revalue
from seawall.instruments.plugins import kind_of
from seawall.margin.columns import valued
from seawall.margin.holdings import holdings, holdings_in
from seawall.model.factor import Factor
from seawall.model.market import Market
from seawall.model.state import State, present
from seawall.scenarios.grid import grid

# Sums of a few hundred products, in another order: a few dozen roundings.
ROUNDINGS = 1e-13


def equity_of(held, values):
    return np.bincount(held.lines.account, held.quantity * values[held.lines.instrument], len(held.accounts))


@pytest.mark.parametrize("name", ["crypto", "equity"])
def test_marks_times_quantities_are_the_equity_that_holding_the_book_gives(name):
    book, market = desk(name)
    held = holdings(book, market)
    cube = revalue(book, market, grid((-0.1, 0.1)))
    told = hold(book, cube, by="account")
    assert [key[0] for key in told.keys] == list(held.accounts)
    assert equity_of(held, held.columns.numbers["mark"]) == pytest.approx(told.equity, rel=ROUNDINGS)


@pytest.mark.parametrize("name", ["crypto", "equity"])
def test_a_mark_is_what_the_instrument_itself_says_it_is_worth(name):
    book, market = desk(name)
    numbers = holdings(book, market).columns.numbers
    for place, i in enumerate(book.instruments):
        worth = float(kind_of(i).value([i], present(market))[0, 0]) * market.spot(i.settlement_currency)
        expected = 0.0 if kind_of(i).margined else worth
        # Two routes to Black-76: the smile's kernel and the Greeks'; both hold 1e-14 of the forward.
        scale = market.spot(i.underlying)
        assert numbers["mark"][place] == pytest.approx(expected, abs=1e-12 * scale), i.instrument_id


def test_a_coin_settled_contract_gains_in_proportion_to_its_price_what_its_coins_gain():
    book, market = desk("crypto")
    for i in book.instruments:
        if not kind_of(i).margined or i.payoff != "inverse":
            continue
        numbers = holdings(book, market).columns.numbers
        place = book.instruments.index(i)
        moved = market_with(market, f"spot:{i.underlying}", 1.2)
        gain = float(kind_of(i).value([i], present(moved))[0, 0] - kind_of(i).value([i], present(market))[0, 0])
        in_money = gain * moved.spot(i.settlement_currency)
        assert numbers["price"][place] * 0.2 == pytest.approx(in_money, rel=1e-12)


def test_versions_of_a_market_stand_beside_each_other_as_each_would_alone():
    book, market = desk("crypto")
    shares = (0.7, 1.0, 1.4)
    levels = np.repeat(market.levels[None, :], len(shares), axis=0)
    levels[:, market.index["spot:BTC"]] *= shares
    together = holdings_in(book, State(market, levels, np.zeros(len(shares))))
    wide, lines = len(together.columns.numbers["mark"]) // 3, len(together.quantity) // 3
    for n, share in enumerate(shares):
        alone = holdings(book, market_with(market, "spot:BTC", share))
        for name, values in alone.columns.numbers.items():
            # A version keeps the sum of its base and what it gained: one rounding more than the market itself.
            assert together.columns.numbers[name][n * wide : (n + 1) * wide] == pytest.approx(
                values, rel=1e-12, abs=1e-9, nan_ok=True), name
        assert together.quantity[n * lines : (n + 1) * lines] == pytest.approx(alone.quantity, rel=1e-12, abs=1e-9)


def test_an_instrument_without_a_factor_leaves_only_its_holders_unknown(tmp_path):
    book, market = example_book(tmp_path), example_market()
    poor = without(market, "premium:BTC-PERPETUAL")
    held = holdings(book, poor)
    assert set(held.unknown) == {"HEDGE"}
    assert "premium:BTC-PERPETUAL" in held.unknown["HEDGE"]
    known = holdings(book, market)
    for account in ("MM", "FUND"):
        place = held.accounts.index(account)
        assert equity_of(held, np.nan_to_num(held.columns.numbers["mark"]))[place] == \
            equity_of(known, known.columns.numbers["mark"])[place]


def test_a_row_that_could_not_be_read_leaves_its_account_unknown(tmp_path):
    held = holdings(example_book(tmp_path, broken=True), example_market())
    assert set(held.unknown) == {"LOST"}


def test_gains_since_the_average_price_are_a_holding_in_the_settlement_currency(tmp_path):
    book, market = example_book(tmp_path), example_market()
    held = holdings(book, market)
    line = held.names.index("unrealised USD")
    price = 60_000 * 1.001
    assert held.quantity[line] == pytest.approx(-2 * (price - 61_000), rel=1e-12)
    assert held.line_of[line] == -1


def test_conditions_of_a_venue_become_columns_of_what_they_are_told_of():
    book, market = desk("crypto")
    told = with_factor(market, Factor("open_interest", "BTC"), 12_345.0)
    numbers, labels = (lambda c: (c.numbers, c.labels))(holdings(book, told).columns)
    of_btc = labels["underlying"][: len(book.instruments)] == "BTC"
    assert (numbers["open_interest"][: len(book.instruments)][of_btc] == 12_345.0).all()
    assert np.isnan(numbers["open_interest"][: len(book.instruments)][~of_btc]).all()
    assert "open_interest" not in holdings(book, market).columns.numbers


def test_valued_tells_why_an_instrument_has_no_value(tmp_path):
    book = example_book(tmp_path)
    base, failed = valued(book.instruments, present(without(example_market(), "premium:BTC-PERPETUAL")))
    assert len(failed) == 1
    place = next(iter(failed))
    assert np.isnan(base[place]).all()
    assert "premium:BTC-PERPETUAL" in failed[place]


def market_with(market: Market, key: str, share: float) -> Market:
    levels = market.levels.copy()
    levels[market.index[key]] *= share
    return replace(market, levels=levels)


def without(market: Market, key: str) -> Market:
    keep = [n for n, factor in enumerate(market.factors) if factor.key != key]
    return replace(market, factors=tuple(market.factors[n] for n in keep), levels=market.levels[keep],
                   uncertainty=market.uncertainty[keep])


def with_factor(market: Market, factor: Factor, level: float) -> Market:
    pairs = sorted([*zip(market.factors, market.levels, strict=True), (factor, level)], key=lambda pair: pair[0])
    return replace(market, factors=tuple(f for f, _ in pairs), levels=np.array([x for _, x in pairs]),
                   uncertainty=np.zeros(len(pairs)))
