"""Were exceptions as many, and as scattered, as the forecast said? Tests of value at risk by its exceptions alone.

hits: (T,), whether each day's loss exceeded the value at risk forecast for it. confidence: 0.99, not 0.01. A small
p-value speaks against the forecast; NaN means that there is nothing to judge by. Likelihood ratios follow their
chi-squared law only as exceptions become many: ``backtest_power`` gives the true size and power of each.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy.special import xlogy
from scipy.stats import binom, chi2

from seawall.errors import InputError, ShapeMismatch
from seawall.model.arrays import Bools, Floats

# Cumulative probability of so many exceptions at which a zone begins (Basel 1996, table 2).
YELLOW, RED = 0.95, 0.9999
TABLE_DAYS, TABLE_CONFIDENCE = 250, 0.99
PLUS: Final = (0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.5, 0.65, 0.75, 0.85, 1.0)
PLUS_2019: Final = (0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.26, 0.33, 0.38, 0.42, 0.5)


class Backtest(NamedTuple):
    """One test. null: what is assumed and rejected if the p-value is small."""

    name: str
    statistic: float
    p_value: float
    observations: int
    null: str


class TrafficLight(NamedTuple):
    """zone: green, yellow, red. probability: of at most so many exceptions under a right forecast.

    multiplier (on 3, 1996) and multiplier_2019 (on 1.5, MAR32.9): NaN unless of 250 days at 99 %, for which alone the
    tables were written.
    """

    zone: str
    exceptions: int
    days: int
    probability: float
    multiplier: float
    multiplier_2019: float


def exceptions(pnl: Floats, value_at_risk: Floats) -> Bools:
    """(T,) whether the loss exceeded the forecast, strictly. Raises InputError for days without a number."""
    if pnl.shape != value_at_risk.shape:
        raise ShapeMismatch("P&L and value at risk", found=(pnl.shape, value_at_risk.shape), wanted="one shape")
    if missing := int((~np.isfinite(pnl) | ~np.isfinite(value_at_risk)).sum()):
        raise InputError("days of a backtest without a number", found=missing, wanted="none",
                         remedy="leave these days out, and say so")
    return np.asarray(pnl < -value_at_risk)


def kupiec(hits: Bools, confidence: float) -> Backtest:
    """Likelihood ratio of the count of exceptions, chi-squared with one degree; two-sided.

    Source: Kupiec (1995), Techniques for verifying the accuracy of risk measurement models.
    """
    days = _days(hits, confidence)
    ratio = float(coverage_ratio(np.array([hits.sum()]), days, confidence)[0])
    return Backtest("Kupiec", ratio, float(chi2.sf(ratio, 1)), days, _coverage_null(confidence))


def coverage_ratio(counts: Floats, days: int, confidence: float) -> Floats:
    """Kupiec's likelihood ratio of each count of exceptions among so many days."""
    rate = np.asarray(counts, dtype=np.float64) / days
    tail = _tail(confidence)
    free = xlogy(rate, rate) + xlogy(1 - rate, 1 - rate)
    bound = rate * np.log(tail) + (1 - rate) * np.log1p(-tail)
    return np.asarray(np.maximum(2 * days * (free - bound), 0.0))


def acceptance_region(days: int, confidence: float, *, level: float = 0.05) -> tuple[int, int]:
    """Fewest and most exceptions that Kupiec's test does not reject at this level."""
    ratios = coverage_ratio(np.arange(days + 1.0), days, confidence)
    kept = np.flatnonzero(ratios < chi2.isf(level, 1))
    return int(kept[0]), int(kept[-1])


def exact_binomial(hits: Bools, confidence: float) -> Backtest:
    """Exact two-sided test of the count: the probability of all counts no more likely than the one seen."""
    days, count = _days(hits, confidence), int(hits.sum())
    p_value = float(binomial_p_values(days, confidence)[count])
    return Backtest("exact binomial", float(count), p_value, days, _coverage_null(confidence))


