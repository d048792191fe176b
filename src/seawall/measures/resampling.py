"""What if the past had come in another order? Bootstrap errors of any statistic of rows that are days."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.measures.sampling import Sampling, independent
from seawall.model.arrays import Floats, Ints

Measure = Callable[[Floats, Floats], float | Floats]
Statistic = Callable[[Floats], float | Floats]


class Bootstrap(NamedTuple):
    """value, standard_error: the statistic's shape. interval (2, ...): percentiles. replicates (R, ...)."""

    value: Floats
    standard_error: Floats
    interval: Floats
    replicates: Floats
    coverage: float
    block: int


def block_bootstrap(
    panel: Floats, statistic: Statistic, *, seed: int, block: int = 1, draws: int = 1_000, coverage: float = 0.95
) -> Bootstrap:
    """Statistic of a panel (T, ...) whose rows are drawn again in runs of ``block`` consecutive days.

    Whatever shares a day stays together: accounts, factors. Runs wrap around the end, so that each day is as likely.
    Source: Politis and Romano (1992), A circular block-resampling procedure for stationary data.
    """
    days = len(panel)
    found = np.asarray(statistic(panel))
    indices = block_indices(days, block, draws, seed)
    again = np.array([statistic(panel[rows]) for rows in indices])
    return _summary(found, again, coverage, block)


def bootstrap_measure(
    pnl: Floats, measure: Measure, *, seed: int, sampling: Sampling | None = None, block: int = 1,
    draws: int = 1_000, coverage: float = 0.95,
) -> Bootstrap:
    """Error of any measure(pnl, weights) of one P&L vector (S,), drawing again what was drawn together.

    Rows of one draw (twins, paths) stay together; with ``block`` above 1, so do runs of consecutive draws.
    Too narrow where few draws lie in the tail. Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap.
    """
    drawn = independent(len(pnl)) if sampling is None else sampling
    order = np.argsort(drawn.cluster, kind="stable")
    starts = np.searchsorted(drawn.cluster[order], np.arange(int(drawn.cluster.max()) + 2))
    members = [order[a:b] for a, b in pairwise(starts)]
    found = np.asarray(measure(pnl, drawn.weights))
    again = []
    for chosen in block_indices(len(members), block, draws, seed):
        rows = np.concatenate([members[n] for n in chosen]) if len(members) < len(pnl) else order[chosen]
        again.append(measure(pnl[rows], drawn.weights[rows]))
    return _summary(found, np.array(again), coverage, block)


def block_indices(days: int, block: int, draws: int, seed: int) -> Ints:
    """(R,T) days drawn in runs that wrap around; the last run is cut to length."""
    if not 1 <= block <= days:
        raise InputError("block of days", found=block, wanted=f"1 to {days}")
    runs = -(-days // block)
    first = np.random.default_rng(seed).integers(0, days, (draws, runs))
    rows = (first[:, :, None] + np.arange(block)) % days
    return np.asarray(rows.reshape(draws, -1)[:, :days])


def _summary(found: Floats, again: Floats, coverage: float, block: int) -> Bootstrap:
    outside = (1 - coverage) / 2
    return Bootstrap(found, np.asarray(again.std(axis=0, ddof=1)),
                     np.asarray(np.quantile(again, [outside, 1 - outside], axis=0)), again, coverage, block)
