"""The book as people write it: CSV, Parquet or JSON, one row a position, every problem told at once.

Columns: account, instrument_id, quantity are needed; venue and average_price are known; the terms of an instrument
(kind, underlying, expiry, strike, ...) may stand beside it if no venue lists it; any further column is a dimension.
"""

from __future__ import annotations

import csv
import difflib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seawall.errors import BookProblems, FileProblem, InputError
from seawall.instruments.plugins import decode_instrument, kind_of
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
TERMS = ("kind", "underlying", "quote_currency", "settlement_currency", "contract_size", "payoff", "expiry", "strike",
         "option_type", "exercise_style", "protocol", "side", "index", "token", "reference")
NEEDED = ("account", "instrument_id", "quantity")

Row = Mapping[str, str]


def read_book(path: str | Path, market: Market, *, strict: bool = False) -> Book:
    """The book, its lines alike added up. Rows that cannot be used become failures, their accounts unknown.

    Raises FileProblem if the file has no rows to read, BookProblems with every problem if ``strict``.
    """
    file = Path(path)
    rows = _load(file)
    names = _columns(file, rows)
    reader = _Reader(file.name, market, names)
    for number, row in rows:
        reader.take(number, row)
    if strict and reader.failures:
        raise BookProblems(file, [str(failure) for failure in reader.failures])
    return reader.book(file.stem)


class _Reader:
    """Takes row after row; what cannot be used is kept as a failure."""

    def __init__(self, source: str, market: Market, names: Mapping[str, str]) -> None:
        self.source, self.market, self.names = source, market, names
        self.failures: list[Failure] = []
        self.instruments: dict[str, Instrument] = {}
        self.lines: dict[tuple[object, ...], list[float]] = {}
        written = {*names.values(), *TERMS}
        self.further = tuple(column for column in names.get("*", "").split("\n") if column and column not in written)

    def take(self, number: int, row: Row) -> None:
        """Adds one row, or one failure that says why not."""
        account, name = self._cell(row, "account"), self._cell(row, "instrument_id")
        try:
            self._line(account, name, row)
        except InputError as error:
            self.failures.append(Failure(
                error.what, f"{self.source} row {number}", "" if error.found is None else str(error.found),
                error.wanted, error.remedy, (account,) if account else (), name))

    def _line(self, account: str, name: str, row: Row) -> None:
        if not account:
            raise InputError("the row names no account", remedy="name it: totals stay partial without")
        if not name:
            raise InputError("the row names no instrument", remedy="name it")
        quantity = _number(self._cell(row, "quantity"))
        if not math.isfinite(quantity):
            raise InputError("quantity is not a number", found=self._cell(row, "quantity"),
                             wanted="a number, long > 0", remedy="write a number")
        price_text = self._cell(row, "average_price")
        price = _number(price_text)
        if price_text and not (math.isfinite(price) and price > 0):
            raise InputError("average_price is not a price", found=price_text, wanted="a positive number, or blank",
                             remedy="write a positive number, or leave it blank")
        instrument = self._instrument(name, row)
        further = tuple(str(row.get(column, "")).strip() for column in self.further)
        key = (instrument.instrument_id, account, self._cell(row, "venue"), *further, math.isfinite(price))
        self._add(key, instrument, quantity, price)

    def book(self, name: str) -> Book:
        """Everything taken so far."""
        place = {key: n for n, key in enumerate(self.instruments)}
        keys = list(self.lines)
        sums = [self.lines[key] for key in keys]
        columns = list(zip(*keys, strict=True)) if keys else [()] * (4 + len(self.further))
        dimensions = {"account": columns[1], "venue": columns[2]}
        dimensions |= {column: columns[3 + n] for n, column in enumerate(self.further)}
        accounts = {str(a): Account(str(a), venue=str(v)) for a, v in zip(columns[1], columns[2], strict=True)}
        return Book(
            tuple(self.instruments.values()), np.array([place[str(i)] for i in columns[0]], dtype=np.int64),
            np.array([s[0] for s in sums]),
            {column: frozen_texts([str(v) for v in values], column) for column, values in dimensions.items()},
            np.array([s[1] for s in sums]), accounts, tuple(self.failures), name,
        )

    def _add(self, key: tuple[object, ...], instrument: Instrument, quantity: float, price: float) -> None:
        held = self.lines.get(key)
        if held is None:
            self.lines[key] = [quantity, price]
        elif held[0] + quantity == 0 and key[-1]:
            # Their gain is fixed but not zero: one line could not carry it, so they stay two.
            self.lines[(*key, len(self.lines))] = [quantity, price]
        else:
            self.lines[key] = [held[0] + quantity, _entry(instrument, held, [quantity, price])]

    def _instrument(self, name: str, row: Row) -> Instrument:
        found = self._resolve(name, row)
        if found is None:
            raise InputError("no venue lists this instrument", found=name, remedy=self._remedy(name))
        before = self.instruments.get(name)
        if before is None:
            self._check(found)
            self.instruments[name] = found
        elif before != found:
            raise InputError("terms differ from an earlier row's", found=name, remedy="give it another id")
        return found

    def _resolve(self, name: str, row: Row) -> Instrument | None:
        if name in self.market.listing:
            return self.market.listing[name]
        terms = {term: row[term].strip() for term in TERMS if str(row.get(term, "") or "").strip()}
        if "kind" in terms:
            return decode_instrument({"instrument_id": name, **terms})
        if name == self.market.numeraire or f"spot:{name}" in self.market.index:
            return decode_instrument({"kind": "cash", "instrument_id": name, "underlying": name,
                                      "settlement_currency": name})
        return None

    def _check(self, instrument: Instrument) -> None:
        ends = instrument.expires_at
        if ends is not None and ends <= self.market.as_of:
            raise InputError("it has expired", found=ends.isoformat(), remedy="book its settlement as cash")
        needed = [factor.key for factor in kind_of(instrument).factors(instrument, self.market)]
        if instrument.settlement_currency != self.market.numeraire:
            needed.append(f"spot:{instrument.settlement_currency}")
        missing = [key for key in dict.fromkeys(needed) if key not in self.market.index]
        if missing:
            raise InputError("the market lacks a factor it needs", found=", ".join(missing),
                             remedy=self._supply(missing[0]))

    def _supply(self, key: str) -> str:
        risk_class = key.split(":")[0]
        if risk_class in ("premium", "funding"):
            others = sorted(f.qualifier for f in self.market.factors if f.risk_class == risk_class)
            return "name in column reference one of: " + (", ".join(others) or "none, the market has no perpetual")
        return "supply quotes for it"

    def _remedy(self, name: str) -> str:
        close = difflib.get_close_matches(name, self.market.listing, n=3)
        terms = "correct the id, or give its terms: kind, underlying, ..."
        return "meant " + " or ".join(close) + "?" if close else terms

    def _cell(self, row: Row, name: str) -> str:
        return str(row.get(self.names.get(name, ""), "") or "").strip()


