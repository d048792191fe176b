"""What happened on each date? Cleaned series of several files laid side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from seawall.errors import InputError
from seawall.history import clean
from seawall.history.bars import (
    DAY,
    DROPPED,
    FLAGGED,
    MISSING,
    Bars,
    gaps_of_runs,
    is_daily,
    on_weekend,
    one_gap,
    step_of,
    text_of,
    trades_weekends,
    weekend_share,
)
from seawall.history.splits import Quiet, Steps, apply_splits, find_splits, quiet_of
from seawall.model.arrays import Floats, Times
from seawall.model.factor import Factor
from seawall.model.panel import Gap, Panel

AGREE = 1e-3  # ten basis points between two files' levels of one factor
CALENDAR_DAYS, TRADING_DAYS = 365.0, 252.0
FEW_WEEKENDS = 0.05
ONLY_OTHERS = "only other series have a row"

Named = tuple[Factor, Bars]


def panel_of_bars(
    named: Sequence[Named], *, splits: Mapping[str, Steps] | None = None, repair_splits: bool = False,
    gaps: Sequence[Gap] = (), source: str = "",
) -> Panel:
    """Cleaned levels (T,P) of every factor; where two files give one factor, the first listed stands.

    splits: by the name in the file. gaps: what reading alone had to tell. Raises InputError if nothing is left.
    """
    told = list(gaps)
    ordered: list[tuple[Factor, Bars, Times]] = []
    for factor, bars in named:
        sorted_bars, found = clean.in_order(bars, factor.key)
        believed, more = clean.believable_levels(sorted_bars, factor)
        told += [*found, *more]
        ordered.append((factor, believed, sorted_bars.times))
    quiet = quiet_of([bars for factor, bars, _ in ordered if factor.risk_class == "spot"])
    cleaned: list[Named] = []
    blank: list[Times] = []
    for factor, bars, rows in ordered:
        parts, more = clean.one_instrument_each(bars, factor)
        told += more
        for name, part in parts:
            due, missing = clean.holes(part, name.key, rows)
            whole, more = _cleaned(name, part, rows, quiet=quiet, steps=(splits or {}).get(bars.name),
                                   repair=repair_splits)
            cleaned.append((name, whole))
            blank.append(np.concatenate([rows, due]))
            told += [*missing, *more]
    return _side_by_side(cleaned, blank, told, source)


def common_calendar(panel: Panel) -> Panel:
    """The panel without weekends if some of its factors never trade on them, each left-out level told.

    A move from Friday to Monday is then one move for all, and a year has 252 rows; otherwise the panel itself.
    """
    if not is_daily(panel.dates):
        return panel
    closed = np.array([weekend_share(panel.dates[np.isfinite(column)]) < FEW_WEEKENDS for column in panel.values.T])
    weekend = on_weekend(panel.dates)
    if not closed.any() or not weekend.any():
        return panel
    told = [gap for gap in panel.gaps if gap.reason != ONLY_OTHERS]
    for factor, column in zip(panel.factors, panel.values.T, strict=True):
        lost = weekend & np.isfinite(column)
        told += one_gap(factor.key, panel.dates, lost, "weekend: not all series trade", DROPPED)
    dates, values = panel.dates[~weekend], panel.values[~weekend]
    for place, factor in enumerate(panel.factors):
        told += _absent(dates, values[:, place], factor.key, told)
    return Panel(dates, panel.factors, values, tuple(told), panel.source, TRADING_DAYS)


def _cleaned(
    factor: Factor, bars: Bars, rows: Times, *, quiet: Quiet, steps: Steps | None, repair: bool
) -> tuple[Bars, list[Gap]]:
    """One instrument's bars: splits first, since a halt or a cut is judged by the last close."""
    told: list[Gap] = []
    if steps is not None:
        bars, told = apply_splits(bars, steps, factor.key)
    if factor.risk_class == "spot":
        bars, jumps = find_splits(bars, quiet, factor.key, repair=repair)
        told = told + jumps
    traded, halts = clean.traded_bars(bars, factor.key)
    whole, partial = clean.whole_bars(traded, factor, rows)
    return whole, [*told, *halts, *partial, *clean.stale(whole, factor)]


