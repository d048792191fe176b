"""Was the margin enough, by how much not, how did it swing, what did it cost? Scores of a margin backtest.

loss, required (T,A), dollars: what accounts lost over the horizon, loss > 0, and the wealth they had to have; NaN where
not judged. Accounts share their days, so intervals draw runs of whole days again. An account-day is covered if its loss
is not greater than what was required.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.measures.backtest import christoffersen, kupiec
from seawall.measures.backtest_power import HitsAlternative, count_power, hits_power
from seawall.measures.resampling import block_bootstrap
from seawall.model.arrays import Bools, Floats

BLOCK, DRAWS = 10, 500
RISES = (1, 5, 30)
LEVEL = 0.05
NEXT_TO_NOTHING = 1e-6
Interval = tuple[float, float]
NOTHING: Interval = (np.nan, np.nan)


class Coverage(NamedTuple):
    """rate: share of judged account-days that were covered; bare: those that were not. interval: 95 %; where none was
    bare, from what so many days without one leave possible (exact binomial, days independent)."""

    rate: float
    interval: Interval
    bare: int
    judged: int


class Shortfall(NamedTuple):
    """What was missing on account-days that were not covered, as shares of what was required: mean, 95th percentile
    and worst; of the first two a 95 % interval. cases: how many; without: those of which next to nothing was required
    (a millionth of gross notional), which have no share."""

    mean: float
    high: float
    worst: float
    mean_interval: Interval
    high_interval: Interval
    cases: int
    without: int


class Cycle(NamedTuple):
    """level: mean requirement per gross notional. peak_to_trough: its greatest over its least. rises: by number of
    evenings, its largest relative rise over so many. All of one book of constant dollars."""

    level: float
    peak_to_trough: float
    rises: Mapping[int, float]


class AccountTests(NamedTuple):
    """worst, low: the least coverage of an account, and that of the account at 5 %. too_many: accounts for which
    Kupiec's test finds more bare days than the target leaves; clustered: Christoffersen's finds them in runs, of
    ``told`` accounts that it can judge. power: of Kupiec's test against twice as many, of Christoffersen's against a
    bare day bringing another with a chance of 30 %."""

    accounts: int
    days: int
    worst: float
    low: float
    too_many: int
    clustered: int
    told: int
    power: tuple[float, float]


def coverage(loss: Floats, required: Floats, *, seed: int = 1, block: int = BLOCK, draws: int = DRAWS) -> Coverage:
    """Share of account-days covered."""
    judged, bare = _bare(loss, required)
    counts = np.column_stack([bare.sum(axis=1), judged.sum(axis=1)]).astype(np.float64)
    if not counts[:, 1].any():
        return Coverage(np.nan, NOTHING, 0, 0)
    if not bare.any():
        return Coverage(1.0, (LEVEL ** (1 / float((counts[:, 1] > 0).sum())), 1.0), 0, int(judged.sum()))
    found = _interval(counts, _covered, seed, block, draws)
    return Coverage(_covered(counts), found, int(bare.sum()), int(judged.sum()))


def shortfall(
    loss: Floats, required: Floats, gross: Floats, *, seed: int = 1, block: int = BLOCK, draws: int = DRAWS
) -> Shortfall:
    """How much was missing where it was not enough."""
    _, bare = _bare(loss, required)
    scaled = bare & (np.where(bare, required, 0.0) > NEXT_TO_NOTHING * gross)
    share = np.full(loss.shape, np.nan)
    share[scaled] = loss[scaled] / required[scaled] - 1
    cases, without = int(bare.sum()), int((bare & ~scaled).sum())
    if cases == without:
        return Shortfall(np.nan, np.nan, np.nan, NOTHING, NOTHING, cases, without)
    intervals = [_interval(_packed(share), statistic, seed, block, draws) for statistic in (_mean, _high)]
    return Shortfall(_mean(share), _high(share), float(np.nanmax(share)), intervals[0], intervals[1], cases, without)


def cycle(required: Floats, gross: Floats, *, rises: Sequence[int] = RISES) -> Cycle:
    """How the requirement of all accounts together moved; only accounts that have one on every evening."""
    whole = np.isfinite(required).all(axis=0)
    if not whole.any():
        return Cycle(np.nan, np.nan, dict.fromkeys(rises, np.nan))
    path = required[:, whole].sum(axis=1) / gross[:, whole].sum(axis=1)
    least = float(path.min())
    swing = float(path.max()) / least if least > 0 else np.inf
    return Cycle(float(path.mean()), swing, {n: _rise(path, n) for n in rises})


def account_tests(loss: Floats, required: Floats, target: float) -> AccountTests:
    """Each account on its own, over the days on which all of the accounts that the model takes are judged."""
    judged, bare = _bare(loss, required)
    taken = judged.any(axis=0)
    days = judged[:, taken].all(axis=1)
    hits = bare[np.ix_(days, taken)]
    count, accounts = hits.shape
    if not accounts or count < 2:
        return AccountTests(accounts, count, np.nan, np.nan, 0, 0, 0, (np.nan, np.nan))
    rate = 1 - hits.mean(axis=0)
    few = 1 - rate <= 1 - target
    rejected = [not f and kupiec(h, target).p_value < LEVEL for f, h in zip(few, hits.T, strict=True)]
    runs = np.array([christoffersen(h).p_value for h in hits.T])
    chained = HitsAlternative(1 - target, 0.3)
    power = (count_power(count, target, 2 * (1 - target)),
             float(hits_power(christoffersen, count, chained, seed=3, draws=400).power))
    return AccountTests(accounts, count, float(rate.min()), float(np.quantile(rate, 0.05)), int(np.sum(rejected)),
                        int((runs < LEVEL).sum()), int(np.isfinite(runs).sum()), power)


def per_gross(required: Floats, gross: Floats, where: Bools) -> float:
    """Mean requirement per gross notional over chosen account-days: what margin costs on average."""
    return float((required[where] / gross[where]).mean()) if where.any() else float("nan")


def missing(loss: Floats, required: Floats, gross: Floats) -> Floats:
    """(T,A) what was missing per gross notional, nothing where covered, NaN where not judged."""
    judged, bare = _bare(loss, required)
    out = np.where(judged, 0.0, np.nan)
    out[bare] = (loss[bare] - required[bare]) / gross[bare]
    return out


def _bare(loss: Floats, required: Floats) -> tuple[Bools, Bools]:
    """Account-days that are judged, and those of them that were not covered."""
    if loss.shape != required.shape or loss.ndim != 2:
        raise ShapeMismatch("losses and requirements", found=(loss.shape, required.shape), wanted="one (T,A)")
    judged = np.isfinite(loss) & np.isfinite(required)
    return judged, judged & (np.where(judged, loss, 0.0) > np.where(judged, required, 0.0))


def _covered(counts: Floats) -> float:
    total = counts.sum(axis=0)
    return float(1 - total[0] / total[1]) if total[1] else float("nan")


def _mean(share: Floats) -> float:
    found = share[np.isfinite(share)]
    return float(found.mean()) if len(found) else float("nan")


def _high(share: Floats) -> float:
    found = share[np.isfinite(share)]
    return float(np.quantile(found, 0.95)) if len(found) else float("nan")


def _packed(values: Floats) -> Floats:
    """The known values of each day, first, in as few columns as hold them: what is drawn again is then small."""
    known = np.isfinite(values)
    order = np.argsort(~known, axis=1, kind="stable")[:, : int(known.sum(axis=1).max())]
    return np.take_along_axis(values, order, axis=1)


def _interval(panel: Floats, statistic: Callable[[Floats], float], seed: int, block: int, draws: int) -> Interval:
    """95 % over draws of runs of days; draws that hold no case say nothing and are left out."""
    if len(panel) < block:
        raise InputError("days to draw runs of", found=len(panel), wanted=f"{block} or more")
    again = block_bootstrap(panel, statistic, seed=seed, block=block, draws=draws).replicates
    told = again[np.isfinite(again)]
    return (float(np.quantile(told, 0.025)), float(np.quantile(told, 0.975))) if len(told) else NOTHING


def _rise(path: Floats, evenings: int) -> float:
    """Largest relative rise from one evening to that many later."""
    if len(path) <= evenings:
        return float("nan")
    before, after = path[:-evenings], path[evenings:]
    usable = before > 0
    return float((after[usable] / before[usable]).max() - 1) if usable.any() else float("nan")
