"""What does each row of a table quote? Kind, terms and numbers, by its name where it has one, else by its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.formats.cells import Sheet
from seawall.formats.columns import Numbers, Rows
from seawall.formats.hours import with_hour
from seawall.formats.names import Contract, contract_named, future_name, option_name
from seawall.formats.tally import Tally
from seawall.formats.volatility_unit import decimal_volatilities
from seawall.model.arrays import Bools, Floats, Texts, Times

NAME = ("instrument_id", "instrument_name", "instrument", "contract_symbol", "option_symbol",
        "futures_instrument_name", "symbol")
KIND = ("kind", "security_type", "instrument_type")
EXPIRY = ("expiry", "expiration", "maturity", "expiration_date", "expiry_date", "expiration_timestamp", "expire_date")
OPTION_TYPE = ("option_type", "right", "type", "call_put", "put_call", "cp_flag", "is_call")
UNDERLYING = ("underlying", "underlying_symbol", "currency", "asset", "coin", "root", "act_symbol", "ticker")
SOURCE = ("forward_source", "underlying_name", "underlying_index")
KINDS = {
    "option": "option", "call": "option", "put": "option", "future": "future", "futures": "future",
    "forward": "future", "perpetual": "perpetual", "perp": "perpetual", "swap": "perpetual", "spot": "spot",
    "index": "spot",
}
COMMON = {
    "bid": ("bid", "bid_price", "best_bid_price", "bid_close", "best_bid"),
    "ask": ("ask", "ask_price", "best_ask_price", "ask_close", "best_ask"),
    "mark_volatility": ("mark_volatility", "mark_iv", "implied_volatility", "iv"),
    "bid_volatility": ("bid_volatility", "bid_iv", "iv_bid"),
    "ask_volatility": ("ask_volatility", "ask_iv", "iv_ask"),
    "open_interest": ("open_interest", "oi"),
    "volume": ("volume", "volume_24h", "stats_volume"),
    "funding": ("funding",),
    "contract_size": ("contract_size", "multiplier"),
}
CRYPTO = {
    **COMMON, "mark": ("mark", "mark_price", "term_mark_price_final", "perp_futures_mark_price"),
    "forward": ("forward", "forward_price", "underlying_price"),
    "index": ("index", "index_price"),
}
EQUITY = {
    **COMMON, "mark": ("mark", "mark_price", "close"), "forward": ("forward", "forward_price"),
    "index": ("index", "index_price", "underlying_price", "underlying_close", "underlying_last", "stock_price", "spot"),
}
COINS = ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "AVAX", "MATIC", "TRX", "PAXG")


@dataclass(frozen=True, slots=True)
class Terms:
    """One entry a row (N). quote: the currency of its prices, empty if settled in coin; is_call: NaN if neither."""

    kind: Texts
    name: Texts
    underlying: Texts
    quote: Texts
    expiry: Times
    strike: Numbers
    is_call: Floats


def terms_of(sheet: Sheet, tally: Tally, *, equity: bool) -> Terms:
    """The terms of every row; a kind that cannot be told is "unknown", a missing strike NaN."""
    names = _column(sheet, NAME)
    seen = {name: contract_named(name) for name in set(names)}
    contracts = [seen[name] for name in names]
    strike = sheet.numbers("strike", "strike_price") or Numbers.missing(sheet.count)
    kind = _kinds(sheet, contracts, strike)
    strikes = np.array([c.strike for c in contracts])
    strike = Numbers(np.where(np.isnan(strikes), strike.values, strikes), strike.bad & np.isnan(strikes))
    is_call = _calls(sheet, contracts)
    expiry = _expiries(sheet, contracts, tally, equity=equity)
    underlying = _underlyings(sheet, contracts, tally)
    quote = _quotes(sheet, contracts, equity=equity)
    terms = Terms(kind, names, underlying, quote, expiry, strike, is_call)
    return replace(terms, name=_named(terms))


def rows_of(sheet: Sheet, terms: Terms, observed: Times, chosen: Bools, tally: Tally, *, equity: bool) -> Rows:
    """The chosen rows (N mask) with all their numbers, volatilities in decimals."""
    names = EQUITY if equity else CRYPTO
    numbers = {key: column for key, aliases in names.items() if (column := sheet.numbers(*aliases)) is not None}
    taken = {key: column.take(chosen) for key, column in numbers.items()}
    taken["strike"] = terms.strike.take(chosen)
    source = _column(sheet, SOURCE)[chosen]
    return Rows(
        terms.name[chosen], terms.underlying[chosen], terms.expiry[chosen], decimal_volatilities(taken, tally),
        observed[chosen], terms.is_call[chosen], source,
    )


def told_spots(sheet: Sheet, terms: Terms) -> dict[str, float]:
    """Middle of the rows that quote the underlying itself, by underlying."""
    found = {}
    for row in np.flatnonzero(terms.kind == "spot"):
        prices = [column.values[row] for key in ("bid", "ask", "mark") if (column := sheet.numbers(*CRYPTO[key]))]
        known = [price for price in prices[:2] if price > 0] or [price for price in prices if price > 0]
        if known:
            found[str(terms.underlying[row])] = float(np.mean(known))
    return found


def named_in(path: Path) -> str:
    """The asset that a file's name speaks of: a known coin, else its first word."""
    words = [word.upper() for word in re.findall(r"[A-Za-z]+", path.name.split(".")[0])]
    return next((word for word in words if word in COINS), words[0] if words else "")


