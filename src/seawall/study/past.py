"""What was known on a day? The rows of a history up to it, copied out, so that nothing later can be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from seawall.errors import InputError
from seawall.history.dynamics_moves import PROPORTIONAL, Moves
from seawall.model.arrays import Floats, Times, read_only
from seawall.model.factor import Factor
from seawall.model.panel import Panel


@dataclass(frozen=True, eq=False)
class Past:
    """dates (T,), factors (P,), levels (T,P) up to and including today, the last row; compared by identity.

    A copy: what a model is given holds no reference to later rows.
    """

    dates: Times
    factors: tuple[Factor, ...]
    levels: Floats
    periods_per_year: float
    source: str = ""
    _windows: dict[int, Moves] = field(default_factory=dict, repr=False)

    @property
    def rows(self) -> int:
        """How many rows are known."""
        return len(self.levels)

    @property
    def keys(self) -> tuple[str, ...]:
        """The factors' keys."""
        return tuple(factor.key for factor in self.factors)

    @property
    def today(self) -> Floats:
        """(P,) the levels now."""
        return np.asarray(self.levels[-1])

    def moves(self, first: int) -> Moves:
        """Moves between rows from row ``first`` to today; the same object each time it is asked."""
        if not 0 <= first < self.rows - 1:
            raise InputError(f"moves of {self.source}", found=f"from row {first} of {self.rows}", wanted="two rows")
        if first not in self._windows:
            self._windows[first] = Moves(self.dates[first + 1 :], self.factors, between(self, first),
                                         self.periods_per_year, self.source)
        return self._windows[first]

    def last(self, rows: int) -> Moves:
        """The last so many moves, or all if there are fewer."""
        return self.moves(max(self.rows - 1 - rows, 0))

    def level(self, key: str) -> float:
        """Today's level of one factor. Raises InputError."""
        return float(self.today[place_of(self.factors, key)])


def past_of(panel: Panel, row: int) -> Past:
    """What was known when row ``row`` of the panel was the last."""
    return Past(read_only(panel.dates[: row + 1].copy()), panel.factors, read_only(panel.values[: row + 1].copy()),
                panel.periods_per_year, panel.source)


def between(past: Past, first: int) -> Floats:
    """(T - 1 - first, P) moves: logarithmic where a factor moves in proportion, differences elsewhere."""
    held = past.levels[first:]
    proportional = np.array([factor.risk_class in PROPORTIONAL for factor in past.factors])
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.where(proportional & (held <= 0), np.nan, held)
        logs = np.where(proportional, np.log(np.where(proportional, known, 1.0)), known)
    return np.asarray(np.diff(logs, axis=0))


def place_of(factors: Sequence[Factor], key: str) -> int:
    """Where a factor stands. Raises InputError naming those that are there."""
    place = _places(tuple(factors)).get(key)
    if place is None:
        raise InputError("factor of a study", found=key, wanted="one of " + ", ".join(f.key for f in factors))
    return place


@lru_cache(maxsize=32)
def _places(factors: tuple[Factor, ...]) -> Mapping[str, int]:
    return {factor.key: n for n, factor in enumerate(factors)}
