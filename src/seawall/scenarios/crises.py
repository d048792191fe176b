"""What if a known crisis comes again? Dated facts, with a source each, as instant moves from today's levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import frozen_texts
from seawall.model.identity import content_id
from seawall.model.scenario import ABSOLUTE, RELATIVE, Column, ScenarioRule, Term
from seawall.scenarios.grid import MULTIPLICATIVE

FACT, VENUE, ASSUMPTION = "fact", "venue price", "assumption"
BASES = (FACT, VENUE, ASSUMPTION)


class Move(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}, forbid_unknown_fields=True):
    """One factor in one crisis: its level before and after, or, where only that is known, the shock alone.

    factor: ``risk_class:qualifier[:tenor_days d]``, a qualifier as in ``Column``. start, end: levels in the factor's
    unit (volatility 0.55, not 55); path: levels after each step, the last being ``end``; without one the whole move
    stands at every step. shock: relative for spot,
    volatility, peg and exchange_rate, absolute otherwise. basis: fact, venue price (real, but on one venue only) or
    assumption. source: a key of the library's sources, or a sentence.
    """

    factor: str
    basis: str
    source: str
    start: float | None = None
    end: float | None = None
    shock: float | None = None
    path: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.factor.split(":")) not in (2, 3):
            raise InputError("factor of a crisis", found=self.factor, wanted="risk_class:qualifier, such as spot:BTC")
        if self.basis not in BASES:
            raise InputError(f"{self.factor}: basis", found=self.basis, wanted=", ".join(BASES))
        levels = self.start is not None and self.end is not None
        if levels == (self.shock is not None):
            raise InputError(f"{self.factor}: size", found="both" if levels else "neither",
                             wanted="either from and to, or shock")
        if self.path and (not levels or self.path[-1] != self.end):
            raise InputError(f"{self.factor}: path", found=self.path, wanted="levels from the first step to 'to'")
        if levels and self.relative and not (self.start or 0.0) > 0:
            raise InputError(f"{self.factor}: from", found=self.start, wanted="a positive level")

    @property
    def risk_class(self) -> str:
        """The factor's first part."""
        return self.factor.split(":")[0]

    @property
    def qualifier(self) -> str:
        """The factor's second part."""
        return self.factor.split(":")[1]

    @property
    def relative(self) -> bool:
        """Whether its size is a share of the level."""
        return self.risk_class in MULTIPLICATIVE

    def size(self, level: float | None = None) -> float:
        """The shock: to ``end``, or to the level given."""
        if self.shock is not None or self.start is None or self.end is None:
            return float(self.shock or 0.0)
        to = self.end if level is None else level
        return to / self.start - 1 if self.relative else to - self.start


class Crisis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One crisis: name, the dates it starts from and ends at, what happened, and each factor's move."""

    name: str
    title: str
    first: str
    last: str
    about: str
    moves: tuple[Move, ...]
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [move.factor for move in self.moves]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"crisis {self.name}: a factor moves twice", found=", ".join(twice), wanted="each once")
        for move in self.moves:
            if move.path and len(move.path) != len(self.steps):
                raise InputError(f"crisis {self.name}, {move.factor}: path", found=f"{len(move.path)} levels",
                                 wanted=f"one for each of {len(self.steps)} steps")


