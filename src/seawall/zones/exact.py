"""Is it healthy now? Every balance in whole ticks, from a cube that is revalued only where the market moved.

balance = cash + sum over underlyings of the least over scenarios of sum lots * worth, or, where scenarios move all
underlyings together, the least of that sum; in ticks of currency per lot. Below zero is a breach.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.kernels.rings import worst_of
from seawall.model.arrays import Bools, Ints
from seawall.zones.cubes import exact_cube
from seawall.zones.market import Listed, Stand, checked
from seawall.zones.positions import Positions

Places = NDArray[np.int32]
T = TypeVar("T")
BLOCK = 16_384  # accounts that one thread takes at a time
ADDED = 131_072  # likewise, where each is only an addition
FEW = 2048  # below this a thread costs more than it saves
LIMIT = 2.0**61


@dataclass(frozen=True)
class Units:
    """tick: currency; lot: quantity. A balance is in tick times lot."""

    tick: Fraction = Fraction(1, 1000)
    lot: Fraction = Fraction(1, 1000)

    @property
    def worth(self) -> float:
        """Currency of one unit of balance."""
        return float(self.tick * self.lot)


class Workers:
    """Threads that share accounts in blocks; one thread runs them itself."""

    def __init__(self, threads: int = 1) -> None:
        if threads < 1:
            raise InputError("threads", found=threads, wanted="1 or more")
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def share(self, run: Callable[[int, int], T], count: int, block: int = BLOCK) -> list[T]:
        """What every block returns, from first to below last; nothing may depend on which thread runs it."""
        if self._pool is None or count <= FEW:
            return [run(0, count)]
        step = min(block, -(-count // self.threads))
        firsts = range(0, count, step)
        return list(self._pool.map(run, firsts, [min(first + step, count) for first in firsts]))

    def each(self, run: Callable[[int], None], items: Sequence[int]) -> None:
        """Runs once for each item."""
        if self._pool is None or len(items) < 2:
            for item in items:
                run(item)
        else:
            list(self._pool.map(run, items))


class Group:
    """Accounts whose worst-of (U,n) is kept, and held anew only in underlyings that were revalued since.

    ids (n): places in the whole book; lines: their positions, whose account k is ids[k].
    """

    def __init__(self, ids: Places, lines: Positions, joint: bool) -> None:
        self.ids, self.lines = ids, lines
        self.worst = np.zeros((len(lines.begin), len(ids)), np.int64)
        self.stamp = [-1] * (1 if joint else len(lines.begin))
        self.every = np.arange(len(ids), dtype=np.int32)


class Exact:
    """Exact balances of a book on a moving market.

    joint: the scenarios of all underlyings are the same joint moves. cash (A) int64, in tick times lot.
    revalued (U): how many cells (instrument, scenario) were revalued; measured: how many worst-ofs were taken.
    """

    def __init__(
        self, market: Sequence[Listed], lines: Positions, cash: Ints, stand: Stand, *, units: Units | None = None,
        joint: bool = False, threads: int = 1,
    ) -> None:
        self.units, self.joint, self.workers = units or Units(), joint, Workers(threads)
        self.market, self.lines, self.cash = list(market), lines, np.array(cash, np.int64)
        if self.cash.shape != (lines.accounts,) or len(market) != len(lines.begin):
            raise ShapeMismatch("cash and underlyings", found=(self.cash.shape, len(market)),
                                wanted=((lines.accounts,), len(lines.begin)))
        checked(self.market, stand)
        self.stand, self.revalued, self.measured = stand, [0] * len(market), 0
        self.stamp = [0] * len(market)
        self._allocate()
        for u in range(len(market)):
            self._revalue(u)
        self.all = Group(np.arange(lines.accounts, dtype=np.int32), lines, joint)

    def move(self, stand: Stand) -> list[int]:
        """Goes to where the market stands; the underlyings that were revalued because they moved, or time did."""
        checked(self.market, stand)
        moved = [u for u in range(len(self.market))
                 if stand.places[u] != self.stand.places[u] or stand.time != self.stand.time]
        self.stand = stand
        self.workers.each(self._revalue, moved)
        return moved

    def replace(self, underlying: int, listed: Listed) -> None:
        """Another surface, other scenarios or instruments of one underlying; known instruments keep their places."""
        if listed.scenarios != self.cube.shape[1] or len(listed) < len(self.market[underlying]):
            raise InputError(f"{listed.name}: instruments and scenarios", found=(len(listed), listed.scenarios),
                             wanted=f"{len(self.market[underlying])} or more, and {self.cube.shape[1]}",
                             remedy="keep every instrument's place; other numbers of scenarios need a new watch")
        self.market[underlying] = listed
        self._allocate()
        for u in range(len(self.market)):
            self._revalue(u)

    def balances(self, ids: Places) -> Ints:
        """(n) exact balances of some accounts, straight from the book."""
        out = np.zeros((len(self.market), len(ids)), np.int64)
        self._hold(ids, self.lines, 0, len(self.market), out)
        return np.asarray(self.cash[ids] + out.sum(0))

    def of_group(self, group: Group) -> Ints:
        """(n) exact balances of a group; only underlyings revalued since it was last asked are held again."""
        stale = [u for u, known in enumerate(group.stamp) if known != self.now(u)]
        if len(stale) == len(self.market):
            self._hold(group.every, group.lines, 0, len(stale), group.worst)
        else:
            for u in stale:
                self._hold(group.every, group.lines, u, u + 1, group.worst)
        for u in stale:
            group.stamp[u] = self.now(u)
        return self._added(group)

    def everyone(self) -> Ints:
        """(A) exact balances of all accounts."""
        return self.of_group(self.all)

    def remeasure(self, account: int) -> int:
        """One account's balance after its lines or cash changed, kept with those of all accounts where these stand."""
        ids = np.array([account], np.int32)
        one = np.zeros((len(self.market), 1), np.int64)
        self._hold(ids, self.lines, 0, len(self.market), one)
        self.all.worst[:, account] = one[:, 0]
        return int(self.cash[account] + one.sum())

    def holders(self, underlying: int) -> Bools:
        """(A) who holds something of an underlying."""
        return np.asarray(self.lines.count[underlying] > 0)

    def now(self, underlying: int) -> int:
        """A number that changes with every revaluation that can move a group's kept worst-of."""
        return sum(self.stamp) if self.joint else self.stamp[underlying]

    def _added(self, group: Group) -> Ints:
        out = self.cash.copy() if group is self.all else self.cash[group.ids]

        def run(first: int, last: int) -> None:
            for worst in group.worst:
                out[first:last] += worst[first:last]

        self.workers.share(run, len(out), ADDED)
        return out

    def _allocate(self) -> None:
        sizes = [2 * len(listed) for listed in self.market]
        scenarios = {listed.scenarios for listed in self.market}
        if len(scenarios) != 1:
            raise ShapeMismatch("scenarios of the underlyings", found=sorted(scenarios), wanted="one number")
        self.base = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        self.cube = np.zeros((sum(sizes), scenarios.pop()), np.int32)
        self.largest = np.zeros(len(self.market))

    def _revalue(self, u: int) -> None:
        listed = self.market[u]
        cube = exact_cube(listed, self.stand.places[u], self.stand.time, 1 / self.units.tick)
        self.cube[self.base[u] : self.base[u] + len(cube)] = cube
        self.largest[u] = max(-float(cube.min()), float(cube.max()))
        self.stamp[u] += 1
        self.revalued[u] += len(listed) * listed.scenarios

    def _hold(self, ids: Places, lines: Positions, from_u: int, to_u: int, out: Ints) -> None:
        if (self.lines.gross * self.largest).sum() >= LIMIT:
            raise ModelError("an account's worth could pass 2^61 ticks of lots; use larger ticks or lots")

        def run(first: int, last: int) -> int:
            return int(worst_of(ids, lines.begin, lines.count, lines.row, lines.lots, self.base, self.cube, self.joint,
                                first, last, from_u, to_u, out))

        self.measured += sum(self.workers.share(run, len(ids)))
