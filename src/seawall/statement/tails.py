"""How bad can the total be? One row a rule and confidence, and the distribution behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.errors import TailTooThin
from seawall.measures.sampling import Sampling, sampling_of
from seawall.measures.tail import Estimate, estimate_expected_shortfall, estimate_value_at_risk
from seawall.model.arrays import Floats
from seawall.model.policy import Policy
from seawall.model.report import Histogram, Number, TailRow
from seawall.model.results import Held
from seawall.statement.numbers import known, rounded

BINS = 80


def tail_rows(total: Held, source: str, equity: Number, policy: Policy) -> tuple[TailRow, ...]:
    """Each confidence of the policy; total: held by nothing. A tail too thin for a confidence gives None there."""
    sampling = sampling_of(total.rule)
    levels = sorted({*policy.confidence, policy.shortfall_confidence, policy.risk_confidence})
    return tuple(
        _row(total, source, equity, quantile=policy.quantile, confidence=level, sampling=sampling) for level in levels
    )


def histogram(total: Held) -> Histogram:
    """Distribution of the total's P&L under its rule."""
    pnl, weights = total.pnl[0], total.weights / total.weights.sum()
    low, high = float(pnl.min()), float(pnl.max())
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    shares, _ = np.histogram(pnl, edges, weights=weights)
    mean = float(pnl @ weights)
    return Histogram(total.rule.name, rounded(edges), rounded(shares), mean,
                     float(np.sqrt(weights @ (pnl - mean) ** 2)), float(weights[pnl < 0].sum()), high, low)


def shortfall_of(rows: Sequence[TailRow], rule: str, confidence: float) -> Number:
    """The ES of one rule at one confidence among the rows."""
    return next((r.expected_shortfall for r in rows if (r.scenarios, r.confidence) == (rule, confidence)), None)


def _row(
    total: Held, source: str, equity: Number, *, quantile: str, confidence: float, sampling: Sampling
) -> TailRow:
    rule, pnl = total.rule, np.asarray(total.pnl[0])
    risk, shortfall = _estimates(pnl, quantile, confidence, sampling)
    share = shortfall.value / equity if shortfall and equity and equity > 0 else None
    return TailRow(
        rule.name, source, len(rule), rule.horizon_days, confidence, known(risk.value) if risk else None,
        _interval(risk), known(shortfall.value) if shortfall else None,
        known(shortfall.standard_error) if shortfall else None, known(share), quantile, bool(total.partial[0]),
    )


def _estimates(
    pnl: Floats, quantile: str, confidence: float, sampling: Sampling
) -> tuple[Estimate, Estimate] | tuple[None, None]:
    try:
        return (estimate_value_at_risk(pnl, confidence, sampling=sampling, quantile=quantile),
                estimate_expected_shortfall(pnl, confidence, sampling=sampling))
    except TailTooThin:
        return None, None


def _interval(estimate: Estimate | None) -> tuple[float, float] | None:
    if estimate is None or not np.isfinite(estimate.interval).all():
        return None
    return (float(estimate.interval[0]), float(estimate.interval[1]))
