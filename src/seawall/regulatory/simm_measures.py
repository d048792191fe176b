"""Delta, vega, curvature and base correlation margin of one risk class under SIMM."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from seawall.kernels.buckets import Nested, curvature_tail, nested, scaled_by_concentration
from seawall.model.arrays import Floats
from seawall.model.sensitivity import Sensitivity
from seawall.regulatory.aggregation import Cell, Kept, Margin, Placed, Sheet, sheet_of
from seawall.regulatory.simm_buckets import RESIDUAL, BaseCorrelationRules
from seawall.regulatory.simm_terms import CURVATURE_QUANTILE, Concentrates

CONCENTRATED = "concentration above 1 in {}: contributions hold the factor as it is, one unit more moves it as well"
FLOORED = "the quadratic form is negative and counts zero"
CURVATURE_FLOORED = "curvature gains: it counts zero, and contributes nothing"


class Rules(Protocol):
    """What a risk class says of its rows."""

    @property
    def curvature_multiplier(self) -> float:
        """What the curvature margin is multiplied by."""

    @property
    def grade_of_delta(self) -> str:
        """How sure delta is."""

    @property
    def grade_of_vega(self) -> str:
        """How sure vega and curvature are."""

    def delta(self, row: Sensitivity) -> Placed | None:
        """Where a row of delta stands."""

    def vega(self, row: Sensitivity) -> Placed | None:
        """Where a row of volatility stands in vega."""

    def curvature(self, row: Sensitivity) -> Placed | None:
        """Where a row of volatility stands in curvature."""

    @property
    def concentrates(self) -> Concentrates:
        """Which correlations unlike concentration weakens."""

    def rho(self, cell: Cell) -> Floats:
        """(n,n) between factors of one bucket."""

    def gamma(self, buckets: tuple[str, ...]) -> Floats:
        """(B,B) between buckets but Residual."""


def quadratic_margin(kept: Kept, rules: Rules, measure: str) -> Margin | None:
    """Delta or vega margin: buckets under their correlations, the residual one added. None without any row."""
    if not kept.rows:
        return None
    sheet = sheet_of(kept.rows, kept.placed)
    parts = _parts(sheet, rules, measure)
    amount = sum(form.total for _, form in parts)
    grade = rules.grade_of_delta if measure == "delta" else rules.grade_of_vega
    return _merged(measure, amount, sheet=sheet, parts=[(part, form, form.slopes) for part, form in parts],
                   grade=grade, notes=(*_concentrated(sheet), *_floored(parts)))


def curvature_margin(kept: Kept, rules: Rules) -> Margin | None:
    """Curvature margin: exposures beyond what offsets, buckets and the residual one each with their own tail."""
    if not kept.rows:
        return None
    sheet = sheet_of(kept.rows, kept.placed)
    amount, notes, slopes = 0.0, [], []
    for part, form in _parts(sheet, rules, "curvature"):
        tail = curvature_tail(part.net, form, CURVATURE_QUANTILE)
        amount += tail.total * rules.curvature_multiplier
        slopes.append((part, form, tail.slopes * rules.curvature_multiplier))
        notes.append(f"theta {tail.theta:.4f}, lambda {tail.factor:.4f} of {_title(part)}")
        if tail.floored:
            notes.append(f"{CURVATURE_FLOORED} ({_title(part)})")
    return _merged("curvature", amount, sheet=sheet, parts=slopes, grade=rules.grade_of_vega, notes=tuple(notes))


def base_correlation_margin(kept: Kept, rules: BaseCorrelationRules) -> Margin | None:
    """Base correlation margin of credit indices: one bucket."""
    if not kept.rows:
        return None
    sheet = sheet_of(kept.rows, kept.placed)
    rho = [rules.rho(cell) for cell in sheet.cells("base_correlation")]
    form = nested(sheet.net, sheet.members, rho, np.zeros((1, 1)), clamp="always")
    return _merged("base_correlation", form.total, sheet=sheet, parts=[(sheet, form, form.slopes)], grade="documented")


def _parts(sheet: Sheet, rules: Rules, measure: str) -> list[tuple[Sheet, Nested]]:
    """The numbered buckets together, and the residual one by itself, as far as there are rows."""
    found = []
    for residual in (False, True):
        part = sheet.only(lambda name, wanted=residual: (name == RESIDUAL) == wanted)  # type: ignore[misc]
        if not part.rows:
            continue
        rho, gamma = _correlations(part, rules, measure, residual=residual)
        found.append((part, nested(part.net, part.members, rho, gamma, clamp="always")))
    return found


def _correlations(part: Sheet, rules: Rules, measure: str, *, residual: bool) -> tuple[list[Floats], Floats]:
    """Inside and between buckets: weakened by unlike concentration, or squared in curvature."""
    rho = [rules.rho(cell) for cell in part.cells(measure)]
    gamma = np.zeros((1, 1)) if residual else rules.gamma(part.buckets)
    if measure == "curvature":
        return [one**2 for one in rho], gamma**2
    if rules.concentrates == "across":
        return rho, scaled_by_concentration(gamma, part.largest_concentration())
    return [scaled_by_concentration(one, part.concentration_of(b)) for b, one in enumerate(rho)], gamma


def _merged(
    measure: str, amount: float, *, sheet: Sheet, parts: list[tuple[Sheet, Nested, Floats]], grade: str,
    notes: tuple[str, ...] = (),
) -> Margin:
    """Numbers of the parts, put back in the order of the whole sheet."""
    slopes = np.zeros(len(sheet.factors))
    size = len(sheet.buckets)
    requirement, sums, clamped = np.zeros(size), np.zeros(size), [False] * size
    place = {factor: n for n, factor in enumerate(sheet.factors)}
    for part, form, own in parts:
        slopes[[place[factor] for factor in part.factors]] = own
        for b, name in enumerate(part.buckets):
            at = sheet.buckets.index(name)
            requirement[at], sums[at], clamped[at] = form.bucket[b], form.sums[b], bool(form.clamped[b])
    return Margin(measure, amount, sheet, slopes, requirement, sums, clamped, grade, notes)


def _concentrated(sheet: Sheet) -> tuple[str, ...]:
    names = [name for name, most in zip(sheet.buckets, sheet.largest_concentration(), strict=True) if most > 1]
    return (CONCENTRATED.format(", ".join(names)),) if names else ()


def _floored(parts: list[tuple[Sheet, Nested]]) -> tuple[str, ...]:
    return (FLOORED,) if any(form.floored for _, form in parts) else ()


def _title(part: Sheet) -> str:
    return "the residual bucket" if part.buckets == (RESIDUAL,) else "the buckets"
