"""Small books with one danger each, in the invented market, and the dynamics they are searched with."""

from __future__ import annotations

import numpy as np

from example_market import EXPIRIES, example_market
from seawall.discovery.space import View, factor_space
from seawall.instruments.cash import CashTerms
from seawall.instruments.future import FutureTerms
from seawall.instruments.option import OptionTerms
from seawall.instruments.perpetual import PerpetualTerms
from seawall.instruments.spot import SpotTerms
from seawall.model.arrays import frozen_texts
from seawall.model.book import Book
from seawall.scenarios.simulated import implied_dynamics

MARKET = example_market()
SHELF = {
    "USD": CashTerms(instrument_id="USD", underlying="USD", quote_currency="USD", settlement_currency="USD"),
    "USDC": CashTerms(instrument_id="USDC", underlying="USDC", quote_currency="USDC", settlement_currency="USDC"),
    "BTC": SpotTerms(instrument_id="BTC", underlying="BTC"),
    "ETH": SpotTerms(instrument_id="ETH", underlying="ETH"),
    "BTC-PERP": PerpetualTerms(instrument_id="BTC-PERP", underlying="BTC", reference="BTC-PERPETUAL"),
    "BTC-FUT": FutureTerms(instrument_id="BTC-FUT", underlying="BTC", expiry=EXPIRIES[1]),
    "ETH-FUT": FutureTerms(instrument_id="ETH-FUT", underlying="ETH", expiry=EXPIRIES[1]),
    **{f"BTC-{strike}-{kind}": OptionTerms(instrument_id=f"BTC-{strike}-{kind}", underlying="BTC", expiry=EXPIRIES[0],
                                           strike=float(strike), option_type={"P": "put", "C": "call"}[kind])
       for strike in (42000, 60000, 80000) for kind in "PC"},
    **{f"BTC-{strike}-P-USDC": OptionTerms(instrument_id=f"BTC-{strike}-P-USDC", underlying="BTC", expiry=EXPIRIES[0],
                                           strike=float(strike), option_type="put", quote_currency="USDC",
                                           settlement_currency="USDC")
       for strike in (48000,)},
    "BTC-48000-P": OptionTerms(instrument_id="BTC-48000-P", underlying="BTC", expiry=EXPIRIES[0], strike=48000.0,
                               option_type="put"),
}


def book(*lines: tuple[str, str, float], venue: str = "V") -> Book:
    """Lines of account, instrument, quantity."""
    names = sorted({name for _, name, _ in lines})
    return Book(
        tuple(SHELF[name] for name in names), np.array([names.index(name) for _, name, _ in lines]),
        np.array([quantity for *_, quantity in lines]),
        {"account": frozen_texts([a for a, *_ in lines], "account"),
         "venue": frozen_texts([venue] * len(lines), "venue")}, np.full(len(lines), np.nan))


def dynamics():
    """BTC and ETH, implied, spots correlated at 0.8."""
    return implied_dynamics(MARKET, ("BTC", "ETH"))


def view(held: Book, **options) -> View:
    return View(held, MARKET, factor_space(dynamics(), **options), "USD")
