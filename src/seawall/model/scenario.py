"""What could happen? A rule that anyone can hold beside ours, and the rule applied to one market."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import msgspec
import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats, Ints, Texts, frozen_floats, frozen_ints, frozen_texts
from seawall.model.factor import RISK_CLASSES
from seawall.model.failure import Failure
from seawall.model.identity import content_id

RELATIVE, ABSOLUTE = "relative", "absolute"
# Marks a column left to its default, whose length only the rows tell.
_UNSET, _UNSET_WHOLE = np.zeros(0), np.zeros(0, dtype=np.int64)


class Term(msgspec.Struct, frozen=True):
    """How a shock fades along expiries: factor (reference_days / max(days, floor_days)) ** power.

    power is ``short`` up to reference_days and ``long`` beyond.
    """

    reference_days: float = 30.0
    short: float = 0.3
    long: float = 0.13
    floor_days: float = 1.0

    def __post_init__(self) -> None:
        for name in ("reference_days", "floor_days"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise InputError(f"term: {name}", found=getattr(self, name), wanted="a positive number of days")
        for name in ("short", "long"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"term: {name}", found=getattr(self, name), wanted="a finite power")


class Column(msgspec.Struct, frozen=True):
    """Which factors one column of a rule moves, and how.

    qualifier: a name; ``*`` for every one; ``*crypto`` for every one of that asset class that no other
    column of the same risk class names. tenor_days: columns alike but for it are joined along expiries,
    linear in the square root of time, flat outside. how: relative (level times 1 + x) or absolute (level + x).
    Columns of one name that differ in how or term, or of which one has no tenor, add up: level (1 + sum of
    relative) + sum of absolute.
    """

    risk_class: str
    qualifier: str
    how: str = RELATIVE
    tenor_days: float | None = None
    term: Term | None = None

    def __post_init__(self) -> None:
        if self.risk_class not in RISK_CLASSES:
            raise InputError("unknown risk class", found=self.risk_class, wanted=", ".join(RISK_CLASSES))
        if self.how not in (RELATIVE, ABSOLUTE):
            raise InputError("unknown way to shock", found=self.how, wanted=f"{RELATIVE} or {ABSOLUTE}")
        if self.tenor_days is not None and not (math.isfinite(self.tenor_days) and self.tenor_days >= 0):
            raise InputError(f"column {self.key}: tenor_days", found=self.tenor_days, wanted="days, zero or more")

    @property
    def key(self) -> str:
        """``risk_class:qualifier[:tenor d]``, as messages and files name it."""
        tenor = "" if self.tenor_days is None else f":{self.tenor_days:g}d"
        return f"{self.risk_class}:{self.qualifier}{tenor}"


@dataclass(frozen=True, eq=False)
class ScenarioRule:
    """shocks (S,C), one row a scenario, one column a ``Column``; the market is not in it.

    weights (S): probabilities up to a factor; pnl_scale (S) multiplies the P&L; path and step (S) order
    rows that follow each other, each row's shocks counted from the start of its path; ages (S): years that
    pass, 0 for an instant move. ``provenance`` says how the rows were made and is part of the identity.
    """

    name: str
    columns: tuple[Column, ...]
    shocks: Floats
    labels: Texts
    horizon_days: float
    weights: Floats = field(default_factory=lambda: _UNSET)
    pnl_scale: Floats = field(default_factory=lambda: _UNSET)
    path: Ints = field(default_factory=lambda: _UNSET_WHOLE)
    step: Ints = field(default_factory=lambda: _UNSET_WHOLE)
    ages: Floats = field(default_factory=lambda: _UNSET)
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        put, rows = object.__setattr__, len(self.labels)
        put(self, "columns", tuple(self.columns))
        put(self, "shocks", frozen_floats(self.shocks, "shocks", (rows, len(self.columns))))
        put(self, "labels", frozen_texts(list(self.labels), "labels", rows))
        if not (math.isfinite(self.horizon_days) and self.horizon_days >= 0):
            raise InputError(f"rule {self.name}: horizon_days", found=self.horizon_days, wanted="days, zero or more")
        years = self.horizon_days / 365.0
        for name, default in (("weights", np.ones(rows)), ("pnl_scale", np.ones(rows)), ("ages", np.full(rows, years))):
            given = getattr(self, name)
            put(self, name, frozen_floats(default if given is _UNSET else given, name, (rows,)))
        for name, whole in (("path", np.arange(rows)), ("step", np.zeros(rows))):
            given = getattr(self, name)
            put(self, name, frozen_ints(whole if given is _UNSET_WHOLE else given, name, (rows,)))
        put(self, "provenance", MappingProxyType(dict(self.provenance)))
        _refuse_clashing_columns(self)
        _refuse_unusable(self)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def rule_id(self) -> str:
        """Hash of everything above but the name."""
        return content_id("rule", self.columns, self.shocks, self.labels, self.horizon_days, self.weights,
                          self.pnl_scale, self.path, self.step, self.ages, self.provenance)


@dataclass(frozen=True, eq=False)
class ScenarioSet:
    """A rule applied to one market: shifted levels (S,F), in each factor's unit, and what no column covers.

    failures: one for each factor of a class that the rule moves, but not for this qualifier. unused: columns that
    found no factor. floored: by factor key, in how many rows a volatility stopped at its floor.
    """

    rule: ScenarioRule
    market_id: str
    levels: Floats
    failures: tuple[Failure, ...] = ()
    unused: tuple[str, ...] = ()
    floored: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "floored", MappingProxyType(dict(self.floored)))

    @property
    def rule_id(self) -> str:
        """The rule's identity."""
        return self.rule.rule_id


def _refuse_clashing_columns(rule: ScenarioRule) -> None:
    twice = sorted({column.key for column in rule.columns if rule.columns.count(column) > 1})
    if twice:
        raise InputError(f"rule {rule.name}: a column stands twice", found=", ".join(twice), wanted="each once",
                         remedy="merge them, or tell them apart by tenor_days")


def _refuse_unusable(rule: ScenarioRule) -> None:
    bad = ~np.isfinite(rule.shocks)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"rule {rule.name}, row {rule.labels[row]}, column {rule.columns[column].key}",
            found=float(rule.shocks[row, column]), wanted="a finite shock",
        )
    for name in ("weights", "ages", "pnl_scale"):
        values = getattr(rule, name)
        bad_rows = ~np.isfinite(values) | ((values < 0) & (name != "pnl_scale"))
        if bad_rows.any():
            row = int(np.flatnonzero(bad_rows)[0])
            raise InputError(f"rule {rule.name}, row {rule.labels[row]}: {name}", found=float(values[row]),
                             wanted="a finite number" if name == "pnl_scale" else "finite, not negative")
    if len(rule) and not np.sum(rule.weights) > 0:
        raise InputError(f"rule {rule.name}: weights", found="all zero", wanted="some weight")
    _refuse_doubled_steps(rule)


def _refuse_doubled_steps(rule: ScenarioRule) -> None:
    if not len(rule):
        return
    width = int(np.ptp(rule.step)) + 1
    place = (rule.path - rule.path.min()) * width + rule.step - rule.step.min()
    _, first, counts = np.unique(place, return_index=True, return_counts=True)
    if len(first) < len(rule):
        row = int(first[np.argmax(counts > 1)])
        raise InputError(f"rule {rule.name}: two rows stand at path {rule.path[row]}, step {rule.step[row]}",
                         wanted="one row a step", remedy="number the steps of each path")
