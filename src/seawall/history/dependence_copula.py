"""Do factors fail together? A copula fitted to a history, with the dependence of its tails in plain sight."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from seawall.errors import InputError
from seawall.history.dependence_factors import places
from seawall.history.dynamics import VolatilityDynamics
from seawall.history.dynamics_moves import Moves, Repair, moves_of, refuse_short, whole_rows
from seawall.kernels.copula import (
    LEAST_DEGREES,
    MOST_DEGREES,
    copula_draws,
    fit_copula,
    gaussian_copula_log_likelihood,
    pseudo_observations,
    symmetric_root,
    tail_dependence,
)
from seawall.model.arrays import Floats, frozen_floats
from seawall.model.factor import Factor
from seawall.model.identity import content_id
from seawall.model.panel import Panel

LEAST_ROWS: Final = 100
FAMILIES: Final = ("student", "gaussian")


@dataclass(frozen=True, eq=False)
class CopulaDependence:
    """family: ``student`` or ``gaussian``; correlation (P,P) of its normal part; degrees, infinite if Gaussian.

    heavy_tail_gain: log-likelihood above that of a Gaussian copula of the same correlation. distance: how far Kendall's
    correlation was moved (Frobenius) to be positive definite, also in ``repairs``.
    """

    factors: tuple[Factor, ...]
    family: str
    correlation: Floats
    degrees: float
    observations: int
    log_likelihood: float
    heavy_tail_gain: float
    distance: float
    source: str
    repairs: tuple[Repair, ...]

    def __post_init__(self) -> None:
        count = len(self.factors)
        object.__setattr__(self, "correlation", frozen_floats(self.correlation, "correlation", (count, count)))

    @property
    def keys(self) -> tuple[str, ...]:
        """The factors' keys: class, name, tenor and strike."""
        return tuple(factor.key for factor in self.factors)

    @property
    def effective(self) -> float:
        """Rows it rests on, each once: ranks weigh all alike."""
        return float(self.observations)

    @cached_property
    def tail_dependence(self) -> Floats:
        """(P,P) chance, far in the tail, that one factor is extreme given that the other is; zero if Gaussian."""
        return tail_dependence(self.correlation, self.degrees)

    @cached_property
    def dependence_id(self) -> str:
        """Hash of factors, family, correlation and degrees."""
        return content_id("copula", self.keys, self.family, self.correlation, self.degrees)

    def tail_of(self, one: str, other: str) -> float:
        """Tail dependence of two factors by key. Raises FactorMissing."""
        a, b = places(self.keys, [one, other], f"{self.family} copula of {self.source}")
        return float(self.tail_dependence[a, b])

    def draws(self, uniforms: Floats) -> Floats:
        """(S,P) dependent uniforms from independent ones (S,P+1), the first of which mixes all factors."""
        return copula_draws(uniforms, symmetric_root(self.correlation), self.degrees)


def fit_copula_dependence(
    history: Panel | Moves | VolatilityDynamics, *, family: str = "student"
) -> CopulaDependence:
    """Copula of a history's moves, or of the residuals of fitted dynamics.

    Residuals are better: clusters of volatility look like dependent tails. Whole rows only, the rest told.
    Raises InputError for fewer than a hundred of them.
    """
    if family not in FAMILIES:
        raise InputError("family of copula", found=family, wanted="one of " + ", ".join(FAMILIES))
    moves = _moves(history)
    refuse_short(moves, LEAST_ROWS, f"{family} copula")
    held, told = whole_rows(moves)
    if len(held.values) < LEAST_ROWS or len(held.factors) < 2:
        raise InputError(f"{family} copula from history {moves.source}",
                         found=f"{len(held.values)} whole rows, {len(held.factors)} factors",
                         wanted=f"at least {LEAST_ROWS} rows and 2 factors", remedy="leave out the youngest factors")
    uniforms = pseudo_observations(held.values)
    fitted = fit_copula(uniforms, heavy=family == "student")
    gaussian = gaussian_copula_log_likelihood(uniforms, fitted.correlation)
    if fitted.repair.distance > 0:
        told = (*told, Repair("", "Kendall's correlation moved to the nearest positive definite one",
                              fitted.repair.distance, "Frobenius norm"))
    return CopulaDependence(
        held.factors, family, fitted.correlation, fitted.degrees, len(held.values), fitted.log_likelihood,
        fitted.log_likelihood - gaussian, fitted.repair.distance, held.source, (*told, *_at_bound(fitted.degrees)),
    )


def _moves(history: Panel | Moves | VolatilityDynamics) -> Moves:
    if isinstance(history, VolatilityDynamics):
        return history.standardised
    return moves_of(history) if isinstance(history, Panel) else history


def _at_bound(degrees: float) -> tuple[Repair, ...]:
    if math.isinf(degrees):
        return ()
    if degrees > 0.95 * MOST_DEGREES:
        return (Repair("", "no tail dependence seen: degrees of freedom held at", degrees, "degrees"),)
    if degrees < 1.05 * LEAST_DEGREES:
        return (Repair("", "tails heavier than the search allows: degrees of freedom held at", degrees, "degrees"),)
    return ()
