"""Volatility and time under SIMM: what a volatility sensitivity is worth, and how much it bends."""

from __future__ import annotations

import math
from typing import Literal

from scipy.special import ndtri

from seawall.errors import InputError
from seawall.model.sensitivity import Sensitivity

# Whose concentration factors weaken a correlation: two factors' inside a bucket, or two buckets'.
Concentrates = Literal["inside", "across"]
# Days to expiry by tenor: a year has 365, a month a twelfth of it, a week seven.
TENOR_DAYS = {"2w": 14.0, **{f"{n}m": n * 365 / 12 for n in (1, 3, 6)},
              **{f"{n}y": n * 365.0 for n in (1, 2, 3, 5, 10, 15, 20, 30)}}
VOLATILITY_QUANTILE = float(ndtri(0.99))
CURVATURE_QUANTILE = float(ndtri(0.995))


def implied_volatility(risk_weight: float, calendar_days: float) -> float:
    """Yearly volatility, in the unit of the risk weight, whose 99 % move over the margin period the weight is."""
    return risk_weight * math.sqrt(365.0 / calendar_days) / VOLATILITY_QUANTILE


def curvature_scale(row: Sensitivity, calendar_days: float) -> float:
    """Half the margin period over the time to expiry, at most a half: gamma from vega. Raises InputError."""
    days = TENOR_DAYS.get(row.label1.lower())
    if days is None:
        raise InputError("Label1 is no expiry", found=row.label1, wanted="one of " + ", ".join(TENOR_DAYS),
                         remedy="assign the volatility to the expiries beside it")
    return 0.5 * min(1.0, calendar_days / days)
