"""What if the past came again at today's volatility? Filtered historical simulation.

Source: Barone-Adesi, Giannopoulos and Vosper (1999), VaR without correlations for portfolios of derivative securities.
"""

from __future__ import annotations

import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.history.dynamics import VolatilityDynamics
from seawall.kernels.copula import symmetric_root
from seawall.kernels.correlation import as_correlation
from seawall.kernels.garch import simulated_moves
from seawall.kernels.paths import resampled_rows, row_order
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


def filtered(
    dynamics: VolatilityDynamics, *, name: str = "filtered historical", correlation: Floats | None = None,
    term: Term | None = None,
) -> ScenarioRule:
    """One scenario per date: its residuals, all factors together, at the volatility of the day to come.

    correlation (P,P): of the day to come; the residuals are then turned from their own sample correlation to it, which
    keeps each row's shape but not its exact joint moves. Factors that move by jumps draw them, seed 0.
    Raises InputError if fewer than two rows are whole.
    """
    residuals, labels = whole_residuals(dynamics)
    turned = residuals if correlation is None else recorrelated(residuals, correlation)
    moves = with_jumps((dynamics.mean + np.sqrt(variance_to_come(dynamics)) * turned)[:, None, :], dynamics, 0)[:, 0]
    return rule_of_moves(dynamics.factors, moves, name=name, labels=labels, horizon_days=1.0, term=term,
                         provenance=_told(dynamics, len(residuals), correlation))


def filtered_paths(
    dynamics: VolatilityDynamics, sample: Sample, *, name: str = "filtered historical",
    correlation: Floats | None = None, term: Term | None = None,
) -> ScenarioRule:
    """Moves over several days: date rows drawn with replacement, each day's volatility answering the day before.

    Low-discrepancy points choose rows ordered by their score along the direction of greatest variance. However many
    rows are drawn, they are those of the history: ``history_rows`` in the provenance says how many.
    """
    residuals, _ = whole_residuals(dynamics)
    turned = residuals if correlation is None else recorrelated(residuals, correlation)
    steps = rows_of(sample.horizon_days, dynamics.moves.periods_per_year)
    chosen = resampled_rows(sample.uniforms(steps), row_order(turned))
    paths = simulated_moves(turned[chosen], dynamics.mean, variance_to_come(dynamics), dynamics.recursions)
    moves = with_jumps(paths, dynamics, sample.seed).sum(axis=1)
    told = {**_told(dynamics, len(residuals), correlation), **sample.told, "steps": str(steps)}
    return rule_of_moves(dynamics.factors, moves, name=name, horizon_days=float(sample.horizon_days), term=term,
                         provenance=told)


def recorrelated(residuals: Floats, correlation: Floats) -> Floats:
    """Residuals (N,P) turned from their sample correlation to the one given, each column's deviation kept."""
    if correlation.shape != (residuals.shape[1], residuals.shape[1]):
        raise ShapeMismatch("correlation to turn residuals to", found=correlation.shape,
                            wanted=(residuals.shape[1], residuals.shape[1]))
    sample, deviation = as_correlation(residuals.T @ residuals / len(residuals))
    if np.linalg.eigvalsh(sample)[0] <= 1e-10:
        raise InputError("sample correlation of residuals", found="a singular matrix", wanted="an invertible one",
                         remedy="leave out factors that repeat others, or give no correlation")
    turn = symmetric_root(correlation) @ np.linalg.inv(symmetric_root(sample))
    return np.asarray((residuals / deviation) @ turn.T * deviation)


def _told(dynamics: VolatilityDynamics, rows: int, correlation: Floats | None) -> dict[str, str]:
    told = {"generator": "filtered", "dynamics": dynamics.dynamics_id, "history_rows": str(rows)}
    if correlation is not None:
        told["correlation"] = "residuals turned to the correlation of the day to come"
    return told
