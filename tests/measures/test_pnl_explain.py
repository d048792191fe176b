"""The P&L between two markets: by Greeks, by factor, by trade; every number adds up and each has a hand-made twin."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changes.example_days import TODAY_LINES, moved_market
from example_book import LINES, book_of, instrument
from example_market import AS_OF, EXPIRIES, example_market
from seawall.measures.pnl_explain import CURRENCY, DELTA, TERMS, explain_instruments
from seawall.measures.pnl_factors import STEPS, factor_parts
from seawall.measures.pnl_lines import PnlLines, explain_lines
from seawall.model.book import Book
from seawall.model.factor import Factor, tenor_of
from seawall.model.market import Market, make_market
from seawall.model.smile import Smile

MOVED = moved_market(example_market(), spot={"BTC": -0.03, "ETH": 0.02, "USDC": -0.001}, volatility=1.05, skew=0.01,
                     carry=0.003, rate=0.001, peg=-0.002)


def flat_market(case: dict[str, Any], n: int) -> Market:
    """Black and Scholes as of a day: one smile without a bend, carry and discount both at the rate."""
    expiry = datetime(2027, 1, 1, tzinfo=UTC)
    years, vol, rate = case["T"][n], case["vol"][n], case["r"][n]
    tenor = tenor_of(expiry)
    smile = Smile("X", expiry, years, 0.0, vol**2 * years, 0.0, 0.0, 0.0, 0.1, vol, 0.0, 0.0)
    levels = {Factor("spot", "X"): case["S"][n], Factor("carry", "X", tenor): rate, Factor("rate", "USD", tenor): rate,
              Factor("volatility", "X", tenor): vol, Factor("skew", "X", tenor): 0.0,
              Factor("curvature", "X", tenor): 0.0}
    return make_market(expiry - timedelta(days=365 * years), levels, smiles={("X", tenor): smile},
                       asset_class={"X": "equity"})


def test_a_days_pnl_of_a_call_falls_into_the_published_terms(vectors: Path) -> None:
    vector = json.loads((vectors / "tradfi" / "pnl_explain_option.json").read_text())
    case, wanted = vector["inputs"], vector["expected"]
    call = instrument("CALL", kind="option", underlying="X", expiry="2027-01-01T00:00:00Z", strike=case["K"],
                      option_type="call")
    found = explain_instruments([call], {}, flat_market(case, 0), flat_market(case, 1), currency="USD")
    terms = dict(zip(TERMS, found.terms[0], strict=True))
    near = {"abs": vector["tolerance"], "rel": 0}
    for name in ("delta", "gamma", "vega", "theta", "vanna", "volga"):
        assert terms[name] == pytest.approx(wanted["terms"][name], **near), name
    # The vector's rho is the whole effect of one rate: here the discount's and the forward's, apart.
    assert terms["rate"] + terms["carry"] == pytest.approx(wanted["terms"]["rho"], **near)
    assert terms["currency"] == 0.0
    assert found.held[0] == pytest.approx(wanted["actual"], **near)
    assert found.held[0] - found.terms[0].sum() == pytest.approx(wanted["unexplained"], **near)


def explained(before: Book, after: Book, market: Market = MOVED, currency: str = "USD") -> PnlLines:
    return explain_lines((before, after), (example_market(), market), currency=currency)


def assert_adds_up(found: PnlLines) -> None:
    parts = found.held + found.trades + found.settled + found.moved + found.uncompared
    gross = 1.0 + np.abs(found.equity).sum()
    assert np.abs(found.equity[:, 1] - found.equity[:, 0] - found.total).max() == 0.0
    assert np.abs(parts - found.total).max() <= 1e-12 * gross
    assert np.abs(found.terms.sum(axis=1) + found.unexplained - found.held).max() <= 1e-12 * gross


def line(found: PnlLines, account: str, name: str) -> int:
    return next(n for n, key in enumerate(found.keys) if (key[0], key[2]) == (account, name))


quantities = st.floats(-50, 50).map(lambda x: round(x, 2))
moves = st.floats(-0.15, 0.15)


@settings(max_examples=25)
@given(st.lists(quantities, min_size=len(LINES), max_size=len(LINES)),
       st.lists(quantities, min_size=len(LINES), max_size=len(LINES)),
       st.tuples(moves, moves, st.floats(0.8, 1.3), st.sampled_from([0.0, 1.0, 5.0, 30.0])),
       st.sampled_from(["USD", "EUR", "BTC"]))
def test_whatever_is_held_traded_and_moved_every_line_adds_up_to_its_change_of_equity(
    first: list[float], second: list[float], happened: tuple[float, float, float, float], currency: str
) -> None:
    btc, eth, width, days = happened
    before = book_of([(*row[:4], q, row[5]) for row, q in zip(LINES, first, strict=True)])
    after = book_of([(*row[:4], q, row[5]) for row, q in zip(LINES, second, strict=True) if q])
    market = moved_market(example_market(), spot={"BTC": btc, "ETH": eth}, volatility=width, days=days)
    assert_adds_up(explained(before, after, market, currency))


def test_nothing_moves_and_nothing_is_traded_nothing_is_explained() -> None:
    found = explain_lines((book_of(), book_of()), (example_market(), example_market()), currency="USD")
    for numbers in (found.total, found.terms, found.held, found.trades, found.settled, found.moved, found.unexplained):
        assert not np.any(numbers)


def test_the_order_in_which_lines_are_written_is_irrelevant() -> None:
    one, other = explained(book_of(), book_of(TODAY_LINES)), explained(book_of(LINES[::-1]), book_of(TODAY_LINES[::-1]))
    assert one.keys == other.keys
    for a, b in zip(one[1:-1], other[1:-1], strict=True):
        # Sums of a line's lots in another order: a few roundings.
        assert a == pytest.approx(b, rel=1e-12, abs=1e-9)


def test_what_is_left_unexplained_is_of_third_order() -> None:
    """Halving moves of price and volatility, no time passing, must cut it to an eighth, and so by more than a sixth."""
    left = []
    for size in (0.02, 0.01, 0.005):
        market = moved_market(example_market(), days=0.0, spot={"BTC": size, "ETH": size, "SPX": size},
                              volatility=1 + 2 * size)
        found = explained(book_of(), book_of(), market)
        left.append(float(np.abs(found.unexplained).sum()))
    assert left[0] > 6 * left[1] > 36 * left[2] > 0


def test_a_coin_held_as_collateral_gains_its_own_move_and_nothing_else() -> None:
    found = explained(book_of(), book_of())
    n = line(found, "A1", "BTC")
    assert found.held[n] == pytest.approx(1.5 * 60_000 * -0.03, rel=1e-12)
    assert found.terms[n, DELTA] == pytest.approx(found.held[n], rel=1e-12)


def test_a_stablecoins_slip_is_currency_and_no_delta() -> None:
    found = explained(book_of(), book_of())
    n = line(found, "A2", "USDC")
    assert found.terms[n, CURRENCY] == pytest.approx(90_000 * 0.9995 * -0.001, rel=1e-9)
    assert found.terms[n, DELTA] == 0.0


def test_an_inverse_perpetual_gains_what_its_payoff_says_and_its_funding_is_carry() -> None:
    market = moved_market(example_market(), spot={"BTC": -0.03})
    found = explained(book_of(), book_of(), market)
    n = line(found, "A2", "BTC-PERPETUAL")
    first, last = 60_000 * 1.001, 60_000 * 0.97 * 1.001
    gain = 6_000 * 10 * (1 / first - 1 / last) * 60_000 * 0.97
    funding = -60_000 / 60_060 * 60_000 * 0.08 / 365
    entry = 60_000 * (1 / 58_000 - 1 / first) * 60_000 * -0.03  # coin gained earlier falls with the coin
    assert found.held[n] == pytest.approx(gain + funding + entry, rel=1e-9)
    assert found.terms[n, TERMS.index("carry")] == pytest.approx(funding, rel=1e-9)
    assert found.moved[n] == pytest.approx(-funding, rel=1e-6)


def test_a_line_of_two_lots_of_which_one_has_no_price_moves_what_it_gained_with_its_coin() -> None:
    lots = [("A1", "D", "s", "BTC-PERPETUAL", 6_000.0, 58_000.0), ("A1", "D", "t", "BTC-PERPETUAL", 1_000.0, np.nan)]
    market = moved_market(example_market(), days=0.0, spot={"BTC": -0.03})
    found = explained(book_of(lots), book_of(lots), market)
    gained = 60_000 * (1 / 58_000 - 1 / 60_060)
    made = 70_000 * (1 / 60_060 - 1 / (60_060 * 0.97)) * 60_000 * 0.97
    assert found.held[0] == pytest.approx(made + gained * 60_000 * -0.03, rel=1e-9)
    # The lot without a price carries no equity: what it made went to the mark's cash.
    assert found.moved[0] == pytest.approx(-made / 7, rel=1e-9)


def test_a_loan_grows_by_its_index_and_that_is_carry() -> None:
    grown = instrument("DEBT", index=float(np.exp(0.06 / 365)))
    market = moved_market(example_market())
    found = explained(book_of(), book_of(terms={"DEBT": grown}), market)
    n = line(found, "A4", "DEBT")
    cost = -30_000 * 0.9995 * np.expm1(0.06 / 365)
    assert found.held[n] == pytest.approx(cost, rel=1e-12)
    # Linear interest against compounded: half its square, 8e-5 of it.
    assert found.terms[n, TERMS.index("carry")] == pytest.approx(cost, rel=1e-4)


def test_a_purchase_at_a_known_price_gains_up_to_the_close_and_its_cash_nets_out() -> None:
    """120 shares more at 7,300 are paid from the account's dollars: nothing from outside, nothing unexplained."""
    before = book_of([("A1", "Broker", "base", "SHARE", 20.0, 7_000.0), ("A1", "Broker", "base", "USD", 1e6, np.nan)])
    after = book_of([("A1", "Broker", "base", "SHARE", 140.0, (20 * 7_000 + 120 * 7_300) / 140),
                     ("A1", "Broker", "base", "USD", 1e6 - 120 * 7_300, np.nan)])
    found = explained(before, after, moved_market(example_market(), spot={"SPX": 0.01}))
    n = line(found, "A1", "SHARE")
    assert found.trades[n] == pytest.approx(120 * (7_400 * 1.01 - 7_300), rel=1e-9)
    assert found.held[n] == pytest.approx(20 * 74, rel=1e-9)
    assert found.moved.sum() == pytest.approx(0.0, abs=1e-6)
    assert found.unpriced[n] == 0.0


