"""How does correlation change from day to day? Dynamic conditional correlation with a fixed target.

    Q' = (1 - a - b) target + a z z' + b Q,    R = Q scaled to a diagonal of ones
z (T,P): residuals divided by their deviation. The target is held, so a and b are all there is to fit.
Sources: Engle (2002), Dynamic conditional correlation; Pakel, Shephard, Sheppard and Engle (2021) for pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.kernels.correlation import as_correlation

Floats = NDArray[np.float64]

# Beyond it the correlation forgets its target: every estimate that ends there says so.
PERSISTENCE_BOUND = 0.9999
# Lasting and fleeting correlation may each have an optimum of its own: the best start of either kind is followed.
LASTING = ((0.02, 0.95), (0.05, 0.9), (0.01, 0.98))
FLEETING = ((0.05, 0.6), (0.02, 0.45), (0.1, 0.2))


class Dcc(NamedTuple):
    """a: weight of the last row; b: of the row before's correlation; log_likelihood at them and at a = b = 0.

    The log-likelihood is that of the correlation alone (no deviations, no 2 pi), a sum over pairs if ``pairs``.
    """

    a: float
    b: float
    log_likelihood: float
    constant_log_likelihood: float
    pairs: bool


def fit_dcc(residuals: Floats, target: Floats, *, pairs: bool) -> Dcc:
    """The a and b of greatest quasi-likelihood, target held.

    residuals (T,P) without NaN, unit variance; target (P,P) positive definite. pairs: the mean of the bivariate
    likelihoods of neighbouring columns in place of the joint one, which costs P instead of P^3 a row and stays
    unbiased where P is not small against T. Raises ModelError if no start leads to an optimum.
    """
    z, held = _checked(residuals, target)
    likelihood = pairs_log_likelihood if pairs else joint_log_likelihood
    scale = 1.0 / len(z)

    def loss(point: Floats) -> float:
        value = -scale * likelihood(z, held, float(point[0]), float(point[1]))
        return value if np.isfinite(value) else 1e6

    constant = likelihood(z, held, 0.0, 0.0)
    fits = [_followed(loss, kind) for kind in (LASTING, FLEETING)] if np.isfinite(constant) else []
    fit = min(fits, key=lambda found: float(np.nan_to_num(found.fun, nan=np.inf)), default=None)
    if fit is None or not fit.fun < 1e6:
        why = "its target is not positive definite" if fit is None else str(fit.message)
        raise ModelError(f"dynamic correlation of {z.shape[1]} factors over {len(z)} rows: {why}; "
                         "shrink the target, or take a constant correlation")
    a, b = (float(x) for x in np.clip(fit.x, 0.0, PERSISTENCE_BOUND))
    best = -float(fit.fun) / scale
    if best <= constant:
        return Dcc(0.0, 0.0, constant, constant, pairs)
    return Dcc(a, b, best, constant, pairs)


def _followed(loss: Callable[[Floats], float], starts: Sequence[tuple[float, float]]) -> OptimizeResult:
    """The optimum downhill of the best of these starts."""
    room = {"type": "ineq", "fun": lambda p: PERSISTENCE_BOUND - p[0] - p[1], "jac": lambda _: np.array([-1.0, -1.0])}
    start = min(starts, key=lambda point: loss(np.array(point)))
    return minimize(loss, start, method="SLSQP", bounds=[(0.0, 1.0)] * 2, constraints=[room],
                    options={"ftol": 1e-13, "maxiter": 300})


def joint_log_likelihood(residuals: Floats, target: Floats, a: float, b: float) -> float:
    """-1/2 sum over rows of log|R| + z' R^-1 z; minus infinity if some R is not positive definite."""
    return float(_joint(residuals, target, a, b))


def pairs_log_likelihood(residuals: Floats, target: Floats, a: float, b: float) -> float:
    """Mean over the pairs of neighbouring columns of each pair's ``joint_log_likelihood``."""
    return float(_pairs(residuals, target, a, b))


def dcc_next(residuals: Floats, target: Floats, a: float, b: float) -> Floats:
    """(P,P) correlation of the row to come."""
    z, held = _checked(residuals, target)
    return as_correlation(_last_moment(z, held, a, b))[0]


