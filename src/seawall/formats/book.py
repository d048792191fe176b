"""The book as people write it: CSV, Parquet, JSON or a data frame, one row a position, every problem told at once.

Columns: account, instrument_id, quantity are needed; venue and average_price are known; the terms of an instrument
(kind, underlying, expiry, strike, ...) may stand beside it if no venue lists it; any further column is a dimension.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from seawall.errors import BookProblems, FileProblem
from seawall.formats.book_cells import SPREADSHEET_NUMBER, Problem, mangled, number
from seawall.formats.book_table import Table, read_table, table_of_frame
from seawall.formats.book_terms import TERMS, Resolver, against
from seawall.instruments.plugins import kind_of
from seawall.model.arrays import frozen_texts
from seawall.model.book import Account, Book
from seawall.model.failure import Failure
from seawall.model.instrument import Instrument
from seawall.model.market import Market

ALIASES = {
    "account": ("account", "account_id"), "instrument_id": ("instrument_id", "instrument", "symbol"),
    "quantity": ("quantity", "qty", "size", "amount"), "venue": ("venue", "exchange"),
    "average_price": ("average_price", "avg_price", "entry_price"),
}
NEEDED = ("account", "instrument_id", "quantity")

Key = tuple[str, ...]
Entry = tuple[float, float]  # quantity, price
T = TypeVar("T")


def read_book(path: str | Path, market: Market, *, strict: bool = False) -> Book:
    """The book, its lines alike added up. Rows that cannot be used become failures, their accounts unknown.

    Raises FileProblem if the file has no rows to read, BookProblems with every problem if ``strict``.
    """
    file = Path(path)
    return _book(read_table(file), market, file.stem, strict)


def book_from_frame(frame: Any, market: Market, *, name: str = "frame", strict: bool = False) -> Book:
    """The book in a pandas, polars or Arrow frame, or a mapping of columns, by the rules of ``read_book``."""
    return _book(table_of_frame(frame, name), market, name, strict)


def _book(table: Table, market: Market, name: str, strict: bool) -> Book:
    reader = _Reader(table, market, _known(table))
    reader.take_all()
    if strict and reader.failures:
        raise BookProblems(table.source, [str(failure) for failure in reader.failures])
    return reader.book(name)


class _Reader:
    """Takes row after row; what cannot be used is kept as failures."""

    def __init__(self, table: Table, market: Market, names: Mapping[str, str]) -> None:
        self.table, self.names = table, names
        self.terms = tuple(term for term in TERMS if term in table.columns)
        taken = {*names.values(), *self.terms}
        self.further = tuple(column for column in table.columns if column not in taken)
        self.resolver = Resolver(market, self.terms)
        self.refused: list[tuple[int, Failure]] = []
        self.entries: dict[Key, list[Entry]] = {}
        self.instruments: dict[str, Instrument] = {}

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that cannot be used, in the order of the file."""
        return tuple(failure for _, failure in sorted(self.refused, key=lambda pair: pair[0]))

    def take_all(self) -> None:
        """Adds every row, or failures that say why not."""
        for row in self.table.malformed:
            # Only the first cell surely stands where it should: any other may have slipped to another column.
            account = row.first if next(iter(self.table.columns)) == self.names["account"] else ""
            self._refuse(row.row, account, [Problem("", *row[1:5])])
        names = self._column("instrument_id")
        found = map(self.resolver.resolve, names, self._rows(self.terms))
        accounts, quantities, prices = (
            _read_once(self._column(field), read)
            for field, read in (("account", _account), ("quantity", _quantity), ("average_price", _price)))
        venues, further = self._column("venue"), self._rows(self.further)
        sides = self.table.columns["side"] if "side" in self.terms else venues
        for row, instrument, account, quantity, price, venue, rest, side in zip(
            self.table.rows, found, accounts, quantities, prices, venues, further, sides, strict=True
        ):
            cells = (account, quantity, price)
            problems = [cell for cell in cells if isinstance(cell, Problem)]
            if not isinstance(instrument, Instrument):
                problems += instrument
            elif "side" in self.terms and isinstance(quantity, float) and against(side, quantity):
                problems.append(Problem("side", "side and quantity disagree", f"{side}, {quantity:g}",
                                        "a quantity with its sign, long > 0", "write what was sold as negative"))
            if problems:
                self._refuse(row, account, problems)
            else:
                self._add(instrument, (account, venue, *rest), (quantity, price))

    def book(self, name: str) -> Book:
        """Everything taken so far."""
        place = {key: n for n, key in enumerate(self.instruments)}
        lines = [
            (place[key[0]], quantity, price, key[2:])
            for key, entries in self.entries.items()
            for quantity, price in _netted(entries, self.instruments[key[0]])
        ]
        names = ("account", "venue", *self.further)
        columns = dict(zip(names, zip(*(line[3] for line in lines), strict=True), strict=True)) if lines else {}
        return Book(
            tuple(self.instruments.values()), np.array([line[0] for line in lines], dtype=np.int64),
            np.array([line[1] for line in lines]),
            {column: frozen_texts(list(columns.get(column, ())), column) for column in names},
            np.array([line[2] for line in lines]), _accounts(columns), self.failures, name,
        )

    def _add(self, instrument: Instrument, dimensions: Key, entry: Entry) -> None:
        # Lines with and without a known price are not alike: one price for both would be invented.
        key = (instrument.instrument_id, "" if math.isnan(entry[1]) else "priced", *dimensions)
        self.instruments.setdefault(instrument.instrument_id, instrument)
        self.entries.setdefault(key, []).append(entry)

    def _refuse(self, row: int, account: str | Problem, problems: Iterable[Problem]) -> None:
        accounts = (account,) if account and isinstance(account, str) else ()
        for problem in problems:
            where = f"{self.table.source} row {row}" + (f", {problem.field}" if problem.field else "")
            self.refused.append((row, Failure(
                problem.what, where, problem.found, problem.wanted, problem.remedy, accounts)))

    def _column(self, field: str) -> Sequence[str]:
        return self.table.columns.get(self.names[field]) or [""] * len(self.table.rows)

    def _rows(self, names: Sequence[str]) -> Iterable[Key]:
        if not names:
            return ((),) * len(self.table.rows)
        return zip(*(self.table.columns[name] for name in names), strict=True)


