"""Integer fold, worst, tail and ticks against fractions of Python's own integers."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numba import njit

from seawall.errors import ModelError, ShapeMismatch
from seawall.kernels.fold_exact import (
    LIMIT,
    NO_CAP,
    NOT_COUNTED,
    ONE,
    billionths,
    fold_exact,
    quantile_exact,
    scale_exact,
    scale_outward,
    share_down,
    share_up,
    tail_exact,
    ticks,
    worst_exact,
)

seeds = st.integers(0, 2**32 - 1)
NO_DEDUCT = np.zeros((2, 0, 1), np.int64)


@njit
def shares(v: int, w: int) -> tuple[int, int]:
    return share_down(v, w), share_up(v, w)


@given(st.integers(-(2**61) + 1, 2**61 - 1), st.integers(-(2**61) + 1, 2**61 - 1))
@example(2**61 - 1, ONE)
@example(1 - 2**61, ONE)
@example(-1, 1)
@example(5 * ONE, -7 * ONE)
@example(ONE, 2**61 - 1)
def test_a_share_is_the_floor_and_the_ceiling_of_the_true_product(v: int, w: int) -> None:
    assume(abs(v * w) < LIMIT * ONE)
    assert shares(v, w) == ((v * w) // ONE, -((-v * w) // ONE))


@given(seeds)
def test_shares_are_right_at_every_size_and_beside_every_whole_product(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(50):
        w = int(rng.integers(-(2**40), 2**40)) >> int(rng.integers(0, 40))
        v = int(rng.integers(-(2**60), 2**60)) >> int(rng.integers(0, 60))
        w = w // ONE * ONE if rng.random() < 0.3 else w
        v = v // ONE * ONE if rng.random() < 0.3 else v
        if abs(v * w) < LIMIT * ONE:
            assert shares(v, w) == ((v * w) // ONE, -((-v * w) // ONE))


class Case:
    """A random fold small enough for fractions: intervals of P&L, weights of either sign, caps and deductibles."""

    def __init__(self, seed: int, *, signed: bool = True, scale: int = 50) -> None:
        rng = np.random.default_rng(seed)
        n, s, k = int(rng.integers(1, 7)), int(rng.integers(1, 5)), 3
        self.rows = int(rng.integers(1, 4))
        self.lower = rng.integers(-scale, scale, (n, s))
        self.upper = self.lower + rng.integers(0, 4, (n, s))
        least = -2.0 if signed else 0.0
        self.gain, self.loss = (billionths(rng.uniform(least, 2, (k, s))) for _ in range(2))
        # Wider than a rounding, so that a bound taken for the other is seen.
        for weights in (self.gain, self.loss):
            weights[1] += rng.integers(0, 2, (k, s)) * rng.integers(0, ONE // 10)
        self.gain_of, self.loss_of = rng.integers(0, k, n), rng.integers(0, k, n)
        self.parent = rng.integers(0, self.rows, n)
        low = np.where(rng.random(self.rows) < 0.5, NO_CAP, rng.integers(-5, scale, self.rows))
        self.cap = np.stack([low, low + (low < NO_CAP)])
        count = int(rng.integers(0, 3))
        deduct = rng.integers(0, scale // 4, (count, s))
        self.deduct, self.deduct_of = np.stack([deduct, deduct + 1]), rng.integers(0, max(count, 1), n)

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return fold_exact(self.lower, self.upper, self.gain, self.gain_of, self.loss, self.loss_of, self.parent,
                          self.rows, self.cap, self.deduct, self.deduct_of)

    def exact(self, x: np.ndarray, at: int) -> list[list[Fraction]]:
        """The formula itself in fractions, with weights, caps and deductibles at one end of their bounds (0 or 1)."""
        out = []
        for m, s in product(range(self.rows), range(x.shape[1])):
            up = down = Fraction(0)
            for n in np.flatnonzero(self.parent == m):
                v = int(x[n, s])
                if v >= 0:
                    up += Fraction(int(self.gain[at, self.gain_of[n], s]), ONE) * v
                    continue
                lost = Fraction(int(self.loss[at, self.loss_of[n], s]), ONE) * -v
                if self.deduct.shape[1]:
                    lost = max(lost - int(self.deduct[at, self.deduct_of[n], s]), Fraction(0))
                down += lost
            out.append(min(up, Fraction(int(self.cap[at, m]))) - down)
        return [out[m * x.shape[1] : (m + 1) * x.shape[1]] for m in range(self.rows)]


@given(seeds)
def test_whatever_lies_within_the_bounds_of_the_rows_folds_within_the_bounds_that_come_out(seed: int) -> None:
    case = Case(seed)
    lower, upper = case.bounds()
    rng = np.random.default_rng(seed)
    width = case.upper - case.lower
    inside = [case.lower, case.upper, np.clip(0, case.lower, case.upper)]
    inside += [case.lower + rng.integers(0, width + 1) for _ in range(12)]
    for x, at in product(inside, (0, 1)):
        for m, line in enumerate(case.exact(x, at)):
            for s, value in enumerate(line):
                assert lower[m, s] <= value <= upper[m, s]


@given(seeds)
def test_bounds_of_one_row_are_the_extremes_of_its_interval_rounded_outward_once(seed: int) -> None:
    case = Case(seed)
    one = slice(0, 1)
    case.lower, case.upper = case.lower[one], case.upper[one]
    case.gain_of, case.loss_of, case.deduct_of = case.gain_of[one], case.loss_of[one], case.deduct_of[one]
    case.parent, case.rows, case.cap = np.zeros(1, np.int64), 1, np.full((2, 1), NO_CAP)
    case.gain[1], case.loss[1], case.deduct[1] = case.gain[0], case.loss[0], case.deduct[0]
    lower, upper = case.bounds()
    for s in range(case.lower.shape[1]):
        every = [case.exact(np.full((1, case.lower.shape[1]), v), 0)[0][s]
                 for v in range(case.lower[0, s], case.upper[0, s] + 1)]
        assert lower[0, s] == math.floor(min(every))
        assert upper[0, s] == math.ceil(max(every))


@given(seeds)
def test_bounds_are_never_wider_than_the_rows_and_their_roundings_explain(seed: int) -> None:
    case = Case(seed, signed=False)
    case.gain[1], case.loss[1] = case.gain[0], case.loss[0]
    case.cap[1], case.deduct[1] = case.cap[0], case.deduct[0]
    lower, upper = case.bounds()
    # Slopes are at most 2, intervals at most 3 wide, and each row is rounded once on either side.
    assert (upper - lower <= 8 * np.bincount(case.parent, minlength=case.rows)[:, None]).all()


@given(seeds)
def test_the_order_of_rows_moves_no_digit(seed: int) -> None:
    case = Case(seed, scale=10**12)
    first = case.bounds()
    order = np.random.default_rng(seed).permutation(case.parent.size)
    case.lower, case.upper, case.parent = case.lower[order], case.upper[order], case.parent[order]
    case.gain_of, case.loss_of, case.deduct_of = case.gain_of[order], case.loss_of[order], case.deduct_of[order]
    assert all(np.array_equal(a, b) for a, b in zip(first, case.bounds(), strict=True))


def test_many_threads_at_once_give_the_same_digits() -> None:
    cases = [Case(seed, scale=10**12) for seed in range(40)]
    alone = [case.bounds() for case in cases]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(Case.bounds, cases * 5))
    assert all(np.array_equal(a, b) for a, b in zip(alone * 5, together, strict=True))


def simple(x: np.ndarray, weight: int, **changed: object) -> dict[str, object]:
    table, none = np.full((2, 1, x.shape[1]), weight), np.zeros(x.shape[0], np.int64)
    return {"lower": x, "upper": x, "gain": table, "gain_of": none, "loss": table, "loss_of": none, "parent": none,
            "rows": 1, "cap": np.array([NO_CAP]), "deduct": NO_DEDUCT, "deduct_of": none, **changed}


def test_what_could_overflow_is_refused_and_what_just_fits_is_exact() -> None:
    fits = np.full((2, 1), 2**59)
    assert fold_exact(**simple(fits, ONE))[0][0, 0] == 2**60
    for x, weight in ((np.full((4, 1), 2**59), ONE), (fits, 4 * ONE), (fits, -4 * ONE), (np.full((1, 1), -(2**63)), 1)):
        with pytest.raises(ModelError, match="2\\^61"):
            fold_exact(**simple(x, weight))
    with pytest.raises(ModelError, match="2\\^61"):
        fold_exact(**simple(fits, 1, deduct=np.full((2, 1, 1), LIMIT)))


@pytest.mark.parametrize(("changed", "said"), [
    ({"parent": np.array([0, 1])}, "parent"), ({"gain_of": np.array([-1, 0])}, "place in a table"),
    ({"loss_of": np.array([0, 9])}, "place in a table"), ({"gain": np.full((2, 1, 2), ONE)}, "same scenarios"),
    ({"deduct": np.full((2, 1, 1), -1)}, "negative"),
    ({"deduct": np.zeros((2, 1, 1), np.int64), "deduct_of": np.array([0, 1])}, "place in a table"),
])
def test_tables_that_do_not_fit_are_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        fold_exact(**simple(np.ones((2, 1), np.int64), ONE, **changed))


@given(st.floats(-1e9, 1e9) | st.floats(-1e-300, 1e-300) | st.integers(-(2**50), 2**50).map(float),
       st.fractions(Fraction(1, 10**6), 10**6, max_denominator=10**6) | st.integers(1, 10**8))
@example(1 - 2**-53, 1)
@example(0.1, 10)
@example(0.3, 10**15)
@example(-0.7, 10**9)
@example(5e-324, 1)
@example(2.0**53 + 2, 3)
def test_ticks_are_the_floor_and_the_ceiling_of_the_exact_product(value: float, ratio: Fraction | int) -> None:
    true = Fraction(value) * ratio
    assume(abs(value) * Fraction(ratio).numerator < LIMIT / 2)
    low, high = ticks(value, ratio)
    assert (low, high) == (math.floor(true), math.ceil(true))


def test_products_that_floats_round_to_a_whole_number_are_still_told_apart() -> None:
    # 0.1 is a little above a tenth, 0.3 below three tenths; times ten, floats say 1 and 3 for both.
    assert [int(t) for t in (*ticks(0.1, 10), *ticks(0.3, 10))] == [1, 2, 2, 3]


def test_each_row_may_have_its_own_ticks_per_lot() -> None:
    low, high = ticks([[1.25, -1.25], [1.25, -1.25]], [Fraction(1, 2), 10])
    assert low.tolist() == [[0, -1], [12, -13]]
    assert high.tolist() == [[1, 0], [13, -12]]
    assert ticks(np.empty((2, 0)), [1, 2])[0].shape == (2, 0)
    with pytest.raises(ShapeMismatch):
        ticks(np.ones((3, 2)), [1, 2])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e19])
def test_values_without_ticks_are_named_by_their_place(bad: float) -> None:
    values = np.zeros((2, 3))
    values[1, 2] = bad
    with pytest.raises(ModelError, match="\\(1, 2\\)"):
        ticks(values, 1)


@pytest.mark.parametrize("ratio", [0, -1, 2**53, Fraction(1, 2**53)])
def test_ratios_that_are_not_positive_or_too_fine_are_refused(ratio: Fraction | int) -> None:
    with pytest.raises(ModelError, match="ticks per lot"):
        ticks(1.0, ratio)


def test_decimal_weights_are_the_billionths_they_are_written_as() -> None:
    assert billionths([0.6, 1.3, -0.25, 0.123456789]).tolist() == [[600000000, 1300000000, -250000000, 123456789]] * 2
    assert billionths([1 / 3, -1 / 3]).tolist() == [[333333333, -333333334], [333333334, -333333333]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 2.5e9])
def test_weights_without_billionths_are_named_by_their_place(bad: float) -> None:
    with pytest.raises(ModelError, match="\\(1,\\)"):
        billionths([0.5, bad])


@given(st.floats(-1e8, 1e8), st.integers(-(10**12), 10**12))
def test_billionths_enclose_a_weight_within_one_and_take_written_ones_as_written(x: float, whole: int) -> None:
    low, high = billionths(x)
    slack = Fraction(3, 10**14) * max(abs(Fraction(x) * ONE), 1)
    assert high - low in {0, 1}
    assert low - slack <= Fraction(x) * ONE <= high + slack
    assert billionths(whole / ONE).tolist() == [whole, whole]


@given(seeds)
def test_worst_is_the_first_least_scenario(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (4, 5))
    x[rng.random(x.shape) < 0.3] = NOT_COUNTED
    charge, at = worst_exact(x)
    floored, _ = worst_exact(x, floor=True)
    for n, line in enumerate(x.tolist()):
        counted = [v for v in line if v < NOT_COUNTED]
        assert charge[n] == (-min(counted) if counted else 0)
        assert at[n] == (line.index(min(counted)) if counted else -1)
        assert floored[n] == max(charge[n], 0)


@given(seeds, st.integers(1, 40), st.integers(1, 9))
def test_tails_are_the_exact_mean_of_the_worst_rounded_up(seed: int, scenarios: int, denominator: int) -> None:
    rng = np.random.default_rng(seed)
    mass = int(rng.integers(1, scenarios * denominator + 1))
    whole, numerator = divmod(mass, denominator)
    x = rng.integers(-(10**14), 10**14, (3, scenarios))
    loss = tail_exact(x, whole, numerator, denominator)
    for n, line in enumerate(x.tolist()):
        ranked = [*sorted(line), 0]
        mean = (sum(ranked[:whole]) + Fraction(numerator, denominator) * ranked[whole]) / Fraction(mass, denominator)
        assert loss[n] == math.ceil(-mean)
    k = int(rng.integers(1, scenarios + 1))
    assert quantile_exact(x, k).tolist() == [sorted(line)[k - 1] for line in x.tolist()]
    assert np.array_equal(tail_exact(rng.permuted(x, axis=1), whole, numerator, denominator), loss)


def test_tails_that_are_empty_too_long_or_too_large_are_refused() -> None:
    x = np.zeros((1, 4), np.int64)
    for tail in ((0,), (5,), (4, 1, 2), (-1, 1, 2), (1, 2, 2), (1, -1, 2)):
        with pytest.raises(ModelError, match="a tail of"):
            tail_exact(x, *tail)
    with pytest.raises(ModelError, match="2\\^61"):
        tail_exact(x - 2**60, 2)
    for k in (0, 5):
        with pytest.raises(ModelError, match="smallest"):
            quantile_exact(x, k)


@given(st.lists(st.tuples(*(st.integers(-60, 60) for _ in range(2)), *(st.integers(0, 3) for _ in range(2))),
                min_size=1, max_size=6))
def test_scaled_bounds_enclose_every_product_and_no_more(cells: list[tuple[int, int, int, int]]) -> None:
    values, weights, up, wider = (np.array(column) for column in zip(*cells, strict=True))
    weights = weights * (ONE // 20)
    low, high = scale_outward(values, values + up, np.stack([weights, weights + wider]))
    for n in range(values.size):
        every = [Fraction(int(v * w), ONE) for v in (values[n], values[n] + up[n])
                 for w in (weights[n], weights[n] + wider[n])]
        assert low[n] == math.floor(min(every))
        assert high[n] == math.ceil(max(every))
    assert np.array_equal(scale_exact(values, np.stack([weights, weights])), -((-values * weights) // ONE))


def test_slices_and_read_only_arrays_are_taken_as_they_are() -> None:
    case = Case(11)
    wanted = case.bounds()
    for name in ("lower", "upper", "gain", "loss", "deduct"):
        array = getattr(case, name).repeat(2, axis=-1)[..., ::2]
        array.flags.writeable = False
        setattr(case, name, array)
    assert all(np.array_equal(a, b) for a, b in zip(case.bounds(), wanted, strict=True))


def test_charges_that_could_overflow_under_their_weight_are_refused() -> None:
    with pytest.raises(ModelError, match="2\\^61"):
        scale_exact(np.array([2**60]), np.full((2, 1), 3 * ONE))
