"""What does the terminal show? The report in the order of reading: verdict, numbers, accounts, why, data, proof.

122 columns wide; down to 100 it drops the venue, then the bars. Colour marks only breach, warning and P&L bars, and
every mark has a shape or a word too, so that nothing is lost without colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleRenderable, Group
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall import words
from seawall.measures.limits import MEASURES
from seawall.model.market import Market
from seawall.model.report import AccountRow, ComponentRow, GreekRow, Part, RiskReport
from seawall.report.findings import findings_block
from seawall.words import THOUSANDS, Unit

WIDEST = 400
FINDINGS = 3
STYLE = {"ok": "", "warn": "yellow", "bad": "bold red", "na": "magenta"}
BAR, VENUE_WIDTH = 7, 14
FULL, HALF_BLOCK, RULE = "█", "▌", "│"
WORST_SHOWN, QUALITY_SHOWN, CRISES_SHOWN, LIMITS_SHOWN, PARTS_SHOWN, FAILURES_SHOWN = 5, 6, 9, 6, 8, 20
MONEY = "In {}"
WRAPPING = ("Moves", "Positions that lose most", "Factors", "Such as", "Reason", "Limit")
TREATMENTS = ("dropped", "repaired", "flagged")
SCOPE = {"bankrupt": "insolvent", "liquidatable": "under scan", "warning": "warning", "healthy": "healthy",
         "unknown": "not assessed"}


def show(report: RiskReport, console: Console) -> None:
    """Prints the whole report."""
    unit = words.unit_for([report.equity, *(row.expected_shortfall for row in report.tails)])
    blocks: Iterable[ConsoleRenderable | None] = (
        _verdict(report), _numbers(report, unit), _accounts(report, console), _limits(report),
        _components(report, unit), findings_block(report.findings[:FINDINGS]), _greeks(report), _worst(report, unit),
        _crises(report, unit), _notes(report),
        _data(report), _proof(report),
    )
    for block in blocks:
        if block is not None:
            console.print(Padding(block, (0, 0, 1, 0)))


def _verdict(report: RiskReport) -> ConsoleRenderable:
    level = words.LEVEL[report.verdict.status]
    grid = Table.grid(padding=(0, 2))
    mark = Text(f"{words.SHAPE[level]} {words.VERDICT[report.verdict.status]}", style=STYLE[level] or "bold")
    _add(grid, mark, Text.assemble((report.verdict.sentence + ".", "bold"), " ", report.verdict.lede))
    head = Text.assemble((report.title, "bold"), f"  as of {words.moment(report.as_of)}  ",
                         (f"{words.count(report.counts.lines, 'line')}, "
                          f"{words.count(report.counts.accounts, 'account')}, "
                          f"{words.count(report.counts.venues, 'venue')}", "dim"))
    return Group(head, Text(), grid)


def _numbers(report: RiskReport, unit: Unit) -> ConsoleRenderable:
    """One row a rule and confidence; each rule's name stands above its rows."""
    money = MONEY.format(f"{report.currency} {unit.symbol}".strip())
    table = _table(money, "VaR", "95% interval", "Shortfall", "± s.e.", "of equity")
    for name, value in _amounts(report):
        _add(table, name, _bold(words.money(value, unit)), "", "", "", words.percent(_share(value, report.equity)))
    for name in dict.fromkeys(row.scenarios for row in report.tails):
        rows = [row for row in report.tails if row.scenarios == name]
        head = Text(f"{name}: {words.days(rows[0].horizon_days)}, {rows[0].count:,} scenarios", style="dim")
        _add(table, head.append(" ▨ partial", STYLE["na"]) if rows[0].partial else head)
        for row in rows:
            _add(table, f"  {words.confidence(row.confidence)}", _bold(words.money(row.value_at_risk, unit)),
                          words.span(row.interval, unit), _bold(words.money(row.expected_shortfall, unit)),
                          words.money(row.standard_error, unit), words.percent(row.share))
    return table


