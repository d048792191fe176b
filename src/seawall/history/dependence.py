"""How do factors move together? A covariance with its method, its effective size, and all that was mended to get it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.history.dependence_factors import places
from seawall.history.dynamics_jumps import jump_factors
from seawall.history.dynamics_moves import (
    Moves,
    Repair,
    levels_of,
    moves_of,
    moving_places,
    refuse_short,
    whole_rows,
)
from seawall.kernels.correlation import as_correlation, as_covariance, is_semidefinite, nearest_correlation
from seawall.kernels.covariance import (
    asynchronous_covariance,
    decay_weights,
    effective_size,
    lagged_covariance,
    pairwise_covariance,
    weighted_covariance,
)
from seawall.kernels.shrinkage import ledoit_wolf, quadratic_inverse
from seawall.model.arrays import Floats, frozen_floats
from seawall.model.factor import Factor
from seawall.model.identity import content_id
from seawall.model.panel import Panel

METHODS: Final = ("sample", "ewma", "ledoit_wolf", "qis", "lagged", "hayashi_yoshida")
# Fewer moves than this and even one factor's variance is off by a third (1 / sqrt(2 n)): refused.
LEAST_MOVES: Final = 20
# Fewer effective rows a factor than this and a decayed covariance is shrunk before anyone inverts it.
ROWS_PER_FACTOR: Final = 2.0


@dataclass(frozen=True, eq=False)
class Dependence:
    """covariance (P,P) of one row's moves, positive semi-definite; per row of the history, not per year.

    observations: rows it rests on (of the pair with fewest). effective: how many equally weighted rows they are worth.
    """

    factors: tuple[Factor, ...]
    covariance: Floats
    method: str
    observations: int
    effective: float
    periods_per_year: float
    source: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()

    def __post_init__(self) -> None:
        put, count = object.__setattr__, len(self.factors)
        put(self, "factors", tuple(self.factors))
        put(self, "covariance", frozen_floats(self.covariance, "covariance", (count, count)))
        put(self, "parameters", MappingProxyType(dict(self.parameters)))

    @property
    def keys(self) -> tuple[str, ...]:
        """The factors' keys: class, name, tenor and strike."""
        return tuple(factor.key for factor in self.factors)

    @cached_property
    def correlation(self) -> Floats:
        """(P,P), diagonal exactly one."""
        return as_correlation(self.covariance)[0]

    @property
    def deviation(self) -> Floats:
        """(P,) standard deviation of one row's move."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def annual(self) -> Floats:
        """(P,P) covariance of a year's moves, rows taken as independent."""
        return np.asarray(self.covariance * self.periods_per_year)

    @property
    def condition(self) -> float:
        """Largest over smallest eigenvalue of the correlation; infinite if singular."""
        values = np.linalg.eigvalsh(self.correlation)
        return float(values[-1] / values[0]) if values[0] > 0 else math.inf

    @cached_property
    def dependence_id(self) -> str:
        """Hash of factors, numbers, method and parameters."""
        return content_id("dependence", self.keys, self.covariance, self.method, self.parameters, self.observations,
                          self.effective, self.periods_per_year)

    def select(self, factors: Sequence[Factor | str]) -> Dependence:
        """The same estimate for these factors, in this order: names and tenors must agree exactly.

        Raises FactorMissing naming the factor wanted and what was found in its place.
        """
        keys = [factor if isinstance(factor, str) else factor.key for factor in factors]
        chosen = places(self.keys, keys, f"{self.method} covariance of {self.source}")
        return replace(self, factors=tuple(self.factors[n] for n in chosen),
                       covariance=self.covariance[np.ix_(chosen, chosen)])


class _Estimate(NamedTuple):
    correlation: Floats
    deviation: Floats
    observations: int
    effective: float
    parameters: dict[str, float]
    repairs: tuple[Repair, ...]


