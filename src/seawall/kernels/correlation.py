"""Is it a correlation matrix, which is the nearest, and what if a crisis bends it?"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from seawall.errors import InputError, ModelError, ShapeMismatch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# What rounding alone may leave below zero in an eigenvalue of a correlation matrix, per unit of trace.
SEMIDEFINITE = 1e-12


class Nearest(NamedTuple):
    """correlation (P,P); distance moved (Frobenius) and the largest change of one entry; how many rounds it took."""

    correlation: Floats
    distance: float
    largest: float
    rounds: int


def as_correlation(covariance: Floats) -> tuple[Floats, Floats]:
    """Correlation (P,P) with a diagonal of exactly one, and deviations (P). Raises InputError for a variance <= 0."""
    variance = np.diag(covariance)
    if not (variance > 0).all():
        worst = int(np.argmin(np.where(np.isnan(variance), -np.inf, variance)))
        raise InputError(f"variance of column {worst}", found=float(variance[worst]), wanted="more than 0",
                         remedy="model what hardly moves by its jumps, or leave it out")
    deviation = np.sqrt(variance)
    correlation = covariance / np.outer(deviation, deviation)
    correlation = (correlation + correlation.T) / 2
    np.fill_diagonal(correlation, 1.0)
    return correlation, deviation


def as_covariance(correlation: Floats, deviation: Floats) -> Floats:
    """Covariance (P,P) from a correlation and deviations (P)."""
    return np.asarray(correlation * np.outer(deviation, deviation))


def least_eigenvalue(matrix: Floats) -> float:
    """The smallest eigenvalue of a symmetric matrix."""
    return float(np.linalg.eigvalsh(matrix)[0])


def is_semidefinite(matrix: Floats) -> bool:
    """Whether no eigenvalue lies below zero by more than rounding: 1e-12 of the trace."""
    return least_eigenvalue(matrix) >= -SEMIDEFINITE * max(1.0, float(np.trace(matrix)))


def nearest_correlation(
    matrix: Floats, *, least: float = 0.0, tolerance: float = 1e-10, rounds: int = 5000
) -> Nearest:
    """The correlation matrix nearest to a symmetric one in the Frobenius norm, and how far that was.

    matrix (P,P), any diagonal. least: smallest eigenvalue wanted, 0 <= least < 1. A matrix that is a correlation
    already comes back as it is, distance 0. Alternating projections onto semi-definite and unit-diagonal matrices
    with Dykstra's correction, without which they would stop at a matrix that is not the nearest.
    Source: Higham (2002), Computing the nearest correlation matrix. Raises ModelError if it does not settle.
    """
    given = _symmetric(matrix)
    if not 0.0 <= least < 1.0:
        raise InputError("least eigenvalue of a correlation", found=least, wanted="at least 0, less than 1")
    if (np.diag(given) == 1.0).all() and least_eigenvalue(given) >= least:
        return Nearest(given, 0.0, 0.0, 0)
    current, correction, step = given.copy(), np.zeros_like(given), math.inf
    for count in range(1, rounds + 1):
        held = current - correction
        projected = _at_least(held, least)
        correction = projected - held
        following = projected.copy()
        np.fill_diagonal(following, 1.0)
        step = _norm(following - current) + _norm(following - projected)
        current = following
        if step <= tolerance * max(1.0, _norm(current)):
            return _finished(given, projected, least, count)
    raise ModelError(f"nearest correlation: not settled after {rounds} rounds, last step {step:.3g}; "
                     "check the matrix for entries far outside -1 to 1, or allow more rounds")


def all_together(count: int) -> Floats:
    """The crisis in which every factor moves as one: a matrix of ones (P,P)."""
    return np.ones((count, count))


def by_sign(signs: Floats) -> Floats:
    """The crisis in which factors move as one, each its own way: s s' for signs (P) of +1 and -1."""
    if not (np.abs(signs) == 1.0).all():
        raise InputError("signs of a crisis", found=signs.tolist(), wanted="+1 or -1 for each factor")
    return np.outer(signs, signs)


