"""Exponential, logarithm, power and normal distribution against fifty digits, C's edge cases and their own laws."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from seawall.kernels import elementary
from seawall.kernels.elementary import exp, log, normal_distribution, power

DIGITS = 60
EDGES = np.array([
    0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 1e308,
    2.0**52 + 1, 2.0**53 - 1, 2.0**53, 1 - 2.0**53, 0.1, 1000.0, -745.13, -745.14, 709.78, 709.79, -708.5, -38.6, 39.0,
])

finite = st.floats(allow_nan=False, allow_infinity=False)


def places_off(got: np.ndarray, exact: Callable[..., mp.mpf], *arguments: np.ndarray) -> float:
    """Largest error in units of the last place of the true value."""
    worst = 0.0
    with mp.workdps(DIGITS):
        for value, *point in zip(got, *arguments, strict=True):
            true = exact(*(mp.mpf(float(x)) for x in point))
            worst = max(worst, float(abs(mp.mpf(float(value)) - true) / mp.mpf(float(np.spacing(abs(float(true)))))))
    return worst


def normal_exact(x: mp.mpf) -> mp.mpf:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def test_the_exponential_is_within_two_thirds_of_the_last_place_down_to_subnormals() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(-745, 709.7, 4000), rng.uniform(-1, 1, 4000), 10 ** rng.uniform(-20, 0, 500)])
    # A half is what rounding costs; five roundings of the quadratic term, up to 2^-58 each, cost the rest.
    assert places_off(exp(x), mp.exp, x) < 0.66


def test_the_logarithm_is_correctly_rounded_but_for_a_hundredth_near_one_and_far_away() -> None:
    rng = np.random.default_rng(2)
    near = 1 + rng.normal(0, 1, 2000) * 10 ** rng.uniform(-16, -1, 2000)
    x = np.concatenate([10 ** rng.uniform(-320, 308, 4000), rng.uniform(0.5, 2, 4000), near])
    # A half is what rounding the true value costs.
    assert places_off(log(x), mp.log, x) < 0.51


def test_the_power_is_within_one_and_three_tenths_of_the_last_place_up_to_e_to_the_seven_hundred() -> None:
    rng = np.random.default_rng(3)
    x = np.concatenate([10 ** rng.uniform(-300, 300, 4000), rng.uniform(0.5, 2, 4000)])
    y = rng.uniform(-700, 700, 8000) / log(x)
    # An error of 2^-64 in the logarithm, times 700, is a third of a place; the exponential has the rest.
    assert places_off(power(x, y), mp.power, x, y) < 1.3


def test_the_normal_distribution_keeps_two_in_ten_to_the_fifteen_of_its_left_tail() -> None:
    x = np.random.default_rng(4).uniform(-37.5, 9, 6000)
    with mp.workdps(DIGITS):
        error = max(abs(mp.mpf(float(p)) / normal_exact(mp.mpf(float(z))) - 1) for p, z in zip(
            normal_distribution(x), x, strict=True))
    assert error < 2e-15
    # Beyond, results are subnormal: a place is all there is to keep.
    beyond = np.linspace(-38.4, -37.6, 50)
    assert places_off(normal_distribution(beyond), normal_exact, beyond) <= 1.0


def test_the_normal_distribution_meets_its_published_values() -> None:
    # Abramowitz and Stegun (1964), Handbook of Mathematical Functions, table 26.1, 15 places.
    assert normal_distribution(1.0) == pytest.approx(0.841344746068543, abs=5e-16)
    assert normal_distribution(2.0) == pytest.approx(0.977249868051821, abs=5e-16)
    assert normal_distribution(0.0) == 0.5


def test_edges_are_those_of_c_to_the_sign_of_zero() -> None:
    for x in EDGES:
        same(exp(x), np.exp, x)
        same(log(x), np.log, x)
        # NumPy takes the square root for one half, which keeps the sign of zero; C does not.
        for y in EDGES[EDGES != 0.5]:
            same(power(x, y), np.power, x, y)
    assert math.copysign(1, power(-0.0, 0.5)) == 1.0
    assert power(-np.inf, 0.5) == np.inf


def same(got: float, function: Callable[..., float], *arguments: float) -> None:
    with np.errstate(all="ignore"):
        wanted = function(*arguments)
    said = f"{function.__name__}{arguments}: {got}, {wanted}"
    if math.isnan(wanted):
        assert math.isnan(got), said
    elif math.isinf(wanted) or wanted == 0.0:
        assert (got, math.copysign(1, got)) == (wanted, math.copysign(1, wanted)), said
    else:
        assert abs(got - wanted) <= 2 * np.spacing(abs(wanted)), said


def test_whatever_is_not_a_number_has_one_bit_pattern() -> None:
    odd = np.array([0x7FF8000000000123, -0x7FFFFFFFFFFFF], np.int64).view(np.float64)
    one = np.array(np.nan).view(np.int64)
    for result in (exp(odd), log(odd), log(-np.ones(3)), normal_distribution(odd), power(odd, 2.5), power(-2.0, [0.5]),
                   power(np.inf, odd)):
        assert (np.asarray(result).view(np.int64) == one).all()


def test_shapes_broadcast_and_numbers_stay_numbers() -> None:
    x = np.linspace(0.5, 4, 12).reshape(3, 4)
    assert exp(x).shape == log(x[:, ::2].T).T[:, :1].repeat(4, 1).shape == (3, 4)
    assert np.array_equal(log(x[:, ::2].T), log(x)[:, ::2].T)
    assert np.array_equal(power(x, [1.0, 2.0, 0.5, -1.0])[:, 1], x[:, 1] * x[:, 1])
    assert power(2, [[0], [10]]).shape == (2, 1)
    assert exp(np.empty((0, 3))).shape == (0, 3)
    assert all(isinstance(v, float) for v in (exp(1), log(2.0), normal_distribution(0), power(2, 3)))
    read_only = x.copy()
    read_only.flags.writeable = False
    assert np.array_equal(power(read_only, read_only), power(x, x))


def test_a_value_has_the_same_bits_alone_and_in_any_company() -> None:
    # What is left over of whole vectors runs through other code.
    x = np.random.default_rng(5).uniform(-30, 30, 67)
    for function in (exp, log, normal_distribution, lambda v: power(np.abs(v), 1.7)):
        alone = np.array([function(v) for v in x])
        assert np.array_equal(function(x).view(np.int64)[x > 0], alone.view(np.int64)[x > 0])
        assert np.array_equal(function(x[3:]), function(x)[3:], equal_nan=True)


@given(finite)
def test_first_powers_are_exact_and_second_ones_are_products(x: float) -> None:
    assert power(x, 1.0) == x
    assert power(x, 0.0) == 1.0
    with np.errstate(over="ignore", under="ignore"):
        assert power(x, 2.0) == np.float64(x) * np.float64(x)


@given(st.floats(1e-300, 1e300))
def test_the_exponential_undoes_the_logarithm(x: float) -> None:
    # The logarithm is rounded to 2^-53 of at most 691.
    assert exp(log(x)) == pytest.approx(x, rel=691 * 2**-53 + 2e-16)
    assert log(exp(log(x))) == pytest.approx(log(x), rel=3e-16, abs=3e-16)


@given(st.floats(-740, 700), st.floats(1e-14, 1))
def test_functions_rise_where_they_should(x: float, step: float) -> None:
    y = x + step * max(1.0, abs(x))
    assert exp(x) <= exp(y)
    assert normal_distribution(x / 18) <= normal_distribution(y / 18) * (1 + 4e-15)
    assert log(abs(x) + 1e-9) <= log((abs(x) + 1e-9) * (1 + step))
    assert power(abs(x), 0.75) <= power(abs(x) * (1 + step), 0.75)


@given(st.integers(-40, 40), st.integers(-9, 9))
def test_small_integer_powers_are_right_to_the_place(base: int, exponent: int) -> None:
    if base == 0 and exponent < 0:
        return
    true = float(mp.power(base, exponent))
    assert abs(power(base, exponent) - true) <= np.spacing(abs(true))


@given(st.floats(-37, 37))
def test_both_tails_of_the_normal_law_make_one(x: float) -> None:
    assert normal_distribution(x) + normal_distribution(-x) == pytest.approx(1.0, abs=2.3e-16)


def test_no_function_of_the_library_is_called() -> None:
    """Only operations that IEEE 754 fixes: no exponential, logarithm, power or error function, nothing fused."""
    for kernel in (elementary._exp_each, elementary._log_each, elementary._normal_each, elementary._power_each):
        (assembly,) = njit(kernel.arguments, error_model="numpy")(kernel.function).inspect_asm().values()
        assert "mulpd" in assembly
        assert not re.search(r"vfn?m(add|sub)|\b(exp|log|pow|erfc?)\b", assembly)
