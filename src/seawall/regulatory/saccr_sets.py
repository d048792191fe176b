"""What does each hedging set add? Add-ons by the rule of its asset class, and each trade's exact share of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.kernels.saccr import AddOn, bucketed, netted, systematic
from seawall.model.arrays import Floats, Ints
from seawall.regulatory.saccr_parameters import NEVER_NETTED, SaccrParameters
from seawall.regulatory.saccr_trades import HedgingKey, TradeColumns

FULLY_NETTED = ("fx", "crypto_2a")


class HedgingSet(NamedTuple):
    """One set of trades, by position: its add-on, currency, and shares (n) that add up to it."""

    key: HedgingKey
    rows: Ints
    add_on: float
    shares: Floats


def hedging_sets(columns: TradeColumns, effective: Floats, parameters: SaccrParameters) -> tuple[HedgingSet, ...]:
    """Every hedging set of a netting set, in order of asset class and name. effective (T): signed, currency."""
    weighted = effective * np.array([row.factor for row in columns.supervisory])
    return tuple(_hedging_set(key, rows, columns, weighted, parameters) for key, rows in _grouped(columns.hedging))


def _grouped(keys: Sequence[HedgingKey]) -> Iterator[tuple[HedgingKey, Ints]]:
    order = sorted(range(len(keys)), key=lambda row: (keys[row], row))
    for key, rows in groupby(order, key=lambda row: keys[row]):
        yield key, np.array(list(rows), dtype=np.int64)


def _hedging_set(
    key: HedgingKey, rows: Ints, columns: TradeColumns, weighted: Floats, parameters: SaccrParameters
) -> HedgingSet:
    amounts = weighted[rows]
    if key.asset_class == NEVER_NETTED:
        gross = columns.adjusted[rows] * np.array([columns.supervisory[row].factor for row in rows])
        return HedgingSet(key, rows, float(gross.sum()), gross)
    if key.asset_class in FULLY_NETTED:
        return _shared(key, rows, amounts, np.zeros(len(rows), dtype=np.int64), netted([amounts.sum()]))
    if key.asset_class == "interest_rate":
        place = _buckets(rows, columns, parameters)
        sums = np.bincount(place, amounts, minlength=3)
        return _shared(key, rows, amounts, place, bucketed(sums, _correlation(parameters)))
    place, rho = _entities(key, rows, columns)
    return _shared(key, rows, amounts, place, systematic(np.bincount(place, amounts, minlength=len(rho)), rho))


def _shared(key: HedgingKey, rows: Ints, amounts: Floats, place: Ints, found: AddOn) -> HedgingSet:
    """Euler: a function of degree one is the sum of slope times argument."""
    return HedgingSet(key, rows, found.value, amounts * found.slope[place])


def _buckets(rows: Ints, columns: TradeColumns, parameters: SaccrParameters) -> Ints:
    short, long = parameters.bucket_edges
    ends = np.array([columns.trades[row].end or 0.0 for row in rows])
    return np.where(ends < short, 0, np.where(ends > long, 2, 1)).astype(np.int64)


def _correlation(parameters: SaccrParameters) -> Floats:
    near, far = parameters.bucket_correlation
    return np.array([[1, near, far], [near, 1, near], [far, near, 1]])


def _entities(key: HedgingKey, rows: Ints, columns: TradeColumns) -> tuple[Ints, Floats]:
    """(n) place of each trade's entity, and each entity's (K) correlation with the common driver."""
    names: dict[str, int] = {}
    rho: list[float] = []
    place = np.zeros(len(rows), dtype=np.int64)
    first: dict[str, int] = {}
    for n, row in enumerate(rows):
        name = key.name if key.kind == "basis" else columns.trades[row].driver
        if name not in names:
            names[name], first[name] = len(names), int(row)
            rho.append(columns.supervisory[row].rho)
        _refuse_two_kinds(name, columns, first[name], int(row))
        place[n] = names[name]
    return place, np.array(rho)


def _refuse_two_kinds(name: str, columns: TradeColumns, one: int, other: int) -> None:
    if columns.supervisory[one] != columns.supervisory[other]:
        ids = f"{columns.trades[one].trade_id} and {columns.trades[other].trade_id}"
        raise InputError(f"{name} has two qualities", found=ids, wanted="one rating, kind or commodity a driver",
                         remedy="correct one of the trades, or name two drivers")
