"""Deribit segregated portfolio margin: every settlement currency must carry its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from margin.plain_deribit import risk_matrix
from margin.venue_books import SPOT, Line, margins, random_lines
from seawall.formats.margin_models import read_margin_model

SEGREGATED = read_margin_model("deribit_pme_segregated")


def test_the_published_reply_of_a_segregated_account_comes_from_the_preset(vectors: Path) -> None:
    case = json.loads((vectors / "crypto" / "deribit_pme_example.json").read_text())
    i = case["inputs"]
    lines = [Line("perpetual" if not i["days"][key] else "future", "BTC", size, days=i["days"][key], settlement="BTC")
             for key, size in i["positions"].items()]
    got = margins(SEGREGATED, lines, price=[i["index"]] * 2, spot=[i["index"]] * 2, pnl_offset=[0.0] * 2)
    for ours, theirs in (("scan", "worst_case"), ("roll_shock", "roll_shock"), ("initial", "risk_matrix"),
                         ("maintenance", "maintenance")):
        assert got[ours] / i["index"] == pytest.approx(case["expected"][theirs], abs=case["tolerance"]["abs"])


def test_requirements_and_shortfalls_equal_plain_loops_currency_by_currency() -> None:
    rng, short, covered = np.random.default_rng(6), 0, 0
    for _ in range(40):
        lines = random_lines(rng, count=int(rng.integers(1, 9)), settlements=("USDC", "coin"), scale=5.0)
        every, lacking, total = 0.0, 0.0, 0.0
        cash = {"USDC": float(rng.choice([0, 5e5])), "BTC": 2.0, "ETH": float(rng.choice([0.0, 60.0]))}
        for name, amount in cash.items():
            held = [line for line in lines if line.settlement == name]
            terms = risk_matrix(held, {}) if held else {"apart": 0.0, "roll_shock": 0.0, "delta_shock": 0.0}
            required = terms["apart"] + terms["roll_shock"] + terms["delta_shock"]
            owned = amount * SPOT[name] + sum(x.quantity * x.mark for x in held)
            every += required
            lacking += max(0.0, 0.8 * required - owned)
            total += max(0.0, required - owned)
        lines += [Line("cash", name, amount, settlement=name) for name, amount in cash.items()]
        got = margins(SEGREGATED, lines)
        scale = 1e-12 * sum(abs(line.quantity) * line.spot for line in lines) + 1e-9
        assert abs(got["initial"] - every) <= 4 * scale
        assert abs(got["maintenance"] - 0.8 * every) <= 4 * scale
        assert abs(got["uncovered"] - lacking) <= 6 * scale
        assert abs(got["uncovered_initial"] - total) <= 6 * scale
        short += lacking > 0
        covered += lacking == 0
    assert min(short, covered) > 4


def test_one_currencys_plenty_does_not_cover_anothers_want() -> None:
    lines = [Line("cash", "BTC", 10.0, settlement="BTC"), Line("perpetual", "ETH", 5.0, settlement="ETH")]
    got = margins(SEGREGATED, lines)
    assert got["equity"] > 10 * got["maintenance"]
    assert got["uncovered"] == pytest.approx(got["maintenance"], rel=1e-12)
    lines.append(Line("cash", "ETH", 5.0, settlement="ETH"))
    assert margins(SEGREGATED, lines)["uncovered"] == 0.0
