"""What does one more unit add, and what would leave with a part? Marginal, incremental and component value at risk.

Three questions that are often mixed up:

- component: a part's share in the total, adding up to it (``allocation.allocate`` for shortfall; here, value at risk);
- marginal: the derivative of the total per unit of an instrument; units times it are the components;
- incremental: the total less what it would be without the part; these do not add up.

pnl gain > 0; results are losses > 0 in the reporting currency.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from seawall.cube import hold
from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.kernels.quantile import ascending, beta_shares
from seawall.measures.horizon import shortfall_influence
from seawall.measures.sampling import Sampling, sampling_of
from seawall.measures.smoothed import harrell_davis_value_at_risk
from seawall.measures.tail import (
    estimate_value_at_risk,
    expected_shortfall,
    tail_mean_errors,
    tail_weights,
    value_at_risk,
)
from seawall.model.arrays import Bools, Floats
from seawall.model.book import Book
from seawall.model.results import Cube, Held

# Probability on either side of the quantile over which losses are averaged, at most.
WINDOW = 0.005
VALUES_AT_ONCE = 4_000_000
NEARLY_NOTHING = 1e-6
ESTIMATORS: Final = ("window", "harrell_davis")


class ComponentValueAtRisk(NamedTuple):
    """Each (N,), loss > 0: mean loss of each part where the total loses its value at risk, scaled to add up to that.

    rescaling: what the means were multiplied by; far from one, the window is too wide for the tail's slope.
    draws: independent scenarios in the window, by effective number.
    """

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    confidence: float
    value_at_risk: float
    component: Floats
    standard_error: Floats
    standalone: Floats
    rescaling: float
    draws: float
    partial: Bools


class Marginal(NamedTuple):
    """(M,) change of each total per unit more of each instrument, reporting currency per contract; NaN: not valued.

    standard_error: of marginal_shortfall, NaN where fewer than two draws lie in the tail.
    """

    keys: tuple[str, ...]
    confidence: float
    marginal_shortfall: Floats
    standard_error: Floats
    marginal_value_at_risk: Floats


class Incremental(NamedTuple):
    """(N,) total less total without the part, negative where the part protects. They do not add up to the totals.

    standard_error: of the shortfall's, both totals judged on the same draws.
    """

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    confidence: float
    value_at_risk: float
    expected_shortfall: float
    incremental_value_at_risk: Floats
    incremental_shortfall: Floats
    standard_error: Floats
    partial: Bools


def component_value_at_risk(
    held: Held, confidence: float, *, sampling: Sampling | None = None, window: float = WINDOW,
    estimator: str = "window",
) -> ComponentValueAtRisk:
    """Parts of value at risk by a mean around the total's quantile, rescaled to add up.

    estimator: ``window``, Epanechnikov weights over ``window`` of probability on either side, never beyond the worst
    scenario; or ``harrell_davis``, whose beta weights need no width and at least five scenarios beyond. The error joins
    that of the shares and that of the value at risk itself. Raises ModelError where the means do not add up to a loss:
    then no share has a meaning.
    Source: Tasche (2000); Epperlein and Smillie (2006), Cracking VaR with kernels.
    """
    drawn = sampling_of(held.rule) if sampling is None else sampling
    total = held.pnl.sum(axis=0)
    estimate = estimate_value_at_risk(total, confidence, sampling=drawn)
    if estimator not in ESTIMATORS:
        raise InputError("estimator of components", found=estimator, wanted=" or ".join(ESTIMATORS))
    if estimator == "window":
        share = window_weights(total, confidence, drawn.weights, window)
    else:
        share = harrell_davis_weights(total, confidence, drawn.weights)
    means = -(held.pnl @ share)
    whole = float(means.sum())
    if whole * estimate.value <= 0 or abs(whole) < NEARLY_NOTHING * np.abs(means).sum():
        raise ModelError(f"value at risk {estimate.value:.6g} cannot be shared out: parts around it lose {whole:.6g} "
                         "together; allocate expected shortfall instead")
    scale = estimate.value / whole
    # How each scenario of the window turns the shares, the whole being held at the value at risk.
    turn = (-held.pnl - np.outer(means / whole, -total)) * share * scale
    error = _clustered(turn, drawn)
    known = np.nan if estimate.standard_error is None else estimate.standard_error
    return ComponentValueAtRisk(
        held.by, held.keys, confidence, estimate.value, means * scale,
        np.sqrt(error**2 + (means / whole * known) ** 2),
        value_at_risk(held.pnl, confidence, weights=drawn.weights), scale, 1 / float((share**2).sum()), held.partial,
    )


def window_weights(total: Floats, confidence: float, weights: Floats, window: float = WINDOW) -> Floats:
    """(S,) Epanechnikov weights of scenarios by how near in probability their total is to the quantile; sum to one."""
    if not 0 < window < 1:
        raise InputError("window of probability", found=window, wanted="between 0 and 1, such as 0.005")
    value_at_risk(total, confidence, weights=weights)
    order = np.argsort(total, kind="stable")
    chance = weights[order] / weights.sum()
    middle = np.cumsum(chance) - chance / 2
    away = (middle - (1 - confidence)) / min(window, 1 - confidence, confidence)
    near = np.maximum(1 - away**2, 0.0) * chance
    if not near.sum() > 0:
        near = np.where(np.arange(len(away)) == int(np.argmin(np.abs(away))), 1.0, 0.0)
    out = np.zeros(len(total))
    out[order] = near / near.sum()
    return out


def harrell_davis_weights(total: Floats, confidence: float, weights: Floats) -> Floats:
    """(S,) what each scenario counts in Harrell and Davis's value at risk of the total; they sum to one."""
    harrell_davis_value_at_risk(total, confidence, weights=weights)  # refuses too thin a tail
    order, reached = ascending(-total, weights)
    out = np.zeros(len(total))
    out[order] = beta_shares(reached, confidence, weights)
    return out


