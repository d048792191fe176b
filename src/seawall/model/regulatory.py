"""What does the rulebook ask, and from where? A requirement as a tree that adds up, row by row.

Money is in US dollars; requirements are > 0. A contribution is what a row, bucket or measure has in the whole: slope
times weighted sensitivity (Euler), so contributions add up to the total at every level. What a concentration factor, a
floor or a maximum hides from the slope stands in the notes: there the contribution is a chord, not what one unit more
would cost.
"""

from __future__ import annotations

from datetime import date

import msgspec

from seawall.model.failure import Failure


class SensitivityShare(msgspec.Struct, frozen=True):
    """One row. weighted: amount times risk weight and concentration. contribution: to the total, either sign."""

    where: str
    qualifier: str
    label1: str
    label2: str
    amount: float
    weighted: float
    contribution: float


class BucketShare(msgspec.Struct, frozen=True):
    """One bucket. requirement: K_b alone. sum: S_b as used; clamped: cut to K_b. concentration: the largest factor.

    direction: up or down where the worse of two shocks counts, else empty.
    """

    bucket: str
    requirement: float
    sum: float
    clamped: bool
    concentration: float
    contribution: float
    sensitivities: tuple[SensitivityShare, ...]
    direction: str = ""


class MeasureShare(msgspec.Struct, frozen=True):
    """Delta, vega, curvature or base correlation of one risk class. grade: exact, documented or approximate."""

    measure: str
    requirement: float
    contribution: float
    grade: str
    buckets: tuple[BucketShare, ...]
    notes: tuple[str, ...] = ()


class RiskClassShare(msgspec.Struct, frozen=True):
    """One risk class: the sum of its measures."""

    risk_class: str
    requirement: float
    contribution: float
    measures: tuple[MeasureShare, ...]


class ProductShare(msgspec.Struct, frozen=True):
    """One product class: its risk classes under their correlations."""

    product_class: str
    requirement: float
    contribution: float
    risk_classes: tuple[RiskClassShare, ...]


class AddOn(msgspec.Struct, frozen=True):
    """One add-on: fixed, notional or multiplier. of: the product that it is for."""

    kind: str
    of: str
    amount: float
    where: str


class Calibration(msgspec.Struct, frozen=True):
    """Which parameters. synthetic: invented numbers."""

    name: str
    version: str
    effective_from: date
    source: str
    parameters_id: str
    synthetic: bool = False


class SimmResult(msgspec.Struct, frozen=True):
    """Initial margin of one netting set: product classes added, then add-ons. sign: loss_positive.

    complete: every row is in the number. grade: the least of its measures'.
    """

    portfolio_id: str
    total: float
    products: tuple[ProductShare, ...]
    add_ons: tuple[AddOn, ...]
    calculation_currency: str
    calibration: Calibration
    grade: str
    failures: tuple[Failure, ...]
    complete: bool
    notes: tuple[str, ...]
    table_id: str
    currency: str = "USD"
    sign: str = "loss_positive"


class SimmReport(msgspec.Struct, frozen=True):
    """Initial margin of every netting set of a file. total: their sum, for margin does not net between them."""

    results: tuple[SimmResult, ...]
    total: float
    complete: bool
    version: str
    schema: str = "seawall.simm/1"


class CorrelationScenario(msgspec.Struct, frozen=True):
    """Capital under low, medium or high correlations, by measure and by risk class."""

    name: str
    total: float
    delta: float
    vega: float
    curvature: float
    by_class: dict[str, float]


class FrtbResult(msgspec.Struct, frozen=True):
    """Capital of the sensitivities-based method: the worst of three totals. sign: loss_positive.

    risk_classes: under the worst scenario; contributions are to its total, and another scenario may bind after a trade.
    margin_to_next: how far the next worst scenario lies below.
    """

    total: float
    worst: str
    scenarios: tuple[CorrelationScenario, ...]
    margin_to_next: float
    risk_classes: tuple[RiskClassShare, ...]
    reporting_currency: str
    calibration: Calibration
    grade: str
    failures: tuple[Failure, ...]
    complete: bool
    notes: tuple[str, ...]
    table_id: str
    version: str
    currency: str = "USD"
    sign: str = "loss_positive"
    schema: str = "seawall.frtb/1"
