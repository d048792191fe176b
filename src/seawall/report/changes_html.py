"""What changed, as one page that needs nothing else: no network, no script; the same runs give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from seawall import words
from seawall.measures.pnl_explain import TERMS
from seawall.model.changes import ChangeReport, ComponentChange, PnlRow, RiskChange, Step, Unpaired
from seawall.report import changes_titles as titles
from seawall.report.charts import cell_bar
from seawall.report.html import POLICY, style
from seawall.report.markup import Column, barred, cell, mono, pair, row, row_head, section, status, table, term, text
from seawall.report.page import LOGO
from seawall.report.survival import unit_name
from seawall.report.waterfall import Bar, draw
from seawall.words import Unit

CONTENTS = (("pnl", "P&amp;L"), ("factors", "By factor"), ("var", "VaR"), ("es", "ES"), ("parts", "From where"),
            ("who", "Who"), ("lines", "Lines"), ("unpaired", "Unpaired"), ("proof", "Proof"))
FLOWS = {"trades": "New trades", "settled": "Expired"}
LINES_SHOWN, PARTS_SHOWN, FOLDED_MOST = 16, 12, 300
COLUMNS = (*TERMS, "unexplained", "trades", "settled", "moved", "uncompared")
HEADS = {"trades": "Trades", "settled": "Expired", "uncompared": "No pair", "unexplained": "Unexpl.", "moved": "Paid"}


def render_changes(found: ChangeReport) -> str:
    """The whole page: the P&L, the risk, from where, line by line, and what stands on one side only."""
    unit = words.unit_for([found.total.gross, *(c.after for c in found.risk), *(c.before for c in found.risk)])
    body = "\n".join(part for part in (
        _verdict(found) + _tiles(found, unit), pair(_greeks(found, unit), _factors(found, unit)),
        pair(*(_risk(found, change, unit) for change in found.risk)) if len(found.risk) == 2 else "",
        _components(found, unit), _who(found, unit), _lines(found), _unpaired(found), _proof(found),
    ) if part)
    links = "".join(f'<a href="#{anchor}">{name}</a>' for anchor, name in CONTENTS if f'id="{anchor}"' in body)
    return (f'{_head(found)}<body><div class="wrap">\n<a class="skip" href="#main">Skip to the verdict</a>\n'
            f'{_masthead(found)}\n<nav aria-label="Contents">{links}</nav>\n<main id="main">\n{body}\n</main>\n'
            f"<footer><span>Seawall {text(found.after.version)} · {text(found.schema)} · every time in UTC</span>"
            f"<span>{text(found.title)}</span></footer>\n</div></body></html>\n")


def _head(found: ChangeReport) -> str:
    title = f"Seawall changes · {found.title} · {words.moment(found.after.as_of)}"
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            f"<title>{text(title)}</title>\n<style>\n{style()}</style></head>")


def _masthead(found: ChangeReport) -> str:
    return (f'<header class="top"><div><span class="brand">{LOGO}Seawall</span> &nbsp;What changed · '
            f"<b>{text(found.title)}</b></div><div>From <b>{words.moment(found.before.as_of)}</b> to "
            f"<b>{words.moment(found.after.as_of)}</b> · base {text(found.currency)} · comparison "
            f"{mono(words.hash_short(found.changes_id))}</div></header>")


def _verdict(found: ChangeReport) -> str:
    lede = text(f"{titles.explained(found.total)}.")
    if not (found.before.complete and found.after.complete):
        lede += ' <a href="#unpaired">A report is partial</a>: what it could not assess is in no number here.'
    state = status("near", "Unexplained") if found.total.flagged else status("within", "Explained")
    return f'<div class="verdict">{state}<h1>{text(titles.headline(found))}</h1><p class="lede">{lede}</p></div>'


def _tiles(found: ChangeReport, unit: Unit) -> str:
    whole = found.total
    shown = [("P&amp;L", words.money(whole.pnl, unit, sign=True), "held, traded and settled"),
             ("Equity", words.money(whole.equity_after, unit), f"{_signed(whole.total, unit)} in all"),
             ("Paid in or out", words.money(whole.moved, unit, sign=True),
              "deposits, withdrawals, fees, funding and interest")]
    shown += [("Value at risk" if c.measure == "VaR" else "Expected shortfall", words.money(c.after, unit),
               f"{_signed(c.after - c.before, unit)} from {words.money(c.before, unit)} · "
               f"{words.confidence(c.confidence_after)}") for c in found.risk]
    share = whole.doubt / whole.gross if whole.gross else 0.0
    shown.append(("Unexplained", words.percentage(share, 1) + "<small>%</small>", "of what the Greeks moved"))
    tiles = "".join(f'<div class="kpi"><dt>{name}</dt><dd><div class="v">{value}</div><div class="s">{under}</div></dd>'
                    "</div>" for name, value, under in shown)
    return (f'<dl class="kpis">{tiles}</dl><p class="conv">P&amp;L: gain is positive. Value at risk and expected '
            f"shortfall: loss is positive. Money in {unit_name(found.currency, unit)}.</p>")


def _signed(amount: float, unit: Unit) -> str:
    return f"<b>{words.money(amount, unit, sign=True)}</b>"


def _greeks(found: ChangeReport, unit: Unit) -> str:
    whole = found.total
    bars = [Bar(words.capital(titles.TERM_NAMES[name]), getattr(whole, name)) for name in TERMS if getattr(whole, name)]
    bars += [Bar(name, getattr(whole, key)) for key, name in FLOWS.items() if getattr(whole, key)]
    bars += [Bar("Unexplained", whole.unexplained)] if whole.unexplained else []
    left = term("unexplained", "Unexplained", at="pnl")
    under = (f"P&amp;L, {unit_name(found.currency, unit)}: the earlier report’s Greeks times what moved, then trades "
             f"from their price to the close. {left}: what is left.")
    return section("pnl", titles.pnl(whole), under, draw([*bars, Bar("P&L", whole.pnl, True)], unit,
                                                         "P&L by Greek"), css="c6")


def _factors(found: ChangeReport, unit: Unit) -> str:
    whole = found.total
    bars = [Bar(words.capital(name), part) for name, part in zip(found.groups, whole.by_factor, strict=True) if part]
    drawn = draw([*bars, Bar("Held P&L", whole.held, True)], unit, "P&L by factor")
    walk = term("walk", "full revaluation", at="factors")
    under = (f"The opening book, {unit_name(found.currency, unit)}, by {walk}, one group of factors after the other: "
             "nothing is left unexplained.")
    return section("factors", f"The same by full revaluation: {words.short(whole.held, sign=True)} on what was held",
                   under, drawn, css="c6")


def _risk(found: ChangeReport, change: RiskChange, unit: Unit) -> str:
    bars = [Bar(f"Before, {words.confidence(change.confidence_before)}", change.before, True)]
    bars += [Bar(words.capital(step.name), step.change) for step in change.steps if step.change]
    bars.append(Bar(f"After, {words.confidence(change.confidence_after)}", change.after, True))
    money = unit_name(found.currency, unit)
    columns = [Column("Cause", css="l"), Column("Differs by", css="l"), Column("Change", money),
               Column("Turned around", money, term="order")]
    sums = (sum(s.change for s in change.steps), sum(s.reverse for s in change.steps))
    rows = [_step(step, unit) for step in change.steps]
    rows.append(row([row_head("Together"), cell("", "l"), *(cell(words.money(x, unit, sign=True)) for x in sums)],
                    "total"))
    name = words.capital(titles.MEASURES[change.measure])
    body = draw(bars, unit, f"{name} by cause", losses=True)
    body += f'<div class="one">{table(f"{name} by cause", columns, rows)}</div>'
    under = f"Loss is positive, {money}. Every step computed in full. {text(titles.order(change))}."
    return section(change.measure.lower(), titles.risk(change), under, body, css="c6")


def _step(step: Step, unit: Unit) -> str:
    return row([row_head(words.capital(step.name)), cell(text(words.dated(step.what)) or words.DASH, "l w dim2"),
                cell(words.money(step.change, unit, sign=True), "b"),
                cell(words.money(step.reverse, unit, sign=True), "dim2")])


def _components(found: ChangeReport, unit: Unit) -> str:
    """Each dimension's parts that changed most; the rest in one row, so that each table adds to the change."""
    blocks, money = [], unit_name(found.currency, unit)
    used = [n for n in range(len(found.steps)) if any(c.steps[n] for c in found.components)]
    for dimension in dict.fromkeys(c.dimension for c in found.components):
        parts = [c for c in found.components if c.dimension == dimension]
        columns = [Column(words.capital(dimension), css="l"), Column("Before", money), Column("After", money),
                   Column("Change", money), *(Column(words.capital(found.steps[n]), css="w") for n in used)]
        shown = [*parts[:PARTS_SHOWN], *_rest(parts[PARTS_SHOWN:])]
        rows = [_component(c, used, unit, [p.after - p.before for p in shown]) for c in shown]
        blocks.append(table(f"Component shortfall by {dimension}", columns, rows))
    if not blocks:
        return ""
    first = found.components[0].dimension
    title = titles.components([c for c in found.components if c.dimension == first])
    body = '<div class="gap"></div>'.join(blocks)
    return section("parts", title, "Component expected shortfall, loss is positive, by cause in the stated order: each "
                   "column adds to the total’s.", body)


