"""Derive's three managers in plain loops over one account, written from their description, not from the presets.

An account is told as in the published cases: a dictionary of cash, spot, perpetual, collateral and expiries.
"""

from __future__ import annotations

import math
from typing import Any

YEAR = 365 * 86400.0
Account = dict[str, Any]


def black(forward: float, strike: float, vol: float, years: float, is_call: bool) -> float:
    """Undiscounted Black-76 with the venue's edges."""
    if strike <= 0:
        return forward if is_call else 0.0
    if forward <= 0:
        return 0.0 if is_call else strike
    deviation = vol * math.sqrt(years)
    if deviation <= 0:
        return max(forward - strike, 0.0) if is_call else max(strike - forward, 0.0)
    if deviation >= 24:
        return forward if is_call else strike
    d1 = math.log(forward / strike) / deviation + deviation / 2
    up, down = (_normal(d1), _normal(d1 - deviation)) if is_call else (_normal(-d1), _normal(deviation - d1))
    return forward * up - strike * down if is_call else strike * down - forward * up


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def pmrm_2(x: Account) -> dict[str, Any]:
    """Equity, balances and parts of a PMRM_2 account."""
    p = {
        name: value for part in ("vol", "margin", "basis", "other", "skew") for name, value in x["params"][part].items()
    }
    spot, stable, perp = x["spot"], x["stable_price"], x["perp"]
    cash = x["cash"] + perp["unrealised_pnl"] + perp["unrealised_funding"]
    values = [c["amount"] * c["price"] / stable for c in x["collaterals"]]
    options = sum(_worth_2(e, o, 1.0, o["vol"]) * o["amount"] for e in x["expiries"] for o in e["options"])
    equity = cash + sum(values) + options
    pnl = [_pnl_2(x, p, row, values) for row in x["params"]["scenarios"]]
    basis = sum(_basis_2(e, p) for e in x["expiries"])
    worst = min(basis, *pnl)
    size = abs(perp["position"])
    naked = sum(_naked(e) for e in x["expiries"])
    mm_static = size * spot * p["mm_perp"] + naked * spot * p["mm_option"]
    im_static = size * spot * p["im_perp_extra"] + naked * spot * p["im_option_extra"]
    for value, c in zip(values, x["collaterals"], strict=True):
        mm_static += value * c["mm_haircut"]
        im_static += value * c["im_haircut_extra"]
    factor = p["im_factor"] + max(0.0, p["peg_threshold"] - stable) * p["peg_factor"]
    doubt = _doubt_2(x, p, values)
    return {
        "equity": equity,
        "mm": equity + p["mm_factor"] * worst - mm_static,
        "basis": basis,
        "oracle": doubt,
        "im": equity + factor * worst - mm_static - im_static - doubt,
        "pnl": pnl,
    }


def _worth_2(e: Account, o: Account, move: float, vol: float) -> float:
    years = e["seconds_to_expiry"] / YEAR
    discount = math.exp(-years * max(e["rate"], 0.0))
    return black(e["forward_variable"] * move + e["forward_fixed"], o["strike"], vol, years, o["is_call"]) * discount


def _pnl_2(x: Account, p: dict[str, float], row: list[Any], values: list[float]) -> float:
    move, word, cover = row
    out = x["perp"]["position"] * x["perp"]["price"] * (move - 1) * cover
    for value, c in zip(values, x["collaterals"], strict=True):
        if c["risk_cancelling"]:
            out += value * (move - 1) * cover
    for e in x["expiries"]:
        now = sum(_worth_2(e, o, 1.0, o["vol"]) * o["amount"] for o in e["options"])
        then = sum(_worth_2(e, o, move, _vol_2(e, o, word, p)) * o["amount"] for o in e["options"])
        years, rate = e["seconds_to_expiry"] / YEAR, max(e["rate"], 0.0)
        if then >= 0:
            then *= p["long_base_discount"] * math.exp(-years * (p["long_rate_mult"] * rate + p["long_rate_add"]))
        else:
            most = math.exp(years * rate)
            mark_up = p["short_base_discount"] * math.exp(years * (p["short_rate_mult"] * rate + p["short_rate_add"]))
            then *= min(most, mark_up)
        out += cover * (-abs(then - now) if word in ("linear", "abs") else then - now)
    return out


