"""What does SA-CCR say? Exposure at default by netting set, down to the trade; each level adds up to the one above.

Money in the reporting currency. Exposures are losses > 0; a trade that lowers its netting set's has a share < 0.
"""

from __future__ import annotations

import msgspec


class TradeExposure(msgspec.Struct, frozen=True, kw_only=True):
    """One trade's numbers, and its shares of the add-on and of the exposure at default.

    effective = adjusted_notional x delta x maturity_factor, signed. add_on: its Euler share of the hedging set's.
    """

    trade_id: str
    mtm: float
    adjusted_notional: float
    delta: float
    maturity_factor: float
    effective: float
    add_on: float
    exposure: float


class HedgingSetExposure(msgspec.Struct, frozen=True, kw_only=True):
    """Trades that offset one another. kind: ordinary, basis or volatility."""

    name: str
    kind: str
    add_on: float
    exposure: float
    trades: tuple[TradeExposure, ...]


class AssetClassExposure(msgspec.Struct, frozen=True, kw_only=True):
    """The hedging sets of one asset class; their add-ons are summed."""

    asset_class: str
    add_on: float
    exposure: float
    hedging_sets: tuple[HedgingSetExposure, ...]


class NettingSetExposure(msgspec.Struct, frozen=True, kw_only=True):
    """EAD = alpha (replacement cost + PFE), PFE = multiplier x add_on + gross.

    gross: the part without any netting (crypto of group 2b). exposure_unmargined: what the same set would need without
    its margin agreement, the cap. capped: whether that cap decides; all other numbers then are the unmargined ones.
    mpor_days: margin period in business days, 0 if unmargined or capped. terms_exposure: the part of EAD that no trade
    carries (collateral < 0, threshold and minimum transfer > 0): with the asset classes' it adds up to EAD.
    chord: whether shares are average instead of marginal costs, and notes say where.
    """

    netting_set_id: str
    counterparty_id: str
    margined: bool
    mpor_days: float
    market_value: float
    collateral: float
    replacement_cost: float
    add_on: float
    multiplier: float
    gross: float
    pfe: float
    exposure: float
    exposure_unmargined: float
    capped: bool
    terms_exposure: float
    asset_classes: tuple[AssetClassExposure, ...]
    grade: str
    chord: bool
    notes: tuple[str, ...] = ()


class SaccrResult(msgspec.Struct, frozen=True, kw_only=True):
    """All netting sets; they never offset one another, so their exposures are summed.

    grade: the least of its netting sets. parameters: name of the table of supervisory numbers.
    """

    exposure: float
    netting_sets: tuple[NettingSetExposure, ...]
    grade: str
    parameters: str
    sign: str = "loss_positive"
    notes: tuple[str, ...] = ()
    version: str = ""
    schema: str = "seawall.saccr/1"
