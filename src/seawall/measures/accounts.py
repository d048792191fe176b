"""How bad is it for each of very many accounts? The measures of ``tail`` and ``scan`` without any P&L (A,S).

held: lines of accounts; cube (I,S): P&L per unit of each instrument, currency, gain > 0, scenarios alike in
probability. Results are losses > 0. An account that holds something without a finite P&L gets NaN, and no other does.
No result depends on threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.kernels.hold_measure import Holdings, component_sums, hold_and_components, hold_and_tail
from seawall.measures.tail import QUANTILE_RULES, tail_mass
from seawall.model.arrays import Floats, Ints


class AccountTails(NamedTuple):
    """Value at risk and expected shortfall (A,C), and what rounding in float32 may have added or taken (A)."""

    value_at_risk: Floats
    expected_shortfall: Floats
    error: Floats


def tails_of_accounts(
    held: Holdings, cube: Floats, confidence: float | Sequence[float], *, quantile: str = "in_tail",
    tolerance: float = 0.0, threads: int = 1,
) -> AccountTails:
    """Value at risk and expected shortfall of every account at each confidence.

    tolerance: currency; accounts that float32 gets right to within it are measured in it, see ``hold_and_tail``.
    Raises TailTooThin if fewer than one scenario lies in a tail, InputError for an unknown quantile rule.
    """
    if quantile not in QUANTILE_RULES:
        raise InputError("quantile rule", found=quantile, wanted=", ".join(QUANTILE_RULES))
    levels = [confidence] if isinstance(confidence, float) else list(confidence)
    scenarios = cube.shape[-1]
    masses = [tail_mass(scenarios, level) for level in levels]
    places = [_ranks(scenarios, level, mass, quantile) for level, mass in zip(levels, masses, strict=True)]
    ranks = [rank for pair in places for rank in pair]
    found = hold_and_tail(held, cube, ranks, masses, tolerance=tolerance, threads=threads)
    near, far = found.ranked[:, ::2], found.ranked[:, 1::2]
    if quantile == "linear":
        share = np.array([(scenarios - 1) * (1 - level) % 1 for level in levels])
        near = near + (far - near) * share
    return AccountTails(near, found.shortfall, found.error)


def shortfall_parts(held: Holdings, cube: Floats, confidence: float, *, threads: int = 1) -> Floats:
    """(L) what each line contributes to its account's expected shortfall; they add up to it.

    Source: Tasche (2000), Risk contributions and performance measurement: Euler allocation.
    """
    return hold_and_components(held, cube, tail_mass(cube.shape[-1], confidence), threads=threads)


def shortfall_by(
    held: Holdings, cube: Floats, confidence: float, group: Ints, groups: int, *, threads: int = 1
) -> Floats:
    """(A,G) contributions to each account's shortfall summed over a dimension: group (L) of each line, below groups."""
    if group.shape != held.instrument.shape or (len(group) and not (group.min() >= 0 and group.max() < groups)):
        raise InputError("groups of lines", found=group.shape, wanted=f"one of 0 to below {groups} for every line")
    return component_sums(held, shortfall_parts(held, cube, confidence, threads=threads), group, groups)


def _ranks(scenarios: int, confidence: float, mass: float, quantile: str) -> tuple[int, int]:
    """From 1, the worst: where the rule reads, and between which two where it is linear."""
    if quantile == "linear":
        first = int((scenarios - 1) * (1 - confidence)) + 1
        return first, min(first + 1, scenarios)
    rank = int(np.ceil(mass)) if quantile == "in_tail" else min(int(mass) + 1, scenarios)
    return rank, rank
