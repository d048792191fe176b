"""What is each instrument worth here, and at least over a whole box of markets? Exact cubes, and padded node cubes.

Between the nodes of a cell, for every time of a ring's life and with weights linear in spot and in level,

    sum weight * lower node value <= worth <= sum weight * upper node value.

Time: an undiscounted European value falls with time, so lower values are taken at the end of the life and upper ones
at its start. Level: a function strays from its chord by at most an eighth of the squared width times its greatest
second derivative, either way. Spot: values are convex, so the chord lies above, and below it by ``spot_gap`` at most.
Rounding: two ticks for decisions in ticks and 1e-7 for float32.

Source of the derivatives: Black (1976), The pricing of commodity contracts. The bound itself is proven in
docs/explanation/zones.md and attacked in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.errors import ModelError
from seawall.kernels.exact_black import black_call_put, black_delta
from seawall.kernels.fold_exact import ticks
from seawall.model.arrays import Floats
from seawall.zones.market import Listed, Place

Singles = NDArray[np.float32]
Places = NDArray[np.int32]

INVERSE_ROOT_TWO_PI = 0.3989422804014327
LEAST_DEVIATION = 1e-12  # keeps quotients finite where no time is left
SINGLE_SLACK = 1e-7  # above 2^-24, what float32 rounds away
LIMIT = 2**31


class NodeCubes(NamedTuple):
    """Values (9,2I,S) at three spots by three levels, rows low and up in turn; the greatest size (2I) of each row."""

    values: Singles
    largest: Floats


@dataclass(frozen=True)
class Box:
    """A box around a place, from start to end, years since the surface's time.

    spots, levels (3): its nodes, the middle one the place itself.
    """

    spots: Floats
    levels: Floats
    start: float
    end: float

    def holds(self, place: Place, time: float, share: float = 1.0) -> bool:
        """Whether the place lies in the box, or in this share of it around its middle, in logarithms; its edge not."""
        for x, nodes in ((place.spot, self.spots), (place.level, self.levels)):
            move, reach = np.log(x / nodes[1]), np.log(nodes[2] / nodes[1])
            if not abs(move) < share * reach * (1 - 1e-9):
                return False
        return self.start <= time < self.start + share * (self.end - self.start)


def box_around(place: Place, radius: tuple[float, float], start: float, end: float) -> Box:
    """The box with these radii of log spot and log level."""
    steps = np.array([-1.0, 0.0, 1.0])
    return Box(place.spot * np.exp(radius[0] * steps), place.level * np.exp(radius[1] * steps), start, end)


def worth(listed: Listed, place: Place, time: float) -> Floats:
    """(I,S) what one unit is worth in each scenario, in the quote currency, the same bits on every machine."""
    out = place.spot * listed.carry[:, None] * (
        1.0 + listed.moves[:, None] * (listed.share * (listed.spot_factor - 1.0)))
    at = np.flatnonzero(listed.is_option)
    forward, strike, call = (x[at][:, None] for x in (place.spot * listed.carry, listed.strike, listed.is_call))
    vol, years = listed.vol[at][:, None] * place.level, np.maximum(listed.expiry[at] - time, 0.0)[:, None]
    shocked = black_call_put(forward * listed.spot_factor, strike, vol * listed.vol_factor[at], years, call)
    if (listed.share < 1.0).any():
        now = black_call_put(forward, strike, vol, years, call)
        shocked = (1.0 - listed.share) * now + listed.share * shocked
    out[at] = shocked
    return np.asarray(out)


def exact_cube(listed: Listed, place: Place, time: float, per_unit: Fraction) -> Places:
    """(2I,S) worth in ticks, rounded down for longs and up for shorts, in turn. per_unit: ticks per unit of currency.

    Raises ModelError for a value of 2^31 ticks or more.
    """
    low, high = ticks(worth(listed, place, time), per_unit)
    if int(low.min()) < -LIMIT or int(high.max()) >= LIMIT:
        raise ModelError(f"{listed.name}: a value passes 2^31 ticks: found {int(high.max())}; use larger ticks")
    out = np.empty((2 * len(listed), listed.scenarios), np.int32)
    out[0::2], out[1::2] = low, high
    return out


def node_cubes(listed: Listed, box: Box, tick: float) -> NodeCubes:
    """The values at the box's nodes, each row rounded against its holder by what can happen between nodes."""
    low = np.empty((3, 3, len(listed), listed.scenarios))
    up = np.empty_like(low)
    plain, options = np.flatnonzero(~listed.is_option), np.flatnonzero(listed.is_option)
    factor = 1.0 + listed.moves[plain, None] * (listed.share * (listed.spot_factor - 1.0))
    low[:, :, plain] = up[:, :, plain] = (box.spots[:, None] * listed.carry[plain])[:, None, :, None] * factor
    if len(options):
        low[:, :, options], up[:, :, options] = _option_bounds(_Nodes(listed, box, options), listed.share)
    pad = rounding_pad(low, up, tick)
    values = np.empty((9, 2 * len(listed), listed.scenarios), np.float32)
    shape = (9, len(listed), listed.scenarios)
    values[:, 0::2], values[:, 1::2] = (low - pad).reshape(shape), (up + pad).reshape(shape)
    return NodeCubes(values, np.abs(values).max(axis=(0, 2)).astype(np.float64))


