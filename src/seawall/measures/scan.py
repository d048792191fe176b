"""How far is each account from its scan? The worst loss over a grid, and the moves at which equity meets it.

A first margin, the same for every venue: the worst loss of spot and volatility moving together. Not any venue's own
model. Every account is revalued in full at each step of a ladder, and again at four steps inside each interval where
some equity stops covering the scan; between those, less than 1.5 % of spot apart up to 60 %, the last piece is linear.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seawall.cube import hold, revalue
from seawall.model.arrays import Bools, Floats
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.apply import held_still
from seawall.scenarios.grid import DEFAULT_SPOT, DEFAULT_VOLATILITY

FALLS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.075, *np.arange(0.1, 0.86, 0.05).round(2).tolist(), 0.9)
RISES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.075, *np.arange(0.1, 0.61, 0.05).round(2).tolist(), 0.75, 0.9, 1.1, 1.3, 1.5)
SWELLS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
# By direction: signs of the relative move of spot and of volatility, and how far the ladder goes.
DIRECTIONS = {
    "down": (-1.0, 0.0, FALLS),
    "up": (1.0, 0.0, RISES),
    "joint_down": (-1.0, 1.0, FALLS),
    "joint_up": (1.0, 1.0, RISES),
    "volatility_up": (0.0, 1.0, SWELLS),
}
STEPS_INSIDE = 4
ROWS_AT_ONCE = 4096
MONEY = ("currency", "stablecoin")
GRID = tuple(itertools.product(DEFAULT_SPOT, DEFAULT_VOLATILITY))


class Scan(NamedTuple):
    """Per row of keys: margin (N,), loss > 0, reporting currency; equity (N,); worst (N,), label of the grid row.

    down, up: nearest relative spot move of every asset together at which equity no longer covers the scan there, the
    volatilities unchanged; joint_down, joint_up: the same with every volatility up by as much; volatility_up: of
    volatility alone. NaN if none on the ladder, see ``beyond``; 0 if it does not now. All (N,).
    """

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    margin: Floats
    equity: Floats
    worst: tuple[str, ...]
    down: Floats
    up: Floats
    joint_down: Floats
    joint_up: Floats
    volatility_up: Floats
    partial: Bools
    currency: str


def scan(
    book: Book, market: Market, *, by: str | Sequence[str] = "account", currency: str | None = None,
    assets: Sequence[str] | None = None,
) -> Scan:
    """Scan of each row when the assets move together and all else stays; every asset of the book that is no money."""
    at = _Revaluation(book, market, by, currency, moving_assets(book, market) if assets is None else tuple(assets))
    moves = [(spot * x, volatility * x) for spot, volatility, ladder in DIRECTIONS.values() for x in ladder]
    excess, margin, worst = at.excess(np.array(moves))
    found, start = {}, 0
    for name, (spot, volatility, ladder) in DIRECTIONS.items():
        part = excess[:, start : start + len(ladder)]
        found[name] = _first_crossings(at, part, (spot, volatility), np.array(ladder))
        start += len(ladder)
    return Scan(at.by, at.keys, margin[:, 0], at.equity, worst, **found, partial=at.partial, currency=at.currency)


def beyond(direction: str) -> str:
    """What a missing crossing means in words, such as ``beyond -90 %``."""
    spot, volatility, ladder = DIRECTIONS[direction]
    if not spot:
        return f"beyond {volatility * ladder[-1]:+.0%} of volatility".replace("%", " %")
    return f"beyond {spot * ladder[-1]:+.0%}".replace("%", " %")


def moving_assets(book: Book, market: Market) -> tuple[str, ...]:
    """Underlyings of the book that are neither the numeraire nor money, sorted."""
    names = {i.underlying for i in book.instruments} - {market.numeraire}
    return tuple(sorted(name for name in names if market.asset_class.get(name) not in MONEY))


class _Revaluation:
    """The book's rows under any set of joint moves, each with the whole grid on top of it."""

    def __init__(
        self, book: Book, market: Market, by: str | Sequence[str], currency: str | None, assets: tuple[str, ...]
    ) -> None:
        self._book, self._market, self._by, self._assets = book, market, by, assets
        self.currency = currency or market.numeraire
        here = hold(book, revalue(book, market, self._rule(np.zeros((1, 2)))), by=by, currency=self.currency)
        self.by, self.keys, self.equity, self.partial = here.by, here.keys, here.equity, here.partial

    def excess(self, moves: Floats) -> tuple[Floats, Floats, tuple[str, ...]]:
        """Equity less scan and the scan itself at each move (N,K), and where the first move's scan is worst (N)."""
        size = ROWS_AT_ONCE // (len(GRID) + 1)
        parts = [self._excess(moves[start : start + size]) for start in range(0, len(moves), size)]
        return np.hstack([p[0] for p in parts]), np.hstack([p[1] for p in parts]), parts[0][2]

    def _excess(self, moves: Floats) -> tuple[Floats, Floats, tuple[str, ...]]:
        rule = self._rule(moves)
        cube = revalue(self._book, self._market, rule)
        held = hold(self._book, cube, by=self._by, currency=self.currency)
        pnl = held.pnl.reshape(len(held.keys), len(moves), len(GRID) + 1)
        here, around = pnl[:, :, 0], pnl[:, :, 1:]
        margin = np.maximum((here[:, :, None] - around).max(axis=2), 0.0)
        worst = tuple(str(rule.labels[1 + n]) for n in around[:, 0].argmin(axis=1))
        return held.equity[:, None] + here - margin, margin, worst

    def _rule(self, moves: Floats) -> ScenarioRule:
        around = np.array([(0.0, 0.0), *GRID])
        joint = (1 + moves[:, None, :]) * (1 + around[None, :, :]) - 1
        count = len(self._assets)
        flat = joint.reshape(-1, 2)
        labels = [f"spot {s:+.0%}, volatility {v:+.0%}" for s, v in around] * len(moves)
        moving = [Column(name, asset) for name in ("spot", "volatility") for asset in self._assets]
        return ScenarioRule(
            "scan", (*moving, held_still("spot", "*"), held_still("volatility", "*")),
            np.hstack([np.repeat(flat, count, axis=1), np.zeros((len(flat), 2))]), np.array(labels, dtype=object), 0.0,
            provenance={"generator": "scan"},
        )


