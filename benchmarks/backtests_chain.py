"""Option books on real chains: listed contracts, revalued in full under each model's rule, judged by the next chain."""

from __future__ import annotations

from benchmarks import backtests_data as data
from seawall.study.chain_walk import Struck, chain_backtest
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
from seawall.study.prelude import OnPrelude, Prelude
from seawall.study.rolling import Backtest, Mapper, Schedule

TITLE = "Deribit chains, listed contracts"
LABEL = ("contracts chosen, revalued and settled on smiles of real chains. Models learn from the chains so far and, "
         "before them, from real closes since August 2017 with DVOL since September 2025; other smile moves of those "
         "years are a model, fitted to the chains so far once sixty rows (thirty days of two coins) are there, stated "
         "before")
STRUCK = Struck(("BTC", "ETH"), {"short gamma, hedged": {30.0: -1.0}, "calendar, hedged": {30.0: -1.0, 90.0: 1.0}})
FIRST, REFIT = 1, 10
LEAST = 30  # days without which no test can be made


def chain_backtests(mapper: Mapper = map, share: float = 1.0) -> tuple[Backtest, ...]:
    """BTC and ETH straddles on the daily Deribit chains, from the second on; of ``share`` below one, the last days."""
    markets = [market for months in mapper(data.markets_of, data.chain_files()) for market in months]
    panel = data.chain_panel(markets)
    first = max(FIRST, len(markets) - 2 - max(int(share * len(markets)), LEAST))
    models = _models(data.prelude(panel.dates[0]))
    return chain_backtest(markets, panel, STRUCK, models, Schedule(first, REFIT), mapper=mapper)


def _models(prelude: Prelude) -> tuple[Model, ...]:
    plain: tuple[Model, ...] = (
        Historical(), Historical(None, "historical, all rows"), EwmaNormal(), FilteredHistorical(),
        FilteredHistorical("ewma", 2000, 0.94, "filtered historical, EWMA 0.94"),
        FilteredHistorical("ewma", 2000, 0.97, "filtered historical, EWMA 0.97"),
        GarchStudent(), CopulaStudent(), ImpliedStudent(),
    )
    return (*(OnPrelude(model, prelude) for model in plain), FilteredSpotFittedSmiles(prelude))
