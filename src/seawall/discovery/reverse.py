"""What is the mildest joint move that costs so much? Distances to a loss, of the book and of every account at once.

The point of a level set that lies nearest in joint deviations is where the ray meets the slope of loss: the design
point of structural reliability, found here for all rows together. Source: Rackwitz and Fiessler (1978).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from seawall.discovery.space import View
from seawall.discovery.worst import gradients
from seawall.errors import ShapeMismatch
from seawall.kernels.ellipsoid import directions
from seawall.measures.scan import Scan
from seawall.model.arrays import Floats, Ints
from seawall.model.results import Held

RADII = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 24.0, 32.0)
SPREAD = 256
# Rays of each row that are turned: the nearest to cross, unlike each other by this cosine. One alone can be a dead end.
TURNED, ALIKE = 4, 0.9
ROUNDS, SETTLED = 25, 1e-4
BLENDS = (1.0, 0.7, 0.4, 0.15, 0.05, 0.015, 0.004)
# Where a better direction's crossing is looked for, as shares of the present distance.
NEARER = (0.6, 0.8, 0.9, 0.95, 0.98, 0.995, 1.0)
FINE = 9


class Reverse(NamedTuple):
    """The mildest move found at which one row loses ``target``, reporting currency, loss > 0.

    distance: in joint deviations; None where no move up to ``searched_to`` does, which is then the bound: of the moves
    searched, a whole lattice of directions, none milder. 0 where it is lost already. move: shocks, natural units; loss:
    at that move, full revaluation. chance: of going so far in one direction, by the Student-t law of the space.
    partial: something of the row has no value, so that both equity and loss miss it.
    """

    key: tuple[str, ...]
    target: float
    distance: float | None
    searched_to: float
    move: Mapping[str, float]
    loss: float
    chance: float
    partial: bool = False


def mildest_losses(
    view: View, targets: Floats, *, by: str | Sequence[str] = (), radii: Sequence[float] = RADII, rounds: int = ROUNDS
) -> tuple[Reverse, ...]:
    """The mildest move that costs each row of ``by`` its target (N), loss > 0; rows in the order of ``hold``.

    A search, so an upper bound of the true distance. Rays both ways along every axis, an even lattice and each row's
    own steepest direction, valued at once for all rows; then each row's nearest crossings are turned towards the slope.
    """
    start = view.held(np.zeros((1, len(view.space.columns))), by=by)
    if len(targets) != len(start.keys):
        raise ShapeMismatch("losses to reach", found=len(targets), wanted=len(start.keys))
    rank, steps = view.space.white.rank, np.asarray(radii, dtype=np.float64)
    own = gradients(view, np.zeros((len(targets), rank)), by=by, rows=range(len(targets)))
    rays = np.vstack([_unit(own), directions(rank, SPREAD)])
    points = (rays[:, None, :] * steps[None, :, None]).reshape(-1, rank)
    losses = view.losses(view.space.moves_of(points), by=by).reshape(len(targets), len(rays), len(steps))
    crossing = _crossings(losses, targets[:, None], steps)
    rows, ray = _candidates(crossing, rays, targets)
    search, away = _Search(view, by, targets), crossing[rows, ray]
    turned = rays[ray]
    moving = np.arange(len(rows))
    for _ in range(rounds):
        before = away[moving]
        turned[moving], away[moving] = search.turned(rows[moving], turned[moving], before)
        moving = moving[before - away[moving] > SETTLED * before]
    away = search.refined(rows, turned, away)
    distance, nearest = np.where(targets <= 0, 0.0, np.inf), np.zeros((len(targets), rank))
    for place in np.argsort(-away, kind="stable"):  # the nearest of a row comes last, and stays
        distance[rows[place]], nearest[rows[place]] = away[place], turned[place]
    return _told(view, start, (targets, nearest, distance), float(steps[-1]))


def distances_to_ruin(view: View, *, by: str = "account", scan: Scan | None = None) -> tuple[Reverse, ...]:
    """Per account, the mildest move that takes its equity to nothing; with a scan, to where it no longer covers it.

    The scan stays as it is now, although it would move with the market: what is told is the distance to today's margin.
    """
    start = view.held(np.zeros((1, len(view.space.columns))), by=by)
    targets = np.asarray(start.equity, dtype=np.float64)
    if scan is not None:
        margins = {key: float(margin) for key, margin in zip(scan.keys, scan.margin, strict=True)}
        targets = targets - np.array([margins.get(key, 0.0) for key in start.keys])
    return mildest_losses(view, targets, by=by)


def _candidates(crossing: Floats, rays: Floats, targets: Floats) -> tuple[Ints, Ints]:
    """Of each row that loses its target somewhere, its few nearest rays (by number) that are unlike each other."""
    rows: list[int] = []
    chosen: list[int] = []
    for n in np.flatnonzero(targets > 0).tolist():
        mine: list[int] = []
        for ray in np.argsort(crossing[n], kind="stable").tolist():
            if len(mine) == TURNED or not np.isfinite(crossing[n, ray]):
                break
            if (rays[mine] @ rays[ray] < ALIKE).all():
                mine.append(ray)
        rows += [n] * len(mine)
        chosen += mine
    return np.array(rows, dtype=np.int64), np.array(chosen, dtype=np.int64)


class _Search:
    """Turns rays of some rows towards where they cross sooner; every try of every row is valued together."""

    def __init__(self, view: View, by: str | Sequence[str], targets: Floats) -> None:
        self._view, self._by, self._targets = view, by, targets

    def turned(self, rows: Ints, rays: Floats, distance: Floats) -> tuple[Floats, Floats]:
        """Rays (n,R) and crossings (n,) no farther than before."""
        if not len(rows):
            return rays, distance
        steep = _unit(gradients(self._view, rays * distance[:, None], by=self._by, rows=rows.tolist()))
        tries = np.array([_unit(rays + share * (steep - rays)) for share in BLENDS])
        crossing = self._crossing(rows, tries, distance[:, None] * np.array(NEARER))
        best, place = crossing.argmin(axis=0), np.arange(len(rows))
        better = crossing[best, place] < distance
        return (np.where(better[:, None], tries[best, place], rays),
                np.where(better, crossing[best, place], distance))

    def refined(self, rows: Ints, rays: Floats, distance: Floats) -> Floats:
        """(n,) crossings of the same rays, linear within a thousandth of the way."""
        width = 0.15 * distance
        for _ in range(2 if len(rows) else 0):
            steps = np.linspace(-1.0, 0.02, FINE)
            ladder = distance[:, None] + width[:, None] * steps
            found = self._crossing(rows, rays[None], ladder)[0]
            distance = np.where(np.isfinite(found), found, distance)
            width = 0.12 * width
        return distance

    def _crossing(self, rows: Ints, tries: Floats, ladder: Floats) -> Floats:
        """(T,n) where each try's ray (T,n,R) first meets its row's target on its ladder (n,K); infinite if nowhere."""
        count, rank = len(rows), tries.shape[-1]
        points = tries[:, :, None, :] * ladder[None, :, :, None]
        losses = self._view.losses(self._view.space.moves_of(points.reshape(-1, rank)), by=self._by)
        mine = losses.reshape(-1, len(tries), count, ladder.shape[1])[rows, :, np.arange(count)]
        return np.array([_crossings(mine[n][None], self._targets[rows[n]], ladder[n])[0] for n in range(count)]).T


def _crossings(losses: Floats, target: Floats | float, steps: Floats) -> Floats:
    """(...,) first distance at which losses (...,K) reach the target, linear between steps, from no loss at none."""
    shape = losses.shape[:-1]
    wanted = np.broadcast_to(np.asarray(target, dtype=np.float64), shape)
    reached = losses >= wanted[..., None]
    first = reached.argmax(axis=-1)
    after = np.take_along_axis(losses, first[..., None], -1)[..., 0]
    before = np.take_along_axis(losses, np.maximum(first - 1, 0)[..., None], -1)[..., 0]
    outer, inner = steps[first], steps[np.maximum(first - 1, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip((wanted - before) / (after - before), 0.0, 1.0)
    between = np.where(first > 0, inner + share * (outer - inner), outer)
    return np.where(reached.any(axis=-1), between, np.inf)


def _unit(vectors: Floats) -> Floats:
    length = np.sqrt((vectors**2).sum(axis=-1, keepdims=True))
    return np.asarray(vectors / np.maximum(length, 1e-300))


def _told(
    view: View, start: Held, found: tuple[Floats, Floats, Floats], searched_to: float
) -> tuple[Reverse, ...]:
    targets, rays, distance = found
    known = np.isfinite(distance)
    moves = view.space.moves_of(rays * np.where(known, distance, 0.0)[:, None])
    losses = view.losses(moves, by=start.by)
    return tuple(
        Reverse(key, float(targets[n]), float(distance[n]) if known[n] else None, searched_to,
                view.space.story(moves[n]) if known[n] else {}, float(losses[n, n]) if known[n] else 0.0,
                view.space.chances(float(distance[n]) if known[n] else searched_to)[0],
                bool(start.partial[n]))
        for n, key in enumerate(start.keys)
    )
