"""How does the book react? Spot and volatility grids, the vega ladder, Greeks by part, joint volatility."""

from __future__ import annotations

import math
from collections.abc import Sequence

from seawall import words
from seawall.model.report import GreekRow, Grid, Joint, RiskReport, VegaRow
from seawall.report import charts, heat, panels, titles
from seawall.report.markup import Column, barred, cell, group_head, row, row_head, section, table, text
from seawall.report.survival import unit_name
from seawall.words import Unit

DIMENSIONS = ("underlying", "expiry_bucket", "expiry", "venue", "account")
NAMED = {"underlying": "By underlying", "expiry_bucket": "By time to expiry", "expiry": "By time to expiry",
         "venue": "By venue", "account": "By account"}
BUCKET_NAMES = {"<=1w": "Up to 1 week", "<=1m": "Up to 1 month", "<=3m": "Up to 3 months", "<=1y": "Up to 1 year",
                ">1y": "Beyond 1 year", "none": "No expiry"}
WHOLE = frozenset({"all", "all assets"})
LADDER_ROWS = 16
SHOWN_FACTORS = 10


def grid_section(report: RiskReport) -> str:
    """The whole book's grid large, each asset alone beside it, one scale; absent without grids."""
    grids = [g for g in report.grids if g.pnl and g.pnl[0]]
    if not grids:
        return ""
    whole = next((g for g in grids if g.assets in WHOLE), grids[0])
    alone = [g for g in grids if g is not whole]
    values = [v for g in grids for r in g.pnl for v in r]
    top, unit = heat.scale(values), words.unit_for(values)
    key = heat.heat_key(heat.levels_of(grids, top), "same scale in every grid" if alone else "share of the largest")
    axes = "<span>Implied volatility, % ↑ &nbsp; Spot, % →</span>"
    main = f'{heat.heat_grid(whole, top, unit)}<div class="axis">{axes}{key}</div>'
    title, under = titles.grid(whole), _grid_under(report.currency, unit, whole)
    return section("shape", title, under, _grid_layout(main, alone, (top, unit)))


def _cuts() -> str:
    return words.joined([f"{cut:.0%}" for cut in heat.CUTS])


def _grid_under(currency: str, unit: Unit, whole: Grid) -> str:
    moved = "every asset moved together" if whole.assets in WHOLE else f"{text(whole.assets)} moved alone"
    return (f"P&amp;L in {unit_name(currency, unit)}, {moved}, every line fully revalued, no time passes. Rows: "
            "relative change in implied volatility, %. Columns: change in spot, %. "
            f"Colours cut at {_cuts()} of the largest.")


def _grid_layout(main: str, alone: Sequence[Grid], drawn: tuple[float, Unit]) -> str:
    top, unit = drawn
    small = [f'<div><h3>{text(g.assets)} alone <span class="dim n">· {_worst(g)}</span></h3>'
             f"{heat.heat_grid(g, top, unit, small=True)}</div>" for g in alone]
    if not small:
        return f'<div class="scroll" tabindex="0" role="group" aria-label="Grid">{main}</div>'
    beside, below = ("".join(small[:2]), small[2:]) if len(small) != 3 else ("".join(small), [])
    left = f'<div class="c8 scroll" tabindex="0" role="group" aria-label="Grid">{main}</div>'
    more = f'<div class="three">{"".join(below)}</div>' if below else ""
    return f'<div class="cols">{left}<div class="c4 stack">{beside}</div></div>{more}'


def _worst(grid: Grid) -> str:
    worst = min(min(r) for r in grid.pnl)
    return f"worst {words.short(worst, 3, sign=True)}" if worst < 0 else "never loses"


def vega_section(report: RiskReport) -> str:
    """Net vega by expiry, the largest underlying first; absent without vega."""
    rows = [r for r in report.vegas if r.gross]
    if not rows:
        return ""
    title, marked_name, marked = titles.vega(rows)
    names = sorted(dict.fromkeys(r.underlying for r in rows),
                   key=lambda n: -math.fsum(r.gross for r in rows if r.underlying == n))
    unit = words.unit_for((r.gross for r in rows), lines=True)._replace(decimals=1)
    css, width = ("c6", 652) if len(names) > 1 else ("c7", 764)
    drawn = ""
    for name in names:
        ladder = _ladder([r for r in rows if r.underlying == name])
        mark = marked if name == marked_name else ""
        drawn += f'<div class="{css}">{panels.vega_ladder(name, ladder, unit, marked=mark, width=width)}</div>'
    if len(names) == 1 and report.prices:
        drawn += f'<div class="c5"><h3>The market this is read from</h3>{_price_table(report)}</div>'
    under = f"Net vega by expiry, {unit_name(report.currency, unit)} per volatility point. Gross shows how much the " \
            "net hides. Bars share one scale within an underlying."
    return section("vega", title, under, f'<div class="cols">{drawn}</div>')


