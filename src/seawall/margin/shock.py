"""What is each instrument worth in each scenario of the model? Rows of a rule applied to a market's columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seawall.errors import InputError
from seawall.kernels.formula import formula
from seawall.margin.frame import KIND, Frame
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import ColumnRule, Formula

OPTION = "option"
OPTION_WORTH = "black(forward, strike, vol, tau, is_call) * discounting * contract_size"
PLAIN_WORTH = "price"


@dataclass(frozen=True)
class Shocked:
    """worth (I,S) of one unit. moves: scenario columns, each (S). applies (I,S) or None. labels (S)."""

    worth: Floats
    moves: Mapping[str, Floats]
    applies: Floats | None
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Supplied:
    """Gains (I,S) of one unit that come from elsewhere, such as full revaluation under the engine's scenarios.

    path (S): equal for scenarios that are steps of one path; None where each stands alone.
    """

    gains: Floats
    labels: tuple[str, ...]
    rule_id: str = ""
    path: Ints | None = None


def scenario_rows(rule: ColumnRule, frame: Frame) -> tuple[tuple[float | str, ...], ...]:
    """The rule's rows; those that come from instruments are zero and every distinct value of their column."""
    if not rule.rows_from:
        return rule.rows
    if rule.rows_from not in frame:
        raise InputError(f"{frame.model.name}: a scenario rule's rows_from names an unknown column",
                         found=rule.rows_from, wanted="a column of numbers", remedy="correct the name, or supply it")
    values = frame.number(rule.rows_from)
    return tuple((float(x),) for x in np.unique(np.concatenate(([0.0], values[np.isfinite(values)]))))


def scenario_columns(rule: ColumnRule, rows: tuple[tuple[float | str, ...], ...]) -> dict[str, Floats]:
    """Each column (S) of the rows; a column of words becomes one of 0 and 1 per state, is_STATE."""
    out: dict[str, Floats] = {}
    for name, entries in zip(rule.columns, zip(*rows, strict=True), strict=True):
        if any(isinstance(entry, str) for entry in entries):
            for state in rule.states:
                out[f"is_{state}"] = np.array([float(entry == state) for entry in entries])
        else:
            out[name] = np.array(entries, dtype=np.float64)
    return out


def shocked(name: str, rule: ColumnRule, frame: Frame) -> Shocked:
    """Every instrument's worth in every scenario, kind by kind, so that none is asked what it does not have."""
    _check_shocks(name, rule, frame)
    rows = scenario_rows(rule, frame)
    moves = scenario_columns(rule, rows)
    kinds = frame.columns.labels[KIND]
    worth = np.empty((frame.columns.count, len(rows)))
    applies = None if rule.applies is None else np.zeros_like(worth)
    for kind in np.unique(kinds):
        at = np.flatnonzero(kinds == kind)
        scene = Scene(name, rule, frame, moves, at)
        text = rule.worth.get(str(kind), OPTION_WORTH if kind == OPTION else PLAIN_WORTH)
        worth[at] = scene.evaluate(text, f"worth of {kind}")
        if applies is not None and rule.applies is not None:
            applies[at] = scene.evaluate(rule.applies, "applies") != 0.0
    return Shocked(worth, moves, applies, tuple(_label(row) for row in rows))


def _check_shocks(name: str, rule: ColumnRule, frame: Frame) -> None:
    """A shock of what no one has and no worth reads charges nothing: it is misspelt. Raises InputError."""
    texts = [*rule.worth.values(), rule.discount, rule.applies or 0.0, OPTION_WORTH, PLAIN_WORTH]
    read = {column for text in texts for column in formula(text).names}
    unknown = sorted(column for column in rule.shock if column not in read and column not in frame)
    if unknown:
        raise InputError(f"{frame.model.name}: scenarios.{name}.shock", found=", ".join(unknown),
                         wanted="a column of the market, or one that worth reads", remedy="correct the name")


class Scene:
    """Names to values (J,1), (1,S) or (J,S) for formulas of the J instruments ``at`` in all scenarios."""

    def __init__(self, name: str, rule: ColumnRule, frame: Frame, moves: Mapping[str, Floats], at: Any) -> None:
        self.rule, self.frame, self.name = rule, frame, name
        self.at, self.moves = at, moves
        self.shape = (len(at), len(next(iter(moves.values()))))
        self.before = _Before(self)
        self.after = _After(self)

    def evaluate(self, text: Formula, what: str) -> Floats:
        """(J,S) value of a formula of shocked columns; now_COLUMN is the column as it stands."""
        return np.asarray(np.broadcast_to(run(self.after, text, self._what(what)), self.shape))

    @cached_property
    def shocks(self) -> Mapping[str, Any]:
        """Shocked columns, each evaluated once over the unshocked ones."""
        return _Shocks(self)

    def _what(self, what: str) -> str:
        return f"{self.frame.model.name}: scenarios.{self.name}: {what}"


class _Names(Mapping[str, Any]):
    def __init__(self, scene: Scene) -> None:
        self.scene, self.done = scene, dict[str, Any]()

    def __iter__(self) -> Iterator[str]:
        return iter(self.done)

    def __len__(self) -> int:
        return len(self.done)

    def __getitem__(self, name: str) -> Any:
        if name not in self.done:
            self.done[name] = self.found(name)
        return self.done[name]

    def found(self, name: str) -> Any:
        raise KeyError(name)


class _Before(_Names):
    """Scenario columns, named parts and unshocked columns."""

    def __contains__(self, name: object) -> bool:
        s = self.scene
        return name in s.moves or name in s.rule.let or name in s.frame

    def found(self, name: str) -> Any:
        s = self.scene
        if name in s.moves:
            return s.moves[name][None, :]
        if name in s.rule.let:
            return run(self, s.rule.let[name], f"{s.frame.model.name}: scenarios.{s.name}.let.{name}")
        value = s.frame[name]
        return value[s.at][:, None] if np.ndim(value) else value


class _Shocks(_Names):
    def __contains__(self, name: object) -> bool:
        return name in self.scene.rule.shock

    def found(self, name: str) -> Any:
        s = self.scene
        return run(s.before, s.rule.shock[name], f"{s.frame.model.name}: scenarios.{s.name}.shock.{name}")


class _After(_Names):
    """Shocked columns first; now_COLUMN is the unshocked one, discounting the rule's own factor on options."""

    def __contains__(self, name: object) -> bool:
        s = self.scene
        bare = name[4:] if isinstance(name, str) and name.startswith("now_") else name
        return name in ("discounting", "contract_size") or name in s.rule.shock or bare in s.before or name in s.before

    def found(self, name: str) -> Any:
        s = self.scene
        if name in s.rule.shock:
            return s.shocks[name]
        if name == "discounting":
            return run(self, s.rule.discount, f"{s.frame.model.name}: scenarios.{s.name}.discount")
        if name.startswith("now_") and name not in s.before:
            return s.before[name[4:]]
        if name == "contract_size" and name not in s.frame:
            return 1.0
        return s.before[name]


def run(names: Mapping[str, Any], text: Formula, what: str) -> Any:
    """A formula's value over names. Raises InputError for a name that is none."""
    made = formula(text)
    missing = sorted(name for name in made.names if name not in names)
    if missing:
        raise InputError(f"{what} names an unknown column", found=", ".join(missing),
                         wanted="a parameter, a column, a scenario column or a named part", remedy="correct the name")
    return made(names)


def _label(row: tuple[float | str, ...]) -> str:
    return " ".join(entry if isinstance(entry, str) else f"{entry:g}" for entry in row)
