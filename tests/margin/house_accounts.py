"""Small accounts for the house's own model: columns, and gains under five invented rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from seawall.formats.margin_models import read_margin_model
from seawall.margin.frame import Columns
from seawall.margin.plan import Plan, bind, index
from seawall.margin.rows import Lines
from seawall.margin.shock import Supplied

SPOT = {"BTC": 60_000.0, "ETH": 3_000.0, "SOL": 150.0, "SPY": 600.0, "XYZ": 2.0, "USDC": 1.0, "USDT": 1.0, "USD": 1.0}
STABLE = ("USDC", "USDT", "USD")
CLUSTERS = {"BTC": "1", "ETH": "1", "SOL": "1", "SPY": "2", "USDC": "3", "USDT": "3", "USD": "3", "XYZ": "9"}


def held(kind: str, asset: str, **more: Any) -> dict[str, Any]:
    """One instrument: a unit of an asset, a coin's contract, or the option that ``more`` describes."""
    underlying, spot = str(more.pop("underlying", asset)), float(more.pop("spot", SPOT.get(asset, 1.0)))
    owned = kind in ("cash", "spot", "lending", "wrapped", "unrealised")
    row = {
        "instrument": f"{kind}:{asset}", "kind": kind, "asset": asset, "underlying": underlying, "market": asset,
        "expiry": "", "asset_class": "stablecoin" if asset in STABLE else "crypto", "price": spot,
        "mark": spot if owned else 0.0, "spot": spot, "delta": 0.0 if asset == "USD" else 1.0, "strike": 0.0,
        "is_call": 0.0, "tau": 0.0, "base_size": 1.0,
    }
    return row | more


def columns_of(rows: list[dict[str, Any]]) -> Columns:
    return Columns({name: np.array([row[name] for row in rows]) for name in rows[0]})


def gains_of(rows: list[dict[str, Any]], moves: dict[str, np.ndarray]) -> np.ndarray:
    return np.array([row["delta"] * row["spot"] * moves.get(row["underlying"], 0.0 * moves["BTC"]) for row in rows])


def cubes(rows: list[dict[str, Any]], seed: int = 1, scenarios: int = 200) -> dict[str, Supplied]:
    """Fat-tailed moves with one common part; the stressed ones are the same numbers, all ranked alike."""
    rng = np.random.default_rng(seed)
    names = [name for name in SPOT if name not in STABLE]
    common = rng.standard_t(4, scenarios)
    day = {n: 0.02 * (0.6 * common + 0.8 * rng.standard_t(4, scenarios)) for n in names}
    next_day = {n: 0.02 * rng.standard_t(4, scenarios) for n in names}
    order = np.argsort(common + 0.3 * rng.standard_normal(scenarios))
    stressed = {}
    for n in names:
        both = np.sort(day[n] + next_day[n])
        stressed[n] = np.empty(scenarios)
        stressed[n][order] = both
    steps = {n: np.stack([day[n], day[n] + next_day[n]], axis=1).ravel() for n in names}
    period = {n: 1.7 * (day[n] - next_day[n]) for n in names}
    crises = {n: np.array([-0.4, -0.2, 0.15]) for n in names}
    labels = tuple(str(s) for s in range(scenarios))
    path = np.repeat(np.arange(scenarios), 2)
    return {
        "history": Supplied(gains_of(rows, {n: day[n] + next_day[n] for n in names}), labels),
        "history_path": Supplied(gains_of(rows, steps), tuple(str(s) for s in range(2 * scenarios)), path=path),
        "stressed_correlation": Supplied(gains_of(rows, stressed), labels),
        "stressed_period": Supplied(gains_of(rows, period), labels),
        "stress": Supplied(gains_of(rows, crises), ("crash", "fall", "rise")),
    }


def house(
    rows: list[dict[str, Any]], *, seed: int = 1, scenarios: int = 200, changes: dict[str, float] | None = None,
    accounts: int = 1, account: list[int] | None = None,
) -> Plan:
    """The house's model over the instruments, one line each in every account, or in the accounts given."""
    model = read_margin_model("seawall").with_parameters(changes or {})
    bound = bind(model, columns_of(rows), cubes(rows, seed, scenarios))
    count = len(rows)
    if account is not None:
        return index(bound, Lines(np.array(account), np.arange(count), accounts))
    return index(bound, Lines(np.repeat(np.arange(accounts), count), np.tile(np.arange(count), accounts), accounts))
