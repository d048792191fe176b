"""How does the book lean? Greeks in trader units, added only where they share a unit.

Columns, reporting currency: delta per 100 % move of the underlying's spot (cash delta); gamma its change per 1 %;
vega per volatility point; theta per calendar day; rho per basis point; vanna per 1 % and point; volga per point
squared; charm, change of cash delta per day; skew_delta, what the smile adds to delta as it moves with its spot.
Underlyings are never added in units, only in money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from seawall.cube import Gathered, gather, unrealised
from seawall.errors import InputError
from seawall.instruments.plugins import kind_of
from seawall.model.arrays import Bools, Floats
from seawall.model.book import Book, dimension_names
from seawall.model.instrument import Greeks, Instrument
from seawall.model.market import Market
from seawall.model.results import Cube

COLUMNS = ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm", "skew_delta")
# Raw Greeks are counted in these currencies and this underlying; only rows alike in all three may be added.
UNITS = ("underlying", "quote_currency", "settlement_currency")
BUCKETS = {"<=1w": 7.0, "<=1m": 30.0, "<=3m": 91.0, "<=1y": 365.0, ">1y": np.inf, "none": np.nan}


class InstrumentGreeks(NamedTuple):
    """raw (I,9): per contract in natural units of settlement currency, see ``Greeks``; trader (I,9): ``COLUMNS``.

    Rows are a cube's instruments; NaN where they have no value. price (I,): of one unit of the underlying, currency.
    """

    raw: Floats
    trader: Floats
    price: Floats
    currency: str


class GreekTable(NamedTuple):
    """net and gross (N,9): columns of ``COLUMNS``, rows of keys; gross adds absolute values of lines.

    units (N,): net delta in units of the underlying; NaN where a row mixes underlyings, which no unit would fit.
    """

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    net: Floats
    gross: Floats
    units: Floats
    partial: Bools


class VegaLadder(NamedTuple):
    """Vega per volatility point, currency: net and gross (U,E) of underlyings by expiries."""

    underlyings: tuple[str, ...]
    expiries: tuple[str, ...]
    net: Floats
    gross: Floats


class BetaWeighted(NamedTuple):
    """Delta as if all of it were the benchmark: units of it, and money per 100 % move of it."""

    units: float
    money: float


def instrument_greeks(cube: Cube, market: Market, *, currency: str | None = None) -> InstrumentGreeks:
    """Greeks of the cube's instruments at the market, per contract; in the numeraire if no currency is given."""
    reporting = currency or market.numeraire
    count = len(cube.instruments)
    raw, trader = np.full((count, len(COLUMNS)), np.nan), np.full((count, len(COLUMNS)), np.nan)
    by_kind: dict[str, list[int]] = {}
    for row in np.flatnonzero(cube.valued).tolist():
        by_kind.setdefault(cube.instruments[row].kind, []).append(row)
    for rows in by_kind.values():
        batch = [cube.instruments[row] for row in rows]
        natural = kind_of(batch[0]).greeks(batch, market)
        raw[rows] = np.column_stack(natural)
        trader[rows] = _in_trader_units(natural, batch, market, cube.equity[rows]) / market.spot(reporting)
    price = [market.spot(i.underlying) if known else np.nan
             for i, known in zip(cube.instruments, cube.valued, strict=True)]
    return InstrumentGreeks(raw, trader, np.array(price) / market.spot(reporting), reporting)


def book_greeks(
    book: Book, cube: Cube, greeks: InstrumentGreeks, *, by: str | Sequence[str] = "underlying"
) -> GreekTable:
    """Net and gross trader Greeks of the rows of ``by``; lines that have none are left out and leave it partial.

    What margined lines have gained is owed in their settlement currency: where that is the coin itself, it is delta.
    """
    coin = np.array([i.settlement_currency == i.underlying != cube.numeraire for i in cube.instruments], dtype=bool)
    per_coin = np.where(cube.valued & coin, greeks.price, 0.0)
    return _table(book, cube, greeks.trader, names=dimension_names(by), price=greeks.price, per_coin=per_coin)


def raw_greeks(book: Book, cube: Cube, greeks: InstrumentGreeks, *, by: str | Sequence[str] = ()) -> GreekTable:
    """Net and gross Greeks in natural units, settlement currency, of the rows of ``by`` within each of ``UNITS``."""
    names = dimension_names(by)
    return _table(book, cube, greeks.raw, names=(*names, *(unit for unit in UNITS if unit not in names)))


def bucketed(book: Book, as_of: datetime) -> Book:
    """The book with dimension ``expiry_bucket``: time from as_of to expiry, one of ``BUCKETS``."""
    per_instrument = np.array([_bucket(i, as_of) for i in book.instruments], dtype=object)
    return book.with_dimension("expiry_bucket", per_instrument[book.instrument_of].tolist())


