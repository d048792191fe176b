"""How far is the end? The page's section on moves that take an account to maintenance, as bars per factor and model."""

from __future__ import annotations

from seawall import words
from seawall.model.margin_report import MarginReport
from seawall.report import charts, margin_titles
from seawall.report.margin_titles import Reach
from seawall.report.markup import Column, cell, row, row_head, section, table, text

Ends = tuple[float | None, float | None]


def distances(report: MarginReport) -> str:
    """Every single move that reaches the maintenance requirement; what the venue does there, once a model."""
    rows = margin_titles.reaches(report)
    if not report.distances:
        return ""
    ended = [r for r in rows if any(m is not None for m in r.move)]
    reach = charts.range_reach(r.move for r in ended)
    columns = [Column("Move of", css="l"), Column("Model", css="l"), Column("Falls to"), Column("Rises to"),
               Column("Survives, %", charts.range_head(reach), css="rh")]
    body = [row([row_head(r.name), cell(text(r.model), "l"), cell(_level(r, 0)), cell(_level(r, 1)),
                 cell(charts.range_bar(f"{r.name} under {r.model}", r.move, reach), "rc")]) for r in ended]
    under = ("One price or one set of volatilities moves, all else stays: a set of distances, not one price. "
             + text(margin_titles.untouched(rows)))
    shown = table("Distance", columns, body) if ended else ""
    joint = "".join(f'<p class="conv">{text(told)}</p>' for told in margin_titles.jointly(report))
    return section("distance", _title(report, ended), under, shown + joint + _venues(report))


def _level(r: Reach, side: int) -> str:
    if r.move[side] is None:
        return words.DASH
    return "now" if r.move[side] == 0 else margin_titles.at_level(r.what, r.level[side])


def _title(report: MarginReport, ended: list[Reach]) -> str:
    """The nearest end, or that there is none."""
    name = report.distances[0].account
    if not ended:
        return f"No single move that was looked at takes {name} below maintenance"
    nearest = min(ended, key=lambda r: min(abs(m) for m in r.move if m is not None))
    move = min((m for m in nearest.move if m is not None), key=abs)
    if move == 0:
        return f"{name} is below maintenance now under {nearest.model}"
    verb = "fall" if move < 0 else "rise"
    return f"Nearest to liquidating {name}: a {verb} of {nearest.name} by {words.percent(abs(move))}, " \
           f"under {nearest.model}"


def _venues(report: MarginReport) -> str:
    found = {d.model: d.venue for d in report.distances if d.venue}
    items = "".join(f"<dt>{text(model)}</dt><dd>{text(words.capital(venue))}</dd>" for model, venue in found.items())
    return f'<h3 class="one">What the venue does there</h3><dl class="src">{items}</dl>' if items else ""
