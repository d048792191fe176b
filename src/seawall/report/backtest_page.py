"""Would the models have held? The page of the backtest: ranking, tests with their power, a strip a model."""

from __future__ import annotations

from collections.abc import Sequence

from seawall import words
from seawall.model.tail_report import BacktestReport, BacktestRow, TestRow
from seawall.report import charts, tail_charts, tail_titles
from seawall.report.markup import Column, barred, cell, row, row_head, section, status, table, text
from seawall.report.survival import unit_name
from seawall.report.tail_shell import Part as Shown
from seawall.report.tail_shell import Tile, broad, notes_section, shell
from seawall.words import Unit

ZONES = {"green": ("healthy", "Green"), "yellow": ("warning", "Yellow"), "red": ("breached", "Red")}
TESTS = ("Kupiec", "exact binomial", "Christoffersen independence", "Christoffersen conditional coverage",
         "dynamic quantile")
HEADS = {"Kupiec": "Kupiec", "exact binomial": "Binomial", "Christoffersen independence": "Independence",
         "Christoffersen conditional coverage": "Conditional", "dynamic quantile": "Dynamic quantile"}


def render_backtest(report: BacktestReport) -> str:
    """The whole page."""
    unit = words.unit_for([*(m.mean_shortfall for m in report.models), min(report.pnl)])
    return shell(report, "backtest", tail_titles.backtest(report), _tiles(report, unit), (
        Shown("ranking", "Ranking", _ranking(report, unit)), Shown("strips", "Day by day", _strips(report, unit)),
        Shown("tests", "Tests", _tests(report)), Shown("notes", "Missing", notes_section(report.head, report.notes)),
    ))


def _ordered(report: BacktestReport) -> list[BacktestRow]:
    return sorted(report.models, key=lambda m: (m.rank is None, m.rank or 0))


def _tiles(report: BacktestReport, unit: Unit) -> list[Tile]:
    best = _ordered(report)[0]
    power = next((t.power for t in best.tests if t.name == "Kupiec"), None)
    worst = min(report.pnl)
    day = report.dates[report.pnl.index(worst)]
    return [
        Tile("score", "Best score", words.number(best.score, 2), "", text(best.model)),
        Tile("exceptions", "Its exceptions", f"{best.exceptions:,}", f"of {words.number(best.expected, 0)} due",
             f"VaR {words.confidence(report.risk_confidence)}"),
        Tile("zed", "Its Z2", words.number(best.z2, 2, sign=True), "",
             f"critical {words.number(best.critical, 2, sign=True)}, p {_p(best.z2_p_value)}"),
        Tile("power", "Power", words.percentage(power, 0), "%", "to notice twice the exceptions"),
        Tile("worstday", "Worst day", words.money(-worst, unit), unit.symbol, words.day(day)),
        Tile("judged", "Days judged", f"{len(report.pnl):,}", "", f"{words.day(report.dates[0])} to "
             f"{words.day(report.dates[-1])}"),
    ]


def _ranking(report: BacktestReport, unit: Unit) -> str:
    money = unit_name(report.head.currency, unit)
    columns = [Column("Model", css="l"), Column("Score", "FZ, lower is better", term="score"),
               Column("As good as the best", "p-value"), Column("Exceptions", f"{_due(report)} due", term="exceptions"),
               Column("p-value", "of the count"), Column("Z2", "0 if right", term="zed"), Column("p-value", "of Z2"),
               Column("Mean VaR", money), Column("Mean ES", money), Column("Last 250 days", css="l st-h")]
    rows = [_rank_row(m, report, unit) for m in _ordered(report)]
    under = (f"Today’s positions under the move of every day from {words.day(report.dates[0])} to "
             f"{words.day(report.dates[-1])}, fully revalued; each forecast is made from the {report.window:,} days "
             f"before it and nothing later. VaR {words.confidence(report.risk_confidence)}, ES "
             f"{words.confidence(report.shortfall_confidence)}. {text(report.null)}")
    return section("ranking", tail_titles.ranking(report), under, table("Models", columns, rows))


def _due(report: BacktestReport) -> str:
    return words.number(report.models[0].expected, 0)


def _rank_row(m: BacktestRow, report: BacktestReport, unit: Unit) -> str:
    count = next((t.p_value for t in m.tests if t.name == "exact binomial"), None)
    key, zone = ZONES[m.zone]
    bar = charts.cell_bar(m.mean_shortfall, [x.mean_shortfall for x in report.models])
    return row([
        row_head(words.capital(m.model)), cell(words.number(m.score, 2), "b"),
        cell(words.DASH if m.worse_p is None else _p(m.worse_p)), cell(f"{m.exceptions:,}", "b"), _p_cell(count),
        cell(words.number(m.z2, 2, sign=True)), _p_cell(m.z2_p_value), cell(words.money(m.mean_value_at_risk, unit)),
        barred(bar, words.money(m.mean_shortfall, unit)),
        cell(f'{status(key, zone)} <span class="dim">{words.count(m.recent, "exception")}</span>', "l st-h"),
    ])


def _p(value: float | None) -> str:
    if value is None:
        return words.DASH
    return "<0.001" if value < 0.001 else words.number(value, 3)


def _p_cell(value: float | None) -> str:
    """A p-value below 5 % is marked by weight, shape and colour."""
    if value is None or value >= tail_titles.REJECTED:
        return cell(text(_p(value)))
    return cell(status("breached", _p(value)))


def _strips(report: BacktestReport, unit: Unit) -> str:
    body = "".join(f"<h3>{text(tail_titles.strip(m))}</h3>{broad(tail_charts.strip(m, report, unit), m.model)}"
                   for m in _ordered(report))
    under = (f"Grey: the day’s P&amp;L, {unit_name(report.head.currency, unit)}. Line: VaR forecast the day before. "
             "Orange: days that lost more, with a tick below. Square-root axis, the same for all.")
    return section("strips", tail_titles.strips(report), under, f'<div class="strips">{body}</div>')


def _tests(report: BacktestReport) -> str:
    columns = [Column("Model", css="l"), *(Column(HEADS[name], "p-value") for name in TESTS), Column("Z2", "p-value")]
    rows = [row([row_head(words.capital(m.model)), *(_p_cell(_of(m.tests, name)) for name in TESTS),
                 _p_cell(m.z2_p_value)]) for m in _ordered(report)]
    first = report.models[0]
    powers = [next((t.power for t in first.tests if t.name == name), None) for name in TESTS]
    rows.append(row([row_head("Power at 5%"), *(cell(words.percent(p, 0)) for p in powers),
                     cell(words.percent(first.z2_power, 0))], "total"))
    told = dict.fromkeys(t.alternative for t in first.tests if t.alternative)
    under = f"Small p-values speak against a model. Power: chance of noticing {text(words.joined(list(told)))}."
    return section("tests", tail_titles.tests(report), under, table("Tests", columns, rows))


def _of(tests: Sequence[TestRow], name: str) -> float | None:
    return next((t.p_value for t in tests if t.name == name), None)
