"""What does the terminal show of a change? The verdict, the P&L, the risk by cause, from where, what has no pair."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleRenderable, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall import words
from seawall.measures.pnl_explain import TERMS
from seawall.model.changes import ChangeReport, PnlRow
from seawall.report import changes_titles as titles
from seawall.words import Unit

SHOWN = 8
SMALL = 0.005  # of a row's largest part: below it a part is not worth its words
ROUNDING = 1e-9  # of equity: sums of the same numbers may differ by it
WARN = "yellow"
OTHERS = {"unexplained": "unexplained", "trades": "new trades", "settled": "expired"}
OUTSIDE = {"moved": "paid in or out", "uncompared": "without a counterpart"}


def show_changes(found: ChangeReport, console: Console) -> None:
    """Prints the whole comparison."""
    unit = words.unit_for([found.total.gross, *(c.after for c in found.risk), *(c.before for c in found.risk)])
    blocks = (_verdict(found), _pnl(found, unit), _factors(found, unit), _risk(found, unit),
              _components(found, unit), *(_who(found, name, unit) for name in ("account", "underlying", "line")),
              _unpaired(found), _proof(found))
    for block in blocks:
        if block is not None:
            console.print(Padding(block, (0, 0, 1, 0)))


def _verdict(found: ChangeReport) -> ConsoleRenderable:
    head = Text.assemble((found.title, "bold"), f"  from {words.moment(found.before.as_of)} to "
                         f"{words.moment(found.after.as_of)}")
    mark = Text("▲ " if found.total.flagged else "○ ", style=WARN if found.total.flagged else "")
    return Group(head, Text(), Text.assemble(mark, (titles.headline(found) + ". ", "bold"),
                                             titles.explained(found.total) + "."))


def _pnl(found: ChangeReport, unit: Unit) -> ConsoleRenderable:
    whole, table = found.total, _table(f"P&L, {found.currency} {unit.symbol}".strip(), "", "", left=(0, 2))
    for name in (*TERMS, *OTHERS):
        value = getattr(whole, name)
        if value:
            table.add_row(f"  {titles.TERM_NAMES.get(name) or OTHERS[name]}", words.money(value, unit, sign=True), "")
    table.add_row(Text("P&L", style="bold"), Text(words.money(whole.pnl, unit, sign=True), style="bold"), "")
    for name, shown in OUTSIDE.items():
        if abs(getattr(whole, name)) > ROUNDING * (abs(whole.equity_before) + abs(whole.equity_after)):
            table.add_row(f"  {shown}", words.money(getattr(whole, name), unit, sign=True), "")
    came = f"{words.money(whole.total, unit, sign=True)} from {words.money(whole.equity_before, unit)}"
    table.add_row("Equity", words.money(whole.equity_after, unit), Text(came, "dim"))
    return table


def _factors(found: ChangeReport, unit: Unit) -> ConsoleRenderable:
    parts = [f"{name} {words.money(part, unit, sign=True)}"
             for name, part in zip(found.groups, found.total.by_factor, strict=True) if part]
    return Text.assemble(("By full revaluation  ", "bold"), ", ".join(parts) or "nothing moved",
                         f"; held in all {words.money(found.total.held, unit, sign=True)}")


def _risk(found: ChangeReport, unit: Unit) -> ConsoleRenderable | None:
    if not found.risk:
        return None
    heads = [cell for c in found.risk for cell in (c.measure, "turned")]
    table = _table(f"Risk, {found.currency} {unit.symbol}".strip(), *heads, "Differs by", left=(0, len(heads) + 1))
    table.add_row("before", *(cell for c in found.risk for cell in (words.money(c.before, unit), "")), "")
    for n, step in enumerate(found.risk[0].steps):
        cells = [cell for c in found.risk for cell in (words.money(c.steps[n].change, unit, sign=True),
                                                       Text(words.money(c.steps[n].reverse, unit, sign=True), "dim"))]
        table.add_row(f"  {step.name}", *cells, Text(words.dated(step.what), "dim"))
    table.add_row(Text("after", "bold"),
                  *(cell for c in found.risk for cell in (Text(words.money(c.after, unit), "bold"), "")), "")
    return Group(table, Text(f"turned: causes in the reverse order. {titles.order(found.risk[-1])}.", "dim"))


def _components(found: ChangeReport, unit: Unit) -> ConsoleRenderable | None:
    if not found.components:
        return None
    table = _table("Component shortfall", "before", "after", "change", "largest cause", left=(0, 4))
    for dimension in dict.fromkeys(c.dimension for c in found.components):
        table.add_row(Text(dimension, "dim"), "", "", "", "")
        for c in [c for c in found.components if c.dimension == dimension and c.after != c.before][:SHOWN]:
            n = max(range(len(c.steps)), key=lambda n: abs(c.steps[n]))
            table.add_row(f"  {c.key}", words.money(c.before, unit), words.money(c.after, unit),
                          Text(words.money(c.after - c.before, unit, sign=True), "bold"),
                          Text(f"{found.steps[n]} {words.money(c.steps[n], unit, sign=True)}", "dim"))
    return table


def _who(found: ChangeReport, dimension: str, unit: Unit) -> ConsoleRenderable | None:
    rows = [r for r in found.pnl if r.dimension == dimension and r.pnl]
    if not rows:
        return None
    table = _table(f"P&L by {dimension}", "P&L", "Largest parts", left=(0, 2))
    for row in rows[:SHOWN]:
        mark = Text(" ▲ unexplained", WARN) if row.flagged else Text("")
        table.add_row(f"  {row.key}", Text(words.money(row.pnl, unit, sign=True), "bold"),
                      Text.assemble((_largest(row, unit), "dim"), mark))
    if len(rows) > SHOWN:
        rest = sum(row.pnl for row in rows[SHOWN:])
        table.add_row(Text(f"  {len(rows) - SHOWN} more", "dim"), words.money(rest, unit, sign=True), "")
    return table


def _largest(row: PnlRow, unit: Unit) -> str:
    parts = sorted(((name, getattr(row, name)) for name in (*TERMS, *OTHERS)), key=lambda part: -abs(part[1]))
    return ", ".join(f"{titles.TERM_NAMES.get(name) or OTHERS[name]} {words.money(value, unit, sign=True)}"
                     for name, value in parts[:3] if abs(value) > SMALL * abs(parts[0][1]))


def _unpaired(found: ChangeReport) -> ConsoleRenderable | None:
    told = [f"{u.what}, {u.side}: {', '.join(u.names)}"
            + (f" and {u.count - len(u.names):,} more" if u.count > len(u.names) else "") + f" ({u.effect})"
            for u in found.unpaired]
    return _labelled("Unpaired", [*told, *found.notes]) if told or found.notes else None


def _proof(found: ChangeReport) -> ConsoleRenderable:
    return _labelled("Proof", [
        f"before {words.hash_short(found.before.report_id)}  after {words.hash_short(found.after.report_id)}  "
        f"comparison {words.hash_short(found.changes_id)}",
        "P&L: gain is positive. VaR, shortfall: loss is positive.",
    ])


def _labelled(label: str, lines: Sequence[str]) -> ConsoleRenderable:
    grid = Table.grid(padding=(0, 2))
    for number, line in enumerate(lines):
        grid.add_row(Text(label if number == 0 else "", style="bold"), Text(line))
    return grid


def _table(*heads: str, left: tuple[int, ...] = (0,)) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), show_edge=False)
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place in left else "right", overflow="fold")
    return table
