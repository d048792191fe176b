"""What changed between two runs? Start here: the P&L explained, the risk attributed, the unpaired named."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from seawall import words
from seawall.changes.archive import Archive
from seawall.changes.between import Between, ended_lines
from seawall.changes.pnl import GROUPS, Pnl, explain
from seawall.changes.risk import attribute
from seawall.instruments.plugins import kind_of
from seawall.model.book import Book
from seawall.model.changes import (
    CODE,
    HISTORY,
    IMPLIED,
    LEVELS,
    PARAMETERS,
    SCENARIOS,
    TIME,
    TRADES,
    VOLATILITIES,
    ChangeReport,
    Side,
    Unpaired,
)
from seawall.model.panel import Panel

NAMED = 12  # names that an entry tells; all are counted
UNMEASURED = ("limits", "problems")  # of a policy: they bound the numbers and do not make them
OFF = 1e-9  # of the equity: what sums of the same lines in another order may differ by
SECONDS_PER_DAY = 86_400.0
Progress = Callable[[str], None]


def changes(before: Archive, after: Archive, *, progress: Progress | None = None) -> ChangeReport:
    """Everything that differs between two runs, the earlier one first. Reads no clock and no file.

    Raises InputError for runs in different currencies, or the later one given first.
    """
    tell = progress or _silent
    between = Between(before, after)
    tell("explaining the P&L of every line")
    found = explain(before, after)
    tell("taking the risk from one run to the other, cause by cause")
    told = _told(before, after)
    attribution = attribute(between, _shared_dimensions(before, after), told)
    return ChangeReport(
        title=after.title or before.title, currency=after.report.currency,
        days=(after.market.as_of - before.market.as_of).total_seconds() / SECONDS_PER_DAY,
        before=_side(before), after=_side(after), groups=GROUPS, steps=attribution.steps, pnl=found.rows,
        risk=attribution.risk, components=attribution.components, unpaired=_unpaired(before, after, found),
        notes=(*_notes(before, after, found), *attribution.notes),
    )


def _side(run: Archive) -> Side:
    report = run.report
    return Side(run.title, report.as_of, report.report_id, report.version, report.equity, report.main, len(run.book),
                report.complete)


def _shared_dimensions(before: Archive, after: Archive) -> tuple[str, ...]:
    first, last = (dict.fromkeys(c.dimension for c in run.report.components) for run in (before, after))
    return tuple(name for name in last if name in first)


def _told(before: Archive, after: Archive) -> dict[str, str]:
    """By step, what differs between the two runs' inputs; nothing where nothing does."""
    first, last = before.market, after.market
    shared = [key for key in first.index if key in last.index]
    bends = ("volatility", "skew", "curvature")
    moved = [key for key in shared if first.level(key) != last.level(key)]
    told = {
        TRADES: _traded(before, after), LEVELS: _counted(sum(k.split(":")[0] not in bends for k in moved), "level"),
        VOLATILITIES: _counted(sum(k.split(":")[0] in bends for k in moved), "smile coordinate"),
        TIME: _passed((last.as_of - first.as_of).total_seconds() / SECONDS_PER_DAY),
        IMPLIED: "dynamics read off the new market" if first.market_id != last.market_id else "",
        SCENARIOS: _scenarios(before, after),
        HISTORY: _history(before, after), PARAMETERS: _parameters(before, after),
        CODE: f"{before.report.version} to {after.report.version}"
        if before.report.version != after.report.version else "the same version",
    }
    return {name: text for name, text in told.items() if text}


def _passed(days: float) -> str:
    return words.days(round(days, 1)) if days else ""


def _traded(before: Archive, after: Archive) -> str:
    lines = [_quantities(run.book) for run in (before, after)]
    ended = {run.book.instruments[n].instrument_id for run in (before, after)
             for n in run.book.instrument_of[ended_lines(run.book, after.market.as_of)].tolist()}
    keys = {key for side in lines for key in side if key[2] not in ended}
    return _counted(sum(lines[0].get(key, 0.0) != lines[1].get(key, 0.0) for key in keys), "line")


def _quantities(book: Book) -> dict[tuple[str, ...], float]:
    keys, row = book.groups(("account", "venue", "instrument"))
    return dict(zip(keys, np.bincount(row, book.quantity, minlength=len(keys)).tolist(), strict=True))


