"""What exposure at default does SA-CCR give? Netting set by netting set, down to the trade, every level adding up.

Sources: Basel Framework, CRE52 (1 January 2023); crypto after SCO60, graded approximate. Not covered: one margin
agreement over several netting sets, sold options outside any agreement, digital options as collars.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.kernels.saccr import maturity_factor, multiplier
from seawall.model.arrays import Floats
from seawall.model.netting_set import NettingSetTerms, SaccrTrade
from seawall.model.regulatory_saccr import (
    AssetClassExposure,
    HedgingSetExposure,
    NettingSetExposure,
    SaccrResult,
    TradeExposure,
)
from seawall.regulatory.saccr_parameters import BASEL, CRYPTO_NOTE, NEVER_NETTED, SaccrParameters
from seawall.regulatory.saccr_sets import HedgingSet, hedging_sets
from seawall.regulatory.saccr_trades import TradeColumns, trade_columns

CHORD_NOTE = "multiplier below 1: shares of the add-on are average costs, not what one trade more would add"
CAP_NOTE = "the margin agreement would raise the exposure: capped at that of the same set without it"


class _View(NamedTuple):
    """A netting set under one reading of its margin agreement."""

    margined: bool
    mpor_days: float
    factors: Floats
    effective: Floats
    sets: tuple[HedgingSet, ...]
    replacement_cost: float
    add_on: float
    multiplier: float
    gross: float

    @property
    def pfe(self) -> float:
        return self.multiplier * self.add_on + self.gross


def saccr_of(
    trades: Sequence[SaccrTrade], netting_sets: Sequence[NettingSetTerms], *, parameters: SaccrParameters = BASEL
) -> SaccrResult:
    """Exposure at default of every netting set, in the order given; their sum.

    Raises InputError for a trade without its netting set, an identifier used twice, an option that has no delta.
    """
    _refuse_unmatched(trades, netting_sets)
    held: dict[str, list[SaccrTrade]] = {terms.netting_set_id: [] for terms in netting_sets}
    for trade in trades:
        held[trade.netting_set_id].append(trade)
    found = tuple(netting_set_exposure(held[terms.netting_set_id], terms, parameters) for terms in netting_sets)
    grades = {one.grade for one in found}
    return SaccrResult(
        exposure=float(sum(one.exposure for one in found)), netting_sets=found, parameters=parameters.name,
        grade="approximate" if "approximate" in grades else "documented",
    )


def netting_set_exposure(
    trades: Sequence[SaccrTrade], terms: NettingSetTerms, parameters: SaccrParameters = BASEL
) -> NettingSetExposure:
    """One netting set's exposure; of a margined one, the less of it with and without its agreement."""
    columns = trade_columns(trades, parameters)
    plain = _view(columns, terms, parameters, margined=False)
    chosen = plain
    if terms.counts_as_margined:
        margined = _view(columns, terms, parameters, margined=True)
        capped = _exposure(margined, parameters) > _exposure(plain, parameters)
        chosen = plain if capped else margined
    return _written(chosen, columns, terms, parameters, unmargined=_exposure(plain, parameters))


def margin_period(trades: int, terms: NettingSetTerms, parameters: SaccrParameters = BASEL) -> float:
    """Margin period of risk in business days: floor + days between calls - 1, all of it twice after disputes.

    A longer one that the bank sets itself counts. Source: CRE52.50-52.
    """
    large = trades > parameters.large_set and not terms.with_ccp
    floor = parameters.mpor_cleared if terms.cleared_client else parameters.mpor_bilateral
    if large or terms.illiquid:
        floor = parameters.mpor_large
    days = (floor + terms.remargin_days - 1) * (2.0 if terms.disputes else 1.0)
    return max(days, terms.mpor_days or 0.0)


def replacement_cost(market_value: float, terms: NettingSetTerms, *, margined: bool) -> float:
    """Loss at once if the counterparty fails, before costs; margined: the most that may be owed without a call.

    Source: CRE52.10 and 52.18.
    """
    owed = max(market_value - terms.collateral, 0.0)
    if not margined:
        return owed
    return max(owed, terms.threshold + terms.minimum_transfer - terms.independent)


def _view(columns: TradeColumns, terms: NettingSetTerms, parameters: SaccrParameters, *, margined: bool) -> _View:
    count = len(columns.trades)
    days = margin_period(count, terms, parameters) if margined else 0.0
    factors = _factors(columns, parameters, days)
    effective = columns.adjusted * columns.delta * factors
    sets = hedging_sets(columns, effective, parameters)
    add_on = float(sum(one.add_on for one in sets if one.key.asset_class != NEVER_NETTED))
    gross = float(sum(one.add_on for one in sets if one.key.asset_class == NEVER_NETTED))
    value = _market_value(columns)
    share = multiplier(value - terms.collateral, add_on, floor=parameters.multiplier_floor)
    cost = replacement_cost(value, terms, margined=margined)
    return _View(margined, days, factors, effective, sets, cost, add_on, share, gross)


