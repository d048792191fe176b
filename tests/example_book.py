"""Small books over the example market, and one big one, their positions invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from example_market import EXPIRIES, SPOTS
from seawall.instruments.plugins import decode_instrument
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.instrument import Instrument

DAY = EXPIRIES[1].isoformat()
SOON = EXPIRIES[0].isoformat()
TERMS: dict[str, dict[str, Any]] = {
    "USD": {"kind": "cash", "underlying": "USD", "settlement_currency": "USD"},
    "USDC": {"kind": "cash", "underlying": "USDC", "settlement_currency": "USDC"},
    "BTC": {"kind": "cash", "underlying": "BTC", "settlement_currency": "BTC"},
    "C60": {"kind": "option", "underlying": "BTC", "expiry": DAY, "strike": 60_000, "option_type": "call"},
    "P50": {"kind": "option", "underlying": "BTC", "expiry": SOON, "strike": 50_000, "option_type": "put"},
    "COIN": {"kind": "option", "underlying": "BTC", "expiry": DAY, "strike": 65_000, "option_type": "call",
             "payoff": "inverse", "settlement_currency": "BTC"},
    "E3": {"kind": "option", "underlying": "ETH", "expiry": DAY, "strike": 3_000, "option_type": "call"},
    "BTC-PERPETUAL": {"kind": "perpetual", "underlying": "BTC", "payoff": "inverse", "settlement_currency": "BTC",
                      "contract_size": 10},
    "LINEAR": {"kind": "perpetual", "underlying": "BTC", "reference": "BTC-PERPETUAL"},
    "FUT": {"kind": "future", "underlying": "ETH", "expiry": DAY},
    "SHARE": {"kind": "spot", "underlying": "SPX"},
    "WSTETH": {"kind": "wrapped", "underlying": "ETH", "settlement_currency": "ETH", "token": "WSTETH"},
    "DEBT": {"kind": "lending", "underlying": "USDC", "settlement_currency": "USDC", "protocol": "aave",
             "side": "debt"},
}
# account, venue, strategy, instrument, quantity, average price
LINES: tuple[tuple[str, str, str, str, float, float], ...] = (
    ("A1", "Deribit", "vol", "C60", -2.0, np.nan), ("A1", "Deribit", "vol", "P50", -3.0, np.nan),
    ("A1", "Deribit", "base", "BTC", 1.5, np.nan), ("A1", "Deribit", "vol", "COIN", -4.0, np.nan),
    ("A2", "OKX", "hedge", "BTC-PERPETUAL", 6_000.0, 58_000.0), ("A2", "OKX", "base", "USDC", 90_000.0, np.nan),
    ("A2", "OKX", "hedge", "LINEAR", -0.5, 61_000.0), ("A2", "OKX", "vol", "E3", 12.0, np.nan),
    ("A3", "Deribit", "base", "USD", 40_000.0, np.nan), ("A3", "Deribit", "hedge", "FUT", -8.0, 3_100.0),
    ("A3", "Deribit", "base", "WSTETH", 5.0, np.nan), ("A4", "Broker", "base", "SHARE", 20.0, np.nan),
    ("A4", "Broker", "base", "DEBT", -30_000.0, np.nan), ("A4", "Broker", "vol", "C60", 1.0, np.nan),
)


def instrument(name: str, **terms: Any) -> Instrument:
    return decode_instrument({"instrument_id": name, **TERMS.get(name, {}), **terms})


def book_of(
    lines: Sequence[tuple[str, str, str, str, float, float]] = LINES, *, failures: tuple[Failure, ...] = (),
    terms: Mapping[str, Instrument] | None = None,
) -> Book:
    """A book of lines as above."""
    names = list(dict.fromkeys(line[3] for line in lines))
    known = dict(terms or {})
    listed = tuple(known.get(name) or instrument(name) for name in names)
    place = {name: n for n, name in enumerate(names)}
    columns = {name: [line[n] for line in lines] for n, name in enumerate(("account", "venue", "strategy"))}
    return Book(
        listed, np.array([place[line[3]] for line in lines], dtype=np.int64),
        np.array([float(line[4]) for line in lines]), {k: np.array(v, dtype=object) for k, v in columns.items()},
        np.array([float(line[5]) for line in lines]), {}, failures,
    )


def many_options(count: int) -> tuple[Instrument, ...]:
    """So many different options on BTC and ETH, half of them coin-settled."""
    found = []
    for n in range(count):
        asset = ("BTC", "ETH")[n % 2]
        coin = n % 4 < 2
        found.append(instrument(
            f"O{n}", kind="option", underlying=asset, expiry=EXPIRIES[n % 3 % 2].isoformat(),
            strike=round(SPOTS[asset] * (0.5 + (n + 1) / count), 2), option_type="call" if n % 8 < 4 else "put",
            payoff="inverse" if coin else "linear", settlement_currency=asset if coin else "USD",
        ))
    return tuple(found)


def big_book(lines: int, accounts: int, instruments: tuple[Instrument, ...], seed: int = 1) -> Book:
    """Random lines over the instruments."""
    draw = np.random.default_rng(seed)
    owner = draw.integers(0, accounts, lines)
    return Book(
        instruments, draw.integers(0, len(instruments), lines), np.round(draw.normal(0.0, 3.0, lines), 2),
        {"account": np.array([f"A{n:04d}" for n in owner], dtype=object),
         "venue": np.array([f"V{n % 7}" for n in owner], dtype=object),
         "strategy": np.array([f"S{n % 11}" for n in range(lines)], dtype=object)},
        np.full(lines, np.nan),
    )
