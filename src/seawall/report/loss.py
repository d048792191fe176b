"""How much, and from where? The distribution under each rule, its tails with their errors, component shortfall."""

from __future__ import annotations

import math
from collections.abc import Sequence

from seawall import words
from seawall.measures.tail import QUANTILE_RULES
from seawall.model.report import ComponentRow, Histogram, RiskReport, TailRow
from seawall.report import histogram, panels, titles
from seawall.report.histogram import Frame, Mark
from seawall.report.markup import Column, cell, group_head, pair, row, section, table, term, text
from seawall.report.survival import unit_name
from seawall.words import Unit

DIMENSIONS = ("underlying", "venue", "account", "kind", "strategy", "expiry")
PANEL_PARTS = 9
CUT, ROOM = 2.5, 1.7


def main_tail(report: RiskReport, confidence: float) -> TailRow | None:
    """VaR and ES of the main rule at this confidence."""
    return tail_of(report, report.main, confidence)


def tail_of(report: RiskReport, scenarios: str, confidence: float) -> TailRow | None:
    """VaR and ES of one rule at one confidence, None if not computed."""
    return next((t for t in report.tails
                 if t.scenarios == scenarios and math.isclose(t.confidence, confidence, abs_tol=1e-9)), None)


def money_unit(report: RiskReport) -> Unit:
    """The unit that headline, tails and components share."""
    return words.unit_for([
        report.equity, *(t.expected_shortfall for t in report.tails), *(h.worst for h in report.histograms),
        *(w.pnl for w in report.worst), *(a.equity for a in report.accounts),
    ])


def loss_sections(report: RiskReport) -> str:
    """Distribution and tails side by side, then every further rule; absent without tails, notes and histograms."""
    unit = money_unit(report)
    ordered = sorted(report.histograms, key=lambda h: h.scenarios != report.main)
    right = _tail_section(report, unit, "c5" if ordered else "c12")
    if not ordered:
        return f'<div class="gap">{right}</div>' if right else ""
    frame = histogram.frame_for(ordered, unit, reach=_reach(report, ordered))
    left = _distribution(report, ordered, frame)
    return pair(left, right)


def _reach(report: RiskReport, histograms: Sequence[Histogram]) -> float:
    """Where a tail may be cut: a good way past the largest shortfall of any rule."""
    found = [tail_of(report, h.scenarios, report.shortfall_confidence) for h in histograms]
    losses = [t.expected_shortfall for t in found if t and t.expected_shortfall]
    widest = max(max(abs(h.worst), abs(h.best)) for h in histograms)
    if not losses or max(losses) <= 0:
        return widest or 1.0
    return min(max(widest, ROOM * max(losses)), CUT * max(losses))


def _distribution(report: RiskReport, ordered: Sequence[Histogram], frame: Frame) -> str:
    """The main rule large, every other small under it on the same axis."""
    main, *others = ordered
    tail = tail_of(report, main.scenarios, report.shortfall_confidence)
    source = f"{words.capital(main.scenarios)}: {words.dated(tail.source)}" if tail else words.capital(main.scenarios)
    horizon = f" Horizon: {words.days(tail.horizon_days)}." if tail else ""
    body = _drawing(report, main, frame, size=(764, 252)) + f'<p class="conv">{_moments(main)}</p>'
    width = 764 if len(others) == 1 else 370
    small = "".join(f"<div><h3>{text(words.capital(h.scenarios))}</h3>{_drawing(report, h, frame, size=(width, 190))}"
                    f'<p class="conv">{_moments(h)}</p></div>' for h in others)
    body += f'<div class="{"one" if len(others) == 1 else "two"}">{small}</div>' if small else ""
    return section("lose", titles.loss(tail, frame.unit), f"{text(source)}.{horizon} P&amp;L of the whole book, "
                   f"{unit_name(report.currency, frame.unit)}, every line fully revalued.", body, css="c7")


def _drawing(report: RiskReport, found: Histogram, frame: Frame, *, size: tuple[int, int]) -> str:
    tail = tail_of(report, found.scenarios, report.shortfall_confidence)
    start = tail.value_at_risk if tail else None
    return histogram.draw(found, _marks(report, found.scenarios, frame.unit), frame, tail=start, size=size)


def _marks(report: RiskReport, scenarios: str, unit: Unit) -> list[Mark]:
    """Start of the shortfall's tail, the value at risk, and the shortfall itself, by size of the loss."""
    tail = tail_of(report, scenarios, report.shortfall_confidence)
    risk = tail_of(report, scenarios, report.risk_confidence)
    marks = []
    if tail and tail.value_at_risk is not None:
        shown = words.money(tail.value_at_risk, unit)
        marks.append(Mark(tail.value_at_risk, f"{words.confidence(tail.confidence)} tail starts at {shown}"))
    if risk and risk.value_at_risk is not None:
        shown = words.money(risk.value_at_risk, unit)
        marks.append(Mark(risk.value_at_risk, f"VaR {words.confidence(risk.confidence)} {shown}"))
    if tail and tail.expected_shortfall is not None:
        shown = words.money(tail.expected_shortfall, unit)
        marks.append(Mark(tail.expected_shortfall, f"ES {words.confidence(tail.confidence)} {shown}"))
    return sorted(marks, key=lambda m: m.loss)


