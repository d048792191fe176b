"""What does the terminal show of an answer about the tail? The same order of reading as the page: verdict, then why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleRenderable, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall import words
from seawall.model.report import ComponentRow, CrisisRow
from seawall.model.tail_report import (
    Answer,
    BacktestReport,
    Head,
    ReverseReport,
    StressReport,
    TailReport,
)
from seawall.report import tail_titles
from seawall.report.findings import findings_block
from seawall.report.tail_charts import moved_pairs, pair_name
from seawall.report.tail_shell import failing_said, identity
from seawall.report.tail_titles import Said
from seawall.words import Unit

STYLE = {"ok": "", "warn": "yellow", "bad": "bold red", "na": "magenta"}
BAR, STRIP = 24, 80
FULL = "█"
PARTS, CRISES, REACHED, PAIRS = 6, 12, 30, 5
BLOCKS = " ▁▂▃▄▅▆▇█"


def show_answer(answer: Answer, console: Console) -> None:
    """Prints the whole answer."""
    if isinstance(answer, TailReport):
        said, blocks = tail_titles.tail(answer), _tail(answer)
    elif isinstance(answer, StressReport):
        said, blocks = tail_titles.stress(answer), _stress(answer)
    elif isinstance(answer, ReverseReport):
        said, blocks = tail_titles.reverse(answer), _reverse(answer)
    else:
        said, blocks = tail_titles.backtest(answer), _backtest(answer)
    foot = _labelled("Proof", [f"{answer.schema}  {words.hash_short(identity(answer))}",
                               "P&L: gain is positive. VaR, shortfall and losses to reach: loss is positive."])
    for block in (_verdict(answer.head, said), *blocks, _notes(answer), foot):
        if block is not None:
            console.print(Padding(block, (0, 0, 1, 0)))


def _verdict(head: Head, said: Said) -> ConsoleRenderable:
    level = words.LEVEL[said.status]
    mark = Text(f"{words.SHAPE[level]} {words.VERDICT[said.status]}", style=STYLE[level] or "bold")
    count = words.capital(words.counted(max(len(head.failures), 1), "entry", "entries"))
    missing = [] if head.complete else [f"{count} not assessed: every number is partial."]
    failing = [failing_said(head)] if head.failing else []
    lede = " ".join([*missing, *failing, said.lede]).strip()
    grid = Table.grid(padding=(0, 2))
    grid.add_row(mark, Text.assemble((said.sentence + ".", "bold"), " ", lede))
    title = Text.assemble((head.title, "bold"), f"  as of {words.moment(head.as_of)}  ",
                          (f"{words.count(head.lines, 'line')}, {words.count(head.accounts, 'account')}", "dim"))
    return Group(title, Text(), grid)


def _tail(report: TailReport) -> Iterable[ConsoleRenderable | None]:
    unit = words.unit_for([m.expected_shortfall for m in report.models])
    peak = max((m.expected_shortfall or 0.0 for m in report.models), default=0.0)
    money = f"{report.head.currency} {unit.symbol}".strip()
    rows = _table(f"Model, {money}", f"VaR {words.confidence(report.risk_confidence)}", "95% interval",
                  f"ES {words.confidence(report.shortfall_confidence)}", "± s.e.", "Worst", "", last_left=True)
    for m in report.models:
        rows.add_row(m.scenarios, words.money(m.value_at_risk, unit), words.span(m.interval, unit),
                     _bold(words.money(m.expected_shortfall, unit)), words.money(m.standard_error, unit),
                     words.money(-m.worst, unit), _bar(m.expected_shortfall, peak))
    return (rows, _beyond(report, unit), _clusters(report, unit), _components(report.components, unit),
            findings_block(report.findings))


def _beyond(report: TailReport, unit: Unit) -> ConsoleRenderable | None:
    tail = report.extreme
    if tail is None:
        return None
    head = f"Beyond the data: {tail.scenarios}, shape {words.number(tail.shape, 2)} {tail_titles.shape_error(tail)}"
    rows = _table(head.strip(), "VaR", "95% interval", "ES", "As drawn")
    for r in tail.rows:
        high = words.INFINITY if r.value_at_risk_interval[1] is None else words.money(r.value_at_risk_interval[1], unit)
        rows.add_row(words.confidence(r.confidence), _bold(words.money(r.value_at_risk, unit)),
                     f"{words.money(r.value_at_risk_interval[0], unit)} {words.DASH} {high}",
                     words.money(r.expected_shortfall, unit), words.money(r.empirical, unit))
    return rows


def _clusters(report: TailReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.clusters:
        return None
    rows = _table("Weight %", "Loss", "Way to lose", "Accounts that lose most", left=(2, 3))
    for c in report.clusters:
        losers = ", ".join(f"{p.name} {words.money(p.pnl, unit, sign=True)}" for p in c.accounts if p.pnl < 0)
        rows.add_row(words.percentage(c.weight, 0), _bold(words.money(c.loss, unit)), Text(words.capital(c.story)),
                     Text(losers, style="dim"))
    return rows


def _components(parts: Sequence[ComponentRow], unit: Unit) -> ConsoleRenderable | None:
    mine = [p for p in parts if p.dimension == "account"]
    if not mine:
        return None
    peak = max(abs(p.component) for p in mine)
    rows = _table("Shortfall by account", "Part", "± s.e.", "Alone", "", last_left=True)
    for p in mine[:PARTS]:
        rows.add_row(p.key, _bold(words.money(p.component, unit, sign=True)), words.money(p.standard_error, unit),
                     words.money(p.standalone, unit), _bar(p.component, peak))
    rest = mine[PARTS:]
    if rest:
        left = sum(p.component for p in rest)
        rows.add_row(Text(f"{len(rest)} others", style="dim"), words.money(left, unit, sign=True))
    return rows


def _stress(report: StressReport) -> Iterable[ConsoleRenderable | None]:
    unit = words.unit_for([*(c.pnl for c in report.crises), *(s.expected_shortfall for s in report.stressed)])
    return (_plausible(report, unit), _stressed(report, unit), _told("Your scenario", report.own, unit),
            _told("A crisis come again", report.crises, unit))


def _plausible(report: StressReport, unit: Unit) -> ConsoleRenderable | None:
    found = report.plausible
    if found is None:
        return None
    who = ", ".join(f"{p.name} {words.money(p.pnl, unit, sign=True)}" for p in found.by_account if p.pnl < 0)
    return _labelled("Plausible", [Text(tail_titles.plausible(found), style="bold"), who])


def _stressed(report: StressReport, unit: Unit) -> ConsoleRenderable | None:
    found = report.correlation
    if found is None:
        return None
    rows = _table("Correlations bent", "of the way", "VaR", "ES", "± s.e.")
    for s in report.stressed:
        rows.add_row(s.crisis or "today", words.percent(s.weight, 0), words.money(s.value_at_risk, unit),
                     _bold(words.money(s.expected_shortfall, unit)), words.money(s.standard_error, unit))
    pairs = _table(f"Towards {found.crisis}", "today", f"{words.percent(found.weight, 0)} bent")
    for a, b in moved_pairs(found)[:PAIRS]:
        pairs.add_row(f"{pair_name(found.keys[b])} and {pair_name(found.keys[a])}",
                      words.number(found.before[a][b], 2, sign=True), words.number(found.after[a][b], 2, sign=True))
    return Group(rows, Text(), pairs)


def _told(head: str, rows: Sequence[CrisisRow], unit: Unit) -> ConsoleRenderable | None:
    if not rows:
        return None
    peak = max((abs(c.pnl) for c in rows if c.pnl is not None), default=0.0)
    table = _table(head, unit.symbol or "P&L", "", "Moves", left=(0, 2, 3))
    for c in rows[:CRISES]:
        bar = _bar(-c.pnl if c.pnl is not None and c.pnl < 0 else 0.0, peak)
        moves = Text(", ".join(c.moves[:3]), style="dim")
        table.add_row(c.name, _bold(words.money(c.pnl, unit, sign=True)), bar, moves)
    return table


def _reverse(report: ReverseReport) -> Iterable[ConsoleRenderable | None]:
    unit = words.unit_for(r.target for r in report.rows)
    goals = {"equity": "zero equity", "scan": "its scan", "loss": "the loss"}
    rows = _table("Account", "To", "Loss", "Distance", "Chance", "Mildest move", left=(0, 1, 5))
    for r in report.rows[:REACHED]:
        far = f"> {r.searched_to:g}" if r.distance is None else "now" if not r.distance else words.number(r.distance, 1)
        once = words.DASH if r.chance <= 0 or r.distance == 0 else f"1 in {words.number(round(1 / r.chance))}"
        chance = f"< {once}" if r.distance is None else once
        near = r.distance is not None and r.distance < tail_titles.NEAR
        style = STYLE["bad"] if r.distance == 0 else STYLE["warn"] if near else ""
        rows.add_row(r.scope, goals[r.goal], words.money(r.target, unit), Text(far, style=style), chance,
                     Text(", ".join(r.moves[:3])))
    said = [r.sentence for r in report.rows if r.distance is not None][:3]
    return (rows, _labelled("In words", said) if said else None)


def _backtest(report: BacktestReport) -> Iterable[ConsoleRenderable | None]:
    unit = words.unit_for([m.mean_shortfall for m in report.models])
    ordered = sorted(report.models, key=lambda m: (m.rank is None, m.rank or 0))
    due = words.number(report.models[0].expected, 0)
    rows = _table("Model", "Score", f"Exceptions of {due}", "p", "Z2", "p", "Mean VaR", "Mean ES", "Last 250",
                  last_left=True)
    for m in ordered:
        count = next((t.p_value for t in m.tests if t.name == "exact binomial"), None)
        level = {"green": "ok", "yellow": "warn", "red": "bad"}[m.zone]
        rows.add_row(m.model, words.number(m.score, 2), _bold(f"{m.exceptions:,}"), _p(count),
                     words.number(m.z2, 2, sign=True), _p(m.z2_p_value), words.money(m.mean_value_at_risk, unit),
                     words.money(m.mean_shortfall, unit), Text(f"{words.SHAPE[level]} {m.zone}", style=STYLE[level]))
    strips = _table("Exceptions over time", f"{report.dates[0]} to {report.dates[-1]}", left=(0, 1))
    for m in ordered:
        strips.add_row(m.model, _strip([p < -v for p, v in zip(report.pnl, m.value_at_risk, strict=True)]))
    return (rows, strips)


def _p(value: float | None) -> Text:
    """Below 5 % with a mark, so that it is seen without colour."""
    if value is None:
        return Text(words.DASH)
    shown = "<0.001" if value < 0.001 else words.number(value, 3)
    return Text(f"■ {shown}", style=STYLE["bad"]) if value < tail_titles.REJECTED else Text(shown)


def _strip(hits: Sequence[bool], width: int = STRIP) -> Text:
    """How many exceptions fall into each stretch of days."""
    counts = [sum(hits[n * len(hits) // width : (n + 1) * len(hits) // width]) for n in range(width)]
    top = max(*counts, 4)
    return Text("".join(BLOCKS[min(-(-8 * c // top), 8)] for c in counts), style="dark_orange")


def _notes(answer: Answer) -> ConsoleRenderable | None:
    told = [*(str(failure) for failure in answer.head.failures), *answer.notes]
    return _labelled("Missing", told) if told else None


def _bar(value: float | None, peak: float) -> Text:
    if not value or peak <= 0:
        return Text("")
    return Text(FULL * max(round(abs(value) / peak * BAR), 1), style="dark_orange" if value > 0 else "dodger_blue1")


def _bold(text: str) -> Text:
    return Text(text, style="bold")


def _labelled(label: str, lines: Sequence[str | Text]) -> ConsoleRenderable:
    grid = Table.grid(padding=(0, 2))
    for number, line in enumerate(lines):
        grid.add_row(Text(label if number == 0 else "", style="bold"), line if isinstance(line, Text) else Text(line))
    return grid


def _table(*heads: str, left: tuple[int, ...] = (0,), last_left: bool = False) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), show_edge=False)
    for place, head in enumerate(heads):
        is_left = place in left or (last_left and place == len(heads) - 1)
        table.add_column(head, justify="left" if is_left else "right", overflow="fold")
    return table
