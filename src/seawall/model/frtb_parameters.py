"""Which numbers does the sensitivities-based method run on? Weights and correlations by risk class, with a source."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from seawall.model.identity import content_id

Row = tuple[float, ...]
Matrix = tuple[Row, ...]


class Girr(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """General interest rates. tenors: years. specified: currencies whose weights are divided by the root of two.

    decay: theta of the correlation between tenors, at least ``floor``. vega_days: liquidity horizon.
    """

    tenors: Row
    weights: Row
    inflation_weight: float
    basis_weight: float
    decay: float
    floor: float
    curve_correlation: float
    inflation_correlation: float
    currency_correlation: float
    specified: tuple[str, ...]
    vega_days: float


class FxRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exchange rates against the reporting currency. specified: pairs of these weigh less by the root of two."""

    weight: float
    currency_correlation: float
    specified: tuple[str, ...]
    vega_days: float


class SbmBucket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bucket. correlation: between different names. gross: absolute values add up, nothing offsets.

    second_weight: of repo rates, equity alone.
    """

    name: str
    weight: float
    correlation: float
    vega_days: float
    gross: bool = False
    second_weight: float | None = None


class SbmBucketed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Equity, commodity or credit spreads. correlations (B,B): between buckets, in their order.

    tenor_correlation: between two tenors of delta. basis_correlation: between two second labels: locations of a
    commodity, bond and swap of a name, spot and repo of an equity.
    """

    buckets: tuple[SbmBucket, ...]
    correlations: Matrix
    tenor_correlation: float = 1.0
    basis_correlation: float = 1.0


class FrtbParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One calibration. vega_scale: weight of vega at a horizon of ten days. vega_decay: between option maturities.

    low, high: what correlations are multiplied by. curvature_correlations: whether a scenario scales the squared
    correlation or the correlation that is then squared; the rule's text can be read either way.
    """

    name: str
    effective_from: date
    source: str
    girr: Girr
    fx: FxRates
    equity: SbmBucketed
    commodity: SbmBucketed
    credit: SbmBucketed | None = None
    vega_scale: float = 0.55
    vega_decay: float = 0.01
    vega_tenors: Row = (0.5, 1.0, 3.0, 5.0, 10.0)
    low: float = 0.75
    high: float = 1.25
    curvature_correlations: Literal["scale_the_square", "square_the_scaled"] = "scale_the_square"

    @property
    def parameters_id(self) -> str:
        """Hash of every number and name."""
        return content_id("frtb", self)
