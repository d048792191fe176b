"""Implied volatility: the round trip, a published vector, another library, and named reasons."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import QuantLib
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernels.black import black_greeks, black_value
from seawall.kernels.implied import Reason, implied_volatility

EPSILON = 2.0**-52


class Trips(NamedTuple):
    sign: np.ndarray
    forward: np.ndarray
    strike: np.ndarray
    years: np.ndarray
    volatility: np.ndarray


def trips(count: int, seed: int, sign: np.ndarray | None = None) -> Trips:
    """Strikes up to eight deviations away on both sides, deviations from a thousandth to four."""
    rng = np.random.default_rng(seed)
    deviation, years = 10 ** rng.uniform(-3, 0.6, count), 10 ** rng.uniform(-4, 1.3, count)
    forward = 10 ** rng.uniform(-2, 5, count)
    strike = forward * np.exp(np.clip(rng.uniform(-8, 8, count) * deviation, -6, 6))
    out_of_the_money = np.where(strike >= forward, 1.0, -1.0)
    return Trips(out_of_the_money if sign is None else sign * out_of_the_money, forward, strike, years,
                 deviation / np.sqrt(years))


def misses(t: Trips) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relative miss in volatility, miss in price per forward, and whether a volatility was found."""
    price = black_value(*t)
    found, reason = implied_volatility(*t[:4], price)
    intrinsic = np.maximum(t.sign * (t.forward - t.strike), 0.0)
    outside = np.where(t.strike >= t.forward, 1.0, -1.0)
    # The price's time value, taken on the side where it is computed without cancellation.
    again = black_value(outside, *t[1:4], np.where(reason == Reason.OK, found, 0.0))
    return np.abs(found / t.volatility - 1), np.abs(again - (price - intrinsic)) / t.forward, reason == Reason.OK


def test_a_million_out_of_the_money_volatilities_survive_the_round_trip() -> None:
    t = trips(1_000_000, seed=1)
    in_volatility, in_price, found = misses(t)
    assert (found | (black_value(*t) < 1e-300)).all()
    # Above 1e-290 a price holds all its digits, and vega per digit is large wherever it is small: 1e-12 everywhere.
    assert np.nanmax(np.where(found, in_volatility, 0.0)) <= 1e-12
    assert np.nanmax(np.where(found, in_price, 0.0)) <= 1e-15


def test_a_million_in_the_money_volatilities_come_back_as_far_as_their_price_carries_them() -> None:
    t = trips(1_000_000, seed=2, sign=np.array(-1.0))
    in_volatility, in_price, found = misses(t)
    vega, price = black_greeks(*t).vega, black_value(*t)
    # The price itself is a difference of forward and strike, each rounded: what that is in volatility.
    carried = 4 * EPSILON * (t.forward + t.strike) / (vega * t.volatility) <= 1e-12
    assert carried.sum() > 250_000
    assert found[carried].all()
    assert in_volatility[carried].max() <= 1e-12
    # What the price no longer tells apart, the root reproduces: no worse than the rounding of the price given.
    rest = found & ~carried
    assert (in_price[rest] <= 1e-15).all()
    # Where nothing came back, what is left above intrinsic had been rounded away.
    lost = ~found
    time_value = black_value(-t.sign[lost], *(column[lost] for column in t[1:]))
    assert (time_value <= 2 * EPSILON * np.maximum(price[lost], t.strike[lost])).all()


def test_the_published_round_trip_is_matched(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "lets_be_rational_roundtrip.json").read_text())
    forward, strike, years, sigma, sign = np.array(case["inputs"]["rows"], dtype=float).T
    found, reason = implied_volatility(sign, forward, strike, years, case["expected"]["price"])
    assert (reason == Reason.OK).all()
    assert found == pytest.approx(sigma, rel=case["tolerance"])
    assert black_value(sign, forward, strike, years, sigma) == pytest.approx(case["expected"]["price"], rel=1e-13)


def test_quantlib_finds_the_same_volatilities() -> None:
    t = trips(300, seed=4)
    price = black_value(*t)
    found, _ = implied_volatility(*t[:4], price)
    for n in range(300):
        s = t.volatility[n] * t.years[n] ** 0.5
        if not (0.02 < s < 2 and price[n] > 1e-8 * t.forward[n]):
            continue
        kind = QuantLib.Option.Call if t.sign[n] > 0 else QuantLib.Option.Put
        theirs = QuantLib.blackFormulaImpliedStdDev(
            kind, float(t.strike[n]), float(t.forward[n]), float(price[n]), 1.0, 0.0, float(s), 1e-14, 1000)
        # Their search stops at its own accuracy in price, 1e-14 of the forward at the best.
        assert found[n] * t.years[n] ** 0.5 == pytest.approx(theirs, rel=1e-6)


