"""What does the book risk? The whole report as plain data: numbers and names, no wording and no layout.

Money is in ``currency``. P&L: gain > 0. Value at risk, expected shortfall, scan and components: loss > 0. Shares and
relative moves are decimals. None stands for a number that does not exist or could not be had; never NaN, never zero.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

import msgspec

from seawall.model.failure import Failure
from seawall.model.identity import content_id
from seawall.model.quotes import QualityEntry
from seawall.model.results import LimitUse

SCHEMA = "seawall.report/1"
Number = float | None


class Verdict(msgspec.Struct, frozen=True):
    """status: quiet, watch, act today or failing. sentence: the verdict; lede: what qualifies it."""

    status: str
    sentence: str
    lede: str


class Counts(msgspec.Struct, frozen=True):
    """How much was looked at. unassessed_lines: rows that could not be read or valued."""

    lines: int
    instruments: int
    accounts: int
    venues: int
    unassessed_accounts: int
    unassessed_lines: int


class TailRow(msgspec.Struct, frozen=True):
    """VaR and ES of the total under one scenario rule at one confidence, each with its sampling error.

    interval: 95 % interval of the VaR. share: ES over equity. source: what the scenarios are made of, and up to when.
    partial: some line of the book is not in these numbers.
    """

    scenarios: str
    source: str
    count: int
    horizon_days: float
    confidence: float
    value_at_risk: Number
    interval: tuple[float, float] | None
    expected_shortfall: Number
    standard_error: Number
    share: Number
    quantile_rule: str
    partial: bool = False


class Histogram(msgspec.Struct, frozen=True):
    """P&L of the total under one rule: edges (B+1), ascending; shares (B), adding up to one."""

    scenarios: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    mean: float
    deviation: float
    share_losing: float
    best: float
    worst: float


class AccountRow(msgspec.Struct, frozen=True):
    """One account. status: healthy, warning, liquidatable, bankrupt, unknown.

    scan: worst loss over the spot and volatility grid. used: scan over equity. down, up: nearest relative spot move of
    every asset together, each volatility up by as much, at which equity no longer covers the scan; None if none on the
    ladder. shortfall: its own ES; component: its
    part of the total's. chance: share of the main scenarios in which it loses more than its equity over the scan, so
    that the scan of today is no longer covered. Leverage in multiples of equity. why: for an unknown account, what is
    missing.
    """

    account: str
    venue: str
    lines: int
    equity: Number
    scan: Number
    scan_worst: str
    used: Number
    down: Number
    up: Number
    chance: Number
    shortfall: Number
    component: Number
    component_error: Number
    gross_leverage: Number
    net_leverage: Number
    delta_leverage: Number
    shortfall_leverage: Number
    status: str
    why: str = ""


class LeverageRow(msgspec.Struct, frozen=True):
    """Leverage of one part, in multiples of its equity. dimension: total, venue, ..."""

    dimension: str
    key: str
    equity: Number
    gross: Number
    net: Number
    delta: Number
    shortfall: Number


class ComponentRow(msgspec.Struct, frozen=True):
    """One part's share in the total's ES; the parts of one dimension add up to it. standalone: its own ES."""

    dimension: str
    key: str
    component: float
    standard_error: Number
    standalone: Number
    partial: bool


class GreekRow(msgspec.Struct, frozen=True):
    """Greeks of one part in trader units, net, with gross beside: adding absolute values of lines.

    delta: per 100 % move of the underlying (cash delta); gamma: its change per 1 %; vega: per volatility point;
    theta: per calendar day; rho: per basis point; vanna: per 1 % and point; volga: per point squared; charm: change of
    cash delta per day; skew_delta: what a moving smile adds to delta.
    """

    dimension: str
    key: str
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float
    vanna: float
    volga: float
    charm: float
    skew_delta: float
    gross_delta: float
    gross_gamma: float
    gross_vega: float
    gross_theta: float


class VegaRow(msgspec.Struct, frozen=True):
    """Vega per volatility point of one underlying and expiry; net and gross."""

    underlying: str
    expiry: str
    days: float
    net: float
    gross: float


class PriceRow(msgspec.Struct, frozen=True):
    """One underlying in this market: spot, 30-day at-the-money volatility, expiries with a smile."""

    underlying: str
    spot: float
    volatility: Number
    expiries: int


class Grid(msgspec.Struct, frozen=True):
    """P&L (V,S) of a spot by volatility grid, no time passing; all: every asset together, else one asset alone."""

    assets: str
    spot: tuple[float, ...]
    volatility: tuple[float, ...]
    pnl: tuple[tuple[float, ...], ...]


class JointRow(msgspec.Struct, frozen=True):
    """One factor's place in the joint volatility. exposure: money per 100 % move; contribution: adds up."""

    factor: str
    exposure: float
    volatility: float
    standalone: float
    contribution: float


