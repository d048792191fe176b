"""Which single things can go wrong? Every column of a dynamics both ways, and all of a class at once.

Ellipsoids know neither jumps nor lopsidedness: each driver goes at least as far as a stated jump, of a size that
markets have seen, whatever the dynamics' volatility says, and further where the ellipsoid does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from seawall.discovery.space import FactorSpace
from seawall.model.arrays import Floats, Ints
from seawall.model.market import Market
from seawall.model.scenario import Column

# (down, up) in natural units: shares of the level of spot, volatility, peg and exchange rate, else amounts. Of the
# order of: coins on 12 March 2020 and 10 October 2025, shares in October 1987 and March 2020, USDC on 11 March 2023,
# staked ether in June 2022, perpetuals' premiums on 12 March 2020, coin futures' carry in April 2021.
JUMPS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType({
    "spot:crypto": (-0.30, 0.25), "spot:equity": (-0.15, 0.10), "spot:stablecoin": (-0.12, 0.03),
    "spot:currency": (-0.08, 0.08), "spot": (-0.20, 0.20), "volatility": (-0.40, 1.00), "carry": (-0.12, 0.12),
    "premium": (-0.06, 0.06), "peg": (-0.10, 0.03), "exchange_rate": (-0.10, 0.02), "skew": (-0.10, 0.10),
    "curvature": (-0.05, 0.05), "funding": (-1.0, 1.0), "interest": (-0.05, 0.50), "rate": (-0.01, 0.01),
    "carry:equity": (-0.03, 0.03),
})
# What can part a hedge from what it hedges, though both stand in the same underlying.
BASIS: Final = ("carry", "premium", "peg", "exchange_rate", "skew", "curvature", "funding", "interest", "rate", "money")
MONEY: Final = ("stablecoin", "currency")
SEVERITIES: Final = (0.5, 0.75, 1.0)


class Driver(NamedTuple):
    """name: the column's key, or ``class:*asset class`` for several; sign; places of its columns; move (C) in full.

    group: risk class, or ``money`` for spots of currencies and stablecoins.
    """

    name: str
    sign: int
    places: Ints
    move: Floats
    group: str


def drivers(space: FactorSpace, market: Market, *, radius: float) -> tuple[Driver, ...]:
    """Each column down and up by its jump or by ``radius`` deviations, whichever is more; then whole classes."""
    classes = [_asset_class(column, market) for column in space.columns]
    sizes = np.array([_size(column, kind) for column, kind in zip(space.columns, classes, strict=True)])
    found = []
    for place, column in enumerate(space.columns):
        group = _group(column, classes[place])
        found += [_driver((column.key, group), sign, np.array([place]), space, (sizes, radius)) for sign in (-1, 1)]
    families: dict[tuple[str, str], list[int]] = {}
    for place, column in enumerate(space.columns):
        families.setdefault((column.risk_class, classes[place]), []).append(place)
    for (risk_class, asset_class), places in families.items():
        if len(places) > 1:
            name, group = f"{risk_class}:*{asset_class}", _group(space.columns[places[0]], asset_class)
            found += [_driver((name, group), sign, np.array(places), space, (sizes, radius)) for sign in (-1, 1)]
    return tuple(found)


def _driver(
    what: tuple[str, str], sign: int, places: Ints, space: FactorSpace, sized: tuple[Floats, float]
) -> Driver:
    (name, group), (sizes, radius) = what, sized
    shocks = np.zeros(len(space.columns))
    shocks[places] = sizes[places, 0 if sign < 0 else 1]
    move = space.moves(shocks)
    usual = sign * radius * space.deviation
    move[places] = np.where(np.abs(usual[places]) > np.abs(move[places]), usual[places], move[places])
    return Driver(name, sign, places, move, group)


def _asset_class(column: Column, market: Market) -> str:
    if column.qualifier.startswith("*"):
        return column.qualifier[1:]
    return market.asset_class.get(column.qualifier, "")


def _size(column: Column, asset_class: str) -> tuple[float, float]:
    return JUMPS.get(f"{column.risk_class}:{asset_class}") or JUMPS[column.risk_class]


def _group(column: Column, asset_class: str) -> str:
    return "money" if column.risk_class == "spot" and asset_class in MONEY else column.risk_class
