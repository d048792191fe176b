"""Who fails first? The accounts and the moves they survive, the limits, and what is carried on how much equity."""

from __future__ import annotations

import math
from collections.abc import Sequence

from seawall import words
from seawall.model.report import AccountRow, LeverageRow, RiskReport
from seawall.model.results import Limit, LimitUse
from seawall.report import charts, titles
from seawall.report.markup import Column, barred, cell, group_head, row, row_head, section, status, table, term, text
from seawall.words import Unit

STATUS_ORDER = {"bankrupt": 0, "liquidatable": 1, "warning": 2, "healthy": 3, "unknown": 4}
HIGH_USE = 0.8
SHARES = frozenset({"scan_used", "shortfall_leverage", "shortfall_share", "diversification", "chance"})

MOST_ACCOUNTS, MOST_UNKNOWN, MOST_PARTS = 60, 20, 25

def account_section(report: RiskReport) -> str:
    """Accounts, the nearest to its scan first, those not assessed last in words; absent without accounts."""
    if not report.accounts:
        return ""
    rows = sorted(report.accounts, key=_worst_first)
    unit = words.unit_for(r.equity for r in rows)
    reach = charts.range_reach((r.down, r.up) for r in rows)
    chance = any(r.chance is not None for r in rows)
    columns = _account_columns(report.currency, unit, reach, chance=chance)
    body = []
    for found, most in (([r for r in rows if r.status != "unknown"], MOST_ACCOUNTS),
                        ([r for r in rows if r.status == "unknown"], MOST_UNKNOWN)):
        body += [_account_row(r, unit, reach, chance=chance) for r in found[:most]]
        body += [_more_accounts(found[most:], unit, len(columns))] if found[most:] else []
    under = "Each account alone, its equity against its own scan, the worst loss over a grid of spot and volatility. " \
            "Grey: the joint spot moves it covers."
    total = _account_total(rows, unit, len(columns))
    return section("survive", titles.accounts(rows), under, table("Accounts", columns, [*body, total], css="acc"))


def _worst_first(r: AccountRow) -> tuple[int, float, float, str]:
    nearest = min((abs(m) for m in (r.down, r.up) if m is not None), default=math.inf)
    return STATUS_ORDER.get(r.status, 3), nearest, -(r.used or 0.0), r.account


def _account_columns(currency: str, unit: Unit, reach: float, *, chance: bool) -> list[Column]:
    money = unit_name(currency, unit)
    ladder = f"{term('range', 'Covered joint spot moves, %', at='ladder')}"
    return [
        Column("Account", css="l"), Column("Equity", money, term="equity"), Column("Scan", money, term="scan"),
        Column("Scan used", "% of equity, limit 100", term="used"),
        Column(ladder, charts.range_head(reach), css="rh"),
        *([Column("Chance", "%, by the horizon", term="chance")] if chance else []),
        Column("Shortfall", f"{money}, alone", term="standalone"), Column("Status", css="l st-h"),
    ]


def _account_row(r: AccountRow, unit: Unit, reach: float, *, chance: bool) -> str:
    head = row_head(r.account, r.venue)
    mark = cell(status(r.status, words.STATUS[r.status]), "l st-h")
    if r.status == "unknown":
        why = text(r.why or "Not assessed: what it needs is missing.")
        blanks = [cell(words.money(r.equity, unit)), cell(words.money(r.scan, unit)), cell(words.DASH)]
        more = [cell(words.DASH)] * (2 if chance else 1)
        return row([head, *blanks, cell(why, "l w dim2 rc"), *more, mark], "na")
    used = words.percentage(r.used, 0)
    strong = "b" if (r.used or 0.0) >= HIGH_USE else ""
    bar = charts.limit_bar(r.used, _use_state(r.used))
    cells = [cell(words.money(r.equity, unit)), cell(_scan(r, unit)),
             barred(bar, used, strong),
             _range(r, reach)]
    if chance:
        cells.append(cell(words.percentage(r.chance, 1)))
    return row([head, *cells, cell(words.money(r.shortfall, unit)), mark])


def _range(r: AccountRow, reach: float) -> str:
    """The moves it covers; words where there is no scan to cover."""
    if r.scan is None or r.equity is None:
        return cell("No scan could be computed", "l w dim2 rc")
    return cell(charts.range_bar(r.account, (r.down, r.up), reach), "rc")


def _scan(r: AccountRow, unit: Unit) -> str:
    """The scan; where on the grid it is worst, on hover."""
    shown = words.money(r.scan, unit)
    return f'<span title="Worst at {text(r.scan_worst)}">{shown}</span>' if r.scan_worst and r.scan else shown


def _use_state(used: float | None) -> str:
    return "" if used is None else "breached" if used >= 1 else "near" if used >= HIGH_USE else "within"


def _more_accounts(rows: Sequence[AccountRow], unit: Unit, width: int) -> str:
    """What lies below the rows shown, added up."""
    equity, scan = _total([r.equity for r in rows]), _total([r.scan for r in rows])
    note = "All further from their scan than those above" if rows[0].status != "unknown" else "Not assessed either"
    return row([row_head(words.count(len(rows), "more account")), cell(words.money(equity, unit)),
                cell(words.money(scan, unit)), cell(""), cell(note, "l w dim rc n"), *[cell("")] * (width - 5)])


