"""In which directions can the world move? The columns of a dynamics over a horizon, whitened, and moves as rules.

A move (C) holds one number a column: a log move of what moves in proportion, an amount in the factor's own unit of
what moves absolutely. The dynamics' volatility is its standard deviation in a year. Moves are instant: no time passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from seawall.cube import hold, revalue, shock
from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.correlation import as_covariance
from seawall.kernels.ellipsoid import (
    Whitening,
    beyond_in_every_direction,
    beyond_in_one_direction,
    conditional_mean,
    mahalanobis,
    whitening,
)
from seawall.model.arrays import Bools, Floats, frozen_floats, frozen_texts, read_only
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.market import Market
from seawall.model.results import Cube, Held
from seawall.model.scenario import RELATIVE, Column, ScenarioRule
from seawall.scenarios.apply import held_still
from seawall.scenarios.simulated import Dynamics, student_t

DEGREES = 4.0
DAYS_A_YEAR = 365.0
ROWS_AT_ONCE = 4096
# Of these classes every moving factor must be named by the dynamics: one that is not is a failure, never still.
STRICT = ("spot", "volatility")
# Currencies that are someone's money stay where no column moves them; other spots may not.
STILL = ("*stablecoin", "*currency")


@dataclass(frozen=True, eq=False)
class FactorSpace:
    """columns (C); deviation (C) over the horizon; correlation (C,C); degrees of the Student-t law that is stated."""

    columns: tuple[Column, ...]
    deviation: Floats
    correlation: Floats
    horizon_days: float = 1.0
    degrees: float = DEGREES

    def __post_init__(self) -> None:
        count = len(self.columns)
        object.__setattr__(self, "deviation", frozen_floats(self.deviation, "deviation", (count,)))
        object.__setattr__(self, "correlation", frozen_floats(self.correlation, "correlation", (count, count)))
        if self.degrees <= 2:
            raise InputError("degrees of freedom", found=self.degrees, wanted="more than 2",
                             remedy="a variance must exist")

    @property
    def keys(self) -> tuple[str, ...]:
        """Of each column, ``risk_class:qualifier[:tenor d]``."""
        return tuple(column.key for column in self.columns)

    @cached_property
    def covariance(self) -> Floats:
        """(C,C) of moves over the horizon."""
        return read_only(as_covariance(self.correlation, self.deviation))

    @cached_property
    def white(self) -> Whitening:
        """Axes of one deviation each."""
        return whitening(self.covariance)

    @cached_property
    def relative(self) -> Bools:
        """(C) whether each moves in proportion."""
        return read_only(np.array([column.how == RELATIVE for column in self.columns]))

    def moves_of(self, whitened: Floats) -> Floats:
        """(...,C) moves at whitened coordinates (...,R)."""
        return np.asarray(whitened @ self.white.root.T)

    def shocks(self, moves: Floats) -> Floats:
        """(...,C) moves in natural units: shares of the level where proportional, amounts elsewhere."""
        return np.asarray(np.where(self.relative, np.expm1(moves), moves))

    def moves(self, shocks: Floats) -> Floats:
        """(...,C) moves that give these shocks. Raises InputError for a price that would vanish."""
        if (self.relative & (shocks <= -1)).any():
            raise InputError("move of a price", found=float(np.min(shocks)), wanted="a fall of less than 100 %")
        return np.asarray(np.where(self.relative, np.log1p(np.where(self.relative, shocks, 0.0)), shocks))

    def distance(self, moves: Floats) -> Floats:
        """(...,) Mahalanobis distance in joint deviations of the horizon."""
        return mahalanobis(self.white, moves)

    def chances(self, distance: float) -> tuple[float, float]:
        """Of so far a move or a further one: in the one direction, and in any; by the stated t law."""
        if not np.isfinite(distance):
            return 0.0, 0.0
        return (beyond_in_one_direction(distance, self.degrees),
                beyond_in_every_direction(distance, self.white.rank, self.degrees))

    def completed(self, shocks: Mapping[str, float]) -> Floats:
        """(C) the move with some columns shocked, natural units, the rest where they are expected given these."""
        if unknown := sorted(set(shocks) - set(self.keys)):
            raise InputError("factor of a partial move", found=", ".join(unknown), wanted=", ".join(self.keys))
        places = np.array([self.keys.index(key) for key in shocks], dtype=np.int64)
        full = np.zeros(len(self.columns))
        full[places] = list(shocks.values())
        return conditional_mean(self.covariance, places, self.moves(full)[places])

    def rule(self, moves: Floats, *, name: str = "moves", labels: Sequence[str] | None = None) -> ScenarioRule:
        """Moves (M,C) as instant scenarios. Money that no column names is held; so is all of a class outside
        ``STRICT`` that no column names, and the rule says so."""
        count = len(moves)
        if moves.shape != (count, len(self.columns)):
            raise ShapeMismatch("moves", found=moves.shape, wanted=(count, len(self.columns)))
        named = set(self.columns)
        others = sorted({c.risk_class for c in self.columns} - set(STRICT))
        still = [held_still("spot", money) for money in STILL] + [held_still(kind, "*") for kind in others]
        kept = [c for c in still if not any(c.risk_class == n.risk_class and c.qualifier == n.qualifier for n in named)]
        texts = [str(n) for n in range(count)] if labels is None else list(labels)
        return ScenarioRule(
            name, (*self.columns, *kept), np.hstack([self.shocks(moves), np.zeros((count, len(kept)))]),
            frozen_texts(texts, "labels"), 0.0, provenance={"generator": "discovery"},
        )

    def draws(self, count: int, seed: int) -> Floats:
        """(S,C) moves of the stated t law, in mirrored pairs."""
        rule = student_t(Dynamics(self.columns, self.deviation * np.sqrt(DAYS_A_YEAR), self.correlation),
                         scenarios=count, degrees=self.degrees, seed=seed, still=())
        return np.asarray(np.log1p(rule.shocks))

    def story(self, move: Floats) -> Mapping[str, float]:
        """Shock of each column that moves, natural units, by key."""
        shocks = self.shocks(move)
        return MappingProxyType({key: float(x) for key, x in zip(self.keys, shocks, strict=True) if x != 0.0})


def factor_space(dynamics: Dynamics, *, horizon_days: float = 1.0, degrees: float = DEGREES) -> FactorSpace:
    """The space of a dynamics over so many days."""
    deviation = np.asarray(dynamics.volatility, dtype=np.float64) * np.sqrt(horizon_days / DAYS_A_YEAR)
    return FactorSpace(dynamics.columns, deviation, np.asarray(dynamics.correlation), horizon_days, degrees)


@dataclass(frozen=True)
class View:
    """A book, seen from a factor space, in the reporting currency: whoever asks gets full revaluations."""

    book: Book
    market: Market
    space: FactorSpace
    currency: str

    @cached_property
    def failures(self) -> tuple[Failure, ...]:
        """Rows of the book that could not be read and instruments without a value: in no number of any search."""
        return (*self.book.failures, *self.cube(np.zeros((1, len(self.space.columns)))).failures)

    def cube(self, moves: Floats) -> Cube:
        """P&L of every instrument under moves (M,C)."""
        return revalue(self.book, self.market, self.space.rule(moves))

    def held(self, moves: Floats, *, by: str | Sequence[str] = ()) -> Held:
        """P&L and equity of the rows of ``by``."""
        return hold(self.book, self.cube(moves), by=by, currency=self.currency)

    def losses(self, moves: Floats, *, by: str | Sequence[str] = ()) -> Floats:
        """(N,M) losses, loss > 0, valued a few thousand moves at a time."""
        parts = [-self.held(moves[start : start + ROWS_AT_ONCE], by=by).pnl
                 for start in range(0, len(moves), ROWS_AT_ONCE)]
        return np.hstack(parts)

    def loss(self, moves: Floats) -> Floats:
        """(M,) losses of the whole book."""
        return np.asarray(self.losses(moves)[0])

    def named(self, rule: ScenarioRule) -> Floats:
        """(M,C) another rule's scenarios as moves of this space: of each column, what its first factor did.

        What the columns do not name is lost: a start for a search, never the scenario itself.
        """
        unit = 2.0**-7
        probe = shock(self.space.rule(unit * np.eye(len(self.space.columns))), self.market).levels
        levels, now = shock(rule, self.market).levels, self.market.levels
        out = np.zeros((len(rule), len(self.space.columns)))
        for column in range(out.shape[1]):
            answer = np.abs(probe[column] - now)
            if not answer.max() > 0:
                continue
            place = int(np.argmax(answer > 0.5 * answer.max()))
            if self.space.relative[column]:
                share = (probe[column, place] / now[place] - 1) / np.expm1(unit)
                out[:, column] = np.log1p(np.maximum((levels[:, place] / now[place] - 1) / share, -0.95))
            else:
                out[:, column] = (levels[:, place] - now[place]) / ((probe[column, place] - now[place]) / unit)
        return out
