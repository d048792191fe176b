"""Does the certificate hold for this margin model? Read from its data, never from a market, with every reason why not.

Proven is what is monotone and concave in what lines are worth: 0 <= gain <= loss at every step, worst-of and tail
means, sums and maxima of charges, caps. What breaks it is named: a deductible, a weight by ``size``, a quadratic term,
a minimum of charges, a quantile, present values that do not cancel. And the shocks must be what node cubes are bounded
for: forward, price and volatility times what stays while a ring lives, undiscounted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seawall.kernels.formula import SIZE
from seawall.margin.decode import ordered
from seawall.margin.require import EQUITY, MAINTENANCE
from seawall.margin.shock import OPTION_WORTH
from seawall.margin.terms_join import Max, Sum
from seawall.margin.terms_scan import Exposure, Quantile, Worst
from seawall.model.margin import ColumnRule, Fold, Formula, MarginModel, keys_of
from seawall.zones.bounds import CONSTANT, LINEAR, Names, at_most

PINNED = ("line", "instrument")  # keys under which a row's sign is that of its only quantity


@dataclass(frozen=True)
class Proven:
    """Why a model lies outside the proven class. terms: how charges are made; shocks: what scenarios do to worths."""

    terms: tuple[str, ...]
    shocks: tuple[str, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """All reasons."""
        return self.terms + self.shocks

    @property
    def inside(self) -> bool:
        """Whether there are none."""
        return not self.reasons


def proven_class(model: MarginModel) -> Proven:
    """Whether the certificate of rings holds for what decides liquidation: equity less maintenance."""
    charged, owned = _below(model, MAINTENANCE), _below(model, EQUITY)
    terms: list[str] = [] if owned else [f"{EQUITY}: the model does not say what counts as owned"]
    for name in ordered(model.terms):
        if name in owned:
            terms += [f"terms.{name}: {why}" for why in _term(model, model.terms[name], owned=True)]
        if name in charged:
            terms += [f"terms.{name}: {why}" for why in _term(model, model.terms[name], owned=False)]
    weight = _present(model, MAINTENANCE)
    if weight > 1 + 1e-12:
        terms.append(f"terms.{MAINTENANCE}: present values count up to {weight:g} times against equity's one, and so "
                     "do not cancel")
    used = {model.terms[name].scenarios for name in charged | owned if isinstance(model.terms[name], Worst)}
    shocks = [f"scenarios.{name}: {why}" for name in sorted(used) for why in _shocks(model, name)]
    return Proven(tuple(dict.fromkeys(terms)), tuple(shocks))


def _below(model: MarginModel, result: str) -> set[str]:
    """Terms that a result is made of."""
    if result not in model.terms:
        return set()
    out, waiting = set(), [result]
    while waiting:
        name = waiting.pop()
        out.add(name)
        waiting += model.terms[name].children
    return out


def _term(model: MarginModel, term: Any, *, owned: bool) -> Iterator[str]:
    if isinstance(term, Exposure):
        yield from _exposure(model, term, owned=owned)
    elif isinstance(term, Quantile):
        yield "a quantile is not concave"
    elif isinstance(term, Worst):
        if owned:
            yield "what counts as owned is a worst case"
        rule = model.scenarios.get(term.scenarios)
        for number, step in enumerate(term.fold):
            for why in _step(Names(model, rule), step):
                yield f"step {number + 1}: {why}"
    elif isinstance(term, Sum) or (isinstance(term, Max) and not owned):
        yield from _weights(Names(model), term.weights)
    else:
        yield f"a term of kind {term.kind} has no bound"


def _weights(names: Names, weights: tuple[Formula, ...]) -> Iterator[str]:
    for weight in weights:
        if not names.between(weight).least >= 0:
            yield f"weight {weight} may be negative"
        if names.shape(weight) != CONSTANT:
            yield f"weight {weight} moves with the market"


def _step(names: Names, step: Fold) -> Iterator[str]:
    if step.deduct is not None:
        yield "a deductible is not concave"
    parts = {"gain": step.gain, "loss": step.losses, "cap": step.cap}
    for word, text in parts.items():
        if text is None:
            continue
        if names.reads(text, SIZE):
            yield f"{word} hangs on size"
        elif names.shape(text) != CONSTANT:
            yield f"{word} moves with the market or with time"
    if not names.between(step.gain).least >= 0:
        yield "gain may be negative"
    if not at_most(step.gain, step.losses, names):
        yield "gain may exceed loss"


def _exposure(model: MarginModel, term: Exposure, *, owned: bool) -> Iterator[str]:
    names = Names(model)
    bare = term.long is None and term.short is None
    long, short = (term.rate if bare else (0.0 if side is None else side) for side in (term.long, term.short))
    if any(names.reads(text, SIZE) for text in (long, short, term.exposure)):
        yield "a rate hangs on size"
        return
    if any(names.shape(text) != CONSTANT for text in (long, short)):
        yield "a rate moves with the market or with time"
    shape = names.shape(term.exposure)
    if shape not in (CONSTANT, LINEAR) or any(names.reads(term.exposure, n) for n in ("delta", "gamma", "vega")):
        yield f"exposure {term.exposure} is no worth of one instrument"
    if any(key in PINNED for key in keys_of(term.net)):
        return
    # In what the holder keeps: gain of what is net long, loss of what is net short.
    gain, loss = (str(long), f"-({short})") if owned else (f"-({long})", str(short))
    if not at_most(gain, loss, names):
        yield "what is net long may count more than what is net short"
    elif not names.between(gain).least >= 0 and not _plain(model, term):
        yield "more of it may be charged for: not monotone in options' worth"


def _plain(model: MarginModel, term: Exposure) -> bool:
    """Whether only instruments count whose worth is linear in spot: a node's value is then their very own."""
    return bool(term.select) and model.kinds.get("option", "option") not in term.select


