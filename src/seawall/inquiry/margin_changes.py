"""What would change, how far is the end, and what is the way back? What if of one account and of all, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from seawall.margin.holdings import Holdings
from seawall.margin.shock import Supplied
from seawall.model.book import Book
from seawall.model.instrument import Instrument
from seawall.model.margin import MarginModel
from seawall.model.margin_report import ChangeTold, DistanceTold, ExitTold, RehearsalTold
from seawall.model.market import Market
from seawall.model.order import Order
from seawall.whatif.change import Effect, Trade, after_deposit, after_trades
from seawall.whatif.distance import Crossing, distances, in_direction, worst_direction
from seawall.whatif.orders import OrderMargin, order_margin
from seawall.whatif.rehearsal import rehearse
from seawall.whatif.restore import restore
from seawall.whatif.stand import Stand, Supplier, stand

LOT = 1e-4
WORST, MOST_DEVIATIONS = "worst", 30.0


@dataclass(frozen=True)
class Wish:
    """What one asks beside the requirement. sets: parameters to rehearse. trades, deposits: of ``account``."""

    account: str = ""
    sets: Mapping[str, float] = field(default_factory=dict)
    trades: Mapping[str, float] = field(default_factory=dict)
    deposits: Mapping[str, float] = field(default_factory=dict)
    orders: Sequence[Order] = ()


def account_stand(
    model: MarginModel, book: Book, market: Market, account: str, *, names: Sequence[str] = (),
    supplier: Supplier | None = None,
) -> Stand:
    """The account, ready for trades in these listed instruments."""
    listed = {**market.listing, **{i.instrument_id: i for i in book.instruments}}
    tradable: list[Instrument] = [listed[name] for name in names if name in listed]
    return stand(model, book, market, account, tradable=tradable, supplier=supplier)


def changes_told(standing: Stand, wish: Wish) -> list[ChangeTold]:
    """Trades and deposits asked about, one by one, and all trades together. Raises InputError for an unknown name."""
    trades = [Trade(name, quantity) for name, quantity in wish.trades.items()]
    told = [_change(standing, _traded(t), after_trades(standing, t)) for t in trades]
    if len(trades) > 1:
        told.append(_change(standing, "all of these trades", after_trades(standing, *trades)))
    for currency, amount in wish.deposits.items():
        verb = "deposit" if amount > 0 else "withdraw"
        told.append(_change(standing, f"{verb} {abs(amount):,.10g} {currency}",
                            after_deposit(standing, currency, amount)))
    return told


def distances_told(standing: Stand) -> list[DistanceTold]:
    """Every single move that reaches the maintenance requirement, nearest first, and the worst joint one; those that do
    not last."""
    name, model = standing.account, standing.model
    told = [_distance(name, model, crossing, standing) for crossing in distances(standing)]
    told += _worst(standing)
    return sorted(told, key=lambda d: (d.move is None, abs(d.move or 0.0), d.what))


def _worst(standing: Stand) -> list[DistanceTold]:
    """Along the joint move that takes most of the cushion, in deviations of one day; none where nothing moves it."""
    direction = worst_direction(standing)
    if not direction:
        return []
    found = in_direction(standing, WORST, direction, MOST_DEVIATIONS)
    reached = bool(np.isfinite(found.move))
    joint = tuple((key, share * found.move) for key, share in sorted(direction.items())) if reached else ()
    return [DistanceTold(standing.account, standing.model.name, WORST, found.move if reached else None, None,
                         found.probed, venue_told(standing.model, standing) if reached else "", joint)]


def exits_told(standing: Stand) -> list[ExitTold]:
    """The cheapest trades back to the initial requirement; none for an account that meets it."""
    found = restore(standing, lot=LOT)
    account, model = standing.account, standing.model.name
    return [ExitTold(account, model, t.instrument_id, t.quantity, t.fee, found.reached, found.gap)
            for t in found.trades]


def rehearsal_told(
    model: MarginModel, sets: Mapping[str, float], held: Holdings, supplied: Mapping[str, Supplied]
) -> RehearsalTold | None:
    """The parameters that the model has, set anew, on every account; None if it has none of them."""
    mine = {name: value for name, value in sets.items() if name in model.numbers}
    if not mine:
        return None
    found = rehearse(model, mine, held, supplied)
    change = ", ".join(f"{name} from {model.numbers[name]:g} to {value:g}" for name, value in sorted(mine.items()))
    return RehearsalTold(model.name, change, found.liquidated, found.relieved, found.warned, found.unknown,
                         float(np.nansum(found.initial)), float(np.nansum(found.maintenance)), found.exposed,
                         found.debt)


def orders_told(standing: Stand, orders: Sequence[Order]) -> OrderMargin:
    """The account with its open orders."""
    return order_margin(standing, [o for o in orders if o.account_id == standing.account])


def venue_told(model: MarginModel, standing: Stand) -> str:
    """What the venue does where the account falls: how much it closes, where, and for what penalty."""
    rules = model.liquidation
    if rules is None:
        return ""
    first = _notional(standing) * rules.share * rules.penalty
    closed = "everything" if rules.share >= 1 else (
        f"{rules.share:.0%} at a time until maintenance is {rules.target:.0%} of equity")
    cost = f", penalty {rules.penalty:.2%} of what is closed, {first:,.0f} {model.currency} at first" if first else ""
    return f"closes {closed} at {rules.price}{cost}{f'; {rules.note}' if rules.note else ''}"


def _notional(standing: Stand) -> float:
    """Underlying value of what is not owned outright, numeraire, at the market as it is."""
    held, numbers = standing.holdings, standing.holdings.columns.numbers
    column = held.lines.instrument
    derivative = np.isin(held.columns.labels["kind"][column], ("option", "future", "perpetual"))
    size = np.abs(standing.quantity * numbers["base_size"][column] * numbers["spot"][column])
    return float(np.nansum(np.where(derivative, size, 0.0)))


def _distance(account: str, model: MarginModel, found: Crossing, standing: Stand) -> DistanceTold:
    reached = bool(np.isfinite(found.move))
    return DistanceTold(account, model.name, found.what, found.move if reached else None,
                        found.level if np.isfinite(found.level) else None, found.probed,
                        venue_told(model, standing) if reached else "")


def _change(standing: Stand, change: str, effect: Effect) -> ChangeTold:
    b, a = effect.before, effect.after
    return ChangeTold(standing.account, standing.model.name, change, (b.equity, a.equity), (b.initial, a.initial),
                      (b.maintenance, a.maintenance), effect.allowed)


def _traded(trade: Trade) -> str:
    return f"{'buy' if trade.quantity > 0 else 'sell'} {abs(trade.quantity):,.10g} {trade.instrument_id}"
