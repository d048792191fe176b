"""From where does a requirement come? A model's contributions by term, scenario, row and line, as rows that add up."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

import numpy as np

from seawall.inquiry.margin_scenarios import ScenarioNames
from seawall.margin.holdings import Holdings
from seawall.margin.plan import Contributions, Plan
from seawall.margin.scan import PlannedScan
from seawall.model.arrays import Floats, Texts
from seawall.model.margin import ACCOUNT, LINE
from seawall.model.margin_report import MarginPart

EXPIRY = "expiry"


class Explained:
    """One model's parts over a book, with what rows and scenarios are called."""

    def __init__(self, model: str, plan: Plan, found: Contributions, held: Holdings) -> None:
        self.model, self.plan, self.found, self.held = model, plan, found, held
        self._scenarios = ScenarioNames(plan)
        self._named: dict[str, Texts] = {}

    def scenario(self, term: str) -> Texts:
        """(L) the scenario that binds in the term's row of each line; empty where it has none."""
        if term not in self._named:
            self._named[term] = self._scenarios.by_line(self.found, term)
        return self._named[term]

    def parts(self, wanted: Collection[str], *, singly: bool) -> list[MarginPart]:
        """Parts of the wanted accounts, line by line or row by row; they add up to each requirement."""
        out = []
        names = np.array(self.held.accounts, dtype=object)
        chosen = np.isin(self.plan.lines.account, [n for n, a in enumerate(self.held.accounts) if a in wanted])
        for term, amounts in self.found.lines.items():
            at = np.flatnonzero(chosen & (amounts != 0.0))
            if not len(at):
                continue
            rows, scenario, chord = self._rows(term), self.scenario(term), term in self.found.chords
            sums: dict[tuple[str, str, str, str], list[float]] = {}
            for n, who in zip(at, names[self.plan.lines.account[at]], strict=True):
                key = (who, scenario[n], rows[n], self.held.names[n] if singly else "")
                total = sums.setdefault(key, [0.0, 0.0])
                total[0] += float(amounts[n])
                total[1] += float(self.held.quantity[n])
            out += [MarginPart(who, self.model, term, told, row, line, quantity if singly else None, amount, chord)
                    for (who, told, row, line), (amount, quantity) in sums.items()]
        return out

    @cached_property
    def binding(self) -> list[str]:
        """(A) per account the scenario that binds in its largest scanned part."""
        accounts = len(self.held.accounts)
        best: Floats = np.zeros(accounts)
        out = [""] * accounts
        for term, amounts in self.found.lines.items():
            if len(self.plan.terms[term].labels) < 2:
                continue
            clean = np.nan_to_num(amounts)
            total = np.bincount(self.plan.lines.account, clean, accounts)
            sums: dict[int, dict[str, float]] = {}
            for a, name, amount in zip(self.plan.lines.account, self.scenario(term), clean, strict=True):
                if amount:
                    mine = sums.setdefault(int(a), {})
                    mine[name] = mine.get(name, 0.0) + float(amount)
            for a, parts in sums.items():
                if total[a] > best[a]:
                    best[a], out[a] = total[a], max(parts, key=lambda name: (parts[name], name))
        return out

    def _rows(self, term: str) -> Texts:
        """(L) the values of the keys that the term nets by first, each told once."""
        planned = self.plan.terms[term]
        keys = planned.steps[0].target.keys if isinstance(planned, PlannedScan) else planned.rows.keys
        columns = [self._values(key) for key in keys if key not in (ACCOUNT, LINE)]
        if not columns:
            return np.full(len(self.plan.lines), "", dtype=object)
        told = {row: " ".join(dict.fromkeys(filter(None, row))) for row in set(zip(*columns, strict=True))}
        return np.array([told[row] for row in zip(*columns, strict=True)], dtype=object)

    def _values(self, key: str) -> list[str]:
        """A label as it is, the day of an expiry, a number with its name, a mask as the name or nothing."""
        frame, place = self.plan.bound.frame, self.plan.lines.instrument
        if key in frame.columns.labels:
            found = [str(value) for value in frame.columns.labels[key][place]]
            return [value[:10] for value in found] if key == EXPIRY else found
        numbers = frame.number(key)[place]
        if key.startswith("is_"):
            return [key[3:] if value else "" for value in numbers]
        return [f"{key} {value:g}" for value in numbers]
