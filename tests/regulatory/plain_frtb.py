"""The sensitivities-based method the slow way: loops straight from the chapter, sharing nothing with the engine."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from seawall.model.frtb_parameters import FrtbParameters
from seawall.model.sensitivity import Sensitivity

SCENARIOS = ("low", "medium", "high")
Net = dict[str, dict[tuple, float]]
CLASS = {"GIRR": "GIRR", "FX": "FX", "EQ": "equity", "COMM": "commodity", "CSR": "credit"}


def plain_frtb(rows: Sequence[Sensitivity], p: FrtbParameters, reporting: str) -> dict[str, float]:
    """Capital by scenario: delta, vega and curvature of each class, added."""
    totals = {}
    for scenario in SCENARIOS:
        total = 0.0
        for prefix in CLASS:
            for measure in ("DELTA", "VEGA", "CURV"):
                mine = [row for row in rows if row.risk_type == f"{prefix}_{measure}"]
                if mine and measure == "CURV":
                    total += curvature(mine, prefix, p, scenario)
                elif mine:
                    total += linear(mine, prefix, measure, p, reporting=reporting, scenario=scenario)
        totals[scenario] = total
    return totals


def stressed(rho: float, scenario: str) -> float:
    return {"low": max(2 * rho - 1, 0.75 * rho), "medium": rho, "high": min(1.25 * rho, 1.0)}[scenario]


def years(text: str) -> float:
    return float(text[:-1]) / (12 if text[-1] == "m" else 1)


def decay(one: float, other: float, theta: float) -> float:
    return math.exp(-theta * abs(one - other) / min(one, other))


def linear(
    rows: Sequence[Sensitivity], prefix: str, measure: str, p: FrtbParameters, *, reporting: str, scenario: str,
) -> float:
    net: Net = defaultdict(lambda: defaultdict(float))
    for row in rows:
        placed = place(row, prefix, measure, p, reporting)
        if placed:
            bucket, factor, weight = placed
            net[bucket][factor] += weight * row.amount
    k, s = {}, {}
    for bucket, factors in net.items():
        s[bucket] = sum(factors.values())
        if gross(prefix, bucket, p):
            k[bucket] = sum(abs(value) for value in factors.values())
            continue
        square = 0.0
        for one, a in factors.items():
            for other, b in factors.items():
                rho = 1.0 if one == other else stressed(inside(one, other, (prefix, measure, bucket), p), scenario)
                square += rho * a * b
        k[bucket] = math.sqrt(max(square, 0.0))
    pair = lambda one, other: stressed(between(one, other, prefix, p), scenario)  # noqa: E731
    square = across(k, s, pair)
    if square < 0:
        square = across(k, {b: max(min(s[b], k[b]), -k[b]) for b in s}, pair)
    return math.sqrt(max(square, 0.0))


def across(k: dict[str, float], s: dict[str, float], pair: Callable[[str, str], float]) -> float:
    square = sum(value**2 for value in k.values())
    for one in k:
        for other in k:
            if one != other:
                square += pair(one, other) * s[one] * s[other]
    return square


def place(row: Sensitivity, prefix: str, measure: str, p: FrtbParameters, reporting: str) -> tuple | None:
    def vega(horizon: float) -> float:
        return min(p.vega_scale * math.sqrt(horizon / 10), 1.0)

    if prefix == "GIRR" and measure == "VEGA":
        kind = row.label2 if row.label2 in ("INFL", "XCCY") else "curve"
        residual = years(row.label2) if kind == "curve" else None
        return row.qualifier, (kind, years(row.label1), residual), vega(p.girr.vega_days)
    if prefix == "GIRR":
        return girr_delta(row, p, reporting)
    if prefix == "FX":
        if measure == "VEGA":
            return "".join(sorted((row.qualifier[:3], row.qualifier[3:]))), (years(row.label1),), vega(p.fx.vega_days)
        if row.qualifier == reporting:
            return None
        main = row.qualifier in p.fx.specified and reporting in p.fx.specified
        return row.qualifier, (), p.fx.weight / (math.sqrt(2) if main else 1.0)
    bucket = next(one for one in getattr(p, CLASS[prefix]).buckets if one.name == row.bucket)
    if measure == "VEGA":
        return row.bucket, (row.qualifier, years(row.label1)), vega(bucket.vega_days)
    if prefix == "EQ":
        weight = bucket.second_weight if row.label2 == "REPO" else bucket.weight
        return row.bucket, (row.qualifier, "", row.label2), weight
    return row.bucket, (row.qualifier, years(row.label1), row.label2), bucket.weight


def girr_delta(row: Sensitivity, p: FrtbParameters, reporting: str) -> tuple:
    divisor = math.sqrt(2) if row.qualifier in (*p.girr.specified, reporting) else 1.0
    if row.label1 == "INFL":
        return row.qualifier, ("INFL",), p.girr.inflation_weight / divisor
    if row.label1 == "XCCY":
        return row.qualifier, ("XCCY", row.label2), p.girr.basis_weight / divisor
    weight = p.girr.weights[p.girr.tenors.index(years(row.label1))]
    return row.qualifier, ("curve", years(row.label1), row.label2), weight / divisor


def gross(prefix: str, bucket: str, p: FrtbParameters) -> bool:
    return prefix in ("EQ", "COMM", "CSR") and next(
        one.gross for one in getattr(p, CLASS[prefix]).buckets if one.name == bucket)


def inside(one: tuple, other: tuple, where: tuple[str, str, str], p: FrtbParameters) -> float:
    prefix, measure, bucket = where
    if prefix == "GIRR":
        kinds = {one[0], other[0]}
        plain = 0.0 if "XCCY" in kinds else p.girr.inflation_correlation
        if measure == "VEGA":
            rho = decay(one[1], other[1], p.vega_decay)
            if kinds == {"curve"}:
                return min(rho * decay(one[2], other[2], p.vega_decay), 1.0)
            return rho if len(kinds) == 1 else rho * plain
        if kinds != {"curve"}:
            return plain
        rho = max(decay(one[1], other[1], p.girr.decay), p.girr.floor)
        return rho if one[2] == other[2] else rho * p.girr.curve_correlation
    if prefix == "FX":
        return decay(one[0], other[0], p.vega_decay)
    own = getattr(p, CLASS[prefix])
    rho = 1.0 if one[0] == other[0] else next(b.correlation for b in own.buckets if b.name == bucket)
    if measure == "VEGA":
        return rho * decay(one[1], other[1], p.vega_decay)
    rho *= 1.0 if one[1] == other[1] else own.tenor_correlation
    return rho * (1.0 if one[2] == other[2] else own.basis_correlation)


def between(one: str, other: str, prefix: str, p: FrtbParameters) -> float:
    if prefix == "GIRR":
        return p.girr.currency_correlation
    if prefix == "FX":
        return p.fx.currency_correlation
    own = getattr(p, CLASS[prefix])
    names = [bucket.name for bucket in own.buckets]
    return own.correlations[names.index(one)][names.index(other)]


def direction(values: Sequence[float], rho: float | None) -> float:
    if rho is None:
        return sum(max(value, 0.0) for value in values)
    square = sum(max(value, 0.0) ** 2 for value in values)
    for i, a in enumerate(values):
        for j, b in enumerate(values):
            if i != j and not (a < 0 and b < 0):
                square += rho * a * b
    return math.sqrt(max(square, 0.0))


def curvature(rows: Sequence[Sensitivity], prefix: str, p: FrtbParameters, scenario: str) -> float:
    net: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(lambda: {"UP": 0.0, "DOWN": 0.0}))
    for row in rows:
        bucket = row.qualifier if prefix in ("GIRR", "FX") else row.bucket
        net[bucket][row.qualifier][row.label1] -= row.amount
    k, s = {}, {}
    for bucket, names in net.items():
        rho = 0.0 if prefix in ("GIRR", "FX") else next(
            b.correlation for b in getattr(p, CLASS[prefix]).buckets if b.name == bucket)
        sides = [[one[side] for one in names.values()] for side in ("UP", "DOWN")]
        square_rho = None if gross(prefix, bucket, p) else stressed(rho**2, scenario)
        k[bucket], s[bucket] = max((direction(values, square_rho), sum(values)) for values in sides)
    square = sum(value**2 for value in k.values())
    for one in k:
        for other in k:
            if one != other and not (s[one] < 0 and s[other] < 0):
                square += stressed(between(one, other, prefix, p) ** 2, scenario) * s[one] * s[other]
    return math.sqrt(max(square, 0.0))
