"""How bad, by every model? The page of the tail: distribution, beyond the data, ways to lose, from where, hidden."""

from __future__ import annotations

from collections.abc import Sequence

from seawall import words
from seawall.model.report import ComponentRow, Part
from seawall.model.tail_report import ExtremeTail, ModelRow, TailCluster, TailReport
from seawall.report import panels, tail_charts, tail_titles, titles
from seawall.report.findings import findings_section
from seawall.report.loss import folded
from seawall.report.markup import Column, barred, cell, pair, row, row_head, section, table, term, text
from seawall.report.survival import unit_name
from seawall.report.tail_shell import Part as Shown
from seawall.report.tail_shell import Tile, broad, notes_section, shell
from seawall.words import Unit

LIGHT = 5


def render_tail(report: TailReport) -> str:
    """The whole page."""
    unit = _unit(report)
    return shell(report, "tail report", tail_titles.tail(report), _tiles(report, unit), (
        Shown("models", "By model", _models(report, unit)), Shown("beyond", "Beyond the data", _beyond(report, unit)),
        Shown("ways", "Ways to lose", _clusters(report, unit)), Shown("where", "From where", _components(report, unit)),
        Shown("hidden", "Hidden together", findings_section(report.findings, searched=bool(report.clusters))),
        Shown("notes", "Missing", notes_section(report.head, report.notes)),
    ))


def _unit(report: TailReport) -> Unit:
    return words.unit_for([*(m.expected_shortfall for m in report.models), *(m.worst for m in report.models)])


def _main(report: TailReport) -> ModelRow:
    return next(m for m in report.models if m.scenarios == report.main)


def _tiles(report: TailReport, unit: Unit) -> list[Tile]:
    main, tail = _main(report), report.extreme
    known = [m.expected_shortfall for m in report.models if m.expected_shortfall is not None]
    error = "" if main.standard_error is None else f"{words.PLUS_MINUS} {words.money(main.standard_error, unit)}"
    last = tail.rows[-1] if tail else None
    horizon = words.days(main.horizon_days)
    span = f"{words.money(min(known), unit)} {words.DASH} {words.money(max(known), unit)}" if len(known) > 1 \
        else words.DASH
    return [
        Tile("es", "Expected shortfall", words.money(main.expected_shortfall, unit), f"{error}{unit.symbol}",
             f"{words.confidence(report.shortfall_confidence)}, {horizon}, {text(main.scenarios)}"),
        Tile("var", "Value at risk", words.money(main.value_at_risk, unit), unit.symbol,
             f"{words.confidence(report.risk_confidence)}, {words.span(main.interval, unit)}"),
        Tile("models", "By model", span, unit.symbol, f"Shortfall, {words.counted(len(known), 'model')}"),
        Tile("worst", "Worst scenario", words.money(-main.worst, unit), unit.symbol, f"of {main.count:,}"),
        Tile("beyond", "Beyond the data", words.money(last.value_at_risk if last else None, unit), unit.symbol,
             f"VaR {words.confidence(last.confidence)}, by the law of the tail" if last else "No law could be fitted"),
        Tile("shape", "Tail shape", words.number(tail.shape if tail else None, 2),
             text(tail_titles.shape_error(tail)) if tail else "",
             f"{tail.exceedances:,} losses above {words.money(tail.threshold, unit)}{unit.symbol}" if tail else ""),
    ]


def _models(report: TailReport, unit: Unit) -> str:
    money = unit_name(report.head.currency, unit)
    other = " Lines: the other models." if len(report.models) > 1 else ""
    outside = [m for m in report.models if m.worst < report.edges[0]]
    cut = f" Cut at {words.money(report.edges[0], unit)}; " + ", ".join(
        f"{text(m.scenarios)} reaches {words.money(m.worst, unit)}" for m in outside) + "." if outside else ""
    best = max(m.best for m in report.models)
    cut += f" Gains are cut at {words.money(report.edges[-1], unit, sign=True)}, the best is " \
           f"{words.money(best, unit, sign=True)}." if best > report.edges[-1] else ""
    under = (f"P&amp;L of the whole book, {money}, every line fully revalued under each. Bars: {text(report.main)}."
             f"{other} Under it each model’s VaR {words.confidence(report.risk_confidence)} (tick) and ES "
             f"{words.confidence(report.shortfall_confidence)} with its 95% interval.{cut}")
    body = broad(tail_charts.overlay(report, unit), "Distribution by model")
    body += '<p class="conv">Square-root axis of shares; sampling error only.</p>'
    return section("models", tail_titles.models(report.models), under, body + _model_table(report, unit))


def _model_table(report: TailReport, unit: Unit) -> str:
    money = unit_name(report.head.currency, unit)
    columns = [Column("Model", css="l"), Column("Scenarios"), Column("VaR", money, term="var"),
               Column("95% interval", money, term="interval"), Column("ES", money, term="es"),
               Column("s.e.", money, term="error"), Column("Worst", money), Column("Made of", css="l")]
    rows = [row([row_head(words.capital(m.scenarios)), cell(f"{m.count:,}"), cell(words.money(m.value_at_risk, unit)),
                 cell(words.span(m.interval, unit), "dim2"), cell(words.money(m.expected_shortfall, unit), "b"),
                 cell(words.money(m.standard_error, unit), "dim2"), cell(words.money(-m.worst, unit)),
                 cell(text(words.dated(m.source)), "l w dim2")]) for m in report.models]
    return table("Models", columns, rows, css="cri")


