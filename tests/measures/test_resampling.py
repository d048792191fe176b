"""Bootstraps: errors that are known otherwise, days that stay together, runs that wrap."""

from __future__ import annotations

import numpy as np
import pytest

from seawall.errors import InputError
from seawall.measures.resampling import block_bootstrap, block_indices, bootstrap_measure
from seawall.measures.sampling import Sampling
from seawall.measures.tail import estimate_expected_shortfall, expected_shortfall


def test_the_error_of_a_mean_is_its_deviation_over_the_root_of_days() -> None:
    sample = np.random.default_rng(1).standard_normal(400)
    found = block_bootstrap(sample, np.mean, seed=2, draws=4_000)
    # 4,000 replicates know a deviation to 1.1 %.
    assert found.standard_error == pytest.approx(sample.std() / 20, rel=0.05)
    assert found.interval == pytest.approx(sample.mean() + np.array([-1.96, 1.96]) * sample.std() / 20, abs=0.01)


def test_runs_of_days_keep_what_neighbours_share() -> None:
    noise = np.random.default_rng(3).standard_normal(20_009)
    moving = np.convolve(noise, np.ones(10), mode="valid")
    alone, runs = (float(block_bootstrap(moving, np.mean, seed=4, block=b).standard_error) for b in (1, 100))
    # A mean of sums of ten: its error is sqrt(10) times that of independent days. 200 runs know it to 5 %, and miss 3.
    assert runs / alone == pytest.approx(10**0.5, rel=0.15)


def test_accounts_of_one_day_are_drawn_together() -> None:
    day = np.arange(50.0)
    found = block_bootstrap(np.column_stack([day, -day]), lambda panel: panel.sum(), seed=5)
    assert float(np.abs(found.replicates).max()) == 0


def test_every_day_is_drawn_alike_and_runs_wrap_around_the_end() -> None:
    rows = block_indices(20, 7, 6_000, 6)
    assert rows.shape == (6_000, 20)
    share = np.bincount(rows.ravel(), minlength=20) / rows.size
    assert share == pytest.approx(np.full(20, 0.05), rel=0.05)
    inside = np.diff(rows[:, :7], axis=1) % 20
    assert (inside == 1).all()
    assert (np.diff(rows[:, :7], axis=1) < 0).any()
    with pytest.raises(InputError, match="1 to 20"):
        block_indices(20, 21, 1, 1)


def test_the_error_of_shortfall_agrees_with_its_asymptotic_one_twins_included() -> None:
    rng = np.random.default_rng(7)
    half = rng.standard_normal(1500)
    pnl, twins = np.append(half, 0.5 * half), Sampling(np.ones(3000), np.arange(3000) % 1500)
    for sampling in (Sampling(np.ones(3000), np.arange(3000)), twins, Sampling(rng.random(3000), np.arange(3000))):
        found = bootstrap_measure(pnl, lambda x, w: expected_shortfall(x, 0.95, weights=w), seed=8, sampling=sampling,
                                  draws=800)
        stated = estimate_expected_shortfall(pnl, 0.95, sampling=sampling).standard_error
        assert found.standard_error == pytest.approx(float(stated or 0), rel=0.12)


def test_many_statistics_come_at_once_and_a_seed_gives_the_same_draws() -> None:
    panel = np.random.default_rng(9).standard_normal((100, 3))
    one, two = (block_bootstrap(panel, lambda p: p.mean(axis=0), seed=10, draws=50) for _ in range(2))
    assert one.interval.shape == (2, 3)
    assert (one.replicates == two.replicates).all()
