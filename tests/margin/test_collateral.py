from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.house_accounts import columns_of, cubes, gains_of, held, house
from seawall.errors import InputError
from seawall.formats.margin_models import read_margin_model
from seawall.margin.collateral import CAUSES, accrued_interest, collateral_schedule, debts, unrealised_credit
from seawall.margin.plan import bind, evaluate, explain, index
from seawall.margin.rows import Lines
from seawall.margin.shock import Supplied

HAIRCUTS = [term for term in CAUSES if term.startswith("haircut_")]


def charge(rows, quantity, term, **changes):
    done = evaluate(house(rows, changes=changes), np.array(quantity, dtype=float))
    return float(done[term].sum())


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["BTC", "SOL", "XYZ", "USDC"]), st.floats(1.0, 1e9), st.floats(1.0, 10.0))
def test_more_of_an_asset_counts_for_more_in_all_but_less_apiece(asset, value, more):
    rows = [held("spot", asset)]
    spot = rows[0]["spot"]
    small, large = (charge(rows, [v / spot], "haircut") / v for v in (value, value * more))
    assert small <= large * (1 + 1e-12)
    assert 0 <= small <= 1
    assert 0 <= large <= 1


def test_what_selling_costs_is_half_the_spread_and_the_root_of_size_over_turnover():
    value, turnover, daily = 5e7, 2e10, 0.03
    expected = value * (0.02 * daily + daily * np.sqrt(value / turnover))
    assert charge([held("spot", "BTC")], [value / 60_000], "haircut_liquidity") == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("share", "haircut"), [(0.005, 0.0), (0.01, 0.0), (0.055, 0.025), (0.1, 0.05), (0.55, 0.15),
                                                (1.0, 0.25), (3.0, 0.25)])
def test_size_is_cut_by_tiers_of_turnover_with_lines_between_them(share, haircut):
    value = share * 2e9
    assert charge([held("spot", "SOL")], [value / 150], "haircut_size") == pytest.approx(haircut * value, rel=1e-12)


def test_beyond_its_cap_an_asset_counts_for_nothing():
    cap = 0.5 * 2e9 / 150
    rows = [held("spot", "SOL")]
    assert charge(rows, [cap], "haircut_cap") == 0.0
    assert charge(rows, [cap + 1000], "haircut_cap") == pytest.approx(1000 * 150, rel=1e-9)
    told = collateral_schedule(house(rows), np.array([cap + 1000]), ["one"])
    assert told[0].cap == "cap of the asset"
    assert collateral_schedule(house(rows), np.array([cap]), ["one"])[0].cap == ""


def test_the_venues_own_token_backs_nothing():
    model = read_margin_model("seawall")
    assert all(row["own"] == 0 for row in model.by["asset"].values())
    rows = [held("spot", "XYZ") | {"own": 1.0}]
    assert charge(rows, [1e4], "haircut_own") == pytest.approx(2e4, rel=1e-12)
    assert charge(rows, [1e4], "haircut") == pytest.approx(2e4, rel=1e-12)
    assert collateral_schedule(house(rows), np.array([1e4]), ["one"])[0].counted == 0.0


def test_a_staked_token_loses_its_basis_and_an_unknown_one_more():
    rows = [held("wrapped", token, underlying="ETH", spot=3000.0) for token in ("WSTETH", "NEWETH")]
    assert charge(rows, [10, 0], "haircut_basis") == pytest.approx(0.08 * 30_000, rel=1e-12)
    assert charge(rows, [0, 10], "haircut_basis") == pytest.approx(0.2 * 30_000, rel=1e-12)


def test_one_issuer_fails_at_a_time_and_all_that_it_issued_with_it():
    rows = [held("cash", "USDC"), held("lending", "USDC"), held("cash", "USDT"), held("cash", "USD")]
    assert charge(rows, [1e6, 1e6, 1.5e6, 9e6], "depeg") == pytest.approx(0.125 * 2e6, rel=1e-12)
    assert charge(rows, [1e6, 1e6, 2.5e6, 9e6], "depeg") == pytest.approx(0.125 * 2.5e6, rel=1e-12)
    assert charge(rows, [-1e6, 0, -1e6, 9e6], "depeg") == 0.0


@pytest.mark.parametrize(("price", "rate"), [(1.0, 0.0), (0.98, 0.0), (0.97, 0.02), (0.9, 0.16), (0.4, 1.0)])
def test_a_stablecoin_off_its_peg_counts_for_less_the_farther_it_is(price, rate):
    rows = [held("cash", "USDC", spot=price)]
    assert charge(rows, [1e6], "haircut_peg") == pytest.approx(rate * 1e6 * price, rel=1e-9)


