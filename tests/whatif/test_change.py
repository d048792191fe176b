from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from margin.sample_desks import desk
from seawall.cube import hold, revalue
from seawall.errors import InputError
from seawall.formats.margin_models import read_margin_model
from seawall.margin.holdings import holdings
from seawall.margin.plan import bind, evaluate, index
from seawall.model.arrays import frozen_texts
from seawall.scenarios.grid import grid
from seawall.whatif.change import (
    Trade,
    after_deposit,
    after_market,
    after_parameters,
    after_trades,
    after_transfer,
    deposited,
    traded,
)
from seawall.whatif.stand import stand, trimmed

ACCOUNT = "CALENDAR"
NAMES = ("BTC-PERPETUAL", "BTC-28AUG26-66000-C", "BTC-25SEP26")


@pytest.fixture(scope="module")
def standing():
    book, market = desk("crypto")
    model = read_margin_model("paradex_scan")
    return stand(model, book, market, ACCOUNT, tradable=[market.listing[name] for name in NAMES])


def requirement_of(book, market, model, account):
    """The slow way: the whole book again, then that account."""
    held = holdings(book, market)
    done = evaluate(index(bind(model, held.columns), held.lines), np.array(held.quantity))
    place = held.accounts.index(account)
    return done["equity"][place], done["initial"][place], done["maintenance"][place]


def book_with(book, account, changes):
    """The book with lines added: quantities by instrument."""
    more = len(changes)
    known = {i.instrument_id: i for i in book.instruments}
    listed = [*book.instruments, *(i for i, _ in changes if i.instrument_id not in known)]
    place = {i.instrument_id: n for n, i in enumerate(listed)}
    dims = {name: frozen_texts([*column, *([account if name == "account" else ""] * more)], name)
            for name, column in book.dimensions.items()}
    return replace(
        book, instruments=tuple(listed), dimensions=dims,
        instrument_of=np.concatenate([book.instrument_of, [place[i.instrument_id] for i, _ in changes]]).astype(int),
        quantity=np.concatenate([book.quantity, [q for _, q in changes]]),
        average_price=np.concatenate([book.average_price, np.full(more, np.nan)]),
    )


def close(found, expected):
    # The same sums over the same numbers in another order.
    assert (found.equity, found.initial, found.maintenance) == pytest.approx(expected, rel=1e-11, abs=1e-6)


def test_an_account_alone_stands_as_it_does_in_the_crowd(standing):
    book, market = desk("crypto")
    close(standing.now, requirement_of(book, market, standing.model, ACCOUNT))


def test_an_option_bought_costs_its_premium_in_its_coin(standing):
    book, market = desk("crypto")
    name = "BTC-28AUG26-66000-C"
    effect = after_trades(standing, Trade(name, 12.0))
    coin = next(i for i in standing.book.instruments if i.instrument_id == "cash:BTC")
    paid = -12.0 * standing.base[name]
    slow = book_with(book, ACCOUNT, [(market.listing[name], 12.0), (coin, paid)])
    close(effect.after, requirement_of(slow, market, standing.model, ACCOUNT))
    close(effect.before, requirement_of(book, market, standing.model, ACCOUNT))


def test_a_margined_trade_at_the_mark_costs_nothing_and_at_another_price_the_difference(standing):
    at_mark = traded(standing, [Trade("BTC-PERPETUAL", 1_000.0)])
    changed = np.flatnonzero(at_mark != standing.quantity)
    assert changed.tolist() == [standing.line("BTC-PERPETUAL")]
    value = 1 / -standing.base["BTC-PERPETUAL"] * 10.0  # ten dollars a contract: its own price
    dear = traded(standing, [Trade("BTC-PERPETUAL", 1_000.0, price=value * 1.01)])
    lost = standing.quantity[standing.cash("BTC")] - dear[standing.cash("BTC")]
    assert lost == pytest.approx(1_000 * 10 * (1 / value - 1 / (value * 1.01)), rel=1e-9)


def test_a_fee_is_paid_in_the_reporting_currency(standing):
    effect = after_trades(standing, Trade("BTC-PERPETUAL", 0.0, fee=500.0))
    assert effect.equity == pytest.approx(-500.0)


def test_a_deposit_adds_its_value_and_a_withdrawal_takes_it(standing):
    rate = standing.market.spot("USDC")
    quantity = deposited(standing, "USDC", 1_000.0)
    assert quantity[standing.cash("USDC")] - standing.quantity[standing.cash("USDC")] == 1_000.0
    more, less = after_deposit(standing, "USDC", 1_000.0), after_deposit(standing, "USDC", -1_000.0)
    assert more.equity == pytest.approx(1_000 * rate, rel=1e-9)
    assert less.equity == pytest.approx(-1_000 * rate, rel=1e-9)
    assert more.allowed
    with pytest.raises(InputError, match="finite"):
        after_deposit(standing, "USDC", float("nan"))


def test_a_transfer_takes_from_one_account_what_it_gives_the_other(standing):
    book, market = desk("crypto")
    taker = stand(standing.model, book, market, "BASIS",
                  tradable=[market.listing[name] for name in NAMES] + list(standing.book.instruments))
    giver, taken = after_transfer(standing, taker, {"cash:USDC": 50_000.0, "BTC-28AUG26-66000-C": -10.0})
    assert giver.equity + taken.equity == pytest.approx(0.0, abs=1e-6)
    assert taken.equity != 0


def test_parameters_and_markets_are_those_that_a_new_stand_would_have(standing):
    book, market = desk("crypto")
    effect = after_parameters(standing, {"maintenance_share": 0.8})
    other = standing.model.with_parameters({"maintenance_share": 0.8})
    close(effect.after, requirement_of(book, market, other, ACCOUNT))
    levels = market.levels.copy()
    levels[market.index["spot:BTC"]] *= 0.8
    moved = replace(market, levels=levels)
    close(after_market(standing, moved).after, requirement_of(book, moved, standing.model, ACCOUNT))


def test_a_move_of_the_market_changes_equity_as_full_revaluation_does():
    book, market = desk("crypto")
    model = read_margin_model("ladder")  # counts everything at its mark
    rule = grid((-0.2, 0.15), (0.0,))
    gains = hold(book, revalue(book, market, rule), by="account")
    for n, share in enumerate((0.8, 1.15)):
        levels = market.levels.copy()
        levels[market.index["spot:BTC"]] *= share
        moved = replace(market, levels=levels)
        for row, key in enumerate(gains.keys):
            effect = after_market(stand(model, book, market, key[0]), moved)
            assert effect.equity == pytest.approx(gains.pnl[row, n], rel=1e-9, abs=1e-3)


def test_unknown_accounts_and_instruments_are_named(standing):
    book, market = desk("crypto")
    with pytest.raises(InputError, match="NOBODY"):
        stand(standing.model, book, market, "NOBODY")
    with pytest.raises(InputError, match="ETH-PERPETUAL"):
        after_trades(standing, Trade("ETH-PERPETUAL", 1.0))
    with pytest.raises(InputError, match="finite"):
        after_trades(standing, Trade("BTC-PERPETUAL", float("inf")))


def test_a_trimmed_book_holds_the_same_lines_over_fewer_instruments():
    book, _ = desk("crypto")
    few = trimmed(book)
    assert [few.instruments[i].instrument_id for i in few.instrument_of] == \
        [book.instruments[i].instrument_id for i in book.instrument_of]
    assert len(few.instruments) <= len(book.instruments)
