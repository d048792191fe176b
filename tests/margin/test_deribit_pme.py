"""Deribit cross portfolio margin against published replies and plain loops in coin: tables, offsets, shocks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.plain_deribit import GRID, apart, joint, risk_matrix, settled, table, vector
from margin.venue_books import SPOT, Line, columns, margins, plan_of, random_lines
from seawall.formats.margin_models import read_margin_model
from seawall.margin.plan import evaluate

DERIBIT = read_margin_model("deribit_pme")
REPLIES = ("deribit_pme_example", "deribit_pme_eth_perpetual")


def reply(vectors: Path, name: str) -> tuple[dict, list[Line], dict]:
    """A published reply as coin-settled lines of one coin each."""
    case = json.loads((vectors / "crypto" / f"{name}.json").read_text())
    i = case["inputs"]
    lines = [Line("perpetual" if not i["days"][key] else "future", i["underlying"], size, days=i["days"][key],
                  settlement=i["underlying"], name=key) for key, size in i["positions"].items()]
    count = len(lines)
    more = {"price": [i["index"]] * count, "spot": [i["index"]] * count, "pnl_offset": [i["pnl_offset"]] * count,
            "max_offsetable": [i["max_offsetable"]] * count}
    return case, lines, more


@pytest.mark.parametrize("name", REPLIES)
def test_every_number_of_a_published_reply_comes_from_the_preset(vectors: Path, name: str) -> None:
    case, lines, more = reply(vectors, name)
    index, wanted = case["inputs"]["index"], case["expected"]
    got = margins(DERIBIT, lines, **more)
    for ours, theirs in (("apart", "worst_case"), ("roll_shock", "roll_shock"), ("delta_shock", "delta_shock"),
                         ("initial", "risk_matrix"), ("maintenance", "maintenance"),
                         ("correlation", "correlation_contingency")):
        assert got[ours] / index == pytest.approx(wanted[theirs], abs=case["tolerance"]["abs"]), ours


@pytest.mark.parametrize("name", REPLIES)
def test_every_bucket_of_a_published_reply_comes_from_the_preset(vectors: Path, name: str) -> None:
    case, lines, more = reply(vectors, name)
    index, wanted = case["inputs"]["index"], case["expected"]
    for line in lines:
        alone = {key: values[:1] for key, values in more.items()} | {"pnl_offset": [1.0], "max_offsetable": [1e12]}
        term = plan_of(DERIBIT, columns([line], **alone)).terms["apart"]
        path = term.path(np.array([line.quantity]))
        # The reply has each bucket three times, for the three volatilities, which futures do not feel.
        assert path[1][0, :27:3] / index == pytest.approx(np.array(wanted["buckets"][line.name]), abs=1e-15)
    plan = plan_of(DERIBIT, columns(lines, **more))
    path = plan.terms["apart"].path(np.array([line.quantity for line in lines]))
    assert path[2][0, :27:3] / index == pytest.approx(np.array(wanted["aggregated"]), abs=1e-15)
    assert path[2][0, 27:] / index == pytest.approx(np.array(wanted["aggregated_extended"]), abs=1e-15)


def test_the_extended_table_of_a_future_is_its_edge_bucket_before_the_dampener(vectors: Path) -> None:
    case, lines, more = reply(vectors, "deribit_pme_eth_perpetual")
    changes = {"extended_gains": 1.0}
    bare = {"dampener": [0.0], "pnl_offset": [1.0]}
    plan = plan_of(DERIBIT.with_parameters(changes), columns(lines, **(more | bare)))
    path = plan.terms["apart"].path(np.array([lines[0].quantity]))
    wanted = np.array(case["expected"]["extended"])
    assert path[2][0, 27:] / case["inputs"]["index"] == pytest.approx(wanted, abs=1e-15)


def books(count: int, seed: int) -> list[tuple[list[Line], dict[str, list[float]]]]:
    """Random books, every third short far options without a dampener, every fourth large ones."""
    rng, out = np.random.default_rng(seed), []
    for n in range(count):
        scale = (20.0, 2e4)[n % 4 == 3]
        lines = random_lines(rng, count=int(rng.integers(1, 10)), settlements=("USDC", "coin"), scale=scale)
        more: dict[str, list[float]] = {}
        if n % 3 == 2:
            for line in lines:
                if line.kind == "option":
                    line.quantity, line.is_call, line.strike = -abs(line.quantity), 1, line.spot * 1.7
                else:
                    line.quantity *= 1e-3
            more = {"dampener": [0.0] * len(lines)}
        if n % 5 == 4:
            more["max_offsetable"] = [1e4] * len(lines)
        out.append((lines, more))
    return out


def test_random_books_equal_plain_loops_in_coin_and_every_branch_decides() -> None:
    seen: Counter[str] = Counter()
    for n, (lines, more) in enumerate(books(60, 3)):
        gains = float(n % 2)
        terms = risk_matrix(lines, more, extended_gains=gains)
        got = margins(DERIBIT, lines, changes={"extended_gains": gains}, **more)
        scale = 1e-12 * sum(abs(line.quantity) * line.spot for line in lines) + 1e-9
        for name in ("apart", "joint", "roll_shock", "delta_shock"):
            assert abs(got[name] - terms[name]) <= scale, name
        total = terms["apart"] + terms["roll_shock"] + terms["delta_shock"]
        assert abs(got["initial"] - total) <= 3 * scale
        assert got["maintenance"] == pytest.approx(0.8 * got["initial"], rel=1e-12, abs=1e-9)
        seen.update(terms["branches"])
    assert min(seen[k] for k in ("bucket", "extended", "capped", "dampened", "delta shock")) > 2, seen


def test_every_bucket_of_random_books_equals_the_plain_loop() -> None:
    for n, (lines, more) in enumerate(books(24, 13)):
        gains = float(n % 2)
        plan = plan_of(DERIBIT.with_parameters({"extended_gains": gains}), columns(lines, **more))
        quantity = np.array([line.quantity for line in lines])
        scale = 1e-12 * sum(abs(line.quantity) * line.spot for line in lines) * 6
        wanted = np.array([settled(lines, name, more, gains) for name in sorted({x.settlement for x in lines})])
        assert np.abs(plan.terms["apart"].path(quantity)[-1] - wanted).max() <= scale
        assert np.abs(plan.terms["joint"].path(quantity)[-1][0] - wanted.sum(0)).max() <= scale


def test_joining_settlement_currencies_saves_and_pays_a_contingency() -> None:
    changes = {"correlation_set": 1.0}
    saved = 0
    for lines, more in books(20, 4):
        got = margins(DERIBIT, lines, changes=changes, **more)
        alone, together = apart(lines, more), joint(lines, more)
        wanted = together + 0.25 * (alone - together) + got["roll_shock"] + got["delta_shock"]
        scale = 1e-12 * sum(abs(line.quantity) * line.spot for line in lines) + 1e-9
        assert abs(got["initial"] - wanted) <= 4 * scale
        assert together <= alone + scale
        saved += together < alone - 1.0
    assert saved > 3


def test_a_coin_settled_option_is_worth_fewer_coins_at_higher_prices() -> None:
    line = Line("option", "BTC", -1.0, days=30, strike=60_000, settlement="BTC")
    worst = min(vector([line], "BTC", "BTC", GRID[:27], {})) * SPOT["BTC"]
    assert margins(DERIBIT, [line], dampener=[1e12])["apart"] == pytest.approx(-worst, rel=1e-10)
    linear = Line("option", "BTC", -1.0, days=30, strike=60_000, settlement="USDC")
    assert margins(DERIBIT, [linear])["apart"] > margins(DERIBIT, [line])["apart"]


def test_a_ceiling_bounds_what_gains_offset_and_an_unknown_one_is_assumed() -> None:
    lines = [Line("perpetual", "BTC", -100.0, settlement="USDC"), Line("perpetual", "ETH", 2_000.0, settlement="USDC")]
    changes = {"extended_gains": 1.0}
    free = margins(DERIBIT, lines, changes=changes, max_offsetable=[1e9] * 2)["apart"]
    tight = margins(DERIBIT, lines, changes=changes, max_offsetable=[1e5] * 2)["apart"]
    assert free == pytest.approx(6e6 * 0.18 - 0.6 * 6e6 * 0.16, rel=1e-12)
    assert tight == pytest.approx(6e6 * 0.18 - 1e5, rel=1e-12)
    assert DERIBIT.by["settlement"]["USDC"]["max_offsetable"] == 1e6


def test_the_roll_of_each_expiry_is_charged_gross_of_the_others() -> None:
    lines = [Line("future", "BTC", 3.0, days=365), Line("future", "BTC", -2.0, days=60), Line("perpetual", "BTC", -1.0)]
    wanted = 60_000 * (3 * (np.exp(0.075) - 1) + 2 * max(0.01, np.exp(0.075 * 60 / 365) - 1) + 0.01)
    assert margins(DERIBIT, lines)["roll_shock"] == pytest.approx(wanted, rel=1e-12)


def test_the_delta_shock_starts_above_its_threshold_and_stops_at_its_cap() -> None:
    def shock(size: float) -> float:
        return margins(DERIBIT, [Line("perpetual", "BTC", size)])["delta_shock"]

    assert shock(20e6 / 60_000) == 0.0
    beyond = 1_000 - 20e6 / 60_000
    assert shock(1_000.0) == pytest.approx(6e7 * 5e-5 * beyond, rel=1e-12)
    assert shock(-1e5) == pytest.approx(6e9 * 0.1, rel=1e-12)
    off = margins(DERIBIT, [Line("perpetual", "BTC", 1_000.0)], changes={"delta_shock_on": 0.0})
    assert off["delta_shock"] == 0.0


def test_haircuts_lower_what_initial_margin_may_use() -> None:
    lines = [Line("cash", "BTC", 2.0, settlement="BTC"), Line("cash", "ETH", -1.0, settlement="ETH")]
    got = margins(DERIBIT, lines, haircut=[0.1, 0.1])
    assert got["initial"] == pytest.approx(12_000, rel=1e-12)
    assert got["maintenance"] == 0.0
    assert got["equity"] == pytest.approx(117_000, rel=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 2**31))
def test_no_offset_between_pairs_ever_raises_the_requirement_above_the_pairs_alone(seed: int) -> None:
    lines = random_lines(np.random.default_rng(seed), count=6, settlements=("USDC",), kinds=("perpetual", "future"))
    together = margins(DERIBIT, lines)["apart"]
    alone = sum(margins(DERIBIT, [x for x in lines if x.underlying == name])["apart"]
                for name in {line.underlying for line in lines})
    assert together <= alone + 1e-6


def test_accounts_together_equal_accounts_alone() -> None:
    made = books(4, 9)
    lines = [line for book, _ in made for line in book]
    owner = [n for n, (book, _) in enumerate(made) for _ in book]
    plan = plan_of(DERIBIT, columns(lines), owner)
    got = evaluate(plan, np.array([line.quantity for line in lines]))["initial"]
    assert got == pytest.approx([margins(DERIBIT, book)["initial"] for book, _ in made], rel=1e-12)


def test_the_tables_have_the_published_shape() -> None:
    assert len(GRID) == 35
    assert [row[0] for row in GRID[27:]] == [-0.66, -0.33, 0.5, 1, 2, 3, 4, 5]
    assert table("BTC")["range"] == 0.16