def test_a_broken_peg_raises_what_must_be_held():
    asked = [evaluate(house([held("cash", "USDC", spot=p), held("perpetual", "BTC")]), np.array([1e6, 1.0]))
             for p in (1.0, 0.96, 0.9)]
    initial = [float(d["initial"][0]) for d in asked]
    assert initial == sorted(initial)
    assert initial[0] < initial[-1]


def test_what_one_issuer_issued_counts_for_less_beyond_a_limit_whichever_asset_it_is_in():
    rows = [held("cash", "USDC"), held("wrapped", "CBBTC", underlying="BTC", spot=60_000.0),
            held("wrapped", "CBETH", underlying="ETH", spot=3_000.0)]
    within = charge(rows, [4e7, 500, 5000], "issuer_excess")
    beyond = charge(rows, [4e7, 600, 10_000], "issuer_excess")
    assert within == 0.0
    assert beyond == pytest.approx(0.25 * (600 * 60_000 + 10_000 * 3_000 - 5e7), rel=1e-12)


def test_unrealised_gains_count_up_to_a_share_of_the_markets_depth_and_losses_in_full():
    rows = [held("unrealised", "BTC", spot=60_000.0) | {"depth": 100.0}]
    limit = 100 * 60_000.0
    assert charge(rows, [100], "haircut_gains") == 0.0
    assert charge(rows, [250], "haircut_gains") == pytest.approx(150 * 60_000 - 0.0, rel=1e-12)
    assert 250 * 60_000 - charge(rows, [250], "haircut_gains") == pytest.approx(limit, rel=1e-12)
    assert charge(rows, [-250], "haircut_gains") == 0.0


def test_premium_paid_for_long_options_counts_for_less_the_later_they_expire():
    rows = [held("option", "BTC", mark=900.0, price=900.0, strike=7e4, is_call=1.0, tau=t, expiry=f"{t}")
            for t in (0.1, 2.0, 20.0)]
    assert charge(rows, [1, 0, 0], "option_credit") == pytest.approx(0.005 * 900, rel=1e-12)
    assert charge(rows, [0, 1, 0], "option_credit") == pytest.approx(0.1 * 900, rel=1e-12)
    assert charge(rows, [0, 0, 1], "option_credit") == pytest.approx(0.5 * 900, rel=1e-12)
    assert charge(rows, [-1, 0, 0], "option_credit") == 0.0


def test_debt_is_netted_within_its_currency_and_never_across():
    rows = [held("cash", "USDC"), held("unrealised", "USDC"), held("cash", "USD"), held("spot", "BTC")]
    quantity = np.array([-3e5, 1e5, 5e6, 1.0])
    plan = house(rows)
    owed = debts(plan, quantity, ["one"], days=2)
    assert [(d.asset, d.amount, d.value, d.rate) for d in owed] == [("USDC", 2e5, 2e5, 0.08)]
    assert owed[0].accrued == pytest.approx(2e5 * 0.08 * 2 / 365, rel=1e-12)
    # A stablecoin has no daily deviation here, so its premium is nothing and interest alone is charged.
    assert evaluate(plan, quantity)["debt"][0] == pytest.approx(owed[0].accrued, rel=1e-12)
    coin = evaluate(plan, np.array([0, 0, 5e6, -2.0]))["debt"][0]
    assert coin == pytest.approx(1.2e5 * (0.01 + 0.03 * 2 / 365), rel=1e-12)


def test_interest_is_simple_over_days_of_a_year_of_365():
    assert accrued_interest(np.array([1000.0]), 0.1, 73.0)[0] == pytest.approx(20.0, rel=1e-15)


@settings(deadline=None, max_examples=60)
@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 3), st.floats(0, 1))
def test_credit_for_a_gain_never_exceeds_gain_nor_depth_and_never_forgives_a_loss(gain, depth, years, share):
    credit = float(unrealised_credit(np.array(gain), np.array(depth), np.array(years), share=share))
    if gain <= 0:
        assert credit == gain
    else:
        assert 0 <= credit <= min(gain, share * depth)


def test_a_long_locked_gain_in_a_deep_market_counts_in_part():
    assert unrealised_credit(np.array(100.0), np.array(1e6), np.array(1.0)) == pytest.approx(50.0)
    assert unrealised_credit(np.array(100.0), np.array(1e6), np.array(2.5)) == 0.0


def test_collateral_that_falls_with_the_position_costs_more_than_collateral_that_hedges_it():
    rows = [held("spot", "BTC"), held("perpetual", "BTC")]
    wrong, right = (evaluate(house(rows), np.array([2.0, q])) for q in (1.0, -1.0))
    assert wrong["wrong_way_charge"][0] > 0
    assert right["wrong_way_charge"][0] == 0.0
    assert wrong["initial"][0] > right["initial"][0]


