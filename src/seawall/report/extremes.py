"""Why? The worst scenarios explained by account, factor and position, and named crises come again."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from seawall import words
from seawall.model.report import CrisisRow, Part, RiskReport, WorstRow
from seawall.report import charts, titles
from seawall.report.heat import heat_cell, heat_decimals, scale
from seawall.report.markup import Column, barred, cell, row, row_head, section, table, text
from seawall.report.survival import unit_name
from seawall.words import Unit

SHOWN_PARTS = 6
SHOWN_POSITIONS = 2
REST = "Rest"


def worst_section(report: RiskReport) -> str:
    """The worst scenarios, each explained so that every block adds to its P&L; absent without them."""
    rows = sorted(report.worst, key=lambda w: w.pnl)
    if not rows:
        return ""
    unit = words.unit_for(w.pnl for w in rows)
    accounts, factors = _names([w.by_account for w in rows]), _names([w.by_factor for w in rows])
    repeated = any(w.draws > 1 for w in rows)
    columns = [
        Column('<span class="vh">Rank</span>', css="l"), Column("P&amp;L", unit_name(report.currency, unit)),
        Column("Scenario", "largest moves", css="l mv"),
        *([Column("Draws", "in tail", term="draws")] if repeated else []),
        *(Column(_broken(n), css="g first" if not i else "g") for i, n in enumerate(accounts)),
        *(Column(_broken(n), css="g first" if not i else "g") for i, n in enumerate(factors)),
        Column("By position", "losses, then the largest offset", css="l"),
    ]
    top = scale([p.pnl for w in rows for parts in (w.by_account, w.by_factor) for p in parts])
    body = [_worst_row(n, w, (accounts, factors), (top, unit), repeated=repeated) for n, w in enumerate(rows, 1)]
    blocks = " and ".join(b for b, names in (("by account", accounts), ("by factor", factors)) if names)
    coloured = f" In colour, one scale: P&amp;L {blocks}; each block adds to the P&amp;L." if blocks else ""
    which = "the worst scenario of each label" if repeated else "the worst single scenarios"
    under = f"{text(words.capital(report.main))}: {which}. Positions add up too.{coloured}"
    return section("ten", titles.worst(rows), under, table("Worst scenarios", columns, body, css="ten"))


def _broken(name: str) -> str:
    """A name that may break after its hyphens, so that a narrow column can hold it."""
    return text(name).replace("-", "-<wbr>").replace(" ", " <wbr>")


def _names(blocks: Sequence[Sequence[Part]]) -> list[str]:
    """The parts that get a column: the largest somewhere; whatever is left over goes to the rest."""
    size: dict[str, float] = {}
    for parts in blocks:
        for part in parts:
            size[part.name] = max(size.get(part.name, 0.0), abs(part.pnl))
    named = [n for n in size if not titles.is_rest(n)]
    if len(named) == len(size) <= SHOWN_PARTS:
        return sorted(named, key=lambda n: -size[n])
    kept = sorted(named, key=lambda n: -size[n])[: SHOWN_PARTS - 1]
    return [*kept, REST] if size else []


def _spread(parts: Sequence[Part], names: Sequence[str]) -> list[float | None]:
    """P&L under each name; the rest is what makes the row add up. None where a name has no part."""
    by = {p.name: p.pnl for p in parts}
    rest = math.fsum(p.pnl for p in parts if p.name not in names)
    return [rest if name == REST else by.get(name) for name in names]


def _worst_row(
    n: int, w: WorstRow, names: tuple[list[str], list[str]], drawn: tuple[float, Unit], *, repeated: bool
) -> str:
    top, unit = drawn
    decimals = heat_decimals(top, unit)
    heat = [heat_cell(v, top, unit, decimals=decimals, first=not n)
            for parts, shown in ((w.by_account, names[0]), (w.by_factor, names[1]))
            for n, v in enumerate(_spread(parts, shown))]
    moves = f'<span class="why">{_kept_whole(w.moves[:3])}</span>' if w.moves else ""
    return row([
        cell(str(n), "l dim"), cell(words.money(w.pnl, unit, sign=True), "b"),
        f'<th scope="row" class="l w mv">{text(words.day(w.label))}{moves}</th>',
        *([cell(f"{w.draws:,}")] if repeated else []), *heat, cell(_positions(w.by_position, unit), "l w pos"),
    ])


def _kept_whole(moves: Sequence[str]) -> str:
    """Moves in a row, none broken over two lines."""
    return ", ".join(f'<span class="nb">{text(move)}</span>' for move in moves)


def _positions(parts: Sequence[Part], unit: Unit) -> str:
    """The largest losers, the largest offset, and the rest with its sum."""
    named = [p for p in parts if not titles.is_rest(p.name)]
    losers = sorted((p for p in named if p.pnl < 0), key=lambda p: p.pnl)[:SHOWN_POSITIONS]
    offset = sorted((p for p in named if p.pnl > 0), key=lambda p: -p.pnl)[:1]
    rest = math.fsum(p.pnl for p in parts if p not in losers and p not in offset)
    said = [f'<span class="nb">{text(p.name)} <b>{words.money(p.pnl, unit, sign=True)}</b></span>'
            for p in [*losers, *offset]]
    if rest:
        said.append(f'<span class="nb dim">rest {words.money(rest, unit, sign=True)}</span>')
    return "; ".join(said)


def crisis_section(report: RiskReport) -> str:
    """Named crises, the costliest first, with what is fact and what assumed; absent without them."""
    title = titles.crises(report.crises, report.equity)
    under = "The recorded moves of a past crisis on today’s book, every line fully revalued."
    return told_scenarios("crises", title, under, report.crises, (report.currency, report.equity))


def told_scenarios(
    anchor: str, title: str, under: str, told: Sequence[CrisisRow], book: tuple[str, float | None]
) -> str:
    """Scenarios told one by one, the costliest first; absent without them. book: its currency and equity."""
    if not told:
        return ""
    currency, equity = book
    rows = sorted(told, key=lambda c: (c.pnl is None, c.pnl or 0.0, c.name))
    unit = words.unit_for(c.pnl for c in rows)
    columns = [Column("Crisis" if any(c.date for c in rows) else "Scenario", css="l"),
               Column("P&amp;L", unit_name(currency, unit)), Column("Of equity", "%"),
               Column("By underlying", unit_name(currency, unit), css="l"), Column("Moves", css="l"),
               Column("Assumed, not recorded", css="l"), Column("Source", css="l")]
    body = [_crisis_row(c, rows, equity, unit) for c in rows]
    name = "Crises" if any(c.date for c in rows) else "Scenarios"
    return section(anchor, title, under, table(name, columns, body, css="cri") + _sources(rows))


def _first_source(source: str) -> str:
    """The first of several sources; the rest is folded under the table."""
    first, *more = source.split(";")
    return text(words.capital(first)) + (f" {words.ELLIPSIS}" if more else "")


def _sources(rows: Sequence[CrisisRow]) -> str:
    """Sources in full, folded, where some do not fit the table."""
    long = [c for c in rows if ";" in c.source]
    said = "".join(f"<dt>{text(c.name)}</dt><dd>{text(c.source)}</dd>" for c in long)
    return f'<details><summary>Sources in full</summary><dl class="src">{said}</dl></details>' if long else ""


_FACTORS = re.compile(r"[a-z_]+:[^,:]+(, [a-z_]+:[^,:]+)*")


def assumption(stated: str) -> str:
    """``spot:*equity, skew:*equity`` as ``equity: spot, skew``; any other text as it is."""
    if not _FACTORS.fullmatch(stated):
        return stated
    by: dict[str, list[str]] = {}
    for factor in stated.split(", "):
        kind, asset = factor.split(":", 1)
        by.setdefault(asset.lstrip("*") or "all", []).append(kind.replace("_", " "))
    return "; ".join(f"{asset}: {', '.join(kinds)}" for asset, kinds in by.items())


def _crisis_row(c: CrisisRow, rows: Sequence[CrisisRow], equity: float | None, unit: Unit) -> str:
    share = c.pnl / equity if c.pnl is not None and equity and equity > 0 else None
    bar = charts.cell_bar(c.pnl, [r.pnl for r in rows], css="pl")
    parts = "; ".join(f'<span class="nb">{text(p.name)} {words.money(p.pnl, unit, sign=True)}</span>'
                      for p in sorted(c.by_underlying, key=lambda p: p.pnl) if p.pnl)
    return row([
        row_head(c.name, words.day(c.date), css="l w"), barred(bar, words.money(c.pnl, unit, sign=True), "b"),
        cell(words.percentage(share, 1, sign=True)), cell(parts or words.DASH, "l w"),
        cell(_kept_whole(c.moves) or words.DASH, "l w dim2"),
        cell(text(assumption(c.assumed)) or words.DASH, "l w dim2"), cell(_first_source(c.source), "l w dim2"),
    ])
