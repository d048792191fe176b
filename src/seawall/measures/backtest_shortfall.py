"""Were losses beyond the value at risk as deep as the shortfall said? Acerbi and Székely's first and second test.

pnl: (T,), gain > 0. value_at_risk, expected_shortfall: (T,), the forecasts, losses > 0. Both statistics are 0 on
average under a right forecast (the first given that there are exceptions), and negative where losses were deeper.
What is too negative is simulated under a null that is named, never taken from a table.
Source: Acerbi and Székely (2014), Back-testing expected shortfall.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.student import student_loss, student_tail
from seawall.measures.backtest import Backtest, exceptions
from seawall.measures.tail import DEVIATIONS, estimate_expected_shortfall, order_statistic_ranks
from seawall.model.arrays import Bools, Floats


class ShortfallNull(NamedTuple):
    """z1, z2: (R,) statistics drawn under the null, z1 NaN where a draw has no exception. description: the null."""

    z1: Floats
    z2: Floats
    days: int
    confidence: float
    description: str

    def critical(self, statistic: str, level: float) -> float:
        """Value below which the null puts this much probability: the statistic rejects when below it."""
        return float(np.quantile(self.drawn(statistic), level))

    def critical_error(self, statistic: str, level: float) -> float:
        """Standard error of ``critical``: half the width of its order-statistic interval, over 1.96."""
        drawn = np.sort(self.drawn(statistic))
        low, high = order_statistic_ranks(len(drawn), level, 0.95)
        return float(drawn[high - 1] - drawn[low - 1]) / (2 * DEVIATIONS)

    def p_value(self, statistic: str, value: float) -> float:
        """Chance under the null of a statistic no higher; NaN for a NaN."""
        drawn = self.drawn(statistic)
        return float((1 + (drawn <= value).sum()) / (1 + len(drawn))) if np.isfinite(value) else np.nan

    def drawn(self, statistic: str) -> Floats:
        """The draws that have the statistic. Raises InputError."""
        if statistic not in ("z1", "z2"):
            raise InputError("statistic", found=statistic, wanted="z1 or z2")
        values = self.z1 if statistic == "z1" else self.z2
        return np.asarray(values[np.isfinite(values)])


class ShortfallTest(NamedTuple):
    """One statistic against its simulated law; rejects at ``level`` when statistic < critical. p_value: one-sided."""

    name: str
    statistic: float
    p_value: float
    critical: float
    level: float
    observations: int
    null: str


class AcerbiSzekely(NamedTuple):
    """Both tests of one forecast."""

    z1: ShortfallTest
    z2: ShortfallTest


def z1(pnl: Floats, value_at_risk: Floats, expected_shortfall: Floats) -> float:
    """1 less the mean of loss over shortfall on days of exceptions; NaN without any."""
    hits = _hits(pnl, value_at_risk, expected_shortfall)
    return float(1 + (pnl[hits] / expected_shortfall[hits]).mean()) if hits.any() else np.nan


def z2(pnl: Floats, value_at_risk: Floats, expected_shortfall: Floats, confidence: float) -> float:
    """1 less the sum of loss over shortfall on days of exceptions, per exception that was to be expected."""
    hits = _hits(pnl, value_at_risk, expected_shortfall)
    return float(1 + (pnl[hits] / expected_shortfall[hits]).sum() / (len(pnl) * (1 - confidence)))


def acerbi_szekely(
    pnl: Floats, value_at_risk: Floats, expected_shortfall: Floats, *, null: ShortfallNull, level: float = 0.05
) -> AcerbiSzekely:
    """Both statistics with p-value and critical value under the null, whose days and confidence they take."""
    if len(pnl) != null.days:
        raise ShapeMismatch("days of the backtest and of its null", found=len(pnl), wanted=null.days)
    values = {
        "z1": z1(pnl, value_at_risk, expected_shortfall),
        "z2": z2(pnl, value_at_risk, expected_shortfall, null.confidence),
    }
    return AcerbiSzekely(*(
        ShortfallTest(f"Acerbi-Székely {name.upper()}", value, null.p_value(name, value), null.critical(name, level),
                      level, null.days, null.description)
        for name, value in values.items()
    ))


def shortfall_regression(pnl: Floats, expected_shortfall: Floats, confidence: float) -> Backtest:
    """Shortfall of P&L plus its forecast, which a right forecast makes zero; one-sided against forecasts too small.

    statistic: what the forecast lacks, over its standard error, in normal deviations; needs no value at risk, and some
    ten days in the tail before its law holds. NaN p-value with fewer than two.
    Source: Bayer and Dimitriadis (2022), Regression-based expected shortfall backtesting: the intercept test.
    """
    if pnl.shape != expected_shortfall.shape or pnl.ndim != 1:
        raise ShapeMismatch("P&L and shortfall", found=(pnl.shape, expected_shortfall.shape), wanted="one row each")
    lacks = estimate_expected_shortfall(pnl + expected_shortfall, confidence)
    statistic = lacks.value / lacks.standard_error if lacks.standard_error else np.nan
    return Backtest("shortfall regression", statistic, float(ndtr(-statistic)), len(pnl),
                    "the mean of the worst days beyond their forecast is zero or better")


def student_null(
    days: int, confidence: float, *, seed: int, degrees: float = np.inf, draws: int = 20_000
) -> ShortfallNull:
    """Statistics of independent days from one Student-t law (normal if degrees are infinite), rightly forecast.

    A daily scale that is known does not change them.
    """
    tail = 1 - confidence
    edge, shortfall = student_tail(confidence, degrees)
    counts, depths = draw_exceptions(days, tail, draws, np.random.default_rng(seed),
                                     lambda chance: student_loss(chance, degrees))
    first, second = statistics_of(counts, depths, shortfall, days * tail)
    law = "normal" if np.isinf(degrees) else f"Student-t with {degrees:g} degrees"
    return ShortfallNull(first, second, days, confidence,
                         f"independent days, {law}, value at risk {edge:.4g} and shortfall {shortfall:.4g} scales")


def forecast_null(
    forecasts: Iterable[Floats], value_at_risk: Floats, expected_shortfall: Floats, confidence: float, *, seed: int,
    draws: int = 5_000, weights: Iterable[Floats] | None = None,
) -> ShortfallNull:
    """Statistics if each day's P&L were a draw from that day's own forecast, days independent of each other.

    forecasts: a P&L vector (S,) for each day, of any length; weights: their probabilities, alike if not given. A null
    of the model's own making: it holds what the model says of depth beyond the value at risk.
    """
    generator = np.random.default_rng(seed)
    count, depth = np.zeros(draws), np.zeros(draws)
    days = 0
    for pnl, chance in _paired(forecasts, weights, len(value_at_risk)):
        drawn = pnl[generator.choice(len(pnl), draws, p=chance)]
        hit = drawn < -value_at_risk[days]
        count += hit
        depth -= np.where(hit, drawn / expected_shortfall[days], 0.0)
        days += 1
    with np.errstate(invalid="ignore"):
        first = np.where(count > 0, 1 - depth / count, np.nan)
    return ShortfallNull(first, 1 - depth / (days * (1 - confidence)), days, confidence,
                         "independent days, each drawn from its own forecast")


def draw_exceptions(
    days: int, chance: float, draws: int, generator: np.random.Generator, loss: Callable[[Floats], Floats]
) -> tuple[Floats, Floats]:
    """(R,) how many days exceed, and the sum of their losses; other days enter no statistic, and are not drawn."""
    counts = generator.binomial(days, chance, draws)
    losses = loss(chance * (1 - generator.random(int(counts.sum()))))
    depth = np.bincount(np.repeat(np.arange(draws), counts), losses, minlength=draws)
    return counts.astype(np.float64), depth.astype(np.float64)


def statistics_of(counts: Floats, depths: Floats, shortfall: float, expected: float) -> tuple[Floats, Floats]:
    """(R,) Z1 and Z2 from the count and the summed losses of exceptions."""
    with np.errstate(invalid="ignore"):
        first = np.where(counts > 0, 1 - depths / (counts * shortfall), np.nan)
    return first, 1 - depths / (shortfall * expected)


def _hits(pnl: Floats, value_at_risk: Floats, expected_shortfall: Floats) -> Bools:
    hits = exceptions(pnl, value_at_risk)
    if expected_shortfall.shape != pnl.shape or not (expected_shortfall > 0).all():
        raise InputError("shortfall forecasts", found=f"{int((~(expected_shortfall > 0)).sum())} not above zero",
                         wanted=f"{len(pnl)} losses above zero", remedy="a forecast gain cannot be scaled by")
    return hits


def _paired(
    forecasts: Iterable[Floats], weights: Iterable[Floats] | None, days: int
) -> Iterable[tuple[Floats, Floats | None]]:
    """Each day's forecast with its probabilities. Raises ShapeMismatch unless there is one for each day."""
    rows = list(forecasts)
    chances: list[Floats | None] = [None] * len(rows) if weights is None else [w / w.sum() for w in weights]
    if len(rows) != days or len(chances) != days:
        raise ShapeMismatch("forecasts of a backtest", found=(len(rows), len(chances)), wanted=f"one for {days} days")
    return zip(rows, chances, strict=True)
