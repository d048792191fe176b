"""What would change? Trades, deposits, withdrawals, transfers, parameters and markets, each as before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.margin.plan import bind, index
from seawall.model.arrays import Floats
from seawall.model.market import Market
from seawall.model.state import present
from seawall.whatif.stand import Stand, Standing, instrument, margined, stand


@dataclass(frozen=True)
class Trade:
    """quantity: contracts, bought > 0. price: per unit as the venue quotes it; the mark if None. fee: numeraire."""

    instrument_id: str
    quantity: float
    price: float | None = None
    fee: float = 0.0


@dataclass(frozen=True)
class Effect:
    """One account before and after a change, model currency."""

    account: str
    before: Standing
    after: Standing

    @property
    def margin(self) -> float:
        """Change of the initial requirement."""
        return self.after.initial - self.before.initial

    @property
    def equity(self) -> float:
        """Change of equity."""
        return self.after.equity - self.before.equity

    @property
    def allowed(self) -> bool:
        """Whether the account meets its initial requirement afterwards, or the change brings it closer to it."""
        return self.after.excess >= 0 or self.after.excess > self.before.excess


def traded(stand: Stand, trades: Sequence[Trade]) -> Floats:
    """(J) quantities after the trades, premiums and fees paid in cash, gains against the mark received.

    Raises InputError for an unknown instrument or a number that is none.
    """
    quantity = stand.quantity.copy()
    for trade in trades:
        if not np.isfinite([trade.quantity, trade.fee, 0.0 if trade.price is None else trade.price]).all():
            raise InputError(f"{stand.account}: trade in {trade.instrument_id}", found=trade, wanted="finite numbers")
        terms = instrument(stand, trade.instrument_id)
        quantity[stand.line(trade.instrument_id)] += trade.quantity
        paid = _paid(stand, trade)
        if paid:
            quantity[stand.cash(terms.settlement_currency)] -= paid
        if trade.fee:
            quantity[stand.cash(stand.market.numeraire)] -= trade.fee
    return quantity


def after_trades(stand: Stand, *trades: Trade) -> Effect:
    """The account before and after the trades."""
    return Effect(stand.account, stand.now, stand.at(traded(stand, trades)))


def after_deposit(stand: Stand, currency: str, amount: float) -> Effect:
    """The account before and after a deposit; a withdrawal is a negative one."""
    return Effect(stand.account, stand.now, stand.at(deposited(stand, currency, amount)))


def deposited(stand: Stand, currency: str, amount: float) -> Floats:
    """(J) quantities after a deposit. Raises InputError."""
    if not np.isfinite(amount):
        raise InputError(f"{stand.account}: deposit of {currency}", found=amount, wanted="a finite amount")
    quantity = stand.quantity.copy()
    quantity[stand.cash(currency)] += amount
    return quantity


def after_transfer(giver: Stand, taker: Stand, moved: Mapping[str, float]) -> tuple[Effect, Effect]:
    """Both accounts before and after holdings pass from one to the other, at no price. moved: by instrument_id."""
    given, taken = giver.quantity.copy(), taker.quantity.copy()
    for name, amount in moved.items():
        given[giver.line(name)] -= amount
        taken[taker.line(name)] += amount
    return (Effect(giver.account, giver.now, giver.at(given)), Effect(taker.account, taker.now, taker.at(taken)))


def after_parameters(stand: Stand, changes: Mapping[str, float]) -> Effect:
    """The account before and after a change of the model's parameters. Raises InputError for an unknown one."""
    model = stand.model.with_parameters(changes)
    bound = bind(model, stand.holdings.columns, stand.supplier(stand.holdings, present(stand.market)))
    changed = Stand(stand.account, stand.book, stand.market, stand.holdings, index(bound, stand.holdings.lines),
                    stand.quantity, stand.slot, stand.base, stand.supplier)
    return Effect(stand.account, stand.now, changed.now)


def after_market(stand: Stand, market: Market) -> Effect:
    """The account before and after the market is another."""
    return Effect(stand.account, stand.now, in_market(stand, market).now)


def in_market(standing: Stand, market: Market) -> Stand:
    """The account in another market, its gains and equity with it."""
    return stand(standing.model, standing.book, market, standing.account, supplier=standing.supplier)


def _paid(stand: Stand, trade: Trade) -> float:
    """Settlement currency: the premium, or for a margined contract what it has lost against the mark at once."""
    terms, mark = instrument(stand, trade.instrument_id), stand.base[trade.instrument_id]
    worth = mark if trade.price is None else _worth(trade.price, terms)
    return trade.quantity * (worth - mark if margined(stand, trade.instrument_id) else worth)


def mark_price(stand: Stand, instrument_id: str) -> float:
    """The mark as the venue quotes it: what ``Trade.price`` would be at no gain and no loss."""
    terms, base = instrument(stand, instrument_id), stand.base[instrument_id]
    inverse = terms.payoff == "inverse" and terms.kind != "option"
    return terms.contract_size / -base if inverse else base / terms.contract_size


def _worth(price: float, terms: object) -> float:
    """Of one contract, settlement currency: options are quoted in it, inverse contracts pay one over the price."""
    size = float(getattr(terms, "contract_size", 1.0))
    inverse = getattr(terms, "payoff", "linear") == "inverse" and getattr(terms, "kind", "") != "option"
    return -size / price if inverse else size * price
