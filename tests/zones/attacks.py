"""Points inside a ring's boxes, and how many cells or accounts the certificate gets wrong there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seawall.kernels.rings import least_over_nodes
from seawall.zones.cubes import Box, NodeCubes, box_around, exact_cube, node_cubes
from seawall.zones.exact import Exact, Units
from seawall.zones.market import Listed, Place, Stand
from seawall.zones.rings import Reach, Ring

UNITS = Units()
TICK = float(UNITS.tick)
REACH = Reach()


def boxes(spot: float) -> list[Box]:
    """The inner and the outer box at that spot, over a whole life."""
    return [box_around(Place(spot, 1.0), radius, 0.0, REACH.life) for radius in REACH.radii]


def shares(rng: np.random.Generator) -> float:
    """A place within a cell: its middle, near an edge, or anywhere."""
    return float(rng.choice([0.5, 0.5 + rng.normal(0, 0.05), 0.01, 0.99, rng.uniform(0, 1)]).clip(0.0, 1.0))


def points(box: Box, count: int, seed: int) -> Iterator[tuple[Place, float]]:
    """Places in the box with times: cells in turn, at the start, the middle and the end of its life."""
    rng = np.random.default_rng(seed)
    for n in range(count):
        k, j = n % 2, n // 2 % 2
        spot = box.spots[k] + shares(rng) * (box.spots[k + 1] - box.spots[k])
        level = box.levels[j] + shares(rng) * (box.levels[j + 1] - box.levels[j])
        yield Place(float(spot), float(level)), float(rng.choice([box.start, (box.start + box.end) / 2, box.end]))


def weights(box: Box, place: Place, *, log_spot: bool = False) -> np.ndarray:
    """(9) weights of the nodes, linear in spot and level within the cell; log_spot: in the spot's logarithm."""
    out = np.ones((3, 3))
    for axis, (x, nodes) in enumerate(((place.spot, box.spots), (place.level, box.levels))):
        if log_spot and axis == 0:
            x, nodes = np.log(x), np.log(nodes)
        k = 1 if x >= nodes[1] else 0
        share = np.zeros(3)
        share[k + 1] = (x - nodes[k]) / (nodes[k + 1] - nodes[k])
        share[k] = 1 - share[k + 1]
        out *= share[:, None] if axis == 0 else share[None, :]
    return out.ravel()


def wrong_cells(listed: Listed, box: Box, count: int, *, seed: int, log_spot: bool = False) -> tuple[int, int]:
    """How many exact cells the interpolated bounds get wrong, and of how many: both rows, every scenario."""
    made: NodeCubes = node_cubes(listed, box, TICK)
    wrong = asked = 0
    for place, time in points(box, count, seed):
        exact = exact_cube(listed, place, time, 1 / UNITS.tick) * TICK
        bound = np.tensordot(weights(box, place, log_spot=log_spot), made.values.astype(float), 1)
        # A double's rounding of the interpolation itself, far below the pad of two ticks.
        slack = 1e-12 * np.abs(bound)
        wrong += int((bound[0::2] > exact[0::2] + slack[0::2]).sum() + (bound[1::2] < exact[1::2] - slack[1::2]).sum())
        asked += exact.size
    return wrong, asked


def built(exact: Exact, reach: int) -> Ring:
    """A ring around where the market stands."""
    ring = Ring(exact, REACH.radii[reach], REACH.life)
    while not ring.build(exact):
        pass
    return ring


def node_bounds(exact: Exact, ring: Ring, u: int, *, swapped: bool = False) -> np.ndarray:
    """(A,9) certified worst-of of one underlying's lines at each node. swapped: longs and shorts take each other's."""
    lines, ids = exact.lines, np.arange(exact.lines.accounts, dtype=np.int32)
    count = np.zeros_like(lines.count)
    count[u] = lines.count[u]
    row = lines.row ^ np.uint16(1) if swapped else lines.row
    out = np.empty((9, len(ids)))
    for node in range(9):
        least_over_nodes(ids, lines.begin, count, row, lines.lots, exact.base, ring.cubes[node : node + 1].copy(),
                         ring.largest, False, float(exact.units.lot), 0, len(ids), out[node])
    return out.T


def wrong_accounts(
    exact: Exact, reach: int, count: int, *, seed: int, swapped: bool = False, unpadded: bool = False
) -> tuple[int, int]:
    """How many exact worst-ofs lie below the interpolated bounds of the nodes, and of how many.

    unpadded: sums in float32 are taken for exact.
    """
    ring, here = built(exact, reach), exact.stand
    if unpadded:
        ring.largest[:] = 0.0
    wrong = asked = 0
    for u in range(len(exact.market)):
        bounds = node_bounds(exact, ring, u, swapped=swapped)
        held = exact.holders(u)
        for place, time in points(ring.boxes[u], count, seed + u):
            exact.move(Stand(here.moved(u, place).places, time))
            exact.everyone()
            worst = exact.all.worst[u] * exact.units.worth
            bound = bounds @ weights(ring.boxes[u], place)
            wrong += int((worst[held] < bound[held] - 1e-12 * np.abs(bound[held])).sum())
            asked += int(held.sum())
    exact.move(here)
    return wrong, asked
