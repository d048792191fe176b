"""Where does an account stand? One account's book under one model, ready to be asked again at other quantities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from seawall.errors import InputError
from seawall.instruments.cash import CashTerms
from seawall.instruments.plugins import kind_of
from seawall.margin.columns import valued
from seawall.margin.holdings import Holdings, holdings
from seawall.margin.plan import Plan, evaluate
from seawall.margin.require import EQUITY, INITIAL, MAINTENANCE, Requirements, planned, require
from seawall.margin.shock import Supplied
from seawall.measures.pnl_factors import lines_of
from seawall.model.arrays import Floats, Ints, frozen_texts
from seawall.model.book import Account, Book
from seawall.model.instrument import Instrument
from seawall.model.margin import MarginModel
from seawall.model.market import Market
from seawall.model.state import State, present

Supplier = Callable[[Holdings, State], Mapping[str, Supplied]]


@dataclass(frozen=True)
class Standing:
    """An account's three numbers, model currency. equity: what the model counts. initial, maintenance: loss > 0."""

    equity: float
    initial: float
    maintenance: float

    @property
    def excess(self) -> float:
        """Equity beyond the initial requirement; < 0 is a shortfall."""
        return self.equity - self.initial

    @property
    def cushion(self) -> float:
        """Equity beyond the maintenance requirement; < 0 is liquidated."""
        return self.equity - self.maintenance


@dataclass(frozen=True)
class Stand:
    """One account under one model.

    slot: the line of each instrument that may change. base: value of one contract, settlement currency. quantity (J).
    supplier: makes the scenario gains of models that take them from outside, in any versions of a market.
    """

    account: str
    book: Book
    market: Market
    holdings: Holdings
    plan: Plan
    quantity: Floats
    slot: Mapping[str, int]
    base: Mapping[str, float]
    supplier: Supplier

    @property
    def model(self) -> MarginModel:
        """The model it is margined by."""
        return self.plan.bound.model

    @cached_property
    def refused(self) -> Ints:
        """Lines (of J) of instruments that the model does not take: whoever holds one cannot be assessed."""
        return np.flatnonzero(np.isin(self.plan.lines.instrument, list(self.plan.bound.refused)))

    def at(self, quantity: Floats) -> Standing:
        """The account with other quantities (J): no new market, no new model.

        NaN where the account cannot be assessed: a line could not be read or valued, or the model does not take it.
        """
        if self.holdings.unknown or (len(self.refused) and quantity[self.refused].any()):
            return Standing(np.nan, np.nan, np.nan)
        done = evaluate(self.plan, quantity)
        equity = float(done[EQUITY][0]) if EQUITY in self.plan.results else 0.0
        return Standing(equity, float(done[INITIAL][0]), float(done[MAINTENANCE][0]))

    @cached_property
    def now(self) -> Standing:
        """The account as it is."""
        return self.at(self.quantity)

    def required(self) -> Requirements:
        """The account as it is, with its status and why it may be unknown."""
        return require(self.plan, self.quantity, self.holdings.accounts, unknown=self.holdings.unknown)

    def line(self, instrument_id: str) -> int:
        """The line (of J) of an instrument. Raises InputError for one that is neither held nor tradable."""
        if instrument_id not in self.slot:
            raise InputError(f"{self.account}: instrument", found=instrument_id,
                             wanted="one that is held or tradable: " + _some(self.slot),
                             remedy="name it as tradable when the account is prepared")
        return self.slot[instrument_id]

    def cash(self, currency: str) -> int:
        """The line of cash in a currency."""
        return self.line(f"cash:{currency}")


