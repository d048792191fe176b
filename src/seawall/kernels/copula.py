"""How do extremes come together, whatever each one's own law? Gaussian and Student-t copulas.

Observations are ranks: u = rank / (T + 1), so no margin is assumed. Correlation comes from Kendall's tau,
rho = sin(pi tau / 2), which no margin and no outlier can bend; degrees of freedom by pseudo-likelihood given it.
Source: McNeil, Frey and Embrechts (2015), Quantitative Risk Management, 7.3 and 7.5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaincinv, gammaln, ndtr, ndtri, stdtr, stdtrit
from scipy.stats import rankdata

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.correlation import Nearest, nearest_correlation

Floats = NDArray[np.float64]

# Where tails are searched for: below, moments vanish; above, no sample tells a t from a normal.
LEAST_DEGREES, MOST_DEGREES = 1.5, 200.0
# A fitted correlation keeps at least this much of every direction, or its density does not exist.
LEAST_EIGENVALUE = 1e-6


class CopulaFit(NamedTuple):
    """correlation (P,P) with its repair; degrees (infinite if Gaussian); log-likelihood; tau (P,P) as measured."""

    repair: Nearest
    degrees: float
    log_likelihood: float
    tau: Floats

    @property
    def correlation(self) -> Floats:
        """(P,P), positive definite."""
        return self.repair.correlation


def pseudo_observations(moves: Floats) -> Floats:
    """(T,P) ranks divided by T + 1, ties sharing their mean rank. moves (T,P) without NaN."""
    if not np.isfinite(moves).all():
        raise InputError("moves to rank", found=f"{int((~np.isfinite(moves)).sum())} missing", wanted="whole rows")
    return np.asarray(rankdata(moves, axis=0) / (len(moves) + 1.0))


def kendall_tau(moves: Floats) -> Floats:
    """(P,P) Kendall's tau-b: concordant less discordant pairs of rows, over those not tied in either column.

    A column that never changes has no order: its entries are zero, its diagonal one.
    """
    rows, count = moves.shape
    if rows < 2:
        raise InputError("rows to compare", found=rows, wanted="at least 2")
    concordance = np.zeros((count, count))
    for lag in range(1, rows):
        # Signs are -1, 0 and 1, and sums of fewer than 2^24 of them are exact in single precision.
        sign = np.sign(moves[lag:] - moves[:-lag]).astype(np.float32)
        concordance += sign.T @ sign
    untied = np.sqrt(np.diag(concordance))
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = np.where(np.outer(untied, untied) > 0, concordance / np.outer(untied, untied), 0.0)
    np.fill_diagonal(tau, 1.0)
    return np.asarray(tau)


def fit_copula(uniforms: Floats, *, heavy: bool = True) -> CopulaFit:
    """Student-t copula (or Gaussian, if not heavy) of pseudo-observations (T,P).

    R: from Kendall's tau, then the nearest positive definite correlation, its distance told. Degrees between 1.5 and
    200, the latter meaning that no tail dependence is seen.
    """
    tau = kendall_tau(uniforms)
    repair = nearest_correlation(_unit(np.sin(0.5 * np.pi * tau)), least=LEAST_EIGENVALUE)
    if not heavy:
        return CopulaFit(repair, np.inf, gaussian_copula_log_likelihood(uniforms, repair.correlation), tau)

    def loss(log_degrees: float) -> float:
        return -student_copula_log_likelihood(uniforms, repair.correlation, float(np.exp(log_degrees)))

    bounds = (np.log(LEAST_DEGREES), np.log(MOST_DEGREES))
    fit = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return CopulaFit(repair, float(np.exp(fit.x)), -float(fit.fun), tau)


def gaussian_copula_log_likelihood(uniforms: Floats, correlation: Floats) -> float:
    """Log-likelihood of (T,P) pseudo-observations under a Gaussian copula."""
    x = ndtri(uniforms)
    log_determinant, distances = _whitened(x, correlation)
    return float(-0.5 * len(x) * log_determinant - 0.5 * np.sum(distances - (x * x).sum(axis=1)))


def student_copula_log_likelihood(uniforms: Floats, correlation: Floats, degrees: float) -> float:
    """Log-likelihood of (T,P) pseudo-observations under a Student-t copula."""
    rows, count = uniforms.shape
    x = stdtrit(degrees, uniforms)
    log_determinant, distances = _whitened(x, correlation)
    half, joint = 0.5 * (degrees + 1), 0.5 * (degrees + count)
    constant = gammaln(joint) + (count - 1) * gammaln(0.5 * degrees) - count * gammaln(half) - 0.5 * log_determinant
    together = joint * np.log1p(distances / degrees).sum()
    alone = half * np.log1p(x * x / degrees).sum()
    return float(rows * constant - together + alone)


def tail_dependence(correlation: Floats, degrees: float) -> Floats:
    """Chance that one factor is extreme given that another is, in the limit: 2 t_{n+1}(-sqrt((n+1)(1-rho)/(1+rho))).

    correlation: any shape; degrees infinite gives the Gaussian's zero (one where rho is one). The same in both tails.
    Source: Embrechts, McNeil and Straumann (2002), Correlation and dependence in risk management.
    """
    rho = np.asarray(correlation, dtype=np.float64)
    if not degrees > 0:
        raise InputError("degrees of freedom", found=degrees, wanted="more than 0")
    if np.isinf(degrees):
        return np.where(rho >= 1.0, 1.0, 0.0)
    with np.errstate(divide="ignore"):
        reach = np.sqrt((degrees + 1) * np.maximum(1 - rho, 0.0) / np.maximum(1 + rho, 0.0))
    return np.asarray(2 * stdtr(degrees + 1, -reach))


def copula_draws(uniforms: Floats, root: Floats, degrees: float) -> Floats:
    """(S,P) uniforms that depend on each other as the copula says, from independent ones.

    uniforms (S,P+1), strictly inside 0 and 1, pseudo-random or low-discrepancy: the first column mixes (and is unused
    if degrees is infinite), the rest are normal. root (P,P): a matrix whose product with its transpose is R.
    """
    if uniforms.ndim != 2 or uniforms.shape[1] != len(root) + 1:
        raise ShapeMismatch("uniforms of a copula", found=uniforms.shape, wanted=f"(S, {len(root) + 1})")
    normal = ndtri(uniforms[:, 1:]) @ root.T
    if np.isinf(degrees):
        return np.asarray(ndtr(normal))
    chi_squared = 2.0 * gammaincinv(0.5 * degrees, uniforms[:, 0])
    return np.asarray(stdtr(degrees, normal * np.sqrt(degrees / chi_squared)[:, None]))


def symmetric_root(correlation: Floats) -> Floats:
    """(P,P) the symmetric semi-definite square root: no order of columns is preferred."""
    values, vectors = np.linalg.eigh(correlation)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _whitened(x: Floats, correlation: Floats) -> tuple[float, Floats]:
    """log|R|, and each row's x' R^-1 x (T)."""
    root = np.linalg.cholesky(correlation)
    white = np.linalg.solve(root, x.T)
    return float(2 * np.log(np.diag(root)).sum()), np.asarray((white**2).sum(axis=0))


def _unit(matrix: Floats) -> Floats:
    np.fill_diagonal(matrix, 1.0)
    return matrix