def _side_by_side(cleaned: Sequence[Named], blank: Sequence[Times], told: list[Gap], source: str) -> Panel:
    filled = [(factor, bars) for factor, bars in cleaned if len(bars)]
    if not filled:
        raise InputError(f"history {source}", found="no usable value", wanted="dates with levels",
                         remedy="check the files, the columns and the dates")
    factors = tuple(dict.fromkeys(factor for factor, _ in filled))
    dates = np.unique(np.concatenate([bars.times for _, bars in filled]))
    pairs = zip(cleaned, blank, strict=True)
    dates = np.unique(np.concatenate([dates, *(_blank_dates(dates, bars, times) for (_, bars), times in pairs)]))
    values = np.full((len(dates), len(factors)), np.nan)
    for factor, bars in filled:
        column = values[:, factors.index(factor)]
        told += _lay(column, np.searchsorted(dates, bars.times), bars, factor.key)
    for place, factor in enumerate(factors):
        told += _absent(dates, values[:, place], factor.key, told)
    return Panel(dates, factors, values, tuple(told), source, _periods_per_year(dates))


def _blank_dates(dates: Times, bars: Bars, due: Times) -> Times:
    """Dates without any level that must stand in the panel: else two levels with a hole between look like one move."""
    if len(bars) < 2:
        return dates[:0]
    inside = due[(due > bars.times[0]) & (due < bars.times[-1])]
    after = np.searchsorted(bars.times, inside, "left")
    start, end = bars.times[after - 1], bars.times[after]
    others = np.searchsorted(dates, end, "left") - np.searchsorted(dates, start, "right")
    return np.asarray(inside[(others <= 0) & (end != inside)], dtype="datetime64[ns]")


def _lay(column: Floats, rows: np.ndarray, bars: Bars, series: str) -> list[Gap]:
    """Fills what no earlier file has filled; tells where the two differ."""
    before = column[rows]
    apart = np.abs(bars.close - before) > AGREE * np.abs(before)
    column[rows] = np.where(np.isnan(before), bars.close, before)
    reason = f"files differ by more than {AGREE:.1%}: the one listed first is kept, not {bars.source}"
    hit = np.flatnonzero(apart)
    if not len(hit):
        return []
    return [Gap(series, text_of(bars.times[hit[0]]), text_of(bars.times[hit[-1]]), len(hit), reason, FLAGGED)]


def _absent(dates: Times, column: Floats, series: str, told: Sequence[Gap]) -> list[Gap]:
    """Dates between a factor's first and last on which only others have a level, and no gap says why."""
    known = np.flatnonzero(np.isfinite(column))
    inside = np.zeros(len(dates), dtype=bool)
    inside[known[0]: known[-1] + 1] = True
    unexplained = inside & np.isnan(column)
    for gap in told:
        if gap.series == series and gap.treatment in (DROPPED, MISSING):
            first, last = np.datetime64(gap.first.rstrip("Z")), np.datetime64(gap.last.rstrip("Z"))
            unexplained &= (dates < first) | (dates > last)
    found = gaps_of_runs(series, dates, unexplained, ONLY_OTHERS, MISSING)
    count = sum(gap.count for gap in found)
    return [Gap(series, found[0].first, found[-1].last, count, found[0].reason, MISSING)] if found else []


def _periods_per_year(dates: Times) -> float:
    """Rows in a year: 365 where weekends trade, 252 where not, counted if in between; by the clock if not daily."""
    if not is_daily(dates):
        return CALENDAR_DAYS / float(step_of(dates) / DAY)
    if trades_weekends(dates):
        return CALENDAR_DAYS
    if weekend_share(dates) < FEW_WEEKENDS:
        return TRADING_DAYS
    return float(round((len(dates) - 1) / float((dates[-1] - dates[0]) / DAY) * 365.25))
