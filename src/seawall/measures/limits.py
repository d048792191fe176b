"""Which bounds are used up? Limits against measured values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from seawall.model.results import Limit, LimitUse

ORDER = {"breached": 0, "unknown": 1, "near": 2, "within": 3}


def check_limits(
    limits: Iterable[Limit], values: Mapping[tuple[str, str], float], partial: frozenset[str] = frozenset()
) -> tuple[LimitUse, ...]:
    """Each limit's use, worst first. values: by (measure, scope); a bound applies to the absolute value.

    A measure that is missing, not a number, or of a scope in ``partial`` is unknown, unless already breached:
    what is known can be over the bound, but never surely under it.
    """
    uses = [_use(limit, values.get((limit.measure, limit.scope), math.nan), limit.scope in partial) for limit in limits]
    return tuple(sorted(uses, key=lambda use: (ORDER[use.state], -use.used if math.isfinite(use.used) else 0.0)))


def _use(limit: Limit, value: float, partial: bool) -> LimitUse:
    if not math.isfinite(value):
        return LimitUse(limit, value, math.nan, "unknown")
    used = abs(value) / limit.bound if limit.bound > 0 else math.inf
    if used > 1:
        return LimitUse(limit, value, used, "breached")
    if partial:
        return LimitUse(limit, value, used, "unknown")
    return LimitUse(limit, value, used, "near" if used >= limit.near else "within")
