"""Formulas say arithmetic over columns, and nothing else can be said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import InputError
from seawall.kernels.formula import ARGUMENTS, FUNCTIONS, compiled, constant, formula

NUMBER = st.floats(-1e6, 1e6, allow_nan=False)
FORBIDDEN = [
    "x.real", "().__class__", "x.__class__.__bases__", "__import__('os')", "open('a')", "eval('1')", "exec('1')",
    "print(x)", "getattr(x, 'y')", "lambda: 1", "[x for x in y]", "{x: 1}", "{x}", "(x, y)", "x if y else z", "x and y",
    "not x", "x[0]", "x := 1", "'text'", "b'bytes'", "1j", "None", "...", "f'{x}'", "*x", "max(*x)", "max(x, key=y)",
    "x // y", "x % y", "x << 1", "x @ y", "~x", "x in y", "x is y", "x < y < z", "await x", "yield",
]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_nothing_but_arithmetic_can_be_said(text: str) -> None:
    with pytest.raises(InputError):
        compiled(text)


@pytest.mark.parametrize("text", ["", "1 +", "x; y", "x = 1", "import os", "max(", "1 2"])
def test_what_is_no_expression_is_told_with_its_text(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        compiled(text)


def test_no_builtin_is_in_reach_even_as_a_column() -> None:
    with pytest.raises(NameError, match="open"):
        compiled("open + 1")({})
    for name in ("__builtins__", "__power", "__number"):
        with pytest.raises(InputError, match="two underscores"):
            compiled(name)


def test_comparisons_are_numbers_to_add_and_subtract() -> None:
    columns = {"a": np.array([1.0, 2.0]), "b": np.array([2.0, 2.0])}
    assert compiled("(a <= b) + (a == b)")(columns).tolist() == [1.0, 2.0]
    assert compiled("1 - (a < b) - (b < a)")(columns).tolist() == [0.0, 1.0]
    assert compiled("-(a < b)")(columns).tolist() == [-1.0, 0.0]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_with_too_few_or_too_many_arguments_is_refused(name: str) -> None:
    least, most = ARGUMENTS[name]
    for count in {least - 1, most + 1}:
        with pytest.raises(InputError, match=name):
            compiled(f"{name}({', '.join(['x'] * count)})")


def test_an_unknown_function_is_told_with_those_that_are_known() -> None:
    with pytest.raises(InputError, match=r"sinh.*one of.*sqrt"):
        compiled("sinh(x)")


@given(NUMBER, NUMBER)
def test_arithmetic_is_that_of_floats(a: float, b: float) -> None:
    columns = {"a": np.array([a]), "b": np.array([b])}
    for text, wanted in {"a + b": a + b, "a - b": a - b, "a * b": a * b, "-a": -a, "min(a, b)": min(a, b),
                         "max(a, b, 0)": max(a, b, 0.0), "abs(a)": abs(a), "clip(a, -1, 1)": min(max(a, -1.0), 1.0),
                         "where(a < b, a, b)": a if a < b else b, "(a <= b) + (a == b)": (a <= b) + (a == b),
                         "floor(a)": math.floor(a), "ceil(a)": math.ceil(a)}.items():
        assert compiled(text)(columns)[0] == float(wanted), text


@given(st.floats(-20, 20), st.floats(0.01, 100), st.floats(-3, 3))
def test_exponential_logarithm_and_power_are_close_to_c(x: float, base: float, power: float) -> None:
    columns = {"x": np.array([x]), "base": np.array([base]), "power": np.array([power])}
    # Both are within an ulp or two of the true value.
    assert compiled("exp(x)")(columns)[0] == pytest.approx(math.exp(x), rel=1e-14)
    assert compiled("log(base)")(columns)[0] == pytest.approx(math.log(base), rel=1e-14, abs=1e-15)
    assert compiled("base ** power")(columns)[0] == pytest.approx(base**power, rel=1e-13)


def test_tables_are_linear_or_in_steps_between_their_points() -> None:
    columns = {"x": np.array([-1.0, 0.0, 5.0, 10.0, 15.0, 20.0, 99.0])}
    assert compiled("interp(x, [0, 10, 20], [1, 2, 6])")(columns).tolist() == [1, 1, 1.5, 2, 4, 6, 6]
    assert compiled("step(x, [0, 10, 20], [1, 2, 6])")(columns).tolist() == [1, 1, 1, 2, 2, 6, 6]


def test_the_logarithm_of_nothing_is_far_down_but_finite() -> None:
    assert -700 < float(compiled("log(x)")({"x": np.array(0.0)})) < -690


def test_names_are_columns_and_never_functions() -> None:
    assert compiled("max(a, exp(b) * where(c > 1, d, 2))").names == {"a", "b", "c", "d"}


def test_a_number_is_a_formula_of_itself() -> None:
    assert formula(0.1)({}) == constant(0.1)({}) == 0.1
    assert formula(-2)({}) == -2.0
