"""Tail measures against published numbers and at exact fractions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seawall.errors import TailTooThin
from seawall.measures.tail import (
    component_expected_shortfall,
    expected_shortfall,
    order_statistic_ranks,
    value_at_risk,
)

HUNDRED = -np.arange(1.0, 101.0)


def test_five_worst_of_a_hundred_losses_average_ninety_eight() -> None:
    assert expected_shortfall(HUNDRED, 0.95) == 98.0


@pytest.mark.parametrize(("rule", "wanted"), [("in_tail", 96.0), ("beyond_tail", 95.0), ("linear", 95.05)])
def test_each_quantile_rule_takes_its_own_order_statistic(rule: str, wanted: float) -> None:
    assert value_at_risk(HUNDRED, 0.95, quantile=rule) == pytest.approx(wanted, rel=1e-14)


def test_a_tail_thinner_than_one_scenario_is_refused() -> None:
    with pytest.raises(TailTooThin, match="use at least 100"):
        expected_shortfall(np.zeros(99), 0.99)


def test_the_order_statistic_interval_is_the_published_one(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "var_order_statistic_ci.json").read_text())
    given_, wanted = case["inputs"], case["expected"]
    assert order_statistic_ranks(given_["n"], given_["p"], given_["conf"]) == (wanted["r"], wanted["s"])


@given(arrays(float, (4, 57), elements=st.floats(-1e6, 1e6)))
def test_components_add_up_to_the_shortfall_of_the_sum(parts: np.ndarray) -> None:
    total = float(expected_shortfall(parts.sum(axis=0), 0.95))
    assert component_expected_shortfall(parts, 0.95).sum() == pytest.approx(total, rel=1e-9, abs=1e-6)


@given(arrays(float, (2, 57), elements=st.floats(-1e6, 1e6)))
def test_pooling_two_books_never_raises_expected_shortfall(pair: np.ndarray) -> None:
    pooled, apart = expected_shortfall(pair.sum(axis=0), 0.95), expected_shortfall(pair, 0.95).sum()
    assert pooled <= apart + 1e-9 * (1 + np.abs(pair).max())
