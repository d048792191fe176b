"""How do charges come together? The kinds sum, max and min of other terms, each brought to one level of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.margin.rows import Netting, Rows, check_constant, parents
from seawall.margin.terms import Binding, Charges, PlannedTerm, Share
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import ACCOUNT, Formula, Keys, Term


class Join(Term, frozen=True, kw_only=True):
    """Other terms, each times its weight, added up to the rows ``to``."""

    of: tuple[str, ...]
    weights: tuple[Formula, ...] = ()
    to: Keys = ACCOUNT


class Sum(Join, tag="sum", frozen=True, kw_only=True):
    """The sum of its terms."""


class Max(Join, tag="max", frozen=True, kw_only=True):
    """The greatest of its terms; the first of equals."""


class Min(Join, tag="min", frozen=True, kw_only=True):
    """The least of its terms; the first of equals."""


@dataclass(frozen=True)
class BoundJoin:
    """A join over a market: each child's weight by instrument (I)."""

    name: str
    operation: str
    of: tuple[str, ...]
    weights: tuple[Floats, ...]
    to: Keys
    names: tuple[str, ...]

    def index(self, netting: Netting, planned: Mapping[str, PlannedTerm], /) -> PlannedJoin:
        """The join over one book's rows."""
        rows = netting.rows(self.to)
        parts = []
        for child, weight in zip(self.of, self.weights, strict=True):
            finer = planned[child].rows
            what = f"{self.name}, weight of {child}"
            place = parents(finer, rows, what)
            parts.append((child, place, self._weight(weight, finer, netting, what), _same(place, rows)))
        return PlannedJoin(rows, self.operation, tuple(parts))

    def _weight(self, weight: Floats, finer: Rows, netting: Netting, what: str) -> Floats:
        instrument = netting.lines.instrument
        if not len(weight) or (weight == weight[0]).all():
            return np.full(len(finer), weight[0] if len(weight) else 1.0)
        of_line = weight[instrument]
        told = [self.names[i] for i in instrument]
        every = np.ones(len(of_line), dtype=bool)
        check_constant(of_line, finer, finer.first, every, what=what, names=told)
        return np.where(finer.first >= 0, of_line[finer.first] if len(of_line) else 0.0, 0.0)


@dataclass(frozen=True)
class PlannedJoin:
    """A join over a book: child, place (N) of its rows here, weight (N), whether rows are the same."""

    rows: Rows
    operation: str
    parts: tuple[tuple[str, Ints, Floats, bool], ...]
    labels: tuple[str, ...] = ()

    def charge(self, _quantity: Floats, done: Charges, /) -> Floats:
        """(N) loss > 0."""
        parts = self._parts(done)
        if self.operation == "sum":
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            return total
        best = parts[0]
        for part in parts[1:]:
            best = np.maximum(best, part) if self.operation == "max" else np.minimum(best, part)
        return best

    def explain(self, _quantity: Floats, weight: Floats, done: Charges, /) -> Share:
        """The weight handed to each child's rows: all of them in a sum, else the one that decides."""
        parts = np.stack(self._parts(done))
        if self.operation == "sum":
            active = np.ones(parts.shape, dtype=bool)
        else:
            which = parts.argmax(0) if self.operation == "max" else parts.argmin(0)
            active = np.arange(len(parts))[:, None] == which[None, :]
        passed: dict[str, Floats] = {}
        for n, (child, place, own, _) in enumerate(self.parts):
            share = (weight * active[n])[place] * own
            passed[child] = passed[child] + share if child in passed else share
        return Share(passed=passed)

    def _parts(self, done: Charges) -> list[Floats]:
        out: list[Floats] = []
        for child, place, weight, same in self.parts:
            value = weight * done[child]
            out.append(value if same else np.bincount(place, value, len(self.rows)).astype(np.float64))
        return out


class _JoinKind:
    def __init__(self, spec: type[Join]) -> None:
        self.spec = spec

    def bind(self, name: str, spec: Join, binding: Binding) -> BoundJoin:
        weights = spec.weights or (1.0,) * len(spec.of)
        if not spec.of or len(weights) != len(spec.of):
            raise InputError(f"{binding.model.name}: terms.{name}.weights", found=len(weights),
                             wanted=f"one for each of {len(spec.of)} terms, or none")
        frame = binding.frame
        made = tuple(frame.evaluate(w, f"terms.{name}.weights") for w in weights)
        return BoundJoin(name, spec.kind, spec.of, made, spec.to, tuple(frame.columns.names))


def _same(place: Ints, rows: Rows) -> bool:
    return len(place) == len(rows) and bool((place == np.arange(len(rows))).all())


SUM, MAX, MIN = _JoinKind(Sum), _JoinKind(Max), _JoinKind(Min)
