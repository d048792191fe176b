"""What does the terminal show of a regulatory requirement? The total, what makes it up, which rows, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, ConsoleRenderable
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall import words
from seawall.model.failure import Failure
from seawall.model.regulatory import (
    Calibration,
    FrtbResult,
    RiskClassShare,
    SimmReport,
    SimmResult,
)
from seawall.regulatory.contributions import by_row, shares_of
from seawall.words import Unit

ROWS, FAILURES = 8, 12
TITLES = {"delta": "delta", "vega": "vega", "curvature": "curvature", "base_correlation": "base correlation"}


def show_simm(report: SimmReport, console: Console) -> None:
    """Prints the margin of every netting set, one after the other."""
    for result in report.results:
        for block in _simm(result):
            console.print(Padding(block, (0, 0, 1, 0)))
    if len(report.results) > 1:
        sets = words.count(len(report.results), "netting set")
        console.print(Text(f"{sets} together: USD {words.number(report.total)}", style="bold"))


def show_frtb(result: FrtbResult, console: Console) -> None:
    """Prints the capital, its three scenarios and what makes up the worst."""
    for block in _frtb(result):
        console.print(Padding(block, (0, 0, 1, 0)))


def _simm(result: SimmResult) -> Iterator[ConsoleRenderable]:
    unit = words.unit_for([result.total])
    name = f"  {result.portfolio_id}" if result.portfolio_id else ""
    yield _title("SIMM initial margin", result.total, name, result.grade, complete=result.complete)
    table = _table(f"USD {unit.symbol}".strip(), "Alone", "In the total", "Grade", "Largest buckets")
    for product in result.products:
        table.add_row(Text(product.product_class, style="bold"), words.money(product.requirement, unit),
                      words.money(product.contribution, unit), "", "")
        for share in product.risk_classes:
            _add_measures(table, share, unit)
    for one in result.add_ons:
        table.add_row(f"add-on, {one.kind} {one.of}".rstrip(), words.money(one.amount, unit),
                      words.money(one.amount, unit), "", Text(one.where, style="dim"))
    yield table
    yield from _rows(result, unit)
    yield from _failures(result.failures)
    yield _foot(result.calibration, (f"calculation currency {result.calculation_currency}", *result.notes))


def _frtb(result: FrtbResult) -> Iterator[ConsoleRenderable]:
    unit = words.unit_for([result.total])
    yield _title("FRTB sensitivities-based method", result.total, f"  {result.worst} correlations bind", result.grade,
                 complete=result.complete)
    scenarios = _table(f"Correlations, USD {unit.symbol}".strip(), "Total", "Delta", "Vega", "Curvature", left=(0,))
    for one in result.scenarios:
        name = Text(one.name, style="bold" if one.name == result.worst else "")
        parts = (one.total, one.delta, one.vega, one.curvature)
        scenarios.add_row(name, *(words.money(part, unit) for part in parts))
    yield scenarios
    table = _table(f"Under {result.worst}, USD {unit.symbol}".strip(), "Alone", "In the total", "Grade",
                   "Largest buckets")
    for share in result.risk_classes:
        _add_measures(table, share, unit)
    yield table
    yield from _rows(result, unit)
    yield from _failures(result.failures)
    yield _foot(result.calibration, (f"reporting currency {result.reporting_currency}", *result.notes))


def _add_measures(table: Table, share: RiskClassShare, unit: Unit) -> None:
    for one in share.measures:
        top = sorted(one.buckets, key=lambda bucket: -abs(bucket.contribution))[:3]
        buckets = ", ".join(f"{b.bucket} {words.money(b.contribution, unit)}" for b in top)
        table.add_row(f"  {share.risk_class} {TITLES[one.measure]}", words.money(one.requirement, unit),
                      words.money(one.contribution, unit), one.grade, Text(buckets, style="dim"))


def _rows(result: SimmResult | FrtbResult, unit: Unit) -> Iterator[ConsoleRenderable]:
    """The rows that have most in the total, either way."""
    shares = {share.where: share for share in shares_of(result)}
    largest = sorted(((amount, shares[where]) for where, amount in by_row(result).items() if where in shares),
                     key=lambda pair: -abs(pair[0]))
    if not largest:
        return
    table = _table("Row", "Sensitivity", f"In the total, USD {unit.symbol}".strip(), left=(0,))
    for amount, share in largest[:ROWS]:
        labels = " ".join(text for text in (share.qualifier, share.label1, share.label2) if text)
        table.add_row(f"{share.where}  {labels}", words.number(share.amount), words.money(amount, unit, sign=True))
    yield table


def _failures(failures: Sequence[Failure]) -> Iterator[ConsoleRenderable]:
    if failures:
        lines = [f"{words.count(len(failures), 'row')} not in the number:", *map(str, failures[:FAILURES])]
        if len(failures) > FAILURES:
            lines.append(f"and {len(failures) - FAILURES} more, in the JSON")
        yield Text("\n  ".join(lines), style="magenta")


def _title(name: str, total: float, more: str, grade: str, *, complete: bool) -> ConsoleRenderable:
    missing = "" if complete else "  partial: rows are missing"
    return Text.assemble((f"{name}  USD {words.number(total)}", "bold"), more, (f"  {grade}", "dim"),
                         (missing, "magenta"))


def _foot(calibration: Calibration, notes: Iterable[str]) -> ConsoleRenderable:
    head = " ".join(part for part in (calibration.name, calibration.version) if part)
    lines = [f"{head}, from {words.day(calibration.effective_from)}, {calibration.source}  "
             f"{words.hash_short(calibration.parameters_id)}", *notes]
    return Text("\n".join(lines), style="bold yellow" if calibration.synthetic else "dim")


def _table(*heads: str, left: tuple[int, ...] = (0, 3, 4)) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for n, head in enumerate(heads):
        table.add_column(head, justify="left" if n in left else "right", overflow="fold")
    return table
