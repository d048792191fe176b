"""Fold, worst and tail in integers: both bounds of every P&L, the same digits for any order, thread or machine.

P&L is int64 ticks, gain > 0. A value known only to lie between two numbers of ticks is carried as both of them, and
each step rounds outward, so that whatever real numbers the bounds enclose, their exact result lies within the bounds
that come out. Charges are rounded up, against the holder. Weights are int64 billionths, ONE each, as (2,...) arrays:
rounded down, rounded up.

Limits: a product of ticks and weight, and the sum over the rows of one parent, stay below 2^61 ticks (2.3e18).
Past them ModelError is raised, never a wrong digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numba import boolean, float64, int64, njit
from numpy.typing import ArrayLike, NDArray

from seawall.errors import ModelError, ShapeMismatch
from seawall.kernels.compiled import entry, read, written
from seawall.kernels.elementary import rest_of_product
from seawall.kernels.hold_exact import LIMIT, all_below, size_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ONE = 10**9
NO_CAP = 2**62  # a cap that never binds
NOT_COUNTED = 2**62  # a P&L of this size stands for a scenario that does not apply to its row
LARGEST_RATIO = 2**53
SNAP = 3e-14  # of a weight: further than a decimal lies from the binary number nearest to it
FAULTS = ("", "a deductible is negative; wanted ticks >= 0",
          "rows weighed and added could pass 2^61 ticks; use larger ticks or smaller weights",
          "a row's parent or its place in a table of weights or deductibles does not exist; wanted 0 to below its size",
          "weights, deductibles and P&L have not the same scenarios; wanted tables (2,K,S) for P&L (N,S)")


def ticks(values: ArrayLike, ticks_per_lot: int | Fraction | Sequence[int | Fraction]) -> tuple[Ints, Ints]:
    """Values in ticks per lot, rounded down and up: floor and ceiling of the exact product, not of a rounded one.

    values: finite, any shape. ticks_per_lot > 0: one for all, or one per place of the first axis.
    Raises ModelError for what is not finite, or is 2^61 ticks or more.
    """
    x = np.asarray(values, dtype=np.float64, order="C")
    ratios = [Fraction(r) for r in ticks_per_lot] if isinstance(ticks_per_lot, Sequence) else [Fraction(ticks_per_lot)]
    if len(ratios) not in {1, len(x) if x.ndim else 1}:
        raise ShapeMismatch("ticks per lot for the first axis", found=len(ratios), wanted=x.shape)
    if any(not 0 < r.numerator < LARGEST_RATIO or r.denominator >= LARGEST_RATIO for r in ratios):
        raise ModelError(f"ticks per lot: found {ratios}, wanted positive ratios of integers below 2^53")
    low, high = np.empty(x.shape, np.int64), np.empty(x.shape, np.int64)
    above, below = np.array([r.numerator for r in ratios]), np.array([r.denominator for r in ratios])
    rows = (len(ratios), x.size // len(ratios))
    failed = int(_ticks(x.reshape(rows), above, below, low.reshape(rows), high.reshape(rows)))
    if failed >= 0:
        place = tuple(int(n) for n in np.unravel_index(failed, x.shape))
        raise ModelError(f"value at {place} has no ticks: found {x[place]!r}, wanted a finite value below 2^61 ticks")
    return low, high


def billionths(weights: ArrayLike) -> Ints:
    """(2,...) weights in billionths, rounded down and up.

    A weight within three parts in 10^14 of a billionth is that billionth: 0.6 is 600,000,000 and not the binary
    number beside it.
    """
    return billionths_between(np.asarray(weights, dtype=np.float64)[None])


def billionths_between(ends: Floats) -> Ints:
    """(2,...) bounds in billionths of a weight between its values (E,...): the least rounded down, the most up."""
    x = np.ascontiguousarray(ends)
    out = np.empty((2, *x.shape[1:]), np.int64)
    failed = int(_billionths(x.reshape(len(x), -1), out.reshape(2, -1)))
    if failed >= 0:
        place = tuple(int(n) for n in np.unravel_index(failed, x.shape))
        raise ModelError(f"weight at {place[1:]} has no billionths: found {x[place]!r}, wanted a finite one below 2e9")
    return out


def sizes_between(lower: Ints, upper: Ints, tick: float) -> Floats:
    """(2,N,S) least and greatest size in currency of what lies between two numbers of ticks (N,S)."""
    out = np.empty((2, *lower.shape))
    _sizes_between(lower, upper, tick, out)
    return out


def fold_exact(
    lower: Ints, upper: Ints, gain: Ints, gain_of: Ints, loss: Ints, loss_of: Ints, parent: Ints, rows: int, cap: Ints,
    deduct: Ints, deduct_of: Ints,
) -> tuple[Ints, Ints]:
    """(M,S) bounds of min(sum gain x+, cap) - sum max(loss x- - deduct, 0), for x (N,S) within its bounds.

    gain, loss: tables (2,K,S) in billionths of either sign, and the place (N) of each row in them. parent (N) below
    rows. cap (M) or (2,M) ticks, NO_CAP where there is none. deduct: table (2,D,S) ticks, >= 0, or of no rows at all:
    then negative loss weights are not cut at zero either.
    Raises ModelError if a product or a sum could reach 2^61 ticks, a deductible is negative, or a place or a number
    of scenarios does not fit its table.
    """
    out = np.zeros((2, rows, lower.shape[1]), np.int64)
    caps = cap if cap.shape == (2, rows) else np.ascontiguousarray(np.broadcast_to(cap, (2, rows)))
    fault = _fold(lower, upper, gain, gain_of, loss, loss_of, parent, caps, deduct, deduct_of, out)
    if fault:
        raise ModelError(FAULTS[fault])
    return out[0], out[1]


def worst_exact(lower: Ints, *, floor: bool = False) -> tuple[Ints, Ints]:
    """Charge (N) in the least scenario of each row, and which (N), the first of equals.

    Cells of NOT_COUNTED or more do not count; where none does, 0 and -1. floor: a row that gains everywhere is
    charged nothing.
    """
    charge, at = np.empty(len(lower), np.int64), np.empty(len(lower), np.int64)
    _worst(lower, floor, charge, at)
    return charge, at


def quantile_exact(lower: Ints, k: int) -> Ints:
    """(N) the k-th smallest P&L of each row (N,S), k from 1."""
    if not 1 <= k <= lower.shape[1]:
        raise ModelError(f"the {k}-th smallest of {lower.shape[1]} scenarios; wanted 1 to {lower.shape[1]}")
    return np.asarray(np.partition(lower, k - 1, axis=1)[:, k - 1])


def tail_exact(lower: Ints, whole: int, numerator: int = 0, denominator: int = 1) -> Ints:
    """(N) mean loss over the tail of whole + numerator / denominator worst scenarios of (N,S), rounded up.

    0 <= numerator < denominator. Source: Acerbi and Tasche (2002), On the coherence of expected shortfall.
    Raises ModelError if the tail is empty, or longer than there are scenarios, or past 2^61 ticks.
    """
    scenarios = lower.shape[1]
    mass = whole * denominator + numerator
    if whole < 0 or not 0 <= numerator < denominator or not 0 < mass <= scenarios * denominator:
        raise ModelError(f"a tail of {whole} + {numerator}/{denominator} scenarios; wanted above 0, up to {scenarios}")
    if max(-int(lower.min(initial=0)), int(lower.max(initial=0))) * mass >= LIMIT:
        raise ModelError(f"a tail of {mass}/{denominator} scenarios could pass 2^61 ticks; use larger ticks")
    edge = min(whole, scenarios - 1)
    ranked = np.partition(lower, edge, axis=1)
    total = denominator * ranked[:, :whole].sum(axis=1) + numerator * ranked[:, edge]
    return np.asarray(-(total // mass))


def scale_exact(values: Ints, weight: Ints) -> Ints:
    """(N) charges times weights (2,N) in billionths, of either sign, rounded up."""
    return scale_outward(values, values, weight)[1]


def scale_outward(lower: Ints, upper: Ints, weight: Ints) -> tuple[Ints, Ints]:
    """(N) bounds of values within their bounds times weights (2,N) in billionths, of either sign.

    Raises ModelError if a product could reach 2^61.
    """
    low, high = np.empty(lower.shape, np.int64), np.empty(lower.shape, np.int64)
    if _scale(lower, upper, weight, low, high):
        raise ModelError("a charge times its weight could pass 2^61 ticks; use larger ticks or smaller weights")
    return low, high


@njit(inline="always", error_model="numpy")
def share_down(v: int, w: int) -> int:
    """Floor of v w / ONE without a division: a quotient in floats, then its remainder, whose overflows cancel.

    Right for |v w / ONE| < 2^62: the first quotient is off by less than 2^12, so its remainder fits.
    """
    quotient: int = np.int64(np.float64(v) * np.float64(w) * 1e-9)  # type: ignore[assignment]
    rest = v * w - quotient * ONE
    more: int = np.int64(np.float64(rest) * 1e-9)  # type: ignore[assignment]
    quotient += more
    rest -= more * ONE
    quotient = quotient - 1 if rest < 0 else quotient
    return quotient + 1 if rest >= ONE else quotient


@njit(inline="always", error_model="numpy")
def share_up(v: int, w: int) -> int:
    """Ceiling of v w / ONE."""
    return -int(share_down(-v, w))


@njit(inline="always", error_model="numpy")
def _enclosed(v: float, ratio: float, p: float) -> tuple[int, int]:
    """Floor and ceiling of v times ratio, whose rounded product is p, below 2^61."""
    whole = int(p)
    at = float(whole)
    # Integers are further away than rounding reaches; of a product below one the sign says enough.
    down = whole - 1 if at > p or (at == p and v < 0.0 and abs(p) < 1.0) else whole
    up = down + 1 if at != p or (v != 0.0 and abs(p) < 1.0) else down
    if at == p and abs(p) >= 1.0:
        rest = rest_of_product(v, ratio, p)
        more = int(rest)
        down, up = whole + more - (1 if more > rest else 0), whole + more + (1 if more < rest else 0)
    return down, up


@entry(read(float64, 2), read(int64, 1), read(int64, 1), written(int64, 2), written(int64, 2))
def _ticks(x: Floats, above: Ints, below: Ints, low: Ints, high: Ints) -> int:
    """The flat place of the first value without ticks, or -1."""
    for i in range(x.shape[0]):
        ratio, divisor = np.float64(above[i]), below[i]
        for j in range(x.shape[1]):
            p = x[i, j] * ratio
            if not abs(p) < LIMIT:
                return int(i * x.shape[1] + j)
            down, up = _enclosed(x[i, j], ratio, p)
            low[i, j], high[i, j] = down // divisor, -((-up) // divisor)
    return -1


@entry(read(float64, 2), written(int64, 2))
def _billionths(ends: Floats, out: Ints) -> int:
    """The flat place of the first weight without billionths, or -1."""
    for e in range(ends.shape[0]):
        for i in range(ends.shape[1]):
            p = ends[e, i] * 1e9
            if not abs(p) < LIMIT:
                return int(e * ends.shape[1] + i)
            near = np.rint(p)
            if abs(p - near) <= SNAP * max(abs(near), 1.0):
                down = up = int(near)
            else:
                down, up = _enclosed(ends[e, i], 1e9, p)
            out[0, i] = down if e == 0 else min(down, out[0, i])
            out[1, i] = up if e == 0 else max(up, out[1, i])
    return -1


@entry(read(int64, 2), read(int64, 2), float64, written(float64, 3))
def _sizes_between(lower: Ints, upper: Ints, tick: float, out: Floats) -> None:
    for n in range(lower.shape[0]):
        for s in range(lower.shape[1]):
            v, x = lower[n, s], upper[n, s]
            out[0, n, s] = np.float64(max(v, -x, 0)) * tick
            out[1, n, s] = np.float64(max(abs(v), abs(x))) * tick


@entry(read(int64, 2), boolean, written(int64, 1), written(int64, 1))
def _worst(lower: Ints, floor: bool, charge: Ints, at: Ints) -> None:
    """Writes the charges and where they bind."""
    for n in range(lower.shape[0]):
        least, place = NOT_COUNTED, -1
        for s in range(lower.shape[1]):
            if lower[n, s] < least:
                least, place = lower[n, s], s
        loss = -least if place >= 0 else 0
        charge[n] = max(loss, 0) if floor else loss
        at[n] = place


@njit(error_model="numpy")
def _misplaced(
    lower: Ints, gain: Ints, gain_of: Ints, loss: Ints, loss_of: Ints, parent: Ints, rows: int, deduct: Ints,
    deduct_of: Ints,
) -> int:
    """0; 3 if a row points outside a table, 4 if a table has other scenarios."""
    count, scenarios, deducts = lower.shape[0], lower.shape[1], deduct.shape[1] > 0
    if gain.shape[2] != scenarios or loss.shape[2] != scenarios or (deducts and deduct.shape[2] != scenarios):
        return 4
    if not (all_below(parent, count, rows) and all_below(gain_of, count, gain.shape[1])):
        return 3
    if not all_below(loss_of, count, loss.shape[1]) or (deducts and not all_below(deduct_of, count, deduct.shape[1])):
        return 3
    return 0


@njit(error_model="numpy")
def _excessive(
    lower: Ints, upper: Ints, gain: Ints, gain_of: Ints, loss: Ints, loss_of: Ints, parent: Ints, rows: int,
    deduct: Ints,
) -> int:
    """0; 1 if a deductible is negative, 2 if some parent's sum could overflow."""
    for v in deduct.flat:
        if v < 0:
            return 1
    gains, losses = _sizes(gain), _sizes(loss)
    reach, deducted = np.zeros(rows + 1), size_of(deduct)
    for n in range(lower.shape[0]):
        size = max(size_of(lower[n]), size_of(upper[n]))
        reach[parent[n]] += size * max(gains[gain_of[n]], losses[loss_of[n]]) / ONE + 1.0 + deducted
        if size >= LIMIT or reach[parent[n]] >= LIMIT:
            return 2
    return 0


