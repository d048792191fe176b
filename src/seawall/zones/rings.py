"""Who may sleep? Two boxes around the market, and for each account which of them certifies it healthy, if any.

An account sleeps while the market stays in its ring: its worst-of over the ring's nodes, rounded against it by all that
can happen between nodes, leaves its balance above zero. Everyone else is awake and measured exactly at each tick. What
certifies is never what decides: breaches are told from exact cubes alone.

``alarm`` is what a tick costs before every breach is known; ``later`` rebuilds rings and tests accounts in slices, and
may be called between ticks as often as there is time, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError
from seawall.kernels.rings import least_over_nodes
from seawall.model.arrays import Ints
from seawall.zones.cubes import box_around, node_cubes
from seawall.zones.exact import Exact, Group
from seawall.zones.market import Stand

Places = NDArray[np.int32]
AWAKE = -1
SLICE = 16_384  # accounts tested in one slice
PACKED = 256  # awake accounts that may stand apart from the packed ones before all are packed anew
CASH_ROUNDING = 2.0**-50  # a balance of int64 becomes a float64
YEAR_HOURS = 8760.0


@dataclass(frozen=True)
class Reach:
    """How far rings go, inner first: radii of log spot and log level; how long they live, in years of 365 days.

    refresh: share of radius or life at which a ring is built anew. crowd: share of accounts awake from which all are
    measured.
    """

    radii: tuple[tuple[float, float], ...] = ((0.0125, 0.06), (0.05, 0.15))
    life: float = 4.0 / YEAR_HOURS
    refresh: float = 0.6
    crowd: float = 0.3


class Alarm(NamedTuple):
    """breached: accounts below zero, in order; balance: theirs, in tick times lot. touched: accounts measured.

    fell: accounts woken because the market left their ring. everyone: whether all accounts were measured.
    """

    breached: Places
    balance: Ints
    touched: int
    fell: int
    everyone: bool


class Ring:
    """A box for every underlying, with the cubes of its nodes, built one underlying at a time."""

    def __init__(self, exact: Exact, radius: tuple[float, float], life: float) -> None:
        start = exact.stand.time
        self.boxes = [box_around(place, radius, start, _end(exact, start + life)) for place in exact.stand.places]
        self.cubes = np.empty((9, *exact.cube.shape), np.float32)
        self.largest = np.empty(len(exact.cube))
        self.built = 0

    def build(self, exact: Exact) -> bool:
        """Builds the next underlying's cubes; whether all are built."""
        u, tick = self.built, float(exact.units.tick)
        made = node_cubes(exact.market[u], self.boxes[u], tick)
        at = slice(int(exact.base[u]), int(exact.base[u]) + len(made.largest))
        self.cubes[:, at], self.largest[at] = made.values, made.largest
        self.built += 1
        return self.built == len(self.boxes)

    def holds(self, stand: Stand, share: float = 1.0) -> bool:
        """Whether the market stands in the boxes, or in this share of them."""
        return all(box.holds(place, stand.time, share) for box, place in zip(self.boxes, stand.places, strict=True))

    def certified(self, exact: Exact, ids: Places) -> NDArray[np.bool_]:
        """(n) whether an account's balance stays above zero while the market stays in the boxes."""
        low, lines = np.empty(len(ids)), exact.lines

        def run(first: int, last: int) -> None:
            least_over_nodes(ids, lines.begin, lines.count, lines.row, lines.lots, exact.base, self.cubes, self.largest,
                             exact.joint, float(exact.units.lot), first, last, low)

        exact.workers.share(run, len(ids))
        cash = exact.cash[ids] * exact.units.worth
        return np.asarray(cash - np.abs(cash) * CASH_ROUNDING + low > 0.0)


def _end(exact: Exact, end: float) -> float:
    """The end of a life: before the next expiry, when the set of instruments changes."""
    expiries = np.concatenate([listed.expiry[listed.is_option] for listed in exact.market])
    ahead = expiries[expiries > exact.stand.time]
    return float(min(end, ahead.min(initial=np.inf)))


