"""Can I trust it? The lines, what the data lacked and how it was treated, and the hashes that replay the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from seawall import words
from seawall.model.failure import Failure
from seawall.model.quotes import QualityEntry
from seawall.model.report import LineRow, RiskReport
from seawall.report import charts, titles
from seawall.report.markup import Column, barred, cell, mono, row, row_head, section, status, table, term, text
from seawall.report.survival import unit_name
from seawall.words import Unit

COSTING, PROTECTING = 12, 4
FOLDED_ABOVE, FOLDED_TOP = 500, 200
EXAMPLES, LONG_EXAMPLE = 3, 40


def line_section(report: RiskReport) -> str:
    """Lines that cost most and those that protect most; the rest folded, with its sum; absent without lines."""
    rows = sorted(report.lines, key=_costliest_first)
    if not rows:
        return ""
    first, between, last = _split(rows)
    scale = _scale(rows)
    columns = _line_columns(report.currency, scale.units)
    body = [_line_row(r, scale) for r in first]
    if between:
        body.append(_line_sum(f"{words.count(len(between), 'line')} between", between, scale.units))
    body += [_line_row(r, scale) for r in last]
    body.append(_line_sum("Every line", rows, scale.units, css="total"))
    shortfall = term("component", "component expected shortfall", at="by-component")
    under = f"Ordered by {shortfall}, the costliest first." if any(scale.components) else "Ordered by value."
    main = table("Lines", columns, body, css="lines", at="line")
    title = titles.lines(rows, len(first), len(last))
    return section("lines", title, under, main + _folded(between, columns, scale))


def _costliest_first(r: LineRow) -> tuple[bool, float, float, str, str]:
    return (r.component is None, -(r.component or 0.0), -abs(r.value or 0.0), r.instrument, r.account)


def _split(rows: Sequence[LineRow]) -> tuple[Sequence[LineRow], Sequence[LineRow], Sequence[LineRow]]:
    """Twelve that cost most, what lies between, four that protect most: those with a component below zero."""
    if len(rows) <= COSTING + PROTECTING:
        return rows, (), ()
    known = [r for r in rows if r.component is not None]
    protecting = [r for r in known[COSTING:][-PROTECTING:] if (r.component or 0.0) < 0]
    chosen = {id(r) for r in protecting}
    between = [r for r in rows[COSTING:] if id(r) not in chosen]
    return rows[:COSTING], between, protecting


FIELDS = ("value", "delta", "gamma", "vega", "theta", "component")


class Scale(NamedTuple):
    """What the columns of every line share: units of money, decimals of the size, all components."""

    units: dict[str, Unit]
    places: int
    components: tuple[float | None, ...]


def _scale(rows: Sequence[LineRow]) -> Scale:
    units = {f: words.unit_for((getattr(r, f) for r in rows), lines=True) for f in FIELDS}
    return Scale(units, quantity_places(rows), tuple(r.component for r in rows))


def _line_columns(currency: str, units: dict[str, Unit]) -> list[Column]:
    money = {f: unit_name(currency, unit) for f, unit in units.items()}
    return [
        Column("Instrument", css="l"), Column("Account", css="l"), Column("Quantity", "long +"),
        Column("Implied vol.", "%"), Column("Value", money["value"], term="value"),
        Column("Delta", money["delta"], term="delta"), Column("Gamma 1%", money["gamma"], term="gamma"),
        Column("Vega", f"{money['vega']} / point", term="vega"),
        Column("Theta", f"{money['theta']} / day", term="theta"),
        Column("Comp. ES", f"{money['component']}, loss +", term="component"),
    ]


def _line_row(r: LineRow, scale: Scale, *, bar: bool = True) -> str:
    units, option = scale.units, r.volatility is not None
    greeks = [cell(words.money(getattr(r, f) if option or getattr(r, f) else None, units[f], sign=True))
              for f in ("gamma", "vega", "theta")]
    drawn = charts.cell_bar(r.component, scale.components, css=_side(r.component)) if bar else ""
    size = words.signed(r.quantity, scale.places)
    return row([
        row_head(r.instrument), cell(text(r.account), "l dim2"), cell(size),
        cell(words.percentage(r.volatility)), cell(words.money(r.value, units["value"], sign=True)),
        cell(words.money(r.delta, units["delta"], sign=True)), *greeks,
        barred(drawn, words.money(r.component, units["component"]), "b" if bar else ""),
    ])


def _side(component: float | None) -> str:
    """A component is a loss when positive."""
    return "fl" if (component or 0.0) > 0 else "fg"


def quantity_places(rows: Sequence[LineRow]) -> int:
    """Decimals that the column of sizes shares: as many as some line needs, at most two."""
    return max(next((p for p in (0, 1) if abs(r.quantity - round(r.quantity, p)) < 1e-9), 2) for r in rows)


def _line_sum(name: str, rows: Sequence[LineRow], units: dict[str, Unit], css: str = "mid") -> str:
    sums = [cell(words.money(_sum([getattr(r, f) for r in rows]), units[f], sign=f != "component")) for f in FIELDS]
    return row([row_head(name), cell(""), cell(""), cell(""), *sums], css)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return math.fsum(known) if known else None


def _folded(between: Sequence[LineRow], columns: Sequence[Column], scale: Scale) -> str:
    if not between:
        return ""
    shown = between
    if len(scale.components) > FOLDED_ABOVE:
        shown = sorted(between, key=lambda r: -abs(r.component or 0.0))[:FOLDED_TOP]
    name = f"The {words.count(len(between), 'line')} between"
    if len(shown) < len(between):
        name += f": the {len(shown)} largest; the rest is in the Parquet tables"
    plain = [c._replace(term="") for c in columns]
    body = table("Lines between", plain, [_line_row(r, scale, bar=False) for r in shown], css="lines", at="more")
    return f"<details><summary>{name}</summary>{body}</details>"


def quality_section(report: RiskReport) -> str:
    """Failures first, then notes by reason; never absent: an empty list is a finding too."""
    failures, notes = _by_reason(report.failures), _merged(report.quality)
    title = titles.quality(len(report.failures), len(notes))
    if not failures and not notes:
        return section("data", title, "", '<div class="empty" role="note">No quote was dropped, repaired or flagged, '
                                          "and every line of the book was read and valued.</div>")
    columns = [Column("Result", css="l st-h"), Column("Reason", css="l"), Column("Found", css="l"),
               Column("Concerns", css="l"), Column("Treatment", css="l")]
    body = [_failure_row(f) for f in failures] + [_note_row(n) for n in notes]
    under = "What is missing is a named failure on the accounts that need it. It is never replaced by zero."
    return section("data", title, under, table("Data quality", columns, body, css="qual"), css="qual")


def _by_reason(failures: Sequence[Failure]) -> list[list[Failure]]:
    """Failures of one reason and remedy together; those that leave accounts unknown first, then the most frequent."""
    groups: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        groups.setdefault((failure.reason, failure.remedy), []).append(failure)
    return sorted(groups.values(), key=lambda g: (not any(f.accounts for f in g), -len(g), g[0].reason))


def _failure_row(group: Sequence[Failure]) -> str:
    first = group[0]
    accounts = sorted({a for f in group for a in f.accounts})
    found = _found_alike(group) if len({(f.found, f.wanted) for f in group}) == 1 else _found_each(group)
    touched = f"{words.joined(accounts)}: not assessed, every total partial" if accounts else "No account’s numbers"
    count = f" × {len(group):,}" if len(group) > 1 else ""
    return row([cell(status("unknown", "Failure"), "l st-h"), row_head(words.capital(first.reason) + count, css="l w"),
                cell(found, "l w"), cell(text(touched), "l w dim2"),
                cell(text(words.capital(first.remedy)) or words.DASH, "l w dim2")])


def _found_alike(group: Sequence[Failure]) -> str:
    """The same finding in several places: said once."""
    places = ", ".join(mono(f.where) for f in group[:EXAMPLES])
    return f"{places}{_more(group)}{_finding(group[0])}"


def _found_each(group: Sequence[Failure]) -> str:
    return "; ".join(f"{mono(f.where)}{_finding(f)}" for f in group[:EXAMPLES]) + _more(group)


def _more(group: Sequence[Failure]) -> str:
    return f" and {len(group) - EXAMPLES:,} more" if len(group) > EXAMPLES else ""


def _finding(failure: Failure) -> str:
    said = [f"{verb} {text(what)}" for verb, what in (("found", failure.found), ("wanted", failure.wanted)) if what]
    return f": {', '.join(said)}" if said else ""


def _merged(quality: Sequence[QualityEntry]) -> list[QualityEntry]:
    """One note a source, reason and treatment: dropped before repaired before flagged, then the most frequent."""
    order = {"dropped": 0, "repaired": 1, "flagged": 2}
    merged: dict[tuple[str, str, str], QualityEntry] = {}
    for e in quality:
        key = (e.source, e.reason, e.treatment)
        old = merged.get(key)
        merged[key] = e if old is None else QualityEntry(*key, old.count + e.count, old.examples + e.examples)
    return sorted(merged.values(), key=lambda e: (order.get(e.treatment, 3), -e.count, e.reason, e.source))


def _note_row(e: QualityEntry) -> str:
    shown = e.examples[: EXAMPLES if all(len(x) <= LONG_EXAMPLE for x in e.examples[:EXAMPLES]) else 1]
    examples = f": {', '.join(mono(x) for x in shown)}" if shown else ""
    etc = words.ELLIPSIS if shown and e.count > len(shown) else ""
    key = "warning" if e.treatment in {"dropped", "repaired"} else "healthy"
    return row([cell(status(key, "Note"), "l st-h"), row_head(words.capital(e.reason), css="l w"),
                cell(f"{words.count(e.count, 'case')}{examples}{etc}", "l w"), cell(text(e.source), "l w dim2"),
                cell(text(words.capital(e.treatment)), "l w dim2")])


def proof_section(report: RiskReport) -> str:
    """The report's own hash and every input's, in full."""
    columns = [Column("Identity", css="l"), Column("SHA-256", css="l"), Column("Covers", css="l")]
    rows = [_proof_row("report", report.report_id, "everything on this page, in order")]
    rows += [_proof_row(p.name, p.digest, p.covers) for p in report.proofs]
    under = "SHA-256 over canonical bytes: the same book, market, rules and version give the same report, to the digit."
    return section("proof", titles.proof(len(rows)), under, table("Proof", columns, rows, css="prf"))


def _proof_row(name: str, digest: str, covers: str) -> str:
    return row([f'<th scope="row" class="l mono">{text(name)}</th>', cell(text(digest), "l mono w brk"),
                cell(text(covers), "l w dim2")])