@njit(error_model="numpy")
def _sizes(table: Ints) -> Floats:
    """(K) largest size in each row of a table (2,K,S)."""
    out = np.empty(table.shape[1])
    for k in range(table.shape[1]):
        out[k] = max(size_of(table[0, k]), size_of(table[1, k]))
    return out


@njit(error_model="numpy")
def _signed(weights: Ints) -> bool:
    """Whether any weight is negative."""
    least = 0
    for s in range(weights.size):
        least = min(least, weights[s])
    return bool(least < 0)


@njit(error_model="numpy")
def _add_plain(
    lower: Ints, upper: Ints, g0: Ints, g1: Ints, l0: Ints, l1: Ints, d0: Ints, d1: Ints, low_up: Ints, high_up: Ints,
    low_down: Ints, high_down: Ints,
) -> None:
    """Adds a row whose weights are >= 0: what it is worth rises with x, so each bound gives one."""
    deducts = d0.size > 0
    for s in range(lower.size):
        v, x = lower[s], upper[s]
        a = share_down(v, g0[s] if v > 0 else l1[s])
        b = share_up(x, g1[s] if x > 0 else l0[s])
        low_up[s] += a if v > 0 else 0
        low_down[s] += 0 if v > 0 else (min(a + d0[s], 0) if deducts else a)
        high_up[s] += b if x > 0 else 0
        high_down[s] += 0 if x > 0 else (min(b + d1[s], 0) if deducts else b)


