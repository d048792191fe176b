"""What if extremes come together and volatility answers? Multivariate Student-t draws with GARCH margins."""

from __future__ import annotations

import math

import numpy as np

from seawall.errors import ShapeMismatch
from seawall.history.dynamics import VolatilityDynamics
from seawall.kernels.correlation import as_correlation, nearest_correlation
from seawall.kernels.garch import simulated_moves
from seawall.kernels.paths import principal_root, student_degrees, student_path_draws
from seawall.kernels.shrinkage import quadratic_inverse
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

LEAST_EIGENVALUE = 1e-8


def garch_student_t(
    dynamics: VolatilityDynamics, sample: Sample, *, degrees: float | None = None, correlation: Floats | None = None,
    name: str = "GARCH Student-t", term: Term | None = None,
) -> ScenarioRule:
    """Joint t residuals at the volatility of the days to come, each day's volatility answering the day before.

    degrees: None fits one number to all residuals, by likelihood. correlation (P,P) of residuals: None takes that of
    the history, shrunk. Points: mixing variables first, then directions by variance, the sum over days before its ways.
    Factors that move by jumps draw them instead. Raises InputError for residuals of fewer than two whole rows.
    """
    residuals, _ = whole_residuals(dynamics)
    joint = residual_correlation(residuals) if correlation is None else correlation
    if joint.shape != (residuals.shape[1], residuals.shape[1]):
        raise ShapeMismatch("correlation of residuals", found=joint.shape, wanted=(residuals.shape[1],) * 2)
    nu = student_degrees(residuals, _definite(joint)) if degrees is None else degrees
    steps = rows_of(sample.horizon_days, dynamics.moves.periods_per_year)
    draws = student_path_draws(sample.uniforms(steps * (len(joint) + 1)), principal_root(joint), nu, steps)
    paths = simulated_moves(draws, dynamics.mean, variance_to_come(dynamics), dynamics.recursions)
    moves = with_jumps(paths, dynamics, sample.seed).sum(axis=1)
    told = {"generator": "garch_student_t", "dynamics": dynamics.dynamics_id, **sample.told, "steps": str(steps),
            "degrees": "infinite" if math.isinf(nu) else f"{nu:.6g}",
            "correlation": "of the residuals, shrunk" if correlation is None else "given"}
    return rule_of_moves(dynamics.factors, moves, name=name, horizon_days=float(sample.horizon_days), term=term,
                         provenance=told)


def residual_correlation(residuals: Floats) -> Floats:
    """(P,P) correlation of residuals (N,P) about zero, shrunk by the quadratic-inverse rule."""
    sample = as_correlation(residuals.T @ residuals / len(residuals))[0]
    return as_correlation(quadratic_inverse(sample, len(residuals)))[0] if len(sample) > 1 else np.ones((1, 1))


def _definite(correlation: Floats) -> Floats:
    if np.linalg.eigvalsh(correlation)[0] > LEAST_EIGENVALUE:
        return correlation
    return nearest_correlation(correlation, least=LEAST_EIGENVALUE).correlation
