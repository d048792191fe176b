"""Which bars can be believed? Step by step, each change told as a gap; a crash, a wick or a listing is left alone."""

from __future__ import annotations

import numpy as np

from seawall.history.bars import (
    CUT,
    DAY,
    DROPPED,
    FLAGGED,
    MISSING,
    Bars,
    gaps_of_runs,
    is_daily,
    one_gap,
    step_of,
    text_of,
    trades_weekends,
)
from seawall.model.arrays import Bools, Floats, Times
from seawall.model.factor import Factor
from seawall.model.panel import Gap

POSITIVE = ("spot", "volatility", "peg", "exchange_rate")
RATES = ("rate", "interest")
GENUINE_ZERO = 0.001  # ten basis points: a yield that was nearly zero the day before may be zero
LONG_HOLE, HOLE = 90, 10  # days
REUSED_JUMP = 5.0
MISPLACED, NEIGHBOURS = 30.0, 2.0
STALE_RUN = 5
WHOLE_DAY = 24
LEAST_CUT, CUT_TIMES, CUT_WINDOW = 0.002, 3.0, 60
CUT_SHARE = 0.03  # of the day's own range: less is a rough opening of a wild day
RHYTHM = 0.5  # share of bars that follow the one before at the usual distance
LONG_RUN = 1_000  # rows
CLOSED_WEEK = 5  # business days
HOLIDAYS = 2  # closed days in a row that no calendar need explain

Cleaned = tuple[Bars, list[Gap]]


def in_order(bars: Bars, series: str) -> Cleaned:
    """Bars by time, each time once: repeats are dropped, contradictions told."""
    order = np.argsort(bars.times, kind="stable")
    bars = bars.take(order)
    same = np.concatenate([bars.times[1:] == bars.times[:-1], [False]]) if len(bars) else np.zeros(0, dtype=bool)
    after = np.concatenate([bars.close[1:], [np.nan]]) if len(bars) else np.zeros(0)
    alike = same & ((bars.close == after) | (np.isnan(bars.close) & np.isnan(after)))
    gaps = one_gap(series, bars.times, alike, "row repeated", DROPPED)
    gaps += one_gap(series, bars.times, same & ~alike, "two values for one time, the last in the file kept", DROPPED)
    return bars.take(~same), gaps


def believable_levels(bars: Bars, factor: Factor) -> Cleaned:
    """Prices that are zero or negative, and rates whose zero stands for nothing, are missing."""
    series, level = factor.key, bars.close
    if factor.risk_class in POSITIVE:
        bad, reason = level <= 0, "zero or negative price"
    elif factor.risk_class in RATES:
        bad, reason = missing_zeros(level), "zero where no rate was published"
    else:
        bad, reason = np.zeros(len(bars), dtype=bool), ""
    bad |= np.isinf(level)
    gaps = gaps_of_runs(series, bars.times, bad, reason or "infinite", DROPPED)
    blank = np.isnan(level)
    gaps += gaps_of_runs(series, bars.times, blank, "no value in the file", MISSING)
    left = bars.take(~bad & ~blank)
    slip = misplaced_points(left.close) if factor.risk_class == "volatility" else np.zeros(len(left), dtype=bool)
    gaps += gaps_of_runs(series, left.times, slip, "decimal point misplaced for one row", DROPPED)
    return left.take(~slip), gaps


def misplaced_points(level: Floats) -> Bools:
    """(T,) rows a hundred times off both neighbours, which agree: no volatility goes there and back in two days."""
    slip = np.zeros(len(level), dtype=bool)
    if len(level) >= 3:
        before, here, after = level[:-2], level[1:-1], level[2:]
        off = np.abs(np.log(here / np.sqrt(before * after)))
        slip[1:-1] = (off > np.log(MISPLACED)) & (np.abs(np.log(after / before)) < np.log(NEIGHBOURS))
    return slip


def missing_zeros(rates: Floats) -> Bools:
    """(T,) zeros that cannot be rates: a run of them that does not begin and end near zero."""
    zero = rates == 0
    rows = np.flatnonzero(zero)
    missing = np.zeros(len(rates), dtype=bool)
    for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []:
        beside = [rates[i] for i in (run[0] - 1, run[-1] + 1) if 0 <= i < len(rates) and np.isfinite(rates[i])]
        missing[run] = not beside or max(abs(value) for value in beside) > GENUINE_ZERO
    return missing


