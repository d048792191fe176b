"""The standardised approach once more, trade by trade in plain loops: slow, obvious, and another hand's arrangement."""

from __future__ import annotations

from collections import defaultdict
from math import erf, exp, log, sqrt

from seawall.model.netting_set import NettingSetTerms, SaccrTrade

FACTORS = {"AAA": 0.0038, "AA": 0.0038, "A": 0.0042, "BBB": 0.0054, "BB": 0.0106, "B": 0.016, "CCC": 0.06,
           "IG": 0.0038, "SG": 0.0106}


def factor(t: SaccrTrade) -> float:
    if t.asset_class == "credit":
        f = FACTORS[t.quality]
    elif t.asset_class == "equity":
        f = 0.20 if t.is_index else 0.32
    elif t.asset_class == "commodity":
        f = 0.40 if t.commodity == "electricity" else 0.18
    else:
        f = {"interest_rate": 0.005, "fx": 0.04, "crypto_2a": 0.32}[t.asset_class]
    return f * {"": 1, "basis": 0.5, "volatility": 5}[t.special]


def sigma(t: SaccrTrade) -> float:
    if t.asset_class == "credit":
        return 0.8 if t.is_index else 1.0
    if t.asset_class == "equity":
        return 0.75 if t.is_index else 1.2
    if t.asset_class == "commodity":
        return 1.5 if t.commodity == "electricity" else 0.7
    return {"interest_rate": 0.5, "fx": 0.15, "crypto_2a": 1.2}[t.asset_class]


def rho(t: SaccrTrade) -> float:
    if t.asset_class == "commodity":
        return 0.4
    return 0.8 if t.is_index else 0.5


def delta(t: SaccrTrade, shift: float) -> float:
    sign = 1 if t.direction == "long" else -1
    if t.attachment is not None:
        return sign * 15 / ((1 + 14 * t.attachment) * (1 + 14 * t.detachment))
    if not t.option:
        return sign
    p, k, s = t.price + shift, t.strike + shift, sigma(t)
    d1 = (log(p / k) + s * s * t.exercise / 2) / (s * sqrt(t.exercise))
    if t.option == "call":
        return sign * 0.5 * (1 + erf(d1 / sqrt(2)))
    return -sign * 0.5 * (1 + erf(-d1 / sqrt(2)))


def adjusted(t: SaccrTrade) -> float:
    if t.asset_class not in ("interest_rate", "credit"):
        return max(t.notional, t.second_notional)
    end = t.end if t.end > 0.04 else 0.04
    start = 0.0 if t.start <= 0 else t.start if t.start > 0.04 else 0.04
    if start >= end:
        start = 0.0
    return t.notional * (exp(-0.05 * start) - exp(-0.05 * end)) / 0.05


def margin_days(count: int, m: NettingSetTerms) -> float:
    floor = 5 if m.cleared_client else 10
    if m.illiquid or (count > 5000 and not m.with_ccp):
        floor = 20
    days = floor + m.remargin_days - 1
    if m.disputes:
        days = 2 * days
    return days if m.mpor_days is None else max(days, m.mpor_days)


def hedging_set_add_on(key: tuple, members: list[tuple[SaccrTrade, float]]) -> float:
    if key[0] == "interest_rate":
        d = [0.0, 0.0, 0.0]
        for t, e in members:
            d[0 if t.end < 1 else 2 if t.end > 5 else 1] += e * factor(t)
        return sqrt(d[0]**2 + d[1]**2 + d[2]**2 + 1.4 * d[0] * d[1] + 1.4 * d[1] * d[2] + 0.6 * d[0] * d[2])
    if key[0] in ("fx", "crypto_2a"):
        return abs(sum(e * factor(t) for t, e in members))
    by_name, r = defaultdict(float), {}
    for t, e in members:
        name = key if t.special == "basis" else t.driver
        by_name[name] += e * factor(t)
        r[name] = rho(t)
    common = sum(r[n] * a for n, a in by_name.items())
    return sqrt(common**2 + sum((1 - r[n]**2) * a**2 for n, a in by_name.items()))


def key_of(t: SaccrTrade) -> tuple:
    if t.asset_class == "fx":
        where = frozenset(t.driver.split("/"))
    elif t.asset_class == "commodity":
        where = "energy" if t.commodity == "electricity" else t.commodity
    elif t.asset_class in ("credit", "equity"):
        where = ""
    else:
        where = t.driver
    if t.special == "basis":
        where = (where if t.asset_class == "commodity" else "", frozenset((t.driver, t.pair)))
    return (t.asset_class, where, t.special)


def turned(t: SaccrTrade) -> int:
    sign = 1
    if t.asset_class == "fx":
        first, second = t.driver.split("/")
        sign = 1 if first <= second else -1
    if t.special == "basis" and t.pair < t.driver:
        sign = -sign
    return sign


def exposure(trades: list[SaccrTrade], m: NettingSetTerms, shifts: dict[str, float], margined: bool) -> float:
    groups, gross = defaultdict(list), 0.0
    for t in trades:
        if t.asset_class == "crypto_2b":
            gross += 0.5 * max(t.notional, t.second_notional)
            continue
        if margined:
            mf = 1.5 * sqrt(margin_days(len(trades), m) / 250)
        else:
            life = next(x for x in (t.maturity, t.end, t.exercise) if x is not None)
            mf = sqrt(min(max(life, 0.04), 1))
        shift = t.shift
        if shift is None:
            shift = shifts.get(t.driver, 0.0) if t.asset_class == "interest_rate" else 0.0
        groups[key_of(t)].append((t, turned(t) * adjusted(t) * delta(t, shift) * mf))
    add_on = sum(hedging_set_add_on(key, members) for key, members in groups.items())
    v, c = sum(t.mtm for t in trades), m.variation_margin + m.independent
    rc = max(v - c, 0)
    if margined:
        rc = max(rc, m.threshold + m.minimum_transfer - m.independent)
    w = 1.0 if v >= c else 0.05 if add_on == 0 else min(1, 0.05 + 0.95 * exp((v - c) / (1.9 * add_on)))
    return 1.4 * (rc + w * add_on + gross)


def exposure_at_default(trades: list[SaccrTrade], m: NettingSetTerms) -> float:
    least: dict[str, float] = {}
    for t in trades:
        if t.option and t.asset_class == "interest_rate":
            least[t.driver] = min(least.get(t.driver, 1e9), t.price, t.strike)
    shifts = {currency: max(0.001 - rate, 0) for currency, rate in least.items()}
    plain = exposure(trades, m, shifts, False)
    return min(plain, exposure(trades, m, shifts, True)) if m.margined and m.bank_collects else plain