def dcc_path(residuals: Floats, target: Floats, a: float, b: float) -> Floats:
    """(T + 1,P,P) correlation of each row given those before it, the last for the row to come."""
    z, held = _checked(residuals, target)
    moment, path = held.copy(), np.empty((len(z) + 1, *held.shape))
    for t in range(len(z) + 1):
        path[t] = as_correlation(moment)[0]
        if t < len(z):
            moment = (1 - a - b) * held + a * np.outer(z[t], z[t]) + b * moment
    return path


def dcc_forecast(following: Floats, target: Floats, persistence: float, rows: int) -> Floats:
    """(P,P) expected correlation ``rows`` ahead (1 gives ``following``): the excess over the target fades by a + b.

    Source: Engle and Sheppard (2001), the approximation that averages correlations.
    """
    if rows < 1:
        raise InputError("rows ahead", found=rows, wanted="at least 1")
    fade = persistence ** (rows - 1)
    return np.asarray((1 - fade) * as_correlation(target)[0] + fade * following)


@njit(cache=True, nogil=True, error_model="numpy")
def _joint(z: Floats, target: Floats, a: float, b: float) -> float:
    rows, count = z.shape
    moment, root, solved = target.copy(), np.zeros((count, count)), np.empty(count)
    total = 0.0
    for t in range(rows):
        # Q = D R D, so z' R^-1 z = (D z)' Q^-1 (D z) and log|R| = log|Q| - sum log diag Q.
        for i in range(count):
            diagonal = moment[i, i]
            for j in range(i):
                held = moment[i, j]
                for k in range(j):
                    held -= root[i, k] * root[j, k]
                root[i, j] = held / root[j, j]
                diagonal -= root[i, j] * root[i, j]
            if not diagonal > 0.0:
                return -np.inf
            root[i, i] = np.sqrt(diagonal)
            value = np.sqrt(moment[i, i]) * z[t, i]
            for k in range(i):
                value -= root[i, k] * solved[k]
            solved[i] = value / root[i, i]
            total -= np.log(root[i, i]) - 0.5 * np.log(moment[i, i]) + 0.5 * solved[i] * solved[i]
        for i in range(count):
            for j in range(i + 1):
                moment[i, j] = (1 - a - b) * target[i, j] + a * z[t, i] * z[t, j] + b * moment[i, j]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _pairs(z: Floats, target: Floats, a: float, b: float) -> float:
    rows, count = z.shape
    total = 0.0
    for i in range(count - 1):
        target_ii, target_jj, target_ij = target[i, i], target[i + 1, i + 1], target[i, i + 1]
        q_ii, q_jj, q_ij = target_ii, target_jj, target_ij
        for t in range(rows):
            x, y = z[t, i], z[t, i + 1]
            rho = q_ij / np.sqrt(q_ii * q_jj)
            left = 1.0 - rho * rho
            if not left > 0.0:
                return -np.inf
            total -= 0.5 * (np.log(left) + (x * x + y * y - 2.0 * rho * x * y) / left)
            q_ii = (1 - a - b) * target_ii + a * x * x + b * q_ii
            q_jj = (1 - a - b) * target_jj + a * y * y + b * q_jj
            q_ij = (1 - a - b) * target_ij + a * x * y + b * q_ij
    return float(total / (count - 1))


def _last_moment(z: Floats, target: Floats, a: float, b: float) -> Floats:
    """The recursion written out: decayed sums of outer products, one matrix product for all rows."""
    rows = len(z)
    weights = a * b ** np.arange(rows - 1, -1, -1.0)
    kept = b**rows
    pulled = (1 - a - b) * ((1 - kept) / (1 - b) if b < 1 else rows)
    return np.asarray((z * weights[:, None]).T @ z + (pulled + kept) * target)


def _checked(residuals: Floats, target: Floats) -> tuple[Floats, Floats]:
    z, held = np.ascontiguousarray(residuals, dtype=np.float64), np.ascontiguousarray(target, dtype=np.float64)
    if z.ndim != 2 or z.shape[1] < 2 or held.shape != (z.shape[1], z.shape[1]):
        raise ShapeMismatch("target of dynamic correlation", found=held.shape, wanted=(z.shape[-1], z.shape[-1]))
    if not np.isfinite(z).all():
        raise InputError("residuals for dynamic correlation", found=f"{int((~np.isfinite(z)).sum())} missing",
                         wanted="whole rows", remedy="leave out the rows or the factors that miss values")
    return z, held
