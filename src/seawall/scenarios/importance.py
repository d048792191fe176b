"""Where would this book lose most? Draws tilted towards its delta-gamma tail, weighted so that nothing is biased."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.importance import STRATA, Drawn, Tilt, diagonalised, draws, loss_quantile, stratum_edges, tilted
from seawall.kernels.paths import pseudo_uniforms
from seawall.model.arrays import Floats, Ints, frozen_texts
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.apply import held_still
from seawall.scenarios.filtered_rule import MOVE_DECIMALS, STILL
from seawall.scenarios.simulated import Dynamics

MOST_BATCHES = 200
# Quantiles of the expansion between which ratios are scaled: there they are noise, beyond they are the answer.
MEDIAN, SHOULDER = 0.5, 0.9


class Expansion(NamedTuple):
    """P&L = carry + delta'm + m'gamma m / 2 of log moves m, the columns of a Dynamics; currency, gain > 0.

    carry: if nothing moves (time passing); delta (C): currency per 1.00 of log move; gamma (C,C): per its square.
    For a spot column delta is cash delta, gamma cash delta plus units of gamma times spot squared.
    """

    carry: float
    delta: Floats
    gamma: Floats


def importance_sampled(
    dynamics: Dynamics, expansion: Expansion, *, confidence: float = 0.99, scenarios: int = 8000, seed: int = 1,
    horizon_days: float = 1.0, degrees: float = math.inf,
) -> ScenarioRule:
    """Joint log moves, normal or Student-t (degrees > 2), drawn where the expansion loses more than its quantile.

    The expansion only says where to look: whatever is revalued, its tail probabilities come out unbiased, with errors
    smaller the closer it follows. Forty equally probable strata of the tilted loss, scenarios / 40 draws in each.
    weights: likelihood ratios; those of rows below the expansion's median loss are scaled to a half of all, those up to
    its 90 % quantile to what is left, so that they sum to the number of rows and the tail keeps its own. Errors that
    take draws for independent are too large by what the strata save. Raises InputError if scenarios are
    not a multiple of 40, or the expansion never loses.
    """
    count = len(dynamics.volatility)
    if expansion.delta.shape != (count,) or expansion.gamma.shape != (count, count):
        raise ShapeMismatch("expansion of a book", found=(expansion.delta.shape, expansion.gamma.shape),
                            wanted=((count,), (count, count)))
    if scenarios < STRATA or scenarios % STRATA:
        raise InputError("number of scenarios", found=scenarios, wanted=f"a multiple of {STRATA} strata")
    deviation = dynamics.volatility * math.sqrt(horizon_days / 365.0)
    covariance = dynamics.correlation * np.outer(deviation, deviation)
    quadratic = diagonalised(expansion.carry, expansion.delta, expansion.gamma, covariance, degrees)
    level = loss_quantile(quadratic, confidence)
    drawn = _stratified(tilted(quadratic, level), scenarios, seed)
    law = "normal" if math.isinf(degrees) else f"Student-t, {degrees:g} degrees"
    return ScenarioRule(
        name=f"importance sample, {law}",
        columns=(*dynamics.columns, *(held_still("spot", f"*{kind}") for kind in STILL)),
        shocks=np.hstack([np.round(np.expm1(drawn.moves), MOVE_DECIMALS), np.zeros((scenarios, len(STILL)))]),
        labels=frozen_texts([f"draw {n}" for n in range(scenarios)], "labels"), horizon_days=horizon_days,
        weights=_completed(drawn, loss_quantile(quadratic, MEDIAN), loss_quantile(quadratic, SHOULDER)),
        provenance={"generator": "importance", "law": law, "seed": str(seed), "aimed_at": f"{level:.9g}",
                    "confidence": f"{confidence:g}", "draws": f"weighted, {STRATA} strata"},
    )


def _stratified(tilt: Tilt, scenarios: int, seed: int) -> Drawn:
    """Batches thrown into strata until each holds its share; what is too much in a stratum is not used."""
    share, kept = scenarios // STRATA, []
    have, edges = np.zeros(STRATA, dtype=np.int64), stratum_edges(tilt)
    for batch in range(MOST_BATCHES):
        uniforms = pseudo_uniforms(seed + batch * 1_000_033, 2 * scenarios, len(tilt.quadratic.slope) + 1)
        drawn = draws(tilt, uniforms)
        place = np.searchsorted(edges, drawn.excess)
        for stratum in np.flatnonzero(have < share):
            mine = np.flatnonzero(place == stratum)[: share - have[stratum]]
            have[stratum] += len(mine)
            kept.append(_rows(drawn, mine))
        if (have == share).all():
            return Drawn(np.concatenate([k.moves for k in kept]), np.concatenate([k.weights for k in kept]),
                         np.concatenate([k.loss for k in kept]), np.concatenate([k.excess for k in kept]))
    raise InputError("strata of an importance sample", found=f"{int((have < share).sum())} not filled",
                     wanted="each reachable", remedy="a lower confidence, or a book whose expansion moves")


def _rows(drawn: Drawn, rows: Ints) -> Drawn:
    return Drawn(drawn.moves[rows], drawn.weights[rows], drawn.loss[rows], drawn.excess[rows])


def _completed(drawn: Drawn, median: float, shoulder: float) -> Floats:
    """Likelihood ratios (S,): beyond the shoulder as they are; half of S below the median; what is left between."""
    total, weights = len(drawn.weights), np.array(drawn.weights)
    body, between = drawn.loss < median, (drawn.loss >= median) & (drawn.loss < shoulder)
    left = total / 2 - float(weights[~body & ~between].sum())
    if not (body.any() and between.any() and left > 0):
        # Too few draws to tell the parts apart: plain self-normalised ratios then.
        return np.asarray(weights * (total / weights.sum()))
    weights[body] *= total / 2 / weights[body].sum()
    weights[between] *= left / weights[between].sum()
    return weights