def _price_table(report: RiskReport) -> str:
    columns = [Column("Underlying", css="l"), Column("Spot", text(report.currency)), Column("30-day volatility", "%"),
               Column("Expiries", "with a smile")]
    rows = [row([row_head(p.underlying), cell(_spot(p.spot)), cell(words.percentage(p.volatility)),
                 cell(f"{p.expiries:,}")]) for p in report.prices]
    return table("Prices", columns, rows)


def _spot(spot: float) -> str:
    return words.number(spot, 0 if spot >= 10000 else 2 if spot >= 10 else 4)


def _ladder(rows: Sequence[VegaRow]) -> list[VegaRow]:
    """In order of time; expiries beyond what has room are added up in one last row."""
    ordered = sorted(rows, key=lambda r: (r.days, r.expiry))
    if len(ordered) <= LADDER_ROWS:
        return ordered
    kept = set(sorted(ordered, key=lambda r: -r.gross)[: LADDER_ROWS - 1])
    rest = [r for r in ordered if r not in kept]
    folded = VegaRow(rest[0].underlying, f"{len(rest)} others", -1.0, math.fsum(r.net for r in rest),
                     math.fsum(r.gross for r in rest))
    return [*(r for r in ordered if r in kept), folded]


def greek_total(report: RiskReport) -> GreekRow | None:
    """Greeks of the whole book: the report's own total, else the sum over the first dimension."""
    found = next((g for g in report.greeks if g.dimension == "total"), None)
    if found or not report.greeks:
        return found
    parts = [g for g in report.greeks if g.dimension == report.greeks[0].dimension]
    fields = [f for f in GreekRow.__struct_fields__ if f not in {"dimension", "key"}]
    return GreekRow("total", "", **{f: math.fsum(getattr(g, f) for g in parts) for f in fields})


def greek_section(report: RiskReport) -> str:
    """First order with gross beside, by every dimension; second order folded; absent without Greeks."""
    total = greek_total(report)
    if total is None or not any(g.gross_delta or g.gross_vega for g in report.greeks):
        return ""
    rows = [g for g in report.greeks if g.dimension != "total" and _carries(g)]
    common, own = ([g for g in rows if (g.dimension in DIMENSIONS) is known] for known in (True, False))
    first = _greek_table(report, common, total)
    second = _greek_table(report, common, total, second=True)
    named = words.joined(list(dict.fromkeys(text(g.dimension) for g in own)))
    more = f"<details><summary>By {named}</summary>{_greek_table(report, own, total, label='by own columns')}</details>"
    under = f"All in {text(report.currency)}, so underlyings may be compared. Minus is short. Bars share one scale " \
            "per column; gross adds absolute values of lines."
    body = f"{first}<details><summary>Rho, vanna, volga, charm and smile delta</summary>{second}</details>"
    return section("greeks", titles.greeks(total), under, body + (more if own else ""))


def _carries(g: GreekRow) -> bool:
    """Whether some line of the part has a Greek at all."""
    return any((g.gross_delta, g.gross_gamma, g.gross_vega, g.gross_theta, g.rho, g.charm))


MOST_PARTS = 40
FIRST = (("delta", "Delta", ""), ("gamma", "Gamma 1%", " per 1%"), ("vega", "Vega", " per point"),
         ("theta", "Theta", " per day"))
SECOND = (("rho", "Rho", " per bp"), ("vanna", "Vanna", " per 1% and point"), ("volga", "Volga", " per point²"),
          ("charm", "Charm", " per day"), ("skew_delta", "Smile delta", ""))
EXPLAINED = {"skew_delta": "skew"}


def _greek_table(
    report: RiskReport, rows: Sequence[GreekRow], total: GreekRow, *, second: bool = False,
    label: str = "",
) -> str:
    shown = SECOND if second else FIRST
    dimensions = [d for d in DIMENSIONS if any(g.dimension == d for g in rows)]
    dimensions += [d for d in dict.fromkeys(g.dimension for g in rows) if d not in DIMENSIONS]
    units = {f: words.unit_for([getattr(g, f) for g in [*rows, total]], lines=f not in {"delta", "gamma"})
             for f, _, _ in shown}
    columns = [Column("Part", css="l")]
    for field, name, per in shown:
        money = unit_name(report.currency, units[field]) + per
        columns.append(Column(name, money, term=EXPLAINED.get(field, field)))
        if not second:
            columns.append(Column("gross", money, css="gr", term="gross"))
    body = []
    for dimension in dimensions:
        found = _folded(sorted((g for g in rows if g.dimension == dimension), key=_greek_order))
        body.append(group_head(NAMED.get(dimension, f"By {dimension}"), len(columns)))
        body += [_greek_row(g, found, units, second=second, note=_price(report, g)) for g in found]
    body.append(_greek_row(total, rows, units, second=second))
    name = "Greeks, second order" if second else f"Greeks {label}".strip()
    return table(name, columns, body, css="grk")


