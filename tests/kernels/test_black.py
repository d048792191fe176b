"""Black-76 against published numbers, exact limits and its own inverse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernels.black import black_greeks, black_scholes_greeks, black_value
from seawall.kernels.implied import Reason, implied_volatility
from seawall.kernels.smile import coordinates, moved_volatility
from seawall.kernels.vanilla import check_compiled, revalue_vanilla

NAMES = {"price": "value", "theta_per_year": "theta", "charm_calendar_per_year": "charm", "delta": "delta",
         "gamma": "gamma", "vega": "vega", "rho": "rho", "vanna": "vanna", "volga": "volga"}


def test_every_greek_matches_the_high_precision_reference(vectors: Path) -> None:
    for case in json.loads((vectors / "tradfi" / "bs_all_greeks_reference.json").read_text())["cases"]:
        i = case["inputs"]
        found = black_scholes_greeks(1 if i["type"] == "Call" else -1, i["S"], i["K"], i["T"], i["vol"],
                                     rate=i["r"], carry=i["r"] - i["q"])
        for published, ours in NAMES.items():
            # The file holds doubles of a 50-digit computation: only rounding is left.
            assert getattr(found, ours) == pytest.approx(case["expected"][published], rel=1e-12), (i, published)


def test_values_match_haugs_table(vectors: Path) -> None:
    for case in json.loads((vectors / "tradfi" / "ql_european_haug.json").read_text())["cases"]:
        i = case["inputs"]
        found = black_scholes_greeks(1 if i["type"] == "Call" else -1, i["S"], i["K"], i["T"], i["vol"],
                                     rate=i["r"], carry=i["r"] - i["q"]).value
        assert abs(found - case["expected"]["price"]) <= case["tolerance"]


def test_zero_strike_and_zero_forward_are_exact(vectors: Path) -> None:
    file = json.loads((vectors / "crypto" / "black76_degenerate.json").read_text())
    for given_, wanted in zip(file["inputs"]["cases"], file["expected"]["cases"], strict=True):
        for sign, name in ((1, "call"), (-1, "put")):
            found = black_value(sign, given_["forward"], given_["strike"], 1.0, given_["vol"], given_["discount"])
            assert found == wanted[name]


@pytest.mark.parametrize(("years", "volatility"), [(0.0, 0.5), (1.0, 0.0), (0.0, 0.0)])
def test_without_time_or_volatility_only_intrinsic_is_left(years: float, volatility: float) -> None:
    found = black_greeks([1, -1, 1], [110.0, 110.0, 90.0], 100.0, years, volatility)
    assert found.value.tolist() == [10.0, 0.0, 0.0]
    assert all(np.isfinite(column).all() for column in found)


@given(st.floats(-3, 3), st.floats(0.02, 4.0), st.sampled_from([-1.0, 1.0]))
def test_volatility_survives_the_round_trip_where_vega_carries_it(x: float, deviation: float, sign: float) -> None:
    strike = float(np.exp(x))
    price = black_value(sign, 1.0, strike, 1.0, deviation)
    found, reason = implied_volatility(sign, 1.0, strike, 1.0, price)
    if reason != Reason.OK:
        return
    vega = float(black_greeks(sign, 1.0, strike, 1.0, deviation).vega)
    # A price near P is known to about 4 eps (1 + P): what that is in volatility, plus a hundred roundings.
    allowed = 4 * 2.3e-16 * (1 + strike) / max(vega, 1e-300) / deviation + 1e-13
    again = black_value(sign, 1.0, strike, 1.0, found)
    assert abs(found / deviation - 1) <= allowed or abs(again - price) <= 1e-15


def test_prices_without_a_volatility_say_why() -> None:
    _, reason = implied_volatility(1.0, 100.0, 90.0, [1.0, 1.0, 0.0, 1.0], [9.0, 100.0, 12.0, np.nan])
    assert reason.tolist() == [Reason.BELOW_INTRINSIC, Reason.ABOVE_FORWARD, Reason.NO_TIME, Reason.MISSING]


def test_the_compiled_loop_equals_its_numpy_twin_and_keeps_its_bits_in_slices() -> None:
    rng = np.random.default_rng(3)
    count, rows, series = 60, 40, 3
    smile = np.tile([0.01, 0.1, -0.3, 0.0, 0.2, 0.3, 0.25], (series, 1))
    smile[:, 5] = coordinates(smile[0, :5], 0.25)[0]
    strike, sign = 100 * np.exp(rng.normal(0, 0.4, count)), np.where(rng.random(count) < 0.5, 1.0, -1.0)
    expiry = np.arange(count) % series
    forward = 100 * np.exp(rng.normal(0, 0.2, (series, rows)))
    years, level = np.full((series, rows), 0.2), smile[0, 5] * np.exp(rng.normal(0, 0.2, (series, rows)))
    skew, bow = rng.normal(0, 0.02, (series, rows)), np.abs(rng.normal(0, 0.02, (series, rows)))
    one, out = np.ones((series, rows)), np.empty((count, rows))
    inverse = np.arange(count) % 2
    revalue_vanilla(strike, sign, inverse, np.ones(count), expiry, forward, years, smile, level, skew, bow, one, out)
    f = forward[expiry]
    vol = moved_volatility(np.log(strike[:, None] / f), 0.2, smile[0], level[expiry], skew[expiry], bow[expiry])
    twin = black_value(sign[:, None], f, strike[:, None], 0.2, vol) / np.where(inverse[:, None], f, 1.0)
    assert np.abs(out - twin).max() <= 1e-12 * f.max()
    part = np.empty((7, rows))
    revalue_vanilla(strike[:7], sign[:7], inverse[:7], np.ones(7), expiry[:7], forward, years, smile, level, skew, bow,
                    one, part)
    assert part.tobytes() == out[:7].tobytes()


def test_the_start_up_check_passes_on_this_machine() -> None:
    assert check_compiled() <= 1e-15