def _rest(parts: Sequence[ComponentChange]) -> list[ComponentChange]:
    if not parts:
        return []
    steps = tuple(sum(column) for column in zip(*(c.steps for c in parts), strict=True))
    return [ComponentChange(parts[0].dimension, f"{len(parts)} others", sum(c.before for c in parts),
                            sum(c.after for c in parts), steps)]


def _component(c: ComponentChange, used: Sequence[int], unit: Unit, column: Sequence[float]) -> str:
    moved = c.after - c.before
    return row([row_head(c.key), cell(words.money(c.before, unit)), cell(words.money(c.after, unit)),
                barred(cell_bar(-moved, [-m for m in column], css="pl"), words.money(moved, unit, sign=True), "b"),
                *(cell(words.money(c.steps[n], unit, sign=True), "dim2") for n in used)])


def _who(found: ChangeReport, unit: Unit) -> str:
    blocks, used = [], _used([found.total, *(r for r in found.pnl if r.dimension != "line")])
    for dimension in ("account", "underlying", "venue"):
        rows = [r for r in found.pnl if r.dimension == dimension]
        body = [_pnl_row(r, r.key, unit, rows, used) for r in rows[:LINES_SHOWN]]
        body += [_folded(rows[LINES_SHOWN:], unit, used)] if len(rows) > LINES_SHOWN else []
        total = _pnl_row(found.total, "Every one", unit, (), used, css="total")
        blocks.append(table(f"P&L by {dimension}", _pnl_columns(words.capital(dimension), found.currency, unit, used),
                            [*body, total]))
    return section("who", "Who gained and who lost", "Each row adds to its P&amp;L, each column to the book’s.",
                   '<div class="gap"></div>'.join(blocks))


