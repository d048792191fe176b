"""What if? The page of stress: the worst plausible move, correlations that break, crises, scenarios of one's own."""

from __future__ import annotations

from collections.abc import Sequence

from seawall import words
from seawall.model.report import Part
from seawall.model.tail_report import NettingRow, StressedRow, StressReport
from seawall.report import charts, tail_charts, tail_titles, titles
from seawall.report.extremes import told_scenarios
from seawall.report.markup import Column, barred, cell, group_head, pair, row, row_head, section, table, text
from seawall.report.survival import unit_name
from seawall.report.tail_shell import Part as Shown
from seawall.report.tail_shell import Tile, notes_section, shell
from seawall.words import Unit

MATRIX = 8


def render_stress(report: StressReport) -> str:
    """The whole page."""
    unit = _unit(report)
    facts = "The recorded moves of a past crisis on today’s book, every line fully revalued."
    own = "As written in the files given, every line fully revalued."
    book = (report.head.currency, report.head.equity)
    return shell(report, "stress report", tail_titles.stress(report), _tiles(report, unit), (
        Shown("plausible", "Worst plausible", _plausible(report, unit)),
        Shown("correlation", "Correlation", _correlation(report, unit)),
        Shown("own", "Your scenarios", told_scenarios("own", _own_title(report), own, report.own, book)),
        Shown("crises", "Crises", told_scenarios("crises", titles.crises(report.crises, report.head.equity), facts,
                                                 report.crises, book)),
        Shown("notes", "Missing", notes_section(report.head, report.notes)),
    ))


def _own_title(report: StressReport) -> str:
    known = [c for c in report.own if c.pnl is not None]
    worst = min(known, key=lambda c: c.pnl or 0.0, default=None)
    if worst is None or (worst.pnl or 0.0) >= 0:
        return "Scenarios of your own"
    return f"Of your own scenarios {worst.name} costs most: {words.short(-(worst.pnl or 0.0), 3)}"


def _unit(report: StressReport) -> Unit:
    return words.unit_for([*(s.expected_shortfall for s in report.stressed), *(c.pnl for c in report.crises),
                           report.plausible.loss if report.plausible else None])


def _tiles(report: StressReport, unit: Unit) -> list[Tile]:
    crisis = min((c for c in report.crises if c.pnl is not None), key=lambda c: c.pnl or 0.0, default=None)
    plausible, netting = report.plausible, report.netting
    today = report.stressed[0] if report.stressed else None
    halves = [r for r in report.stressed if r.crisis and r.weight < 1 and r.expected_shortfall is not None]
    half = max(halves, key=lambda r: r.expected_shortfall or 0.0, default=None)
    return [
        Tile("worst", "Worst crisis", words.money(-(crisis.pnl or 0.0) if crisis else None, unit), unit.symbol,
             text(crisis.name) if crisis else "No crisis was asked for"),
        Tile("plausible", "Worst plausible", words.money(plausible.loss if plausible else None, unit), unit.symbol,
             text(", ".join(plausible.moves[:2])) if plausible else "Not computed"),
        Tile("distance", "Distance", words.number(plausible.distance if plausible else None, 1), "deviations",
             f"chance {_chance(plausible.chance)} in that direction" if plausible else ""),
        Tile("es", "Shortfall today", words.money(today.expected_shortfall if today else None, unit), unit.symbol,
             f"{words.confidence(report.shortfall_confidence)}, Student-t"),
        Tile("broken", "Half broken", words.money(half.expected_shortfall if half else None, unit), unit.symbol,
             f"correlations {words.percent(half.weight, 0)} bent" if half else ""),
        Tile("reliance", "Netting saves", words.percentage(netting.reliance if netting else None, 0), "%",
             "of the accounts’ shortfalls" if netting else "One account: nothing to net"),
    ]


def _chance(chance: float) -> str:
    return words.DASH if chance <= 0 else f"1 in {words.number(round(1 / chance, -1 if chance < 0.01 else 0))}"


def _plausible(report: StressReport, unit: Unit) -> str:
    found = report.plausible
    if found is None:
        return ""
    inside = f", {text(found.case)} case" if found.case != "boundary" else ""
    under = (f"Joint moves up to {found.radius:g} deviations of the horizon, fully revalued: "
             f"{found.searched:,} starts, best from {text(found.start)}{inside}. Chance {_chance(found.chance)} of "
             f"going so far in that direction, {words.percent(found.chance_any)} in any; Student-t, "
             f"{words.number(found.degrees, 0)} degrees.")
    body = f'<p class="say">{text(found.sentence)}</p>'
    tables = pair(f'<div class="c6">{_parts("By account", found.by_account, unit, report.head.currency)}</div>',
                  f'<div class="c6">{_parts("By position", found.by_position, unit, report.head.currency)}</div>')
    return section("plausible", tail_titles.plausible(found), under, body + tables)


