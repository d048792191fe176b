"""What would change it? The terminal's blocks on the ladder, what if, rehearsals, distances and the way back."""

from __future__ import annotations

from rich.console import ConsoleRenderable, Group
from rich.text import Text

from seawall import words
from seawall.model.margin_report import MarginReport
from seawall.report import margin_house_page, margin_titles
from seawall.report.margin_titles import Reach
from seawall.report.terminal_margin_table import STYLE, bold, columns, dim, labelled
from seawall.words import Unit

DISTANCES, EXITS, LADDERS, NAMED, RUINED = 12, 8, 12, 6, 6


def asked(report: MarginReport, unit: Unit) -> list[ConsoleRenderable | None]:
    """Every block that was asked for, in order of reading."""
    return [_ruin(report), _collateral(report, unit), _ladder(report, unit), _changes(report, unit),
            _rehearsals(report, unit), _distances(report), _venues(report), _exits(report)]


def _ruin(report: MarginReport) -> ConsoleRenderable | None:
    """The platform in a sentence, and the accounts most likely to be ruined."""
    if not report.platform:
        return None
    said = [margin_house_page.platform_said(p, report.head.currency) for p in report.platform]
    rows = columns("Ruin", "Model", "Probability", "s.e.", "At most", left=(0, 1), kept=(0,))
    for r in report.ruin[:RUINED]:
        rows.add_row(r.account, r.model, bold(margin_house_page.chance(r.probability)),
                     margin_house_page.chance(r.error), margin_house_page.chance(r.upper))
    return Group(labelled("Ruin", said), Text(), rows)


def _collateral(report: MarginReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.collateral:
        return None
    rows = columns(f"Collateral of {report.collateral[0].account}", "Value", "Counts for", "Because of", "Cap",
                   left=(0, 3, 4), kept=(0,))
    for c in report.collateral:
        rows.add_row(c.asset, words.money(c.value, unit, sign=c.value < 0), bold(words.money(c.counted, unit)),
                     dim(margin_house_page.causes_said(c, unit)), c.cap or words.DASH)
    return rows


def _ladder(report: MarginReport, unit: Unit) -> ConsoleRenderable | None:
    """One account step by step with what each relies on; of several one row each."""
    accounts = list(dict.fromkeys(s.account for s in report.ladder))
    if not accounts:
        return None
    if len(accounts) == 1:
        rows = columns(f"Ladder of {accounts[0]}", "Initial", "Saves", "Relies on", left=(0, 3), kept=(0,))
        for s in report.ladder:
            rows.add_row(s.step, words.money(s.initial, unit), words.money(s.saves, unit, sign=True), dim(s.risk))
        return rows
    steps = list(dict.fromkeys(s.step for s in report.ladder))
    initial = {(s.account, s.step): s.initial for s in report.ladder}
    rows = columns("Ladder", *(step.replace(" portfolio", "") for step in steps))
    for account in accounts[:LADDERS]:
        rows.add_row(account, *(words.money(initial[account, step], unit) for step in steps))
    more = len(accounts) - LADDERS
    if more > 0:
        rows.add_row(dim(f"{more:,} more"))
    return rows


def _changes(report: MarginReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.changes:
        return None
    rows = columns(f"If {report.changes[0].account} would", "Model", "Initial", "then", "Excess", "then", "",
                   left=(0, 1, 6), kept=(1, 6))
    for c in report.changes:
        excess = [e - i for e, i in zip(c.equity, c.initial, strict=True)]
        allowed = Text("allowed") if c.allowed else Text("■ refused", style=STYLE["bad"])
        rows.add_row(c.change, c.model, words.money(c.initial[0], unit), bold(words.money(c.initial[1], unit)),
                     words.money(excess[0], unit, sign=True), words.money(excess[1], unit, sign=True), allowed)
    return rows


def _rehearsals(report: MarginReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.rehearsals:
        return None
    rows = columns("Rehearsed on all accounts", "Model", "Initial", "Maintenance", "Liquidated", "Relieved", "Debt",
                   "then", left=(0, 1, 4, 5), kept=(1,))
    for r in report.rehearsals:
        rows.add_row(r.change, r.model, words.money(r.initial, unit, sign=True),
                     words.money(r.maintenance, unit, sign=True),
                     Text(margin_titles.some(r.liquidated, NAMED), style=STYLE["bad"] if r.liquidated else ""),
                     margin_titles.some(r.relieved, NAMED), words.money(r.debt[0], unit), words.money(r.debt[1], unit))
    return rows


def _distances(report: MarginReport) -> ConsoleRenderable | None:
    """By factor and model: the fall and the rise that end the account."""
    if not report.distances:
        return None
    found = margin_titles.reaches(report)
    ended = [r for r in found if any(m is not None for m in r.move)]
    rows = columns("Liquidated when", "Model", "falls to", "", "rises to", "", left=(0, 1), kept=(0, 1))
    named = ""
    for r in ended[:DISTANCES]:
        rows.add_row("" if r.what == named else r.name, r.model, *_end(r, 0), *_end(r, 1))
        named = r.what
    rest = margin_titles.untouched(found)
    told = [*([rest] if rest else []), *margin_titles.jointly(report)]
    return Group(*([rows] if ended else []), *(dim(line) for line in told))


def _end(reach: Reach, side: int) -> tuple[Text, Text]:
    move, level = reach.move[side], reach.level[side]
    if move == 0:
        return Text("now", style=STYLE["bad"]), Text()
    if move is None:
        return dim(words.DASH), Text()
    return bold(margin_titles.at_level(reach.what, level)), Text(words.percent(move, 1, sign=True))


def _venues(report: MarginReport) -> ConsoleRenderable | None:
    """What each model's venue does there, once a model."""
    found = {d.model: d.venue for d in report.distances if d.venue}
    return labelled("There the venue", [f"{model}: {venue}" for model, venue in found.items()]) if found else None


def _exits(report: MarginReport) -> ConsoleRenderable | None:
    if not report.exits:
        return None
    rows = columns("Cheapest way back", "Model", "Contracts", f"Cost, {report.head.currency}", "", left=(0, 1, 4))
    for e in report.exits[:EXITS]:
        rows.add_row(e.instrument, e.model, words.number(e.quantity, 2, sign=True), words.number(e.cost, 0),
                     "" if e.reached else Text("not enough", style=STYLE["bad"]))
    return rows
