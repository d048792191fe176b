"""What if any of these happen? Several rules as one, without loosening what any of them covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.scenario import Column, ScenarioRule


def joined(
    rules: Sequence[ScenarioRule], *, name: str = "joined", asset_class: Mapping[str, str] | None = None,
    shares: Sequence[float] | None = None,
) -> ScenarioRule:
    """One rule of all rows, in order; its provenance tells each part's name and ``rule_id``.

    A column that a part lacks is filled with what the part itself would do: zero where it moves nothing of that risk
    class, else its column for the asset's class (asset_class, of a market) or for all. shares: total weight of each
    part; rows keep their own weights if none is given. Paths are renumbered, so that no two parts share one.
    Raises InputError where a part moves the class but says nothing of that factor: joining would hide that gap.
    """
    if not rules:
        raise InputError("no rule to join", wanted="at least one")
    if shares is not None and len(shares) != len(rules):
        raise InputError("shares of joined rules", found=len(shares), wanted=f"{len(rules)}, one a rule")
    columns = tuple(dict.fromkeys(column for rule in rules for column in rule.columns))
    parts = [_filled(rule, columns, asset_class or {}) for rule in rules]
    weights = [rule.weights if shares is None else rule.weights * (shares[n] / rule.weights.sum())
               for n, rule in enumerate(rules)]
    starts = np.cumsum([0, *(int(rule.path.max()) + 1 if len(rule) else 0 for rule in rules[:-1])])
    stack = np.concatenate
    return ScenarioRule(
        name=name, columns=columns, shocks=np.vstack(parts),
        labels=frozen_texts([str(label) for rule in rules for label in rule.labels], "labels"),
        horizon_days=max(rule.horizon_days for rule in rules), weights=stack(weights),
        pnl_scale=stack([rule.pnl_scale for rule in rules]),
        path=stack([rule.path + start for rule, start in zip(rules, starts, strict=True)]),
        step=stack([rule.step for rule in rules]), ages=stack([rule.ages for rule in rules]),
        provenance={"generator": "joined"} | {f"part {n}": f"{r.name} {r.rule_id}" for n, r in enumerate(rules)},
    )


def _filled(rule: ScenarioRule, columns: Sequence[Column], asset_class: Mapping[str, str]) -> Floats:
    """(S,C) the rule's shocks over all the columns."""
    own = {column: place for place, column in enumerate(rule.columns)}
    moved = {column.risk_class for column in rule.columns}
    shocks = np.zeros((len(rule), len(columns)))
    for place, column in enumerate(columns):
        if column in own:
            shocks[:, place] = rule.shocks[:, own[column]]
        elif column.risk_class in moved:
            shocks[:, place] = rule.shocks[:, _stand_in(rule, column, asset_class)]
    return shocks


def _stand_in(rule: ScenarioRule, column: Column, asset_class: Mapping[str, str]) -> int:
    """The rule's own column that would move these factors, in the same manner."""
    wanted = [f"*{asset_class[column.qualifier]}"] if column.qualifier in asset_class else []
    for qualifier in [*wanted, "*"]:
        for place, mine in enumerate(rule.columns):
            if (mine.risk_class, mine.qualifier) == (column.risk_class, qualifier):
                still = not rule.shocks[:, place].any()
                if still or (mine.how, mine.tenor_days, mine.term) == (column.how, column.tenor_days, column.term):
                    return place
                raise InputError(f"rules cannot be joined: {rule.name} moves {mine.key} another way than {column.key}",
                                 found=f"{mine.how}, {mine.term}", wanted=f"{column.how}, {column.term}",
                                 remedy="give both the same how, tenor and term")
    raise InputError(f"rules cannot be joined: {rule.name} moves {column.risk_class} but not of {column.qualifier}",
                     wanted=f"a column for {column.qualifier}",
                     remedy="give asset_class, state a proxy, or add a column that says it stays")