def _amounts(report: RiskReport) -> list[tuple[str, float | None]]:
    """The single amounts, by name."""
    found: list[tuple[str, float | None]] = [("Equity", report.equity)]
    scans = [a.scan for a in report.accounts if a.scan is not None]
    if scans:
        found.append(("Scan of every account, added", sum(scans)))
    if report.joint is not None:
        found.append(("Volatility a year, from sensitivities", report.joint.volatility))
    return found


def _accounts(report: RiskReport, console: Console) -> ConsoleRenderable | None:
    """Drops the venue first, then the bars, until the table fits."""
    if not report.accounts:
        return None
    for venue, bars in ((True, True), (False, True), (False, False)):
        table = _account_table(report, venue=venue, bars=bars)
        if Measurement.get(console, console.options.update(width=WIDEST), table).maximum <= console.width:
            break
    return table


def _account_table(report: RiskReport, *, venue: bool, bars: bool) -> Table:
    unit = words.unit_for([a.equity for a in report.accounts])
    peak = max((abs(a.component) for a in report.accounts if a.component is not None), default=0.0)
    heads = ["Account", *(["Venue"] if venue else []), f"Equity {unit.symbol}", "Scan", "Used %", "Met at, %",
             "Chance, %", "ES part", *([" " * (2 * BAR + 1)] if bars else []), "Lev. ×", "Status"]
    table = _table(*heads, left=(0, 1) if venue else (0,), last_left=True)
    for account in report.accounts:
        _add(table, *_account_cells(account, unit, peak, venue=venue, bars=bars))
    return table


def _account_cells(
    a: AccountRow, unit: Unit, peak: float, *, venue: bool, bars: bool
) -> list[ConsoleRenderable | str]:
    level = words.LEVEL[a.status]
    moves = [words.percentage(m, 1, sign=True) for m in (a.down, a.up) if m is not None]
    cells: list[ConsoleRenderable | str] = [_bold(a.account)]
    if venue:
        cells.append(Text(_fitted(a.venue), style="dim"))
    cells += [
        words.money(a.equity, unit), words.money(a.scan, unit),
        Text(words.percentage(a.used, 0), style=STYLE["warn"] if (a.used or 0) >= 0.8 else ""),
        " / ".join(moves) or words.DASH, _chance(a.chance), words.money(a.component, unit, sign=True),
    ]
    if bars:
        cells.append(_bar(a.component, peak))
    cells += [words.number(a.gross_leverage, 1), Text(f"{words.SHAPE[level]} {SCOPE[a.status]}", style=STYLE[level])]
    return cells


def _fitted(venue: str) -> str:
    return venue if len(venue) <= VENUE_WIDTH else venue[: VENUE_WIDTH - 1] + words.ELLIPSIS


def _chance(chance: float | None) -> str:
    if chance is None:
        return words.DASH
    return "<0.1" if 0 < chance < 0.001 else words.percentage(chance, 1)


