"""Integer hold against Python's own integers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import ModelError
from seawall.kernels.hold_exact import FINE, cell_sizes, hold_fine

Line = tuple[int, int, int]

lines = st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 3), st.integers(0, 2)), max_size=8)
cells = st.lists(st.integers(-(10**14), 10**14), min_size=8, max_size=8)
widths = st.lists(st.integers(0, 3), min_size=4, max_size=4)


def columns(book: list[Line]) -> tuple[np.ndarray, ...]:
    return tuple(np.array([line[n] for line in book], dtype=np.int64) for n in range(3))


def grids(corners: list[int], wide: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low = np.array(corners).reshape(4, 2)
    return low, np.array(wide), cell_sizes(low)


@given(lines, cells, widths)
def test_fine_holding_rounds_the_sum_once_as_python_integers_do(
    book: list[Line], corners: list[int], wide: list[int]
) -> None:
    low, width, sizes = grids(corners, wide)
    high = low + width[:, None]
    lower, upper = hold_fine(*columns(book), 3, low, width, sizes)
    for r in range(3):
        for s in range(2):
            mine = [(q, i) for q, i, n in book if n == r]
            least = sum(q * int(low[i, s] if q > 0 else high[i, s]) for q, i in mine)
            most = sum(q * int(high[i, s] if q > 0 else low[i, s]) for q, i in mine)
            assert lower[r, s] == least // FINE
            assert upper[r, s] == -(-most // FINE)


@given(lines, cells, widths, st.randoms())
def test_the_order_of_lines_moves_no_digit(book: list[Line], corners: list[int], wide: list[int], rng) -> None:
    grid = grids(corners, wide)
    turned = list(book)
    rng.shuffle(turned)
    first, again = (hold_fine(*columns(one), 3, *grid) for one in (book, turned))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_many_threads_at_once_give_the_same_digits() -> None:
    rng = np.random.default_rng(1)
    low = rng.integers(-(2**40), 2**40, (50, 33))
    grid = (low, np.ones(50, np.int64), cell_sizes(low))
    books = [(rng.integers(-(10**6), 10**6, 400), rng.integers(0, 50, 400), rng.integers(0, 9, 400), 9, *grid)
             for _ in range(20)]
    alone = [hold_fine(*book) for book in books]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda book: hold_fine(*book), books * 5))
    assert all(np.array_equal(a, b) for a, b in zip(alone * 5, together, strict=True))


def test_a_row_too_large_for_its_digits_is_refused_not_wrapped() -> None:
    low, none = np.full((1, 1), 2**60), np.zeros(1, np.int64)
    for lots, cell in ((2**30, low), (2**45, low * 0), (-(2**45), low * 0)):
        with pytest.raises(ModelError, match="2\\^61"):
            hold_fine(np.array([lots]), none, none, 1, cell, none, cell_sizes(cell))


@pytest.mark.parametrize("instrument", [1, -1])
@pytest.mark.parametrize("lots", [1, 0])
def test_lines_of_instruments_or_rows_that_do_not_exist_are_refused(instrument: int, lots: int) -> None:
    one, none = np.ones((1, 1), np.int64), np.zeros(1, np.int64)
    with pytest.raises(ModelError, match="does not exist"):
        hold_fine(np.array([lots]), none + instrument, none, 1, one, none, cell_sizes(one))
    with pytest.raises(ModelError, match="does not exist"):
        hold_fine(np.array([lots]), none, none + instrument, 1, one, none, cell_sizes(one))


def test_columns_and_grids_that_do_not_fit_each_other_are_refused() -> None:
    one, none = np.ones((1, 1), np.int64), np.zeros(1, np.int64)
    with pytest.raises(ModelError, match="does not exist"):
        hold_fine(np.array([1, 1]), none, np.zeros(2, np.int64), 1, one, none, one[0])
    for width, sizes in ((np.zeros(2, np.int64), one[0]), (none, one[0, :0])):
        with pytest.raises(ModelError, match="fit each other"):
            hold_fine(np.array([1]), none, none, 1, one, width, sizes)


def test_slices_and_read_only_arrays_are_taken_as_they_are() -> None:
    low = np.arange(8).reshape(4, 2) * FINE
    book, sharp = (np.array([2, -3]), np.array([0, 3]), np.array([0, 0]), 1), np.zeros(4, np.int64)
    wanted = hold_fine(*book, low, sharp, cell_sizes(low))
    wide = low.repeat(2, axis=-1)[..., ::2]
    wide.flags.writeable = False
    found = hold_fine(*book, wide, sharp, cell_sizes(low))
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))
    assert wanted[0].tolist() == [[-18, -19]]
