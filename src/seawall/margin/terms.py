"""What is a term? The protocol of its kinds, which attach by entry point, and what binding and indexing hand them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError
from seawall.kernels.formula import SIZE, Compiled, formula
from seawall.margin.frame import Frame
from seawall.margin.rows import Netting, Rows
from seawall.margin.shock import Shocked, Supplied, run, shocked
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import Formula, MarginModel, Term

GROUP = "seawall.margin_terms"
Charges = Mapping[str, Floats]


@dataclass(frozen=True)
class Share:
    """What a term's charge is made of.

    lines (L): currency that each line adds; they add to weight times charge. slopes (L): what one more unit of each
    line would add, on the side where its row stands. passed: weight (N) handed to each child instead. scenario (N):
    place of the scenario that binds in each row of the term, -1 where none does. chord: whether a cap, a deductible or
    a weight by size made some slope a chord, which adds up but is no marginal.
    """

    lines: Floats | None = None
    slopes: Floats | None = None
    passed: Mapping[str, Floats] = field(default_factory=dict)
    scenario: Ints | None = None
    chord: bool = False


class PlannedTerm(Protocol):
    """A term over one book's rows: quantities in, a charge per row out."""

    @property
    def rows(self) -> Rows:
        """The rows it charges."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Its scenarios' labels; empty where it has none."""

    def charge(self, quantity: Floats, done: Charges, /) -> Floats:
        """(N) loss > 0, model currency. done: charges of its children."""

    def explain(self, quantity: Floats, weight: Floats, done: Charges, /) -> Share:
        """Where weight (N) times the charge comes from."""


class BoundTerm(Protocol):
    """A term over one market's instruments."""

    def index(self, netting: Netting, planned: Mapping[str, PlannedTerm], /) -> PlannedTerm:
        """The term over one book's rows."""


class TermKind(Protocol):
    """How one kind of term charges: stateless, one file, one entry point in ``seawall.margin_terms``."""

    @property
    def spec(self) -> type[Term]:
        """Its fields in a preset file."""

    def bind(self, name: str, spec: Any, binding: Binding) -> BoundTerm:
        """The term over a market. Raises InputError for what the model names and the market has not."""


@cache
def term_kinds() -> Mapping[str, TermKind]:
    """Every installed kind of term by name. Raises InputError if two plugins claim one name."""
    found: dict[str, TermKind] = {}
    for point in entry_points(group=GROUP):
        if point.name in found:
            raise InputError(f"two plugins define the margin term {point.name}", found=point.value,
                             remedy="uninstall one of them")
        found[point.name] = point.load()
    return MappingProxyType(dict(sorted(found.items())))


@dataclass(frozen=True)
class Weights:
    """Weights that do not hang on size: a table of distinct rows (K,S), and each instrument's place (I) in it."""

    table: Floats
    of_instrument: Ints


@dataclass(frozen=True)
class Sized:
    """Weights that hang on the size of the row's own amount, worked out when it is known.

    columns: what the formula reads, (I) each or a number; moves: scenario columns (S).
    """

    made: Compiled
    columns: Mapping[str, Any]
    moves: Mapping[str, Floats]


class Binding:
    """A model over a market: its frame, and its scenario rules shocked once each."""

    def __init__(self, model: MarginModel, frame: Frame, supplied: Mapping[str, Supplied]) -> None:
        self.model, self.frame, self.supplied = model, frame, supplied
        self._shocked: dict[str, Shocked] = {}

    def scenario(self, name: str, term: str) -> Shocked | Supplied:
        """Worth under a rule of the model, or gains that were supplied. Raises InputError if there are neither."""
        if name in self.supplied:
            found = self.supplied[name]
            if len(found.gains) != self.frame.columns.count:
                raise InputError(f"gains under {name}", found=f"{len(found.gains)} instruments",
                                 wanted=f"{self.frame.columns.count}")
            return found
        rule = self.model.scenarios.get(name)
        if rule is None:
            wanted = ", ".join(sorted({*self.model.scenarios, *self.supplied})) or "scenarios supplied at binding"
            raise InputError(f"{self.model.name}: terms.{term}.scenarios", found=name, wanted=wanted)
        if name not in self._shocked:
            self._shocked[name] = shocked(name, rule, self.frame)
        return self._shocked[name]

    def weights(self, text: Formula, moves: Mapping[str, Floats], scenarios: int, what: str) -> Weights | Sized:
        """A step's weight, by instrument and scenario, or to be worked out by size."""
        made = formula(text)
        names = _StepNames(self.frame, moves)
        if SIZE in made.names:
            columns = {n: self.frame[n] for n in made.names if n != SIZE and n not in moves and n in self.frame}
            known = {SIZE, *columns, *moves}
            _refuse_unknown(made, known, f"{self.model.name}: {what}")
            return Sized(made, columns, moves)
        value = np.asarray(run(names, text, f"{self.model.name}: {what}"), dtype=np.float64)
        return tabled(value, scenarios, self.frame.columns.count)


def tabled(value: Floats, scenarios: int, instruments: int) -> Weights:
    """A value that broadcasts to (I,S) as the table of its distinct rows."""
    if value.ndim < 2 or value.shape[0] == 1:
        row = np.ascontiguousarray(np.broadcast_to(value, (1, scenarios))) + 0.0
        return Weights(row, np.zeros(instruments, dtype=np.int64))
    narrow = np.ascontiguousarray(value) + 0.0
    keys = narrow.view(np.dtype((np.void, narrow.dtype.itemsize * narrow.shape[1])))[:, 0]
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    table = np.ascontiguousarray(np.broadcast_to(narrow[first], (len(first), scenarios)))
    return Weights(table, place.astype(np.int64))


class _StepNames(Mapping[str, Any]):
    """Scenario columns (1,S), then columns (I,1) and parameters."""

    def __init__(self, frame: Frame, moves: Mapping[str, Floats]) -> None:
        self._frame, self._moves = frame, moves

    def __contains__(self, name: object) -> bool:
        return name in self._moves or name in self._frame

    def __getitem__(self, name: str) -> Any:
        if name in self._moves:
            return self._moves[name][None, :]
        value = self._frame[name]
        return value[:, None] if np.ndim(value) else value

    def __iter__(self) -> Any:
        return iter(self._moves)

    def __len__(self) -> int:
        return len(self._moves)


def _refuse_unknown(made: Compiled, known: set[str], what: str) -> None:
    missing = sorted(made.names - known)
    if missing:
        raise InputError(f"{what} names an unknown column", found=", ".join(missing),
                         wanted="a parameter, a column or a scenario column", remedy="correct the name")


def chosen_lines(chosen: NDArray[np.bool_], netting: Netting) -> NDArray[np.bool_]:
    """(L) whether the term counts the line's instrument."""
    return np.asarray(chosen[netting.lines.instrument])
