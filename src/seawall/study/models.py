"""Which model forecasts? Each gives joint moves of the coming row from the past alone; a book turns them into P&L.

A model is fitted now and then, and between fits moved along by what came: ``fit`` may estimate, ``draws`` may not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from seawall.errors import InputError
from seawall.history.dependence_copula import fit_copula_dependence
from seawall.history.dynamics import Margin, fit_dynamics
from seawall.history.dynamics_moves import Moves
from seawall.kernels.correlation import as_correlation
from seawall.kernels.covariance import ewma_covariance
from seawall.kernels.garch import filtered_variance
from seawall.kernels.paths import principal_root, sobol_uniforms, steadied, student_degrees, student_draws
from seawall.kernels.paths_margins import LEAST_EXCEEDANCES, TAIL, fit_semiparametric
from seawall.model.arrays import Floats
from seawall.scenarios.copula_draws import residuals_of
from seawall.scenarios.garch import residual_correlation
from seawall.study.past import Past, place_of

DRAWS, SEED = 2048, 1
LEAST_ROWS = 21


class Draws(NamedTuple):
    """moves (S,P) of the coming row; weights (S,), None if alike."""

    moves: Floats
    weights: Floats | None = None


class Fitted(Protocol):
    """A model with its estimates."""

    def draws(self, past: Past) -> Draws:
        """Joint moves of the row after the last of ``past``."""


class Model(Protocol):
    """Anything that can be fitted to a past and then draws the row to come."""

    @property
    def name(self) -> str:
        """What results call it."""

    def fit(self, past: Past) -> Fitted:
        """Estimates from this past; used until the next fit."""


@dataclass(frozen=True)
class Historical:
    """The last ``window`` rows as they came, alike; None: every row there is."""

    window: int | None = 500
    name: str = "historical, 500 rows"

    def fit(self, past: Past) -> Fitted:
        """Nothing to estimate. Raises InputError for a past too short to draw from."""
        _refuse_short(past, self.name)
        return self

    def draws(self, past: Past) -> Draws:
        """The rows on which every factor moved."""
        values = (past.moves(0) if self.window is None else past.last(self.window)).values
        return Draws(values[np.isfinite(values).all(axis=1)])


@dataclass(frozen=True)
class EwmaNormal:
    """Normal moves with an exponentially weighted covariance about zero."""

    decay: float = 0.94
    window: int = 500
    name: str = "EWMA normal"

    def fit(self, past: Past) -> Fitted:
        """Nothing to estimate. Raises InputError for a past too short to draw from."""
        _refuse_short(past, self.name)
        return self

    def draws(self, past: Past) -> Draws:
        """Low-discrepancy normal moves along the covariance's own directions."""
        root = principal_root(ewma_covariance(_whole(past.last(self.window)), self.decay))
        return Draws(_standard(len(root), math.inf) @ root.T)


class Filter(NamedTuple):
    """Volatility filters as fitted, and the row of the past that they start from."""

    margins: tuple[Margin, ...]
    first: int

    def following(self, past: Past) -> Floats:
        """(P,) deviation of the coming row, the filters run over every row since they start."""
        values = past.moves(self.first).values
        return np.asarray(np.sqrt(self.variance(values)[-1]))

    def variance(self, values: Floats) -> Floats:
        """(T + 1,P) variance of each row of moves (T,P) and of the coming one."""
        columns = [filtered_variance(values[:, n] - m.mean, m.recursion, m.start) for n, m in enumerate(self.margins)]
        return steadied(np.column_stack(columns), values)

    @property
    def mean(self) -> Floats:
        """(P,)"""
        return np.array([margin.mean for margin in self.margins])


class Scaled(NamedTuple):
    """Standardised draws (S,P), fixed between fits, at the volatility that the filter forecasts."""

    standardised: Floats
    volatility: Filter

    def draws(self, past: Past) -> Draws:
        """Mean plus forecast deviation times each draw."""
        return Draws(self.volatility.mean + self.volatility.following(past) * self.standardised)


class Filtered(NamedTuple):
    """Residuals of every row since the filter's start, the newest included, at the volatility that it forecasts."""

    volatility: Filter

    def draws(self, past: Past) -> Draws:
        """Each past row's residuals, factors together, rescaled."""
        values = past.moves(self.volatility.first).values
        variance, mean = self.volatility.variance(values), self.volatility.mean
        out = mean + (values - mean) * np.sqrt(variance[-1] / variance[:-1])
        return Draws(out[np.isfinite(out).all(axis=1)])


