"""Hold fused with measure: worst loss, order statistics, tail means and their parts for millions of accounts.

No P&L (A,S) is ever stored. Scenarios are taken in blocks that stay in a processor's own cache with every instrument,
accounts in blocks between which threads share the work; neither moves a bit of any result.

cube (I,S): P&L per unit, currency, gain > 0. Losses are > 0. An account that holds something without a finite P&L, or
whose sums could overflow, gets NaN, and no other does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seawall.errors import ModelError, ShapeMismatch
from seawall.kernels import hold_measure_loops as loops

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Places = NDArray[np.int32]

CACHE = 3 * 1024 * 1024  # bytes of a block of the cube: larger is packed less often, smaller is nearer
KEPT = 32 * 1024 * 1024  # bytes of the tails that one thread keeps at once
ACCOUNTS = 8192  # that one thread takes at a time
SINGLE_LIMIT = 2.0**60  # float32 stays clear of overflow, and below its inverse of underflow
SINGLE_ROUNDING = 2.0**-23


@dataclass(frozen=True, slots=True)
class Holdings:
    """Lines of accounts: account a holds quantity[n] of instrument[n] for n from start[a] to below start[a + 1].

    start (A+1) int64; instrument (L) int32, below ``instruments``; quantity (L): float64, or whole lots, int32.
    largest: the greatest size of any quantity. longest: the most lines of one account. Made by ``holdings``.
    """

    start: Ints
    instrument: Places
    quantity: NDArray[np.float64] | NDArray[np.int32]
    instruments: int
    largest: float
    longest: int

    def __len__(self) -> int:
        return len(self.start) - 1


class Worst(NamedTuple):
    """Greatest loss (A) over scenarios, and its scenario (A), the first of equals; NaN and -1 if it is not finite."""

    charge: Floats
    scenario: Places


class Tails(NamedTuple):
    """Losses (A,R) at ranks, mean losses (A,M) over masses, and the most (A) that each may be off by rounding."""

    ranked: Floats
    shortfall: Floats
    error: Floats


def holdings(start: ArrayLike, instrument: ArrayLike, quantity: ArrayLike, instruments: int) -> Holdings:
    """Holdings from start (A+1), instrument (L) and quantity (L); integer quantities are lots.

    Raises ShapeMismatch for arrays that do not belong together, ModelError for instruments that do not exist,
    quantities that are not finite, and lots of 2^31 or more.
    """
    begin, given, amount = np.asarray(start, np.int64), np.asarray(instrument), np.asarray(quantity)
    longest = int(np.diff(begin).max(initial=0)) if begin.ndim == 1 and len(begin) else -1
    lines = int(begin[-1]) if longest >= 0 else -1
    if longest < 0 or begin[0] != 0 or np.diff(begin).min(initial=0) < 0 or given.shape != (lines,):
        raise ShapeMismatch("lines of accounts", found=(begin.shape, given.shape),
                            wanted="starts that rise from 0 to the number of lines")
    if amount.shape != (lines,):
        raise ShapeMismatch("quantities of lines", found=amount.shape, wanted=(lines,))
    if lines and not (int(given.min()) >= 0 and int(given.max()) < instruments):
        raise ModelError(f"an instrument does not exist: found {int(given.min())} to {int(given.max())}, "
                         f"wanted 0 to below {instruments}")
    largest = max(-float(amount.min(initial=0)), float(amount.max(initial=0)))
    whole = amount.dtype.kind in "iu"
    if not largest < (2**31 if whole else np.inf):
        raise ModelError(f"a quantity is too large: found {largest:g}, wanted a finite one, lots below 2^31")
    held: Any = np.ascontiguousarray(amount, np.int32 if whole else np.float64)
    return Holdings(begin, np.ascontiguousarray(given, np.int32), held, instruments, largest, longest)


def gathered(account: ArrayLike, instrument: ArrayLike, quantity: ArrayLike, shape: tuple[int, int]) -> Holdings:
    """Holdings from lines in any order; those of one account keep theirs. shape: accounts, instruments."""
    of, accounts = np.asarray(account, np.int64), shape[0]
    if len(of) and not (int(of.min()) >= 0 and int(of.max()) < accounts):
        raise ModelError(f"an account does not exist: found {int(of.min())} to {int(of.max())}, "
                         f"wanted 0 to below {accounts}")
    order = np.argsort(of, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=accounts))])
    return holdings(start, np.asarray(instrument)[order], np.asarray(quantity)[order], shape[1])


def hold_and_worst(held: Holdings, cube: Floats, *, floor: bool = False, threads: int = 1) -> Worst:
    """Greatest loss of each account over scenarios, and its scenario.

    floor: an account that gains everywhere is charged nothing. Without scenarios nothing is lost, in scenario -1.
    """
    _match(held, cube)
    size = _sizes(cube)
    charge, at = np.empty(len(held)), np.empty(len(held), np.int32)

    def run(first: int, last: int) -> None:
        packed = np.empty((len(cube), width(held.instruments, cube.shape[1], 8)))
        loops.worst(held.start, held.instrument, held.quantity, cube, size, first, last, packed, charge, at)

    in_blocks(run, len(held), ACCOUNTS, threads)
    charge[np.isneginf(charge)] = 0.0
    return Worst(np.maximum(charge, 0.0) if floor else charge, at)


def hold_and_tail(
    held: Holdings, cube: Floats, ranks: Sequence[int], masses: Sequence[float], *, tolerance: float = 0.0,
    threads: int = 1,
) -> Tails:
    """Losses of each account at ranks of its scenarios, 1 the worst, and mean losses over its worst ``masses`` of them.

    A mass that is not whole counts the scenario at its edge in part. Accounts whose P&L float32 gets right to within
    ``tolerance``, currency, are summed in it: (lines + 6) 2^-23 sum |quantity| max |P&L| bounds what it may be off in
    any scenario, and so any order statistic and tail mean. Others are summed in float64, error 0 here.
    Raises ModelError for a rank or mass below 1 or above the number of scenarios.
    Source: Acerbi and Tasche (2002), On the coherence of expected shortfall.
    """
    _match(held, cube)
    keep = kept(ranks, masses, cube.shape[1])
    size, reach = _sizes(cube), np.empty(len(held))
    loops.gross(held.start, held.instrument, held.quantity, size, reach)
    error = single_error(held, size, reach)
    single = (error <= tolerance) & (error < np.inf) & (tolerance > 0.0)
    out = Tails(np.empty((len(held), len(ranks))), np.empty((len(held), len(masses))), np.where(single, error, 0.0))
    asked = np.asarray(ranks, np.int64), np.asarray(masses, np.float64)
    if single.any() and not single.all():
        for chosen in (single, ~single):
            some = np.flatnonzero(chosen)
            part = hold_and_tail(take(held, some), cube, ranks, masses, tolerance=tolerance, threads=threads)
            out.ranked[some], out.shortfall[some] = part.ranked, part.shortfall
        return out
    kind: np.dtype[Any] = np.dtype(np.float32) if single.any() else np.dtype(np.float64)

    def run(first: int, last: int) -> None:
        values, _ = _collected(held, cube, size, first, last, keep, kind)
        measure = loops.measure_single if kind.itemsize == 4 else loops.measure
        measure(values, keep, *asked, reach, first, out.ranked, out.shortfall)

    in_blocks(run, len(held), accounts_kept(keep, kind.itemsize), threads)
    return out


def hold_and_components(held: Holdings, cube: Floats, mass: float, *, threads: int = 1) -> Floats:
    """(L) what each line contributes to its account's mean loss over the worst ``mass`` scenarios; they add up to it.

    Of equal scenarios the first count. Sum over instruments or any other dimension: ``component_sums``.
    Source: Tasche (2000), Risk contributions and performance measurement: Euler allocation.
    """
    _match(held, cube)
    keep = kept((), (mass,), cube.shape[1])
    size, part = _sizes(cube), np.empty(len(held.instrument))

    def run(first: int, last: int) -> None:
        values, places = _collected(held, cube, size, first, last, keep, np.dtype(np.float64))
        loops.components(held.start, held.instrument, held.quantity, cube, size, first, last, keep, mass, values,
                         places, part)

    in_blocks(run, len(held), accounts_kept(keep, 8), threads)
    return part


def component_sums(held: Holdings, part: Floats, group: Ints, groups: int) -> Floats:
    """(A,G) sums of parts (L) within each account and group of lines (L)."""
    account = np.repeat(np.arange(len(held)), np.diff(held.start))
    total = np.bincount(account * groups + group, part, len(held) * groups)
    return np.asarray(total, np.float64).reshape(len(held), groups)


def take(held: Holdings, accounts: Ints) -> Holdings:
    """The holdings of some accounts, in the order asked for."""
    lines = np.diff(held.start)[accounts]
    start = np.concatenate([[0], np.cumsum(lines)])
    at = np.arange(int(start[-1])) + np.repeat(held.start[accounts] - start[:-1], lines)
    return Holdings(start, held.instrument[at], held.quantity[at], held.instruments, held.largest, held.longest)


def single_error(held: Holdings, size: Floats, reach: Floats) -> Floats:
    """(A) the most that P&L summed in float32 may be off; infinite where quantity or P&L leaves its safe range.

    size (I): largest P&L of each instrument; reach (A): sum of |quantity| times it.
    Quantity, P&L, their product and each sum round once by 2^-24 of the reach, and compound: doubled, that covers it.
    """
    inside = (size == 0.0) | ((size >= 1 / SINGLE_LIMIT) & (size <= SINGLE_LIMIT))
    amount = np.abs(held.quantity)
    odd = ~(inside[held.instrument] & ((amount == 0.0) | ((amount >= 1 / SINGLE_LIMIT) & (amount <= SINGLE_LIMIT))))
    odd_before = np.concatenate([[0], np.cumsum(odd)])
    safe = (np.diff(odd_before[held.start]) == 0) & (reach <= SINGLE_LIMIT**2)
    return np.where(safe, (np.diff(held.start) + 6) * SINGLE_ROUNDING * np.where(safe, reach, 0.0), np.inf)


def width(instruments: int, scenarios: int, item: int) -> int:
    """How many scenarios of every instrument are taken together."""
    fitting = CACHE // (max(instruments, 1) * item) // loops.LANES * loops.LANES
    return max(1, min(max(fitting, 2 * loops.LANES), scenarios))


def accounts_kept(keep: int, item: int) -> int:
    """How many accounts' tails one thread keeps at once."""
    return max(16, min(ACCOUNTS, KEPT // (loops.room(keep, 2 * loops.LANES) * (item + 4))))


def kept(ranks: Sequence[int], masses: Sequence[float | Fraction], scenarios: int) -> int:
    """How many of the worst scenarios the ranks and masses need. Raises ModelError for one that does not exist."""
    wanted = [*ranks, *masses]
    if not all(1 <= w <= scenarios for w in wanted):
        raise ModelError(f"ranks and masses of {scenarios} scenarios: found {wanted}, wanted 1 to {scenarios} each")
    return max((math.ceil(w) for w in wanted), default=1)


def in_blocks(run: Callable[[int, int], None], accounts: int, most: int, threads: int) -> None:
    """Runs blocks of accounts, from first to below last, on so many threads; no result may depend on which."""
    if threads < 1:
        raise ModelError(f"threads: found {threads}, wanted 1 or more")
    step = max(1, min(most, -(-accounts // threads)))
    firsts = range(0, accounts, step)
    lasts = [min(first + step, accounts) for first in firsts]
    if threads == 1:
        for first, last in zip(firsts, lasts, strict=True):
            run(first, last)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, firsts, lasts))


def _collected(
    held: Holdings, cube: Floats, size: Floats, first: int, last: int, keep: int, kind: np.dtype[Any]
) -> tuple[Floats, Places]:
    packed = np.empty((len(cube), width(held.instruments, cube.shape[1], kind.itemsize)), kind)
    values = np.empty((last - first, loops.room(keep, packed.shape[1])), kind)
    places = np.empty(values.shape, np.int32)
    collect = loops.collect_single if kind.itemsize == 4 else loops.collect
    collect(held.start, held.instrument, held.quantity, cube, size, first, last, keep, packed, values, places)
    return values, places


def _sizes(cube: Floats) -> Floats:
    out = np.empty(len(cube))
    loops.sizes(cube, out)
    return out


def _match(held: Holdings, cube: Floats) -> None:
    if cube.ndim != 2 or len(cube) != held.instruments or cube.dtype != np.float64:
        raise ShapeMismatch("cube", found=(cube.shape, cube.dtype), wanted=((held.instruments, "S"), "float64"))
    if held.quantity.dtype != np.float64:
        raise ModelError("quantities are lots; wanted amounts in float64, or the exact functions")
