"""Interest rates and exchange rates under the sensitivities-based method: buckets, weights, correlations.

Source: Basel Framework MAR21.8 to MAR21.14, MAR21.39 to MAR21.50, MAR21.86 to MAR21.95.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Bools, Floats
from seawall.model.frtb_parameters import FrtbParameters, Row
from seawall.model.sensitivity import Sensitivity
from seawall.regulatory.aggregation import Cell, Factor, Placed, correlation_matrix
from seawall.regulatory.currencies import currency_of, pair_of

CURVE, INFLATION, BASIS = "curve", "inflation", "basis"
TENOR = re.compile(r"^(\d+(?:\.\d+)?)([my])$")
ROOT_TWO = math.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class GirrRules:
    """One bucket a currency; a factor is a tenor of a curve, its inflation, or a basis."""

    parameters: FrtbParameters
    reporting_currency: str

    def delta(self, row: Sensitivity) -> Placed:
        """Label1 a tenor, INFL or XCCY; Label2 the curve."""
        own, currency = self.parameters.girr, currency_of(row.qualifier)
        divisor = ROOT_TWO if currency in (*own.specified, self.reporting_currency) else 1.0
        kind = _kind(row.label1, row.label2)
        if kind == CURVE:
            years = tenor_of(row.label1, own.tenors)
            return Placed(currency, (CURVE, years, row.label2.upper()), own.weights[own.tenors.index(years)] / divisor)
        weight = own.inflation_weight if kind == INFLATION else own.basis_weight
        return Placed(currency, (kind, 0.0, "" if kind == INFLATION else row.label2.upper()), weight / divisor)

    def vega(self, row: Sensitivity) -> Placed:
        """Label1 the option's maturity, Label2 what is left of the underlying at it, or INFL or XCCY."""
        own, currency = self.parameters, currency_of(row.qualifier)
        expiry, kind = tenor_of(row.label1, own.vega_tenors), _kind(row.label2, "")
        residual = tenor_of(row.label2, own.vega_tenors, "Label2") if kind == CURVE else 0.0
        return Placed(currency, (kind, expiry, residual), vega_weight(own, own.girr.vega_days))

    def curvature(self, row: Sensitivity) -> tuple[str, str]:
        """All curves of a currency move together: one factor."""
        currency = currency_of(row.qualifier)
        return currency, currency

    def rho(self, cell: Cell) -> Floats:
        """(n,n) inside a currency, medium correlations."""
        if cell.measure == "curvature":
            return np.eye(len(cell.factors))
        return correlation_matrix(cell.factors, self._delta_pair if cell.measure == "delta" else self._vega_pair)

    def gamma(self, buckets: tuple[str, ...]) -> Floats:
        """(B,B) between currencies."""
        return np.full((len(buckets), len(buckets)), self.parameters.girr.currency_correlation)

    def gross(self, buckets: tuple[str, ...]) -> Bools:
        """No currency adds up absolute values."""
        return np.zeros(len(buckets), dtype=bool)

    def _delta_pair(self, one: Factor, other: Factor) -> float:
        own = self.parameters.girr
        if {one[1], other[1]} != {CURVE}:
            return self._kinds(str(one[1]), str(other[1]))
        a, b = float(str(one[2])), float(str(other[2]))
        rho = max(math.exp(-own.decay * abs(a - b) / min(a, b)), own.floor)
        return rho if one[3] == other[3] else rho * own.curve_correlation

    def _vega_pair(self, one: Factor, other: Factor) -> float:
        decay = self.parameters.vega_decay
        expiry = float(maturity_correlations((one, other), 2, decay)[0, 1])
        if {one[1], other[1]} == {CURVE}:
            return expiry * float(maturity_correlations((one, other), 3, decay)[0, 1])
        return expiry if one[1] == other[1] else expiry * self._kinds(str(one[1]), str(other[1]))

    def _kinds(self, one: str, other: str) -> float:
        return 0.0 if BASIS in (one, other) else self.parameters.girr.inflation_correlation


@dataclass(frozen=True, slots=True)
class FxSbmRules:
    """One bucket a currency against the reporting one; for volatility, one a pair."""

    parameters: FrtbParameters
    reporting_currency: str

    def delta(self, row: Sensitivity) -> Placed | None:
        """None in the reporting currency, which does not move against itself."""
        own, currency = self.parameters.fx, currency_of(row.qualifier)
        if currency == self.reporting_currency:
            return None
        divided = currency in own.specified and self.reporting_currency in own.specified
        return Placed(currency, (currency,), own.weight / (ROOT_TWO if divided else 1.0))

    def vega(self, row: Sensitivity) -> Placed:
        """Qualifier a pair, Label1 the option's maturity."""
        pair = "/".join(pair_of(row.qualifier))
        expiry = tenor_of(row.label1, self.parameters.vega_tenors)
        return Placed(pair, (pair, expiry), vega_weight(self.parameters, self.parameters.fx.vega_days))

    def curvature(self, row: Sensitivity) -> tuple[str, str]:
        """A currency against the reporting one."""
        currency = currency_of(row.qualifier)
        return currency, currency

    def rho(self, cell: Cell) -> Floats:
        """(n,n): maturities of a pair; a currency has one factor."""
        if cell.measure != "vega":
            return np.eye(len(cell.factors))
        return maturity_correlations(cell.factors, 2, self.parameters.vega_decay)

    def gamma(self, buckets: tuple[str, ...]) -> Floats:
        """(B,B) between currencies."""
        return np.full((len(buckets), len(buckets)), self.parameters.fx.currency_correlation)

    def gross(self, buckets: tuple[str, ...]) -> Bools:
        """No currency adds up absolute values."""
        return np.zeros(len(buckets), dtype=bool)


def vega_weight(parameters: FrtbParameters, days: float) -> float:
    """Risk weight of vega at a liquidity horizon, at most 1."""
    return min(parameters.vega_scale * math.sqrt(days / 10.0), 1.0)


def maturity_correlations(factors: Sequence[Factor], place: int, decay: float) -> Floats:
    """(n,n) exp(-decay |S - T| / min(S, T)) of the factors' maturities, in years, at that place."""
    years = np.array([float(str(factor[place])) for factor in factors])
    return np.asarray(np.exp(-decay * np.abs(np.subtract.outer(years, years)) / np.minimum.outer(years, years)))


def tenor_of(text: str, tenors: Row, field: str = "Label1") -> float:
    """The tenor in years, such as 3m, 0.25y or 10y. Raises InputError unless it is one of the rulebook's."""
    found = TENOR.match(text.strip().lower())
    years = float(found[1]) / (12.0 if found[2] == "m" else 1.0) if found else math.nan
    nearest = next((tenor for tenor in tenors if math.isclose(tenor, years)), None)
    if nearest is None:
        raise InputError(f"{field} is no tenor of the rulebook", found=text,
                         wanted="one of " + ", ".join(f"{tenor:g}y" for tenor in tenors),
                         remedy="assign the sensitivity to the tenors beside it by linear interpolation")
    return nearest


def _kind(label1: str, label2: str) -> str:
    words = f"{label1} {label2}".lower()
    return INFLATION if "infl" in words else BASIS if "xccy" in words else CURVE
