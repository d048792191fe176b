"""In what order? From book, market and scenarios to the whole report: start reading here.

    shock → revalue → hold → measure → say

Each rule is revalued once; everything that the report tells of a rule is read from that one cube.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from seawall.cube import Executor, hold, revalue
from seawall.discovery.discover import discover
from seawall.errors import InputError
from seawall.instruments.plugins import versions
from seawall.market.build import OLD_CHAIN
from seawall.measures.allocation import Allocation, allocate
from seawall.measures.greeks import InstrumentGreeks, instrument_greeks
from seawall.measures.limits import check_limits
from seawall.measures.scan import scan
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.market import Market
from seawall.model.policy import Policy
from seawall.model.report import ComponentRow, Counts, CrisisRow, FindingRow, Joint, Number, Proof, RiskReport, TailRow
from seawall.model.results import Cube, Held, LimitUse
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.choice import MOVING, Plan
from seawall.statement.accounts import AccountFacts, account_facts, account_rows, leverage_rows
from seawall.statement.bounds import Measured, measures_of
from seawall.statement.explained import crisis_rows, grids, scenario_rows, worst_rows
from seawall.statement.findings import finding_rows
from seawall.statement.lines import line_rows
from seawall.statement.numbers import key_text, known
from seawall.statement.sensitivities import greek_rows, joint_of, price_rows, vega_rows
from seawall.statement.tails import histogram, tail_rows
from seawall.verdict import Facts, verdict
from seawall.words import counted

Progress = Callable[[str], None]
DEFAULT_BY = ("venue", "underlying", "account")
AGED = "quotes are over a day older than the market"


@dataclass(frozen=True)
class Assessment:
    """The report, and the P&L vectors behind it: of the total, by rule name, and of accounts under the main rule."""

    report: RiskReport
    totals: Mapping[str, Held]
    accounts: Held


@dataclass(frozen=True)
class Subject:
    """What is assessed, told in the policy's currency and split by dimensions, each ``a`` or ``a/b``."""

    book: Book
    market: Market
    plan: Plan
    policy: Policy
    by: tuple[str, ...]
    title: str
    book_id: str

    @property
    def currency(self) -> str:
        """The reporting currency."""
        return self.policy.currency


@dataclass(frozen=True)
class Running:
    """How a run goes, which changes nothing that it finds: who is told of its stages, and who revalues if not this
    thread alone."""

    progress: Progress
    executor: Executor | None = None


class Valued(NamedTuple):
    """The main cube, what is read off it for every instrument and account, and the total under every rule."""

    cube: Cube
    greeks: InstrumentGreeks
    accounts: AccountFacts
    totals: Mapping[str, Held]

    @property
    def total(self) -> Held:
        """The whole book under the main rule."""
        return self.totals[self.cube.rule.name]


def assess(
    book: Book, market: Market, plan: Plan, *, policy: Policy | None = None, by: tuple[str, ...] = DEFAULT_BY,
    title: str = "", running: Running | None = None,
) -> Assessment:
    """The whole risk of the book. plan: see ``scenarios.choice.choose``. Nothing here reads a clock or a file.

    running is told what is being done. Raises InputError for a dimension the book does not have or a plugin the
    policy does not allow, TailTooThin if the main rule has no tail at the headline's confidence.
    """
    aged = dataclasses.replace(book, failures=(*book.failures, *_aged(market)))
    subject = Subject(aged, market, plan, policy or Policy(), by, title or book.name, book.book_id)
    _refuse_plugins(subject.policy)
    run = running or Running(_silent)
    valued = _valued(subject, run)
    run.progress("explaining the worst scenarios, the crises and the grid")
    return Assessment(_report(subject, valued), valued.totals, valued.accounts.held)


def failing(report: RiskReport) -> bool:
    """Whether an account is insolvent or under its scan."""
    return any(row.status in ("bankrupt", "liquidatable") for row in report.accounts)


