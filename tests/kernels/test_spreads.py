"""Prioritised spreads against fractions without rounding, and what no order may break."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernels.spreads import (
    form_spreads,
    form_spreads_exact,
    long_and_short,
    price_risk,
    spread_credits,
    weighted_price_risk,
)

PARTNER = np.array([1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 14, 15])
UNMOVED = np.array([0, 1])
ROWS = 4


def slowly(long: list, short: list, spreads: list, divide) -> tuple[list, list, list, list]:
    """Spread by spread, leg by leg, each amount a number without rounding."""
    stands = {(row, 1): amount for row, amount in enumerate(long)}
    stands |= {(row, -1): amount for row, amount in enumerate(short)}
    formed, used = [], []
    for legs in spreads:
        made, taken = 0, [0] * len(legs)
        for way in (1, -1):
            count = min(divide(stands[row, way * side], ratio) for row, side, ratio in legs)
            made += count
            for at, (row, side, ratio) in enumerate(legs):
                stands[row, way * side] -= count * ratio
                taken[at] += count * ratio
        formed.append(made)
        used.extend(taken)
    rows = range(len(long))
    return formed, used, [stands[row, 1] for row in rows], [stands[row, -1] for row in rows]


def arrays(spreads: list, dtype: type) -> tuple:
    legs = [leg for spread in spreads for leg in spread]
    first = np.cumsum([0] + [len(spread) for spread in spreads])
    return (np.array([leg[0] for leg in legs], dtype=np.int64), np.array([leg[1] for leg in legs], dtype=np.int64),
            np.array([leg[2] for leg in legs], dtype=dtype), first.astype(np.int64))


@st.composite
def tables(draw: st.DrawFn) -> list:
    place = st.tuples(st.integers(0, ROWS - 1), st.sampled_from([1, -1]))
    legs = st.lists(place, min_size=2, max_size=4, unique=True)
    return [[(row, side, draw(st.integers(1, 7))) for row, side in draw(legs)]
            for _ in range(draw(st.integers(1, 6)))]


amounts = st.lists(st.integers(0, 10**6), min_size=ROWS, max_size=ROWS)


@given(amounts, amounts, tables())
def test_spreads_of_real_deltas_are_those_of_fractions(long: list, short: list, spreads: list) -> None:
    wanted = slowly([Fraction(x) for x in long], [Fraction(x) for x in short], spreads, lambda a, b: a / b)
    found = form_spreads(np.array(long, dtype=float), np.array(short, dtype=float), *arrays(spreads, np.float64))
    size = max([*long, *short, 1])
    for one, other in zip(found, wanted, strict=True):
        # Six spreads of ratios up to 7 can amplify a rounding of the largest delta by 7 each at worst twice in a row.
        assert one == pytest.approx([float(x) for x in other], abs=1e-12 * size)


@given(amounts, amounts, tables())
def test_spreads_of_ticks_are_exactly_those_counted_by_hand(long: list, short: list, spreads: list) -> None:
    wanted = slowly(long, short, spreads, lambda a, b: a // b)
    found = form_spreads_exact(np.array(long), np.array(short), *arrays(spreads, np.int64))
    for one, other in zip(found, wanted, strict=True):
        assert one.tolist() == other


@given(amounts, amounts, tables(), st.booleans())
def test_no_more_is_used_than_stands_and_what_is_not_used_is_left(
    long: list, short: list, spreads: list, exact: bool
) -> None:
    form, dtype = (form_spreads_exact, np.int64) if exact else (form_spreads, np.float64)
    legs = arrays(spreads, dtype)
    stood, shorts = np.array(long, dtype=dtype), np.array(short, dtype=dtype)
    formed, used, long_left, short_left = form(stood, shorts, *legs)
    assert min(formed.min(), used.min(), long_left.min(), short_left.min()) >= 0
    by_row = np.bincount(legs[0], used, minlength=ROWS)
    near = 0 if exact else 1e-9 * (1 + stood.sum() + shorts.sum())
    assert by_row == pytest.approx(stood + shorts - long_left - short_left, abs=near)


@given(amounts, amounts, tables())
def test_what_stands_behind_in_the_list_never_changes_what_stands_before(
    long: list, short: list, spreads: list
) -> None:
    stood, shorts = np.array(long, dtype=float), np.array(short, dtype=float)
    whole = form_spreads(stood, shorts, *arrays(spreads, np.float64))
    for kept in range(1, len(spreads)):
        part = form_spreads(stood, shorts, *arrays(spreads[:kept], np.float64))
        assert whole[0][:kept].tolist() == part[0].tolist()
        assert whole[1][: len(part[1])].tolist() == part[1].tolist()


@given(amounts, amounts, tables())
def test_each_spread_leaves_some_leg_with_nothing_either_way(long: list, short: list, spreads: list) -> None:
    stood, shorts = np.array(long, dtype=float), np.array(short, dtype=float)
    for kept in range(1, len(spreads) + 1):
        _, _, long_left, short_left = form_spreads(stood, shorts, *arrays(spreads[:kept], np.float64))
        for way in (1, -1):
            left = [(long_left if way * side > 0 else short_left)[row] for row, side, _ in spreads[kept - 1]]
            assert min(left) == 0.0


@given(amounts, amounts, tables())
def test_turning_every_position_round_forms_as_much(long: list, short: list, spreads: list) -> None:
    """Only where one pool does not serve both ways does order of ways not matter: net rows."""
    net = np.array(long, dtype=float) - np.array(short, dtype=float)
    legs = arrays(spreads, np.float64)
    one, other = form_spreads(*long_and_short(net), *legs), form_spreads(*long_and_short(-net), *legs)
    if all(len({row for row, _, _ in spread}) == len(spread) for spread in spreads):
        assert one[0].tolist() == other[0].tolist()


@given(amounts, amounts, tables())
def test_ticks_fine_enough_come_near_real_deltas(long: list, short: list, spreads: list) -> None:
    fine = 10**9
    stood, shorts = np.array(long, dtype=np.int64), np.array(short, dtype=np.int64)
    real = form_spreads(stood.astype(float), shorts.astype(float), *arrays(spreads, np.float64))
    ticks = form_spreads_exact(stood * fine, shorts * fine, *arrays(spreads, np.int64))
    # Each of the twelve steps leaves up to 7 ticks, times 7 along the way; float64 of 1e6 has ten digits to spare.
    assert ticks[1] / fine == pytest.approx(real[1], abs=1e-5)


def test_a_calendar_of_two_to_one_takes_the_scarcer_leg_and_the_next_spread_the_rest() -> None:
    spreads = [[(0, 1, 2), (1, -1, 1)], [(0, 1, 1), (2, -1, 1)]]
    long, short = long_and_short(np.array([10.0, -3.0, -9.0, 0.0]))
    formed, used, long_left, short_left = form_spreads(long, short, *arrays(spreads, np.float64))
    assert formed.tolist() == [3, 4]
    assert used.tolist() == [6, 3, 4, 4]
    assert (long_left.tolist(), short_left.tolist()) == ([0, 0, 0, 0], [0, 0, 5, 0])


def test_no_rounding_of_a_used_leg_is_left_for_later_spreads() -> None:
    """7.61 / 0.3 x 0.3 is less than 7.61 in binary."""
    spreads = [[(0, 1, 0.3), (1, -1, 0.3)], [(0, 1, 1), (2, -1, 1)]]
    formed, used, long_left, _ = form_spreads(np.array([7.61, 0.0, 0.0]), np.array([0.0, 9.0, 9.0]),
                                              *arrays(spreads, np.float64))
    assert (formed[1], used[0], long_left[0]) == (0.0, 7.61, 0.0)


def test_long_and_short_of_one_tier_make_a_spread_within_it() -> None:
    spreads = [[(0, 1, 1), (0, -1, 1)]]
    formed, used, long_left, short_left = form_spreads(np.array([5.0]), np.array([3.0]), *arrays(spreads, np.float64))
    assert (formed[0], used.tolist(), long_left[0], short_left[0]) == (3, [3, 3], 2, 0)


def test_an_unknown_delta_makes_its_spreads_unknown_and_no_others() -> None:
    spreads = [[(0, 1, 1), (1, -1, 1)], [(2, 1, 1), (3, -1, 1)]]
    for at in (0, 1):
        delta = np.array([5.0, -3.0, 2.0, -4.0])
        delta[at] = np.nan
        formed = form_spreads(*long_and_short(delta), *arrays(spreads, np.float64))[0]
        assert np.isnan(formed[0])
        assert formed[1] == 2


def test_scan_risk_of_the_published_array_splits_into_price_volatility_and_time(vectors: Path) -> None:
    case = json.loads((vectors / "tradfi" / "span_risk_array_black76.json").read_text())["expected"]
    pnl, active = np.array([case["portfolio_pnl_array"]]), np.array([case["active_scenario"] - 1])
    price, volatility, time = price_risk(pnl, active, PARTNER, UNMOVED)
    loss = -pnl[0]
    by_hand = (loss[12] + loss[13]) / 2 - (loss[0] + loss[1]) / 2
    assert (price[0], price[0] + volatility[0] + time[0]) == pytest.approx((by_hand, case["scan_risk"]), rel=1e-15)
    assert weighted_price_risk(price, np.array([-0.5]))[0] == pytest.approx(by_hand / 0.5)


def test_credits_are_rate_times_deltas_used_times_price_risk_a_delta() -> None:
    found = spread_credits(np.array([4.0, 2.0, 1.0]), np.array([0.8, 0.8, 0.5]), np.array([0, 1, 0]),
                           np.array([100.0, 300.0]), 2)
    assert found.tolist() == pytest.approx([0.8 * 4 * 100 + 0.5 * 100, 0.8 * 2 * 300])


def test_no_risk_and_no_delta_have_no_price_risk_a_delta() -> None:
    assert price_risk(np.ones((1, 16)), np.array([-1]), PARTNER, UNMOVED)[0].tolist() == [0.0]
    assert weighted_price_risk(np.array([5.0]), np.array([0.0])).tolist() == [0.0]
