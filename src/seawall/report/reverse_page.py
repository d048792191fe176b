"""What would it take? The page of reverse stress: the mildest joint moves, their distances and chances, in words."""

from __future__ import annotations

from collections.abc import Sequence

from seawall import words
from seawall.model.tail_report import ReverseReport, ReverseRow
from seawall.report import tail_charts, tail_titles
from seawall.report.markup import Column, cell, row, row_head, section, status, table, text
from seawall.report.survival import unit_name
from seawall.report.tail_shell import Part as Shown
from seawall.report.tail_shell import Tile, notes_section, shell
from seawall.words import Unit

GOALS = {"equity": "To zero equity", "scan": "To its scan", "loss": "To the loss asked for"}
ORDER, SAID = ("scan", "equity", "loss"), 6


def render_reverse(report: ReverseReport) -> str:
    """The whole page."""
    unit = words.unit_for(r.target for r in report.rows)
    goals = dict.fromkeys(r.goal for r in report.rows)
    parts = [Shown(goal, GOALS[goal], _goal(report, goal, unit)) for goal in ORDER if goal in goals]
    reached = [r.sentence for r in report.rows if r.distance is not None and r.distance > 0]
    said = [*tail_titles.already(report.rows), *reached][:SAID]
    words_part = Shown("words", "In words", _sentences(said or [r.sentence for r in report.rows[:1]]))
    return shell(report, "reverse stress", tail_titles.reverse(report), _tiles(report, unit),
                 (words_part, *parts, Shown("notes", "Missing", notes_section(report.head, report.notes))))


def _sentences(said: Sequence[str]) -> str:
    body = "".join(f'<p class="say">{text(sentence)}</p>' for sentence in said)
    under = "The nearest first; found by full revaluation, so distances are upper bounds."
    return section("words", "What it would take, in words", under, body) if said else ""


def _tiles(report: ReverseReport, unit: Unit) -> list[Tile]:
    first = report.rows[0] if report.rows else None
    scopes = {r.scope for r in report.rows}
    reached = [r for r in report.rows if r.distance is not None]
    near = {r.scope for r in reached if (r.distance or 0.0) < tail_titles.NEAR}
    limit = report.rows[0].searched_to if report.rows else 0.0
    distance = first.distance if first else None
    return [
        Tile("ruin", "Nearest", words.number(distance, 1), "deviations", text(first.scope) if first else ""),
        Tile("odds", "Chance", _chance(first) if first and distance else words.DASH, "",
             "in that one direction"),
        Tile("mildest", "The move", text(first.moves[0]) if first and first.moves else words.DASH, "",
             text(", ".join(first.moves[1:3])) if first else ""),
        Tile("reach", "Loss there", words.money(first.target if first and distance != 0 else None, unit), unit.symbol,
             GOALS[first.goal].lower() if first else ""),
        Tile("distance", f"Within {tail_titles.NEAR:g}", f"{len(near)}", f"of {len(scopes)}", "deviations of today"),
        Tile("searched", "Out of reach", f"{len(scopes) - len({r.scope for r in reached})}", f"of {len(scopes)}",
             f"up to {words.number(limit, 0)} deviations"),
    ]


def _chance(r: ReverseRow) -> str:
    return words.DASH if r.chance <= 0 else f"1 in {words.number(round(1 / r.chance, -1 if r.chance < 0.01 else 0))}"


def _goal(report: ReverseReport, goal: str, unit: Unit) -> str:
    rows = [r for r in report.rows if r.goal == goal]
    money = unit_name(report.head.currency, unit)
    reach = max(r.searched_to for r in rows)
    columns = [Column("Account" if goal != "loss" else "Of", css="l"), Column("Loss to reach", money),
               Column("Distance", "deviations", term="distance"), Column(f"0 to {reach:g} deviations", css="l"),
               Column("Chance", "in that direction"), Column("Mildest move", css="l"), Column("State", css="l st-h")]
    under = (f"Joint moves over {words.days(report.horizon_days)}, {text(words.dated(report.assumption.rstrip('.')))}; "
             f"chances by a Student-t law of {words.number(report.degrees, 0)} degrees. The scan stays as it is now."
             if goal == "scan" else
             f"Joint moves over {words.days(report.horizon_days)}, every line fully revalued.")
    return section(goal, _title(rows, goal), under, table(GOALS[goal], columns, [_row(r, reach, unit) for r in rows]))


def _title(rows: Sequence[ReverseRow], goal: str) -> str:
    """How many are reached within the search."""
    if goal == "loss":
        return GOALS[goal]
    reached = [r for r in rows if r.distance is not None]
    what = "zero equity" if goal == "equity" else "their scan"
    if not reached:
        return f"No move up to {words.number(rows[0].searched_to, 0)} deviations takes an account to {what}"
    return f"{words.capital(words.counted(len(reached), 'account'))} of {words.in_words(len(rows))} can be taken to " \
           f"{what.replace('their', 'its') if len(reached) == 1 else what}"


def _row(r: ReverseRow, reach: float, unit: Unit) -> str:
    far = f"beyond {r.searched_to:g}" if r.distance is None else "now" if r.distance == 0 \
        else words.number(r.distance, 1)
    chance = f"below {_chance(r)}" if r.distance is None else words.DASH if r.distance == 0 else _chance(r)
    key, shown = _state(r)
    return row([row_head(r.scope), cell(words.money(max(r.target, 0.0), unit)), cell(far, "b"),
                cell(tail_charts.distance_bar(r, reach), "l"), cell(chance, "dim2"),
                cell(text(", ".join(r.moves)) or words.DASH, "l w dim2"), cell(status(key, shown), "l st-h")])


def _state(r: ReverseRow) -> tuple[str, str]:
    if r.distance == 0.0:
        return "bankrupt", "Lost now"
    if r.distance is not None and r.distance < tail_titles.NEAR:
        return "warning", "Near"
    return "healthy", "Far"
