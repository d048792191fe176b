"""What does an account bring to a margin model? A book and a market as instrument columns, lines and quantities.

Every column is told per unit of a line's quantity, in the numeraire. A coin-settled option is a share S / F of the same
Black-76 value, which is what its coins are worth; a coin-settled contract is its notional in coins. What margined lines
gained since their average price is a holding of its own, of the kind ``unrealised``, in the settlement currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.cube import Valuation, batches, gained
from seawall.errors import MarketError, RiskError
from seawall.instruments.option import option_volatilities
from seawall.instruments.plugins import kind_of
from seawall.instruments.prices import forward_price, rate_key, years_between
from seawall.kernels.black import black_greeks
from seawall.margin.frame import Columns
from seawall.margin.rows import Lines
from seawall.model.arrays import Floats, Ints, Texts, frozen_floats
from seawall.model.book import Book
from seawall.model.factor import CONDITIONS, tenor_of
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.state import present

UNREALISED = "unrealised"
HELD = ("cash", "spot", "lending", "wrapped")
LABELS = ("instrument", "kind", "underlying", "expiry", "settlement", "quote", "payoff", "asset", "market",
          "asset_class")
NUMBERS = ("price", "mark", "undiscounted", "spot", "index", "forward", "strike", "is_call", "vol", "tau", "rate",
           "discount", "contract_size", "base_size", "unit_price", "delta", "gamma", "vega", "settlement_price",
           "is_inverse")


@dataclass(frozen=True)
class Holdings:
    """A book in a market, ready for any model.

    columns: of I instruments and one unrealised gain per settlement currency. quantity (L + more): the book's lines
    first, then one line per account and currency of gains. line_of (J): the book's line of each line here, -1 for a
    gain. names (J): what explanations call each line. failures: instruments without a value, with the accounts they
    leave unknown. unknown: accounts whose lines could not be read or valued, with why.
    """

    columns: Columns
    lines: Lines
    quantity: Floats
    accounts: tuple[str, ...]
    line_of: Ints
    names: tuple[str, ...]
    unknown: Mapping[str, str]
    instruments: tuple[Instrument, ...]
    currency: str
    market_id: str

    @property
    def currencies(self) -> tuple[str, ...]:
        """Settlement currencies of unrealised gains, in the order of their columns."""
        return tuple(self.columns.labels["asset"][len(self.instruments):].tolist())


def holdings(book: Book, market: Market) -> Holdings:
    """The book's lines and instrument columns at the market.

    An instrument that lacks a factor is no stop: its columns are NaN and the accounts that hold it unknown.
    """
    accounts = book.account_ids
    place = {account: n for n, account in enumerate(accounts)}
    base, failed = _valued(book.instruments, market)
    values, labels = _columns(book.instruments, market, base, failed)
    currencies, gains, owner, cash = _unrealised(book, base, place)
    _append_gains(values, labels, currencies, market)
    columns = Columns({**values, **labels}, np.array(labels["instrument"]))
    own = np.array([place[a] for a in book.column("account")], dtype=np.int64)
    lines = Lines(np.concatenate([own, owner]), np.concatenate([book.instrument_of, cash]), len(accounts))
    names = [f"{book.instruments[i].instrument_id}" for i in book.instrument_of]
    names += [f"unrealised {currencies[c - len(book.instruments)]}" for c in cash]
    return Holdings(columns, lines, frozen_floats(np.concatenate([book.quantity, gains]), "quantity"), accounts,
                    np.concatenate([np.arange(len(book)), np.full(len(gains), -1)]), tuple(names),
                    _unknown(book, failed), book.instruments, market.numeraire, market.market_id)


def instrument_columns(
    instruments: Sequence[Instrument], market: Market
) -> tuple[dict[str, Floats], dict[str, list[str]], dict[int, str]]:
    """Numbers (I) and labels (I) of every instrument, and why some have no value."""
    base, failed = _valued(instruments, market)
    return *_columns(instruments, market, base, failed), failed


def _columns(
    instruments: Sequence[Instrument], market: Market, base: Floats, failed: dict[int, str]
) -> tuple[dict[str, Floats], dict[str, list[str]]]:
    numbers = {name: np.zeros(len(instruments)) for name in NUMBERS}
    for i, instrument in enumerate(instruments):
        row = {name: float("nan") for name in NUMBERS}
        if i not in failed:
            try:
                row = _row(instrument, market, float(base[i]))
            except MarketError as error:
                failed[i] = str(error)
        for name, value in row.items():
            numbers[name][i] = value
    _options(instruments, market, numbers, failed)
    for condition in CONDITIONS:
        levels = np.array([_condition(condition, i, market) for i in instruments])
        if np.isfinite(levels).any():
            numbers[condition] = levels
    return numbers, _labels(instruments, market)


def _valued(instruments: Sequence[Instrument], market: Market) -> tuple[Floats, dict[int, str]]:
    """(I) value of one contract in settlement currency; why some have none."""
    base, failed = np.full(len(instruments), np.nan), dict[int, str]()
    value = Valuation(present(market))
    for batch in batches(instruments, frozenset()):
        done = value(batch)
        base[done.rows] = done.base
    for i in np.flatnonzero(~np.isfinite(base)).tolist():
        failed[i] = _reason(instruments[i], market)
    return base, failed


def _reason(instrument: Instrument, market: Market) -> str:
    try:
        kind_of(instrument).value([instrument], present(market))
    except RiskError as error:
        return str(error)
    return f"{instrument.instrument_id} has no finite value"


def _row(i: Instrument, market: Market, base: float) -> dict[str, float]:
    """Columns of one instrument; of an option, those that do not hang on its smile."""
    settle, quote = market.spot(i.settlement_currency), market.spot(i.quote_currency)
    spot = market.spot(i.underlying)
    row = dict.fromkeys(NUMBERS, 0.0) | {
        "spot": spot, "index": spot, "forward": spot / quote, "settlement_price": settle, "discount": 1.0,
        "contract_size": 1.0, "base_size": 1.0, "is_inverse": float(i.payoff == "inverse"), "unit_price": spot,
    }
    kind = kind_of(i)
    if kind.margined:
        return row | _contract(i, base, settle, quote)
    if i.kind == "option":
        return row
    worth, units = base * settle, base * settle / spot
    return row | {"price": worth, "mark": worth, "undiscounted": worth, "delta": units, "base_size": units}


def _contract(i: Instrument, base: float, settle: float, quote: float) -> dict[str, float]:
    """A future or perpetual: its price per unit of quantity, which moves in proportion with its own price."""
    inverse = i.payoff == "inverse"
    unit = (i.contract_size / -base if inverse else base / i.contract_size) * quote
    size = -base if inverse else base * settle / unit
    return {"price": size * unit, "undiscounted": size * unit, "unit_price": unit, "base_size": size, "delta": size,
            "forward": unit / quote, "contract_size": size}


def _options(
    instruments: Sequence[Instrument], market: Market, numbers: dict[str, Floats], failed: Mapping[int, str]
) -> None:
    at = [n for n, i in enumerate(instruments) if i.kind == "option" and n not in failed]
    if not at:
        return
    options = [instruments[n] for n in at]
    state = present(market)
    vol = option_volatilities(options, market)  # type: ignore[arg-type]
    strike = np.array([o.strike for o in options])  # type: ignore[attr-defined]
    sign = np.array([o.sign for o in options])  # type: ignore[attr-defined]
    tau = np.array([max(years_between(market.as_of, o.expires_at), 0.0) for o in options if o.expires_at])
    forward = np.array([float(forward_price(state, o.underlying, o.quote_currency, o.expires_at)[0])
                        for o in options if o.expires_at])
    rate = np.array([_rate(o, market) for o in options])
    quote = np.array([market.spot(o.quote_currency) for o in options])
    spot = numbers["spot"][at]
    coin = np.array([o.payoff == "inverse" for o in options])
    share = np.array([o.contract_size for o in options]) * np.where(coin, spot / forward, quote)
    greeks = black_greeks(sign, forward, strike, tau, vol)
    discount = np.exp(-rate * tau)
    found = {
        "forward": forward, "strike": strike, "is_call": (sign > 0).astype(float), "vol": vol, "tau": tau, "rate": rate,
        "discount": discount, "contract_size": share, "base_size": np.array([o.contract_size for o in options]),
        "undiscounted": greeks.value * share, "mark": greeks.value * share * discount,
        "price": greeks.value * share * discount, "delta": greeks.delta * share * discount * forward / spot,
        "gamma": greeks.gamma * share * discount * (forward / spot) ** 2, "vega": greeks.vega * share * discount,
    }
    for name, values in found.items():
        numbers[name][at] = values


def _rate(option: Instrument, market: Market) -> float:
    """The rate that discounts a linear option's premium; coin premiums have none."""
    if option.payoff != "linear" or option.expires_at is None:
        return 0.0
    key = rate_key(market, option.underlying, option.quote_currency, option.expires_at)
    return market.level(key, needed_by=option.instrument_id) if key else 0.0


