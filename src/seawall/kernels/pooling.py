"""Which probabilities agree with a view and change the least? Entropy pooling, by its dual.

Minimise sum p ln(p / q) over p >= 0, sum p = 1, equal'p = targets, atmost'p <= bounds. The answer is
p ~ q exp(-(equal lambda + atmost nu)), nu >= 0, so only as many numbers are searched as there are views.
Source: Meucci (2008), Fully flexible views: theory and practice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from seawall.errors import InputError, ShapeMismatch

Floats = NDArray[np.float64]

MET = 1e-7  # of a feature's own deviation
ROUNDS = 50


class Pooled(NamedTuple):
    """probabilities (S,); entropy: relative to the prior, nats; multipliers (K,), zero where a bound does not bind."""

    probabilities: Floats
    entropy: float
    multipliers: Floats

    @property
    def effective(self) -> float:
        """exp of the entropy of p: how many equally likely scenarios know as much."""
        p = self.probabilities[self.probabilities > 0]
        return float(np.exp(-(p @ np.log(p))))


def pool(prior: Floats, features: Floats, targets: Floats, bounded: NDArray[np.bool_]) -> Pooled:
    """Probabilities (S,) nearest to the prior (S,) whose averages of features (S,K) are the targets (K,).

    bounded (K,): an average may be below its target instead of equal. A scenario that the prior rules out stays out.
    Raises InputError if no probabilities on the others meet the views, naming the first by its place.
    """
    if features.shape != (len(prior), len(targets)):
        raise ShapeMismatch("features of views", found=features.shape, wanted=(len(prior), len(targets)))
    live = prior > 0
    base, felt = prior[live] / prior[live].sum(), features[live]
    scale = np.sqrt(base @ (felt - base @ felt) ** 2)
    _refuse_unchanged(felt, targets, scale)
    x = (felt - targets) / scale
    _refuse_out_of_reach(x, bounded)
    dual = _solved(np.log(base), x, bounded)
    p = np.zeros(len(prior))
    p[live] = _at(np.log(base), x, dual)
    average = p[live] @ x
    miss = np.where(bounded, np.maximum(average, 0.0), np.abs(average))
    if miss.max(initial=0.0) > MET:
        raise InputError(f"view {int(np.argmax(miss)) + 1}", found=f"missed by {miss.max():.3g} deviations",
                         wanted="views that some probabilities meet together", remedy="soften or drop one")
    there = p > 0
    return Pooled(p, float(p[there] @ np.log(p[there] / (prior[there] / prior[live].sum()))), dual / scale)


def _at(log_prior: Floats, x: Floats, dual: Floats) -> Floats:
    score = log_prior - x @ dual
    return np.asarray(np.exp(score - logsumexp(score)))


def _solved(log_prior: Floats, x: Floats, bounded: NDArray[np.bool_]) -> Floats:
    """Multipliers (K,) of greatest dual: log of the normaliser, convex; polished by Newton on what binds."""
    def loss(dual: Floats) -> tuple[float, Floats]:
        score = log_prior - x @ dual
        top = float(logsumexp(score))
        return top, -(np.exp(score - top) @ x)

    limits = [(0.0, None) if b else (None, None) for b in bounded]
    found = minimize(loss, np.zeros(x.shape[1]), jac=True, bounds=limits, method="L-BFGS-B",
                     options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-10})
    dual = np.asarray(found.x)
    for _ in range(ROUNDS):
        p = _at(log_prior, x, dual)
        average = p @ x
        active = ~bounded | (dual > 0)
        if np.abs(average[active]).max(initial=0.0) < 1e-13:
            break
        spread = (x[:, active] * p[:, None]).T @ x[:, active] - np.outer(average[active], average[active])
        step = np.zeros(len(dual))
        step[active] = np.linalg.lstsq(spread, average[active], rcond=None)[0]
        trial = np.where(bounded, np.maximum(dual + step, 0.0), dual + step)
        if loss(trial)[0] > loss(dual)[0] + 1e-15:
            break
        dual = trial
    return dual


def _refuse_unchanged(features: Floats, targets: Floats, scale: Floats) -> None:
    if not (np.isfinite(features).all() and np.isfinite(targets).all()):
        raise InputError("views", found="quantities or values that are not numbers", wanted="finite numbers")
    still = (np.ptp(features, axis=0) == 0) | ~(scale > 0)
    if still.any():
        raise InputError(f"view {int(np.argmax(still)) + 1}", found="a quantity that no scenario changes",
                         wanted="one that differs between scenarios that have a weight")


def _refuse_out_of_reach(x: Floats, bounded: NDArray[np.bool_]) -> None:
    for k, column in enumerate(x.T):
        if column.min() > 0 or (not bounded[k] and column.max() < 0):
            raise InputError(f"view {k + 1}", found="a target beyond every scenario",
                             wanted="one that some scenario reaches", remedy="soften it, or add wider scenarios")
