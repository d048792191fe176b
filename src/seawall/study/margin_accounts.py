"""Which accounts should a margin model be judged by? Kinds of portfolios, struck anew on each evening's contracts.

An account is a recipe: options by days and delta, perpetuals, coins. Every evening it holds the listed contracts that
are nearest to its recipe, for the same amount of dollars, so that the same accounts exist on every day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from seawall.errors import InputError
from seawall.instruments.option import OptionTerms, option_points
from seawall.instruments.perpetual import PerpetualTerms
from seawall.instruments.spot import SpotTerms
from seawall.kernels.black import black_greeks
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.book import Book
from seawall.model.factor import Factor
from seawall.model.instrument import Instrument
from seawall.model.market import Market, make_market
from seawall.model.state import present

PERPETUAL, SPOT, CALL, PUT = "perpetual", "spot", "call", "put"
# Between them lies an expiry on every evening: the two legs of a calendar are never one contract.
NEAR, FAR = (3.0, 7.0, 14.0), (60.0, 90.0, 180.0)
TENORS = (1.0, *NEAR, 30.0, *FAR)
DELTAS = (0.05, 0.1, 0.25, 0.4, 0.5)
SMALLEST, LARGEST = 50e3, 5e6  # gross dollars of an account, log-uniform between
Generator = np.random.Generator
Choice = TypeVar("Choice")


class Leg(NamedTuple):
    """kind: call, put, perpetual or spot. weight: share of the account's gross dollars, bought > 0.

    days, delta: the option nearest to them is taken; delta > 0 for calls and puts alike.
    """

    asset: str
    kind: str
    weight: float
    days: float = 0.0
    delta: float = 0.0


class Recipe(NamedTuple):
    """size: gross dollars of the legs. hedged: perpetuals take away each asset's delta, beyond the size."""

    account: str
    group: str
    size: float
    legs: tuple[Leg, ...]
    hedged: bool = False


class Evening(NamedTuple):
    """A market, and each listed contract's mark in its settlement currency; NaN, or not there, where it has none."""

    market: Market
    marks: Mapping[str, float]


def synthetic_accounts(assets: Sequence[str], *, each: int, seed: int) -> tuple[Recipe, ...]:
    """So many accounts of every group, by name in order; a third of them each on the first, the second, and both."""
    out = []
    for g, (group, draw) in enumerate(GROUPS.items()):
        for n in range(each):
            generator = np.random.default_rng([seed, g, n])
            mine = tuple(assets) if n % 3 == 2 else (assets[n % 3 % len(assets)],)
            legs = draw(generator, mine)
            size = float(np.exp(generator.uniform(np.log(SMALLEST), np.log(LARGEST))))
            out.append(Recipe(f"{group} {n:04d}", group, size, _shares(legs), group == "delta-neutral"))
    return tuple(sorted(out))


def struck(recipes: Sequence[Recipe], evening: Evening) -> Book:
    """The book of all accounts, from this evening alone; one line for each contract of an account.

    The market must have what perpetuals follow: ``with_perpetuals``. Raises InputError if an asset has no option.
    """
    shelf = _Shelf(evening)
    place: dict[str, int] = {}
    held: dict[tuple[int, int], float] = {}
    instruments: list[Instrument] = []
    for n, recipe in enumerate(recipes):
        for instrument, amount in _positions(recipe, shelf):
            if instrument.instrument_id not in place:
                place[instrument.instrument_id] = len(instruments)
                instruments.append(instrument)
            key = (n, place[instrument.instrument_id])
            held[key] = held.get(key, 0.0) + amount
    names = [recipes[n].account for n, _ in held]
    return Book(tuple(instruments), np.array([i for _, i in held]), np.array(list(held.values())),
                {"account": frozen_texts(names, "account"), "venue": frozen_texts([""] * len(names), "venue")},
                np.full(len(held), np.nan))


