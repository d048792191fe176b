"""What does a margin model ask of an instrument? Its columns in every version of a market, per unit of quantity.

Amounts are in the numeraire. A coin-settled option is a share S / F of the same Black-76 value, which is what its coins
are worth; a coin-settled future or perpetual is its notional in coins, and moves in proportion with its price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seawall.cube import Valuation, batches
from seawall.errors import MarketError, RiskError
from seawall.instruments.option import OptionPoints, option_points
from seawall.instruments.plugins import kind_of
from seawall.instruments.prices import rate_key, years_left
from seawall.kernels.elementary import exp, log
from seawall.kernels.exact_black import black_call_put, black_delta
from seawall.kernels.normal import INVERSE_ROOT_TWO_PI
from seawall.margin.frame import UNREALISED
from seawall.model.arrays import Floats
from seawall.model.factor import CONDITIONS, tenor_of
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.state import State

LABELS = ("instrument", "kind", "underlying", "expiry", "settlement", "quote", "payoff", "asset", "market",
          "asset_class")
NUMBERS = ("price", "mark", "undiscounted", "spot", "index", "forward", "strike", "is_call", "vol", "tau", "rate",
           "discount", "contract_size", "base_size", "unit_price", "delta", "gamma", "vega", "settlement_price",
           "is_inverse")
Numbers = dict[str, Floats]


def valued(instruments: Sequence[Instrument], state: State) -> tuple[Floats, dict[int, str]]:
    """(I,S) value of one contract in settlement currency, NaN where it has none; why some have none."""
    base, failed = np.full((len(instruments), state.size), np.nan), dict[int, str]()
    value = Valuation(state)
    for batch in batches(instruments, frozenset()):
        done = value(batch)
        base[done.rows] = done.base[:, None] + done.pnl
    for i in np.flatnonzero(~np.isfinite(base).all(axis=1)).tolist():
        failed[i] = _reason(instruments[i], state)
    return base, failed


def numbers_in(
    instruments: Sequence[Instrument], state: State, base: Floats, failed: dict[int, str]
) -> Numbers:
    """Every number (S,I), given each value (I,S); an instrument that lacks a factor is NaN and joins ``failed``."""
    shape = (state.size, len(instruments))
    numbers = {name: np.zeros(shape) for name in NUMBERS}
    for i, instrument in enumerate(instruments):
        row: Mapping[str, Any] = dict.fromkeys(NUMBERS, np.nan)
        if i not in failed:
            try:
                row = _row(instrument, state, base[i])
            except MarketError as error:
                failed[i] = str(error)
        for name, value in row.items():
            numbers[name][:, i] = value
    _options(instruments, state, numbers, failed)
    for condition in CONDITIONS:
        levels = [_condition(condition, i, state.market) for i in instruments]
        if np.isfinite(levels).any():
            numbers[condition] = np.broadcast_to(np.array(levels), shape).copy()
    return numbers


def labels_of(instruments: Sequence[Instrument], market: Market) -> dict[str, list[str]]:
    """Every label (I)."""
    asset = [str(getattr(i, "token", "")) or i.underlying for i in instruments]
    return {
        "instrument": [i.instrument_id for i in instruments], "kind": [i.kind for i in instruments],
        "underlying": [i.underlying for i in instruments],
        "expiry": [tenor_of(i.expires_at) if i.expires_at else "" for i in instruments],
        "settlement": [i.settlement_currency for i in instruments], "quote": [i.quote_currency for i in instruments],
        "payoff": [i.payoff for i in instruments], "asset": asset, "market": list(asset),
        "asset_class": [class_of(name, market) for name in asset],
    }


def class_of(asset: str, market: Market) -> str:
    """The asset's class, as the market tells it."""
    return market.asset_class.get(asset, "currency" if asset == market.numeraire else "")


def gain_numbers(currencies: Sequence[str], state: State, numbers: Numbers) -> None:
    """Appends one column per currency: a unit of unrealised gain, which is worth a unit of it."""
    for currency in currencies:
        try:
            rate = state.spot(currency)
        except MarketError:
            rate = np.full(state.size, np.nan)
        at_rate = ("price", "mark", "undiscounted", "spot", "index", "forward", "settlement_price", "unit_price")
        told: dict[str, Any] = dict.fromkeys(at_rate, rate) | {
            "discount": 1.0, "contract_size": 1.0, "base_size": 1.0,
            "delta": 0.0 if currency == state.market.numeraire else 1.0,
        }
        for name, values in numbers.items():
            fresh = np.broadcast_to(told.get(name, 0.0 if name in NUMBERS else np.nan), (state.size,))
            numbers[name] = np.column_stack([values, fresh])


def gain_labels(currencies: Sequence[str], market: Market, labels: dict[str, list[str]]) -> None:
    """Appends their labels."""
    for currency in currencies:
        text = {"instrument": f"{UNREALISED}:{currency}", "kind": UNREALISED, "expiry": "", "payoff": "linear",
                "asset_class": class_of(currency, market)}
        for name in labels:
            labels[name].append(text.get(name, currency))


