"""What does each trade count for? Adjusted notional, supervisory delta, hedging set, from its terms alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.kernels.saccr import option_delta, supervisory_duration, tranche_delta
from seawall.model.arrays import Floats
from seawall.model.netting_set import SaccrTrade
from seawall.regulatory.saccr_parameters import SaccrParameters, Supervisory


class HedgingKey(NamedTuple):
    """Which trades may offset one another."""

    asset_class: str
    name: str
    kind: str


class TradeColumns(NamedTuple):
    """T trades: adjusted (T) notional, currency; delta (T) signed; factor and rho by trade; what each is grouped by."""

    trades: tuple[SaccrTrade, ...]
    adjusted: Floats
    delta: Floats
    supervisory: tuple[Supervisory, ...]
    hedging: tuple[HedgingKey, ...]


def trade_columns(trades: Sequence[SaccrTrade], parameters: SaccrParameters) -> TradeColumns:
    """The columns of all trades. Raises InputError naming the trade whose option cannot be valued."""
    supervisory = tuple(map(parameters.of, trades))
    return TradeColumns(tuple(trades), _adjusted(trades, parameters), _deltas(trades, supervisory, parameters),
                        supervisory, tuple(map(hedging_key, trades)))


def hedging_key(trade: SaccrTrade) -> HedgingKey:
    """The trade's hedging set: currency, pair, coin or commodity group; all credit; all equity."""
    kind = trade.special or "ordinary"
    plain = {"interest_rate": trade.driver, "fx": "/".join(sorted(trade.driver.split("/"))), "credit": "credit",
             "equity": "equity", "commodity": _commodity_set(trade), "crypto_2a": trade.driver}
    name = plain.get(trade.asset_class, trade.trade_id)
    if kind == "basis":
        pair = " - ".join(sorted((trade.pair, trade.driver)))
        name = f"{name}: {pair}" if trade.asset_class == "commodity" else pair
    elif kind == "volatility":
        name = f"{name} volatility"
    return HedgingKey(trade.asset_class, name, kind)


def _commodity_set(trade: SaccrTrade) -> str:
    return "energy" if trade.commodity == "electricity" else trade.commodity


def _adjusted(trades: Sequence[SaccrTrade], parameters: SaccrParameters) -> Floats:
    """(T) notional; times duration for rates and credit, the larger leg where both are foreign."""
    notional = np.array([max(trade.notional, trade.second_notional) for trade in trades])
    timed = np.array([trade.asset_class in ("interest_rate", "credit") for trade in trades], dtype=bool)
    start, end = np.array([trade.start for trade in trades]), np.array([trade.end or 0.0 for trade in trades])
    years = supervisory_duration(start, end, floor=parameters.floor, rate=parameters.discount_rate)
    return np.asarray(np.where(timed, notional * years, notional))


def _deltas(trades: Sequence[SaccrTrade], rows: Sequence[Supervisory], parameters: SaccrParameters) -> Floats:
    """(T) signed deltas; a pair of currencies or of drivers written the other way round turns the sign."""
    shifts = _shifts(trades, parameters)
    return np.array([_reversed(trade) * _delta(trade, row, shifts) for trade, row in zip(trades, rows, strict=True)])


def _reversed(trade: SaccrTrade) -> float:
    parts = trade.driver.split("/")
    sign = -1.0 if trade.asset_class == "fx" and parts != sorted(parts) else 1.0
    return -sign if trade.special == "basis" and trade.pair < trade.driver else sign


def _delta(trade: SaccrTrade, row: Supervisory, shifts: dict[str, float]) -> float:
    side = 1.0 if trade.direction == "long" else -1.0
    if trade.attachment is not None and trade.detachment is not None:
        return side * float(tranche_delta(trade.attachment, trade.detachment))
    if not trade.option or trade.price is None or trade.strike is None or trade.exercise is None:
        return side
    shift = trade.shift if trade.shift is not None else shifts.get(trade.driver, 0.0) if _is_rate(trade) else 0.0
    price, strike = trade.price + shift, trade.strike + shift
    if price <= 0 or strike <= 0:
        raise InputError(f"trade {trade.trade_id}: price and strike", found=(price, strike), wanted="above zero",
                         remedy="give a shift that lifts both above zero")
    call = 1.0 if trade.option == "call" else -1.0
    return float(option_delta(call, side, price, strike, trade.exercise, row.volatility))


def _is_rate(trade: SaccrTrade) -> bool:
    return trade.asset_class == "interest_rate"


def _shifts(trades: Sequence[SaccrTrade], parameters: SaccrParameters) -> dict[str, float]:
    """By currency, what lifts the least price or strike of its options to the least rate. Source: CRE52.40."""
    least: dict[str, float] = {}
    for trade in trades:
        if trade.option and _is_rate(trade) and trade.price is not None and trade.strike is not None:
            least[trade.driver] = min(least.get(trade.driver, np.inf), trade.price, trade.strike)
    return {currency: max(parameters.least_rate - rate, 0.0) for currency, rate in least.items()}
