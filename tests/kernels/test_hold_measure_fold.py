"""Accounts folded a block at a time against plain loops, and against the kernels that fold the whole book at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.hold_measure_books import seeds
from seawall.errors import ShapeMismatch
from seawall.kernels import hold_measure_fold
from seawall.kernels.fold import fold, hold_lines, worst
from seawall.kernels.fold_exact import NO_CAP, billionths, fold_exact, worst_exact
from seawall.kernels.hold_exact import FINE, cell_sizes, hold_fine
from seawall.kernels.hold_measure_fold import Chain, Grids, Step, chain, hold_and_fold, hold_and_fold_exact

NO_DEDUCT = np.zeros((2, 0, 0), np.int64)


def nested(rng: np.random.Generator, of: np.ndarray, accounts: int) -> tuple[np.ndarray, np.ndarray]:
    """For children's accounts (N), coarser rows of the same accounts: parent (N), accounts (M)."""
    parent, above = [], []
    for a in range(accounts):
        rows = int(rng.integers(1, 4))
        parent += (len(above) + rng.integers(0, rows, int((of == a).sum()))).tolist()
        above += [a] * rows
    return np.array(parent, np.int64), np.array(above, np.int64)


class Case:
    """Lines that climb through two folds to one or several rows an account."""

    def __init__(self, seed: int, *, exact: bool, free: bool = False) -> None:
        self.free = free  # of caps and deductibles
        rng = np.random.default_rng(seed)
        self.accounts, self.scenarios, self.instruments = int(rng.integers(1, 8)), int(rng.integers(1, 9)), 4
        lines = rng.integers(0, 5, self.accounts)
        lines[-1] += 1  # who comes last has a line, so that every account is known
        self.account = np.repeat(np.arange(self.accounts), lines)
        self.instrument = rng.integers(0, self.instruments, len(self.account))
        self.row, first = nested(rng, self.account, self.accounts)
        self.rows, self.steps, below = [first], [], first
        for _ in range(2):
            parent, above = nested(rng, below, self.accounts)
            self.steps.append(self.step(rng, parent, len(above), exact=exact))
            self.rows.append(above)
            below = above
        self.cube = rng.normal(0, 100, (self.instruments, self.scenarios))
        self.anchor = rng.normal(0, 10, self.instruments)
        self.quantity = rng.integers(-3, 4, len(self.account))
        self.chain: Chain = chain(self.account, self.instrument, self.row, self.rows, self.steps)

    def step(self, rng: np.random.Generator, parent: np.ndarray, above: int, *, exact: bool) -> Step:
        gain, loss = (rng.uniform(-0.5, 2, (3, self.scenarios)) for _ in range(2))
        of = [rng.integers(0, 3, len(parent)) for _ in range(3)]
        cap = np.where((rng.random(above) < 0.5) | self.free, np.inf, rng.uniform(0, 200, above))
        deduct = rng.uniform(0, 20, (3, self.scenarios)) if rng.random() < 0.5 and not self.free else None
        if not exact:
            return Step(parent, gain, of[0], loss, of[1], cap, deduct, of[2] if deduct is not None else of[2][:0])
        ticks = np.where(np.isfinite(cap), np.nan_to_num(cap, posinf=0.0), NO_CAP).astype(np.int64)
        return Step(parent, billionths(gain), of[0], billionths(loss), of[1], np.stack([ticks, ticks]),
                    None if deduct is None else np.stack([deduct.astype(np.int64)] * 2), of[2] if deduct is not None
                    else of[2][:0])

    def plain(self) -> list[list[float]]:
        """(M,S) by loops that follow the definition of a fold."""
        x = [[0.0] * self.scenarios for _ in self.rows[0]]
        base = [0.0] * len(self.rows[1])
        for n, i in enumerate(self.instrument):
            q = float(self.quantity[n])
            base[self.steps[0].parent[self.row[n]]] += q * self.anchor[i]
            for s in range(self.scenarios):
                x[self.row[n]][s] += q * self.cube[i, s]
        for number, (step, above) in enumerate(zip(self.steps, self.rows[1:], strict=True)):
            x = [[self.parent_of(step, x, m, s) - (base[m] if number == 0 else 0.0) for s in range(self.scenarios)]
                 for m in range(len(above))]
        return x

    def parent_of(self, step: Step, x: list[list[float]], m: int, s: int) -> float:
        gains, losses = 0.0, 0.0
        for n in np.flatnonzero(step.parent == m):
            v = x[n][s]
            if v > 0:
                gains += step.gain[step.gain_of[n], s] * v
            lost = step.loss[step.loss_of[n], s] * max(-v, 0.0)
            losses += lost if step.deduct is None else max(lost - step.deduct[step.deduct_of[n], s], 0.0)
        return min(gains, step.cap[m]) - losses

    def whole(self) -> np.ndarray:
        """(M,S) of the whole book at once."""
        q = self.quantity.astype(np.float64)
        x = hold_lines(q, self.instrument, self.row, len(self.rows[0]), self.cube)
        for number, (step, above) in enumerate(zip(self.steps, self.rows[1:], strict=True)):
            deduct = np.zeros((0, self.scenarios)) if step.deduct is None else step.deduct
            x = fold(x, step.gain, step.gain_of, step.loss, step.loss_of, step.parent, len(above), step.cap, deduct,
                     step.deduct_of)
            if number == 0:
                x -= hold_lines(q, self.instrument, step.parent[self.row], len(above), self.anchor[:, None].copy())
        return x


