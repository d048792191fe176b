"""What would options have cost where none were recorded? A stated model of implied volatility, from spot alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats
from seawall.scenarios.smile_history_stated import HALF_LIFE_DAYS, maturity_ratio

# Stated, not fitted to options: a typical GJR filter of daily moves; persistence 0.97 halves a shock in 23 rows.
ALPHA, GAMMA, BETA = 0.03, 0.06, 0.91
PERSISTENCE = ALPHA + GAMMA / 2 + BETA
PREMIUM = 1.05  # implied over expected volatility
# Of an index's smile, per unit of level at 30 days: least squares through the origin on SPXW closes of 2 January to
# 28 February 2018, 25 days that had an expiry ten days or more away; skew grows with maturity by a power fitted to the
# SPX chain of 31 July 2026, where it is 0.21 at 30 days.
INDEX_SKEW, INDEX_CURVATURE, INDEX_SKEW_POWER = -0.25, 0.066, 0.11
WARMING = 60  # rows before the first level, so that a mean exists


def modelled_levels(spot: Floats, days: Sequence[float], periods_per_year: float) -> Floats:
    """(T,D) implied volatility at so many days from closes (T,), each from the closes up to its own row alone.

    1.05 times the root of the mean variance expected over the days: a GJR filter with stated parameters that returns
    to the mean square of all moves so far. The first 60 rows are NaN. Raises InputError for closes not positive.
    """
    if len(spot) <= WARMING or not (spot > 0).all():
        raise InputError("closes to model a volatility from", found=f"{len(spot)} closes",
                         wanted=f"more than {WARMING}, all positive")
    moves = np.diff(np.log(spot))
    long_run = np.cumsum(moves**2) / np.arange(1, len(moves) + 1)
    excess = _excess(moves, long_run)
    out = np.full((len(spot), len(days)), np.nan)
    for n, horizon in enumerate(np.asarray(days, dtype=float) * periods_per_year / 365.0):
        left = (1 - PERSISTENCE**horizon) / (horizon * (1 - PERSISTENCE))
        variance = np.maximum(long_run + excess * left, 0.05 * long_run)
        out[WARMING:, n] = PREMIUM * np.sqrt(variance[WARMING - 1 :] * periods_per_year)
    return out


def _excess(moves: Floats, long_run: Floats) -> Floats:
    """(T,) variance of the next row above the mean square so far."""
    out, level = np.empty(len(moves)), 0.0
    for t, move in enumerate(moves):
        usual = long_run[t - 1] if t else move**2
        level = BETA * level + (ALPHA + GAMMA * (move < 0)) * move**2 - (ALPHA + GAMMA / 2) * usual
        out[t] = level
    return out


def other_maturity(level: Floats, days: float, wanted: float, half_life_days: float = HALF_LIFE_DAYS) -> Floats:
    """(T,) implied volatility at ``wanted`` days from that at ``days`` (T,), each row from those up to it alone.

    Variance above the mean of all rows so far halves every ``half_life_days``: a stated term structure, not quoted.
    """
    ratio = maturity_ratio(days, wanted, half_life_days)
    variance = level**2
    usual = np.cumsum(variance) / np.arange(1, len(variance) + 1)
    return np.asarray(np.sqrt(usual + (variance - usual) * ratio))


def index_shape(days: float) -> tuple[float, float]:
    """Skew and curvature of an equity index's smile at so many days, per unit of its level: stated for every year.

    Explains 81 % of how skew varied over the volatility shock of February 2018, 42 % of curvature.
    """
    return INDEX_SKEW * (days / 30.0) ** INDEX_SKEW_POWER, INDEX_CURVATURE
