"""How do rows become a requirement? Rows to net factors, factors to buckets, to a number, and back to shares."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.kernels.buckets import concentration_factor
from seawall.model.arrays import Bools, Floats, Ints
from seawall.model.failure import Failure
from seawall.model.regulatory import BucketShare, MeasureShare, SensitivityShare
from seawall.model.sensitivity import Sensitivity

Factor = tuple[Hashable, ...]


class Placed(NamedTuple):
    """Where a row stands in a model, and what it weighs.

    factor: rows of one factor net. group: rows whose ``scale`` times amount is added up against the threshold; an
    infinite one never concentrates. weight: per unit of amount, before concentration.
    """

    bucket: str
    factor: Factor
    weight: float
    group: Hashable = ""
    scale: float = 1.0
    threshold: float = np.inf


class Cell(NamedTuple):
    """One bucket of one measure: the factors to correlate."""

    bucket: str
    factors: list[Factor]
    measure: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows netted into factors (K) of buckets (B).

    rows, place, weighted (n): each row, the factor it belongs to, and what it adds there. net, concentration (K).
    members: per bucket, its factors' places.
    """

    rows: tuple[Sensitivity, ...]
    place: Ints
    weighted: Floats
    factors: tuple[Factor, ...]
    net: Floats
    concentration: Floats
    buckets: tuple[str, ...]
    members: tuple[Ints, ...]

    def cells(self, measure: str) -> list[Cell]:
        """Each bucket with its factors, in the order of its members."""
        return [Cell(name, [self.factors[place] for place in places], measure)
                for name, places in zip(self.buckets, self.members, strict=True)]

    def concentration_of(self, bucket: int) -> Floats:
        """(n,) the bucket's concentration factors."""
        return np.asarray(self.concentration[self.members[bucket]])

    def largest_concentration(self) -> Floats:
        """(B,) the largest in each bucket."""
        return np.array([self.concentration[places].max() for places in self.members])

    def only(self, keep: Callable[[str], bool]) -> Sheet:
        """The sheet of the buckets kept."""
        wanted = {p for name, places in zip(self.buckets, self.members, strict=True) if keep(name) for p in places}
        chosen = [n for n, place in enumerate(self.place.tolist()) if place in wanted]
        names = [self.factors[self.place[n]] for n in chosen]
        owner = {self.factors[p]: name for name, places in zip(self.buckets, self.members, strict=True) for p in places}
        return _sheet([self.rows[n] for n in chosen], [owner[name] for name in names], names, self.weighted[chosen],
                      self.concentration[self.place[chosen]])


def sheet_of(rows: Sequence[Sensitivity], placed: Sequence[Placed]) -> Sheet:
    """Rows weighted, with the concentration factor of their group, and netted."""
    amounts = np.array([row.amount for row in rows], dtype=np.float64)
    groups = {group: n for n, group in enumerate(dict.fromkeys(one.group for one in placed))}
    group = np.array([groups[one.group] for one in placed], dtype=np.int64)
    threshold = np.array([one.threshold for one in placed], dtype=np.float64)
    scaled = amounts * np.array([one.scale for one in placed])
    net = np.bincount(group, weights=scaled, minlength=len(groups)).astype(np.float64)
    concentration = concentration_factor(net[group], threshold)
    weighted = amounts * np.array([one.weight for one in placed]) * concentration
    factors = [(one.bucket, *one.factor) for one in placed]
    return _sheet(rows, [one.bucket for one in placed], factors, weighted, concentration)


def _sheet(
    rows: Sequence[Sensitivity], buckets: Sequence[str], factors: Sequence[Factor], weighted: Floats,
    concentration: Floats,
) -> Sheet:
    unique = {factor: n for n, factor in enumerate(dict.fromkeys(factors))}
    place = np.array([unique[factor] for factor in factors], dtype=np.int64)
    factored = np.ones(len(unique))
    factored[place] = concentration
    owner = dict(zip(factors, buckets, strict=True))
    names = tuple(dict.fromkeys(buckets))
    members = tuple(np.array([unique[f] for f, b in owner.items() if b == name], dtype=np.int64) for name in names)
    net = np.bincount(place, weights=weighted, minlength=len(unique)).astype(np.float64)
    return Sheet(tuple(rows), place, np.asarray(weighted), tuple(unique), net, factored, names, members)


