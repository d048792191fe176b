"""Which rules of margin? A model as data: columns, scenario rules, a graph of terms, dated parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from seawall.errors import InputError
from seawall.model.identity import content_id

Formula = float | str
Keys = str | tuple[str, ...]
GRADES = ("exact", "documented", "approximate")
LINE, ACCOUNT = "line", "account"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every table of a preset file has in common: a word that no one asked for is refused."""


class Fold(Part, rename={"start": "from"}, frozen=True, kw_only=True):
    """One step up the chain of netting keys: out[parent] = min(sum gain x+, cap) - sum max(loss x- - deduct, 0).

    on: whether the step weighs P&L, or values, the present ones leaving after it (first step only).
    start: keys of the rows it starts from (first step only); to: keys of the rows it ends in.
    gain, loss, deduct: formulas of row attributes, scenario columns and ``size`` = |x|; loss is gain where it is not
    given. cap: formula of the parent row's attributes.
    """

    to: Keys
    on: str = "pnl"
    start: Keys = LINE
    gain: Formula = 1.0
    loss: Formula | None = None
    cap: Formula | None = None
    deduct: Formula | None = None

    @property
    def losses(self) -> Formula:
        """The weight of losses."""
        return self.gain if self.loss is None else self.loss


class ColumnRule(Part, frozen=True, kw_only=True):
    """Scenarios that shock instrument columns: rows (S) of numbers and words, and what they do to each column.

    columns: names of the row's entries. states: the words that may stand in a row; each becomes a column is_WORD of 0
    and 1. rows_from: the rows are the distinct values of that instrument column, and zero. let: named parts. shock:
    columns as they are in the scenario. worth: by kind, what one unit is then worth; options are Black-76 times
    ``discount``, all else ``price``. applies: formula of shocked columns, 0 where a row does not count.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[float | str, ...], ...] = ()
    rows_from: str = ""
    states: tuple[str, ...] = ()
    let: dict[str, Formula] = {}
    shock: dict[str, Formula] = {}
    worth: dict[str, Formula] = {}
    discount: Formula = 1.0
    applies: Formula | None = None

    @property
    def rule_id(self) -> str:
        """Hash of rows and formulas, without any market in it."""
        return content_id("column rule", self)


class Term(Part, tag_field="kind", frozen=True, kw_only=True):
    """One charge of the graph, loss > 0; kinds add their fields beside their code, by entry point."""

    @property
    def kind(self) -> str:
        """The kind's name, its entry point."""
        return str(self.__struct_config__.tag)

    @property
    def children(self) -> tuple[str, ...]:
        """Terms whose results it needs."""
        return tuple(getattr(self, "of", ()))


class Switch(Part, frozen=True, kw_only=True):
    """A parameter that stands for a reading, where the source contradicts itself or is silent."""

    value: float
    options: tuple[float, ...]
    note: str


class Override(Part, rename={"starts": "from"}, frozen=True, kw_only=True):
    """Parameters or scenario rows that hold from a date on; terms never change under one name."""

    starts: date
    source: str
    parameters: dict[str, float] = {}
    rows: dict[str, tuple[tuple[float | str, ...], ...]] = {}


class Liquidation(Part, frozen=True, kw_only=True):
    """What the venue does to an account below its maintenance requirement, as far as it says.

    share: of the account that is closed at first, 1 for all of it. target: maintenance over equity at which it stops,
    1 for the requirement itself. penalty: share of the closed notional that the account pays. price: where it is
    closed, in words. note: what else happens.
    """

    share: float = 1.0
    target: float = 1.0
    penalty: float = 0.0
    price: str = "the mark"
    note: str = ""


