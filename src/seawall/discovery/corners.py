"""What loses only where several things happen at once, and which hedges can part from what they hedge?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seawall.discovery.candidates import Candidate
from seawall.discovery.drivers import BASIS, SEVERITIES, Driver
from seawall.discovery.findings import Part
from seawall.discovery.lines import Lines, largest, partners
from seawall.model.arrays import Floats, Ints

# Lines are named until this share of the hidden loss is theirs.
NAMED = 0.85
# Sizes at which drivers are paired, of ``SEVERITIES``: an option is most crooked where one of the two goes half way.
JOINT_SIZES = ((1, 1), (2, 2), (0, 2), (2, 0), (1, 2), (2, 1))
FULL = len(SEVERITIES) - 1
# Pairs that are looked into further, and pairs that a third factor is tried with.
LOOKED_AT, EXTENDED = 40, 12
# A third factor belongs to the corner if it adds this much to the hidden loss.
THIRD = 0.25
# A hedge of less than this share is no hedge that could break.
HEDGED = 0.5


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the table's moves come from: single (D,K) of ``drivers`` at each of K sizes, the full one last, and pairs.

    pairs (P,4): places of two drivers, and of the size of each; paired (P): columns of the table.
    """

    drivers: tuple[Driver, ...]
    single: Ints
    pairs: Ints
    paired: Ints
    moves: Floats

    @property
    def alone(self) -> Ints:
        """Columns of every single driver, at every size."""
        return self.single.ravel()

    @property
    def full(self) -> Ints:
        """Columns (D) of every single driver at full size."""
        return np.asarray(self.single[:, -1])


def driver_grid(drivers: Sequence[Driver]) -> Grid:
    """Each driver at its sizes, and all pairs of different groups, both far or one of them less so."""
    full, sizes = np.array([d.move for d in drivers]), len(SEVERITIES)
    moves = [share * full for share in SEVERITIES]
    single = np.arange(sizes * len(drivers)).reshape(sizes, len(drivers)).T
    pairs = [(i, j, *k) for k in JOINT_SIZES for i, j in itertools.combinations(range(len(drivers)), 2)
             if drivers[i].group != drivers[j].group]
    placed = np.array(pairs, dtype=np.int64).reshape(-1, 4)
    first, second = (np.array(SEVERITIES)[placed[:, 2 + n], None] * full[placed[:, n]] for n in (0, 1))
    moves.append(first + second)
    return Grid(tuple(drivers), single, placed, single.size + np.arange(len(placed)), np.vstack(moves))


def corner_candidates(lines: Lines, grid: Grid) -> list[Candidate]:
    """Joint moves of two or three drivers that cost the book more than the parts do.

    The interaction L(ij) - L(i) - L(j) of a linear book is nothing, whatever it leans on. Of the lines that make it,
    with those that hedge them in the parts, only what exceeds the worst part counts as hidden.
    """
    first, second, one, other = grid.pairs.T
    loss = np.where(lines.crossed[:, None], 0.0, lines.loss).sum(axis=0)
    interaction = loss[grid.paired] - loss[grid.single[first, one]] - loss[grid.single[second, other]]
    order = np.argsort(-interaction, kind="stable")[:LOOKED_AT]
    tried = [(_pair(lines, grid, int(n)), int(n)) for n in order if interaction[n] > 0]
    found = [(candidate, n) for candidate, n in tried if candidate is not None]
    found.sort(key=lambda pair: -pair[0].hidden)
    return [candidate for candidate, _ in found] + _with_third(lines, grid, found[:EXTENDED])


class Joint(NamedTuple):
    """names (K), pieces (K,C) and alone (N,K) losses of the parts of one joint move, together (N) in all at once."""

    names: tuple[str, ...]
    pieces: Floats
    alone: Floats
    together: Floats


def _joint(lines: Lines, grid: Grid, where: tuple[tuple[int, ...], tuple[int, ...]], together: Floats) -> Joint:
    """where: drivers, and the place of each one's size."""
    columns = grid.single[list(where[0]), list(where[1])]
    return Joint(tuple(grid.drivers[n].name for n in where[0]), lines.moves[columns], lines.loss[:, columns], together)


def _pair(lines: Lines, grid: Grid, place: int) -> Candidate | None:
    i, j, *sizes = grid.pairs[place].tolist()
    return corner_of(lines, grid, _joint(lines, grid, ((i, j), tuple(sizes)), lines.loss[:, grid.paired[place]]))


def corner_of(lines: Lines, grid: Grid, joint: Joint) -> Candidate | None:
    """The lines that make the interaction of a joint move, and what it hides; None if it hides nothing.

    Of all lines with a part in the interaction, or of those alone that lose in the joint move, whichever hides more: a
    hedge that fails has gains to lose, while a long option that merely gains less is no danger.
    """
    extra = np.where(lines.crossed, 0.0, joint.together - joint.alone.sum(axis=1))
    if not extra.sum() > 0:
        return None
    tried = [_named(lines, grid, joint, (extra, largest(extra, NAMED, allowed)))
             for allowed in (np.ones(len(extra), dtype=bool), joint.together > 0)]
    return max((c for c in tried if c is not None), key=lambda candidate: candidate.hidden, default=None)


