"""How much do moves of all factors together weigh? Exposures to every factor, and their joint volatility."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seawall.cube import gather, shock, unrealised
from seawall.instruments.plugins import kind_of
from seawall.model.arrays import Bools, Floats
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.results import Cube
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.simulated import Dynamics

# Levels are linear in a shock; small, so that no floor is met, and a power of two, so that dividing is exact.
STEP = 2.0**-7


class Exposures(NamedTuple):
    """values (N,F): derivative of each row's value, currency, by every factor's level: a linear view of the book."""

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    values: Floats
    currency: str
    partial: Bools


class JointVolatility(NamedTuple):
    """Of each row, currency per year: volatility (N,), sqrt(d'Sd); standalone (N,), the sum of each column's own.

    diversification (N,): share of standalone that pooling saves. contribution (N,C): Euler parts of volatility, adding
    up to it. exposure (N,C): d, currency per 100 % move of a dynamics' column, or per 1.00 of one that moves
    absolutely. dynamics: the columns, their volatilities and the correlation used. uncovered: factors that the book
    leans on and no column moves.
    """

    volatility: Floats
    standalone: Floats
    diversification: Floats
    contribution: Floats
    exposure: Floats
    dynamics: Dynamics
    uncovered: tuple[str, ...]


def factor_exposures(
    book: Book, market: Market, cube: Cube, *, by: str | Sequence[str] = (), currency: str | None = None
) -> Exposures:
    """Exposures of the rows of ``by`` at the market; in the numeraire if no currency is given."""
    reporting = currency or market.numeraire
    lines = gather(book, cube, by)
    gained = unrealised(book, cube, lines)
    values = lines.net @ _per_contract(cube, market) + gained @ _settled_in(cube, market)
    if reporting != market.numeraire:
        rate = market.spot(reporting)
        values /= rate
        rates = np.array([market.spot(i.settlement_currency) if known else 0.0
                          for i, known in zip(cube.instruments, cube.valued, strict=True)])
        worth = lines.net @ (np.where(cube.valued, cube.equity, 0.0) * rates) + gained @ rates
        values[:, market.index[f"spot:{reporting}"]] -= worth / rate**2
    return Exposures(lines.by, lines.keys, values, reporting, lines.partial)


def joint_volatility(exposures: Exposures, market: Market, dynamics: Dynamics) -> JointVolatility:
    """Joint volatility of each row under the dynamics, whose columns may name many factors, faded by a term."""
    moves = _moves(market, dynamics)
    d = exposures.values @ moves.T
    covariance = dynamics.correlation * np.outer(dynamics.volatility, dynamics.volatility)
    turned = d @ covariance
    total = np.sqrt(np.maximum((d * turned).sum(axis=1), 0.0))
    alone = np.abs(d * dynamics.volatility).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(total[:, None] > 0, d * turned / total[:, None], 0.0)
        saved = np.where(alone > 0, 1 - total / alone, 0.0)
    left = np.flatnonzero((np.abs(exposures.values) > 0).any(axis=0) & ~(np.abs(moves) > 0).any(axis=0))
    uncovered = tuple(market.factors[int(n)].key for n in left)
    return JointVolatility(total, alone, saved, parts, d, dynamics, uncovered)


def by_underlying(joint: JointVolatility) -> tuple[tuple[str, ...], Floats]:
    """Qualifiers of the dynamics' columns (U), sorted, and the contribution (N,U) of all that each moves."""
    names, place = np.unique([column.qualifier for column in joint.dynamics.columns], return_inverse=True)
    out = np.zeros((len(joint.volatility), len(names)))
    for column, n in enumerate(place):
        out[:, n] += joint.contribution[:, column]
    return tuple(str(name) for name in names), out


def _per_contract(cube: Cube, market: Market) -> Floats:
    """(I,F) numeraire per contract and 1.0 of each factor; zero where there is no value, which the rows' mark tells."""
    out = np.zeros((len(cube.instruments), len(market.factors)))
    by_kind: dict[str, list[int]] = {}
    for row in np.flatnonzero(cube.valued).tolist():
        by_kind.setdefault(cube.instruments[row].kind, []).append(row)
    for rows in by_kind.values():
        batch = [cube.instruments[row] for row in rows]
        slopes = kind_of(batch[0]).slopes(batch, market)
        rate = np.array([market.spot(i.settlement_currency) for i in batch])
        where = np.array([market.index[str(key)] for key in slopes.keys], dtype=np.int64)
        np.add.at(out, (np.array(rows)[slopes.rows], where), slopes.delta * rate[slopes.rows])
    for row in np.flatnonzero(cube.valued).tolist():
        settled = cube.instruments[row].settlement_currency
        if settled != market.numeraire:
            out[row, market.index[f"spot:{settled}"]] += cube.equity[row]
    return out


def _settled_in(cube: Cube, market: Market) -> Floats:
    """(I,F) 1 at the spot of each instrument's settlement currency: what a gain owed in it answers to."""
    out = np.zeros((len(cube.instruments), len(market.factors)))
    for row in np.flatnonzero(cube.valued).tolist():
        settled = cube.instruments[row].settlement_currency
        if settled != market.numeraire:
            out[row, market.index[f"spot:{settled}"]] = 1.0
    return out


def _moves(market: Market, dynamics: Dynamics) -> Floats:
    """(C,F) how much each factor's level moves per 1.00 of each column's shock."""
    count = len(dynamics.columns)
    rule = ScenarioRule("unit moves", dynamics.columns, STEP * np.eye(count),
                        np.array([str(n) for n in range(count)], dtype=object), 0.0)
    return np.asarray((shock(rule, market).levels - market.levels) / STEP)