def vega_ladder(book: Book, cube: Cube, greeks: InstrumentGreeks) -> VegaLadder:
    """Vega by underlying and expiry, of whatever has any; parallel vega would hide a calendar spread."""
    table = book_greeks(book, cube, greeks, by=("underlying", "expiry"))
    vega = COLUMNS.index("vega")
    rows = [n for n, key in enumerate(table.keys) if key[1] and table.gross[n, vega] > 0]
    underlyings = tuple(sorted({table.keys[n][0] for n in rows}))
    expiries = tuple(sorted({table.keys[n][1] for n in rows}))
    net, gross = np.zeros((len(underlyings), len(expiries))), np.zeros((len(underlyings), len(expiries)))
    for n in rows:
        place = underlyings.index(table.keys[n][0]), expiries.index(table.keys[n][1])
        net[place], gross[place] = table.net[n, vega], table.gross[n, vega]
    return VegaLadder(underlyings, expiries, net, gross)


def beta_weighted_delta(
    cash_delta: Mapping[str, float], beta: Mapping[str, float], benchmark_price: float
) -> BetaWeighted:
    """Sum of cash deltas times betas to the benchmark, by underlying. Raises InputError for one without a beta."""
    if missing := sorted(set(cash_delta) - set(beta)):
        raise InputError("beta to the benchmark", found=f"none for {', '.join(missing)}", wanted="one each",
                         remedy="give it, 0 if it does not follow the benchmark")
    money = float(sum(cash_delta[name] * beta[name] for name in sorted(cash_delta)))
    return BetaWeighted(money / benchmark_price, money)


def _table(
    book: Book, cube: Cube, per_contract: Floats, *, names: tuple[str, ...], price: Floats | None = None,
    per_coin: Floats | None = None,
) -> GreekTable:
    """price (I,): to tell delta in units too; per_coin (I,): delta of one coin of gain owed, 0 where none is."""
    lines = gather(book, cube, names)
    missing = np.asarray(~np.isfinite(per_contract).all(axis=1))
    known = np.where(missing[:, None], 0.0, per_contract)
    net, gross = np.asarray(lines.net @ known), np.asarray(lines.gross @ np.abs(known))
    if per_coin is not None:
        gained = unrealised(book, cube, lines)
        net[:, 0] += gained @ per_coin
        gross[:, 0] += abs(gained) @ per_coin
    partial = lines.partial | (lines.gross @ (missing & cube.valued).astype(float) > 0)
    leaning = np.asarray(np.abs(known[:, 0]) > 0)
    units = net[:, 0] if price is None else net[:, 0] / _single_price(lines, cube, price, leaning)
    return GreekTable(names, lines.keys, net, gross, units, partial)


def _single_price(lines: Gathered, cube: Cube, price: Floats, leaning: Bools) -> Floats:
    """(N,) price of the only underlying in a row that has any delta, NaN where there are several."""
    names, code = np.unique(np.array([i.underlying for i in cube.instruments], dtype=np.str_), return_inverse=True)
    cells = lines.gross.tocoo()
    kept = leaning[cells.coords[1]]
    pairs = np.unique(np.column_stack([cells.coords[0][kept], code[cells.coords[1][kept]]]), axis=0)
    rows, first, count = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    of_name = np.full(len(names), np.nan)
    of_name[code[leaning]] = price[leaning]
    out = np.full(len(lines.keys), np.nan)
    out[rows[count == 1]] = of_name[pairs[first[count == 1], 1]]
    return out


def _in_trader_units(raw: Greeks, batch: Sequence[Instrument], market: Market, equity: Floats) -> Floats:
    rate = np.array([market.spot(i.settlement_currency) for i in batch])
    price = np.array([market.spot(i.underlying) / market.spot(i.quote_currency) for i in batch])
    coin = np.array([i.settlement_currency == i.underlying != market.numeraire for i in batch], dtype=float)
    return _columns(raw, rate, price, coin, equity)


def _columns(raw: Greeks, rate: Floats, price: Floats, coin: Floats, equity: Floats) -> Floats:
    """Product rule: what is paid in the coin is worth its amount times the coin's own price."""
    return np.column_stack([
        rate * (raw.delta * price + coin * equity),
        rate * (raw.gamma * price**2 + 2 * coin * raw.delta * price) / 100,
        rate * raw.vega / 100,
        rate * raw.theta / 365,
        rate * raw.rho / 1e4,
        rate * (raw.vanna * price + coin * raw.vega) / 1e4,
        rate * raw.volga / 1e4,
        rate * (raw.charm * price + coin * raw.theta) / 365,
        rate * raw.skew_delta * price,
    ])


def _bucket(instrument: Instrument, as_of: datetime) -> str:
    if instrument.expires_at is None:
        return "none"
    days = (instrument.expires_at - as_of).total_seconds() / 86400
    return next(name for name, most in BUCKETS.items() if days <= most)