def test_a_new_future_bought_below_the_mark_gains_the_difference() -> None:
    before = book_of([("A1", "D", "s", "USD", 1e5, np.nan)])
    after = book_of([("A1", "D", "s", "USD", 1e5, np.nan), ("A1", "D", "s", "LINEAR", 2.0, 57_000.0)])
    found = explained(before, after, moved_market(example_market(), spot={"BTC": -0.03}))
    n = line(found, "A1", "LINEAR")
    assert found.trades[n] == pytest.approx(2 * (60_000 * 0.97 * 1.001 - 57_000), rel=1e-9)
    assert found.moved.sum() == pytest.approx(0.0, abs=1e-6)


def test_a_position_turned_around_counts_its_new_side_from_its_own_price() -> None:
    before = book_of([("A1", "D", "s", "LINEAR", 2.0, 60_060.0)])
    after = book_of([("A1", "D", "s", "LINEAR", -3.0, 58_000.0)])
    found = explained(before, after, moved_market(example_market(), spot={"BTC": -0.03}))
    assert found.trades[0] == pytest.approx(-3 * (60_000 * 0.97 * 1.001 - 58_000), rel=1e-9)
    assert found.unpriced[0] == 2.0  # the sale of the old side: at a price no book tells


def test_money_sent_in_is_moved_and_no_gain() -> None:
    before = book_of([("A1", "D", "s", "USD", 1e5, np.nan)])
    found = explained(before, book_of([("A1", "D", "s", "USD", 3e5, np.nan)]))
    assert found.moved[0] == found.total[0] == 2e5
    assert found.held[0] == 0.0


