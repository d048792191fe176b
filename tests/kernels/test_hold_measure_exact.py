"""Fused hold and measure in integers against Python's own, and against the kernels that store P&L."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.hold_measure_books import seeds
from seawall.errors import ModelError, ShapeMismatch
from seawall.kernels import hold_measure
from seawall.kernels.fold_exact import quantile_exact, tail_exact, ticks, worst_exact
from seawall.kernels.hold_exact import FINE, cell_sizes, hold_fine
from seawall.kernels.hold_measure import Holdings, holdings
from seawall.kernels.hold_measure_exact import Cells, cells_of, hold_and_tail_exact, hold_and_worst_exact


class Case:
    """Lots, and a grid of low ends with widths, in ticks or in fine parts of them."""

    def __init__(self, seed: int, *, fine: bool) -> None:
        rng = np.random.default_rng(seed)
        instruments, accounts = int(rng.integers(1, 7)), int(rng.integers(1, 10))
        scenarios = int(rng.choice([1, 3, 33, 70]))
        lines = rng.integers(0, 9, accounts) * (rng.random(accounts) < 0.8)
        self.account = np.repeat(np.arange(accounts), lines)
        most = int(rng.choice([3, 1000, 2**20]))
        self.low = rng.integers(-most, most, (instruments, scenarios)) * int(rng.choice([1, FINE if fine else 1]))
        self.low += rng.integers(0, FINE, self.low.shape) if fine else 0
        self.width = rng.integers(0, 3, instruments)
        lots = rng.integers(-4, 5, len(self.account)) * int(rng.choice([1, 10**6]))
        self.held = holdings(np.concatenate([[0], np.cumsum(lines)]), rng.integers(0, instruments, len(lots)), lots,
                             instruments)
        self.cells = cells_of(self.low, self.width, fine=fine)
        self.unit = FINE if fine else 1

    def pnl(self, *, against: bool) -> list[list[int]]:
        """(A,S) in Python's integers, rounded outward once."""
        out = []
        for a in range(len(self.held)):
            line = range(int(self.held.start[a]), int(self.held.start[a + 1]))
            row = []
            for s in range(self.low.shape[1]):
                total = 0
                for n in line:
                    q, i = int(self.held.quantity[n]), int(self.held.instrument[n])
                    high = (q < 0) == against
                    total += q * (int(self.low[i, s]) + (int(self.width[i]) if high else 0))
                row.append(total // self.unit if against else -(-total // self.unit))
            out.append(row)
        return out


both = pytest.mark.parametrize("against", [True, False])
kinds = pytest.mark.parametrize("fine", [True, False])


@both
@kinds
@given(seed=seeds)
def test_the_worst_is_that_of_pythons_integers(seed: int, fine: bool, against: bool) -> None:
    case = Case(seed, fine=fine)
    found = hold_and_worst_exact(case.held, case.cells, against=against)
    pnl = case.pnl(against=against)
    assert found.charge.tolist() == [-min(row) for row in pnl]
    assert found.scenario.tolist() == [row.index(min(row)) for row in pnl]
    floored = hold_and_worst_exact(case.held, case.cells, against=against, floor=True)
    assert floored.charge.tolist() == [max(-min(row), 0) for row in pnl]


@both
@kinds
@given(seed=seeds)
def test_ranks_and_tail_means_are_those_of_pythons_integers(seed: int, fine: bool, against: bool) -> None:
    case, rng = Case(seed, fine=fine), np.random.default_rng(seed)
    scenarios = case.low.shape[1]
    ranks = [1, int(rng.integers(1, scenarios + 1)), scenarios]
    mass = min(1 + Fraction(int(rng.integers(0, 1000 * scenarios)), 1000), Fraction(scenarios))
    found = hold_and_tail_exact(case.held, case.cells, ranks, [mass, scenarios], against=against)
    for a, row in enumerate(case.pnl(against=against)):
        ranked = sorted(row)
        assert found.ranked[a].tolist() == [-ranked[rank - 1] for rank in ranks]
        for column, size in enumerate((mass, Fraction(scenarios))):
            whole = int(size)
            edge = ranked[min(whole, scenarios - 1)]
            mean = -(sum(ranked[:whole]) + (size - whole) * edge) / size
            assert found.shortfall[a, column] == (-(-mean // 1) if against else mean // 1)


@given(seeds)
def test_digits_are_those_of_the_kernels_that_store_pnl(seed: int) -> None:
    case = Case(seed, fine=True)
    stored = hold_fine(case.held.quantity.astype(np.int64), case.held.instrument.astype(np.int64), case.account,
                       len(case.held), case.low, case.width, cell_sizes(case.low))
    for bound, against in ((0, True), (1, False)):
        charge, at = worst_exact(stored[bound])
        found = hold_and_worst_exact(case.held, case.cells, against=against)
        assert (found.charge == charge).all()
        assert (found.scenario == at).all()
    tail = hold_and_tail_exact(case.held, case.cells, [1], [Fraction(1)])
    assert (tail.ranked[:, 0] == -quantile_exact(stored[0], 1)).all()
    assert (tail.shortfall[:, 0] == tail_exact(stored[0], 1)).all()


@given(seeds)
def test_bounds_enclose_what_the_real_numbers_give(seed: int) -> None:
    case, rng = Case(seed, fine=False), np.random.default_rng(seed)
    values = rng.normal(0, 1000, case.low.shape)
    low, high = ticks(values, 7)
    cells = cells_of(low, (high - low).max(axis=1))
    upper, lower = (hold_and_worst_exact(case.held, cells, against=a).charge for a in (True, False))
    for a in range(len(case.held)):
        line = slice(int(case.held.start[a]), int(case.held.start[a + 1]))
        true = max(-sum((int(q) * 7 * Fraction(float(values[i, s])) for q, i in
                         zip(case.held.quantity[line], case.held.instrument[line], strict=True)), Fraction(0))
                   for s in range(values.shape[1]))
        assert int(lower[a]) <= true <= int(upper[a])
        assert upper[a] - lower[a] <= np.abs(case.held.quantity[line]).sum()


@kinds
@given(seed=seeds, threads=st.integers(2, 4), cache=st.sampled_from([1, 1 << 10, 1 << 20]))
def test_threads_and_blocks_move_no_digit(seed: int, threads: int, cache: int, fine: bool) -> None:
    case = Case(seed, fine=fine)
    before = [*hold_and_worst_exact(case.held, case.cells), *hold_and_tail_exact(case.held, case.cells, [1], [1])]
    kept = hold_measure.CACHE, hold_measure.KEPT
    try:
        hold_measure.CACHE = hold_measure.KEPT = cache
        after = [*hold_and_worst_exact(case.held, case.cells, threads=threads),
                 *hold_and_tail_exact(case.held, case.cells, [1], [1], threads=threads)]
    finally:
        hold_measure.CACHE, hold_measure.KEPT = kept
    for old, new in zip(before, after, strict=True):
        assert (old == new).all()


@kinds
@given(seed=seeds)
def test_the_order_of_lines_moves_no_digit(seed: int, fine: bool) -> None:
    case = Case(seed, fine=fine)
    order = np.lexsort((np.random.default_rng(seed).random(len(case.account)), case.account))
    mixed = holdings(case.held.start, case.held.instrument[order], case.held.quantity[order], len(case.low))
    assert (hold_and_worst_exact(mixed, case.cells).charge == hold_and_worst_exact(case.held, case.cells).charge).all()


def one_line(lots: int, low: int, *, fine: bool = False) -> tuple[Holdings, Cells]:
    return holdings([0, 1], [0], [lots], 1), cells_of(np.array([[low]]), np.zeros(1, np.int64), fine=fine)


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_right_up_to_the_limit_are_told_and_those_past_it_refused(sign: int) -> None:
    cell = 2**31 - 2
    held, cells = one_line(sign * (2**30 - 1), cell)
    assert hold_and_worst_exact(held, cells).charge.tolist() == [-sign * (2**30 - 1) * cell]
    held, cells = one_line(sign * (2**31 - 1), cell)
    with pytest.raises(ModelError, match="2\\^61"):
        hold_and_worst_exact(held, cells)


def test_one_large_lot_and_one_large_cell_apart_are_no_reason_to_refuse() -> None:
    held = holdings([0, 1, 2], [0, 1], [2**31 - 1, 1], 2)
    cells = cells_of(np.array([[3], [2**31 - 2]]), np.zeros(2, np.int64))
    assert hold_and_worst_exact(held, cells).charge.tolist() == [-3 * (2**31 - 1), -(2**31 - 2)]


@pytest.mark.parametrize("low", [2**31 - 1, -(2**31), 2**40])
def test_cells_that_int32_does_not_hold_are_refused(low: int) -> None:
    with pytest.raises(ModelError, match="larger ticks or smaller lots"):
        one_line(1, low)
    with pytest.raises(ModelError, match="larger ticks or smaller lots"):
        one_line(1, low * FINE, fine=True)


def test_parts_of_a_tick_are_held_for_what_a_tick_is_too_coarse() -> None:
    held, cells = one_line(-10**9, 3, fine=True)  # three parts in a million of a tick a lot
    assert hold_and_worst_exact(held, cells).charge.tolist() == [-(-3 * 10**9 // FINE)]


def test_tails_whose_sum_could_overflow_are_refused() -> None:
    held = holdings([0, 1], [0], [2**29], 1)
    cells = cells_of(np.array([[2**30, 1]]), np.zeros(1, np.int64))
    assert hold_and_tail_exact(held, cells, [1], [1]).shortfall.tolist() == [[-(2**29)]]
    with pytest.raises(ModelError, match="for its tail"):
        hold_and_tail_exact(held, cells, [], [Fraction(10**9 + 1, 10**9)])


def test_what_does_not_fit_is_refused() -> None:
    held, cells = one_line(1, 1)
    with pytest.raises(ModelError, match="whole lots"):
        hold_and_worst_exact(holdings([0, 1], [0], [1.0], 1), cells)
    with pytest.raises(ShapeMismatch):
        hold_and_worst_exact(holdings([0, 1], [0], [1], 2), cells)
    with pytest.raises(ShapeMismatch):
        cells_of(np.zeros((1, 2)), np.zeros(1, np.int64))
    with pytest.raises(ModelError, match="least width"):
        cells_of(np.zeros((1, 2), np.int64), np.array([-1]))
    with pytest.raises(ModelError, match="wanted 1 to 1"):
        hold_and_tail_exact(held, cells, [2], [])


def test_nothing_is_lost_without_scenarios_or_accounts() -> None:
    none = cells_of(np.zeros((1, 0), np.int64), np.zeros(1, np.int64))
    found = hold_and_worst_exact(holdings([0, 1], [0], [1], 1), none)
    assert (found.charge.tolist(), found.scenario.tolist()) == ([0], [-1])
    empty = holdings([0], np.zeros(0, np.int64), np.zeros(0, np.int64), 1)
    assert hold_and_worst_exact(empty, one_line(1, 1)[1], threads=2).charge.tolist() == []
