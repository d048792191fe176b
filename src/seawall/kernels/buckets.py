"""How do weighted sensitivities add up in nested buckets? Quadratic inside a bucket, quadratic across, with slopes.

A bucket's requirement is ``K_b = sqrt(max(0, w' rho w))`` over its factors, its sum ``S_b`` their plain sum; the whole
is ``sqrt(max(0, sum K_b^2 + sum_{b != c} gamma_bc S_b S_c))``. Every form here is homogeneous of degree one in the
weighted sensitivities, so slope times sensitivity adds up to the whole (Euler). Arrays in, arrays out.
Sources: ISDA SIMM methodology, appendix 1; Basel Framework MAR21.4 and MAR21.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Clamp = Literal["always", "when_negative"]


class Nested(NamedTuple):
    """total; bucket (B): K_b; sums (B): S_b as used; slopes (K): of the total in each weighted sensitivity.

    clamped (B): the sum was cut to +-K_b. floored: the whole was negative under the root and counts zero.
    """

    total: float
    bucket: Floats
    sums: Floats
    slopes: Floats
    clamped: Bools
    floored: bool


def nested(
    weighted: Floats, members: Sequence[Ints], rho: Sequence[Floats], gamma: Floats, *, clamp: Clamp,
    gross: Bools | None = None,
) -> Nested:
    """Quadratic aggregation of weighted sensitivities (K) in B buckets.

    members: per bucket, the places of its factors. rho: per bucket, (n,n) with unit diagonal. gamma (B,B): its diagonal
    is not read. clamp: sums cut to +-K_b always, or all of them only if the whole is negative without. gross (B):
    buckets whose requirement is the sum of absolute values instead.
    """
    count = len(members)
    bucket, sums, inner = np.zeros(count), np.zeros(count), np.zeros(len(weighted))
    for b, places in enumerate(members):
        w = weighted[places]
        if gross is not None and gross[b]:
            bucket[b] = np.abs(w).sum()
            inner[places] = bucket[b] * np.sign(w)
        else:
            product = rho[b] @ w
            square = float(w @ product)
            bucket[b] = np.sqrt(max(square, 0.0))
            # A bucket whose form is negative counts zero, and so does its slope.
            inner[places] = product if square > 0 else 0.0
        sums[b] = w.sum()
    across = gamma * (1.0 - np.eye(count))
    clamped = np.abs(sums) > bucket
    square = float(bucket @ bucket + sums @ across @ sums)
    if clamp == "when_negative" and square >= 0:
        clamped = np.zeros(count, dtype=bool)
    used = np.where(clamped, np.sign(sums) * bucket, sums)
    square = float(bucket @ bucket + used @ across @ used)
    total = float(np.sqrt(max(square, 0.0)))
    slopes = _slopes(total, bucket, used, across, inner, members, clamped, len(weighted))
    return Nested(total, bucket, used, slopes, clamped, square < 0)


def _slopes(
    total: float, bucket: Floats, used: Floats, across: Floats, inner: Floats, members: Sequence[Ints], clamped: Bools,
    size: int,
) -> Floats:
    """(K,) derivative of the total; inner (K) is K_b times the derivative of K_b."""
    slopes = np.zeros(size)
    if total <= 0:
        return slopes
    pull = across @ used
    for b, places in enumerate(members):
        if clamped[b]:
            own = inner[places] / bucket[b] if bucket[b] > 0 else np.zeros(len(places))
            slopes[places] = (inner[places] + pull[b] * np.sign(used[b]) * own) / total
        else:
            slopes[places] = (inner[places] + pull[b]) / total
    return slopes


def scaled_by_concentration(rho: Floats, concentration: Floats) -> Floats:
    """rho (n,n) times the smaller over the larger of each pair's concentration factors (n), all at least 1."""
    smaller = np.minimum.outer(concentration, concentration)
    return np.asarray(rho * smaller / np.maximum.outer(concentration, concentration))


