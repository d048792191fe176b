"""By which way did a move come about? Brownian bridges between a start and an end that are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError, ShapeMismatch

Floats = NDArray[np.float64]


def brownian_bridge(end: Floats, normals: Floats, variance: Floats) -> Floats:
    """(S,H,P) levels after each of H steps of a Brownian path from zero that ends at ``end`` (S,P) exactly.

    normals (S,H-1,P): deviations of unit time, correlated across P as the moves are and in the moves' unit for
    ``variance`` one; variance (H,): how much of the clock each step takes. Given the last level and the end, each is
    normal: mean by the share of the clock gone, variance v (1 - v / left). Source: Glasserman (2004), 3.1.
    """
    steps = len(variance)
    if normals.shape != (len(end), steps - 1, end.shape[1]):
        raise ShapeMismatch("normals of a bridge", found=normals.shape, wanted=(len(end), steps - 1, end.shape[1]))
    if not (np.isfinite(variance) & (variance > 0)).all():
        raise InputError("clock of a bridge", found=variance.tolist(), wanted="a positive time for each step")
    path = np.empty((len(end), steps, end.shape[1]))
    level = np.zeros_like(end)
    for h in range(steps - 1):
        left = float(variance[h:].sum())
        share = float(variance[h]) / left
        level = level + share * (end - level) + np.sqrt(variance[h] * (1 - share)) * normals[:, h]
        path[:, h] = level
    path[:, -1] = end
    return path
