"""What did we find between two runs? Titles, each a claim made by a rule on the numbers; neutral where none holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seawall import words
from seawall.measures.pnl_explain import TERMS
from seawall.model.changes import ChangeReport, ComponentChange, PnlRow, RiskChange, Step
from seawall.words import percent, short

TERM_NAMES: Mapping[str, str] = {name: name for name in TERMS} | {"rate": "rates"}
MEASURES: Mapping[str, str] = {"VaR": "value at risk", "ES": "expected shortfall"}
PART_NAMES: Mapping[str, str] = {**TERM_NAMES, "trades": "new trades", "settled": "what expired",
                                 "unexplained": "what no Greek explains"}
DECISIVE = 0.1  # of the larger of two numbers: from there on a difference is worth a claim


def headline(found: ChangeReport) -> str:
    """The whole comparison in one sentence: the P&L, and the shortfall with its largest cause."""
    since = f"Since {words.moment(found.before.as_of)} " if found.days else "At the same moment "
    change = next((c for c in found.risk if c.measure == "ES"), None)
    tail = "" if change is None else f"; {risk(change)[:1].lower()}{risk(change)[1:]}"
    return f"{since}the book {_gained(found.total.pnl)}{tail}"


def pnl(row: PnlRow) -> str:
    """What earned most and what cost most."""
    parts = sorted(((name, getattr(row, name)) for name in PART_NAMES), key=lambda part: part[1])
    worst, best = parts[0], parts[-1]
    if not best[1] > 0 and not worst[1] < 0:
        return "No P&L: nothing moved and nothing was traded"
    earned = f"{PART_NAMES[best[0]]} earned {short(best[1])}" if best[1] > 0 else ""
    cost = f"{PART_NAMES[worst[0]]} cost {short(-worst[1])}" if worst[1] < 0 else ""
    return words.capital(", ".join(part for part in (earned, cost) if part))


def explained(row: PnlRow) -> str:
    """Whether the Greeks suffice."""
    if not row.gross:
        return "Nothing that was held moved"
    share = row.doubt / row.gross
    if row.flagged:
        return f"The Greeks do not explain it: {short(row.doubt)} is left, {percent(share, 0)} of what they moved"
    return f"The Greeks explain all but {short(row.doubt)}, {percent(share)} of what they moved"


def risk(change: RiskChange) -> str:
    """Rise or fall, and the cause that moved it most."""
    moved, name = change.after - change.before, words.capital(MEASURES[change.measure])
    if not any(step.change for step in change.steps):
        return f"{name} stands at {short(change.after)}, as before"
    largest = max(change.steps, key=lambda step: abs(step.change))
    verb = "added" if largest.change > 0 else "took off"
    cause = f"{largest.name} {verb} {short(abs(largest.change))}"
    if abs(moved) < DECISIVE / 10 * max(abs(change.before), abs(change.after)):
        return f"{name} hardly moved, at {short(change.after)}, though {cause}"
    return f"{name} {'rose' if moved > 0 else 'fell'} by {short(abs(moved))} to {short(change.after)}: {cause}"


def order(change: RiskChange) -> str:
    """How much the order of the causes decides."""
    widest = max(change.steps, key=_turned)
    if _turned(widest) <= DECISIVE * max(abs(change.before), abs(change.after)):
        return "Order matters little" if _turned(widest) else "Order does not matter"
    return f"Order matters: turned around, {widest.name} would be told {short(widest.reverse, sign=True)}"


def components(rows: Sequence[ComponentChange]) -> str:
    """Whose part of the shortfall grew and shrank most."""
    moved = [(row.after - row.before, row) for row in rows if row.after != row.before]
    if not moved:
        return "Every part of the shortfall stands as before"
    grown, shrunk = max(moved, key=lambda m: m[0]), min(moved, key=lambda m: m[0])
    more = f"{grown[1].key} brings {short(grown[0])} more of the shortfall"
    if shrunk[0] >= -DECISIVE * grown[0]:
        return more
    if grown[0] <= 0:
        return f"{shrunk[1].key} brings {short(-shrunk[0])} less of the shortfall"
    return f"{more}, {shrunk[1].key} {short(-shrunk[0])} less"


def _turned(step: Step) -> float:
    return abs(step.change - step.reverse)


def _gained(amount: float) -> str:
    if not amount:
        return "gained nothing and lost nothing"
    return f"{'gained' if amount > 0 else 'lost'} {short(abs(amount))}"
