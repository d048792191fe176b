"""Fused hold and measure in floats against P&L stored whole, np.partition, and scipy.sparse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from kernels.hold_measure_books import Case, random_book, seeds
from seawall.errors import ModelError, ShapeMismatch
from seawall.kernels import hold_measure
from seawall.kernels.fold import worst
from seawall.kernels.hold_measure import (
    SINGLE_LIMIT,
    component_sums,
    gathered,
    hold_and_components,
    hold_and_tail,
    hold_and_worst,
    holdings,
    take,
)
from seawall.kernels.hold_measure_loops import _nth_of


def asked(scenarios: int, seed: int) -> tuple[list[int], list[float]]:
    """Ranks and masses that such a number of scenarios has, whole and in part."""
    rng = np.random.default_rng(seed)
    ranks = [1, int(rng.integers(1, scenarios + 1)), scenarios]
    return ranks, [1.0, float(rng.uniform(1, scenarios)), float(scenarios)]


def plain_shortfall(row: np.ndarray, mass: float) -> float:
    """Mean of the worst, by a sort and a loop."""
    total, left = 0.0, mass
    for v in sorted(row.tolist()):
        total += v * min(left, 1.0)
        left -= min(left, 1.0)
    return -total / mass


@given(seeds)
def test_the_worst_is_that_of_the_stored_pnl_to_the_bit(seed: int) -> None:
    case = random_book(seed)
    charge, at = worst(case.pnl(), False)
    found = hold_and_worst(case.held, case.cube)
    assert (found.charge == charge).all()
    assert (found.scenario == at).all()


@given(seeds)
def test_a_floor_charges_nothing_to_who_gains_everywhere(seed: int) -> None:
    case = random_book(seed)
    assert (hold_and_worst(case.held, case.cube, floor=True).charge == worst(case.pnl(), True)[0]).all()


@given(seeds)
def test_ranks_are_order_statistics_of_the_stored_pnl_to_the_bit(seed: int) -> None:
    case = random_book(seed)
    ranks, masses = asked(case.cube.shape[1], seed)
    found = hold_and_tail(case.held, case.cube, ranks, masses)
    ranked = np.sort(case.pnl(), axis=1)
    for column, rank in enumerate(ranks):
        assert (found.ranked[:, column] == -np.partition(case.pnl(), rank - 1, axis=1)[:, rank - 1]).all()
        assert (found.ranked[:, column] == -ranked[:, rank - 1]).all()
    assert (found.error == 0.0).all()


@given(seeds)
def test_tail_means_are_those_of_a_sort_and_a_loop(seed: int) -> None:
    case = random_book(seed)
    ranks, masses = asked(case.cube.shape[1], seed)
    found = hold_and_tail(case.held, case.cube, ranks, masses)
    for a, row in enumerate(case.pnl()):
        # Two orders of summing up to S numbers differ by at most S roundings of their sizes.
        slack = 4 * len(row) * 2.0**-53 * np.abs(row).sum() + 1e-300
        for column, mass in enumerate(masses):
            assert abs(found.shortfall[a, column] - plain_shortfall(row, mass)) <= slack


@given(seeds, st.integers(2, 4), st.sampled_from([1, 1 << 10, 1 << 12, 1 << 20]))
def test_threads_and_blocks_move_no_bit(seed: int, threads: int, cache: int) -> None:
    case = random_book(seed)
    ranks, masses = asked(case.cube.shape[1], seed)

    def everything(threads: int) -> list[np.ndarray]:
        return [*hold_and_worst(case.held, case.cube, threads=threads),
                *hold_and_tail(case.held, case.cube, ranks, masses, threads=threads),
                hold_and_components(case.held, case.cube, masses[1], threads=threads)]

    before = everything(1)
    kept = hold_measure.CACHE, hold_measure.KEPT, hold_measure.ACCOUNTS
    try:
        hold_measure.CACHE, hold_measure.KEPT, hold_measure.ACCOUNTS = cache, cache, 3
        after = everything(threads)
    finally:
        hold_measure.CACHE, hold_measure.KEPT, hold_measure.ACCOUNTS = kept
    for old, new in zip(before, after, strict=True):
        assert old.tobytes() == new.tobytes()


@given(seeds)
def test_what_is_not_finite_poisons_its_holders_and_nobody_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_book(seed, scenarios=40)
    broken = case.cube.copy()
    bad = int(rng.integers(len(broken)))
    where = slice(None) if seed % 2 else int(rng.integers(40))
    broken[bad, where] = rng.choice([np.nan, np.inf, -np.inf])
    holders = np.zeros(len(case.held), bool)
    holders[case.account[(case.held.instrument == bad) & (case.held.quantity != 0)]] = True
    well = hold_and_worst(case.held, case.cube), hold_and_tail(case.held, case.cube, [2], [2.5])
    ill = hold_and_worst(case.held, broken), hold_and_tail(case.held, broken, [2], [2.5])
    parts = hold_and_components(case.held, broken, 2.5)
    assert np.isnan(ill[0].charge[holders]).all()
    assert (ill[0].scenario[holders] == -1).all()
    assert np.isnan(ill[1].ranked[holders]).all()
    assert np.isnan(ill[1].shortfall[holders]).all()
    assert (np.isnan(parts) == holders[case.account]).all()
    assert (ill[0].charge[~holders] == well[0].charge[~holders]).all()
    assert (ill[1].shortfall[~holders] == well[1].shortfall[~holders]).all()


def test_a_pnl_that_could_overflow_is_not_told() -> None:
    held = holdings([0, 2, 3], [0, 0, 0], [1e200, -1e200, 1.0], 1)
    found = hold_and_worst(held, np.array([[1e200, 1.0]]))
    assert np.isnan(found.charge[0])
    assert found.charge[1] == -1.0


@given(seeds)
def test_parts_of_lines_add_up_to_the_tail_mean(seed: int) -> None:
    case = random_book(seed)
    _, masses = asked(case.cube.shape[1], seed)
    for mass in masses:
        part = hold_and_components(case.held, case.cube, mass)
        whole = hold_and_tail(case.held, case.cube, [], [mass]).shortfall[:, 0]
        reach = np.bincount(case.account, np.abs(case.held.quantity) * np.abs(case.cube).max(1)[case.held.instrument],
                            len(case.held))
        # Sums of up to S + L numbers below the reach, in another order.
        slack = 4 * (case.cube.shape[1] + 10) * 2.0**-53 * reach + 1e-300
        assert (np.abs(np.bincount(case.account, part, len(case.held)) - whole) <= slack).all()


@given(seeds)
def test_parts_of_lines_are_their_mean_pnl_in_the_first_worst_scenarios(seed: int) -> None:
    case = random_book(seed, ties=True)
    mass = asked(case.cube.shape[1], seed)[1][1]
    part, pnl = hold_and_components(case.held, case.cube, mass), case.pnl()
    for line, a in enumerate(case.account):
        order = np.argsort(pnl[a], kind="stable")
        share = np.zeros(len(order))
        share[order[: math.ceil(mass)]] = 1.0
        share[order[math.ceil(mass) - 1]] = mass - (math.ceil(mass) - 1)
        mean = -case.held.quantity[line] * (share @ case.cube[case.held.instrument[line]]) / mass
        assert part[line] == pytest.approx(mean, rel=1e-12, abs=1e-12)  # whole numbers below 100: sums are nearly exact


def test_parts_sum_over_a_dimension() -> None:
    held = holdings([0, 2, 5], [0, 1, 1, 0, 1], [1.0, 2.0, 3.0, 4.0, 5.0], 2)
    part = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert component_sums(held, part, held.instrument.astype(np.int64), 2).tolist() == [[1.0, 2.0], [4.0, 8.0]]


@given(seeds)
def test_float32_stays_within_the_bound_it_states(seed: int) -> None:
    case = random_book(seed, ties=False)
    ranks, masses = asked(case.cube.shape[1], seed)
    exact = hold_and_tail(case.held, case.cube, ranks, masses)
    single = hold_and_tail(case.held, case.cube, ranks, masses, tolerance=1e300)
    reach = np.bincount(case.account, np.abs(case.held.quantity) * np.abs(case.cube).max(1)[case.held.instrument],
                        len(case.held))
    lines = np.bincount(case.account, minlength=len(case.held))
    stated = (lines + 6) * 2.0**-23 * reach
    assert single.error == pytest.approx(stated, rel=1e-12, abs=0)
    # What float64 rounds is a 2^-29th of the bound: it needs no room of its own.
    assert (np.abs(single.ranked - exact.ranked) <= single.error[:, None]).all()
    assert (np.abs(single.shortfall - exact.shortfall) <= single.error[:, None]).all()


def test_float32_is_used_and_comes_near_its_bound_where_pnl_cancels() -> None:
    rng = np.random.default_rng(4)
    held = holdings([0, 40], np.tile(np.arange(20), 2), np.concatenate([np.full(20, 1 / 3), np.full(20, -1 / 3)]), 20)
    cube = rng.uniform(1e6, 2e6, (20, 500))
    single = hold_and_tail(held, cube, [1], [5.0], tolerance=1e300)
    assert 0 < abs(single.ranked[0, 0]) <= single.error[0]
    assert single.error[0] < 100 * abs(single.ranked[0, 0])


@given(seeds)
def test_accounts_beyond_the_tolerance_are_summed_in_float64(seed: int) -> None:
    case = random_book(seed, scenarios=60, ties=False)
    exact = hold_and_tail(case.held, case.cube, [1, 3], [2.5])
    every = hold_and_tail(case.held, case.cube, [1, 3], [2.5], tolerance=1e300)
    tolerance = float(np.median(every.error))
    mixed = hold_and_tail(case.held, case.cube, [1, 3], [2.5], tolerance=tolerance)
    single = every.error <= tolerance
    assert (mixed.ranked == np.where(single[:, None], every.ranked, exact.ranked)).all()
    assert (mixed.shortfall == np.where(single[:, None], every.shortfall, exact.shortfall)).all()
    assert (mixed.error == np.where(single, every.error, 0.0)).all()


@pytest.mark.parametrize(("quantity", "cell"), [
    (1.0, 4 * SINGLE_LIMIT), (4 * SINGLE_LIMIT, 1.0), (1.0, 1e-40), (1e-40, 1.0), (1e-300, 1e300),
])
def test_what_float32_could_lose_is_left_to_float64(quantity: float, cell: float) -> None:
    held = holdings([0, 1, 2], [0, 1], [quantity, 1.0], 2)
    found = hold_and_tail(held, np.array([[cell, -cell], [1.0, -3.0]]), [1], [1.0], tolerance=np.inf)
    assert found.error[0] == 0.0 < found.error[1]
    assert found.ranked[:, 0].tolist() == [quantity * cell, 3.0]


def test_a_single_scenario_is_its_own_tail() -> None:
    held = holdings([0, 0, 1], [0], [2.0], 1)
    found = hold_and_tail(held, np.array([[-3.0]]), [1], [1.0])
    assert found.ranked.tolist() == [[0.0], [6.0]]
    assert found.shortfall.tolist() == [[0.0], [6.0]]


@pytest.mark.parametrize(("ranks", "masses"), [([0], []), ([6], []), ([], [0.5]), ([], [5.1])])
def test_ranks_and_masses_that_no_scenario_has_are_refused(ranks: list[int], masses: list[float]) -> None:
    held = holdings([0, 1], [0], [2.0], 1)
    with pytest.raises(ModelError, match="wanted 1 to 5"):
        hold_and_tail(held, np.zeros((1, 5)), ranks, masses)


def test_nothing_is_lost_without_scenarios_or_accounts() -> None:
    held = holdings([0, 1], [0], [2.0], 1)
    assert hold_and_worst(held, np.zeros((1, 0)))[0].tolist() == [0.0]
    none = holdings([0], [], [], 0)
    assert hold_and_worst(none, np.zeros((0, 4)), threads=2).charge.tolist() == []
    assert hold_and_tail(none, np.zeros((0, 4)), [1], [1.0], threads=2).ranked.shape == (0, 1)


@given(seeds)
def test_the_sparse_product_gives_the_same_within_rounding(seed: int) -> None:
    case = random_book(seed)
    book = csr_array((case.held.quantity, case.held.instrument, case.held.start),
                     shape=(len(case.held), len(case.cube)))
    assert hold_and_worst(case.held, case.cube).charge == pytest.approx(-(book @ case.cube).min(1), rel=1e-9, abs=1e-9)


@given(seeds)
def test_lines_in_any_order_gather_into_their_accounts(seed: int) -> None:
    case = random_book(seed)
    order = np.random.default_rng(seed).permutation(len(case.account))
    order = order[np.argsort(case.account[order], kind="stable")] if seed % 2 else order
    found = gathered(case.account[order], case.held.instrument[order], case.held.quantity[order],
                     (len(case.held), len(case.cube)))
    assert (found.start == case.held.start).all()
    lines = sorted(zip(case.account.tolist(), case.held.instrument.tolist(), case.held.quantity.tolist(), strict=True))
    again = np.repeat(np.arange(len(found)), np.diff(found.start)).tolist()
    assert sorted(zip(again, found.instrument.tolist(), found.quantity.tolist(), strict=True)) == lines


@given(seeds)
def test_some_accounts_are_measured_as_among_all(seed: int) -> None:
    case = random_book(seed)
    some = np.random.default_rng(seed).permutation(len(case.held))[: 1 + len(case.held) // 2]
    assert (hold_and_worst(take(case.held, some), case.cube).charge
            == hold_and_worst(case.held, case.cube).charge[some]).all()


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60), st.randoms())
def test_a_place_holds_what_a_sort_puts_there(values: list[int], random: object) -> None:
    x, spare = np.array(values, dtype=np.float64), np.empty((2, len(values)))
    for place in range(len(values)):
        assert _nth_of(x, len(values), place, spare) == sorted(values)[place]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("keep", [1, 7, 250])
def test_sorted_scenarios_are_no_worse_to_the_tail_than_shuffled_ones(order: int, keep: int) -> None:
    held = holdings([0, 1], [0], [1.0], 1)
    cube = np.arange(1000.0)[None, ::order] - 500.0
    found = hold_and_tail(held, np.ascontiguousarray(cube), [keep], [float(keep)])
    assert found.ranked[0, 0] == 500.0 - (keep - 1)
    assert found.shortfall[0, 0] == 500.0 - (keep - 1) / 2


@pytest.mark.parametrize(("start", "instrument", "quantity", "error"), [
    ([0, 2], [0], [1.0], ShapeMismatch), ([1, 1], [], [], ShapeMismatch), ([0, 2, 1], [0], [1.0], ShapeMismatch),
    ([0, 1], [0], [1.0, 2.0], ShapeMismatch), ([], [], [], ShapeMismatch), ([0, 1], [2], [1.0], ModelError),
    ([0, 1], [-1], [1.0], ModelError), ([0, 1], [0], [np.nan], ModelError), ([0, 1], [0], [np.inf], ModelError),
    ([0, 1], [0], [2**31], ModelError),
])
def test_holdings_that_do_not_fit_are_refused(
    start: list[int], instrument: list[int], quantity: list[float], error: type[Exception]
) -> None:
    with pytest.raises(error):
        holdings(start, instrument, quantity, 2)


def test_cubes_and_threads_that_do_not_fit_are_refused() -> None:
    case: Case = random_book(1)
    with pytest.raises(ShapeMismatch):
        hold_and_worst(case.held, case.cube[:-1])
    with pytest.raises(ModelError, match="threads"):
        hold_and_worst(case.held, case.cube, threads=0)
    with pytest.raises(ModelError, match="account does not exist"):
        gathered([3], [0], [1.0], (3, 1))
    with pytest.raises(ModelError, match="lots"):
        hold_and_worst(holdings([0, 1], [0], [1], 1), np.zeros((1, 2)))
