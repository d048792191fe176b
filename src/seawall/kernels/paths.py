"""How are joint moves drawn? Uniforms, plain or low-discrepancy, and what turns them into dependent heavy-tailed moves.

Low-discrepancy points help where few directions matter: the mixing variable stands first, then the directions of a
correlation by the variance they carry, and the sum over days before the way it was reached.
Sources: Owen (1998), Scrambling Sobol' and Niederreiter-Xing points; Acworth, Broadie and Glasserman (1998).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaincinv, gammaln, ndtri
from scipy.stats import qmc

from seawall.errors import InputError, ShapeMismatch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SOBOL_BITS = 30
MOST_COLUMNS = 21_201  # direction numbers that are known
LEAST_DEGREES, MOST_DEGREES = 2.1, 200.0
LEAST_VARIANCE = 0.01


def pseudo_uniforms(seed: int, rows: int, columns: int) -> Floats:
    """(rows, columns) midpoints of 2^53 cells, never 0 or 1, from the raw bits of PCG64: no release may change them."""
    raw = np.random.PCG64(seed).random_raw(rows * columns)
    return np.asarray(((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53).reshape(rows, columns)


def sobol_uniforms(seed: int, rows: int, columns: int) -> Floats:
    """(rows, columns) Sobol points with Owen's nested scrambling, inside 0 and 1. rows: a power of two.

    Each seed is one randomisation: the spread over seeds, not within one, tells the error.
    """
    if rows < 1 or rows & (rows - 1):
        raise InputError("low-discrepancy points", found=rows, wanted="a power of two",
                         remedy=f"take {1 << max(rows, 1).bit_length()}: other numbers lose the balance")
    if not 1 <= columns <= MOST_COLUMNS:
        raise InputError("dimensions of low-discrepancy points", found=columns, wanted=f"1 to {MOST_COLUMNS}",
                         remedy="draw pseudo-random ones")
    points = qmc.Sobol(columns, scramble=True, bits=SOBOL_BITS, rng=np.random.default_rng(seed)).random(rows)
    return np.asarray(points + 2.0 ** -(SOBOL_BITS + 1))


def principal_root(covariance: Floats) -> Floats:
    """(P,P) root R, R R' = the matrix, its columns by the variance they carry, greatest first.

    Signs: each column's largest entry is positive. The root for low-discrepancy points.
    """
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-9 * max(1.0, float(values[-1])):
        raise InputError("covariance to take a root of", found=f"least eigenvalue {values[0]:.3g}",
                         wanted="a positive semi-definite matrix", remedy="repair it to the nearest one first")
    vectors = vectors[:, ::-1]
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))]
    return np.asarray(vectors * np.where(largest < 0, -1.0, 1.0) * np.sqrt(np.maximum(values[::-1], 0.0)))


def student_draws(uniforms: Floats, root: Floats, degrees: float) -> Floats:
    """(S,P) multivariate Student-t draws of covariance root root', from uniforms (S,P+1), the first of which mixes.

    degrees more than 2, or infinite for a normal law (the first column is then not used).
    """
    if uniforms.ndim != 2 or uniforms.shape[1] != root.shape[1] + 1:
        raise ShapeMismatch("uniforms of a multivariate t", found=uniforms.shape, wanted=f"(S, {root.shape[1] + 1})")
    return np.asarray((ndtri(uniforms[:, 1:]) @ root.T) * mixing(uniforms[:, 0], degrees)[:, None])


def mixing(uniforms: Floats, degrees: float) -> Floats:
    """(S,) what a normal draw is multiplied by to be Student-t of the same variance; ones if degrees is infinite."""
    if degrees <= 2:
        raise InputError("degrees of freedom", found=degrees, wanted="more than 2", remedy="a variance must exist")
    if math.isinf(degrees):
        return np.ones(len(uniforms))
    return np.asarray(np.sqrt((degrees - 2) / (2 * gammaincinv(degrees / 2, uniforms))))


def student_path_draws(uniforms: Floats, root: Floats, degrees: float, steps: int) -> Floats:
    """(S,H,P) independent rows of multivariate t draws, each of covariance root root'.

    uniforms (S, H (P + 1)): H mixing columns; then the normal parts of the sum over rows; then of the ways to it.
    """
    rows, count = len(uniforms), root.shape[1]
    if uniforms.shape[1] != steps * (count + 1):
        raise ShapeMismatch("uniforms of paths", found=uniforms.shape, wanted=f"(S, {steps * (count + 1)})")
    normal = ndtri(uniforms[:, steps:]).reshape(rows, steps, count)
    # An orthogonal mix of independent normals is as many independent normals; the first of them is the sum's.
    along = np.einsum("hk,skp->shp", time_rotation(steps), normal)
    mixed = np.column_stack([mixing(uniforms[:, h], degrees) for h in range(steps)])
    return np.asarray((along @ root.T) * mixed[:, :, None])


def time_rotation(steps: int) -> Floats:
    """(H,H) orthogonal, its first column constant: cosines of rising frequency (discrete cosine transform)."""
    place = (np.arange(steps) + 0.5)[:, None] * np.arange(steps)
    waves = np.cos(np.pi * place / steps) * np.sqrt(2.0 / steps)
    waves[:, 0] = 1.0 / math.sqrt(steps)
    return np.asarray(waves)


def student_degrees(residuals: Floats, correlation: Floats) -> float:
    """Degrees of freedom, 2.1 to 200, of greatest likelihood for residuals (T,P) of about unit variance.

    A multivariate t of unit variances and the given correlation (P,P), positive definite; one mixing for all columns.
    """
    count = len(correlation)
    root = np.linalg.cholesky(correlation)
    distances = (np.linalg.solve(root, residuals.T) ** 2).sum(axis=0)

    def loss(log_degrees: float) -> float:
        degrees = math.exp(log_degrees)
        joint = 0.5 * (degrees + count)
        constant = gammaln(joint) - gammaln(0.5 * degrees) - 0.5 * count * math.log(math.pi * (degrees - 2))
        return float(joint * np.log1p(distances / (degrees - 2)).sum() - len(residuals) * constant)

    bounds = (math.log(LEAST_DEGREES), math.log(MOST_DEGREES))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4}).x))


def row_order(residuals: Floats) -> Ints:
    """(T,) rows of residuals (T,P) by their score along the direction of greatest variance, least first."""
    held = residuals - residuals.mean(axis=0)
    return np.asarray(np.argsort(held @ principal_root(held.T @ held / len(held))[:, 0], kind="stable"))


def resampled_rows(uniforms: Floats, order: Ints) -> Ints:
    """(S,H) rows drawn with replacement from (T,) ``order``: neighbours in a uniform are neighbours in the order."""
    return np.asarray(order[np.minimum((uniforms * len(order)).astype(np.int64), len(order) - 1)])


def steadied(variance: Floats, moves: Floats) -> Floats:
    """Variance (T + 1, P) held above a hundredth of that of the moves (T,P), NaN left out.

    A price that stands still for days starves a filter; the next move over almost no deviation is then no residual but
    an accident, thousands of deviations wide.
    """
    return np.asarray(np.maximum(variance, LEAST_VARIANCE * np.nanmean(moves**2, axis=0)))
