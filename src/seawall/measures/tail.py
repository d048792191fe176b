"""How much in the tail? Value at risk and expected shortfall, with their errors and their parts.

pnl: (..., S), currency, gain > 0. Results are losses > 0. confidence: 0.99, not 0.01. weights: (S,), probabilities
up to a factor, alike if not given. All raise TailTooThin if fewer than one scenario lies in the tail.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy.stats import binom

from seawall.errors import InputError, TailTooThin
from seawall.model.arrays import Floats

QUANTILE_RULES: Final = {
    "in_tail": "mildest loss that still lies in the tail: the 5th worst of 100 at 95 %",
    "beyond_tail": "worst loss outside the tail: the 6th worst of 100 at 95 %, the empirical inverse",
    "linear": "linear between order statistics, as NumPy's default",
}


class Estimate(NamedTuple):
    """A number with its standard error and an interval; all in the measure's unit."""

    value: float
    standard_error: float
    interval: tuple[float, float]


def tail_mass(scenarios: int, confidence: float) -> float:
    """How many of so many equally likely scenarios lie in the tail, not always a whole number."""
    if not 0 < confidence < 1:
        raise InputError("confidence", found=confidence, wanted="between 0 and 1, such as 0.99")
    mass = round(scenarios * (1 - confidence), 9)  # 100 * (1 - .95) is not 5 in binary
    if mass < 1:
        raise TailTooThin(scenarios=scenarios, confidence=confidence)
    return mass


def value_at_risk(pnl: Floats, confidence: float, *, quantile: str = "in_tail") -> Floats:
    """The loss that is exceeded with probability 1 - confidence, (...,), by a named quantile rule.

    Raises InputError for an unknown rule.
    """
    mass = tail_mass(pnl.shape[-1], confidence)
    if quantile == "linear":
        return np.asarray(-np.quantile(pnl, 1 - confidence, axis=-1))
    if quantile not in QUANTILE_RULES:
        raise InputError("quantile rule", found=quantile, wanted=", ".join(QUANTILE_RULES))
    place = int(np.ceil(mass)) - 1 if quantile == "in_tail" else int(mass)
    place = min(place, pnl.shape[-1] - 1)
    return np.asarray(-np.partition(pnl, place, axis=-1)[..., place])


def expected_shortfall(pnl: Floats, confidence: float) -> Floats:
    """Mean loss in the worst 1 - confidence of equally likely scenarios, (...,).

    The edge scenario counts by the share of it that lies in the tail (Rockafellar and Uryasev 2002).
    Source: Acerbi and Tasche (2002), On the coherence of expected shortfall.
    """
    mass = tail_mass(pnl.shape[-1], confidence)
    whole = int(mass)
    edge = min(whole, pnl.shape[-1] - 1)
    ranked = np.partition(pnl, edge, axis=-1)
    tail = ranked[..., :whole].sum(-1) + (mass - whole) * ranked[..., edge]
    return np.asarray(-tail / mass)


def tail_weights(pnl: Floats, confidence: float, weights: Floats | None = None) -> Floats:
    """(S,) share of each scenario in the expected shortfall of one P&L vector; they sum to one.

    Ties go by the order of scenarios.
    """
    tail_mass(pnl.shape[-1], confidence)
    probability = np.full(pnl.shape, 1.0 / len(pnl)) if weights is None else weights / weights.sum()
    order = np.argsort(pnl, kind="stable")
    tail = round(1 - confidence, 12)
    before = np.concatenate([[0.0], np.cumsum(probability[order])[:-1]])
    taken = np.clip(tail - before, 0.0, probability[order])
    taken[taken < 1e-15] = 0.0  # what rounding of the running sum leaves at the edge
    out = np.zeros_like(pnl)
    out[order] = taken / taken.sum()
    return out


def component_expected_shortfall(parts: Floats, confidence: float, weights: Floats | None = None) -> Floats:
    """(N,) what each row of parts (N,S) contributes to the shortfall of their sum; they add up to it.

    Source: Tasche (2000), Risk contributions and performance measurement: Euler allocation.
    """
    return -(parts @ tail_weights(parts.sum(axis=0), confidence, weights))


def estimate_expected_shortfall(pnl: Floats, confidence: float) -> Estimate:
    """Shortfall of one vector (S,) of independent draws, with its asymptotic standard error and 95 % interval.

    Source: Chen (2008), Nonparametric estimation of expected shortfall.
    """
    mass = tail_mass(len(pnl), confidence)
    shortfall = float(expected_shortfall(pnl, confidence))
    threshold = float(value_at_risk(pnl, confidence))
    tail = -pnl[-pnl >= threshold]
    spread = float(np.var(tail)) + confidence * (shortfall - threshold) ** 2
    error = float(np.sqrt(spread / mass))
    return Estimate(shortfall, error, (shortfall - 1.96 * error, shortfall + 1.96 * error))


def estimate_value_at_risk(pnl: Floats, confidence: float, *, coverage: float = 0.95) -> Estimate:
    """VaR of one vector (S,) with the order-statistic interval that covers it with at least ``coverage``.

    The standard error is the half-width over 1.96: free of any density estimate.
    Source: David and Nagaraja (2003), Order Statistics, section 7.1.
    """
    scenarios = len(pnl)
    tail_mass(scenarios, confidence)
    low, high = order_statistic_ranks(scenarios, confidence, coverage)
    losses = np.sort(-pnl)
    interval = (float(losses[low - 1]), float(losses[high - 1]))
    half = (interval[1] - interval[0]) / 2
    return Estimate(float(value_at_risk(pnl, confidence)), half / 1.96, interval)


def order_statistic_ranks(scenarios: int, confidence: float, coverage: float) -> tuple[int, int]:
    """1-based ranks of ascending losses whose interval covers the quantile with at least ``coverage``."""
    outside = (1 - coverage) / 2
    low = int(binom.ppf(outside, scenarios, confidence))
    high = int(binom.ppf(1 - outside, scenarios, confidence)) + 1
    return max(low, 1), min(high, scenarios)
