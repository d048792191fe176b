"""Shrunk covariances of many factors, against scikit-learn's linear shrinkage: `python -m benchmarks.covariance`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.covariance import ledoit_wolf as other_ledoit_wolf
from threadpoolctl import threadpool_limits

from benchmarks.timing import best_seconds, show
from seawall.kernels.copula import kendall_tau
from seawall.kernels.correlation import as_correlation, nearest_correlation
from seawall.kernels.correlation_dcc import joint_log_likelihood, pairs_log_likelihood
from seawall.kernels.covariance import sample_covariance
from seawall.kernels.garch import Recursion, filtered_variance
from seawall.kernels.shrinkage import ledoit_wolf, quadratic_inverse

FACTORS, ROWS = 500, 750
FEW = 20


def run() -> None:
    """Prints one line for each estimator, on one thread."""
    rng = np.random.default_rng(1)
    moves = rng.normal(size=(ROWS, FACTORS)) + rng.normal(size=(ROWS, 1))
    short = moves[: FACTORS // 2]
    target = as_correlation(quadratic_inverse(sample_covariance(moves), ROWS - 1))[0]
    few, core = moves[:, :FEW] / moves[:, :FEW].std(axis=0), target[:FEW, :FEW].copy()
    broken = np.clip(target + rng.normal(0, 0.1, target.shape), -1, 1)[:100, :100]
    broken = (broken + broken.T) / 2
    np.fill_diagonal(broken, 1.0)
    steps: list[tuple[str, Callable[[], object]]] = [
        (f"scikit-learn ledoit_wolf, {ROWS} rows, {FACTORS} factors", lambda: other_ledoit_wolf(moves)),
        ("ledoit_wolf", lambda: ledoit_wolf(moves)),
        ("quadratic_inverse", lambda: quadratic_inverse(sample_covariance(moves), ROWS - 1)),
        (f"quadratic_inverse, {len(short)} rows", lambda: quadratic_inverse(sample_covariance(short), len(short) - 1)),
        ("kendall_tau", lambda: kendall_tau(moves)),
        ("nearest_correlation of 100 factors", lambda: nearest_correlation(broken)),
        ("dynamic correlation by pairs, one likelihood", lambda: pairs_log_likelihood(moves, target, 0.03, 0.95)),
        (f"dynamic correlation of {FEW}, one likelihood", lambda: joint_log_likelihood(few, core, 0.03, 0.95)),
        ("volatility filter, one factor",
         lambda: filtered_variance(moves[:, 0], Recursion(0.02, 0.05, 0.05, 0.9), 1.0)),
    ]
    with threadpool_limits(1):
        taken = [(name, best_seconds(step, repeats=3)) for name, step in steps]
    show("Covariance, one thread", ("estimator", "milliseconds", "times scikit-learn"),
         [(name, f"{1e3 * seconds:.3f}", f"{seconds / taken[0][1]:.3f}") for name, seconds in taken])


if __name__ == "__main__":
    run()
