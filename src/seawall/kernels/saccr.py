"""Formulas of the standardised approach to counterparty credit risk: arrays in, arrays out.

Source: Basel Framework, CRE52.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seawall.kernels.normal import distribution

Floats = NDArray[np.float64]


class AddOn(NamedTuple):
    """value: currency, >= 0. slope (K): by each argument; sum of slope times argument is the value (homogeneous)."""

    value: float
    slope: Floats


def supervisory_duration(start: ArrayLike, end: ArrayLike, *, floor: float, rate: float = 0.05) -> Floats:
    """Years of an annuity discounted at ``rate`` over a period, start and end in years from now.

    Both dates are floored; a period that has begun starts at 0. Where the floor would leave nothing of a period, it
    counts as one from now to the floor. Source: CRE52.34.
    """
    s, e = np.asarray(start, dtype=float), np.maximum(np.asarray(end, dtype=float), floor)
    s = np.where(s > 0, np.maximum(s, floor), 0.0)
    s = np.where(s < e, s, 0.0)
    return np.asarray((np.exp(-rate * s) - np.exp(-rate * e)) / rate)


def option_delta(
    call: ArrayLike, bought: ArrayLike, price: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike
) -> Floats:
    """Supervisory delta of an option, -1 to 1. call, bought: +1 or -1. price, strike > 0, shift added already.

    At expiry it is 0 or 1, and half at the strike. Source: CRE52.40.
    """
    c, b = np.asarray(call, dtype=float), np.asarray(bought, dtype=float)
    moneyness = np.log(np.asarray(price, dtype=float) / np.asarray(strike, dtype=float))
    deviation = np.asarray(volatility, dtype=float) * np.sqrt(np.asarray(years, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.where(moneyness == 0, 0.0, moneyness / deviation)
    return np.asarray(b * c * distribution(c * (scaled + 0.5 * deviation)))


def tranche_delta(attachment: ArrayLike, detachment: ArrayLike) -> Floats:
    """Size of the supervisory delta of a tranche of credits. Source: CRE52.42."""
    a, d = np.asarray(attachment, dtype=float), np.asarray(detachment, dtype=float)
    return np.asarray(15.0 / ((1.0 + 14.0 * a) * (1.0 + 14.0 * d)))


def maturity_factor(years: ArrayLike, *, floor: float) -> Floats:
    """Share of a year's risk that an unmargined trade lives to see. Source: CRE52.48."""
    return np.asarray(np.sqrt(np.clip(np.asarray(years, dtype=float), floor, 1.0)))


def multiplier(value_less_collateral: float, add_on: float, *, floor: float = 0.05) -> float:
    """Share of the add-on that excess collateral or negative value leaves, floor to 1. Source: CRE52.23."""
    if value_less_collateral >= 0:
        return 1.0
    if add_on <= 0:
        return floor
    return float(floor + (1 - floor) * np.exp(value_less_collateral / (2 * (1 - floor) * add_on)))


def bucketed(effective: ArrayLike, correlation: ArrayLike) -> AddOn:
    """Interest rates: effective notionals (B) of maturity buckets under correlation (B,B). Source: CRE52.57."""
    d = np.asarray(effective, dtype=float)
    pull = np.asarray(correlation, dtype=float) @ d
    # The matrix has a positive least eigenvalue, so only rounding can take the square below zero.
    value = float(np.sqrt(max(d @ pull, 0.0)))
    return AddOn(value, pull / value if value > 0 else np.zeros_like(d))


def systematic(add_on: ArrayLike, rho: ArrayLike) -> AddOn:
    """Credit, equity, commodity: add-ons (K) of entities with one common driver, each correlated rho (K) with it.

    Source: CRE52.61, 52.66, 52.69.
    """
    a, r = np.asarray(add_on, dtype=float), np.asarray(rho, dtype=float)
    common = float(r @ a)
    own = (1 - r * r) * a
    value = float(np.sqrt(common * common + own @ a))
    return AddOn(value, (r * common + own) / value if value > 0 else np.zeros_like(a))


def netted(effective: ArrayLike) -> AddOn:
    """Currencies and coins: all of one hedging set offset each other in full. Source: CRE52.58."""
    d = np.asarray(effective, dtype=float)
    total = float(d.sum())
    return AddOn(abs(total), np.full_like(d, np.sign(total)))
