"""What exits cost, and what it costs that many leave at once."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from example_dangers import MARKET, book, view
from seawall.discovery.liquidity import Liquidity, crowds, exit_cost
from seawall.errors import InputError


def crowds_of(held, liquidity, volatility=None):
    seen = view(held)
    cube = seen.cube(np.zeros((1, 4)))
    return crowds(held, MARKET, cube, liquidity, volatility, currency="USD")


def test_the_cost_of_one_exit_is_the_published_one(vectors):
    case = json.loads((vectors / "quant" / "liquidity_addon_sqrt.json").read_text())
    i = case["inputs"]
    cost = exit_cost(np.array(i["Q"]), i["S"], i["ADV"], i["sigma_d"], Liquidity(impact=i["Y"], spread=i["spread"]))
    assert float(cost) == pytest.approx(case["expected"]["cost"], abs=1e-9)


@given(st.lists(st.floats(0.01, 1e5), min_size=2, max_size=8))
def test_leaving_together_never_costs_less_than_leaving_one_by_one(sizes):
    units = np.array(sizes)
    alone = exit_cost(units, 100.0, 1e6, 0.04, Liquidity())
    together = exit_cost(units.sum(), 100.0, 1e6, 0.04, Liquidity())
    assert together >= alone.sum() * (1 - 1e-12)


@given(st.integers(2, 20))
def test_n_equal_accounts_pay_the_root_of_n_times_what_they_expect(count):
    liquidity = Liquidity(spread=0.0)
    alone = exit_cost(np.ones(count), 100.0, 1e3, 0.04, liquidity).sum()
    assert float(exit_cost(np.array(float(count)), 100.0, 1e3, 0.04, liquidity)) == pytest.approx(
        np.sqrt(count) * alone, rel=1e-12)


def test_only_one_side_of_a_market_is_a_crowd():
    held = book(("A", "BTC-PERP", 5.0), ("B", "BTC-PERP", 4.0), ("C", "BTC-PERP", -9.0))
    found = crowds_of(held, Liquidity({"BTC": 10.0}), {"BTC": 0.03})
    (crowd,) = [c for c in found if c.name == "BTC-PERP"]
    assert (crowd.side, crowd.accounts, crowd.units.tolist()) == ("long", ("A", "B"), [5.0, 4.0])
    impact = 0.0005 / 2 + 0.03 * np.sqrt(0.9)
    assert crowd.together == pytest.approx(9 * 60_000 * impact, rel=1e-12)
    assert crowd.impact == pytest.approx(impact, rel=1e-12)
    assert crowd.days == pytest.approx(9.0)  # nine days' worth at a tenth of the volume


def test_a_hedge_in_another_contract_leaves_the_thin_one_crowded():
    lines = [(account, name, sign * 5.0) for account in "AB" for name, sign in (("BTC-FUT", 1.0), ("BTC-PERP", -1.0))]
    found = crowds_of(book(*lines), Liquidity({"BTC-FUT": 1.0, "BTC": 1e6}))
    assert found[0].name == "BTC-FUT"
    assert not [c for c in found if c.name == "BTC"]  # of the underlying each account holds nothing


def test_a_market_without_a_stated_volume_counts_as_deep_and_says_so():
    held = book(("A", "BTC-PERP", 1.0), ("B", "BTC-PERP", 1.0))
    crowd = crowds_of(held, Liquidity())[0]
    assert crowd.assumed
    assert crowd.volume == pytest.approx(1e9 / 60_000)


def test_money_is_no_crowd():
    held = book(*((account, money, 1e9) for account in "AB" for money in ("USD", "USDC")))
    assert crowds_of(held, Liquidity()) == ()


@pytest.mark.parametrize("bad", [{"volume": {"BTC": 0.0}}, {"turnover": -1.0}, {"spread": -0.1}, {"impact": 0.0}])
def test_a_market_that_cannot_be_is_refused(bad):
    with pytest.raises(InputError):
        Liquidity(**bad)
