"""Does a margin model keep its promises? One function each; ``check_margin_model`` asks them all.

A promise that is broken raises AssertionError with the model, the account and both numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import numpy as np

from seawall.errors import InputError, RiskError
from seawall.kernels.formula import SIZE, formula
from seawall.margin.decode import built
from seawall.margin.frame import KIND, Columns
from seawall.margin.plan import Plan, bind, evaluate, explain, index
from seawall.margin.require import EQUITY, INITIAL, MAINTENANCE, UNKNOWN, require
from seawall.margin.rows import Lines
from seawall.margin.shock import Supplied
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import ACCOUNT, MarginModel
from seawall.testing.rule_mutation import mutations, tables

# Sums of the same lines in another order differ by some units in the last place of the largest of them.
TOLERANCE = 1e-12
CASH = "cash"


@dataclass(frozen=True)
class Held:
    """A model over a book: columns of instruments (I); quantity, instrument, account (L) of its lines; A accounts."""

    model: MarginModel
    columns: Mapping[str, Any]
    quantity: Floats
    instrument: Ints
    account: Ints
    supplied: Mapping[str, Supplied]

    @property
    def accounts(self) -> int:
        """How many."""
        return int(self.account.max(initial=-1)) + 1

    def plan(self) -> Plan:
        """The model bound and indexed."""
        bound = bind(self.model, Columns(self.columns), self.supplied)
        return index(bound, Lines(self.account, self.instrument, self.accounts))

    def results(self) -> dict[str, Floats]:
        """Every result (A), and what is owned beyond each requirement."""
        plan = self.plan()
        done = evaluate(plan, self.quantity)
        told = {name: done[name] for name in plan.results}
        equity = told.get(EQUITY, np.zeros(self.accounts))
        return told | {f"balance {name}": equity - told[name] for name in (INITIAL, MAINTENANCE)}

    def scale(self) -> float:
        """The size of the largest number that the book brings, at least one."""
        sizes = [np.abs(np.asarray(self.columns[n])[self.instrument] * self.quantity) for n in ("price", "spot")
                 if n in self.columns]
        return max(1.0, *(float(np.nansum(size)) for size in sizes)) if sizes else 1.0

    def other(self, **changes: Any) -> Held:
        """The same with other lines, columns or model."""
        return Held(**{**{name: getattr(self, name) for name in self.__dataclass_fields__}, **changes})


Check = Callable[[Held], None]


def check_margin_model(
    model: MarginModel, columns: Mapping[str, Any], quantity: Any, *, account: Any = None, instrument: Any = None,
    supplied: Mapping[str, Supplied] | None = None,
) -> None:
    """Raises AssertionError, with the facts, at the first broken promise of the model.

    columns (I): a market's instruments, all of them taken by the model, better of every kind it knows. quantity (L);
    account (L): places, one account where left out; instrument (L): places, one line each where left out.
    """
    amounts = np.array(quantity, dtype=np.float64)
    held = Held(
        model, dict(columns), amounts,
        np.arange(len(amounts)) if instrument is None else np.array(instrument, dtype=np.int64),
        np.zeros(len(amounts), dtype=np.int64) if account is None else np.array(account, dtype=np.int64),
        dict(supplied or {}),
    )
    for promise in PROMISES:
        promise(held)


def results_are_per_account(held: Held) -> None:
    """Initial, maintenance and every other result is one finite number per account."""
    plan = held.plan()
    done = evaluate(plan, held.quantity)
    for name in plan.results:
        _expect(plan.terms[name].rows.keys == (ACCOUNT,), f"{held.model.name}: {name} is not told per account")
        _expect(done[name].shape == (held.accounts,), f"{held.model.name}: {name} has shape {done[name].shape}")
        _expect(bool(np.isfinite(done[name]).all()), f"{held.model.name}: {name} is not finite: {done[name]}")


def asks_nothing_of_chance(held: Held) -> None:
    """Asked twice, it gives the same bits, and writes into nothing that it was given."""
    plan, before = held.plan(), held.quantity.copy()
    first, second = evaluate(plan, held.quantity), evaluate(held.plan(), held.quantity)
    for name in first:
        _expect(np.array_equal(first[name], second[name], equal_nan=True), f"{held.model.name}: {name} is by chance")
    _expect(np.array_equal(before, held.quantity), f"{held.model.name}: evaluating wrote into the quantities")


def order_does_not_matter(held: Held) -> None:
    """The same lines in another order need the same."""
    order = np.random.default_rng(7).permutation(len(held.quantity))
    shuffled = held.other(quantity=held.quantity[order], instrument=held.instrument[order], account=held.account[order])
    _same(held, shuffled.results(), held.results(), "lines in another order")


def alone_equals_in_the_crowd(held: Held) -> None:
    """An account needs the same whoever stands beside it."""
    together = held.results()
    for place in range(held.accounts):
        own = held.account == place
        one = held.other(quantity=held.quantity[own], instrument=held.instrument[own],
                         account=np.zeros(int(own.sum()), dtype=np.int64))
        if own.any():
            _same(held, one.results(), {name: values[place:place + 1] for name, values in together.items()},
                  f"account {place} alone")


def nothing_held_changes_nothing(held: Held) -> None:
    """A line of quantity zero, of any instrument, changes no result."""
    every = np.arange(Columns(held.columns).count)
    wide = held.other(
        quantity=np.concatenate([held.quantity, np.zeros(len(every) * held.accounts)]),
        instrument=np.concatenate([held.instrument, np.tile(every, held.accounts)]),
        account=np.concatenate([held.account, np.repeat(np.arange(held.accounts), len(every))]),
    )
    _same(held, wide.results(), held.results(), "with lines of nothing")


def explanations_add_up(held: Held) -> None:
    """Every result is the sum of what its lines add, account by account."""
    plan = held.plan()
    done = evaluate(plan, held.quantity)
    for name in plan.results:
        parts = explain(plan, held.quantity, name)
        lines = parts.by_line if parts.lines else np.zeros(len(held.quantity))
        told = np.bincount(held.account, lines, held.accounts)
        off = np.abs(told - done[name]) / (held.scale() + np.abs(done[name]))
        _expect(bool((off <= TOLERANCE).all()), f"{held.model.name}: {name} is {done[name]}, its lines add to {told}")


def more_cash_never_hurts(held: Held) -> None:
    """Who has more cash has no less beyond any requirement."""
    model_word = held.model.kinds.get(CASH, CASH)
    kinds = np.asarray(held.columns[KIND])[held.instrument]
    cash = np.isin(kinds, (CASH, model_word))
    before = held.results()
    for size in (1e-3, 1.0, 1e6):
        richer = held.other(quantity=np.where(cash, held.quantity + size, held.quantity)).results()
        for name in (f"balance {INITIAL}", f"balance {MAINTENANCE}"):
            worse = richer[name] < before[name] - TOLERANCE * (held.scale() + size * cash.sum())
            _expect(not worse.any(), f"{held.model.name}: {size:g} more cash takes {name} from {before[name]} to "
                                     f"{richer[name]}")


def twice_the_book_needs_twice_as_much(held: Held) -> None:
    """Where no weight hangs on size, and nothing is capped or deducted, every result grows with the book."""
    if not grows_with_the_book(held.model):
        return
    twice = held.other(quantity=2 * held.quantity).results()
    _same(held, twice, {name: 2 * values for name, values in held.results().items()}, "twice the book")


def missing_columns_are_named(held: Held) -> None:
    """Without a column the model gives the same, says that it assumes something, or refuses and names the column."""
    whole = bind(held.model, Columns(held.columns), held.supplied).assumed
    for name in held.columns:
        if name == KIND:
            continue
        less = held.other(columns={n: values for n, values in held.columns.items() if n != name})
        try:
            found = less.results()
        except InputError as error:
            _expect(name in str(error), f"{held.model.name}: without {name} it only says: {error}")
            continue
        assumed = bind(less.model, Columns(less.columns), less.supplied).assumed
        if assumed == whole and name not in _by_itself(held.model):
            _same(held, found, held.results(), f"without the column {name}")


def strangers_are_refused_by_name(held: Held) -> None:
    """An instrument of a value that the model does not list is refused, and whoever holds it is unknown."""
    for label in held.model.accepts:
        values = np.array(held.columns[label], dtype=object)
        place = int(held.instrument[0])
        values[place] = "unheard-of"
        stranger = held.other(columns={**held.columns, label: values.astype(str)})
        bound = bind(held.model, Columns(stranger.columns), held.supplied)
        _expect("unheard-of" in bound.refused.get(place, ""), f"{held.model.name}: takes {label} unheard-of")
        names = tuple(f"account {n}" for n in range(held.accounts))
        told = require(stranger.plan(), np.where(held.quantity == 0, 1.0, held.quantity), names)
        _expect(told.status[held.account[0]] == UNKNOWN, f"{held.model.name}: an account that holds a stranger is told")


def its_hash_is_of_its_rules(held: Held) -> None:
    """Another title is the same model; another number, formula, row, key or date is another one."""
    model = held.model
    renamed = msgspec.structs.replace(model, title="another title", sources=("elsewhere",), missing=("much",))
    _expect(renamed.model_id == model.model_id, f"{model.name}: its hash hangs on its title")
    for mutation in mutations(model):
        try:
            changed = built(mutation.tables)
        except (RiskError, msgspec.ValidationError):
            continue
        _expect(changed.model_id != model.model_id, f"{model.name}: its hash does not see that {mutation.told}")


def written_and_read_it_is_the_same(held: Held) -> None:
    """Its tables describe it whole."""
    again = built(tables(held.model))
    _expect(again == held.model, f"{held.model.name}: its tables read back as another model")
    _expect(again.model_id == held.model.model_id, f"{held.model.name}: its tables read back with another hash")


def it_began_some_day(held: Held) -> None:
    """It can be asked for from its first day on, and not before."""
    first = held.model.effective_from
    _expect(held.model.on(first).name == held.model.name, f"{held.model.name}: is not there on its first day")
    _expect(isinstance(held.model.on(date(9999, 1, 1)), MarginModel), f"{held.model.name}: ends")
    try:
        held.model.on(date.fromordinal(first.toordinal() - 1))
    except InputError:
        return
    raise AssertionError(f"{held.model.name}: stands before {first}")


PROMISES: tuple[Check, ...] = (
    results_are_per_account, asks_nothing_of_chance, order_does_not_matter, alone_equals_in_the_crowd,
    nothing_held_changes_nothing, explanations_add_up, more_cash_never_hurts, twice_the_book_needs_twice_as_much,
    missing_columns_are_named, strangers_are_refused_by_name, its_hash_is_of_its_rules, written_and_read_it_is_the_same,
    it_began_some_day,
)


def grows_with_the_book(model: MarginModel) -> bool:
    """Whether the rules promise that twice the book needs twice as much: no size, no cap, nothing deducted."""
    return not any(_bent(field, value) for term in tables(model)["terms"].values() for field, value in _leaves(term))


def _leaves(part: Any, field: str = "") -> Any:
    if isinstance(part, Mapping):
        for name, value in part.items():
            yield from _leaves(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from _leaves(value, field)
    else:
        yield field, part


def _bent(field: str, value: Any) -> bool:
    if field in ("cap", "deduct"):
        return True
    weight = field in ("gain", "loss", "long", "short", "rate", "exposure", "weights")
    return weight and isinstance(value, str) and SIZE in formula(value).names


def _by_itself(model: MarginModel) -> set[str]:
    """Columns that the model's own tables, masks or scan stand in for."""
    tabled = {name for table in model.by.values() for row in table.values() for name in row}
    return tabled | {"contract_size", "is_inverse", "is_call"}


def _same(held: Held, found: Mapping[str, Floats], wanted: Mapping[str, Floats], what: str) -> None:
    for name, values in wanted.items():
        off = np.abs(found[name] - values) / (held.scale() + np.abs(values))
        _expect(bool((off <= TOLERANCE).all()),
                f"{held.model.name}: {what}, {name} is {found[name]}, else {values}")


def _expect(kept: bool, broken: str) -> None:
    if not kept:
        raise AssertionError(broken)