def test_an_option_that_expired_is_settled_against_the_later_spot_and_paid_to_cash() -> None:
    before = book_of([("A1", "D", "s", "P50", -3.0, np.nan), ("A1", "D", "s", "USD", 1e5, np.nan)])
    after = book_of([("A1", "D", "s", "USD", 1e5 - 3 * 5_000, np.nan)])
    market = moved_market(example_market(), days=28.0, spot={"BTC": -0.25})
    assert market.as_of >= EXPIRIES[0]
    found = explained(before, after, market)
    n = line(found, "A1", "P50")
    value = -found.equity[n, 0] / 3
    assert found.settled[n] == pytest.approx(-3 * (5_000 - value), rel=1e-9)
    assert found.held[n] == found.trades[n] == found.unpriced[n] == 0.0
    assert found.moved.sum() == pytest.approx(0.0, abs=1e-6)


def test_a_line_valued_on_one_side_only_is_set_apart_and_named_by_its_whole_value() -> None:
    factors = [f for f in MOVED.factors if f.qualifier != "SPX"]
    market = replace(MOVED, factors=tuple(factors), levels=np.array([MOVED.level(f.key) for f in factors]),
                     uncertainty=np.zeros(len(factors)))
    found = explained(book_of(), book_of(), market)
    n = line(found, "A4", "SHARE")
    assert found.uncompared[n] == found.total[n] == -20 * 7_400
    assert found.held[n] == found.moved[n] == 0.0
    assert_adds_up(found)


