"""Covariance: against two other libraries, with holes, and with what it rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.example_bars import days
from seawall.errors import InputError
from seawall.history.bars import on_weekend
from seawall.history.covariance import covariance
from seawall.history.join import common_calendar
from seawall.model.factor import Factor
from seawall.model.panel import Panel

MIX = np.array([[0.02, 0, 0], [0.015, 0.02, 0], [0.001, -0.01, 0.03]])


def panel(rows: int = 300, seed: int = 1, holes: float = 0.0, periods: float = 365.0) -> Panel:
    generator = np.random.default_rng(seed)
    levels = 100 * np.exp(np.cumsum(generator.standard_normal((rows, 3)) @ MIX.T, axis=0))
    levels[generator.random(levels.shape) < holes] = np.nan
    factors = tuple(Factor("spot", name) for name in "ABC")
    return Panel(days(rows), factors, levels, periods_per_year=periods)


def moves_of(one: Panel) -> np.ndarray:
    return np.diff(np.log(one.values), axis=0)


def test_the_sample_covariance_is_numpy_s() -> None:
    one = panel()
    found = covariance(one, method="sample")
    expected = np.cov(moves_of(one).T) * 365
    # Sums of 299 products of either sign: some 1e-14 of the largest entry.
    assert np.abs(found.matrix - expected).max() <= 1e-14
    assert found.effective == pytest.approx(np.full((3, 3), 299.0), rel=1e-12)
    assert found.repaired == 0


def test_the_weighted_covariance_is_the_explicit_sum() -> None:
    """The slow twin: each entry summed move by move."""
    one = panel(60)
    moves = moves_of(one)
    total = np.zeros((3, 3))
    mass = 0.0
    for age, move in enumerate(moves[::-1]):
        total += 0.94**age * np.outer(move, move)
        mass += 0.94**age
    found = covariance(one, decay=0.94)
    assert np.abs(found.matrix / (total / mass * 365) - 1).max() <= 1e-12
    weights = 0.94 ** np.arange(59)
    assert found.effective[0, 1] == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-12)


def test_the_weighted_variance_is_pandas_s() -> None:
    one = panel(250)
    squares = pd.DataFrame(moves_of(one) ** 2).ewm(alpha=0.03, adjust=True).mean().iloc[-1].to_numpy()
    # Two orders of summing 249 positive terms.
    assert np.abs(np.diag(covariance(one).matrix) / (squares * 365) - 1).max() <= 1e-12


def test_a_hole_in_one_name_takes_nothing_from_the_others() -> None:
    whole, holed = panel(), panel(holes=0.0)
    values = holed.values.copy()
    values[50:150, 2] = np.nan
    found = covariance(Panel(holed.dates, holed.factors, values), method="sample")
    before = covariance(whole, method="sample")
    assert found.matrix[:2, :2].tolist() == before.matrix[:2, :2].tolist()
    assert found.moves.tolist() == [[299, 299, 198], [299, 299, 198], [198, 198, 198]]
    joint = np.isfinite(np.diff(np.log(values[:, 2])))
    expected = np.cov(moves_of(whole)[joint].T)[2] * 365
    assert np.abs(found.matrix[2] - expected).max() <= 1e-14


def test_holes_as_pandas_counts_them() -> None:
    one = panel(400, holes=0.1)
    expected = pd.DataFrame(moves_of(one)).cov().to_numpy() * 365
    found = covariance(one, method="sample")
    assert found.repaired == 0
    assert np.abs(found.matrix - expected).max() <= 1e-13


def test_an_impossible_correlation_that_holes_made_is_repaired_and_told() -> None:
    """A and B rise together on one half, B and C on another, A and C oppose on a third."""
    move = np.where(np.arange(30) % 2 == 0, 0.02, -0.02) * (1 + 0.01 * np.arange(30))
    blank = np.full(30, np.nan)
    moves = np.vstack([np.column_stack(c) for c in ((move, move, blank), (blank, move, move), (move, blank, -move))])
    levels = 100 * np.exp(np.cumsum(np.where(np.isnan(moves), 0, moves), axis=0))
    levels[np.isnan(moves)] = np.nan
    found = covariance(Panel(days(90), panel().factors, levels), method="sample")
    assert found.repaired > 0.3
    assert np.linalg.eigvalsh(found.matrix).min() >= -1e-12
    deviation = np.sqrt(np.diag(found.matrix))
    assert np.abs(found.matrix / np.outer(deviation, deviation)).max() <= 1 + 1e-12


def test_a_market_that_sleeps_at_weekends_keeps_its_own_volatility() -> None:
    """Beside a market that never closes, Friday to Monday is one move for both, of 252 a year."""
    one = panel(700)
    open_days = ~on_weekend(one.dates)
    values = one.values.copy()
    values[~open_days, 2] = np.nan
    mixed = Panel(one.dates, one.factors, values)
    shared = common_calendar(mixed)
    assert shared.dates.tolist() == one.dates[open_days].tolist()
    assert shared.periods_per_year == 252
    told = {gap.series: (gap.count, gap.treatment) for gap in shared.gaps}
    assert told == {key: (int((~open_days).sum()), "dropped") for key in ("spot:A", "spot:B")}
    expected = np.cov(np.diff(np.log(one.values[open_days]), axis=0).T) * 252
    # Sums of 499 products of either sign.
    assert np.abs(covariance(mixed, method="sample").matrix - expected).max() <= 1e-14
    assert common_calendar(one) is one
    assert common_calendar(shared) is shared


def test_a_year_has_as_many_rows_as_the_panel_says() -> None:
    a, b = covariance(panel(periods=252.0)), covariance(panel())
    assert np.abs(a.matrix * 365 / 252 / b.matrix - 1).max() <= 1e-12
    assert a.columns[0].risk_class == "spot"
    assert [column.qualifier for column in a.columns] == ["A", "B", "C"]


@given(st.integers(0, 1000), st.floats(0.0, 0.3), st.sampled_from(["ewma", "sample"]))
def test_the_matrix_is_always_a_covariance(seed: int, holes: float, method: str) -> None:
    found = covariance(panel(200, seed, holes), method=method)
    assert found.matrix.tolist() == found.matrix.T.tolist()
    assert np.linalg.eigvalsh(found.matrix).min() >= -1e-12 * np.trace(found.matrix)
    assert (found.effective <= found.moves * (1 + 1e-9)).all()


@pytest.mark.parametrize(("change", "found"), [
    ({"method": "magic"}, "method of covariance"), ({"decay": 1.0}, "decay"),
])
def test_unknown_ways_are_refused(change: dict[str, object], found: str) -> None:
    with pytest.raises(InputError, match=found):
        covariance(panel(), **change)  # type: ignore[arg-type]


def test_too_few_joint_moves_name_the_pair() -> None:
    values = panel().values.copy()
    values[15:, 0] = np.nan
    with pytest.raises(InputError, match=r"joint moves of spot:A"):
        covariance(Panel(days(300), panel().factors, values))


def test_rates_do_not_move_by_ratios() -> None:
    with pytest.raises(InputError, match="rate:USD"):
        covariance(Panel(days(300), (Factor("rate", "USD"), *panel().factors[1:]), panel().values))
