"""How many scenarios were really drawn? What makes them fewer than their number: weights, twins, overlap.

Standard errors of tails assume independent draws. Three things break that, and each is stated by the rule:

- weights that are not equal: each draw enters an error by its own weight, squared;
- rows drawn together (antithetic twins, steps of one path) are one draw: their influences add before they are squared;
- windows of h days that start a day apart share h - 1 of their h moves: variances are multiplied by h, errors by
  sqrt(h). That is exact for a mean, and for Gaussian moves an upper bound for every other statistic.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from seawall.model.arrays import Bools, Floats, Ints
from seawall.model.scenario import ScenarioRule


class Sampling(NamedTuple):
    """weights (S,), probabilities up to a factor; cluster (S,), equal for rows drawn together; overlap >= 1."""

    weights: Floats
    cluster: Ints
    overlap: float = 1.0

    def effective_size(self, tail: Bools, confidence: float) -> int:
        """How many equal independent draws would know the tail's probability as well; tail (S,): who lies in it."""
        probability = self.weights / self.weights.sum()
        deviation = np.bincount(self.cluster, probability * (tail - (1 - confidence)))
        variance = float((deviation**2).sum()) * self.overlap
        share = float(probability[tail].sum())
        one_draw = share * (1 - 2 * (1 - confidence)) + (1 - confidence) ** 2
        return max(1, round(one_draw / variance))

    def error_of(self, influence: Floats) -> Floats:
        """(...) standard error of a statistic from each scenario's influence on it, (...,S), which averages zero."""
        weighted = influence * (self.weights / self.weights.sum())
        order = np.argsort(self.cluster, kind="stable")
        first = np.flatnonzero(np.diff(self.cluster[order], prepend=-1))
        together = np.add.reduceat(weighted[..., order], first, axis=-1)
        return np.asarray(np.sqrt((together**2).sum(axis=-1) * self.overlap))


def independent(scenarios: int) -> Sampling:
    """Equal and independent draws."""
    return Sampling(np.ones(scenarios), np.arange(scenarios))


def sampling_of(rule: ScenarioRule) -> Sampling:
    """As the rule was drawn, by its paths and what its provenance says.

    Rows of one path are one draw; so are antithetic twins, n and n + (S + 1) / 2. ``overlap`` names how many rows of a
    history each window spans. A joined rule does not say how its parts were drawn: its rows count as independent.
    """
    made = rule.provenance
    twins = "antithetic" in made.get("draws", "")
    cluster = np.arange(len(rule)) % max((len(rule) + 1) // 2, 1) if twins else rule.path
    spans = re.search(r"\d+", made.get("overlap", ""))
    return Sampling(
        rule.weights, np.unique(cluster, return_inverse=True)[1].astype(np.int64), float(spans[0]) if spans else 1.0
    )
