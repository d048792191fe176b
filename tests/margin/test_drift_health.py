"""Drift against the program's own cases of weights, and plain loops over its written rules."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.venue_books import SPOT, Line, margins, spot
from seawall.formats.margin_models import read_margin_model

DRIFT = read_margin_model("drift_health")
# initial asset, maintenance asset, initial liability, maintenance liability, size factor
WEIGHTS = {"USDC": (1.0, 1.0, 1.0, 1.0, 0.0), "BTC": (0.8, 0.9, 1.2, 1.1, 0.105), "ETH": (0.8, 0.9, 1.2, 1.1, 0.025),
           "SOL": (0.8, 0.9, 1.2, 1.1, 0.00125), "USDT": (0.9, 0.95, 1.1, 1.05, 0.0004),
           "MSOL": (0.8, 0.9, 1.2, 1.1, 0.003), "JITOSOL": (0.8, 0.9, 1.2, 1.1, 0.00055),
           "JUP": (0.5, 0.75, 1.5, 1.25, 0.001), "PYTH": (0.5, 0.75, 1.5, 1.25, 0.001),
           "WIF": (0.25, 0.5, 1.75, 1.5, 0.004), "USD": (1.0, 1.0, 1.0, 1.0, 0.0)}


def cases(vectors: Path, family: str) -> list[dict]:
    found = [json.loads(path.read_text()) for path in sorted((vectors / "crypto").glob(f"{family}*.json"))]
    assert found
    return found


def health(book: list[tuple[str, float]], twap: dict[str, float], deposits: dict[str, float], start: float,
           initial: bool) -> float:
    """Weighted worth, token by token, as the program adds it up."""
    total = 0.0
    for name in dict.fromkeys(n for n, _ in book):
        size = sum(q for n, q in book if n == name)
        asset, lasting, debt, lasting_debt, factor = WEIGHTS[name]
        price, other = spot(name), twap[name]
        if size >= 0:
            weight = asset if initial else lasting
            if initial and deposits[name] * price > 0:
                weight *= min(1.0, start / (deposits[name] * price))
            weight = min(weight, 1.1 / (1 + factor * sqrt(size)))
            total += size * (min(price, other) if initial else price) * weight
        else:
            weight = debt if initial else lasting_debt
            weight = max(weight, 0.8 * weight + factor * sqrt(-size))
            total += size * (max(price, other) if initial else price) * weight
    return total


def test_collateral_weights_shrink_with_deposits_as_the_program_tests_them(vectors: Path) -> None:
    for case in cases(vectors, "drift_scaled"):
        i = case["inputs"]
        got = margins(DRIFT, [Line("cash", "BTC", 2.0)], price=[float(i["price"])], mark=[float(i["price"])],
                      spot=[float(i["price"])], deposits=[float(i["total_deposits"])], imf=[0.0],
                      scale_start=[float(i["scale_start_usd"])], initial_asset_weight=[i["initial_weight"]])
        weight = (got["equity"] - got["initial"]) / got["equity"]
        assert weight == pytest.approx(case["expected"]["weight"], abs=case["tolerance"]["abs"])


def test_weights_shrink_with_the_size_of_the_position_as_the_program_tests_them(vectors: Path) -> None:
    for case in cases(vectors, "drift_size"):
        i = case["inputs"]
        for sign, key in ((1.0, "asset_weight"), (-1.0, "liability_weight")):
            got = margins(DRIFT, [Line("cash", "BTC", sign * i["size"])], price=[1.0], mark=[1.0], spot=[1.0],
                          imf=[i["imf_factor"]], initial_asset_weight=[i["asset_weight"]],
                          initial_liability_weight=[i["liability_weight"]])
            weight = (got["equity"] - got["initial"]) / got["equity"]
            assert weight == pytest.approx(case["expected"][key], abs=case["tolerance"]["abs"])
            assert weight == pytest.approx(case["reproduced"][key.split("_")[0]], rel=1e-12)


AMOUNT = st.floats(-400, 400).filter(lambda x: abs(x) > 1e-6)


@settings(max_examples=80)
@given(st.lists(st.tuples(st.sampled_from(sorted(WEIGHTS)), AMOUNT), min_size=1, max_size=6), st.integers(0, 2**31))
def test_balances_equal_a_plain_loop_over_tokens(book: list[tuple[str, float]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    twap = {name: spot(name) * rng.uniform(0.9, 1.1) for name in WEIGHTS}
    deposits = {name: float(rng.choice([0, 1e3, 1e6])) for name in WEIGHTS}
    lines = [Line("cash", name, quantity) for name, quantity in book]
    names = [name for name, _ in book]
    got = margins(DRIFT, lines, twap=[twap[n] for n in names], deposits=[deposits[n] for n in names],
                  scale_start=[5e7] * len(book))
    scale = sum(abs(q) * spot(n) for n, q in book) * 100
    for result, first in (("initial", True), ("maintenance", False)):
        wanted = health(book, twap, deposits, 5e7, first)
        # The weights differ in the last place, the worth they multiply is what the balance is small against.
        assert abs(got["equity"] - got[result] - wanted) <= 1e-12 * scale


def test_each_branch_of_the_weights_is_reached() -> None:
    small, large = 1.0, 400.0
    assert 1.1 / (1 + 0.105 * sqrt(small)) > 0.8 > 1.1 / (1 + 0.105 * sqrt(large))
    assert 0.8 * 1.2 + 0.105 * sqrt(small) < 1.2 < 0.8 * 1.2 + 0.105 * sqrt(large)
    for size in (small, large):
        for sign in (1, -1):
            book = [("BTC", sign * size)]
            got = margins(DRIFT, [Line("cash", "BTC", sign * size)])
            zero = {"BTC": 0.0}
            assert got["equity"] - got["initial"] == pytest.approx(health(book, SPOT, zero, 1.0, True), rel=1e-12)


def test_every_token_of_the_table_is_weighed_by_its_own_row_small_and_large() -> None:
    for name in WEIGHTS:
        for size in (1.0, -1.0, 9e6, -9e6):
            got = margins(DRIFT, [Line("cash", name, size)])
            price, zero = {name: spot(name)}, {name: 0.0}
            for result, first in (("initial", True), ("maintenance", False)):
                wanted = health([(name, size)], price, zero, 1.0, first)
                assert got["equity"] - got[result] == pytest.approx(wanted, rel=1e-12), (name, size)


def test_perpetuals_pay_a_ratio_that_grows_with_size_and_gains_are_weighed() -> None:
    lines = [Line("perpetual", "BTC", -400.0), Line("unrealised", "USD", 900.0)]
    more = {"initial_ratio": [0.1, 0.1], "maintenance_ratio": [0.05, 0.05], "perp_imf": [0.002, 0.002],
            "initial_gain_weight": [0.8, 0.8], "maintenance_gain_weight": [0.9, 0.9]}
    got = margins(DRIFT, lines, **more)
    grown = 0.002 * sqrt(400)
    assert got["initial"] == pytest.approx(24e6 * max(0.1, 0.8 * 0.1 + grown) + 180, rel=1e-12)
    assert got["maintenance"] == pytest.approx(24e6 * max(0.05, 0.8 * 0.05 + grown) + 90, rel=1e-12)
    assert got["equity"] == 900.0
    one = margins(DRIFT, [Line("perpetual", "BTC", 1.0), Line("unrealised", "USD", -900.0)], **more)
    assert one["initial"] == pytest.approx(6_000, rel=1e-12)
    assert one["maintenance"] == pytest.approx(3_000, rel=1e-12)


def test_a_token_without_weights_makes_the_requirement_unknown() -> None:
    assert np.isnan(margins(DRIFT, [Line("cash", "HYPE", 1.0)])["initial"])