def _column(sheet: Sheet, names: tuple[str, ...]) -> Texts:
    found = sheet.texts(*names)
    return np.full(sheet.count, "", dtype=object) if found is None else found


def _kinds(sheet: Sheet, contracts: list[Contract], strike: Numbers) -> Texts:
    told = [KINDS.get(text.lower(), "") for text in _column(sheet, KIND)]
    other = [text.lower() for text in _column(sheet, OPTION_TYPE)]
    guess = np.where(np.isfinite(strike.values) | strike.bad, "option", "unknown")
    return _texts([
        c.kind if c.kind != "unknown" else told[n] or KINDS.get(other[n], "") or str(guess[n])
        for n, c in enumerate(contracts)
    ])


def _calls(sheet: Sheet, contracts: list[Contract]) -> Floats:
    first = [text[:1].lower() for text in _column(sheet, OPTION_TYPE)]
    from_column = [{"c": 1.0, "t": 1.0, "1": 1.0, "p": 0.0, "f": 0.0, "0": 0.0}.get(letter, np.nan) for letter in first]
    return np.array([
        float(c.is_call) if c.kind == "option" else from_column[n] for n, c in enumerate(contracts)
    ], dtype=np.float64)


def _expiries(sheet: Sheet, contracts: list[Contract], tally: Tally, *, equity: bool) -> Times:
    """The name's expiry where it has one; a column that disagrees by a day or more is overruled and counted."""
    from_name = np.array([c.expiry for c in contracts], dtype="datetime64[us]")
    told = sheet.moments(*EXPIRY)
    if told is None:
        return from_name
    named = ~np.isnat(from_name)
    values = with_hour(told.values, told.whole_day, equity=equity)
    far = named & ~np.isnat(values) & (np.abs(values - from_name) >= np.timedelta64(1, "D"))
    tally.add("expiry differs from the name's: name believed", "repaired", [], int(far.sum()))
    naive = told.naive & ~named
    tally.add("naive expiry read as UTC", "repaired", [], int(naive.sum()))
    keep_name = named & (far | np.isnat(values))
    return np.where(keep_name, from_name, values)


def _underlyings(sheet: Sheet, contracts: list[Contract], tally: Tally) -> Texts:
    column = _column(sheet, UNDERLYING)
    found = _texts([c.underlying or column[n].upper().lstrip("^.$") for n, c in enumerate(contracts)])
    if (found == "").all() and sheet.count:
        asset = named_in(sheet.path)
        tally.add("underlying not told: taken from the file's name", "repaired", [asset] if asset else [])
        return np.full(sheet.count, asset, dtype=object)
    return found


def _quotes(sheet: Sheet, contracts: list[Contract], *, equity: bool) -> Texts:
    currency = _column(sheet, ("quote_currency",))
    inverse = [text.lower() for text in _column(sheet, ("inverse", "coin_settled"))]
    other = "USD" if equity else ""
    return _texts([
        c.quote if c.kind != "unknown"
        else (currency[n] or "USD") if inverse[n] in ("false", "0", "no") else "" if inverse[n] else other
        for n, c in enumerate(contracts)
    ])


def _named(terms: Terms) -> Texts:
    columns = zip(terms.name, terms.kind, terms.underlying, terms.expiry, terms.strike.values, terms.is_call,
                  strict=True)
    return _texts([
        name or _made(kind, underlying, expiry, strike=float(strike), is_call=bool(call > 0))
        for name, kind, underlying, expiry, strike, call in columns
    ])


def _made(kind: str, underlying: str, expiry: np.datetime64, *, strike: float, is_call: bool) -> str:
    if kind == "option" and not np.isnat(expiry):
        return option_name(underlying, expiry, strike, is_call)
    if kind == "perpetual":
        return future_name(underlying, np.datetime64("NaT"))
    return future_name(underlying, expiry) if kind == "future" else underlying


def _texts(values: list[Any]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