class MarginModel(Part, frozen=True, kw_only=True):
    """A venue's rules for a whole account; every number of it is data.

    results: terms told per account, among them initial and maintenance, and equity where the model says what counts as
    owned. currency: what its results are in. kinds: what the model calls our instrument kinds. accepts: by label, the
    values it takes; others are refused by name. parameters: numbers by name. by: by label, by its value ("*" for any
    other), columns that hang on it. columns: formulas. assumed: columns that hold where market and book supply none.
    missing: what the source has and this file has not. cubes: scenarios whose gains are supplied at binding.
    liquidation: what happens below the maintenance requirement.
    """

    name: str
    effective_from: date
    results: tuple[str, ...]
    terms: dict[str, Any]
    title: str = ""
    grade: str = "approximate"
    sources: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    currency: str = "USD"
    kinds: dict[str, str] = {}
    accepts: dict[str, tuple[str, ...]] = {}
    parameters: dict[str, float] = {}
    switches: dict[str, Switch] = {}
    by: dict[str, dict[str, dict[str, float]]] = {}
    columns: dict[str, Formula] = {}
    assumed: dict[str, Formula] = {}
    scenarios: dict[str, ColumnRule] = {}
    dated: tuple[Override, ...] = ()
    cubes: tuple[str, ...] = ()
    liquidation: Liquidation | None = None

    def __post_init__(self) -> None:
        if self.grade not in GRADES:
            raise InputError(f"{self.name}: grade", found=self.grade, wanted=" or ".join(GRADES))
        for name, value in self.parameters.items():
            if not math.isfinite(value):
                raise InputError(f"{self.name}: parameters.{name}", found=value, wanted="a finite number")

    @property
    def model_id(self) -> str:
        """Hash of every number and formula of the requirement; titles, sources, notes and liquidation are no part."""
        words = {"title": "", "sources": (), "missing": (), "grade": "approximate", "liquidation": None}
        bare = msgspec.structs.replace(self, **words, switches={
            name: msgspec.structs.replace(switch, note="") for name, switch in self.switches.items()})
        return content_id("margin model", bare)

    @property
    def numbers(self) -> dict[str, float]:
        """Parameters and switches by name."""
        return self.parameters | {name: switch.value for name, switch in self.switches.items()}

    def on(self, day: date) -> MarginModel:
        """The model as it stood that day: dated overrides applied in order. Raises InputError before it began."""
        if day < self.effective_from:
            raise InputError(f"{self.name}: date", found=day.isoformat(), wanted=f"{self.effective_from} or later")
        model = self
        for override in sorted(self.dated, key=lambda o: o.starts):
            if override.starts <= day:
                model = _overridden(model, override)
        return model

    def with_parameters(self, changes: Mapping[str, float]) -> MarginModel:
        """The model with other parameters or switches. Raises InputError for a name it has not."""
        unknown = sorted(set(changes) - set(self.numbers))
        if unknown:
            raise InputError(f"{self.name}: parameter", found=", ".join(unknown),
                             wanted="one of " + ", ".join(sorted(self.numbers)))
        for name, value in changes.items():
            allowed = self.switches[name].options if name in self.switches else ()
            if allowed and value not in allowed:
                raise InputError(f"{self.name}: switch {name}", found=value, wanted=" or ".join(map(str, allowed)))
        switches = {name: msgspec.structs.replace(switch, value=float(changes.get(name, switch.value)))
                    for name, switch in self.switches.items()}
        plain = {name: float(changes.get(name, value)) for name, value in self.parameters.items()}
        return msgspec.structs.replace(self, parameters=plain, switches=switches)


def keys_of(keys: Keys) -> tuple[str, ...]:
    """Netting keys, one given as itself or several in order."""
    return (keys,) if isinstance(keys, str) else tuple(keys)


def _overridden(model: MarginModel, override: Override) -> MarginModel:
    changed = model.with_parameters(override.parameters)
    unknown = sorted(set(override.rows) - set(model.scenarios))
    if unknown:
        raise InputError(f"{model.name}: dated rows", found=", ".join(unknown), wanted="a scenario rule of the model")
    rules = {name: msgspec.structs.replace(rule, rows=override.rows.get(name, rule.rows))
             for name, rule in model.scenarios.items()}
    return msgspec.structs.replace(changed, scenarios=rules)
