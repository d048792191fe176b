"""What must stand behind it? The page of margin: accounts by model, where they differ, from where, what if."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from seawall import words
from seawall.model.margin_report import MarginPart, MarginReport
from seawall.report import margin_titles
from seawall.report.margin_accounts_page import accounts, compared
from seawall.report.margin_changes_page import changes, exits, ladder, rehearsals
from seawall.report.margin_distance_page import distances
from seawall.report.margin_house_page import collateral, ruin
from seawall.report.margin_waterfall import explained
from seawall.report.markup import Column, cell, row, row_head, section, table, text
from seawall.report.survival import unit_name
from seawall.report.tail_shell import Part as Shown
from seawall.report.tail_shell import Tile, notes_section, shell
from seawall.words import Unit

DIFFERENCES, NOTES = 24, 24
CONVENTION = ("Requirements: loss is positive. Equity is what each model counts as owned; excess is equity less the "
              "initial requirement.")


def render_margin(report: MarginReport) -> str:
    """The whole page."""
    unit = words.unit_for([a.initial for a in report.accounts])
    parts = _by_account(report)
    return shell(report, "margin", margin_titles.margin(report), _tiles(report, unit), (
        Shown("compared", "Models side by side", compared(report, unit)),
        Shown("accounts", "Accounts", accounts(report, unit)),
        Shown("differ", "Where models differ", _disagreements(report, unit)),
        Shown("why", "From where", explained(report, parts, unit)), Shown("ladder", "Ladder", ladder(report, unit)),
        Shown("ruin", "Ruin", ruin(report, unit)), Shown("collateral", "Collateral", collateral(report, unit)),
        Shown("changes", "What if", changes(report, unit)), Shown("rehearsal", "Rehearsal", rehearsals(report, unit)),
        Shown("distance", "Distance", distances(report)), Shown("exits", "Way back", exits(report)),
        Shown("models", "Models", _models(report, unit)), Shown("notes", "Missing", _notes(report)),
    ), convention=CONVENTION)


def _by_account(report: MarginReport) -> dict[tuple[str, str], list[MarginPart]]:
    found: dict[tuple[str, str], list[MarginPart]] = {}
    for part in report.parts:
        found.setdefault((part.account, part.model), []).append(part)
    return found


def _tiles(report: MarginReport, unit: Unit) -> list[Tile]:
    totals = sorted((m.initial, m.name) for m in report.models if m.initial is not None)
    (least, low), (most, high) = (totals[0], totals[-1]) if totals else ((None, ""), (None, ""))
    below = {a.account for a in report.accounts if a.status in margin_titles.BELOW}
    used = max((a for a in report.accounts if a.usage is not None), key=lambda a: a.usage or 0.0, default=None)
    unknown = {a.account for a in report.accounts if a.status == "unknown"}
    of = f"of {report.head.accounts:,}"
    return [
        Tile("initial", "Initial margin", words.money(most, unit), unit.symbol,
             text(f"of all accounts it takes, by {high}") if high else ""),
        Tile("least", "By the least", words.money(least, unit), unit.symbol, text(f"by {low}") if low else ""),
        Tile("margin-equity", "Equity", words.money(report.head.equity, unit), unit.symbol,
             "of the whole book, at the marks"),
        Tile("below", "Below maintenance", f"{len(below):,}", of, "under some model"),
        Tile("most-used", "Most in use", words.percent(used.usage if used else None, 0), "",
             text(f"{used.account}, {used.model}") if used else ""),
        Tile("unknown", "Not assessed", f"{len(unknown):,}", of, "under some model"),
    ]


def _disagreements(report: MarginReport, unit: Unit) -> str:
    if not report.disagreements:
        return ""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Account", css="l"), Column("Asks most", css="l"), Column("", money),
               Column("Asks least", css="l"), Column("", money), Column("Times"), Column("Why", css="l")]
    rows = [row([row_head(d.account), cell(text(d.high), "l"), cell(words.money(d.highest, unit), "b"),
                 cell(text(d.low), "l"), cell(words.money(d.lowest, unit)),
                 cell(words.multiple(d.highest / d.lowest, 1) if d.lowest > 0 else words.DASH),
                 cell(text(words.capital(d.why)), "l w dim2")]) for d in report.disagreements[:DIFFERENCES]]
    more = len(report.disagreements) - DIFFERENCES
    under = "Widest first. Shares are of the gap between the two, by the lines that make it."
    under += f" {words.capital(words.counted(more, 'account'))} closer together are in the JSON." if more > 0 else ""
    title = f"Models differ most on {margin_titles.differs(report.disagreements[0])}"
    return section("differ", title, under, table("Where models differ", columns, rows))


def _models(report: MarginReport, unit: Unit) -> str:
    """Every model with its grade and numbers; sources, gaps, assumptions and readings fold away."""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Model", css="l"), Column("Grade", css="l"), Column("In force since", css="l"),
               Column("Initial", money), Column("Maintenance", money), Column("Below", "accounts"),
               Column("Not assessed", "accounts"), Column("Assumes, for want of data", css="l")]
    rows = [row([row_head(m.name, m.title, "l w"), cell(text(m.grade), "l b"), cell(words.day(m.effective_from), "l"),
                 cell(words.money(m.initial, unit)), cell(words.money(m.maintenance, unit)),
                 cell(f"{m.liquidatable:,}"), cell(f"{m.unknown:,}"),
                 cell(text(", ".join(m.assumed)) or words.DASH, "l w dim2")]) for m in report.models]
    under = ("Exact: gives published cases again. Documented: follows published rules. Approximate: not all of them. "
             "The grade goes with every number that a model gives.")
    more = "".join(_known(m.name, (("Source", m.sources), ("What this file has not", m.missing),
                                   ("Readings", m.readings))) for m in report.models)
    return section("models", "By which rules, and how sure", under, table("Models", columns, rows) + more)


def _known(name: str, told: Sequence[tuple[str, Sequence[str]]]) -> str:
    items = "".join(f"<dt>{head}</dt>" + "".join(f"<dd>{text(line)}</dd>" for line in lines)
                    for head, lines in told if lines)
    summary = f"<summary>{text(name)}: source, gaps and readings</summary>"
    return f'<details>{summary}<dl class="src">{items}</dl></details>' if items else ""


def _notes(report: MarginReport) -> str:
    """What was left out; of very many the first."""
    head, more = report.head, len(report.head.failures) - NOTES
    notes = [*([f"{more:,} more accounts or rows, in the JSON"] if more > 0 else []), *report.notes]
    return notes_section(msgspec.structs.replace(head, failures=head.failures[:NOTES]), notes)
