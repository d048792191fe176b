"""A history of related prices and a smile, and the option books of Glasserman, Heidelberger and Shahabuddin (2000)."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from seawall.model.factor import Factor
from seawall.model.panel import Panel

ROWS = 400
SPOT, VOLATILITY, RATE, DAYS = 100.0, 0.3, 0.05, 0.04
ASSETS = 10


def panel(seed: int = 1, *, coin: bool = False, rows: int = ROWS) -> Panel:
    """Two related prices whose volatility doubles halfway, a volatility, a skew, and a stablecoin if asked for."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((rows, 4))
    z[:, 1] = 0.8 * z[:, 0] + 0.6 * z[:, 1]
    scale = np.where(np.arange(rows) < rows // 2, 0.02, 0.04)[:, None]
    prices = 100 * np.exp(np.cumsum(z[:, :2] * scale, axis=0))
    level = 0.5 * np.exp(np.cumsum(-0.3 * z[:, :1] * scale, axis=0))
    skew = np.cumsum(0.002 * z[:, 3:], axis=0)
    factors = [Factor("spot", "BTC"), Factor("spot", "ETH"), Factor("volatility", "BTC", "30d"),
               Factor("skew", "BTC", "30d")]
    columns = [prices, level, skew]
    if coin:
        factors.append(Factor("spot", "USDX"))
        columns.append(1 + 1e-5 * rng.standard_normal((rows, 1)))
    dates = np.datetime64("2024-01-01", "ns") + np.arange(rows) * np.timedelta64(1, "D")
    return Panel(dates, tuple(factors), np.hstack(columns))


def smile_of_one(rows: int = 330, seed: int = 3) -> Panel:
    """Two related heavy-tailed prices and a volatility that answers the first."""
    rng = np.random.default_rng(seed)
    z = rng.standard_t(5, (rows, 3)) * np.sqrt(3 / 5)
    btc, eth = 0.03 * z[:, 0], 0.04 * (0.7 * z[:, 0] + 0.7 * z[:, 1])
    level = 0.6 * np.exp(np.clip(np.cumsum(-0.8 * btc + 0.02 * z[:, 2]), -0.7, 0.7))
    values = np.column_stack([100 * np.exp(np.cumsum(btc)), 50 * np.exp(np.cumsum(eth)), level])
    dates = np.datetime64("2024-01-01", "ns") + np.arange(rows) * np.timedelta64(1, "D")
    factors = (Factor("spot", "BTC"), Factor("spot", "ETH"), Factor("volatility", "BTC", "30d"))
    return Panel(dates, factors, values)


def black_scholes(spot: np.ndarray, strike: float, years: float, sign: int) -> np.ndarray:
    """Price of a call (sign 1) or put (-1)."""
    d1 = (np.log(spot / strike) + (RATE + VOLATILITY**2 / 2) * years) / (VOLATILITY * np.sqrt(years))
    d2 = d1 - VOLATILITY * np.sqrt(years)
    return sign * (spot * norm.cdf(sign * d1) - strike * np.exp(-RATE * years) * norm.cdf(sign * d2))


def value(spot: np.ndarray, legs: list[list[float]], aged: float) -> np.ndarray:
    """(S,) value of the same legs on each of the ten assets (S,10)."""
    return sum(q * black_scholes(np.maximum(spot, 1e-9), k, t - aged, int(s)) for q, s, k, t in legs).sum(axis=1)