@dataclass(frozen=True)
class FilteredHistorical:
    """Filtered historical simulation. volatility: ``gjr``, ``garch`` (both need the statistics extra) or ``ewma``."""

    volatility: str = "gjr"
    window: int = 1000
    decay: float = 0.94
    name: str = "filtered historical, GJR"

    def fit(self, past: Past) -> Fitted:
        """The filters."""
        return Filtered(_filter(past, self.window, self.volatility, self.decay)[0])


@dataclass(frozen=True)
class GarchStudent:
    """Multivariate Student-t residuals with GJR margins."""

    window: int = 1000
    name: str = "GARCH Student-t"

    def fit(self, past: Past) -> Fitted:
        """Filters, correlation and degrees of freedom."""
        volatility, residuals = _filter(past, self.window, "gjr", 0.94)
        joint = residual_correlation(residuals)
        degrees = student_degrees(residuals, 0.999 * joint + 0.001 * np.eye(len(joint)))
        return Scaled(student_draws(_uniforms(len(joint)), principal_root(joint), degrees), volatility)


@dataclass(frozen=True)
class CopulaStudent:
    """Semi-parametric margins with Pareto tails, tied by a Student-t copula, with GJR volatility."""

    window: int = 1000
    name: str = "t copula, Pareto tails"

    def fit(self, past: Past) -> Fitted:
        """Filters, margins and copula; of one factor, its margin alone."""
        volatility, residuals = _filter(past, self.window, "gjr", 0.94)
        # Ten residuals at least make a tail, whatever the history.
        tail = max(TAIL, (LEAST_EXCEEDANCES + 0.5) / len(residuals))
        margins = [fit_semiparametric(column, tail) for column in residuals.T]
        count = residuals.shape[1]
        if count == 1:
            return Scaled(residuals_of(_uniforms(0), margins), volatility)
        held = past.moves(volatility.first)
        copula = fit_copula_dependence(Moves(held.dates[-len(residuals) :], held.factors, residuals,
                                             held.periods_per_year, held.source))
        return Scaled(residuals_of(copula.draws(_uniforms(count)), margins), volatility)


@dataclass(frozen=True)
class ImpliedStudent:
    """Student-t moves: spots at their own 30-day implied volatility, everything else as in the last rows.

    degrees of freedom are stated, not estimated. Spots without implied volatility: their exponentially weighted one.
    """

    degrees: float = 4.0
    window: int = 500
    name: str = "Student-t, implied volatility"

    def fit(self, past: Past) -> Fitted:
        """Nothing to estimate. Raises InputError for a past too short to draw from."""
        _refuse_short(past, self.name)
        return self

    def draws(self, past: Past) -> Draws:
        """The last rows' correlation around today's implied deviations."""
        joint, deviation = as_correlation(ewma_covariance(_whole(past.last(self.window)), 0.99))
        for n, factor in enumerate(past.factors):
            key = f"volatility:{factor.qualifier}:30d"
            if factor.risk_class == "spot" and key in past.keys:
                deviation[n] = past.today[place_of(past.factors, key)] / np.sqrt(past.periods_per_year)
        return Draws(_standard(len(joint), self.degrees) @ principal_root(joint).T * deviation)


def _refuse_short(past: Past, name: str) -> None:
    if past.rows < LEAST_ROWS:
        raise InputError(f"past of model {name}", found=f"{past.rows} rows", wanted=f"at least {LEAST_ROWS}")


def _whole(moves: Moves) -> Floats:
    values = moves.values[moves.known.all(axis=1)]
    if len(values) < 2:
        raise InputError(f"moves of {moves.source}", found=f"{len(values)} whole rows", wanted="at least 2")
    return values


def _filter(past: Past, window: int, model: str, decay: float) -> tuple[Filter, Floats]:
    """Filters fitted to the last rows, and their whole residuals (N,P)."""
    first = max(past.rows - 1 - window, 0)
    margins, residuals = _estimated(past.moves(first), model, decay)
    return Filter(margins, first), residuals


# Several models share one estimate: the same moves (by identity), fitted once.
@lru_cache(maxsize=4)
def _estimated(moves: Moves, model: str, decay: float) -> tuple[tuple[Margin, ...], Floats]:
    dynamics = fit_dynamics(moves, model=model, decay=decay)
    values = (moves.values - dynamics.mean) / np.sqrt(steadied(dynamics.variance[:-1], moves.values))
    return dynamics.margins, values[np.isfinite(values).all(axis=1)]


@lru_cache(maxsize=8)
def _uniforms(count: int) -> Floats:
    return sobol_uniforms(SEED, DRAWS, count + 1)


@lru_cache(maxsize=8)
def _standard(count: int, degrees: float) -> Floats:
    """(S,P) Student-t draws of unit covariance, the same for every row."""
    return student_draws(_uniforms(count), np.eye(count), degrees)