def _folded(rows: Sequence[GreekRow]) -> list[GreekRow]:
    """The first rows, and the sum of the others as one, so that all still add up."""
    if len(rows) <= MOST_PARTS + 1:
        return list(rows)
    rest = rows[MOST_PARTS:]
    fields = [f for f in GreekRow.__struct_fields__ if f not in {"dimension", "key"}]
    others = GreekRow(rest[0].dimension, f"{len(rest):,} others",
                      **{f: math.fsum(getattr(g, f) for g in rest) for f in fields})
    return [*rows[:MOST_PARTS], others]


def _greek_order(g: GreekRow) -> tuple[int, float, str]:
    """Buckets of time in order of time, as far as they are known; other parts the largest first."""
    if g.dimension in {"expiry", "expiry_bucket"}:
        known = list(BUCKET_NAMES)
        return (known.index(g.key) if g.key in known else len(known), 0.0, "")
    return (0, -g.gross_delta, g.key)


def _price(report: RiskReport, g: GreekRow) -> str:
    found = next((p for p in report.prices if g.dimension == "underlying" and p.underlying == g.key), None)
    if found is None:
        return ""
    return f"spot {_spot(found.spot)}" + (f", 30-day vol {words.percent(found.volatility)}" if found.volatility else "")


def _greek_row(g: GreekRow, rows: Sequence[GreekRow], units: dict[str, Unit], *, second: bool, note: str = "") -> str:
    whole = g.dimension == "total"
    cells = [row_head("Whole book" if whole else BUCKET_NAMES.get(g.key, g.key) or "(none)", note)]
    for field, unit in units.items():
        value = getattr(g, field)
        bar = "" if whole or second else charts.cell_bar(value, [getattr(r, field) for r in rows], width=64)
        cells.append(barred(bar, words.money(value, unit, sign=True)))
        if second:
            continue
        cells.append(cell(words.money(getattr(g, f"gross_{field}"), unit), "dim2 gr"))
    return row(cells, "total" if whole else "")


def joint_section(report: RiskReport) -> str:
    """Volatility of the book from sensitivities and a stated correlation; absent where not computed."""
    joint = report.joint
    if joint is None or not joint.rows:
        return ""
    unit = words.unit_for([joint.volatility, *(r.standalone for r in joint.rows), *(r.exposure for r in joint.rows)])
    share = f", {words.percent(joint.volatility / report.equity, 0)} of equity" \
        if report.equity and report.equity > 0 else ""
    assumed = text(words.dated(words.capital(joint.assumption.rstrip("."))))
    under = (f"Book volatility √(δ′Σδ) {words.short(joint.volatility, 3)} a year{share}; stand-alone volatilities "
             f"add to {words.short(joint.standalone, 3)}. {assumed}.")
    left = f'<div class="c7">{_joint_table(joint, report.currency, unit)}</div>'
    right = f'<div class="c5"><h3>Correlation assumed</h3>{_correlation(joint)}</div>' if joint.correlation else ""
    return section("joint", titles.joint(joint), under, f'<div class="cols">{left}{right}</div>')


def _order(joint: Joint) -> list[int]:
    return sorted(range(len(joint.rows)), key=lambda n: -abs(joint.rows[n].contribution))


def _joint_table(joint: Joint, currency: str, unit: Unit) -> str:
    money = unit_name(currency, unit)
    columns = [Column("Factor", css="l"), Column("Exposure", f"{money} per 100%"), Column("Volatility", "% a year"),
               Column("Stand-alone", f"{money} a year"),
               Column("Contribution", f"{money} a year", term="contribution")]
    order = _order(joint)
    shown, rest = [joint.rows[n] for n in order[:SHOWN_FACTORS]], [joint.rows[n] for n in order[SHOWN_FACTORS:]]
    scale = [r.contribution for r in joint.rows]
    body = [row([row_head(r.factor), cell(words.money(r.exposure, unit, sign=True)),
                 cell(words.percentage(r.volatility)), cell(words.money(r.standalone, unit)),
                 barred(charts.cell_bar(r.contribution, scale), words.money(r.contribution, unit, sign=True), "b")])
            for r in shown]
    if rest:
        body.append(_joint_sum(f"{len(rest)} others", rest, unit, "mid"))
    body.append(_joint_sum("Whole book", joint.rows, unit, "total"))
    return table("Joint volatility", columns, body)


def _joint_sum(name: str, rows: Sequence[object], unit: Unit, css: str) -> str:
    alone, together = (math.fsum(getattr(r, f) for r in rows) for f in ("standalone", "contribution"))
    return row([row_head(name), cell(""), cell(""), cell(words.money(alone, unit)),
                barred("", words.money(together, unit, sign=True))], css)


def _correlation(joint: Joint) -> str:
    order = _order(joint)[:SHOWN_FACTORS]
    columns = [Column("Factor", css="l"), *(Column(text(joint.rows[n].factor)) for n in order)]
    body = [row([row_head(joint.rows[a].factor),
                 *(cell(words.number(joint.correlation[a][b], 2), "dim" if a == b else "") for b in order)])
            for a in order]
    return table("Correlation", columns, body, css="cor")