@njit(error_model="numpy")
def _add_signed(
    lower: Ints, upper: Ints, g0: Ints, g1: Ints, l0: Ints, l1: Ints, d0: Ints, d1: Ints, capped: bool, low_up: Ints,
    high_up: Ints, low_down: Ints, high_down: Ints,
) -> None:
    """Adds a row of any weights: its worth bends only at 0, so its extremes are at both ends of x and there."""
    for s in range(lower.size):
        v, x = lower[s], upper[s]
        least, most = max(v, 0), max(x, 0)
        a = share_down(least if g0[s] >= 0 else most, g0[s])
        b = share_up(most if g1[s] >= 0 else least, g1[s])
        near, far = min(x, 0), min(v, 0)
        c = share_down(far if l1[s] >= 0 else near, l1[s])
        d = share_up(near if l0[s] >= 0 else far, l0[s])
        if d0.size:
            c, d = min(c + d0[s], 0), min(d + d1[s], 0)
        if v < 0 < x and not capped:
            # x cannot gain and lose at once.
            a, c = (a, 0) if a < c else (0, c)
            b, d = (b, 0) if b > d else (0, d)
        low_up[s] += a
        low_down[s] += c
        high_up[s] += b
        high_down[s] += d


@entry(
    read(int64, 2), read(int64, 2), read(int64, 3), read(int64, 1), read(int64, 3), read(int64, 1), read(int64, 1),
    read(int64, 2), read(int64, 3), read(int64, 1), written(int64, 3),
)
def _fold(
    lower: Ints, upper: Ints, gain: Ints, gain_of: Ints, loss: Ints, loss_of: Ints, parent: Ints, cap: Ints,
    deduct: Ints, deduct_of: Ints, out: Ints,
) -> int:
    """Writes the bounds (2,M,S); the number of a fault, or 0."""
    fault = _misplaced(lower, gain, gain_of, loss, loss_of, parent, cap.shape[1], deduct, deduct_of)
    if not fault:
        fault = _excessive(lower, upper, gain, gain_of, loss, loss_of, parent, cap.shape[1], deduct)
    if fault:
        return fault
    up, deducts, none = np.zeros(out.shape, np.int64), deduct.shape[1] > 0, np.empty(0, np.int64)
    for n in range(lower.shape[0]):
        p = parent[n]
        g0, g1, l0, l1 = gain[0, gain_of[n]], gain[1, gain_of[n]], loss[0, loss_of[n]], loss[1, loss_of[n]]
        d0, d1 = (deduct[0, deduct_of[n]], deduct[1, deduct_of[n]]) if deducts else (none, none)
        if _signed(g0) or _signed(l0):
            _add_signed(lower[n], upper[n], g0, g1, l0, l1, d0, d1, cap[0, p] < NO_CAP, up[0, p], up[1, p], out[0, p],
                        out[1, p])
        else:
            _add_plain(lower[n], upper[n], g0, g1, l0, l1, d0, d1, up[0, p], up[1, p], out[0, p], out[1, p])
    for b in range(2):
        for m in range(out.shape[1]):
            for s in range(out.shape[2]):
                out[b, m, s] += min(up[b, m, s], cap[b, m])
    return 0


@entry(read(int64, 1), read(int64, 1), read(int64, 2), written(int64, 1), written(int64, 1))
def _scale(lower: Ints, upper: Ints, weight: Ints, low: Ints, high: Ints) -> bool:
    """Writes the bounds of the products; whether some product could overflow."""
    size = max(size_of(lower), size_of(upper))
    if size >= LIMIT or size * size_of(weight) / ONE >= LIMIT:
        return True
    for n in range(lower.size):
        v, x, w0, w1 = lower[n], upper[n], weight[0, n], weight[1, n]
        # Each end of the value with the end of the weight that goes further.
        low[n] = min(share_down(v, w0 if v >= 0 else w1), share_down(x, w0 if x >= 0 else w1))
        high[n] = max(share_up(v, w1 if v >= 0 else w0), share_up(x, w1 if x >= 0 else w0))
    return False
