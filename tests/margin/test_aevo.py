"""Aevo's fifteen scenarios against plain loops."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from margin.venue_books import SPOT, Line, binding, margins, random_lines
from seawall.formats.margin_models import read_margin_model

AEVO = read_margin_model("aevo")


def scan(lines: list[Line]) -> float:
    total = 0.0
    for name in {line.underlying for line in lines}:
        worst = 0.0
        for move in (0.2, 0.1, 0.0, -0.1, -0.2):
            for points in (0.5, 0.0, -0.25):
                gain = 0.0
                for line in lines:
                    if line.underlying != name:
                        continue
                    growth = 1 + move if line.inverse else 1.0
                    if line.kind == "option":
                        vol = max(line.vol + points, 0.0)
                        gain += line.quantity * (line.value(move, vol) / growth - line.price)
                    else:
                        gain += line.quantity * line.forward * move / growth
                worst = min(worst, gain)
        total -= worst
    return total


def test_random_books_equal_plain_loops_and_every_direction_binds() -> None:
    rng, seen = np.random.default_rng(11), Counter()
    for _ in range(60):
        lines = random_lines(rng, count=int(rng.integers(1, 9)), settlements=("USDC", "coin"))
        scale = sum(abs(line.quantity) * line.spot for line in lines)
        got = margins(AEVO, lines)
        assert abs(got["initial"] - scan(lines)) <= 1e-12 * scale + 1e-9
        assert got["maintenance"] == got["initial"]
        seen.update(label.split(" ")[-1] for label in binding(AEVO, lines, "scan") if label)
    assert min(seen[way] for way in ("up", "same", "down")) > 0, seen
    assert any(line.vol < 0.25 for line in lines) or seen["down"] > 3


def test_the_floor_charges_net_short_options_per_strike_once_a_rate_is_supplied() -> None:
    lines = [Line("option", "BTC", -3.0, days=30, strike=60_000), Line("option", "BTC", 1.0, days=30, strike=60_000,
             is_call=0), Line("option", "ETH", -2.0, days=30, strike=3_000), Line("option", "ETH", 9.0, days=30,
             strike=3_100)]
    free = margins(AEVO, lines)["initial"]
    charged = margins(AEVO, lines, floor_rate=[0.01] * 4)["initial"]
    assert charged - free == pytest.approx(0.01 * (2 * SPOT["BTC"] + 2 * SPOT["ETH"]), rel=1e-9)


def test_the_share_of_maintenance_is_assumed_and_can_be_supplied() -> None:
    lines = [Line("perpetual", "ETH", 1.0)]
    assert margins(AEVO, lines, maintenance_share=[0.5])["maintenance"] == pytest.approx(300.0, rel=1e-12)
    assert margins(AEVO, lines)["maintenance"] == pytest.approx(600.0, rel=1e-12)
