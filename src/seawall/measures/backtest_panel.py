"""Were the forecasts of many accounts right, though accounts share their days?

Whole days are drawn again, in runs, so that what happens to many accounts at once counts once. Of one account (T,1) it
serves forecasts over several days, whose windows overlap: take runs at least as long as the horizon.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.measures.backtest import exceptions
from seawall.measures.resampling import Bootstrap, block_bootstrap
from seawall.model.arrays import Bools, Floats

# With fewer exceptions than this, drawing them again says nothing of how many there might have been.
FEWEST = 5


class PooledCoverage(NamedTuple):
    """rate: exceptions per account and day. p_value: two-sided, NaN with fewer than five exceptions: no judgement.

    design_effect: variance of the rate over what independent accounts and days would give: how many accounts are one.
    """

    rate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    design_effect: float
    exceptions: int
    days: int
    accounts: int


class PooledShortfall(NamedTuple):
    """z2: zero on average under right forecasts, negative where losses were deeper. p_value: one-sided, NaN with fewer
    than five exceptions."""

    z2: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    exceptions: int
    days: int
    accounts: int


def pooled_coverage(
    hits: Bools, confidence: float, *, seed: int, block: int = 10, draws: int = 2_000
) -> PooledCoverage:
    """Rate of exceptions over (T,A), its error by drawing runs of whole days again, and a test of it.

    The p-value is the chance that a rate drawn again lies as far from the one found as that does from the forecast.
    """
    tail = _tail(hits, confidence, block)
    again = block_bootstrap(hits.mean(axis=1), np.mean, seed=seed, block=block, draws=draws)
    rate, error, count = float(again.value), float(again.standard_error), int(hits.sum())
    beyond = np.abs(again.replicates - rate) >= abs(rate - tail)
    plain = rate * (1 - rate) / hits.size
    return PooledCoverage(rate, error, _interval(again), _p_value(beyond, count),
                          error**2 / plain if plain > 0 else np.nan, count, *hits.shape)


def pooled_shortfall(
    pnl: Floats, value_at_risk: Floats, expected_shortfall: Floats, confidence: float, *, seed: int, block: int = 10,
    draws: int = 2_000,
) -> PooledShortfall:
    """Acerbi and Székely's second statistic over (T,A), its error by drawing runs of whole days again, and a test.

    All three (T,A), shortfall above zero. The p-value is the chance that a statistic drawn again lies as far below the
    one found as that does below zero; it takes the depth of days never seen to be as that of days seen.
    """
    hits = exceptions(pnl, value_at_risk)
    tail = _tail(hits, confidence, block)
    if expected_shortfall.shape != pnl.shape or not (expected_shortfall > 0).all():
        raise InputError("shortfall forecasts", found=f"{int((~(expected_shortfall > 0)).sum())} not above zero",
                         wanted=f"{pnl.size} losses above zero", remedy="a forecast gain cannot be scaled by")
    daily = 1 + np.where(hits, pnl / expected_shortfall, 0.0).mean(axis=1) / tail
    again = block_bootstrap(daily, np.mean, seed=seed, block=block, draws=draws)
    found, count = float(again.value), int(hits.sum())
    return PooledShortfall(found, float(again.standard_error), _interval(again),
                           _p_value(again.replicates - found <= found, count), count, *hits.shape)


def _tail(hits: Bools, confidence: float, block: int) -> float:
    if hits.ndim != 2 or len(hits) < block:
        raise ShapeMismatch("exceptions of accounts", found=hits.shape,
                            wanted=f"(days, accounts), {block} days or more")
    if not 0 < confidence < 1:
        raise InputError("confidence", found=confidence, wanted="between 0 and 1, such as 0.99")
    return 1 - confidence


def _interval(again: Bootstrap) -> tuple[float, float]:
    return float(again.interval[0]), float(again.interval[1])


def _p_value(beyond: Bools, count: int) -> float:
    return (1 + int(beyond.sum())) / (1 + len(beyond)) if count >= FEWEST else np.nan