def _labels(instruments: Sequence[Instrument], market: Market) -> dict[str, list[str]]:
    asset = [_asset(i) for i in instruments]
    return {
        "instrument": [i.instrument_id for i in instruments], "kind": [i.kind for i in instruments],
        "underlying": [i.underlying for i in instruments],
        "expiry": [tenor_of(i.expires_at) if i.expires_at else "" for i in instruments],
        "settlement": [i.settlement_currency for i in instruments], "quote": [i.quote_currency for i in instruments],
        "payoff": [i.payoff for i in instruments], "asset": asset, "market": list(asset),
        "asset_class": [_asset_class(name, market) for name in asset],
    }


def _asset(i: Instrument) -> str:
    return str(getattr(i, "token", "")) or i.underlying


def _asset_class(name: str, market: Market) -> str:
    return market.asset_class.get(name, "currency" if name == market.numeraire else "")


def _condition(name: str, i: Instrument, market: Market) -> float:
    """A venue's condition told of the instrument itself, else of its asset, else of its underlying."""
    for qualifier in (i.instrument_id, _asset(i), i.underlying):
        where = market.index.get(f"{name}:{qualifier}")
        if where is not None:
            return float(market.levels[where])
    return float("nan")


def _unrealised(
    book: Book, base: Floats, place: Mapping[str, int]
) -> tuple[list[str], Floats, Ints, Ints]:
    """Currencies; and per account and currency: gain, account, column."""
    gain = gained(book, base[book.instrument_of])
    told = np.flatnonzero(np.isfinite(gain) & (gain != 0.0))
    settled: Texts = np.array([i.settlement_currency for i in book.instruments], dtype=object)[book.instrument_of]
    currencies = sorted(set(settled[told].tolist()))
    code = {currency: n for n, currency in enumerate(currencies)}
    account = np.array([place[a] for a in book.column("account")[told]], dtype=np.int64)
    joint = account * max(len(currencies), 1) + np.array([code[c] for c in settled[told]], dtype=np.int64)
    keys, of = np.unique(joint, return_inverse=True)
    total = np.bincount(of, gain[told], len(keys)).astype(np.float64)
    wide = max(len(currencies), 1)
    return currencies, total, keys // wide, keys % wide + len(book.instruments)


