"""Chains whose truth is known: prices of a smile that the tests chose, written as a venue would quote them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from seawall.kernels.black import black_value
from seawall.kernels.smile import volatility
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.quotes import Chain, FuturesQuotes, OptionQuotes

AS_OF = datetime(2026, 8, 1, 8, tzinfo=UTC)
SPOT = 60_000.0
STRIKES = 60_000.0 * np.exp(np.linspace(-0.4, 0.4, 17))


def raw_smile(years: float) -> Floats:
    """Five parameters with a lively skew, free of arbitrage, their total variance growing with time."""
    scale = 0.5 * np.sqrt(years)
    return np.array([0.55 * scale**2, 0.45 * scale, -0.3, 0.15 * scale, 1.1 * scale])


def invented_chain(
    days: tuple[int, ...] = (14, 60, 180), *, coin: bool = True, carry: float = 0.05, rate: float = 0.0,
    width: float = 0.01,
) -> Chain:
    """Calls and puts at every strike: middles are the truth, half-spreads a share ``width`` / 2 of them."""
    options = _joined([_expiry(day, coin=coin, carry=carry, rate=rate, width=width) for day in days])
    futures = _futures(days, carry) if coin else FuturesQuotes.none()
    return Chain("invented", AS_OF, options, futures, coin, "USD", asset_class="crypto" if coin else "equity",
                 spots=(("BTC", SPOT),))


def changed(chain: Chain, **columns: Floats) -> Chain:
    """The chain with some columns of its options exchanged."""
    return replace(chain, options=replace(chain.options, **columns))


def kept(chain: Chain, rows: np.ndarray) -> Chain:
    """The chain with only some of its options."""
    return replace(chain, options=chain.options.take(rows))


def _expiry(days: int, *, coin: bool, carry: float, rate: float, width: float) -> OptionQuotes:
    years = days / 365
    forward, discount = SPOT * np.exp(carry * years), np.exp(-rate * years)
    strike, call = np.repeat(STRIKES, 2), np.tile([True, False], len(STRIKES))
    sigma = volatility(np.log(strike / forward), raw_smile(years), years)
    price = black_value(np.where(call, 1.0, -1.0), forward, strike, years, sigma) * (1 / forward if coin else discount)
    count, none = len(strike), np.full(len(strike), np.nan)
    date = np.datetime64((AS_OF + timedelta(days=days)).replace(tzinfo=None), "ns")
    names = [f"BTC-{days}D-{k:.0f}-{'C' if c else 'P'}" for k, c in zip(strike, call, strict=True)]
    return OptionQuotes(
        frozen_texts(names, "names"), frozen_texts(["BTC"] * count, "underlying"), np.full(count, date), strike, call,
        price * (1 - width / 2), price * (1 + width / 2), price.copy(), none, none.copy(), none.copy(), np.ones(count),
        np.ones(count), none.copy(), frozen_texts([""] * count, "source"), none.copy(),
        np.full(count, np.datetime64(AS_OF.replace(tzinfo=None), "ns")), np.ones(count),
    )


def _futures(days: tuple[int, ...], carry: float) -> FuturesQuotes:
    dates = [np.datetime64((AS_OF + timedelta(days=d)).replace(tzinfo=None), "ns") for d in days]
    price = np.array([SPOT * np.exp(carry * d / 365) for d in days] + [SPOT * 1.001])
    names = [f"BTC-{d}D" for d in days] + ["BTC-PERPETUAL"]
    count = len(names)
    return FuturesQuotes(
        frozen_texts(names, "names"), frozen_texts(["BTC"] * count, "underlying"),
        np.array([*dates, np.datetime64("NaT", "ns")], "datetime64[ns]"), price - 1, price + 1, price, np.ones(count),
        np.array([np.nan] * len(days) + [0.08]), np.full(count, 10.0),
    )


def _joined(parts: list[OptionQuotes]) -> OptionQuotes:
    return OptionQuotes(**{
        name: np.concatenate([getattr(part, name) for part in parts]) for name in OptionQuotes.__dataclass_fields__
    })
