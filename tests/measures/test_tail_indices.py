"""Indices of quantiles at exact fractions, against rational arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import TailTooThin
from seawall.measures.tail import expected_shortfall, tail_mass, value_at_risk

DENOMINATORS = (20, 40, 100, 200, 250, 400, 1000, 2000, 10_000)


def losses(count: int) -> np.ndarray:
    """The worst is worth ``count``, the next one less, down to 1."""
    return -np.arange(1.0, count + 1)


def test_every_tail_of_up_to_a_thousand_scenarios_holds_the_exact_share_of_them() -> None:
    for parts in (200, 1000):
        for tail in range(1, parts):
            confidence = (parts - tail) / parts
            for count in range(1, 1001, 1 if parts == 200 else 7):
                exact = Fraction(count * tail, parts)
                if exact >= 1:
                    assert tail_mass(count, confidence) == float(exact)


SHARES = st.sampled_from(DENOMINATORS).flatmap(lambda d: st.tuples(st.integers(1, d - 1), st.just(d)))


@given(st.integers(1, 20_000), SHARES)
def test_quantiles_and_shortfall_of_ranked_losses_are_the_rational_ones(count: int, share: tuple[int, int]) -> None:
    tail = Fraction(*share)
    confidence, mass = float(1 - tail), tail * count
    if mass < 1:
        with pytest.raises(TailTooThin):
            value_at_risk(losses(count), confidence)
        return
    inside, beyond = count - ceil(mass) + 1, count - min(floor(mass), count - 1)
    whole = floor(mass)
    deep = Fraction(whole * (2 * count - whole + 1), 2) + (mass - whole) * (count - whole)
    for weights in (None, np.append(np.full(count, 3.0), 0.0)):
        pnl = losses(count) if weights is None else np.append(losses(count), -1e9)
        assert value_at_risk(pnl, confidence, weights=weights) == inside
        assert value_at_risk(pnl, confidence, weights=weights, quantile="beyond_tail") == beyond
        assert expected_shortfall(pnl, confidence, weights=weights) == pytest.approx(float(deep / mass), rel=1e-9)