def with_perpetuals(market: Market, assets: Sequence[str]) -> Market:
    """The market with a perpetual of each asset that stands at spot and pays no funding."""
    levels = dict(zip(market.factors, market.levels.tolist(), strict=True))
    for asset in assets:
        for factor in (Factor("premium", _perpetual(asset)), Factor("funding", _perpetual(asset))):
            levels.setdefault(factor, 0.0)
    return make_market(market.as_of, levels, smiles=market.smiles, listing=market.listing, quality=market.quality,
                       numeraire=market.numeraire, asset_class=market.asset_class, sources=market.sources)


class _Shelf:
    """What can be bought on an evening: options with a mark and a smile, by their days and deltas."""

    def __init__(self, evening: Evening) -> None:
        self.market = evening.market
        marked = [i for i in self.market.listing.values() if isinstance(i, OptionTerms)
                  and evening.marks.get(i.instrument_id, np.nan) > 0 and i.expiry > self.market.as_of
                  and self.market.smile(i.underlying, i.expiry) is not None]
        if not marked:
            raise InputError("options of an evening", found="none with a mark and a smile", wanted="some")
        self.options = sorted(marked, key=lambda i: i.instrument_id)
        point = option_points(self.options, present(self.market))
        sign = np.array([i.sign for i in self.options])
        strike = np.array([i.strike for i in self.options])
        self.delta = black_greeks(sign, point.forward[:, 0], strike, point.years[:, 0], point.volatility[:, 0]).delta
        self.days: Floats = point.years[:, 0] * 365
        self.sort = np.array([f"{i.underlying} {i.option_type}" for i in self.options])
        self._found: dict[tuple[str, str, float, float], int] = {}

    def option(self, leg: Leg) -> int:
        """The option of the leg's kind whose expiry, in proportion, then delta is nearest."""
        key = (leg.asset, leg.kind, leg.days, leg.delta)
        if key not in self._found:
            rows = np.flatnonzero(self.sort == f"{leg.asset} {leg.kind}")
            if not len(rows):
                raise InputError(f"{leg.kind}s on {leg.asset}", found="none with a mark and a smile", wanted="some")
            apart = np.abs(np.log(self.days[rows] / leg.days))
            rows = rows[apart == apart.min()]
            self._found[key] = int(rows[np.argmin(np.abs(np.abs(self.delta[rows]) - leg.delta))])
        return self._found[key]


def _positions(recipe: Recipe, shelf: _Shelf) -> list[tuple[Instrument, float]]:
    """Contracts and quantities: options in coins, perpetuals in dollars, spot in coins."""
    out: list[tuple[Instrument, float]] = []
    delta: dict[str, float] = {}
    for leg in recipe.legs:
        dollars = recipe.size * leg.weight
        coins = dollars / shelf.market.spot(leg.asset)
        if leg.kind == PERPETUAL:
            out.append((perpetual(leg.asset), dollars))
        elif leg.kind == SPOT:
            out.append((_coin(leg.asset), coins))
        else:
            n = shelf.option(leg)
            contracts = coins / shelf.options[n].contract_size
            out.append((shelf.options[n], contracts))
            delta[leg.asset] = delta.get(leg.asset, 0.0) + coins * float(shelf.delta[n])
    if recipe.hedged:
        out += [(perpetual(asset), -units * shelf.market.spot(asset)) for asset, units in delta.items()]
    return out


def perpetual(asset: str) -> PerpetualTerms:
    """The coin-settled perpetual of one dollar."""
    return PerpetualTerms(instrument_id=_perpetual(asset), underlying=asset, quote_currency="USD",
                          settlement_currency=asset, payoff="inverse")


def _perpetual(asset: str) -> str:
    return f"{asset}-PERPETUAL"


def _coin(asset: str) -> SpotTerms:
    return SpotTerms(instrument_id=asset, underlying=asset, quote_currency="USD", settlement_currency="USD")


