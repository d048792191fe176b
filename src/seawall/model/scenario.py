"""What could happen? A rule that anyone can hold beside ours, and the rule applied to one market."""

from __future__ import annotations

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


class Column(msgspec.Struct, frozen=True):
    """Which factors one column of a rule moves, and how.

    qualifier: a name; ``*`` for every one; ``*crypto`` for every one of that asset class that no other
    column of the same risk class names. tenor_days: columns alike but for it are joined along expiries,
    linear in the square root of time, flat outside. how: relative (level times 1 + x) or absolute (level + x).
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


@dataclass(frozen=True)
class ScenarioRule:
    """shocks (S,C), one row a scenario, one column a ``Column``; the market is not in it.

    weights (S): probabilities up to a factor; pnl_scale (S) multiplies the P&L; path and step (S) order
    rows that follow each other; ages (S): years that pass, 0 for an instant move. ``provenance`` says how the
    rows were made and is part of the identity.
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
        put(self, "shocks", frozen_floats(self.shocks, "shocks", (rows, len(self.columns))))
        put(self, "labels", frozen_texts(list(self.labels), "labels", rows))
        years = self.horizon_days / 365.0
        for name, default in (("weights", np.ones(rows)), ("pnl_scale", np.ones(rows)), ("ages", np.full(rows, years))):
            given = getattr(self, name)
            put(self, name, frozen_floats(default if given is _UNSET else given, name, (rows,)))
        for name, whole in (("path", np.arange(rows)), ("step", np.zeros(rows))):
            given = getattr(self, name)
            put(self, name, frozen_ints(whole if given is _UNSET_WHOLE else given, name, (rows,)))
        put(self, "provenance", MappingProxyType(dict(self.provenance)))
        _refuse_unusable(self)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def rule_id(self) -> str:
        """Hash of everything above but the name."""
        return content_id("rule", self.columns, self.shocks, self.labels, self.horizon_days, self.weights,
                          self.pnl_scale, self.path, self.step, self.ages, self.provenance)


@dataclass(frozen=True)
class ScenarioSet:
    """A rule applied to one market: shifted levels (S,F), in each factor's unit, and what no column covers.

    failures: one for each factor of a class that the rule moves, but not for this qualifier.
    """

    rule: ScenarioRule
    market_id: str
    levels: Floats
    failures: tuple[Failure, ...] = ()

    @property
    def rule_id(self) -> str:
        """The rule's identity."""
        return self.rule.rule_id


def _refuse_unusable(rule: ScenarioRule) -> None:
    bad = ~np.isfinite(rule.shocks)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"rule {rule.name}, row {rule.labels[row]}, column {rule.columns[column].qualifier}",
            found=float(rule.shocks[row, column]), wanted="a finite shock",
        )
    for name in ("weights", "ages"):
        values = getattr(rule, name)
        if not (np.isfinite(values) & (values >= 0)).all():
            raise InputError(f"rule {rule.name}: {name}", found=float(np.nanmin(values)), wanted="finite, not negative")
    if len(rule) and not np.sum(rule.weights) > 0:
        raise InputError(f"rule {rule.name}: weights", found="all zero", wanted="some weight")
