"""What was held in listed contracts? Straddles of one evening's chain, hedged, judged by the next chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from seawall.cube import revalue
from seawall.errors import InputError
from seawall.instruments.option import OptionTerms
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.filtered_rule import rule_of_moves
from seawall.study.past import Past

BUMP = 0.01
Legs = Mapping[float, float]  # by days to expiry: straddles held, negative if sold


@dataclass(frozen=True)
class ChainBook:
    """quantities (I,) of listed contracts and units of spot that hedge them, as of one market.

    The hedge makes the change of value nil for a small instant move of spot, smiles moving with it.
    """

    name: str
    asset: str
    market: Market
    contracts: tuple[Instrument, ...]
    quantities: Floats
    hedge: float = 0.0

    def profit(self, past: Past, moves: Floats) -> Floats:
        """(S,) by full revaluation a day later, per unit of today's spot, gain > 0."""
        rule = rule_of_moves(past.factors, moves, name=self.name, horizon_days=1.0, provenance={})
        return self.gain(rule)

    def gain(self, rule: ScenarioRule) -> Floats:
        """(S,) of any rule that moves the asset's spot by name, per unit of today's spot."""
        cube = revalue(self.contracts, self.market, rule)
        place = next(n for n, c in enumerate(rule.columns) if c.key == f"spot:{self.asset}")
        spot = 1 + rule.shocks[:, place]
        coin = cube.base[:, None] + cube.pnl
        return np.asarray(self.quantities @ (coin * spot - cube.base[:, None]) + self.hedge * (spot - 1))

    def realised(self, following: Market) -> float:
        """What contracts and hedge earned until the next chain, per unit of today's spot; NaN if one has no price."""
        still = instant_moves(self.asset, (0.0,))
        now = revalue(self.contracts, self.market, still).base
        then = revalue(self.contracts, following, still).base
        ratio = following.level(f"spot:{self.asset}") / self.market.level(f"spot:{self.asset}")
        return float(self.quantities @ (then * ratio - now) + self.hedge * (ratio - 1))


def straddle_books(market: Market, assets: Sequence[str], books: Mapping[str, Legs]) -> tuple[ChainBook, ...]:
    """Each kind of book on each asset, chosen from this market alone: what is struck at the money today."""
    out = []
    for asset in assets:
        for name, legs in books.items():
            pairs = [at_the_money(market, asset, days) for days in legs]
            contracts = tuple(contract for pair in pairs for contract in pair)
            quantities = np.repeat(np.array(list(legs.values()), dtype=float), 2)
            bare = ChainBook(f"{asset} {name}", asset, market, contracts, quantities)
            up, down = bare.gain(instant_moves(asset, (BUMP, -BUMP)))
            out.append(replace(bare, hedge=-float(up - down) / (2 * BUMP)))
    return tuple(out)


def at_the_money(market: Market, asset: str, days: float) -> tuple[OptionTerms, OptionTerms]:
    """The coin-settled call and put nearest to the forward, of the expiry nearest to so many days.

    Raises InputError if no expiry with a smile has a strike with both.
    """
    pairs = _pairs(market, asset)
    smiles = [s for (underlying, _), s in market.smiles.items() if underlying == asset and s.expiry in pairs]
    if not smiles:
        raise InputError(f"straddle on {asset}", found="no expiry with a smile and both options of a strike",
                         wanted="one at least")
    smile = min(smiles, key=lambda s: (abs(s.years * 365 - days), s.years))
    held = pairs[smile.expiry]
    return held[min(held, key=lambda strike: (abs(np.log(strike / smile.forward)), strike))]


def _pairs(market: Market, asset: str) -> dict[datetime, dict[float, tuple[OptionTerms, OptionTerms]]]:
    """Call and put by expiry and strike, where both are listed."""
    mine = [i for i in market.listing.values()
            if isinstance(i, OptionTerms) and i.underlying == asset and i.settlement_currency == asset]
    puts = {(i.expiry, i.strike): i for i in mine if i.option_type == "put"}
    out: dict[datetime, dict[float, tuple[OptionTerms, OptionTerms]]] = {}
    for i in mine:
        if i.option_type == "call" and (i.expiry, i.strike) in puts:
            out.setdefault(i.expiry, {})[i.strike] = (i, puts[i.expiry, i.strike])
    return out


def instant_moves(asset: str, moves: Sequence[float]) -> ScenarioRule:
    """Proportional moves of one asset's spot in no time, every other price still."""
    others = (Column("spot", "*crypto"), Column("spot", "*stablecoin"), Column("spot", "*currency"))
    return ScenarioRule("instant", (Column("spot", asset), *others),
                        np.column_stack([moves, *([np.zeros(len(moves))] * len(others))]),
                        frozen_texts([f"{m:+g}" for m in moves], "labels"), 0.0)
