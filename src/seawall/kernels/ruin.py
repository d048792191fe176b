"""Lows of paths, and the amount that their losses exceed no more often than is allowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def path_order(path: Ints) -> tuple[Ints, Ints]:
    """Scenarios (S) path by path, their order within one kept, and where each path (P) begins."""
    order = np.argsort(path, kind="stable").astype(np.int64)
    ranked = path[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1]))) if len(path) else np.zeros(0)
    return order, starts.astype(np.int64)


def lowest(gains: Floats, order: Ints, starts: Ints) -> Floats:
    """(N,P) lowest gain along each path, of gains (N,S)."""
    if len(starts) == gains.shape[1]:
        return np.asarray(gains[:, order])
    return np.asarray(np.minimum.reduceat(gains[:, order], starts, axis=1))


def requirement(low: Floats, beyond: int) -> Floats:
    """(N,) smallest amount that the losses of at most ``beyond`` of the lows (N,P) exceed; < 0 where all gain."""
    return np.asarray(-np.partition(low, beyond, axis=1)[:, beyond])
