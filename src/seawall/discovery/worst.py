"""What is the worst that is still plausible? Full revaluation over the ellipsoid of a dynamics, from many starts.

The radius k is fixed, not the probability inside: with a fixed mass the ellipsoid swells with every factor added, also
one that the book does not feel, and the worst case worsens with it (Breuer, Jandacka, Rheinberger and Summer 2009).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.discovery.quadratic import Quadratic, quadratic_view
from seawall.discovery.space import View
from seawall.errors import InputError
from seawall.kernels.ellipsoid import directions
from seawall.kernels.trust_region import TrustRegion, least_in_ball
from seawall.model.arrays import Floats, read_only
from seawall.model.failure import Failure
from seawall.model.scenario import ScenarioRule

# Starts that are polished, unlike each other by this cosine; steps towards the steepest point of the sphere, and along
# the gradient, as shares of the way and of the radius.
POLISHED, ALIKE = 6, 0.97
TOWARDS, ALONG = (1.0, 0.6, 0.3, 0.1, 0.03), (0.5, 0.2, 0.05, 0.01)
ROUNDS, SETTLED, BUMP = 25, 1e-7, 0.02
DRAWS, WORST_DRAWS, SPREAD = 2000, 20, 64


@dataclass(frozen=True, eq=False)
class WorstCase:
    """The worst move found within ``radius`` joint deviations of the horizon.

    move: shock of each factor, natural units; at (C): the move itself; loss: full revaluation, currency, loss > 0;
    distance: of the move, below the radius where the worst lies inside; chance and chance_any: of going as far in that
    one direction, and in any, by the Student-t law of ``degrees``; quadratic_loss and case: of the delta-gamma view,
    and which case its trust region was; start: what the best search began from; starts: how many were valued.
    failures: what has no value, and is in no loss here.
    """

    move: Mapping[str, float]
    at: Floats
    loss: float
    distance: float
    radius: float
    degrees: float
    chance: float
    chance_any: float
    quadratic_loss: float
    case: str
    start: str
    starts: int
    currency: str
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, eq=False)
class Starts:
    """Whitened points (P,R) to begin from, each with where it comes from."""

    points: Floats
    names: tuple[str, ...]


def worst_plausible(
    view: View, *, radius: float, rules: Sequence[ScenarioRule] = (), seed: int = 1, rounds: int = ROUNDS
) -> WorstCase:
    """The worst case of the whole book. rules: histories and crises whose worst rows are starts too.

    A search, so a lower bound of the true worst: each step is kept only if full revaluation says that it costs more.
    """
    if not radius > 0:
        raise InputError("radius of the ellipsoid", found=radius, wanted="joint deviations, more than 0")
    quadratic = quadratic_view(view)
    region = least_in_ball(-quadratic.gradient, -quadratic.hessian, radius)
    starts = _starts(view, (quadratic, region), radius, rules, seed)
    loss = view.loss(view.space.moves_of(starts.points))
    chosen = _unlike(starts.points, loss)
    points, reached, begun = starts.points[chosen], loss[chosen], [starts.names[n] for n in chosen]
    for _ in range(rounds):
        points, better = _step(view, points, reached, radius)
        if (better <= reached + SETTLED * np.abs(better).max(initial=1e-300)).all():
            reached = better
            break
        reached = better
    best = int(np.argmax(reached))
    return _told(view, points[best], float(reached[best]), (region, begun[best], len(loss)), radius)


def _starts(
    view: View, model: tuple[Quadratic, TrustRegion], radius: float, rules: Sequence[ScenarioRule], seed: int
) -> Starts:
    """The quadratic's own answers, its axes, the worst of what is known or drawn, and an even lattice."""
    quadratic, region = model
    space, rank = view.space, view.space.white.rank
    axes = np.linalg.eigh(quadratic.hessian)[1].T
    steep = quadratic.gradient / max(float(np.sqrt(quadratic.gradient @ quadratic.gradient)), 1e-300)
    groups: list[tuple[str, Floats]] = [
        ("delta-gamma", np.vstack([region.point, region.twin])), ("delta", radius * steep[None, :]),
        ("axes of gamma", radius * np.vstack([axes, -axes])), ("lattice", radius * directions(rank, SPREAD)),
        ("no move", np.zeros((1, rank))),
    ]
    drawn = space.draws(DRAWS, seed) @ space.white.inverse.T
    groups.append(("draws", _within(drawn[np.argsort(-quadratic.loss(_within(drawn, radius)))[:WORST_DRAWS]], radius)))
    for rule in rules:
        known = view.named(rule) @ space.white.inverse.T
        order = np.argsort(-quadratic.loss(_within(known, radius)))[:WORST_DRAWS]
        groups.append((rule.name, _within(known[order], radius)))
    return Starts(np.vstack([points for _, points in groups]),
                  tuple(name for name, points in groups for _ in range(len(points))))


def _unlike(points: Floats, loss: Floats) -> list[int]:
    """The worst few, no two in nearly the same direction."""
    length = np.maximum(np.sqrt((points**2).sum(axis=1)), 1e-300)
    chosen: list[int] = []
    for n in np.argsort(-loss, kind="stable").tolist():
        if all(float(points[n] @ points[m]) < ALIKE * float(length[n] * length[m]) for m in chosen):
            chosen.append(n)
        if len(chosen) == POLISHED:
            break
    return chosen


def _step(view: View, points: Floats, reached: Floats, radius: float) -> tuple[Floats, Floats]:
    """Each point moved to the best of several tries, or left: all of them valued together."""
    slope = gradients(view, points)
    steep = slope / np.maximum(np.sqrt((slope**2).sum(axis=1, keepdims=True)), 1e-300)
    tries = [points + share * (radius * steep - points) for share in TOWARDS]
    tries += [_within(points + share * radius * steep, radius) for share in ALONG]
    stacked = np.array(tries)
    loss = view.loss(view.space.moves_of(stacked.reshape(-1, points.shape[1]))).reshape(len(tries), -1)
    best, rows = loss.argmax(axis=0), np.arange(len(points))
    better = loss[best, rows] > reached
    return np.where(better[:, None], stacked[best, rows], points), np.where(better, loss[best, rows], reached)


def gradients(view: View, points: Floats, *, by: str | Sequence[str] = (), rows: Sequence[int] | None = None) -> Floats:
    """(P,R) slope of loss at whitened points: of the whole book, or at each point of its own row of ``by``."""
    count, rank = points.shape
    bumps = BUMP * np.vstack([np.eye(rank), -np.eye(rank)])
    moves = view.space.moves_of((points[:, None, :] + bumps[None, :, :]).reshape(-1, rank))
    losses = view.losses(moves, by=by).reshape(-1, count, 2, rank)
    mine = losses[np.zeros(count, dtype=int) if rows is None else np.asarray(rows), np.arange(count)]
    return np.asarray((mine[:, 0] - mine[:, 1]) / (2 * BUMP))


def _within(points: Floats, radius: float) -> Floats:
    length = np.sqrt((points**2).sum(axis=1, keepdims=True))
    return np.asarray(points * np.minimum(1.0, radius / np.maximum(length, 1e-300)))


def _told(view: View, point: Floats, loss: float, found: tuple[TrustRegion, str, int], radius: float) -> WorstCase:
    region, start, count = found
    move = view.space.moves_of(point)
    distance = float(np.sqrt(point @ point))
    chance, chance_any = view.space.chances(distance)
    return WorstCase(view.space.story(move), read_only(move), loss, distance, radius, view.space.degrees, chance,
                     chance_any, -region.value, region.case, start, count, view.currency, view.failures)