def _factors(columns: TradeColumns, parameters: SaccrParameters, mpor_days: float) -> Floats:
    """(T) maturity factors; the part that is never netted has none."""
    if mpor_days:
        risky = parameters.margined_scale * np.sqrt(mpor_days / parameters.business_days)
        factors = np.full(len(columns.trades), risky)
    else:
        factors = maturity_factor([trade.lasts for trade in columns.trades], floor=parameters.floor)
    return np.where([trade.asset_class == NEVER_NETTED for trade in columns.trades], 1.0, factors)


def _market_value(columns: TradeColumns) -> float:
    return float(sum(trade.mtm for trade in columns.trades))


def _exposure(view: _View, parameters: SaccrParameters) -> float:
    return parameters.alpha * (view.replacement_cost + view.pfe)


def _written(
    view: _View, columns: TradeColumns, terms: NettingSetTerms, parameters: SaccrParameters, *, unmargined: float
) -> NettingSetExposure:
    value, exposure = _market_value(columns), _exposure(view, parameters)
    owed = value - terms.collateral
    by_value = view.replacement_cost > 0 and view.replacement_cost == owed
    capped, chord = terms.counts_as_margined and not view.margined, view.multiplier < 1 and view.add_on > 0
    carried = -terms.collateral if by_value else view.replacement_cost
    approximate = any(trade.asset_class.startswith("crypto") for trade in columns.trades)
    return NettingSetExposure(
        netting_set_id=terms.netting_set_id, counterparty_id=terms.counterparty_id, margined=terms.counts_as_margined,
        mpor_days=view.mpor_days, market_value=value, collateral=terms.collateral,
        replacement_cost=view.replacement_cost, add_on=view.add_on, multiplier=view.multiplier, gross=view.gross,
        pfe=view.pfe, exposure=exposure, exposure_unmargined=unmargined, capped=capped,
        terms_exposure=parameters.alpha * carried, chord=chord,
        asset_classes=_classes(view, columns, parameters, by_value=by_value),
        grade="approximate" if approximate else "documented",
        notes=tuple(note for note, told in ((CHORD_NOTE, chord), (CAP_NOTE, capped), (CRYPTO_NOTE, approximate))
                    if told),
    )


def _classes(
    view: _View, columns: TradeColumns, parameters: SaccrParameters, *, by_value: bool
) -> tuple[AssetClassExposure, ...]:
    out = []
    for name, sets in groupby(view.sets, key=lambda one: one.key.asset_class):
        written = tuple(_hedging(one, view, columns, parameters, by_value=by_value) for one in sets)
        out.append(AssetClassExposure(
            asset_class=name, hedging_sets=written, add_on=float(sum(one.add_on for one in written)),
            exposure=float(sum(one.exposure for one in written)),
        ))
    return tuple(out)


def _hedging(
    one: HedgingSet, view: _View, columns: TradeColumns, parameters: SaccrParameters, *, by_value: bool
) -> HedgingSetExposure:
    weight = 1.0 if one.key.asset_class == NEVER_NETTED else view.multiplier
    trades = tuple(
        TradeExposure(
            trade_id=columns.trades[row].trade_id, mtm=columns.trades[row].mtm,
            adjusted_notional=float(columns.adjusted[row]), delta=float(columns.delta[row]),
            maturity_factor=float(view.factors[row]), effective=float(view.effective[row]), add_on=float(share),
            exposure=float(parameters.alpha * (weight * share + (columns.trades[row].mtm if by_value else 0.0))),
        )
        for row, share in zip(one.rows, one.shares, strict=True)
    )
    return HedgingSetExposure(name=one.key.name, kind=one.key.kind, add_on=one.add_on, trades=trades,
                              exposure=float(sum(trade.exposure for trade in trades)))


def _refuse_unmatched(trades: Sequence[SaccrTrade], netting_sets: Sequence[NettingSetTerms]) -> None:
    known = Counter(terms.netting_set_id for terms in netting_sets)
    for name, counted in (("netting set", known), ("trade", Counter(trade.trade_id for trade in trades))):
        twice = [key for key, count in counted.items() if count > 1]
        if twice:
            raise InputError(f"{name} given twice", found=", ".join(twice[:5]), wanted="one row each")
    for trade in trades:
        if trade.netting_set_id not in known:
            raise InputError(f"trade {trade.trade_id}: netting_set_id", found=trade.netting_set_id,
                             wanted="one of the netting sets", remedy="add the netting set, or correct the name")