@given(st.floats(-3, 3), st.floats(0.02, 4.0), st.sampled_from([-1.0, 1.0]))
def test_volatility_survives_the_round_trip_where_vega_carries_it(x: float, deviation: float, sign: float) -> None:
    strike = float(np.exp(x))
    price = black_value(sign, 1.0, strike, 1.0, deviation)
    found, reason = implied_volatility(sign, 1.0, strike, 1.0, price)
    if reason != Reason.OK:
        return
    vega = float(black_greeks(sign, 1.0, strike, 1.0, deviation).vega)
    # A price near P is known to about 4 eps (1 + P): what that is in volatility, plus a hundred roundings.
    allowed = 4 * EPSILON * (1 + strike) / max(vega, 1e-300) / deviation + 1e-13
    again = black_value(sign, 1.0, strike, 1.0, found)
    assert abs(found / deviation - 1) <= allowed or abs(again - price) <= 1e-15


@pytest.mark.parametrize(("sign", "strike", "years", "price", "reason"), [
    (1.0, 90.0, 1.0, 9.0, Reason.BELOW_INTRINSIC), (-1.0, 110.0, 1.0, 9.0, Reason.BELOW_INTRINSIC),
    (1.0, 110.0, 1.0, -1e-9, Reason.BELOW_INTRINSIC),
    (1.0, 90.0, 1.0, 100.0, Reason.ABOVE_FORWARD), (1.0, 90.0, 1.0, 101.0, Reason.ABOVE_FORWARD),
    (-1.0, 90.0, 1.0, 90.0, Reason.ABOVE_FORWARD),
    (1.0, 90.0, 0.0, 12.0, Reason.NO_TIME), (1.0, 90.0, -0.1, 12.0, Reason.NO_TIME),
    (1.0, 90.0, 1.0, np.nan, Reason.MISSING), (1.0, np.nan, 1.0, 9.0, Reason.MISSING),
    (1.0, 90.0, np.inf, 9.0, Reason.MISSING), (1.0, 0.0, 1.0, 9.0, Reason.MISSING),
    (np.nan, 90.0, 1.0, 12.0, Reason.MISSING), (0.0, 90.0, 1.0, 12.0, Reason.MISSING),
])
def test_prices_without_a_volatility_say_why(
    sign: float, strike: float, years: float, price: float, reason: Reason
) -> None:
    found, why = implied_volatility(sign, 100.0, strike, years, price)
    assert why == reason
    assert np.isnan(found)


def test_a_price_at_intrinsic_value_has_no_volatility_at_all() -> None:
    found, why = implied_volatility([1.0, -1.0, 1.0], 100.0, [90.0, 110.0, 110.0], 1.0, [10.0, 10.0, 0.0])
    assert found.tolist() == [0.0, 0.0, 0.0]
    assert (why == Reason.OK).all()


def test_the_smallest_and_the_largest_prices_still_have_volatilities() -> None:
    price = np.array([5e-324, 1e-300, 1e-100, 50.0, 100 * (1 - 1e-12), np.nextafter(100.0, 0.0)])
    found, why = implied_volatility(1.0, 100.0, 120.0, 1.0, price)
    assert (why == Reason.OK).all()
    assert (np.diff(found) > 0).all()
    again = black_value(1.0, 100.0, 120.0, 1.0, found)
    assert np.abs(again - price).max() <= 1e-15 * 100.0 * 2  # two roundings near the forward


def test_arguments_broadcast_and_one_bad_quote_spoils_no_other() -> None:
    found, why = implied_volatility(1.0, 100.0, [[90.0], [100.0]], 1.0, [12.0, np.nan, 15.0])
    assert found.shape == why.shape == (2, 3)
    assert np.isnan(found).tolist() == [[False, True, False]] * 2


def test_tiny_deviations_keep_their_last_digits() -> None:
    # At the money the price is F (2 N(s/2) - 1), known to every digit by the error function: so is the root.
    deviation = np.logspace(-8, -1, 200)
    price = np.array([math.erf(s / (2 * math.sqrt(2))) for s in deviation])
    found, reason = implied_volatility(1.0, 1.0, 1.0, 1.0, price)
    assert (reason == Reason.OK).all()
    assert np.abs(found / deviation - 1).max() <= 1e-14