def _valued(subject: Subject, run: Running) -> Valued:
    """Each rule revalued once; of all but the main one only the total is kept."""
    book, market, currency = subject.book, subject.market, subject.currency
    rules, progress = subject.plan.tails, run.progress
    progress(f"revaluing {len(book.instruments):,} instruments under {rules[0].name}")
    cube = revalue(book, market, rules[0], executor=run.executor)
    totals = {rules[0].name: hold(book, cube, by=(), currency=currency)}
    progress("scanning every account")
    greeks = instrument_greeks(cube, market, currency=currency)
    facts = account_facts(
        book, market, cube, greeks=greeks, scan=scan(book, market, by="account", currency=currency),
        confidence=subject.policy.shortfall_confidence)
    for rule in rules[1:]:
        progress(f"revaluing {len(book.instruments):,} instruments under {rule.name}")
        totals[rule.name] = hold(book, revalue(book, market, rule, executor=run.executor), by=(), currency=currency)
    return Valued(cube, greeks, facts, MappingProxyType(totals))


def _report(subject: Subject, valued: Valued) -> RiskReport:
    book, market, plan, policy = subject.book, subject.market, subject.plan, subject.policy
    currency, confidence, cube, greeks = subject.currency, policy.shortfall_confidence, valued.cube, valued.greeks
    measured = _measured(subject, valued)
    checked = check_limits(policy.limits, measures_of(measured, confidence, policy.risk_confidence, currency))
    failures = tuple(dict.fromkeys((*book.failures, *cube.failures, *policy.problems, *checked.failures)))
    prices, total = price_rows(book, market), np.asarray(valued.total.pnl[0])
    return RiskReport(
        name=book.name, title=subject.title, as_of=market.as_of, currency=currency,
        verdict=verdict(_facts(subject, measured, checked.uses)),
        counts=_counts(book, valued.accounts), main=cube.rule.name, equity=measured.equity,
        shortfall_confidence=confidence, risk_confidence=policy.risk_confidence,
        tails=_tails(subject, valued, measured.equity),
        histograms=tuple(histogram(held) for held in valued.totals.values()), accounts=measured.accounts,
        limits=checked.uses, components=measured.components, leverage=measured.leverage, greeks=measured.greeks,
        vegas=vega_rows(book, cube, market, greeks), prices=prices,
        grids=grids(book, market, _largest(measured, market), currency) if plan.grid else (), joint=measured.joint,
        worst=worst_rows(book, market, cube, total=total, confidence=confidence, currency=currency),
        crises=_crises(subject),
        lines=line_rows(book, market, cube, greeks=greeks, total=total, confidence=confidence),
        failures=failures, quality=market.quality, notes=plan.notes, proofs=_proofs(subject, cube),
        version=importlib.metadata.version("seawall"),
        complete=not failures and not valued.accounts.held.unknown, findings=_findings(subject),
    )


def _facts(subject: Subject, measured: Measured, uses: tuple[LimitUse, ...]) -> Facts:
    """What the verdict is read from: rows without an account, old quotes and unread limits are told as doubts."""
    unplaced = [failure for failure in subject.book.failures if not failure.accounts]
    aged = [failure for failure in unplaced if failure.reason == AGED]
    doubts = [f"quotes of {failure.where} are of {failure.found}" for failure in aged]
    unread = len(subject.policy.problems)
    if unread:
        doubts.append(f"{counted(unread, 'limit')} could not be read")
    return Facts(measured.accounts, uses, subject.currency, len(unplaced) - len(aged), tuple(doubts))


def _measured(subject: Subject, valued: Valued) -> Measured:
    """Everything that limits and the verdict are read from, under the main rule."""
    book, market, cube, greeks = subject.book, subject.market, valued.cube, valued.greeks
    equity, confidence = known(float(valued.total.equity[0])), subject.policy.shortfall_confidence
    tails = tail_rows(valued.total, "", equity, subject.policy)
    return Measured(
        tails, histogram(valued.total), account_rows(valued.accounts), _components(subject, valued, confidence),
        leverage_rows(valued.accounts, cube, market, greeks=greeks, confidence=confidence),
        greek_rows(book, cube, market, greeks, subject.by),
        _joint(subject, cube), equity, partial(_is_partial, subject=subject, facts=valued.accounts),
    )


def _findings(subject: Subject) -> tuple[FindingRow, ...]:
    """Hidden dangers; none where nothing says how the factors move together."""
    plan = subject.plan
    if plan.dynamics is None or not len(subject.book):
        return ()
    return finding_rows(discover(subject.book, subject.market, plan.dynamics, crises=plan.crises,
                                 currency=subject.currency))


def _crises(subject: Subject) -> tuple[CrisisRow, ...]:
    book, market, plan, currency = subject.book, subject.market, subject.plan, subject.currency
    own = [row for rule in plan.told for row in scenario_rows(book, market, rule, currency)]
    if plan.crises is None or plan.library is None:
        return tuple(own)
    return (*own, *crisis_rows(book, market, plan.crises, plan.library, currency))


