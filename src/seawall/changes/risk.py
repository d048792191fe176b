"""What took the risk from one report to the other? The headline recomputed, cause after cause, in a stated order.

Each state is computed in full, so the differences telescope: they add up to the difference of the two recomputed
numbers exactly, and what this code computes otherwise than the code that saved them is a step of its own. The reverse
order is computed too: where the two disagree, two causes act together and no order is the right one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from seawall.changes.archive import Archive
from seawall.changes.between import Between, Mixed, Switched
from seawall.cube import hold, revalue
from seawall.errors import RiskError, TailTooThin
from seawall.measures.allocation import allocate
from seawall.measures.tail import expected_shortfall, value_at_risk
from seawall.model.changes import CODE, ComponentChange, RiskChange, Step
from seawall.model.report import Number, RiskReport
from seawall.model.results import Cube
from seawall.statement.numbers import key_text, known

Components = Mapping[str, Mapping[str, float]]


class Headline(NamedTuple):
    """VaR and ES of the whole book at the policy's two confidences, and component ES by dimension and key; loss > 0.

    None, and no components, where the tail is too thin. unvalued: instruments that have no value in this state.
    """

    risk: Number
    shortfall: Number
    components: Components
    unvalued: frozenset[str]


class Attribution(NamedTuple):
    """steps: names in order, the code's last. notes: what could not be computed, and where it went."""

    steps: tuple[str, ...]
    risk: tuple[RiskChange, ...]
    components: tuple[ComponentChange, ...]
    notes: tuple[str, ...]


class Walk(NamedTuple):
    """Headlines from the earlier run to the later, one more than there are steps; notes on what had none."""

    states: list[Headline]
    notes: list[str]


def attribute(between: Between, dimensions: Sequence[str], told: Mapping[str, str]) -> Attribution:
    """VaR, ES and component ES of both saved reports, and each cause's part. told: by step, what differed."""
    computed = _Computed(between, dimensions)
    forth = computed.walk(between.steps)
    back = computed.walk(between.steps[::-1])
    notes = (*between.notes, *dict.fromkeys((*forth.notes, *back.notes)))
    risk = [change for measure in ("VaR", "ES")
            if (change := _risk(between, measure, told, forth=forth.states, back=back.states)) is not None]
    components = _components(between, dimensions, forth.states)
    missing = () if len(risk) == 2 else ("VaR or ES is missing from a report: its change cannot be told",)
    return Attribution((*between.steps, CODE), tuple(risk), components, (*notes, *missing))


def headline(mixed: Mixed, dimensions: Sequence[str]) -> Headline:
    """The two numbers and their parts under one state's main rule."""
    policy, rule = mixed.policy, mixed.rule
    cube = revalue(mixed.book, mixed.market, rule)
    total = hold(mixed.book, cube, by=(), currency=policy.currency).pnl[0]
    unvalued = frozenset(i.instrument_id for i, valued in zip(cube.instruments, cube.valued, strict=True) if not valued)
    try:
        found = value_at_risk(total, policy.risk_confidence, weights=rule.weights, quantile=policy.quantile)
        risk = known(float(found))
    except TailTooThin:
        risk = None
    try:
        shortfall = known(float(expected_shortfall(total, policy.shortfall_confidence, weights=rule.weights)))
        parts = {name: _parts(mixed, cube, name) for name in dimensions}
    except TailTooThin:
        shortfall, parts = None, {}
    return Headline(risk, shortfall, parts, unvalued)


def _parts(mixed: Mixed, cube: Cube, dimension: str) -> Mapping[str, float]:
    held = hold(mixed.book, cube, by=dimension.split("/"), currency=mixed.policy.currency)
    found = allocate(held, mixed.policy.shortfall_confidence)
    return {key_text(key): float(part) for key, part in zip(found.keys, found.component, strict=True)}


