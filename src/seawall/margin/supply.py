"""What would each holding gain under scenarios made elsewhere? Rules revalued in full for a margin model's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from seawall.cube import Executor, revalue
from seawall.errors import InputError
from seawall.margin.columns import valued
from seawall.margin.holdings import Holdings
from seawall.margin.shock import Supplied
from seawall.model.arrays import Floats
from seawall.model.market import Market
from seawall.model.results import Cube
from seawall.model.scenario import ScenarioRule
from seawall.model.state import State

Supplier = Callable[[Holdings, State], Mapping[str, Supplied]]


def supplier(rules: Mapping[str, ScenarioRule], executor: Executor | None = None) -> Supplier:
    """A function that makes gains by name of rule, for any holdings in any versions of a market. executor: who revalues
    if not this thread alone."""

    def supply(held: Holdings, state: State) -> Mapping[str, Supplied]:
        return supplied_cubes(held, state, rules, executor)

    return supply


def supplied_cubes(
    held: Holdings, state: State, rules: Mapping[str, ScenarioRule], executor: Executor | None = None
) -> dict[str, Supplied]:
    """Gains (V (I + G), S) of one unit of every instrument and of unrealised gain, in the numeraire, by name of rule.

    Currency moves inside each scenario, as when a book is held: value there at that rate less value here at this one;
    what a margined contract gains converts at that rate. NaN where an instrument has no value.
    Raises InputError for a rule whose rows are not equally likely: a margin model's tail counts rows.
    """
    return {name: _supplied(held, state, rule, executor) for name, rule in rules.items()}


def _supplied(held: Holdings, state: State, rule: ScenarioRule, executor: Executor | None) -> Supplied:
    if len(rule) and np.ptp(rule.weights) > 0:
        raise InputError(f"rule {rule.name}: weights", found="rows that are not equally likely", wanted="equal weights",
                         remedy="draw equally likely rows: margin counts them")
    parts = [_version(held, state, v, rule, executor) for v in range(state.size)]
    stepped = len(np.unique(rule.path)) < len(rule)
    return Supplied(np.vstack(parts), tuple(str(label) for label in rule.labels), rule.rule_id,
                    rule.path if stepped else None)


def _version(held: Holdings, state: State, v: int, rule: ScenarioRule, executor: Executor | None) -> Floats:
    """(I + G, S) in one version of the market; what ages there ages from that version's time on."""
    elapsed = float(state.elapsed_years[v])
    market: Market = replace(state.market, levels=np.array(state.levels[v]))
    aged = replace(rule, ages=rule.ages + elapsed) if elapsed else rule
    cube = revalue(held.instruments, market, aged, executor=executor)
    base, _ = valued(held.instruments, State(market, market.levels[None, :], np.array([elapsed])))
    gains = _gains(cube, base[:, 0])
    unrealised = [_rates(cube, currency)[1:] - _rates(cube, currency)[0] for currency in held.currencies]
    return np.vstack([gains, *(row[None, :] for row in unrealised)]) * rule.pnl_scale


def _gains(cube: Cube, base: Floats) -> Floats:
    """(I,S) numeraire: of what is owned, worth there less worth here; of what is margined, the gain alone."""
    rates = np.array([_rates(cube, str(currency)) for currency in cube.currency]).reshape(len(base), -1)
    then = cube.base[:, None] + cube.pnl
    owned = np.where(cube.equity == 0.0, 0.0, base)  # a margined contract owns nothing but its gain
    return np.asarray((then - base[:, None]) * rates[:, 1:] + owned[:, None] * (rates[:, 1:] - rates[:, :1]))


def _rates(cube: Cube, currency: str) -> Floats:
    """(1+S) value of one unit now and in each scenario; NaN where the rule or the market does not tell."""
    found = cube.conversion.get(currency)
    return np.full(cube.pnl.shape[1] + 1, np.nan) if found is None else found