class Rings:
    """Rings over a book on a moving market. ring_of (A): AWAKE, or the place of the ring that certifies an account.

    tested: certificates asked for; rebuilt: rings begun.
    """

    def __init__(self, exact: Exact, reach: Reach | None = None) -> None:
        self.exact, self.reach = exact, reach or Reach()
        if len(self.reach.radii) != 2:
            raise InputError("rings", found=len(self.reach.radii), wanted="an inner and an outer radius")
        accounts = exact.lines.accounts
        self.ring_of = np.full(accounts, AWAKE, np.int8)
        # Of each reach two: one in use, one while it is built anew.
        self.rings: list[Ring | None] = [None] * 4
        self.tested, self.rebuilt = 0, 0
        self._work: Iterator[None] | None = None
        self._retry: set[int] = set()
        self._pack(np.empty(0, np.int32))

    def alarm(self) -> Alarm:
        """Every breach where the exact market now stands."""
        fell = self._leave()
        fresh = self._unpacked()
        count = len(self._packed.ids) + len(fresh)
        if count > self.reach.crowd * len(self.ring_of):
            balance = self.exact.everyone()
            at = np.flatnonzero(balance < 0).astype(np.int32)
            return Alarm(at, balance[at], len(balance), fell, True)
        ids = np.concatenate([self._packed.ids, fresh])
        balance = np.concatenate([self.exact.of_group(self._packed), self.exact.balances(fresh)])
        bad = np.flatnonzero(balance < 0)
        # Whoever traded since the packing is among the fresh; the packed copy is out of date.
        bad = bad[(bad >= len(self._packed.ids)) | self.in_pack[ids[bad]]]
        bad = bad[np.argsort(ids[bad])]
        return Alarm(ids[bad], balance[bad], count, fell, False)

    def wake(self, accounts: Iterable[int]) -> None:
        """Wakes accounts whose lines or cash changed: they are measured from the book, and tested again later."""
        ids = np.asarray(list(accounts), np.int32)
        self.ring_of[ids], self.in_pack[ids] = AWAKE, False
        self._retry.update(ids.tolist())
        self._changed = True

    def wake_all(self) -> None:
        """Wakes everyone: a surface, a basis, parameters, scenarios or an instrument changed."""
        self.rings, self._work = [None] * 4, None
        self.ring_of[:] = AWAKE
        self._retry.clear()
        self._pack(np.empty(0, np.int32))

    def later(self, accounts: int = SLICE) -> bool:
        """One slice of what can wait, at most so many tests or one underlying's nodes; whether there was any."""
        if self._work is None:
            self._work = self._next(accounts)
        if self._work is None:
            return self._tidy()
        if next(self._work, self) is self:
            self._work = None
        return True

    def sample(self, accounts: Places) -> Places:
        """Those of some accounts that sleep below zero; a single one wakes everybody: the certificate is wrong."""
        asleep = accounts[self.ring_of[accounts] != AWAKE]
        wrong = asleep[self.exact.balances(asleep) < 0]
        if len(wrong):
            self.wake_all()
        return np.asarray(wrong)

    def _leave(self) -> int:
        """Wakes the members of rings that the market has left; how many."""
        fell = 0
        for n, ring in enumerate(self.rings):
            if ring is not None and not ring.holds(self.exact.stand):
                fell += self._retire(n)
        return fell

    def _retire(self, n: int) -> int:
        members = np.flatnonzero(self.ring_of == n)
        self.ring_of[members] = AWAKE
        self.rings[n] = None
        self._changed = self._changed or bool(len(members))
        return len(members)

    def _unpacked(self) -> Places:
        """Who is awake and not, as things stand, among the packed."""
        if self._changed:
            self._fresh = np.flatnonzero((self.ring_of == AWAKE) & ~self.in_pack).astype(np.int32)
            self._changed = False
        return self._fresh

    def _pack(self, ids: Places) -> None:
        """Copies the lines of some accounts side by side: those that stay awake are then measured without a search."""
        self._packed = Group(ids, self.exact.lines.some(ids), self.exact.joint)
        self.in_pack = np.zeros(len(self.ring_of), np.bool_)
        self.in_pack[ids] = True
        self._changed = True

    def _tidy(self) -> bool:
        """Packs the awake anew where many stand apart, or many of the packed sleep; whether it did."""
        fresh, packed = self._unpacked(), self._packed.ids
        idle = len(packed) - int(np.count_nonzero(self.in_pack[packed] & (self.ring_of[packed] == AWAKE)))
        awake = len(packed) - idle + len(fresh)
        if max(len(fresh), idle) <= max(PACKED, awake // 8) or awake > self.reach.crowd * len(self.ring_of):
            return False
        self._pack(np.flatnonzero(self.ring_of == AWAKE).astype(np.int32))
        return True

    def _next(self, accounts: int) -> Iterator[None] | None:
        """The most urgent work: who traded, then no outer ring, an inner that wears out, an outer that does."""
        worn = [all(ring is None or not ring.holds(self.exact.stand, self.reach.refresh) for ring in pair)
                for pair in (self.rings[:2], self.rings[2:])]
        if self._retry:
            return self._again(accounts)
        if self.rings[2] is self.rings[3] is None:
            return self._rebuild(1, accounts)
        if any(worn):
            return self._rebuild(0 if worn[0] else 1, accounts)
        return None

    def _again(self, accounts: int) -> Iterator[None]:
        ids = np.fromiter(self._retry, np.int32, len(self._retry))
        self._retry.clear()
        for first in range(0, len(ids), accounts):
            left = ids[first : first + accounts]
            for n in (2, 3, 0, 1):
                left = self._test(n, left)
            yield

    def _rebuild(self, reach: int, accounts: int) -> Iterator[None]:
        """Builds a ring where the market stands and tests whom it may hold; then the old one is no more."""
        new, old = (2 * reach, 2 * reach + 1) if self.rings[2 * reach] is None else (2 * reach + 1, 2 * reach)
        ring = Ring(self.exact, self.reach.radii[reach], self.reach.life)
        self.rebuilt += 1
        while not ring.build(self.exact):
            yield
        yield
        if not ring.holds(self.exact.stand):
            return
        self.rings[new] = ring
        asked = np.arange(len(self.ring_of), dtype=np.int32)
        if reach == 0:
            asked = asked[self.ring_of < 2]
        for first in range(0, len(asked), accounts):
            if self.rings[new] is not ring:
                return
            some = asked[first : first + accounts]
            self._offer(new, some if reach == 1 else some[self.ring_of[some] < 2])
            yield
        self._retire(old)

    def _offer(self, new: int, ids: Places) -> None:
        """Tests accounts on a new ring; those an outer one does not hold, on the inner ones."""
        left = self._test(new, ids)
        if new >= 2:
            left = left[(self.ring_of[left] == AWAKE) | (self.ring_of[left] >= 2)]
            for n in (0, 1):
                left = self._test(n, left)

    def _test(self, n: int, ids: Places) -> Places:
        """Puts to sleep whom the ring certifies; the others."""
        ring = self.rings[n]
        if ring is None or not len(ids):
            return ids
        self.tested += len(ids)
        sure = ring.certified(self.exact, ids)
        self.ring_of[ids[sure]] = n
        self._changed = True
        return ids[~sure]
