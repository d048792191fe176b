"""What moved each day? A panel's moves by factor, and every row or value that an estimate went without."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec
import numpy as np

from seawall.errors import InputError
from seawall.history.dependence_factors import places
from seawall.history.join import common_calendar
from seawall.model.arrays import Bools, Floats, Times, frozen_floats, read_only
from seawall.model.factor import Factor
from seawall.model.identity import content_id
from seawall.model.panel import Panel

# Move in proportion, so by logarithms; all other classes move by amounts in their own unit.
PROPORTIONAL = ("spot", "volatility", "peg", "exchange_rate")


class Repair(msgspec.Struct, frozen=True):
    """What was mended, left out or assumed: for which factor ("" for all), in words, and by how much in which unit."""

    factor: str
    what: str
    amount: float
    unit: str


@dataclass(frozen=True, eq=False)
class Moves:
    """values (T,P): move of each factor over the row that ends at each date, NaN where either end is missing.

    Logarithmic for prices, volatilities, pegs and exchange rates, plain differences for the rest. told: what was left
    out to get them.
    """

    dates: Times
    factors: tuple[Factor, ...]
    values: Floats
    periods_per_year: float
    source: str = ""
    told: tuple[Repair, ...] = ()

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "dates", read_only(np.array(self.dates, dtype="datetime64[ns]")))
        put(self, "factors", tuple(self.factors))
        put(self, "values", frozen_floats(self.values, "moves", (len(self.dates), len(self.factors))))

    @cached_property
    def moves_id(self) -> str:
        """Hash of dates, factors and values."""
        return content_id("moves", self.dates.astype(np.int64), self.keys, self.values, self.periods_per_year)

    @property
    def keys(self) -> tuple[str, ...]:
        """The factors' keys: class, name, tenor and strike."""
        return tuple(factor.key for factor in self.factors)

    @property
    def known(self) -> Bools:
        """(T,P) whether there is a move."""
        return np.array(np.isfinite(self.values))

    def select(self, keys: tuple[str, ...]) -> Moves:
        """The same dates with these factors, in this order. Raises FactorMissing for one that is not there."""
        chosen = places(self.keys, keys, f"moves of {self.source}")
        return replace(self, factors=tuple(self.factors[n] for n in chosen), values=self.values[:, chosen])


def moves_of(panel: Panel, *, over_gaps: bool = False) -> Moves:
    """Moves of a panel from row to row; over_gaps: from the level last seen, over however many rows.

    Weekends are left out if some factors never trade on them (``common_calendar``), but not with over_gaps.
    Raises InputError for fewer than two dates, or a level that is not positive where logarithms are taken.
    """
    if len(panel.dates) < 2:
        raise InputError(f"history {panel.source}", found=f"{len(panel.dates)} dates", wanted="at least 2")
    held = panel if over_gaps else common_calendar(panel)
    lost = len(panel.dates) - len(held.dates)
    levels = levels_of(held)
    before = _last_seen(levels)[:-1] if over_gaps else levels[:-1]
    told = (Repair("", "weekends left out: not all factors trade on them", float(lost), "rows"),) if lost else ()
    return Moves(held.dates[1:], held.factors, levels[1:] - before, held.periods_per_year,
                 held.source or held.panel_id, told)


def levels_of(panel: Panel) -> Floats:
    """(T,P) levels whose differences are moves: logarithms for what moves in proportion, NaN where there is none."""
    levels = np.array(panel.values)
    for n, factor in enumerate(panel.factors):
        if factor.risk_class not in PROPORTIONAL:
            continue
        bad = np.flatnonzero(levels[:, n] <= 0)
        if len(bad):
            raise InputError(f"history {panel.source}: {factor.key} on {panel.dates[bad[0]]}",
                             found=float(levels[bad[0], n]), wanted="a positive level",
                             remedy="clean the history first")
        levels[:, n] = np.log(levels[:, n])
    return levels


def _last_seen(levels: Floats) -> Floats:
    rows = np.where(np.isfinite(levels), np.arange(len(levels))[:, None], 0)
    return np.asarray(np.take_along_axis(levels, np.maximum.accumulate(rows, axis=0), axis=0))


def whole_rows(moves: Moves) -> tuple[Moves, tuple[Repair, ...]]:
    """The rows on which every factor moves, and what was left out: by factor, the rows that its gaps alone cost."""
    whole = np.flatnonzero(moves.known.all(axis=1))
    if not len(whole):
        counts = moves.known.sum(axis=0)
        worst = int(np.argmin(counts))
        raise InputError(f"history {moves.source}", found=f"no row with every factor; {moves.keys[worst]} has "
                         f"{counts[worst]} of {len(moves.values)}", wanted="rows on which every factor moves",
                         remedy="leave that factor out, or estimate pair by pair")
    missing = (~moves.known).sum(axis=0)
    told = tuple(Repair(key, "moves missing; the rows were left out for every factor", float(count), "rows")
                 for key, count in zip(moves.keys, missing, strict=True) if count)
    return replace(moves, dates=moves.dates[whole], values=moves.values[whole]), (*moves.told, *told)


def refuse_short(moves: Moves, least: int, what: str) -> None:
    """Raises InputError that names every factor with fewer than ``least`` moves, and how many it has."""
    counts = moves.known.sum(axis=0)
    short = [f"{key} {count}" for key, count in zip(moves.keys, counts, strict=True) if count < least]
    if short:
        raise InputError(f"{what} from history {moves.source}", found="too few moves: " + ", ".join(short),
                         wanted=f"at least {least} each", remedy="leave them out, or let a named proxy stand for them")


def moving_places(moves: Moves, jumping: Container[int]) -> list[int]:
    """Columns that moved at all. Raises InputError naming those that never did, but for the columns in ``jumping``."""
    spread = np.nanmax(moves.values, axis=0) - np.nanmin(moves.values, axis=0)
    lifeless = [key for n, key in enumerate(moves.keys) if spread[n] == 0 and n not in jumping]
    if lifeless:
        raise InputError(f"history {moves.source}, rows used", found="never moved: " + ", ".join(lifeless),
                         wanted="factors that move", remedy="leave them out: held still is a choice to state")
    return [n for n in range(len(moves.factors)) if spread[n] > 0]
