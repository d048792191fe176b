"""Who makes the loss? Each part's share in the total's expected shortfall, adding up to it.

A part's component is its average loss over the total's own tail (Euler allocation). Parts of any dimension, and of any
level of a hierarchy, add up to the same total, because every level is averaged over the same scenarios.
Source: Tasche (2000), Risk contributions and performance measurement.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.measures.sampling import Sampling, sampling_of
from seawall.measures.tail import expected_shortfall, tail_mean_errors, tail_weights
from seawall.model.arrays import Bools, Floats
from seawall.model.results import Held

# Losses where the tail begins are averaged over this much probability on either side of it, at most.
EDGE = 0.005


class Allocation(NamedTuple):
    """Each (N,), reporting currency, loss > 0: rows of ``keys`` in the expected shortfall of their sum.

    component: adds up to ``shortfall``; negative where the part earns as the total bleeds. standard_error: NaN where
    fewer than two draws lie in the tail. standalone: the part's own shortfall, which does not add up.
    share: component over standalone, 1 where the part's worst is the total's worst; NaN where it has no shortfall.
    diversification: what pooling saves, a share of the sum of standalone ones.
    """

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    confidence: float
    shortfall: float
    component: Floats
    standard_error: Floats
    standalone: Floats
    share: Floats
    diversification: float
    partial: Bools


def allocate(held: Held, confidence: float, *, sampling: Sampling | None = None) -> Allocation:
    """Component shortfall of every row held. Raises TailTooThin."""
    drawn = sampling_of(held.rule) if sampling is None else sampling
    total = held.pnl.sum(axis=0)
    tail = tail_weights(total, confidence, drawn.weights)
    inside = np.flatnonzero(tail)
    component = -(held.pnl[:, inside] @ tail[inside])
    error = tail_mean_errors(-held.pnl, _losses_at_edge(held.pnl, total, confidence, drawn), tail, drawn)
    standalone = expected_shortfall(held.pnl, confidence, weights=drawn.weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(standalone != 0, component / standalone, np.nan)
    alone, shortfall = float(standalone.sum()), float(component.sum())
    return Allocation(
        held.by, held.keys, confidence, shortfall, component, error, standalone, share,
        1 - shortfall / alone if alone > 0 else 0.0, held.partial,
    )


def _losses_at_edge(parts: Floats, total: Floats, confidence: float, sampling: Sampling) -> Floats:
    """(N,) mean loss of each part in the scenarios around the total's quantile."""
    order = np.argsort(total, kind="stable")
    probability = sampling.weights[order] / sampling.weights.sum()
    middle = np.cumsum(probability) - probability / 2
    reach = min(EDGE, (1 - confidence) / 2)
    near = np.flatnonzero(np.abs(middle - (1 - confidence)) <= reach)
    if not len(near) or not probability[near].sum() > 0:
        near = np.array([int(np.argmin(np.abs(middle - (1 - confidence))))])
    weight = probability[near] if probability[near].sum() > 0 else np.ones(len(near))
    return np.asarray(-(parts[:, order[near]] @ weight) / weight.sum())
