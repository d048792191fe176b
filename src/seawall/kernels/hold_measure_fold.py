"""Hold and fold fused with measure: accounts' rows climb their netting keys a block of accounts at a time.

The P&L of a block's rows is the only one that is ever stored: it is held, folded and measured while it is near the
processor. The kernels are those of ``fold`` and ``fold_exact``, so that every digit is theirs.

A chain says how one book's lines climb. Lines, and the rows of every step, stand account by account: the last rows are
what is measured, one or several an account.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from seawall.errors import ModelError, ShapeMismatch
from seawall.kernels.fold import fold, hold_lines
from seawall.kernels.fold_exact import fold_exact
from seawall.kernels.hold_exact import cell_sizes, hold_fine

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bounds = tuple[Ints, Ints]
T = TypeVar("T")

BYTES = 2 * 1024 * 1024  # of P&L in the rows of one block


@dataclass(frozen=True, slots=True)
class Step:
    """One fold: each row's parent (N), weights as tables and the place (N) of each row in them, caps, deductibles.

    In floats: gain, loss (K,S), cap (M), infinite where there is none, deduct (D,S). In integers, as ``fold_exact``
    has them: (2,K,S) in billionths, cap (2,M) ticks, deduct (2,D,S) ticks. deduct: None where there is none.
    """

    parent: Ints
    gain: NDArray[Any]
    gain_of: Ints
    loss: NDArray[Any]
    loss_of: Ints
    cap: NDArray[Any]
    deduct: NDArray[Any] | None = None
    deduct_of: Ints = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class Chain:
    """Lines and the rows that they climb. instrument (L) and row (L): of each line, among the first rows.

    lines (A+1): where each account's lines begin; starts: the same for the rows before each step and after the last.
    """

    instrument: Ints
    row: Ints
    lines: Ints
    starts: tuple[Ints, ...]
    steps: tuple[Step, ...]


class Grids(NamedTuple):
    """What a lot gains in FINE parts of a tick, low ends (I,S) and width (I) up to the high ones, as ``hold_fine`` has
    them; the same (I,1) and (I) of what leaves after the first step."""

    low: Ints
    width: Ints
    anchor: Bounds | None = None


def chain(account: Ints, instrument: Ints, row: Ints, rows: Sequence[Ints], steps: Sequence[Step]) -> Chain:
    """A chain from each line's account, instrument and row (L), and the accounts of the rows before each step and
    after the last. Raises ShapeMismatch where they do not stand account by account, or a row climbs to another's.
    """
    if len(rows) != len(steps) + 1 or not rows:
        raise ShapeMismatch("rows of a chain", found=len(rows), wanted=f"{len(steps) + 1}: one more than steps")
    accounts = 1 + max((int(of.max(initial=-1)) for of in (account, *rows)), default=-1)
    pairs = zip(steps, pairwise(rows), strict=True)
    climbs = [(row, account, rows[0]), *((step.parent, below, above) for step, (below, above) in pairs)]
    for parent, child, above in climbs:
        if parent.shape != child.shape or not _below(parent, len(above)) or (above[parent] != child).any():
            raise ShapeMismatch("rows of a chain", found="a row that is not its parent's account's",
                                wanted="each line and row in a row of its own account")
    for step, above in zip(steps, rows[1:], strict=True):
        _check_places(step, len(above))
    starts = [_starts(of, accounts) for of in (account, *rows)]
    return Chain(instrument, row, starts[0], tuple(starts[1:]), tuple(steps))


def hold_and_fold(
    climb: Chain, quantity: Floats, cube: Floats, measure: Callable[[Floats], T], *, anchor: Floats | None = None,
    threads: int = 1,
) -> list[T]:
    """What ``measure`` makes of the folded P&L (M,S) of each block of accounts, block by block in order.

    cube (I,S), quantity (L). anchor (I): what leaves after the first step, in every scenario alike.
    """
    now = None if anchor is None else np.ascontiguousarray(anchor[:, None])

    def run(block: slice) -> T:
        lines, levels = _slices(climb, block)
        amount, instrument, row = quantity[lines], climb.instrument[lines], climb.row[lines] - levels[0].start
        x = hold_lines(amount, instrument, row, _length(levels[0]), cube)
        for number, (step, (below, above)) in enumerate(zip(climb.steps, pairwise(levels), strict=True)):
            parent = step.parent[below] - above.start
            deduct = np.zeros((0, x.shape[1])) if step.deduct is None else step.deduct
            x = fold(x, step.gain, step.gain_of[below], step.loss, step.loss_of[below], parent, _length(above),
                     step.cap[above], deduct, step.deduct_of[below])
            if number == 0 and now is not None:
                x -= hold_lines(amount, instrument, parent[row], _length(above), now)
        return measure(x)

    return _in_blocks(run, climb, cube.shape[1], threads)


def hold_and_fold_exact(
    climb: Chain, lots: Ints, grids: Grids, measure: Callable[[Ints, Ints], T], *, threads: int = 1
) -> list[T]:
    """What ``measure`` makes of the bounds (M,S) of each block's folded P&L in ticks, block by block in order.

    lots (L) int64. Raises ModelError where a sum could pass 2^61 ticks.
    """
    sizes = cell_sizes(grids.low)
    now = None if grids.anchor is None else (*grids.anchor, cell_sizes(grids.anchor[0]))

    def run(block: slice) -> T:
        lines, levels = _slices(climb, block)
        amount, instrument, row = lots[lines], climb.instrument[lines], climb.row[lines] - levels[0].start
        low, high = hold_fine(amount, instrument, row, _length(levels[0]), grids.low, grids.width, sizes)
        for number, (step, (below, above)) in enumerate(zip(climb.steps, pairwise(levels), strict=True)):
            parent = step.parent[below] - above.start
            deduct = np.zeros((2, 0, low.shape[1]), np.int64) if step.deduct is None else step.deduct
            low, high = fold_exact(low, high, step.gain, step.gain_of[below], step.loss, step.loss_of[below], parent,
                                   _length(above), step.cap[:, above], deduct, step.deduct_of[below])
            if number == 0 and now is not None:
                least, most = hold_fine(amount, instrument, parent[row], _length(above), *now)
                low, high = low - most, high - least
        return measure(low, high)

    return _in_blocks(run, climb, grids.low.shape[1], threads)


def _in_blocks(run: Callable[[slice], T], climb: Chain, scenarios: int, threads: int) -> list[T]:
    """Results of blocks of accounts whose rows, before the first step, hold about as much P&L each."""
    if threads < 1:
        raise ModelError(f"threads: found {threads}, wanted 1 or more")
    accounts = len(climb.lines) - 1
    rows = max(1, max(int(start[-1]) for start in climb.starts))
    step = max(1, min(-(-accounts // threads), BYTES * accounts // (8 * max(scenarios, 1) * rows)))
    blocks = [slice(first, min(first + step, accounts)) for first in range(0, accounts, step)]
    if threads == 1:
        return [run(block) for block in blocks]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, blocks))


def _slices(climb: Chain, block: slice) -> tuple[slice, list[slice]]:
    lines, *levels = (slice(int(s[block.start]), int(s[block.stop])) for s in (climb.lines, *climb.starts))
    return lines, levels


def _length(rows: slice) -> int:
    return int(rows.stop - rows.start)


def _starts(of: Ints, accounts: int) -> Ints:
    if len(of) and ((np.diff(of) < 0).any() or of[0] < 0):
        raise ShapeMismatch("rows of a chain", found="accounts out of order", wanted="rows account by account")
    return np.concatenate([[0], np.cumsum(np.bincount(of, minlength=accounts))]).astype(np.int64)


def _check_places(step: Step, above: int) -> None:
    """Refuses places outside a step's tables: compiled code does not look."""
    deducts = 0 if step.deduct is None else step.deduct.shape[-2]
    sides = [(step.gain_of, step.gain.shape[-2]), (step.loss_of, step.loss.shape[-2])]
    sides += [(step.deduct_of, deducts)] if deducts else []
    if step.cap.shape[-1] != above or not all(of.shape == step.parent.shape and _below(of, k) for of, k in sides):
        raise ShapeMismatch("weights of a step", found="places or caps that do not fit its rows",
                            wanted="a place in its table for every row, and a cap for every parent")


def _below(places: Ints, limit: int) -> bool:
    return len(places) == 0 or bool(int(places.min()) >= 0 and int(places.max()) < limit)
