"""Exact hold fused with measure: worst loss, order statistics and tail means in ticks, the same digits anywhere.

No P&L (A,S) is ever stored. Cells are int32, lots int32, sums int64. Every result comes as asked against the holder,
from the lower bound of P&L with losses rounded up, or for the holder, from the upper bound with losses rounded down:
what the real numbers give lies between. The digits are those of ``hold_fine`` with ``worst_exact``, ``quantile_exact``
and ``tail_exact`` where cells carry parts of a tick.

Limits: whole ticks per lot below 2^31, the sum of one account's lines and any tail's numerator times it below 2^61
ticks. Past them ModelError is raised before anything is summed, never a wrong digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.errors import ModelError, ShapeMismatch
from seawall.kernels import hold_measure_exact_loops as loops
from seawall.kernels.hold_exact import BITS, FINE, LIMIT
from seawall.kernels.hold_measure import ACCOUNTS, Holdings, accounts_kept, in_blocks, kept, width
from seawall.kernels.hold_measure_loops import room

Ints = NDArray[np.int64]
Places = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Cells:
    """P&L per lot (P,I,S) int32: whole ticks rounded down, and if P is 2 the rest in 2^-20 of a tick, rounded down.

    width (I): how far above what a lot is worth may lie, in the finer of the two units. size (I): the most that any
    cell or width adds to a sum in either unit, per lot. Made by ``cells_of``.
    """

    planes: Places
    width: Ints
    size: Ints


class WorstExact(NamedTuple):
    """Greatest loss (A) over scenarios in ticks, and its scenario (A), the first of equals."""

    charge: Ints
    scenario: Places


class TailsExact(NamedTuple):
    """Losses (A,R) at ranks and mean losses (A,M) over masses, ticks."""

    ranked: Ints
    shortfall: Ints


def cells_of(low: Ints, width: Ints, *, fine: bool = False) -> Cells:
    """Cells from a grid (I,S) int64 of low ends, and width (I) up to the high ones: ticks, or 2^-20 of one if ``fine``.

    Raises ModelError where a cell has 2^31 whole ticks or more, or a width is negative.
    """
    if low.ndim != 2 or width.shape != low.shape[:1] or low.dtype != np.int64:
        raise ShapeMismatch("grid of cells", found=(low.shape, low.dtype, width.shape), wanted="(I,S) int64, and (I)")
    most = max(-int(low.min(initial=0)), int(low.max(initial=0))) >> (BITS if fine else 0)
    if most + 1 >= 2**31 or width.min(initial=0) < 0:
        raise ModelError(f"cells reach {most:,} ticks a lot, the least width is {int(width.min(initial=0))}; wanted "
                         "below 2^31, and 0 or more: use larger ticks or smaller lots")
    planes = np.empty((2 if fine else 1, *low.shape), np.int32)
    np.right_shift(low, BITS if fine else 0, out=planes[0], casting="unsafe")
    size = np.abs(planes[0]).max(axis=1, initial=0).astype(np.int64) + 1
    if fine:
        np.bitwise_and(low, FINE - 1, out=planes[1], casting="unsafe")
        return Cells(planes, width, np.maximum(size, FINE + width))
    return Cells(planes, width, size + width)


def hold_and_worst_exact(
    held: Holdings, cells: Cells, *, floor: bool = False, against: bool = True, threads: int = 1
) -> WorstExact:
    """Greatest loss of each account over scenarios in ticks, and its scenario.

    floor: an account that gains everywhere is charged nothing. against: the holder; else the bound in his favour.
    Without scenarios nothing is lost, in scenario -1.
    """
    _match(held, cells, 1)
    charge, at, bound = np.zeros(len(held), np.int64), np.full(len(held), -1, np.int32), 0 if against else 1
    if cells.planes.shape[2] == 0:
        return WorstExact(charge, at)

    def run(first: int, last: int) -> None:
        loops.worst(held.start, held.instrument, held.quantity, cells.planes, cells.width, bound, first, last,
                    _packed(cells), charge, at)

    in_blocks(run, len(held), ACCOUNTS, threads)
    if floor:
        np.maximum(charge, 0, out=charge)
    return WorstExact(charge, at)


def hold_and_tail_exact(
    held: Holdings, cells: Cells, ranks: Sequence[int], masses: Sequence[Fraction | int], *, against: bool = True,
    threads: int = 1,
) -> TailsExact:
    """Losses of each account at ranks of its scenarios, 1 the worst, and mean losses over its worst ``masses`` of them.

    A mass that is not whole counts the scenario at its edge in part. against: the holder, means rounded up; else the
    bound in his favour, rounded down. Raises ModelError for a rank or mass below 1 or above the number of scenarios.
    Source: Acerbi and Tasche (2002), On the coherence of expected shortfall.
    """
    exact = [Fraction(mass) for mass in masses]
    keep, bound = kept(ranks, exact, cells.planes.shape[2]), 0 if against else 1
    _match(held, cells, max((mass.numerator for mass in exact), default=1))
    out = TailsExact(np.empty((len(held), len(ranks)), np.int64), np.empty((len(held), len(exact)), np.int64))
    places = np.asarray(ranks, np.int64)
    ratios = np.array([(mass.numerator, mass.denominator) for mass in exact], np.int64).reshape(-1, 2)

    def run(first: int, last: int) -> None:
        packed = _packed(cells)
        values = np.empty((last - first, room(keep, packed.shape[2])), np.int64)
        loops.collect(held.start, held.instrument, held.quantity, cells.planes, cells.width, bound, first, last,
                      keep, packed, values, np.empty(values.shape, np.int32))
        loops.measure(values, keep, places, ratios, 1 - bound, first, *out)

    in_blocks(run, len(held), accounts_kept(keep, 8), threads)
    return out


def _packed(cells: Cells) -> Places:
    """Scratch for some scenarios of every cell."""
    planes, instruments, scenarios = cells.planes.shape
    return np.empty((planes, instruments, width(planes * instruments, scenarios, 4)), np.int32)


def _match(held: Holdings, cells: Cells, factor: int) -> None:
    """Refuses what does not fit; factor: what sums are multiplied by."""
    if cells.planes.shape[1] != held.instruments:
        raise ShapeMismatch("instruments of cells", found=cells.planes.shape[1], wanted=held.instruments)
    if held.quantity.dtype != np.int32:
        raise ModelError(f"quantities are {held.quantity.dtype}; wanted whole lots in int32")
    # Seldom needed: most books are far from the limit even by their largest lots, cells and numbers of lines.
    if held.largest * held.longest * float(cells.size.max(initial=0)) * factor < LIMIT:
        return
    most = loops.reach(held.start, held.instrument, held.quantity, cells.size)
    if most * factor >= LIMIT:
        raise ModelError(f"an account's sum could reach {most:.3g} ticks, times {factor} for its tail; wanted below "
                         "2^61: use larger ticks or lots")