def _first_crossings(at: _Revaluation, excess: Floats, signs: tuple[float, float], ladder: Floats) -> Floats:
    """(N,) signed nearest move at which excess (N,K) falls below zero; 0 if it is there now, NaN if it never does."""
    below = excess < 0
    first = np.where(below.any(axis=1), np.argmax(below, axis=1), -1)
    sign = signs[0] or signs[1]
    out = np.where(first == 0, 0.0, np.nan)
    intervals = np.unique(first[first > 0])
    if not len(intervals):
        return out
    share = np.arange(1, STEPS_INSIDE) / STEPS_INSIDE
    inner = np.concatenate([ladder[k - 1] + share * (ladder[k] - ladder[k - 1]) for k in intervals])
    finer = at.excess(inner[:, None] * np.array(signs))[0].reshape(len(excess), len(intervals), len(share))
    for place, k in enumerate(intervals):
        rows = np.flatnonzero(first == k)
        points = ladder[k - 1] + np.arange(STEPS_INSIDE + 1) / STEPS_INSIDE * (ladder[k] - ladder[k - 1])
        values = np.column_stack([excess[rows, k - 1], finer[rows, place], excess[rows, k]])
        out[rows] = sign * _root(points, values)
    return out


def _root(points: Floats, values: Floats) -> Floats:
    """(n,) where values (n,P) first meet zero, linear between points."""
    right = np.argmax(values < 0, axis=1)
    rows = np.arange(len(values))
    before, after = values[rows, right - 1], values[rows, right]
    return np.asarray(points[right - 1] + before / (before - after) * (points[right] - points[right - 1]))