@dataclass(frozen=True, slots=True)
class Margin:
    """One measure of one risk class. amount > 0; slopes (K): of the amount in each net factor.

    requirement, sums, clamped (B) as the kernel gives them; direction (B) where the worse of two shocks counts.
    """

    measure: str
    amount: float
    sheet: Sheet
    slopes: Floats
    requirement: Floats
    sums: Floats
    clamped: Sequence[bool]
    grade: str
    notes: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()

    def share(self, multiplier: float) -> MeasureShare:
        """As a tree, contributions scaled to the whole by the multiplier."""
        by_row = self.sheet.weighted * self.slopes[self.sheet.place] * multiplier
        return MeasureShare(
            self.measure, self.amount, float(by_row.sum()), self.grade,
            tuple(self._bucket(b, by_row) for b in range(len(self.sheet.buckets))), self.notes,
        )

    def _bucket(self, b: int, by_row: Floats) -> BucketShare:
        rows = np.flatnonzero(np.isin(self.sheet.place, self.sheet.members[b]))
        return BucketShare(
            self.sheet.buckets[b], float(self.requirement[b]), float(self.sums[b]), bool(self.clamped[b]),
            float(self.sheet.concentration_of(b).max()), float(by_row[rows].sum()),
            tuple(self._row(n, float(by_row[n])) for n in rows.tolist()),
            self.direction[b] if self.direction else "",
        )

    def _row(self, n: int, contribution: float) -> SensitivityShare:
        row = self.sheet.rows[n]
        return SensitivityShare(row.where, row.qualifier, row.label1, row.label2, row.amount,
                                float(self.sheet.weighted[n]), contribution)


class Kept(NamedTuple):
    """Rows that a model can place, and those that it cannot."""

    rows: tuple[Sensitivity, ...]
    placed: tuple[Placed, ...]
    failures: tuple[Failure, ...]


def place_all(rows: Iterable[Sensitivity], place: Callable[[Sensitivity], Placed | None]) -> Kept:
    """Each row placed; one that raises InputError is a failure of its portfolio, one placed nowhere has no risk."""
    kept: list[Sensitivity] = []
    placed: list[Placed] = []
    failures: list[Failure] = []
    for row in rows:
        try:
            found = place(row)
        except InputError as error:
            failures.append(failure_of(row, error))
            continue
        if found is not None:
            kept.append(row)
            placed.append(found)
    return Kept(tuple(kept), tuple(placed), tuple(failures))


def failure_of(row: Sensitivity, error: InputError) -> Failure:
    """The row's failure, on its portfolio."""
    found = "" if error.found is None else str(error.found)
    return Failure(error.what, row.where, found, error.wanted, error.remedy, (row.portfolio_id,))


def least_grade(grades: Iterable[str]) -> str:
    """The least certain of them; exact if there is none."""
    order = ("exact", "documented", "approximate")
    return order[max((order.index(grade) for grade in grades), default=0)]


def alike(factors: Sequence[Factor], place: int) -> Bools:
    """(n,n) whether two factors agree at that place."""
    codes: dict[Hashable, int] = {}
    own = np.array([codes.setdefault(factor[place], len(codes)) for factor in factors], dtype=np.int64)
    return np.asarray(np.equal.outer(own, own))


def correlation_matrix(factors: Sequence[Factor], rho: Callable[[Factor, Factor], float]) -> Floats:
    """(n,n) symmetric, unit diagonal."""
    matrix = np.eye(len(factors))
    for i, one in enumerate(factors):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = rho(one, factors[j])
    return matrix
