"""What lies between two runs? Their books, markets, rules and policies mixed, cause by cause.

A state is the set of causes that are switched to the later run. The empty set is the earlier run, the full one the
later, each with its own inputs untouched. In between, a factor that only one market has stands at that market's level,
and lines of what expired meanwhile belong to the passing of time, not to trades.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from seawall.changes.archive import Archive, Ingredients
from seawall.errors import InputError, RiskError
from seawall.measures.pnl_factors import lines_of
from seawall.model.arrays import Bools, frozen_texts
from seawall.model.book import Book
from seawall.model.changes import HISTORY, IMPLIED, LEVELS, PARAMETERS, SCENARIOS, TIME, TRADES, VOLATILITIES
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.policy import Policy
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.choice import choose

Switched = frozenset[str]
MARKET = frozenset({LEVELS, VOLATILITIES, TIME})
SMILE = frozenset({"volatility", "skew", "curvature"})
REMADE = (TRADES, LEVELS, VOLATILITIES, TIME, IMPLIED, HISTORY, PARAMETERS)
KEPT = (TRADES, LEVELS, VOLATILITIES, TIME, SCENARIOS, PARAMETERS)


class Mixed(NamedTuple):
    """The inputs of one state."""

    book: Book
    market: Market
    rule: ScenarioRule
    policy: Policy


class Between:
    """Two runs and every state between them. Raises InputError if they are told in different currencies.

    steps: causes in the order in which they are switched. notes: why scenarios could not be made anew, if so.
    """

    def __init__(self, before: Archive, after: Archive) -> None:
        _refuse_strangers(before, after)
        self.before, self.after = before, after
        self._rules: dict[tuple[Any, ...], ScenarioRule] = {}
        self.notes: tuple[str, ...] = ()
        self.steps: tuple[str, ...] = REMADE
        if reason := self._not_remade():
            self.steps, self.notes = KEPT, (reason,)

    def at(self, switched: Switched) -> Mixed:
        """The inputs with these causes of the later run. Raises RiskError where no scenario can be made of them."""
        policy = self.after.policy if PARAMETERS in switched else self.before.policy
        return Mixed(self.book(switched), self.market(switched), self.rule(switched), policy)

    def book(self, switched: Switched) -> Book:
        """The traded book's lines that live, with the lines that ended of the book that time has not passed for."""
        live = self.after.book if TRADES in switched else self.before.book
        past = self.after.book if TIME in switched else self.before.book
        moment = self.after.market.as_of
        if live is past or not (ended_lines(live, moment).any() or ended_lines(past, moment).any()):
            return live
        return joined(lines_of(live, ~ended_lines(live, moment)), lines_of(past, ended_lines(past, moment)))

    def market(self, switched: Switched) -> Market:
        """Levels, smiles and the moment, each from its own side."""
        first, last, traded = self.before.market, self.after.market, TRADES in switched
        if not (MARKET & switched) and not traded:
            return first
        if switched >= MARKET and traded:
            return last
        levels, smiles = (last if cause in switched else first for cause in (LEVELS, VOLATILITIES))
        return market_of(levels, smiles, as_of=last.as_of if TIME in switched else first.as_of, others=(first, last))

    def rule(self, switched: Switched) -> ScenarioRule:
        """The main rule: chosen anew where its ingredients were kept, else one of the two that were saved."""
        if SCENARIOS in self.steps:
            return (self.after if SCENARIOS in switched else self.before).plan.tails[0]
        return self._chosen(switched)

    def _chosen(self, switched: Switched) -> ScenarioRule:
        before, after = self._made_of()
        first, last, traded = self.before.market, self.after.market, TRADES in switched
        source = last if IMPLIED in switched else first
        wish = after.wish if PARAMETERS in switched else before.wish
        history = after.history if HISTORY in switched else before.history
        library = after.library if PARAMETERS in switched else before.library
        # A new asset in the book has a level in the later market only; what both have stays as it was.
        pure = traded == (IMPLIED in switched)
        market = source if pure else market_of(source, source, as_of=source.as_of, others=(first, last))
        held = assets(self.book(switched))
        asked = PARAMETERS in switched and before.wish != after.wish
        key = (market.market_id, held, asked, history.panel_id if history is not None else "")
        if key not in self._rules:
            self._rules[key] = choose(market, held, history=history, library=library, wish=wish).tails[0]
        return self._rules[key]

    def _made_of(self) -> tuple[Ingredients, Ingredients]:
        before, after = self.before.made_of, self.after.made_of
        if before is None or after is None:
            raise InputError("what the scenarios were made of", found="rules alone", wanted="their ingredients")
        return before, after

    def _not_remade(self) -> str:
        """Why rules are taken as saved, or nothing."""
        without = [name for name, run in (("before", self.before), ("after", self.after)) if run.made_of is None]
        if without:
            return (f"the run {' and the run '.join(without)} kept its scenarios but not what they were made of: new "
                    "history, new parameters and a new market in them are told as one, scenarios")
        for name, run, switched in (("before", self.before, Switched()), ("after", self.after, Switched(REMADE))):
            try:
                same = self._chosen(switched).rule_id == run.plan.tails[0].rule_id
            except RiskError:
                same = False
            if not same:
                return (f"the scenarios of the run {name} cannot be made again by this version: their change is told "
                        "as one, scenarios")
        return ""


