"""Which accounts together? Ranges of accounts with all their lines, in the order in which the book has them.

No sum runs over lines of two accounts before it is measured, and an account's lines keep their order: so every number
of an account is the same, to the bit, in whatever shard it stands.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.model.arrays import Ints


class Shard(NamedTuple):
    """Accounts from ``first`` to below ``last``; places of their lines, account by account."""

    first: int
    last: int
    lines: Ints


def shards(owner: Ints, accounts: int, *, most_lines: int, most_accounts: int) -> list[Shard]:
    """Accounts cut into ranges of no more lines or accounts than these, one account at least. owner (L): whose line."""
    order = np.argsort(owner, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=accounts))])
    found: list[Shard] = []
    first = 0
    while first < accounts:
        by_lines = int(np.searchsorted(start, start[first] + most_lines, side="right")) - 1
        last = max(min(by_lines, first + most_accounts, accounts), first + 1)
        found.append(Shard(first, last, order[start[first] : start[last]]))
        first = last
    return found
