"""How does each factor's volatility move? Filters fitted one by one, kept as plain numbers, and their residuals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import msgspec
import numpy as np

from seawall.errors import InputError
from seawall.history.dependence_factors import same_places
from seawall.history.dynamics_garch import LAWS, MODELS, Fitted, fit_by_likelihood
from seawall.history.dynamics_jumps import jump_factors
from seawall.history.dynamics_moves import Moves, Repair, moves_of, moving_places, refuse_short
from seawall.kernels.garch import (
    Recursion,
    backcast,
    filtered_variance,
    forecast_variance,
    normal_log_likelihood,
    smoothing,
)
from seawall.model.arrays import Floats, frozen_floats
from seawall.model.factor import Factor
from seawall.model.identity import content_id
from seawall.model.panel import Panel

# A year of days: with fewer moves the likelihood of a volatility model is flat, and its optimum an accident.
LEAST_TO_FIT: Final = 250
LEAST_TO_SMOOTH: Final = 20


class Margin(msgspec.Struct, frozen=True):
    """One factor's volatility filter, as plain numbers: all that filtering and simulating need.

    model: ``garch``, ``gjr``, ``ewma``, or ``jump`` (constant variance, jumps included). law of the residuals:
    ``normal`` or ``student`` with ``degrees`` (infinite if normal). mean: of one row's move; omega in squared moves;
    start: the filter's first variance. log_likelihood: of the moves that the filter was fitted to.
    """

    factor: str
    model: str
    law: str
    mean: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    start: float
    degrees: float
    observations: int
    log_likelihood: float
    repairs: tuple[Repair, ...] = ()

    @property
    def recursion(self) -> Recursion:
        """The variance recursion that the kernels take."""
        return Recursion(self.omega, self.alpha, self.gamma, self.beta)


@dataclass(frozen=True, eq=False)
class VolatilityDynamics:
    """variance (T + 1,P): of each row's move given the rows before it; the last row is of the move to come."""

    moves: Moves
    margins: tuple[Margin, ...]
    variance: Floats

    def __post_init__(self) -> None:
        rows, count = self.moves.values.shape
        object.__setattr__(self, "variance", frozen_floats(self.variance, "variance", (rows + 1, count)))

    @property
    def factors(self) -> tuple[Factor, ...]:
        """What the columns are."""
        return self.moves.factors

    @property
    def mean(self) -> Floats:
        """(P,) mean of one row's move."""
        return np.array([margin.mean for margin in self.margins])

    @property
    def volatility(self) -> Floats:
        """(T,P) standard deviation of each row's move, as it was forecast the row before."""
        return np.asarray(np.sqrt(self.variance[:-1]))

    @property
    def following(self) -> Floats:
        """(P,) standard deviation of the next row's move."""
        return np.asarray(np.sqrt(self.variance[-1]))

    @property
    def prudent(self) -> Floats:
        """(P,) the greater of the next row's and the whole history's deviation, so that calm weeks lower no margin."""
        # Not the filter's own long run: a persistence near one puts that anywhere, up to infinity.
        return np.asarray(np.sqrt(np.maximum(self.variance[-1], np.nanvar(self.moves.values, axis=0))))

    @cached_property
    def standardised(self) -> Moves:
        """Residuals (T,P): moves less their mean, over their deviation; NaN where the move is missing."""
        return replace(self.moves, values=(self.moves.values - self.mean) / self.volatility,
                       source=f"residuals of {self.moves.source}")

    @property
    def recursions(self) -> Floats:
        """(P,4) omega, alpha, gamma and beta, as ``simulated_moves`` takes them."""
        return np.array([tuple(margin.recursion) for margin in self.margins])

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """Everything mended or assumed, factor by factor."""
        return (*self.moves.told, *(repair for margin in self.margins for repair in margin.repairs))

    @cached_property
    def dynamics_id(self) -> str:
        """Hash of moves and margins."""
        return content_id("dynamics", self.moves.moves_id, self.margins)

    def forecast(self, rows: int) -> Floats:
        """(rows,P) expected variance of each of the next rows' moves."""
        ahead = [forecast_variance(float(v), m.recursion, rows)
                 for v, m in zip(self.variance[-1], self.margins, strict=True)]
        return np.column_stack(ahead)


