"""Hyperliquid: tiers by the published deduction, the liquidation price it publishes, what may be borrowed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.venue_books import Line, margins, spot
from seawall.formats.margin_models import read_margin_model

HYPERLIQUID = read_margin_model("hyperliquid")
TIERS = {"BTC": [(0.0, 40), (150e6, 20)], "ETH": [(0.0, 25), (100e6, 15)], "SOL": [(0.0, 20), (70e6, 10)],
         "XRP": [(0.0, 20), (40e6, 10)]}
TIERS |= {name: [(0.0, 10), (20e6, 5)] for name in ("HYPE", "DOGE", "SUI", "LTC", "LINK", "AVAX", "ADA", "AAVE", "UNI",
                                                   "BCH")}
TIERS |= {name: [(0.0, 10), (3e6, 5)] for name in ("OP", "ARB", "BNB", "DOT", "TRX")}


def maintenance(market: str, notional: float) -> float:
    """The published recursion of deductions, tier by tier."""
    deduction, rate, last = 0.0, 0.0, 0.0
    for n, (bound, leverage) in enumerate(TIERS[market]):
        if n and notional <= bound:
            break
        last, rate = rate, 1 / leverage / 2
        deduction += bound * (rate - last) if n else 0.0
    return notional * rate - deduction


@settings(max_examples=80)
@given(st.lists(st.tuples(st.sampled_from(sorted(TIERS)), st.floats(-4e8, 4e8)), min_size=1, max_size=6))
def test_requirements_equal_the_published_deductions(book: list[tuple[str, float]]) -> None:
    lines = [Line("perpetual", name, worth / spot(name)) for name, worth in book]
    net: dict[str, float] = {}
    for name, worth in book:
        net[name] = net.get(name, 0.0) + worth
    got = margins(HYPERLIQUID, lines)
    wanted = sum(maintenance(name, abs(worth)) for name, worth in net.items())
    total = sum(abs(worth) for _, worth in book)
    # Sums of hundreds of millions cancel; the tolerance is a dozen roundings of them.
    assert abs(got["maintenance"] - wanted) <= 1e-14 * total + 1e-9
    assert got["initial"] == pytest.approx(2 * got["maintenance"], rel=1e-12)
    assert got["transfer"] >= 0.1 * abs(sum(net.values())) * (1 - 1e-12)


def test_every_tier_is_reached_and_the_margin_has_no_jump_between_them() -> None:
    for name, ((_, low), (bound, high)) in TIERS.items():
        at = margins(HYPERLIQUID, [Line("perpetual", name, bound / spot(name))])["maintenance"]
        over = margins(HYPERLIQUID, [Line("perpetual", name, -(bound + 1e6) / spot(name))])["maintenance"]
        assert at == pytest.approx(bound / low / 2, rel=1e-12)
        assert over == pytest.approx(bound / low / 2 + 1e6 / high / 2, rel=1e-12)


@settings(max_examples=40)
@given(st.floats(-100, 100).filter(lambda x: abs(x) > 0.1), st.floats(1.02, 3.0))
def test_equity_meets_maintenance_at_the_published_liquidation_price(size: float, cushion: float) -> None:
    side, price = (1.0 if size > 0 else -1.0), 60_000.0
    required = abs(size) * price / 80
    cash = required * cushion
    leverage = 1 / 80
    liquidation = price - side * (cash - required) / abs(size) / (1 - leverage * side)
    lines = [Line("perpetual", "BTC", size), Line("cash", "USDC", cash, settlement="USDC"),
             Line("unrealised", "USDC", size * (liquidation - price), settlement="USDC")]
    got = margins(HYPERLIQUID, lines, price=[liquidation, 1.0, 1.0])
    assert got["equity"] == pytest.approx(got["maintenance"], rel=1e-9)


def test_what_may_be_borrowed_is_balance_times_price_times_its_share(vectors: Path) -> None:
    case = json.loads((vectors / "crypto" / "hyperliquid_pm_borrow.json").read_text())
    i = case["inputs"]
    held = Line("cash", "HYPE", float(i["balance"]), settlement="HYPE")
    got = margins(HYPERLIQUID, [held], price=[float(i["price"])], ltv=[i["ltv"]])
    assert got["borrowable"] == case["expected"]["borrowable"]
    assert margins(HYPERLIQUID, [Line("cash", "HYPE", 10.0, settlement="HYPE")])["borrowable"] == 200.0
    assert margins(HYPERLIQUID, [Line("cash", "HYPE", -10.0, settlement="HYPE")])["borrowable"] == 0.0


def test_only_dollars_and_gains_margin_perpetuals_in_classic_mode() -> None:
    lines = [Line("cash", "HYPE", 10.0, settlement="HYPE"), Line("cash", "USDC", 7.0, settlement="USDC"),
             Line("unrealised", "USDC", -2.0, settlement="USDC"), Line("cash", "BTC", -1.0, settlement="BTC")]
    assert margins(HYPERLIQUID, lines)["equity"] == pytest.approx(5.0 - 60_000, rel=1e-12)


def test_withdrawals_leave_a_tenth_of_all_notional() -> None:
    got = margins(HYPERLIQUID, [Line("perpetual", "BTC", 1.0), Line("perpetual", "ETH", -10.0)])
    assert got["transfer"] == pytest.approx(9_000.0, rel=1e-12)
    assert got["initial"] == pytest.approx(1_500 + 1_200, rel=1e-12)
    alone = margins(HYPERLIQUID, [Line("perpetual", "USDT", 300.0)])
    assert alone["maintenance"] == pytest.approx(50.0, rel=1e-12)
    assert alone["transfer"] == pytest.approx(100.0, rel=1e-12)
