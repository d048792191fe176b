"""How much of a sample covariance is noise? Linear and quadratic-inverse shrinkage, and clipping as a diagnostic."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.covariance import weighted_covariance

Floats = NDArray[np.float64]


class Shrunk(NamedTuple):
    """covariance (P,P), and intensity: 0 keeps the sample, 1 leaves the target alone."""

    covariance: Floats
    intensity: float


class Clipped(NamedTuple):
    """correlation (P,P) after clipping; eigenvalues (P) before, ascending; edge above which they are signal."""

    correlation: Floats
    eigenvalues: Floats
    edge: float
    clipped: int


def ledoit_wolf(moves: Floats, weights: Floats | None = None) -> Shrunk:
    """Covariance pulled towards a multiple of the identity, as far as minimises the expected squared error.

    moves (T,P); weights (T) summing to one (about zero then), or None for equal ones about the mean, divided by T.
    With weights the sampling error of the sample is that of the weighted sum, so a fast decay shrinks more.
    Source: Ledoit and Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices.
    """
    held = moves - moves.mean(axis=0) if weights is None else moves
    share = np.full(len(moves), 1.0 / len(moves)) if weights is None else weights
    sample = weighted_covariance(held, share)
    count = len(sample)
    mean = np.trace(sample) / count
    squares = np.einsum("ij,ij->i", held, held)
    fitted = np.einsum("ij,jk,ik->i", held, sample, held, optimize=True)
    whole = float((sample**2).sum())
    noise = float(share**2 @ (squares**2 - 2 * fitted + whole)) / count
    spread = (whole - count * mean**2) / count
    return _pulled(sample, mean, min(noise, spread) / spread if spread > 0 else 1.0)


def oracle_approximating(moves: Floats) -> Shrunk:
    """Covariance pulled towards a multiple of the identity by the intensity best for normal data; divided by T.

    Source: Chen, Wiesel, Eldar and Hero (2010), Shrinkage algorithms for MMSE covariance estimation.
    """
    rows, count = moves.shape
    sample = weighted_covariance(moves - moves.mean(axis=0), np.full(rows, 1.0 / rows))
    mean, square = np.trace(sample) / count, float((sample**2).mean())
    bottom = (rows + 1.0) * (square - mean**2 / count)
    return _pulled(sample, mean, min((square + mean**2) / bottom, 1.0) if bottom > 0 else 1.0)


def quadratic_inverse(sample: Floats, observations: float) -> Floats:
    """(P,P) covariance with each eigenvalue shrunk on its own; vectors and trace are the sample's.

    sample (P,P): symmetric, divided by ``observations``: rows less one if demeaned. More columns than observations
    are allowed: the null space gets its own positive eigenvalue, so the answer is always invertible (but for an
    all-zero sample). Source: Ledoit and Wolf (2022), Quadratic shrinkage for large covariance matrices, 4.5.
    """
    if sample.ndim != 2 or sample.shape[0] != sample.shape[1]:
        raise ShapeMismatch("sample covariance", found=sample.shape, wanted="a square matrix")
    if not observations >= 1:
        raise InputError("observations behind a covariance", found=observations, wanted="at least 1")
    values, vectors = np.linalg.eigh((sample + sample.T) / 2)
    values = np.maximum(values, 0.0)
    shrunk = _quadratic_eigenvalues(values, observations)
    if shrunk.sum() > 0:
        shrunk = shrunk * (values.sum() / shrunk.sum())
    answer = (vectors * shrunk) @ vectors.T
    return np.asarray((answer + answer.T) / 2)


def marchenko_pastur_edges(columns: int, observations: float, variance: float = 1.0) -> tuple[float, float]:
    """Least and greatest eigenvalue of a sample covariance of independent columns: variance (1 -+ sqrt(P / T))^2.

    Source: Marchenko and Pastur (1967).
    """
    ratio = np.sqrt(columns / observations)
    return float(variance * (1 - ratio) ** 2), float(variance * (1 + ratio) ** 2)


def clip_noise(correlation: Floats, observations: float) -> Clipped:
    """Correlation (P,P) whose eigenvalues below the noise edge are replaced by their mean, diagonal rescaled to one.

    A diagnostic: how many directions stand out of the noise. Quadratic shrinkage estimates better.
    Source: Laloux, Cizeau, Bouchaud and Potters (1999), Noise dressing of financial correlation matrices.
    """
    edge = marchenko_pastur_edges(len(correlation), observations)[1]
    values, vectors = np.linalg.eigh(correlation)
    noise = values < edge
    cleaned = np.where(noise, values[noise].mean() if noise.any() else 0.0, values)
    matrix = (vectors * cleaned) @ vectors.T
    scale = np.sqrt(np.diag(matrix))
    matrix = matrix / np.outer(scale, scale)
    return Clipped((matrix + matrix.T) / 2, values, edge, int(noise.sum()))


def _pulled(sample: Floats, mean: float, intensity: float) -> Shrunk:
    covariance = (1.0 - intensity) * sample
    covariance[np.diag_indices_from(covariance)] += intensity * mean
    return Shrunk(covariance, float(intensity))


def _quadratic_eigenvalues(values: Floats, observations: float) -> Floats:
    """(P,) shrunk eigenvalues, ascending order of ``values`` kept, trace not yet restored."""
    count = len(values)
    ratio = count / observations
    # The least eigenvalues of a singular sample are zero by rank; a duplicated column makes further ones.
    null = max(count - int(observations), int((values <= values[-1] * count * 1e-15).sum())) if count else 0
    if null >= count:
        return values
    inverse = 1.0 / values[null:]
    smoothing = min(ratio**2, ratio**-2) ** 0.35 / count**0.35
    gap = inverse[None, :] - inverse[:, None]
    weight = inverse[None, :] / (gap**2 + (smoothing * inverse[None, :]) ** 2)
    stein = (weight * gap).mean(axis=1)
    conjugate = (weight * inverse[None, :]).mean(axis=1) * smoothing
    amplitude = stein**2 + conjugate**2
    if null == 0:
        linear = (1 - ratio) ** 2 + 2 * ratio * (1 - ratio) * stein
        return np.asarray(1.0 / (inverse * (linear + ratio**2 * amplitude)))
    # A sample singular for another reason than few rows still has a null space of its own concentration.
    excess = max(ratio, count / (count - null)) - 1.0
    empty = 1.0 / (excess * inverse.mean())
    return np.concatenate([np.full(null, empty), 1.0 / (inverse * amplitude)])
