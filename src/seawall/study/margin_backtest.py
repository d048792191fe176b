"""Would the margin have been enough? Every model's requirement of the same accounts, each evening, judged by what came.

A requirement is told as the wealth that an account must have to be just admitted: what the model asks, less what it
counts as owned, plus what the positions are worth. So models that count a bought option as wealth and models that do
not mean the same. On its evening a model sees that evening's market, and a history that ends with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.margin.holdings import Holdings, holdings
from seawall.margin.require import planned, require
from seawall.model.arrays import Bools, Floats, Texts, Times, frozen_texts
from seawall.model.margin import MarginModel
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.model.state import present
from seawall.study.margin_accounts import Evening, Recipe, struck
from seawall.study.margin_outcome import gains
from seawall.study.rolling import Mapper, upto
from seawall.whatif.stand import Supplier

Supply = Callable[[Panel, Market], Supplier]
BLOCK = 8  # evenings of one task


class Rules(NamedTuple):
    """A model; supply makes its scenario gains from the history so far and the evening's market, if it takes any."""

    model: MarginModel
    supply: Supply | None = None


class Required(NamedTuple):
    """One evening: wealth needed (M,A), dollars, NaN where the model does not take the account; gross (A,) dollars."""

    initial: Floats
    maintenance: Floats
    gross: Floats
    refused: dict[str, str]


@dataclass(frozen=True, eq=False)
class MarginStudy:
    """M models over A accounts on T evenings.

    initial, maintenance (M,T,A): wealth in dollars with which an account is just admitted, and just kept. gross (T,A):
    notional of all lines, dollars. pnl: per days of horizon (T,A) dollars, gain > 0, NaN where not judged. lacking: per
    horizon, why so many account-days were not, or what stood in for marks. refused: per model, why it did not take
    some account, one example.
    """

    dates: Times
    accounts: Texts
    groups: Texts
    models: tuple[str, ...]
    initial: Floats
    maintenance: Floats
    gross: Floats
    pnl: Mapping[int, Floats]
    lacking: Mapping[int, Mapping[str, int]]
    refused: Mapping[str, str]

    def model(self, name: str) -> int:
        """A model's place. Raises InputError."""
        if name not in self.models:
            raise InputError("no such model in the study", found=name, wanted="one of " + ", ".join(self.models))
        return self.models.index(name)

    def members(self, group: str) -> Bools:
        """(A,) whose accounts are of the group."""
        return np.asarray(self.groups == group)


class _Task(NamedTuple):
    evenings: tuple[Evening, ...]  # of the block, and those that judge it
    length: int
    panel: Panel | None  # ends with the block's last evening
    first: int
    recipes: tuple[Recipe, ...]
    rules: tuple[Rules, ...]
    horizons: tuple[int, ...]


class _Day(NamedTuple):
    required: Required
    pnl: tuple[Floats, ...]
    lacking: tuple[dict[str, int], ...]


def margin_backtest(
    evenings: Sequence[Evening], recipes: Sequence[Recipe], rules: Sequence[Rules], *, panel: Panel | None = None,
    horizons: Sequence[int] = (1, 2), mapper: Mapper = map,
) -> MarginStudy:
    """Every model's requirement of every account, and what each account earned over each horizon, in evenings.

    recipes: by account name in order. panel: one row an evening, what suppliers learn from; they see it up to theirs.
    """
    names = [r.account for r in recipes]
    if names != sorted(set(names)):
        raise InputError("accounts of a margin backtest", wanted="distinct names, in order", remedy="sort the recipes")
    if panel is not None and len(panel.dates) != len(evenings):
        raise InputError("history of a margin backtest", found=f"{len(panel.dates)} rows for {len(evenings)} evenings",
                         wanted="one row an evening")
    ahead = max(horizons)
    tasks = [
        _Task(tuple(evenings[t : t + BLOCK + ahead]), min(BLOCK, len(evenings) - t),
              None if panel is None else upto(panel, min(t + BLOCK, len(evenings)) - 1), t, tuple(recipes),
              tuple(rules), tuple(horizons))
        for t in range(0, len(evenings), BLOCK)
    ]
    return _gathered([day for block in mapper(_block, tasks) for day in block], evenings, recipes, rules, horizons)