def _beyond(report: TailReport, unit: Unit) -> str:
    tail = report.extreme
    if tail is None:
        return ""
    left = section("beyond", tail_titles.extreme(tail), _law(tail, unit), tail_charts.beyond(tail, unit), css="c7")
    right = section("beyond-numbers", f"Threshold {words.money(tail.threshold, unit)}{unit.symbol}, shape "
                    f"{words.number(tail.shape, 2)}", "95% intervals by the profile of the likelihood.",
                    _law_table(report, tail, unit), css="c5")
    return pair(left, right)


def _law(tail: ExtremeTail, unit: Unit) -> str:
    fit = f"fits with p {words.number(tail.p_value, 2)}" if tail.p_value >= tail_titles.FITS else \
        f"does not fit, p {words.number(tail.p_value, 2)}"
    return (f"Generalised Pareto law of the {tail.exceedances:,} losses of {text(tail.scenarios)} above "
            f"{words.money(tail.threshold, unit)}{unit.symbol}: {fit}.{text(tail_titles.bound(tail))} Bars: 95% "
            "interval of VaR.")


def _law_table(report: TailReport, tail: ExtremeTail, unit: Unit) -> str:
    money = unit_name(report.head.currency, unit)
    columns = [Column("Confidence", css="l"), Column("VaR", money, term="var"), Column("95% interval", money),
               Column("ES", money, term="es"), Column("As drawn", f"VaR, {money}")]
    rows = [row([row_head(words.confidence(r.confidence)), cell(words.money(r.value_at_risk, unit), "b"),
                 cell(_interval(r.value_at_risk_interval, unit), "dim2"), cell(words.money(r.expected_shortfall, unit)),
                 cell(words.money(r.empirical, unit), "dim2")]) for r in tail.rows]
    return table("Beyond the data", columns, rows)


def _interval(ends: tuple[float, float | None], unit: Unit) -> str:
    high = words.INFINITY if ends[1] is None else words.money(ends[1], unit)
    return f"{words.money(ends[0], unit)} {words.DASH} {high}"


def _clusters(report: TailReport, unit: Unit) -> str:
    if not report.clusters:
        return ""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Way to lose", "of the scenario that stands for it", css="l"),
               Column("Weight", "% of the tail’s money"), Column("Scenarios"), Column("Loss", money),
               Column("Accounts that lose most", money, css="l"),
               Column("Lines that lose most", money, css="l"), Column("Crises in it", css="l")]
    rows = [_cluster_row(c, unit) for c in report.clusters]
    edge = f" above {words.money(report.cluster_edge, unit)}{unit.symbol}" if report.cluster_edge else ""
    under = (f"Tail draws of the joint law and named crises{edge}, grouped by how the factors that the book feels "
             "moved; each weighs its probability times its loss.")
    body = table("Ways to lose", columns, rows, css="cri")
    return section("ways", tail_titles.clusters(report.clusters), under, body)


def _cluster_row(c: TailCluster, unit: Unit) -> str:
    bar = panels.share_bar(c.weight)
    crises = ", ".join(text(name) for name in c.crises[:LIGHT])
    more = f" and {len(c.crises) - LIGHT} more" if len(c.crises) > LIGHT else ""
    return row([row_head(words.capital(c.story), css="l w"), barred(bar, words.percentage(c.weight, 0), "b"),
                cell(f"{c.count:,}"), cell(words.money(c.loss, unit), "b"),
                cell(_parts(c.accounts, unit), "l w dim2"), cell(_parts(c.lines, unit), "l w dim2"),
                cell((crises + more) or words.DASH, "l w dim2")])


def _parts(parts: Sequence[Part], unit: Unit) -> str:
    return ", ".join(f'<span class="nb">{text(p.name)} {words.money(p.pnl, unit, sign=True)}</span>'
                     for p in parts if p.pnl < 0) or words.DASH


def _components(report: TailReport, unit: Unit) -> str:
    if not report.components:
        return ""
    dimensions = dict.fromkeys(c.dimension for c in report.components)
    drawn: dict[str, list[ComponentRow]] = {d: folded([c for c in report.components if c.dimension == d])
                                            for d in dimensions}
    scale = panels.component_scale(part for parts in drawn.values() for part in parts)
    body = "".join(f"<div><h3>By {text(d)}</h3>{panels.component_panel(d, parts, scale, unit)}</div>"
                   for d, parts in drawn.items())
    name = term("component", "Component expected shortfall", at="component")
    alone = term("standalone", "stand-alone", at="alone", right=True)
    under = (f"{name} under {text(report.main)}, {unit_name(report.head.currency, unit)}: loss is positive, each panel "
             f"adds to the total. Line: 95% interval. Tick: {alone}; ▸ lies beyond the axis.")
    return section("where", titles.components(report.components), under, f'<div class="four">{body}</div>')