def assets(book: Book) -> tuple[str, ...]:
    """Underlyings and settlement currencies of the book, sorted: what its scenarios must move."""
    return tuple(sorted({i.underlying for i in book.instruments} | {i.settlement_currency for i in book.instruments}))


def ended_lines(book: Book, moment: datetime) -> Bools:
    """(L,) whether the line's instrument has expired by then."""
    ended = [i.expires_at is not None and i.expires_at <= moment for i in book.instruments]
    return np.array(ended, dtype=bool)[book.instrument_of]


def joined(book: Book, further: Book) -> Book:
    """The lines of both; of an instrument in both the first book's terms, its name and failures kept."""
    known = {i.instrument_id: i for side in (further, book) for i in _used(side)}
    place = {name: n for n, name in enumerate(known)}
    names = list(dict.fromkeys((*book.dimensions, *further.dimensions)))
    dimensions = {name: frozen_texts([*_column(book, name), *_column(further, name)], name) for name in names}
    at = [place[side.instruments[n].instrument_id] for side in (book, further) for n in side.instrument_of]
    return replace(
        book, instruments=tuple(known.values()), instrument_of=np.array(at, dtype=np.int64), dimensions=dimensions,
        quantity=np.concatenate([book.quantity, further.quantity]),
        average_price=np.concatenate([book.average_price, further.average_price]),
        accounts={**further.accounts, **book.accounts},
    )


def _used(book: Book) -> list[Instrument]:
    return [book.instruments[n] for n in np.unique(book.instrument_of)]


def market_of(levels: Market, smiles: Market, *, as_of: datetime, others: tuple[Market, Market]) -> Market:
    """Levels of prices from one market, of smiles from another; what neither has there, from whichever has it."""
    found: dict[Any, float] = {}
    for source in others:
        found |= dict(zip(source.factors, source.levels.tolist(), strict=True))
    for source, bends in ((levels, False), (smiles, True)):
        found |= {factor: level for factor, level in zip(source.factors, source.levels.tolist(), strict=True)
                  if (factor.risk_class in SMILE) == bends}
    factors = tuple(sorted(found))
    return Market(
        as_of, factors, np.array([found[f] for f in factors]), np.zeros(len(factors)),
        _both(others, smiles, "smiles"), levels.numeraire, _both(others, levels, "listing"),
        _both(others, levels, "asset_class"),
    )


def _both(others: tuple[Market, Market], first: Market, name: str) -> Mapping[Any, Any]:
    merged: dict[Any, Any] = {}
    for source in (*others, first):
        merged |= dict(getattr(source, name))
    return merged


def _column(book: Book, name: str) -> list[str]:
    return list(book.dimensions[name]) if name in book.dimensions else [""] * len(book)


def _refuse_strangers(before: Archive, after: Archive) -> None:
    for what, first, last in (("reporting currency", before.report.currency, after.report.currency),
                              ("numeraire", before.market.numeraire, after.market.numeraire)):
        if first != last:
            raise InputError(f"the two runs differ in their {what}", found=f"{first} and {last}", wanted="the same",
                             remedy="run one of them again with the other's --currency")
    if after.market.as_of < before.market.as_of:
        raise InputError("the second run is the earlier one", found=f"{before.market.as_of.isoformat()} and "
                         f"{after.market.as_of.isoformat()}", wanted="the earlier run first",
                         remedy="name them the other way round")