def concentration_factor(net: Floats, threshold: Floats) -> Floats:
    """max(1, sqrt(|net| / threshold)) elementwise; an infinite threshold never concentrates."""
    return np.asarray(np.maximum(1.0, np.sqrt(np.abs(net) / threshold)))


class Tail(NamedTuple):
    """total of a curvature form and its slopes (K); theta: at most 0; factor: lambda; root: of the quadratic form."""

    total: float
    slopes: Floats
    theta: float
    factor: float
    root: float
    floored: bool


def curvature_tail(exposure: Floats, form: Nested, quantile: float) -> Tail:
    """max(0, sum x + lambda root) of exposures x (K).

    lambda = (z^2 - 1)(1 + theta) - theta, theta = min(sum x / sum |x|, 0). form: the nested aggregation of the same
    exposures. quantile: z. Source: ISDA SIMM methodology, curvature margin.
    """
    net, gross = float(exposure.sum()), float(np.abs(exposure).sum())
    theta = min(net / gross, 0.0) if gross > 0 else 0.0
    reach = quantile**2 - 1.0
    factor = reach * (1.0 + theta) - theta
    total = net + factor * form.total
    if total <= 0:
        return Tail(0.0, np.zeros(len(exposure)), theta, factor, form.total, gross > 0)
    # theta moves with the exposures too, though its moves cancel in the sum of contributions.
    lean = (1.0 - net / gross * np.sign(exposure)) / gross if theta < 0 else np.zeros(len(exposure))
    slopes = 1.0 + factor * form.slopes + form.total * (reach - 1.0) * lean
    return Tail(total, slopes, theta, factor, form.total, False)


class OneSided(NamedTuple):
    """total; bucket (B): K_b; sums (B): S_b of the direction used; slopes (K): in the exposure of that direction.

    upward (B): whether the upward shock is the worse one. floored: the whole was negative under the root.
    """

    total: float
    bucket: Floats
    sums: Floats
    slopes: Floats
    upward: Bools
    floored: bool


def one_sided(
    up: Floats, down: Floats, members: Sequence[Ints], rho: Sequence[Floats], gamma: Floats, gross: Bools,
) -> OneSided:
    """Curvature of losses (K) after an upward and a downward shock, the worse direction bucket by bucket.

    A pair that both gain does not offset. rho and gamma: those of curvature, squared already. gross (B): buckets that
    add up losses alone. Source: MAR21.5.
    """
    count = len(members)
    bucket, sums, inner = np.zeros(count), np.zeros(count), np.zeros(len(up))
    upward = np.zeros(count, dtype=bool)
    for b, places in enumerate(members):
        rises, falls = (_direction(x[places], rho[b], bool(gross[b])) for x in (up, down))
        level = (rises[0] > falls[0]) if rises[0] != falls[0] else up[places].sum() > down[places].sum()
        upward[b] = level
        bucket[b], inner[places] = rises if level else falls
        sums[b] = (up if level else down)[places].sum()
    both_gain = np.logical_and.outer(sums < 0, sums < 0)
    across = np.where(both_gain, 0.0, gamma) * (1.0 - np.eye(count))
    square = float(bucket @ bucket + sums @ across @ sums)
    total = float(np.sqrt(max(square, 0.0)))
    never = np.zeros(count, dtype=bool)
    slopes = _slopes(total, bucket, sums, across, inner, members, never, len(up))
    return OneSided(total, bucket, sums, slopes, upward, square < 0)


def _direction(x: Floats, rho: Floats, gross: bool) -> tuple[float, Floats]:
    """K_b of one direction, and K_b times its slopes."""
    loss = np.maximum(x, 0.0)
    if gross:
        total = float(loss.sum())
        return total, np.where(x > 0, total, 0.0)
    both_gain = np.logical_and.outer(x < 0, x < 0)
    product = loss + np.where(both_gain, 0.0, rho * (1.0 - np.eye(len(x)))) @ x
    square = float(x @ product)
    return float(np.sqrt(max(square, 0.0))), product if square > 0 else np.zeros(len(x))
