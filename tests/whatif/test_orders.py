from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from msgspec import structs

from margin.sample_desks import desk
from seawall.errors import InputError
from seawall.formats.margin_models import read_margin_model
from seawall.model.order import Order
from seawall.whatif import orders as module
from seawall.whatif.change import Trade, mark_price, traded
from seawall.whatif.orders import order_margin
from seawall.whatif.stand import stand

ACCOUNT = "VOL-SHORT"


@pytest.fixture(scope="module")
def standing():
    book, market = desk("crypto")
    options = [i for i in market.listing.values() if i.kind == "option"][::40]
    return stand(read_margin_model("derive_pmrm_2"), book, market, ACCOUNT,
                 tradable=[*options, market.listing["BTC-PERPETUAL"]])


def some_orders(standing, count, seed):
    rng = np.random.default_rng(seed)
    names = sorted(n for n in standing.slot if "BTC-" in n)
    return [Order(order_id=f"o{n}", account_id=ACCOUNT, instrument_id=str(rng.choice(names)),
                  side=str(rng.choice(["buy", "sell"])), quantity=float(rng.integers(1, 80))) for n in range(count)]


def brute(standing, orders):
    least = np.inf
    for fill in product((False, True), repeat=len(orders)):
        trades = [Trade(o.instrument_id, o.signed) for o, on in zip(orders, fill, strict=True) if on]
        least = min(least, standing.at(traded(standing, trades)).excess)
    return least


@pytest.mark.parametrize("seed", range(6))
def test_the_worst_of_few_orders_is_the_worst_of_all_their_subsets(standing, seed):
    orders = some_orders(standing, 7, seed)
    found = order_margin(standing, orders)
    assert found.exact
    # The same sums in another order.
    assert found.worst.excess == pytest.approx(brute(standing, orders), rel=1e-11)
    assert found.reserved >= 0
    assert set(found.filled) <= set(orders)


@pytest.mark.parametrize("seed", range(6))
def test_the_search_over_many_orders_finds_what_trying_all_finds(standing, seed, monkeypatch):
    orders = some_orders(standing, 9, seed + 50)
    monkeypatch.setattr(module, "EXACT", 3)
    found = order_margin(standing, orders)
    assert not found.exact
    assert found.worst.excess == pytest.approx(brute(standing, orders), rel=1e-11)


def test_an_order_that_closes_what_is_held_adds_nothing_and_is_recognised():
    book, market = desk("crypto")
    standing = stand(read_margin_model("paradex_scan"), book, market, ACCOUNT)
    name = next(n for n, line in standing.slot.items() if n.endswith("-P") and standing.quantity[line] < 0)
    held = standing.quantity[standing.line(name)]
    closing = Order(order_id="close", account_id=ACCOUNT, instrument_id=name, side="buy", quantity=abs(held) / 2)
    opening = Order(order_id="open", account_id=ACCOUNT, instrument_id=name, side="sell", quantity=abs(held) / 2)
    found = order_margin(standing, [closing])
    assert found.reserved == 0.0
    assert found.reducing == (closing,)
    both = order_margin(standing, [closing, opening])
    assert both.filled == (opening,)
    assert both.reducing == (closing,)


def test_a_reduce_only_order_fills_no_more_than_is_held(standing):
    name = next(n for n, line in standing.slot.items() if n.endswith("-P") and standing.quantity[line] < 0)
    held = abs(standing.quantity[standing.line(name)])
    free = Order(order_id="f", account_id=ACCOUNT, instrument_id=name, side="buy", quantity=held * 50)
    order = structs.replace(free, reduce_only=True)
    assert order_margin(standing, [order]).reserved <= order_margin(standing, [free]).reserved
    away = Order(order_id="a", account_id=ACCOUNT, instrument_id=name, side="sell", quantity=5, reduce_only=True)
    assert order_margin(standing, [away]).worst == standing.now


def test_orders_that_cannot_be_are_refused(standing):
    with pytest.raises(InputError, match="quantity"):
        Order(order_id="x", account_id=ACCOUNT, instrument_id="BTC-PERPETUAL", side="buy", quantity=0.0)
    with pytest.raises(InputError, match="side"):
        Order(order_id="x", account_id=ACCOUNT, instrument_id="BTC-PERPETUAL", side="hold", quantity=1.0)
    other = Order(order_id="x", account_id="OTHER", instrument_id="BTC-PERPETUAL", side="buy", quantity=1.0)
    with pytest.raises(InputError, match="this account"):
        order_margin(standing, [other])


def test_a_limit_better_than_the_mark_is_no_gain_and_a_worse_one_a_loss(standing):
    name, mark = "BTC-PERPETUAL", mark_price(standing, "BTC-PERPETUAL")
    at = {price: Order(order_id="p", account_id=ACCOUNT, instrument_id=name, side="buy", quantity=500_000,
                       limit_price=price) for price in (mark * 0.6, mark, mark * 1.2)}
    free = Order(order_id="m", account_id=ACCOUNT, instrument_id=name, side="buy", quantity=500_000)
    plain = order_margin(standing, [free]).reserved
    better, same, worse = (order_margin(standing, [order]).reserved for order in at.values())
    assert better == plain
    assert same == pytest.approx(plain)
    assert worse > plain
