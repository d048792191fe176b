"""Would the forecasts have held? A walk through a history, each day with what was then known, and nothing after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.measures.tail import expected_shortfall, value_at_risk
from seawall.model.arrays import Floats, Times
from seawall.model.panel import Panel
from seawall.study.books import StudyBook
from seawall.study.models import Draws, Model
from seawall.study.past import Past, between, past_of

Mapper = Callable[..., Iterable[Any]]


class Schedule(NamedTuple):
    """first: row of the panel that the first forecast stands on; refit: rows between two fits; the confidences."""

    first: int
    refit: int = 63
    value_at_risk: float = 0.99
    expected_shortfall: float = 0.975


class Forecast(NamedTuple):
    """One day, one book, one model: risk figures, losses > 0, and the forecast's own law beyond its shortfall's edge.

    edge: value at risk at the shortfall's confidence. tail (K,): P&L beyond it, then one better than it for the rest;
    chance (K,): their probabilities.
    """

    value_at_risk: float
    expected_shortfall: float
    edge: float
    tail: Floats
    chance: Floats


@dataclass(frozen=True, eq=False)
class Backtest:
    """One model on one book: dates (T,) of the rows forecast, pnl (T,) that came, forecasts made the row before."""

    model: str
    book: str
    dates: Times
    pnl: Floats
    forecasts: tuple[Forecast, ...]
    schedule: Schedule

    @property
    def value_at_risk(self) -> Floats:
        """(T,) at the schedule's first confidence."""
        return np.array([f.value_at_risk for f in self.forecasts])

    @property
    def expected_shortfall(self) -> Floats:
        """(T,) at the schedule's second confidence."""
        return np.array([f.expected_shortfall for f in self.forecasts])

    @property
    def edge(self) -> Floats:
        """(T,) value at risk at the confidence of the shortfall: its companion in tests of shortfall."""
        return np.array([f.edge for f in self.forecasts])

    def between(self, start: str, end: str) -> Backtest:
        """The days from start to end, both included."""
        kept = np.flatnonzero((self.dates >= np.datetime64(start)) & (self.dates <= np.datetime64(end)))
        return Backtest(self.model, self.book, self.dates[kept], self.pnl[kept],
                        tuple(self.forecasts[n] for n in kept), self.schedule)


class _Task(NamedTuple):
    panel: Panel  # ends with the block's last realised row
    rows: range
    books: tuple[StudyBook, ...]
    models: tuple[Model, ...]
    schedule: Schedule


class Day(NamedTuple):
    """One row walked: what each book earned on the next, and each model's forecast of it."""

    row: int
    pnl: tuple[float, ...]
    forecasts: tuple[tuple[Forecast, ...], ...]  # by model, then by book


def backtest(
    panel: Panel, books: Sequence[StudyBook], models: Sequence[Model], schedule: Schedule, *, mapper: Mapper = map,
) -> tuple[Backtest, ...]:
    """Every model on every book, in that order of nesting: model outer, book inner.

    On row t a model sees a copy of rows 0 to t and nothing else; the P&L is that of row t + 1. Models are fitted on the
    first row and every ``refit`` rows after. mapper: ``map``, or a pool's: blocks between two fits know nothing of each
    other, so the answer is the same bit for bit. Rows whose moves are not all known are left out of the judgement.
    Raises InputError if the schedule leaves nothing to forecast.
    """
    blocks = blocks_of(schedule, len(panel.dates))
    tasks = [_Task(upto(panel, block.stop), block, tuple(books), tuple(models), schedule) for block in blocks]
    days = [day for block in mapper(_block, tasks) for day in block]
    return gathered(days, panel, models, [book.name for book in books], schedule)


def blocks_of(schedule: Schedule, rows: int) -> list[range]:
    """Rows between two fits, for a history of so many rows. Raises InputError if nothing is left to forecast."""
    last = rows - 2
    if not (1 <= schedule.first <= last and schedule.refit >= 1):
        raise InputError("schedule of a backtest", found=(schedule.first, schedule.refit),
                         wanted=f"a first row from 1 to {last}, and a refit of 1 or more")
    starts = range(schedule.first, last + 1, schedule.refit)
    return [range(start, min(start + schedule.refit, last + 1)) for start in starts]


def gathered(days: Sequence[Day], panel: Panel, models: Sequence[Model], books: Sequence[str],
             schedule: Schedule) -> tuple[Backtest, ...]:
    """The days walked as one backtest of each model and book: model outer, book inner."""
    dates = panel.dates[[day.row + 1 for day in days]]
    return tuple(
        Backtest(model.name, book, dates, np.array([day.pnl[b] for day in days]),
                 tuple(day.forecasts[m][b] for day in days), schedule)
        for m, model in enumerate(models) for b, book in enumerate(books)
    )


def forecast(past: Past, book: StudyBook, draws: Draws, schedule: Schedule) -> Forecast:
    """The risk figures of a book under a model's draws."""
    pnl, deep = book.profit(past, draws.moves), schedule.expected_shortfall
    edge = float(value_at_risk(pnl, deep, weights=draws.weights))
    weights = np.full(len(pnl), 1.0 / len(pnl)) if draws.weights is None else draws.weights / draws.weights.sum()
    beyond = pnl < -edge
    better = abs(edge) - edge + 1.0  # any gain will do for what is not in the tail
    return Forecast(
        float(value_at_risk(pnl, schedule.value_at_risk, weights=draws.weights)),
        float(expected_shortfall(pnl, deep, weights=draws.weights)), edge, np.append(pnl[beyond], better),
        np.append(weights[beyond], 1.0 - weights[beyond].sum()),
    )


def upto(panel: Panel, row: int) -> Panel:
    """The panel to this row, which is kept."""
    return Panel(panel.dates[: row + 1], panel.factors, panel.values[: row + 1], (), panel.source,
                 panel.periods_per_year)


def _block(task: _Task) -> list[Day]:
    """The days of one block: fitted on its first row, forecast on each."""
    fitted, days = [], []
    for row in task.rows:
        past = past_of(task.panel, row)
        if row == task.rows.start:
            fitted = [model.fit(past) for model in task.models]
        came = between(past_of(task.panel, row + 1), row)
        if not np.isfinite(came).all():
            continue
        drawn = [model.draws(past) for model in fitted]
        days.append(Day(row, tuple(float(book.profit(past, came)[0]) for book in task.books),
                         tuple(tuple(forecast(past, book, d, task.schedule) for book in task.books) for d in drawn)))
    return days
