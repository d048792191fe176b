"""What would it take? The mildest joint move that costs a given amount, or that takes an account to its end."""

from __future__ import annotations

import math

import numpy as np

from seawall.discovery.reverse import Reverse, distances_to_ruin, mildest_losses
from seawall.discovery.sentences import reverse_sentence
from seawall.errors import InputError
from seawall.inquiry.asked import Asked, Progress, moves_text, standing
from seawall.model.tail_report import ReverseReport, ReverseRow
from seawall.statement.numbers import key_text, known

LOSS, EQUITY, SCAN = "loss", "equity", "scan"
GOALS = (EQUITY, SCAN)
BOOK = "the book"


def reverse_report(asked: Asked, progress: Progress, *, loss: float | None = None) -> ReverseReport:
    """The answer: for a loss (reporting currency, > 0) of the whole book, else for every account to nothing and to
    where it no longer covers its scan; accounts that could not be assessed in full are left out, and said."""
    if loss is not None and not (loss > 0 and math.isfinite(loss)):
        raise InputError("--loss", found=loss, wanted="an amount of the reporting currency, more than 0",
                         remedy="such as 5e6")
    stands, view = standing(asked), asked.view
    progress("searching the mildest moves")
    rows, notes = [], []
    if loss is not None:
        rows = [_row(found, LOSS, asked.currency) for found in mildest_losses(view, np.array([loss]))]
    else:
        unknown = stands.accounts.unknown
        notes = [f"{name}: left out, it could not be assessed in full" for name in sorted(unknown)]
        both = ((EQUITY, distances_to_ruin(view)), (SCAN, distances_to_ruin(view, scan=stands.scan)))
        rows = [_row(found, goal, asked.currency) for goal, each in both for found in each
                if found.key[0] not in unknown]
    return ReverseReport(stands.head, tuple(sorted(rows, key=_nearest_first)), float(asked.days), view.space.degrees,
                         asked.plan.assumption, (*asked.plan.notes, *notes))


def _nearest_first(row: ReverseRow) -> tuple[float, str, str]:
    return (math.inf if row.distance is None else row.distance, row.goal, row.scope)


def _row(found: Reverse, goal: str, currency: str) -> ReverseRow:
    scope = key_text(found.key) if found.key else BOOK
    return ReverseRow(scope, goal, found.target, found.distance, found.searched_to, found.chance,
                      known(found.loss) if found.distance is not None else None, moves_text(found.move),
                      _sentence(found, goal, currency))


def _sentence(found: Reverse, goal: str, currency: str) -> str:
    """The finding's own words, with what the amount means."""
    if found.distance == 0.0 and goal != LOSS:
        return f"{key_text(found.key)} is {'insolvent' if goal == EQUITY else 'under its scan'} now."
    said = reverse_sentence(found, currency)
    head, amount, rest = said.partition(f" {currency}")
    meaning = {EQUITY: "all its equity", SCAN: "what its equity has over its scan", LOSS: ""}[goal]
    if not amount or not meaning:
        return said
    return f"{head}{amount}, {meaning}{'' if rest == '.' else ','}{rest}"
