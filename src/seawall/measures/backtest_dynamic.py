"""Can exceptions be foreseen from yesterday's exceptions or from today's forecast? The dynamic quantile test."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from seawall.errors import InputError, ShapeMismatch
from seawall.measures.backtest import Backtest
from seawall.model.arrays import Bools, Floats

LAGS = 4


def dynamic_quantile(hits: Bools, value_at_risk: Floats, confidence: float, *, lags: int = LAGS) -> Backtest:
    """Regression of exceptions, less their chance, on a constant, their own lags and the forecast; chi-squared.

    hits, value_at_risk (T,). Degrees: the rank of the regressors, lags + 2 unless the forecast is constant or lags
    hold no exception. Few exceptions reject too often: see ``backtest_power.simulated_p_value``.
    Source: Engle and Manganelli (2004), CAViaR, section 5: the out-of-sample test.
    """
    if hits.shape != value_at_risk.shape or hits.ndim != 1 or len(hits) < 2 * lags + 4:
        raise ShapeMismatch("exceptions and forecasts", found=(hits.shape, value_at_risk.shape),
                            wanted=f"one row of at least {2 * lags + 4} days each")
    if not 0 < confidence < 1 or not np.isfinite(value_at_risk).all():
        raise InputError("confidence, or a forecast that is not a number", found=confidence, wanted="0.99, finite")
    tail = 1 - confidence
    excess = hits.astype(np.float64) - tail
    size = max(float(np.abs(value_at_risk).max()), np.finfo(float).tiny)
    past = [excess[lags - n : len(excess) - n] for n in range(1, lags + 1)]
    regressors = np.column_stack([np.ones(len(excess) - lags), *past, value_at_risk[lags:] / size])
    ratio, rank = _explained(regressors, excess[lags:])
    statistic = ratio / (tail * (1 - tail))
    return Backtest("dynamic quantile", statistic, float(chi2.sf(statistic, rank)), len(regressors),
                    f"exceptions have probability {tail:.4g} given {lags} days of exceptions and the forecast")


def _explained(regressors: Floats, excess: Floats) -> tuple[float, int]:
    """Squared length of the projection of the exceptions onto the regressors, and how many of these differ."""
    left, singular, _ = np.linalg.svd(regressors, full_matrices=False)
    kept = singular > singular[0] * len(regressors) * np.finfo(float).eps
    return float(((left[:, kept].T @ excess) ** 2).sum()), int(kept.sum())
