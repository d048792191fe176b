"""Two underlyings with steep short options, thirty-two scenarios, and accounts of every kind, from seeds alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.zones.exact import Exact, Units
from seawall.zones.market import Listed, Place, Stand
from seawall.zones.positions import Positions, positions

DAYS = (3.2, 4.5, 8.0, 15.0, 43.0, 160.0)
WIDTHS = np.array([-1.6, -0.8, -0.3, -0.1, 0.0, 0.1, 0.3, 0.8, 1.6])
ROWS = [(spot, vol, 1.0) for spot in (0.0, 0.04, -0.04, 0.08, -0.08, 0.12, -0.12, 0.16, -0.16)
        for vol in (0.0, 0.45, -0.30)]
ROWS += [(-0.66, 0.45, 0.21), (-0.33, 0.45, 0.42), (0.5, 0.45, 0.27), (1.0, 0.45, 0.13), (2.0, 0.45, 0.069)]
SPOT, VOL, SHARE = (np.array(column) for column in zip(*ROWS, strict=True))
HERE = Stand((Place(70_000.0, 1.0), Place(2_500.0, 1.0)), 0.0)
UNITS = Units()


class Shelf(NamedTuple):
    """Where plain instruments stand behind an underlying's options: coins owned, perpetual, future, charge by size."""

    options: int
    coin: int
    perpetual: int
    future: int
    charge: int


def listed(name: str, spot: float, seed: int) -> Listed:
    """Options at six expiries by nine strikes, call and put; then coin, perpetual, future, charge by size."""
    rng = np.random.default_rng(seed)
    years = np.repeat(np.array(DAYS) / 365, len(WIDTHS) * 2)
    wide = np.tile(np.repeat(WIDTHS, 2), len(DAYS))
    vol = 0.45 + 0.1 * np.abs(wide) + rng.uniform(0, 0.05, len(years))
    strike = spot * np.exp(wide * vol * np.sqrt(years))
    count = len(years)
    term = np.minimum(1.6, (30 / np.maximum(1, np.floor(years * 365))) ** 0.3)
    factor = np.maximum(0.3, 1 + VOL * np.append(term, np.ones(4))[:, None])
    return Listed(
        name, np.arange(count + 4) < count, np.arange(count + 4) % 2 == 0, np.append(strike, np.ones(4)),
        np.append(years, np.ones(4)), np.append(vol, np.ones(4)),
        np.append(1 + 0.04 * years, [0.95, 1.0005, 1.01, 1.0]), np.arange(count + 4) != count + 3,
        1 + SPOT, factor, SHARE)


def market() -> list[Listed]:
    """Both underlyings."""
    return [listed("BTC", HERE.places[0].spot, 1), listed("ETH", HERE.places[1].spot, 2)]


def shelf(one: Listed) -> Shelf:
    """Its plain instruments."""
    n = int(one.is_option.sum())
    return Shelf(n, n, n + 1, n + 2, n + 3)


def holders(accounts: int, seed: int) -> Positions:
    """Outright, spread, hedged and written positions, a third of them in both underlyings."""
    rng = np.random.default_rng(seed)
    columns: list[list[np.ndarray]] = [[], [], []]
    for u, one in enumerate(market()):
        place = shelf(one)
        holds = rng.random(accounts) < (0.7 if u == 0 else 0.6)
        lines = np.where(holds, rng.integers(1, 9, accounts), 0)
        of = np.repeat(np.arange(accounts), lines)
        what = np.where(rng.random(len(of)) < 0.75, rng.integers(0, place.options, len(of)),
                        rng.integers(place.coin, place.future + 1, len(of)))
        size = np.exp(rng.normal(0, 1.2, accounts))[of] * (1.0 if u == 0 else 28.0) * rng.uniform(0.3, 1.7, len(of))
        lean = rng.choice([-1.0, 0.0, 1.0], accounts)[of]
        lots = np.rint(size * np.where(rng.random(len(of)) < 0.5 + 0.45 * lean, 1, -1) * 300)
        charged = np.flatnonzero(holds)
        fee = -np.ceil(np.bincount(of, np.abs(lots), accounts)[charged] * 0.01)
        of, what, lots = (np.concatenate(pair) for pair in (
            (of, charged), (what, np.full(len(charged), place.charge)), (lots, fee)))
        _, first = np.unique(of * 4096 + what, return_index=True)
        for column, x in zip(columns, (of, what, lots), strict=True):
            column.append(x[first].astype(np.int64))
    return positions(columns[0], columns[1], columns[2], accounts)


def book(accounts: int, seed: int, *, danger: float = 0.05, joint: bool = False, threads: int = 1) -> Exact:
    """A book whose accounts have a cushion over their margin, this share of them a thin one."""
    exact = Exact(market(), holders(accounts, seed), np.zeros(accounts, np.int64), HERE, units=UNITS, joint=joint,
                  threads=threads)
    rng = np.random.default_rng(seed + 1)
    need = -exact.everyone()
    cushion = 0.05 + rng.lognormal(np.log(0.8), 1.0, accounts)
    thin = rng.random(accounts) < danger
    cushion[thin] = rng.uniform(0.0005, 0.05, thin.sum())
    exact.cash[:] = need + (cushion * np.maximum(margin(exact), 1e8)).astype(np.int64)
    return exact


def margin(exact: Exact) -> np.ndarray:
    """(A) roughly what accounts are charged: a twentieth of the gross worth they hold."""
    lines, gross = exact.lines, np.zeros(exact.lines.accounts)
    for u, base in enumerate(exact.base):
        of = np.repeat(np.arange(lines.accounts), lines.count[u])
        at = np.repeat(lines.begin[u], lines.count[u]) + np.concatenate([np.arange(n) for n in lines.count[u]])
        size = np.abs(exact.cube[base + lines.row[at].astype(np.int64), 0].astype(float) * lines.lots[at])
        gross += np.bincount(of, size, lines.accounts)
    return gross / 20
