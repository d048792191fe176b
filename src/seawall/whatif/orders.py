"""What if they fill? The worst of what an account's open orders may become, before any of it is a position.

Any subset may fill. Of up to ``EXACT`` orders every subset is tried. Of more, the search starts from several subsets
and changes one order at a time while that makes the account worse; what it finds is a subset that can happen, but no
proof that none is worse, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError
from seawall.margin.plan import explain
from seawall.margin.require import EQUITY, INITIAL
from seawall.model.arrays import Floats
from seawall.model.order import Order
from seawall.whatif.change import Trade, mark_price, traded
from seawall.whatif.stand import Stand, Standing

EXACT = 10
ROUNDS = 50
Subset = NDArray[np.bool_]


@dataclass(frozen=True)
class OrderMargin:
    """An account with its open orders, model currency.

    now: as it stands. worst: with the subset filled that leaves the least excess. filled: that subset. reducing: orders
    that no filling of makes worse than the account is without them. reserved: what orders take from the excess.
    exact: whether every subset was tried.
    """

    now: Standing
    worst: Standing
    filled: tuple[Order, ...]
    reducing: tuple[Order, ...]
    exact: bool

    @property
    def reserved(self) -> float:
        """What the orders take from the excess, >= 0."""
        return self.now.excess - self.worst.excess

    @property
    def allowed(self) -> bool:
        """Whether the orders may stand: the initial requirement is met whatever fills, or none of them adds risk."""
        return self.worst.excess >= 0 or self.reserved <= 0


def order_margin(stand: Stand, orders: Sequence[Order]) -> OrderMargin:
    """The account's requirement with its open orders. Raises InputError for an order of another account."""
    strange = [o.order_id for o in orders if o.account_id != stand.account]
    if strange:
        raise InputError(f"orders of {stand.account}", found=", ".join(strange), wanted="orders of this account")
    open_orders = [o for o in orders if abs(_most(stand, o)) > 0]
    search = _Fills(stand, open_orders)
    worst, exact = search.worst()
    chosen = tuple(o for o, on in zip(open_orders, worst, strict=True) if on)
    return OrderMargin(stand.now, search.standing(worst), chosen, tuple(search.reducing(worst)), exact)


class _Fills:
    """Subsets of an account's orders as quantities: each order adds its own change of every line."""

    def __init__(self, stand: Stand, orders: Sequence[Order]) -> None:
        self.stand, self.orders = stand, orders
        changes = [traded(stand, [_trade(stand, o)]) - stand.quantity for o in orders]
        self.changes: Floats = np.array(changes).reshape(len(orders), len(stand.quantity))

    def standing(self, filled: Subset) -> Standing:
        """The account with a subset filled."""
        return self.stand.at(self.stand.quantity + filled @ self.changes)

    def worst(self) -> tuple[Subset, bool]:
        """The subset of least excess, and whether all were tried."""
        count = len(self.orders)
        if count <= EXACT:
            every = ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(bool)
            return every[int(np.argmin([self.standing(f).excess for f in every]))], True
        ends = [self._descended(start) for start in self._starts()]
        return min(ends, key=lambda filled: self.standing(filled).excess), False

    def reducing(self, worst: Subset) -> list[Order]:
        """Orders whose fill, alone or beside the worst of the others, takes nothing from the excess."""
        at_worst, none = self.standing(worst).excess, self.stand.now.excess
        out = []
        for n, order in enumerate(self.orders):
            alone = np.arange(len(self.orders)) == n
            beside = self.standing(worst | alone).excess
            if self.standing(alone).excess >= none and beside >= at_worst and not worst[n]:
                out.append(order)
        return out

    def _starts(self) -> list[Subset]:
        """Nothing, everything, all buys, all sells, and what the slopes at each of these say is worse."""
        count = len(self.orders)
        bought = np.array([o.side == "buy" for o in self.orders])
        plain = [np.zeros(count, dtype=bool), np.ones(count, dtype=bool), bought, ~bought]
        return plain + [self._by_slope(start) for start in plain]

    def _by_slope(self, start: Subset) -> Subset:
        quantity = self.stand.quantity + start @ self.changes
        slope = -explain(self.stand.plan, quantity, INITIAL).slopes
        if EQUITY in self.stand.plan.results:
            slope = slope + explain(self.stand.plan, quantity, EQUITY).slopes
        return np.asarray(self.changes @ slope < 0)

    def _descended(self, filled: Subset) -> Subset:
        """One order at a time, the one that worsens most, until none does."""
        least = self.standing(filled).excess
        for _ in range(ROUNDS):
            flips = filled ^ np.eye(len(filled), dtype=bool)
            excess = [self.standing(f).excess for f in flips]
            best = int(np.argmin(excess))
            if excess[best] >= least:
                return filled
            filled, least = flips[best], excess[best]
        return filled


def _trade(stand: Stand, order: Order) -> Trade:
    """The fill: at the mark, or at a limit that is worse. A better limit fills once the mark is there: no gain yet."""
    mark = mark_price(stand, order.instrument_id)
    better = np.isnan(order.limit_price) or (order.limit_price < mark) == (order.side == "buy")
    return Trade(order.instrument_id, _most(stand, order), None if better else order.limit_price)


def _most(stand: Stand, order: Order) -> float:
    """What may fill of the order, signed; of one that only reduces, no more than closes what is held."""
    if not order.reduce_only:
        return order.signed
    held = float(stand.quantity[stand.line(order.instrument_id)])
    return 0.0 if held * order.signed >= 0 else float(np.sign(order.signed)) * min(order.quantity, abs(held))
