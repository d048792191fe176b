"""Would the forecasts have held on listed contracts? A walk through recorded chains, each evening with its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.study.chain_books import Legs, straddle_books
from seawall.study.models import Model
from seawall.study.past import past_of
from seawall.study.rolling import Backtest, Day, Mapper, Schedule, blocks_of, forecast, gathered, upto


class Struck(NamedTuple):
    """Which books are set up anew each evening: names with their legs, on each of the assets."""

    assets: tuple[str, ...]
    books: Mapping[str, Legs]


class _Task(NamedTuple):
    panel: Panel  # ends with the block's last row: what comes after is in the last market alone
    markets: tuple[Market, ...]  # of the block's rows, and the one that follows
    rows: range
    struck: Struck
    models: tuple[Model, ...]
    schedule: Schedule


def chain_backtest(
    markets: Sequence[Market], panel: Panel, struck: Struck, models: Sequence[Model], schedule: Schedule,
    *, mapper: Mapper = map,
) -> tuple[Backtest, ...]:
    """Every model on every book, in that order of nesting.

    panel: one row a market, of the same moments (``smile_panel``). On row t contracts are chosen and revalued in
    market t, and a model sees a copy of rows 0 to t and nothing else; the P&L is that of the same contracts in market
    t + 1. A day on which a contract has no price in the next market is left out of the judgement for every book.
    Raises InputError if panel and markets do not match or the schedule leaves nothing to forecast.
    """
    moments = np.array([np.datetime64(m.as_of.replace(tzinfo=None), "ns") for m in markets])
    if len(moments) != len(panel.dates) or (moments != panel.dates).any():
        raise InputError("panel of a backtest on chains", found=f"{len(panel.dates)} rows for {len(markets)} markets",
                         wanted="one row a market, of the same moments")
    tasks = [
        _Task(upto(panel, block.stop - 1), tuple(markets[block.start : block.stop + 1]), block, struck, tuple(models),
              schedule)
        for block in blocks_of(schedule, len(panel.dates))
    ]
    days = [day for block in mapper(_block, tasks) for day in block]
    names = [f"{asset} {name}" for asset in struck.assets for name in struck.books]
    return gathered(days, panel, models, names, schedule)


def _block(task: _Task) -> list[Day]:
    """The days of one block: fitted on its first row, forecast on each."""
    fitted, days = [], []
    for row, (today, following) in zip(task.rows, pairwise(task.markets), strict=True):
        past = past_of(task.panel, row)
        if row == task.rows.start:
            fitted = [model.fit(past) for model in task.models]
        books = straddle_books(today, task.struck.assets, task.struck.books)
        came = tuple(book.realised(following) for book in books)
        if not np.isfinite(came).all():
            continue
        drawn = [model.draws(past) for model in fitted]
        days.append(Day(row, came, tuple(tuple(forecast(past, book, d, task.schedule) for book in books)
                                         for d in drawn)))
    return days
