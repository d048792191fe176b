"""Does a rule move exactly what it names, by exactly what it says, and tell what it leaves out?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from example_market import AS_OF, EXPIRIES, SPOTS, example_market
from seawall.cube import hold, revalue
from seawall.errors import InputError
from seawall.instruments.plugins import decode_instrument
from seawall.model.book import Book
from seawall.model.factor import Factor, tenor_of
from seawall.model.instrument import Instrument
from seawall.model.market import Market, make_market
from seawall.model.scenario import ABSOLUTE, RELATIVE, Column, ScenarioRule, ScenarioSet, Term
from seawall.scenarios.apply import LOWEST_SHARE, apply_rule, fade, held_still

SOON, LATE = (tenor_of(expiry) for expiry in EXPIRIES)
SOON_DAYS, LATE_DAYS = ((expiry - AS_OF).days for expiry in EXPIRIES)


def rule(*columns: Column, shocks: object = None, **changes: object) -> ScenarioRule:
    table = np.atleast_2d(np.full(len(columns), 0.01) if shocks is None else np.asarray(shocks, dtype=float))
    labels = np.array([f"row {n}" for n in range(len(table))], dtype=object)
    return ScenarioRule("example", columns, table, labels, 0.0, **changes)  # type: ignore[arg-type]


def level(chosen: ScenarioSet, market: Market, key: str, row: int = 0) -> float:
    return float(chosen.levels[row, market.index[key]])


def slow_twin(given_rule: ScenarioRule, market: Market) -> np.ndarray:
    """The same, one cell at a time: names by hand, one tenor at most."""
    levels = np.repeat(market.levels[None, :], len(given_rule), axis=0)
    for f, factor in enumerate(market.factors):
        names = (factor.qualifier, "*" + market.asset_class.get(factor.qualifier, "?"), "*")
        for wanted in names:
            found = [c for c, column in enumerate(given_rule.columns)
                     if (column.risk_class, column.qualifier) == (factor.risk_class, wanted)]
            if found:
                break
        days = 0.0 if not factor.tenor else {SOON: SOON_DAYS, LATE: LATE_DAYS}[factor.tenor]
        for row in range(len(given_rule)):
            base = now = float(market.levels[f])
            for c in found:
                column = given_rule.columns[c]
                shift = given_rule.shocks[row, c] * fade(column.term, days)
                now += base * shift if column.how == RELATIVE else shift
            levels[row, f] = max(now, LOWEST_SHARE * base) if factor.risk_class == "volatility" else now
    return levels


@given(st.lists(st.tuples(st.sampled_from(["spot", "volatility", "skew", "carry", "rate"]),
                          st.sampled_from(["BTC", "*crypto", "*equity", "*"]), st.sampled_from([RELATIVE, ABSOLUTE]),
                          st.sampled_from([None, Term()])), min_size=1, max_size=6, unique=True), st.data())
def test_the_fast_road_and_a_cell_by_cell_twin_agree(names: list, data: st.DataObject) -> None:
    shocks = data.draw(st.lists(st.lists(st.floats(-0.15, 0.15), min_size=len(names), max_size=len(names)),
                                min_size=1, max_size=3))
    made = rule(*(Column(c, q, how, None, term) for c, q, how, term in names), shocks=shocks)
    market = example_market()
    # Sums of up to four shocks in another order: a few roundings of the level.
    np.testing.assert_allclose(apply_rule(made, market).levels, slow_twin(made, market), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(("risk_class", "qualifier", "key"), [
    ("spot", "BTC", "spot:BTC"), ("spot", "USDC", "spot:USDC"), ("spot", "EUR", "spot:EUR"),
    ("carry", "BTC", f"carry:BTC:{LATE}"), ("premium", "BTC-PERPETUAL", "premium:BTC-PERPETUAL"),
    ("funding", "BTC-PERPETUAL", "funding:BTC-PERPETUAL"), ("volatility", "ETH", f"volatility:ETH:{SOON}"),
    ("skew", "BTC", f"skew:BTC:{SOON}"), ("curvature", "SPX", f"curvature:SPX:{LATE}"),
    ("rate", "USD", f"rate:USD:{SOON}"), ("peg", "WSTETH", "peg:WSTETH"),
    ("exchange_rate", "WSTETH", "exchange_rate:WSTETH"),
    ("interest", "aave/USDC/debt", "interest:aave/USDC/debt"),
])
@pytest.mark.parametrize("how", [RELATIVE, ABSOLUTE])
def test_every_risk_class_moves_relative_or_absolute_and_nothing_else_does(
    risk_class: str, qualifier: str, key: str, how: str
) -> None:
    market = example_market()
    chosen = apply_rule(rule(Column(risk_class, qualifier, how), shocks=[[-0.02]]), market)
    now = market.level(key)
    wanted = now * 0.98 if how == RELATIVE else now - 0.02
    assert level(chosen, market, key) == pytest.approx(wanted, rel=1e-15, abs=1e-17)
    others = [f.risk_class != risk_class or f.qualifier != qualifier for f in market.factors]
    assert (chosen.levels[0, others] == market.levels[others]).all()


def test_a_name_goes_before_its_class_and_its_class_before_all() -> None:
    market = example_market()
    chosen = apply_rule(rule(Column("spot", "*"), Column("spot", "*crypto"), Column("spot", "BTC"),
                             shocks=[[0.1, 0.2, 0.3]]), market)
    moved = {asset: level(chosen, market, f"spot:{asset}") / SPOTS[asset] - 1 for asset in ("BTC", "ETH", "SPX")}
    assert moved == pytest.approx({"BTC": 0.3, "ETH": 0.2, "SPX": 0.1}, rel=1e-14)


def test_the_order_of_columns_does_not_matter() -> None:
    market = example_market()
    columns = (Column("spot", "*"), Column("rate", "USD", ABSOLUTE, 90.0), Column("rate", "USD", ABSOLUTE, 30.0))
    forth = apply_rule(rule(*columns, shocks=[[0.1, 0.02, 0.01]]), market)
    back = apply_rule(rule(*columns[::-1], shocks=[[0.01, 0.02, 0.1]]), market)
    assert (forth.levels == back.levels).all()


def test_a_perpetual_a_token_and_a_loan_are_found_by_their_underlying() -> None:
    listing = {"BTC-PERPETUAL": decode_instrument({"kind": "perpetual", "instrument_id": "BTC-PERPETUAL",
                                                   "underlying": "BTC"}),
               "wsteth": decode_instrument({"kind": "wrapped", "instrument_id": "wsteth", "underlying": "ETH",
                                            "settlement_currency": "ETH", "token": "WSTETH"})}
    market = replace(example_market(), listing=listing)
    chosen = apply_rule(rule(
        Column("premium", "BTC", ABSOLUTE), Column("funding", "*crypto", ABSOLUTE), Column("peg", "*crypto"),
        Column("interest", "*stablecoin", ABSOLUTE), Column("interest", "ETH", ABSOLUTE),
        shocks=[[-0.01, -0.5, -0.05, 0.3, 0.2]]), market)
    assert chosen.failures == ()
    assert level(chosen, market, "premium:BTC-PERPETUAL") == pytest.approx(0.001 - 0.01, abs=1e-17)
    assert level(chosen, market, "funding:BTC-PERPETUAL") == pytest.approx(0.08 - 0.5, abs=1e-16)
    assert level(chosen, market, "peg:WSTETH") == pytest.approx(0.998 * 0.95, rel=1e-15)
    assert level(chosen, market, "interest:aave/USDC/debt") == pytest.approx(0.36, rel=1e-15)
    assert level(chosen, market, "interest:aave/ETH/supply") == pytest.approx(0.22, rel=1e-15)


def test_tenors_join_linearly_in_the_root_of_time_and_are_flat_outside() -> None:
    market = example_market()
    chosen = apply_rule(rule(Column("rate", "USD", ABSOLUTE, 64.0), Column("rate", "USD", ABSOLUTE, 36.0),
                             shocks=[[0.02, 0.01]]), market)
    assert level(chosen, market, f"rate:USD:{SOON}") == pytest.approx(0.05, rel=1e-14)  # 27 days: before the first
    assert level(chosen, market, f"rate:USD:{LATE}") == pytest.approx(0.06, rel=1e-14)  # 146 days: after the last
    days = {Factor("rate", "USD", tenor_of(AS_OF + timedelta(days=49))): 0.04}
    middle = apply_rule(chosen.rule, make_market(AS_OF, days))
    assert middle.levels[0, 0] == pytest.approx(0.055, rel=1e-14)  # root 7 lies halfway between 6 and 8


@given(st.floats(0.01, 4000))
def test_a_term_fades_by_its_powers_and_holds_below_its_floor(days: float) -> None:
    term = Term(30.0, 0.3, 0.7, 7.0)
    wanted = (30 / max(days, 7)) ** (0.3 if days <= 30 else 0.7)
    assert fade(term, days) == wanted
    assert fade(term, 30.0) == fade(None, days) == 1.0


def test_columns_of_one_name_that_differ_in_manner_add_up() -> None:
    market = example_market()
    made = rule(Column("spot", "*", RELATIVE), Column("spot", "*", ABSOLUTE), shocks=[[-0.1, 7.0]])
    chosen = apply_rule(made, market)
    assert level(chosen, market, "spot:BTC") == 60_000 * 0.9 + 7


@pytest.mark.parametrize(("how", "shock"), [(RELATIVE, -3.0), (ABSOLUTE, -3.0), (RELATIVE, -0.95)])
def test_a_volatility_stops_at_a_tenth_of_its_level_and_is_counted(how: str, shock: float) -> None:
    market = example_market()
    made = rule(Column("volatility", "BTC", how), held_still("volatility", "*"), shocks=[[shock, 0.0]])
    chosen = apply_rule(made, market)
    key = f"volatility:BTC:{SOON}"
    assert level(chosen, market, key) == 0.1 * market.level(key)
    assert dict(chosen.floored) == {key: 1, f"volatility:BTC:{LATE}": 1}


def test_a_small_fall_of_volatility_is_not_floored_nor_counted() -> None:
    chosen = apply_rule(rule(Column("volatility", "*"), shocks=[[-0.5]]), example_market())
    assert not chosen.floored


@pytest.mark.parametrize(("column", "shock", "key"), [
    (Column("spot", "*"), -1.0, "spot:BTC"), (Column("spot", "ETH", ABSOLUTE), -3_000.0, "spot:ETH"),
    (Column("peg", "*"), -1.5, "peg:WSTETH"), (Column("exchange_rate", "*", ABSOLUTE), -2.0, "exchange_rate:WSTETH"),
    (Column("premium", "*", ABSOLUTE), -1.1, "premium:BTC-PERPETUAL"),
])
def test_a_price_that_would_vanish_is_refused_with_row_and_factor(column: Column, shock: float, key: str) -> None:
    with pytest.raises(InputError, match=f"row 1: {key}"):
        apply_rule(rule(column, shocks=[[0.0], [shock]]), example_market())


def test_what_no_column_covers_is_a_named_failure_and_stays() -> None:
    market = example_market()
    chosen = apply_rule(rule(Column("spot", "BTC"), Column("spot", "ETHUSD"), shocks=[[0.1, 0.1]]), market)
    named = {failure.where: failure for failure in chosen.failures}
    assert set(named) == {"spot:ETH", "spot:EUR", "spot:SPX", "spot:USDC"}
    assert "rename ETHUSD" in named["spot:ETH"].remedy
    assert level(chosen, market, "spot:ETH") == 3_000.0
    assert chosen.unused == ("spot:ETHUSD",)


def test_a_risk_class_that_no_column_names_stays_without_failure() -> None:
    assert apply_rule(rule(Column("rate", "USD")), example_market()).failures == ()


def one_each(instruments: list[Instrument]) -> Book:
    """A book of one line an instrument, each in a row of its own by strategy."""
    names = np.array([i.instrument_id for i in instruments], dtype=object)
    count = len(instruments)
    text = np.array(["A"] * count, dtype=object)
    return Book(tuple(instruments), np.arange(count), np.ones(count),
                {"account": text, "venue": text, "strategy": names}, np.full(count, np.nan))


def option(strike: float, **more: object):
    return decode_instrument({
        "kind": "option", "instrument_id": f"BTC-{strike:g}", "underlying": "BTC", "strike": strike,
        "payoff": "inverse", "settlement_currency": "BTC", "option_type": "put", "expiry": EXPIRIES[0], **more})


@pytest.mark.parametrize("move", [-0.9999, -0.99, 5.0])
def test_a_book_survives_spot_to_almost_nothing_and_to_six_times(move: float) -> None:
    market = example_market()
    book = [option(50_000.0), option(70_000.0, option_type="call"),
            decode_instrument({"kind": "spot", "instrument_id": "BTC/USD", "underlying": "BTC"})]
    made = rule(Column("spot", "BTC"), held_still("spot", "*"), Column("volatility", "*"), shocks=[[move, 0.0, 1.0]])
    cube = revalue(book, market, made)
    held = hold(one_each(book), cube, by="strategy")
    pnl = held.pnl[[held.keys.index((i.instrument_id,)) for i in book]]
    assert cube.failures == ()
    assert np.isfinite(pnl).all()
    assert pnl[2, 0] == pytest.approx(60_000 * move, rel=1e-12)
    if move < 0:
        put_pays = 50_000 - 60_000 * (1 + move) * np.exp(0.05 * 27 / 365)
        # Worth intrinsic on the forward: at a doubled 50 % volatility the strike is 4.6 or more deviations away; what
        # is left of time value is below a hundredth of a percent of the strike, or the forward's own share at -99 %.
        gained = put_pays * np.exp(-0.05 * 27 / 365)
        assert pnl[0, 0] + cube.base[0] * 60_000 == pytest.approx(gained, abs=60.0)


def test_options_that_expire_inside_the_horizon_are_settled_at_the_scenario_price() -> None:
    market = example_market()
    made = rule(Column("spot", "BTC"), held_still("spot", "*"), Column("volatility", "*"),
                shocks=[[-0.5, 0.0, 3.0], [0.5, 0.0, 3.0]], ages=np.array([28.0, 28.0]) / 365)
    cube = revalue([option(50_000.0)], market, made)
    settled = (50_000 - 30_000) / 30_000
    assert cube.pnl[0, 0] == pytest.approx(settled - cube.base[0], rel=1e-13)  # volatility at four times: no matter
    assert cube.pnl[0, 1] == pytest.approx(-cube.base[0], rel=1e-13)


def test_time_that_passes_is_each_rows_own() -> None:
    market = example_market()
    made = rule(held_still("spot", "*"), shocks=[[0.0], [0.0], [0.0]], ages=np.array([0.0, 10.0, 20.0]) / 365)
    pnl = revalue([option(60_000.0)], market, made).pnl[0]
    assert pnl[0] == 0.0
    assert 0 > pnl[1] > pnl[2]


def test_a_row_may_scale_its_gain_and_loss() -> None:
    market = example_market()
    made = rule(Column("spot", "*"), shocks=[[-0.1], [-0.1]], pnl_scale=np.array([1.0, 0.35]))
    book = [option(50_000.0)]
    pnl = hold(one_each(book), revalue(book, market, made)).pnl
    assert pnl[0, 1] == 0.35 * pnl[0, 0]
