"""Who bleeds when the whole bleeds? Chance that a part is in its own tail, given that the total is in its."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.errors import ShapeMismatch
from seawall.measures.sampling import Sampling, independent
from seawall.measures.tail import tail_weights
from seawall.model.arrays import Bools, Floats


class CoTail(NamedTuple):
    """participation (N) with standard_error (N); independent: what a part that has nothing to do with it would have.

    draws: independent ones in the total's tail. standard_error: NaN where there are fewer than two.
    """

    participation: Floats
    standard_error: Floats
    independent: float
    draws: int

    @property
    def lift(self) -> Floats:
        """(N) participation in multiples of independence."""
        return np.asarray(self.participation / self.independent)


def co_tail(
    parts: Floats, confidence: float, *, sampling: Sampling | None = None, total: Floats | None = None
) -> CoTail:
    """Of parts (N,S), P&L, gain > 0; total (S): their sum if not given. Raises TailTooThin.

    Each tail holds 1 - confidence of probability, edge scenarios by their share. The error is the binomial's over the
    independent draws in the total's tail: the parts' own edges, known from all draws, add little.
    """
    whole = parts.sum(axis=0) if total is None else total
    if whole.shape != parts.shape[1:]:
        raise ShapeMismatch("P&L of the total", found=whole.shape, wanted=parts.shape[1:])
    drawn = independent(len(whole)) if sampling is None else sampling
    inside = tail_weights(whole, confidence, drawn.weights)
    probability = drawn.weights / drawn.weights.sum()
    mass = 1 - confidence
    share = np.array([np.minimum(tail_weights(part, confidence, drawn.weights) * mass / probability, 1.0)
                      if part.any() else np.zeros(len(whole)) for part in parts]).reshape(parts.shape)
    participation = share @ inside
    draws = len(np.unique(drawn.cluster[_within(inside)]))
    error = np.sqrt(participation * (1 - participation) / draws) if draws > 1 else np.full(len(parts), np.nan)
    return CoTail(participation, error, mass, draws)


def _within(weights: Floats) -> Bools:
    return np.asarray(weights > 0)