def _vol_2(e: Account, o: Account, word: str, p: dict[str, float]) -> float:
    days = e["seconds_to_expiry"] / 86400.0
    years = days / 365.0
    power = p["short_power"] if days <= 30 else p["long_power"]
    steepness = (30.0 / max(days, p["dte_floor_days"])) ** power
    if word == "up":
        return max(o["vol"] * (1 + p["range_up"] * steepness), p["min_vol_up"])
    if word == "down":
        return o["vol"] * max(0.0, 1 - p["range_down"] * steepness)
    if word in ("linear", "abs") and o["strike"] > 0:
        k = math.log(o["strike"] / (e["forward_variable"] + e["forward_fixed"]))
        k = abs(k) if word == "abs" else k
        cap = p[f"{word}_cbase"] * math.sqrt(years) + p[f"{word}_cap"]
        width = math.sqrt(years) * p["width_scale"] * (p["vol_static"] + p["vol_scale"] * math.sqrt(years))
        tilt = k * cap / max(p["min_kstar"], width)
        return o["vol"] * max(0.0, 1 + max(-cap, min(cap, tilt)))
    return o["vol"]


def _basis_2(e: Account, p: dict[str, float]) -> float:
    def value(move: float) -> float:
        return sum(_worth_2(e, o, move, o["vol"]) * o["amount"] for o in e["options"])

    loss = min(value(p["spot_up"]) - value(1.0), value(p["spot_down"]) - value(1.0), 0.0)
    return loss * (p["add"] + p["mult"] * e["seconds_to_expiry"] / YEAR)


def _naked(e: Account) -> float:
    """Net short options of each strike, calls and puts together."""
    net: dict[float, float] = {}
    for o in e["options"]:
        net[o["strike"]] = net.get(o["strike"], 0.0) + o["amount"]
    return sum(max(0.0, -amount) for amount in net.values())


def _doubt_2(x: Account, p: dict[str, float], values: list[float]) -> float:
    spot, perp, out = x["spot"], x["perp"], 0.0

    def charge(confidence: float, notional: float) -> float:
        return (1 - confidence) * p["conf_margin"] * notional if confidence < p["conf_threshold"] else 0.0

    if perp["position"]:
        out += charge(min(x["spot_confidence"], perp["confidence"]), abs(perp["position"]) * spot)
    for e in x["expiries"]:
        trust = min(x["spot_confidence"], *e["confidences"].values())
        if perp["position"]:
            trust = min(trust, perp["confidence"])
        out += charge(trust, sum(abs(o["amount"]) for o in e["options"]) * spot)
    for value, c in zip(values, x["collaterals"], strict=True):
        out += charge(min(c["confidence"], x["spot_confidence"]), abs(value))
    return out


def pmrm_1(x: Account) -> dict[str, Any]:
    """Equity, balances and parts of an account under the first PMRM."""
    p, spot, stable = x["params"], x["spot"], x["stable"]
    base = x["base"] * spot / stable
    options = sum(_worth_1(e, o, 1.0, o["vol"]) * o["amount"] for e in x["expiries"] for o in e["options"])
    equity = x["cash"] + x["pnl"] + base + options
    pnl = []
    for move, word in p["scenarios"]:
        gain = (x["perp"] * x["perpPrice"] + base) * (move - 1)
        for e in x["expiries"]:
            now = sum(_worth_1(e, o, 1.0, o["vol"]) * o["amount"] for o in e["options"])
            then = sum(_worth_1(e, o, move, _vol_1(e, o, word, p)) * o["amount"] for o in e["options"])
            if then > 0:
                years = e["seconds_to_expiry"] / YEAR
                then *= p["base_static_discount"] * math.exp(
                    -years * (p["rate_mult"] * max(e["rate"], 0.0) + p["rate_add"])
                )
            gain += then - now
        pnl.append(gain)
    basis = 0.0
    for e in x["expiries"]:
        moved = [
            sum((_worth_1(e, o, move, o["vol"]) - _worth_1(e, o, 1.0, o["vol"])) * o["amount"] for o in e["options"])
            for move in (p["basis"]["spot_up"], p["basis"]["spot_down"])
        ]
        basis += min(0.0, *moved) * (p["basis"]["add"] + p["basis"]["mult"] * e["seconds_to_expiry"] / YEAR)
    static = spot * (abs(x["perp"]) * p["perp_percent"] + abs(x["base"]) * p["base_percent"])
    static += spot * p["option_percent"] * sum(_naked(e) for e in x["expiries"])
    requirement = min(basis, *pnl) - static
    factor = p["im_factor"] + max(0.0, p["peg_threshold"] - stable) * p["peg_factor"]
    return {
        "equity": equity,
        "mm": equity + requirement,
        "im": equity + factor * requirement - _doubt_1(x),
        "basis": basis,
        "pnl": pnl,
        "oracle": _doubt_1(x),
    }


def _worth_1(e: Account, o: Account, move: float, vol: float) -> float:
    forward = e["forward_variable"] * move + e["forward_fixed"]
    return black(forward, o["strike"], vol, e["seconds_to_expiry"] / YEAR, o["is_call"])


