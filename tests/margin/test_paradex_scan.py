"""Paradex against its worked example and plain loops over the written page, both versions of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.venue_books import Line, binding, columns, margins, plan_of, random_lines
from seawall.formats.margin_models import read_margin_model

PARADEX = read_margin_model("paradex_scan")
FEE = 0.0003
MOVES = (-0.66, -0.33, 0.5, 1, 2, 3, 4, 5)
OLD = {
    "BTC": (0.16, 0.40, 0.22, 0.40, 0.02, (0.18, 0.36, 0.24, 0.12, 0.06, 0.04, 0.03, 0.024)),
    "HYPE": (0.28, 0.64, 0.352, 0.60, 0.03, (0.3, 0.5, 0.4, 0.2, 0.1, 0.07, 0.05, 0.04)),
}
OLD["ETH"], OLD["CL"] = OLD["BTC"], OLD["HYPE"]
NEW = {
    "BTC": (0.14, 0.40, 0.22, 0.40, 0.002, (0.1061, 0.2121, 0.14, 0.07, 0.0175, 0.0078, 0.0044, 0.0028)),
    "ETH": (0.16, 0.40, 0.22, 0.40, 0.002, (0.1212, 0.2424, 0.16, 0.08, 0.02, 0.0089, 0.005, 0.0032)),
    "HYPE": (0.28, 0.64, 0.352, 0.60, 0.003, (0.21, 0.42, 0.28, 0.14, 0.035, 0.0156, 0.0088, 0.0056)),
    "SOL": (0.24, 0.64, 0.352, 0.60, 0.003, (0.1818, 0.3636, 0.24, 0.12, 0.03, 0.0133, 0.0075, 0.0048)),
}


def scenarios(table: tuple) -> list[tuple[float, str, float]]:
    """The 24 rows of the page: move, direction of volatility, weight."""
    width, tails = table[0], table[5]
    rows = [(width, "up", 1.0), (-width, "up", 1.0)]
    for step in (0.75, 0.5, 0.25, 0.0, -0.25, -0.5, -0.75):
        rows += [(step * width, "up", 1.0), (step * width, "down", 1.0)]
    return rows + [(move, "up", weight) for move, weight in zip(MOVES, tails, strict=True)]


def shocked_vol(line: Line, table: tuple, way: str, floor_on_shock: bool) -> float:
    days = line.tau * 365
    term = (30 / max(1, days)) ** (0.30 if days < 30 else 0.13)
    if way == "down":
        return line.vol * max(0.0, 1 - table[2] * term)
    if floor_on_shock:
        return line.vol * (1 + max(table[1] * term, table[3]))
    return max(line.vol * (1 + table[1] * term), table[3])


def labelled(table: tuple) -> dict[str, tuple[float, str, float]]:
    """The page's rows by the preset's own labels."""
    width, tails = table[0], dict(zip(MOVES, table[5], strict=True))
    out = {}
    for move, way, weight in scenarios(table):
        far = move in tails and weight < 1.0
        out[f"0 {move:g} {way}" if far else f"{move / width:g} 0 {way}"] = (move, way, weight)
    return out


def gain(held: list[Line], table: tuple, move: float, way: str, floor_on_shock: bool) -> float:
    """What positions in one underlying gain in one scenario."""
    total = 0.0
    for line in held:
        if line.kind == "option":
            value = line.value(move, shocked_vol(line, table, way, floor_on_shock))
            total += line.quantity * (value - line.price)
        else:
            total += line.quantity * line.forward * move
    return total


def charges(lines: list[Line], tables: dict, floor_on_shock: bool = False) -> dict[str, tuple[float, float]]:
    """SCAN risk and minimum delta of each underlying."""
    out = {}
    for name in dict.fromkeys(line.underlying for line in lines):
        table, held = tables[name], [line for line in lines if line.underlying == name]
        worst = 0.0
        for move, way, weight in scenarios(table):
            worst = min(worst, weight * gain(held, table, move, way, floor_on_shock))
        net = sum(line.quantity * line.delta for line in held)
        gross = sum(abs(line.quantity * line.delta) for line in held)
        u, h = table[4], table[4] / 2
        out[name] = (-worst, (u * abs(net) + h * (gross - abs(net)) / 2) * held[0].spot)
    return out


def check(lines: list[Line], tables: dict, changes: dict[str, float]) -> dict[str, tuple[float, float]]:
    wanted = charges(lines, tables, bool(changes.get("floor_on_shock")))
    risk = sum(max(pair) for pair in wanted.values())
    fee = sum(abs(line.quantity) * line.spot for line in lines) * FEE * changes.get("fee_share", 1.0)
    got = margins(PARADEX, lines, changes=changes)
    # Options' values come from two Black-76 codes, each good to some units in the last place of the forward.
    scale = 1e-12 * sum(abs(line.quantity) * line.spot for line in lines) + 1e-9
    assert abs(got["initial"] - (risk + fee)) <= scale
    assert abs(got["maintenance"] - (0.5 * risk + fee)) <= scale
    return wanted


def test_random_books_equal_plain_loops_and_both_requirements_bind() -> None:
    rng, seen = np.random.default_rng(7), Counter()
    for n in range(60):
        lines = random_lines(rng, underlyings=("BTC", "ETH", "HYPE"), count=int(rng.integers(1, 12)))
        if n % 3 == 0:
            lines = [Line("perpetual", "BTC", x, name=f"{m}") for m, x in enumerate(rng.normal(0, 3, 6))]
            lines[0].quantity -= sum(line.quantity for line in lines) + 1e-3
        for scan, least in check(lines, OLD, {}).values():
            seen["scan" if scan > least else "delta"] += 1
    assert seen["scan"] > 60, seen
    assert seen["delta"] >= 20, seen


def test_every_reading_of_the_page_equals_its_plain_loop() -> None:
    rng = np.random.default_rng(8)
    for n in range(30):
        changes = {"newer_page": float(n % 2), "floor_on_shock": float(n // 2 % 2), "fee_share": (1, 0.7, 0.5)[n % 3]}
        names = ("BTC", "ETH", "HYPE", "SOL") if n % 2 else ("BTC", "ETH", "HYPE")
        check(random_lines(rng, underlyings=names, count=8), NEW if n % 2 else OLD, changes)


def test_every_scenario_of_every_table_equals_the_plain_loop() -> None:
    rng = np.random.default_rng(12)
    for n in range(24):
        tables, newer = (NEW, 1.0) if n % 2 else (OLD, 0.0)
        floor = n // 2 % 2
        changes = {"newer_page": newer, "floor_on_shock": float(floor)}
        lines = random_lines(rng, underlyings=tuple(set(tables) - {"CL"}), count=12)
        plan = plan_of(PARADEX.with_parameters(changes), columns(lines))
        term = plan.terms["scan"]
        path = term.path(np.array([line.quantity for line in lines]))[-1]
        scale = 1e-12 * sum(abs(line.quantity) * line.spot for line in lines) * 6
        for row, name in enumerate(sorted({line.underlying for line in lines})):
            held = [line for line in lines if line.underlying == name]
            wanted = labelled(tables[name])
            assert set(wanted) == set(term.labels)
            for column, label in enumerate(term.labels):
                move, way, weight = wanted[label]
                found = weight * gain(held, tables[name], move, way, bool(floor))
                assert abs(path[row, column] - found) <= scale, (name, label)


def test_far_short_options_are_decided_by_the_tails_in_every_table() -> None:
    for tables, changes in ((OLD, {"newer_page": 0.0}), (NEW, {"newer_page": 1.0})):
        for name in set(tables) - {"CL"}:
            for strike, call in ((3.0, 1), (0.3, 0)):
                line = Line("option", name, -10.0, days=5, is_call=call, vol=0.6)
                line.strike = line.spot * strike
                check([line], tables, changes)
                label = binding(PARADEX.with_parameters(changes), [line], "scan")
                assert label[0].startswith("0 "), label
                assert not label[0].startswith("0 0 "), label


def test_the_minimum_on_delta_is_the_pages_own_example(vectors: Path) -> None:
    case = json.loads((vectors / "crypto" / "paradex_min_delta.json").read_text())
    lines = [Line("perpetual", "BTC", 1.0), Line("option", "BTC", -5.0, days=30, strike=70_000)]
    more = {"spot": [70_000.0] * 2, "delta": [delta for _, delta in case["inputs"]["positions"]]}
    for page, value in (("older_page", 0.0), ("newer_page", 1.0)):
        got = margins(PARADEX, lines, changes={"newer_page": value}, **more)
        assert got["min_delta"] == pytest.approx(case["expected"][page], rel=1e-12)


def test_expected_funding_is_paid_by_longs_and_its_receipt_is_a_reading() -> None:
    lines = [Line("perpetual", "BTC", 2.0), Line("future", "BTC", 5.0, days=30)]
    base = margins(PARADEX, lines)["initial"]
    paid = 2 * 60_000 * 0.1095 / 1095
    assert margins(PARADEX, lines, funding=[0.1095] * 2)["initial"] - base == pytest.approx(paid, rel=1e-9)
    assert margins(PARADEX, lines, funding=[-0.1095] * 2)["initial"] - base == pytest.approx(-paid, rel=1e-9)
    unpaid = margins(PARADEX, lines, changes={"funding_credit": 0.0}, funding=[-0.1095] * 2)["initial"]
    assert unpaid == pytest.approx(base, rel=1e-12)


def test_dollars_options_and_gains_are_owned_and_other_collateral_counts_nothing() -> None:
    option = Line("option", "BTC", 2.0, days=30, strike=60_000)
    lines = [option, Line("cash", "USDC", 50.0), Line("unrealised", "BTC", -0.1), Line("cash", "BTC", 3.0),
             Line("cash", "ETH", -1.0), Line("perpetual", "BTC", 1.0)]
    got = margins(PARADEX, lines)
    assert got["equity"] == pytest.approx(2 * option.price + 50 - 6_000 - 3_000, rel=1e-12)


def test_an_asset_without_a_table_makes_the_requirement_unknown() -> None:
    assert np.isnan(margins(PARADEX, [Line("perpetual", "SOL", 1.0)])["initial"])
    assert np.isfinite(margins(PARADEX, [Line("perpetual", "SOL", 1.0)], changes={"newer_page": 1.0})["initial"])


@settings(max_examples=25)
@given(st.integers(0, 2**31))
def test_requirements_scale_with_the_book(seed: int) -> None:
    lines = random_lines(np.random.default_rng(seed), count=6)
    once = margins(PARADEX, lines)["initial"]
    for line in lines:
        line.quantity *= 2.0
    assert margins(PARADEX, lines)["initial"] == pytest.approx(2 * once, rel=1e-12)
