"""What did this tick do, and to whom? A watched book: measured in the way that its size asks for, same breaches by any.

A trade re-measures one account. A tick in one underlying revalues its instruments alone and measures again only who
holds them. Ticks that come while one is worked on are coalesced: the latest place of each underlying wins.
"""

from __future__ import annotations

import numpy as np

from seawall.errors import InputError, ModelError
from seawall.model.margin import MarginModel
from seawall.zones.exact import Exact
from seawall.zones.market import Listed, Place, Stand
from seawall.zones.proven import proven_class
from seawall.zones.rings import SLICE, Alarm, Reach, Rings

METHODS = ("auto", "brute", "rings")
RINGS_FROM = 100_000 * 8  # lines below which measuring everyone is cheaper than keeping rings


def chosen_method(method: str, lines: int, model: MarginModel | None = None) -> str:
    """brute or rings. model: the rules behind the shocks; outside the proven class they stay on brute force.

    Raises InputError for a word that is no method, ModelError where rings are demanded for a model outside the class.
    """
    if method not in METHODS:
        raise InputError("method", found=method, wanted=" or ".join(METHODS))
    why = () if model is None else proven_class(model).reasons
    if method == "rings" and why and model is not None:
        raise ModelError(f"{model.name} lies outside the proven class: {why[0]}; wanted none of {len(why)} such "
                         "reasons; measure everyone instead, with method brute")
    if method == "auto":
        return "rings" if lines > RINGS_FROM and not why else "brute"
    return method


class Watch:
    """A book on a moving market, told of everything that happens to it.

    method: "auto" measures everyone at each tick up to about 100,000 accounts or where the model lies outside the
    proven class, and keeps rings beyond. exact: balances and counters; rings: None where everyone is measured.
    """

    def __init__(
        self, exact: Exact, *, method: str = "auto", model: MarginModel | None = None, reach: Reach | None = None
    ) -> None:
        chosen = chosen_method(method, exact.lines.lines, model)
        self.exact = exact
        self.rings = Rings(exact, reach) if chosen == "rings" else None
        self._coming: dict[int, Place] = {}
        self._time = exact.stand.time

    def offer(self, underlying: int, place: Place) -> None:
        """A tick of one underlying; an earlier one not yet worked on is forgotten."""
        if not 0 <= underlying < len(self.exact.market):
            raise InputError("underlying", found=underlying, wanted=f"0 to below {len(self.exact.market)}")
        self._coming[underlying] = place

    def clock(self, time: float) -> None:
        """Time goes on, years since the surface's time: every option is worth a little less. Raises if it turns."""
        if time < self._time:
            raise InputError("time", found=time, wanted=f"{self._time} or later")
        self._time = time

    def alarm(self) -> Alarm:
        """Works on what was offered: every breach as the market now stands."""
        stand = Stand(self.exact.stand.places, self._time)
        for underlying, place in self._coming.items():
            stand = stand.moved(underlying, place)
        self._coming.clear()
        self.exact.move(stand)
        if self.rings is not None:
            return self.rings.alarm()
        balance = self.exact.everyone()
        at = np.flatnonzero(balance < 0).astype(np.int32)
        return Alarm(at, balance[at], len(balance), 0, True)

    def later(self, accounts: int = SLICE) -> bool:
        """A slice of what can wait; whether there was any. Everyone measured leaves nothing."""
        return self.rings is not None and self.rings.later(accounts)

    def trade(self, account: int, underlying: int, instrument: int, lots: int, *, cash: int = 0) -> int:
        """Adds lots and cash, in tick times lot, to one account; its exact balance afterwards.

        Raises InputError for an instrument that is not listed.
        """
        listed = self.exact.market[underlying]
        if not 0 <= instrument < len(listed):
            raise InputError(f"{listed.name}: instrument", found=instrument, wanted=f"0 to below {len(listed)}")
        self.exact.lines.trade(account, underlying, instrument, lots)
        return self.transfer(account, cash)

    def transfer(self, account: int, cash: int) -> int:
        """Adds cash to one account: a deposit, or a withdrawal below zero; its exact balance afterwards."""
        self.exact.cash[account] += cash
        if self.rings is not None:
            self.rings.wake((account,))
        return self.exact.remeasure(account)

    def replace(self, underlying: int, listed: Listed) -> None:
        """Another surface, basis, parameters, scenarios or instruments of one underlying, a new day or an expiry."""
        self.exact.replace(underlying, listed)
        if self.rings is not None:
            self.rings.wake_all()
