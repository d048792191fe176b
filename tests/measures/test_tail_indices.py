"""Indices of quantiles at exact fractions, against rational arithmetic; weighted tails against a convolution."""

from __future__ import annotations

import json
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from seawall.errors import TailTooThin
from seawall.kernels.black import black_value
from seawall.measures.tail import expected_shortfall, tail_mass, value_at_risk

DENOMINATORS = (20, 40, 100, 200, 250, 400, 1000, 2000, 10_000)


def losses(count: int) -> np.ndarray:
    """The worst is worth ``count``, the next one less, down to 1."""
    return -np.arange(1.0, count + 1)


def test_every_tail_of_up_to_a_thousand_scenarios_holds_the_exact_share_of_them() -> None:
    for parts in (200, 1000):
        for tail in range(1, parts):
            confidence = (parts - tail) / parts
            for count in range(1, 1001, 1 if parts == 200 else 7):
                exact = Fraction(count * tail, parts)
                if exact >= 1:
                    assert tail_mass(count, confidence) == float(exact)


SHARES = st.sampled_from(DENOMINATORS).flatmap(lambda d: st.tuples(st.integers(1, d - 1), st.just(d)))


@given(st.integers(1, 20_000), SHARES)
def test_quantiles_and_shortfall_of_ranked_losses_are_the_rational_ones(count: int, share: tuple[int, int]) -> None:
    tail = Fraction(*share)
    confidence, mass = float(1 - tail), tail * count
    if mass < 1:
        with pytest.raises(TailTooThin):
            value_at_risk(losses(count), confidence)
        return
    inside, beyond = count - ceil(mass) + 1, count - min(floor(mass), count - 1)
    whole = floor(mass)
    deep = Fraction(whole * (2 * count - whole + 1), 2) + (mass - whole) * (count - whole)
    for weights in (None, np.append(np.full(count, 3.0), 0.0)):
        pnl = losses(count) if weights is None else np.append(losses(count), -1e9)
        assert value_at_risk(pnl, confidence, weights=weights) == inside
        assert value_at_risk(pnl, confidence, weights=weights, quantile="beyond_tail") == beyond
        assert expected_shortfall(pnl, confidence, weights=weights) == pytest.approx(float(deep / mass), rel=1e-9)


def test_the_published_short_option_books_lose_what_an_exact_convolution_says(vectors: Path) -> None:
    cells, step = 2**18, 0.005
    for case in json.loads((vectors / "tradfi/ghs_var_portfolios.json").read_text())["cases"]:
        given_ = case["inputs"]
        one = asset_losses(given_, 400_001)
        # Each asset's loss on a lattice, split between neighbours so that means are kept; ten of them by powers.
        low = np.floor(one[0] / step).astype(int)
        upper = one[1] * (one[0] / step - low)
        chance = np.bincount(low % cells, one[1] - upper, cells) + np.bincount((low + 1) % cells, upper, cells)
        ten = np.fft.irfft(np.fft.rfft(chance) ** given_["n_assets"], cells)
        lattice = np.fft.fftfreq(cells, 1 / cells) * step
        pnl, weights = -lattice, np.maximum(ten, 0.0)
        for level in (0.95, 0.975, 0.99, 0.999):
            # The lattice rounds by 0.005.
            assert value_at_risk(pnl, level, weights=weights, quantile="linear") == pytest.approx(
                case["expected"][f"VaR_{level}"], abs=0.006)
            # Its mean, and so every excess over a loss, is good to 1e-9. The recorded excesses are greater than these
            # by 1.6e-5 (0.4e-5) at every level alike: an error of theirs, which a tail of 1 in 1,000 multiplies.
            found, wanted = float(expected_shortfall(pnl, level, weights=weights)), case["expected"][f"ES_{level}"]
            assert found == pytest.approx(wanted, rel=1e-5 if level <= 0.99 else 6e-5)
            assert (found - wanted) * (1 - level) == pytest.approx(0, abs=1.7e-5)
        assert float(-pnl @ weights) == pytest.approx(case["expected"]["mean_loss"], rel=1e-8)


def asset_losses(given_: dict, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Losses of one asset's short options over the horizon, at even steps of its normal move, and their chances."""
    z = np.linspace(-10, 10, count)
    weights = norm.pdf(z) / norm.pdf(z).sum()
    spot = given_["S0"] * (1 + given_["vol"] * np.sqrt(given_["horizon_years"]) * z)
    loss = np.zeros(count)
    for position in given_["short_positions_per_asset"]:
        left = position["maturity"] - given_["horizon_years"]
        now = price(np.array([given_["S0"]]), position, position["maturity"], given_)[0]
        loss += position["qty"] * (price(np.maximum(spot, 1e-9), position, left, given_) - now)
    return loss, weights


def price(spot: np.ndarray, position: dict, years: float, given_: dict) -> np.ndarray:
    discount = np.exp(-given_["r"] * years)
    sign = 1.0 if position["type"] == "call" else -1.0
    return black_value(sign, spot / discount, position["strike"], years, given_["vol"], discount)