def _moments(found: Histogram) -> str:
    mean, deviation = words.short(found.mean, 3, sign=True), words.short(found.deviation, 3)
    return (f"Mean P&amp;L {mean}, standard deviation {deviation}, {words.percent(found.share_losing, 0)} of scenarios "
            f"lose. Best {words.short(found.best, 3, sign=True)}, worst {words.short(found.worst, 3, sign=True)}.")


def _tail_section(report: RiskReport, unit: Unit, css: str) -> str:
    if not report.tails and not report.notes:
        return ""
    money = unit_name(report.currency, unit)
    columns = [Column("Confidence", css="l"), Column("VaR", money, term="var"),
               Column("95% interval", money, term="interval"), Column("ES", money, term="es"),
               Column("s.e.", money, term="error"), Column("ES share", "% of equity")]
    body = _tail_table(report, columns, unit) if report.tails else ""
    notes = "".join(f"<li>{text(words.dated(note))}</li>" for note in report.notes)
    stated = f'<div class="empty" role="note"><b>Which measures these inputs allow</b><ul>{notes}</ul></div>'
    rules = "; ".join(dict.fromkeys(QUANTILE_RULES.get(t.quantile_rule, t.quantile_rule) for t in report.tails))
    under = "Sampling error only; model error is larger, so read the rules beside each other." if body else ""
    title = titles.certainty(main_tail(report, report.shortfall_confidence)) if body else "No value at risk"
    rule = f'<p class="conv">Quantile: {text(rules)}.</p>' if rules else ""
    return section("tails", title, under, body + rule + (stated if notes else ""), css=css)


def _tail_table(report: RiskReport, columns: Sequence[Column], unit: Unit) -> str:
    rows = []
    names = dict.fromkeys(t.scenarios for t in sorted(report.tails, key=lambda t: t.scenarios != report.main))
    for name in names:
        found = sorted((t for t in report.tails if t.scenarios == name), key=lambda t: t.confidence)
        note = f"{found[0].count:,} scenarios, {words.days(found[0].horizon_days)}"
        note += f" · {words.SHAPE['na']} partial: some lines are not in these numbers" if found[0].partial else ""
        rows.append(group_head(words.capital(name), len(columns), note))
        source = text(words.dated(found[0].source))
        rows.append(f'<tr class="src"><td class="l w dim2" colspan="{len(columns)}">{source}</td></tr>')
        rows += [_tail_row(t, unit) for t in found]
    return table("Tails", columns, rows, css="tails")


def _tail_row(t: TailRow, unit: Unit) -> str:
    error = words.DASH if t.standard_error is None else f"{words.PLUS_MINUS} {words.money(t.standard_error, unit)}"
    return row([
        f'<th scope="row" class="l">{words.confidence(t.confidence)}</th>', cell(words.money(t.value_at_risk, unit)),
        cell(words.span(t.interval, unit), "dim2"), cell(words.money(t.expected_shortfall, unit), "b"),
        cell(error, "dim2"), cell(words.percentage(t.share, 1)),
    ])


def component_section(report: RiskReport) -> str:
    """Component ES of every dimension, one scale; each panel adds to the total. Absent without components."""
    if not report.components:
        return ""
    unit = money_unit(report)
    found = {d: [c for c in report.components if c.dimension == d] for d in _dimensions(report.components)}
    drawn = {d: folded(parts) for d, parts in found.items()}
    scale = panels.component_scale(part for parts in drawn.values() for part in parts)
    body = "".join(f"<div><h3>By {text(d)}{_partial(parts)}</h3>{panels.component_panel(d, parts, scale, unit)}</div>"
                   for d, parts in drawn.items())
    tail = main_tail(report, report.shortfall_confidence)
    total = "" if tail is None or tail.expected_shortfall is None else \
        f" {words.money(tail.expected_shortfall, unit)}"
    name = term("component", "Component expected shortfall", at="component")
    alone = term("standalone", "stand-alone", at="alone", right=True)
    under = f"{name}, {unit_name(report.currency, unit)}: loss is positive and each panel adds to the total{total}. " \
            f"Line: 95% interval. Tick: {alone}; ▸ lies beyond the axis."
    return section("where", titles.components(report.components), under, f'<div class="four">{body}</div>')


def _dimensions(rows: Sequence[ComponentRow]) -> list[str]:
    present = list(dict.fromkeys(r.dimension for r in rows))
    first = [d for d in DIMENSIONS if d in present]
    return [*first, *(d for d in present if d not in DIMENSIONS and d not in {"line", "total"})]


def _partial(parts: Sequence[ComponentRow]) -> str:
    return ' <span class="dim n">· partial</span>' if any(p.partial for p in parts) else ""


def folded(parts: Sequence[ComponentRow]) -> list[ComponentRow]:
    """Costliest first; what has no room is one part, so that the panel still adds to the total."""
    ordered = sorted(parts, key=lambda p: (-p.component, p.key))
    if len(ordered) <= PANEL_PARTS:
        return ordered
    small = sorted(ordered, key=lambda p: -abs(p.component))[PANEL_PARTS - 1:]
    rest = math.fsum(p.component for p in small)
    kept = [p for p in ordered if p not in small]
    others = ComponentRow(ordered[0].dimension, f"{len(small)} others", rest, None, None, any(p.partial for p in small))
    return [*kept, others]
