"""How much in the tail? Value at risk and expected shortfall, with their errors and their parts.

pnl: (..., S), currency, gain > 0. Results are losses > 0. confidence: 0.99, not 0.01. weights: (S,), probabilities
up to a factor, alike if not given. All raise TailTooThin if fewer than one scenario lies in the tail, and InputError
for a P&L that is not a number.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy.stats import binom

from seawall.errors import InputError, ShapeMismatch, TailTooThin
from seawall.measures.sampling import Sampling, independent
from seawall.model.arrays import Floats

QUANTILE_RULES: Final = {
    "in_tail": "mildest loss that still lies in the tail: the 5th worst of 100 at 95 %",
    "beyond_tail": "worst loss outside the tail: the 6th worst of 100 at 95 %, the empirical inverse",
    "linear": "linear between order statistics, as NumPy's default",
}
# Running sums of probabilities are off by some roundings of 1; a scenario weighs more than that or nothing.
SLACK = 1e-12
DEVIATIONS = 1.959963984540054  # of a normal, for 95 %


class Estimate(NamedTuple):
    """A number with its sampling error, all in the measure's unit.

    standard_error: None where fewer than two independent draws lie in the tail: nothing to judge it by.
    interval: covers the true number with probability ``coverage``; of a short sample less than the 95 % aimed at.
    """

    value: float
    standard_error: float | None
    interval: tuple[float, float]
    coverage: float = 0.95


def tail_mass(scenarios: int, confidence: float) -> float:
    """How many of so many equally likely scenarios lie in the tail, not always a whole number."""
    _refuse_confidence(confidence)
    mass = round(scenarios * (1 - confidence), 9)  # 100 * (1 - .95) is not 5 in binary
    if mass < 1:
        raise TailTooThin(scenarios=scenarios, confidence=confidence)
    return mass


def value_at_risk(
    pnl: Floats, confidence: float, *, weights: Floats | None = None, quantile: str = "in_tail"
) -> Floats:
    """The loss that is exceeded with probability 1 - confidence, (...,), by a named quantile rule.

    Raises InputError for an unknown rule.
    """
    pnl = np.asarray(pnl, dtype=np.float64)
    if quantile not in QUANTILE_RULES:
        raise InputError("quantile rule", found=quantile, wanted=", ".join(QUANTILE_RULES))
    probability = _probability(pnl, weights)
    if probability is not None:
        return _weighted_quantile(pnl, confidence, probability, quantile)
    mass = tail_mass(pnl.shape[-1], confidence)
    if quantile == "linear":
        return np.asarray(-np.quantile(pnl, 1 - confidence, axis=-1))
    place = int(np.ceil(mass)) - 1 if quantile == "in_tail" else int(mass)
    place = min(place, pnl.shape[-1] - 1)
    return np.asarray(-np.partition(pnl, place, axis=-1)[..., place])


def expected_shortfall(pnl: Floats, confidence: float, *, weights: Floats | None = None) -> Floats:
    """Mean loss in the worst 1 - confidence of probability, (...,).

    The edge scenario counts by the share of it that lies in the tail (Rockafellar and Uryasev 2002).
    Source: Acerbi and Tasche (2002), On the coherence of expected shortfall.
    """
    pnl = np.asarray(pnl, dtype=np.float64)
    probability = _probability(pnl, weights)
    if probability is not None:
        ranked, taken = _tail(pnl, confidence, probability)[:2]
        return np.asarray(-(ranked * taken).sum(axis=-1) / taken.sum(axis=-1))
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
    probability = _probability(pnl, weights)
    if probability is None:
        tail_mass(pnl.shape[-1], confidence)
        probability = np.full(pnl.shape[-1], 1.0 / pnl.shape[-1])
    _, taken, order = _tail(pnl, confidence, probability)
    out = np.zeros_like(pnl)
    out[order] = taken / taken.sum()
    return out


def component_expected_shortfall(parts: Floats, confidence: float, weights: Floats | None = None) -> Floats:
    """(N,) what each row of parts (N,S) contributes to the shortfall of their sum; they add up to it.

    Source: Tasche (2000), Risk contributions and performance measurement: Euler allocation.
    """
    return -(parts @ tail_weights(parts.sum(axis=0), confidence, weights))


def estimate_expected_shortfall(pnl: Floats, confidence: float, *, sampling: Sampling | None = None) -> Estimate:
    """Shortfall of one vector (S,), with its asymptotic standard error and 95 % interval.

    The error is that of the influence (loss - VaR)+ / (1 - confidence) + VaR - ES, weighted, summed over what was drawn
    together: of equal independent draws sqrt((Var of tail losses + confidence (ES - VaR)^2) / tail draws).
    Source: Chen (2008), Nonparametric estimation of expected shortfall.
    """
    drawn = independent(len(pnl)) if sampling is None else sampling
    share = tail_weights(pnl, confidence, drawn.weights)
    shortfall = float(expected_shortfall(pnl, confidence, weights=drawn.weights))
    edge = value_at_risk(pnl, confidence, weights=drawn.weights)
    (error,) = tail_mean_errors(-pnl[None, :], np.array([edge]), share, drawn)
    known = float(error) if np.isfinite(error) else None
    half = DEVIATIONS * float(error) if known is not None else 0.0
    return Estimate(shortfall, known, (shortfall - half, shortfall + half), 0.95 if known is not None else 0.0)


def tail_mean_errors(losses: Floats, edge: Floats, share: Floats, sampling: Sampling) -> Floats:
    """(N,) standard errors of losses (N,S) averaged over a tail; NaN if fewer than two draws lie in it.

    edge (N,): each row's mean loss where the tail begins, which moves as the tail's own edge is estimated.
    share (S,): what of the tail each scenario is; see ``tail_weights``.
    """
    inside = np.flatnonzero(share > 0)
    draws, place = np.unique(sampling.cluster[inside], return_inverse=True)
    if len(draws) < 2:
        return np.full(len(losses), np.nan)
    probability = sampling.weights / sampling.weights.sum()
    together = np.bincount(sampling.cluster, probability)
    excess = np.zeros((len(losses), len(draws)))
    for column, draw in enumerate(place):
        excess[:, draw] += share[inside[column]] * (losses[:, inside[column]] - edge)
    rest = edge - losses[:, inside] @ share[inside]
    variance = (excess**2).sum(axis=1) + 2 * rest * (excess @ together[draws]) + rest**2 * (together**2).sum()
    return np.asarray(np.sqrt(np.maximum(variance, 0.0) * sampling.overlap))


def estimate_value_at_risk(
    pnl: Floats, confidence: float, *, sampling: Sampling | None = None, quantile: str = "in_tail",
    coverage: float = 0.95,
) -> Estimate:
    """VaR of one vector (S,) with the order-statistic interval that covers it with at least ``coverage``.

    The standard error is the interval's half-width over the normal's: free of any density estimate. Unequal weights,
    draws made together and overlapping windows count as the fewer independent ones that know the tail's share as well.
    Where the sample is too short for an upper end, the interval ends at the worst loss and says what it covers.
    Source: David and Nagaraja (2003), Order Statistics, section 7.1.
    """
    drawn = independent(len(pnl)) if sampling is None else sampling
    value = float(value_at_risk(pnl, confidence, weights=drawn.weights, quantile=quantile))
    size = drawn.effective_size(-pnl >= value, confidence)
    low, high = order_statistic_ranks(size, confidence, coverage)
    reached = float(binom.cdf(high - 1, size, confidence) - binom.cdf(low - 1, size, confidence))
    interval = (_loss_at(pnl, drawn, low / size), _loss_at(pnl, drawn, high / size))
    known = high < size and size * (1 - confidence) >= 2
    error = (interval[1] - interval[0]) / (2 * DEVIATIONS) if known else None
    return Estimate(value, error, interval, reached)


def order_statistic_ranks(scenarios: int, confidence: float, coverage: float) -> tuple[int, int]:
    """1-based ranks of ascending losses whose interval covers the quantile with at least ``coverage``."""
    outside = (1 - coverage) / 2
    low = int(binom.ppf(outside, scenarios, confidence))
    high = int(binom.ppf(1 - outside, scenarios, confidence)) + 1
    return max(low, 1), min(high, scenarios)


def _loss_at(pnl: Floats, sampling: Sampling, level: float) -> float:
    """Smallest loss below or at which at least ``level`` of probability lies."""
    order = np.argsort(-pnl, kind="stable")
    reached = np.cumsum(sampling.weights[order]) / sampling.weights.sum()
    return float(-pnl[order[min(int(np.searchsorted(reached, level - SLACK)), len(pnl) - 1)]])


def _refuse_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise InputError("confidence", found=confidence, wanted="between 0 and 1, such as 0.99")


def _probability(pnl: Floats, weights: Floats | None) -> Floats | None:
    """(S,) probabilities, or None where all are alike; refuses P&L that is not a number."""
    if not np.isfinite(pnl).all():
        raise InputError("P&L is not a number", found=f"{int((~np.isfinite(pnl)).sum())} of {pnl.size} values",
                         wanted="finite numbers", remedy="leave out what could not be valued, and say so")
    if weights is None:
        return None
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != pnl.shape[-1:]:
        raise ShapeMismatch("weights of scenarios", found=weights.shape, wanted=pnl.shape[-1:])
    if not (np.isfinite(weights) & (weights >= 0)).all() or not weights.sum() > 0:
        raise InputError("weights of scenarios", found=float(np.min(weights, initial=0.0)),
                         wanted="finite numbers, none negative, some positive")
    if (weights == weights[0]).all():
        return None
    return np.asarray(weights / weights.sum())


def _tail(pnl: Floats, confidence: float, probability: Floats) -> tuple[Floats, Floats, np.ndarray]:
    """P&L from the worst (..., S), how much probability of each lies in the tail, and the order."""
    _refuse_confidence(confidence)
    order = np.argsort(pnl, axis=-1, kind="stable")
    sorted_probability = probability[order]
    tail = round(1 - confidence, 12)
    before = np.cumsum(sorted_probability, axis=-1) - sorted_probability
    taken = np.clip(tail - before, 0.0, sorted_probability)
    taken[taken < SLACK * sorted_probability] = 0.0  # what rounding of the running sum leaves at the edge
    worst = np.take_along_axis(sorted_probability, np.argmax(sorted_probability > 0, axis=-1, keepdims=True), -1)
    if (worst > tail + SLACK).any():
        raise TailTooThin(scenarios=int(1 / float(worst.max())), confidence=confidence)
    return np.take_along_axis(pnl, order, -1), taken, order


def _weighted_quantile(pnl: Floats, confidence: float, probability: Floats, quantile: str) -> Floats:
    ranked, _, order = _tail(pnl, confidence, probability)
    weight = probability[order]
    reached, tail = np.cumsum(weight, axis=-1), round(1 - confidence, 12)
    if quantile == "linear":
        rows = zip(ranked.reshape(-1, ranked.shape[-1]), weight.reshape(-1, weight.shape[-1]), strict=True)
        return -np.array([_linear(row, w, tail) for row, w in rows]).reshape(pnl.shape[:-1])
    inside = reached >= tail - SLACK if quantile == "in_tail" else reached > tail + SLACK
    place = np.where(inside.any(axis=-1), np.argmax(inside, axis=-1), pnl.shape[-1] - 1)
    return np.asarray(-np.take_along_axis(ranked, place[..., None], -1)[..., 0])


def _linear(ranked: Floats, weight: Floats, tail: float) -> float:
    """NumPy's rule with probabilities in place of counts: the worst at 0, the best at 1."""
    kept = weight > 0
    weight, ranked = weight[kept], ranked[kept]
    start = np.cumsum(weight) - weight
    return float(np.interp(tail, start / start[-1], ranked)) if len(weight) > 1 else float(ranked[0])
