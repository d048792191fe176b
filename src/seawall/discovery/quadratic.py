"""What does the book look like around here, to second order in every plausible direction?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.discovery.space import View
from seawall.model.arrays import Floats

# One deviation: wide enough to see an option bend, and on the scale of the moves that are asked about.
STEP = 1.0


class Quadratic(NamedTuple):
    """Loss g'w + w'Hw/2 of the whole book at whitened coordinates w (R): gradient (R), hessian (R,R), currency."""

    gradient: Floats
    hessian: Floats

    def loss(self, whitened: Floats) -> Floats:
        """(...,) at coordinates (...,R)."""
        bent = ((whitened @ self.hessian) * whitened).sum(axis=-1)
        return np.asarray(whitened @ self.gradient + bent / 2)


def quadratic_view(view: View, *, step: float = STEP) -> Quadratic:
    """By full revaluation at one deviation along every axis, both ways, and along every pair of axes.

    Differences of that width average the bends within it: steadier than derivatives where an option nears its strike.
    """
    rank = view.space.white.rank
    axes = step * np.eye(rank)
    i, j = np.triu_indices(rank, 1)
    points = np.vstack([np.zeros((1, rank)), axes, -axes, axes[i] + axes[j], -axes[i] - axes[j]])
    loss = view.loss(view.space.moves_of(points))
    here, up, down = loss[0], loss[1 : 1 + rank], loss[1 + rank : 1 + 2 * rank]
    both, neither = np.split(loss[1 + 2 * rank :], 2)
    hessian = np.diag((up + down - 2 * here) / step**2)
    crossed = (both + neither - up[i] - down[i] - up[j] - down[j] + 2 * here) / (2 * step**2)
    hessian[i, j] = hessian[j, i] = crossed
    return Quadratic((up - down) / (2 * step), hessian)


def felt_directions(quadratic: Quadratic, radius: float, *, share: float = 0.95) -> Floats:
    """(R,K) orthonormal directions that explain most of how the loss varies in the ball: what else moves is noise."""
    g, h = quadratic
    weight = np.outer(g, g) + radius**2 / 2 * h @ h
    values, vectors = np.linalg.eigh(weight)
    order = np.argsort(-values)
    reached = np.cumsum(values[order]) / max(float(values.sum()), 1e-300)
    return np.asarray(vectors[:, order[: int(np.searchsorted(reached, share)) + 1]])