def marginal(units: Floats, total: Floats, confidence: float, sampling: Sampling) -> tuple[Floats, Floats, Floats]:
    """(M,) derivative of shortfall per unit, its standard error, and the derivative of value at risk.

    units (M,S): P&L of one unit of each; total (S,). A row with NaN stays NaN.
    Source: Tasche (2000): the derivative of a tail mean is the mean in that tail.
    """
    if units.shape[1] != len(total):
        raise ShapeMismatch("scenarios of units and of the total", found=units.shape[1], wanted=len(total))
    tail = tail_weights(total, confidence, sampling.weights)
    near = window_weights(total, confidence, sampling.weights)
    error = tail_mean_errors(-units, -(units @ near), tail, sampling)
    return -(units @ tail), error, -(units @ near)


def marginal_by_instrument(
    book: Book, cube: Cube, confidence: float, *, currency: str | None = None, sampling: Sampling | None = None
) -> Marginal:
    """What one contract more of each instrument of the cube adds to the book's totals, held or not."""
    drawn = sampling_of(cube.rule) if sampling is None else sampling
    total = hold(book, cube, by=(), currency=currency).row()
    units = hold(_one_of_each(cube), cube, by="instrument", currency=currency)
    found = np.full((3, len(cube.instruments)), np.nan)
    places = [units.index[(i.instrument_id,)] for i in cube.instruments]
    found[:] = np.array(marginal(units.pnl, total, confidence, drawn))[:, places]
    found[:, ~cube.valued] = np.nan
    return Marginal(tuple(i.instrument_id for i in cube.instruments), confidence, *found)


def incremental(held: Held, confidence: float, *, sampling: Sampling | None = None) -> Incremental:
    """What leaves the total with each part. Source: Jorion (2006), Value at Risk, 7.2."""
    drawn = sampling_of(held.rule) if sampling is None else sampling
    total = held.pnl.sum(axis=0)
    edge = float(value_at_risk(total, confidence, weights=drawn.weights))
    depth = expected_shortfall(total, confidence, weights=drawn.weights)
    influence = shortfall_influence(total, confidence, depth, drawn)
    size = max(VALUES_AT_ONCE // len(total), 1)
    rows: list[Floats] = []
    for start in range(0, len(held.pnl), size):
        without = total - held.pnl[start : start + size]
        left = expected_shortfall(without, confidence, weights=drawn.weights)
        error = drawn.error_of(influence - shortfall_influence(without, confidence, left, drawn))
        rows.append(np.array([edge - value_at_risk(without, confidence, weights=drawn.weights), depth - left, error]))
    found = np.hstack(rows) if rows else np.zeros((3, 0))
    return Incremental(held.by, held.keys, confidence, edge, float(depth), found[0], found[1], found[2], held.partial)


def _clustered(influence: Floats, sampling: Sampling) -> Floats:
    """(N,) errors of weighted means whose terms, weights included, are given (N,S)."""
    even = sampling._replace(weights=np.ones(influence.shape[1]))
    return even.error_of(influence * influence.shape[1])


def _one_of_each(cube: Cube) -> Book:
    count = len(cube.instruments)
    name = np.full(count, "unit", dtype=object)
    return Book(cube.instruments, np.arange(count), np.ones(count), {"account": name, "venue": name},
                np.full(count, np.nan))
