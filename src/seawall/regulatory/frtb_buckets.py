"""Equity, commodities and credit spreads under the sensitivities-based method: names in numbered buckets.

Source: Basel Framework MAR21.51 to MAR21.57 and MAR21.71 to MAR21.85.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Bools, Floats
from seawall.model.frtb_parameters import FrtbParameters, SbmBucket, SbmBucketed
from seawall.model.sensitivity import Sensitivity
from seawall.regulatory.aggregation import Cell, Placed, alike
from seawall.regulatory.currencies import refuse_crypto
from seawall.regulatory.frtb_rules import maturity_correlations, tenor_of, vega_weight

CREDIT_TENORS = (0.5, 1.0, 3.0, 5.0, 10.0)
COMMODITY_TENORS = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0)


@dataclass(frozen=True, slots=True)
class SbmBucketRules:
    """A factor of delta is a name at a tenor on a second label; of vega, a name and an option's maturity."""

    risk_class: str
    parameters: FrtbParameters
    own: SbmBucketed

    def delta(self, row: Sensitivity) -> Placed:
        """Equity: Label2 SPOT or REPO. Others: Label1 the tenor, Label2 the location, or bond or swap."""
        bucket, name = self._bucket(row), _name(row)
        if self.risk_class == "Equity":
            kind = row.label2.upper() or "SPOT"
            if kind not in ("SPOT", "REPO") or (kind == "REPO" and bucket.second_weight is None):
                raise InputError("Label2 is no kind of equity factor", found=row.label2, wanted="SPOT or REPO",
                                 remedy="correct the cell")
            weight = bucket.second_weight if kind == "REPO" and bucket.second_weight is not None else bucket.weight
            return Placed(bucket.name, (name, 0.0, kind), weight)
        tenors = COMMODITY_TENORS if self.risk_class == "Commodity" else CREDIT_TENORS
        return Placed(bucket.name, (name, tenor_of(row.label1, tenors), row.label2.upper()), bucket.weight)

    def vega(self, row: Sensitivity) -> Placed:
        """Label1 the option's maturity."""
        bucket, name = self._bucket(row), _name(row)
        expiry = tenor_of(row.label1, self.parameters.vega_tenors)
        return Placed(bucket.name, (name, expiry), vega_weight(self.parameters, bucket.vega_days))

    def curvature(self, row: Sensitivity) -> tuple[str, str]:
        """A name, all its tenors together."""
        return self._bucket(row).name, _name(row)

    def rho(self, cell: Cell) -> Floats:
        """(n,n) inside a bucket, medium correlations."""
        between = next(one.correlation for one in self.own.buckets if one.name == cell.bucket)
        rho = np.where(alike(cell.factors, 1), 1.0, between)
        if cell.measure == "vega":
            return rho * maturity_correlations(cell.factors, 2, self.parameters.vega_decay)
        if cell.measure == "delta":
            rho *= np.where(alike(cell.factors, 2), 1.0, self.own.tenor_correlation)
            rho *= np.where(alike(cell.factors, 3), 1.0, self.own.basis_correlation)
        return rho

    def gamma(self, buckets: tuple[str, ...]) -> Floats:
        """(B,B) between buckets."""
        names = [one.name for one in self.own.buckets]
        places = [names.index(name) for name in buckets]
        return np.array(self.own.correlations, dtype=np.float64)[np.ix_(places, places)]

    def gross(self, buckets: tuple[str, ...]) -> Bools:
        """(B,) where nothing offsets."""
        rule = {one.name: one.gross for one in self.own.buckets}
        return np.array([rule[name] for name in buckets], dtype=bool)

    def _bucket(self, row: Sensitivity) -> SbmBucket:
        refuse_crypto(row.bucket)
        found = next((one for one in self.own.buckets if one.name == row.bucket), None)
        if found is None:
            raise InputError("Bucket is not in the rulebook", found=row.bucket,
                             wanted="one of " + ", ".join(one.name for one in self.own.buckets),
                             remedy="correct the bucket")
        return found


def _name(row: Sensitivity) -> str:
    if not row.qualifier:
        raise InputError("Qualifier is missing", wanted="the name that the sensitivity is to", remedy="fill the cell")
    return row.qualifier