def fit_dynamics(
    panel: Panel | Moves, *, model: str = "gjr", law: str = "student", decay: float = 0.94,
    jumps: tuple[str, ...] = (),
) -> VolatilityDynamics:
    """A volatility filter for each factor.

    model: ``gjr`` or ``garch``, by quasi-likelihood under ``law`` (needs the statistics extra), or ``ewma`` with
    ``decay``. A factor with fewer than 250 moves, or whose likelihood finds no optimum, is smoothed by ``decay``
    instead, and says so. Pegs, prices that move less than 2 % a year and the keys in ``jumps`` get the constant
    variance of their jump model. A missing move counts as its expectation. Raises InputError for a factor with fewer
    than twenty moves or none but zeros, and ExtraMissing.
    """
    if model not in (*MODELS, "ewma"):
        raise InputError("model of volatility", found=model, wanted="one of " + ", ".join((*MODELS, "ewma")))
    if law not in LAWS:
        raise InputError("law of residuals", found=law, wanted="one of " + ", ".join(LAWS))
    moves = moves_of(panel) if isinstance(panel, Panel) else panel
    refuse_short(moves, LEAST_TO_SMOOTH, "volatility")
    jumping, told = jump_factors(moves, jumps)
    moving_places(moves, jumping)
    margins = []
    for n, key in enumerate(moves.keys):
        if n in jumping:
            margins.append(_still(key, jumping[n].variance, moves.values[:, n], [r for r in told if r.factor == key]))
        else:
            margins.append(_fitted(key, moves.values[:, n], model, law, decay))
    return refilter(margins, moves)


def refilter(margins: Sequence[Margin], moves: Moves | Panel) -> VolatilityDynamics:
    """The given filters run over these moves: no estimation, no optional library.

    Factors must be the same on both sides, names and tenors; raises FactorMissing naming what only one side has.
    """
    held = moves_of(moves) if isinstance(moves, Panel) else moves
    chosen = same_places([margin.factor for margin in margins], held.keys, "volatility filters")
    ordered = tuple(margins[n] for n in chosen)
    columns = [filtered_variance(held.values[:, n] - m.mean, m.recursion, m.start) for n, m in enumerate(ordered)]
    return VolatilityDynamics(held, ordered, np.column_stack(columns))


def _fitted(key: str, values: Floats, model: str, law: str, decay: float) -> Margin:
    have = values[np.isfinite(values)]
    told = _missing(key, len(values) - len(have))
    if model == "ewma":
        return _smoothed(key, have, decay, told)
    if len(have) < LEAST_TO_FIT:
        short = f"too short for {model}, smoothed by {decay:g} instead; moves there were"
        return _smoothed(key, have, decay, (*told, Repair(key, short, float(len(have)), "rows")))
    fitted = fit_by_likelihood(have, model=model, law=law)
    if not isinstance(fitted, Fitted):
        failed = Repair(key, f"{model} found no optimum ({fitted}), smoothed instead by", decay, "decay a row")
        return _smoothed(key, have, decay, (*told, failed))
    if fitted.recursion.persistence >= 1.0:
        told = (*told, Repair(key, "shocks never fade: no long-run variance exists; persistence",
                              fitted.recursion.persistence, "per row"))
    return Margin(key, model, law, fitted.mean, *fitted.recursion, fitted.start, fitted.degrees, len(have),
                  fitted.log_likelihood, told)


def _smoothed(key: str, have: Floats, decay: float, told: tuple[Repair, ...]) -> Margin:
    recursion, start = smoothing(decay), backcast(have)
    likelihood = normal_log_likelihood(have, filtered_variance(have, recursion, start)[:-1]) if start > 0 else math.nan
    return Margin(key, "ewma", "normal", 0.0, *recursion, start, math.inf, len(have), likelihood, told)


def _still(key: str, variance: float, values: Floats, told: Sequence[Repair]) -> Margin:
    have = values[np.isfinite(values)]
    likelihood = normal_log_likelihood(have, np.full(len(have), variance))
    return Margin(key, "jump", "normal", 0.0, variance, 0.0, 0.0, 0.0, variance, math.inf, len(have), likelihood,
                  (*_missing(key, len(values) - len(have)), *told))


def _missing(key: str, count: int) -> tuple[Repair, ...]:
    return (Repair(key, "moves missing; each counts as its expectation", float(count), "rows"),) if count else ()
