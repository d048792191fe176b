"""What changed between two reports? The P&L and the change of the risk as plain data: every sum stands in it exactly.

Money is in ``currency``. P&L: gain > 0. VaR, ES and components: loss > 0, their changes as differences of those. None
stands for a number that does not exist; never NaN, never zero.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

import msgspec

from seawall.model.identity import content_id
from seawall.model.report import Number

SCHEMA = "seawall.changes/1"
# What the risk is taken through, in this order. Without a plan's ingredients SCENARIOS stands for the two before it.
TRADES, LEVELS, VOLATILITIES, TIME = "trades", "market levels", "volatilities", "passing of time"
IMPLIED, HISTORY, SCENARIOS = "scenarios implied by the market", "history", "scenarios"
PARAMETERS, CODE = "parameters", "code version"
TOTAL = "total"


class Side(msgspec.Struct, frozen=True):
    """One of the two reports. main: name of the rule that its headline comes from. lines: of its book."""

    title: str
    as_of: datetime
    report_id: str
    version: str
    equity: Number
    main: str
    lines: int
    complete: bool


class PnlRow(msgspec.Struct, frozen=True):
    """P&L of one part. dimension: total, account, venue, underlying, line; a line's key is its three names.

    total, the change of equity, is held + trades + settled + moved + uncompared; held is the nine terms + unexplained;
    and held is the sum of by_factor, in the order of the report's ``groups``. doubt: absolute unexplained P&L of the
    lines, added, so that no netting hides it; gross: their absolute terms, likewise. flagged: doubt is more than
    a tenth of gross, and counts in the book. unpriced: lines with trades at a price no input tells.
    """

    dimension: str
    key: str
    quantity_before: Number
    quantity_after: Number
    equity_before: float
    equity_after: float
    total: float
    held: float
    delta: float
    gamma: float
    vega: float
    theta: float
    vanna: float
    volga: float
    carry: float
    rate: float
    currency: float
    unexplained: float
    trades: float
    settled: float
    moved: float
    uncompared: float
    by_factor: tuple[float, ...]
    gross: float
    doubt: float
    flagged: bool
    unpriced: int

    @property
    def pnl(self) -> float:
        """What was gained: the change of equity without what was paid in or out and what has no counterpart."""
        return self.held + self.trades + self.settled


class Step(msgspec.Struct, frozen=True):
    """One cause's part of a change. change: taken in the stated order; reverse: in the opposite one.

    The changes of all steps add up to the whole, and so do the reverses: their distance is what order decides.
    """

    name: str
    what: str
    change: float
    reverse: float


class RiskChange(msgspec.Struct, frozen=True):
    """One headline number of both reports, as saved, and what took it from one to the other; loss > 0."""

    measure: str
    confidence_before: float
    confidence_after: float
    before: float
    after: float
    steps: tuple[Step, ...]


class ComponentChange(msgspec.Struct, frozen=True):
    """One part's share in the ES of both reports. steps: its change by each of the report's ``steps``, adding up."""

    dimension: str
    key: str
    before: float
    after: float
    steps: tuple[float, ...]


class Unpaired(msgspec.Struct, frozen=True):
    """Things that stand on one side only. side: before, after, or both where they stand on both but differ.

    names: the first of ``count``. effect: what the numbers make of it.
    """

    what: str
    side: str
    names: tuple[str, ...]
    count: int
    effect: str


class ChangeReport(msgspec.Struct, frozen=True, dict=True):
    """The whole comparison: the same two runs give the same bytes.

    pnl: the total first, then accounts, venues, underlyings, lines, each dimension by size. components: every
    dimension that both reports have. notes: what was assumed and what could not be told.
    """

    title: str
    currency: str
    days: float
    before: Side
    after: Side
    groups: tuple[str, ...]
    steps: tuple[str, ...]
    pnl: tuple[PnlRow, ...]
    risk: tuple[RiskChange, ...]
    components: tuple[ComponentChange, ...]
    unpaired: tuple[Unpaired, ...]
    notes: tuple[str, ...]
    schema: str = SCHEMA

    @property
    def total(self) -> PnlRow:
        """The whole book's P&L."""
        return self.pnl[0]

    @cached_property
    def changes_id(self) -> str:
        """Hash of everything above."""
        return content_id("changes", self)
