"""Which bounds are used up? Limits against measured values, and the code that a script can act on."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from seawall.model.failure import Failure
from seawall.model.results import Limit, LimitUse, Measure

QUIET, BREACHED, NOT_ASSESSED = 0, 10, 11
ORDER: Final = {"breached": 0, "unknown": 1, "near": 2, "within": 3}
# Every measure that a limit may bound, and its unit: a currency's amount, or multiples of equity.
MEASURES: Final = {
    "value_at_risk": "money", "expected_shortfall": "money", "worst_loss": "money", "scan_margin": "money",
    "scan_used": "x", "book_volatility": "money", "component_shortfall": "money",
    "gross_leverage": "x", "net_leverage": "x", "delta_leverage": "x", "shortfall_leverage": "x",
    "delta": "money", "gamma": "money", "vega": "money", "theta": "money", "rho": "money", "vanna": "money",
    "volga": "money", "charm": "money", "skew_delta": "money",
    "gross_delta": "money", "gross_gamma": "money", "gross_vega": "money", "gross_theta": "money",
}


class LimitCheck(NamedTuple):
    """uses: each limit, worst first, one a value where its scope ends in ``*``. failures: why some are unknown."""

    uses: tuple[LimitUse, ...]
    failures: tuple[Failure, ...]


def check_limits(limits: Iterable[Limit], measures: Iterable[Measure]) -> LimitCheck:
    """How much of each limit is used.

    A bound applies to the loss of a measure that is a loss, where a gain uses nothing, and to the absolute value of an
    exposure. A measure that is missing, not a number or partial leaves its limit unknown, unless what is known is
    already over the bound: it can be over, but never surely under.
    """
    found = {(measure.name, measure.scope): measure for measure in measures}
    uses: list[LimitUse] = []
    failures: list[Failure] = []
    for limit in limits:
        chosen = _chosen(limit, found)
        if not chosen:
            uses.append(LimitUse(limit, None, None, "unknown"))
            failures.append(_missing(limit, found))
        for scope, measure in chosen:
            one = limit if scope == limit.scope else _of_scope(limit, scope)
            uses.append(_use(one, measure))
            if limit.unit and measure.unit != limit.unit:
                failures.append(Failure(f"limit on {limit.measure}: the unit differs from the measure's",
                                        limit.where or limit.scope, limit.unit, measure.unit,
                                        "convert the bound, or leave the unit out"))
    return LimitCheck(tuple(sorted(uses, key=_worst_first)), tuple(failures))


def exit_code(uses: Iterable[LimitUse], complete: bool, *, failing: bool = False) -> int:
    """What the command ends with: 10 a limit is breached or an account fails, 11 something not assessed, 0 quiet."""
    states = {use.state for use in uses}
    if failing or "breached" in states:
        return BREACHED
    return NOT_ASSESSED if "unknown" in states or not complete else QUIET


def known_measure(name: str) -> str:
    """Empty if a limit may bound the measure; else the remedy, naming what was probably meant."""
    if name in MEASURES:
        return ""
    close = difflib.get_close_matches(name, MEASURES, n=2)
    return f"meant {' or '.join(close)}?" if close else "one of " + ", ".join(MEASURES)


def _chosen(limit: Limit, found: Mapping[tuple[str, str], Measure]) -> list[tuple[str, Measure]]:
    if not limit.scope.endswith("=*"):
        one = found.get((limit.measure, limit.scope))
        return [] if one is None else [(limit.scope, one)]
    start = limit.scope[:-1]
    return sorted((scope, measure) for (name, scope), measure in found.items()
                  if name == limit.measure and scope.startswith(start))


def _use(limit: Limit, measure: Measure) -> LimitUse:
    value = measure.value
    if not math.isfinite(value) or (limit.unit and limit.unit != measure.unit):
        return LimitUse(limit, None, None, "unknown")
    size = {"loss_positive": max(value, 0.0), "gain_positive": max(-value, 0.0)}.get(measure.sign, abs(value))
    used = size / limit.bound if limit.bound > 0 else None
    if size > limit.bound:
        return LimitUse(limit, value, used, "breached")
    if measure.partial:
        return LimitUse(limit, value, used, "unknown")
    return LimitUse(limit, value, used, "near" if (used or 0.0) >= limit.near else "within")


def _worst_first(use: LimitUse) -> tuple[int, float, str, str]:
    return ORDER[use.state], -(use.used or 0.0), use.limit.measure, use.limit.scope


def _of_scope(limit: Limit, scope: str) -> Limit:
    return Limit(limit.measure, limit.bound, scope, limit.unit, limit.near, limit.name, limit.where)


def _missing(limit: Limit, found: Mapping[tuple[str, str], Measure]) -> Failure:
    where = limit.where or f"limit on {limit.measure}, {limit.scope}"
    if remedy := known_measure(limit.measure):
        return Failure("no such measure", where, limit.measure, remedy=remedy)
    scopes = sorted(scope for name, scope in found if name == limit.measure)
    if not scopes:
        return Failure(f"{limit.measure} was not measured", where, limit.scope,
                       remedy="supply the inputs it needs; the report's notes say which")
    close = difflib.get_close_matches(limit.scope, scopes, n=1)
    return Failure(f"{limit.measure} has no such scope", where, limit.scope, remedy=f"such as {(close or scopes)[0]}")
