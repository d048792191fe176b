"""Option books on real chains: listed contracts, revalued in full under each model's rule, judged by the next chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import backtests_data as data
from seawall.cube import revalue
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.filtered_rule import rule_of_moves
from seawall.study.models import (
    CopulaStudent,
    EwmaNormal,
    FilteredHistorical,
    GarchStudent,
    Historical,
    ImpliedStudent,
    Model,
)
from seawall.study.models_smile import FilteredSpotFittedSmiles
from seawall.study.past import Past, past_of
from seawall.study.rolling import Backtest, Schedule, forecast

FIRST, REFIT = 100, 10  # a hundred moves: the least that a 99 % quantile can be read from
LEGS = {"short gamma, hedged": {30.0: -1.0}, "calendar, hedged": {30.0: -1.0, 90.0: 1.0}}
BUMP = 0.01


@dataclass(frozen=True)
class ChainBook:
    """quantities (I,) of listed contracts and units of spot that hedge them, as of one market."""

    name: str
    asset: str
    market: Market
    contracts: tuple[Instrument, ...]
    quantities: Floats
    hedge: float = 0.0

    def profit(self, past: Past, moves: Floats) -> Floats:
        """(S,) by full revaluation a day later, per unit of spot."""
        rule = rule_of_moves(past.factors, moves, name=self.name, horizon_days=1.0, provenance={})
        return self.gain(rule)

    def gain(self, rule: ScenarioRule) -> Floats:
        """(S,) of any rule that moves the asset's spot by name."""
        cube = revalue(self.contracts, self.market, rule)
        place = next(n for n, c in enumerate(rule.columns) if c.key == f"spot:{self.asset}")
        spot = 1 + rule.shocks[:, place]
        coin = cube.base[:, None] + cube.pnl
        return np.asarray(self.quantities @ (coin * spot - cube.base[:, None]) + self.hedge * (spot - 1))

    def realised(self, following: Market) -> float:
        """What the same contracts and the hedge earned until the next chain, per unit of today's spot."""
        still = _instant(self.asset, (0.0,))
        now = revalue(self.contracts, self.market, still).base
        then = revalue(self.contracts, following, still).base
        ratio = following.level(f"spot:{self.asset}") / self.market.level(f"spot:{self.asset}")
        return float(self.quantities @ (then * ratio - now) + self.hedge * (ratio - 1))


def chain_backtests() -> list[tuple[str, str, tuple[Backtest, ...]]]:
    """BTC and ETH straddles on the daily Deribit chains."""
    markets = data.chain_markets()
    panel = data.chain_panel(markets)
    long = data.crypto_panel(("BTC", "ETH"), end=panel.dates[0].astype("M8[D]") - data.DAY)
    models: tuple[Model, ...] = (
        Historical(None, "historical, all rows"), EwmaNormal(), FilteredHistorical("ewma", 2000, 0.94,
                                                                                   "filtered historical, EWMA 0.94"),
        FilteredHistorical("ewma", 2000, 0.97, "filtered historical, EWMA 0.97"), GarchStudent(), CopulaStudent(),
        ImpliedStudent(), FilteredSpotFittedSmiles(long),
    )
    runs = _walk(markets, panel, models)
    return [("Deribit chains, listed contracts", "mid quotes of real chains; contracts revalued in full", runs)]


def _walk(markets: Sequence[Market], panel: Panel, models: Sequence[Model]) -> tuple[Backtest, ...]:
    schedule = Schedule(FIRST, REFIT)
    kept: dict[tuple[str, str], tuple[list[float], list[object]]] = {}
    fitted, dates = [], []
    for row in range(FIRST, len(markets) - 1):
        past = past_of(panel, row)
        if (row - FIRST) % REFIT == 0:
            fitted = [model.fit(past) for model in models]
        drawn = [one.draws(past) for one in fitted]
        dates.append(panel.dates[row + 1])
        for book in _books(markets[row], markets[row + 1]):
            came = book.realised(markets[row + 1])
            for model, draws in zip(models, drawn, strict=True):
                pnl, told = kept.setdefault((model.name, book.name), ([], []))
                pnl.append(came)
                told.append(forecast(past, book, draws, schedule))
    return tuple(Backtest(model, book, np.array(dates), np.array(pnl), tuple(told), schedule)  # type: ignore[arg-type]
                 for (model, book), (pnl, told) in kept.items())


def _books(market: Market, following: Market) -> list[ChainBook]:
    out = []
    for asset in ("BTC", "ETH"):
        for name, legs in LEGS.items():
            contracts: list[Instrument] = []
            quantities: list[float] = []
            for days, quantity in legs.items():
                pair = _at_the_money(market, following, asset, days)
                contracts += pair
                quantities += [quantity, quantity]
            bare = ChainBook(f"{asset} {name}", asset, market, tuple(contracts), np.array(quantities))
            up, down = bare.gain(_instant(asset, (BUMP, -BUMP)))
            out.append(ChainBook(bare.name, asset, market, bare.contracts, bare.quantities,
                                 -(up - down) / (2 * BUMP)))
    return out


def _at_the_money(market: Market, following: Market, asset: str, days: float) -> list[Instrument]:
    """Call and put nearest to spot, of the expiry nearest to so many days that both markets price."""
    known = [s for (u, tenor), s in market.smiles.items() if u == asset and (u, tenor) in following.smiles]
    expiry = min(known, key=lambda s: abs(s.years * 365 - days))
    listed = [i for i in market.listing.values() if i.underlying == asset and i.kind == "option"
              and i.settlement_currency == asset and i.expires_at == expiry.expiry]
    by_strike: dict[float, list[Instrument]] = {}
    for i in listed:
        by_strike.setdefault(float(i.strike), []).append(i)  # type: ignore[attr-defined]
    strike = min((k for k, both in by_strike.items() if len(both) == 2), key=lambda k: abs(np.log(k / expiry.forward)))
    return by_strike[strike]


def _instant(asset: str, moves: Sequence[float]) -> ScenarioRule:
    return ScenarioRule("instant", (Column("spot", asset), Column("spot", "*crypto"), Column("spot", "*stablecoin"),
                                    Column("spot", "*currency")),
                        np.column_stack([moves, *([np.zeros(len(moves))] * 3)]),
                        frozen_texts([f"{m:+g}" for m in moves], "labels"), 0.0)
