"""Which dangers are planted? Five families, each a handful of lines that look safe and a move in which they are not.

A sketch is in millions of money for size one; who plants it sizes it by full revaluation. Nothing here knows how a
danger would be found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, SupportsIndex

import numpy as np

from seawall.model.instrument import Instrument
from seawall.testing.planting_market import COINS, EXPIRIES, VENUES, instruments

FAMILIES = ("netting", "basis", "corner", "crowding", "wrong_way")
MILLION = 1e6
PAIRS = (("BTC", "ETH"), ("ETH", "SOL"), ("SOL", "AVAX"), ("BTC", "SOL"), ("ETH", "LINK"), ("LINK", "AVAX"))
SHELF: Mapping[str, Instrument] = instruments()


class Leg(NamedTuple):
    """One line of a sketch: account, instrument, quantity for size one, and whether it is part of the danger.

    A line that is not covers another account's exposure, so that the total does not lean.
    """

    account: str
    instrument: str
    quantity: float
    planted: bool = True


class Sketch(NamedTuple):
    """legs; move: shock of each column that does harm, natural units; cash: money, for size one, by account.

    thin: instrument and the days of its volume that the crowd holds, where the danger is an exit. bare: accounts
    whose own cash is taken away, their collateral being something else.
    """

    family: str
    story: str
    legs: tuple[Leg, ...]
    move: Mapping[str, float]
    cash: Mapping[str, float]
    thin: tuple[str, float] | None = None
    bare: tuple[str, ...] = ()


def sketch(family: str, rng: np.random.Generator, accounts: Sequence[str]) -> Sketch:
    """One danger of a family, its place and shape drawn; accounts: those that may be used, in random order."""
    return MAKERS[family](rng, list(accounts))


def _netting(rng: np.random.Generator, accounts: list[str]) -> Sketch:
    long, short = PAIRS[rng.integers(len(PAIRS))]
    if rng.random() < 0.5:
        long, short = short, long
    ratio = COINS[long][1] / COINS[short][1] * rng.uniform(0.85, 0.98)
    at, other = rng.choice(len(VENUES), 2, replace=False)
    longs, shorts = accounts[:2], accounts[2:4]
    share = rng.uniform(0.35, 0.65)
    legs = [Leg(longs[0], _perp(long, at), _units(long, share)), Leg(longs[1], _spot_or_future(rng, long),
                                                                     _units(long, 1 - share))]
    legs += [Leg(shorts[0], _perp(short, other), _units(short, -ratio * share)),
             Leg(shorts[1], _future(rng, short), _units(short, -ratio * (1 - share)))]
    move = {f"spot:{long}": -rng.uniform(0.12, 0.18), f"spot:{short}": rng.uniform(0.02, 0.08)}
    return Sketch("netting", f"long {long} against short {short} at another venue", tuple(legs), move,
                  _cushion(legs, 0.3))


def _basis(rng: np.random.Generator, accounts: list[str]) -> Sketch:
    kind = rng.integers(3)
    coin = ("BTC", "ETH", "SOL")[rng.integers(3)]
    count = int(rng.integers(3, 5))
    shares = rng.dirichlet(np.full(count, 6.0))
    legs: list[Leg] = []
    if kind == 0:
        side = 1.0 if rng.random() < 0.5 else -1.0
        for account, share in zip(accounts, shares, strict=False):
            held = f"{coin}-SPOT" if side > 0 and rng.random() < 0.5 else _perp(coin, rng.integers(len(VENUES)))
            legs += [Leg(account, held, _units(coin, side * share)),
                     Leg(account, _last_future(coin), _units(coin, -side * share))]
        return Sketch("basis", f"{coin} against its far future", tuple(legs),
                      {f"carry:{coin}": side * rng.uniform(0.09, 0.14)}, _cushion(legs, 0.12))
    if kind == 1:
        at, other = rng.choice(len(VENUES), 2, replace=False)
        for account, share in zip(accounts, shares, strict=False):
            legs += [Leg(account, _perp(coin, at), _units(coin, share)),
                     Leg(account, _perp(coin, other), _units(coin, -share))]
        return Sketch("basis", f"long {coin} at {VENUES[at]} against {VENUES[other]}", tuple(legs),
                      {f"premium:{VENUES[at]}": -rng.uniform(0.035, 0.06)}, _cushion(legs, 0.05))
    for account, share in zip(accounts, shares, strict=False):
        legs += [Leg(account, "WSTETH", _units("ETH", share / 1.2)),
                 Leg(account, _perp("ETH", rng.integers(len(VENUES))), _units("ETH", -share))]
    return Sketch("basis", "staked ETH against a perpetual", tuple(legs), {"peg:WSTETH": -rng.uniform(0.06, 0.1)},
                  _cushion(legs, 0.1))


def _corner(rng: np.random.Generator, accounts: list[str]) -> Sketch:
    coin = ("BTC", "ETH", "SOL")[rng.integers(3)]
    count = int(rng.integers(4, 7))
    shares = rng.dirichlet(np.full(count, 6.0))
    if rng.random() < 0.5:
        put, expiry = rng.random() < 0.7, EXPIRIES[0]
        strike = (0.65 if put else 1.5) if coin == "SOL" else (0.75 if put else 1.3)
        name = _option(coin, expiry, strike, "P" if put else "C", "USD")
        legs = [Leg(a, name, _units(coin, -share)) for a, share in zip(accounts, shares, strict=False)]
        move = {f"spot:{coin}": -rng.uniform(0.16, 0.22) if put else rng.uniform(0.16, 0.22),
                f"volatility:{coin}": rng.uniform(0.6, 0.9)}
        return Sketch("corner", f"short {name} in many accounts", tuple(legs), move, _cushion(legs, 0.03))
    expiry, strike = EXPIRIES[rng.integers(2)], (0.75, 0.85)[rng.integers(2)]
    legs = []
    for place, share in enumerate(shares):
        giver, taker = accounts[place], accounts[(place + 1) % count]
        legs += [Leg(giver, _option(coin, expiry, strike, "P", "USD"), _units(coin, -share)),
                 Leg(taker, _option(coin, expiry, strike, "P", "USDC"), _units(coin, share))]
    move = {f"spot:{coin}": -rng.uniform(0.24, 0.3), "spot:USDC": -rng.uniform(0.08, 0.12)}
    return Sketch("corner", f"short {coin} puts covered by puts that pay in USDC", tuple(legs), move,
                  _cushion(legs, 0.06))


def _crowding(rng: np.random.Generator, accounts: list[str]) -> Sketch:
    coin = ("AVAX", "LINK", "DOGE")[rng.integers(3)]
    count = int(rng.integers(6, 10))
    shares = rng.dirichlet(np.full(count, 12.0))
    future, side = _future(rng, coin), 1.0 if rng.random() < 0.5 else -1.0
    legs: list[Leg] = []
    for account, share in zip(accounts, shares, strict=False):
        legs += [Leg(account, future, _units(coin, side * share)),
                 Leg(account, _perp(coin, rng.integers(len(VENUES))), _units(coin, -side * share), planted=False)]
    return Sketch("crowding", f"everyone stands in {future}", tuple(legs), {f"spot:{coin}": -0.2 * side},
                  _cushion(legs, 0.25), thin=(future, float(rng.uniform(12.0, 25.0))))


def _wrong_way(rng: np.random.Generator, accounts: list[str]) -> Sketch:
    coin = ("SOL", "AVAX", "LINK", "DOGE")[rng.integers(4)]
    count = int(rng.integers(3, 5))
    shares = rng.dirichlet(np.full(count, 8.0))
    lean = rng.uniform(2.3, 2.6)
    legs: list[Leg] = []
    for account, share in zip(accounts, shares, strict=False):
        split = rng.uniform(0.3, 0.7)
        legs += [Leg(account, f"{coin}-SPOT", _units(coin, share)),
                 Leg(account, _perp(coin, rng.integers(len(VENUES))), _units(coin, lean * share * split)),
                 Leg(account, _future(rng, coin), _units(coin, lean * share * (1 - split)))]
    covers = accounts[count : count + 4]
    legs += [Leg(account, _perp(coin, rng.integers(len(VENUES))), _units(coin, -(1 + lean) / len(covers)),
                 planted=False) for account in covers]
    cash = {a: m for a, m in _cushion(legs, 0.5).items() if a in covers}
    move = {f"spot:{coin}": -rng.uniform(0.27, 0.3)}
    return Sketch("wrong_way", f"{coin} pledged for more {coin}", tuple(legs), move, cash, bare=tuple(accounts[:count]))


MAKERS: Mapping[str, Callable[[np.random.Generator, list[str]], Sketch]] = {
    "netting": _netting, "basis": _basis, "corner": _corner, "crowding": _crowding, "wrong_way": _wrong_way,
}


def _units(coin: str, millions: float) -> float:
    return millions * MILLION / COINS[coin][0]


def _perp(coin: str, venue: SupportsIndex) -> str:
    return f"{coin}-PERP-{VENUES[venue][-1]}"


def _future(rng: np.random.Generator, coin: str) -> str:
    return f"{coin}-FUT-{EXPIRIES[1 + int(rng.integers(2))].strftime('%d%b%y').upper()}"


def _last_future(coin: str) -> str:
    return f"{coin}-FUT-{EXPIRIES[-1].strftime('%d%b%y').upper()}"


def _spot_or_future(rng: np.random.Generator, coin: str) -> str:
    return f"{coin}-SPOT" if rng.random() < 0.5 else _future(rng, coin)


def _option(coin: str, expiry: datetime, strike: float, kind: str, money: str) -> str:
    return f"{coin}-{expiry.strftime('%d%b%y').upper()}-{COINS[coin][0] * strike:g}-{kind}-{money}"


def _cushion(legs: Sequence[Leg], share: float) -> dict[str, float]:
    """Cash for each account: a share of what it holds, as whoever runs it would keep."""
    cash: dict[str, float] = {}
    for leg in legs:
        underlying = SHELF[leg.instrument].underlying
        size = 1.2 if leg.instrument == "WSTETH" else 1.0
        cash[leg.account] = cash.get(leg.account, 0.0) + share * abs(leg.quantity) * COINS[underlying][0] * size
    return cash
