"""Which factor would have made a model cover what it should, and who is best at equal cost? From the past alone."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.measures.resampling import block_bootstrap
from seawall.model.arrays import Bools, Floats, Texts
from seawall.study.margin_scores import BLOCK, DRAWS, Interval, coverage, missing, per_gross

ROUNDING = 1e-12  # a loss over a factor made of that loss is one, but for the last bit


class Schedule(NamedTuple):
    """target: coverage wanted. first: evenings before the first factor. refit: evenings until the next."""

    target: float = 0.99
    first: int = 60
    refit: int = 10


class Ranked(NamedTuple):
    """A model at the common level. factor: what its requirements were multiplied by. covered: share of account-days.

    shortfall: mean of what is missing per gross notional, over all account-days; interval: 95 %; behind: how much more
    than the best model's, and its interval.
    """

    model: str
    factor: float
    covered: float
    shortfall: float
    interval: Interval
    behind: float
    behind_interval: Interval


def least_factor(loss: Floats, required: Floats, target: float) -> float:
    """The smallest factor on requirements with which so many account-days are covered; infinite if none does.

    A day of loss without requirement is covered by no factor. Raises InputError without a judged account-day.
    """
    judged = np.isfinite(loss) & np.isfinite(required)
    if not judged.any():
        raise InputError("account-days to calibrate on", found="none", wanted="one at least")
    lost, held = loss[judged], np.maximum(required[judged], 0.0)
    ratio = np.where(lost <= 0, 0.0, np.inf)
    np.divide(lost, held, out=ratio, where=(lost > 0) & (held > 0))
    # In fractions: 100 times 0.99 is not 99 in binary.
    needed = -(-len(ratio) * Fraction(str(target)) // 1)
    return float(np.sort(ratio)[int(needed) - 1] * (1 + ROUNDING))


def walk_forward(
    loss: Floats, required: Floats, horizon: int, schedule: Schedule, *, groups: Texts | None = None
) -> Floats:
    """(T,) factor in force on each evening, NaN before the first; loss, required (T,A).

    Made anew every few evenings from the account-days whose outcome was known by then: evening s is known on evening
    s + horizon. groups (A,): each of them must reach the target, so the greatest of their factors holds.
    """
    out = np.full(len(loss), np.nan)
    kinds = np.zeros(loss.shape[1], dtype=object) if groups is None else groups
    for t in range(schedule.first, len(loss), schedule.refit):
        known = slice(0, t - horizon + 1)
        factors = []
        for kind in np.unique(kinds):
            mine = kinds == kind
            if (np.isfinite(loss[known][:, mine]) & np.isfinite(required[known][:, mine])).any():
                factors.append(least_factor(loss[known][:, mine], required[known][:, mine], schedule.target))
        out[t : t + schedule.refit] = max(factors, default=np.nan)
    return out


def equal_level(
    loss: Floats, required: Mapping[str, Floats], gross: Floats, level: float, *, seed: int = 1,
    block: int = BLOCK, draws: int = DRAWS,
) -> tuple[Ranked, ...]:
    """Models by the shortfall that is left when each costs ``level`` per gross notional on average, best first.

    Over the account-days that every model takes, each factor being one number: a model that is merely high wins
    nothing. Raises InputError if there are none.
    """
    where = common(loss, required)
    if not where.any():
        raise InputError("account-days that every model takes", found="none", wanted="one at least",
                         remedy="compare models that take the same accounts")
    judged = np.where(where, loss, np.nan)
    factors = {name: level / per_gross(asked, gross, where) for name, asked in required.items()}
    short = {name: missing(judged, factors[name] * asked, gross) for name, asked in required.items()}
    best = min(short, key=lambda name: float(np.nanmean(short[name])))
    out = []
    for name, mine in short.items():
        own, behind = _mean_interval(mine, seed, block, draws), _mean_interval(mine - short[best], seed, block, draws)
        covered = coverage(judged, factors[name] * required[name], seed=seed, block=block, draws=2).rate
        out.append(Ranked(name, factors[name], covered, float(np.nanmean(mine)), own,
                          float(np.nanmean(mine - short[best])), behind))
    return tuple(sorted(out, key=lambda r: r.shortfall))


def common(loss: Floats, required: Mapping[str, Floats]) -> Bools:
    """(T,A) account-days that are judged and that every model takes."""
    return np.asarray(np.isfinite(loss) & np.all([np.isfinite(asked) for asked in required.values()], axis=0))


def _mean_interval(values: Floats, seed: int, block: int, draws: int) -> Interval:
    sums = np.column_stack([np.nansum(values, axis=1), np.isfinite(values).sum(axis=1)])
    again = block_bootstrap(sums, lambda rows: float(rows[:, 0].sum() / rows[:, 1].sum()), seed=seed, block=block,
                            draws=draws)
    return float(again.interval[0]), float(again.interval[1])
