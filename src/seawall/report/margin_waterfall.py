"""From where does each requirement come? A waterfall by term and scenario per account and model, and its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seawall import words
from seawall.model.margin_report import AccountMargin, MarginPart, MarginReport
from seawall.report import margin_titles
from seawall.report.markup import Column, cell, row, row_head, section, table, text
from seawall.report.survival import unit_name
from seawall.report.waterfall import Bar, draw
from seawall.words import Unit

FALLS, BARS, LINES, NAME = 12, 8, 12, 31
Parts = Mapping[tuple[str, str], Sequence[MarginPart]]


def explained(report: MarginReport, parts: Parts, unit: Unit) -> str:
    """Of the asked account under every model, else of the most used ones."""
    named = margin_titles.account_named(report)
    chosen = [a for a in report.accounts if a.initial is not None and parts.get((a.account, a.model))
              and (not named or a.account == named)]
    if named:
        chosen.sort(key=lambda a: -(a.initial or 0.0))
    drawn = [_fall(a, parts[a.account, a.model], unit, report.head.currency) for a in chosen[:FALLS]]
    if not drawn:
        return ""
    under = ("Initial requirement by term and scenario, and what lines that gain there take off. Parts add up to it. "
             "“Share”: of a charge that is not linear, such as a cap or a weight by size; it adds up, but is not what "
             "one more unit costs.")
    title = f"From where each requirement of {named} comes" if named else "From where the requirements most in use come"
    pairs = "".join(f'<div class="two">{"".join(drawn[n:n + 2])}</div>' for n in range(0, len(drawn), 2))
    return section("why", title, under, pairs)


def _fall(a: AccountMargin, parts: Sequence[MarginPart], unit: Unit, currency: str) -> str:
    said = margin_titles.explained(a, parts)
    bars = [*bars_of(parts), Bar("Initial requirement", a.initial or 0.0, whole=True)]
    return f"<div><h3>{text(said)}</h3>{draw(bars, unit, said, losses=True)}{_lines(a, parts, unit, currency)}</div>"


def bars_of(parts: Sequence[MarginPart]) -> list[Bar]:
    """What adds and what is taken off, by term and scenario, the largest first; the rest together."""
    sums: dict[str, float] = {}
    for part in parts:
        term = f"{part.term}{' (share)' if part.chord else ''}{'' if part.amount > 0 else ', gains'}"
        key = f"{term}: {part.scenario}" if part.scenario else term
        sums[key] = sums.get(key, 0.0) + part.amount
    ranked = sorted(sums.items(), key=lambda item: -abs(item[1]))
    shown, rest = ranked[:BARS], ranked[BARS:]
    bars = [Bar(_short(name), amount) for name, amount in shown]
    return [*bars, *([Bar(f"{len(rest)} others", sum(amount for _, amount in rest))] if rest else [])]


def _short(name: str) -> str:
    return name if len(name) <= NAME else f"{name[:NAME - 1]}{words.ELLIPSIS}"


def _lines(a: AccountMargin, parts: Sequence[MarginPart], unit: Unit, currency: str) -> str:
    """The largest lines, folded away; the rest as one row, so that the column adds up."""
    money = unit_name(currency, unit)
    columns = [Column("Line", css="l"), Column("Row", css="l"), Column("Term", css="l"), Column("Quantity"),
               Column("Adds", money)]
    ranked = sorted(parts, key=lambda p: -abs(p.amount))
    rows = [row([row_head(p.line or p.row or p.term), cell(text(p.row) or words.DASH, "l"), cell(text(p.term), "l"),
                 cell(words.number(p.quantity, 2)), cell(words.money(p.amount, unit, sign=True))])
            for p in ranked[:LINES]]
    rest = ranked[LINES:]
    if rest:
        rows.append(row([row_head(f"{len(rest):,} others"), cell(""), cell(""), cell(""),
                         cell(words.money(sum(p.amount for p in rest), unit, sign=True))], "mid"))
    rows.append(row([row_head("Initial requirement"), cell(""), cell(""), cell(""),
                     cell(words.money(a.initial, unit))], "total"))
    body = table(f"Lines of {a.account} under {a.model}", columns, rows)
    return f"<details><summary>Its largest lines</summary>{body}</details>"
