"""Credit, equity and commodities under SIMM: numbered buckets, a residual one, names that correlate inside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats
from seawall.model.sensitivity import Sensitivity
from seawall.model.simm_parameters import BaseCorrelation, Bucket, Bucketed
from seawall.regulatory.aggregation import Cell, Factor, Placed, alike, correlation_matrix
from seawall.regulatory.currencies import refuse_crypto
from seawall.regulatory.simm_terms import Concentrates, curvature_scale, implied_volatility

RESIDUAL = "Residual"
CREDIT_TENORS = ("1y", "2y", "3y", "5y", "10y")


@dataclass(frozen=True, slots=True)
class BucketRules:
    """A factor is a name, and in credit a tenor and curve of it. implied: volatility comes from the risk weight."""

    parameters: Bucketed
    calendar_days: float
    credit: bool
    grade_of_delta: str
    grade_of_vega: str
    curvature_multiplier: float = 1.0
    concentrates: Concentrates = "inside"

    def delta(self, row: Sensitivity) -> Placed:
        """Raises InputError for a bucket that the parameters lack, or a tenor that credit has not."""
        bucket, name = self._bucket(row), _name(row)
        factor = (name, _credit_tenor(row), row.label2.upper()) if self.credit else (name,)
        return Placed(bucket.name, factor, bucket.weight, (bucket.name, name), 1.0, bucket.delta_threshold)

    def vega(self, row: Sensitivity) -> Placed:
        """In equity and commodities expiries of a name net; in credit each tenor stands alone."""
        bucket, name = self._bucket(row), _name(row)
        scale = self.parameters.historical_volatility_ratio * self._volatility(bucket)
        return Placed(bucket.name, self._vega_factor(row, name), bucket.vega_weight * scale, (bucket.name, name), scale,
                      bucket.vega_threshold)

    def curvature(self, row: Sensitivity) -> Placed | None:
        """None in a bucket of volatility indices, which has no curvature."""
        bucket, name = self._bucket(row), _name(row)
        weight = curvature_scale(row, self.calendar_days) * self._volatility(bucket)
        return Placed(bucket.name, self._vega_factor(row, name), weight) if bucket.curvature else None

    def rho(self, cell: Cell) -> Floats:
        """(n,n) between names, and between tenors of one."""
        between = next(one.correlation for one in self.parameters.buckets if one.name == cell.bucket)
        rho = np.where(alike(cell.factors, 1), self.parameters.same_name_correlation, between)
        np.fill_diagonal(rho, 1.0)
        return rho

    def gamma(self, buckets: tuple[str, ...]) -> Floats:
        """(B,B) between buckets."""
        names = [one.name for one in self.parameters.buckets if one.name != RESIDUAL]
        places = [names.index(name) for name in buckets]
        return np.array(self.parameters.correlations, dtype=np.float64)[np.ix_(places, places)]

    def _bucket(self, row: Sensitivity) -> Bucket:
        refuse_crypto(row.bucket)
        wanted = row.bucket.lower()
        found = next((one for one in self.parameters.buckets if one.name.lower() == wanted), None)
        if found is None:
            raise InputError("Bucket is not in the parameters", found=row.bucket,
                             wanted="one of " + ", ".join(one.name for one in self.parameters.buckets),
                             remedy="correct the bucket, or add it to the parameter file")
        return found

    def _volatility(self, bucket: Bucket) -> float:
        return 1.0 if self.credit else implied_volatility(bucket.weight, self.calendar_days)

    def _vega_factor(self, row: Sensitivity, name: str) -> Factor:
        return (name, _credit_tenor(row)) if self.credit else (name,)


@dataclass(frozen=True, slots=True)
class BaseCorrelationRules:
    """One bucket of credit indices, no concentration."""

    parameters: BaseCorrelation

    def place(self, row: Sensitivity) -> Placed:
        """A factor is an index family."""
        return Placed("All", (_name(row),), self.parameters.weight)

    def rho(self, cell: Cell) -> Floats:
        """(n,n) one correlation between all."""
        return correlation_matrix(cell.factors, lambda _one, _other: self.parameters.correlation)


def _name(row: Sensitivity) -> str:
    if not row.qualifier:
        raise InputError("Qualifier is missing", wanted="the name that the sensitivity is to",
                         remedy="fill the cell: names are netted and concentrate by it")
    return row.qualifier


def _credit_tenor(row: Sensitivity) -> str:
    if row.label1.lower() not in CREDIT_TENORS:
        raise InputError("Label1 is no credit tenor", found=row.label1, wanted="one of " + ", ".join(CREDIT_TENORS),
                         remedy="assign the sensitivity to the tenors beside it")
    return row.label1.lower()
