"""What if? Named crises, scenarios of one's own, the worst that is plausible, and correlations that break."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from seawall.cube import hold, revalue
from seawall.discovery.lines import KEYS
from seawall.discovery.netting import exposures_of, netting
from seawall.discovery.sentences import worst_sentence
from seawall.discovery.worst import worst_plausible
from seawall.errors import InputError, TailTooThin
from seawall.history.dependence_stress import Crisis, opposed
from seawall.inquiry.asked import Asked, Progress, moves_text, parts, standing
from seawall.kernels.correlation import stressed_correlation
from seawall.measures.sampling import sampling_of
from seawall.measures.tail import estimate_expected_shortfall, estimate_value_at_risk
from seawall.model.arrays import Floats
from seawall.model.report import CrisisRow
from seawall.model.tail_report import CorrelationStress, NettingRow, PlausibleRow, StressedRow, StressReport
from seawall.scenarios.choice import DEGREES
from seawall.scenarios.simulated import Dynamics, student_t
from seawall.statement.explained import crisis_rows, scenario_rows
from seawall.statement.numbers import known, rounded

WEIGHTS = (0.5, 1.0)
FALLING = "all prices fall as one, all volatilities rise"
BOTH = f"{FALLING}, which is also what costs this book most"
AGAINST = "all move as one, each the way that costs this book"
SHOWN_WEIGHT = 0.5
PLAUSIBILITY = 4.0
MOST_TOLD = 40


def stress_report(asked: Asked, progress: Progress, *, plausibility: float = PLAUSIBILITY) -> StressReport:
    """The answer. plausibility: radius of the ellipsoid, joint deviations of the horizon."""
    if not plausibility > 0:
        raise InputError("--plausibility", found=plausibility, wanted="joint deviations, more than 0",
                         remedy="4 is passed about once in 400 days in any one direction")
    stands, plan = standing(asked), asked.plan
    progress("living through crises")
    told = crisis_rows(asked.book, asked.market, plan.crises, plan.library, asked.currency) \
        if plan.crises is not None and plan.library is not None else ()
    own, more = _own(asked)
    answer = StressReport(
        stands.head, asked.policy.shortfall_confidence, asked.policy.risk_confidence, _worst_first(told),
        own, None, None, (), None, plan.assumption, asked.draws, (*plan.notes, *more))
    if plan.dynamics is None:
        note = "worst plausible move, stressed correlation: not computed, nothing says how the factors move"
        return msgspec.structs.replace(answer, notes=(*answer.notes, note))
    progress("searching the worst that is plausible")
    plausible = _plausible(asked, plausibility)
    progress("breaking correlations")
    correlation, stressed = _broken(asked, plan.dynamics)
    return msgspec.structs.replace(answer, plausible=plausible, correlation=correlation, stressed=stressed,
                                   netting=_netting(asked))


def _own(asked: Asked) -> tuple[tuple[CrisisRow, ...], tuple[str, ...]]:
    """Scenarios of one's own, the costliest first; of a file so long that it is a distribution, the worst."""
    long = [rule for rule in asked.plan.tails if asked.plan.sources.get(rule.name) == f"scenarios of {rule.name}"]
    rows = _worst_first(tuple(
        row for rule in (*asked.plan.told, *long)
        for row in scenario_rows(asked.book, asked.market, rule, asked.currency)))
    note = f"scenarios of your own: the {MOST_TOLD} costliest of {len(rows):,} are told"
    return rows[:MOST_TOLD], (note,) if len(rows) > MOST_TOLD else ()


def _worst_first(rows: tuple[CrisisRow, ...]) -> tuple[CrisisRow, ...]:
    """By rising P&L; what could not be valued last."""
    return tuple(sorted(rows, key=lambda row: (row.pnl is None, row.pnl or 0.0)))


