"""Which few of many points stand for the rest? Weighted k-medoids, and how many there are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from seawall.errors import InputError, ShapeMismatch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Mean silhouette below which groups are no better than one: Kaufman and Rousseeuw's "no substantial structure".
STRUCTURE = 0.25


class Clusters(NamedTuple):
    """medoids (K): rows that stand for others, heaviest group first; member_of (N): each row's group; cost: weighted
    sum of distances; silhouette: weighted mean, 0 of a single group."""

    medoids: Ints
    member_of: Ints
    cost: float
    silhouette: float


def distances(points: Floats) -> Floats:
    """(N,N) Euclidean distances of points (N,R)."""
    return np.asarray(cdist(points, points))


def k_medoids(distance: Floats, weights: Floats, count: int, *, rounds: int = 100) -> Clusters:
    """The ``count`` rows with the least weighted distance of all rows to the nearest of them; a local optimum.

    distance (N,N), symmetric; weights (N), not negative. Built greedily, then improved by the best swap until none
    helps. Source: Kaufman and Rousseeuw (1990), Finding Groups in Data, chapter 2 (PAM).
    """
    if distance.shape != (len(weights), len(weights)):
        raise ShapeMismatch("distances", found=distance.shape, wanted=(len(weights), len(weights)))
    if not 1 <= count <= len(weights):
        raise InputError("number of medoids", found=count, wanted=f"between 1 and the {len(weights)} points")
    chosen = _built(distance, weights, count)
    for _ in range(rounds):
        better = _best_swap(distance, weights, chosen)
        if better is None:
            break
        chosen = better
    return _ordered(distance, weights, chosen)


def natural_clusters(
    distance: Floats, weights: Floats, *, most: int = 6, least_silhouette: float = STRUCTURE
) -> Clusters:
    """k-medoids with the number of groups chosen: the one of 2 to ``most`` with the best mean silhouette, or a single
    group where none reaches ``least_silhouette``."""
    best = k_medoids(distance, weights, 1)
    for count in range(2, min(most, len(weights)) + 1):
        found = k_medoids(distance, weights, count)
        if found.silhouette >= least_silhouette and found.silhouette > best.silhouette + 1e-12:
            best = found
    return best


def silhouette(distance: Floats, weights: Floats, member_of: Ints) -> float:
    """Weighted mean over rows of (b - a) / max(a, b): mean distance to the next group less that to its own.

    1 where groups are far apart, 0 where they touch; a row alone in its group counts 0.
    Source: Rousseeuw (1987), Silhouettes: a graphical aid.
    """
    groups = int(member_of.max()) + 1
    if groups < 2:
        return 0.0
    inside = (member_of[:, None] == np.arange(groups)).astype(np.float64)
    mass = weights @ inside
    sums = (distance * weights[None, :]) @ inside
    rows = np.arange(len(weights))
    others = mass[member_of] - weights
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(others > 0, sums[rows, member_of] / others, np.nan)
        away = sums / mass
        away[rows, member_of] = np.inf
        nearest = away.min(axis=1)
        width = np.where(np.isfinite(own), (nearest - own) / np.maximum(nearest, own), 0.0)
    return float(weights @ np.nan_to_num(width) / weights.sum())


def _built(distance: Floats, weights: Floats, count: int) -> list[int]:
    chosen = [int(np.argmin(weights @ distance))]
    nearest = distance[:, chosen[0]]
    while len(chosen) < count:
        gain = weights @ np.maximum(nearest[:, None] - distance, 0.0)
        gain[chosen] = -1.0
        chosen.append(int(np.argmax(gain)))
        nearest = np.minimum(nearest, distance[:, chosen[-1]])
    return chosen


def _best_swap(distance: Floats, weights: Floats, chosen: list[int]) -> list[int] | None:
    """The set after the swap that lowers the cost most, or None if no swap does."""
    cost = float(weights @ distance[:, chosen].min(axis=1))
    best, swapped = cost * (1 - 1e-12) - 1e-300, None
    for place in range(len(chosen)):
        kept = chosen[:place] + chosen[place + 1 :]
        nearest = distance[:, kept].min(axis=1) if kept else np.full(len(weights), np.inf)
        costs = weights @ np.minimum(nearest[:, None], distance)
        costs[kept] = np.inf
        other = int(np.argmin(costs))
        if costs[other] < best:
            best, swapped = float(costs[other]), [*kept, other]
    return swapped


def _ordered(distance: Floats, weights: Floats, chosen: list[int]) -> Clusters:
    medoids = np.array(sorted(chosen), dtype=np.int64)
    member_of = np.argmin(distance[:, medoids], axis=1)
    mass = np.bincount(member_of, weights, minlength=len(medoids))
    order = np.argsort(-mass, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    member_of = place[member_of].astype(np.int64)
    cost = float(weights @ distance[:, medoids].min(axis=1))
    return Clusters(medoids[order], member_of, cost, silhouette(distance, weights, member_of))
