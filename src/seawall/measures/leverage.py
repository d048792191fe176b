"""How much is carried on how much equity? Four answers, each a multiple of equity.

gross: sum of absolute notionals; net: sum over underlyings of the absolute net notional, calls and bought contracts
positive, puts negative; delta: the same with cash deltas; shortfall: expected shortfall over equity.
Money, in the numeraire, other currencies or stablecoins, is no exposure: neither its notional nor its delta counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.cube import gather
from seawall.measures.greeks import COLUMNS, InstrumentGreeks
from seawall.model.arrays import Bools, Floats
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.results import Cube, Held

MONEY = ("currency", "stablecoin")


class Leverage(NamedTuple):
    """Each (N,), multiples of equity; NaN where equity is not positive: there is nothing to divide by."""

    gross: Floats
    net: Floats
    delta: Floats
    shortfall: Floats
    partial: Bools


def leverage(
    book: Book, cube: Cube, market: Market, *, greeks: InstrumentGreeks, held: Held, shortfall: Floats
) -> Leverage:
    """Of the rows of ``held``, by whatever they are held; shortfall (N,), currency of ``held``, loss > 0."""
    notional = instrument_notional(cube, market) / market.spot(held.currency)
    lean = greeks.trader[:, COLUMNS.index("delta")] * (market.spot(greeks.currency) / market.spot(held.currency))
    money = np.array([_is_money(i.underlying, market) for i in cube.instruments], dtype=bool)
    delta = np.where(np.isfinite(lean) & ~money, lean, 0.0)
    gross = gather(book, cube, held.by).gross @ np.abs(notional)
    equity = np.where(held.equity > 0, held.equity, np.nan)
    return Leverage(
        gross / equity, _net(book, cube, held.by, notional) / equity, _net(book, cube, held.by, delta) / equity,
        shortfall / equity, held.partial,
    )


def instrument_notional(cube: Cube, market: Market) -> Floats:
    """(I,) signed notional per contract, numeraire, a put's negative; zero without a value, as the rows' mark tells."""
    return np.array([
        _notional(cube, row, market) if known else 0.0 for row, known in enumerate(cube.valued.tolist())
    ])


def _net(book: Book, cube: Cube, by: tuple[str, ...], per_contract: Floats) -> Floats:
    """(N,) sum over underlyings of the absolute sum of lines."""
    finer = gather(book, cube, (*by, "underlying"))
    keys, rows = book.groups(by)
    coarse = np.zeros(len(finer.keys), dtype=np.int64)
    coarse[finer.row_of_line] = rows
    return np.bincount(coarse, np.abs(finer.net @ per_contract), minlength=len(keys)).astype(np.float64)


def _is_money(asset: str, market: Market) -> bool:
    return asset == market.numeraire or market.asset_class.get(asset) in MONEY


def _notional(cube: Cube, row: int, market: Market) -> float:
    i = cube.instruments[row]
    if i.kind in ("spot", "cash", "lending", "wrapped"):
        return 0.0 if _is_money(i.underlying, market) else float(cube.base[row]) * market.spot(i.settlement_currency)
    if i.payoff == "inverse" and i.kind != "option":
        return i.contract_size * market.spot(i.quote_currency)
    if i.payoff == "quanto":
        price = market.spot(i.underlying) / market.spot(i.quote_currency)
        return i.contract_size * price * market.spot(i.settlement_currency)
    sign = -1.0 if getattr(i, "option_type", "") == "put" else 1.0
    return sign * i.contract_size * market.spot(i.underlying)