def test_a_short_put_on_its_own_collateral_pays_for_the_wrong_way_and_a_long_one_does_not():
    rows = [held("spot", "BTC"), held("option", "BTC", mark=2e3, price=2e3, strike=6e4, tau=0.1, delta=-0.4)]
    supplied = cubes(rows)
    model = read_margin_model("seawall")
    plan = index(bind(model, columns_of(rows), supplied), Lines(np.zeros(2, int), np.arange(2), 1))
    charges = [evaluate(plan, np.array([1.0, q]))["wrong_way_charge"][0] for q in (-1.0, 1.0)]
    assert charges[0] > 0
    assert charges[1] == 0.0


def test_the_wrong_way_charge_is_a_share_of_what_both_lose_beyond_what_they_save():
    rows = [held("spot", "BTC"), held("perpetual", "BTC")]
    plan, quantity = house(rows), np.array([2.0, 1.0])
    gains = plan.bound.binding.supplied["history"].gains

    def shortfall(x):
        return -np.sort(x)[:5].mean()  # 2.5 % of 200 scenarios

    own, pos, back = shortfall(3 * gains[0]), shortfall(gains[1]), shortfall(2 * gains[0])
    expected = 0.25 * max(0.0, min(pos, back) + own - pos - back)
    assert evaluate(plan, quantity)["wrong_way_charge"][0] == pytest.approx(expected, rel=1e-12)


def test_collateral_is_shocked_with_the_book_so_a_covered_short_is_no_risk():
    rows = [held("spot", "BTC"), held("perpetual", "BTC")]
    done = evaluate(house(rows), np.array([1.0, -1.0]))
    assert done["together"][0] == pytest.approx(0.0, abs=1e-9)
    assert done["history"][0] < evaluate(house(rows), np.array([0.0, -1.0]))["history"][0]


def test_haircuts_of_the_schedule_are_those_of_the_requirement():
    rows = [held("spot", "BTC"), held("spot", "XYZ"), held("cash", "USDC", spot=0.95),
            held("unrealised", "USDC", spot=0.95), held("wrapped", "WSTETH", underlying="ETH", spot=3000.0),
            held("perpetual", "BTC")]
    quantity = np.array([300.0, 4e6, 6e7, -1e5, 2e4, -5.0, 1.0, 1.0, -50.0, 5.0, 0.0, 1.0])
    plan = house(rows, accounts=2)
    told = collateral_schedule(plan, quantity, ["one", "two"])
    done = evaluate(plan, quantity)
    for term, cause in CAUSES.items():
        listed = sum(row.haircuts.get(cause, 0.0) for row in told)
        assert listed == pytest.approx(done[term].sum(), rel=1e-12, abs=1e-9), term
    # The second account has none of the staked token.
    assert [(r.account, r.asset) for r in told] == [
        *(("one", asset) for asset in ("BTC", "USDC", "WSTETH", "XYZ")),
        *(("two", asset) for asset in ("BTC", "USDC", "XYZ"))]
    for row in told:
        left = row.value - sum(row.haircuts.values())
        assert row.counted == max(left, min(row.value, 0.0))


def test_a_model_without_such_terms_has_no_schedule_until_they_are_named():
    rows = [held("spot", "BTC")]
    plan = house(rows)
    with pytest.raises(InputError, match="terms that charge collateral"):
        collateral_schedule(plan, np.ones(1), ["one"], causes={"nothing": "nothing"})
    named = collateral_schedule(plan, np.ones(1), ["one"], causes={"haircut_liquidity": "selling"})
    assert set(named[0].haircuts) == {"selling"}


def test_haircuts_of_an_asset_never_exceed_what_it_is_worth():
    rows = [held("wrapped", "NEWETH", underlying="ETH", spot=3000.0) | {"own": 1.0}]
    quantity = np.array([1e6])
    done = evaluate(house(rows), quantity)
    assert sum(done[term].sum() for term in HAIRCUTS) > 3e9
    assert done["haircut"].sum() == 3e9
    assert explain(house(rows), quantity, "initial").by_line.sum() == pytest.approx(done["initial"][0], rel=1e-12)


def test_gains_of_collateral_come_from_the_same_scenarios_as_gains_of_positions():
    rows = [held("spot", "BTC"), held("perpetual", "BTC")]
    assert isinstance(cubes(rows)["history"], Supplied)
    moves = {"BTC": np.array([0.1, -0.2])}
    assert (gains_of(rows, moves)[0] == gains_of(rows, moves)[1]).all()
