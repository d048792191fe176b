"""Would the models have held for this book? Its positions as they stand, every past day's move, forecast from before.

The P&L of each day is that of today's book under that day's joint move, by full revaluation. Each model then walks
through these days and sees only earlier ones: it forecasts from the book's own P&L, not factor by factor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from seawall.cube import hold, revalue
from seawall.errors import ExtraMissing, InputError
from seawall.inquiry.asked import Asked, Progress, standing
from seawall.measures.backtest import (
    Backtest,
    christoffersen,
    conditional_coverage,
    exact_binomial,
    exceptions,
    kupiec,
    traffic_light,
)
from seawall.measures.backtest_dynamic import dynamic_quantile
from seawall.measures.backtest_power import HitsAlternative, LawAlternative, count_power, hits_power, shortfall_power
from seawall.measures.backtest_shortfall import acerbi_szekely, forecast_null
from seawall.measures.density_scores import diebold_mariano, fz0
from seawall.model.arrays import Bools, Floats
from seawall.model.factor import Factor
from seawall.model.panel import Panel
from seawall.model.scenario import ScenarioRule
from seawall.model.tail_report import BacktestReport, BacktestRow, TestRow
from seawall.scenarios.choice import HISTORICAL
from seawall.statement.numbers import known, rounded
from seawall.study.models import EwmaNormal, FilteredHistorical, GarchStudent, Historical, Model
from seawall.study.past import Past
from seawall.study.rolling import Backtest as Walk
from seawall.study.rolling import Schedule
from seawall.study.rolling import backtest as walk

WINDOW, LAST, REFIT = 500, 2500, 125
LEAST_WINDOW, LIGHT_DAYS = 100, 250
# The book's P&L is walked as moves of about one per cent, whatever its size, so that no fit depends on the currency.
USUAL_MOVE = 0.01
TWICE, REPEAT, WIDER = 2.0, 0.1, 1.25
NULL_DRAWS, POWER_DRAWS = 4000, 400
FITTED: Final = "the statistics extra is not installed: models that fit volatility are left out"


@dataclass(frozen=True)
class OwnProfit:
    """A book whose P&L is what its one factor moves, times ``capital``."""

    name: str
    capital: float

    def profit(self, past: Past, moves: Floats) -> Floats:
        """(S,) P&L, reporting currency; nothing of it depends on levels."""
        del past
        return np.asarray(self.capital * moves[:, 0])


def backtest_report(asked: Asked, progress: Progress, *, window: int = WINDOW, last: int = LAST) -> BacktestReport:
    """The answer over the last so many days of the history. Raises InputError for too short a one."""
    if window < LEAST_WINDOW:
        raise InputError("--window", found=window, wanted=f"at least {LEAST_WINDOW} days")
    stands, rule, source = standing(asked), *_history(asked)
    progress(f"revaluing the book on {len(rule):,} past days")
    held = hold(asked.book, revalue(asked.book, asked.market, rule), by=(), currency=asked.currency)
    pnl = np.asarray(held.pnl[0])
    if len(pnl) <= window + LIGHT_DAYS:
        raise InputError("days of the history", found=f"{len(pnl):,}", wanted=f"more than {window + LIGHT_DAYS:,}",
                         remedy="give a longer --history, or a smaller --window")
    progress("walking through the past")
    walks, notes = walked(asked, pnl, [str(d)[:10] for d in rule.labels], window, min(last, len(pnl) - window))
    progress("judging")
    rows = _ranked([_row(w, asked) for w in walks], walks, asked)
    dates = tuple(str(d) for d in np.datetime_as_string(walks[0].dates, unit="D"))
    return BacktestReport(
        stands.head, asked.policy.shortfall_confidence, asked.policy.risk_confidence, window, source, dates,
        rounded(walks[0].pnl), tuple(rows),
        "Z2: days independent, each drawn from its own forecast. Power: of noticing exceptions twice as likely as "
        f"forecast, or after one with {REPEAT:.0%} chance; for Z2 losses {WIDER:g} times as wide.",
        (*asked.plan.notes, *notes))


def _history(asked: Asked) -> tuple[ScenarioRule, str]:
    """The plan's own rule of past days: of those that it has, the longest."""
    rules = [r for r in asked.plan.tails if r.provenance.get("generator") == HISTORICAL]
    if not rules:
        raise InputError("no past to walk through", found="; ".join(asked.plan.notes) or "no price history",
                         wanted="a price history of what the book stands in", remedy="give --history")
    rule = max(rules, key=len)
    return rule, asked.plan.sources.get(rule.name, "")


