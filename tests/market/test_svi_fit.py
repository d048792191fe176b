"""One expiry's fit: it finds the smile that made the quotes, and never leaves a butterfly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.smile import butterfly, total_variance, volatility
from seawall.kernels.svi_fit import Bounds, fit_svi, without_butterflies

YEARS = 0.25
K = np.linspace(-0.8, 0.6, 41)
# Axel Vogt's slice, in raw parameters: Gatheral and Jacquier (2014), section 5, example 5.1.
VOGT = np.array([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153])


def _smile(level: float, rho: float, bend: float, s: float) -> np.ndarray:
    scale = level * np.sqrt(YEARS)
    b, s = bend * scale, s * scale
    return np.array([scale**2 - b * s * np.sqrt(1 - rho**2) * 0.8, b, rho, 0.1 * scale, s])


@pytest.mark.parametrize("inside", [True, False])
def test_the_smile_that_made_the_quotes_is_found(inside: bool) -> None:
    truth = _smile(0.5, -0.4, 0.5, 1.2)
    sigma = volatility(K, truth, YEARS)
    found = fit_svi(K, sigma - 0.002, sigma + 0.002, YEARS, inside=inside)
    # A fifth of the half-spread: the fit stops where the quotes no longer tell smiles apart.
    assert np.abs(volatility(K, found, YEARS) - sigma).max() < 4e-4


@given(st.floats(0.1, 1.2), st.floats(-0.9, 0.9), st.floats(0.1, 0.7), st.floats(0.3, 3.0), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_no_fit_to_noisy_quotes_leaves_a_butterfly(level: float, rho: float, bend: float, s: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.03 * level, len(K))
    sigma = np.maximum(volatility(K, _smile(level, rho, bend, s), YEARS) + noise, 0.05 * level)
    found = fit_svi(K, 0.98 * sigma, 1.02 * sigma, YEARS)
    # Minus 1e-8 is the least a sum of such terms can be told from zero by.
    assert butterfly(np.linspace(-5, 5, 4001), found).min() >= -1e-8


def test_vogts_slice_has_the_published_butterfly_and_is_mended_around_its_level() -> None:
    wide = np.linspace(-1.5, 1.5, 3001)
    # Published to two digits; the value at this grid is -0.0329.
    assert butterfly(wide, VOGT).min() == pytest.approx(-0.0329, abs=2e-4)
    mended = without_butterflies(VOGT)
    assert butterfly(wide, mended).min() >= 0
    assert float(total_variance(0.0, mended).w) == pytest.approx(float(total_variance(0.0, VOGT).w), rel=1e-12)


def test_a_smile_without_butterflies_is_left_as_it_is() -> None:
    raw = _smile(0.5, -0.4, 0.5, 1.2)
    assert np.array_equal(without_butterflies(raw), raw)


def test_a_fit_between_bounds_keeps_them() -> None:
    truth = _smile(0.5, -0.4, 0.5, 1.2)
    sigma = volatility(K, truth, YEARS)
    w = total_variance(K, truth).w
    bounds = Bounds(K, w * 1.05, w * 1.10)
    found = total_variance(K, fit_svi(K, sigma - 0.002, sigma + 0.002, YEARS, bounds=bounds)).w
    # The bounds are soft: a thousandth of the variance may be left, which the market then mends.
    assert (found / w).min() > 1.05 - 2e-3
    assert (found / w).max() < 1.10 + 2e-3


def test_one_wild_quote_does_not_bend_the_curve() -> None:
    truth = _smile(0.5, -0.4, 0.5, 1.2)
    sigma = volatility(K, truth, YEARS)
    wild = sigma.copy()
    wild[10] += 0.2
    found = fit_svi(K, wild - 0.002, wild + 0.002, YEARS)
    others = np.arange(len(K)) != 10
    # Half a half-spread: no other quote may be driven out of its band by the wild one.
    assert np.abs(volatility(K, found, YEARS) - sigma)[others].max() < 1e-3
