"""What else can move? A dynamics of spots and volatilities, widened by all that the book leans on besides.

Histories and smiles tell how spots and volatilities move; hedges part through carry, premiums, pegs and money, which
they seldom name. Each such factor that some instrument of the book needs gets a column of its own, with a stated
deviation and no correlation: its worst is the jump that drivers give it, not this deviation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from seawall.instruments.plugins import kind_of
from seawall.model.book import Book
from seawall.model.factor import Factor
from seawall.model.market import Market
from seawall.model.scenario import ABSOLUTE, RELATIVE, Column, Term
from seawall.scenarios.simulated import Dynamics

# Standard deviation in a year: of the log where it moves in proportion, else in its own unit.
STATED: Final[Mapping[str, float]] = MappingProxyType({
    "money": 0.032, "volatility": 0.9, "carry": 0.06, "premium": 0.012, "peg": 0.04, "exchange_rate": 0.02,
    "skew": 0.04, "curvature": 0.02, "funding": 0.5, "interest": 0.1, "rate": 0.01,
})
MONEY: Final = ("stablecoin", "currency")
PROPORTIONAL: Final = ("spot", "volatility", "peg", "exchange_rate")


def widened(dynamics: Dynamics, book: Book, market: Market) -> Dynamics:
    """The dynamics with a column for every factor of the book that it does not move, spots of coins and shares apart.

    Those must come with a history or a smile: without one their instruments fail, and the survey says so. Factors of
    one class and qualifier move together along expiries, volatilities fading by the default term.
    """
    named = {(c.risk_class, c.qualifier) for c in dynamics.columns}
    needed = {(f.risk_class, f.qualifier) for f in _factors(book, market)}
    added = sorted(pair for pair in needed if _wanted(pair, named, market))
    columns = (*dynamics.columns, *(_column(*pair) for pair in added))
    sizes = [STATED["money" if kind == "spot" else kind] for kind, _ in added]
    count = len(dynamics.columns)
    correlation = np.eye(len(columns))
    correlation[:count, :count] = dynamics.correlation
    return Dynamics(columns, np.concatenate([dynamics.volatility, sizes]), correlation)


def _factors(book: Book, market: Market) -> set[Factor]:
    found: set[Factor] = set()
    for instrument in book.instruments:
        found.update(kind_of(instrument).factors(instrument, market))
        if instrument.settlement_currency != market.numeraire:
            found.add(Factor("spot", instrument.settlement_currency))
    return found


def _wanted(pair: tuple[str, str], named: set[tuple[str, str]], market: Market) -> bool:
    kind, who = pair
    if pair not in {(factor.risk_class, factor.qualifier) for factor in market.factors}:
        return False
    if kind == "spot":
        return market.asset_class.get(who) in MONEY and not {pair, ("spot", f"*{market.asset_class[who]}")} & named
    return pair not in named and (kind, "*") not in named


def _column(kind: str, who: str) -> Column:
    return Column(kind, who, RELATIVE if kind in PROPORTIONAL else ABSOLUTE, None,
                  Term() if kind == "volatility" else None)
