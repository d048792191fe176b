"""OKX's published parts against plain loops: spot shock, decay, extreme move, basis, minimum charge by tier."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from margin.venue_books import Line, margins, random_lines
from seawall.formats.margin_models import read_margin_model

OKX = read_margin_model("okx")
TABLE = {"BTC": ((0.04, 0.08, 0.12), 0.24, 0.05), "ETH": ((0.04, 0.08, 0.12), 0.24, 0.05),
         "SOL": ((0.08, 0.16, 0.25), 0.36, 0.15), "HYPE": ((0.08, 0.16, 0.25), 0.5, 0.3)}
TIERS = ((0, 250e3, 1), (250e3, 500e3, 2), (500e3, 1e6, 4), (1e6, 2e6, 6), (2e6, 3e6, 8), (3e6, 4e6, 10),
         (4e6, float("inf"), 12))


def gain(lines: list[Line], move: float, stretch: float = 1.0, days: float = 0.0) -> float:
    total = 0.0
    for line in lines:
        growth = 1 + move if line.inverse else 1.0
        if line.kind == "option":
            left = max(line.tau - days / 365, 0.0)
            total += line.quantity * (line.value(move, line.vol * stretch, left) / growth - line.price)
        else:
            total += line.quantity * line.forward * move / growth
    return total


def tiered(raw: float) -> float:
    return sum(max(min(raw, high) - low, 0.0) * times for low, high, times in TIERS)


def parts(lines: list[Line], name: str, extreme_share: float = 0.5) -> dict[str, float]:
    moves, extreme, annual = TABLE[name]
    held = [line for line in lines if line.underlying == name]
    spot = [side * move for move in (0.0, *moves) for side in (-1, 1)]
    out = {"mr1": max(0.0, *(-gain(held, move, s) for move in spot for s in (1.5, 1.0, 0.75)))}
    out["mr2"] = max(0.0, -gain(held, 0.0, 1.0, 1.0))
    out["mr6"] = extreme_share * max(0.0, *(-gain(held, side * extreme) for side in (-1, 1)))
    net: dict[float, float] = {}
    for line in held:
        net[line.days] = net.get(line.days, 0.0) + line.quantity * line.delta * line.spot
    out["mr4"] = sum(abs(delta) * annual * days / 365 for days, delta in net.items())
    out["mr7"] = tiered(0.0005 * sum(abs(line.quantity * line.delta) * line.spot for line in held))
    return out


def test_random_books_equal_plain_loops_and_every_part_binds() -> None:
    rng, seen = np.random.default_rng(5), Counter()
    for n in range(80):
        lines = random_lines(rng, underlyings=tuple(TABLE), count=int(rng.integers(1, 9)), settlements=("USD", "coin"),
                             scale=float(rng.choice([3, 3e5])))
        if n % 4 == 0:
            lines = [Line("future", "BTC", x, days=d, basis=1.0) for x, d in ((9e5, 30), (-9e5, 31))]
        if n % 4 == 1:
            lines = [Line("option", "BTC", x, days=1, vol=0.6, strike=k) for x, k in ((1.0, 60_000), (0.1, 90_000))]
            lines[0].quantity = float(rng.uniform(0.5, 2))
        share = (0.5, 1.0)[n % 2]
        total = 0.0
        for name in {line.underlying for line in lines}:
            told = parts(lines, name, share)
            market = max(told["mr1"], told["mr2"], told["mr6"])
            seen[next(k for k in ("mr1", "mr2", "mr6") if told[k] == market)] += 1
            seen["floor" if told["mr7"] > market + told["mr4"] else "stress"] += 1
            total += max(market + told["mr4"], told["mr7"])
        scale = sum(abs(line.quantity) * line.spot for line in lines)
        got = margins(OKX, lines, changes={"extreme_share": share})
        assert abs(got["maintenance"] - total) <= 1e-12 * scale + 1e-9
        assert got["initial"] == pytest.approx(1.3 * got["maintenance"], rel=1e-12)
    assert min(seen[k] for k in ("mr1", "mr6", "floor", "stress")) > 3, seen


def test_decay_binds_where_nothing_else_does() -> None:
    lines = [Line("option", "BTC", 1.0, days=0.5, strike=60_000, vol=0.6),
             Line("option", "BTC", 1.0, days=0.5, strike=60_000, vol=0.6, is_call=0)]
    told = parts(lines, "BTC")
    got = margins(OKX, lines)
    for name in ("mr1", "mr2", "mr4", "mr6", "mr7"):
        assert got[name] == pytest.approx(told[name], rel=1e-11, abs=1e-8)
    assert told["mr2"] > max(told["mr1"], told["mr6"])


def test_the_minimum_charge_climbs_through_every_tier() -> None:
    for raw in (1e5, 250e3, 4e5, 8e5, 1.5e6, 2.5e6, 3.5e6, 9e6):
        lines = [Line("perpetual", "BTC", raw / 0.0005 / 60_000 / 2, name="a"),
                 Line("perpetual", "BTC", -raw / 0.0005 / 60_000 / 2, name="b")]
        assert margins(OKX, lines)["maintenance"] == pytest.approx(tiered(raw), rel=1e-12)


def test_mid_sized_assets_take_their_own_ranges() -> None:
    for name, (range_, extreme) in {"XRP": (0.18, 0.36), "LINK": (0.18, 0.5), "DOGE": (0.25, 0.36)}.items():
        line = Line("perpetual", "HYPE", 10.0)
        made = OKX.by["underlying"][name]
        assert (made["range"], made["extreme"]) == (range_, extreme)
        got = margins(OKX, [line], **{key: [value] for key, value in made.items()})
        assert got["mr1"] == pytest.approx(400 * range_, rel=1e-12)
        assert got["mr6"] == pytest.approx(200 * extreme, rel=1e-12)
