"""In what order? A model bound to a market, indexed over a book, evaluated for quantities, explained line by line.

Binding knows the market and serves every account; indexing knows which lines an account has, and serves every
quantity of them. What-if is evaluation at other quantities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.margin.decode import ordered
from seawall.margin.frame import Columns, Frame
from seawall.margin.rows import Lines, Netting
from seawall.margin.shock import Supplied
from seawall.margin.terms import Binding, BoundTerm, PlannedTerm, Share, term_kinds
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import MarginModel


@dataclass(frozen=True)
class Bound:
    """A model over one market's instruments: shared by all accounts.

    refused: instruments the model does not take, with why. assumed: columns that nothing supplied.
    """

    model: MarginModel
    frame: Frame
    order: tuple[str, ...]
    terms: Mapping[str, BoundTerm]
    refused: Mapping[int, str]
    assumed: tuple[str, ...]
    binding: Binding


@dataclass(frozen=True)
class Plan:
    """A bound model over one book's lines."""

    bound: Bound
    lines: Lines
    netting: Netting
    terms: Mapping[str, PlannedTerm]

    @property
    def results(self) -> tuple[str, ...]:
        """Terms told per account."""
        return self.bound.model.results


@dataclass(frozen=True)
class Contributions:
    """What one result is made of. lines: per term with lines of its own, currency (L) that each adds; all of them
    together add up to the result. scenario: per term, the label that binds in each of its rows, "" where none does.
    slopes (L): what one more unit of each line would add; of a chord, in proportion.
    chords: terms in which a cap, a deductible or a weight by size made a slope a chord: additive, but no marginal.
    """

    result: str
    lines: Mapping[str, Floats]
    scenario: Mapping[str, tuple[str, ...]]
    places: Mapping[str, Ints]
    chords: tuple[str, ...]
    weights: Mapping[str, Floats]
    slopes: Floats

    @property
    def by_line(self) -> Floats:
        """(L) currency that each line adds to the result."""
        return np.asarray(sum(self.lines.values()), dtype=np.float64)


def bind(model: MarginModel, columns: Columns, supplied: Mapping[str, Supplied] | None = None) -> Bound:
    """The model over a market's instrument columns. supplied: gains (I,S) under scenarios made elsewhere.

    Raises InputError for a column or scenario that the model names and no one has.
    """
    frame = Frame(model, columns)
    binding = Binding(model, frame, dict(supplied or {}))
    order = ordered(model.terms)
    kinds = term_kinds()
    terms = {name: kinds[model.terms[name].kind].bind(name, model.terms[name], binding) for name in order}
    return Bound(model, frame, order, terms, frame.refused(), tuple(sorted(frame.assumed)), binding)


def index(bound: Bound, lines: Lines) -> Plan:
    """The bound model over a book's lines. Raises InputError where a row's attributes are not of one piece."""
    if len(lines) and int(lines.instrument.max()) >= bound.frame.columns.count:
        raise ShapeMismatch("places of instruments", found=int(lines.instrument.max()),
                            wanted=f"below {bound.frame.columns.count}")
    netting = Netting(lines, bound.frame.codes())
    planned: dict[str, PlannedTerm] = {}
    for name in bound.order:
        planned[name] = bound.terms[name].index(netting, planned)
    return Plan(bound, lines, netting, planned)


def evaluate(plan: Plan, quantity: Floats) -> dict[str, Floats]:
    """Charge of every term, (N) of its own rows, loss > 0, model currency. quantity (L): long > 0."""
    if quantity.shape != (len(plan.lines),):
        raise ShapeMismatch("shape of quantity", found=quantity.shape, wanted=(len(plan.lines),))
    done: dict[str, Floats] = {}
    for name, term in plan.terms.items():
        done[name] = term.charge(quantity, done)
    return done


def explain(plan: Plan, quantity: Floats, result: str) -> Contributions:
    """Where a result comes from: term, scenario, row and line. Raises InputError for a name that is no term."""
    if result not in plan.terms:
        raise InputError("no such result", found=result, wanted="one of " + ", ".join(plan.terms))
    done = evaluate(plan, quantity)
    weights: dict[str, Floats] = {result: np.ones(len(plan.terms[result].rows))}
    lines: dict[str, Floats] = {}
    scenario: dict[str, tuple[str, ...]] = {}
    places: dict[str, Ints] = {}
    chords: list[str] = []
    slopes = np.zeros(len(plan.lines))
    for name in reversed(list(plan.terms)):
        if name not in weights:
            continue
        term = plan.terms[name]
        share = term.explain(quantity, weights[name], done)
        _pass_on(weights, share)
        if share.lines is not None:
            lines[name] = share.lines
        if share.slopes is not None:
            slopes += share.slopes
        if share.scenario is not None:
            places[name] = share.scenario
            scenario[name] = _told(term.labels, share.scenario)
        if share.chord:
            chords.append(name)
    return Contributions(result, lines, scenario, places, tuple(chords), weights, slopes)


def _pass_on(weights: dict[str, Floats], share: Share) -> None:
    for child, weight in share.passed.items():
        weights[child] = weights[child] + weight if child in weights else weight


def _told(labels: Sequence[str], places: Ints) -> tuple[str, ...]:
    return tuple(labels[place] if place >= 0 else "" for place in places)
