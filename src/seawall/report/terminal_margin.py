"""What does the terminal show of margin? Verdict, every account under every model, where they disagree, and what if."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleRenderable, Group
from rich.padding import Padding
from rich.text import Text

from seawall import words
from seawall.model.identity import content_id
from seawall.model.margin import MarginModel
from seawall.model.margin_report import AccountMargin, MarginPart, MarginReport, ModelTold
from seawall.report import margin_titles
from seawall.report.margin_matrix import Matrix, matrix
from seawall.report.terminal_margin_changes import asked
from seawall.report.terminal_margin_table import STYLE, bold, columns, dim, labelled, state, told
from seawall.words import Unit

ACCOUNTS, MATRIX, PARTS, DISAGREEMENTS, NOTES, ASSUMED = 24, 24, 6, 6, 12, 2
NAME_WIDTH, LAST_WIDTH, GAP, LEAST_CELL, NARROW = 14, 12, 2, 9, 122


def show_margin(report: MarginReport, console: Console) -> None:
    """Prints the whole answer."""
    unit = words.unit_for([a.initial for a in report.accounts])
    narrow = console.width < NARROW
    blocks = (_verdict(report), _models(report, unit), *_matrix(report, unit, console.width),
              _accounts(report, unit, narrow=narrow), _disagreements(report), *_explained(report, unit),
              *asked(report, unit), _notes(report), _foot(report))
    for block in blocks:
        if block is not None:
            console.print(Padding(block, (0, 0, 1, 0)))


def show_models(models: Sequence[MarginModel], console: Console) -> None:
    """Prints the models there are: grade, since when, what each is; of one alone also source, gaps and readings."""
    if len(models) == 1:
        console.print(_model(models[0]))
        return
    rows = columns("Model", "Grade", "Since", "", "Gaps", left=(0, 1, 2, 3))
    for model in models:
        rows.add_row(bold(model.name), model.grade, model.effective_from.isoformat(), model.title,
                     str(len(model.missing)) if model.missing else words.DASH)
    grades = "Exact: gives published cases again. Documented: follows published rules. Approximate: not all of them."
    console.print(Padding(rows, (0, 0, 1, 0)))
    console.print(dim(f"{grades} Sources, gaps and parameters of one: seawall models NAME"))


def _model(model: MarginModel) -> ConsoleRenderable:
    switches = [f"{name} = {s.value:g} of {', '.join(f'{o:g}' for o in s.options)}: {s.note}"
                for name, s in sorted(model.switches.items())]
    numbers = [f"{name} = {value:.10g}" for name, value in model.parameters.items()]
    head = Text.assemble((model.name, "bold"), f"  {model.grade}, since {model.effective_from.isoformat()}")
    blocks = [("Source", model.sources), ("Lacks", model.missing), ("Readings", switches),
              ("Parameters", [", ".join(numbers)] if numbers else [])]
    return Group(head, Text(model.title), *(labelled(name, lines) for name, lines in blocks if lines))


def _verdict(report: MarginReport) -> ConsoleRenderable:
    head, said = report.head, margin_titles.margin(report)
    level = words.LEVEL[said.status]
    mark = Text(f"{words.SHAPE[level]} {words.VERDICT[said.status]}", style=STYLE[level] or "bold")
    title = Text.assemble((head.title, "bold"), f"  as of {words.moment(head.as_of)}  ",
                          (f"{words.count(head.lines, 'line')}, {words.count(head.accounts, 'account')}", "dim"))
    return Group(title, Text(), labelled(mark, [Text.assemble((f"{said.sentence}.", "bold"), " ", said.lede)]))


def _models(report: MarginReport, unit: Unit) -> ConsoleRenderable:
    rows = columns(f"Model, {report.head.currency} {unit.symbol}".strip(), "Grade", "Initial", "Maintenance", "Below",
                   "Not assessed", "Gaps", "Assumes", left=(0, 1, 7))
    for m in report.models:
        rows.add_row(bold(m.name), m.grade, words.money(m.initial, unit), words.money(m.maintenance, unit),
                     Text(str(m.liquidatable), style=STYLE["bad"] if m.liquidatable else ""),
                     Text(str(m.unknown), style=STYLE["na"] if m.unknown else ""), str(len(m.missing)),
                     dim(_few(m.assumed)))
    return rows


def _few(names: Sequence[str]) -> str:
    return margin_titles.some(names, ASSUMED if len(names) <= ASSUMED else 1) if names else words.DASH


def _matrix(report: MarginReport, unit: Unit, width: int) -> list[ConsoleRenderable]:
    """Initial requirement by account and model, as many models beside one another as the screen takes."""
    found = matrix(report)
    if len(found.models) < 2 or len(found.accounts) < 2:
        return []
    blocks, start = [], 0
    first = max(NAME_WIDTH, *(len(account) for account in found.accounts[:MATRIX])) + GAP + LAST_WIDTH
    while start < len(found.models):
        stop, used = start, first
        while stop < len(found.models) and (stop == start or used + _wide(found.models[stop]) <= width):
            used, stop = used + _wide(found.models[stop]), stop + 1
        blocks.append(range(start, stop))
        start = stop
    return [_block(found, shown, unit, last=shown.stop == len(found.models)) for shown in blocks]


def _wide(model: ModelTold) -> int:
    return max(len(model.name), len(model.grade), LEAST_CELL) + GAP


def _block(found: Matrix, shown: range, unit: Unit, *, last: bool) -> ConsoleRenderable:
    rows = columns("Initial", *(found.models[m].name for m in shown), *(["Most / least"] if last else []))
    rows.add_row("", *(dim(found.models[m].grade) for m in shown))
    for account, cells in list(zip(found.accounts, found.cells, strict=True))[:MATRIX]:
        ratio = [words.multiple(found.spread(cells), 1)] if last else []
        rows.add_row(account, *(_cell(cells[m], unit) for m in shown), *ratio)
    more = len(found.accounts) - MATRIX
    if more > 0:
        rest = [found.total(m, MATRIX) for m in shown]
        rows.add_row(dim(f"{more:,} more"), *(words.money(r, unit) for r in rest))
    rows.add_row(bold("All assessed"), *(bold(words.money(found.models[m].initial, unit)) for m in shown))
    return rows


def _cell(a: AccountMargin | None, unit: Unit) -> Text:
    if a is None or a.initial is None:
        return Text(f"{words.SHAPE['na']} {words.DASH}", style=STYLE["na"])
    level = words.LEVEL[a.status]
    mark = "" if level == "ok" else f"{words.SHAPE[level]} "
    return Text(f"{mark}{words.money(a.initial, unit)}", style=STYLE[level])


def _accounts(report: MarginReport, unit: Unit, *, narrow: bool) -> ConsoleRenderable:
    """Every account under every model; of many, those that are not well first, then the most used. narrow: equity,
    which is excess and requirement together, stays out."""
    named = margin_titles.account_named(report)
    chosen = [a for a in report.accounts if not named or a.account == named]
    orders = any(a.orders is not None for a in chosen)
    heads = ["Account", "Model", *([] if narrow else ["Equity"]), "Initial", "Maintenance", "Used", "Excess",
             *(["Orders"] if orders else []), "State", "Binding scenario"]
    rows = columns(*heads, left=(0, 1, len(heads) - 2, len(heads) - 1), kept=(0, 1, len(heads) - 2))
    for a in chosen[:ACCOUNTS]:
        cells: list[str | Text] = [
            a.account, a.model, *([] if narrow else [words.money(a.equity, unit)]),
            bold(words.money(a.initial, unit)), words.money(a.maintenance, unit), words.percent(a.usage, 0),
            words.money(a.excess, unit, sign=True),
        ]
        cells += [words.money(a.orders, unit)] if orders else []
        rows.add_row(*cells, state(a.status, margin_titles.state(a)), dim(a.reason or a.scenario))
    more = len(chosen) - ACCOUNTS
    return rows if more <= 0 else Group(rows, dim(f"{more:,} more, less in use, on the page and in the JSON"))


def _disagreements(report: MarginReport) -> ConsoleRenderable | None:
    named = margin_titles.account_named(report)
    chosen = [d for d in report.disagreements if not named or d.account == named]
    if not chosen:
        return None
    return labelled("Models differ most", [Text.assemble((f"{margin_titles.differs(d)}. ", ""),
                                                         (f"{words.capital(told(d.why))}.", "dim"))
                                           for d in chosen[:DISAGREEMENTS]])


def _explained(report: MarginReport, unit: Unit) -> list[ConsoleRenderable]:
    """The asked account's requirement by term and scenario, and its largest lines, under each model."""
    named = margin_titles.account_named(report)
    blocks: list[ConsoleRenderable] = []
    for a in sorted((a for a in report.accounts if a.account == named), key=lambda a: -(a.initial or 0.0)):
        mine = [p for p in report.parts if (p.account, p.model) == (a.account, a.model)]
        if mine:
            sentence = Text(f"{told(margin_titles.explained(a, mine))}.", style="bold")
            blocks.append(Group(sentence, _parts(mine, unit)))
    return blocks