def _scenarios(before: Archive, after: Archive) -> str:
    first, last = before.plan.tails[0], after.plan.tails[0]
    return f"{first.name}, then {last.name}" if first.rule_id != last.rule_id else ""


def _history(before: Archive, after: Archive) -> str:
    first, last = (run.made_of.history if run.made_of else None for run in (before, after))
    if (first.panel_id if first else "") == (last.panel_id if last else ""):
        return ""
    return f"{_reach(first)}, then {_reach(last)}"


def _reach(panel: Panel | None) -> str:
    if panel is None or not len(panel.dates):
        return "none"
    return f"{len(panel.factors):,} series up to {str(panel.dates[-1])[:10]}"


def _parameters(before: Archive, after: Archive) -> str:
    """Names of the policy's and the wish's fields that differ."""
    differ = [name for name in before.policy.__struct_fields__
              if name not in UNMEASURED and getattr(before.policy, name) != getattr(after.policy, name)]
    if before.made_of and after.made_of:
        first, last = before.made_of.wish, after.made_of.wish
        differ += [name for name in ("names", "draws", "seed", "horizon_days", "proxies")
                   if getattr(first, name) != getattr(last, name)]
    return ", ".join(differ)


def _unpaired(before: Archive, after: Archive, found: Pnl) -> tuple[Unpaired, ...]:
    books, markets = (before.book, after.book), (before.market, after.market)
    accounts = [set(book.account_ids) for book in books]
    needed = [_needed(run) for run in (before, after)]
    ended = {before.book.instruments[n].instrument_id
             for n in before.book.instrument_of[ended_lines(before.book, markets[1].as_of)].tolist()}
    terms = [{i.instrument_id: i for i in book.instruments} for book in books]
    changed = {name for name in terms[0] if name in terms[1] and terms[0][name] != terms[1][name]}
    lost = [" / ".join(key) for key, gone in zip(found.lines.keys, found.lines.uncompared, strict=True) if gone]
    dimensions = [{c.dimension for c in run.report.components} for run in (before, after)]
    entries = (
        ("account", "before", accounts[0] - accounts[1], "its lines count as closed, its money as moved out"),
        ("account", "after", accounts[1] - accounts[0], "its lines count as new, its money as moved in"),
        ("expired instrument", "before", ended, "settled against the later spot; what it truly paid is in the cash"),
        ("instrument with other terms", "both", changed, "valued by each side's own terms"),
        ("line valued on one side only", "both", lost, "set apart as uncompared, and in the risk where it appears"),
        ("factor that held instruments need", "before", {k for k in needed[0] if k not in markets[1].index},
         "stays at its earlier level until the later market is reached"),
        ("factor that held instruments need", "after", {k for k in needed[1] if k not in markets[0].index},
         "stands at its later level from the first step on"),
        ("dimension of components", "before", dimensions[0] - dimensions[1], "not compared"),
        ("dimension of components", "after", dimensions[1] - dimensions[0], "not compared"),
    )
    return tuple(_entry(*entry) for entry in entries if entry[2])


def _entry(what: str, side: str, names: Iterable[str], effect: str) -> Unpaired:
    ordered = sorted(names)
    return Unpaired(what, side, tuple(ordered[:NAMED]), len(ordered), effect)


def _needed(run: Archive) -> set[str]:
    return {factor.key for i in run.book.instruments for factor in kind_of(i).factors(i, run.market)}


def _notes(before: Archive, after: Archive, found: Pnl) -> tuple[str, ...]:
    notes = [*before.remarks, *after.remarks]
    whole = found.rows[0]
    for name, run, equity in (("before", before, whole.equity_before), ("after", after, whole.equity_after)):
        report = run.report
        if not report.complete:
            notes.append(f"the report {name} is partial: {_counted(len(report.failures), 'failure')}, "
                         f"{_counted(report.counts.unassessed_lines, 'line') or 'no line'} not assessed")
        if report.equity is not None and abs(report.equity - equity) > OFF * max(1.0, abs(report.equity)):
            notes.append(f"the report {name} tells an equity of {report.equity:,.0f}, its lines here add up to "
                         f"{equity:,.0f}: its scenarios leave out lines that the market values")
    if whole.unpriced:
        notes.append(f"{_counted(whole.unpriced, 'line')} changed at a price that no book tells: counted at the "
                     "closing mark, what it gained or lost beside is in the cash that moved")
    return tuple(notes)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}" if count else ""


def _silent(stage: str) -> None:
    del stage
