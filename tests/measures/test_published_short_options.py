"""Published books of short options: their tails by two exact ways, and by how much recorded shortfalls miss them.

The loss is a sum of ten equal, independent functions of a normal move. Its tail is had once from the transform,
inverted along a line right of the origin, and once by convolving masses on a lattice.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import BarycentricInterpolator
from scipy.optimize import brentq
from scipy.stats import norm

from seawall.kernels.black import black_value
from seawall.measures.tail import expected_shortfall, value_at_risk

FILE = Path(__file__).parents[1] / "vectors/tradfi/ghs_var_portfolios.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text())["cases"]}
LEVELS = (0.95, 0.975, 0.99, 0.999)
# Expected shortfall at 99.9 %, and what the file records.
TRUE_DEEP = {"0.5yr ATM": 287.8575546791873, "0.25yr OTM": 182.4316799152447}
RECORDED_DEEP = {"0.5yr ATM": 287.8732033724501, "0.25yr OTM": 182.43601726935353}


class Contour:
    """Tail of one book by its transform on a line two over the deviation right of the origin, where no pole is."""

    def __init__(self, given: dict) -> None:
        loss, chance = asset_losses(given, 4001)
        assets = given["n_assets"]
        self.mean = assets * float(loss @ chance)
        self.deviation = float(np.sqrt(assets * (loss**2 @ chance - (loss @ chance) ** 2)))
        # Midpoint rule: converges geometrically; halving the step or doubling the end changes no digit kept here.
        self.step = 60 / self.deviation / 8000
        self.s = 2 / self.deviation + 1j * (np.arange(8000) + 0.5) * self.step
        self.log = assets * np.log(np.exp(np.outer(self.s, loss)) @ chance)

    def probability(self, loss: float) -> float:
        return self.step / np.pi * float(np.real(np.exp(self.log - self.s * loss) / self.s).sum())

    def excess(self, loss: float) -> float:
        return self.step / np.pi * float(np.real(np.exp(self.log - self.s * loss) / self.s**2).sum())

    def quantile(self, tail: float, slip: float = 0.0) -> float:
        """Loss with that probability, if the probability were too great by slip times the loss less the mean."""
        return float(brentq(lambda x: self.probability(x) + slip * (x - self.mean) - tail, 0, 600, xtol=1e-13))

    def shortfall(self, level: float) -> float:
        loss = self.quantile(1 - level)
        return loss + self.excess(loss) / (1 - level)


@cache
def contour(name: str) -> Contour:
    return Contour(CASES[name]["inputs"])


@cache
def lattice(name: str, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Losses in ascending order at even steps, and their chances: each asset's, ten times convolved."""
    given, cells = CASES[name]["inputs"], 2 ** int(np.ceil(np.log2(2600 / step)))
    loss, chance = asset_losses(given, 400_001)
    place = np.floor(loss / step).astype(int)
    upper = loss / step - place  # a loss is split between neighbours so that means are kept
    one = np.bincount(place % cells, chance * (1 - upper), cells)
    one += np.bincount((place + 1) % cells, chance * upper, cells)
    ten = np.fft.irfft(np.fft.rfft(one) ** given["n_assets"], cells)
    at = np.fft.fftfreq(cells, 1 / cells) * step
    order = np.argsort(at)
    return at[order], ten[order]


def lattice_excess(name: str, step: float, loss: float) -> float:
    """E(L - loss)+ of the lattice law, between its points by a polynomial of degree 11."""
    at, chance = lattice(name, step)
    beyond, worth = (np.cumsum(x[::-1])[::-1] for x in (chance, chance * at))
    near = slice(int(np.searchsorted(at, loss)) - 6, int(np.searchsorted(at, loss)) + 6)
    return float(BarycentricInterpolator(at[near], (worth - at * beyond)[near])(loss))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("level", LEVELS)