def _parts(parts: Sequence[MarginPart], unit: Unit) -> ConsoleRenderable:
    rows = columns("Term", "Scenario", "Row", "Line", "Quantity", "Adds", left=(0, 1, 2, 3))
    ranked = sorted(parts, key=lambda p: -abs(p.amount))
    for p in ranked[:PARTS]:
        rows.add_row(p.term + (" (share)" if p.chord else ""), dim(p.scenario), p.row, p.line,
                     words.number(p.quantity, 2), words.money(p.amount, unit, sign=True))
    rest = ranked[PARTS:]
    if rest:
        rows.add_row(dim(f"{len(rest):,} others"), "", "", "", "",
                     words.money(sum(p.amount for p in rest), unit, sign=True))
    rows.add_row("", "", "", bold("Initial requirement"), "", bold(words.money(sum(p.amount for p in parts), unit)))
    return rows


def _notes(report: MarginReport) -> ConsoleRenderable | None:
    lines = [*(str(f) for f in report.head.failures), *report.notes]
    more = len(lines) - NOTES
    shown = [*lines[:NOTES], *([f"and {more:,} more, on the page and in the JSON"] if more > 0 else [])]
    gaps = [m.name for m in report.models if m.missing or m.readings]
    if gaps:
        shown.append(f"Gaps, readings and sources of {words.joined(gaps)}: on the page, in the JSON, and by "
                     "seawall models NAME")
    return labelled("Notes", shown) if shown else None


def _foot(report: MarginReport) -> ConsoleRenderable:
    digest = words.hash_short(content_id("answer", report))
    share = " (share): adds up, but is not what one more unit costs." if any(p.chord for p in report.parts) else ""
    return labelled("Proof", [f"{report.schema}  {digest}", "Requirements: loss is positive. Used: maintenance of "
                              f"equity, as the model counts it.{share}"])