def required(
    recipes: Sequence[Recipe], evening: Evening, rules: Sequence[Rules], past: Panel | None = None
) -> tuple[Holdings, Required]:
    """The accounts as struck on this evening, and what each model asks of them; past: what suppliers learn from."""
    held = holdings(struck(recipes, evening), evening.market)
    numbers, quantity = held.columns.numbers, np.array(held.quantity)
    of = held.lines.instrument
    worth = _by_account(held, quantity * numbers["mark"][of])
    notional = np.abs(numbers["base_size"] * numbers["spot"])
    gross = _by_account(held, np.abs(quantity) * notional[of])
    asked = [_asked(rule, held, evening.market, past) for rule in rules]
    refused = {rule.model.name: reason for rule, (_, _, reason) in zip(rules, asked, strict=True) if reason}
    return held, Required(np.array([i + worth for i, _, _ in asked]), np.array([m + worth for _, m, _ in asked]), gross,
                          refused)


def _asked(rule: Rules, held: Holdings, market: Market, past: Panel | None) -> tuple[Floats, Floats, str]:
    """(A,) initial and maintenance, each less what the model counts as owned, and why some account was not taken."""
    # A model that began later is applied as it first stood.
    model = rule.model.on(max(market.as_of.date(), rule.model.effective_from))
    supplied = {}
    if model.cubes:
        if rule.supply is None or past is None:
            raise InputError(f"{model.name}: scenarios", found="no supply or no history",
                             wanted="both, for " + ", ".join(model.cubes))
        supplied = dict(rule.supply(past, market)(held, present(market)))
    plan = planned(model, held, supplied)
    told = require(plan, np.array(held.quantity), held.accounts, unknown=held.unknown)
    reason = next(iter(told.unknown.items()), ("", ""))
    return told.initial - told.equity, told.maintenance - told.equity, ": ".join(filter(None, reason))


def _block(task: _Task) -> list[_Day]:
    return [_day(task, n) for n in range(task.length)]


def _day(task: _Task, n: int) -> _Day:
    """One evening: first what is required, from that evening; then what came."""
    past = None if task.panel is None else upto(task.panel, task.first + n)
    held, found = required(task.recipes, task.evenings[n], task.rules, past)
    outcomes = [_outcome(held, task.evenings[n : n + h + 1], h) for h in task.horizons]
    return _Day(found, tuple(pnl for pnl, _ in outcomes), tuple(lacking for _, lacking in outcomes))


def _outcome(held: Holdings, path: Sequence[Evening], horizon: int) -> tuple[Floats, dict[str, int]]:
    """(A,) dollars earned; and how many accounts have no outcome, by reason."""
    accounts = len(held.accounts)
    if len(path) <= horizon:
        return np.full(accounts, np.nan), {}
    unit = gains(held.instruments, path)
    of, account = held.lines.instrument, held.lines.account
    pnl = _by_account(held, np.array(held.quantity) * unit.amount[of])
    counted: Counter[str] = Counter()
    for how in set(unit.mended.values()):
        lines = np.isin(of, [n for n, found in unit.mended.items() if found == how])
        counted[how] = len(np.unique(account[lines]))
    for a in np.flatnonzero(~np.isfinite(pnl)):
        counted[next(unit.lacking[i] for i in of[account == a].tolist() if i in unit.lacking)] += 1
    return pnl, dict(counted)


def _by_account(held: Holdings, amounts: Floats) -> Floats:
    """(A,) sums of the lines' amounts (L)."""
    return np.asarray(np.bincount(held.lines.account, amounts, len(held.accounts)), dtype=np.float64)


def _gathered(days: Sequence[_Day], evenings: Sequence[Evening], recipes: Sequence[Recipe], rules: Sequence[Rules],
              horizons: Sequence[int]) -> MarginStudy:
    dates = np.array([np.datetime64(e.market.as_of.replace(tzinfo=None), "ns") for e in evenings])
    lacking = {h: dict(sum((Counter(day.lacking[n]) for day in days), Counter[str]())) for n, h in enumerate(horizons)}
    refused: dict[str, str] = {}
    for day in days:
        refused = day.required.refused | refused
    return MarginStudy(
        dates, frozen_texts([r.account for r in recipes], "accounts"),
        frozen_texts([r.group for r in recipes], "groups"),
        tuple(rule.model.name for rule in rules), np.stack([d.required.initial for d in days], axis=1),
        np.stack([d.required.maintenance for d in days], axis=1), np.array([d.required.gross for d in days]),
        {h: np.array([d.pnl[n] for d in days]) for n, h in enumerate(horizons)}, lacking, refused,
    )
