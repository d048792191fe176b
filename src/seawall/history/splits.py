"""Did the price fall, or was it divided? Splits told by a file are applied; jumps that look like one are flagged.

A crash is never repaired: without a file nothing is changed unless the reader is told to, and then only where the
jump stands between two bars, at a simple ratio, in a quiet market, on a quiet day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seawall.history.bars import FLAGGED, REPAIRED, Bars, text_of
from seawall.model.arrays import Bools, Floats, Times
from seawall.model.panel import Gap

RATIOS = np.array([1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 50.0, 100.0])
BREAK = 0.6  # a bar that opens below this share of the last close, or above its inverse
QUIET_DAY = 1.2  # high over low of the day itself
QUIET_MARKET = 0.05  # median absolute move of all series that day
VOLUME_KEPT = 0.5  # a split multiplies the shares traded; a collapse ends trading
REPAIRABLE, LIKELY = 0.03, 0.06  # distance from the simple ratio: the day's own move
LEAST_SERIES = 3
NO_TIMES = np.zeros(0, dtype="datetime64[ns]")


class Steps(NamedTuple):
    """until (K): last moment of each stretch, ascending. price, shares (K): factors of prices up to that moment."""

    until: Times
    price: Floats
    shares: Floats


class Quiet(NamedTuple):
    """dates (T) and the median absolute log move of all series at each; NaN where fewer than three moved."""

    dates: Times
    moves: Floats


def apply_splits(bars: Bars, steps: Steps, series: str) -> tuple[Bars, list[Gap]]:
    """Prices as they would have been with today's shares, dividends taken off, and a gap for each split."""
    place = np.minimum(np.searchsorted(steps.until, bars.times), len(steps.until) - 1)
    past = bars.times > steps.until[-1]
    factor = np.where(past, 1.0, (steps.price * steps.shares)[place])
    gaps = []
    for n in range(len(steps.until)):
        after = steps.shares[n + 1] if n + 1 < len(steps.until) else 1.0
        rows = int((bars.times <= steps.until[n]).sum())
        if rows and abs(after / steps.shares[n] - 1) > 1e-6:
            reason = f"split {ratio_text(after / steps.shares[n])} after {text_of(steps.until[n])}, by the splits file"
            gaps.append(Gap(series, text_of(bars.times[0]), text_of(steps.until[n]), rows, reason, REPAIRED))
    dividends = int((np.abs(np.diff(steps.price)) > 1e-12).sum())
    if dividends and len(bars):
        reason = f"{dividends} dividends taken off, by the splits file"
        gaps.append(Gap(series, text_of(bars.times[0]), text_of(bars.times[-1]), len(bars), reason, REPAIRED))
    return bars.scaled(factor), gaps


def find_splits(bars: Bars, quiet: Quiet, series: str, *, repair: bool) -> tuple[Bars, list[Gap]]:
    """The bars, and a gap for each jump between two bars that no trade explains."""
    gaps: list[Gap] = []
    factor = np.ones(len(bars))
    for row in np.flatnonzero(_breaks(bars, quiet)):
        jump, opened = _jump(bars, int(row))
        ratio, distance = _simple(jump)
        day = text_of(bars.times[row])
        evidence = f"{'open' if opened else 'close'} / last close {jump:.4f}, {_market(quiet, bars.times[row])}"
        mend = repair and opened and distance <= REPAIRABLE
        if mend:
            factor[:row] *= 1 / ratio if jump < 1 else ratio
        looks = f"looks like a split {ratio_text(ratio if jump < 1 else 1 / ratio)}" if distance <= LIKELY \
            else "level breaks without a trade between: corporate action or reused name"
        gaps.append(Gap(series, day, day, 1, f"{looks}; {evidence}", REPAIRED if mend else FLAGGED))
    return bars.scaled(factor), gaps


def quiet_of(all_bars: Sequence[Bars]) -> Quiet:
    """How much the median series moved, date by date."""
    good = [bars.take(np.isfinite(bars.close) & (bars.close > 0)) for bars in all_bars]
    times = np.concatenate([NO_TIMES, *(bars.times[1:] for bars in good)])
    moves = np.concatenate([np.zeros(0), *(np.abs(np.diff(np.log(bars.close))) for bars in good)])
    order = np.lexsort((moves, times))
    dates, first, count = np.unique(times[order], return_index=True, return_counts=True)
    ranked = moves[order]
    low, high = first + (count - 1) // 2, first + count // 2
    medians = (ranked[low] + ranked[high]) / 2
    return Quiet(dates, np.where(count >= LEAST_SERIES, medians, np.nan))


def ratio_text(shares: float) -> str:
    """``7:1`` for seven new shares for one old, ``1:20`` for one new for twenty."""
    return f"{shares:.4g}:1" if shares >= 1 else f"1:{1 / shares:.4g}"


def _breaks(bars: Bars, quiet: Quiet) -> Bools:
    """Rows that open far from the last close, then trade quietly, with no crash of all and no end of trading."""
    last = np.concatenate([[np.nan], bars.close[:-1]])
    opened = np.isfinite(bars.open)
    with np.errstate(divide="ignore", invalid="ignore"):
        jump = np.where(opened, bars.open, bars.close) / last
        calm = ~opened | (bars.high / bars.low < QUIET_DAY)
        volume = bars.volume / np.concatenate([[np.nan], bars.volume[:-1]])
        ended = volume < VOLUME_KEPT / np.maximum(jump, 1.0)  # a reverse split divides the shares traded
    # Closes alone hide what happened in the day: only clean multiples in a quiet market are worth a word.
    beyond = (jump < BREAK) | (jump > 1 / BREAK)
    alone = opened | np.array([_simple(j)[1] <= REPAIRABLE for j in np.nan_to_num(jump, nan=1.0)], dtype=bool)
    still = np.array([not _moved(quiet, moment) for moment in bars.times], dtype=bool)
    return np.asarray(beyond & calm & alone & still & ~ended)


def _jump(bars: Bars, row: int) -> tuple[float, bool]:
    opened = bool(np.isfinite(bars.open[row]))
    return float((bars.open if opened else bars.close)[row] / bars.close[row - 1]), opened


def _simple(jump: float) -> tuple[float, float]:
    """The nearest simple ratio to a jump down or up, and the relative distance from it."""
    if not jump > 0:
        return 1.0, np.inf
    times = 1 / jump if jump < 1 else jump
    ratio = float(RATIOS[np.argmin(np.abs(np.log(RATIOS / times)))])
    return ratio, abs(times / ratio - 1)


def _at(quiet: Quiet, moment: np.datetime64) -> float:
    place = int(np.searchsorted(quiet.dates, moment))
    known = place < len(quiet.dates) and quiet.dates[place] == moment
    return float(quiet.moves[place]) if known else float("nan")


def _moved(quiet: Quiet, moment: np.datetime64) -> bool:
    return _at(quiet, moment) > QUIET_MARKET


def _market(quiet: Quiet, moment: np.datetime64) -> str:
    move = _at(quiet, moment)
    return f"median move of all series {move:.2%}" if np.isfinite(move) else "too few other series to compare"