def _named(lines: Lines, grid: Grid, joint: Joint, by: tuple[Floats, Ints]) -> Candidate | None:
    (extra, rows), alone, net = by, joint.alone, float(by[0].sum())
    if not len(rows):
        return None
    if alone[rows].sum(axis=0).min() < -0.5 * net:  # it counts on a gain in one part: whose loss is that?
        hedges, _ = partners(lines, rows, grid.alone)
        rows = np.concatenate([rows, hedges])
    apart, together = alone[rows].sum(axis=0), float(joint.together[rows].sum())
    hidden = min(net, float(extra[rows].sum()), together - max(float(apart.max()), 0.0))
    if hidden <= 0:
        return None
    told = tuple(Part(name, float(loss)) for name, loss in zip(joint.names, apart, strict=True))
    return Candidate("corner", rows, joint.pieces.sum(axis=0), hidden, together, told, joint.pieces,
                     {"interaction": net, "sum of parts": float(np.maximum(apart, 0).sum())})


def crisis_candidates(lines: Lines, grid: Grid, crises: Floats) -> list[Candidate]:
    """Corners of given joint moves (K,C), each split into the groups of factors that it moves."""
    group_of = {int(n): d.group for d in grid.drivers if len(d.places) == 1 for n in d.places}
    groups = np.array([group_of[n] for n in range(crises.shape[1])])
    split = [(crisis, [g for g in dict.fromkeys(groups) if crisis[groups == g].any()]) for crisis in crises]
    split = [(crisis, names) for crisis, names in split if len(names) > 1]
    if not split:
        return []
    moves = [np.vstack([crisis, *(np.where(groups == g, crisis, 0.0) for g in names)]) for crisis, names in split]
    losses = lines.more(np.vstack(moves))
    found, start = [], 0
    for (_, names), rows in zip(split, moves, strict=True):
        block = losses[:, start : start + len(rows)]
        start += len(rows)
        found.append(corner_of(lines, grid, Joint(tuple(names), rows[1:], block[:, 1:], block[:, 0])))
    return [candidate for candidate in found if candidate is not None]


def _with_third(lines: Lines, grid: Grid, found: Sequence[tuple[Candidate, int]]) -> list[Candidate]:
    """Corners of three: a further driver added to the best pairs, where it deepens what is hidden."""
    tries: list[tuple[Candidate, tuple[int, ...], tuple[int, ...]]] = []
    for candidate, place in found:
        i, j, *sizes = grid.pairs[place].tolist()
        groups = {grid.drivers[i].group, grid.drivers[j].group}
        tries += [(candidate, (i, j, n), (*sizes, FULL)) for n, d in enumerate(grid.drivers) if d.group not in groups]
    if not tries:
        return []
    places = [grid.single[list(trio), list(sizes)] for _, trio, sizes in tries]
    joint = lines.more(np.array([lines.moves[columns].sum(axis=0) for columns in places]))
    out = []
    for n, (candidate, trio, sizes) in enumerate(tries):
        alone = lines.loss[:, places[n]].sum(axis=1)
        net = float(np.where(lines.crossed, 0.0, joint[:, n] - alone).sum())
        if net <= (1 + THIRD) * candidate.evidence["interaction"]:
            continue
        deeper = corner_of(lines, grid, _joint(lines, grid, (trio, sizes), joint[:, n]))
        if deeper is not None and deeper.hidden > (1 + THIRD) * candidate.hidden:
            out.append(deeper)
    return out


def basis_candidates(lines: Lines, grid: Grid) -> list[Candidate]:
    """Single drivers that part a hedge from its underlying: carry, premium, peg, money and the like.

    The lines that lose, with those that hedge them in all other moves; hidden is the book's loss, times the share of
    the lines' swing that the hedge takes away elsewhere: a naked position hides nothing.
    """
    found = []
    for place, driver in enumerate(grid.drivers):
        if driver.group not in BASIS:
            continue
        column = int(grid.full[place])
        losing = np.where(lines.crossed, 0.0, lines.loss[:, column])
        rows = largest(losing, NAMED)
        if lines.total[column] <= 0 or not len(rows):
            continue
        found += _basis(lines, grid, driver, (rows, column))
    return found


def _basis(lines: Lines, grid: Grid, driver: Driver, where: tuple[Ints, int]) -> list[Candidate]:
    rows, column = where
    elsewhere = np.array([n for n, d in enumerate(grid.drivers) if d.group in ("spot", "volatility")], dtype=np.int64)
    if not len(elsewhere):
        return []
    hedges, hedged = partners(lines, rows, grid.full[elsewhere])
    if hedged < HEDGED:
        return []
    both = np.concatenate([rows, hedges])
    loss = float(lines.loss[both, column].sum())
    hidden = min(loss, float(lines.total[column])) * hedged
    if hidden <= 0:
        return []
    columns = grid.full[elsewhere]
    worst = int(np.argmax(lines.loss[np.ix_(both, columns)].sum(axis=0)))
    plain, legs = grid.drivers[int(elsewhere[worst])], lines.loss[rows][:, columns].sum(axis=0)
    gross = int(np.argmax(legs))
    parts = (Part(plain.name, float(lines.loss[both, columns[worst]].sum())),)
    pieces = np.array([grid.drivers[int(elsewhere[gross])].move, plain.move])
    return [Candidate("basis", both, driver.move, hidden, loss, parts, pieces,
                      {"hedged share": hedged, "one leg alone": float(legs[gross])})]