def _parts(name: str, parts: Sequence[Part], unit: Unit, currency: str) -> str:
    """Every part with its bar; they add up to the row at the foot."""
    columns = [Column(name, css="l"), Column("P&amp;L", unit_name(currency, unit))]
    scale = [p.pnl for p in parts]
    rows = [row([row_head(p.name), barred(charts.cell_bar(p.pnl, scale, css="pl"),
                                          words.money(p.pnl, unit, sign=True))]) for p in parts]
    total = row([row_head("Whole book"), barred("", words.money(sum(scale), unit, sign=True))], "total")
    return table(f"Worst plausible move, {name.lower()}", columns, [*rows, total])


def _correlation(report: StressReport, unit: Unit) -> str:
    found = report.correlation
    if found is None:
        return ""
    stated = text(words.dated(words.capital(report.assumption.rstrip("."))))
    under = (f"{stated}. Crisis: {text(found.crisis)}; blends stay positive semi-definite. Tick today, square at "
             f"{words.percent(found.weight, 0)} of the crisis.")
    left = section("correlation", tail_titles.correlation(found), under,
                   tail_charts.moved_correlations(found) + _matrices(report), css="c7")
    under = (f"The same {report.draws:,} draws at each weight of the crisis, so that only the correlation differs. "
             f"VaR {words.confidence(report.risk_confidence)}, ES {words.confidence(report.shortfall_confidence)}.")
    right = section("stressed", tail_titles.stressed(report.stressed), under,
                    _stressed_table(report.stressed, unit, report.head.currency) + _netting(report.netting, unit),
                    css="c5")
    return pair(left, right)


def _matrices(report: StressReport) -> str:
    """Both matrices in numbers, folded."""
    found = report.correlation
    if found is None:
        return ""
    order = sorted(range(len(found.keys)), key=lambda n: -abs(found.exposures[n]))[:MATRIX]
    names = [tail_charts.pair_name(found.keys[n]) for n in order]
    said = []
    for title, matrix in (("Today", found.before), ("Stressed", found.after)):
        columns = [Column(title, css="l"), *(Column(text(n)) for n in names)]
        rows = [row([row_head(name), *(cell(words.number(matrix[a][b], 2, sign=a != b), "dim" if a == b else "")
                                       for b in order)]) for name, a in zip(names, order, strict=True)]
        said.append(table(f"Correlation, {title.lower()}", columns, rows, css="cor"))
    cut = f" of the {MATRIX} that matter most" if len(found.keys) > MATRIX else ""
    return f"<details><summary>Both matrices{cut} in numbers</summary>{''.join(said)}</details>"


def _stressed_table(rows: Sequence[StressedRow], unit: Unit, currency: str) -> str:
    money = unit_name(currency, unit)
    columns = [Column("Weight of the crisis", css="l"), Column("VaR", money, term="var"),
               Column("ES", money, term="es"), Column("s.e.", money, term="error"), Column("Change", "% of today’s ES")]
    first = rows[0].expected_shortfall if rows else None
    body = []
    for crisis in dict.fromkeys(r.crisis for r in rows):
        mine = [r for r in rows if r.crisis == crisis]
        body += [group_head(words.capital(crisis), len(columns))] if crisis else []
        body += [_stressed_row(r, rows, first, unit) for r in mine]
    return table("Shortfall under stressed correlation", columns, body)


def _stressed_row(r: StressedRow, rows: Sequence[StressedRow], first: float | None, unit: Unit) -> str:
    change = r.expected_shortfall / first - 1 if first and r.expected_shortfall is not None and r.weight else None
    bar = charts.cell_bar(r.expected_shortfall, [x.expected_shortfall for x in rows])
    return row([row_head(words.percent(r.weight, 0) if r.weight else "Today"), cell(words.money(r.value_at_risk, unit)),
                barred(bar, words.money(r.expected_shortfall, unit), "b"),
                cell(words.money(r.standard_error, unit), "dim2"), cell(words.percentage(change, 1, sign=True))])


def _netting(row_: NettingRow | None, unit: Unit) -> str:
    if row_ is None:
        return ""
    fragile = words.multiple(row_.fragility) if row_.fragility is not None else "without bound"
    alone, together, stressed = (f"{words.money(value, unit)}{unit.symbol}"
                                 for value in (row_.standalone, row_.together, row_.stressed))
    return (f'<p class="conv">{text(tail_titles.netting(row_))}: alone {alone}, together {together}. With correlations '
            f"{words.percent(row_.weight, 0)} of the way to the crisis that hurts this book most, {stressed}: {fragile}"
            " of today.</p>")