def least(x: np.ndarray) -> np.ndarray:
    return worst(x, False)[0]


@given(seeds)
def test_blocks_fold_as_plain_loops_do(seed: int) -> None:
    case = Case(seed, exact=False)
    got = np.concatenate(hold_and_fold(case.chain, case.quantity.astype(float), case.cube, np.copy, anchor=case.anchor))
    # A few dozen sums and products of numbers to 1e5.
    assert got == pytest.approx(np.array(case.plain()), rel=1e-11, abs=1e-9)


@given(seeds, st.integers(1, 3), st.sampled_from([1, 200, 1 << 21]))
def test_blocks_give_the_bits_of_the_whole_book(seed: int, threads: int, size: int) -> None:
    case = Case(seed, exact=False)
    kept = hold_measure_fold.BYTES
    try:
        hold_measure_fold.BYTES = size
        got = hold_and_fold(case.chain, case.quantity.astype(float), case.cube, least, anchor=case.anchor,
                            threads=threads)
    finally:
        hold_measure_fold.BYTES = kept
    assert np.concatenate(got).tobytes() == least(case.whole()).tobytes()


@given(seeds, st.integers(1, 3), st.sampled_from([1, 200, 1 << 21]))
def test_blocks_of_integers_give_the_digits_of_the_whole_book(seed: int, threads: int, size: int) -> None:
    case = Case(seed, exact=True)
    low = np.floor(case.cube * FINE).astype(np.int64)
    now = np.floor(case.anchor * FINE).astype(np.int64)[:, None]
    ends = np.ones(case.instruments, np.int64)
    x = hold_fine(case.quantity, case.instrument, case.row, len(case.rows[0]), low, ends, cell_sizes(low))
    for number, (step, above) in enumerate(zip(case.steps, case.rows[1:], strict=True)):
        deduct = NO_DEDUCT if step.deduct is None else step.deduct
        x = fold_exact(*x, step.gain, step.gain_of, step.loss, step.loss_of, step.parent, len(above), step.cap,
                       deduct, step.deduct_of)
        if number == 0:
            base = hold_fine(case.quantity, case.instrument, step.parent[case.row], len(above), now, ends,
                             cell_sizes(now))
            x = x[0] - base[1], x[1] - base[0]
    kept = hold_measure_fold.BYTES
    try:
        hold_measure_fold.BYTES = size
        got = hold_and_fold_exact(case.chain, case.quantity, Grids(low, ends, (now, ends)),
                                  lambda low, high: (worst_exact(low)[0], worst_exact(high)[0]), threads=threads)
    finally:
        hold_measure_fold.BYTES = kept
    for bound in range(2):
        assert (np.concatenate([block[bound] for block in got]) == worst_exact(x[bound])[0]).all()


@given(seeds)
def test_every_bound_of_a_block_encloses_its_float(seed: int) -> None:
    case, twin = Case(seed, exact=True, free=True), Case(seed, exact=False, free=True)
    low = np.floor(case.cube * FINE).astype(np.int64)
    ends = np.ones(case.instruments, np.int64)
    bounds = hold_and_fold_exact(case.chain, case.quantity, Grids(low, ends), lambda a, b: np.stack([a, b]))
    real = np.concatenate(hold_and_fold(twin.chain, twin.quantity.astype(float), twin.cube, np.copy))
    both = np.concatenate(bounds, axis=1)
    # What floats round: a few dozen sums and products of numbers to 1e5.
    assert (both[0] <= real + 1e-9).all()
    assert (both[1] >= real - 1e-9).all()
    assert (both[1] - both[0] <= 200).all()  # a tick for each of some rows and steps, weighed by up to two


def test_no_block_holds_more_rows_than_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(3, exact=False)
    monkeypatch.setattr(hold_measure_fold, "BYTES", 1)
    sizes = hold_and_fold(case.chain, case.quantity.astype(float), case.cube, len)
    assert len(sizes) == case.accounts
    assert sum(sizes) == len(case.rows[-1])


def broken(**changes: object) -> tuple[np.ndarray, ...]:
    parts = {"account": np.array([0, 1]), "instrument": np.array([0, 0]), "row": np.array([0, 1]),
             "rows": [np.array([0, 1]), np.array([0, 1])], "parent": np.array([0, 1]), "gain_of": np.array([0, 0]),
             "cap": np.full(2, np.inf)} | changes
    one = np.ones((1, 1))
    step = Step(parts["parent"], one, parts["gain_of"], one, np.array([0, 0]), parts["cap"])
    return chain(parts["account"], parts["instrument"], parts["row"], parts["rows"], [step])


@pytest.mark.parametrize("changes", [
    {"account": np.array([1, 0]), "row": np.array([1, 0])}, {"row": np.array([0, 0])}, {"row": np.array([0, 2])},
    {"parent": np.array([0, 0])}, {"parent": np.array([0, 2])}, {"gain_of": np.array([0, 1])},
    {"gain_of": np.array([0])}, {"cap": np.full(1, np.inf)}, {"rows": [np.array([0, 1])]},
])
def test_chains_that_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    assert broken() is not None
    with pytest.raises(ShapeMismatch):
        broken(**changes)


def test_starts_of_levels_follow_the_accounts() -> None:
    case = Case(5, exact=False)
    for of, start in zip((case.account, *case.rows), (case.chain.lines, *case.chain.starts), strict=True):
        assert [np.flatnonzero(of == a).tolist() for a in range(case.accounts)] == [
            list(range(first, last)) for first, last in pairwise(start.tolist())]
