"""Out-of-sample backtests of every model on real histories: `python -m benchmarks.backtests [SHARE] [PLACE]`.

Writes benchmarks/results/backtests.md. SHARE keeps only the last part of each history (0.1 for a quick look); PLACE is
where to write instead.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import backtests_data as data
from benchmarks.backtests_chain import LABEL, TITLE, chain_backtests
from benchmarks.backtests_table import Case, Scored, page, scored
from seawall.model.panel import Panel
from seawall.study.books import DeltaOne, Straddles, StudyBook
from seawall.study.models import (
    CopulaStudent,
    EwmaNormal,
    FilteredHistorical,
    GarchStudent,
    Historical,
    ImpliedStudent,
    Model,
)
from seawall.study.rolling import Backtest, Mapper, Schedule, backtest
from seawall.study.volatility_model import index_shape

RESULTS = Path(__file__).parent / "results" / "backtests.md"
LUNA = ("BTC", "ETH", "LUNA", "SOL", "AVAX", "MATIC")
FIRST = 500  # rows before the first forecast


class Study(NamedTuple):
    """One history, the books on it, how often models are fitted, and how its option prices came about."""

    title: str
    panel: Panel
    books: tuple[StudyBook, ...]
    models: tuple[Model, ...]
    refit: int
    first: int
    label: str


def models(*, implied: bool) -> tuple[Model, ...]:
    """Every model, the implied one only where there is a volatility to imply."""
    plain: tuple[Model, ...] = (
        Historical(), Historical(None, "historical, all rows"), EwmaNormal(), FilteredHistorical(),
        FilteredHistorical("ewma", 2000, 0.94, "filtered historical, EWMA 0.94"),
        FilteredHistorical("ewma", 2000, 0.97, "filtered historical, EWMA 0.97"),
        GarchStudent(), CopulaStudent(),
    )
    return (*plain, ImpliedStudent()) if implied else plain


def studies() -> list[Study]:
    """The histories before option chains were recorded."""
    five, luna, shares = data.crypto_panel(), data.crypto_panel(LUNA, end=data.LUNA_ENDS), data.shares_panel()
    names = [f.key for f in shares.factors]
    gamma, calendar = {30.0: -1.0}, {30.0: -1.0, 90.0: 1.0}
    return [
        Study("Crypto, five coins", five, (
            DeltaOne("BTC", {"spot:BTC": 1.0}), DeltaOne("five coins, equal", {f.key: 0.2 for f in five.factors}),
            DeltaOne("ETH against BTC", {"spot:ETH": 1.0, "spot:BTC": -1.0}),
            DeltaOne("four coins against BTC", {"spot:BTC": -1.0} | {f.key: 0.25 for f in five.factors[1:]}),
        ), models(implied=False), 63, FIRST, "prices"),
        Study("Crypto with LUNA, to its end", luna, (
            DeltaOne("six coins, equal", {f.key: 1 / 6 for f in luna.factors}),
            DeltaOne("LUNA against BTC", {"spot:LUNA": 1.0, "spot:BTC": -1.0}),
        ), models(implied=False), 63, 250, "prices"),
        Study("Shares, twenty", shares, (
            DeltaOne("twenty shares, equal", dict.fromkeys(names, 0.05)),
            DeltaOne("ten against ten", {key: 0.1 if n % 2 else -0.1 for n, key in enumerate(names)}),
            DeltaOne("AMD", {"spot:AMD": 1.0}),
        ), models(implied=False), 252, FIRST, "prices"),
        Study("BTC options, modelled", data.modelled_crypto_panel(), (
            DeltaOne("BTC", {"spot:BTC": 1.0}), Straddles("short gamma, hedged", "BTC", gamma),
            Straddles("calendar, hedged", "BTC", calendar),
        ), models(implied=True), 63, FIRST, "implied volatility is a stated model of past closes, not a quote"),
        Study("S&P 500 options, VIX as level", data.index_panel(), (
            DeltaOne("S&P 500", {"spot:SPX": 1.0}), Straddles("short gamma, hedged", "SPX", gamma, index_shape),
            Straddles("calendar, hedged", "SPX", calendar, index_shape),
        ), models(implied=True), 126, FIRST, "30-day volatility is VIX, 90-day a stated term structure, skew and "
           "curvature a stated share of level, fitted to SPXW smiles of January and February 2018: prices of all other "
           "years are a model, which knows 2018"),
    ]


def judged(study: Study, share: float, mapper: Mapper) -> Case:
    """The study's backtests over the last ``share`` of its rows, scored."""
    last = len(study.panel.dates) - 2
    first = max(study.first, last - int(share * (last - study.first)))
    runs = backtest(study.panel, study.books, study.models, Schedule(first, study.refit), mapper=mapper)
    return Case(study.title, study.label, _scored(runs, mapper))


def _scored(runs: Sequence[Backtest], mapper: Mapper) -> tuple[Scored, ...]:
    return tuple(mapper(scored, runs, range(len(runs))))


def main(share: float = 1.0, place: Path = RESULTS) -> None:
    """All studies, then the page."""
    start = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        cases = []
        for study in studies():
            cases.append(judged(study, share, pool.map))
            print(f"{time.perf_counter() - start:6.0f} s  {study.title}", flush=True)
        cases.append(Case(TITLE, LABEL, _scored(chain_backtests(pool.map, share), pool.map)))
        print(f"{time.perf_counter() - start:6.0f} s  {TITLE}", flush=True)
    place.parent.mkdir(exist_ok=True)
    place.write_text(page(cases), encoding="utf-8")
    print(f"{time.perf_counter() - start:6.0f} s  {place.name}")


if __name__ == "__main__":
    given = sys.argv[1:]
    np.seterr(all="raise", under="ignore")
    main(float(given[0]) if given else 1.0, Path(given[1]) if len(given) > 1 else RESULTS)