def _plausible(asked: Asked, radius: float) -> PlausibleRow:
    view, crises = asked.view, asked.plan.crises
    found = worst_plausible(view, radius=radius, rules=(crises,) if crises is not None else (), seed=asked.seed)
    at = found.at[None, :]
    lines = view.held(at, by=KEYS[:2])
    return PlausibleRow(
        found.loss, found.distance, found.radius, found.degrees, found.chance, found.chance_any, found.case,
        found.start, found.starts, worst_sentence(found), moves_text(found.move),
        parts(view.held(at, by="account"), 0), parts(lines, 0))


def crises_of(dynamics: Dynamics, exposures: Floats) -> tuple[Crisis, ...]:
    """Two ways for everything to move as one: prices down and volatilities up; each factor the way that costs the book.

    exposures (C): loss as each factor rises. The first is what markets have done, the second what this book hides from;
    one crisis where the two are the same.
    """
    usual = {c.key: -1 if c.risk_class == "volatility" else 1 for c in dynamics.columns}
    against = {c.key: 1 if e >= 0 else -1 for c, e in zip(dynamics.columns, exposures, strict=True)}
    falling, worst = replace(opposed(usual), name=FALLING), replace(opposed(against), name=AGAINST)
    same = np.array_equal(falling.correlation, worst.correlation)
    return (replace(falling, name=BOTH),) if same else (falling, worst)


def bent(dynamics: Dynamics, crisis: Crisis, weight: float) -> Dynamics:
    """The dynamics with so much of a crisis in its correlation; volatilities stay."""
    return dynamics._replace(
        correlation=stressed_correlation(np.asarray(dynamics.correlation), np.asarray(crisis.correlation), weight))


def _broken(asked: Asked, dynamics: Dynamics) -> tuple[CorrelationStress, tuple[StressedRow, ...]]:
    """Today, then each crisis at every weight; the picture is of the crisis that costs more."""
    exposures = exposures_of(asked.view)[0]
    crises = crises_of(dynamics, exposures)
    rows = [_stressed(asked, dynamics, "", 0.0)]
    for crisis in crises:
        rows += [_stressed(asked, bent(dynamics, crisis, w), crisis.name, w) for w in WEIGHTS]
    last = [row for row in rows if row.weight == WEIGHTS[-1]]
    worst = max(zip(last, crises, strict=True), key=lambda pair: pair[0].expected_shortfall or 0.0)[1]
    after = bent(dynamics, worst, SHOWN_WEIGHT).correlation
    picture = CorrelationStress(
        tuple(c.key for c in dynamics.columns), rounded(exposures), worst.name, SHOWN_WEIGHT,
        _rows(np.asarray(dynamics.correlation)), _rows(np.asarray(after)))
    return picture, tuple(rows)


def _rows(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(rounded(row) for row in matrix)


def _stressed(asked: Asked, dynamics: Dynamics, crisis: str, weight: float) -> StressedRow:
    """The same draws at every weight, so that what differs is the correlation alone."""
    rule = student_t(dynamics, scenarios=asked.draws, degrees=DEGREES, seed=asked.seed, horizon_days=float(asked.days))
    held = hold(asked.book, revalue(asked.book, asked.market, rule), by=(), currency=asked.currency)
    pnl, sampling, policy = np.asarray(held.pnl[0]), sampling_of(rule), asked.policy
    try:
        risk = estimate_value_at_risk(pnl, policy.risk_confidence, sampling=sampling, quantile=policy.quantile)
        shortfall = estimate_expected_shortfall(pnl, policy.shortfall_confidence, sampling=sampling)
    except TailTooThin:
        return StressedRow(crisis, weight, None, None, None)
    return StressedRow(crisis, weight, known(risk.value), known(shortfall.value), known(shortfall.standard_error))


def _netting(asked: Asked) -> NettingRow | None:
    """Between accounts; nothing to say of a single one."""
    if len(asked.book.account_ids) < 2:
        return None
    found = netting(asked.view, by="account", confidence=asked.policy.shortfall_confidence, seed=asked.seed)
    return NettingRow(float(found.standalone.sum()), found.together, found.stressed, found.reliance,
                      known(found.fragility), found.weight)
