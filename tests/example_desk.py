"""A small book over the example market, its positions invented: three accounts, one of them with an unreadable row."""

from __future__ import annotations

from pathlib import Path

from example_market import EXPIRIES, example_market
from seawall.formats.book import read_book
from seawall.model.book import Book
from seawall.model.factor import tenor_of

LATE = tenor_of(EXPIRIES[1])
HEADER = "account,venue,strategy,instrument_id,quantity,average_price,kind,underlying,quote_currency," \
         "settlement_currency,payoff,expiry,strike,option_type,reference"


def option(account: str, venue: str, strategy: str, *, quantity: float, strike: float, side: str) -> str:
    name = f"BTC-{strike:g}-{side}"
    return f"{account},{venue},{strategy},{name},{quantity},,option,BTC,USD,BTC,inverse,{LATE},{strike:g},{side},"


ROWS = (
    option("MM", "Deribit", "strangle", quantity=-40, strike=80_000, side="call"),
    option("MM", "Deribit", "strangle", quantity=-40, strike=45_000, side="put"),
    "MM,Deribit,collateral,BTC,15,,,,,,,,,,",
    option("HEDGE", "Deribit", "tail", quantity=30, strike=40_000, side="put"),
    "HEDGE,Custodian,collateral,USD,2000000,,,,,,,,,,",
    "HEDGE,Bybit,delta,BTC-PERP-USD,-2,61000,perpetual,BTC,USD,USD,linear,,,,BTC-PERPETUAL",
    "FUND,Bybit,carry,ETH-SPOT,400,,spot,ETH,USD,USD,linear,,,,", "FUND,Bybit,carry,USD,250000,,,,,,,,,,",
)
BROKEN = "LOST,Bybit,carry,NOTHING-KNOWN,5,,,,,,,,,,"


def example_book(directory: Path, *, broken: bool = False) -> Book:
    path = directory / "book.csv"
    path.write_text("\n".join([HEADER, *ROWS, *([BROKEN] if broken else [])]) + "\n", encoding="utf-8")
    return read_book(path, example_market())