def estimate_dependence(
    panel: Panel | Moves, *, method: str = "qis", missing: str = "whole_rows", decay: float = 0.97, lags: int = 1,
    jumps: tuple[str, ...] = (),
) -> Dependence:
    """Covariance of a panel's moves.

    method: ``sample``; ``ewma`` (about zero, decayed by ``decay`` a row; shrunk by Ledoit and Wolf's rule for weighted
    rows where it has fewer than two effective rows a factor); ``ledoit_wolf`` and ``qis`` (shrunk; more factors than
    rows allowed); ``lagged`` (markets that close at different hours: whole sum of ``lags`` neighbours);
    ``hayashi_yoshida`` (a Panel whose NaNs say when a series was not seen). All but the last two shrink or repair the
    correlation and keep each factor's own variance, so that units do not matter.
    missing: ``whole_rows`` uses the rows that every factor has; ``pairwise`` (sample, ewma, qis) those that each pair
    has, then the nearest correlation; ``refuse`` raises. Whatever was left out is in ``repairs``.
    jumps: keys of factors to model by jumps besides pegs and prices that move less than 2 % a year, which always are.
    Raises InputError for a factor with fewer than twenty moves, or a sample covariance of more factors than rows.
    """
    _refuse_unknown(method, missing, panel)
    own_clocks = method == "hayashi_yoshida"
    moves = moves_of(panel, over_gaps=own_clocks) if isinstance(panel, Panel) else panel
    refuse_short(moves, LEAST_MOVES, f"{method} covariance")
    jumping, told = jump_factors(moves, jumps)
    held, left_out = (moves, ()) if own_clocks or missing == "pairwise" else _without_gaps(moves, missing)
    moving = moving_places(held, jumping)
    alive = held.select(tuple(moves.keys[n] for n in moving))
    found = _estimate(panel, alive, method=method, missing=missing, decay=decay, lags=lags)
    correlation, deviation = np.eye(len(moves.factors)), np.ones(len(moves.factors))
    correlation[np.ix_(moving, moving)], mended = _semidefinite(found.correlation)
    deviation[moving] = found.deviation
    for place, factor in jumping.items():
        deviation[place] = math.sqrt(factor.variance)
    return Dependence(
        factors=moves.factors, covariance=as_covariance(correlation, deviation), method=method,
        observations=found.observations, effective=found.effective, periods_per_year=moves.periods_per_year,
        source=moves.source, parameters=found.parameters, repairs=(*left_out, *found.repairs, *mended, *told),
    )


def _estimate(
    panel: Panel | Moves, moves: Moves, *, method: str, missing: str, decay: float, lags: int
) -> _Estimate:
    if method == "hayashi_yoshida" and isinstance(panel, Panel):
        return _hayashi_yoshida(panel.select(moves.keys), moves)
    if missing == "pairwise":
        return _pairwise(moves, method, decay)
    return _of_whole_rows(moves, method, decay, lags)


def _correlation_of(covariance: Floats, moves: Moves) -> tuple[Floats, Floats]:
    """Correlation and deviations; an estimated variance that is not positive is refused by the factor's name."""
    for key, variance in zip(moves.keys, np.diag(covariance), strict=True):
        if not variance > 0:
            raise InputError(f"variance of {key} in history {moves.source}", found=float(variance),
                             wanted="more than 0", remedy="moves that undo each other: take another method for it")
    return as_correlation(covariance)


def _of_whole_rows(moves: Moves, method: str, decay: float, lags: int) -> _Estimate:
    values, (rows, count) = moves.values, moves.values.shape
    if rows < LEAST_MOVES:
        raise InputError(f"{method} covariance from history {moves.source}", found=f"{rows} whole rows",
                         wanted=f"at least {LEAST_MOVES}", remedy="leave out the youngest factors, or take pairwise")
    if method == "ewma":
        return _decayed(values, decay)
    if method == "lagged":
        correlation, deviation = _correlation_of(lagged_covariance(values, lags), moves)
        return _Estimate(correlation, deviation, rows, float(rows), {"lags": float(lags)}, ())
    sample, deviation = _sample(values)
    if method == "sample":
        if rows <= count:
            raise InputError(f"sample covariance from history {moves.source}", found=f"{rows} rows, {count} factors",
                             wanted="more rows than factors", remedy="take qis, which shrinks")
        return _Estimate(sample, deviation, rows, float(rows), {}, ())
    if method == "ledoit_wolf":
        shrunk = ledoit_wolf((values - values.mean(axis=0)) / deviation)
        correlation, intensity = as_correlation(shrunk.covariance)[0], {"intensity": shrunk.intensity}
    else:
        correlation, intensity = as_correlation(quadratic_inverse(sample, rows - 1))[0], {}
    return _Estimate(correlation, deviation, rows, float(rows), intensity, _moved(sample, correlation))


def _decayed(values: Floats, decay: float) -> _Estimate:
    weights = decay_weights(len(values), decay)
    effective, count = effective_size(weights), values.shape[1]
    sample, deviation = as_correlation(weighted_covariance(values, weights))
    parameters = {"decay": decay}
    if effective >= ROWS_PER_FACTOR * count:
        return _Estimate(sample, deviation, len(values), effective, parameters, ())
    shrunk = ledoit_wolf(values / deviation, weights)
    correlation = as_correlation(shrunk.covariance)[0]
    parameters["intensity"] = shrunk.intensity
    return _Estimate(correlation, deviation, len(values), effective, parameters, _moved(sample, correlation))


