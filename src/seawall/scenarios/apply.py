"""Where does a rule leave each factor? Matches columns to factors by name and tenor, strictly."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats, read_only
from seawall.model.factor import Factor
from seawall.model.failure import Failure
from seawall.model.market import Market
from seawall.model.scenario import RELATIVE, Column, ScenarioRule, ScenarioSet, Term

# A volatility pushed down, in proportion or by points, stops at this share of its level.
LOWEST_SHARE = 0.1
# What a level must stay above; a premium of -1 is a contract that costs nothing.
LOWEST = {"spot": 0.0, "peg": 0.0, "exchange_rate": 0.0, "premium": -1.0}
SECONDS_PER_DAY = 86400.0


def apply_rule(rule: ScenarioRule, market: Market) -> ScenarioSet:
    """Levels (S,F). A factor whose class no column names stays; one whose class is named but not itself fails.

    Columns are found by the factor's own name, then by its underlying (of a perpetual or token that the market
    lists), then by asset class, then ``*``. Volatilities are floored at a tenth of their level, and counted.
    Raises InputError if a row takes a price to zero or below.
    """
    match = _Columns(rule, market)
    shocks = np.ascontiguousarray(rule.shocks.T)
    levels = np.empty((len(market.factors), len(rule)))
    failures, floored = [], {}
    for place, factor in enumerate(market.factors):
        level = float(market.levels[place])
        levels[place] = level
        if factor.risk_class not in match.moved:
            continue
        groups = match.of(factor)
        if not groups:
            failures.append(_uncovered(rule, factor))
            continue
        days, moved = _days(factor, market.as_of), levels[place]
        for columns in groups:
            shift = _shift(rule, shocks, columns, days)
            moved += level * shift if rule.columns[columns[0]].how == RELATIVE else shift
        stopped = _bounded(moved, level, rule, factor)
        if stopped:
            floored[factor.key] = stopped
    return ScenarioSet(rule, market.market_id, read_only(levels.T), tuple(failures), match.unused(), floored)


class _Columns:
    """Finds the columns that move a factor, and remembers which ever did."""

    def __init__(self, rule: ScenarioRule, market: Market) -> None:
        self.moved = {column.risk_class for column in rule.columns}
        self._rule, self._market, self._used = rule, market, set[int]()
        self._by_name: dict[tuple[str, str], list[int]] = {}
        for place, column in enumerate(rule.columns):
            self._by_name.setdefault((column.risk_class, column.qualifier), []).append(place)
        self._underlying = underlyings(market)

    def of(self, factor: Factor) -> list[list[int]]:
        """Positions of its columns, in groups that add up, by rising tenor; none if it is not covered."""
        for wanted in self._names(factor):
            found = self._by_name.get((factor.risk_class, wanted))
            if found:
                self._used.update(found)
                return curves(self._rule.columns, found)
        return []

    def unused(self) -> tuple[str, ...]:
        """Keys of the columns that found no factor."""
        return tuple(column.key for place, column in enumerate(self._rule.columns) if place not in self._used)

    def _names(self, factor: Factor) -> list[str]:
        own, classes = factor.qualifier, self._market.asset_class
        underlying = own.split("/")[1] if own.count("/") == 2 else self._underlying.get(own, "")
        asset_class = classes.get(own) or classes.get(underlying, "")
        return [own, *([underlying] if underlying else []), *([f"*{asset_class}"] if asset_class else []), "*"]


def curves(columns: Sequence[Column], places: Sequence[int]) -> list[list[int]]:
    """The places grouped by what interpolates together, each group by rising tenor; groups add up."""
    groups: dict[tuple[str, Term | None, bool], list[int]] = {}
    for place in sorted(places, key=lambda place: columns[place].tenor_days or 0.0):
        column = columns[place]
        groups.setdefault((column.how, column.term, column.tenor_days is None), []).append(place)
    return list(groups.values())


def underlyings(market: Market) -> dict[str, str]:
    """Underlying of each listed contract, by its name and by the token it wraps."""
    found = {name: contract.underlying for name, contract in market.listing.items()}
    tokens = {str(getattr(c, "token", "")): c.underlying for c in market.listing.values()}
    return {name: underlying for name, underlying in (tokens | found).items() if name}


def _shift(rule: ScenarioRule, shocks: Floats, columns: Sequence[int], days: float) -> Floats:
    """(S,) the shock at so many days: linear in the square root of time between tenors, faded by the term."""
    first = rule.columns[columns[0]]
    shift = shocks[columns[0]] if len(columns) == 1 else along_tenors(rule, shocks, columns, days)
    return np.asarray(shift * fade(first.term, days))


def along_tenors(rule: ScenarioRule, shocks: Floats, columns: Sequence[int], days: float) -> Floats:
    """(S,) shocks (C,S) between columns of rising tenor: linear in the square root of time, flat outside."""
    roots = np.sqrt([float(rule.columns[place].tenor_days or 0.0) for place in columns])
    where = float(np.clip(np.sqrt(max(days, 0.0)), roots[0], roots[-1]))
    right = int(np.clip(np.searchsorted(roots, where), 1, len(roots) - 1))
    share = (where - roots[right - 1]) / (roots[right] - roots[right - 1])
    return np.asarray((1 - share) * shocks[columns[right - 1]] + share * shocks[columns[right]])


def _bounded(moved: Floats, level: float, rule: ScenarioRule, factor: Factor) -> int:
    """Lifts volatilities to their floor, in place; returns how many rows that was. Refuses prices that vanish."""
    if factor.risk_class == "volatility":
        low = moved < LOWEST_SHARE * level
        moved[low] = LOWEST_SHARE * level
        return int(low.sum())
    lowest = LOWEST.get(factor.risk_class)
    if lowest is not None and (moved <= lowest).any():
        row = int(np.argmin(moved))
        raise InputError(f"rule {rule.name}, row {rule.labels[row]}: {factor.key}", found=float(moved[row]),
                         wanted=f"a level above {lowest:g}", remedy=f"its level now is {level:g}: shock it by less")
    return 0


def fade(term: Term | None, days: float) -> float:
    """What a term leaves of a shock at so many days; 1 without a term."""
    if term is None:
        return 1.0
    power = term.short if days <= term.reference_days else term.long
    return float((term.reference_days / max(days, term.floor_days)) ** power)


def _days(factor: Factor, as_of: datetime) -> float:
    if not factor.tenor:
        return 0.0
    return (datetime.fromisoformat(factor.tenor) - as_of).total_seconds() / SECONDS_PER_DAY


def _uncovered(rule: ScenarioRule, factor: Factor) -> Failure:
    named = sorted({c.qualifier for c in rule.columns if c.risk_class == factor.risk_class})
    close = difflib.get_close_matches(factor.qualifier, named, 1, 0.5)
    rename = f"rename {close[0]} if it means the same, or " if close else ""
    return Failure(
        f"rule {rule.name} moves {factor.risk_class} but not of {factor.qualifier}", factor.key,
        found=", ".join(named), wanted=factor.qualifier,
        remedy=f"{rename}add {factor.qualifier} to the rule's source, state a proxy for it, "
               "or add a column that says it stays",
    )


def held_still(risk_class: str, qualifier: str) -> Column:
    """A column for zeros: it says, in the rule's identity, that these factors are held where they are."""
    return Column(risk_class, qualifier, "absolute")
