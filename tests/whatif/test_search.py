from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from margin.sample_desks import desk
from seawall.errors import InputError
from seawall.formats.margin_models import read_margin_model
from seawall.whatif.change import Trade, after_trades, deposited
from seawall.whatif.restore import Candidate, closing, restore, trades_of
from seawall.whatif.search import largest_trade, largest_withdrawal
from seawall.whatif.stand import stand

PUT = "BTC-28AUG26-56000-P"


@pytest.fixture(scope="module")
def short_volatility():
    book, market = desk("crypto")
    listed = [market.listing[name] for name in (PUT, "BTC-PERPETUAL")]
    return stand(read_margin_model("deribit_pme"), book, market, "VOL-SHORT", tradable=listed)


def test_the_largest_trade_fits_and_one_lot_more_does_not(short_volatility):
    found = largest_trade(short_volatility, PUT, side=-1)
    assert found.quantity < 0
    assert not found.unbounded
    assert after_trades(short_volatility, Trade(PUT, found.quantity)).after.excess >= 0
    assert after_trades(short_volatility, Trade(PUT, found.quantity - 1.0)).after.excess < 0
    assert found.standing == after_trades(short_volatility, Trade(PUT, found.quantity)).after


def test_lots_are_kept_and_smaller_ones_fit_more(short_volatility):
    coarse = largest_trade(short_volatility, PUT, side=-1, lot=100.0)
    fine = largest_trade(short_volatility, PUT, side=-1, lot=0.5)
    assert coarse.quantity % 100 == 0
    assert fine.quantity <= coarse.quantity
    with pytest.raises(InputError, match="positive lot"):
        largest_trade(short_volatility, PUT, side=0)


def test_what_can_be_withdrawn_is_the_excess_of_cash_that_costs_nothing_to_hold():
    book, market = desk("crypto")
    standing = stand(read_margin_model("derive_pmrm_2"), book, market, "TAIL-HEDGE")
    found = largest_withdrawal(standing, "USD")
    # A dollar less of cash is a dollar less of excess in this model.
    assert found.quantity == pytest.approx(standing.now.excess, abs=0.011)


def test_an_account_in_shortfall_is_told_the_trade_that_ends_it_if_there_is_one():
    book, market = desk("crypto")
    standing = stand(read_margin_model("paradex_scan"), book, market, "CALENDAR",
                     tradable=[market.listing["BTC-PERPETUAL"]])
    poor = replace(standing, quantity=deposited(standing, "USDC", -(standing.now.excess + 20_000.0)))
    assert poor.now.excess < 0
    found = largest_trade(poor, "BTC-PERPETUAL", side=1, lot=1_000.0)
    assert found.quantity > 0
    assert found.gap
    assert found.standing.excess >= 0
    assert after_trades(poor, Trade("BTC-PERPETUAL", found.quantity + 1_000.0)).after.excess < 0
    assert largest_trade(poor, "BTC-PERPETUAL", side=-1, lot=1_000.0).quantity == 0


def test_the_way_back_reaches_its_target_and_costs_no_more_than_a_little_above_the_bound(short_volatility):
    target = short_volatility.now.excess + 0.3 * short_volatility.now.initial
    found = restore(short_volatility, target=target, lot=0.1)
    assert found.reached
    assert found.standing.excess >= target
    assert found.bound <= found.cost <= found.bound * 1.05
    again = after_trades(short_volatility, *found.trades).after
    assert again.excess == pytest.approx(found.standing.excess)


def test_the_way_back_costs_no_more_than_any_of_many_random_ones(short_volatility):
    """The requirement is the worst of scenarios, and convex: no feasible set of trades undercuts the bound."""
    target = short_volatility.now.excess + 0.2 * short_volatility.now.initial
    found = restore(short_volatility, target=target, lot=1e-4)
    chosen = closing(short_volatility)
    rng, feasible = np.random.default_rng(4), 0
    for _ in range(400):
        share = rng.uniform(0, 1, len(chosen)) ** 2
        trades = trades_of(chosen, share)
        if after_trades(short_volatility, *trades).after.excess >= target:
            feasible += 1
            assert sum(t.fee for t in trades) >= found.bound * (1 - 1e-6)
    assert feasible > 20


def test_nothing_is_traded_where_the_target_is_met(short_volatility):
    found = restore(short_volatility, target=0.0)
    assert found.trades == ()
    assert found.reached
    assert found.cost == 0.0


def test_a_target_out_of_reach_is_said_to_be(short_volatility):
    found = restore(short_volatility, target=1e12)
    assert not found.reached


def test_a_cheaper_hedge_is_taken_before_a_dearer_close(short_volatility):
    target = short_volatility.now.excess + 1e5
    plain = restore(short_volatility, target=target)
    # Puts bought back at no cost at all.
    free = [*closing(short_volatility), Candidate(PUT, 50.0, 0.0)]
    helped = restore(short_volatility, target=target, candidates=free)
    assert helped.reached
    assert helped.cost <= plain.cost + 1e-6


def test_costs_are_those_told(short_volatility):
    dear = {c.instrument_id: 1_000.0 for c in closing(short_volatility)}
    assert {c.cost for c in closing(short_volatility, dear)} == {1_000.0}
    with pytest.raises(InputError, match="positive"):
        restore(short_volatility, target=1e9, lot=0.0)


def test_an_account_that_the_model_cannot_assess_has_no_way_back():
    book, market = desk("crypto")
    unknown = stand(read_margin_model("drift_health"), book, market, "VOL-SHORT")
    assert unknown.required().status == ("unknown",)
    with pytest.raises(InputError, match="cannot assess"):
        restore(unknown)
