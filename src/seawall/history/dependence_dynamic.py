"""How does dependence change from day to day? DCC on filtered residuals, its target shrunk where factors are many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from seawall.errors import InputError
from seawall.history.dependence import Dependence
from seawall.history.dynamics import VolatilityDynamics
from seawall.history.dynamics_moves import Repair, whole_rows
from seawall.kernels.correlation import as_correlation, as_covariance
from seawall.kernels.correlation_dcc import PERSISTENCE_BOUND, dcc_forecast, dcc_next, fit_dcc
from seawall.kernels.shrinkage import quadratic_inverse
from seawall.model.arrays import Floats, frozen_floats
from seawall.model.identity import content_id

# Beyond so many factors the joint likelihood is slow and biased towards no dynamics at all.
MOST_JOINT: Final = 20
LEAST_ROWS: Final = 250


@dataclass(frozen=True, eq=False)
class DynamicCorrelation:
    """target and following (P,P): long-run correlation, and that of the next row.

    method: ``DCC`` (joint likelihood, sample target) or ``DCC-NL`` (pairs, target by quadratic-inverse shrinkage).
    likelihood_gain: log-likelihood above that of the constant target, a sum over rows (mean over pairs, if by pairs).
    """

    dynamics: VolatilityDynamics
    method: str
    a: float
    b: float
    target: Floats
    following: Floats
    likelihood_gain: float
    observations: int
    repairs: tuple[Repair, ...]

    def __post_init__(self) -> None:
        count = len(self.dynamics.factors)
        for name in ("target", "following"):
            object.__setattr__(self, name, frozen_floats(getattr(self, name), name, (count, count)))

    @property
    def effective(self) -> float:
        """Rows that the next row's correlation rests on: those of the decayed part, (1 + b) / (1 - b), up to all."""
        if self.a == 0.0:
            return float(self.observations)
        return min((1 + self.b) / max(1 - self.b, 1e-12), float(self.observations))

    @cached_property
    def dependence_id(self) -> str:
        """Hash of dynamics, method and parameters."""
        return content_id("dcc", self.dynamics.dynamics_id, self.method, self.a, self.b, self.target)

    def dependence(self, rows: int = 1) -> Dependence:
        """Covariance of the move ``rows`` ahead: forecast deviations around the forecast correlation."""
        correlation = dcc_forecast(self.following, self.target, self.a + self.b, rows)
        deviation = np.sqrt(self.dynamics.forecast(rows)[-1])
        moves = self.dynamics.moves
        return Dependence(
            factors=moves.factors, covariance=as_covariance(correlation, deviation), method=self.method,
            observations=self.observations, effective=self.effective, periods_per_year=moves.periods_per_year,
            source=moves.source, parameters={"a": self.a, "b": self.b, "rows_ahead": float(rows)},
            repairs=(*self.repairs, *(repair for margin in self.dynamics.margins for repair in margin.repairs)),
        )


def fit_dynamic_correlation(dynamics: VolatilityDynamics, *, nonlinear: bool | None = None) -> DynamicCorrelation:
    """DCC(1,1) on the residuals of fitted margins: the second step of two-step quasi-likelihood.

    nonlinear True (the default beyond 20 factors): the target is shrunk by the quadratic-inverse rule and a, b come
    from neighbouring pairs; False: the sample target and the joint likelihood. Both targets are scaled to a unit
    diagonal. Rows with a missing residual are left out and told. Raises InputError for fewer than two factors, fewer
    than 250 whole rows, or a sample target of more factors than rows.
    Source: Engle, Ledoit and Wolf (2019), Large dynamic covariance matrices.
    """
    held, told = whole_rows(dynamics.standardised)
    rows, count = held.values.shape
    by_pairs = count > MOST_JOINT if nonlinear is None else nonlinear
    if count < 2 or rows < LEAST_ROWS:
        raise InputError(f"dynamic correlation from history {dynamics.moves.source}",
                         found=f"{count} factors, {rows} whole rows", wanted=f"at least 2 and {LEAST_ROWS}",
                         remedy="leave out the youngest factors, or take a constant correlation")
    sample = as_correlation(held.values.T @ held.values / rows)[0]
    if not by_pairs and rows <= count:
        raise InputError("sample target of dynamic correlation", found=f"{rows} rows, {count} factors",
                         wanted="more rows than factors", remedy="take nonlinear=True, which shrinks it")
    target = as_correlation(quadratic_inverse(sample, rows))[0] if by_pairs else sample
    if by_pairs:
        shrunk = float(np.linalg.norm(target - sample))
        told = (*told, Repair("", "long-run correlation shrunk from its sample", shrunk, "Frobenius norm"))
    fitted = fit_dcc(held.values, target, pairs=by_pairs)
    if fitted.a + fitted.b >= PERSISTENCE_BOUND - 1e-6:
        told = (*told, Repair("", "correlation forgets its target: a + b held at", fitted.a + fitted.b, "per row"))
    return DynamicCorrelation(
        dynamics, "DCC-NL" if by_pairs else "DCC", fitted.a, fitted.b, target,
        dcc_next(held.values, target, fitted.a, fitted.b), fitted.log_likelihood - fitted.constant_log_likelihood,
        rows, told,
    )