class _Computed:
    """Headlines by the identity of their inputs: a cause that changes nothing costs nothing and is exactly zero."""

    def __init__(self, between: Between, dimensions: Sequence[str]) -> None:
        self.between, self.dimensions = between, dimensions
        self.found: dict[tuple[str, ...], Headline] = {}

    def walk(self, order: Sequence[str]) -> Walk:
        """State after state; one that has no headline keeps the last one's, and is noted."""
        states, notes, switched = [self._at(frozenset())], [], frozenset[str]()
        for step in order:
            switched = switched | {step}
            try:
                found = self._at(switched)
            except RiskError as error:
                notes.append(f"after {step} nothing could be computed, its part is in the next: {error}")
                found = states[-1]
            states.append(found)
        return Walk(states, notes)

    def _at(self, switched: Switched) -> Headline:
        mixed = self.between.at(switched)
        key = (mixed.book.book_id, mixed.market.market_id, mixed.rule.rule_id, mixed.policy.policy_id)
        if key not in self.found:
            self.found[key] = headline(mixed, self.dimensions)
        return self.found[key]


def _risk(
    between: Between, measure: str, told: Mapping[str, str], *, forth: Sequence[Headline], back: Sequence[Headline]
) -> RiskChange | None:
    before, after = (saved(run.report, measure) for run in (between.before, between.after))
    numbers = [[_number(state, measure) for state in states] for states in (forth, back)]
    if before is None or after is None or any(n is None for row in numbers for n in row):
        return None
    there, again = (_differences(row) for row in numbers)
    code = _code(before, after, numbers[0])
    steps = [Step(name, told.get(name, ""), change, reverse)
             for name, change, reverse in zip(between.steps, there, again[::-1], strict=True)]
    first, last = (_confidence(run, measure) for run in (between.before, between.after))
    return RiskChange(measure, first, last, before, after, (*steps, Step(CODE, told.get(CODE, ""), code, code)))


def _components(
    between: Between, dimensions: Sequence[str], states: Sequence[Headline]
) -> tuple[ComponentChange, ...]:
    """Largest change first within each dimension; a key that a state does not have counts as zero there."""
    rows = []
    for name in dimensions:
        before, after = ({c.key: c.component for c in run.report.components if c.dimension == name}
                         for run in (between.before, between.after))
        walked = [state.components.get(name, {}) for state in states]
        keys = sorted({key for parts in (before, after, *walked) for key in parts})
        found = [_component(name, key, before, after, walked) for key in keys]
        rows += sorted(found, key=lambda c: (-abs(c.after - c.before), c.key))
    return tuple(rows)


def _component(
    name: str, key: str, before: Mapping[str, float], after: Mapping[str, float],
    walked: Sequence[Mapping[str, float]],
) -> ComponentChange:
    numbers: list[Number] = [parts.get(key, 0.0) for parts in walked]
    first, last = before.get(key, 0.0), after.get(key, 0.0)
    return ComponentChange(name, key, first, last, (*_differences(numbers), _code(first, last, numbers)))


def saved(report: RiskReport, measure: str) -> Number:
    """The headline's VaR or ES as the report has it."""
    confidence = report.risk_confidence if measure == "VaR" else report.shortfall_confidence
    row = next((t for t in report.tails if t.scenarios == report.main
                and math.isclose(t.confidence, confidence, abs_tol=1e-9)), None)
    if row is None:
        return None
    return row.value_at_risk if measure == "VaR" else row.expected_shortfall


def _number(state: Headline, measure: str) -> Number:
    return state.risk if measure == "VaR" else state.shortfall


def _confidence(run: Archive, measure: str) -> float:
    return run.policy.risk_confidence if measure == "VaR" else run.policy.shortfall_confidence


def _differences(numbers: Iterable[Number]) -> list[float]:
    row = [float(n or 0.0) for n in numbers]
    return [later - earlier for earlier, later in pairwise(row)]


def _code(before: float, after: float, numbers: Sequence[Number]) -> float:
    """What the saved numbers are off from this code's, at both ends."""
    return (float(numbers[0] or 0.0) - before) + (after - float(numbers[-1] or 0.0))
