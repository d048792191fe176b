"""Covariances against published numbers, obvious loops, and what must always hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import InputError
from seawall.kernels.covariance import (
    asynchronous_covariance,
    conditional_mean,
    decay_weights,
    effective_size,
    ewma_covariance,
    hayashi_yoshida,
    lagged_covariance,
    mahalanobis,
    pairwise_covariance,
    sample_covariance,
)

SEEDS = st.integers(0, 2**32 - 1)


def moves_of(seed: int, rows: int = 40, columns: int = 4) -> np.ndarray:
    """Moves that share a factor, with columns of very different size."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(rows, columns)) + rng.normal(size=(rows, 1))) * 10.0 ** rng.uniform(-3, 1, columns)


def overlapping_products(ta: np.ndarray, pa: np.ndarray, tb: np.ndarray, pb: np.ndarray) -> float:
    """The estimator as its paper writes it: every pair of intervals, whether they overlap."""
    total = 0.0
    for i in range(len(ta) - 1):
        for j in range(len(tb) - 1):
            if max(ta[i], tb[j]) < min(ta[i + 1], tb[j + 1]):
                total += (pa[i + 1] - pa[i]) * (pb[j + 1] - pb[j])
    return total


def test_the_decayed_covariance_is_the_published_one(vectors: Path) -> None:
    case = json.loads((vectors / "tradfi" / "covariance_estimators.json").read_text())
    found = ewma_covariance(np.array(case["inputs"]["X"]), case["inputs"]["ewma_lambda"])
    assert np.abs(found - case["expected"]["ewma_zero_mean_normalised_weights"]).max() <= case["tolerance"]


def test_a_decay_of_point_ninety_four_is_worth_thirty_two_rows() -> None:
    # (1 + d) / (1 - d) in the limit of a long history.
    assert effective_size(decay_weights(5000, 0.94)) == pytest.approx(1.94 / 0.06, rel=1e-12)
    assert effective_size(decay_weights(50, 1.0)) == pytest.approx(50.0, rel=1e-13)


@pytest.mark.parametrize("decay", [0.0, -0.1, 1.01, float("nan")])
def test_a_decay_outside_zero_to_one_is_refused(decay: float) -> None:
    with pytest.raises(InputError, match="decay"):
        decay_weights(10, decay)


@given(SEEDS)
def test_without_gaps_pairs_and_rows_agree_with_numpy(seed: int) -> None:
    moves = moves_of(seed)
    pairs, counts = pairwise_covariance(moves)
    wanted = np.cov(moves.T)
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    # Two sums of forty products in another order: a few units in the last place of the scale.
    assert (np.abs(pairs - wanted) <= 1e-13 * scale * 40).all()
    assert (np.abs(sample_covariance(moves) - wanted) <= 1e-13 * scale * 40).all()
    assert (counts == 40).all()


@given(SEEDS)
def test_with_gaps_each_pair_uses_just_the_rows_that_both_have(seed: int) -> None:
    rng = np.random.default_rng(seed)
    moves = moves_of(seed)
    moves[rng.random(moves.shape) < 0.3] = np.nan
    found, effective = pairwise_covariance(moves)
    weights = decay_weights(len(moves), 0.9)
    decayed, decayed_effective = pairwise_covariance(moves, weights)
    for a in range(4):
        for b in range(4):
            both = np.isfinite(moves[:, a]) & np.isfinite(moves[:, b])
            x, y, w = moves[both, a], moves[both, b], weights[both]
            size = np.sqrt((x**2).mean() * (y**2).mean())
            assert found[a, b] == pytest.approx(np.cov(x, y)[0, 1], rel=1e-9, abs=1e-11 * size)
            assert decayed[a, b] == pytest.approx(float((w * x * y).sum() / w.sum()), rel=1e-9, abs=1e-11 * size)
            assert effective[a, b] == pytest.approx(both.sum())
            assert decayed_effective[a, b] == pytest.approx(w.sum() ** 2 / (w**2).sum())


def test_a_pair_never_seen_together_has_no_covariance() -> None:
    moves = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 1.0], [np.nan, 4.0]])
    found, effective = pairwise_covariance(moves)
    assert np.isnan(found[0, 1])
    assert effective[0, 1] == 0.0
    assert found[0, 0] == pytest.approx(0.5)


def test_overlapping_moves_give_the_published_asynchronous_covariance(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "hayashi_yoshida.json").read_text())
    found = hayashi_yoshida(*(np.array(case["inputs"][name]) for name in ("t1", "p1", "t2", "p2")))
    assert abs(found - case["expected"]["HY_cov"]) <= case["tolerance"]


