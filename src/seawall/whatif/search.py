"""How much still fits? The largest trade, or withdrawal, that leaves the initial requirement met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.whatif.change import Trade, deposited, traded
from seawall.whatif.stand import Stand, Standing

DOUBLINGS = 60
PROBES = 8


@dataclass(frozen=True)
class Largest:
    """quantity: the largest amount that fits, of the sign asked for; 0 if none does. unbounded: no end was found.

    gap: whether smaller amounts do not all fit: somewhere on the way the requirement is not met.
    """

    quantity: float
    standing: Standing
    unbounded: bool
    gap: bool


def largest_trade(stand: Stand, instrument_id: str, *, side: int, lot: float = 1.0, price: float | None = None
                  ) -> Largest:
    """The most lots of one instrument that the account can buy (side +1) or sell (-1) and meet its requirement.

    A requirement need not grow with the trade: the search doubles until it fails, then bisects in whole lots, and
    probes between. Raises InputError for a side or lot that is none.
    """
    if side not in (1, -1) or not lot > 0:
        raise InputError("largest trade", found=f"side {side}, lot {lot}", wanted="side 1 or -1, a positive lot")

    def fits(lots: int) -> Standing:
        return stand.at(traded(stand, [Trade(instrument_id, side * lots * lot, price)]))

    found, unbounded, gap = _most(fits)
    return Largest(side * found * lot, fits(found), unbounded, gap)


def largest_withdrawal(stand: Stand, currency: str, *, lot: float = 0.01) -> Largest:
    """The most of one currency that can leave the account; it may be borrowed where the model lets it."""
    def fits(lots: int) -> Standing:
        return stand.at(deposited(stand, currency, -lots * lot))

    found, unbounded, gap = _most(fits)
    return Largest(found * lot, fits(found), unbounded, gap)


def _most(standing: Callable[[int], Standing]) -> tuple[int, bool, bool]:
    """The largest whole number that fits: by doubling, then by halves between the last that fits and the first not."""
    if standing(0).excess < 0:
        # An account below its requirement may still trade towards it.
        return _first_relief(standing)
    good, bad = 0, 1
    for _ in range(DOUBLINGS):
        if standing(bad).excess < 0:
            break
        good, bad = bad, bad * 2
    else:
        return good, True, False
    while bad - good > 1:
        middle = (good + bad) // 2
        if standing(middle).excess < 0:
            bad = middle
        else:
            good = middle
    probes = np.unique(np.linspace(0, good, PROBES + 2)[1:-1].astype(np.int64)).tolist()
    return good, False, any(standing(int(p)).excess < 0 for p in probes)


def _first_relief(standing: Callable[[int], Standing]) -> tuple[int, bool, bool]:
    """Of an account in shortfall: the largest amount after which it is met, if any power of two reaches one."""
    start = next((2**power for power in range(DOUBLINGS) if standing(2**power).excess >= 0), 0)
    if not start:
        return 0, False, False
    more, unbounded, _ = _most(lambda lots: standing(lots + start))
    return more + start, unbounded, True
