"""Tails of very many accounts are those of the P&L stored whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.hold_measure_books import random_book, seeds
from seawall.errors import InputError, TailTooThin
from seawall.kernels.hold_measure import holdings
from seawall.measures.accounts import shortfall_by, shortfall_parts, tails_of_accounts
from seawall.measures.tail import (
    QUANTILE_RULES,
    component_expected_shortfall,
    expected_shortfall,
    value_at_risk,
)

levels = st.sampled_from([0.95, 0.975, 0.99, 0.9, 0.5, 0.87])


@pytest.mark.parametrize("quantile", QUANTILE_RULES)
@given(seed=seeds, confidence=levels, scenarios=st.sampled_from([100, 200, 317]))
def test_tails_are_those_of_the_stored_pnl(seed: int, confidence: float, scenarios: int, quantile: str) -> None:
    case = random_book(seed, scenarios=scenarios)
    pnl = case.pnl()
    found = tails_of_accounts(case.held, case.cube, [confidence, 0.97], quantile=quantile, threads=2)
    for column, level in enumerate((confidence, 0.97)):
        scale = np.abs(pnl).max(1)
        # Linear rules place themselves between scenarios by products that round.
        slack = 1e-12 * scale if quantile == "linear" else 0.0
        assert (np.abs(found.value_at_risk[:, column] - value_at_risk(pnl, level, quantile=quantile)) <= slack).all()
        # Sums of the same numbers in another order.
        assert (np.abs(found.expected_shortfall[:, column] - expected_shortfall(pnl, level)) <= 1e-12 * scale).all()


def test_the_fifth_worst_of_a_hundred_is_the_var_at_ninety_five() -> None:
    held = holdings([0, 1], [0], [1.0], 1)
    cube = -np.arange(1.0, 101.0)[None]
    found = tails_of_accounts(held, cube, 0.95)
    assert found.value_at_risk.tolist() == [[96.0]]
    assert found.expected_shortfall.tolist() == [[98.0]]
    assert tails_of_accounts(held, cube, 0.95, quantile="beyond_tail").value_at_risk.tolist() == [[95.0]]


@given(seeds, levels)
def test_parts_are_those_of_the_stored_pnl(seed: int, confidence: float) -> None:
    case = random_book(seed, scenarios=200)
    part = shortfall_parts(case.held, case.cube, confidence)
    for a in range(len(case.held)):
        line = slice(int(case.held.start[a]), int(case.held.start[a + 1]))
        rows = case.held.quantity[line, None] * case.cube[case.held.instrument[line]]
        if len(rows) and (np.diff(np.sort(case.pnl()[a])) > 1e-9 * np.abs(rows).max()).all():
            # Without ties, of which rounding in another order may choose another first.
            assert part[line] == pytest.approx(component_expected_shortfall(rows, confidence), rel=1e-9,
                                               abs=1e-9 * np.abs(rows).max())


def test_parts_by_dimension_add_up_to_the_shortfall() -> None:
    case = random_book(11, scenarios=200, ties=False)
    venue = np.arange(len(case.account)) % 3
    parts = shortfall_by(case.held, case.cube, 0.95, venue, 3)
    whole = tails_of_accounts(case.held, case.cube, 0.95).expected_shortfall[:, 0]
    assert parts.shape == (len(case.held), 3)
    assert parts.sum(1) == pytest.approx(whole, rel=1e-12)


def test_thin_tails_unknown_rules_and_groups_are_refused() -> None:
    held = holdings([0, 1], [0], [1.0], 1)
    with pytest.raises(TailTooThin):
        tails_of_accounts(held, np.zeros((1, 50)), 0.99)
    with pytest.raises(InputError, match="quantile rule"):
        tails_of_accounts(held, np.zeros((1, 50)), 0.9, quantile="median")
    with pytest.raises(InputError, match="confidence"):
        tails_of_accounts(held, np.zeros((1, 50)), 1.0)
    with pytest.raises(InputError, match="groups"):
        shortfall_by(held, np.zeros((1, 50)), 0.9, np.array([2]), 2)
