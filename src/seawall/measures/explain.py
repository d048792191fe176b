"""Why would it be lost? The worst scenarios, each explained by who holds the loss and by what moved.

By position: the scenario's P&L of each part, the largest named, the rest in one sum. By factor: full revaluation with
only one group of factors moved, group by group; what they do only together is left as ``cross``. Both add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from seawall.cube import hold, revalue, shock, take_rows, take_scenarios
from seawall.errors import TailTooThin
from seawall.measures.tail import tail_weights
from seawall.model.arrays import Bools, Floats, Ints, read_only
from seawall.model.book import Book
from seawall.model.factor import Factor
from seawall.model.market import Market
from seawall.model.results import Cube
from seawall.model.scenario import ScenarioRule, ScenarioSet

# Groups of factors by risk class; spots of currencies and stablecoins count as currency, and time is no factor.
GROUP_OF: Final = {
    "spot": "spot", "volatility": "volatility", "skew": "skew", "curvature": "curvature", "carry": "carry",
    "premium": "carry", "funding": "funding", "interest": "funding", "rate": "rate", "peg": "currency",
    "exchange_rate": "currency",
}
GROUPS: Final = ("spot", "volatility", "skew", "curvature", "carry", "funding", "rate", "currency", "time")
MONEY: Final = ("currency", "stablecoin")


class Worst(NamedTuple):
    """One of the worst scenarios: its place and label, P&L, and how many tail draws share its label or path."""

    scenario: int
    label: str
    pnl: float
    draws: int


class Contributions(NamedTuple):
    """P&L of one scenario by part, gain > 0: the largest (n,) by size, and rest, the sum of rest_count others.

    total is pnl and rest together, the P&L of the scenario; partial: some part could not be valued.
    """

    scenario: int
    names: tuple[tuple[str, ...], ...]
    pnl: Floats
    rest: float
    rest_count: int
    total: float
    partial: bool


class FactorContributions(NamedTuple):
    """P&L (G,) of one scenario with only one group of ``GROUPS`` moved, gain > 0; cross: what they do only together.

    total, the P&L of the scenario, is pnl and cross together.
    """

    scenario: int
    names: tuple[str, ...]
    pnl: Floats
    cross: float
    total: float
    partial: bool


def worst_scenarios(
    pnl: Floats, rule: ScenarioRule, *, count: int = 10, confidence: float = 0.975
) -> tuple[Worst, ...]:
    """The scenarios of lowest P&L (S,), worst first, one for each label and path.

    Scenarios that carry no weight are no scenarios. Draws of one date share its label: its worst stands for it. Of a
    rule with too few rows for a tail, no draw lies in it.
    """
    try:
        tail = tail_weights(pnl, confidence, rule.weights) > 0
    except TailTooThin:
        tail = np.zeros(len(pnl), dtype=bool)
    family = _families(rule)
    order = np.argsort(pnl, kind="stable")
    order = order[rule.weights[order] > 0]
    _, first = np.unique(family[order], return_index=True)
    chosen = order[np.sort(first)[:count]]
    return tuple(
        Worst(int(n), str(rule.labels[n]), float(pnl[n]), int((tail & (family == family[n])).sum())) for n in chosen
    )


def explain_positions(
    book: Book, cube: Cube, scenarios: ArrayLike, *, by: str | Sequence[str] = "instrument", top: int = 5,
    currency: str | None = None,
) -> tuple[Contributions, ...]:
    """Who gains and loses in each of the scenarios (K): parts by any dimension, the largest ``top`` by size named."""
    places = np.asarray(scenarios, dtype=np.int64)
    held = hold(book, take_scenarios(cube, places), by=by, currency=currency)
    partial = bool(held.partial.any() or held.unread)
    return tuple(
        _largest(int(place), held.keys, held.pnl[:, n], top, partial) for n, place in enumerate(places)
    )


def explain_factors(
    book: Book, market: Market, rule: ScenarioRule, scenarios: ArrayLike, *, currency: str | None = None
) -> tuple[FactorContributions, ...]:
    """What moves the P&L of the whole book in each of the scenarios (K), group by group of ``GROUPS``."""
    places = np.asarray(scenarios, dtype=np.int64)
    stacked = _one_group_at_a_time(market, take_rows(rule, places))
    held = hold(book, revalue(book, market, stacked), by=(), currency=currency)
    pnl = held.pnl[0].reshape(len(GROUPS) + 1, len(places))
    partial = bool(held.partial.any())
    return tuple(
        FactorContributions(int(place), GROUPS, read_only(pnl[1:, n]), float(pnl[0, n] - pnl[1:, n].sum()),
                            float(pnl[0, n]), partial)
        for n, place in enumerate(places)
    )


def group_of(factor: Factor, market: Market) -> str:
    """The group of ``GROUPS`` that the factor's moves count to."""
    if factor.risk_class == "spot" and market.asset_class.get(factor.qualifier) in MONEY:
        return "currency"
    return GROUP_OF[factor.risk_class]


def _one_group_at_a_time(market: Market, rule: ScenarioRule) -> ScenarioSet:
    """The rows as they are, then once more for each group with all else at the market; (G+1) K rows."""
    whole = shock(rule, market)
    groups = np.array([group_of(factor, market) for factor in market.factors])
    levels, ages = [whole.levels], [rule.ages]
    for group in GROUPS:
        moved: Bools = groups == group
        levels.append(np.where(moved, whole.levels, market.levels))
        ages.append(rule.ages if group == "time" else np.zeros(len(rule)))
    times = len(GROUPS) + 1
    rows = times * len(rule)
    stacked = replace(
        rule, shocks=np.tile(rule.shocks, (times, 1)), labels=np.tile(rule.labels, times), weights=np.ones(rows),
        pnl_scale=np.tile(rule.pnl_scale, times), path=np.arange(rows), step=np.zeros(rows, dtype=np.int64),
        ages=np.concatenate(ages),
    )
    return ScenarioSet(stacked, market.market_id, read_only(np.asfortranarray(np.vstack(levels))), whole.failures)


def _families(rule: ScenarioRule) -> Ints:
    """(S,) equal for scenarios that share a label, or a path that has several rows."""
    _, place, rows = np.unique(rule.path, return_inverse=True, return_counts=True)
    _, label = np.unique(rule.labels.astype(np.str_), return_inverse=True)
    shared = rows[place] > 1
    return np.where(shared, label.max(initial=-1) + 1 + place, label).astype(np.int64)


def _largest(place: int, keys: tuple[tuple[str, ...], ...], pnl: Floats, top: int, partial: bool) -> Contributions:
    order = np.argsort(-np.abs(pnl), kind="stable")
    named, others = order[:top], order[top:]
    rest = float(pnl[others].sum())
    return Contributions(place, tuple(keys[n] for n in named), read_only(pnl[named]), rest, len(others),
                         float(pnl[named].sum() + rest), partial)
