"""Black-76 of one bit pattern: fifty digits, another kernel, limits, parity and bounds."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import QuantLib
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import BrokenKernel
from seawall.kernels import exact_black
from seawall.kernels.black import black_value
from seawall.kernels.exact_black import BLOCK, black_call_put, black_delta, check_compiled

prices = st.floats(1e-3, 1e6)
volatilities = st.floats(0, 5)
times = st.floats(0, 30)
UNIT = 2e-15  # of forward and strike: what the limits below may be off by, several times what was ever seen


class Points:
    """Deviations from 1e-5 to 20, strikes out to 30 of them on both sides, forwards over nine decades."""

    def __init__(self, count: int = 3000, seed: int = 76) -> None:
        rng = np.random.default_rng(seed)
        deviation = 10 ** rng.uniform(-5, 1.3, count)
        self.years, self.forward = 10 ** rng.uniform(-4, 1.5, count), 10 ** rng.uniform(-3, 6, count)
        reach = rng.choice([1.0, 0.1, 0.01], count)
        self.strike = self.forward * np.exp(np.clip(rng.uniform(-30, 30, count) * deviation, -300, 300) * reach)
        self.volatility, self.is_call = deviation / np.sqrt(self.years), rng.integers(0, 2, count)
        with mp.workdps(50):
            known = [self._exact(n) for n in range(count)]
        self.value, self.delta = np.array([v for v, _ in known]), np.array([d for _, d in known])

    def _exact(self, n: int) -> tuple[float, float]:
        f, k, v, t = (mp.mpf(float(a[n])) for a in (self.forward, self.strike, self.volatility, self.years))
        sign, deviation = 1 if self.is_call[n] else -1, v * mp.sqrt(t)
        d1 = mp.log(f / k) / deviation + deviation / 2
        above, below = (mp.erfc(-sign * d / mp.sqrt(2)) / 2 for d in (d1, d1 - deviation))
        return float(sign * (f * above - k * below)), float(sign * above)

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        return self.forward, self.strike, self.volatility, self.years, self.is_call


POINTS = Points()


def test_values_are_exact_to_a_few_roundings_of_the_larger_of_forward_and_strike() -> None:
    error = np.abs(black_call_put(*POINTS.arguments) - POINTS.value) / np.maximum(POINTS.forward, POINTS.strike)
    assert error.max() < 1e-15


def test_values_far_out_of_the_money_keep_their_relative_accuracy() -> None:
    out = np.where(POINTS.is_call > 0, POINTS.strike > POINTS.forward, POINTS.strike < POINTS.forward)
    deviation = POINTS.volatility * np.sqrt(POINTS.years)
    d1 = np.log(POINTS.forward / POINTS.strike) / deviation + deviation / 2
    # Rounding the deviation moves the value by d1 d2 roundings, rounding d1 and d2 apart by d / deviation more.
    allowed = 1e-15 * (3 + np.abs(d1 * (d1 - deviation)) + (1 + np.abs(d1)) / np.minimum(deviation, 1))
    seen = out & (POINTS.value > 1e-290)
    assert seen.sum() > 1000
    error = np.abs(black_call_put(*POINTS.arguments)[seen] / POINTS.value[seen] - 1)
    assert (error <= allowed[seen]).all()


def test_deltas_are_exact_to_a_few_roundings() -> None:
    assert np.abs(black_delta(*POINTS.arguments) - POINTS.delta).max() < 1e-15


def test_values_agree_with_another_library_and_with_the_kernel_for_statistics() -> None:
    wanted = [QuantLib.blackFormula(QuantLib.Option.Call if c else QuantLib.Option.Put, float(k), float(f),
                                    float(v * np.sqrt(t))) for f, k, v, t, c in zip(*POINTS.arguments, strict=True)]
    scale = np.maximum(POINTS.forward, POINTS.strike)
    got = black_call_put(*POINTS.arguments)
    assert (np.abs(got - wanted) / scale).max() < 1e-14
    twin = black_value(np.where(POINTS.is_call, 1.0, -1.0), POINTS.forward, POINTS.strike, POINTS.years,
                       POINTS.volatility, np.ones(1))
    assert (np.abs(got - twin) / scale).max() < 1e-14


@pytest.mark.parametrize(("arguments", "value", "delta"), [
    ((100.0, 0.0, 0.5, 1.0, 1), 100.0, 1.0),
    ((100.0, 0.0, 0.5, 1.0, 0), 0.0, 0.0),
    ((0.0, 50.0, 0.5, 1.0, 0), 50.0, -1.0),
    ((0.0, 50.0, 0.5, 1.0, 1), 0.0, 0.0),
    ((100.0, 250.0, 24.0, 1.0, 1), 100.0, 1.0),
    ((100.0, 250.0, 12.0, 4.0, 0), 250.0, 0.0),
    ((100.0, 90.0, 0.0, 1.0, 1), 10.0, 1.0),
    ((100.0, 90.0, 0.5, 0.0, 0), 0.0, 0.0),
    ((90.0, 100.0, 0.5, 0.0, 0), 10.0, -1.0),
    ((100.0, 100.0, 0.5, -1.0, 1), 0.0, 0.5),
    ((100.0, 100.0, 0.0, 1.0, 0), 0.0, -0.5),
    ((1e-310, 100.0, 0.5, 1.0, 0), 100.0, -1.0),
])
def test_edges_hold_exactly(arguments: tuple[float, ...], value: float, delta: float) -> None:
    assert black_call_put(*arguments) == value
    assert black_delta(*arguments) == delta


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_whatever_is_not_finite_is_no_number(place: int, bad: float) -> None:
    arguments = [100.0, 110.0, 0.5, 1.0]
    arguments[place] = bad
    for is_call in (0, 1):
        for function in (black_call_put, black_delta):
            assert np.array(function(*arguments, is_call)).view(np.int64) == np.array(np.nan).view(np.int64)


def test_the_value_at_the_money_is_that_of_the_error_function() -> None:
    with mp.workdps(30):
        wanted = [float(100 * mp.erf(mp.mpf(v) / 2 / mp.sqrt(2))) for v in (0.01, 0.2, 1.0, 5.0)]
    assert black_call_put(100, 100, [0.01, 0.2, 1.0, 5.0], 1, [1, 0, 1, 0]) == pytest.approx(wanted, abs=5e-14)


def test_coin_settled_values_are_the_linear_ones_over_the_forward() -> None:
    linear = black_call_put(*POINTS.arguments)
    assert np.array_equal(black_call_put(*POINTS.arguments, inverse=True), linear / POINTS.forward)
    assert black_call_put(0.0, 100.0, 0.5, 1.0, 1, inverse=True) == 0.0


@given(prices, prices, volatilities, times)
def test_calls_and_puts_are_at_parity_and_within_their_bounds(f: float, k: float, v: float, t: float) -> None:
    call, put = black_call_put(f, k, v, t, [1, 0])
    slack = UNIT * max(f, k)
    assert abs((call - put) - (f - k)) <= slack
    assert max(f - k, 0.0) <= call + slack <= f + 2 * slack
    assert max(k - f, 0.0) <= put + slack <= k + 2 * slack
    deltas = black_delta(f, k, v, t, [1, 0])
    assert deltas[0] - deltas[1] == pytest.approx(1.0, abs=4e-16) or v * np.sqrt(t) >= 24
    assert 0 <= deltas[0] <= 1


@given(prices, prices, volatilities, times, st.floats(1e-6, 1))
def test_more_volatility_or_a_higher_forward_never_cheapens_a_call(
    f: float, k: float, v: float, t: float, step: float,
) -> None:
    slack = UNIT * 2 * max(f, k)
    call, wilder, higher = black_call_put([f, f, f * (1 + step)], k, [v, v * (1 + step), v], t, 1)
    assert wilder >= call - slack
    assert higher >= call - slack


def test_a_table_equals_its_cells_priced_alone_however_its_arguments_broadcast() -> None:
    rng = np.random.default_rng(6)
    rows, columns = 5, BLOCK + 13
    forward, volatility = 100 * np.exp(rng.normal(0, 0.2, columns)), rng.uniform(0, 1, (rows, columns))
    strike, years, is_call = rng.uniform(50, 150, (rows, 1)), rng.uniform(0, 1, (rows, 1)), np.arange(rows)[:, None] % 2
    for function in (black_call_put, black_delta):
        table = function(forward, strike, volatility, years, is_call)
        assert table.shape == (rows, columns)
        full = [np.broadcast_to(a, table.shape) for a in (forward, strike, volatility, years, is_call)]
        assert np.array_equal(function(*full), table)
        assert np.array_equal(function(*(a[:, ::7] for a in full)), table[:, ::7])
        for i, j in ((0, 0), (4, columns - 1), (2, BLOCK), (3, 17)):
            assert function(*(a[i, j] for a in full)) == table[i, j]
        deep = function(forward, strike[:, None], volatility[:, None], years[:, None], is_call[:, None])
        assert np.array_equal(deep[:, 0], table)
    assert black_call_put(np.empty((0, 3)), 1.0, 0.5, 1.0, 1).shape == (0, 3)
    assert black_delta(np.empty((3, 0)), 1.0, 0.5, 1.0, 1).shape == (3, 0)


def test_rows_that_end_inside_a_vector_equal_their_cells_priced_alone() -> None:
    rng = np.random.default_rng(7)
    for width in (BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7):
        forward, volatility = rng.uniform(50, 150, (3, width)), rng.uniform(0, 1, (3, 1))
        table = black_call_put(forward, 100.0, volatility, 0.5, [[1], [0], [1]])
        tail = black_call_put(forward[:, -3:], 100.0, volatility, 0.5, [[1], [0], [1]])
        assert np.array_equal(table[:, -3:], tail)
        assert np.array_equal(black_call_put(forward[:, :1], 100.0, volatility, 0.5, [[1], [0], [1]]), table[:, :1])


def test_the_start_up_check_refuses_code_that_is_a_trifle_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    right = exact_black._values_of
    assert check_compiled.__wrapped__() <= 2e-16
    monkeypatch.setattr(exact_black, "_values_of", lambda *a, inverse: right(*a, inverse=inverse) * (1 + 1e-13))
    with pytest.raises(BrokenKernel, match="black_call_put"):
        check_compiled.__wrapped__()