def _append_gains(
    numbers: dict[str, Floats], labels: dict[str, list[str]], currencies: Sequence[str], market: Market
) -> None:
    """One more instrument per currency: a unit of unrealised gain."""
    for currency in currencies:
        try:
            rate = market.spot(currency)
        except MarketError:
            rate = float("nan")
        told = {"price": rate, "mark": rate, "undiscounted": rate, "spot": rate, "index": rate, "forward": rate,
                "settlement_price": rate, "discount": 1.0, "contract_size": 1.0, "base_size": 1.0, "unit_price": rate,
                "delta": 0.0 if currency == market.numeraire else 1.0}
        for name in numbers:
            numbers[name] = np.append(numbers[name], told.get(name, 0.0 if name in NUMBERS else np.nan))
        text = {"instrument": f"{UNREALISED}:{currency}", "kind": UNREALISED, "expiry": "", "payoff": "linear",
                "asset_class": _asset_class(currency, market)}
        for name in labels:
            labels[name].append(text.get(name, currency))


def _unknown(book: Book, failed: Mapping[int, str]) -> dict[str, str]:
    out: dict[str, str] = {}
    accounts = book.column("account")
    for line in np.flatnonzero(np.isin(book.instrument_of, list(failed)) & (book.quantity != 0.0)):
        out.setdefault(str(accounts[line]), failed[int(book.instrument_of[line])])
    for failure in book.failures:
        for account in failure.accounts:
            out.setdefault(account, str(failure))
    return out
