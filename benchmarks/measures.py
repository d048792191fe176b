"""Tails, allocation and backtests, seconds each: `python -m benchmarks.measures`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.timing import best_seconds, show
from seawall.measures.backtest import christoffersen, kupiec
from seawall.measures.backtest_dynamic import dynamic_quantile
from seawall.measures.backtest_shortfall import student_null
from seawall.measures.extremes import (
    extreme_expected_shortfall,
    extreme_value_at_risk,
    fit_tail,
    fitness,
    threshold_with,
)
from seawall.measures.parametric import delta_gamma
from seawall.measures.shapley import pooled, shapley
from seawall.measures.smoothed import harrell_davis_value_at_risk
from seawall.measures.spectral import estimate_spectral_risk, expectile, exponential_spectrum, spectral_risk
from seawall.measures.tail import estimate_expected_shortfall, expected_shortfall

SCENARIOS, ACCOUNTS, FACTORS, DAYS = 10_000, 200, 40, 1_000
CONFIDENCE = 0.975


def run() -> None:
    """Prints one line for each measure, on one thread."""
    steps = [*_tails(), *_laws(), *_allocations(), *_backtests()]
    with threadpool_limits(1):
        rows = [(name, f"{1e3 * best_seconds(step, repeats=3):,.3f}") for name, step in steps]
    show(f"Measures, one thread, {SCENARIOS:,} scenarios", ("measure", "milliseconds"), rows)


def _tails() -> list[tuple[str, Callable[[], object]]]:
    pnl = np.random.default_rng(1).standard_t(4, (ACCOUNTS, SCENARIOS))
    one, aversion = pnl[0], exponential_spectrum(20)
    fit = fit_tail(one, threshold_with(one, 1_000))
    return [
        (f"expected shortfall of {ACCOUNTS} accounts", lambda: expected_shortfall(pnl, CONFIDENCE)),
        (f"spectral measure of {ACCOUNTS} accounts", lambda: spectral_risk(pnl, aversion)),
        (f"expectile of {ACCOUNTS} accounts", lambda: expectile(pnl, 0.99)),
        (f"Harrell-Davis of {ACCOUNTS} accounts", lambda: harrell_davis_value_at_risk(pnl, CONFIDENCE)),
        ("expected shortfall with its error", lambda: estimate_expected_shortfall(one, CONFIDENCE)),
        ("spectral measure with its error", lambda: estimate_spectral_risk(one, aversion)),
        ("Pareto tail, 1,000 excesses, fitted", lambda: fit_tail(one, fit.threshold)),
        ("value at risk at 99.99 % with profile interval", lambda: extreme_value_at_risk(fit, 0.9999)),
        ("shortfall at 99.99 % with profile interval", lambda: extreme_expected_shortfall(fit, 0.9999)),
        ("fitness by 50 samples fitted again", lambda: fitness(fit, seed=1, draws=50)),
    ]


def _laws() -> list[tuple[str, Callable[[], object]]]:
    rng = np.random.default_rng(2)
    root = rng.standard_normal((FACTORS, FACTORS)) / FACTORS**0.5
    delta, bend, moves = rng.standard_normal(FACTORS), rng.standard_normal((FACTORS, FACTORS)) / 10, root @ root.T
    few = slice(0, 2)
    return [
        (f"delta-gamma of {FACTORS} factors, normal", lambda: delta_gamma(delta, bend, moves, 0.99)),
        (f"delta-gamma of {FACTORS} factors, Student-t", lambda: delta_gamma(delta, bend, moves, 0.99, degrees=4)),
        ("delta-gamma of 2 factors, normal",
         lambda: delta_gamma(delta[few], bend[few, few], moves[few, few], 0.99)),
    ]


def _allocations() -> list[tuple[str, Callable[[], object]]]:
    parts = np.random.default_rng(3).standard_t(4, (30, 2_000))

    def shortfall(pnl: np.ndarray) -> np.ndarray:
        return expected_shortfall(pnl, CONFIDENCE)

    return [
        ("Shapley of 10 parts, exact, 2,000 scenarios", lambda: shapley(pooled(parts[:10], shortfall), 10, seed=1)),
        ("Shapley of 30 parts, 400 orders, 2,000 scenarios", lambda: shapley(pooled(parts, shortfall), 30, seed=1)),
    ]


def _backtests() -> list[tuple[str, Callable[[], object]]]:
    rng = np.random.default_rng(4)
    hits, forecast = rng.random(DAYS) < 1 - CONFIDENCE, 1 + rng.random(DAYS)
    return [
        (f"Kupiec, {DAYS:,} days", lambda: kupiec(hits, CONFIDENCE)),
        (f"Christoffersen, {DAYS:,} days", lambda: christoffersen(hits)),
        (f"dynamic quantile, {DAYS:,} days", lambda: dynamic_quantile(hits, forecast, CONFIDENCE)),
        (f"null of Acerbi and Székely, {DAYS:,} days, 20,000 draws", lambda: student_null(DAYS, CONFIDENCE, seed=1)),
    ]


if __name__ == "__main__":
    run()
