"""What if any of these happen? Several rules as one, without loosening what any of them covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.apply import along_tenors, held_still

REFUSE, STILL = "refuse", "still"
Name = tuple[str, str]


def joined(
    rules: Sequence[ScenarioRule], *, name: str = "joined", asset_class: Mapping[str, str] | None = None,
    shares: Sequence[float] | None = None, silent: str = REFUSE,
) -> ScenarioRule:
    """One rule of all rows, in order; its provenance tells each part's name and ``rule_id``.

    Each part moves each factor as it would alone: a name that only another part has follows the part's own column for
    the asset's class (asset_class, of a market) or for all. silent: what to do where a part moves a risk class but has
    no column for a name: "refuse", or hold "still" in that part's rows, which the provenance then tells.
    shares: total weight of each part; rows keep their own weights if none is given. Paths are renumbered, so that no
    two parts share one. Raises InputError where joining would hide a gap.
    """
    if not rules or silent not in (REFUSE, STILL):
        raise InputError("joined rules", found=silent if rules else "none", wanted=f"some, and {REFUSE} or {STILL}")
    if shares is not None and len(shares) != len(rules):
        raise InputError("shares of joined rules", found=len(shares), wanted=f"{len(rules)}, one a rule")
    names = list(dict.fromkeys((c.risk_class, c.qualifier) for rule in rules for c in rule.columns))
    gaps: list[str] = []
    parts = [_widened(rule, names, asset_class or {}, gaps) for rule in rules]
    if gaps and silent == REFUSE:
        raise InputError("rules cannot be joined: a part would be silent", found="; ".join(gaps),
                         wanted="a column in every part that moves the risk class",
                         remedy="give asset_class, state a proxy, add a column that says it stays, or hold it still")
    return _stacked(parts, rules, name, shares, gaps)


def _stacked(
    parts: Sequence[ScenarioRule], rules: Sequence[ScenarioRule], name: str, shares: Sequence[float] | None,
    gaps: Sequence[str],
) -> ScenarioRule:
    columns = tuple(dict.fromkeys(column for part in parts for column in part.columns))
    starts = np.cumsum([0, *(int(rule.path.max()) + 1 if len(rule) else 0 for rule in rules[:-1])])
    weights = [rule.weights if shares is None else rule.weights * (shares[n] / rule.weights.sum())
               for n, rule in enumerate(rules)]
    told = {f"part {n}": f"{rule.name} {rule.rule_id}" for n, rule in enumerate(rules)}
    if gaps:
        told["held_still"] = "; ".join(gaps)
    stack = np.concatenate
    return ScenarioRule(
        name=name, columns=columns, shocks=np.vstack([_over(part, columns) for part in parts]),
        labels=frozen_texts([str(label) for rule in rules for label in rule.labels], "labels"),
        horizon_days=max(rule.horizon_days for rule in rules), weights=stack(weights),
        pnl_scale=stack([rule.pnl_scale for rule in rules]),
        path=stack([rule.path + start for rule, start in zip(rules, starts, strict=True)]),
        step=stack([rule.step for rule in rules]), ages=stack([rule.ages for rule in rules]),
        provenance={"generator": "joined"} | told,
    )


def _widened(
    rule: ScenarioRule, names: Sequence[Name], asset_class: Mapping[str, str], gaps: list[str]
) -> ScenarioRule:
    """The rule with a column for every name of the risk classes it moves, each doing what the rule did anyway."""
    own = {(column.risk_class, column.qualifier) for column in rule.columns}
    moved = {column.risk_class for column in rule.columns}
    columns, blocks, silent = list(rule.columns), [rule.shocks], []
    for risk_class, qualifier in names:
        if (risk_class, qualifier) in own or risk_class not in moved:
            continue
        places = _stand_in(rule, risk_class, qualifier, asset_class)
        if not places:
            silent.append(f"{risk_class}:{qualifier}")
            columns.append(held_still(risk_class, qualifier))
            blocks.append(np.zeros((len(rule), 1)))
        for place in places:
            columns.append(_renamed(rule, place, qualifier))
            blocks.append(rule.shocks[:, [place]])
    if silent:
        gaps.append(f"{rule.name} says nothing of {', '.join(silent)}")
    return replace(rule, columns=tuple(columns), shocks=np.hstack(blocks))


def _renamed(rule: ScenarioRule, place: int, qualifier: str) -> Column:
    column = rule.columns[place]
    return Column(column.risk_class, qualifier, column.how, column.tenor_days, column.term)


def _stand_in(rule: ScenarioRule, risk_class: str, qualifier: str, asset_class: Mapping[str, str]) -> list[int]:
    """The rule's own columns that move a factor of that name."""
    for wanted in (f"*{asset_class.get(qualifier, '')}", "*"):
        found = [n for n, c in enumerate(rule.columns) if (c.risk_class, c.qualifier) == (risk_class, wanted)]
        if found:
            return found
    return []


def _over(rule: ScenarioRule, columns: Sequence[Column]) -> Floats:
    """(S,C) the rule over all the columns; at a tenor that only another part has, between its own: the same curve."""
    own = np.ascontiguousarray(rule.shocks.T)
    shocks = np.zeros((len(rule), len(columns)))
    by_curve: dict[object, list[int]] = {}
    for place in sorted(range(len(rule.columns)), key=lambda n: rule.columns[n].tenor_days or 0.0):
        by_curve.setdefault(_curve(rule.columns[place]), []).append(place)
    for n, column in enumerate(columns):
        places = by_curve.get(_curve(column))
        if places and len(places) == 1:
            shocks[:, n] = own[places[0]]
        elif places:
            shocks[:, n] = along_tenors(rule, own, places, float(column.tenor_days or 0.0))
    return shocks


def _curve(column: Column) -> tuple[object, ...]:
    return (column.risk_class, column.qualifier, column.how, column.term, column.tenor_days is None)
