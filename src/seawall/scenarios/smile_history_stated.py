"""What do smiles do before any chain was recorded? A volatility index's answer to spot; the rest is stated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.errors import InputError
from seawall.kernels.paths import pseudo_uniforms
from seawall.model.arrays import Floats, Ints
from seawall.model.factor import Factor
from seawall.scenarios.smile_history_model import COORDINATES, TERMS, SmileResponse

INDEX_DAYS = 30.0
HALF_LIFE_DAYS = 45.0
# Stated, not fitted: by how much a day another maturity moves by itself (in logs), and skew and curvature (volatility).
OWN_MOVE, SHAPE_MOVE = 0.01, 0.005


def maturity_ratio(days: float, wanted: float, half_life_days: float = HALF_LIFE_DAYS) -> float:
    """Move of mean variance over ``wanted`` days for one over ``days``, if variance reverts with this half-life."""
    rate = np.log(2) / half_life_days
    return float((1 - np.exp(-rate * wanted)) / wanted / ((1 - np.exp(-rate * days)) / days))


def stated_response(index: SmileResponse, days: Sequence[float], *, seed: int = 1) -> SmileResponse:
    """Level, skew and curvature at so many days from the answer of a 30-day volatility index to spot.

    index: a response with the level alone (``fit_smile_response`` on DVOL or VIX). Other maturities follow it by the
    ratio of mean variances at a half-life of 45 days, with a move of their own of 1 % of level a row; skew and
    curvature do not answer spot and move by half a volatility point a row. Own moves are the index's residuals in other
    orders. Nothing but the index's answer is estimated. Raises InputError for an index with more than a level.
    """
    if [f.risk_class for f in index.factors] != ["volatility"]:
        raise InputError("response of a volatility index", found=", ".join(f.key for f in index.factors),
                         wanted="the volatility alone")
    left = index.residuals[:, 0]
    usual = (left - left.mean()) / max(float(left.std()), 1e-300)
    orders: Ints = np.argsort(pseudo_uniforms(seed, len(left), len(COORDINATES) * len(days)), axis=0, kind="stable")
    factors: list[Factor] = []
    coefficients: list[Floats] = []
    residuals: list[Floats] = []
    for name in COORDINATES:
        for day in days:
            own = usual[orders[:, len(factors)]]
            ratio = maturity_ratio(INDEX_DAYS, day) if name == "volatility" else 0.0
            size = SHAPE_MOVE if name != "volatility" else OWN_MOVE * (day != INDEX_DAYS)
            factors.append(Factor(name, index.asset_class, f"{day:g}d"))
            coefficients.append(ratio * index.coefficients[0])
            residuals.append(ratio * left + size * own)
    explained = [float(index.explained[0]) if f.risk_class == "volatility" else 0.0 for f in factors]
    return SmileResponse(
        index.asset_class, tuple(factors), np.array(coefficients).reshape(-1, len(TERMS)),
        np.column_stack(residuals), np.array(explained),
        f"level: {index.source}; other maturities, skew and curvature stated",
    )

