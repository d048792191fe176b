"""Worst-of in ticks and its bound over nodes against sums in NumPy, in blocks and for some accounts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.rings import SINGLE_ROUNDING, TILE, least_over_nodes, pack, worst_of

SCENARIOS, ROWS, LOT = 11, 14, 0.001


class Lines:
    """Random lines of two underlyings; some accounts hold nothing of one or of both."""

    def __init__(self, seed: int, accounts: int) -> None:
        rng = np.random.default_rng(seed)
        self.count = (rng.integers(0, 11, (2, accounts)) * (rng.random((2, accounts)) < 0.8)).astype(np.int32)
        flat = self.count.ravel()
        self.begin = (np.cumsum(flat) - flat).reshape(2, accounts).astype(np.int64)
        self.row = rng.integers(0, ROWS, int(flat.sum())).astype(np.uint16)
        self.lots = rng.integers(-(2**31) + 1, 2**31, len(self.row)).astype(np.int32)
        self.base = np.array([0, ROWS], np.int64)
        self.ids = rng.permutation(accounts)[: accounts * 2 // 3].astype(np.int32)
        self.rng = rng

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.begin, self.count, self.row, self.lots

    def sums(self, cube: np.ndarray, u: int, account: int) -> np.ndarray:
        """(S) in the cube's own arithmetic."""
        at = slice(int(self.begin[u, account]), int(self.begin[u, account] + self.count[u, account]))
        lots = self.lots[at].astype(cube.dtype)
        return (lots[:, None] * cube[self.base[u] + self.row[at].astype(np.int64)]).sum(0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_worst_ofs_are_the_sums_of_plain_integers(seed: int, joint: bool) -> None:
    lines = Lines(seed, 60)
    # 2^31 lots times 2^24 ticks, a dozen lines: below 2^62, and far above what a double holds.
    cube = lines.rng.integers(-(2**24), 2**24, (2 * ROWS, SCENARIOS)).astype(np.int32)
    out, n = np.zeros((2, len(lines.ids)), np.int64), len(lines.ids)
    measured = sum(worst_of(lines.ids, *lines.arrays, lines.base, cube, joint, first, min(first + 7, n), 0, 2, out)
                   for first in range(0, n, 7))
    wide = cube.astype(np.int64)
    for k, account in enumerate(lines.ids.tolist()):
        each = [lines.sums(wide, u, account) for u in range(2)]
        expected = [(each[0] + each[1]).min(), 0] if joint else [x.min() for x in each]
        assert out[:, k].tolist() == [int(x) for x in expected]
    assert measured == (n if joint else np.count_nonzero(lines.count[:, lines.ids]))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_bound_over_nodes_lies_below_the_true_least_by_no_more_than_twice_its_pad(seed: int, joint: bool) -> None:
    lines = Lines(seed, 50)
    cubes = lines.rng.normal(0, 1e5, (9, 2 * ROWS, SCENARIOS)).astype(np.float32)
    largest = np.abs(cubes).max(axis=(0, 2)).astype(np.float64)
    out = np.empty(len(lines.ids))
    least_over_nodes(lines.ids, *lines.arrays, lines.base, cubes, largest, joint, LOT, 0, len(lines.ids), out)
    for k, account in enumerate(lines.ids.tolist()):
        nodes = np.array([[lines.sums(c.astype(np.float64) * LOT, u, account) for c in cubes] for u in range(2)])
        true = nodes.min(axis=1).sum(axis=0).min() if joint else nodes.min(axis=(1, 2)).sum()
        pad = 0.0
        for u in range(2):
            at = slice(int(lines.begin[u, account]), int(lines.begin[u, account] + lines.count[u, account]))
            gross = (np.abs(lines.lots[at].astype(float)) * largest[lines.base[u] + lines.row[at]]).sum() * LOT
            pad += (lines.count[u, account] + 6) * SINGLE_ROUNDING * gross
        # A double's own rounding, of these sums and of the kernel's last ones.
        slack = 1e-9 * abs(true)
        assert true - 2 * pad - slack <= out[k] <= true + slack


def test_tiles_do_not_move_a_bound() -> None:
    lines = Lines(3, 2 * TILE)
    cubes = lines.rng.normal(0, 1e5, (9, 2 * ROWS, SCENARIOS)).astype(np.float32)
    largest, n = np.abs(cubes).max(axis=(0, 2)).astype(np.float64), len(lines.ids)
    whole, parts = np.empty(n), np.empty(n)
    args = (lines.ids, *lines.arrays, lines.base, cubes, largest, False, LOT)
    least_over_nodes(*args, 0, n, whole)
    for first in range(0, n, 333):
        least_over_nodes(*args, first, min(first + 333, n), parts)
    assert (whole == parts).all()


@pytest.mark.parametrize("joint", [False, True])
def test_packed_lines_are_worth_what_they_were(joint: bool) -> None:
    lines = Lines(5, 80)
    cube = lines.rng.integers(-(2**24), 2**24, (2 * ROWS, SCENARIOS)).astype(np.int32)
    count = lines.count[:, lines.ids]
    begin, placed = np.empty(count.shape, np.int64), np.empty(count.shape, np.int32)
    row, lots = np.empty(int(count.sum()), np.uint16), np.empty(int(count.sum()), np.int32)
    pack(lines.ids, *lines.arrays, begin, placed, row, lots)
    n = len(lines.ids)
    here, there = np.zeros((2, n), np.int64), np.zeros((2, n), np.int64)
    worst_of(lines.ids, *lines.arrays, lines.base, cube, joint, 0, n, 0, 2, here)
    worst_of(np.arange(n, dtype=np.int32), begin, placed, row, lots, lines.base, cube, joint, 0, n, 0, 2, there)
    assert (here == there).all()
