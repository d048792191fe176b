"""Books of invented positions as instrument columns, for venues' rules; prices from plain loops, seeds given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import erf, log, sqrt
from typing import Any

import numpy as np

from margin.plain_span import black
from seawall.formats.margin_models import read_margin_model
from seawall.margin.frame import Columns
from seawall.margin.plan import Plan, bind, evaluate, explain, index
from seawall.margin.rows import Lines
from seawall.model.margin import MarginModel

SPOT = {"BTC": 60_000.0, "ETH": 3_000.0, "HYPE": 40.0, "SOL": 150.0, "LINK": 20.0, "AVAX": 30.0, "ADA": 0.5,
        "LTC": 80.0, "DOGE": 0.2, "USD": 1.0, "USDC": 1.0, "USDT": 1.0}


def spot(name: str) -> float:
    """The price of an asset; what is not listed stands at one."""
    return SPOT.get(name, 1.0)


@dataclass
class Line:
    """One position: everything a rule may ask of it, per unit of quantity."""

    kind: str
    underlying: str
    quantity: float
    days: float = 0.0
    strike: float = 1.0
    is_call: int = 1
    vol: float = 0.5
    basis: float = 1.0
    rate: float = 0.0
    settlement: str = "USD"
    asset: str = ""
    name: str = ""
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def spot(self) -> float:
        return spot(self.underlying)

    @property
    def tau(self) -> float:
        return self.days / 365

    @property
    def forward(self) -> float:
        return self.spot * self.basis

    @property
    def inverse(self) -> bool:
        return self.settlement == self.underlying and self.kind in ("option", "perpetual", "future")

    @property
    def size(self) -> float:
        """What one unit of undiscounted Black-76 is worth: a coin-settled option is worth its value over forward."""
        return self.spot / self.forward if self.inverse else 1.0

    @property
    def discount(self) -> float:
        return 1.0 if self.inverse else float(np.exp(-self.rate * self.tau))

    def value(self, move: float = 0.0, vol: float | None = None, tau: float | None = None) -> float:
        """An option's discounted worth in dollars at today's coin price share, its forward moved."""
        sigma, left = self.vol if vol is None else vol, self.tau if tau is None else tau
        return black(self.forward * (1 + move), self.strike, sigma, left, self.is_call) * self.size * self.discount

    @property
    def price(self) -> float:
        if self.kind == "option":
            return self.value()
        return self.forward if self.kind in ("perpetual", "future") else self.spot

    @property
    def mark(self) -> float:
        return 0.0 if self.kind in ("perpetual", "future") else self.price

    @property
    def delta(self) -> float:
        if self.kind != "option":
            return 0.0 if self.spot == 1.0 else 1.0
        width = self.vol * sqrt(self.tau)
        d1 = log(self.forward / self.strike) / width + width / 2
        return 0.5 * (1 + erf(d1 / sqrt(2))) - (0 if self.is_call else 1)


def columns(lines: Sequence[Line], **more: Sequence[float]) -> Columns:
    """The lines' instruments, one each."""
    labels = {
        "instrument": [line.name or f"{n}" for n, line in enumerate(lines)], "kind": [line.kind for line in lines],
        "underlying": [line.underlying for line in lines], "settlement": [line.settlement for line in lines],
        "expiry": [f"{line.days:g}" if line.days else "" for line in lines],
        "asset": [line.asset or line.underlying for line in lines],
        "market": [line.asset or line.underlying for line in lines],
    }
    names = ("price", "mark", "spot", "forward", "strike", "is_call", "vol", "tau", "discount", "delta")
    numbers: dict[str, Any] = {name: [float(getattr(line, name)) for line in lines] for name in names}
    numbers |= {"contract_size": [line.size for line in lines], "is_inverse": [float(line.inverse) for line in lines],
                "base_size": [1.0] * len(lines)}
    for name in {key for line in lines for key in line.extra}:
        numbers[name] = [line.extra.get(name, np.nan) for line in lines]
    numbers |= {name: list(values) for name, values in more.items()}
    return Columns({**{k: np.array(v, dtype=float) for k, v in numbers.items()},
                    **{k: np.array(v, dtype=str) for k, v in labels.items()}})


def plan_of(model: MarginModel | str, made: Columns, accounts: Sequence[int] | None = None) -> Plan:
    """The model over these instruments, one line each."""
    found = read_margin_model(model) if isinstance(model, str) else model
    owner = np.zeros(made.count, dtype=np.int64) if accounts is None else np.array(accounts, dtype=np.int64)
    return index(bind(found, made), Lines(owner, np.arange(made.count), int(owner.max(initial=0)) + 1))


def margins(
    model: MarginModel | str, lines: Sequence[Line], *, changes: Mapping[str, float] | None = None, **more: Any
) -> dict[str, float]:
    """Every result of one account; checks on the way that each adds up over its lines."""
    found = read_margin_model(model) if isinstance(model, str) else model
    plan = plan_of(found.with_parameters(changes or {}), columns(lines, **more))
    quantity = np.array([line.quantity for line in lines], dtype=float)
    done = evaluate(plan, quantity)
    for name in plan.results:
        total = float(explain(plan, quantity, name).by_line.sum())
        scale = sum(abs(float(x)) for values in done.values() for x in values if np.isfinite(x)) + 1.0
        # Explanations add the same numbers in another order.
        assert np.isnan(done[name]).any() or abs(total - done[name].sum()) <= 1e-12 * scale, name
    return {name: float(values.sum()) for name, values in done.items()}


def binding(model: MarginModel | str, lines: Sequence[Line], term: str, result: str = "initial") -> tuple[str, ...]:
    """Labels of the scenarios that bind in a term's rows."""
    plan = plan_of(model, columns(lines))
    return explain(plan, np.array([line.quantity for line in lines], dtype=float), result).scenario[term]


def random_lines(
    rng: np.random.Generator, *, underlyings: Sequence[str] = ("BTC", "ETH"), count: int = 10, scale: float = 3.0,
    settlements: Sequence[str] = ("USD",), kinds: Sequence[str] = ("option", "perpetual", "future"),
) -> list[Line]:
    """So many random derivatives; "coin" among the settlements stands for the underlying itself."""
    out = []
    for _ in range(count):
        kind, underlying = str(rng.choice(kinds)), str(rng.choice(underlyings))
        settled = str(rng.choice(settlements))
        days = 0.0 if kind == "perpetual" else float(rng.choice([0.5, 5, 20, 29.5, 30, 60, 200]))
        out.append(Line(
            kind, underlying, float(rng.normal(0, scale)), days=days, strike=SPOT[underlying] * rng.uniform(0.6, 1.6),
            is_call=int(rng.integers(0, 2)), vol=float(rng.uniform(0.15, 1.2)),
            basis=1.0 if kind == "perpetual" else float(np.exp(0.05 * days / 365)), rate=0.04,
            settlement=underlying if settled == "coin" else settled,
        ))
    return out