def _present(model: MarginModel, name: str) -> float:
    """How many times, at most, a charge takes an instrument's present worth away."""
    term = model.terms[name]
    if isinstance(term, Worst):
        rule = model.scenarios.get(term.scenarios)
        weight = 1.0 if term.anchor is not None else 0.0
        for step in term.fold:
            weight *= max(Names(model, rule).between(step.losses).most, 0.0) if weight else 0.0
        return weight
    if isinstance(term, Sum | Max):
        weights: tuple[Formula, ...] = term.weights or (1.0,) * len(term.of)
        parts = []
        for child, share in zip(term.of, weights, strict=True):
            below = _present(model, child)
            parts.append(below * max(Names(model).between(share).most, 0.0) if below else 0.0)
        return sum(parts) if isinstance(term, Sum) else max(parts)
    return 0.0


def _shocks(model: MarginModel, name: str) -> Iterator[str]:
    rule = model.scenarios.get(name)
    if rule is None:
        yield "gains that are supplied at binding have no neighbouring markets"
        return
    names = Names(model, rule)
    if rule.applies is not None:
        yield "which rows count hangs on the instrument"
    if names.shape(rule.discount) != CONSTANT:
        yield "worths are discounted by what changes with time"
    for column, text in rule.shock.items():
        yield from _shock(names, column, text)
    yield from _worths(names, rule)


def _shock(names: Names, column: str, text: Formula) -> Iterator[str]:
    if column not in ("price", "forward", "vol"):
        yield f"shock of {column}: only price, forward and vol are bounded"
    elif names.shape(text) != LINEAR or not names.reads(text, column):
        yield f"shock of {column} is not {column} times what stays while a ring lives"


def _worths(names: Names, rule: ColumnRule) -> Iterator[str]:
    for kind, text in rule.worth.items():
        if kind == "option":
            if text != OPTION_WORTH:
                yield "an option is not worth Black-76"
        elif names.shape(text) != LINEAR or "now_" in str(text):
            yield f"worth of {kind} is not its price times what stays"