def stand(
    model: MarginModel, book: Book, market: Market, account: str, *, tradable: Sequence[Instrument] = (),
    supplier: Supplier | None = None,
) -> Stand:
    """The account's lines, its cash in every currency it settles in, and what it may trade, at quantity zero.

    Raises InputError for an account that the book has not.
    """
    if account not in book.account_ids:
        raise InputError("no such account", found=account, wanted="one of " + _some(book.account_ids))
    own = entered(only(book, account), market)
    own = with_lines(own, account, [*tradable, *_cash(own, tradable, market)])
    supply = supplier or _nothing
    found = holdings(own, market)
    plan = planned(model, found, supply(found, present(market)))
    slot: dict[str, int] = {}
    for line in range(len(own)):
        slot[own.instruments[own.instrument_of[line]].instrument_id] = line
    base, _ = valued(own.instruments, present(market))
    values = {i.instrument_id: float(b) for i, b in zip(own.instruments, base[:, 0], strict=True)}
    return Stand(account, own, market, found, plan, np.array(found.quantity), slot, values, supply)


def only(book: Book, account: str) -> Book:
    """The book of one account, with what could not be read of it."""
    own = trimmed(lines_of(book, book.column("account") == account))
    return replace(own, accounts={account: book.accounts.get(account, Account(account))},
                   failures=tuple(f for f in book.failures if account in f.accounts))


def trimmed(book: Book) -> Book:
    """The same lines over the instruments they hold, and no others."""
    used, place = np.unique(book.instrument_of, return_inverse=True)
    return replace(book, instruments=tuple(book.instruments[int(i)] for i in used), instrument_of=place)


def entered(book: Book, market: Market) -> Book:
    """The book with the mark as average price of margined lines without one: what they gain from here on is counted."""
    base, _ = valued(book.instruments, present(market))
    margined = np.array([kind_of(i).margined for i in book.instruments], dtype=bool)
    inverse = np.array([i.payoff == "inverse" for i in book.instruments], dtype=bool)
    size = np.array([i.contract_size for i in book.instruments])
    with np.errstate(divide="ignore", invalid="ignore"):
        price = np.where(inverse, size / -base[:, 0], base[:, 0] / size)
    fresh = np.isnan(book.average_price) & margined[book.instrument_of]
    return replace(book, average_price=np.where(fresh, price[book.instrument_of], book.average_price))


def with_lines(book: Book, account: str, instruments: Sequence[Instrument]) -> Book:
    """The account's book with a line of zero for each instrument that it does not hold."""
    held = {book.instruments[i].instrument_id for i in book.instrument_of}
    known = {i.instrument_id: n for n, i in enumerate(book.instruments)}
    fresh = {i.instrument_id: i for i in instruments if i.instrument_id not in held}
    listed = [*book.instruments, *(i for name, i in fresh.items() if name not in known)]
    place = {i.instrument_id: n for n, i in enumerate(listed)}
    more = len(fresh)
    dimensions = {name: [*column, *([account if name == "account" else ""] * more)]
                  for name, column in book.dimensions.items()}
    return replace(
        book, instruments=tuple(listed),
        instrument_of=np.concatenate([book.instrument_of, [place[name] for name in fresh]]).astype(np.int64),
        quantity=np.concatenate([book.quantity, np.zeros(more)]),
        average_price=np.concatenate([book.average_price, np.full(more, np.nan)]),
        dimensions={name: frozen_texts(column, name) for name, column in dimensions.items()},
    )


def margined(stand: Stand, instrument_id: str) -> bool:
    """Whether a trade in it costs no premium: its gains are settled to the mark."""
    return kind_of(instrument(stand, instrument_id)).margined


def instrument(stand: Stand, instrument_id: str) -> Instrument:
    """The instrument of one of the account's lines."""
    found: Instrument = stand.book.instruments[int(stand.book.instrument_of[stand.line(instrument_id)])]
    return found


def _cash(book: Book, tradable: Sequence[Instrument], market: Market) -> list[Instrument]:
    """Cash of the numeraire and of every currency that something settles in, where the market has its value."""
    settled = {i.settlement_currency for i in (*book.instruments, *tradable)} | {market.numeraire}
    told = sorted(c for c in settled if c == market.numeraire or f"spot:{c}" in market.index)
    return [CashTerms(instrument_id=f"cash:{c}", underlying=c, quote_currency=c, settlement_currency=c) for c in told]


def _nothing(_holdings: Holdings, _state: State) -> Mapping[str, Supplied]:
    return {}


def _some(names: Mapping[str, int] | Sequence[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
