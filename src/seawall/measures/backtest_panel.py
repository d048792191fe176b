"""Were exceptions of many accounts as many as forecast, though accounts share their days?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.measures.resampling import block_bootstrap
from seawall.model.arrays import Bools

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


def pooled_coverage(
    hits: Bools, confidence: float, *, seed: int, block: int = 10, draws: int = 2_000
) -> PooledCoverage:
    """Rate of exceptions over (T,A), its error by drawing runs of whole days again, and a test of it.

    The p-value is the chance that a rate drawn again lies as far from the one found as that does from the forecast.
    """
    if hits.ndim != 2 or len(hits) < block:
        raise ShapeMismatch("exceptions of accounts", found=hits.shape,
                            wanted=f"(days, accounts), {block} days or more")
    if not 0 < confidence < 1:
        raise InputError("confidence", found=confidence, wanted="between 0 and 1, such as 0.99")
    tail, count = 1 - confidence, int(hits.sum())
    daily = hits.mean(axis=1)
    again = block_bootstrap(daily, np.mean, seed=seed, block=block, draws=draws)
    rate, error = float(again.value), float(again.standard_error)
    beyond = int((np.abs(again.replicates - rate) >= abs(rate - tail)).sum())
    p_value = (1 + beyond) / (1 + draws) if count >= FEWEST else np.nan
    plain = rate * (1 - rate) / hits.size
    return PooledCoverage(rate, error, (float(again.interval[0]), float(again.interval[1])), p_value,
                          error**2 / plain if plain > 0 else np.nan, count, *hits.shape)