def _entry(instrument: Instrument, held: list[float], more: list[float]) -> float:
    """The average price whose gain is the sum of both lines' gains: harmonic for inverse contracts."""
    total = held[0] + more[0]
    if instrument.payoff == "inverse":
        return total / (held[0] / held[1] + more[0] / more[1])
    return (held[0] * held[1] + more[0] * more[1]) / total if total else float("nan")


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "")) if text else float("nan")
    except ValueError:
        return float("nan")


def _columns(file: Path, rows: list[tuple[int, Row]]) -> dict[str, str]:
    if not rows:
        raise FileProblem(file, "no rows", wanted="a header and one row a position")
    present = list(rows[0][1])
    names = {known: next((a for a in aliases if a in present), "") for known, aliases in ALIASES.items()}
    missing = [name for name in NEEDED if not names[name]]
    if missing:
        raise FileProblem(file, "columns are missing", found=", ".join(present), wanted=", ".join(missing),
                          remedy="add them, or rename what stands for them")
    return names | {"*": "\n".join(present)}


def _load(file: Path) -> list[tuple[int, Row]]:
    """Rows as text, numbered as a person counts them: the header of a CSV is row 1."""
    readers = {".csv": _load_csv, ".json": _load_json, ".parquet": _load_parquet}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise FileProblem(file, "unknown kind of file", found=file.suffix, wanted=".csv, .parquet or .json")
    try:
        return list(reader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise FileProblem(file, "cannot be read", found=str(error), remedy="check the path and the content") from error


def _load_csv(file: Path) -> Iterable[tuple[int, Row]]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            yield reader.line_num, {k: v for k, v in row.items() if isinstance(k, str) and isinstance(v, str)}


def _load_json(file: Path) -> Iterable[tuple[int, Row]]:
    raw: Any = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
        raise ValueError("wanted a list of objects")
    columns = list(dict.fromkeys(key for row in raw for key in row))
    for number, row in enumerate(raw, start=1):
        yield number, {key: "" if row.get(key) is None else str(row[key]) for key in columns}


def _load_parquet(file: Path) -> Iterable[tuple[int, Row]]:
    import pyarrow.parquet as parquet  # a tenth of a second that CSV readers need not pay

    for number, row in enumerate(parquet.read_table(file).to_pylist(), start=1):
        yield number, {key: "" if value is None else str(value) for key, value in row.items()}
