"""A market's instruments as columns, and accounts that hold them, made from a number: for suites over any model."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from seawall.kernels.exact_black import black_call_put, black_delta
from seawall.margin.frame import Columns
from seawall.margin.plan import bind, evaluate, index
from seawall.margin.rows import Lines
from seawall.margin.shock import Supplied
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import MarginModel

SPOTS = {"BTC": 60000.0, "ETH": 3000.0, "SOL": 150.0}
DAYS = (0.01, 0.5, 7.0, 30.0, 200.0)
CONDITIONS = {"open_interest": 1e6, "deposits": 1e6, "depth": 1e7, "volume": 1e8, "confidence": 1.0, "funding": 1e-4}
SCENARIOS = 60


class MadeBook(NamedTuple):
    """columns (I); quantity, instrument, account (L); gains supplied by name."""

    columns: dict[str, Any]
    quantity: Floats
    instrument: Ints
    account: Ints
    supplied: dict[str, Supplied]


def margin_book(model: MarginModel, seed: int, *, accounts: int = 3, lines: int = 6) -> MadeBook:
    """A book of instruments that the model takes, of every kind it knows; the same seed makes the same book."""
    rng = np.random.default_rng(seed)
    rows = [row for name, spot in SPOTS.items() for row in _market(name, spot, rng)]
    rows = [*_money(), *rows]
    columns = _columns(rows)
    supplied = {name: _gains(columns, rng) for name in model.cubes}
    taken = _taken(model, columns, supplied)
    columns = {name: values[taken] for name, values in columns.items()}
    supplied = {name: Supplied(s.gains[taken], s.labels) for name, s in supplied.items()}
    held = np.concatenate([[0, *rng.choice(len(taken), lines - 1, replace=True)] for _ in range(accounts)])
    amount = rng.normal(0, 3, len(held))
    owned = np.isin(columns["kind"][held], ("cash", "spot", "wrapped", "lending"))
    quantity = np.where(owned, np.abs(amount), amount) * np.where(columns["kind"][held] == "cash", 5000.0, 1.0)
    return MadeBook(columns, quantity, held.astype(np.int64), np.repeat(np.arange(accounts), lines), supplied)


def _taken(model: MarginModel, columns: dict[str, Any], supplied: dict[str, Supplied]) -> Ints:
    """Places of the instruments that the model takes, and has parameters for."""
    bound, count = bind(model, Columns(columns), supplied), len(columns["kind"])
    each = np.arange(count)
    done = evaluate(index(bound, Lines(each, each, count)), np.ones(count))
    known = np.all([np.isfinite(done[name]) for name in model.results], axis=0)
    return np.array([i for i in each if known[i] and i not in bound.refused], dtype=np.int64)


def _money() -> list[dict[str, Any]]:
    shared = {"underlying": "USD", "asset": "USD", "spot": 1.0, "price": 1.0, "asset_class": "currency"}
    return [{**shared, "kind": "cash", "instrument": "USD"},
            {**shared, "kind": "unrealised", "instrument": "unrealised:USD"}]


def _market(name: str, spot: float, rng: Generator) -> list[dict[str, Any]]:
    shared = {"underlying": name, "asset": name, "spot": spot, "asset_class": "crypto", "forward": spot}
    rows = [{**shared, "kind": "spot", "price": spot, "delta": 1.0},
            {**shared, "kind": "perpetual", "price": spot * 1.001, "delta": 1.0},
            {**shared, "kind": "future", "price": spot * 1.01, "forward": spot * 1.01, "tau": 0.25, "expiry": "2026-09",
             "delta": 1.01}]
    for days in DAYS:
        tau, forward, vol = days / 365, spot * (1 + 0.04 * days / 365), float(rng.uniform(0.3, 0.9))
        for strike in spot * np.array([0.8, 1.0, 1.25]):
            for call in (1.0, 0.0):
                value = float(black_call_put(forward, strike, vol, tau, call))
                delta = float(black_delta(forward, strike, vol, tau, call))
                rows.append({**shared, "kind": "option", "expiry": f"{days:g}", "forward": forward, "strike": strike,
                             "is_call": call, "vol": vol, "tau": tau, "price": value, "delta": delta})
    return [{"instrument": f"{name}-{n}", **row} for n, row in enumerate(rows)]


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    plain = {"price": 0.0, "spot": 1.0, "forward": 1.0, "strike": 0.0, "is_call": 0.0, "vol": 0.0, "tau": 0.0,
             "rate": 0.0, "discount": 1.0, "contract_size": 1.0, "base_size": 1.0, "delta": 0.0, "gamma": 0.0,
             "vega": 0.0, "settlement_price": 1.0, "is_inverse": 0.0, **CONDITIONS}
    words = {"instrument": "", "kind": "", "underlying": "", "expiry": "", "settlement": "USD", "quote": "USD",
             "payoff": "linear", "asset": "", "asset_class": ""}
    out: dict[str, Any] = {name: np.array([row.get(name, value) for row in rows], dtype=np.float64)
                           for name, value in plain.items()}
    out |= {name: np.array([row.get(name, value) for row in rows], dtype=str) for name, value in words.items()}
    out["market"] = out["asset"].copy()
    out["undiscounted"], out["index"], out["unit_price"] = out["price"].copy(), out["spot"].copy(), out["spot"].copy()
    out["mark"] = np.where(np.isin(out["kind"], ("perpetual", "future")), 0.0, out["price"])
    return out


def _gains(columns: dict[str, Any], rng: Generator) -> Supplied:
    """Gains (I,S) by delta under moves that every instrument of an underlying shares."""
    moves = {name: rng.normal(0, 0.05, SCENARIOS) for name in (*SPOTS, "USD")}
    moves["USD"] = np.zeros(SCENARIOS)
    gains = np.array([columns["delta"][i] * columns["spot"][i] * moves[name]
                      for i, name in enumerate(columns["underlying"])])
    return Supplied(np.ascontiguousarray(gains), tuple(str(n) for n in range(SCENARIOS)))
