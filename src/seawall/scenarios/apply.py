"""Where does a rule leave each factor? Matches columns to factors by name and tenor, strictly."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats, read_only
from seawall.model.factor import Factor
from seawall.model.failure import Failure
from seawall.model.market import Market
from seawall.model.scenario import RELATIVE, Column, ScenarioRule, ScenarioSet, Term

# A volatility scaled down along the term structure stops at this share of its level.
LOWEST_SHARE = 0.1


def apply_rule(rule: ScenarioRule, market: Market) -> ScenarioSet:
    """Levels (S,F). A factor whose class no column names stays; one whose class is named but not itself fails.

    Raises InputError if a row takes a price to zero or below.
    """
    levels = np.repeat(market.levels[None, :], len(rule), axis=0)
    failures = []
    moved = {column.risk_class for column in rule.columns}
    for place, factor in enumerate(market.factors):
        if factor.risk_class not in moved:
            continue
        columns = _matching(rule, factor, market)
        if columns:
            levels[:, place] = _moved(rule, columns, factor, market, levels[0, place])
        else:
            failures.append(_uncovered(rule, factor))
    return ScenarioSet(rule, market.market_id, read_only(np.asfortranarray(levels)), tuple(failures))


def _matching(rule: ScenarioRule, factor: Factor, market: Market) -> list[int]:
    """Columns that move the factor: by its own name first, then by asset class, then any."""
    asset_class = market.asset_class.get(factor.qualifier, "")
    for wanted in (factor.qualifier, f"*{asset_class}", "*"):
        found = [c for c, column in enumerate(rule.columns)
                 if column.risk_class == factor.risk_class and column.qualifier == wanted]
        if found:
            return found
    return []


def _moved(rule: ScenarioRule, columns: list[int], factor: Factor, market: Market, level: float) -> Floats:
    first = rule.columns[columns[0]]
    days = _days(factor, market.as_of)
    shift = _along_expiries(rule, columns, days) * _fade(first.term, days)
    if first.how != RELATIVE:
        return np.asarray(level + shift)
    if factor.risk_class in ("volatility",):
        return np.asarray(level * np.maximum(1 + shift, LOWEST_SHARE))
    if (shift <= -1).any():
        row = int(np.argmin(shift))
        raise InputError(f"rule {rule.name}, row {rule.labels[row]}: {factor.key}", found=float(shift[row]),
                         wanted="a relative move above -1", remedy="a price cannot fall by all of itself or more")
    return np.asarray(level * (1 + shift))


def _along_expiries(rule: ScenarioRule, columns: list[int], days: float) -> Floats:
    """(S,) the shock at so many days: linear in the square root of time between the columns' tenors."""
    tenors = [rule.columns[c].tenor_days for c in columns]
    if len(columns) == 1:
        return np.asarray(rule.shocks[:, columns[0]])
    if any(tenor is None for tenor in tenors):
        raise InputError(f"rule {rule.name}: two columns move the same factors",
                         found=rule.columns[columns[0]].qualifier, wanted="one, or several told apart by tenor_days")
    order = np.argsort([float(tenor or 0) for tenor in tenors])
    roots = np.sqrt([float(tenors[o] or 0) for o in order])
    shocks = rule.shocks[:, [columns[o] for o in order]]
    where = float(np.clip(np.sqrt(max(days, 0.0)), roots[0], roots[-1]))
    right = int(np.clip(np.searchsorted(roots, where), 1, len(roots) - 1))
    share = (where - roots[right - 1]) / (roots[right] - roots[right - 1])
    return np.asarray((1 - share) * shocks[:, right - 1] + share * shocks[:, right])


def _fade(term: Term | None, days: float) -> float:
    if term is None:
        return 1.0
    power = term.short if days <= term.reference_days else term.long
    return float((term.reference_days / max(days, term.floor_days)) ** power)


def _days(factor: Factor, as_of: datetime) -> float:
    if not factor.tenor:
        return 0.0
    return (datetime.fromisoformat(factor.tenor) - as_of).total_seconds() / 86400.0


def _uncovered(rule: ScenarioRule, factor: Factor) -> Failure:
    named = sorted({c.qualifier for c in rule.columns if c.risk_class == factor.risk_class})
    return Failure(
        f"rule {rule.name} moves {factor.risk_class} but not of {factor.qualifier}", factor.key,
        found=", ".join(named), wanted=factor.qualifier,
        remedy=f"add {factor.qualifier} to the rule's source, or a column that says it stays",
    )


def held_still(risk_class: str, qualifier: str) -> Column:
    """A column for zeros: it says, in the rule's identity, that these factors are held where they are."""
    return Column(risk_class, qualifier, "absolute")
