"""What must stand behind each of many accounts? One margin model bound on every worker, accounts sharded.

A bound model is compiled code and cannot travel: the model and the market's columns do, and each process binds them
once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from seawall.cluster.shards import Shard, shards
from seawall.cube import Executor
from seawall.margin.exact import Decided, decide, exact_plan
from seawall.margin.frame import Columns
from seawall.margin.holdings import Holdings
from seawall.margin.plan import Bound, bind, index
from seawall.margin.require import Requirements, require
from seawall.margin.rows import Lines
from seawall.margin.shock import Supplied
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import MarginModel

MOST_LINES = 200_000


class Charged(NamedTuple):
    """One shard's lines. size (L): quantity, or whole lots. accounts: names, if they are told. unknown: of its
    accounts, why they cannot be told."""

    lines: Lines
    size: Floats | Ints
    accounts: tuple[str, ...] = ()
    unknown: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Margin:
    """A model over a market's instrument columns, bound where it is needed. supplied: see ``margin.plan.bind``."""

    model: MarginModel
    columns: Columns
    supplied: Mapping[str, Supplied] = field(default_factory=dict)

    @cached_property
    def bound(self) -> Bound:
        """The model bound in this process."""
        return bind(self.model, self.columns, self.supplied)

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class Requiring:
    """Requirements of one shard in float64: an executor's task."""

    margin: Margin

    def __call__(self, shard: Charged) -> Requirements:
        """Of the shard's accounts."""
        plan, quantity = index(self.margin.bound, shard.lines), np.asarray(shard.size, dtype=np.float64)
        return require(plan, quantity, shard.accounts, unknown=shard.unknown)


@dataclass(frozen=True)
class Deciding:
    """Requirements of one shard in integers: an executor's task. tick: currency; lot: quantity."""

    margin: Margin
    tick: Fraction
    lot: Fraction

    def __call__(self, shard: Charged) -> Decided:
        """Of the shard's accounts."""
        plan = exact_plan(index(self.margin.bound, shard.lines), tick=self.tick, lot=self.lot)
        return decide(plan, np.asarray(shard.size, dtype=np.int64))


def require_accounts(
    margin: Margin, held: Holdings, executor: Executor, *, most_lines: int = MOST_LINES
) -> Requirements:
    """Every account's requirement, shard by shard: the same bits as of the book in one piece."""
    cut = _cut(held.lines, np.asarray(held.quantity), most_lines)
    asked = [
        Charged(lines, size, held.accounts[s.first : s.last], _of(held.unknown, held.accounts[s.first : s.last]))
        for s, lines, size in cut
    ]
    return _joined(list(executor.map(Requiring(margin), asked)), held)


def requiring(
    executor: Executor,
) -> Callable[[MarginModel, Holdings, Mapping[str, Supplied]], Requirements]:
    """``require_accounts`` for any model and holdings."""
    return lambda model, held, supplied: require_accounts(Margin(model, held.columns, supplied), held, executor)


def decide_accounts(task: Deciding, lines: Lines, lots: Ints, executor: Executor, *, most_lines: int = MOST_LINES
                    ) -> Decided:
    """Every account's requirement in ticks, rounded against its holder: integers, the same for any shards."""
    cut = _cut(lines, lots, most_lines)
    parts: Sequence[Decided] = list(executor.map(task, [Charged(own, size) for _, own, size in cut]))
    return Decided(
        np.concatenate([p.equity for p in parts]), np.concatenate([p.initial for p in parts]),
        np.concatenate([p.maintenance for p in parts]), np.concatenate([p.unknown for p in parts]),
    )


def _cut(lines: Lines, size: Floats | Ints, most_lines: int) -> list[tuple[Shard, Lines, Floats | Ints]]:
    found = shards(lines.account, lines.accounts, most_lines=most_lines, most_accounts=most_lines)
    return [
        (s, Lines(lines.account[s.lines] - s.first, lines.instrument[s.lines], s.last - s.first), size[s.lines])
        for s in found
    ]


def _of(unknown: Mapping[str, str], accounts: tuple[str, ...]) -> dict[str, str]:
    return {account: unknown[account] for account in accounts if account in unknown}


def _joined(parts: Sequence[Requirements], held: Holdings) -> Requirements:
    names = parts[0].results
    results = {name: np.concatenate([part.results[name] for part in parts]) for name in names}
    unknown = {account: why for part in parts for account, why in part.unknown.items()}
    return Requirements(
        parts[0].model, held.accounts, np.concatenate([p.equity for p in parts]),
        np.concatenate([p.initial for p in parts]), np.concatenate([p.maintenance for p in parts]), results, unknown,
        parts[0].assumed,
    )
