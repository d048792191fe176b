"""How large will the next move be? The volatility filter: GARCH, GJR and exponential smoothing in one recursion.

Fitted parameters are plain numbers, so that filtering and simulating need no estimation library.
    variance' = omega + (alpha + gamma [residual < 0]) residual^2 + beta variance
Exponential smoothing is omega = gamma = 0, alpha = 1 - decay, beta = decay.
Sources: Bollerslev (1986); Glosten, Jagannathan and Runkle (1993).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import gammaln

from seawall.errors import InputError, ShapeMismatch

Floats = NDArray[np.float64]

BACKCAST_DECAY, BACKCAST_ROWS = 0.94, 75


class Recursion(NamedTuple):
    """omega in squared moves; alpha, gamma, beta pure numbers. Plain scalars, or arrays (P) for several factors."""

    omega: float
    alpha: float
    gamma: float
    beta: float

    @property
    def persistence(self) -> float:
        """alpha + gamma / 2 + beta: how much of today's excess variance is left tomorrow (symmetric law)."""
        return self.alpha + 0.5 * self.gamma + self.beta

    @property
    def long_run(self) -> float:
        """Variance that the filter returns to; infinite where the persistence is one or more."""
        return self.omega / (1.0 - self.persistence) if self.persistence < 1.0 else math.inf


def smoothing(decay: float) -> Recursion:
    """Exponential smoothing as a recursion. 0 < decay < 1."""
    if not 0.0 < decay < 1.0:
        raise InputError("decay", found=decay, wanted="between 0 and 1", remedy="0.94 and 0.97 are customary")
    return Recursion(0.0, 1.0 - decay, 0.0, decay)


def backcast(residuals: Floats) -> float:
    """Variance to start a filter with: the first 75 squared residuals (T), decayed by 0.94 away from the start."""
    squares = residuals[np.isfinite(residuals)][:BACKCAST_ROWS] ** 2
    if not len(squares):
        raise InputError("residuals to start a volatility filter", found="none", wanted="at least one")
    weights = BACKCAST_DECAY ** np.arange(len(squares))
    return float(squares @ weights / weights.sum())


def filtered_variance(residuals: Floats, recursion: Recursion, start: float) -> Floats:
    """(T + 1,) variance of each residual given those before it, the last for the row to come.

    residuals (T): moves less their mean. start: stands for the squared residual and the variance before the first row.
    A missing residual (NaN) counts as its expectation, so that a hole neither calms nor stirs the filter.
    """
    _check(recursion, start)
    omega, alpha, gamma, beta = (float(x) for x in recursion)
    held = np.ascontiguousarray(residuals, dtype=np.float64)
    return np.asarray(_filter(held, omega, alpha, gamma, beta, float(start)))


def forecast_variance(variance: float, recursion: Recursion, rows: int) -> Floats:
    """(rows,) expected variance 1, 2, ... rows ahead; variance is that of the next row."""
    steps = np.arange(rows)
    if recursion.persistence == 1.0:
        return np.asarray(variance + steps * recursion.omega)
    level = recursion.omega / (1.0 - recursion.persistence)
    return np.asarray(level + recursion.persistence**steps * (variance - level))


def simulated_moves(draws: Floats, mean: Floats, variance: Floats, recursions: Floats) -> Floats:
    """(S,H,P) moves of P factors over H rows, each path's variance following its own draws.

    draws (S,H,P): residuals divided by their deviation (unit variance), drawn jointly across P. mean, variance (P): of
    the next row; recursions (P,4): omega, alpha, gamma, beta. The first row uses ``variance`` itself.
    """
    if draws.ndim != 3 or recursions.shape != (draws.shape[2], 4):
        raise ShapeMismatch("recursions of simulated factors", found=recursions.shape, wanted=(draws.shape[-1], 4))
    out = np.empty_like(draws, dtype=np.float64)
    _simulate(np.ascontiguousarray(draws, dtype=np.float64), np.ascontiguousarray(mean, dtype=np.float64),
              np.ascontiguousarray(variance, dtype=np.float64), np.ascontiguousarray(recursions, dtype=np.float64), out)
    return out


def normal_log_likelihood(residuals: Floats, variance: Floats) -> float:
    """Log-likelihood of residuals (T), NaN left out, with variance (T) and a normal law."""
    have = np.isfinite(residuals)
    e, v = residuals[have], variance[have]
    return float(-0.5 * np.sum(np.log(2 * np.pi) + np.log(v) + e * e / v))


def student_log_likelihood(residuals: Floats, variance: Floats, degrees: float) -> float:
    """Log-likelihood of residuals (T), NaN left out, with variance (T) and a Student-t law scaled to that variance."""
    if degrees <= 2:
        raise InputError("degrees of freedom", found=degrees, wanted="more than 2", remedy="a variance must exist")
    have = np.isfinite(residuals)
    e, v = residuals[have], variance[have]
    constant = gammaln((degrees + 1) / 2) - gammaln(degrees / 2) - 0.5 * np.log(np.pi * (degrees - 2))
    body = np.log1p(e * e / (v * (degrees - 2)))
    return float(np.sum(constant - 0.5 * np.log(v) - 0.5 * (degrees + 1) * body))


@njit(cache=True, nogil=True, error_model="numpy")
def _filter(residuals: Floats, omega: float, alpha: float, gamma: float, beta: float, start: float) -> Floats:
    variance = np.empty(residuals.size + 1)
    # Half of what stands for the past is taken to have fallen.
    variance[0] = omega + (alpha + 0.5 * gamma + beta) * start
    for t in range(residuals.size):
        e, v = residuals[t], variance[t]
        if np.isnan(e):
            variance[t + 1] = omega + (alpha + 0.5 * gamma + beta) * v
        elif e < 0.0:
            variance[t + 1] = omega + (alpha + gamma) * e * e + beta * v
        else:
            variance[t + 1] = omega + alpha * e * e + beta * v
    return variance


@njit(cache=True, nogil=True, error_model="numpy")
def _simulate(draws: Floats, mean: Floats, variance: Floats, recursions: Floats, out: Floats) -> None:
    paths, rows, factors = draws.shape
    for s in range(paths):
        for p in range(factors):
            omega, alpha, gamma, beta = recursions[p, 0], recursions[p, 1], recursions[p, 2], recursions[p, 3]
            v = variance[p]
            for h in range(rows):
                e = np.sqrt(v) * draws[s, h, p]
                out[s, h, p] = mean[p] + e
                pull = alpha + gamma if e < 0.0 else alpha
                v = omega + pull * e * e + beta * v


def _check(recursion: Recursion, start: float) -> None:
    named = {**recursion._asdict(), "start": start}
    for name, value in named.items():
        # A negative gamma (rises stir more than falls) is lawful as long as alpha + gamma is not negative.
        least = -recursion.alpha if name == "gamma" else 0.0
        if not (math.isfinite(value) and value >= least):
            raise InputError(f"volatility filter: {name}", found=value, wanted=f"a finite number, at least {least:g}")