def _bar(value: float | None, peak: float) -> Text:
    """Losses to the left of the line, gains to the right: a component of a loss is a loss."""
    if value is None or peak <= 0:
        return Text(" " * BAR + RULE + " " * BAR)
    length = round(abs(value) / peak * BAR * 2)
    body = FULL * (length // 2) + (HALF_BLOCK if length % 2 and value < 0 else "")
    if value >= 0:
        return Text.assemble(" " * (BAR - len(body)), (body, "dark_orange"), RULE, " " * BAR)
    return Text.assemble(" " * BAR, RULE, (body, "dodger_blue1"), " " * (BAR - len(body)))


def _limits(report: RiskReport) -> ConsoleRenderable | None:
    if not report.limits:
        return None
    table = _table("Limit", "Of", "Now", "Bound", "Used %", "", left=(0, 1), last_left=True)
    quiet = [use for use in report.limits if use.state == "within"]
    for use in [*(use for use in report.limits if use.state != "within"), *quiet[:LIMITS_SHOWN]]:
        level, limit = words.LEVEL[use.state], use.limit
        _add(table, limit.name or limit.measure.replace("_", " "), limit.scope.split("=", 1)[-1],
                      _limit_number(use.value, limit.measure), _limit_number(limit.bound, limit.measure),
                      words.percentage(use.used, 0),
                      Text(f"{words.SHAPE[level]} {words.LIMIT_STATE[use.state].lower()}", style=STYLE[level]))
    if len(quiet) > LIMITS_SHOWN:
        _add(table, Text(f"{len(quiet) - LIMITS_SHOWN} more within their bounds", style="dim"))
    return table


def _limit_number(value: float | None, measure: str) -> str:
    return words.multiple(value) if MEASURES.get(measure) == "x" else words.short(value, 3)


def _components(report: RiskReport, unit: Unit) -> ConsoleRenderable | None:
    rows = report.components
    if not rows:
        return None
    total = next((t.expected_shortfall for t in report.tails if t.scenarios == report.main
                  and t.confidence == report.shortfall_confidence), None)
    peak = max(abs(row.component) for row in rows)
    table = _table(f"Shortfall {words.money(total, unit)}{unit.symbol}, by part", "Part", "± s.e.", "", "Alone",
                   left=(0,))
    for dimension in dict.fromkeys(row.dimension for row in rows):
        if dimension == "account":
            continue
        _add(table, Text(dimension, style="dim"), "", "", "", "")
        mine = [r for r in rows if r.dimension == dimension and r.component]
        for row in _largest(mine):
            _add(table, f"  {row.key or '(none)'}{' *' if row.partial else ''}",
                          words.money(row.component, unit, sign=True), words.money(row.standard_error, unit),
                          _bar(row.component, peak), words.money(row.standalone, unit))
        if len(mine) > PARTS_SHOWN:
            rest = sum(row.component for row in mine) - sum(row.component for row in _largest(mine))
            _add(table, Text(f"  {len(mine) - PARTS_SHOWN} more", style="dim"), words.money(rest, unit, sign=True))
    return table


def _largest(rows: Sequence[ComponentRow]) -> list[ComponentRow]:
    """The parts that weigh most, in the order given."""
    kept = sorted(rows, key=lambda row: -abs(row.component))[:PARTS_SHOWN]
    return [row for row in rows if row in kept]


def _greeks(report: RiskReport) -> ConsoleRenderable | None:
    rows = [row for row in report.greeks if row.dimension == "underlying"]
    if not rows:
        return None
    table = _table(f"Net Greeks, {report.currency} k", "Delta", "gross", "Gamma 1%", "Vega point", "gross",
                   "Theta day", "Rho bp", left=(0,))
    for row in rows:
        _add(table, row.key, *_greek_cells(row))
    return table


def _greek_cells(row: GreekRow) -> list[str]:
    return [words.money(row.delta, THOUSANDS, sign=True), words.money(row.gross_delta, THOUSANDS),
            words.money(row.gamma, THOUSANDS, sign=True), words.money(row.vega, THOUSANDS, sign=True),
            words.money(row.gross_vega, THOUSANDS), words.money(row.theta, THOUSANDS, sign=True),
            words.money(row.rho, THOUSANDS, sign=True)]


def _worst(report: RiskReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.worst:
        return None
    table = _table(f"Worst of {report.main}", unit.symbol, "Moves", "Positions that lose most", "Factors",
                   left=(0, 2, 3, 4))
    for row in report.worst[:WORST_SHOWN]:
        _add(table, row.label, _bold(words.money(row.pnl, unit, sign=True)), Text(", ".join(row.moves[:3])),
                      Text(_parts(row.by_position, unit)), Text(_parts(row.by_factor, unit)))
    return table


def _parts(parts: Sequence[Part], unit: Unit) -> str:
    shown = [p for p in parts if p.name not in ("rest", "others")][:3]
    return ", ".join(f"{p.name} {words.money(p.pnl, unit, sign=True)}" for p in shown)


def _crises(report: RiskReport, unit: Unit) -> ConsoleRenderable | None:
    if not report.crises:
        return None
    table = _table("Scenarios, one by one", unit.symbol, "Moves", left=(0, 2))
    for row in sorted(report.crises, key=lambda r: r.pnl if r.pnl is not None else 0.0)[:CRISES_SHOWN]:
        _add(table, row.name, _bold(words.money(row.pnl, unit, sign=True)), Text(", ".join(row.moves[:4]), "dim"))
    return table


def _notes(report: RiskReport) -> ConsoleRenderable | None:
    """What each distribution is made of, and which could not be had."""
    made = dict.fromkeys(f"{row.scenarios}: {row.source}" for row in report.tails if row.source)
    return _labelled("Which VaR", [*made, *report.notes]) if made or report.notes else None


def _data(report: RiskReport) -> ConsoleRenderable:
    failures = [Text(str(failure), style=STYLE["warn"]) for failure in report.failures[:FAILURES_SHOWN]]
    if len(report.failures) > FAILURES_SHOWN:
        failures.append(Text(f"{len(report.failures) - FAILURES_SHOWN:,} more failures: see the page, or --json"))
    told = [entry for entry in report.quality if entry.treatment in TREATMENTS]
    entries = sorted(told, key=lambda e: (e.treatment != "dropped", -e.count))
    notes = [f"{entry.count:,} {entry.treatment}: {entry.reason} ({entry.source})" for entry in entries]
    more = len(notes) - QUALITY_SHOWN
    shown = [*notes[:QUALITY_SHOWN], *([f"{more} more reasons: see the page, or seawall quality"] if more > 0 else [])]
    return _labelled("Data", [*failures, *shown] or ["every quote and every line was used as it came"])


def _proof(report: RiskReport) -> ConsoleRenderable:
    parts = [f"{proof.name} {words.hash_short(proof.digest)}" for proof in report.proofs]
    return _labelled("Proof", ["  ".join(parts), "P&L: gain is positive. VaR, shortfall, scan: loss is positive."])


def _labelled(label: str, lines: Sequence[str | Text]) -> ConsoleRenderable:
    grid = Table.grid(padding=(0, 2))
    for number, line in enumerate(lines):
        _add(grid, Text(label if number == 0 else "", style="bold"), line if isinstance(line, Text) else Text(line))
    return grid


def _table(*heads: str, left: tuple[int, ...] = (0,), last_left: bool = False) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), show_edge=False)
    for place, head in enumerate(heads):
        is_left = place in left or (last_left and place == len(heads) - 1)
        wraps = head in WRAPPING or head.startswith(MONEY[:3])
        table.add_column(Text(head), justify="left" if is_left else "right", no_wrap=not wraps,
                         overflow="fold" if wraps else "ellipsis")
    return table


