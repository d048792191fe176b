"""What came out? The cube, held P&L, measures, and the whole report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import msgspec
import numpy as np

from seawall.model.arrays import Bools, Floats, Texts, frozen_floats
from seawall.model.failure import Failure
from seawall.model.identity import content_id
from seawall.model.instrument import Instrument
from seawall.model.scenario import ScenarioRule


@dataclass(frozen=True)
class Cube:
    """base (I), pnl (I,S): settlement currency per contract, gain > 0.

    currency (I): what base and pnl are in. equity (I): base, or 0 where the contract is settled to the mark.
    conversion: by currency, value of one unit in the numeraire: now first, then in each scenario (1+S,).
    failures: instruments that could not be valued; their rows are NaN, never zero.
    """

    market_id: str
    rule: ScenarioRule
    instruments: tuple[Instrument, ...]
    currency: Texts
    base: Floats
    equity: Floats
    pnl: Floats
    conversion: Mapping[str, Floats]
    failures: tuple[Failure, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.instruments)
        for name in ("base", "equity"):
            object.__setattr__(self, name, frozen_floats(getattr(self, name), name, (count,)))
        self.pnl.setflags(write=False)

    @property
    def rule_id(self) -> str:
        """The rule's identity: vectors add only where it and the market agree."""
        return self.rule.rule_id

    @cached_property
    def cube_id(self) -> str:
        """Hash of market, rule, instruments and every number."""
        return content_id("cube", self.market_id, self.rule_id, self.instruments, list(self.currency),
                          self.base, self.equity, self.pnl, self.conversion)


@dataclass(frozen=True)
class Held:
    """P&L of netting rows: pnl (N,S), equity (N), reporting currency, gain > 0.

    keys: the row's values of ``by``. partial (N): some line could not be valued and is not in the numbers.
    weights (S): scenario probabilities up to a factor.
    """

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    pnl: Floats
    equity: Floats
    partial: Bools
    weights: Floats
    currency: str
    rule: ScenarioRule
    failures: tuple[Failure, ...] = ()


class Measure(msgspec.Struct, frozen=True):
    """One number of the report, with all that is needed to read it."""

    name: str
    scope: str
    value: float
    unit: str
    sign: str
    standard_error: float | None = None
    interval: tuple[float, float] | None = None
    rule: str = ""
    partial: bool = False


class Limit(msgspec.Struct, frozen=True):
    """A bound on one measure of one scope. scope: ``total`` or ``dimension=value``. near: share that warns."""

    measure: str
    bound: float
    scope: str = "total"
    unit: str = "USD"
    near: float = 0.9
    name: str = ""


class LimitUse(msgspec.Struct, frozen=True):
    """How much of a limit is used. state: within, near, breached, unknown."""

    limit: Limit
    value: float
    used: float
    state: str


@dataclass(frozen=True)
class RiskReport:
    """The whole result. tables: named, each a list of rows; see the JSON schema for their columns."""

    name: str
    as_of: datetime
    input_ids: Mapping[str, str]
    currency: str
    measures: tuple[Measure, ...]
    limits: tuple[LimitUse, ...]
    failures: tuple[Failure, ...]
    tables: Mapping[str, object] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every line of the book is in the totals."""
        return not self.failures

    @cached_property
    def report_id(self) -> str:
        """Hash of inputs and outputs."""
        return content_id("report", self.name, self.as_of, self.input_ids, self.currency, self.measures,
                          self.limits, self.failures, self.tables)


def not_available(count: int) -> Floats:
    """(count,) NaN: the number that is not there."""
    return np.full(count, np.nan)
