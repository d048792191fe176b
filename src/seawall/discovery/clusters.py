"""Which few stories does the tail tell? Tail scenarios and named crises, grouped by how the factors moved.

Distance is between the directions of whitened moves, within what the book feels: what other factors happened to do
would only blur it, and a larger move of the same kind is the same story. Every scenario weighs its probability times
its loss, so that a medoid stands for money, not for counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seawall.cube import hold, revalue
from seawall.discovery.lines import KEYS
from seawall.discovery.quadratic import felt_directions, quadratic_view
from seawall.discovery.space import FactorSpace, View
from seawall.kernels.medoids import Clusters, distances, natural_clusters
from seawall.measures.tail import tail_weights, value_at_risk
from seawall.model.arrays import Bools, Floats
from seawall.model.failure import Failure
from seawall.model.results import Cube
from seawall.model.scenario import ScenarioRule

TOP = 3
# Of more tail scenarios than this the worst are grouped: distances between all pairs are kept.
MOST = 600
# Directions spread along an arc reach about 0.4 in any number of groups: a story of its own needs more.
STRUCTURE = 0.5


class Contributor(NamedTuple):
    """name, and what it loses in the medoid, currency, loss > 0; a gain is negative."""

    name: str
    loss: float


@dataclass(frozen=True)
class TailCluster:
    """One story of the tail. medoid: label of the scenario that stands for it, with its move and loss.

    weight: share of the tail's money; scenarios: how many, of which crises are named; spread: widest angle, in degrees,
    between a member's direction and the medoid's. lines, accounts, factors: the largest contributors to the medoid's
    loss, a factor's being what it does alone.
    """

    medoid: str
    move: Mapping[str, float]
    loss: float
    weight: float
    scenarios: int
    crises: tuple[str, ...]
    spread: float
    lines: tuple[Contributor, ...]
    accounts: tuple[Contributor, ...]
    factors: tuple[Contributor, ...]


@dataclass(frozen=True)
class TailMap:
    """Clusters, heaviest first; edge: loss from which a scenario counts; silhouette: 0 where the tail is one story.

    failures: what has no value, in a draw or in a crisis, and is in no loss here.
    """

    clusters: tuple[TailCluster, ...]
    confidence: float
    edge: float
    silhouette: float
    currency: str
    failures: tuple[Failure, ...] = ()


class _Tail(NamedTuple):
    """Tail scenarios: moves (T,C) in the space, losses (T) from their own rule, weights (T), labels, who is named."""

    moves: Floats
    losses: Floats
    weights: Floats
    labels: tuple[str, ...]
    named: Bools


def tail_clusters(
    view: View, *, confidence: float = 0.975, crises: ScenarioRule | None = None, draws: int = 4000, seed: int = 1,
    radius: float = 4.0, most: int = 6,
) -> TailMap:
    """The tail of the stated t law, and every crisis as bad as its edge, in at most ``most`` groups.

    How many: the number with the best weighted silhouette, one where none reaches 0.5. A crisis counts with the
    probability of one draw; it is valued under its own rule in full and placed by what the space's columns did in it.
    """
    moves = view.space.draws(draws, seed)
    pnl = -view.loss(moves)
    edge = float(value_at_risk(pnl, confidence))
    tail = _tail(moves, pnl, tail_weights(pnl, confidence))
    failures = view.failures
    if crises is not None:
        cube = revalue(view.book, view.market, crises)
        failures = tuple(dict.fromkeys((*failures, *cube.failures)))
        tail = _joined(tail, _crises(view, cube, edge))
    felt = felt_directions(quadratic_view(view), radius)
    points = tail.moves @ view.space.white.inverse.T @ felt
    points /= np.maximum(np.sqrt((points**2).sum(axis=1, keepdims=True)), 1e-300)
    apart = distances(points)
    found = natural_clusters(apart, tail.weights, most=most, least_silhouette=STRUCTURE)
    return TailMap(tuple(_cluster(view, tail, found, apart, n) for n in range(len(found.medoids))), confidence, edge,
                   found.silhouette, view.currency, failures)


def _tail(moves: Floats, pnl: Floats, share: Floats) -> _Tail:
    inside = np.flatnonzero((share > 0) & (pnl < 0))
    inside = inside[np.argsort(pnl[inside], kind="stable")][:MOST]
    return _Tail(moves[inside], -pnl[inside], -pnl[inside] * share[inside], tuple(f"draw {n}" for n in inside),
                 np.zeros(len(inside), dtype=bool))


def _crises(view: View, cube: Cube, edge: float) -> _Tail:
    crises = cube.rule
    losses = -hold(view.book, cube, by=(), currency=view.currency).pnl[0]
    bad = np.flatnonzero(losses >= max(edge, 0.0))
    return _Tail(view.named(crises)[bad], losses[bad], losses[bad], tuple(str(crises.labels[n]) for n in bad),
                 np.ones(len(bad), dtype=bool))


def _joined(tail: _Tail, known: _Tail) -> _Tail:
    one_draw = float(tail.weights.sum() / max(tail.losses.sum(), 1e-300))
    return _Tail(np.vstack([tail.moves, known.moves]), np.concatenate([tail.losses, known.losses]),
                 np.concatenate([tail.weights, known.weights * one_draw]), tail.labels + known.labels,
                 np.concatenate([tail.named, known.named]))


def _cluster(view: View, tail: _Tail, found: Clusters, apart: Floats, place: int) -> TailCluster:
    medoid, inside = int(found.medoids[place]), np.flatnonzero(found.member_of == place)
    move = tail.moves[medoid]
    shocks = view.space.shocks(move)
    moving = np.flatnonzero(shocks)
    alone = np.zeros((len(moving), len(move)))
    alone[np.arange(len(moving)), moving] = move[moving]
    held = view.held(np.vstack([move, alone]), by=KEYS)
    return TailCluster(
        tail.labels[medoid], view.space.story(move), float(tail.losses[medoid]),
        float(tail.weights[inside].sum() / tail.weights.sum()), len(inside),
        tuple(tail.labels[n] for n in inside if tail.named[n]), _angle(float(apart[medoid, inside].max())),
        _top([f"{account} / {name}" for account, name, _ in held.keys], -held.pnl[:, 0]),
        _top([account for account, _, _ in held.keys], -held.pnl[:, 0]),
        _top(_factor_names(view.space, moving.tolist()), -held.pnl.sum(axis=0)[1:]),
    )


def _angle(chord: float) -> float:
    return float(np.degrees(2 * np.arcsin(min(chord / 2, 1.0))))


def _factor_names(space: FactorSpace, places: list[int]) -> list[str]:
    return [space.keys[n] for n in places]


def _top(names: list[str], losses: Floats) -> tuple[Contributor, ...]:
    sums: dict[str, float] = {}
    for name, loss in zip(names, losses.tolist(), strict=True):
        sums[name] = sums.get(name, 0.0) + loss
    order = sorted(sums, key=lambda name: (-sums[name], name))[:TOP]
    return tuple(Contributor(name, sums[name]) for name in order)
