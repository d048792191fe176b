"""How far is each account from its scan? The worst loss over a grid, and the moves at which equity meets it.

A first margin, the same for every venue: the worst loss of spot and volatility moving together. Not any venue's own
model. Accounts are revalued in full at each step of the ladder; nothing is extrapolated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.cube import hold, revalue
from seawall.model.arrays import Floats
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.apply import held_still
from seawall.scenarios.grid import DEFAULT_SPOT, DEFAULT_VOLATILITY

LADDER = tuple(np.round(np.concatenate([np.arange(-0.9, 0.0, 0.05), np.arange(0.0, 1.55, 0.05)]), 2))


class Scan(NamedTuple):
    """Per row of keys: margin (N,), loss > 0, reporting currency; equity (N,); worst (N,), label of the grid row.

    down, up (N,): nearest joint relative spot move at which equity no longer covers the scan there; NaN if none on
    the ladder, 0 if it does not now.
    """

    keys: tuple[tuple[str, ...], ...]
    margin: Floats
    equity: Floats
    worst: tuple[str, ...]
    down: Floats
    up: Floats


def scan(
    book: Book, market: Market, *, assets: tuple[str, ...] = ("*crypto", "*equity"), by: tuple[str, ...] = ("account",)
) -> Scan:
    """Scan of each row when the assets move together and others stay."""
    rule = _ladder_rule(assets)
    cube = revalue(book.instruments, market, rule)
    held = hold(book, cube, market, by=by, currency=market.numeraire)
    steps, moves = len(LADDER), len(DEFAULT_SPOT) * len(DEFAULT_VOLATILITY)
    pnl = held.pnl.reshape(len(held.keys), steps, moves + 1)
    here = pnl[:, :, 0]
    margin = np.maximum((here[:, :, None] - pnl[:, :, 1:]).max(axis=2), 0.0)
    excess = held.equity[:, None] + here - margin
    zero = LADDER.index(0.0)
    labels = [rule.labels[zero * (moves + 1) + 1 + int(n)] for n in pnl[:, zero, 1:].argmin(axis=1)]
    return Scan(
        held.keys, margin[:, zero], held.equity, tuple(str(label) for label in labels),
        np.array([_crossing(row[zero::-1], LADDER[zero::-1]) for row in excess]),
        np.array([_crossing(row[zero:], LADDER[zero:]) for row in excess]),
    )


def _crossing(excess: Floats, moves: tuple[float, ...]) -> float:
    """First move at which excess falls to zero, linear between steps."""
    if excess[0] <= 0:
        return 0.0
    below = np.flatnonzero(excess <= 0)
    if not len(below):
        return float("nan")
    n = int(below[0])
    share = excess[n - 1] / (excess[n - 1] - excess[n])
    return float(moves[n - 1] + share * (moves[n] - moves[n - 1]))


def _ladder_rule(assets: tuple[str, ...]) -> ScenarioRule:
    """Each step alone, then the whole grid on top of it."""
    rows, labels = [], []
    for step in LADDER:
        grid = [(0.0, 0.0), *((s, v) for s in DEFAULT_SPOT for v in DEFAULT_VOLATILITY)]
        rows += [[(1 + step) * (1 + s) - 1] * len(assets) + [v] * len(assets) + [0.0, 0.0] for s, v in grid]
        labels += [f"spot {s:+.0%}, volatility {v:+.0%}" for s, v in grid]
    columns = [Column("spot", a) for a in assets] + [Column("volatility", a) for a in assets]
    return ScenarioRule(
        "scan ladder", (*columns, held_still("spot", "*"), held_still("volatility", "*")), np.array(rows),
        np.array(labels, dtype=object), 0.0, provenance={"generator": "scan"},
    )
