"""Mango v4 against the program's own cases of health, and plain loops over its written rules."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.venue_books import SPOT, Line, margins
from seawall.formats.margin_models import read_margin_model

MANGO = read_margin_model("mango_health")
TOKENS = ("USDC", "BTC", "ETH", "SOL")
NUMBER = {"USD": 0.0, "USDC": 1.0, "USDT": 2.0, "SOL": 3.0, "BTC": 4.0, "ETH": 5.0}


def health(balances: dict[str, float], perps: dict[str, tuple[float, float]], stable: dict[str, float], kind: str,
           weights: dict[str, float]) -> float:
    """Health in dollars: perpetuals settle into USDC, tokens are weighed after. perps: base size and quote."""
    held = dict(balances)
    phase = "maint" if kind == "maint" else "init"
    for name, (base, quote) in perps.items():
        price = SPOT[name]
        if kind == "init":
            price = min(price, stable[name]) if base > 0 else max(price, stable[name])
        worth = base * price * weights[f"base_{phase}_{'asset' if base > 0 else 'liability'}"] + quote
        held["USDC"] = held.get("USDC", 0.0) + (worth * weights[f"{phase}_gain_weight"] if worth > 0 else worth)
    total = 0.0
    for name, balance in held.items():
        price = SPOT[name]
        if kind == "init":
            price = min(price, stable[name]) if balance > 0 else max(price, stable[name])
        side = "asset" if balance > 0 else "liability"
        total += balance * price * (1.0 if name == "USDC" else weights[f"token_{phase}_{side}"])
    return total


WEIGHTS = {"base_init_asset": 0.9, "base_init_liability": 1.1, "base_maint_asset": 0.95, "base_maint_liability": 1.05,
           "init_gain_weight": 0.9, "maint_gain_weight": 0.97, "token_init_asset": 0.8, "token_init_liability": 1.2,
           "token_maint_asset": 0.9, "token_maint_liability": 1.1}


def test_init_health_is_the_programs_own(vectors: Path) -> None:
    paths = sorted((vectors / "crypto").glob("mango_health*.json"))
    assert paths
    for path in paths:
        case = json.loads(path.read_text())
        i, t, p = case["inputs"], case["inputs"]["tokens"], case["inputs"]["perp"]
        base = float(p["lot_size"] * i["perp_base_lots"])
        lines = [Line("cash", "SOL", float(b), asset=f"token {n}") for n, b in enumerate(i["balances"])]
        lines += [Line("perpetual", "SOL", base, asset="perp"),
                  Line("unrealised", "USD", base * p["price"] + i["perp_quote"], asset="perp")]
        prices = [float(k["price"]) for k in t] + [float(p["price"]), 1.0]
        sides = {f"token_init_{long}": [k[f"{short}_w"] for k in t] + [t[p["settle_token"]][f"{short}_w"]] * 2
                 for long, short in (("asset", "asset"), ("liability", "liab"))}
        got = margins(MANGO, lines, price=prices, mark=[*prices[:3], 0.0, 1.0], spot=prices,
                      token_number=[0.0, 1.0, 2.0, 0.0, 0.0], settle_number=[float(p["settle_token"])] * 5,
                      base_init_asset=[p["base_asset_w"]] * 5, base_init_liability=[p["base_liab_w"]] * 5,
                      init_gain_weight=[p["positive_pnl_w"]] * 5, **sides)
        # The source rounds to a thousandth; its numbers recomputed in floats agree to the last places.
        assert got["init_health"] == pytest.approx(case["expected"]["init_health"], abs=1e-9)
        assert got["equity"] - got["initial"] == pytest.approx(got["init_health"], rel=1e-12)


AMOUNT = st.floats(-100, 100).filter(lambda x: abs(x) > 1e-6)


@settings(max_examples=80)
@given(st.dictionaries(st.sampled_from(TOKENS), AMOUNT, min_size=1),
       st.dictionaries(st.sampled_from(("BTC", "ETH")), st.tuples(AMOUNT, st.floats(-1e5, 1e5)), max_size=2),
       st.integers(0, 2**31))
def test_three_healths_equal_plain_loops(balances: dict, perps: dict, seed: int) -> None:
    rng = np.random.default_rng(seed)
    stable = {name: SPOT[name] * rng.uniform(0.8, 1.25) for name in ("BTC", "ETH", "SOL")} | {"USDC": 1.0}
    lines = [Line("cash", name, balance, settlement=name) for name, balance in balances.items()]
    ratio = [stable[name] for name in balances]
    for name, (base, gain) in perps.items():
        lines += [Line("perpetual", name, base, settlement="USDC"),
                  Line("unrealised", "USDC", gain, settlement="USDC", asset=name)]
        ratio += [stable[name], 1.0]
    quotes = {name: (base, gain - base * SPOT[name]) for name, (base, gain) in perps.items()}
    dollar = [line.kind in ("perpetual", "unrealised") or line.underlying == "USDC" for line in lines]
    more = {name: [1.0 if d and name.startswith("token") else value for d in dollar]
            for name, value in WEIGHTS.items()}
    got = margins(MANGO, lines, stable_price=ratio, **more)
    scale = 1 + sum(abs(x.quantity) * x.spot for x in lines)
    for result, kind in (("init_health", "init"), ("liquidation_end_health", "end"), ("maint_health", "maint")):
        assert abs(got[result] - health(balances, quotes, stable, kind, WEIGHTS)) <= 1e-12 * scale
    assert got["equity"] == pytest.approx(sum(b * SPOT[n] for n, b in balances.items())
                                          + sum(g for _, g in perps.values()), abs=1e-12 * scale)
    assert got["init_health"] <= got["liquidation_end_health"] + 1e-12 * scale
    assert got["liquidation_end_health"] <= got["maint_health"] + 1e-12 * scale


def test_gains_are_weighed_before_and_after_they_settle() -> None:
    lines = [Line("cash", "USDC", -100.0, settlement="USDC"), Line("unrealised", "USDC", 300.0, settlement="USDC")]
    more = {"init_gain_weight": [0.5, 0.5], "token_init_asset": [0.7, 0.7], "token_init_liability": [1.5, 1.5]}
    assert margins(MANGO, lines, **more)["init_health"] == pytest.approx((300 * 0.5 - 100) * 0.7, rel=1e-12)
    lines[1].quantity = 100.0
    assert margins(MANGO, lines, **more)["init_health"] == pytest.approx((100 * 0.5 - 100) * 1.5, rel=1e-12)
    lines[1].quantity = -100.0
    assert margins(MANGO, lines, **more)["init_health"] == pytest.approx(-200 * 1.5, rel=1e-12)


def test_weights_that_nobody_supplies_are_assumed_and_tokens_not_listed_have_none() -> None:
    got = margins(MANGO, [Line("cash", "BTC", 1.0, settlement="BTC"), Line("cash", "USD", -10_000.0)])
    assert got["init_health"] == pytest.approx(60_000 * 0.8 - 10_000, rel=1e-12)
    assert got["maint_health"] == pytest.approx(60_000 * 0.9 - 10_000, rel=1e-12)
    short = margins(MANGO, [Line("perpetual", "BTC", -1.0), Line("cash", "USD", 10_000.0)])
    assert short["initial"] == pytest.approx(6_000, rel=1e-12)
    assert short["maintenance"] == pytest.approx(3_000, rel=1e-12)
    assert np.isnan(margins(MANGO, [Line("cash", "HYPE", 1.0, settlement="HYPE")])["initial"])


def test_a_token_held_twice_nets_before_it_is_weighed() -> None:
    both = margins(MANGO, [Line("cash", "BTC", 2.0, settlement="BTC"), Line("lending", "BTC", -1.5, settlement="BTC")])
    assert both["init_health"] == pytest.approx(0.5 * 60_000 * 0.8, rel=1e-12)