def _pairwise(moves: Moves, method: str, decay: float) -> _Estimate:
    weights = decay_weights(len(moves.values), decay) if method == "ewma" else None
    raw, effective = pairwise_covariance(moves.values, weights)
    joint = moves.known.T.astype(float) @ moves.known
    fewest = int(joint.min())
    if fewest < LEAST_MOVES:
        a, b = (int(n) for n in np.unravel_index(int(np.argmin(joint)), joint.shape))
        raise InputError(f"joint moves of {moves.keys[a]} and {moves.keys[b]}", found=fewest,
                         wanted=f"at least {LEAST_MOVES}", remedy="read more dates, or leave one out")
    correlation, deviation = _correlation_of(raw, moves)
    least = float(effective.min())
    told = tuple(Repair(key, "moves missing; each pair uses the rows that both have", float(count), "rows")
                 for key, count in zip(moves.keys, (~moves.known).sum(axis=0), strict=True) if count)
    told = (*moves.told, *told)
    parameters = {} if weights is None else {"decay": decay}
    if method == "qis":
        mended, repair = _semidefinite(correlation)
        shrunk = as_correlation(quadratic_inverse(mended, least - 1))[0]
        return _Estimate(shrunk, deviation, fewest, least, parameters, (*told, *repair, *_moved(mended, shrunk)))
    return _Estimate(correlation, deviation, fewest, least, parameters, told)


def _hayashi_yoshida(panel: Panel, moves: Moves) -> _Estimate:
    """Each series on its own clock; each pair's total is spread evenly over the time that both were seen."""
    clock = panel.dates.astype(np.int64).astype(np.float64)
    seen = np.isfinite(panel.values)
    first = clock[seen.argmax(axis=0)]
    last = clock[len(clock) - 1 - seen[::-1].argmax(axis=0)]
    shared = np.minimum.outer(last, last) - np.maximum.outer(first, first)
    if not (shared > 0).all():
        a, b = (int(n) for n in np.unravel_index(int(np.argmin(shared)), shared.shape))
        raise InputError(f"joint history of {moves.keys[a]} and {moves.keys[b]}", found="no time that both were seen",
                         wanted="spans that overlap", remedy="leave one out")
    row = (clock[-1] - clock[0]) / (len(clock) - 1)
    covariance = asynchronous_covariance(clock, levels_of(panel)) / shared * row
    correlation, deviation = _correlation_of(covariance, moves)
    fewest = int(moves.known.sum(axis=0).min())
    return _Estimate(correlation, deviation, fewest, float(fewest), {}, ())


def _without_gaps(moves: Moves, missing: str) -> tuple[Moves, tuple[Repair, ...]]:
    if missing == "refuse" and not moves.known.all():
        gaps = [f"{key} {n}" for key, n in zip(moves.keys, (~moves.known).sum(axis=0), strict=True) if n]
        raise InputError(f"history {moves.source}", found="moves missing: " + ", ".join(gaps), wanted="none missing",
                         remedy="take whole_rows or pairwise")
    return whole_rows(moves)


def _sample(values: Floats) -> tuple[Floats, Floats]:
    held = values - values.mean(axis=0)
    return as_correlation(held.T @ held / (len(values) - 1))


def _semidefinite(correlation: Floats) -> tuple[Floats, tuple[Repair, ...]]:
    if is_semidefinite(correlation):
        return correlation, ()
    nearest = nearest_correlation(correlation)
    return nearest.correlation, (
        Repair("", "correlation moved to the nearest positive semi-definite one", nearest.distance, "Frobenius norm"),
        Repair("", "largest change of one correlation in doing so", nearest.largest, "correlation"),
    )


def _moved(sample: Floats, shrunk: Floats) -> tuple[Repair, ...]:
    return (Repair("", "correlation shrunk from its sample", float(np.linalg.norm(shrunk - sample)),
                   "Frobenius norm"),)


def _refuse_unknown(method: str, missing: str, panel: Panel | Moves) -> None:
    if method not in METHODS:
        raise InputError("method of covariance", found=method, wanted="one of " + ", ".join(METHODS))
    if missing not in ("whole_rows", "pairwise", "refuse"):
        raise InputError("what to do about missing moves", found=missing, wanted="whole_rows, pairwise or refuse")
    if missing == "pairwise" and method not in ("sample", "ewma", "qis", "hayashi_yoshida"):
        raise InputError(f"{method} covariance, missing moves", found="pairwise", wanted="whole_rows",
                         remedy="pairs are for sample, ewma and qis")
    if method == "hayashi_yoshida" and not isinstance(panel, Panel):
        raise InputError("hayashi_yoshida covariance", found="moves", wanted="a Panel of levels",
                         remedy="it needs the time at which each level was seen")
