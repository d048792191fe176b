"""What could not be done? A failure is a cell in the result, never a crash of the rest."""

from __future__ import annotations

import msgspec


class Failure(msgspec.Struct, frozen=True, order=True):
    """One thing that could not be read, matched or valued, and what to do about it.

    accounts: those it leaves unknown; empty if it touches no account's numbers.
    where: file and row, or the name of the instrument or factor.
    """

    reason: str
    where: str
    found: str = ""
    wanted: str = ""
    remedy: str = ""
    accounts: tuple[str, ...] = ()
    instrument_id: str = ""

    def __str__(self) -> str:
        found = f"; found {self.found}" if self.found else ""
        wanted = f"; wanted {self.wanted}" if self.wanted else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.where}: {self.reason}{found}{wanted}{remedy}"
