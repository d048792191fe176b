"""Components of shortfall: they add up exactly, at every level, and their errors hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from example_book import big_book, book_of, many_options
from example_market import example_market
from seawall.cube import hold, revalue
from seawall.errors import TailTooThin
from seawall.measures.allocation import allocate
from seawall.measures.sampling import Sampling
from seawall.measures.tail import estimate_expected_shortfall, expected_shortfall
from seawall.model.results import Held
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.simulated import implied_dynamics, student_t

MARKET = example_market()


def held_of(pnl: np.ndarray, weights: np.ndarray | None = None) -> Held:
    """Rows p0, p1, ... with this P&L (N,S)."""
    count, scenarios = pnl.shape
    given_ = {} if weights is None else {"weights": weights}
    rule = ScenarioRule("given", (Column("spot", "*"),), np.zeros((scenarios, 1)),
                        np.array([str(n) for n in range(scenarios)], dtype=object), 1.0, **given_)
    keys = tuple((f"p{n}",) for n in range(count))
    return Held(("part",), keys, pnl, np.zeros(count), np.zeros(count, dtype=bool), "USD", rule)


WHOLE = st.integers(-(10**9), 10**9).map(float)


@given(arrays(float, (5, 80), elements=WHOLE), arrays(float, (80,), elements=st.floats(0.3, 1)))
def test_components_add_up_to_the_shortfall_of_the_total(pnl: np.ndarray, weights: np.ndarray) -> None:
    found = allocate(held_of(pnl, weights), 0.9)
    total = float(expected_shortfall(pnl.sum(axis=0), 0.9, weights=weights))
    # Exact but for roundings of the gross sum, from which the total may be a small remainder.
    assert abs(found.component.sum() - total) <= 1e-12 * np.abs(pnl).max(axis=1).sum()
    assert found.shortfall == found.component.sum()
    assert found.shortfall <= found.standalone.sum() + 1e-12 * np.abs(pnl).max(axis=1).sum()


def test_every_dimension_and_every_level_of_a_hierarchy_adds_up_to_the_same_total() -> None:
    book = big_book(2_000, 30, many_options(200))
    rule = student_t(implied_dynamics(MARKET, ["BTC", "ETH"]), scenarios=2_000, degrees=4, seed=1)
    cube = revalue(book, MARKET, rule)
    total = hold(book, cube, by=()).row()
    whole = float(expected_shortfall(total, 0.975))
    fine = hold(book, cube, by=("venue", "account", "strategy"))
    for by in (("venue",), ("venue", "account"), ("venue", "account", "strategy"), ("underlying",), ("instrument",)):
        assert allocate(hold(book, cube, by=by), 0.975).component.sum() == pytest.approx(whole, rel=1e-12)
    leaves, accounts = allocate(fine, 0.975), allocate(fine.roll_up(("venue", "account")), 0.975)
    for key, component in zip(accounts.keys, accounts.component, strict=True):
        below = [c for k, c in zip(leaves.keys, leaves.component, strict=True) if k[:2] == key]
        # A branch may be a small remainder of large leaves: relative to the whole.
        assert sum(below) == pytest.approx(component, abs=1e-12 * whole)


def test_gaussian_components_are_those_of_the_closed_form(vectors: Path) -> None:
    case = json.loads((vectors / "tradfi" / "euler_gaussian.json").read_text())
    given_, wanted = case["inputs"], case["expected"]
    draws = np.random.default_rng(11).multivariate_normal(np.zeros(3), given_["cov"], 400_000)
    draws = np.concatenate([draws, -draws])
    found = allocate(held_of(draws.T * np.array(given_["x"])[:, None]), given_["alpha"])
    assert np.abs((found.component - wanted["component_ES"]) / found.standard_error).max() <= 3.5
    assert found.standard_error.max() <= 0.01 * wanted["ES"]
    assert found.shortfall == pytest.approx(wanted["ES"], rel=0.01)


def test_the_error_of_a_component_is_how_much_it_moves_between_samples() -> None:
    draw = np.random.default_rng(6)
    found = []
    for _ in range(300):
        common = draw.standard_t(5, 4000)
        found.append(allocate(held_of(np.array([common + draw.standard_normal(4000), draw.standard_t(4, 4000),
                                                -0.4 * common])), 0.975))
    stated = np.mean([a.standard_error for a in found], axis=0)
    happened = np.std([a.component for a in found], axis=0)
    # 300 samples know a deviation to 4 %, heavier tails to less; the edge's losses are themselves estimated.
    assert stated == pytest.approx(happened, rel=0.15)


def test_the_only_part_has_the_total_error_and_all_of_the_shortfall() -> None:
    pnl = np.random.default_rng(1).standard_normal((1, 5000))
    drawn = Sampling(np.ones(5000), np.arange(5000) % 2500, 2.0)
    found = allocate(held_of(pnl), 0.975, sampling=drawn)
    alone = estimate_expected_shortfall(pnl[0], 0.975, sampling=drawn)
    assert found.shortfall == pytest.approx(alone.value, rel=1e-14)
    assert found.share[0] == pytest.approx(1, rel=1e-14)
    assert found.diversification == pytest.approx(0, abs=1e-14)
    # The edge is averaged over near losses in one and a single loss in the other.
    assert found.standard_error[0] == pytest.approx(float(alone.standard_error or 0), rel=0.02)


def test_a_hedge_has_a_negative_component_and_pooling_saves_something() -> None:
    common = np.random.default_rng(3).standard_normal(1000)
    found = allocate(held_of(np.array([2 * common, -common])), 0.95)
    assert found.component[1] < 0 < found.component[0]
    assert found.diversification == pytest.approx(2 / 3, rel=0.2)
    assert found.share[0] == pytest.approx(1, rel=1e-12)


def test_a_part_that_could_not_be_assessed_stays_marked() -> None:
    book = book_of()
    cube = revalue(book.instruments[1:], MARKET, student_t(implied_dynamics(MARKET, ["BTC", "ETH", "SPX"]),
                                                            scenarios=100, degrees=4, seed=1))
    assert allocate(hold(book, cube), 0.95).partial.tolist() == [True, False, False, True]


def test_one_draw_in_the_tail_leaves_errors_unknown_and_none_is_refused() -> None:
    pnl = np.random.default_rng(1).standard_normal((2, 100))
    assert np.isnan(allocate(held_of(pnl), 0.99).standard_error).all()
    with pytest.raises(TailTooThin):
        allocate(held_of(pnl[:, :50]), 0.99)