def _lines(found: ChangeReport) -> str:
    rows = [r for r in found.pnl if r.dimension == "line" and (r.pnl or r.total)]
    if not rows:
        return ""
    unit, used = words.unit_for([r.pnl for r in rows], lines=True), _used(rows)
    columns = _pnl_columns("Line", found.currency, unit, used)
    shown, folded = rows[:LINES_SHOWN], rows[LINES_SHOWN:FOLDED_MOST]
    body = table("P&L by line", columns, [_pnl_row(r, r.key, unit, shown, used) for r in shown], css="lines")
    if folded:
        rest = [_pnl_row(r, r.key, unit, folded, used) for r in folded]
        rest += [_folded(rows[FOLDED_MOST:], unit, used)] if len(rows) > FOLDED_MOST else []
        body += (f"<details><summary>{words.count(len(folded), 'line')} more</summary>"
                 f"{table('P&L of the other lines', columns, rest, css='lines')}</details>")
    flagged = sum(r.flagged for r in rows)
    verb = "is a line" if flagged == 1 else "are lines"
    title = f"There {verb} that the Greeks do not explain: {flagged:,}" if flagged else \
        "Every line is explained by its Greeks"
    under = "Ordered by P&amp;L. ▲ marks a line of which more than a tenth is unexplained."
    return section("lines", title, under, body)