def _add(table: Table, *cells: ConsoleRenderable | str) -> None:
    """One row; names from files are text and never markup."""
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))


def _bold(text: str) -> Text:
    return Text(text, style="bold")


def _share(value: float | None, equity: float | None) -> float | None:
    return value / equity if value is not None and value != equity and equity and equity > 0 else None




def show_market(market: Market, console: Console) -> None:
    """Prints what a market rests on: sources, smiles, and why quotes were dropped, mended or flagged, counted."""
    console.print(Text.assemble(("Market", "bold"), f"  as of {words.moment(market.as_of)}  ",
                                (", ".join(market.sources), "dim")))
    smiles = _table("Underlying", "Spot", "Smiles", "First", "Last", "Near level %", "Far level %", left=(0, 3, 4))
    for name in sorted({underlying for underlying, _ in market.smiles}):
        curves = sorted((s for (u, _), s in market.smiles.items() if u == name), key=lambda s: s.years)
        _add(smiles, name, words.number(market.spot(name), 2), str(len(curves)), words.day(curves[0].expiry.date()),
                       words.day(curves[-1].expiry.date()), words.percentage(curves[0].level),
                       words.percentage(curves[-1].level))
    console.print(Padding(smiles, (1, 0)))
    reasons = _table("Reason", "Count", "Treatment", "Source", "Such as", left=(0, 2, 3, 4))
    rank = {treatment: n for n, treatment in enumerate(TREATMENTS)}
    for entry in sorted(market.quality, key=lambda e: (rank.get(e.treatment, len(rank)), -e.count)):
        _add(reasons, entry.reason, f"{entry.count:,}", entry.treatment, Text(entry.source, style="dim"),
                        Text(", ".join(entry.examples), style="dim"))
    console.print(reasons)