def test_factors_one_after_the_other_reach_the_held_pnl_and_hide_nothing() -> None:
    before = book_of()
    keys, parts = factor_parts(before, np.ones(len(before), dtype=bool), (example_market(), MOVED), currency="USD")
    found = explained(before, before)
    assert keys == found.keys
    gross = np.abs(found.held).sum()
    # Left over: what smiles did beyond level, skew and curvature; 0.2 % of the gross on the largest line.
    assert np.abs(parts.sum(axis=1) - found.held).max() < 0.003 * gross


def test_two_groups_that_move_share_what_they_do_together_as_shapley_would() -> None:
    book = book_of([("A1", "D", "s", "C60", 1.0, np.nan)])
    both = moved_market(example_market(), days=0.0, spot={"BTC": 0.05}, volatility=1.2)
    only_spot = moved_market(example_market(), days=0.0, spot={"BTC": 0.05})
    only_width = moved_market(example_market(), days=0.0, volatility=1.2)

    def whole(market: Market) -> float:
        every = np.ones(1, dtype=bool)
        return float(factor_parts(book, every, (example_market(), market), currency="USD")[1].sum())

    parts = factor_parts(book, np.ones(1, dtype=bool), (example_market(), both), currency="USD")[1][0]
    spot = (whole(only_spot) + whole(both) - whole(only_width)) / 2
    smile = parts[STEPS.index("volatility")] + parts[STEPS.index("skew")] + parts[STEPS.index("curvature")]
    # Widening every smile moves its skew and curvature with its level: three groups, of which two are tiny.
    assert parts[STEPS.index("spot")] == pytest.approx(spot, rel=1e-3)
    assert smile == pytest.approx(whole(both) - parts[STEPS.index("spot")], rel=1e-9)


def test_time_alone_is_times_part_alone() -> None:
    book = book_of([("A1", "D", "s", "C60", 1.0, np.nan)])
    later = replace(example_market(), as_of=AS_OF + timedelta(days=3))
    parts = factor_parts(book, np.ones(1, dtype=bool), (example_market(), later), currency="USD")[1][0]
    assert {name for name, part in zip(STEPS, parts, strict=True) if part} == {"time"}
