"""Interest rates and exchange rates under SIMM: where a row stands, what it weighs, how factors correlate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats
from seawall.model.sensitivity import Sensitivity
from seawall.model.simm_parameters import Fx, Matrix, Rates
from seawall.regulatory.aggregation import Cell, Factor, Placed, correlation_matrix
from seawall.regulatory.currencies import currency_of, pair_of
from seawall.regulatory.simm_terms import Concentrates, curvature_scale, implied_volatility

CURVE, INFLATION, BASIS = "curve", "inflation", "basis"
KINDS = {"ircurve": CURVE, "irvol": CURVE, "inflation": INFLATION, "inflationvol": INFLATION, "inflvol": INFLATION,
         "xccybasis": BASIS}


@dataclass(frozen=True, slots=True)
class RatesRules:
    """One bucket a currency; a factor is a tenor of a curve, the inflation rate, or the basis swap spread."""

    parameters: Rates
    calendar_days: float
    grade_of_delta: str = "exact"
    grade_of_vega: str = "documented"
    concentrates: Concentrates = "across"

    def delta(self, row: Sensitivity) -> Placed:
        """Raises InputError for a currency or tenor that is none."""
        own, currency, kind = self.parameters, currency_of(row.qualifier), KINDS[_plain(row.risk_type)]
        limit = own.delta_thresholds[own.liquidity.of(currency)]
        if kind == BASIS:  # neither counted in concentration nor scaled by it
            return Placed(currency, (BASIS,), own.basis_weight, (currency, BASIS))
        if kind == INFLATION:
            return Placed(currency, (INFLATION,), own.inflation_weight, currency, 1.0, limit)
        tenor = _tenor(row, own.tenors)
        weight = own.weights[own.volatility.of(currency)][own.tenors.index(tenor)]
        return Placed(currency, (CURVE, tenor, _plain(row.label2)), weight, currency, 1.0, limit)

    def vega(self, row: Sensitivity) -> Placed:
        """Amounts are volatility times vega already."""
        own, currency = self.parameters, currency_of(row.qualifier)
        limit = own.vega_thresholds[own.liquidity.of(currency)]
        tenor = _tenor(row, own.tenors)
        factor = (INFLATION,) if KINDS[_plain(row.risk_type)] == INFLATION else (CURVE, tenor, "")
        return Placed(currency, factor, own.vega_weight, currency, 1.0, limit)

    def curvature(self, row: Sensitivity) -> Placed:
        """The vega's factor, weighed by its time to expiry."""
        found = self.vega(row)
        return Placed(found.bucket, found.factor, curvature_scale(row, self.calendar_days))

    @property
    def curvature_multiplier(self) -> float:
        """The inverse square of the historical volatility ratio: of rates alone."""
        return self.parameters.historical_volatility_ratio**-2

    def rho(self, cell: Cell) -> Floats:
        """(n,n) inside a currency."""
        return correlation_matrix(cell.factors, self._pair)

    def gamma(self, buckets: tuple[str, ...]) -> Floats:
        """(B,B) between currencies."""
        return np.full((len(buckets), len(buckets)), self.parameters.currency_correlation)

    def _pair(self, one: Factor, other: Factor) -> float:
        own, kinds = self.parameters, {one[1], other[1]}
        if BASIS in kinds:
            return own.basis_correlation
        if INFLATION in kinds:
            return own.inflation_correlation
        tenors = (own.tenors.index(str(one[2])), own.tenors.index(str(other[2])))
        rho = own.tenor_correlations[tenors[0]][tenors[1]]
        return rho if one[3] == other[3] else rho * own.sub_curve_correlation


@dataclass(frozen=True, slots=True)
class FxRules:
    """One bucket; a factor is a currency against the calculation currency, or for volatility a pair."""

    parameters: Fx
    calculation_currency: str
    calendar_days: float
    grade_of_delta: str = "exact"
    grade_of_vega: str = "documented"
    curvature_multiplier: float = 1.0
    concentrates: Concentrates = "inside"

    def delta(self, row: Sensitivity) -> Placed | None:
        """None in the calculation currency, which does not move against itself."""
        own, currency = self.parameters, currency_of(row.qualifier)
        if currency == self.calculation_currency:
            return None
        limit = own.delta_thresholds[own.liquidity.of(currency)]
        weight = _cell(own.weights, own.volatility.names, self.calculation_currency, currency, own)
        return Placed("FX", (currency,), weight, currency, 1.0, limit)

    def vega(self, row: Sensitivity) -> Placed:
        """A pair's volatility is implied by the risk weight of the pair."""
        own, pair = self.parameters, pair_of(row.qualifier)
        scale = own.historical_volatility_ratio * self._volatility(pair)
        categories = tuple(own.liquidity.names.index(own.liquidity.of(name)) for name in pair)
        limit = own.vega_thresholds[categories[0]][categories[1]]
        return Placed("FX", pair, own.vega_weight * scale, pair, scale, limit)

    def curvature(self, row: Sensitivity) -> Placed:
        """The pair, weighed by its time to expiry."""
        pair = pair_of(row.qualifier)
        return Placed("FX", pair, curvature_scale(row, self.calendar_days) * self._volatility(pair))

    def rho(self, cell: Cell) -> Floats:
        """(n,n) between currencies as the calculation currency's group has it, or flat between pairs."""
        own = self.parameters
        if cell.measure != "delta":
            return correlation_matrix(cell.factors, lambda _one, _other: own.vega_correlation)
        matrix, names = own.correlations[own.volatility.of(self.calculation_currency)], own.volatility.names
        return correlation_matrix(cell.factors, lambda a, b: _cell(matrix, names, str(a[1]), str(b[1]), own))

    def gamma(self, buckets: tuple[str, ...]) -> Floats:
        """One bucket correlates with none."""
        return np.zeros((len(buckets), len(buckets)))

    def _volatility(self, pair: Sequence[str]) -> float:
        own = self.parameters
        weight = _cell(own.weights, own.volatility.names, pair[0], pair[1], own)
        return implied_volatility(weight, self.calendar_days)


def _cell(matrix: Matrix, names: Sequence[str], one: str, other: str, own: Fx) -> float:
    """The matrix at the volatility groups of two currencies."""
    return matrix[names.index(own.volatility.of(one))][names.index(own.volatility.of(other))]


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower().removeprefix("risk_") if letter.isalnum())


def _tenor(row: Sensitivity, tenors: Sequence[str]) -> str:
    if row.label1.lower() not in tenors:
        raise InputError("Label1 is no tenor", found=row.label1, wanted="one of " + ", ".join(tenors),
                         remedy="assign the sensitivity to the tenors beside it")
    return row.label1.lower()