def walked(
    asked: Asked, pnl: Floats, days: Sequence[str], window: int, last: int
) -> tuple[tuple[Walk, ...], tuple[str, ...]]:
    """Every model over the last of the days (T), forecast from P&L (T) of earlier ones, and what was left out.

    Raises InputError for a book that never moves before the first forecast.
    """
    kept = pnl[-(window + last):]
    # The unit is that of the days before the first forecast: not even it may know what came.
    capital = float(np.sqrt((kept[:window] ** 2).mean())) / USUAL_MOVE
    if not capital > 0:
        raise InputError("P&L of the book on past days", found="nothing on any", wanted="a book that moves")
    dates = np.array([np.datetime64(day) for day in days[-(window + last):]])
    before = dates[0] - np.timedelta64(1, "D")
    levels = np.exp(np.concatenate([[0.0], np.cumsum(kept / capital)]))
    panel = Panel(np.concatenate([[before], dates]).astype("datetime64[ns]"), (Factor("spot", "BOOK"),),
                  levels[:, None], (), asked.book.name, 365.0)
    schedule = Schedule(window, REFIT, asked.policy.risk_confidence, asked.policy.shortfall_confidence)
    book = OwnProfit(asked.book.name, capital)
    own: list[Model] = [Historical(window, f"historical, {window} days"), EwmaNormal(0.94, window, "EWMA, normal"),
                        FilteredHistorical("ewma", window, 0.94, "filtered historical, EWMA")]
    fitted: list[Model] = [FilteredHistorical("gjr", window, 0.94, "filtered historical, GJR"),
                           GarchStudent(window, "GARCH Student-t")]
    try:
        return walk(panel, [book], [*own, *fitted], schedule), ()
    except ExtraMissing:
        return walk(panel, [book], own, schedule), (FITTED,)


def _row(w: Walk, asked: Asked) -> BacktestRow:
    policy, seed = asked.policy, asked.seed
    hits = exceptions(w.pnl, w.value_at_risk)
    tail, deep = 1 - policy.risk_confidence, policy.shortfall_confidence
    shortfall, days = np.maximum(w.expected_shortfall, 1e-300), len(w.pnl)
    null = forecast_null([f.tail for f in w.forecasts], w.edge, shortfall, deep, seed=seed, draws=NULL_DRAWS,
                         weights=[f.chance for f in w.forecasts])
    z2 = acerbi_szekely(w.pnl, w.edge, shortfall, null=null).z2
    power = shortfall_power(null, LawAlternative(WIDER, np.inf), seed=seed, draws=NULL_DRAWS)
    recent = int(hits[-LIGHT_DAYS:].sum())
    return BacktestRow(
        w.model, int(hits.sum()), tail * days, _tests(hits, w, asked),
        traffic_light(recent, min(LIGHT_DAYS, days), policy.risk_confidence).zone, recent, known(z2.statistic),
        known(z2.critical), known(z2.p_value), known(power.power), _score(w, deep), None, None,
        float(w.value_at_risk.mean()), float(w.expected_shortfall.mean()), rounded(w.value_at_risk))


def _tests(hits: Bools, w: Walk, asked: Asked) -> tuple[TestRow, ...]:
    confidence, days = asked.policy.risk_confidence, len(hits)
    often = TWICE * (1 - confidence)
    chain = HitsAlternative(1 - confidence, REPEAT)
    twice, again = f"exceptions {TWICE:g} times as likely", f"a chance of {REPEAT:.0%} the day after one"

    def of_chain(test: Callable[[Bools], Backtest]) -> float:
        return hits_power(test, days, chain, seed=asked.seed, draws=POWER_DRAWS).power

    return (
        _test(kupiec(hits, confidence), count_power(days, confidence, often), twice),
        _test(exact_binomial(hits, confidence), count_power(days, confidence, often, test="binomial"), twice),
        _test(christoffersen(hits), of_chain(christoffersen), again),
        _test(conditional_coverage(hits, confidence), of_chain(lambda h: conditional_coverage(h, confidence)), again),
        _test(dynamic_quantile(hits, w.value_at_risk, confidence), None, ""),
    )


def _test(found: Backtest, power: float | None, alternative: str) -> TestRow:
    return TestRow(found.name, known(found.statistic), known(found.p_value), power, alternative)


def _score(w: Walk, confidence: float) -> float | None:
    scores = _scores(w, confidence)
    return None if scores is None else known(float(scores.mean()))


def _scores(w: Walk, confidence: float) -> Floats | None:
    """(T,) joint scores; None where a forecast gain has none."""
    try:
        return fz0(w.pnl, w.edge, w.expected_shortfall, confidence)
    except InputError:
        return None


def _ranked(rows: Sequence[BacktestRow], walks: Sequence[Walk], asked: Asked) -> list[BacktestRow]:
    """Best score first, each with the p-value of its difference from the best; those without a score last."""
    scores = [_scores(w, asked.policy.shortfall_confidence) for w in walks]
    order = sorted(range(len(rows)), key=lambda n: (rows[n].score is None, rows[n].score or 0.0))
    best = scores[order[0]] if order else None
    out = []
    for rank, n in enumerate(order, 1):
        mine = scores[n]
        if mine is None or best is None:
            out.append(rows[n])
            continue
        worse = None if rank == 1 else known(diebold_mariano(mine, best).p_value)
        out.append(msgspec.structs.replace(rows[n], rank=rank, worse_p=worse))
    return out
