"""What do we hold? Lines of account, instrument, quantity, with every further column kept as a dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

import msgspec
import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats, Ints, Texts, frozen_floats, frozen_ints, frozen_texts
from seawall.model.factor import tenor_of
from seawall.model.failure import Failure
from seawall.model.identity import content_id
from seawall.model.instrument import Instrument


class Account(msgspec.Struct, frozen=True):
    """Who owns the lines, and under which rules they are margined."""

    account_id: str
    owner_id: str = ""
    counterparty_id: str = ""
    netting_set_id: str = ""
    venue: str = ""
    chain_id: str = ""
    base_currency: str = "USD"
    margin_model: str = ""


class Position(msgspec.Struct, frozen=True):
    """One line as a person writes it. quantity: contracts or units, long > 0. average_price: NaN if unknown."""

    account_id: str
    instrument_id: str
    quantity: float
    venue: str = ""
    average_price: float = float("nan")
    dimensions: dict[str, str] = {}


DERIVED = ("instrument", "underlying", "kind", "expiry", "quote_currency", "settlement_currency")


@dataclass(frozen=True)
class Book:
    """L lines over I distinct instruments.

    instrument_of (L): position in ``instruments``. quantity (L): contracts, long > 0.
    dimensions: text columns (L), ``account`` and ``venue`` always among them.
    failures: rows that could not be read; their accounts are unknown.
    """

    instruments: tuple[Instrument, ...]
    instrument_of: Ints
    quantity: Floats
    dimensions: Mapping[str, Texts]
    average_price: Floats
    accounts: Mapping[str, Account] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    name: str = "book"

    def __post_init__(self) -> None:
        put = object.__setattr__
        lines = len(self.quantity)
        put(self, "instrument_of", frozen_ints(self.instrument_of, "instrument_of", (lines,)))
        put(self, "quantity", frozen_floats(self.quantity, "quantity", (lines,)))
        put(self, "average_price", frozen_floats(self.average_price, "average_price", (lines,)))
        columns = {name: frozen_texts(list(column), name, lines) for name, column in self.dimensions.items()}
        put(self, "dimensions", MappingProxyType(columns))
        put(self, "accounts", MappingProxyType(dict(self.accounts)))
        _refuse_unusable(self)

    def __len__(self) -> int:
        return len(self.quantity)

    @property
    def account_ids(self) -> tuple[str, ...]:
        """Every account, those without a readable line included, sorted."""
        failed = {account for failure in self.failures for account in failure.accounts}
        return tuple(sorted(set(self.dimensions["account"]) | failed | set(self.accounts)))

    @cached_property
    def book_id(self) -> str:
        """Hash of instruments, lines, dimensions, accounts and what could not be read."""
        columns = {name: list(column) for name, column in self.dimensions.items()}
        accounts = [self.accounts[key] for key in sorted(self.accounts)]
        return content_id("book", self.instruments, self.instrument_of, self.quantity, columns,
                          self.average_price, accounts, self.failures)

    def column(self, name: str) -> Texts:
        """(L,) text of one dimension, written or derived from the instrument. Raises InputError."""
        if name in self.dimensions:
            return self.dimensions[name]
        if name not in DERIVED:
            wanted = ", ".join(sorted({*self.dimensions, *DERIVED}))
            raise InputError("the book has no such dimension", found=name, wanted=f"one of {wanted}")
        per_instrument = frozen_texts([_derived(i, name) for i in self.instruments], name)
        return per_instrument[self.instrument_of]

    def codes(self, name: str) -> tuple[Texts, Ints]:
        """Distinct values of one dimension, sorted, and each line's place (L) among them. Raises InputError."""
        if name not in self._codes:
            self._codes[name] = self._coded(name)
        return self._codes[name]

    def groups(self, names: Sequence[str]) -> tuple[tuple[tuple[str, ...], ...], Ints]:
        """Distinct combinations of the dimensions, sorted, and each line's place (L) among them.

        Raises InputError for a dimension that the book lacks or that is named twice.
        """
        if not names:
            return ((),), np.zeros(len(self), dtype=np.int64)
        if len(set(names)) < len(names):
            raise InputError("dimensions to group by", found=", ".join(map(str, names)), wanted="each named once",
                             remedy="leave out the repeated one")
        columns = [self.codes(name) for name in names]
        joint = np.zeros(len(self), dtype=np.int64)
        for values, codes in columns:
            # Made dense again after each dimension, so that many of them cannot overflow.
            joint = np.unique(joint * max(len(values), 1) + codes, return_inverse=True)[1]
        _, first, place = np.unique(joint, return_index=True, return_inverse=True)
        keys = zip(*(values[codes[first]] for values, codes in columns), strict=True)
        return tuple(tuple(key) for key in keys), place.astype(np.int64)

    def with_dimension(self, name: str, column: Sequence[str]) -> Book:
        """The same lines with one more text column (L): any measure can then be cut by it."""
        return replace(self, dimensions={**self.dimensions, name: frozen_texts(column, name, len(self))})

    @cached_property
    def _codes(self) -> dict[str, tuple[Texts, Ints]]:
        return {}

    def _coded(self, name: str) -> tuple[Texts, Ints]:
        if name in self.dimensions:
            return _distinct(self.dimensions[name])
        if name not in DERIVED:
            self.column(name)
        values, codes = _distinct(frozen_texts([_derived(i, name) for i in self.instruments], name))
        return values, codes[self.instrument_of]


def dimension_names(by: str | Sequence[str]) -> tuple[str, ...]:
    """Names of dimensions, one given as itself or several in order."""
    return (by,) if isinstance(by, str) else tuple(by)


def _distinct(column: Texts) -> tuple[Texts, Ints]:
    values, codes = np.unique(column.astype(np.str_), return_inverse=True)
    return frozen_texts(values.tolist(), "values"), codes.astype(np.int64)


def _derived(instrument: Instrument, name: str) -> str:
    if name == "instrument":
        return instrument.instrument_id
    if name == "expiry":
        return tenor_of(instrument.expires_at) if instrument.expires_at else ""
    return str(getattr(instrument, name))


def _refuse_unusable(book: Book) -> None:
    for name in ("account", "venue"):
        if name not in book.dimensions:
            raise InputError("a book needs this dimension", found=sorted(book.dimensions), wanted=name)
    if not np.isfinite(book.quantity).all():
        line = int(np.flatnonzero(~np.isfinite(book.quantity))[0])
        raise InputError(f"line {line}: quantity", found=float(book.quantity[line]), wanted="a finite number")
    ids = [instrument.instrument_id for instrument in book.instruments]
    if len(set(ids)) != len(ids):
        raise InputError("an instrument stands in the book twice", wanted="each instrument_id once")
