"""Which orders are open? A CSV or Parquet table, one row an order; every problem told with its row and its remedy.

Columns: account, instrument, side (buy or sell, or b, s, bid, ask), quantity; order, price and reduce_only if wanted. A
signed quantity without a side is a sell where negative.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from seawall.errors import BookProblems, FileProblem, InputError
from seawall.formats.cells import Sheet, load_sheet
from seawall.model.failure import Failure
from seawall.model.order import Order

WORDS = {"buy": "buy", "b": "buy", "bid": "buy", "long": "buy", "sell": "sell", "s": "sell", "ask": "sell",
         "short": "sell"}
YES = ("true", "yes", "y", "1")
NO = ("false", "no", "n", "0", "")


class OrderFile(NamedTuple):
    """orders: those that can be used; failures: the others, each with file, row and remedy."""

    orders: tuple[Order, ...]
    failures: tuple[Failure, ...]


def read_orders(path: str | Path, *, strict: bool = False) -> OrderFile:
    """Every order of a file.

    Raises FileProblem for a file that cannot be read or lacks a column, and if strict BookProblems for any row that
    cannot be used.
    """
    file = Path(path)
    sheet = load_sheet(file)
    columns = _Columns(file, sheet)
    orders, failures = list[Order](), list[Failure]()
    for row in range(sheet.count):
        try:
            orders.append(columns.order(row))
        except InputError as error:
            failures.append(Failure(error.what, f"{file.name} row {row + 2}",
                                    "" if error.found is None else str(error.found), error.wanted,
                                    error.remedy or "correct the row"))
    if strict and failures:
        raise BookProblems(file, [str(failure) for failure in failures])
    return OrderFile(tuple(orders), tuple(failures))


class _Columns:
    """The table's columns under any of their names."""

    def __init__(self, file: Path, sheet: Sheet) -> None:
        quantity = sheet.numbers("quantity", "size", "amount", "qty", "open_quantity")
        self.accounts = sheet.texts("account", "account_id")
        self.instruments = sheet.texts("instrument", "instrument_id", "symbol")
        if quantity is None or self.accounts is None or self.instruments is None:
            raise FileProblem(file, "lacks a column", found=", ".join(sheet.columns),
                              wanted="account, instrument and quantity", remedy="name them in the header")
        self.quantity = quantity.values
        self.sides = sheet.texts("side", "direction")
        prices = sheet.numbers("price", "limit_price", "limit")
        self.prices = np.full(sheet.count, np.nan) if prices is None else prices.values
        self.names = sheet.texts("order", "order_id", "id")
        self.reduce = sheet.texts("reduce_only", "reduceonly")

    def order(self, row: int) -> Order:
        """One order. Raises InputError naming the field."""
        quantity = float(self.quantity[row])
        name = str(self.names[row]) if self.names is not None else f"row {row + 2}"
        if self.accounts is None or self.instruments is None or not self.accounts[row] or not self.instruments[row]:
            raise InputError(f"order {name}: account or instrument", found="nothing", wanted="a name")
        return Order(
            order_id=name, account_id=str(self.accounts[row]), instrument_id=str(self.instruments[row]),
            side=self._side(row, quantity), quantity=abs(quantity) if self.sides is None else quantity,
            limit_price=float(self.prices[row]), reduce_only=self._reduces(row, name),
        )

    def _side(self, row: int, quantity: float) -> str:
        if self.sides is None:
            return "sell" if quantity < 0 else "buy"
        told = str(self.sides[row]).strip().lower()
        return WORDS.get(told, told)

    def _reduces(self, row: int, name: str) -> bool:
        told = "" if self.reduce is None else str(self.reduce[row]).strip().lower()
        if told not in (*YES, *NO):
            raise InputError(f"order {name}: reduce_only", found=told, wanted="true or false")
        return told in YES
