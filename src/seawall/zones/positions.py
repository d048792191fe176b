"""Who holds how many lots of what? Accounts' lines by underlying, changed one trade at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.rings import pack
from seawall.model.arrays import Floats, Ints

Places = NDArray[np.int32]
LARGEST_LOTS = 2**31 - 1
SPARE = 4  # lines that an account's new place leaves free


@dataclass
class Positions:
    """Lines of accounts (A) in underlyings (U): account a's lines in u stand from begin[u, a] on, count[u, a] of them.

    row: twice the instrument's place, one more for shorts, which take the upper row of the cube. lots: signed.
    gross (U): no account holds more lots in all. used: lines that are taken; behind them is room for moved accounts.
    """

    begin: Ints
    count: Places
    row: NDArray[np.uint16]
    lots: Places
    gross: Floats
    used: int
    room: Places

    @property
    def accounts(self) -> int:
        """How many accounts."""
        return int(self.begin.shape[1])

    @property
    def lines(self) -> int:
        """How many lines."""
        return int(self.count.sum())

    def held(self, account: int, underlying: int) -> tuple[Ints, Ints]:
        """Instruments and lots of one account."""
        first = self.begin[underlying, account]
        at = slice(first, first + self.count[underlying, account])
        return self.row[at].astype(np.int64) // 2, self.lots[at].astype(np.int64)

    def trade(self, account: int, underlying: int, instrument: int, lots: int) -> int:
        """Adds lots, signed, of an instrument to an account; how many it then holds.

        Raises InputError for an account that does not exist and for a line of 2^31 lots or more.
        """
        if not 0 <= account < self.accounts:
            raise InputError("account", found=account, wanted=f"0 to below {self.accounts}")
        first, count = int(self.begin[underlying, account]), int(self.count[underlying, account])
        place = np.flatnonzero(self.row[first : first + count] // 2 == instrument)
        line = first + int(place[0]) if len(place) else -1
        total = lots + (int(self.lots[line]) if line >= 0 else 0)
        if abs(total) > LARGEST_LOTS:
            raise InputError("a line's lots", found=total, wanted="below 2^31", remedy="use larger lots")
        if line < 0 and total:
            line = self._new_line(account, underlying)
        elif line >= 0 and not total:
            self._drop(account, underlying, line)
        if total:
            self.row[line], self.lots[line] = 2 * instrument + (total < 0), total
            first, count = int(self.begin[underlying, account]), int(self.count[underlying, account])
            held = np.abs(self.lots[first : first + count].astype(np.float64)).sum()
            self.gross[underlying] = max(self.gross[underlying], held)
        return total

    def some(self, ids: Places) -> Positions:
        """A copy of some accounts' lines, side by side."""
        count = self.count[:, ids]
        lines = int(count.sum())
        begin, placed = np.empty(count.shape, np.int64), np.empty(count.shape, np.int32)
        row, lots = np.empty(lines, np.uint16), np.empty(lines, np.int32)
        pack(ids, self.begin, self.count, self.row, self.lots, begin, placed, row, lots)
        return Positions(begin, placed, row, lots, self.gross, lines, placed)

    def _new_line(self, account: int, underlying: int) -> int:
        first, count = int(self.begin[underlying, account]), int(self.count[underlying, account])
        if count == self.room[underlying, account]:
            room = 2 * count + SPARE
            if self.used + room > len(self.row):
                grown = (self.used + room) * 5 // 4
                self.row, self.lots = (np.concatenate([x, np.zeros(grown - len(x), x.dtype)])
                                       for x in (self.row, self.lots))
            for x in (self.row, self.lots):
                x[self.used : self.used + count] = x[first : first + count]
            self.begin[underlying, account], self.room[underlying, account] = self.used, room
            first, self.used = self.used, self.used + room
        self.count[underlying, account] = count + 1
        return first + count

    def _drop(self, account: int, underlying: int, line: int) -> None:
        self.count[underlying, account] -= 1
        last = int(self.begin[underlying, account] + self.count[underlying, account])
        self.row[line], self.lots[line] = self.row[last], self.lots[last]


def positions(
    account: Sequence[ArrayLike], instrument: Sequence[ArrayLike], lots: Sequence[ArrayLike], accounts: int
) -> Positions:
    """Positions from one list of lines per underlying: account, instrument, lots, in any order.

    An account may name an instrument once. Raises InputError for lines that do not exist, twice, or in too many lots.
    """
    begin, count = np.empty((len(account), accounts), np.int64), np.empty((len(account), accounts), np.int32)
    rows, amounts, gross, used = [], [], np.zeros(len(account)), 0
    for u, columns in enumerate(zip(account, instrument, lots, strict=True)):
        of, what, amount = (np.asarray(x, np.int64) for x in columns)
        _check_lines(u, of, what, amount, accounts)
        held = amount != 0
        of, what, amount = of[held], what[held], amount[held]
        order = np.argsort(of, kind="stable")
        count[u] = np.bincount(of, minlength=accounts)
        begin[u] = used + np.cumsum(count[u]) - count[u]
        rows.append((2 * what + (amount < 0))[order].astype(np.uint16))
        amounts.append(amount[order].astype(np.int32))
        used += len(of)
        gross[u] = np.bincount(of, np.abs(amount).astype(np.float64), minlength=1).max(initial=0.0)
    row, lot = np.concatenate(rows), np.concatenate(amounts)
    return Positions(begin, count, row, lot, gross, used, count.copy())


def _check_lines(u: int, of: Ints, what: Ints, amount: Ints, accounts: int) -> None:
    if not of.shape == what.shape == amount.shape or of.ndim != 1:
        raise ShapeMismatch(f"lines of underlying {u}", found=(of.shape, what.shape, amount.shape), wanted="one shape")
    if not len(of):
        return
    if of.min() < 0 or of.max() >= accounts:
        raise InputError(f"underlying {u}: account", found=int(of.max()), wanted=f"0 to below {accounts}")
    if what.min() < 0 or what.max() >= 2**15:
        raise InputError(f"underlying {u}: instrument", found=int(what.max()), wanted="0 to below 2^15")
    if np.abs(amount).max() > LARGEST_LOTS:
        raise InputError(f"underlying {u}: lots", found=int(np.abs(amount).max()), wanted="below 2^31")
    key = np.sort(of * 2**15 + what)
    twice = np.flatnonzero(key[1:] == key[:-1])
    if len(twice):
        found = int(key[twice[0]])
        raise InputError(f"underlying {u}: an account names an instrument twice",
                         found=f"account {found // 2**15}, instrument {found % 2**15}", remedy="add its lots up")
