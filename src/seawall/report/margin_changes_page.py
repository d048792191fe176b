"""What would change it? The page's sections on the ladder, what if, rehearsals and the way back."""

from __future__ import annotations

from collections.abc import Sequence

from seawall import words
from seawall.model.margin_report import MarginReport
from seawall.report import margin_titles
from seawall.report.charts import cell_bar
from seawall.report.markup import Column, barred, cell, row, row_head, section, status, table, text
from seawall.report.survival import unit_name
from seawall.words import Unit

ACCOUNTS, BAR, NAMED, LEAST = 24, 200, 12, 0.005

def ladder(report: MarginReport, unit: Unit) -> str:
    """The same account with more netting allowed: one step by step as falling bars, several as rows."""
    accounts = list(dict.fromkeys(s.account for s in report.ladder))
    if not accounts:
        return ""
    body = _steps(report, unit) if len(accounts) == 1 else _ladders(report, accounts, unit)
    more = len(accounts) - ACCOUNTS
    under = "The same positions and collateral on one grid of moves, with more netting allowed from step to step."
    under += f" {more:,} more accounts are in the JSON." if more > 0 else ""
    return section("ladder", _saved(report, accounts), under, body)


def _steps(report: MarginReport, unit: Unit) -> str:
    money, every = unit_name(report.head.currency, unit), [s.initial for s in report.ladder]
    columns = [Column("Step", css="l"), Column("Initial", money), Column("Saves", f"{money}, on the step before"),
               Column("Relies on", css="l")]
    rows = [row([row_head(s.step), barred(cell_bar(s.initial, every, width=BAR), words.money(s.initial, unit), "b"),
                 cell(words.money(s.saves, unit, sign=True)), cell(text(words.capital(s.risk)), "l w dim2")])
            for s in report.ladder]
    return table("Ladder", columns, rows, css="lad")


def _ladders(report: MarginReport, accounts: Sequence[str], unit: Unit) -> str:
    money = unit_name(report.head.currency, unit)
    steps = list(dict.fromkeys(s.step for s in report.ladder))
    initial = {(s.account, s.step): s.initial for s in report.ladder}
    columns = [Column("Account", css="l"), *(Column(words.capital(step), money) for step in steps),
               Column("Saved", "% of the first")]
    rows = [row([row_head(account), *(cell(words.money(initial[account, step], unit)) for step in steps),
                 cell(words.percentage(_share([initial[account, s] for s in steps]), 0), "b")])
            for account in accounts[:ACCOUNTS]]
    risks = {s.step: s.risk for s in report.ladder}
    told = "".join(f"<dt>{text(words.capital(step))}</dt><dd>{text(words.capital(risk))}</dd>"
                   for step, risk in risks.items())
    return table("Ladder", columns, rows) + f'<h3 class="one">What each step relies on</h3><dl class="src">{told}</dl>'


def _share(levels: Sequence[float | None]) -> float | None:
    """What the whole ladder saves, of its first step."""
    first, last = levels[0], levels[-1]
    return None if first is None or last is None or not first > 0 else 1 - last / first


def _saved(report: MarginReport, accounts: Sequence[str]) -> str:
    """How much less the last step asks than the first, of the account or of all."""
    steps = list(dict.fromkeys(s.step for s in report.ladder))
    sums = [sum(s.initial or 0.0 for s in report.ladder if s.step == step) for step in (steps[0], steps[-1])]
    saved = _share(sums)
    whose = f" of {accounts[0]}" if len(accounts) == 1 else ""
    if saved is None or saved < LEAST:
        return f"Netting saves next to nothing{whose}"
    return f"Netting takes {words.percent(saved, 0)} off the requirement{whose}, and relies on more at every step"


def changes(report: MarginReport, unit: Unit) -> str:
    """Trades and deposits asked about."""
    if not report.changes:
        return ""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Change", css="l"), Column("Model", css="l"), Column("Initial", f"{money}, before"),
               Column("", "after"), Column("Excess", f"{money}, before"), Column("", "after"), Column("", css="l")]
    rows = []
    for c in report.changes:
        before, after = (e - i for e, i in zip(c.equity, c.initial, strict=True))
        rows.append(row([row_head(c.change), cell(text(c.model), "l"), cell(words.money(c.initial[0], unit)),
                         cell(words.money(c.initial[1], unit), "b"), cell(words.money(before, unit, sign=True)),
                         cell(words.money(after, unit, sign=True), "b"),
                         cell("Allowed" if c.allowed else status("breached", "Refused"), "l st-h")]))
    refused = sum(not c.allowed for c in report.changes)
    title = f"What {report.changes[0].account} would need after each change"
    title += f": {refused} of {len(report.changes)} refused" if refused else ""
    return section("changes", title, "Allowed: the initial requirement is met afterwards, or comes nearer.",
                   table("What if", columns, rows))


def rehearsals(report: MarginReport, unit: Unit) -> str:
    """Other parameters on every account."""
    if not report.rehearsals:
        return ""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Change", css="l"), Column("Model", css="l"), Column("Initial", f"{money}, change"),
               Column("Maintenance", f"{money}, change"),
               Column("Liquidated", css="l"), Column("Relieved", css="l"), Column("To be closed", money),
               Column("Debt", f"{money}, before"), Column("", "after")]
    rows = [row([row_head(r.change), cell(text(r.model), "l"), cell(words.money(r.initial, unit, sign=True), "b"),
                 cell(words.money(r.maintenance, unit, sign=True), "b"),
                 cell(text(margin_titles.some(r.liquidated, NAMED)), "l w"),
                 cell(text(margin_titles.some(r.relieved, NAMED)), "l w"), cell(words.money(r.exposed, unit)),
                 cell(words.money(r.debt[0], unit)),
                 cell(words.money(r.debt[1], unit))]) for r in report.rehearsals]
    fallen = sorted({name for r in report.rehearsals for name in r.liquidated})
    title = f"The change would liquidate {margin_titles.some(fallen, NAMED) if fallen else 'no one'}"
    return section("rehearsal", title, "All accounts, positions as they are.", table("Rehearsal", columns, rows))


def exits(report: MarginReport) -> str:
    """The cheapest trades back above the initial requirement."""
    if not report.exits:
        return ""
    columns = [Column("Trade", css="l"), Column("Model", css="l"), Column("Contracts"),
               Column("Cost", report.head.currency)]
    rows = [row([row_head(e.instrument), cell(text(e.model), "l"), cell(words.number(e.quantity, 4, sign=True), "b"),
                 cell(words.number(e.cost, 0))]) for e in report.exits]
    short = [e.model for e in report.exits if not e.reached]
    title = "The cheapest trades back above the initial requirement" if not short else \
        f"Closing everything is not enough under {words.joined(sorted(set(short)))}"
    gap = max(e.gap for e in report.exits)
    return section("exits", title, f"Cost at most {words.percent(gap, 1)} above the least there can be.",
                   table("Way back", columns, rows))
