"""How do columns of moves vary together? Moments, decayed, lagged or asynchronous; none shrunk, none repaired."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError, ShapeMismatch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def sample_covariance(moves: Floats, *, centred: bool = True) -> Floats:
    """(P,P) covariance of moves (T,P), without NaN; units: the product of the columns' units.

    centred: about the mean, divided by T - 1; else about zero, divided by T.
    """
    rows = len(moves)
    if rows < 1 + centred:
        raise InputError("covariance", found=f"{rows} rows", wanted=f"at least {1 + centred}")
    held = moves - moves.mean(axis=0) if centred else moves
    return np.asarray(held.T @ held / (rows - centred))


def pairwise_covariance(moves: Floats, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """(P,P) covariance of each pair over the rows that both have, and (P,P) the effective number of those rows.

    moves (T,P), NaN where there is none. weights None: equal, about the pair's own means, divided by n - 1.
    weights (T): about zero, renormalised over the pair's rows. Not positive semi-definite in general.
    Entries of pairs without enough common rows (two, or one if weighted) are NaN.
    """
    have = np.isfinite(moves)
    held, there = np.where(have, moves, 0.0), have.astype(np.float64)
    share = np.ones(len(moves)) if weights is None else weights
    mass = (there * share[:, None]).T @ there
    square = (there * (share**2)[:, None]).T @ there
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = (held * share[:, None]).T @ held / mass
        if weights is None:
            sums = held.T @ there  # [i, j]: sum of i over the rows where j is there too
            covariance = (covariance - sums * sums.T / mass**2) * mass / (mass - 1)
        enough = mass > (1 if weights is None else 0)
        return np.where(enough, covariance, np.nan), np.where(mass > 0, mass**2 / square, 0.0)


def decay_weights(rows: int, decay: float) -> Floats:
    """(T,) weights proportional to decay ** age, newest last, summing to one. 0 < decay <= 1."""
    if not 0.0 < decay <= 1.0:
        raise InputError("decay", found=decay, wanted="more than 0, at most 1", remedy="0.94 and 0.97 are customary")
    weights = decay ** np.arange(rows - 1, -1, -1.0)
    return np.asarray(weights / weights.sum())


def effective_size(weights: Floats) -> float:
    """How many equally weighted rows are worth as much: (sum w)^2 / sum w^2. Source: Kish (1965), Survey Sampling."""
    return float(weights.sum() ** 2 / (weights @ weights))


def weighted_covariance(moves: Floats, weights: Floats) -> Floats:
    """(P,P) weighted second moment about zero of moves (T,P); weights (T) sum to one."""
    if weights.shape != (len(moves),):
        raise ShapeMismatch("weights of rows", found=weights.shape, wanted=(len(moves),))
    return np.asarray((moves * weights[:, None]).T @ moves)


def ewma_covariance(moves: Floats, decay: float) -> Floats:
    """(P,P) exponentially weighted covariance about zero, the weights summing to one, newest row last.

    Source: J.P. Morgan/Reuters (1996), RiskMetrics technical document, 5.2.
    """
    return weighted_covariance(moves, decay_weights(len(moves), decay))


def lagged_covariance(moves: Floats, lags: int = 1, *, bartlett: bool = False) -> Floats:
    """(P,P) long-run covariance: that of one row plus both neighbours' cross terms up to ``lags`` rows apart.

    moves (T,P) without NaN, centred, divided by T. bartlett False sums the lags whole: right for markets that close
    at different hours of one day (lags=1), but not always positive semi-definite. True weighs lag k by
    1 - k / (lags + 1): always positive semi-definite, and short of the whole. Source: Newey and West (1987).
    """
    rows = len(moves)
    if not 0 <= lags < rows:
        raise InputError("lags", found=lags, wanted=f"between 0 and {rows - 1}, one less than the rows")
    held = moves - moves.mean(axis=0)
    total = held.T @ held
    for lag in range(1, lags + 1):
        cross = held[lag:].T @ held[:-lag]
        total = total + (1.0 - lag / (lags + 1) if bartlett else 1.0) * (cross + cross.T)
    return np.asarray(total / rows)


def hayashi_yoshida(times_a: Floats, levels_a: Floats, times_b: Floats, levels_b: Floats) -> float:
    """Integrated covariance of two series seen at their own times: products of moves whose intervals overlap.

    times ascending, any unit; levels in logs if the covariance of log moves is wanted. Unsynchronised times neither
    shrink it (as previous-tick sampling does) nor need a grid. Zero with fewer than two levels of either.
    Source: Hayashi and Yoshida (2005), On covariance estimation of non-synchronously observed diffusion processes.
    """
    if len(times_a) < 2 or len(times_b) < 2:
        return 0.0
    # The overlapping moves of b are neighbours, so their sum is one difference of levels: of the same level twice,
    # hence zero, where an interval of a lies wholly before or after b.
    first = np.clip(np.searchsorted(times_b, times_a[:-1], side="right") - 1, 0, len(times_b) - 1)
    last = np.clip(np.searchsorted(times_b, times_a[1:], side="left"), 0, len(times_b) - 1)
    return float(np.diff(levels_a) @ (levels_b[last] - levels_b[first]))


def asynchronous_covariance(times: Floats, levels: Floats) -> Floats:
    """(P,P) Hayashi-Yoshida integrated covariance of levels (T,P), NaN where a series was not seen at that time.

    Total over the span, in squared level units, not per row. Not positive semi-definite in general.
    """
    seen = [np.flatnonzero(np.isfinite(column)) for column in levels.T]
    count = levels.shape[1]
    covariance = np.empty((count, count))
    for a in range(count):
        for b in range(a + 1):
            value = hayashi_yoshida(times[seen[a]], levels[seen[a], a], times[seen[b]], levels[seen[b], b])
            covariance[a, b] = covariance[b, a] = value
    return covariance


def conditional_mean(covariance: Floats, known: Ints, moves: Floats) -> Floats:
    """(P,) expected moves of all factors given that those at ``known`` (K) make ``moves`` (K), by linear regression.

    The most plausible completion: its Mahalanobis distance is that of the known moves alone.
    Source: Breuer, Jandacka, Rheinberger and Summer (2009), How to find plausible, severe and useful stress scenarios.
    """
    inner = covariance[np.ix_(known, known)]
    filled = covariance[:, known] @ np.linalg.lstsq(inner, moves, rcond=None)[0]
    filled[known] = moves
    return np.asarray(filled)


def mahalanobis(covariance: Floats, moves: Floats) -> float:
    """Distance sqrt(m' C^-1 m) of joint moves (P) from zero, in deviations; C positive definite (P,P)."""
    return float(np.sqrt(moves @ np.linalg.solve(covariance, moves)))
