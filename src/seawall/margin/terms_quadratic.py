"""How do correlated exposures add up? The kind quadratic: sqrt(x' C x) over the rows of each account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.kernels.fold import hold_lines
from seawall.margin.rows import Netting, Rows, parents
from seawall.margin.terms import Binding, Charges, PlannedTerm, Share
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import ACCOUNT, Formula, Keys, Term


class Quadratic(Term, tag="quadratic", frozen=True, kw_only=True):
    """The root of x' C x, x the exposures netted by ``net``: C is one on the diagonal, ``correlation`` elsewhere.

    Source: the variance of a sum whose parts have these standard deviations and one correlation.
    """

    exposure: Formula
    net: Keys
    correlation: Formula
    to: Keys = ACCOUNT
    select: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoundQuadratic:
    """Exposure (I) of one unit, zero where the kind does not count."""

    name: str
    spec: Quadratic
    exposure: Floats
    correlation: float

    def index(self, netting: Netting, _planned: Mapping[str, PlannedTerm], /) -> PlannedQuadratic:
        """The term over one book's rows."""
        fine, rows = netting.rows(self.spec.net), netting.rows(self.spec.to)
        return PlannedQuadratic(rows, parents(fine, rows, self.name), len(fine), fine.of_line,
                                netting.lines.instrument, self.exposure[:, None].copy(), self.correlation)


@dataclass(frozen=True)
class PlannedQuadratic:
    """parent (N0): row of each netted exposure."""

    rows: Rows
    parent: Ints
    fine: int
    of_line: Ints
    instrument: Ints
    exposure: Floats
    correlation: float
    labels: tuple[str, ...] = ()

    def charge(self, quantity: Floats, _done: Charges, /) -> Floats:
        """(N) loss > 0."""
        x = self._netted(quantity)
        return np.sqrt(np.maximum(np.bincount(self.parent, x * self._correlated(x), len(self.rows)), 0.0))

    def explain(self, quantity: Floats, weight: Floats, done: Charges, /) -> Share:
        """Euler: each exposure times its correlated sum over the root."""
        x, total = self._netted(quantity), self.charge(quantity, done)
        slope = self._correlated(x) * (weight / np.where(total > 0, total, 1.0))[self.parent]
        unit = slope[self.of_line] * self.exposure[self.instrument, 0]
        return Share(lines=unit * quantity, slopes=unit)

    def _netted(self, quantity: Floats) -> Floats:
        out: Floats = hold_lines(quantity, self.instrument, self.of_line, self.fine, self.exposure)[:, 0]
        return out

    def _correlated(self, x: Floats) -> Floats:
        """(N0) C x, one correlation between all of a row."""
        together = np.bincount(self.parent, x, len(self.rows))[self.parent]
        return np.asarray(x + self.correlation * (together - x))


class _QuadraticKind:
    spec = Quadratic

    def bind(self, name: str, spec: Quadratic, binding: Binding) -> BoundQuadratic:
        exposure = binding.frame.evaluate(spec.exposure, f"terms.{name}.exposure")
        level = binding.frame.evaluate(spec.correlation, f"terms.{name}.correlation")
        correlation = float(level[0]) if len(level) else 0.0
        if not (np.isfinite(correlation) and -1 <= correlation <= 1 and (level == correlation).all()):
            raise InputError(f"{binding.model.name}: terms.{name}.correlation", found=correlation,
                             wanted="one number between -1 and 1")
        chosen = binding.frame.kinds(spec.select, f"terms.{name}.select")
        return BoundQuadratic(name, spec, np.where(chosen, exposure, 0.0), correlation)


QUADRATIC = _QuadraticKind()
