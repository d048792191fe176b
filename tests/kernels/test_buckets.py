"""Nested buckets: the arrays against plain sums, slopes against small moves, the corners where a rule bends."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernels.buckets import (
    concentration_factor,
    curvature_tail,
    nested,
    one_sided,
    scaled_by_concentration,
)

# Sums of up to nine products in another order: a few units in the last place of numbers up to 1e4.
CLOSE = 1e-9
AMOUNTS = st.integers(-900, 900).filter(lambda n: n != 0).map(float)


@st.composite
def buckets(draw: st.DrawFn) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray], np.ndarray]:
    """One to three buckets of one to three factors, correlations that a regulator could write."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    weighted = np.array(draw(st.lists(AMOUNTS, min_size=sum(sizes), max_size=sum(sizes))))
    edges = np.cumsum([0, *sizes])
    members = [np.arange(a, b) for a, b in pairwise(edges)]
    rho = [flat(size, draw(st.integers(0, 100)) / 100) for size in sizes]
    return weighted, members, rho, flat(len(sizes), draw(st.integers(-40, 90)) / 100)


def flat(size: int, correlation: float) -> np.ndarray:
    matrix = np.full((size, size), correlation)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def plain(weighted: np.ndarray, members: list[np.ndarray], rho: list[np.ndarray], gamma: np.ndarray) -> float:
    """As the rulebook writes it, sums always cut."""
    k, s = [], []
    for b, places in enumerate(members):
        square = 0.0
        for i, one in enumerate(places):
            for j, other in enumerate(places):
                square += (1.0 if i == j else rho[b][i][j]) * weighted[one] * weighted[other]
        k.append(math.sqrt(max(square, 0.0)))
        s.append(max(min(sum(weighted[one] for one in places), k[-1]), -k[-1]))
    square = sum(one * one for one in k)
    for b in range(len(k)):
        for c in range(len(k)):
            if b != c:
                square += gamma[b][c] * s[b] * s[c]
    return math.sqrt(max(square, 0.0))


@given(buckets())
def test_nested_buckets_are_the_plain_sums_of_the_rulebook(made: tuple) -> None:
    form = nested(*made, clamp="always")
    assert form.total == pytest.approx(plain(*made), rel=CLOSE, abs=1e-6)


@given(buckets())
def test_slope_times_sensitivity_adds_up_to_the_whole(made: tuple) -> None:
    for clamp in ("always", "when_negative"):
        form = nested(*made, clamp=clamp)
        assert form.slopes @ made[0] == pytest.approx(form.total, rel=CLOSE, abs=1e-6)


@given(buckets())
def test_slopes_are_those_of_small_moves_away_from_bends(made: tuple) -> None:
    weighted, members, rho, gamma = made
    form = nested(weighted, members, rho, gamma, clamp="always")
    sums = np.array([weighted[places].sum() for places in members])
    bends = np.abs(np.abs(sums) - form.bucket) < 2.0
    if form.total < 1.0 or bends.any() or (form.bucket < 2.0).any():
        return  # at a bend the two sides differ, and no slope is wrong
    step = 1e-4
    for place in range(len(weighted)):
        nudge = np.eye(len(weighted))[place] * step
        up, down = (nested(weighted + sign * nudge, members, rho, gamma, clamp="always").total for sign in (1, -1))
        # Central difference of a form of curvature about 1 / total: error below step^2.
        assert form.slopes[place] == pytest.approx((up - down) / (2 * step), abs=1e-5)


@given(buckets(), st.integers(2, 9))
def test_the_form_is_homogeneous_and_blind_to_the_sign(made: tuple, times: int) -> None:
    weighted, *rest = made
    whole = nested(weighted, *rest, clamp="when_negative").total
    larger, turned = (nested(by * weighted, *rest, clamp="when_negative").total for by in (times, -1))
    assert larger == pytest.approx(times * whole, rel=CLOSE, abs=1e-6)
    assert turned == pytest.approx(whole, rel=CLOSE, abs=1e-6)


def test_sums_are_cut_only_when_the_whole_would_be_negative() -> None:
    members, rho = [np.array([0, 1]), np.array([2, 3])], [flat(2, 0.0)] * 2
    alike = np.array([10.0, 10.0, 10.0, 10.0])
    free = nested(alike, members, rho, flat(2, 0.5), clamp="when_negative")
    assert free.total == pytest.approx(math.sqrt(400 + 2 * 0.5 * 400))
    assert not free.clamped.any()
    against = np.array([10.0, 10.0, -10.0, -10.0])
    cut = nested(against, members, rho, flat(2, 0.9), clamp="when_negative")
    # 400 - 2 x 0.9 x 400 is negative: sums of 20 become roots of 200.
    assert cut.clamped.all()
    assert cut.total == pytest.approx(math.sqrt(400 - 2 * 0.9 * 200))


def test_a_gross_bucket_offsets_nothing() -> None:
    form = nested(np.array([7.0, -7.0]), [np.array([0, 1])], [flat(2, 0.99)], np.zeros((1, 1)), clamp="when_negative",
                  gross=np.array([True]))
    assert form.total == 14.0
    assert form.slopes.tolist() == [1.0, -1.0]


