"""SPAN once more in plain loops: contract by contract, scenario by scenario, one account at a time."""

from __future__ import annotations

from math import erf, log, sqrt
from typing import NamedTuple

STEPS = [(0, 1), (0, -1), (1 / 3, 1), (1 / 3, -1), (-1 / 3, 1), (-1 / 3, -1), (2 / 3, 1), (2 / 3, -1), (-2 / 3, 1),
         (-2 / 3, -1), (1, 1), (1, -1), (-1, 1), (-1, -1), (2, 0), (-2, 0)]


class Contract(NamedTuple):
    """size: units of the commodity. delta: composite, of one contract. price: worth of one contract."""

    commodity: str
    expiry: str
    kind: str
    size: float
    forward: float
    price: float
    delta: float
    spot_month: int = 0
    strike: float = 0.0
    is_call: int = 0
    vol: float = 0.0
    tau: float = 0.0
    discount: float = 1.0


class Product(NamedTuple):
    price_range: float
    vol_range: float
    calendar_rate: float
    delivery_rate: float
    short_option_minimum: float


def black(forward: float, strike: float, vol: float, tau: float, call: int) -> float:
    if tau <= 0 or vol <= 0:
        return max(forward - strike, 0) if call else max(strike - forward, 0)
    d = vol * sqrt(tau)
    d1 = log(forward / strike) / d + d / 2
    phi = lambda x: 0.5 * (1 + erf(x / sqrt(2)))  # noqa: E731
    value = forward * phi(d1) - strike * phi(d1 - d)
    return value if call else value - forward + strike


def array(c: Contract, p: Product) -> list[float]:
    out = []
    for step, up in STEPS:
        cover = 0.35 if abs(step) == 2 else 1.0
        moved = max(c.forward + step * p.price_range, 1e-6 * c.forward)
        if c.kind != "option":
            gain = step * p.price_range * c.size
        else:
            tau = max(c.tau - 1 / 365, 0)
            worth = black(moved, c.strike, c.vol * (1 + up * p.vol_range), tau, c.is_call)
            gain = c.size * c.discount * worth - c.price
        out.append(cover * gain)
    return out


class Answer(NamedTuple):
    scan: dict
    months: dict
    delivery: dict
    credit: dict
    minimum: dict
    risk: dict
    gains: list
    total: float


def span(everything: list[tuple[Contract, float]], products: dict[str, Product], credits: list) -> Answer:
    """credits: spreads in order, each (rate, [(commodity, side, ratio), ...]). Only derivatives count."""
    held = [(c, q) for c, q in everything if c.kind in ("future", "perpetual", "option")]
    names = sorted({c.commodity for c, _ in held})
    every = [0.0] * 16
    scan, price_risk, net, months, delivery, minimum = {}, {}, {}, {}, {}, {}
    for name in names:
        p = products[name]
        mine = [(c, q) for c, q in held if c.commodity == name]
        gains = [sum(q * array(c, p)[s] for c, q in mine) for s in range(16)]
        every = [one + other for one, other in zip(every, gains, strict=True)]
        worst = min(range(16), key=lambda s: gains[s])
        scan[name] = max(0.0, -gains[worst])
        partner = worst if worst >= 14 else worst ^ 1
        paired = -(gains[worst] + gains[partner]) / 2
        time = -(gains[0] + gains[1]) / 2
        price_risk[name] = max(paired - time, 0) if gains[worst] < 0 else 0.0
        by_month: dict[str, float] = {}
        for c, q in mine:
            by_month[c.expiry] = by_month.get(c.expiry, 0) + q * c.delta
        long = sum(d for d in by_month.values() if d > 0)
        sold = sum(-d for d in by_month.values() if d < 0)
        net[name] = long - sold
        months[name] = min(long, sold) * p.calendar_rate
        near = {c.expiry for c, _ in mine if c.spot_month and c.kind != "perpetual"}
        delivery[name] = sum(abs(d) for month, d in by_month.items() if month in near) * p.delivery_rate
        short: dict[Contract, float] = {}
        for c, q in mine:
            if c.kind == "option":
                short[c] = short.get(c, 0.0) + q
        minimum[name] = sum(-q * p.short_option_minimum for q in short.values() if q < 0)
    credit = dict.fromkeys(names, 0.0)
    left = dict(net)
    for rate, legs in credits:
        for way in (1, -1):
            if any(left.get(name, 0) * side * way <= 0 for name, side, _ in legs):
                continue
            count = min(abs(left[name]) / ratio for name, _, ratio in legs)
            for name, side, ratio in legs:
                left[name] -= side * way * count * ratio
                credit[name] += rate * count * ratio * price_risk[name] / abs(net[name])
    risk = {n: max(scan[n] + months[n] + delivery[n] - credit[n], minimum[n]) for n in names}
    value = sum(q * c.price for c, q in held if c.kind == "option")
    return Answer(scan, months, delivery, credit, minimum, risk, every, max(sum(risk.values()) - value, 0.0))
