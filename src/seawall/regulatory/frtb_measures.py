"""Delta, vega and curvature capital of one risk class, under each of three scenarios of correlation.

Source: Basel Framework MAR21.4 to MAR21.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from seawall.errors import InputError
from seawall.kernels.buckets import nested, one_sided
from seawall.model.arrays import Bools, Floats, Ints
from seawall.model.failure import Failure
from seawall.model.frtb_parameters import FrtbParameters
from seawall.model.sensitivity import Sensitivity
from seawall.regulatory.aggregation import (
    Cell,
    Factor,
    Kept,
    Margin,
    Placed,
    Sheet,
    failure_of,
    place_all,
    sheet_of,
)

SCENARIOS = ("low", "medium", "high")
UP, DOWN = "up", "down"
FLOORED = "the quadratic form is negative and counts zero"
CUT = "the whole was negative under the root: every bucket's sum is cut to its requirement"


class SbmRules(Protocol):
    """What a risk class says of its rows."""

    def delta(self, row: Sensitivity) -> Placed | None:
        """Where a row of delta stands."""

    def vega(self, row: Sensitivity) -> Placed | None:
        """Where a row of vega stands."""

    def curvature(self, row: Sensitivity) -> tuple[str, str]:
        """Bucket and factor of a row of curvature."""

    def rho(self, cell: Cell) -> Floats:
        """(n,n) between factors of one bucket, medium correlations."""

    def gamma(self, buckets: tuple[str, ...]) -> Floats:
        """(B,B) between buckets, medium correlations."""

    def gross(self, buckets: tuple[str, ...]) -> Bools:
        """(B,) where nothing offsets."""


def stressed(correlation: Floats, scenario: str, parameters: FrtbParameters) -> Floats:
    """Correlations under a scenario: high times 1.25, at most 1; low the larger of 2 rho - 1 and 0.75 rho."""
    if scenario == "high":
        return np.asarray(np.minimum(parameters.high * correlation, 1.0))
    if scenario == "low":
        return np.asarray(np.maximum(2.0 * correlation - 1.0, parameters.low * correlation))
    return correlation


def quadratic_capital(kept: Kept, rules: SbmRules, measure: str, parameters: FrtbParameters) -> dict[str, Margin]:
    """Delta or vega by scenario; nothing without any row."""
    if not kept.rows:
        return {}
    sheet = sheet_of(kept.rows, kept.placed)
    rho = [rules.rho(cell) for cell in sheet.cells(measure)]
    gamma, gross = rules.gamma(sheet.buckets), rules.gross(sheet.buckets)
    found = {}
    for name in SCENARIOS:
        form = nested(sheet.net, sheet.members, [stressed(one, name, parameters) for one in rho],
                      stressed(gamma, name, parameters), clamp="when_negative", gross=gross)
        notes = (CUT,) if form.clamped.any() else ()
        found[name] = Margin(measure, form.total, sheet, form.slopes, form.bucket, form.sums, form.clamped.tolist(),
                             "documented", (*notes, FLOORED) if form.floored else notes)
    return found


def curvature_capital(
    rows: Sequence[Sensitivity], rules: SbmRules, parameters: FrtbParameters,
) -> tuple[dict[str, Margin], tuple[Failure, ...]]:
    """Curvature by scenario, and the rows that cannot be used: both directions of a factor are needed."""
    kept = place_all(rows, lambda row: _directed(row, rules))
    kept, lonely = _in_pairs(kept)
    failures = (*kept.failures, *lonely)
    if not kept.rows:
        return {}, failures
    sheet = sheet_of(kept.rows, kept.placed)
    up, down, members, names = _two_sided(sheet)
    rho = [rules.rho(Cell(bucket, factors, "curvature")) for bucket, factors in zip(sheet.buckets, names, strict=True)]
    gamma, gross = rules.gamma(sheet.buckets), rules.gross(sheet.buckets)
    found = {}
    for name in SCENARIOS:
        form = one_sided(sheet.net[up], sheet.net[down], members, [_squared(one, name, parameters) for one in rho],
                         _squared(gamma, name, parameters), gross)
        slopes = np.zeros(len(sheet.factors))
        for b, places in enumerate(members):
            slopes[(up if form.upward[b] else down)[places]] = form.slopes[places]
        directions = tuple(UP if one else DOWN for one in form.upward)
        found[name] = Margin("curvature", form.total, sheet, slopes, form.bucket, form.sums, [False] * len(members),
                             "documented", (FLOORED,) if form.floored else (), directions)
    return found, failures


def _squared(correlation: Floats, scenario: str, parameters: FrtbParameters) -> Floats:
    if parameters.curvature_correlations == "square_the_scaled":
        return stressed(correlation, scenario, parameters) ** 2
    return stressed(correlation**2, scenario, parameters)


def _directed(row: Sensitivity, rules: SbmRules) -> Placed:
    """A loss is minus what the shock gains beyond delta."""
    direction = row.label1.strip().lower()
    if direction not in (UP, DOWN):
        raise InputError("Label1 is no direction of a shock", found=row.label1, wanted="UP or DOWN",
                         remedy="give each curvature factor a row for either direction")
    bucket, name = rules.curvature(row)
    return Placed(bucket, (name, direction), -1.0)


def _in_pairs(kept: Kept) -> tuple[Kept, tuple[Failure, ...]]:
    """Only factors of which both directions are there."""
    seen = {(one.bucket, *one.factor) for one in kept.placed}
    rows, placed, lonely = [], [], []
    for row, one in zip(kept.rows, kept.placed, strict=True):
        name, direction = one.factor
        if (one.bucket, name, DOWN if direction == UP else UP) in seen:
            rows.append(row)
            placed.append(one)
        else:
            lonely.append(failure_of(row, InputError(
                "the other direction of the shock is missing", found=row.label1, wanted="rows UP and DOWN",
                remedy="add the row: the worse of the two counts")))
    return Kept(tuple(rows), tuple(placed), kept.failures), tuple(lonely)


def _two_sided(sheet: Sheet) -> tuple[Ints, Ints, list[Ints], list[list[Factor]]]:
    """Places of both directions of each factor, and per bucket which factors, and their names."""
    place = {factor: n for n, factor in enumerate(sheet.factors)}
    up: list[int] = []
    down: list[int] = []
    members: list[Ints] = []
    names: list[list[Factor]] = []
    for bucket, factors, _ in sheet.cells("curvature"):
        own = list(dict.fromkeys(factor[1] for factor in factors))
        members.append(np.arange(len(up), len(up) + len(own), dtype=np.int64))
        up += [place[bucket, name, UP] for name in own]
        down += [place[bucket, name, DOWN] for name in own]
        names.append([(bucket, name) for name in own])
    return np.array(up, dtype=np.int64), np.array(down, dtype=np.int64), members, names
