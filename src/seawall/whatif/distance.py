"""How far is the end? The moves of one price, one volatility or everything together at which an account is liquidated.

An account has no single liquidation price: each answer holds all else where it is, and is one of a set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.margin.holdings import holdings_in
from seawall.margin.plan import evaluate
from seawall.margin.require import EQUITY, MAINTENANCE, planned
from seawall.model.arrays import Floats
from seawall.model.market import Market
from seawall.model.state import State
from seawall.whatif.stand import Stand

POINTS = 25  # versions of the market that are told apart at once
ROUNDS = 3  # each narrows a crossing to one gap between points
COARSE, COARSE_ROUNDS = 9, 4  # where every version of the market is a full revaluation of the model's scenarios
DOWN, UP = 0.999, 9.0  # how far a price is followed: to a thousandth, to tenfold
VOLATILITY_UP = 4.0
STEP = 0.05  # of a deviation: where the slope of the cushion is taken
QUIET, VOLATILITY_DAY = 0.005, 0.05


@dataclass(frozen=True)
class Crossing:
    """The nearest move that brings an account to its maintenance requirement.

    what: a price (spot:BTC), the volatilities of an underlying (volatility:BTC), or a direction's name. move: share of
    the level, < 0 down; NaN where none within reach does. level: where that is. probed: reach of the search.
    shortfall: whether it is crossed already, at no move.
    """

    what: str
    move: float
    level: float
    probed: float
    shortfall: bool = False


def distances(stand: Stand) -> tuple[Crossing, ...]:
    """Every price up and down, and every underlying's volatilities up and down, all else where it is."""
    found: list[Crossing] = []
    for asset in sorted(_assets(stand)):
        move = _price(stand.market, asset)
        found += [along(stand, f"spot:{asset}", move, -DOWN), along(stand, f"spot:{asset}", move, UP)]
    for asset in sorted(_smiles(stand)):
        move = _volatility(stand.market, asset)
        found += [along(stand, f"volatility:{asset}", move, -DOWN / 2),
                  along(stand, f"volatility:{asset}", move, VOLATILITY_UP)]
    return tuple(found)


def in_direction(stand: Stand, name: str, direction: Mapping[str, float], reach: float = 1.0) -> Crossing:
    """Along a joint move: share of its level per factor key at distance one. Raises InputError for an unknown key."""
    unknown = sorted(set(direction) - set(stand.market.index))
    if unknown:
        raise InputError("direction", found=", ".join(unknown), wanted="factors of the market")
    places = [stand.market.index[key] for key in direction]
    shares = np.array(list(direction.values()))

    def move(size: float, levels: Floats) -> None:
        levels[places] = stand.market.levels[places] * (1 + size * shares)

    return along(stand, name, move, reach)


def worst_direction(stand: Stand, deviations: Mapping[str, float] | None = None) -> dict[str, float]:
    """The joint move of one deviation that takes most of the cushion, as shares of levels by factor key.

    Along it each factor moves by its deviation times its part of the slope of the cushion: of all moves whose sum of
    squared deviations is one, the first-order worst. deviations: one-day share of its level, by factor key; from the
    market's volatilities if None. Empty where nothing moves the cushion.
    """
    scale = daily_deviations(stand) if deviations is None else dict(deviations)
    keys = sorted(scale)
    if not keys:
        return {}
    places = [stand.market.index[key] for key in keys]
    sizes = np.array([scale[key] for key in keys])
    levels = np.repeat(stand.market.levels[None, :], 2 * len(keys), axis=0)
    for n, place in enumerate(places):
        levels[2 * n : 2 * n + 2, place] *= 1 + STEP * sizes[n] * np.array([1.0, -1.0])
    up, down = cushions(stand, State(stand.market, levels, np.zeros(len(levels)))).reshape(len(keys), 2).T
    slope = np.nan_to_num((up - down) / (2 * STEP))
    size = float(np.sqrt(slope @ slope))
    return {key: -float(s / size * d) for key, s, d in zip(keys, slope, sizes, strict=True) if s} if size > 0 else {}


