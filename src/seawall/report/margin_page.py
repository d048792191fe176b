"""What must stand behind it? The page of margin: accounts by model, where they differ, from where, what if."""

from __future__ import annotations

from collections.abc import Sequence

from seawall import words
from seawall.model.margin_report import AccountMargin, MarginPart, MarginReport
from seawall.report import margin_titles
from seawall.report.margin_changes_page import changes, distances, exits, ladder, rehearsals
from seawall.report.markup import Column, cell, row, row_head, section, status, table, text
from seawall.report.survival import unit_name
from seawall.report.tail_shell import Part as Shown
from seawall.report.tail_shell import Tile, notes_section, shell
from seawall.report.waterfall import Bar, draw
from seawall.words import Unit

FALLS, BARS = 12, 8


def render_margin(report: MarginReport) -> str:
    """The whole page."""
    unit = words.unit_for([a.initial for a in report.accounts])
    return shell(report, "margin", margin_titles.margin(report), _tiles(report, unit), (
        Shown("accounts", "Accounts", _accounts(report, unit)), Shown("differ", "Where models differ",
                                                                      _disagreements(report, unit)),
        Shown("why", "From where", _explained(report, unit)), Shown("ladder", "Ladder", ladder(report, unit)),
        Shown("changes", "What if", changes(report, unit)), Shown("rehearsal", "Rehearsal", rehearsals(report, unit)),
        Shown("distance", "Distance", distances(report)), Shown("exits", "Way back", exits(report)),
        Shown("models", "Models", _models(report, unit)),
        Shown("notes", "Missing", notes_section(report.head, report.notes)),
    ))


def _tiles(report: MarginReport, unit: Unit) -> list[Tile]:
    totals = sorted(m.initial for m in report.models if m.initial is not None)
    below = {a.account for a in report.accounts if a.status in margin_titles.BELOW}
    used = max((a for a in report.accounts if a.usage is not None), key=lambda a: a.usage or 0.0, default=None)
    unknown = {a.account for a in report.accounts if a.status == "unknown"}
    return [
        Tile("initial", "Initial margin", words.money(totals[-1] if totals else None, unit), unit.symbol,
             "of all accounts, by the model that asks most"),
        Tile("least", "By the least", words.money(totals[0] if totals else None, unit), unit.symbol,
             f"of {words.counted(len(report.models), 'model')}"),
        Tile("equity", "Equity", words.money(report.head.equity, unit), unit.symbol, "of the whole book"),
        Tile("below", "Below maintenance", f"{len(below)}", f"of {report.head.accounts}", "under some model"),
        Tile("used", "Most in use", words.percent(used.usage if used else None, 0), "",
             text(f"{used.account}, {used.model}") if used else ""),
        Tile("unknown", "Not assessed", f"{len(unknown)}", f"of {report.head.accounts}", "under some model"),
    ]


def _accounts(report: MarginReport, unit: Unit) -> str:
    money = unit_name(report.head.currency, unit)
    orders = any(a.orders is not None for a in report.accounts)
    columns = [Column("Account", css="l"), Column("Model", css="l"), Column("Equity", money), Column("Initial", money),
               Column("Maintenance", money), Column("Used", "maintenance of equity"), Column("Excess", money),
               *([Column("Orders", money)] if orders else []), Column("Binding scenario", css="l"),
               Column("State", css="l st-h")]
    rows = [_account(a, unit, orders=orders) for a in report.accounts]
    under = "Most used first. Equity is what each model counts as owned; excess is equity less the initial requirement."
    return section("accounts", margin_titles.margin(report).sentence, under, table("Accounts", columns, rows))


def _account(a: AccountMargin, unit: Unit, *, orders: bool) -> str:
    cells = [row_head(a.account), cell(text(a.model), "l"), cell(words.money(a.equity, unit)),
             cell(words.money(a.initial, unit), "b"), cell(words.money(a.maintenance, unit)),
             cell(words.percent(a.usage, 0)), cell(words.money(a.excess, unit, sign=True))]
    cells += [cell(words.money(a.orders, unit))] if orders else []
    return row([*cells, cell(text(a.reason or a.scenario) or words.DASH, "l w dim2"),
                cell(status(a.status, words.STATUS.get(a.status, a.status)), "l st-h")])