def _shares(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    """Weights as shares of the gross amount."""
    gross = sum(abs(leg.weight) for leg in legs)
    return tuple(leg._replace(weight=leg.weight / gross) for leg in legs)


def _options(g: Generator, assets: Sequence[str]) -> list[Leg]:
    """Two to six options of any kind on each asset, bought or sold."""
    return [_option(g, asset, _sign(g)) for asset in assets for _ in range(int(g.integers(2, 7)))]


def _random(g: Generator, assets: Sequence[str]) -> list[Leg]:
    """Options, and by half a chance a perpetual."""
    legs = _options(g, assets)
    return [*legs, Leg(_one(g, assets), PERPETUAL, _sign(g) * _amount(g))] if g.random() < 0.5 else legs


def _calendar(g: Generator, assets: Sequence[str]) -> list[Leg]:
    """The same options of two expiries, one sold and one bought."""
    out = []
    for asset in assets:
        side, near, far, delta = _sign(g), _one(g, NEAR), _one(g, FAR), _one(g, (0.25, 0.4, 0.5))
        kinds = (CALL, PUT) if g.random() < 0.5 else (_one(g, (CALL, PUT)),)
        out += [Leg(asset, kind, way * side, days, delta) for kind in kinds for days, way in ((near, -1), (far, 1))]
    return out


def _gamma(side: int) -> Callable[[Generator, Sequence[str]], list[Leg]]:
    """Straddles and strangles of up to thirty days, one or two an asset."""
    def draw(g: Generator, assets: Sequence[str]) -> list[Leg]:
        out = []
        for asset in assets:
            for _ in range(int(g.integers(1, 3))):
                days, delta, amount = _one(g, (1.0, *NEAR, 30.0)), _one(g, (0.1, 0.25, 0.5)), _amount(g)
                out += [Leg(asset, kind, side * amount, days, delta) for kind in (CALL, PUT)]
        return out
    return draw


def _directional(g: Generator, assets: Sequence[str]) -> list[Leg]:
    """One way on every asset: a perpetual, options bought, and options sold against that way."""
    way, out = _sign(g), []
    for asset in assets:
        bought, sold = (CALL, PUT) if way > 0 else (PUT, CALL)
        choices = (Leg(asset, PERPETUAL, way * _amount(g)),
                   _option(g, asset, 1)._replace(kind=bought),
                   _option(g, asset, -1)._replace(kind=sold))
        chosen = g.permutation(3)[: int(g.integers(1, 4))]
        out += [choices[n] for n in chosen]
    return out


def _perpetuals(g: Generator, assets: Sequence[str]) -> list[Leg]:
    """Perpetuals alone; of two assets by half a chance against each other."""
    way = _sign(g)
    return [Leg(asset, PERPETUAL, _amount(g) * (way if n == 0 else _sign(g))) for n, asset in enumerate(assets)]


def _borrowed(g: Generator, assets: Sequence[str]) -> list[Leg]:
    """Coins bought with borrowed dollars; of two assets by half a chance one borrowed against the other."""
    order = [assets[n] for n in g.permutation(len(assets))]
    short = -float(g.uniform(0.1, 0.5)) if g.random() < 0.5 else _amount(g)
    return [Leg(order[0], SPOT, 1.0), *(Leg(asset, SPOT, short) for asset in order[1:])]


def _option(g: Generator, asset: str, side: int) -> Leg:
    return Leg(asset, _one(g, (CALL, PUT)), side * _amount(g), _one(g, TENORS), _one(g, DELTAS))


def _one(g: Generator, choices: Sequence[Choice]) -> Choice:
    return choices[int(g.integers(len(choices)))]


def _sign(g: Generator) -> int:
    return 1 if g.random() < 0.5 else -1


def _amount(g: Generator) -> float:
    return float(np.exp(0.5 * g.standard_normal()))


GROUPS: Mapping[str, Callable[[Generator, Sequence[str]], list[Leg]]] = {
    "random": _random, "delta-neutral": _options, "calendar": _calendar, "short gamma": _gamma(-1),
    "long gamma": _gamma(1), "directional": _directional, "perpetuals": _perpetuals, "borrowed spot": _borrowed,
}
