"""What would change it? The page's sections on the ladder, what if, rehearsals, distances and the way back."""

from __future__ import annotations

from seawall import words
from seawall.model.margin_report import MarginReport
from seawall.report.markup import Column, cell, row, row_head, section, table, text
from seawall.report.survival import unit_name
from seawall.words import Unit


def ladder(report: MarginReport, unit: Unit) -> str:
    """The same account with more netting allowed, step by step."""
    if not report.ladder:
        return ""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Account", css="l"), Column("Step", css="l"), Column("Initial", money),
               Column("Saves", f"{money}, on the step before"), Column("Relies on", css="l")]
    rows = [row([row_head(s.account), cell(text(s.step), "l"), cell(words.money(s.initial, unit), "b"),
                 cell(words.money(s.saves, unit, sign=True)), cell(text(s.risk), "l w dim2")]) for s in report.ladder]
    return section("ladder", "What each step of netting saves, and what it relies on",
                   "The same positions and collateral under one model after another.", table("Ladder", columns, rows))


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
                         cell("allowed" if c.allowed else "<b>refused</b>", "l")]))
    title = f"What {report.changes[0].account} would need after each change"
    return section("changes", title, "Allowed: the initial requirement is met afterwards, or comes nearer.",
                   table("What if", columns, rows))


def rehearsals(report: MarginReport, unit: Unit) -> str:
    """Other parameters on every account."""
    if not report.rehearsals:
        return ""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Change", css="l"), Column("Model", css="l"), Column("Initial margin", f"{money}, change"),
               Column("Liquidated", css="l"), Column("Relieved", css="l"), Column("To be closed", money),
               Column("Debt", f"{money}, before"), Column("", "after")]
    rows = [row([row_head(r.change), cell(text(r.model), "l"), cell(words.money(r.initial, unit, sign=True), "b"),
                 cell(text(", ".join(r.liquidated)) or "none", "l w"),
                 cell(text(", ".join(r.relieved)) or "none", "l w"), cell(words.money(r.exposed, unit)),
                 cell(words.money(r.debt[0], unit)),
                 cell(words.money(r.debt[1], unit))]) for r in report.rehearsals]
    fallen = sorted({name for r in report.rehearsals for name in r.liquidated})
    title = f"The change would liquidate {words.joined(fallen)}" if fallen else "The change would liquidate no one"
    return section("rehearsal", title, "All accounts, positions as they are.", table("Rehearsal", columns, rows))


def distances(report: MarginReport) -> str:
    """Every single move that reaches the maintenance requirement."""
    if not report.distances:
        return ""
    columns = [Column("Move of", css="l"), Column("Model", css="l"), Column("Move"), Column("Level"),
               Column("There the venue", css="l")]
    rows = []
    for d in report.distances:
        far = "now" if d.move == 0 else words.percent(d.move, 1, sign=True) if d.move is not None \
            else f"none to {words.percent(d.probed, 0, sign=True)}"
        rows.append(row([row_head(d.what), cell(text(d.model), "l"), cell(far, "b" if d.move is not None else "dim2"),
                         cell(words.short(d.level, 4)), cell(text(d.venue) or words.DASH, "l w dim2")]))
    name = report.distances[0].account
    return section("distance", f"How far {name} is from liquidation",
                   "One price or one set of volatilities moves, all else stays: a set of distances, not one price.",
                   table("Distance", columns, rows))


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
