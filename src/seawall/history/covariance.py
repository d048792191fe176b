"""How do prices move together? Covariance of log moves per year, from a panel with holes, with what it rests on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.history.dynamics_moves import PROPORTIONAL, moves_of
from seawall.kernels.correlation import as_correlation, as_covariance, is_semidefinite, nearest_correlation
from seawall.kernels.covariance import decay_weights, pairwise_covariance
from seawall.model.arrays import Floats
from seawall.model.panel import Panel
from seawall.model.scenario import Column

LEAST_MOVES = 20


class Covariance(NamedTuple):
    """columns (C): what moves. matrix (C,C): covariance of log moves per year, positive semi-definite.

    moves (C,C): joint moves that each entry rests on; effective (C,C): their effective number, (sum w)^2 / sum w^2.
    repaired: largest change of a correlation that holes made necessary, 0 if none was.
    """

    columns: tuple[Column, ...]
    matrix: Floats
    moves: Floats
    effective: Floats
    repaired: float


def covariance(panel: Panel, *, method: str = "ewma", decay: float = 0.97) -> Covariance:
    """Covariance of one-row log moves, times rows per year.

    Weekends are left out if some factors never trade on them (``common_calendar``). A move counts if both of its rows
    have a level; a pair's entry rests on the rows where both move, so that a hole in one name takes nothing from the
    others. The nearest correlation is then taken, variances kept, and the largest change told. method ``ewma``: weight
    decay**age, age in rows, mean move taken as zero; ``sample``: equal weights, each pair's own mean, divided by n - 1.
    The standard error of a volatility is about volatility / sqrt(2 effective). Raises InputError for fewer than twenty
    joint moves, for factors that do not move by ratios, and for an unknown method or a decay outside (0, 1).
    Other factors and estimators: ``seawall.history.dependence``.
    Source: J.P. Morgan, RiskMetrics Technical Document (1996), 5.2 (zero mean, exponential weights).
    """
    _refuse_unusable(panel, method, decay)
    moves = moves_of(panel)
    joint = moves.known.astype(float).T @ moves.known.astype(float)
    _refuse_few(panel, joint)
    weights = decay_weights(len(moves.values), decay) if method == "ewma" else None
    raw, effective = pairwise_covariance(moves.values, weights)
    correlation, deviation = as_correlation(raw * moves.periods_per_year)
    columns = tuple(Column(factor.risk_class, factor.qualifier) for factor in panel.factors)
    if is_semidefinite(correlation):
        return Covariance(columns, as_covariance(correlation, deviation), joint, effective, 0.0)
    nearest = nearest_correlation(correlation)
    return Covariance(columns, as_covariance(nearest.correlation, deviation), joint, effective, nearest.largest)


def _refuse_unusable(panel: Panel, method: str, decay: float) -> None:
    if method not in ("ewma", "sample"):
        raise InputError("method of covariance", found=method, wanted="ewma or sample")
    if not 0 < decay < 1:
        raise InputError("decay of covariance", found=decay, wanted="between 0 and 1, such as 0.97")
    other = [factor.key for factor in panel.factors if factor.risk_class not in PROPORTIONAL]
    if other:
        raise InputError("factors that do not move by ratios", found=", ".join(other),
                         wanted="classes " + ", ".join(PROPORTIONAL), remedy="select the others")


def _refuse_few(panel: Panel, joint: Floats) -> None:
    if not joint.size or joint.min() < LEAST_MOVES:
        a, b = np.unravel_index(int(np.argmin(joint)), joint.shape) if joint.size else (0, 0)
        pair = " and ".join(dict.fromkeys(panel.factors[n].key for n in (a, b))) if joint.size else "no factor"
        raise InputError(f"joint moves of {pair}", found=int(joint.min()) if joint.size else 0,
                         wanted=f"at least {LEAST_MOVES}", remedy="read more dates, or leave one out")
