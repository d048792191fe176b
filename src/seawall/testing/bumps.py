"""Derivatives by bumping: moved copies of a market, and finite differences of a kind's value on them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import numpy as np

from seawall.model.arrays import Floats
from seawall.model.factor import Factor
from seawall.model.instrument import Instrument, InstrumentKind
from seawall.model.market import Market
from seawall.model.state import State

# Steps of 1e-3 of a unit, five points: exact to their fourth power, and rounding costs 1e-13 of the value at most.
STEP = 1e-3
YEARS = 2e-5
SCALED = ("spot", "volatility", "peg", "exchange_rate")


class Stencil(NamedTuple):
    """Points, in steps, and the weights that make a derivative of the values there."""

    points: tuple[int, ...]
    weights: tuple[float, ...]


FIRST = Stencil((-2, -1, 1, 2), (1 / 12, -8 / 12, 8 / 12, -1 / 12))
SECOND = Stencil((-2, -1, 0, 1, 2), (-1 / 12, 16 / 12, -30 / 12, 16 / 12, -1 / 12))
# Time only passes.
LATER = Stencil((0, 1, 2, 3), (-11 / 6, 18 / 6, -9 / 6, 2 / 6))


class Move(NamedTuple):
    """What is bumped: factors by key, all alike, or time if there are none; by ``unit`` times the step."""

    keys: tuple[str, ...]
    unit: float
    stencil: Stencil

    @property
    def step(self) -> float:
        """The bump's size, in the factor's unit or in years."""
        return self.unit * (STEP if self.keys else YEARS)


class Slope(NamedTuple):
    """A derivative by bumping, and the error that its step and the rounding of values may have put into it."""

    value: float
    noise: float


def by_factor(market: Market, *keys: str, twice: bool = False) -> Move:
    """The move of factors, all alike: of prices and volatilities by shares of their level, else by shares of a unit.

    A carry or a rate acts over the time to its tenor: its unit is what moves a forward by all of itself.
    """
    place = market.index[keys[0]]
    factor, unit = market.factors[place], 1.0
    if factor.risk_class in SCALED:
        unit = float(market.levels[place])
    elif factor.tenor and factor.risk_class in ("carry", "rate"):
        unit = 1 / max(years_to(market, datetime.fromisoformat(factor.tenor)), 1e-3)
    return Move(keys, unit, SECOND if twice else FIRST)


def years_to(market: Market, moment: datetime) -> float:
    """ACT/365 years from the market's time."""
    return (moment - market.as_of).total_seconds() / (365 * 86400)


def by_time() -> Move:
    """The move of time."""
    return Move((), 1.0, LATER)


def derivative(kind: InstrumentKind, instrument: Instrument, market: Market, *moves: Move) -> Slope:
    """The derivative of one instrument's value by all of the moves together, and what may be wrong with it."""
    fine, rounding = _estimate(kind, instrument, market, moves)
    coarse, _ = _estimate(kind, instrument, market, [move._replace(unit=2 * move.unit) for move in moves])
    # Third order in time, fourth elsewhere: twice the step has eight times the error or more.
    return Slope(fine, 4 * rounding + abs(coarse - fine) / 7)


def _estimate(
    kind: InstrumentKind, instrument: Instrument, market: Market, moves: Sequence[Move]
) -> tuple[float, float]:
    """The finite difference, and how much of it the rounding of values may be."""
    grid = list(itertools.product(*(move.stencil.points for move in moves)))
    levels, elapsed = np.repeat(market.levels[None, :], len(grid), axis=0), np.zeros(len(grid))
    for column, move in enumerate(moves):
        shift = np.array([points[column] for points in grid]) * move.step
        for key in move.keys:
            levels[:, market.index[key]] += shift
        elapsed += 0.0 if move.keys else shift
    weights = np.array([np.prod(w) for w in itertools.product(*(move.stencil.weights for move in moves))])
    value = np.asarray(kind.value([instrument], State(market, levels, elapsed)))[0]
    order = np.prod([move.step ** (2 if move.stencil is SECOND else 1) for move in moves])
    rounding = 2e-15 * np.abs(weights).sum() * np.abs(value).max() / order
    return float(weights @ value / order), float(rounding)


def moved(market: Market, shares: Floats, elapsed: float = 0.0) -> State:
    """Versions of the market, one a row of ``shares`` (S,F), each level moved by that share of its size."""
    scaled = np.array([factor.risk_class in SCALED for factor in market.factors])
    unit = np.where(scaled, np.abs(market.levels), 1.0)
    return State(market, market.levels + shares * unit, np.full(len(shares), elapsed))


def scattered(market: Market, count: int = 7, elapsed: float = 0.0) -> State:
    """So many versions, every factor moved by up to two percent, the first not at all; the same in every run."""
    shares = np.random.default_rng(20).uniform(-0.02, 0.02, (count, len(market.factors)))
    shares[0] = 0.0
    return moved(market, shares, elapsed)


def flat(market: Market) -> Market:
    """The market with every smile flat at its own level: one volatility for all strikes, however time passes."""
    smiles = {
        key: msgspec.structs.replace(s, a=s.level**2 * s.years, b=0.0, rho=0.0, skew=0.0, curvature=0.0)
        for key, s in market.smiles.items()
    }
    bent = np.array([factor.risk_class in ("skew", "curvature") for factor in market.factors])
    return dataclasses.replace(market, smiles=smiles, levels=np.where(bent, 0.0, market.levels))


def in_other_money(market: Market, unit: str = "another unit of account", worth: float = 2.0) -> Market:
    """The same market told in another numeraire, of which one old unit is worth ``worth``."""
    levels = {
        factor: float(level) * (worth if factor.risk_class == "spot" else 1.0)
        for factor, level in zip(market.factors, market.levels, strict=True)
    }
    levels[Factor("spot", market.numeraire)] = worth
    factors = tuple(sorted(levels))
    return dataclasses.replace(
        market, factors=factors, levels=np.array([levels[factor] for factor in factors]),
        uncertainty=np.zeros(len(factors)), numeraire=unit,
    )


def needed(kind: InstrumentKind, instrument: Instrument, market: Market) -> list[str]:
    """Keys of the factors that the kind names for the instrument."""
    return [factor.key for factor in kind.factors(instrument, market)]
