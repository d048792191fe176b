"""Can a forecast see tomorrow? Does the walk give what an obvious loop gives?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from example_moves import smile_of_one as history
from seawall.errors import InputError
from seawall.measures.backtest import kupiec
from seawall.model.factor import Factor
from seawall.model.panel import Panel
from seawall.study.books import DeltaOne, Straddles
from seawall.study.models import (
    CopulaStudent,
    EwmaNormal,
    FilteredHistorical,
    GarchStudent,
    Historical,
    ImpliedStudent,
    Model,
)
from seawall.study.rolling import Backtest, Schedule, backtest

MODELS: tuple[Model, ...] = (
    Historical(200, "historical"), Historical(None, "all rows"), EwmaNormal(), FilteredHistorical("gjr", 300),
    FilteredHistorical("ewma", 300, 0.94, "smoothed"), GarchStudent(300), CopulaStudent(300), ImpliedStudent(),
)
BOOKS = (DeltaOne("long", {"spot:BTC": 0.5, "spot:ETH": 0.5}), DeltaOne("spread", {"spot:ETH": 1.0, "spot:BTC": -1.0}),
         Straddles("short gamma", "BTC", {30.0: -1.0}))


def bits(run: Backtest, upto: int) -> list[bytes]:
    """Every number of the forecasts for the first so many days."""
    return [np.concatenate([[f.value_at_risk, f.expected_shortfall, f.edge], f.tail, f.chance]).tobytes()
            for f in run.forecasts[:upto]]


def poisoned(clean: Panel, cut: int, how: str, seed: int = 1) -> Panel:
    """The history with every value after row ``cut`` gone, turned round, or multiplied by noise."""
    values = np.array(clean.values)
    after = values[cut + 1 :]
    noise = np.exp(np.random.default_rng(seed).uniform(-0.4, 0.4, after.shape))
    values[cut + 1 :] = {"missing": np.full_like(after, np.nan), "reversed": after[::-1], "noise": after * noise}[how]
    return Panel(clean.dates, clean.factors, values)


@pytest.mark.parametrize("how", ["missing", "reversed", "noise"])
def test_poison_after_a_day_changes_no_forecast_made_that_day_or_before_by_a_bit(how: str) -> None:
    clean, schedule, cut = history(), Schedule(310, 8), 320
    before, after = (backtest(p, BOOKS, MODELS, schedule) for p in (clean, poisoned(clean, cut, how)))
    # Forecasts on rows 310 to 320; where row 321 is missing, what came of the last is not known and it is not judged.
    known = cut - schedule.first + (how != "missing")
    for one, other in zip(before, after, strict=True):
        assert len(bits(other, known)) == known
        assert bits(one, known) == bits(other, known), (one.model, one.book)
        assert one.pnl[: known - 1].tolist() == other.pnl[: known - 1].tolist()
    if how == "noise":
        # The poison would be noticed: the first forecast that may know of it does, wherever the newest move counts.
        noticed = {one.model for one, other in zip(before, after, strict=True)
                   if bits(one, known + 1) != bits(other, known + 1)}
        assert {m.name for m in MODELS} - noticed <= {"historical", "all rows"}


@settings(max_examples=6)
@given(st.integers(311, 326), st.integers(1, 40), st.integers(0, 100))
def test_whatever_comes_after_a_day_its_forecast_stays(cut: int, refit: int, seed: int) -> None:
    clean = history()
    models = (Historical(200, "historical"), FilteredHistorical("ewma", 300, 0.94, "smoothed"), EwmaNormal())
    panels = (clean, poisoned(clean, cut, "noise", seed))
    runs = [backtest(p, BOOKS, models, Schedule(310, refit)) for p in panels]
    for one, other in zip(*runs, strict=True):
        assert bits(one, cut - 309) == bits(other, cut - 309)


def test_what_a_model_is_given_shares_no_memory_with_later_rows() -> None:
    seen = []

    class Watcher:
        name = "watcher"

        def fit(self, past):  # type: ignore[no-untyped-def]
            return self

        def draws(self, past):  # type: ignore[no-untyped-def]
            seen.append(past)
            return Historical(200).draws(past)

    panel = history()
    backtest(panel, BOOKS[:1], [Watcher()], Schedule(320, 5))
    assert [p.rows for p in seen] == list(range(321, 330))
    for past in seen:
        base = past.levels
        while base.base is not None:
            base = base.base
            assert base.shape[0] == past.rows  # no array behind the view is longer than what was known
        assert not np.shares_memory(past.levels, panel.values)


def test_historical_simulation_is_the_obvious_loop() -> None:
    panel = history()
    run = backtest(panel, BOOKS[:1], [Historical(200, "historical")], Schedule(310, 5))[0]
    logs = np.diff(np.log(panel.values[:, :2]), axis=0)
    for n, row in enumerate(range(310, 329)):
        pnl = np.sort(np.expm1(logs[row - 200 : row]).mean(axis=1))
        assert run.forecasts[n].value_at_risk == pytest.approx(-pnl[1], rel=1e-12)
        assert run.forecasts[n].expected_shortfall == pytest.approx(-pnl[:5].mean(), rel=1e-12)
        assert run.pnl[n] == pytest.approx(np.expm1(logs[row]).mean(), rel=1e-12)
        assert run.dates[n] == panel.dates[row + 1]


def test_the_law_kept_of_each_day_is_that_of_the_forecast_s_tail() -> None:
    run = backtest(history(), BOOKS[:1], MODELS[:2], Schedule(310, 5))[0]
    for f in run.forecasts:
        assert f.chance.sum() == pytest.approx(1.0)
        assert f.chance[:-1].sum() <= 0.025 + 1e-12
        assert (f.tail[:-1] < -f.edge).all()
        assert f.tail[-1] > -f.edge


def test_a_pool_gives_the_same_bits() -> None:
    with ThreadPoolExecutor(2) as pool:
        pooled = backtest(history(), BOOKS, MODELS[:4], Schedule(314, 7), mapper=pool.map)
    for one, other in zip(backtest(history(), BOOKS, MODELS[:4], Schedule(314, 7)), pooled, strict=True):
        assert bits(one, len(one.forecasts)) == bits(other, len(other.forecasts))


def test_models_that_are_right_are_not_rejected_and_one_half_as_wide_is() -> None:
    rng = np.random.default_rng(5)
    values = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal((1200, 1)), axis=0))
    dates = np.datetime64("2020-01-01", "ns") + np.arange(1200) * np.timedelta64(1, "D")
    panel = Panel(dates, (Factor("spot", "A"),), values)
    book = DeltaOne("long", {"spot:A": 1.0})
    for run in backtest(panel, [book], [Historical(500, "h"), EwmaNormal(0.99), FilteredHistorical("ewma", 500, 0.97)],
                        Schedule(500, 50)):
        assert kupiec(run.pnl < -run.value_at_risk, 0.99).p_value > 0.01
        assert kupiec(run.pnl < -run.value_at_risk / 2, 0.99).p_value < 1e-6


def test_days_between_two_dates_and_unusable_schedules() -> None:
    run = backtest(history(), BOOKS[:1], MODELS[:1], Schedule(310, 5))[0]
    part = run.between("2024-11-10", "2024-11-14")
    assert len(part.pnl) == 5
    assert len(part.forecasts) == 5
    for first, refit in ((0, 5), (329, 5), (310, 0)):
        with pytest.raises(InputError, match="schedule"):
            backtest(history(), BOOKS[:1], MODELS[:1], Schedule(first, refit))
