"""What is a model's scenario called? Its row told as what prices and volatilities do in it, market by market."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seawall.errors import InputError
from seawall.margin.frame import KIND, Frame
from seawall.margin.plan import Contributions, Plan
from seawall.margin.scan import PlannedScan
from seawall.margin.shock import OPTION, Scene, scenario_columns, scenario_rows
from seawall.margin.terms import PlannedTerm
from seawall.model.arrays import Floats, Texts
from seawall.model.margin import ColumnRule

LEAST_MOVE = 5e-5
NAMED = 2
FORWARDS = (OPTION, "future", "perpetual", "perp")
PRICES = ("perpetual", "perp", "future", "spot", "collateral", "wrapped", "lending")
STILL = ("same", "none")
MOVE = "move"

Row = tuple[float | str, ...]


@dataclass(frozen=True)
class RuleNames:
    """One rule's scenarios over one market. kinds of columns that tell what a price does: a shocked price, a shocked
    forward, or the rule's own part named move."""

    name: str
    rule: ColumnRule
    frame: Frame

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rule's rows."""
        return scenario_rows(self.rule, self.frame)

    @cached_property
    def moves(self) -> dict[str, Floats]:
        """(S) relative price move of each market; none for one that the rule does not move."""
        out: dict[str, Floats] = {}
        for column, kinds in (("price", PRICES), ("forward", FORWARDS)):
            if column in self.rule.shock:
                for market, at in self._first(column, kinds).items():
                    moved = self._shock(column, at)
                    if market not in out and np.abs(moved).max(initial=0.0) > LEAST_MOVE:
                        out[market] = moved
        if MOVE in self.rule.let:
            for market, at in self._first("price", PRICES).items():
                out.setdefault(market, self._scene(at).before[MOVE] * np.ones((1, len(self.rows))))
        return {market: np.ravel(moved) for market, moved in out.items()}

    def told(self, markets: tuple[str, ...]) -> tuple[str, ...]:
        """(S) what each scenario is for these markets; entries of the row are added where two would read alike."""
        plain = [self._told(row, place, markets) for place, row in enumerate(self.rows)]
        seen = Counter(plain)
        return tuple(name if seen[name] == 1 else f"{name} ({self._entries(row)})"
                     for name, row in zip(plain, self.rows, strict=True))

    def _told(self, row: Row, place: int, markets: tuple[str, ...]) -> str:
        if self.rule.rows_from:
            return f"at {self.rule.rows_from} {float(row[0]):,.10g}"
        known = [(m, float(self.moves[m][place])) for m in markets if m in self.moves]
        if not known:
            return self._entries(row)
        alike: dict[str, list[str]] = {}
        for market, move in sorted(known, key=lambda pair: (-abs(pair[1]), pair[0])):
            if abs(move) > LEAST_MOVE:
                alike.setdefault(_percent(move), []).append(market)
        told = [f"{_some(found)} {move}" for move, found in list(alike.items())[:NAMED]]
        told += ["others less"] if len(alike) > NAMED else []
        words = [self._state(c, entry) for c, entry in zip(self.rule.columns, row, strict=True)
                 if isinstance(entry, str)]
        return ", ".join([*(told or ["price unchanged"]), *words])

    def _state(self, column: str, word: str) -> str:
        """What a word in the row does, by the column that it shocks if there is one."""
        called = "vol" if "vol" in self.rule.shock else column
        return f"{called} {'unchanged' if word in STILL else word}"

    def _entries(self, row: Row) -> str:
        return ", ".join(f"{column} {entry if isinstance(entry, str) else format(entry, 'g')}"
                         for column, entry in zip(self.rule.columns, row, strict=True))

    def _first(self, column: str, kinds: tuple[str, ...]) -> dict[str, int]:
        """Per market the instrument whose column tells the move best."""
        if column not in self.frame:
            return {}
        labels, values = self.frame.columns.labels, self.frame.number(column)
        usable = np.flatnonzero(np.isfinite(values) & (values != 0.0) & np.isin(labels[KIND], kinds))
        found: dict[str, int] = {}
        for i in sorted(usable, key=lambda i: kinds.index(str(labels[KIND][i]))):
            found.setdefault(str(labels.get("market", labels[KIND])[i]), int(i))
        return found

    def _shock(self, column: str, at: int) -> Floats:
        now = float(self.frame.number(column)[at])
        with np.errstate(all="ignore"):
            after = np.broadcast_to(self._scene(at).shocks[column], (1, len(self.rows)))
        return np.nan_to_num(np.asarray(after, dtype=np.float64).ravel() / now - 1.0)

    def _scene(self, at: int) -> Scene:
        return Scene(self.name, self.rule, self.frame, scenario_columns(self.rule, self.rows), np.array([at]))


class ScenarioNames:
    """Names of the scenarios that bind in a plan's terms, by line."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rules: dict[str, RuleNames] = {}
        self._told: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def by_line(self, found: Contributions, term: str) -> Texts:
        """(L) the scenario that binds in the term's row of each line; empty where it has none, or only one."""
        planned, empty = self._plan.terms[term], np.full(len(self._plan.lines), "", dtype=object)
        places = found.places.get(term)
        if places is None or len(planned.labels) < 2:
            return empty
        markets = self._markets(planned)
        names = [self._name(term, int(place), markets[row]) for row, place in enumerate(places)]
        return np.array(names, dtype=object)[planned.rows.of_line] if names else empty

    def _name(self, term: str, place: int, markets: tuple[str, ...]) -> str:
        if place < 0:
            return ""
        rule = getattr(self._plan.bound.model.terms[term], "scenarios", "")
        key = (rule, markets)
        if key not in self._told:
            self._told[key] = self._names(rule, term, markets)
        return self._told[key][place]

    def _names(self, rule: str, term: str, markets: tuple[str, ...]) -> tuple[str, ...]:
        """The rule's readable names; labels as they are for gains that were supplied, or a rule too odd to read."""
        model, labels = self._plan.bound.model, self._plan.terms[term].labels
        if rule not in model.scenarios or rule in self._plan.bound.binding.supplied:
            return labels
        if rule not in self._rules:
            self._rules[rule] = RuleNames(rule, model.scenarios[rule], self._plan.bound.frame)
        try:
            names = self._rules[rule].told(markets)
        except (InputError, KeyError):
            return labels
        return names if len(names) == len(labels) else labels

    def _markets(self, planned: PlannedTerm) -> list[tuple[str, ...]]:
        """Per row the markets of the lines that the term counts in it."""
        lines, labels = self._plan.lines, self._plan.bound.frame.columns.labels
        names, code = np.unique(labels.get("market", labels[KIND]), return_inverse=True)
        at = planned.at if isinstance(planned, PlannedScan) and planned.at is not None else np.arange(len(lines))
        pairs = np.unique(planned.rows.of_line[at] * len(names) + code[lines.instrument[at]])
        out: list[list[str]] = [[] for _ in range(len(planned.rows))]
        for pair in pairs:
            out[int(pair // len(names))].append(str(names[int(pair % len(names))]))
        return [tuple(found) for found in out]


def _percent(move: float) -> str:
    """A relative move with as many decimals as it needs, one at most."""
    whole = abs(move * 100 - round(move * 100)) < 0.05
    return f"{move:+.0%}" if whole else f"{move:+.1%}"


def _some(markets: list[str]) -> str:
    """A few markets by name, the rest by number."""
    more = len(markets) - NAMED
    names = [*markets[:NAMED], *([f"{more} more"] if more > 0 else [])]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
