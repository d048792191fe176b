"""How bad, by whom told, beyond what was seen, in which ways, and from where? The tail of one book by every model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.cube import hold, revalue
from seawall.discovery.clusters import Contributor, TailMap, tail_clusters
from seawall.discovery.clusters import TailCluster as Story
from seawall.discovery.discover import discover
from seawall.discovery.findings import Finding
from seawall.discovery.sentences import moves_text as in_words
from seawall.errors import InputError, ModelError, TailTooThin
from seawall.inquiry.asked import Asked, Progress, moves_text, standing
from seawall.inquiry.models import Model, models
from seawall.measures.allocation import allocate
from seawall.measures.extremes import (
    LEAST_EXCEEDANCES,
    REGULAR,
    TailFit,
    extreme_expected_shortfall,
    extreme_value_at_risk,
    fit_tail,
    fitness,
    threshold_with,
)
from seawall.measures.sampling import sampling_of
from seawall.measures.tail import Estimate, estimate_expected_shortfall, estimate_value_at_risk, value_at_risk
from seawall.model.arrays import Floats
from seawall.model.report import ComponentRow, Number, Part
from seawall.model.results import Cube, Held
from seawall.model.tail_report import ExtremeRow, ExtremeTail, ModelRow, TailCluster, TailReport
from seawall.statement.findings import finding_rows
from seawall.statement.numbers import key_text, known, rounded

BINS = 72
# The common axis ends this many times the largest shortfall away: further out single scenarios stand alone.
REACH = 1.7
CONFIDENCES = (0.99, 0.995, 0.999, 0.9995)
# Share of all scenarios that lies above the threshold of the Pareto law, and how much it may be where they are few.
ABOVE, MOST_ABOVE = 0.05, 0.1
FIT_DRAWS = 99
POINTS = 48
BY = ("underlying", "venue", "account", "strategy")


def tail_report(asked: Asked, progress: Progress) -> TailReport:
    """The answer. Raises TailTooThin if the main model has no tail at the policy's confidence."""
    stands = standing(asked)
    found, notes = models(asked, progress)
    progress(f"revaluing {len(asked.book.instruments):,} instruments under {len(found)} models")
    cube = revalue(asked.book, asked.market, found[0].rule)
    totals = [_total(asked, cube), *(_total(asked, revalue(asked.book, asked.market, m.rule)) for m in found[1:])]
    edges = _edges(totals, asked.policy.shortfall_confidence)
    rows = [_model_row(m, t, edges, asked) for m, t in zip(found, totals, strict=True)]
    extreme, more = _extreme(totals, asked)
    progress("grouping the tail")
    tail_map, missing = _clusters(asked)
    return TailReport(
        stands.head, found[0].rule.name, asked.policy.shortfall_confidence, asked.policy.risk_confidence,
        rounded(edges), tuple(rows), extreme,
        tuple(_cluster(c) for c in tail_map.clusters) if tail_map else (),
        known(tail_map.edge) if tail_map else None, known(tail_map.silhouette) if tail_map else None,
        _components(asked, cube), finding_rows(_findings(asked)), (*notes, *more, *missing),
    )


def _total(asked: Asked, cube: Cube) -> Held:
    return hold(asked.book, cube, by=(), currency=asked.currency)


def _edges(totals: Sequence[Held], confidence: float) -> Floats:
    """Common bins: as far as the worst scenario of any model, or so many times the largest shortfall."""
    worst = [float(-t.pnl[0].min()) for t in totals]
    losses = [e.value for e in (_shortfall(t, confidence) for t in totals) if e is not None and e.value > 0]
    most = max(max(worst), 1.0)
    reach = min(most, REACH * max(losses)) if losses else most
    high = min(max(float(t.pnl[0].max()) for t in totals), reach)
    return np.linspace(-reach, max(high, reach / 4), BINS + 1)


def _shortfall(total: Held, confidence: float) -> Estimate | None:
    try:
        return estimate_expected_shortfall(np.asarray(total.pnl[0]), confidence, sampling=sampling_of(total.rule))
    except TailTooThin:
        return None


def _model_row(model: Model, total: Held, edges: Floats, asked: Asked) -> ModelRow:
    pnl, rule, policy = np.asarray(total.pnl[0]), model.rule, asked.policy
    shortfall, risk = _shortfall(total, policy.shortfall_confidence), None
    if shortfall is not None and len(pnl) * (1 - policy.risk_confidence) >= 1:
        risk = estimate_value_at_risk(pnl, policy.risk_confidence, sampling=sampling_of(rule), quantile=policy.quantile)
    shares, _ = np.histogram(pnl, edges, weights=total.weights / total.weights.sum())
    interval = risk.interval if risk is not None and np.isfinite(risk.interval).all() else None
    return ModelRow(
        rule.name, model.source, len(rule), rule.horizon_days, known(risk.value) if risk else None, interval,
        known(shortfall.value) if shortfall else None, known(shortfall.standard_error) if shortfall else None,
        float(pnl.min()), float(pnl.max()), rounded(shares),
    )


