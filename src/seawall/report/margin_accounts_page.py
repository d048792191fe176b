"""How do models compare on each account, and how well is it? The page's matrix, and its table of accounts."""

from __future__ import annotations

from seawall import words
from seawall.model.margin_report import AccountMargin, MarginReport
from seawall.report import charts, margin_titles
from seawall.report.heat import level
from seawall.report.margin_matrix import Cells, Matrix, matrix
from seawall.report.markup import Column, barred, cell, row, row_head, section, status, table, text
from seawall.report.survival import unit_name
from seawall.words import Unit

SHOWN, ROWS = 40, 40
KEY = ("h-z", "h-l1", "h-l2", "h-l3", "h-l4", "h-l5")


def compared(report: MarginReport, unit: Unit) -> str:
    """Initial requirement of every account under every model, coloured by how much of equity it takes."""
    found = matrix(report)
    if len(found.models) < 2:
        return ""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Account", money, css="l"), *(Column(text(m.name), text(m.grade)) for m in found.models),
               Column("Most", "of least")]
    pairs = list(zip(found.accounts, found.cells, strict=True))
    rows = [_row(name, cells, found, unit) for name, cells in pairs[:SHOWN]]
    more = len(found.accounts) - SHOWN
    if more > 0:
        rest = [cell(words.money(found.total(m, SHOWN), unit)) for m in range(len(found.models))]
        rows.append(row([row_head(f"{more:,} more", "in the JSON"), *rest, cell("")], "mid"))
    totals = [cell(words.money(m.initial, unit)) for m in found.models]
    rows.append(row([row_head("All assessed"), *totals, cell("")], "total"))
    under = "Initial requirement. Colour: its share of the equity that the model counts, darkest from 70%. " \
            "■ below maintenance, ▲ below initial, ▨ not assessed."
    return section("compared", _title(found), under, table("Models side by side", columns, rows, css="mx") + _key())


def _row(name: str, cells: Cells, found: Matrix, unit: Unit) -> str:
    return row([row_head(name), *(_cell(a, unit) for a in cells),
                cell(words.multiple(found.spread(cells), 1))])


def _cell(a: AccountMargin | None, unit: Unit) -> str:
    """Colour by share of equity; the state as a shape with its word for those who do not see it."""
    if a is None or a.initial is None:
        return f'<td class="hc dim2">{words.SHAPE["na"]}<span class="vh"> not assessed</span></td>'
    taken = a.initial / a.equity if a.equity is not None and a.equity > 0 else 1.0 if a.initial > 0 else 0.0
    mark = words.LEVEL[a.status]
    shape = "" if mark == "ok" else f'{words.SHAPE[mark]}<span class="vh"> {text(margin_titles.state(a))}</span> '
    return f'<td class="hc {level(-taken, 1.0)}">{shape}{words.money(a.initial, unit)}</td>'


def _key() -> str:
    marks = "".join(f'<i class="{css}"></i>' for css in KEY)
    return f'<p class="conv">0% <span class="key" aria-hidden="true">{marks}</span> 70% of equity or more</p>'


def _title(found: Matrix) -> str:
    """How far apart models are on the account on which they differ most."""
    spreads = [(found.spread(cells) or 0.0, name) for name, cells in zip(found.accounts, found.cells, strict=True)]
    most, name = max(spreads, default=(0.0, ""))
    count = words.counted(len(found.models), "model")
    return f"{words.capital(count)} ask up to {words.multiple(most, 1)} as much of one account: {name}" if most > 1.05 \
        else f"What {count} ask of each account"


def accounts(report: MarginReport, unit: Unit) -> str:
    """Every account under every model with its health; of many those that matter most."""
    named = margin_titles.account_named(report)
    chosen = [a for a in report.accounts if not named or a.account == named]
    money = unit_name(report.head.currency, unit)
    orders = any(a.orders is not None for a in chosen)
    columns = [Column("Account", css="l"), Column("Model", css="l"), Column("Equity", money), Column("Initial", money),
               Column("Maintenance", money), Column("Used", "maintenance, % of equity", term="usage"),
               Column("Excess", money), *([Column("Orders", f"{money}, reserved")] if orders else []),
               Column("Binding scenario", css="l"), Column("State", css="l st-h")]
    rows = [_account(a, unit, orders=orders) for a in chosen[:ROWS]]
    more = len(chosen) - ROWS
    under = "Most used first."
    under += f" {more:,} more rows, less in use, are in the JSON." if more > 0 else ""
    return section("accounts", _health(report, named), under, table("Accounts", columns, rows, css="lim"))


def _health(report: MarginReport, named: str) -> str:
    """Who is below what, in one count; of one account how much is in use."""
    if named:
        used = sorted(a.usage for a in report.accounts if a.account == named and a.usage is not None)
        if not used:
            return f"{named}: no share of equity can be told"
        least, most = (words.percent(u, 0) for u in (used[0], used[-1]))
        return f"Maintenance takes {least if least == most else f'{least} to {most}'} of the equity of {named}"
    below = {a.account for a in report.accounts if a.status in margin_titles.BELOW}
    if below:
        return f"{words.capital(words.counted(len(below), 'account'))} of {report.head.accounts:,} below maintenance"
    most_used = max((a.usage for a in report.accounts if a.usage is not None), default=None)
    return "No account could be assessed" if most_used is None else \
        f"Maintenance takes at most {words.percent(most_used, 0)} of an account’s equity"


def _account(a: AccountMargin, unit: Unit, *, orders: bool) -> str:
    mark = {"bad": "breached", "warn": "near"}.get(words.LEVEL[a.status], "within")
    cells = [row_head(a.account), cell(text(a.model), "l"), cell(words.money(a.equity, unit)),
             cell(words.money(a.initial, unit), "b"), cell(words.money(a.maintenance, unit)),
             barred(charts.limit_bar(a.usage, mark), words.percentage(a.usage, 0)),
             cell(words.money(a.excess, unit, sign=True))]
    cells += [cell(words.money(a.orders, unit))] if orders else []
    return row([*cells, cell(text(a.reason or a.scenario) or words.DASH, "l w dim2"),
                cell(status(a.status, margin_titles.state(a)), "l st-h")])
