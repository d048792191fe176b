"""Which lines matter? Every line of the book with its Greeks and its part in the total's shortfall."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.cube import gather, hold, take_scenarios
from seawall.instruments.option import OptionTerms, option_volatilities
from seawall.measures.greeks import COLUMNS, InstrumentGreeks
from seawall.measures.tail import tail_weights
from seawall.model.arrays import Bools, Floats
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.report import LineRow
from seawall.model.results import Cube
from seawall.statement.numbers import known

SHOWN = ("delta", "gamma", "vega", "theta")
LINE = ("account", "venue", "instrument")


def line_rows(
    book: Book, market: Market, cube: Cube, *, greeks: InstrumentGreeks, total: Floats, confidence: float
) -> tuple[LineRow, ...]:
    """One row an account, venue and instrument, what costs most first; what could not be valued last.

    total (S,): the whole book's P&L under the cube's rule. Only the tail's scenarios are held by line.
    """
    weights = tail_weights(total, confidence, cube.rule.weights)
    inside = np.flatnonzero(weights)
    held = hold(book, take_scenarios(cube, inside), by=LINE, currency=greeks.currency)
    component = -(held.pnl @ weights[inside])
    lines = gather(book, cube, LINE)
    trader = lines.net @ np.nan_to_num(greeks.trader)
    quantity = np.bincount(lines.row_of_line, book.quantity, minlength=len(held.keys)).astype(np.float64)
    place = {i.instrument_id: n for n, i in enumerate(cube.instruments)}
    place = {i.instrument_id: n for n, i in enumerate(cube.instruments)}
    table = _Columns(trader, quantity, held.equity, component, _volatilities(cube, market), place, cube.valued)
    rows = [_row(n, key, table) for n, key in enumerate(held.keys)]
    return tuple(sorted(rows, key=lambda r: (r.component is None, -(r.component or 0.0), r.account, r.instrument)))


class _Columns(NamedTuple):
    """trader (N,9), quantity, equity, component (N,); volatility and valued (I,), instruments by place."""

    trader: Floats
    quantity: Floats
    equity: Floats
    component: Floats
    volatility: Floats
    place: dict[str, int]
    valued: Bools


def _row(n: int, key: tuple[str, ...], table: _Columns) -> LineRow:
    account, venue, name = key
    at = table.place.get(name, -1)
    if at < 0 or not table.valued[at]:
        return LineRow(name, account, venue, float(table.quantity[n]), None, None, None, None, None, None, None)
    delta, gamma, vega, theta = (known(float(table.trader[n, COLUMNS.index(column)])) for column in SHOWN)
    return LineRow(name, account, venue, float(table.quantity[n]), known(float(table.volatility[at])),
                   known(float(table.equity[n])), delta, gamma, vega, theta, known(float(table.component[n])))


def _volatilities(cube: Cube, market: Market) -> Floats:
    """(I,) of options with a value; NaN for everything else."""
    out = np.full(len(cube.instruments), np.nan)
    options = [(n, i) for n, i in enumerate(cube.instruments) if isinstance(i, OptionTerms) and cube.valued[n]]
    if options:
        out[[n for n, _ in options]] = option_volatilities([i for _, i in options], market)
    return out