@given(SEEDS, st.integers(2, 30), st.integers(2, 30), st.booleans())
def test_the_asynchronous_covariance_is_the_sum_over_overlapping_pairs(seed: int, a: int, b: int, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    # Whole times make ends meet, where overlap begins and stops; early and late series leave parts uncovered.
    span = np.arange(60.0) if whole else np.sort(rng.uniform(0, 60, 60))
    ta, tb = (np.sort(rng.choice(span, n, replace=False)) for n in (a, b))
    pa, pb = rng.normal(size=a).cumsum(), rng.normal(size=b).cumsum()
    wanted = overlapping_products(ta, pa, tb, pb)
    rounding = 1e-11 * (1 + np.abs(pa).max() * np.abs(pb).max())
    assert hayashi_yoshida(ta, pa, tb, pb) == pytest.approx(wanted, abs=rounding)
    assert hayashi_yoshida(tb, pb, ta, pa) == pytest.approx(wanted, abs=rounding)


def test_asynchronous_sampling_hides_no_correlation_from_overlapping_moves() -> None:
    rng = np.random.default_rng(5)
    rows = 40_000
    both = rng.normal(size=(rows, 2)) @ np.linalg.cholesky(np.array([[1.0, 0.8], [0.8, 1.0]])).T
    levels = both.cumsum(axis=0)
    levels[rng.random((rows, 2)) < 0.6] = np.nan
    levels[0] = 0.0
    found = asynchronous_covariance(np.arange(float(rows)), levels) / rows
    # Standard error of a covariance of about 16,000 irregular moves each is near 0.015.
    assert found[0, 1] == pytest.approx(0.8, abs=0.05)
    assert np.diag(found) == pytest.approx([1.0, 1.0], abs=0.06)
    last = levels.copy()
    for t in range(1, rows):
        last[t] = np.where(np.isnan(last[t]), last[t - 1], last[t])
    # The grid with the last level carried on, which people use instead, loses much of it.
    assert np.cov(np.diff(last, axis=0).T)[0, 1] < 0.6


def test_lags_recover_the_covariance_of_markets_that_close_apart() -> None:
    rng = np.random.default_rng(2)
    hours = rng.normal(size=(60_000, 2)) @ np.linalg.cholesky(np.array([[1.0, 0.9], [0.9, 1.0]])).T
    early, late = hours[:, 0].cumsum()[23::24], hours[:, 1].cumsum()[11::24][: 60_000 // 24]
    moves = np.column_stack([np.diff(early), np.diff(late)])
    same_day = sample_covariance(moves)[0, 1] / 24
    summed = lagged_covariance(moves, 1)[0, 1] / 24
    # Half of each day overlaps, so the same day sees 0.45; standard error of either about 0.035.
    assert same_day == pytest.approx(0.45, abs=0.1)
    assert summed == pytest.approx(0.9, abs=0.12)


@given(SEEDS, st.integers(1, 6))
def test_bartlett_weights_keep_the_lagged_covariance_semidefinite(seed: int, lags: int) -> None:
    moves = moves_of(seed, rows=12)
    found = lagged_covariance(moves, lags, bartlett=True)
    assert np.linalg.eigvalsh(found)[0] >= -1e-12 * np.trace(found)
    assert np.array_equal(found, found.T)


def test_the_whole_sum_of_lags_is_the_obvious_loop() -> None:
    moves = moves_of(3, rows=15)
    held = moves - moves.mean(axis=0)
    wanted = np.zeros((4, 4))
    for t in range(15):
        for s in (t - 1, t, t + 1):
            if 0 <= s < 15:
                wanted += np.outer(held[t], held[s]) / 15
    assert np.allclose(lagged_covariance(moves, 1), wanted, rtol=1e-12, atol=1e-15)
    with pytest.raises(InputError, match="between 0 and 14"):
        lagged_covariance(moves, 15)


def test_unstressed_factors_follow_at_their_conditional_mean(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "conditional_stress.json").read_text())
    covariance = np.array(case["inputs"]["Sigma"])
    found = conditional_mean(covariance, np.array([0]), np.array([case["inputs"]["r1"]]))
    assert np.abs(found - case["expected"]["r"]).max() <= case["tolerance"]
    assert abs(mahalanobis(covariance, found) - case["expected"]["maha"]) <= case["tolerance"]


@given(SEEDS)
def test_no_completion_is_more_plausible_than_the_conditional_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    covariance = sample_covariance(rng.normal(size=(30, 5)))
    known, moves = np.array([3, 1]), rng.normal(size=2)
    found = conditional_mean(covariance, known, moves)
    other = found + rng.normal(size=5)
    other[known] = moves
    assert mahalanobis(covariance, found) <= mahalanobis(covariance, other) + 1e-12
    alone = mahalanobis(covariance[np.ix_(known, known)], moves)
    assert mahalanobis(covariance, found) == pytest.approx(alone, rel=1e-9)