def _reason(instrument: Instrument, state: State) -> str:
    try:
        kind_of(instrument).value([instrument], state)
    except RiskError as error:
        return str(error)
    return f"{instrument.instrument_id} has no finite value"


def _row(i: Instrument, state: State, base: Floats) -> dict[str, Any]:
    """Columns of one instrument, each (S) or a number; of an option, those that do not hang on its smile."""
    settle, quote, spot = (state.spot(c) for c in (i.settlement_currency, i.quote_currency, i.underlying))
    row: dict[str, Any] = dict.fromkeys(NUMBERS, 0.0) | {
        "spot": spot, "index": spot, "forward": spot / quote, "settlement_price": settle, "discount": 1.0,
        "contract_size": 1.0, "base_size": 1.0, "is_inverse": float(i.payoff == "inverse"), "unit_price": spot,
        "tau": years_left(state, i.expires_at) if i.expires_at else 0.0,
    }
    if kind_of(i).margined:
        return row | _contract(i, base, settle, quote)
    if i.kind == "option":
        return row
    worth, units = base * settle, base * settle / spot
    return row | {"price": worth, "mark": worth, "undiscounted": worth, "delta": units, "base_size": units}


def _contract(i: Instrument, base: Floats, settle: Floats, quote: Floats) -> dict[str, Any]:
    """A future or perpetual: price per contract, in proportion to which it gains what its settlement gains.

    A coin-settled one's gain is paid in coins: their price then, and so spot, is what it is in proportion to.
    """
    inverse = i.payoff == "inverse"
    unit = (i.contract_size / -base if inverse else base / i.contract_size) * quote
    size = -base if inverse else base * settle / unit
    worth = size * (settle if inverse else unit)
    return {"price": worth, "undiscounted": worth, "unit_price": unit, "base_size": size, "delta": size,
            "forward": unit / quote, "contract_size": size}


def _options(instruments: Sequence[Instrument], state: State, numbers: Numbers, failed: Mapping[int, str]) -> None:
    at = [n for n, i in enumerate(instruments) if i.kind == "option" and n not in failed]
    if not at:
        return
    options: list[Any] = [instruments[n] for n in at]
    point = option_points(options, state)
    strike = np.array([o.strike for o in options])[:, None]
    is_call = np.array([float(o.sign > 0) for o in options])[:, None]
    rate = np.array([_rate(o, state) for o in options])
    quote = np.array([state.spot(o.quote_currency) for o in options])
    spot = numbers["spot"][:, at].T
    coin = np.array([o.payoff == "inverse" for o in options])[:, None]
    size = np.array([o.contract_size for o in options])[:, None]
    share = size * np.where(coin, spot / point.forward, quote)
    terms = (point.forward, strike, point.volatility, point.years, is_call)
    value, delta = black_call_put(*terms), black_delta(*terms)
    gamma, vega = _bends(point, strike)
    money = share * point.discount
    growth = point.forward / spot
    found = {
        "forward": point.forward, "strike": strike, "is_call": is_call, "vol": point.volatility,
        "tau": point.years, "rate": rate, "discount": point.discount, "contract_size": share, "base_size": size,
        "undiscounted": value * share, "mark": value * money, "price": value * money,
        "delta": delta * money * growth, "gamma": gamma * money * growth * growth, "vega": vega * money,
    }
    for name, values in found.items():
        numbers[name][:, at] = np.broadcast_to(values, point.forward.shape).T


def _bends(point: OptionPoints, strike: Floats) -> tuple[Floats, Floats]:
    """(I,S) undiscounted gamma and vega by forward, with the bits of ``elementary``; 0 at the kink."""
    with np.errstate(all="ignore"):
        root = np.sqrt(point.years)
        deviation = point.volatility * root
        d1 = log(point.forward / strike) / deviation + 0.5 * deviation
        bell = INVERSE_ROOT_TWO_PI * np.where(deviation > 0, exp(-0.5 * d1 * d1), 0.0)
        gamma = np.where(deviation > 0, bell / (point.forward * deviation), 0.0)
    return gamma, point.forward * bell * root


def _rate(option: Any, state: State) -> Floats:
    """(S) the rate that discounts a linear option's premium; coin premiums have none."""
    key = None
    if option.payoff == "linear":
        key = rate_key(state.market, option.underlying, option.quote_currency, option.expiry)
    return np.zeros(state.size) if key is None else state.level(key, needed_by=option.instrument_id)


def _condition(name: str, i: Instrument, market: Market) -> float:
    """A venue's condition told of the instrument itself, else of its asset, else of its underlying."""
    for qualifier in (i.instrument_id, str(getattr(i, "token", "")), i.underlying):
        where = market.index.get(f"{name}:{qualifier}")
        if where is not None:
            return float(market.levels[where])
    return float("nan")