def _vol_1(e: Account, o: Account, word: str, p: dict[str, float]) -> float:
    days = e["seconds_to_expiry"] / 86400.0
    power = p["short_power"] if days <= 30 else p["long_power"]
    steepness = (30.0 / max(days, p["dte_floor_seconds"] / 86400.0)) ** power
    if word == "up":
        return o["vol"] * (1 + p["vol_range_up"] * steepness)
    return o["vol"] * max(0.0, 1 - p["vol_range_down"] * steepness) if word == "down" else o["vol"]


def _doubt_1(x: Account) -> float:
    p, out = x["params"], 0.0
    outright = min(x["spotConf"], x["perpConf"])
    lines = [(abs(x["perp"]), outright), (abs(x["base"]), outright)]
    for e in x["expiries"]:
        trust = min(x["spotConf"], e["forward_conf"], e["rate_conf"], *(o["vol_conf"] for o in e["options"]))
        lines += [(abs(o["amount"]), trust) for o in e["options"]]
    for size, trust in lines:
        if trust < p["conf_threshold"]:
            out += size * x["spot"] * (1 - trust) * p["conf_margin"]
    return out


def standard(x: Account) -> dict[str, Any]:
    """Equity (options count nothing) and balances of a Standard Manager account."""
    stable, im, mm = x["stable"], x["cash"], x["cash"]
    equity = x["cash"]
    for market in x["markets"]:
        base = market["base"] * market["spot"] / stable
        equity += market["pnl"] + base
        more_mm, more_im = _market(market, x)
        mm += market["pnl"] + more_mm
        im += market["pnl"] + more_im
    return {"equity": equity, "im": im, "mm": mm}


def _market(m: Account, x: Account) -> tuple[float, float]:
    p, stable, spot = x["params"], x["stable"], m["spot"]
    rates = m.get("perp_rates", p["perp"])
    base = m["base"] * spot / stable
    mm = base * p["base_margin_factor"] - abs(m["perp"]) * m["perpPrice"] * rates["mm"]
    im = base * p["base_margin_factor"] * p["base_im_scale"] - abs(m["perp"]) * m["perpPrice"] * rates["im"]
    loosened = max(0.0, p["depeg"]["threshold"] - stable) * p["depeg"]["factor"]
    oracle = p["oracle_contingency"]

    def doubt(trust: float, size: float) -> float:
        return (1 - trust) * oracle["factor"] * spot * size if trust < oracle["threshold"] else 0.0

    im -= doubt(min(m["conf"], m["perpConf"]), abs(m["perp"])) + doubt(m["conf"], abs(m["base"]))
    im -= loosened * spot * abs(m["perp"])
    for e in m["expiries"]:
        shorts = sum(max(0.0, -o["amount"]) for o in e["options"])
        im -= doubt(min(m["conf"], e["forward_conf"], e["vol_conf"]), shorts) + loosened * spot * shorts
        mm += max(
            sum(_isolated(e, o, spot, p["option"])[0] for o in e["options"]), _most_lost(e, p["option"]["unpaired_mm"])
        )
        im += max(
            sum(_isolated(e, o, spot, p["option"])[1] for o in e["options"]), _most_lost(e, p["option"]["unpaired_im"])
        )
    return mm, im


def _isolated(e: Account, o: Account, spot: float, p: dict[str, float]) -> tuple[float, float]:
    """Maintenance and initial, negative, of one option line; longs nothing."""
    q = o["amount"]
    if q >= 0:
        return 0.0, 0.0
    mark = q * black(e["forward"], o["strike"], o["vol"], e["seconds_to_expiry"] / YEAR, o["is_call"])
    beyond = max(o["strike"] - spot if o["is_call"] else spot - o["strike"], 0.0)
    initial = mark + max(p["min_spot_req"], p["max_spot_req"] - beyond / spot) * spot * q
    if o["is_call"]:
        return mark + p["mm_call_spot"] * spot * q, initial
    maintenance = min(p["mm_put_spot"] * spot * q, p["mm_put_mtm"] * mark) + mark
    return maintenance, min(initial, p["mm_offset"] * maintenance)


def _most_lost(e: Account, unpaired: float) -> float:
    """Worst settlement at zero and the strikes of this expiry, and net short calls beyond them."""
    worst = 0.0
    for price in {0.0, *(o["strike"] for o in e["options"])}:
        payoff = sum(
            o["amount"] * max(price - o["strike"] if o["is_call"] else o["strike"] - price, 0.0) for o in e["options"]
        )
        worst = min(worst, payoff)
    calls = sum(o["amount"] for o in e["options"] if o["is_call"])
    return worst + min(calls, 0.0) * unpaired * e["forward"]