def daily_deviations(stand: Stand) -> dict[str, float]:
    """One-day deviation, share of its level, of every price and volatility that the account hangs on.

    Of a price: its nearest at-the-money volatility over a day; half a percent for one without. Of a volatility:
    five percent, by convention.
    """
    market = stand.market
    nearest: dict[str, float] = {}
    for factor, level in zip(market.factors, market.levels, strict=True):
        if factor.risk_class == "volatility":
            nearest.setdefault(factor.qualifier, float(level))
    out = {f"spot:{a}": nearest[a] / np.sqrt(365.0) if a in nearest else QUIET for a in _assets(stand)}
    smiles = _smiles(stand)
    return out | {f.key: VOLATILITY_DAY for f in market.factors
                  if f.risk_class == "volatility" and f.qualifier in smiles}


def along(stand: Stand, what: str, move: Callable[[float, Floats], None], reach: float) -> Crossing:
    """The first crossing between no move and ``reach``; what a curve hides between points is not found."""
    low, high = 0.0, reach
    points, rounds = (COARSE, COARSE_ROUNDS) if stand.model.cubes else (POINTS, ROUNDS)
    for _ in range(rounds):
        sizes = np.linspace(low, high, points)
        below = cushions(stand, _versions(stand, move, sizes)) < 0
        if not below.any():
            return Crossing(what, float("nan"), float("nan"), reach)
        first = int(np.argmax(below))
        if first == 0:
            return Crossing(what, low, _level(stand, what, low), reach, shortfall=low == 0.0)
        low, high = float(sizes[first - 1]), float(sizes[first])
    return Crossing(what, high, _level(stand, what, high), reach)


def cushions(stand: Stand, state: State) -> Floats:
    """(V) equity beyond the maintenance requirement in every version of the market.

    Raises InputError for an account that the model cannot assess.
    """
    if not np.isfinite(stand.now.cushion):
        raise InputError(f"{stand.account} under {stand.model.name}", found="an account that the model cannot assess",
                         wanted="one whose every line it can", remedy="see why among the account's requirements")
    held = holdings_in(stand.book, state)
    plan = planned(stand.model, held, stand.supplier(held, state))
    done = evaluate(plan, np.array(held.quantity))
    equity = done[EQUITY] if EQUITY in plan.results else np.zeros(state.size)
    return np.asarray(equity - done[MAINTENANCE])


def _versions(stand: Stand, move: Callable[[float, Floats], None], sizes: Sequence[float] | Floats) -> State:
    levels = np.repeat(stand.market.levels[None, :], len(sizes), axis=0)
    for row, size in zip(levels, sizes, strict=True):
        move(float(size), row)
    return State(stand.market, levels, np.zeros(len(sizes)))


def _price(market: Market, asset: str) -> Callable[[float, Floats], None]:
    place = market.index[f"spot:{asset}"]

    def move(size: float, levels: Floats) -> None:
        levels[place] = market.levels[place] * (1 + size)

    return move


def _volatility(market: Market, asset: str) -> Callable[[float, Floats], None]:
    places = [n for n, f in enumerate(market.factors) if f.risk_class == "volatility" and f.qualifier == asset]

    def move(size: float, levels: Floats) -> None:
        levels[places] = market.levels[places] * (1 + size)

    return move


def _level(stand: Stand, what: str, move: float) -> float:
    place = stand.market.index.get(what)
    return float("nan") if place is None else float(stand.market.levels[place]) * (1 + move)


def _assets(stand: Stand) -> set[str]:
    held = stand.book.instrument_of[stand.book.quantity != 0.0]
    named = {name for i in held for name in _currencies(stand, int(i))}
    return {name for name in named if f"spot:{name}" in stand.market.index}


def _currencies(stand: Stand, place: int) -> tuple[str, ...]:
    terms = stand.book.instruments[place]
    return terms.underlying, terms.settlement_currency, terms.quote_currency


def _smiles(stand: Stand) -> set[str]:
    held = stand.book.instrument_of[stand.book.quantity != 0.0]
    return {stand.book.instruments[int(i)].underlying for i in held if stand.book.instruments[int(i)].kind == "option"}
