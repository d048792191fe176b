"""Which lines net against each other? Rows of a book by account and keys, and checks that a row is of one piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError, ShapeMismatch
from seawall.model.arrays import Ints, frozen_ints
from seawall.model.margin import ACCOUNT, LINE, Keys, keys_of

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Lines:
    """account (L): place of each line's account among ``accounts``. instrument (L): place among the columns."""

    account: Ints
    instrument: Ints
    accounts: int

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "account", frozen_ints(self.account, "account"))
        put(self, "instrument", frozen_ints(self.instrument, "instrument", (len(self.account),)))
        if len(self.account) and not 0 <= int(self.account.min()) <= int(self.account.max()) < self.accounts:
            raise ShapeMismatch("places of accounts", found=int(self.account.max()), wanted=f"below {self.accounts}")

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True)
class Rows:
    """One netting level: the row (L) of each line, its first line (N) or -1, its account (N)."""

    keys: tuple[str, ...]
    of_line: Ints
    first: Ints
    account: Ints

    def __len__(self) -> int:
        return len(self.first)


class Netting:
    """Rows of one book by any keys; a row never spans two accounts. codes: per key, a number per instrument (I)."""

    def __init__(self, lines: Lines, codes: Mapping[str, Ints]) -> None:
        self.lines, self._codes = lines, codes
        self._rows: dict[tuple[str, ...], Rows] = {}

    def rows(self, keys: Keys) -> Rows:
        """Rows by account and these keys. Raises InputError for a key that no column has."""
        names = keys_of(keys)
        if names not in self._rows:
            self._rows[names] = self._made(names)
        return self._rows[names]

    def _made(self, names: tuple[str, ...]) -> Rows:
        lines = self.lines
        if names == (LINE,):
            every = np.arange(len(lines))
            return Rows(names, every, every, lines.account)
        if names == (ACCOUNT,):
            return self._accounts(names)
        code = lines.account
        for name in names:
            if name not in self._codes:
                raise InputError("a netting key is no column", found=name, wanted=", ".join(sorted(self._codes)))
            part = self._codes[name][lines.instrument]
            code = np.unique(code * (int(part.max(initial=0)) + 1) + part, return_inverse=True)[1]
        _, first, of_line = np.unique(code, return_index=True, return_inverse=True)
        return Rows(names, of_line.astype(np.int64), first.astype(np.int64), lines.account[first])

    def _accounts(self, names: tuple[str, ...]) -> Rows:
        """Every account has its row, whether or not it has a line."""
        lines = self.lines
        first = np.full(lines.accounts, -1)
        first[lines.account[::-1]] = np.arange(len(lines))[::-1]
        return Rows(names, lines.account, first, np.arange(lines.accounts))

    @cached_property
    def account(self) -> Rows:
        """One row per account."""
        return self.rows(ACCOUNT)


def parents(fine: Rows, coarse: Rows, what: str) -> Ints:
    """(N) the coarse row of each fine row. Raises InputError where a fine row would be split."""
    if len(fine) == len(coarse) and fine.keys == coarse.keys:
        return np.arange(len(fine))
    place = np.where(fine.first >= 0, coarse.of_line[fine.first] if len(coarse.of_line) else 0, 0)
    if coarse.keys == (ACCOUNT,):
        place = fine.account
    if len(fine.of_line) and (place[fine.of_line] != coarse.of_line).any():
        raise InputError(f"{what}: rows by {_told(fine.keys)} are split by {_told(coarse.keys)}",
                         wanted="keys that grow coarser from step to step")
    return np.asarray(place, dtype=np.int64)


def first_of(rows: Rows, chosen: Bools) -> Ints:
    """(N) the first chosen line (L) of each row; its first line where none is chosen."""
    if chosen.all():
        return rows.first
    first = rows.first.copy()
    lines = np.flatnonzero(chosen)[::-1]
    first[rows.of_line[lines]] = lines
    return first


def check_constant(
    values: NDArray[Any], rows: Rows, first: Ints, chosen: Bools, *, what: str, names: Sequence[str]
) -> None:
    """Every chosen line (L) of a row has the value (L) of its first. Raises InputError naming two that differ.

    A weight that hangs on which line came first would be another number in another order.
    """
    odd = chosen & (values != values[first[rows.of_line]]) & ~_both_missing(values, values[first[rows.of_line]])
    if odd.any():
        line = int(np.flatnonzero(odd)[0])
        other = int(first[rows.of_line[line]])
        raise InputError(f"{what} is not one value in a row by {_told(rows.keys)}",
                         found=f"{names[other]} and {names[line]} differ", wanted="an attribute that the row shares",
                         remedy="net by a finer key, or correct the columns")


def _both_missing(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((a != a) & (b != b))


def _told(keys: tuple[str, ...]) -> str:
    return " and ".join(keys)
