"""Deribit portfolio margin in plain loops and in coin: pair by pair, bucket by bucket, as the rules are written."""

from __future__ import annotations

from collections import Counter
from math import exp
from typing import Any

from margin.venue_books import SPOT, Line

GRID = [(k / 4, way, False) for k in range(-4, 5) for way in ("down", "same", "up")]
GRID += [(move, "up", True) for move in (-0.66, -0.33, 0.5, 1, 2, 3, 4, 5)]
TABLES = {
    "BTC": {"range": 0.16, "vol_up": 0.5, "dampener": 100e3, "annual": 0.075, "least": 0.01, "slope": 5e-5},
    "ETH": {"range": 0.18, "vol_up": 0.4, "dampener": 200e3, "annual": 0.05, "least": 0.005, "slope": 4e-6},
}
CEILINGS = {"BTC": 20e6, "ETH": 20e6, "USDC": 1e6}
OFFSET = 0.6


def table(name: str) -> dict[str, float]:
    return TABLES[name]


def vol_of(line: Line, way: str) -> float:
    days = max(1.0, line.tau * 365)
    term = (30 / days) ** (0.3 if line.tau * 365 <= 30 else 0.13)
    if way == "up":
        return max(line.vol * (1 + TABLES[line.underlying]["vol_up"] * term), 0.5)
    return line.vol * max(0.0, 1 - 0.25 * term) if way == "down" else line.vol


def vector(lines: list[Line], pair: str, settlement: str, grid: list, more: dict[str, Any], *,
           branches: Counter | None = None) -> list[float]:
    """A pair's P&L in its settlement currency, extended buckets scaled to the edge and dampened."""
    out, coin, spot, width = [], pair == settlement, SPOT[pair], TABLES[pair]["range"]
    dampener = more["dampener"][0] if "dampener" in more else TABLES[pair]["dampener"]
    for move, way, extended in grid:
        s = move if extended else move * width
        total = 0.0
        for line in lines:
            if line.kind == "option":
                now, then = line.price, line.value(s, vol_of(line, way))
                total += line.quantity * (then / (spot * (1 + s)) - now / spot if coin else then - now)
            else:
                total += line.quantity * line.forward * (s / (1 + s) / spot if coin else s)
        if extended:
            edge = width if move > 0 else -width
            total *= width / abs(move) * ((1 + move) / (1 + edge) if coin else 1.0)
            if total < 0:
                relief = (max(abs(move) / width, 1) - 1) * dampener / ((1 + edge) * spot if coin else 1.0)
                if branches is not None and 0 < relief < -total:
                    branches["dampened"] += 1
                total += min(-total, relief)
        out.append(total)
    return out


def settled(lines: list[Line], settlement: str, more: dict[str, Any], extended_gains: float,
            branches: Counter | None = None) -> list[float]:
    """A settlement currency's vector in dollars: gains offset in part and up to a ceiling."""
    rate = SPOT[settlement]
    ceiling = more["max_offsetable"][0] if "max_offsetable" in more else CEILINGS[settlement]
    held = [line for line in lines if line.settlement == settlement]
    pairs = {name: vector([x for x in held if x.underlying == name], name, settlement, GRID, more, branches=branches)
             for name in dict.fromkeys(x.underlying for x in held)}
    out = []
    for n, (_, _, extended) in enumerate(GRID):
        gains = sum(max(v[n], 0.0) for v in pairs.values()) * rate * OFFSET * (extended_gains if extended else 1.0)
        losses = sum(min(v[n], 0.0) for v in pairs.values()) * rate
        if branches is not None and gains > ceiling:
            branches["capped"] += 1
        out.append(min(gains, ceiling) + losses)
    return out


def apart(lines: list[Line], more: dict[str, Any], extended_gains: float = 0.0,
          branches: Counter | None = None) -> float:
    total = 0.0
    for name in dict.fromkeys(line.settlement for line in lines):
        found = settled(lines, name, more, extended_gains, branches)
        if branches is not None:
            branches["bucket" if found.index(min(found)) < 27 else "extended"] += 1
        total -= min(found)
    return total


def joint(lines: list[Line], more: dict[str, Any], extended_gains: float = 0.0) -> float:
    every = [settled(lines, name, more, extended_gains) for name in dict.fromkeys(line.settlement for line in lines)]
    return -min(sum(column) for column in zip(*every, strict=True))


def risk_matrix(lines: list[Line], more: dict[str, Any], extended_gains: float = 0.0) -> dict[str, Any]:
    """Each part of the matrix in dollars, and which branches were seen."""
    branches: Counter = Counter()
    out: dict[str, Any] = {"apart": apart(lines, more, extended_gains, branches),
                           "joint": joint(lines, more, extended_gains), "roll_shock": 0.0, "delta_shock": 0.0}
    for name, settlement in dict.fromkeys((line.underlying, line.settlement) for line in lines):
        held, spot, t = [], SPOT[name], TABLES[name]
        held = [line for line in lines if (line.underlying, line.settlement) == (name, settlement)]
        for perpetual, days in dict.fromkeys((line.kind == "perpetual", line.days) for line in held):
            delta = sum(x.quantity * x.delta for x in held if (x.kind == "perpetual", x.days) == (perpetual, days))
            rate = t["least"] if perpetual else max(t["least"], exp(t["annual"] * days / 365) - 1)
            out["roll_shock"] += abs(delta) * spot * rate
        delta = abs(sum(line.quantity * line.delta for line in held))
        rate = min(0.1, t["slope"] * max(0.0, delta - 20e6 / spot))
        branches["delta shock"] += rate > 0
        out["delta_shock"] += rate * delta * spot
    out["branches"] = branches
    return out
