"""Which numbers does SIMM run on? Weights, correlations and thresholds of one calibration, dated and with their source.

The same shape as the file they are read from. Weights are per unit of the sensitivity as the interchange file states
it (a basis point of rates and spreads, one percent of a price, one volatility point); thresholds are in US dollars per
that unit. A risk class that is absent is not calibrated: its rows are refused, never free.
"""

from __future__ import annotations

from datetime import date

import msgspec

from seawall.model.identity import content_id

Row = tuple[float, ...]
Matrix = tuple[Row, ...]


class Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which group a name belongs to. otherwise: the group of every name that no list has."""

    otherwise: str
    members: dict[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Every group, in the order written, the rest last."""
        return tuple(dict.fromkeys((*self.members, self.otherwise)))

    def of(self, name: str) -> str:
        """The group of one name."""
        return next((group for group, names in self.members.items() if name in names), self.otherwise)


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Interest rates. weights: by volatility group, one a tenor. inflation_, basis_correlation: to the tenors."""

    tenors: tuple[str, ...]
    volatility: Groups
    weights: dict[str, Row]
    inflation_weight: float
    basis_weight: float
    tenor_correlations: Matrix
    sub_curve_correlation: float
    inflation_correlation: float
    basis_correlation: float
    currency_correlation: float
    liquidity: Groups
    delta_thresholds: dict[str, float]
    vega_thresholds: dict[str, float]
    vega_weight: float
    historical_volatility_ratio: float


class Fx(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exchange rates. weights: volatility group of one currency by that of the other. correlations: by group of the
    calculation currency, group by group. vega_thresholds: liquidity category by liquidity category."""

    volatility: Groups
    weights: Matrix
    correlations: dict[str, Matrix]
    vega_correlation: float
    liquidity: Groups
    delta_thresholds: dict[str, float]
    vega_thresholds: Matrix
    vega_weight: float
    historical_volatility_ratio: float


class Bucket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bucket. correlation: between different names in it. curvature: false where the method gives it none."""

    name: str
    weight: float
    correlation: float
    delta_threshold: float
    vega_threshold: float
    vega_weight: float
    curvature: bool = True


class Bucketed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Credit, equity or commodity. correlations (B,B): between buckets but Residual, in their order.

    same_name_correlation: between tenors and curves of one name; 1 where a name has no tenor.
    """

    buckets: tuple[Bucket, ...]
    correlations: Matrix
    same_name_correlation: float = 1.0
    historical_volatility_ratio: float = 1.0


class BaseCorrelation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base correlation of credit indices: weight per percent, correlation between indices."""

    weight: float
    correlation: float


class SimmParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One calibration. calendar_days: the margin period in days of volatility, 14 for ten business days.

    risk_classes names the order of ``class_correlations``. synthetic: invented numbers, fit for trying out alone.
    """

    name: str
    version: str
    effective_from: date
    source: str
    risk_classes: tuple[str, ...]
    class_correlations: Matrix
    calendar_days: float = 14.0
    synthetic: bool = False
    rates: Rates | None = None
    fx: Fx | None = None
    credit_qualifying: Bucketed | None = None
    credit_non_qualifying: Bucketed | None = None
    equity: Bucketed | None = None
    commodity: Bucketed | None = None
    base_correlation: BaseCorrelation | None = None

    @property
    def parameters_id(self) -> str:
        """Hash of every number and name."""
        return content_id("simm", self)
