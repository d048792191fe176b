"""dYdX against the chain's own cases: scaled initial fraction, bankruptcy and fillable prices, and plain loops."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.venue_books import SPOT, Line, columns, margins, plan_of
from seawall.formats.margin_models import read_margin_model
from seawall.margin.require import require

DYDX = read_margin_model("dydx")
TIERS = {"BTC": (20e3, 600e3, 0.0, 0.0), "SOL": (100e3, 500e3, 20e6, 50e6), "HYPE": (50e3, 600e3, 0.5e6, 1e6)}


def cases(vectors: Path, family: str) -> list[dict]:
    found = [json.loads(path.read_text()) for path in sorted((vectors / "crypto").glob(f"{family}*.json"))]
    assert found
    return found


def fraction(market: str, open_notional: float) -> tuple[float, float]:
    """Initial and maintenance fractions, step by step."""
    base, maintenance, low, high = TIERS[market]
    share = min(max((open_notional - low) / (high - low), 0.0), 1.0) if high > low else 0.0
    return int(base + (1_000_000 - base) * share) / 1e6, base / 1e6 * maintenance / 1e6


def maintenance(oracle: dict, positions: dict, imf: float, mmf: float) -> float:
    lines = [Line("perpetual", name, quantity) for name, quantity in positions.items()]
    count = len(lines)
    return margins(DYDX, lines, price=[float(oracle[name]) for name in positions], base_imf_ppm=[imf * 1e6] * count,
                   maintenance_ppm=[mmf / imf * 1e6] * count)["maintenance"]


def test_the_initial_fraction_grows_with_open_interest_as_the_chain_tests_it(vectors: Path) -> None:
    for case in cases(vectors, "dydx_oimf"):
        i = case["inputs"]
        got = margins(DYDX, [Line("perpetual", "BTC", 1e6)], price=[1.0], spot=[1.0], maintenance_ppm=[5e5],
                      open_interest=[float(i["open_notional"])], base_imf_ppm=[float(i["base_imf_ppm"])],
                      oi_lower=[i["oi_lower_cap"]], oi_upper=[i["oi_upper_cap"]])
        # A millionth of a millionth: the product of two floats, asked to be the integer it is.
        assert got["initial"] == pytest.approx(case["expected"]["imf_ppm"], abs=1e-9)


def test_bankruptcy_prices_come_from_the_maintenance_before_and_after(vectors: Path) -> None:
    for case in cases(vectors, "dydx_bankruptcy"):
        i, held = case["inputs"], dict(case["inputs"]["positions"])
        before = maintenance(i["oracle"], held, i["imf"], i["mmf"])
        worth = i["usdc"] + sum(held[name] * i["oracle"][name] for name in held)
        after = maintenance(i["oracle"], {**held, i["market"]: held[i["market"]] + i["delta"]}, i["imf"], i["mmf"])
        quote = -i["delta"] * i["oracle"][i["market"]] - worth * abs(after - before) / before
        # The chain rounds up to a millionth; six more digits shed the noise of floats first.
        assert ceil(round(quote * 1e6, 6)) / 1e6 == pytest.approx(case["expected"]["quote"], abs=1e-12)


def test_fillable_prices_come_from_the_maintenance_requirement(vectors: Path) -> None:
    for case in cases(vectors, "dydx_fillable"):
        i = case["inputs"]
        required = maintenance({"BTC": i["oracle"]}, {"BTC": i["position"]}, i["imf"], i["mmf"])
        notional = i["position"] * i["oracle"]
        share = min(max(i["bankruptcy_adjustment"] * (1 - (i["usdc"] + notional) / required), 0.0), 1.0)
        price = (notional - share * i["spread_to_mm_ratio"] * required) / i["position"]
        assert price == pytest.approx(case["expected"]["price"], abs=1e-6)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(sorted(TIERS)), st.floats(-50, 50), st.floats(0, 2e6)), min_size=1,
                max_size=6))
def test_requirements_equal_a_plain_loop_over_markets(book: list[tuple[str, float, float]]) -> None:
    interest = {name: held for name, _, held in book}
    lines = [Line("perpetual", name, quantity, name=f"{name}-USD") for name, quantity, _ in book]
    net: dict[str, float] = {}
    for name, quantity, _ in book:
        net[name] = net.get(name, 0.0) + quantity
    initial = sum(abs(q) * SPOT[n] * fraction(n, interest[n] * SPOT[n])[0] for n, q in net.items())
    lasting = sum(abs(q) * SPOT[n] * fraction(n, 0.0)[1] for n, q in net.items())
    got = margins(DYDX, lines, open_interest=[interest[name] for name, _, _ in book])
    assert got["initial"] == pytest.approx(initial, rel=1e-12, abs=1e-9)
    assert got["maintenance"] == pytest.approx(lasting, rel=1e-12, abs=1e-9)


def test_scaled_fractions_are_reached_below_between_and_above_the_caps() -> None:
    seen = [fraction("SOL", x)[0] for x in (10e6, 20e6, 35e6, 50e6, 90e6)]
    assert seen == [0.1, 0.1, 0.55, 1.0, 1.0]
    for notional, wanted in zip((10e6, 20e6, 35e6, 50e6, 90e6), seen, strict=True):
        got = margins(DYDX, [Line("perpetual", "SOL", -2.0)], open_interest=[notional / SPOT["SOL"]])
        assert got["initial"] == pytest.approx(300 * wanted, rel=1e-12)


def test_markets_not_listed_take_the_isolated_tier_and_unknown_open_interest_scales_nothing() -> None:
    lines = [Line("perpetual", "BTC", 1.0), Line("perpetual", "HYPE", 100.0)]
    got = margins(DYDX, lines, open_interest=[np.nan, np.nan])
    assert got["initial"] == pytest.approx(60_000 * 0.02 + 4_000 * 0.05, rel=1e-12)
    assert got["maintenance"] == pytest.approx(60_000 * 0.012 + 4_000 * 0.03, rel=1e-12)


def test_only_dollars_and_gains_are_owned_and_debts_of_any_asset_are_owed() -> None:
    lines = [Line("cash", "USDC", 100.0, settlement="USDC"), Line("cash", "USD", 10.0), Line("unrealised", "BTC", 0.5),
             Line("cash", "BTC", 1.0, settlement="BTC"), Line("cash", "ETH", -1.0, settlement="ETH")]
    assert margins(DYDX, lines)["equity"] == pytest.approx(100 + 10 + 30_000 - 3_000, rel=1e-12)


def test_an_account_with_options_is_unknown_and_says_why() -> None:
    made = columns([Line("option", "BTC", 1.0, days=30), Line("perpetual", "BTC", 1.0)])
    told = require(plan_of(DYDX, made, [0, 1]), np.ones(2), ("A", "B"))
    assert told.status[0] == "unknown"
    assert "does not take kind option" in told.unknown["A"]
    assert told.status[1] == "liquidatable"
