"""Which factors made the P&L? Full revaluation, one group of factors after the other, so that nothing hides.

The opening lines are taken from the first market to the second group by group of ``GROUPS``, in this order and in the
reverse one; each group's part is the mean of its two steps. With two groups that move that is Shapley's value; with
more it still adds up exactly, and no group profits from its place. What is left when every factor stands where the
second market has it is the smile's shape beyond level, skew and curvature.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from seawall.cube import hold, revalue
from seawall.instruments.prices import years_between
from seawall.measures.explain import GROUPS, group_of
from seawall.measures.pnl_explain import later_levels
from seawall.measures.pnl_lines import LINE, Key
from seawall.model.arrays import Bools, Floats, frozen_texts, read_only
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.scenario import ScenarioRule, ScenarioSet

STEPS: Final = GROUPS


def factor_parts(
    book: Book, lines: Bools, markets: tuple[Market, Market], *, currency: str
) -> tuple[tuple[Key, ...], Floats]:
    """P&L (N,G) of the book's chosen lines (L) by group of factors, and their keys of ``LINE``."""
    chosen = lines_of(book, lines)
    before = markets[0]
    cube = revalue(chosen, before, _walks(*markets))
    held = hold(chosen, cube, by=LINE, currency=currency)
    steps = len(STEPS)
    forth, back = held.pnl[:, :steps], held.pnl[:, steps:]
    there = np.diff(forth, axis=1, prepend=0.0)
    again = np.diff(back, axis=1, prepend=0.0)[:, ::-1]
    return held.keys, (there + again) / 2


def lines_of(book: Book, chosen: Bools) -> Book:
    """The book of some of its lines (L)."""
    return replace(
        book, instrument_of=book.instrument_of[chosen], quantity=book.quantity[chosen],
        average_price=book.average_price[chosen],
        dimensions={name: column[chosen] for name, column in book.dimensions.items()},
    )


def _walks(before: Market, after: Market) -> ScenarioSet:
    """2 G rows: group after group moved and left so, in the order of ``GROUPS`` and then in the reverse one."""
    groups = np.array([group_of(factor, before) for factor in before.factors], dtype=object)
    target, years = later_levels(before, after), years_between(before.as_of, after.as_of)
    levels, ages = [], []
    for order in (STEPS, STEPS[::-1]):
        now, age = np.array(before.levels), 0.0
        for group in order:
            now = np.where(groups == group, target, now)
            age = years if group == "time" else age
            levels.append(now)
            ages.append(age)
    rows = len(levels)
    rule = ScenarioRule("from one market to the other", (), np.zeros((rows, 0)),
                        frozen_texts([f"step {n}" for n in range(rows)], "labels"), 0.0, ages=np.array(ages))
    return ScenarioSet(rule, before.market_id, read_only(np.asfortranarray(np.vstack(levels))))
