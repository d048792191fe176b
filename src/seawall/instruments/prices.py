"""At what price does a contract see its underlying? Spot, forward and discount under every version of a market."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from seawall.kernels.elementary import exp
from seawall.model.arrays import Floats
from seawall.model.factor import Factor, tenor_of
from seawall.model.market import Market
from seawall.model.state import State

YEAR_SECONDS = 365.0 * 86400.0


def years_between(start: datetime, end: datetime) -> float:
    """ACT/365 fixed years from start to end; negative if end is earlier."""
    return (end - start).total_seconds() / YEAR_SECONDS


def years_left(state: State, expiry: datetime) -> Floats:
    """(S,) years to the expiry after each version's own passage of time, never below zero."""
    return np.maximum(years_between(state.market.as_of, expiry) - state.elapsed_years, 0.0)


def spot_factors(market: Market, *assets: str) -> tuple[Factor, ...]:
    """The spot factors of the assets, the numeraire left out: its price in itself does not move."""
    return tuple(Factor("spot", asset) for asset in dict.fromkeys(assets) if asset != market.numeraire)


def spot_price(state: State, underlying: str, quote: str) -> Floats:
    """(S,) price of the underlying in the quote currency."""
    return state.spot(underlying) / state.spot(quote)


def forward_price(state: State, underlying: str, quote: str, expiry: datetime) -> Floats:
    """(S,) forward in quote currency: spot exp(carry years left), spot itself once expired."""
    carry = state.level(f"carry:{underlying}:{tenor_of(expiry)}", needed_by=f"{underlying} {tenor_of(expiry)}")
    return np.asarray(spot_price(state, underlying, quote) * exp(carry * years_left(state, expiry)))


def rate_key(market: Market, underlying: str, currency: str, expiry: datetime) -> str | None:
    """The discount rate's key, or None where premiums are quoted undiscounted.

    Crypto venues settle options against the undiscounted Black value, so a rate counts there only if the
    market states one. Elsewhere a missing rate is a missing factor.
    """
    key = f"rate:{currency}:{tenor_of(expiry)}"
    stated = key in market.index or market.asset_class.get(underlying) != "crypto"
    return key if stated else None


def discount(state: State, underlying: str, currency: str, expiry: datetime) -> Floats:
    """(S,) value at each version's own time of one unit of currency at expiry; 1 once expired."""
    key = rate_key(state.market, underlying, currency, expiry)
    if key is None:
        return np.ones(state.size)
    rate = state.level(key, needed_by=f"{underlying} {tenor_of(expiry)}")
    return np.asarray(exp(-rate * years_left(state, expiry)))