class Joint(msgspec.Struct, frozen=True):
    """Volatility of the whole book from its sensitivities alone, money per year; diversification is a share."""

    volatility: float
    standalone: float
    diversification: float
    assumption: str
    correlation: tuple[tuple[float, ...], ...]
    rows: tuple[JointRow, ...]


class Part(msgspec.Struct, frozen=True):
    """One named share of a P&L, gain > 0."""

    name: str
    pnl: float


class WorstRow(msgspec.Struct, frozen=True):
    """One of the worst scenarios, explained twice: by_position and by_factor each add up to pnl.

    moves: the largest factor moves, as text such as ``BTC −12.3%``. draws: tail draws that share its label.
    """

    scenarios: str
    label: str
    pnl: float
    draws: int
    moves: tuple[str, ...]
    by_position: tuple[Part, ...]
    by_factor: tuple[Part, ...]
    by_account: tuple[Part, ...]


class CrisisRow(msgspec.Struct, frozen=True):
    """A named crisis come again. assumed: what is not a recorded fact. source: where the facts are from."""

    name: str
    date: str
    pnl: Number
    by_underlying: tuple[Part, ...]
    moves: tuple[str, ...]
    assumed: str
    source: str


class LineRow(msgspec.Struct, frozen=True):
    """One line of the book. value: equity it carries now; Greeks as in GreekRow; component: of the total's ES."""

    instrument: str
    account: str
    venue: str
    quantity: float
    volatility: Number
    value: Number
    delta: Number
    gamma: Number
    vega: Number
    theta: Number
    component: Number


class FindingRow(msgspec.Struct, frozen=True):
    """What is safe alone and dangerous together. kind: of danger; title: one line; sentences: the whole answer.

    loss: of the lines concerned in the move, hidden: what of it no view of parts shows, both loss > 0; share: hidden
    over equity. before, after: the lines' worst loss without and with the remedy's trades, loss > 0.
    """

    kind: str
    title: str
    sentences: tuple[str, ...]
    accounts: tuple[str, ...]
    instruments: tuple[str, ...]
    moves: tuple[str, ...]
    loss: float
    hidden: float
    share: Number
    before: float
    after: float


class Proof(msgspec.Struct, frozen=True):
    """One input or output by its content hash, SHA-256 in hexadecimal."""

    name: str
    digest: str
    covers: str


class RiskReport(msgspec.Struct, frozen=True, dict=True):
    """The whole result of one run: the same inputs give the same bytes.

    main: name of the rule that headline ES, components and worst scenarios come from. notes: which measures the
    inputs allowed and which not, and why. complete: every line of the book is in the totals. findings: hidden dangers,
    the most severe first.
    """

    name: str
    title: str
    as_of: datetime
    currency: str
    verdict: Verdict
    counts: Counts
    main: str
    equity: Number
    shortfall_confidence: float
    risk_confidence: float
    tails: tuple[TailRow, ...]
    histograms: tuple[Histogram, ...]
    accounts: tuple[AccountRow, ...]
    limits: tuple[LimitUse, ...]
    components: tuple[ComponentRow, ...]
    leverage: tuple[LeverageRow, ...]
    greeks: tuple[GreekRow, ...]
    vegas: tuple[VegaRow, ...]
    prices: tuple[PriceRow, ...]
    grids: tuple[Grid, ...]
    joint: Joint | None
    worst: tuple[WorstRow, ...]
    crises: tuple[CrisisRow, ...]
    lines: tuple[LineRow, ...]
    failures: tuple[Failure, ...]
    quality: tuple[QualityEntry, ...]
    notes: tuple[str, ...]
    proofs: tuple[Proof, ...]
    version: str
    complete: bool
    schema: str = SCHEMA
    findings: tuple[FindingRow, ...] = ()

    @cached_property
    def report_id(self) -> str:
        """Hash of everything above, as its JSON writes it."""
        return content_id("report", msgspec.json.encode(self))
