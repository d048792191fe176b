"""SIMM the slow way: loops over rows, straight from the published formulas, sharing only nouns with the engine."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

from scipy.stats import norm

from seawall.model.sensitivity import Sensitivity
from seawall.model.simm_parameters import Bucketed, SimmParameters

CREDIT = {"CreditQ": "credit_qualifying", "CreditNonQ": "credit_non_qualifying"}
BUCKETED = {**CREDIT, "Equity": "equity", "Commodity": "commodity"}
VOLATILITY = {"Risk_IRVol": "Rates", "Risk_InflationVol": "Rates", "Risk_FXVol": "FX", "Risk_CreditVol": "CreditQ",
              "Risk_CreditVolNonQ": "CreditNonQ", "Risk_EquityVol": "Equity", "Risk_CommodityVol": "Commodity"}
DELTA = {"Risk_IRCurve": "Rates", "Risk_Inflation": "Rates", "Risk_XCcyBasis": "Rates", "Risk_FX": "FX",
         "Risk_CreditQ": "CreditQ", "Risk_CreditNonQ": "CreditNonQ", "Risk_Equity": "Equity",
         "Risk_Commodity": "Commodity"}
Net = dict[tuple[Hashable, ...], float]
Pair = Callable[[tuple[Hashable, ...], tuple[Hashable, ...]], float]


def plain_simm(rows: Sequence[Sensitivity], parameters: SimmParameters, calculation: str) -> float:
    """US dollars: product classes added."""
    total = 0.0
    for product in sorted({row.product_class for row in rows}):
        mine = [row for row in rows if row.product_class == product]
        margins = {name: risk_class(mine, name, parameters, calculation) for name in parameters.risk_classes}
        square = 0.0
        for r, one in enumerate(parameters.risk_classes):
            for s, other in enumerate(parameters.risk_classes):
                psi = 1.0 if r == s else parameters.class_correlations[r][s]
                square += psi * margins[one] * margins[other]
        total += math.sqrt(square)
    return total


def risk_class(rows: Sequence[Sensitivity], name: str, p: SimmParameters, calculation: str) -> float:
    delta = [row for row in rows if DELTA.get(row.risk_type) == name]
    vega = [row for row in rows if VOLATILITY.get(row.risk_type) == name]
    if name == "Rates":
        return rates(delta, "delta", p) + rates(vega, "vega", p) + rates(vega, "curvature", p)
    if name == "FX":
        return sum(fx(mine, measure, p, calculation)
                   for mine, measure in ((delta, "delta"), (vega, "vega"), (vega, "curvature")))
    own = getattr(p, BUCKETED[name])
    credit = name in CREDIT
    margin = sum(bucketed(mine, measure, own, credit, p)
                 for mine, measure in ((delta, "delta"), (vega, "vega"), (vega, "curvature")))
    if name == "CreditQ":
        margin += base_correlation([row for row in rows if row.risk_type == "Risk_BaseCorr"], p)
    return margin


def days(tenor: str) -> float:
    count, unit = int(tenor[:-1]), tenor[-1]
    return count * {"w": 7.0, "m": 365.0 / 12.0, "y": 365.0}[unit]


def scale(tenor: str, p: SimmParameters) -> float:
    return 0.5 * min(1.0, p.calendar_days / days(tenor))


def sigma(weight: float, p: SimmParameters) -> float:
    return weight * math.sqrt(365.0 / p.calendar_days) / norm.ppf(0.99)


def root(net: Net, pair: Pair) -> float:
    square = 0.0
    for one, a in net.items():
        for other, b in net.items():
            square += (1.0 if one == other else pair(one, other)) * a * b
    return math.sqrt(max(square, 0.0))


def clamp(value: float, most: float) -> float:
    return max(min(value, most), -most)


def together(k: dict[Hashable, float], s: dict[Hashable, float], pair: Callable[[Hashable, Hashable], float]) -> float:
    square = sum(one**2 for one in k.values())
    for one in k:
        for other in k:
            if one != other:
                square += pair(one, other) * clamp(s[one], k[one]) * clamp(s[other], k[other])
    return math.sqrt(max(square, 0.0))


def curved(nets: list[Net], quadratic: float) -> float:
    values = [value for net in nets for value in net.values()]
    total, gross = sum(values), sum(abs(value) for value in values)
    theta = min(total / gross, 0.0) if gross else 0.0
    factor = (norm.ppf(0.995) ** 2 - 1.0) * (1.0 + theta) - theta
    return max(0.0, total + factor * quadratic)


def rates_place(row: Sensitivity, measure: str, p: SimmParameters) -> tuple[tuple[str, ...], float]:
    own = p.rates
    volatile = own.vega_weight if measure == "vega" else scale(row.label1, p) if measure == "curvature" else 0.0
    return {
        "Risk_IRCurve": lambda: (("tenor", row.label1, row.label2), own.weights[own.volatility.of(row.qualifier)][
            own.tenors.index(row.label1)]),
        "Risk_Inflation": lambda: (("inflation",), own.inflation_weight),
        "Risk_XCcyBasis": lambda: (("basis",), own.basis_weight),
        "Risk_IRVol": lambda: (("tenor", row.label1, ""), volatile),
        "Risk_InflationVol": lambda: (("inflation",), volatile),
    }[row.risk_type]()


def rates(rows: Sequence[Sensitivity], measure: str, p: SimmParameters) -> float:
    own = p.rates
    net: dict[str, Net] = defaultdict(lambda: defaultdict(float))
    counted: dict[str, float] = defaultdict(float)
    for row in rows:
        if row.risk_type != "Risk_XCcyBasis":
            counted[row.qualifier] += row.amount
    limits = own.delta_thresholds if measure == "delta" else own.vega_thresholds
    concentration = {row.qualifier: max(1.0, math.sqrt(abs(counted[row.qualifier])
                                                       / limits[own.liquidity.of(row.qualifier)])) for row in rows}
    for row in rows:
        place, weight = rates_place(row, measure, p)
        cr = 1.0 if measure == "curvature" or place == ("basis",) else concentration[row.qualifier]
        net[row.qualifier][place] += weight * cr * row.amount

    power = 2 if measure == "curvature" else 1

    def rho(one: tuple, other: tuple) -> float:
        if "basis" in (one[0], other[0]):
            found = own.basis_correlation
        elif "inflation" in (one[0], other[0]):
            found = own.inflation_correlation
        else:
            found = own.tenor_correlations[own.tenors.index(one[1])][own.tenors.index(other[1])]
            found *= 1.0 if one[2] == other[2] else own.sub_curve_correlation
        return found**power

    def gamma(one: str, other: str) -> float:
        if measure == "curvature":
            return own.currency_correlation**2
        pair = concentration[one], concentration[other]
        return own.currency_correlation * min(pair) / max(pair)

    quadratic = together({c: root(n, rho) for c, n in net.items()}, {c: sum(n.values()) for c, n in net.items()}, gamma)
    if measure != "curvature":
        return quadratic
    return curved(list(net.values()), quadratic) / own.historical_volatility_ratio**2


def fx(rows: Sequence[Sensitivity], measure: str, p: SimmParameters, calculation: str) -> float:
    own, groups, kinds = p.fx, p.fx.volatility.names, p.fx.liquidity.names

    def group(currency: str) -> int:
        return groups.index(own.volatility.of(currency))

    def kind(currency: str) -> int:
        return kinds.index(own.liquidity.of(currency))

    net: Net = defaultdict(float)
    base: dict[str, float] = defaultdict(float)
    limit = {}
    for row in rows:
        if measure == "delta":
            if row.qualifier == calculation:
                continue
            name, scaled = row.qualifier, row.amount
            weight = own.weights[group(calculation)][group(name)]
            limit[name] = own.delta_thresholds[own.liquidity.of(name)]
        else:
            name = "".join(sorted((row.qualifier[:3], row.qualifier[3:])))
            volatility = sigma(own.weights[group(name[:3])][group(name[3:])], p)
            share = own.historical_volatility_ratio if measure == "vega" else scale(row.label1, p)
            scaled = row.amount * volatility * share
            weight = own.vega_weight if measure == "vega" else 1.0
            limit[name] = own.vega_thresholds[kind(name[:3])][kind(name[3:])]
        base[name] += scaled
        net[(name,)] += weight * scaled
    cr = {name: max(1.0, math.sqrt(abs(value) / limit[name])) for name, value in base.items()}
    if measure == "curvature":
        return curved([net], root(net, lambda _one, _other: own.vega_correlation**2))
    weighted = {key: value * cr[key[0]] for key, value in net.items()}

    def rho(one: tuple, other: tuple) -> float:
        f = min(cr[one[0]], cr[other[0]]) / max(cr[one[0]], cr[other[0]])
        if measure == "vega":
            return f * own.vega_correlation
        return f * own.correlations[own.volatility.of(calculation)][group(one[0])][group(other[0])]

    return root(weighted, rho)


def bucketed(rows: Sequence[Sensitivity], measure: str, own: Bucketed, credit: bool, p: SimmParameters) -> float:
    table = {bucket.name: bucket for bucket in own.buckets}
    numbered = [name for name in table if name != "Residual"]
    net: dict[str, Net] = defaultdict(lambda: defaultdict(float))
    counted: dict[tuple, float] = defaultdict(float)
    for turn in ("count", "weigh"):
        for row in rows:
            bucket, key = table[row.bucket], (row.bucket, row.qualifier)
            volatility = 1.0 if credit else sigma(bucket.weight, p)
            scaled = row.amount
            if measure == "vega":
                scaled *= own.historical_volatility_ratio * volatility
            if measure == "curvature":
                scaled *= scale(row.label1, p) * volatility * bucket.curvature
            limit = bucket.delta_threshold if measure == "delta" else bucket.vega_threshold
            if turn == "count":
                counted[key] += scaled
                continue
            weight = {"delta": bucket.weight, "vega": bucket.vega_weight, "curvature": 1.0}[measure]
            cr = 1.0 if measure == "curvature" else max(1.0, math.sqrt(abs(counted[key]) / limit))
            place = (row.qualifier, row.label1 if credit else "", row.label2 if credit and measure == "delta" else "")
            net[row.bucket][place] += weight * cr * scaled
    cr_of = {key: max(1.0, math.sqrt(abs(value) / (
        table[key[0]].delta_threshold if measure == "delta" else table[key[0]].vega_threshold)))
        for key, value in counted.items()}
    power = 2 if measure == "curvature" else 1

    def rho_in(bucket: str) -> Pair:
        def rho(one: tuple, other: tuple) -> float:
            found = own.same_name_correlation if one[0] == other[0] else table[bucket].correlation
            pair = cr_of[bucket, one[0]], cr_of[bucket, other[0]]
            return found**power if measure == "curvature" else found * min(pair) / max(pair)
        return rho

    def gamma(one: str, other: str) -> float:
        return own.correlations[numbered.index(one)][numbered.index(other)] ** power

    inside = {name: value for name, value in net.items() if name != "Residual"}
    k = {name: root(value, rho_in(name)) for name, value in inside.items()}
    quadratic = together(k, {name: sum(value.values()) for name, value in inside.items()}, gamma)
    residual = root(net["Residual"], rho_in("Residual")) if "Residual" in net else 0.0
    if measure != "curvature":
        return quadratic + residual
    rest = curved([net["Residual"]], residual) if "Residual" in net else 0.0
    return curved(list(inside.values()), quadratic) + rest


def base_correlation(rows: Sequence[Sensitivity], p: SimmParameters) -> float:
    net: Net = defaultdict(float)
    for row in rows:
        net[(row.qualifier,)] += p.base_correlation.weight * row.amount
    return root(net, lambda _one, _other: p.base_correlation.correlation)