def _disagreements(report: MarginReport, unit: Unit) -> str:
    if not report.disagreements:
        return ""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Account", css="l"), Column("Asks most", css="l"), Column("", money),
               Column("Asks least", css="l"), Column("", money), Column("Times"), Column("Why", css="l")]
    rows = [row([row_head(d.account), cell(text(d.high), "l"), cell(words.money(d.highest, unit), "b"),
                 cell(text(d.low), "l"), cell(words.money(d.lowest, unit)),
                 cell(words.multiple(d.highest / d.lowest if d.lowest > 0 else None)), cell(text(d.why), "l w dim2")])
            for d in report.disagreements]
    first = report.disagreements[0]
    title = f"Models differ most on {first.account}: {first.high} asks {words.short(first.highest, 3)}, " \
            f"{first.low} {words.short(first.lowest, 3)}"
    return section("differ", title, "Widest first. Shares are of the gap between the two.",
                   table("Where models differ", columns, rows))


def _explained(report: MarginReport, unit: Unit) -> str:
    """A waterfall per account and model: of the asked account, else of the most used ones."""
    chosen = [a for a in report.accounts if a.initial is not None][:FALLS]
    named = {p.account for p in report.parts}
    if len(named) == 1:
        chosen = [a for a in report.accounts if a.account in named and a.initial is not None]
    drawn = [_fall(a, [p for p in report.parts if (p.account, p.model) == (a.account, a.model)], unit) for a in chosen]
    shown = [d for d in drawn if d]
    under = ("Initial requirement by term and scenario; bars below zero are lines that gain where the term binds. "
             "Parts add up exactly. “share”: of a charge that is not linear, not what one more unit costs.")
    return section("why", "From where each requirement comes", under, "".join(shown)) if shown else ""


def _fall(a: AccountMargin, parts: Sequence[MarginPart], unit: Unit) -> str:
    if not parts:
        return ""
    sums: dict[str, float] = {}
    for part in parts:
        name = f"{part.term}{', share' if part.chord else ''}{f' · {part.scenario}' if part.scenario else ''}"
        for side in ("adds", "eases"):
            if (side == "adds") == (part.amount > 0):
                key = name if side == "adds" else f"{name} · hedged"
                sums[key] = sums.get(key, 0.0) + part.amount
    ranked = sorted(sums.items(), key=lambda item: -abs(item[1]))
    bars = [Bar(name, amount) for name, amount in ranked[:BARS]]
    rest = sum(amount for _, amount in ranked[BARS:])
    if rest:
        bars.append(Bar("others", rest))
    bars.append(Bar("Initial requirement", a.initial or 0.0, whole=True))
    said = margin_titles.explained(a, parts)
    return f"<h3>{text(said)}</h3>{draw(bars, unit, said, losses=True)}"


def _models(report: MarginReport, unit: Unit) -> str:
    money = unit_name(report.head.currency, unit)
    columns = [Column("Model", css="l"), Column("Grade", css="l"), Column("Since", css="l"), Column("Initial", money),
               Column("Maintenance", money), Column("Source", css="l"), Column("Missing", css="l"),
               Column("Assumed", css="l"), Column("Readings", css="l")]
    rows = [row([row_head(m.title, m.name), cell(text(m.grade), "l b"), cell(words.day(m.effective_from), "l"),
                 cell(words.money(m.initial, unit)), cell(words.money(m.maintenance, unit)),
                 *(cell(text("; ".join(told)) or words.DASH, "l w dim2")
                   for told in (m.sources, m.missing, m.assumed, m.readings))]) for m in report.models]
    under = "Exact: reproduces published cases. Documented: follows the published rules. Approximate: not all of them."
    return section("models", "By which rules, and how sure", under, table("Models", columns, rows))
