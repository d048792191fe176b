"""Liquidity horizons against the cascade written out, and its error against what happens between samples."""

from __future__ import annotations

import numpy as np
import pytest

from seawall.errors import InputError, ShapeMismatch
from seawall.measures.horizon import (
    estimate_liquidity_shortfall,
    liquidity_shortfall,
    square_root_of_time,
    stressed_shortfall,
)
from seawall.measures.tail import estimate_expected_shortfall, expected_shortfall

HORIZONS = np.array([10.0, 20, 40, 60, 120])


def nested(seed: int, scenarios: int = 4000) -> np.ndarray:
    """P&L (5,S): each row without the more liquid factors of the row before it."""
    factors = np.random.default_rng(seed).standard_normal((5, scenarios)) * np.array([[5.0], [4], [3], [2], [1]])
    return np.cumsum(factors[::-1], axis=0)[::-1]


def test_the_cascade_is_the_sum_over_horizons_written_out() -> None:
    pnl = nested(1)
    es = [float(expected_shortfall(row, 0.975)) for row in pnl]
    wanted = (es[0] ** 2 + es[1] ** 2 * 1 + es[2] ** 2 * 2 + es[3] ** 2 * 2 + es[4] ** 2 * 6) ** 0.5
    assert liquidity_shortfall(pnl, HORIZONS, 0.975) == pytest.approx(wanted, rel=1e-14)


def test_one_horizon_of_ten_days_is_the_shortfall_itself() -> None:
    pnl = nested(2)
    assert liquidity_shortfall(pnl[:1], HORIZONS[:1], 0.975) == float(expected_shortfall(pnl[0], 0.975))
    cascade = estimate_liquidity_shortfall(pnl[:1], HORIZONS[:1], 0.975)
    # The edge is a single loss in one formula and enters by its own influence in the other.
    plain = estimate_expected_shortfall(pnl[0], 0.975)
    assert cascade.standard_error == pytest.approx(float(plain.standard_error or 0), rel=0.01)


def test_all_factors_at_one_horizon_grow_with_the_root_of_time() -> None:
    row = nested(3)[0]
    found = liquidity_shortfall(np.array([row, row]), np.array([10.0, 40]), 0.975)
    assert found == pytest.approx(square_root_of_time(float(expected_shortfall(row, 0.975)), 10, 40), rel=1e-14)


def test_the_error_of_a_cascade_is_how_much_it_moves_between_samples() -> None:
    found = [estimate_liquidity_shortfall(nested(seed, 2000), HORIZONS, 0.975) for seed in range(300)]
    # 300 samples know a deviation to 4 %.
    assert np.mean([e.standard_error for e in found]) == pytest.approx(np.std([e.value for e in found]), rel=0.15)


def test_the_stressed_period_is_scaled_up_and_never_down() -> None:
    assert stressed_shortfall(100, 60, 50) == pytest.approx(120)
    assert stressed_shortfall(100, 40, 50) == 100
    with pytest.raises(InputError, match="above 0"):
        stressed_shortfall(100, 40, 0)


def test_horizons_that_do_not_rise_from_the_base_are_refused() -> None:
    pnl = nested(4)
    for horizons in (HORIZONS[::-1], HORIZONS + 10):
        with pytest.raises(InputError, match="rising"):
            liquidity_shortfall(pnl, horizons, 0.975)
    with pytest.raises(ShapeMismatch):
        liquidity_shortfall(pnl, HORIZONS[:2], 0.975)
    with pytest.raises(InputError, match="days"):
        square_root_of_time(1, 0, 10)
