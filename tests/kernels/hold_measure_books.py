"""Random books for the fused kernels: empty accounts, zero quantities, ties, few scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from seawall.kernels.fold import hold_lines
from seawall.kernels.hold_measure import Holdings, holdings

seeds = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Case:
    """Holdings, a cube (I,S), and the account of each line (L)."""

    held: Holdings
    cube: np.ndarray
    account: np.ndarray

    def pnl(self) -> np.ndarray:
        """(A,S) held line by line, stored whole."""
        return hold_lines(self.held.quantity, self.held.instrument.astype(np.int64), self.account, len(self.held),
                          self.cube)


def random_book(seed: int, *, scenarios: int | None = None, ties: bool | None = None) -> Case:
    """Amounts in floats; with ties, P&L of a few whole numbers, of which many are alike."""
    rng = np.random.default_rng(seed)
    instruments, accounts = int(rng.integers(1, 9)), int(rng.integers(1, 12))
    count = int(rng.choice([1, 2, 5, 33, 70, 257])) if scenarios is None else scenarios
    lines = rng.integers(0, 10, accounts) * (rng.random(accounts) < 0.8)
    account = np.repeat(np.arange(accounts), lines)
    tied = bool(rng.random() < 0.5) if ties is None else ties
    cube = rng.standard_t(3, (instruments, count)) * 10.0 ** rng.integers(-3, 4)
    quantity = rng.normal(0, 5, len(account)) * (rng.random(len(account)) < 0.8)
    if tied:
        cube, quantity = np.rint(rng.normal(0, 1, cube.shape)), np.rint(quantity / 4)
    held = holdings(np.concatenate([[0], np.cumsum(lines)]), rng.integers(0, instruments, len(account)), quantity,
                    instruments)
    return Case(held, cube, account)
