"""By which way could each move come about? Path steps between today and the end of a horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.paths import principal_root, pseudo_uniforms, sobol_uniforms
from seawall.kernels.paths_bridge import brownian_bridge
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.scenario import RELATIVE, ScenarioRule
from seawall.scenarios.filtered_rule import MOVE_DECIMALS, log_moves
from seawall.scenarios.simulated import Dynamics


def bridged(
    rule: ScenarioRule, dynamics: Dynamics, *, steps: int, seed: int, clock: Sequence[float] | None = None,
    low_discrepancy: bool = False,
) -> ScenarioRule:
    """The rule with each row reached in so many steps; the last step is the row itself, so its end is kept exactly.

    dynamics: what wiggles on the way, by how much a year and how together; columns of the rule that it does not name go
    in a straight line of the clock. clock (steps,): variance that each step takes, in proportion; None: even.
    Rows of one path share its weight and pnl_scale; step counts from 0, ages rise with the clock. Every step keeps its
    path's weight: measure the ends alone, or the worst of each path. Raises InputError if the rule has paths already,
    or dynamics name a column that it lacks.
    """
    if len(np.unique(rule.path)) < len(rule):
        raise InputError(f"rule {rule.name}", found="paths of several steps", wanted="one row a scenario")
    if steps < 2:
        raise InputError("steps of a bridge", found=steps, wanted="2 or more")
    time = _clock(clock, steps)
    places = [_place(rule, column.key) for column in dynamics.columns]
    years = rule.horizon_days / 365.0
    deviation = dynamics.volatility * np.sqrt(years)
    root = principal_root(dynamics.correlation * np.outer(deviation, deviation))
    draw = sobol_uniforms if low_discrepancy else pseudo_uniforms
    normal = ndtri(draw(seed, len(rule), (steps - 1) * len(places))).reshape(len(rule), steps - 1, -1) @ root.T
    shocks = _shocks(rule, places, brownian_bridge(log_moves(rule, places), normal, time), time)
    gone = _gone(time)
    told = {**rule.provenance, "bridge": f"{steps} steps, seed {seed}", "bridge_of": rule.rule_id}
    labels = [f"{label}, step {h + 1}" for label in rule.labels for h in range(steps)]
    return replace(
        rule, name=f"{rule.name}, {steps} steps", shocks=shocks, labels=frozen_texts(labels, "labels"),
        weights=np.repeat(rule.weights, steps), pnl_scale=np.repeat(rule.pnl_scale, steps),
        path=np.repeat(rule.path, steps), step=np.tile(np.arange(steps), len(rule)),
        ages=(rule.ages[:, None] * gone).ravel(), provenance=told,
    )


def _shocks(rule: ScenarioRule, places: Sequence[int], ways: Floats, time: Floats) -> Floats:
    """(S * H, C): bridged where there is a way, in proportion to the clock elsewhere, the end as it was."""
    gone = _gone(time)
    out = rule.shocks[:, None, :] * gone[None, :, None]
    for n, place in enumerate(places):
        relative = rule.columns[place].how == RELATIVE
        out[:, :, place] = np.round(np.expm1(ways[:, :, n]) if relative else ways[:, :, n], MOVE_DECIMALS)
    out[:, -1, :] = rule.shocks
    return np.asarray(out.reshape(-1, len(rule.columns)))


def _gone(time: Floats) -> Floats:
    """(H,) share of the clock gone after each step, one at the end whatever rounding says."""
    return np.append(np.cumsum(time)[:-1], 1.0)


def _clock(clock: Sequence[float] | None, steps: int) -> Floats:
    time = np.ones(steps) if clock is None else np.asarray(clock, dtype=float)
    if time.shape != (steps,):
        raise ShapeMismatch("clock of a bridge", found=time.shape, wanted=(steps,))
    return np.asarray(time / time.sum())


def _place(rule: ScenarioRule, key: str) -> int:
    for n, column in enumerate(rule.columns):
        if column.key == key:
            return n
    raise InputError(f"dynamics of a bridge over rule {rule.name}", found=key,
                     wanted="one of " + ", ".join(c.key for c in rule.columns), remedy="name only what the rule moves")