def _extreme(totals: Sequence[Held], asked: Asked) -> tuple[ExtremeTail | None, tuple[str, ...]]:
    """The law of the tail of the first model whose scenarios are equally likely and many enough."""
    for total in totals:
        pnl, weights = np.asarray(total.pnl[0]), total.weights
        above = max(int(ABOVE * len(pnl)), LEAST_EXCEEDANCES)
        if above > MOST_ABOVE * len(pnl) or not (weights == weights[0]).all():
            continue
        try:
            fit = fit_tail(pnl, threshold_with(pnl, above), overlap=sampling_of(total.rule).overlap)
            return _extreme_of(total.rule.name, pnl, fit, asked.seed), ()
        except (InputError, ModelError) as error:
            return None, (f"beyond the data: not computed, {error}",)
    least = round(LEAST_EXCEEDANCES / MOST_ABOVE)
    return None, (f"beyond the data: not computed, no model has {least:,} equally likely scenarios",)


def _extreme_of(name: str, pnl: Floats, fit: TailFit, seed: int) -> ExtremeTail:
    rows = tuple(_extreme_row(pnl, fit, level) for level in CONFIDENCES)
    error = float(np.sqrt(fit.covariance[0, 0])) if fit.status == REGULAR else None
    return ExtremeTail(name, fit.threshold, fit.exceedances, fit.observations, fit.shape, known(error), fit.scale,
                       fitness(fit, seed=seed, draws=FIT_DRAWS).p_value, rows, _points(pnl, fit), fit.status)


def _points(pnl: Floats, fit: TailFit) -> tuple[tuple[float, float], ...]:
    """The worst losses one by one, then fewer and fewer, down to the threshold."""
    losses = np.sort(-pnl)[::-1][: fit.exceedances]
    ranks = np.unique(np.geomspace(1, len(losses), POINTS).round().astype(int))
    return tuple((float(losses[r - 1]), float(r / len(pnl))) for r in ranks)


def _extreme_row(pnl: Floats, fit: TailFit, confidence: float) -> ExtremeRow:
    risk = extreme_value_at_risk(fit, confidence)
    shortfall = extreme_expected_shortfall(fit, confidence) if fit.shape < 1 else None
    seen = float(value_at_risk(pnl, confidence)) if len(pnl) * (1 - confidence) >= 1 else None
    return ExtremeRow(confidence, risk.value, _ends(risk), known(shortfall.value) if shortfall else None,
                      _ends(shortfall) if shortfall else None, known(seen))


def _ends(estimate: Estimate) -> tuple[float, Number]:
    return float(estimate.interval[0]), known(float(estimate.interval[1]))


def _clusters(asked: Asked) -> tuple[TailMap | None, tuple[str, ...]]:
    if asked.plan.dynamics is None:
        return None, ("groups of the tail, hidden dangers: not computed, nothing says how the factors move",)
    return tail_clusters(asked.view, confidence=asked.policy.shortfall_confidence, crises=asked.plan.crises,
                         seed=asked.seed), ()


def _findings(asked: Asked) -> tuple[Finding, ...]:
    if asked.plan.dynamics is None:
        return ()
    return discover(asked.book, asked.market, asked.plan.dynamics, crises=asked.plan.crises, currency=asked.currency)


def _cluster(found: Story) -> TailCluster:
    return TailCluster(
        found.medoid, found.scenarios, found.weight, found.loss, found.spread, in_words(found.move),
        moves_text(found.move), found.crises, _losses(found.lines), _losses(found.accounts), _losses(found.factors),
    )


def _losses(contributors: Sequence[Contributor]) -> tuple[Part, ...]:
    return tuple(Part(c.name, -c.loss) for c in contributors)


def _components(asked: Asked, cube: Cube) -> tuple[ComponentRow, ...]:
    rows = []
    for dimension in (d for d in BY if d == "underlying" or d in asked.book.dimensions):
        found = allocate(hold(asked.book, cube, by=dimension, currency=asked.currency),
                         asked.policy.shortfall_confidence)
        order = np.argsort(-found.component, kind="stable")
        rows += [ComponentRow(dimension, key_text(found.keys[n]), float(found.component[n]),
                              known(float(found.standard_error[n])), known(float(found.standalone[n])),
                              bool(found.partial[n])) for n in order]
    return tuple(rows)