def rounding_pad(low: Floats, up: Floats, tick: float) -> Floats:
    """What decisions in ticks and cells in float32 may round away."""
    return np.asarray(2.0 * tick + SINGLE_SLACK * np.maximum(np.abs(low), np.abs(up)))


class _Nodes:
    """Options (I) at the nodes of a box under every scenario and, last, none: S + 1 columns."""

    def __init__(self, listed: Listed, box: Box, at: NDArray[np.intp]) -> None:
        self.spots, self.levels = box.spots, box.levels
        self.factor = np.append(listed.spot_factor, 1.0)
        self.carry = listed.carry[at][:, None]
        self.strike, self.call = listed.strike[at][:, None], listed.is_call[at][:, None]
        self.vol = listed.vol[at][:, None] * np.column_stack([listed.vol_factor[at], np.ones(len(at))])
        self.years = tuple(np.maximum(listed.expiry[at] - t, 0.0)[:, None] for t in (box.start, box.end))
        self.root = tuple(np.sqrt(years) for years in self.years)
        self.log_money = [np.log(s * self.carry * self.factor / self.strike) for s in box.spots]

    def values(self, years: Floats) -> Floats:
        """(3,3,I,S+1)"""
        return np.stack([np.stack([np.asarray(black_call_put(*self._terms(s, m, years))) for m in self.levels])
                         for s in self.spots])

    def slopes(self) -> Floats:
        """(3,3,I,S+1) change per unit of spot, at the end of the life."""
        delta = [np.stack([np.asarray(black_delta(*self._terms(s, m, self.years[1]))) for m in self.levels])
                 for s in self.spots]
        return np.asarray(np.stack(delta) * (self.carry * self.factor))

    def _terms(self, spot: float, level: float, years: Floats) -> tuple[Any, ...]:
        return spot * self.carry * self.factor, self.strike, self.vol * level, years, self.call


def _option_bounds(nodes: _Nodes, share: Floats) -> tuple[Floats, Floats]:
    """(3,3,I,S) lower and upper values before rounding."""
    late, early = lowest_and_highest(nodes)
    spot = spot_gap(nodes, late)
    bend = level_gap(nodes)
    # Of a cell's two levels the larger gap counts for both: weights mix them.
    under = damped(np.maximum(spot[:, :-1], spot[:, 1:]) + bend, share)
    return (damped(late, share) - largest_around(under),
            damped(early, share) + largest_around(damped(bend, share)))


def lowest_and_highest(nodes: _Nodes) -> tuple[Floats, Floats]:
    """Node values at the end and at the start of the life."""
    return nodes.values(nodes.years[1]), nodes.values(nodes.years[0])