def binomial_p_values(days: int, confidence: float) -> Floats:
    """(T+1,) two-sided p-value of 0, 1, ..., T exceptions."""
    chance = binom.pmf(np.arange(days + 1), days, _tail(confidence))
    order = np.argsort(chance, kind="stable")
    reached = np.cumsum(chance[order])
    # Counts as likely as this one but for rounding belong to it.
    last = np.searchsorted(chance[order], chance * (1 + 1e-9), side="right") - 1
    return np.asarray(np.minimum(reached[last], 1.0))


def christoffersen(hits: Bools) -> Backtest:
    """Likelihood ratio of a first-order Markov chain of exceptions against independence, chi-squared with one degree.

    NaN p-value without an exception before the last day. Source: Christoffersen (1998), Evaluating interval forecasts.
    """
    days = _days(hits, 0.5)
    ratio, judged = _independence_ratio(hits)
    return Backtest("Christoffersen independence", ratio, float(chi2.sf(ratio, 1)) if judged else np.nan, days,
                    "an exception is as likely after an exception as after none")


def conditional_coverage(hits: Bools, confidence: float) -> Backtest:
    """Kupiec's and Christoffersen's ratios together, chi-squared with two degrees."""
    days = _days(hits, confidence)
    ratio = kupiec(hits, confidence).statistic + _independence_ratio(hits)[0]
    return Backtest("Christoffersen conditional coverage", ratio, float(chi2.sf(ratio, 2)), days,
                    f"{_coverage_null(confidence)}, whatever happened the day before")


def traffic_light(count: int, days: int, confidence: float = TABLE_CONFIDENCE) -> TrafficLight:
    """Basel's zone of so many exceptions, and the multipliers of its tables.

    Source: Basel Committee (1996), Supervisory framework for backtesting, table 2; MAR32.9.
    """
    if not 0 <= count <= days or days < 1:
        raise InputError("exceptions", found=f"{count} of {days} days", wanted="between none and all")
    probability = float(binom.cdf(count, days, _tail(confidence)))
    zone = "red" if probability >= RED else "yellow" if probability >= YELLOW else "green"
    if (days, confidence) != (TABLE_DAYS, TABLE_CONFIDENCE):
        return TrafficLight(zone, count, days, probability, np.nan, np.nan)
    row = min(count, len(PLUS) - 1)
    return TrafficLight(zone, count, days, probability, 3 + PLUS[row], 1.5 + PLUS_2019[row])


def _independence_ratio(hits: Bools) -> tuple[float, bool]:
    """The ratio, and whether an exception had a day after it."""
    before, after = hits[:-1], hits[1:]
    n11, n10 = float((before & after).sum()), float((before & ~after).sum())
    n01, n00 = float((~before & after).sum()), float((~before & ~after).sum())
    bound = _log_likelihood(n00 + n10, n01 + n11)
    free = _log_likelihood(n00, n01) + _log_likelihood(n10, n11)
    return max(2 * (free - bound), 0.0), n10 + n11 > 0


def _log_likelihood(without: float, with_: float) -> float:
    """Greatest log-likelihood of independent hits."""
    total = max(without + with_, 1.0)
    return float(xlogy(without, without / total) + xlogy(with_, with_ / total))


def _days(hits: Bools, confidence: float) -> int:
    _tail(confidence)
    if hits.ndim != 1 or hits.dtype != np.bool_ or len(hits) < 2:
        raise ShapeMismatch("exceptions of a backtest", found=(hits.shape, str(hits.dtype)),
                            wanted="one row of at least 2 true or false days")
    return len(hits)


def _tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise InputError("confidence", found=confidence, wanted="between 0 and 1, such as 0.99")
    return 1 - confidence


def _coverage_null(confidence: float) -> str:
    return f"each day's loss exceeds the forecast with probability {1 - confidence:.4g}"
