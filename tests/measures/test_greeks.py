"""Greeks of a book: published units, equal to bumping the book, and never added across underlyings in units."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from example_book import LINES, big_book, book_of, instrument, many_options
from example_market import AS_OF, EXPIRIES, example_market
from seawall.cube import hold, revalue
from seawall.errors import InputError
from seawall.measures.greeks import (
    BUCKETS,
    COLUMNS,
    UNITS,
    GreekTable,
    beta_weighted_delta,
    book_greeks,
    bucketed,
    instrument_greeks,
    raw_greeks,
    vega_ladder,
)
from seawall.model.book import Book
from seawall.model.factor import Factor, tenor_of
from seawall.model.market import Market, make_market
from seawall.model.scenario import Column, ScenarioRule
from seawall.model.smile import Smile
from seawall.scenarios.apply import held_still
from seawall.scenarios.grid import grid

MARKET = example_market()


def table(book: Book, by: str | tuple[str, ...] = (), currency: str | None = None) -> GreekTable:
    cube = revalue(book, MARKET, grid())
    return book_greeks(book, cube, instrument_greeks(cube, MARKET, currency=currency), by=by)


def column(found: GreekTable, name: str, row: int = 0) -> float:
    return float(found.net[row, COLUMNS.index(name)])


def flat_market(spot: float, rate: float, volatility: float, expiry: datetime) -> Market:
    """One asset with a flat smile whose forward grows at the rate."""
    tenor, years = tenor_of(expiry), (expiry - AS_OF).total_seconds() / (365 * 86400)
    smile = Smile("ETH", expiry, years, spot * np.exp(rate * years), volatility**2 * years, 0.0, 0.0, 0.0, 1.0,
                  volatility, 0.0, 0.0)
    levels = {Factor("spot", "ETH"): spot, Factor("carry", "ETH", tenor): rate, Factor("rate", "USD", tenor): rate,
              Factor("volatility", "ETH", tenor): volatility, Factor("skew", "ETH", tenor): 0.0,
              Factor("curvature", "ETH", tenor): 0.0}
    return make_market(AS_OF, levels, smiles={("ETH", tenor): smile}, asset_class={"ETH": "crypto"})


def test_trader_units_are_the_published_ones(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "cash_greeks.json").read_text())
    given, wanted = case["inputs"], case["expected"]
    expiry = AS_OF + timedelta(days=round(given["T"] * 365))
    market = flat_market(given["S"], given["r"], given["sigma"], expiry)
    call = instrument("C", kind="option", underlying="ETH", expiry=expiry.isoformat(), strike=given["K"],
                      option_type="call")
    book = book_of([("A", "X", "s", "C", given["n"], float("nan"))], terms={"C": call})
    cube = revalue(book, market, grid())
    greeks = instrument_greeks(cube, market)
    found, raw = book_greeks(book, cube, greeks, by="underlying"), raw_greeks(book, cube, greeks)
    n, s = given["n"], given["S"]
    for name, value in (("delta", wanted["dollar_delta"]), ("gamma", wanted["gamma_cash_1pct"]),
                        ("vega", wanted["vega_point"]), ("theta", wanted["theta_day"]),
                        ("vanna", n * s * wanted["vanna"] / 1e4), ("volga", n * wanted["volga"] / 1e4)):
        assert column(found, name) == pytest.approx(value, rel=case["tolerance"]), name
    assert found.units[0] == pytest.approx(n * wanted["delta"], rel=1e-9)
    assert raw.net[0, COLUMNS.index("gamma")] == pytest.approx(n * wanted["gamma"], rel=1e-9)
    assert column(found, "gamma") / 200 == pytest.approx(wanted["gamma_pnl_1pct"], rel=1e-9)


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_cash_delta_is_what_moving_spot_by_a_little_gains(currency: str) -> None:
    book, step = book_of(), 1e-4
    columns = (Column("spot", "BTC"), held_still("spot", "*"))
    moves = np.array([[-step, 0.0], [0.0, 0.0], [step, 0.0]])
    rule = ScenarioRule("bump", columns, moves, np.array(list("dou"), dtype=object), 0.0)
    pnl = hold(book, revalue(book, MARKET, rule), by=(), currency=currency).pnl[0]
    found = table(book, "underlying", currency)
    row = found.keys.index(("BTC",))
    # The smile moves with its spot, so the bump sees delta and skew_delta; the bump's own error is of third order.
    delta = column(found, "delta", row) + column(found, "skew_delta", row)
    assert (pnl[2] - pnl[0]) / (2 * step) == pytest.approx(delta, rel=1e-6)


@pytest.mark.parametrize("terms", [
    {"kind": "option", "strike": 3_200, "option_type": "call", "payoff": "inverse", "settlement_currency": "ETH"},
    {"kind": "option", "strike": 2_800, "option_type": "put", "payoff": "linear"},
    {"kind": "future", "payoff": "inverse", "settlement_currency": "ETH"},
])
def test_gamma_is_the_second_difference_of_value_in_money(terms: dict[str, object]) -> None:
    expiry, step = AS_OF + timedelta(days=60), 1e-3
    market = flat_market(3_000.0, 0.03, 0.7, expiry)
    held = instrument("X", underlying="ETH", expiry=expiry.isoformat(), **terms)
    book = book_of([("A", "X", "s", "X", -5.0, float("nan"))], terms={"X": held})
    rule = ScenarioRule("bump", (Column("spot", "ETH"),), np.array([[-step], [step]]),
                        np.array(["d", "u"], dtype=object), 0.0)
    cube = revalue(book, market, rule)
    found = book_greeks(book, cube, instrument_greeks(cube, market))
    second = hold(book, cube, by=()).pnl[0].sum() / step**2
    # Under a flat smile volatility stays as spot moves; fourth order of the step, and roundings of 1e4 over 1e-6.
    assert column(found, "gamma") * 100 == pytest.approx(second, rel=1e-4, abs=1e-4)


def test_vega_and_theta_are_what_a_point_and_a_day_gain() -> None:
    book = book_of([line for line in LINES if line[3] in ("C60", "P50", "COIN", "E3", "USD")])
    point = ScenarioRule("point", (Column("volatility", "*", "absolute"),), np.array([[-1e-4], [1e-4]]),
                         np.array(["d", "u"], dtype=object), 0.0)
    pnl = hold(book, revalue(book, MARKET, point), by=()).pnl[0]
    vega = column(table(book), "vega")
    # A parallel move of the level also stretches the smile, which moves wings by a little more than one for one.
    assert (pnl[1] - pnl[0]) / 2e-2 == pytest.approx(vega, rel=0.06)
    hour = ScenarioRule("hour", (Column("spot", "*"),), np.zeros((1, 1)), np.array(["h"], dtype=object), 1 / 24)
    passed = hold(book, revalue(book, MARKET, hour), by=()).pnl[0, 0]
    # As time passes the smile is kept in standardised moneyness, theta holds each strike's volatility.
    assert passed * 24 == pytest.approx(column(table(book), "theta"), rel=0.06)


def test_net_and_gross_are_the_plain_sums_over_lines() -> None:
    book = big_book(500, 6, many_options(40))
    cube = revalue(book, MARKET, grid())
    greeks = instrument_greeks(cube, MARKET)
    found = book_greeks(book, cube, greeks, by=("venue", "underlying"))
    keys, rows = book.groups(("venue", "underlying"))
    net, gross = np.zeros(found.net.shape), np.zeros(found.net.shape)
    for line in range(len(book)):
        lean = book.quantity[line] * greeks.trader[book.instrument_of[line]]
        net[rows[line]] += lean
        gross[rows[line]] += np.abs(lean)
    assert found.keys == keys
    # Sums of at most 500 terms: roundings of the gross.
    assert (np.abs(found.net - net) <= 1e-13 * gross).all()
    assert np.allclose(found.gross, gross, rtol=1e-13, atol=0)
    assert (np.abs(found.net) <= found.gross * (1 + 1e-12)).all()


def test_units_are_given_only_where_a_row_has_one_underlying() -> None:
    book = book_of()
    one, all_of_it = table(book, "underlying"), table(book)
    row = one.keys.index(("BTC",))
    assert one.units[row] == pytest.approx(column(one, "delta", row) / 60_000, rel=1e-12)
    assert np.isnan(all_of_it.units).all()
    by_account = table(book, "account")
    assert np.isfinite(by_account.units[by_account.keys.index(("A1",))])
    assert np.isnan(by_account.units[by_account.keys.index(("A2",))])


def test_raw_greeks_are_never_added_across_what_they_are_counted_in() -> None:
    book = book_of()
    cube = revalue(book, MARKET, grid())
    found = raw_greeks(book, cube, instrument_greeks(cube, MARKET), by="account")
    assert found.by == ("account", *UNITS)
    assert len({key[1:] for key in found.keys if key[1] == "BTC"}) == 2
    assert np.array_equal(found.units, found.net[:, 0])


def test_expiries_fall_into_named_buckets_and_the_rest_into_none() -> None:
    book = bucketed(book_of(), AS_OF)
    found = table(book, ("underlying", "expiry_bucket"))
    names = {key[1] for key in found.keys}
    assert names == {"<=1m", "<=1y", "none"} <= set(BUCKETS)
    whole = table(book, "underlying")
    for n, (name,) in enumerate(whole.keys):
        rows = [r for r, key in enumerate(found.keys) if key[0] == name]
        assert found.net[rows].sum(axis=0) == pytest.approx(whole.net[n], rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(("days", "name"), [(7, "<=1w"), (7.01, "<=1m"), (91, "<=3m"), (92, "<=1y"), (365.5, ">1y")])
def test_a_bucket_ends_on_its_own_day(days: float, name: str) -> None:
    future = instrument("F", kind="future", underlying="BTC", expiry=(AS_OF + timedelta(days=days)).isoformat())
    book = bucketed(book_of([("A", "X", "s", "F", 1.0, float("nan"))], terms={"F": future}), AS_OF)
    assert book.column("expiry_bucket").tolist() == [name]


def test_the_vega_ladder_adds_up_to_vega_and_shows_what_parallel_vega_hides() -> None:
    book = big_book(300, 4, many_options(60))
    cube = revalue(book, MARKET, grid())
    greeks = instrument_greeks(cube, MARKET)
    ladder = vega_ladder(book, cube, greeks)
    assert ladder.underlyings == ("BTC", "ETH")
    assert ladder.expiries == tuple(tenor_of(expiry) for expiry in EXPIRIES)
    whole = book_greeks(book, cube, greeks, by="underlying")
    vega = COLUMNS.index("vega")
    assert ladder.net.sum(axis=1) == pytest.approx(whole.net[:, vega], rel=1e-9)
    assert ladder.gross.sum(axis=1) == pytest.approx(whole.gross[:, vega], rel=1e-12)


def test_beta_weighted_delta_is_the_published_one_and_needs_every_beta(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "beta_weighted_delta.json").read_text())
    positions = case["inputs"]["positions"]
    deltas = {str(n): p["nDelta"] * p["S"] for n, p in enumerate(positions)}
    betas = {str(n): p["beta"] for n, p in enumerate(positions)}
    found = beta_weighted_delta(deltas, betas, case["inputs"]["S_bench"])
    assert found.units == pytest.approx(case["expected"]["bwd_units"], abs=case["tolerance"])
    assert found.money == pytest.approx(case["expected"]["usd"], abs=1e-8)
    with pytest.raises(InputError, match="none for 1"):
        beta_weighted_delta(deltas, {"0": 1.0}, 60_000)


def test_what_has_no_value_leaves_its_rows_partial_and_no_hole_in_the_sums() -> None:
    book = book_of()
    cube = revalue(book.instruments[1:], MARKET, grid())
    found = book_greeks(book, cube, instrument_greeks(cube, MARKET), by="account")
    assert found.partial.tolist() == [True, False, False, True]
    assert np.isfinite(found.net).all()