def one_instrument_each(bars: Bars, factor: Factor) -> tuple[list[tuple[Factor, Bars]], list[Gap]]:
    """The bars cut where a name was given to something else; the longest stretch keeps the plain name."""
    if len(bars) < 2 or factor.risk_class not in POSITIVE:
        return [(factor, bars)], []
    apart = np.diff(bars.times)
    jumps = bars.close[1:] / bars.close[:-1]
    step = step_of(bars.times)
    long_hole = apart >= max(LONG_HOLE * DAY, 20 * step)
    hole = (apart >= max(HOLE * DAY, 5 * step)) & ((jumps > REUSED_JUMP) | (jumps < 1 / REUSED_JUMP))
    breaks = np.flatnonzero(long_hole | hole) + 1
    stretches = [bars.take(rows) for rows in np.split(np.arange(len(bars)), breaks)]
    longest = max(range(len(stretches)), key=lambda n: len(stretches[n]))
    named = [(factor if n == longest else _renamed(factor, part), part) for n, part in enumerate(stretches)]
    gaps = [
        Gap(factor.key, text_of(bars.times[row - 1]), text_of(bars.times[row]), int(apart[row - 1] // step) - 1,
            f"name used again: {int(apart[row - 1] // DAY)} days without a row, then times {jumps[row - 1]:.6g}",
            f"{CUT}: from {text_of(bars.times[row])} it is {named[n + 1][0].key}, before {named[n][0].key}")
        for n, row in enumerate(breaks)
    ]
    return named, gaps


def whole_bars(bars: Bars, factor: Factor, rows: Times) -> Cleaned:
    """Without daily bars that end before the day does. rows: of the file, ascending."""
    series = factor.key
    partial = np.isfinite(bars.hours) & (bars.hours != WHOLE_DAY)
    gaps = gaps_of_runs(series, bars.times, partial, "partial day: not made of 24 hours", DROPPED)
    bars = bars.take(~partial)
    cut = cut_candles(bars) if factor.risk_class == "spot" else np.zeros(len(bars), dtype=bool)
    gaps += gaps_of_runs(series, bars.times, cut, "candle cut before the day ended: the next opens elsewhere", DROPPED)
    last = np.zeros(len(bars), dtype=bool)
    if cut[-2 * CUT_WINDOW:].any():
        last[-1] = bars.times[-1] == rows[-1]
        gaps += one_gap(series, bars.times, last, "last candle, in a file whose candles were cut", DROPPED)
    return bars.take(~cut & ~last), gaps


def cut_candles(bars: Bars) -> Bools:
    """(T,) daily bars of a market that never closes, whose close is not where the next one opens.

    Judged against the distances of the sixty bars around, so that a thin market's rough opens are no cut: their
    eightieth percentile, since the bars around a cut are themselves often cut.
    """
    if len(bars) < 3 or not (is_daily(bars.times) and trades_weekends(bars.times)):
        return np.zeros(len(bars), dtype=bool)
    apart = np.abs(bars.open[1:] / bars.close[:-1] - 1)
    apart[np.diff(bars.times) != step_of(bars.times)] = np.nan
    half = CUT_WINDOW // 2
    usual = np.array([_usual(apart[max(0, n - half): n + half]) for n in range(len(apart))])
    wild = apart < CUT_SHARE * (bars.high / bars.low - 1)[:-1]
    return np.concatenate([(apart > np.maximum(LEAST_CUT, CUT_TIMES * usual)) & ~wild, [False]])


def traded_bars(bars: Bars, series: str) -> Cleaned:
    """Without bars in which nothing traded: flat, at the last close, with zero volume."""
    idle = bars.volume == 0
    if idle.mean() > 0.5 if len(bars) else True:
        return bars, one_gap(series, bars.times, idle, "volume is mostly zero: not believed", FLAGGED)
    last = np.concatenate([[np.nan], bars.close[:-1]])
    flat = np.where(np.isfinite(bars.high), bars.high == bars.low, bars.close == last)
    halted = idle & flat & (bars.close == last)
    return bars.take(~halted), gaps_of_runs(series, bars.times, halted, "halt: flat bar without volume", DROPPED)


def holes(bars: Bars, series: str, rows: Times) -> tuple[Times, list[Gap]]:
    """Times at which a bar was due but none came, the first and last of a long hole, none if bars come at no rhythm.

    rows: of the file, ascending; those without a level are told apart.
    """
    if len(bars) < 3:
        return bars.times[:0], []
    step = step_of(bars.times)
    around_the_clock = trades_weekends(bars.times)
    if around_the_clock:
        due = np.rint(np.diff(bars.times) / step).astype(int) - 1
    else:
        days = bars.times.astype("datetime64[D]")
        due = np.busday_count(days[:-1], days[1:]) - 1
        due[due <= HOLIDAYS] = 0
    if np.mean(due == 0) < RHYTHM:
        return bars.times[:0], []
    there = np.searchsorted(rows, bars.times[1:], "left") - np.searchsorted(rows, bars.times[:-1], "right")
    found, gaps = [bars.times[:0]], []
    for row in np.flatnonzero(due > there):
        count = np.arange(1, due[row] + 1) if due[row] <= LONG_RUN else np.array([1, due[row]])
        times = bars.times[row] + count * step if around_the_clock \
            else np.busday_offset(days[row], count, roll="backward").astype("datetime64[ns]")
        # An exchange closed for a week reopens with a real move, as on 17 September 2001: it is one move, and stays.
        if around_the_clock or due[row] > CLOSED_WEEK:
            found.append(times)
        gaps.append(Gap(series, text_of(times[0]), text_of(times[-1]), int(due[row] - there[row]), "no rows", MISSING))
    return np.concatenate(found), gaps


def stale(bars: Bars, factor: Factor) -> list[Gap]:
    """Prices that stood still for five bars or more: flagged, kept."""
    if factor.risk_class != "spot" or len(bars) < STALE_RUN:
        return []
    same = np.concatenate([[False], bars.close[1:] == bars.close[:-1]])
    rows = np.flatnonzero(same)
    hit = np.zeros(len(bars), dtype=bool)
    for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []:
        hit[run] = len(run) >= STALE_RUN - 1
    return one_gap(factor.key, bars.times, hit, f"price unchanged for {STALE_RUN} rows or more", FLAGGED)


def _renamed(factor: Factor, part: Bars) -> Factor:
    day = str(part.times[0].astype("datetime64[D]"))
    return Factor(factor.risk_class, f"{factor.qualifier}@{day}", factor.tenor, factor.strike, factor.unit)


def _usual(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, 0.8)) if len(known) else float("inf")
