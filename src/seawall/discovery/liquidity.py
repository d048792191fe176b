"""What does it cost when all who hold the same must sell at once? Square-root impact, and what crowding adds to it.

Selling q of what trades V a day moves its price by Y sigma sqrt(q / V): the cost grows with q to the power 3/2, so
that the exit of many costs more than the sum of each one's own. That excess no account sees in its own book.
Source: Almgren, Thum, Hauptmann and Li (2005), Direct estimation of equity market impact; Toth et al. (2011).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from seawall.cube import gather
from seawall.errors import InputError
from seawall.model.arrays import Floats, read_only
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.results import Cube

IMPACT, SPREAD, PARTICIPATION, TURNOVER, DAILY_VOLATILITY = 1.0, 0.0005, 0.1, 1e9, 0.04
# Held and owed money is exchanged at its price, not sold into a market of its own.
MONEY = ("currency", "stablecoin")


@dataclass(frozen=True)
class Liquidity:
    """volume: units of the underlying traded a day, by instrument or by underlying, the instrument's own first.

    turnover: money a day, assumed where no volume is given: a deep market, so that silence raises no alarm.
    impact Y, about one in every market studied; spread: whole, as a share of price; participation: share of a day's
    volume that a patient exit takes, which sets its days.
    """

    volume: Mapping[str, float] = field(default_factory=dict)
    turnover: float = TURNOVER
    impact: float = IMPACT
    spread: float = SPREAD
    participation: float = PARTICIPATION

    def __post_init__(self) -> None:
        object.__setattr__(self, "volume", MappingProxyType(dict(self.volume)))
        bad = {name: x for name, x in self.volume.items() if not (np.isfinite(x) and x > 0)}
        if bad:
            raise InputError(f"daily volume of {next(iter(bad))}", found=next(iter(bad.values())),
                             wanted="units of the underlying a day, more than 0")
        for name in ("turnover", "impact", "participation"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise InputError(f"liquidity: {name}", found=getattr(self, name), wanted="more than 0")
        if not (np.isfinite(self.spread) and self.spread >= 0):
            raise InputError("liquidity: spread", found=self.spread, wanted="a share of price, 0 or more")


class Crowd(NamedTuple):
    """Accounts on one side of one market, who would all have to leave it.

    name: instrument or underlying; accounts (N) and units (N), the largest first; alone (N): cost of each one's exit
    by itself, money; together: of all at once; days: of a patient exit of all, at the participation stated; volume:
    units a day, assumed where none was given; impact: share of price that the exit moves.
    """

    name: str
    underlying: str
    side: str
    accounts: tuple[str, ...]
    units: Floats
    alone: Floats
    together: float
    days: float
    volume: float
    assumed: bool
    impact: float

    @property
    def interaction(self) -> float:
        """What the exit of all costs beyond the sum of each alone, money; more than 0 where two or more hold it."""
        return self.together - float(self.alone.sum())


def exit_cost(units: Floats, price: float, volume: float, volatility: float, liquidity: Liquidity) -> Floats:
    """Money lost by selling units (...) at once: |q| price (spread / 2 + Y volatility sqrt(|q| / volume)).

    volatility: of one day; volume: units a day.
    """
    size = np.abs(units)
    return np.asarray(size * price * (liquidity.spread / 2
                                      + liquidity.impact * volatility * np.sqrt(size / volume)))


def crowds(
    book: Book, market: Market, cube: Cube, liquidity: Liquidity, volatility: Mapping[str, float] | None = None,
    *, currency: str,
) -> tuple[Crowd, ...]:
    """Every instrument, and every underlying, that two accounts or more hold on the same side; worst crowding first.

    Units of an instrument are its contracts times their size, of an underlying the sum over its instruments but
    options, whose exit is a trade in their own market. volatility: of a day, by underlying; 4 % where none is given.
    """
    daily, by_market = volatility or {}, _units(book, market, cube)
    unit = market.spot(currency)
    found = [
        crowd for (name, underlying), sums in by_market.items() for side in (1.0, -1.0)
        if (crowd := _crowd((name, underlying), {a: side * q for a, q in sums.items() if side * q > 0}, side,
                            (market.spot(underlying) / unit, daily.get(underlying, DAILY_VOLATILITY)), liquidity))
    ]
    return tuple(sorted(found, key=lambda crowd: (-crowd.interaction, crowd.name, crowd.side)))


def _units(book: Book, market: Market, cube: Cube) -> dict[tuple[str, str], dict[str, float]]:
    """By market, its name and underlying, what each account holds there: units of the underlying, signed."""
    held = gather(book, cube, ("account", "instrument"))
    place = {i.instrument_id: i for i in cube.instruments}
    found: dict[tuple[str, str], dict[str, float]] = {}
    net = np.asarray(held.net.sum(axis=1)).ravel()
    for (account, name), quantity in zip(held.keys, net.tolist(), strict=True):
        instrument = place.get(name)
        if instrument is None or instrument.underlying == market.numeraire or (
                market.asset_class.get(instrument.underlying) in MONEY):
            continue
        units = quantity * instrument.contract_size
        if instrument.payoff == "inverse":
            units /= market.spot(instrument.underlying) / market.spot(instrument.quote_currency)
        for market_name in (name,) if instrument.kind == "option" else (name, instrument.underlying):
            sums = found.setdefault((market_name, instrument.underlying), {})
            sums[account] = sums.get(account, 0.0) + units
    return found


def _crowd(
    what: tuple[str, str], sums: Mapping[str, float], side: float, price: tuple[float, float], liquidity: Liquidity
) -> Crowd | None:
    if len(sums) < 2:
        return None
    name, underlying = what
    order = sorted(sums, key=lambda account: (-sums[account], account))
    units = np.array([sums[account] for account in order])
    volume = liquidity.volume.get(name) or liquidity.volume.get(underlying)
    traded = volume or liquidity.turnover / price[0]
    alone = exit_cost(units, price[0], traded, price[1], liquidity)
    total = units.sum(keepdims=True)
    together = float(exit_cost(total, price[0], traded, price[1], liquidity)[0])
    return Crowd(name, underlying, "long" if side > 0 else "short", tuple(order), read_only(side * units),
                 read_only(alone), together, float(total[0] / (liquidity.participation * traded)), traded,
                 volume is None, together / float(total[0] * price[0]))
