"""How does the book lean? Greeks in trader units, added only where they share a unit.

Columns, reporting currency: delta per 100 % move of the underlying's spot (cash delta); gamma its change per 1 %;
vega per volatility point; theta per calendar day; rho per basis point; vanna per 1 % and point; volga per point
squared; charm, change of cash delta per day; skew_delta, what the smile adds to delta as it moves with its spot.
Underlyings are never added in units, only in money.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.instruments.plugins import kind_of
from seawall.model.arrays import Floats
from seawall.model.book import Book
from seawall.model.instrument import Greeks, Instrument
from seawall.model.market import Market
from seawall.model.results import Cube
from seawall.model.state import present

COLUMNS = ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm", "skew_delta")


class GreekTable(NamedTuple):
    """net and gross (N, 9): columns of ``COLUMNS``, rows of keys; gross adds absolute values of lines."""

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    net: Floats
    gross: Floats


def trader_greeks(instruments: tuple[Instrument, ...], market: Market, failed: frozenset[str]) -> Floats:
    """(I, 9) per contract in the numeraire; NaN for instruments in ``failed``."""
    out = np.full((len(instruments), len(COLUMNS)), np.nan)
    by_kind: dict[str, list[int]] = {}
    for row, instrument in enumerate(instruments):
        if instrument.instrument_id not in failed:
            by_kind.setdefault(instrument.kind, []).append(row)
    for rows in by_kind.values():
        batch = [instruments[row] for row in rows]
        out[rows] = _in_trader_units(batch, market)
    return out


def book_greeks(book: Book, market: Market, cube: Cube, by: tuple[str, ...] = ("underlying",)) -> GreekTable:
    """Net and gross Greeks of the rows of ``by``, in the numeraire; lines that could not be valued are left out."""
    failed = frozenset(failure.instrument_id for failure in cube.failures)
    per_contract = np.nan_to_num(trader_greeks(book.instruments, market, failed))
    keys, rows = book.groups(by)
    lines = book.quantity[:, None] * per_contract[book.instrument_of]
    net, gross = np.zeros((len(keys), len(COLUMNS))), np.zeros((len(keys), len(COLUMNS)))
    np.add.at(net, rows, lines)
    np.add.at(gross, rows, np.abs(lines))
    return GreekTable(by, keys, net, gross)


def _in_trader_units(batch: list[Instrument], market: Market) -> Floats:
    kind = kind_of(batch[0])
    raw = kind.greeks(batch, market)
    rate = np.array([market.spot(i.settlement_currency) for i in batch])
    price = np.array([market.spot(i.underlying) / market.spot(i.quote_currency) for i in batch])
    coin = np.array([i.settlement_currency == i.underlying != market.numeraire for i in batch], dtype=float)
    equity = np.zeros(len(batch)) if kind.margined else kind.value(batch, present(market))[:, 0]
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


