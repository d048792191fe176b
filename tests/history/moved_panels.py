"""Which histories do the tests of dependence share? Small made panels, and the real ones where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seawall.model.factor import Factor
from seawall.model.panel import Panel


def factors_of(*keys: str) -> tuple[Factor, ...]:
    return tuple(Factor(*key.split(":")) for key in keys)


def panel_of_moves(moves: np.ndarray, keys: Sequence[str], *, source: str = "made", per_year: float = 365.0) -> Panel:
    """A panel whose log moves (differences, for rates) are these; a NaN move makes its end level missing."""
    factors = factors_of(*keys)
    levels = np.vstack([np.zeros(len(keys)), np.nancumsum(moves, axis=0)])
    proportional = [factor.risk_class in ("spot", "volatility", "peg", "exchange_rate") for factor in factors]
    levels = np.where(proportional, np.exp(levels), levels)
    levels[1:][np.isnan(moves)] = np.nan
    dates = np.datetime64("2024-01-01", "ns") + np.arange(len(levels)) * np.timedelta64(1, "D")
    return Panel(dates, factors, levels, source=source, periods_per_year=per_year)


def common_moves(seed: int, rows: int, columns: int, scale: float = 0.02) -> np.ndarray:
    """Moves that share one factor and differ in size."""
    rng = np.random.default_rng(seed)
    return scale * (rng.normal(size=(rows, columns)) + rng.normal(size=(rows, 1))) * rng.uniform(0.5, 2, columns)


def clustered_moves(seed: int, rows: int, columns: int) -> np.ndarray:
    """Moves of a joint t law whose volatility clusters."""
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(np.full((columns, columns), 0.5) + 0.5 * np.eye(columns))
    draws = rng.normal(size=(rows, columns)) @ root.T * np.sqrt(3 / rng.chisquare(5, rows))[:, None]
    variance, moves = np.full(columns, 4e-4), np.empty((rows, columns))
    for t in range(rows):
        moves[t] = np.sqrt(variance) * draws[t]
        variance = 1.2e-5 + (0.05 + 0.06 * (moves[t] < 0)) * moves[t] ** 2 + 0.89 * variance
    return moves


def crypto_coins(data: Path) -> Panel:
    """Daily closes of 33 perpetuals, 2023 to 2026, the young ones missing at first."""
    table = pd.read_parquet(data / "crypto_daily" / "binance_usdm_perp_33coins_1d_2023_2026.parquet")
    wide = table.pivot(index="date", columns="symbol", values="close")
    return _panel(wide, "33 perpetuals", 365.0)


def equity_stocks(data: Path, rows: int) -> Panel:
    """The last daily adjusted closes of twenty stocks."""
    table = pd.read_parquet(data / "equity_pkg" / "skfolio_sp500_20stocks_adjclose.parquet")
    wide = table.pivot(index="date", columns="symbol", values="adj_close").iloc[-rows:]
    return _panel(wide.set_index(pd.to_datetime(wide.index)), "20 stocks", 252.0)


def _panel(wide: pd.DataFrame, source: str, per_year: float) -> Panel:
    factors = factors_of(*(f"spot:{name}" for name in wide.columns))
    return Panel(wide.index.to_numpy(), factors, wide.to_numpy(), source=source, periods_per_year=per_year)
