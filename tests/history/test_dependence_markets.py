"""Real markets: 33 coins and 20 stocks, in and out of sample."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.moved_panels import crypto_coins, equity_stocks
from seawall.history.dependence import Dependence, estimate_dependence
from seawall.history.dependence_copula import fit_copula_dependence
from seawall.history.dependence_dynamic import fit_dynamic_correlation
from seawall.history.dynamics import fit_dynamics, refilter
from seawall.history.dynamics_moves import Moves, moves_of, whole_rows
from seawall.kernels.correlation import as_covariance
from seawall.kernels.correlation_dcc import dcc_path
from seawall.model.panel import Panel

pytestmark = pytest.mark.shared_data


def least_variance_weights(covariance: np.ndarray) -> np.ndarray:
    weights = np.linalg.solve(covariance, np.ones(len(covariance)))
    return weights / weights.sum()


def estimated(moves: Moves, method: str) -> Dependence:
    if method == "DCC-NL":
        return fit_dynamic_correlation(fit_dynamics(moves, model="ewma", decay=0.97), nonlinear=True).dependence()
    return estimate_dependence(moves, method=method)


def between(moves: Moves, first: int, last: int) -> Moves:
    return replace(moves, dates=moves.dates[first:last], values=moves.values[first:last])


def filtered_covariances(moves: Moves, window: int, start: int, step: int, hold: int) -> list[np.ndarray]:
    """DCC-NL for rows start, start + hold, ...: parameters from the window before, filters run up to each row."""
    dynamics = fit_dynamics(between(moves, start - window, start), model="ewma", decay=0.97)
    found = fit_dynamic_correlation(dynamics, nonlinear=True)
    run_on = refilter(dynamics.margins, between(moves, start - window, start + step))
    path = dcc_path(run_on.standardised.values, found.target, found.a, found.b)
    return [as_covariance(path[row], run_on.volatility[row]) for row in range(window, window + step, hold)]


def held_out_volatility(panel: Panel, *, window: int, hold: int, methods: tuple[str, ...]) -> dict[str, float]:
    """Annual volatility, over rows that no estimate saw, of the portfolio that each method calls the quietest.

    Weights are formed anew every ``hold`` rows; DCC's parameters every twelve times that.
    """
    moves, step = whole_rows(moves_of(panel))[0], 12 * hold
    earned: dict[str, list[np.ndarray]] = {method: [] for method in methods}
    for start in range(window, len(moves.values) - step + 1, step):
        rows = range(start, start + step, hold)
        for method in methods:
            covariances = (filtered_covariances(moves, window, start, step, hold) if method == "DCC-NL" else
                           [estimated(between(moves, row - window, row), method).covariance for row in rows])
            for row, covariance in zip(rows, covariances, strict=True):
                earned[method].append(np.expm1(moves.values[row:row + hold]) @ least_variance_weights(covariance))
    year = np.sqrt(panel.periods_per_year)
    return {method: float(np.concatenate(held).std() * year) for method, held in earned.items()}


@pytest.mark.parametrize("market", ["coins", "stocks"])
def test_every_method_is_semidefinite_and_shrinkage_better_conditioned_than_the_sample(
    shared_data: Path, market: str
) -> None:
    panel = crypto_coins(shared_data) if market == "coins" else equity_stocks(shared_data, 400)
    sample = estimate_dependence(panel, method="sample")
    for method in ("ewma", "ledoit_wolf", "qis", "lagged", "DCC-NL"):
        found = estimated(moves_of(panel), method)
        assert np.linalg.eigvalsh(found.correlation)[0] >= -1e-12
        print(f"{market} {method}: condition {found.condition:.0f}, sample {sample.condition:.0f}")
        if method in ("ledoit_wolf", "qis"):
            assert found.condition < sample.condition


def test_the_coins_youngest_history_is_told_as_what_costs_the_rows(shared_data: Path) -> None:
    panel = crypto_coins(shared_data)
    found = estimate_dependence(panel)
    told = {repair.factor: repair.amount for repair in found.repairs if repair.unit == "rows"}
    assert max(told, key=lambda key: told[key]) == "spot:RENDERUSDT"
    pairs = estimate_dependence(panel, missing="pairwise")
    assert np.linalg.eigvalsh(pairs.correlation)[0] >= -1e-12


def test_shrunk_coins_make_a_quieter_portfolio_on_days_not_seen(shared_data: Path) -> None:
    panel = crypto_coins(shared_data)
    short = held_out_volatility(panel, window=60, hold=5, methods=("sample", "ledoit_wolf", "qis"))
    long = held_out_volatility(panel, window=250, hold=2, methods=("sample", "qis", "DCC-NL"))
    print("coins, 60 rows:", short, "250 rows:", long)
    assert short["qis"] < 0.95 * short["sample"]
    assert long["qis"] < long["sample"]
    assert long["DCC-NL"] < long["sample"]


def test_shrunk_stocks_make_a_quieter_portfolio_on_days_not_seen(shared_data: Path) -> None:
    short = held_out_volatility(equity_stocks(shared_data, 2600), window=60, hold=5,
                                methods=("sample", "ledoit_wolf", "qis"))
    long = held_out_volatility(equity_stocks(shared_data, 4000), window=1000, hold=5,
                               methods=("sample", "qis", "DCC-NL"))
    print("stocks, 60 rows:", short, "1000 rows:", long)
    assert short["qis"] < 0.95 * short["sample"]
    assert long["qis"] < long["sample"]
    assert long["DCC-NL"] < long["sample"]


def test_coins_fall_together_more_than_a_gaussian_copula_allows(shared_data: Path) -> None:
    moves = moves_of(crypto_coins(shared_data)).select(("spot:BTCUSDT", "spot:ETHUSDT", "spot:SOLUSDT"))
    dynamics = fit_dynamics(moves)
    found = fit_copula_dependence(dynamics)
    print(f"degrees {found.degrees:.2f}, tail dependence BTC-ETH {found.tail_of('spot:BTCUSDT', 'spot:ETHUSDT'):.3f}, "
          f"gain {found.heavy_tail_gain:.1f}")
    assert 2 < found.degrees < 10
    assert found.heavy_tail_gain > 20
    assert found.tail_of("spot:BTCUSDT", "spot:ETHUSDT") > 0.3
    assert all(margin.model == "gjr" for margin in dynamics.margins)
