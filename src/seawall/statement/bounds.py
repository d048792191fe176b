"""What can a limit be set on? Every measure of every scope, named as limits name them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from seawall.model.report import (
    AccountRow,
    ComponentRow,
    GreekRow,
    Histogram,
    Joint,
    LeverageRow,
    Number,
    TailRow,
)
from seawall.model.results import Measure

GREEKS = ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm", "skew_delta",
          "gross_delta", "gross_gamma", "gross_vega", "gross_theta")
LOSS, EITHER = "loss_positive", "either"


class Measured(NamedTuple):
    """The rows that limits are read from.

    tails: of the main rule. partial: whether a scope's numbers lack something.
    """

    tails: tuple[TailRow, ...]
    histogram: Histogram
    accounts: tuple[AccountRow, ...]
    components: tuple[ComponentRow, ...]
    leverage: tuple[LeverageRow, ...]
    greeks: tuple[GreekRow, ...]
    joint: Joint | None
    equity: Number
    partial: Callable[[str], bool]


def measures_of(found: Measured, shortfall: float, risk: float, currency: str) -> tuple[Measure, ...]:
    """Each measure at the confidences of the headline; money in the reporting currency."""
    parts = (_totals(found, shortfall, risk, currency), _accounts(found, currency), _parts(found, currency),
             _greeks(found, currency), _leverage(found))
    return tuple(measure for part in parts for measure in part)


def _measure(found: Measured, name: str, scope: str, value: Number, unit: str, *, sign: str = EITHER) -> Measure:
    return Measure(name, scope, math.nan if value is None else value, unit, sign, partial=found.partial(scope))


def _totals(found: Measured, shortfall: float, risk: float, currency: str) -> Iterator[Measure]:
    for row in found.tails:
        if row.confidence == shortfall:
            yield _measure(found, "expected_shortfall", "total", row.expected_shortfall, currency, sign=LOSS)
        if row.confidence == risk:
            yield _measure(found, "value_at_risk", "total", row.value_at_risk, currency, sign=LOSS)
    yield _measure(found, "worst_loss", "total", -found.histogram.worst, currency, sign=LOSS)
    scans = [row.scan for row in found.accounts if row.scan is not None]
    yield _measure(found, "scan_margin", "total", math.fsum(scans), currency, sign=LOSS)
    yield _measure(found, "scan_used", "total", _ratio(math.fsum(scans), found.equity), "x", sign=LOSS)
    if found.joint is not None:
        yield _measure(found, "book_volatility", "total", found.joint.volatility, currency, sign=LOSS)


def _accounts(found: Measured, currency: str) -> Iterator[Measure]:
    for row in found.accounts:
        scope = f"account={row.account}"
        yield _measure(found, "expected_shortfall", scope, row.shortfall, currency, sign=LOSS)
        yield _measure(found, "scan_margin", scope, row.scan, currency, sign=LOSS)
        yield _measure(found, "scan_used", scope, row.used, "x", sign=LOSS)


def _parts(found: Measured, currency: str) -> Iterator[Measure]:
    for row in found.components:
        scope = f"{row.dimension}={row.key}"
        yield _measure(found, "component_shortfall", scope, row.component, currency, sign=LOSS)
        if row.dimension != "account":
            yield _measure(found, "expected_shortfall", scope, row.standalone, currency, sign=LOSS)


def _greeks(found: Measured, currency: str) -> Iterator[Measure]:
    for row in found.greeks:
        for name in GREEKS:
            yield _measure(found, name, f"{row.dimension}={row.key}", getattr(row, name), currency)
    by_underlying = [row for row in found.greeks if row.dimension == "underlying"]
    for name in GREEKS:
        yield _measure(found, name, "total", math.fsum(getattr(row, name) for row in by_underlying), currency)


def _leverage(found: Measured) -> Iterator[Measure]:
    for row in found.leverage:
        scope = "total" if row.dimension == "total" else f"{row.dimension}={row.key}"
        for name in ("gross", "net", "delta", "shortfall"):
            yield _measure(found, f"{name}_leverage", scope, getattr(row, name), "x")


def _ratio(margin: float, equity: Number) -> Number:
    return margin / equity if equity is not None and equity > 0 else None