def _known(table: Table) -> dict[str, str]:
    """The column that stands for each known field, blank for those that none does."""
    names = {known: next((a for a in aliases if a in table.columns), "") for known, aliases in ALIASES.items()}
    missing = [name for name in NEEDED if not names[name]]
    if missing:
        raise FileProblem(table.source, "columns are missing", found=", ".join(table.columns),
                          wanted=", ".join(missing), remedy="add them, or rename what stands for them")
    return names


def _read_once(column: Sequence[str], read: Callable[[str], T]) -> list[T]:
    """Each cell read, like cells once."""
    known = {text: read(text) for text in set(column)}
    return [known[text] for text in column]


def _account(text: str) -> str | Problem:
    if not text:
        return Problem("account", "the row names no account", "", "an account", "name it: totals stay partial without")
    if SPREADSHEET_NUMBER.fullmatch(text):
        return Problem("account", "account has lost digits", text, "an account", mangled(text))
    return text


def _quantity(text: str) -> float | Problem:
    return number("quantity", text)


def _price(text: str) -> float | Problem:
    return number("average_price", text, positive=True) if text else math.nan


def _netted(entries: list[Entry], instrument: Instrument) -> list[Entry]:
    """One line for all entries, or one bought and one sold where no single price carries what both have gained."""
    if len(entries) == 1:
        return entries
    inverse = instrument.payoff == "inverse"
    total, price = _together(entries, inverse)
    if math.isfinite(price) or math.isnan(entries[0][1]) or not kind_of(instrument).margined:
        return [(total, price)]
    sides = [[e for e in entries if e[0] > 0], [e for e in entries if e[0] < 0]]
    return [_together(side, inverse) for side in sides if side] or [(0.0, math.nan)]


def _together(entries: list[Entry], inverse: bool) -> Entry:
    """Quantity, and the price whose gain is the sum of all gains: weighted by quantity, harmonic if inverse."""
    total = math.fsum(quantity for quantity, _ in entries)
    paid = math.fsum(quantity / price if inverse else quantity * price for quantity, price in entries)
    if not total or not paid:
        return total, math.nan
    price = total / paid if inverse else paid / total
    return total, price if 0 < price < math.inf else math.nan


def _accounts(columns: Mapping[str, Sequence[str]]) -> dict[str, Account]:
    """Each account once; its venue only if all its lines stand at one."""
    venues: dict[str, set[str]] = {}
    for account, venue in zip(columns.get("account", ()), columns.get("venue", ()), strict=True):
        venues.setdefault(account, set()).add(venue)
    return {account: Account(account, venue=next(iter(at)) if len(at) == 1 else "") for account, at in venues.items()}
