"""How much is carried on how much equity? Four answers, each a multiple of equity.

gross: sum of absolute notionals; net: sum over underlyings of the absolute net notional, calls and bought contracts
positive, puts negative; delta: the same with cash deltas; shortfall: expected shortfall over equity.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.measures.greeks import COLUMNS, trader_greeks
from seawall.model.arrays import Floats
from seawall.model.book import Book
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.results import Cube, Held


class Leverage(NamedTuple):
    """Each (N,), multiples of equity; NaN where equity is not positive: there is nothing to divide by."""

    gross: Floats
    net: Floats
    delta: Floats
    shortfall: Floats


def leverage(book: Book, market: Market, cube: Cube, held: Held, shortfall: Floats) -> Leverage:
    """Of the rows of ``held``; shortfall (N,), reporting currency, loss > 0."""
    failed = frozenset(failure.instrument_id for failure in cube.failures)
    notional = np.array([0.0 if i.instrument_id in failed else _notional(i, market) for i in book.instruments])
    deltas = np.nan_to_num(trader_greeks(book.instruments, market, failed))[:, COLUMNS.index("delta")]
    _, rows = book.groups(held.by)
    lines = book.quantity * notional[book.instrument_of]
    gross = np.zeros(len(held.keys))
    np.add.at(gross, rows, np.abs(lines))
    rate = market.spot(held.currency)
    with np.errstate(divide="ignore", invalid="ignore"):
        equity = np.where(held.equity > 0, held.equity, np.nan) * rate
        return Leverage(
            gross / equity, _net(book, held.by, lines) / equity,
            _net(book, held.by, book.quantity * deltas[book.instrument_of]) / equity,
            np.where(held.equity > 0, shortfall * rate / equity, np.nan),
        )


def _net(book: Book, by: tuple[str, ...], lines: Floats) -> Floats:
    """(N,) sum over underlyings of the absolute sum of lines."""
    keys, _ = book.groups(by)
    finer, rows = book.groups((*by, "underlying"))
    sums = np.zeros(len(finer))
    np.add.at(sums, rows, lines)
    place = {key: n for n, key in enumerate(keys)}
    out = np.zeros(len(keys))
    np.add.at(out, [place[key[: len(by)]] for key in finer], np.abs(sums))
    return out


def _notional(instrument: Instrument, market: Market) -> float:
    """Signed, per contract, in the numeraire: puts lean the other way; cash in the numeraire carries none."""
    if instrument.underlying == market.numeraire:
        return 0.0
    if instrument.payoff == "inverse" and instrument.kind != "option":
        return instrument.contract_size * market.spot(instrument.quote_currency)
    if instrument.payoff == "quanto":
        price = market.spot(instrument.underlying) / market.spot(instrument.quote_currency)
        return instrument.contract_size * price * market.spot(instrument.settlement_currency)
    sign = -1.0 if getattr(instrument, "option_type", "") == "put" else 1.0
    return sign * instrument.contract_size * market.spot(instrument.underlying)