def damped(values: Floats, share: Floats) -> Floats:
    """(...,S) share of the shocked and the rest of the unshocked value, from (...,S+1)."""
    return np.asarray(share * values[..., :-1] + (1.0 - share) * values[..., -1:])


def largest_around(pad: Floats) -> Floats:
    """(3,3,...) the largest pad of the cells (2,2,...) that meet at each node."""
    out = np.zeros((3, 3, *pad.shape[2:]))
    for k in range(2):
        for j in range(2):
            corner = out[k : k + 2, j : j + 2]
            np.maximum(corner, pad[k, j], out=corner)
    return out


def spot_gap(nodes: _Nodes, late: Floats) -> Floats:
    """(2,3,I,S+1) the most by which a value lies below its chord between two spots, at each level.

    The lesser of two bounds: where the tangents at both ends meet, and an eighth of the squared width times gamma.
    """
    slope = nodes.slopes()
    out = np.empty((2, *late.shape[1:]))
    for k in range(2):
        width = nodes.spots[k + 1] - nodes.spots[k]
        chord = (late[k + 1] - late[k]) / width
        below, above = np.maximum(chord - slope[k], 0.0), np.maximum(slope[k + 1] - chord, 0.0)
        tangent = below * above / np.maximum(below + above, 1e-300) * width
        np.minimum(tangent, _gamma(nodes, k) * (width * width / 8.0), out=out[k])
    return out


def _gamma(nodes: _Nodes, k: int) -> Floats:
    """(3,I,S+1) greatest gamma between two spots, at each level and at the end of the life."""
    deviation = np.stack([np.maximum(nodes.vol * m * nodes.root[1], LEAST_DEVIATION) for m in nodes.levels])
    least = nodes.log_money[k] / deviation + 0.5 * deviation
    most = nodes.log_money[k + 1] / deviation + 0.5 * deviation
    return np.asarray(_bell(least, most) * (nodes.carry * nodes.factor) / (nodes.spots[k] * deviation))


def level_gap(nodes: _Nodes) -> Floats:
    """(2,2,I,S+1) the most by which a value strays from its chord between two levels, anywhere in the cell and life.

    An eighth of the squared width times the greatest forward * n(d1) * d1 * d2 * vol * root / level.
    """
    out = np.empty((2, 2, *nodes.vol.shape))
    for k in range(2):
        for j in range(2):
            out[k, j] = _second_derivative(nodes, k, j) * ((nodes.levels[j + 1] - nodes.levels[j]) ** 2 / 8.0)
    return out


def _second_derivative(nodes: _Nodes, k: int, j: int) -> Floats:
    least = np.maximum(nodes.vol * nodes.levels[j] * nodes.root[1], LEAST_DEVIATION)
    most = np.maximum(nodes.vol * nodes.levels[j + 1] * nodes.root[0], LEAST_DEVIATION)
    low, high = nodes.log_money[k], nodes.log_money[k + 1]
    lowest, highest = np.minimum(low / least, low / most), np.maximum(high / least, high / most)
    d1, d2 = (lowest + 0.5 * least, highest + 0.5 * most), (lowest - 0.5 * most, highest - 0.5 * least)
    size = np.maximum(np.abs(d1[0]), np.abs(d1[1])) * np.maximum(np.abs(d2[0]), np.abs(d2[1]))
    forward = nodes.spots[k + 1] * nodes.carry * nodes.factor
    return np.asarray(forward * _bell(*d1) * size * nodes.vol * nodes.root[0] / nodes.levels[j])


def _bell(least: Floats, most: Floats) -> Floats:
    """The normal density's greatest value between two bounds."""
    nearest = np.maximum(0.0, np.maximum(least, -most))
    return np.asarray(INVERSE_ROOT_TWO_PI * np.exp(-0.5 * np.minimum(nearest, 38.0) ** 2))