def _account_total(rows: Sequence[AccountRow], unit: Unit, width: int) -> str:
    known = [r for r in rows if r.status != "unknown"]
    name = f"{words.capital(words.in_words(len(known)))} assessed account{'' if len(known) == 1 else 's'}"
    equity, scan = _total([r.equity for r in known]), _total([r.scan for r in known])
    used = scan / equity if equity and equity > 0 and scan is not None else None
    bar = charts.limit_bar(used, _use_state(used))
    note = "Equity cannot move between accounts while one is being closed out"
    blanks = [cell("")] * (width - 5)
    return row([row_head(name), cell(words.money(equity, unit)), cell(words.money(scan, unit)),
                barred(bar, words.percentage(used, 0)),
                cell(note, "l w dim rc n"), *blanks], "total")


def _total(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return math.fsum(known) if known else None


def limit_section(report: RiskReport, css: str) -> str:
    """Limits, worst first; absent without limits."""
    if not report.limits:
        return ""
    columns = [Column("Limit", css="l"), Column("Now"), Column("Bound"), Column("Used", "%"),
               Column("State", css="l st-h")]
    rows = [_limit_row(use, report.currency) for use in report.limits]
    under = "The most used first. The tick is the limit; the bar ends at 125%."
    return section("limits", titles.limits(report.limits), under, table("Limits", columns, rows, css="lim"), css=css)


def _limit_row(use: LimitUse, currency: str) -> str:
    bar, strong = charts.limit_bar(use.used, use.state), "b" if use.state == "breached" else ""
    return row([
        row_head(limit_name(use.limit), css="l w"), cell(limit_number(use.value, use.limit, currency)),
        cell(limit_number(use.limit.bound, use.limit, currency), "dim2"),
        barred(bar, words.percentage(use.used, 0), strong),
        cell(status(use.state, words.LIMIT_STATE[use.state]), "l st-h"),
    ])


def limit_name(limit: Limit) -> str:
    """A limit's own name, else its measure; then its scope, unless that is in the name already."""
    name = limit.name or limit.measure.replace("_", " ")
    scope = "" if limit.scope == "total" else limit.scope.split("=", 1)[-1]
    return words.capital(name if scope.lower() in name.lower() else f"{name}, {scope}")


def limit_number(value: float | None, limit: Limit, currency: str) -> str:
    """A limit's value: share, multiple of equity or money, by its unit or else by what it measures."""
    unit = limit.unit
    if unit in {"share", "%"} or limit.measure in SHARES:
        return words.percent(value)
    if unit in {"x", "×", "multiple"} or limit.measure.endswith("leverage"):
        return words.multiple(value)
    shown = words.short(value, 3)
    return shown if unit in {currency, ""} or shown == words.DASH else f"{shown} {text(unit)}"


def leverage_section(report: RiskReport, css: str) -> str:
    """Leverage in total, by venue and by account; absent where nothing is known."""
    rows = _leverage_rows(report)
    if not any(r.gross is not None for r in rows):
        return ""
    columns = [Column("Part", css="l"), Column("Equity", unit_name(report.currency, _leverage_unit(rows))),
               Column("Gross", "× equity", term="grossleverage"),
               Column("Net", "× equity", term="netleverage"), Column("Delta", "× equity", term="deltaleverage"),
               Column("Shortfall", "% of equity", term="esleverage")]
    body = []
    for dimension in dict.fromkeys(r.dimension for r in rows):
        found = [r for r in rows if r.dimension == dimension]
        if dimension != "total":
            found.sort(key=lambda r: (r.gross is None, -(r.gross or 0.0), r.key))
            body.append(group_head(f"By {dimension}", len(columns)))
        body += [_leverage_row(r, rows[:1] + found[:MOST_PARTS]) for r in found[:MOST_PARTS]]
        if found[MOST_PARTS:]:
            less = words.count(len(found) - MOST_PARTS, "more part")
            body.append(row([row_head(less), cell("All carry less", "l w dim"), *[cell("")] * (len(columns) - 2)]))
    under = "Notional, net notional, cash delta and expected shortfall, each over the equity of the same part."
    return section("leverage", titles.leverage(rows), under, table("Leverage", columns, body, css="lev"), css=css)


def _leverage_rows(report: RiskReport) -> list[LeverageRow]:
    """The report's own rows, total first; accounts are added from the account rows where it has none."""
    order = {"total": 0, "venue": 1, "account": 2}
    rows = sorted(report.leverage, key=lambda r: (order.get(r.dimension, 3), r.dimension))
    if any(r.dimension == "account" for r in rows):
        return rows
    return rows + [
        LeverageRow("account", a.account, a.equity, a.gross_leverage, a.net_leverage, a.delta_leverage,
                    a.shortfall_leverage)
        for a in report.accounts if a.status != "unknown"
    ]


def _leverage_unit(rows: Sequence[LeverageRow]) -> Unit:
    return words.unit_for(r.equity for r in rows)


def _leverage_row(r: LeverageRow, rows: Sequence[LeverageRow]) -> str:
    whole = r.dimension == "total"
    bar = charts.cell_bar(r.gross, [other.gross for other in rows], css="fm")
    cells = [cell(words.money(r.equity, _leverage_unit(rows))), barred(bar, words.number(r.gross, 2)),
             cell(words.number(r.net, 2)), cell(words.number(r.delta, 2)), cell(words.percentage(r.shortfall, 1))]
    return row([row_head("Whole book" if whole else r.key or "(none)"), *cells], "whole" if whole else "")


def unit_name(currency: str, unit: Unit) -> str:
    """``USD M``: what stands under a column of money."""
    return f"{text(currency)} {unit.symbol}".strip()

