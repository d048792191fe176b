"""How much do unlike risks offset? The kind blend: between what they lose together and the sum of each alone.

One share of offset holds for each pair. Of a row with stand-alone charges a it is lambda = sum f_ij a_i a_j over pairs,
divided by sum a_i a_j; the charge is lambda times the joint one plus 1 - lambda times the sum. It never is below the
joint charge, never above the sum, and scales with the book.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.margin.frame import Frame
from seawall.margin.rows import Netting, Rows, parents
from seawall.margin.terms import Binding, Charges, PlannedTerm, Share
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import ACCOUNT, Formula, Keys, Term


class Blend(Term, tag="blend", frozen=True, kw_only=True):
    """of: the joint charge, in rows of ``to``, and the stand-alone charges, in rows by one finer key.

    factor: share of the offset that any two rows enjoy, 0 none and 1 all; pairs: two labels of the finer key and the
    share between them.
    """

    of: tuple[str, str]
    factor: Formula
    pairs: tuple[tuple[str, str, Formula], ...] = ()
    to: Keys = ACCOUNT


@dataclass(frozen=True)
class BoundBlend:
    """A blend over a market. shares: by two labels in order; factor: of every other pair."""

    name: str
    spec: Blend
    factor: float
    shares: Mapping[tuple[str, str], float]
    frame: Frame

    def index(self, netting: Netting, planned: Mapping[str, PlannedTerm], /) -> PlannedBlend:
        """The blend over one book's rows. Raises InputError where its terms are not in the rows it needs."""
        rows = netting.rows(self.spec.to)
        joint, alone = (planned[child].rows for child in self.spec.of)
        if joint.keys != rows.keys:
            raise InputError(f"{self.name}: rows of {self.spec.of[0]}", found=" and ".join(joint.keys),
                             wanted=" and ".join(rows.keys))
        if len(alone.keys) != 1:
            raise InputError(f"{self.name}: rows of {self.spec.of[1]}", found=" and ".join(alone.keys),
                             wanted="one key")
        names, place = self._labels(alone, netting)
        return PlannedBlend(rows, self.spec.of, parents(alone, rows, self.name), place, self._matrix(names))

    def _labels(self, alone: Rows, netting: Netting) -> tuple[list[str], Ints]:
        """Distinct labels (K) of the stand-alone rows, and each row's place (N) among them."""
        key, columns = alone.keys[0], self.frame.columns
        values = columns.labels[key] if key in columns.labels else np.array(
            [f"{x:g}" for x in self.frame.number(key)], dtype=str)
        names, place = np.unique(values[netting.lines.instrument[alone.first]], return_inverse=True)
        return names.tolist(), place.astype(np.int64)

    def _matrix(self, names: list[str]) -> Floats:
        """(K,K) share of each pair, none of a label with itself."""
        out = np.array([[self.shares.get((a, b) if a < b else (b, a), self.factor) for b in names] for a in names])
        out = out.reshape(len(names), len(names))
        np.fill_diagonal(out, 0.0)
        return out


class _Shares(NamedTuple):
    """joint, total, offset (M): lambda; slope (M,K): of lambda in each stand-alone charge."""

    joint: Floats
    total: Floats
    offset: Floats
    slope: Floats

    @property
    def blended(self) -> Floats:
        """(M)"""
        return self.offset * self.joint + (1 - self.offset) * self.total


@dataclass(frozen=True)
class PlannedBlend:
    """A blend over a book. up (N): the row of each stand-alone charge; label (N): its place in ``pair`` (K,K)."""

    rows: Rows
    of: tuple[str, str]
    up: Ints
    label: Ints
    pair: Floats
    labels: tuple[str, ...] = ()

    def charge(self, _quantity: Floats, done: Charges, /) -> Floats:
        """(M) loss > 0: never below the joint charge."""
        found = self._shares(done)
        return np.asarray(np.maximum(found.joint, found.blended))

    def explain(self, _quantity: Floats, weight: Floats, done: Charges, /) -> Share:
        """What joint and lone charges add; shares hang on the charges, and add up all the same."""
        found = self._shares(done)
        mixed = found.blended > found.joint
        per_label = (1 - found.offset)[:, None] + (found.joint - found.total)[:, None] * found.slope
        alone = np.where(mixed[self.up], per_label[self.up, self.label], 0.0)
        return Share(passed={self.of[0]: weight * np.where(mixed, found.offset, 1.0),
                             self.of[1]: weight[self.up] * alone})

    def _shares(self, done: Charges) -> _Shares:
        count, kinds = len(self.rows), len(self.pair)
        charge = np.bincount(self.up * kinds + self.label, np.maximum(done[self.of[1]], 0.0), count * kinds)
        alone = charge.reshape(count, kinds).astype(np.float64)
        other = 1.0 - np.eye(kinds)
        near, all_pairs = alone @ self.pair, alone @ other
        weight, shared = (alone * all_pairs).sum(1) / 2, (alone * near).sum(1) / 2
        some = weight > 0
        offset = np.where(some, shared / np.where(some, weight, 1.0), 0.0)
        slope = (near - offset[:, None] * all_pairs) / np.where(some, weight, 1.0)[:, None]
        return _Shares(done[self.of[0]], alone.sum(1), offset, np.where(some[:, None], slope, 0.0))


class _BlendKind:
    spec = Blend

    def bind(self, name: str, spec: Blend, binding: Binding) -> BoundBlend:
        where = f"terms.{name}"
        shares: dict[tuple[str, str], float] = {}
        for a, b, factor in spec.pairs:
            pair = (a, b) if a < b else (b, a)
            if a == b or pair in shares:
                raise InputError(f"{binding.model.name}: {where}.pairs", found=f"{a} and {b}",
                                 wanted="two labels, each pair once")
            shares[pair] = _share(factor, binding, f"{where}.pairs, {a} and {b}")
        return BoundBlend(name, spec, _share(spec.factor, binding, f"{where}.factor"), shares, binding.frame)


def _share(text: Formula, binding: Binding, what: str) -> float:
    value = float(binding.frame.evaluate(text, what)[0]) if isinstance(text, str) else float(text)
    if not 0 <= value <= 1:
        raise InputError(f"{binding.model.name}: {what}", found=value, wanted="a share from 0 to 1")
    return value


BLEND = _BlendKind()