def test_a_perfect_hedge_costs_nothing_and_has_no_slope() -> None:
    form = nested(np.array([5.0, -5.0]), [np.array([0, 1])], [flat(2, 1.0)], np.zeros((1, 1)), clamp="always")
    assert form.total == 0.0
    assert form.slopes.tolist() == [0.0, 0.0]


def test_concentration_starts_at_the_threshold() -> None:
    factor = concentration_factor(np.array([99.0, 100.0, -400.0, 400.0]), np.array([100.0, 100.0, 100.0, np.inf]))
    assert factor.tolist() == [1.0, 1.0, 2.0, 1.0]
    assert scaled_by_concentration(flat(2, 0.5), np.array([1.0, 2.0]))[0, 1] == 0.25


def test_long_gamma_beyond_what_offsets_costs_nothing() -> None:
    exposure = np.array([-10.0])
    form = nested(exposure, [np.array([0])], [np.eye(1)], np.zeros((1, 1)), clamp="always")
    tail = curvature_tail(exposure, form, 2.5758293035489004)
    # theta -1: lambda is 1, and -10 + 1 x 10 is nothing.
    assert (tail.theta, tail.factor, tail.total) == (-1.0, 1.0, 0.0)


def test_short_gamma_costs_the_sum_and_lambda_roots() -> None:
    exposure = np.array([10.0])
    form = nested(exposure, [np.array([0])], [np.eye(1)], np.zeros((1, 1)), clamp="always")
    tail = curvature_tail(exposure, form, 2.5758293035489004)
    assert tail.factor == pytest.approx(5.634896, abs=1e-6)
    assert tail.total == pytest.approx(66.34896, abs=1e-5)


@given(buckets())
def test_curvature_adds_up_and_its_slopes_are_those_of_small_moves(made: tuple) -> None:
    weighted, members, rho, gamma = made

    def tail(x: np.ndarray) -> object:
        return curvature_tail(x, nested(x, members, rho, gamma, clamp="always"), 2.5758293035489004)

    whole = tail(weighted)
    assert whole.slopes @ weighted == pytest.approx(whole.total, rel=CLOSE, abs=1e-6)
    form = nested(weighted, members, rho, gamma, clamp="always")
    sums = np.array([weighted[places].sum() for places in members])
    bends = np.abs(np.abs(sums) - form.bucket) < 2.0
    if whole.total < 5.0 or bends.any() or form.total < 5.0 or abs(weighted.sum()) < 1.0 or (form.bucket < 2.0).any():
        return
    step = 1e-4
    for place in range(len(weighted)):
        nudge = np.eye(len(weighted))[place] * step
        moved = (tail(weighted + nudge).total - tail(weighted - nudge).total) / (2 * step)
        # lambda bends as one over the gross exposure: an error of some step^2 times it.
        assert whole.slopes[place] == pytest.approx(moved, abs=2e-4)


def plain_one_sided(
    up: np.ndarray, down: np.ndarray, members: list[np.ndarray], rho: list[np.ndarray], gamma: np.ndarray,
) -> float:
    k, s = [], []
    for b, places in enumerate(members):
        sides = []
        for x in (up, down):
            square = sum(max(x[i], 0.0) ** 2 for i in places)
            for i, one in enumerate(places):
                for j, other in enumerate(places):
                    if i != j and not (x[one] < 0 and x[other] < 0):
                        square += rho[b][i][j] * x[one] * x[other]
            sides.append((math.sqrt(max(square, 0.0)), sum(x[i] for i in places)))
        worse = max(sides)
        k.append(worse[0])
        s.append(worse[1])
    square = sum(one * one for one in k)
    for b in range(len(k)):
        for c in range(len(k)):
            if b != c and not (s[b] < 0 and s[c] < 0):
                square += gamma[b][c] * s[b] * s[c]
    return math.sqrt(max(square, 0.0))


@given(buckets(), st.data())
def test_the_worse_of_two_shocks_is_the_plain_rule_and_adds_up(made: tuple, data: st.DataObject) -> None:
    up, members, rho, gamma = made
    down = np.array(data.draw(st.lists(AMOUNTS, min_size=len(up), max_size=len(up))))
    never = np.zeros(len(members), dtype=bool)
    form = one_sided(up, down, members, rho, gamma, never)
    assert form.total == pytest.approx(plain_one_sided(up, down, members, rho, gamma), rel=CLOSE, abs=1e-6)
    chosen = np.concatenate([(up if form.upward[b] else down)[places] for b, places in enumerate(members)])
    assert form.slopes @ chosen == pytest.approx(form.total, rel=CLOSE, abs=1e-6)


def test_two_gains_do_not_make_a_loss_smaller() -> None:
    gain = np.array([-5.0, -5.0])
    form = one_sided(gain, gain, [np.array([0, 1])], [flat(2, 0.5)], np.zeros((1, 1)), np.array([False]))
    assert form.total == 0.0
    mixed = one_sided(np.array([5.0, -5.0]), gain, [np.array([0, 1])], [flat(2, 0.5)], np.zeros((1, 1)),
                      np.array([False]))
    assert mixed.total == 0.0  # 25 - 2 x 0.5 x 25
    gross = one_sided(np.array([5.0, -5.0]), gain, [np.array([0, 1])], [flat(2, 0.5)], np.zeros((1, 1)),
                      np.array([True]))
    assert gross.total == 5.0
