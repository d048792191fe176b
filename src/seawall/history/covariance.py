"""How do prices move together? Covariance of log moves per year, from a panel with holes, with what it rests on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.history.join import common_calendar
from seawall.model.arrays import Bools, Floats
from seawall.model.panel import Panel
from seawall.model.scenario import Column

MULTIPLICATIVE = ("spot", "volatility", "peg", "exchange_rate")
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
    others. The matrix is then brought to a correlation by lifting eigenvalues, and the change told. method ``ewma``:
    weight decay**age, age in rows, mean move taken as zero; ``sample``: equal weights, each pair's own mean, divided by
    n - 1. The standard error of a volatility is about volatility / sqrt(2 effective). Raises InputError for fewer than
    twenty joint moves, for factors that do not move by ratios, and for an unknown method or a decay outside (0, 1).
    Source: J.P. Morgan, RiskMetrics Technical Document (1996), 5.2 (zero mean, exponential weights).
    """
    _refuse_unusable(panel, method, decay)
    panel = common_calendar(panel)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.diff(np.log(panel.values), axis=0)
    known = np.isfinite(moves)
    filled = np.where(known, moves, 0.0)
    joint = known.astype(float).T @ known.astype(float)
    _refuse_few(panel, joint)
    age = np.arange(len(moves))[::-1]
    weight: Floats = np.power(decay, age) if method == "ewma" else np.ones(len(moves))
    mass, square = _masses(known, weight)
    raw = (filled * weight[:, None]).T @ filled / mass
    if method == "sample":
        raw = (raw - _mean_products(filled, known, joint)) * joint / (joint - 1)
    columns = tuple(Column(factor.risk_class, factor.qualifier) for factor in panel.factors)
    matrix, repaired = _semi_definite(raw * panel.periods_per_year)
    return Covariance(columns, matrix, joint, mass**2 / square, repaired)


def _masses(known: Bools, weight: Floats) -> tuple[Floats, Floats]:
    """(C,C) sums of the weights, and of their squares, over the rows where both move."""
    there = known.astype(float)
    return (there * weight[:, None]).T @ there, (there * weight[:, None] ** 2).T @ there


def _mean_products(filled: Floats, known: Bools, joint: Floats) -> Floats:
    """(C,C) product of the two means over the rows where both move."""
    sums = filled.T @ known.astype(float)
    means: Floats = sums * sums.T / joint**2
    return means


def _semi_definite(matrix: Floats) -> tuple[Floats, float]:
    """The matrix with negative eigenvalues of its correlation lifted to zero, variances kept; largest change."""
    deviation = np.sqrt(np.diag(matrix))
    scale = np.outer(deviation, deviation)
    correlation = matrix / scale
    values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
    if values.min() >= -1e-12:
        return (matrix + matrix.T) / 2, 0.0
    lifted = (vectors * np.maximum(values, 0.0)) @ vectors.T
    unit = np.sqrt(np.diag(lifted))
    mended = lifted / np.outer(unit, unit)
    mended = (mended + mended.T) / 2
    return mended * scale, float(np.abs(mended - correlation).max())


def _refuse_unusable(panel: Panel, method: str, decay: float) -> None:
    if method not in ("ewma", "sample"):
        raise InputError("method of covariance", found=method, wanted="ewma or sample")
    if not 0 < decay < 1:
        raise InputError("decay of covariance", found=decay, wanted="between 0 and 1, such as 0.97")
    other = [factor.key for factor in panel.factors if factor.risk_class not in MULTIPLICATIVE]
    if other:
        raise InputError("factors that do not move by ratios", found=", ".join(other),
                         wanted="classes " + ", ".join(MULTIPLICATIVE), remedy="select the others")


def _refuse_few(panel: Panel, joint: Floats) -> None:
    if not joint.size or joint.min() < LEAST_MOVES:
        a, b = np.unravel_index(int(np.argmin(joint)), joint.shape) if joint.size else (0, 0)
        pair = " and ".join(dict.fromkeys(panel.factors[n].key for n in (a, b))) if joint.size else "no factor"
        raise InputError(f"joint moves of {pair}", found=int(joint.min()) if joint.size else 0,
                         wanted=f"at least {LEAST_MOVES}", remedy="read more dates, or leave one out")