def _tails(subject: Subject, valued: Valued, equity: Number) -> tuple[TailRow, ...]:
    sources = subject.plan.sources
    return tuple(row for name, held in valued.totals.items()
                 for row in tail_rows(held, sources.get(name, ""), equity, subject.policy))


def _largest(measured: Measured, market: Market) -> list[str]:
    """Underlyings that a grid moves, those with most delta and vega first."""
    rows = [row for row in measured.greeks if row.dimension == "underlying"
            and market.asset_class.get(row.key) in MOVING]
    return [row.key for row in sorted(rows, key=lambda row: -row.gross_delta - row.gross_vega)]


def _components(subject: Subject, valued: Valued, confidence: float) -> tuple[ComponentRow, ...]:
    rows = []
    for dimension in dict.fromkeys((*subject.by, "account")):
        found = _allocated(subject, valued, dimension, confidence)
        order = np.argsort(-found.component, kind="stable")
        rows += [
            ComponentRow(dimension, key_text(found.keys[n]), float(found.component[n]),
                         known(float(found.standard_error[n])), known(float(found.standalone[n])),
                         bool(found.partial[n]))
            for n in order
        ]
    return tuple(rows)


def _allocated(subject: Subject, valued: Valued, dimension: str, confidence: float) -> Allocation:
    if dimension == "account":
        return valued.accounts.allocation
    held = hold(subject.book, valued.cube, by=dimension.split("/"), currency=subject.currency)
    return allocate(held, confidence)


def _joint(subject: Subject, main: Cube) -> Joint | None:
    plan = subject.plan
    if plan.dynamics is None:
        return None
    return joint_of(subject.book, subject.market, main, plan.dynamics, assumption=plan.assumption,
                    currency=subject.currency)


def _is_partial(scope: str, *, subject: Subject, facts: AccountFacts) -> bool:
    """Whether something of the scope is not in its numbers: any doubt counts, but for another account's."""
    if not subject.book.failures and not facts.held.unknown:
        return False
    dimension, _, value = scope.partition("=")
    return value in facts.held.unknown if dimension == "account" else True


def _counts(book: Book, facts: AccountFacts) -> Counts:
    unvalued = {failure.instrument_id for failure in facts.failures if not failure.accounts and failure.instrument_id}
    lost = sum(book.instruments[i].instrument_id in unvalued for i in book.instrument_of)
    venues = {str(v) for v in book.dimensions["venue"] if v}
    return Counts(len(book), len(book.instruments), len(book.account_ids), len(venues), len(facts.held.unknown),
                  len(book.failures) + int(lost))


def _proofs(subject: Subject, main: Cube) -> tuple[Proof, ...]:
    book, market, plan = subject.book, subject.market, subject.plan
    rules: list[ScenarioRule] = [*plan.tails, *plan.told, *([plan.crises] if plan.crises else [])]
    return (
        Proof("book", subject.book_id, f"{len(book):,} lines, {len(book.instruments):,} instruments"),
        Proof("market", market.market_id, f"{market.as_of.isoformat()}, {len(market.factors):,} factors"),
        *(Proof(f"scenarios {r.name}", r.rule_id, f"{len(r):,} × {len(r.columns):,} shocks") for r in rules),
        Proof("policy", subject.policy.policy_id, f"{len(subject.policy.limits):,} limits, confidences, quantile rule"),
        Proof("cube", main.cube_id, f"{main.pnl.shape[0]:,} × {main.pnl.shape[1]:,} P&L in settlement currency"),
    )


def _aged(market: Market) -> tuple[Failure, ...]:
    """Chains that are not of the market's time: what rests on them cannot be told from what does not."""
    return tuple(
        Failure(AGED, entry.source, ", ".join(entry.examples), f"quotes of {market.as_of.isoformat()}",
                "take chains of one time, or report them apart")
        for entry in market.quality if entry.reason == OLD_CHAIN
    )


def _refuse_plugins(policy: Policy) -> None:
    strange = [f"{name} {version}" for name, version in versions() if not policy.allows(name)]
    if strange:
        raise InputError("the policy does not allow an installed plugin", found=", ".join(strange),
                         wanted=", ".join(policy.plugins or ()), remedy="uninstall it, or allow it in the policy")


def _silent(stage: str) -> None:
    del stage
