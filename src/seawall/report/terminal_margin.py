"""What does the terminal show of margin? Verdict, every account under every model, where they disagree, and what if."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleRenderable, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall import words
from seawall.model.identity import content_id
from seawall.model.margin import MarginModel
from seawall.model.margin_report import MarginPart, MarginReport
from seawall.report import margin_titles
from seawall.words import Unit

STYLE = {"ok": "", "warn": "yellow", "bad": "bold red", "na": "magenta"}
ACCOUNTS, PARTS, DISAGREEMENTS, DISTANCES, EXITS = 40, 8, 8, 12, 8


def show_margin(report: MarginReport, console: Console) -> None:
    """Prints the whole answer."""
    unit = words.unit_for([a.initial for a in report.accounts])
    blocks = (_verdict(report), _models(report, unit), _accounts(report, unit), _disagreements(report, unit),
              _explained(report, unit), _ladder(report, unit), _changes(report, unit), _rehearsals(report, unit),
              _distances(report), _exits(report), _notes(report), _foot(report))
    for block in blocks:
        if block is not None:
            console.print(Padding(block, (0, 0, 1, 0)))


def show_models(models: Sequence[MarginModel], console: Console) -> None:
    """Prints the models there are: grade, since when, from where, what is missing."""
    rows = _table("Model", "Grade", "Since", "Source", "Missing", left=(0, 1, 2, 3, 4))
    for model in models:
        rows.add_row(Text(model.name, style="bold"), model.grade, model.effective_from.isoformat(),
                     Text("; ".join(model.sources), style="dim"), Text("; ".join(model.missing) or words.DASH))
    console.print(rows)


def _verdict(report: MarginReport) -> ConsoleRenderable:
    head, said = report.head, margin_titles.margin(report)
    level = words.LEVEL[said.status]
    mark = Text(f"{words.SHAPE[level]} {words.VERDICT[said.status]}", style=STYLE[level] or "bold")
    grid = Table.grid(padding=(0, 2))
    grid.add_row(mark, Text.assemble((said.sentence + ".", "bold"), " ", said.lede))
    title = Text.assemble((head.title, "bold"), f"  as of {words.moment(head.as_of)}  ",
                          (f"{words.count(head.lines, 'line')}, {words.count(head.accounts, 'account')}", "dim"))
    return Group(title, Text(), grid)


def _models(report: MarginReport, unit: Unit) -> ConsoleRenderable:
    rows = _table(f"Model, {report.head.currency} {unit.symbol}".strip(), "Grade", "Since", "Initial", "Maintenance",
                  "Below", "Unknown", "Assumed", left=(0, 1, 2, 7))
    for m in report.models:
        below = Text(str(m.liquidatable), style=STYLE["bad"] if m.liquidatable else "")
        unknown = Text(str(m.unknown), style=STYLE["na"] if m.unknown else "")
        rows.add_row(Text(m.name, style="bold"), m.grade, m.effective_from.isoformat(), words.money(m.initial, unit),
                     words.money(m.maintenance, unit), below, unknown, Text(", ".join(m.assumed), style="dim"))
    return rows


def _accounts(report: MarginReport, unit: Unit) -> ConsoleRenderable:
    orders = any(a.orders is not None for a in report.accounts)
    heads = ["Account", "Model", "Equity", "Initial", "Maintenance", "Used", "Excess", *(["Orders"] if orders else []),
             "", "Binding scenario"]
    rows = _table(*heads, left=(0, 1, len(heads) - 2, len(heads) - 1))
    for a in report.accounts[:ACCOUNTS]:
        level = words.LEVEL[a.status]
        state = Text(f"{words.SHAPE[level]} {words.STATUS.get(a.status, a.status)}", style=STYLE[level])
        told: list[str | Text] = [
            a.account, a.model, words.money(a.equity, unit), _bold(words.money(a.initial, unit)),
            words.money(a.maintenance, unit), words.percent(a.usage, 0), words.money(a.excess, unit, sign=True),
        ]
        told += [words.money(a.orders, unit)] if orders else []
        rows.add_row(*told, state, Text(a.reason or a.scenario, style="dim"))
    more = len(report.accounts) - ACCOUNTS
    if more > 0:
        rows.add_row(Text(f"{more:,} more in the JSON and on the page", style="dim"))
    return rows


def _disagreements(report: MarginReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.disagreements:
        return None
    rows = _table("Models differ most", "Asks most", "", "Asks least", "", "Why", left=(0, 1, 3, 5))
    for d in report.disagreements[:DISAGREEMENTS]:
        rows.add_row(d.account, d.high, words.money(d.highest, unit), d.low, words.money(d.lowest, unit),
                     Text(d.why, style="dim"))
    return rows


def _explained(report: MarginReport, unit: Unit) -> ConsoleRenderable | None:
    """The asked account's requirement by term and scenario, and its largest lines, under each model."""
    named = sorted({p.account for p in report.parts})
    if len(named) != 1:
        return None
    blocks: list[ConsoleRenderable] = []
    for model in report.models:
        mine = [p for p in report.parts if p.model == model.name]
        row = next((a for a in report.accounts if a.account == named[0] and a.model == model.name), None)
        if mine and row is not None:
            blocks += [Text(margin_titles.explained(row, mine), style="bold"), _parts(mine, unit), Text()]
    return Group(*blocks[:-1]) if blocks else None


