"""From where does a requirement come? A model's contributions by term, scenario, row and line, as rows that add up."""

from __future__ import annotations

import numpy as np

from seawall.margin.holdings import Holdings
from seawall.margin.plan import Contributions, Plan
from seawall.margin.scan import PlannedScan
from seawall.model.arrays import Floats, Texts
from seawall.model.margin import ACCOUNT, LINE
from seawall.model.margin_report import MarginPart

LEAST = 1e-9  # of an account's parts: smaller ones are told together with the rest of their term


class RowNames:
    """What each line's first netting row is called in each term."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def of(self, term: str) -> Texts:
        """(L) the row's values of the keys that the term nets by first."""
        planned = self._plan.terms[term]
        keys = planned.steps[0].target.keys if isinstance(planned, PlannedScan) else planned.rows.keys
        columns = [self._values(key) for key in keys if key not in (ACCOUNT, LINE)]
        out = np.full(len(self._plan.lines), "", dtype=object)
        for values in columns:
            out = np.array([f"{a} {b}".strip() for a, b in zip(out, values, strict=True)], dtype=object)
        return out

    def _values(self, key: str) -> Texts:
        frame, place = self._plan.bound.frame, self._plan.lines.instrument
        if key in frame.columns.labels:
            return np.asarray(frame.columns.labels[key][place], dtype=object)
        return np.array([f"{value:g}" for value in frame.number(key)[place]], dtype=object)


def line_parts(
    model: str, plan: Plan, found: Contributions, held: Holdings, names: RowNames, *, wanted: set[str], singly: bool
) -> list[MarginPart]:
    """Parts of the wanted accounts, line by line or row by row."""
    out = []
    account = np.array(held.accounts, dtype=object)[plan.lines.account]
    chosen = np.isin(account, sorted(wanted))
    for term, amounts in found.lines.items():
        at = np.flatnonzero(chosen & (amounts != 0.0))
        if not len(at):
            continue
        rows, scenario, chord = names.of(term), line_scenarios(plan, found, term), term in found.chords
        keys = [(account[n], scenario[n], rows[n], held.names[n] if singly else "") for n in at]
        sums: dict[tuple[str, str, str, str], list[float]] = {}
        for key, n in zip(keys, at, strict=True):
            total = sums.setdefault(key, [0.0, 0.0])
            total[0] += float(amounts[n])
            total[1] += float(held.quantity[n])
        out += [MarginPart(who, model, term, told, row, line, quantity if singly else None, amount, chord)
                for (who, told, row, line), (amount, quantity) in sums.items()]
    return out


def line_scenarios(plan: Plan, found: Contributions, term: str) -> Texts:
    """(L) the scenario that binds in the term's row of each line; empty where it has none, or only one."""
    told = found.scenario.get(term)
    if told is None or len(plan.terms[term].labels) < 2:
        return np.full(len(plan.lines), "", dtype=object)
    return np.array(told, dtype=object)[plan.terms[term].rows.of_line]


def scenario_told(plan: Plan, found: Contributions, held: Holdings) -> list[str]:
    """(A) per account the scenario that binds in its largest scanned part; with the rows that it binds in, if many."""
    best: Floats = np.zeros(len(held.accounts))
    out = [""] * len(held.accounts)
    for term, amounts in found.lines.items():
        if len(plan.terms[term].labels) < 2:
            continue
        total = np.bincount(plan.lines.account, np.nan_to_num(amounts), len(held.accounts))
        scenario = line_scenarios(plan, found, term)
        for a in np.flatnonzero(total > best):
            mine = np.flatnonzero(plan.lines.account == a)
            parts: dict[str, float] = {}
            for n in mine:
                parts[str(scenario[n])] = parts.get(str(scenario[n]), 0.0) + float(np.nan_to_num(amounts[n]))
            best[a], out[a] = total[a], max(parts, key=lambda name: (parts[name], name))
    return out
