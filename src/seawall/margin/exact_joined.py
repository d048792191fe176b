"""How do integer charges come together? Sums, greatest and least; blends of unlike risks; roots of correlated ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seawall.errors import ModelError
from seawall.kernels.fold_exact import ONE, billionths, scale_outward
from seawall.kernels.hold_exact import LIMIT, hold_fine
from seawall.margin.exact_grids import Bounds, Grid, Grids, added
from seawall.margin.terms_blend import PlannedBlend
from seawall.margin.terms_join import PlannedJoin
from seawall.margin.terms_quadratic import PlannedQuadratic
from seawall.model.arrays import Floats, Ints


@dataclass(frozen=True)
class ExactJoin:
    """A join in integers: child, place (N), weight (2,N), whether rows are the same."""

    operation: str
    parts: tuple[tuple[str, Ints, Ints, bool], ...]
    rows: int

    def charge(self, _lots: Ints, done: Mapping[str, Bounds], /) -> Bounds:
        """Bounds (N) in ticks, loss > 0."""
        low, high = self._part(done, 0)
        for n in range(1, len(self.parts)):
            more_low, more_high = self._part(done, n)
            if self.operation == "sum":
                low, high = low + more_low, high + more_high
                _refuse_large(low, high)
            elif self.operation == "max":
                low, high = np.maximum(low, more_low), np.maximum(high, more_high)
            else:
                low, high = np.minimum(low, more_low), np.minimum(high, more_high)
        return low, high

    def _part(self, done: Mapping[str, Bounds], n: int) -> Bounds:
        child, place, weight, same = self.parts[n]
        bounds = scale_outward(*done[child], weight)
        return bounds if same else added(bounds, place, self.rows)


def exact_join(term: PlannedJoin) -> ExactJoin:
    """A join over a book in integers."""
    parts = tuple((child, place, billionths(weight), same) for child, place, weight, same in term.parts)
    return ExactJoin(term.operation, parts, len(term.rows))


@dataclass(frozen=True)
class ExactBlend:
    """A blend in integers.

    Charge = joint + (1 - lambda) max(total - joint, 0) grows with joint and total and falls with lambda, whose bounds
    are a quotient of sums of products >= 0: their relative rounding is at most one part in 2^53 per operation.
    """

    term: PlannedBlend

    def charge(self, _lots: Ints, done: Mapping[str, Bounds], /) -> Bounds:
        """Bounds (M) in ticks, loss > 0."""
        t, count, kinds = self.term, len(self.term.rows), len(self.term.pair)
        clipped = done[t.of[1]][0].clip(0), done[t.of[1]][1].clip(0)
        low, high = (x.reshape(count, kinds) for x in added(clipped, t.up * kinds + t.label, count * kinds))
        _refuse_large(low.sum(axis=1), high.astype(np.float64).sum(axis=1))
        joint = done[t.of[0]]
        least, most = self._offset(low, high)
        slack = 8 * 2.0**-52
        kept_low = (low.sum(axis=1) - joint[0]).clip(0) * np.maximum(1 - most - slack, 0.0) * (1 - slack)
        kept_high = (high.sum(axis=1) - joint[1]).clip(0) * np.minimum(1 - least + slack, 1.0) * (1 + slack)
        return joint[0] + np.floor(kept_low).astype(np.int64), joint[1] + np.ceil(kept_high).astype(np.int64)

    def _offset(self, low: Ints, high: Ints) -> tuple[Floats, Floats]:
        """(M) bounds of lambda."""
        pair, kinds = self.term.pair, len(self.term.pair)
        every = 1.0 - np.eye(kinds)
        near, far = (_pairs(x, pair) for x in (low, high))
        weight, weight_most = (_pairs(x, every) for x in (low, high))
        slack = (kinds * kinds + 8) * 2.0**-52
        with np.errstate(divide="ignore", invalid="ignore"):
            least = np.where(weight_most > 0, near / weight_most * (1 - slack), 0.0)
            most = np.where(weight > 0, far / weight * (1 + slack), np.where(far > 0, 1.0, 0.0))
        return least, np.minimum(most, pair.max(initial=0.0))


def _pairs(alone: Ints, share: Floats) -> Floats:
    """(M) sum of share times product over pairs, in an order of its own: no library's, which hangs on the machine."""
    x, out = alone.astype(np.float64), np.zeros(len(alone))
    for i in range(len(share)):
        for j in range(i):
            out = out + share[i, j] * (x[:, i] * x[:, j])
    return out


@dataclass(frozen=True)
class ExactQuadratic:
    """The root of x' C x in integers of any size. correlation: bounds in billionths."""

    term: PlannedQuadratic
    exposure: Grid
    correlation: tuple[int, int]

    def charge(self, lots: Ints, _done: Mapping[str, Bounds], /) -> Bounds:
        """Bounds (N) in ticks, loss > 0."""
        t = self.term
        lower, upper = hold_fine(lots, t.instrument, t.of_line, t.fine, *self.exposure)
        parts: list[list[tuple[int, int]]] = [[] for _ in range(len(t.rows))]
        for row, low, high in zip(t.parent.tolist(), lower[:, 0].tolist(), upper[:, 0].tolist(), strict=True):
            parts[row].append((low, high))
        roots = np.array([self._root(part) for part in parts], dtype=np.int64).reshape(-1, 2)
        return roots[:, 0].copy(), roots[:, 1].copy()

    def _root(self, part: list[tuple[int, int]]) -> tuple[int, int]:
        """Bounds of sqrt(sum x^2 + rho ((sum x)^2 - sum x^2))."""
        alone = [_square(low, high) for low, high in part]
        own_low, own_high = sum(a for a, _ in alone), sum(b for _, b in alone)
        all_low, all_high = _square(sum(a for a, _ in part), sum(b for _, b in part))
        ends = [(ONE - rho) * own + rho * joint for rho in self.correlation for own in (own_low, own_high)
                for joint in (all_low, all_high)]
        root_low, root_high = (math.isqrt(max(x, 0) // ONE) for x in (min(ends), -(-max(ends) // ONE) * ONE))
        return root_low, root_high + (root_high * root_high * ONE < max(ends))


def exact_quadratic(term: PlannedQuadratic, grids: Grids) -> ExactQuadratic:
    """A quadratic term over a book in integers."""
    low, high = billionths(term.correlation)
    return ExactQuadratic(term, grids.cube(term.exposure, term.instrument), (int(low), int(high)))


def _square(low: int, high: int) -> tuple[int, int]:
    """Bounds of the square of what lies between."""
    return 0 if low <= 0 <= high else min(low * low, high * high), max(low * low, high * high)


def _refuse_large(low: Ints, high: Ints | Floats) -> None:
    if max(-float(low.min(initial=0)), float(high.max(initial=0))) >= LIMIT:
        raise ModelError("charges added could pass 2^61 ticks; use larger ticks")