def test_inversion_and_convolution_agree_on_the_shortfall_of_short_options(name: str, level: float) -> None:
    exact = contour(name)
    loss = exact.quantile(1 - level)
    fine, coarse = (lattice_excess(name, step, loss) for step in (0.01, 0.02))
    # The lattice errs by the square of its step, which two steps take out; the rest is of the fourth order.
    assert loss + (4 * fine - coarse) / 3 / (1 - level) == pytest.approx(exact.shortfall(level), rel=5e-10)
    assert fine - coarse == pytest.approx((1 - 4) * (fine - exact.excess(loss)), rel=0.02)


@pytest.mark.parametrize("name", CASES)
def test_the_measures_find_the_shortfall_that_was_proven(name: str) -> None:
    exact, (at, chance) = contour(name), lattice(name, 0.005)
    weights = np.maximum(chance, 0.0)
    for level in LEVELS:
        # What the lattice itself misses: its step in a quantile, the square of it in a mean beyond.
        assert value_at_risk(-at, level, weights=weights, quantile="linear") == pytest.approx(
            exact.quantile(1 - level), abs=0.006)
        assert expected_shortfall(-at, level, weights=weights) == pytest.approx(exact.shortfall(level), rel=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_recorded_figures_hold_to_their_tolerance_but_for_the_deepest_shortfall(name: str) -> None:
    exact, recorded = contour(name), CASES[name]["expected"]
    assert exact.mean == pytest.approx(recorded["mean_loss"], rel=1e-11)
    assert exact.deviation == pytest.approx(recorded["std_loss"], rel=1e-11)
    for level in LEVELS:
        assert exact.quantile(1 - level) == pytest.approx(recorded[f"VaR_{level}"], rel=1e-5)
        if level < 0.999:
            assert exact.shortfall(level) == pytest.approx(recorded[f"ES_{level}"], rel=1e-5)
    # The true value at 99.9 %, and the recorded one, which is too great: 54 and 24 millionths, where ten are allowed.
    assert exact.shortfall(0.999) == pytest.approx(TRUE_DEEP[name], rel=1e-11)
    assert recorded["ES_0.999"] == RECORDED_DEEP[name]
    too_great = {"0.5yr ATM": 5.436e-5, "0.25yr OTM": 2.3775e-5}[name]
    assert recorded["ES_0.999"] / TRUE_DEEP[name] - 1 == pytest.approx(too_great, rel=1e-3)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("level", LEVELS)
def test_recorded_shortfalls_are_what_an_integral_begun_short_of_zero_gives(name: str, level: float) -> None:
    """Gil-Pelaez's integral of sin / u from 1e-10 instead of 0 makes every probability too great by 1e-10 / pi times
    the loss less its mean; the shortfall as an integral of these probabilities, to 14 deviations, collects them."""
    exact, recorded = contour(name), CASES[name]["expected"]
    slip, end = 1e-10 / np.pi, 14 * exact.deviation
    loss = exact.quantile(1 - level, slip)
    collected = slip / 2 * (end**2 - (loss - exact.mean) ** 2)
    # To ten digits in the first book; in the second the recorded quadrature itself has seven.
    slack = {"0.5yr ATM": 1e-9, "0.25yr OTM": 1e-7}[name]
    assert loss == pytest.approx(recorded[f"VaR_{level}"], rel=slack)
    assert loss + (exact.excess(loss) + collected) / (1 - level) == pytest.approx(recorded[f"ES_{level}"], rel=slack)


def asset_losses(given: dict, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Losses of one asset's short options over the horizon, at even steps of its normal move, and their chances."""
    z = np.linspace(-10, 10, count)
    chance = norm.pdf(z) / norm.pdf(z).sum()
    spot = given["S0"] * (1 + given["vol"] * np.sqrt(given["horizon_years"]) * z)
    loss = np.zeros(count)
    for position in given["short_positions_per_asset"]:
        left = position["maturity"] - given["horizon_years"]
        now = price(np.array([given["S0"]]), position, position["maturity"], given)[0]
        loss += position["qty"] * (price(spot, position, left, given) - now)
    return loss, chance


def price(spot: np.ndarray, position: dict, years: float, given: dict) -> np.ndarray:
    discount = np.exp(-given["r"] * years)
    sign = 1.0 if position["type"] == "call" else -1.0
    return black_value(sign, spot / discount, position["strike"], years, given["vol"], discount)