def _used(rows: Sequence[PnlRow]) -> list[str]:
    """Columns in which some row has a number."""
    return [name for name in COLUMNS if any(getattr(r, name) for r in rows)]


def _pnl_columns(name: str, currency: str, unit: Unit, used: Sequence[str]) -> list[Column]:
    own = {"unexplained": Column("Unexpl.", term="unexplained"), "moved": Column("Paid", "in or out", term="moved")}
    heads = [own.get(key, Column(HEADS.get(key) or words.capital(titles.TERM_NAMES[key]))) for key in used]
    return [Column(name, css="l"), Column("P&amp;L", unit_name(currency, unit)), *heads]


def _pnl_row(
    r: PnlRow, name: str, unit: Unit, column: Sequence[PnlRow], used: Sequence[str], *, css: str = ""
) -> str:
    bar = cell_bar(r.pnl, [x.pnl for x in column], css="pl") if column else ""
    cells = []
    for key in used:
        shown = words.money(getattr(r, key), unit, sign=True)
        doubtful = key == "unexplained" and r.flagged
        cells.append(cell(status("near", shown) if doubtful else shown, "" if doubtful else "dim2"))
    return row([row_head(name), barred(bar, words.money(r.pnl, unit, sign=True), "b"), *cells], css)


def _folded(rows: Sequence[PnlRow], unit: Unit, used: Sequence[str]) -> str:
    """What has no row of its own, added, so that the table still adds up."""
    sums = [cell(words.money(sum(getattr(r, key) for r in rows), unit, sign=True)) for key in used]
    return row([row_head(words.count(len(rows), "more", "more")),
                barred("", words.money(sum(r.pnl for r in rows), unit, sign=True)), *sums], "mid")


def _unpaired(found: ChangeReport) -> str:
    if not found.unpaired and not found.notes:
        return section("unpaired", "Everything stands on both sides", "", "")
    rows = [_unpaired_row(u) for u in found.unpaired]
    columns = [Column("What", css="l"), Column("Stands", css="l"), Column("Which", css="l"), Column("Effect", css="l")]
    notes = "".join(f"<li>{text(words.dated(note))}</li>" for note in found.notes)
    body = table("Unpaired", columns, rows) if rows else ""
    body += f'<div class="empty" role="note"><b>To be read with it</b><ul>{notes}</ul></div>' if notes else ""
    return section("unpaired", f"{words.capital(words.counted(len(rows), 'kind'))} of things without a counterpart"
                   if rows else "Everything stands on both sides", "", body)


def _unpaired_row(u: Unpaired) -> str:
    more = f" and {u.count - len(u.names):,} more" if u.count > len(u.names) else ""
    side = {"before": "before only", "after": "after only", "both": "on both sides"}[u.side]
    return row([row_head(words.capital(u.what)), cell(side, "l"), cell(text(", ".join(u.names) + more), "l w"),
                cell(text(u.effect), "l w dim2")])


def _proof(found: ChangeReport) -> str:
    rows = [row([row_head(name), cell(words.moment(side.as_of), "l"), cell(mono(side.report_id), "l w brk"),
                 cell(text(f"{side.lines:,} lines, {side.main}, version {side.version}"), "l w dim2")])
            for name, side in (("Before", found.before), ("After", found.after))]
    columns = [Column("Report", css="l"), Column("As of", css="l"), Column("Hash", css="l"), Column("Of", css="l")]
    return section("proof", "The two reports that were compared", f"Comparison {mono(found.changes_id)}.",
                   table("Reports", columns, rows, css="prf"))