def _parts(parts: Sequence[MarginPart], unit: Unit) -> ConsoleRenderable:
    rows = _table("Term", "Scenario", "Row", "Line", "Quantity", "Adds", left=(0, 1, 2, 3))
    ranked = sorted(parts, key=lambda p: -abs(p.amount))
    for p in ranked[:PARTS]:
        rows.add_row(p.term + (" (share)" if p.chord else ""), Text(p.scenario, style="dim"), p.row, p.line,
                     words.number(p.quantity, 2), words.money(p.amount, unit, sign=True))
    rest = ranked[PARTS:]
    if rest:
        rows.add_row(Text(f"{len(rest):,} others", style="dim"), "", "", "", "",
                     words.money(sum(p.amount for p in rest), unit, sign=True))
    return rows


def _ladder(report: MarginReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.ladder:
        return None
    rows = _table("Ladder", "Step", "Initial", "Saves", "Relies on", left=(0, 1, 4))
    for s in report.ladder:
        rows.add_row(s.account, s.step, words.money(s.initial, unit), words.money(s.saves, unit, sign=True),
                     Text(s.risk, style="dim"))
    return rows


def _changes(report: MarginReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.changes:
        return None
    rows = _table("What if", "Model", "Initial", "then", "Excess", "then", "", left=(0, 1, 6))
    for c in report.changes:
        excess = [e - i for e, i in zip(c.equity, c.initial, strict=True)]
        allowed = Text("allowed") if c.allowed else Text("■ refused", style=STYLE["bad"])
        rows.add_row(c.change, c.model, words.money(c.initial[0], unit), _bold(words.money(c.initial[1], unit)),
                     words.money(excess[0], unit, sign=True), words.money(excess[1], unit, sign=True), allowed)
    return rows


def _rehearsals(report: MarginReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.rehearsals:
        return None
    rows = _table("Rehearsed", "Model", "Initial", "Liquidated", "Relieved", "Debt", "then", left=(0, 1, 3, 4))
    for r in report.rehearsals:
        rows.add_row(r.change, r.model, words.money(r.initial, unit, sign=True),
                     Text(", ".join(r.liquidated) or "none", style=STYLE["bad"] if r.liquidated else ""),
                     ", ".join(r.relieved) or "none", words.money(r.debt[0], unit), words.money(r.debt[1], unit))
    return rows


def _distances(report: MarginReport) -> ConsoleRenderable | None:
    reached = [d for d in report.distances if d.move is not None]
    if not report.distances:
        return None
    rows = _table("Liquidated when", "Model", "Move", "At", "There the venue", left=(0, 1, 4))
    for d in reached[:DISTANCES]:
        now = d.move == 0
        rows.add_row(d.what, d.model, Text("now", style=STYLE["bad"]) if now else words.percent(d.move, 1, sign=True),
                     words.short(d.level, 4), Text(d.venue, style="dim"))
    never = [f"{d.what} to {words.percent(d.probed, 0, sign=True)}" for d in report.distances if d.move is None]
    if never:
        rows.add_row(Text(f"not by {words.joined(list(dict.fromkeys(never)))}", style="dim"))
    return rows


def _exits(report: MarginReport) -> ConsoleRenderable | None:
    if not report.exits:
        return None
    rows = _table("Cheapest way back", "Model", "Contracts", "Cost", "", left=(0, 1, 4))
    for e in report.exits[:EXITS]:
        rows.add_row(e.instrument, e.model, words.number(e.quantity, 2, sign=True), words.short(e.cost, 3),
                     "" if e.reached else Text("not enough", style=STYLE["bad"]))
    return rows


def _notes(report: MarginReport) -> ConsoleRenderable | None:
    told = [*(str(f) for f in report.head.failures), *report.notes]
    told += [f"{m.name}: {reading}" for m in report.models for reading in m.readings]
    told += [f"{m.name} lacks: {gap}" for m in report.models for gap in m.missing]
    return _labelled("Notes", told) if told else None


def _foot(report: MarginReport) -> ConsoleRenderable:
    digest = words.hash_short(content_id("answer", report))
    return _labelled("Proof", [f"{report.schema}  {digest}", "Requirements: loss is positive. Used: maintenance of "
                               "equity. (share): a part that adds up but is not what one more unit costs."])


def _bold(text: str) -> Text:
    return Text(text, style="bold")


def _labelled(label: str, lines: Iterable[str]) -> ConsoleRenderable:
    grid = Table.grid(padding=(0, 2))
    for number, line in enumerate(lines):
        grid.add_row(Text(label if number == 0 else "", style="bold"), Text(line))
    return grid


def _table(*heads: str, left: tuple[int, ...] = (0,)) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), show_edge=False)
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place in left else "right", overflow="fold")
    return table