def by_block(block: Ints, between: Floats) -> Floats:
    """The crisis in which blocks move as one: entry = between[block of i, block of j].

    block (P): each factor's block, from 0; between (B,B): a correlation matrix of the blocks.
    """
    _check_correlation(between, "correlation between blocks")
    if len(block) and not (block.min() >= 0 and block.max() < len(between)):
        raise InputError("block of a factor", found=[int(block.min()), int(block.max())],
                         wanted=f"between 0 and {len(between) - 1}")
    return np.asarray(between[np.ix_(block, block)])


def stressed_correlation(correlation: Floats, crisis: Floats, weight: float) -> Floats:
    """(1 - weight) C + weight C*: a blend of two correlation matrices, hence positive semi-definite itself.

    weight 0 is today, 1 the crisis. Its least eigenvalue is at least (1 - weight) times today's.
    Raises InputError if the weight leaves [0, 1] or either matrix is no correlation matrix.
    """
    if not 0.0 <= weight <= 1.0:
        raise InputError("weight of the crisis", found=weight, wanted="between 0 and 1")
    _check_correlation(correlation, "correlation to stress")
    _check_correlation(crisis, "crisis correlation")
    if correlation.shape != crisis.shape:
        raise ShapeMismatch("crisis correlation", found=crisis.shape, wanted=correlation.shape)
    return np.asarray((1.0 - weight) * correlation + weight * crisis)


def conditional_correlation(correlation: float, threshold: float, *, both_sides: bool = True) -> float:
    """What a bivariate normal's correlation measures on the rows where |x| (or x) exceeds so many deviations.

    It rises with the threshold (or falls, one-sided) though nothing changed: compare a measured "breakdown" with it.
    Source: Boyer, Gibson and Loretan (1999), Pitfalls in tests for changes in correlations.
    """
    density = np.exp(-0.5 * threshold**2) / np.sqrt(2 * np.pi)
    hazard = density / ndtr(-threshold)
    variance = 1 + threshold * hazard if both_sides else 1 + hazard * (threshold - hazard)
    return float(correlation / np.sqrt(correlation**2 + (1 - correlation**2) / variance))


def _symmetric(matrix: Floats) -> Floats:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeMismatch("correlation", found=matrix.shape, wanted="a square matrix")
    if not np.isfinite(matrix).all():
        raise InputError("correlation", found=f"{int((~np.isfinite(matrix)).sum())} entries that are no numbers",
                         wanted="finite entries", remedy="leave out pairs that were never seen together")
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-10 * max(1.0, float(np.abs(matrix).max(initial=0.0)))):
        raise InputError("correlation", found="a matrix that is not symmetric", wanted="a symmetric one")
    return np.asarray((matrix + matrix.T) / 2)


def _check_correlation(matrix: Floats, what: str) -> None:
    held = _symmetric(matrix)
    if not np.allclose(np.diag(held), 1.0, rtol=0, atol=1e-12):
        raise InputError(what, found=f"diagonal from {np.diag(held).min():g} to {np.diag(held).max():g}",
                         wanted="a diagonal of ones", remedy="divide by the deviations first")
    if not is_semidefinite(held):
        raise InputError(what, found=f"least eigenvalue {least_eigenvalue(held):.3g}",
                         wanted="a positive semi-definite matrix", remedy="take the nearest correlation first")


def _norm(matrix: Floats) -> float:
    return float(np.sqrt((matrix * matrix).sum()))


def _at_least(matrix: Floats, least: float) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    raised = (vectors * np.maximum(values, least)) @ vectors.T
    return np.asarray((raised + raised.T) / 2)


def _finished(given: Floats, projected: Floats, least: float, rounds: int) -> Nearest:
    """The semi-definite iterate with its diagonal scaled to one: a congruence, so no eigenvalue turns negative."""
    scale = 1.0 / np.sqrt(np.diag(projected))
    answer = projected * np.outer(scale, scale)
    np.fill_diagonal(answer, 1.0)
    short = least - least_eigenvalue(answer)
    if short > 0:  # rounding only: a hair of the identity lifts it without leaving the diagonal of ones
        hair = min(1.0, 2 * short / (1.0 - least))
        answer = (1.0 - hair) * answer + hair * np.eye(len(answer))
    moved = answer - given
    return Nearest(answer, _norm(moved), float(np.abs(moved).max(initial=0.0)), rounds)