class Library(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Crises, the sources they cite, the asset class of each asset they name, and how shocks fade, by risk class.

    held: factors that stay where a crisis says nothing of them.
    """

    crises: tuple[Crisis, ...]
    held: tuple[str, ...] = ()
    sources: dict[str, str] = {}
    asset_class: dict[str, str] = {}
    terms: dict[str, Term] = {}

    @property
    def library_id(self) -> str:
        """Hash of everything in it."""
        return content_id("crises", self.crises, self.held, self.sources, self.asset_class, self.terms)


class CrisisFact(NamedTuple):
    """One line of the library's table: levels in the factor's unit, None where only the shock is known."""

    crisis: str
    factor: str
    start: float | None
    end: float | None
    shock: float
    how: str
    basis: str
    source: str


def facts(library: Library) -> tuple[CrisisFact, ...]:
    """Every move of every crisis with its source written out."""
    return tuple(
        CrisisFact(crisis.name, move.factor, move.start, move.end, move.size(), RELATIVE if move.relative else ABSOLUTE,
                   move.basis, library.sources.get(move.source, move.source))
        for crisis in library.crises for move in crisis.moves
    )


def crises(
    library: Library, names: Sequence[str] | None = None, *, steps: bool = False, volatility: str = RELATIVE
) -> ScenarioRule:
    """One instant row per crisis, all if no names are given; with ``steps``, one row per step, a path per crisis.

    A factor that a crisis does not name follows that crisis's own move of its asset class, then of all, then stays.
    volatility: "relative" repeats the proportion, "absolute" the points, for moves whose two levels are known.
    Raises InputError for an unknown name.
    """
    chosen = _chosen(library, names)
    keys = sorted({move.factor for crisis in chosen for move in crisis.moves} | set(library.held))
    columns = tuple(_column(library, key, volatility) for key in keys)
    rows, labels, path, step = [], [], [], []
    for number, crisis in enumerate(chosen):
        last = len(crisis.steps) - 1
        for n in range(len(crisis.steps)) if steps and crisis.steps else [last]:
            rows.append([_shock(library, crisis, column, n if steps else -1, volatility) for column in columns])
            labels.append(crisis.name + (f", {crisis.steps[n]}" if steps and crisis.steps else ""))
            path.append(number)
            step.append(n if steps and crisis.steps else 0)
    return ScenarioRule(
        name="named crises", columns=columns, shocks=np.array(rows, dtype=float).reshape(len(rows), len(columns)),
        labels=frozen_texts(labels, "labels"), horizon_days=0.0, path=np.array(path, dtype=np.int64),
        step=np.array(step, dtype=np.int64),
        provenance={"generator": "crises", "library": library.library_id, "volatility": volatility},
    )


def _chosen(library: Library, names: Sequence[str] | None) -> tuple[Crisis, ...]:
    known = {crisis.name: crisis for crisis in library.crises}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise InputError("no crisis of that name", found=", ".join(unknown), wanted="one of " + ", ".join(known))
    return library.crises if names is None else tuple(known[name] for name in names)


def _column(library: Library, key: str, volatility: str) -> Column:
    risk_class, qualifier, *tenor = key.split(":")
    how = volatility if risk_class == "volatility" else RELATIVE if risk_class in MULTIPLICATIVE else ABSOLUTE
    days = float(tenor[0].removesuffix("d")) if tenor else None
    return Column(risk_class, qualifier, how, days, library.terms.get(risk_class))


def _shock(library: Library, crisis: Crisis, column: Column, step: int, volatility: str) -> float:
    """The crisis's move of the column's own factor, else of its asset class, else of all, else none."""
    tenor = "" if column.tenor_days is None else f":{column.tenor_days:g}d"
    asset_class = library.asset_class.get(column.qualifier)
    moves: Mapping[str, Move] = {move.factor: move for move in crisis.moves}
    for qualifier in (column.qualifier, *([f"*{asset_class}"] if asset_class else []), "*"):
        move = moves.get(f"{column.risk_class}:{qualifier}{tenor}")
        if move is not None:
            return _sized(move, step, volatility)
    return 0.0


def _sized(move: Move, step: int, volatility: str) -> float:
    level = move.path[step] if move.path and step >= 0 else None
    if move.risk_class != "volatility" or volatility == RELATIVE or move.shock == 0:
        return move.size(level)
    if move.start is None or move.end is None:
        raise InputError(f"{move.factor} is known only as a proportion", found=move.shock, wanted="its two levels",
                         remedy="ask for relative volatility, or name only crises with both levels")
    return (move.end if level is None else level) - move.start
