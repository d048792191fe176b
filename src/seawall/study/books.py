"""What was held? Books of one day, set up anew each evening: their P&L under joint moves of a history's factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtr

from seawall.errors import InputError
from seawall.kernels.smile import VOLATILITY_FLOOR
from seawall.model.arrays import Floats
from seawall.study.past import Past, place_of


class StudyBook(Protocol):
    """A book whose P&L of the coming row follows from today's levels and the factors' moves."""

    @property
    def name(self) -> str:
        """What results call it."""

    def profit(self, past: Past, moves: Floats) -> Floats:
        """(S,) P&L, gain > 0, per unit of capital, of moves (S,P) from today's levels of ``past``."""


@dataclass(frozen=True)
class DeltaOne:
    """weights: by spot factor, share of capital held, negative if short; reset each row."""

    name: str
    weights: Mapping[str, float]

    def profit(self, past: Past, moves: Floats) -> Floats:
        """(S,) sum of weights times proportional moves."""
        total = np.zeros(len(moves))
        for key, weight in self.weights.items():
            total += weight * np.expm1(moves[:, place_of(past.factors, key)])
        return total


@dataclass(frozen=True)
class Straddles:
    """At-the-money straddles of constant maturity, struck anew each row and delta-hedged with spot.

    legs: by days to expiry, straddles held per unit of spot, negative if sold. Volatilities are the factors
    ``volatility:ASSET:30d`` and so on; skew and curvature of the same maturity move the smile where they are factors,
    else ``shape`` gives both per unit of level at so many days, else the smile is flat. Rates are zero. P&L per unit of
    spot: one straddle on one coin costs about 0.8 of level times the root of time.
    """

    name: str
    asset: str
    legs: Mapping[float, float]
    shape: Callable[[float], tuple[float, float]] | None = None

    def profit(self, past: Past, moves: Floats) -> Floats:
        """(S,) change of value after one row, less the hedge's."""
        spot = np.exp(moves[:, place_of(past.factors, f"spot:{self.asset}")])
        row_days = max(1.0, 365.0 / past.periods_per_year)
        total = np.zeros(len(moves))
        for days, quantity in self.legs.items():
            level = past.level(f"volatility:{self.asset}:{days:g}d")
            now = level * np.sqrt(days / 365.0)
            hedge = 2 * float(ndtr(now / 2)) - 1
            left = (days - row_days) / 365.0
            if left <= 0:
                raise InputError(f"book {self.name}", found=f"{days:g} days to expiry", wanted="more than one row")
            then = straddle(spot, self._volatility(past, moves, spot, days, left) * np.sqrt(left))
            total += quantity * (then - 2 * (2 * float(ndtr(now / 2)) - 1) - hedge * (spot - 1))
        return total

    def _volatility(self, past: Past, moves: Floats, spot: Floats, days: float, years: float) -> Floats:
        """(S,) volatility at the old strike, once level, skew and curvature have moved."""
        place = place_of(past.factors, f"volatility:{self.asset}:{days:g}d")
        level = past.today[place] * np.exp(moves[:, place])
        z = -np.log(spot) / (level * np.sqrt(years))
        shape = np.zeros(len(moves))
        stated = (0.0, 0.0) if self.shape is None else self.shape(days)
        forms = (np.sqrt(2.0) * z / np.sqrt(1 + z * z), 2 * z * z / (1 + z * z))
        for name, form, share in zip(("skew", "curvature"), forms, stated, strict=True):
            key = f"{name}:{self.asset}:{days:g}d"
            if key in past.keys:
                n = place_of(past.factors, key)
                shape += (past.today[n] + moves[:, n]) * form
            else:
                shape += share * level * form
        return np.asarray(np.maximum(level + shape, VOLATILITY_FLOOR * level))


def straddle(spot: Floats, deviation: Floats) -> Floats:
    """(S,) value of a call and a put struck at one, forward ``spot``, total deviation ``deviation``, rates zero."""
    d1 = np.log(spot) / deviation + deviation / 2
    call = spot * ndtr(d1) - ndtr(d1 - deviation)
    return np.asarray(2 * call - (spot - 1))
