"""Do books of one day earn what their parts earn?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import InputError
from seawall.kernels.black import black_value
from seawall.model.factor import Factor
from seawall.model.panel import Panel
from seawall.study.books import DeltaOne, Straddles, straddle
from seawall.study.past import past_of, place_of
from seawall.study.volatility_model import PREMIUM, WARMING, modelled_levels, other_maturity


def panel(level: float = 0.5, skew: float = -0.03, curvature: float = 0.02) -> Panel:
    factors = (Factor("spot", "BTC"), Factor("volatility", "BTC", "30d"), Factor("skew", "BTC", "30d"),
               Factor("curvature", "BTC", "30d"), Factor("volatility", "BTC", "90d"))
    row = [50_000.0, level, skew, curvature, level]
    dates = np.datetime64("2026-01-01", "ns") + np.arange(2) * np.timedelta64(1, "D")
    return Panel(dates, factors, np.array([row, row]))


def test_weights_times_proportional_moves() -> None:
    past = past_of(panel(), 1)
    moves = np.log(np.array([[1.1, 1, 1, 1, 1], [0.9, 1, 1, 1, 1]]))
    assert DeltaOne("x", {"spot:BTC": 2.0}).profit(past, moves) == pytest.approx([0.2, -0.2])
    with pytest.raises(InputError, match="spot:ETH"):
        DeltaOne("x", {"spot:ETH": 1.0}).profit(past, moves)


@given(st.floats(0.5, 2.0), st.floats(0.01, 0.6))
def test_a_straddle_is_a_call_and_a_put_of_the_pricing_kernel(spot: float, deviation: float) -> None:
    sigma, years = np.array([deviation / np.sqrt(0.1)]), np.array([0.1])
    forward, strike, one = np.array([spot]), np.array([1.0]), np.array([1.0])
    call = black_value(one, forward, strike, years, sigma)
    put = black_value(-one, forward, strike, years, sigma)
    assert straddle(np.array([spot]), np.array([deviation])) == pytest.approx(call + put, abs=1e-9)


def test_short_gamma_earns_a_quiet_day_and_loses_on_a_move_either_way_and_on_volatility() -> None:
    flat = past_of(panel(skew=0.0, curvature=0.0), 1)
    book = Straddles("short", "BTC", {30.0: -1.0})
    moves = np.array([[0.0, 0, 0, 0, 0], [-0.1, 0, 0, 0, 0], [0.1, 0, 0, 0, 0], [0.0, 0.2, 0, 0, 0]])
    quiet, down, up, vol = book.profit(flat, moves)
    # One day's decay of an at-the-money straddle: 0.8 level (sqrt(T) - sqrt(T - dt)).
    assert quiet == pytest.approx(0.7979 * 0.5 * (np.sqrt(30 / 365) - np.sqrt(29 / 365)), rel=0.01)
    assert down < 0
    assert up < 0
    assert vol == pytest.approx(-0.7979 * 0.5 * (np.exp(0.2) - 1) * np.sqrt(29 / 365) + quiet, rel=0.01)
    small = np.array([[0.001, 0, 0, 0, 0], [-0.001, 0, 0, 0, 0]])
    assert np.ptp(book.profit(flat, small)) < 2e-6  # hedged: nothing of first order is left


def test_a_steeper_skew_makes_the_old_strike_dearer_after_a_fall_only_if_it_moves() -> None:
    past = past_of(panel(), 1)
    book = Straddles("long", "BTC", {30.0: 1.0})
    after_rise = np.array([[0.08, 0, 0, 0, 0], [0.08, 0, -0.02, 0, 0]])
    same, steeper = book.profit(past, after_rise)
    assert steeper > same  # spot rose, the old strike lies below it: a steeper skew lifts its volatility


def test_a_calendar_gains_where_the_long_end_rises_alone() -> None:
    past = past_of(panel(), 1)
    book = Straddles("calendar", "BTC", {30.0: -1.0, 90.0: 1.0})
    still, rise = book.profit(past, np.array([[0.0, 0, 0, 0, 0], [0.0, 0, 0, 0, 0.05]]))
    assert rise > still
    with pytest.raises(InputError, match="more than one row"):
        Straddles("x", "BTC", {1.0: 1.0}).profit(past_of(_one_day(), 1), np.zeros((1, 2)))


def _one_day() -> Panel:
    dates = np.datetime64("2026-01-01", "ns") + np.arange(2) * np.timedelta64(1, "D")
    return Panel(dates, (Factor("spot", "BTC"), Factor("volatility", "BTC", "1d")), np.array([[1.0, 0.5], [1.0, 0.5]]))


def test_a_modelled_level_of_steady_moves_is_their_volatility_with_its_premium() -> None:
    closes = 100 * np.exp(0.02 * np.array([n % 2 for n in range(400)]))
    levels = modelled_levels(closes, (30.0, 90.0), 365.0)
    assert np.isnan(levels[: WARMING]).all()
    # Every move is 2 %: the filter stays at it but for the sign's share, a few per cent.
    assert levels[-1] == pytest.approx(PREMIUM * 0.02 * np.sqrt(365), rel=0.06)


def test_a_crash_lifts_the_short_end_more_and_only_from_its_own_row_on() -> None:
    rng = np.random.default_rng(1)
    moves = 0.02 * rng.standard_normal(300)
    moves[200] = -0.4
    closes = 100 * np.exp(np.concatenate([[0.0], np.cumsum(moves)]))
    levels = modelled_levels(closes, (30.0, 90.0), 365.0)
    lifted = levels[201] / levels[200]
    assert lifted[0] > lifted[1] > 1.2
    calm = np.array(closes)
    calm[201:] = closes[200]
    assert modelled_levels(calm, (30.0, 90.0), 365.0)[: 201].tobytes() == levels[: 201].tobytes()


def test_another_maturity_lies_between_today_and_the_usual_level() -> None:
    level = np.array([0.2, 0.2, 0.2, 0.6])
    far = other_maturity(level, 30.0, 90.0)
    assert far[:3] == pytest.approx(0.2)
    usual = np.sqrt(np.mean(level**2))
    assert usual < far[3] < 0.6
    assert place_of((Factor("spot", "A"),), "spot:A") == 0
