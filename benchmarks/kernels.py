"""Compiled kernels against the same formula in NumPy and SciPy, one thread each, values compared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from benchmarks.timing import best_seconds, show
from seawall.kernels.black import black_greeks, black_value
from seawall.kernels.implied import implied_volatility
from seawall.kernels.smile import coordinates, moved_volatility
from seawall.kernels.vanilla import revalue_vanilla

OPTIONS, SCENARIOS, QUOTES = 200, 2_000, 1_000_000
FITTED_YEARS = 0.25


class Kernel(NamedTuple):
    """One comparison: values a second here and there, and the largest difference, as told."""

    name: str
    millions: float
    twin: str
    twin_millions: float
    difference: str


def compare() -> None:
    """Prints one line for each kernel."""
    rows = [_moving_smile(), _black(), _greeks(), _implied()]
    show("Kernels, one thread", ("kernel", "million/s", "against", "million/s", "ratio", "largest difference"), [
        (k.name, f"{k.millions:.1f}", k.twin, f"{k.twin_millions:.2f}", f"{k.millions / k.twin_millions:.1f}x",
         k.difference) for k in rows
    ])


def _moving_smile() -> Kernel:
    rng = np.random.default_rng(1)
    raw = np.array([0.01, 0.1, -0.3, 0.0, 0.2])
    level = float(coordinates(raw, FITTED_YEARS)[0])
    smile, shape = np.array([[*raw, level, FITTED_YEARS]]), (1, SCENARIOS)
    strike, sign = 100 * np.exp(rng.normal(0, 0.3, OPTIONS)), np.where(rng.random(OPTIONS) < 0.5, 1.0, -1.0)
    forward, levels = 100 * np.exp(rng.normal(0, 0.1, shape)), level * np.exp(rng.normal(0, 0.2, shape))
    skew, curvature = rng.normal(0, 0.02, shape), rng.normal(0, 0.02, shape)
    years, one, out = np.full(shape, 0.2), np.ones(shape), np.empty((OPTIONS, SCENARIOS))
    none = np.zeros(OPTIONS, np.int64)

    def ours() -> np.ndarray:
        revalue_vanilla(strike, sign, none, np.ones(OPTIONS), none, forward, years, smile, levels, skew, curvature,
                        one, out)
        return out

    def twin() -> np.ndarray:
        vol = moved_volatility(np.log(strike[:, None] / forward), 0.2, smile[0], levels, skew, curvature)
        return _textbook(sign[:, None], forward, strike[:, None], 0.2, vol)

    cells = OPTIONS * SCENARIOS / 1e6
    difference = f"{np.abs((ours() - twin()) / forward).max():.0e} forwards"
    return Kernel("value on a moving smile", cells / best_seconds(ours), "NumPy + SciPy", cells / best_seconds(twin),
                  difference)


def _black() -> Kernel:
    quotes = _quotes()
    difference = np.abs(black_value(*quotes) - _textbook(*quotes)).max() / 100
    return Kernel("Black-76, far tails exact", QUOTES / 1e6 / best_seconds(lambda: black_value(*quotes), 3),
                  "textbook in SciPy", QUOTES / 1e6 / best_seconds(lambda: _textbook(*quotes), 3),
                  f"{difference:.0e} forwards")


def _greeks() -> Kernel:
    quotes = _quotes()
    found, twin = black_greeks(*quotes), _textbook_greeks(*quotes)
    difference = max(np.abs(found.delta - twin[1]).max(), np.abs(found.vega - twin[3]).max() / 100)
    return Kernel("Black-76, nine Greeks", QUOTES / 1e6 / best_seconds(lambda: black_greeks(*quotes), 3),
                  "textbook in SciPy", QUOTES / 1e6 / best_seconds(lambda: _textbook_greeks(*quotes), 3),
                  f"{difference:.0e} of scale")


def _implied() -> Kernel:
    sign, forward, strike, years, volatility = _quotes()
    price = black_value(sign, forward, strike, years, volatility)
    quotes = (sign, forward, strike, years, price)
    ours, twin = implied_volatility(*quotes)[0], _newton(*quotes)
    return Kernel(
        "implied volatility", QUOTES / 1e6 / best_seconds(lambda: implied_volatility(*quotes), 3),
        "30 Newton steps in SciPy", QUOTES / 1e6 / best_seconds(lambda: _newton(*quotes), 1),
        f"{np.abs(ours - volatility).max():.0e}, theirs {np.abs(twin - volatility).max():.0e}",
    )


def _quotes() -> tuple[np.ndarray, ...]:
    """Out-of-the-money quotes within three deviations: where the textbook needs no care."""
    rng = np.random.default_rng(2)
    years, volatility = rng.uniform(0.02, 2, QUOTES), rng.uniform(0.1, 1.5, QUOTES)
    strike = 100 * np.exp(rng.uniform(-3, 3, QUOTES) * volatility * np.sqrt(years))
    return np.where(strike >= 100, 1.0, -1.0), np.full(QUOTES, 100.0), strike, years, volatility


def _d(forward, strike, years, volatility):
    s = volatility * np.sqrt(years)
    d1 = np.log(forward / strike) / s + 0.5 * s
    return s, d1, d1 - s


def _textbook(sign, forward, strike, years, volatility):
    _, d1, d2 = _d(forward, strike, years, volatility)
    return sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * d2))


def _textbook_greeks(sign, forward, strike, years, volatility):
    """value, delta, gamma, vega, theta, rho, vanna, volga, charm, undiscounted, without a thought for limits."""
    s, d1, d2 = _d(forward, strike, years, volatility)
    bell = np.exp(-0.5 * d1 * d1) / np.sqrt(2 * np.pi)
    delta = sign * ndtr(sign * d1)
    value = forward * delta - sign * strike * ndtr(sign * d2)
    vega = forward * bell * np.sqrt(years)
    return (value, delta, bell / (forward * s), vega, -0.5 * vega * volatility / years, -years * value,
            -bell * d2 / volatility, vega * d1 * d2 / volatility, 0.5 * bell * d2 / years)


def _newton(sign, forward, strike, years, price):
    root = np.sqrt(years)
    # From the inflection point Newton's steps close in from one side.
    volatility = np.sqrt(2 * np.abs(np.log(forward / strike))) / root + 1e-3
    for _ in range(30):
        _, d1, d2 = _d(forward, strike, years, volatility)
        vega = forward * np.exp(-0.5 * d1 * d1) * root / np.sqrt(2 * np.pi)
        value = sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * d2))
        volatility = np.maximum(volatility - (value - price) / np.maximum(vega, 1e-12), 1e-4)
    return volatility
