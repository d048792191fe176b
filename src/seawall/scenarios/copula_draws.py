"""What if each factor keeps its own law and only the extremes are tied? Copula draws with Pareto-tailed margins."""

from __future__ import annotations

import numpy as np

from seawall.history.dependence_copula import CopulaDependence
from seawall.history.dependence_factors import same_places
from seawall.history.dynamics import VolatilityDynamics
from seawall.kernels.copula import copula_draws
from seawall.kernels.garch import simulated_moves
from seawall.kernels.paths import principal_root
from seawall.kernels.paths_margins import TAIL, SemiParametric, fit_semiparametric
from seawall.model.arrays import Floats
from seawall.model.scenario import ScenarioRule, Term
from seawall.scenarios.filtered_rule import (
    Sample,
    rows_of,
    rule_of_moves,
    variance_to_come,
    whole_residuals,
    with_jumps,
)


def copula_simulated(
    dynamics: VolatilityDynamics, copula: CopulaDependence, sample: Sample, *, tail: float = TAIL,
    name: str = "", term: Term | None = None,
) -> ScenarioRule:
    """Residuals of semi-parametric margins tied by a copula, at the volatility of the days to come.

    copula: Student-t or Gaussian, of the same factors (fit it to ``dynamics``). tail: share of a margin's residuals on
    either side that a generalised Pareto law stands for. Each day's volatility answers the day before.
    Raises FactorMissing if factors differ, InputError if a tail would hold fewer than ten residuals.
    """
    places = same_places(copula.keys, dynamics.moves.keys, "copula")
    joint = copula.correlation[np.ix_(places, places)]
    steps, count = rows_of(sample.horizon_days, dynamics.moves.periods_per_year), len(joint)
    uniforms = sample.uniforms(steps * (count + 1))
    mixed, normal = uniforms[:, :steps], uniforms[:, steps:].reshape(-1, steps, count)
    margins = [fit_semiparametric(column, tail) for column in whole_residuals(dynamics)[0].T]
    root = principal_root(joint)
    days = [copula_draws(np.column_stack([mixed[:, h], normal[:, h]]), root, copula.degrees) for h in range(steps)]
    draws = np.stack([residuals_of(u, margins) for u in days], axis=1)
    paths = simulated_moves(draws, dynamics.mean, variance_to_come(dynamics), dynamics.recursions)
    moves = with_jumps(paths, dynamics, sample.seed).sum(axis=1)
    told = {"generator": "copula", "dynamics": dynamics.dynamics_id, "copula": copula.dependence_id,
            "family": copula.family, "degrees": f"{copula.degrees:.6g}", "tail": f"{tail:g}", **sample.told,
            "steps": str(steps)}
    title = name or ("t copula" if copula.family == "student" else "Gaussian copula")
    return rule_of_moves(dynamics.factors, moves, name=title, horizon_days=float(sample.horizon_days), term=term,
                         provenance=told)


def residuals_of(uniforms: Floats, margins: list[SemiParametric]) -> Floats:
    """(S,P) residuals at the quantiles that uniforms (S,P) name."""
    return np.column_stack([margin.quantile(u) for margin, u in zip(margins, uniforms.T, strict=True)])
