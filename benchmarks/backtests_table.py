"""Backtests as figures: exceptions with p-values and power, shortfall tests, joint scores, and the page of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seawall.measures.backtest import christoffersen, exceptions, kupiec
from seawall.measures.backtest_dynamic import dynamic_quantile
from seawall.measures.backtest_panel import pooled_coverage
from seawall.measures.backtest_power import HitsAlternative, LawAlternative, count_power, hits_power, shortfall_power
from seawall.measures.backtest_shortfall import acerbi_szekely, forecast_null, student_null
from seawall.measures.density_scores import diebold_mariano, fz0
from seawall.study.rolling import Backtest

DRAWS = 2000
REFERENCE = "historical, all rows"
DEFAULT = "filtered historical, GJR"
# Named days, or weeks, that every model met without having seen them.
CRISES = {"12 March 2020": ("2020-03-12", "2020-03-12"), "19 May 2021": ("2021-05-19", "2021-05-19"),
          "LUNA, 9-13 May 2022": ("2022-05-09", "2022-05-13"), "FTX, 8-10 Nov 2022": ("2022-11-08", "2022-11-10"),
          "10 Oct 2025": ("2025-10-10", "2025-10-10"), "5-6 Feb 2026": ("2026-02-05", "2026-02-06"),
          "Oct 2008": ("2008-10-01", "2008-10-31"), "5 Feb 2018": ("2018-02-05", "2018-02-05"),
          "March 2020": ("2020-03-01", "2020-03-31")}


class Scored(NamedTuple):
    """One model on one book. power: of each test against twice the exceptions, or half as deep again."""

    run: Backtest
    exceptions: int
    p_count: float
    p_independent: float
    p_dynamic: float
    z2: float
    critical: float
    p_z2: float
    score: np.ndarray
    level: float


class Case(NamedTuple):
    """The runs on one history, and how its prices came about."""

    title: str
    label: str
    scored: tuple[Scored, ...]


def scored(run: Backtest, seed: int) -> Scored:
    """All tests of one run."""
    hits = exceptions(run.pnl, run.value_at_risk)
    confidence, deep = run.schedule.value_at_risk, run.schedule.expected_shortfall
    null = forecast_null([f.tail for f in run.forecasts], run.edge, run.expected_shortfall, deep, seed=seed,
                         draws=DRAWS, weights=[f.chance for f in run.forecasts])
    second = acerbi_szekely(run.pnl, run.edge, run.expected_shortfall, null=null).z2
    return Scored(
        run, int(hits.sum()), kupiec(hits, confidence).p_value, christoffersen(hits).p_value,
        dynamic_quantile(hits, run.value_at_risk, confidence).p_value, second.statistic, second.critical,
        second.p_value, fz0(run.pnl, run.edge, run.expected_shortfall, deep), float(run.expected_shortfall.mean()),
    )


def page(cases: Sequence[Case]) -> str:
    """The whole page."""
    lines = [INTRODUCTION]
    lines += ranking(cases)
    for case in cases:
        lines += section(case)
    return "\n".join(lines) + "\n"


def ranking(cases: Sequence[Case]) -> list[str]:
    """Each model over all books: rank by joint score, rejections, and mean level against the reference."""
    places: dict[str, list[float]] = defaultdict(list)
    counts: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        for book in _books(case):
            mine = [s for s in case.scored if s.run.book == book]
            order = np.argsort([s.score.mean() for s in mine])
            base = next(s for s in mine if s.run.model == REFERENCE)
            for place, n in enumerate(order):
                s = mine[n]
                places[s.run.model].append((place + 1) / len(mine))
                counts[s.run.model].append((s.p_count < 0.05, s.p_independent < 0.05, s.p_dynamic < 0.05, s.p_z2 < 0.05,
                                            s.score.mean() - base.score.mean(), s.level / base.level,
                                            s.exceptions / len(s.run.pnl)))  # type: ignore[arg-type]
    rows = ["## Over all books", "", "Ranks are places by mean joint score, as a share of the models run on that book "
            "(0.1 is best). Rejections are at 5 %, of as many books as stand first.", "",
            "| model | books | mean rank | score less reference | ES level / reference | exceptions | count | clusters "
            "| dynamic | Z2 |", "|---|---|---|---|---|---|---|---|---|---|"]
    for model in sorted(places, key=lambda m: float(np.mean(places[m]))):
        c = np.array(counts[model], dtype=float)
        rows.append(f"| {model} | {len(c)} | {np.mean(places[model]):.2f} | {c[:, 4].mean():+.3f} | "
                    f"{np.exp(np.log(c[:, 5]).mean()):.2f} | {c[:, 6].mean():.2%} | {c[:, 0].sum():.0f} | "
                    f"{c[:, 1].sum():.0f} | {c[:, 2].sum():.0f} | {c[:, 3].sum():.0f} |")
    return [*rows, "", *_default(cases, sorted(places, key=lambda m: float(np.mean(places[m])))), ""]


def _default(cases: Sequence[Case], ranked: Sequence[str]) -> list[str]:
    """How the default fares, its worst first."""
    mine = [(case.title, s) for case in cases for s in case.scored if s.run.model == DEFAULT]
    place = ranked.index(DEFAULT) + 1
    lines = [f'The default is "{DEFAULT}", place {place} of {len(ranked)} by mean rank. Rejected at 5 % by count or by '
             f"Z2, of {len(mine)} books:", ""]
    for title, s in sorted(mine, key=lambda pair: min(pair[1].p_count, pair[1].p_z2)):
        if min(s.p_count, s.p_z2) < 0.05:
            lines.append(f"- {title}, {s.run.book}: {s.exceptions} exceptions of {0.01 * len(s.run.pnl):.1f} due (p "
                         f"{s.p_count:.3f}), Z2 {s.z2:+.2f} (p {s.p_z2:.3f})")
    return lines


def section(case: Case) -> list[str]:
    """One history: a table for each book, comparisons over its books, and its crises."""
    run = case.scored[0].run
    days = len(run.pnl)
    lines = [f"## {case.title}", "", f"{days:,} forecasts, {run.dates[0].astype('M8[D]')} to "
             f"{run.dates[-1].astype('M8[D]')}. Basis: {case.label}.", "", *_power(days), ""]
    for book in _books(case):
        lines += [f"### {book}", "", HEADER, "|---|---|---|---|---|---|---|---|---|---|"]
        mine = sorted((s for s in case.scored if s.run.book == book), key=lambda s: float(s.score.mean()))
        for s in mine:
            p_values = f"{s.p_count:.3f} | {s.p_independent:.3f} | {s.p_dynamic:.3f}"
            second = f"{s.z2:+.2f} | {s.critical:+.2f} | {s.p_z2:.3f}"
            lines.append(f"| {s.run.model} | {s.exceptions} of {0.01 * days:.1f} | {p_values} | {second} | "
                         f"{s.score.mean():.3f} | {100 * s.level:.2f} % |")
        lines.append("")
    return lines + _comparisons(case) + _crises(case)


def _power(days: int) -> list[str]:
    """What the tests of so many days can see."""
    count = count_power(days, 0.99, 0.02)
    null = student_null(days, 0.975, degrees=4.0, seed=1, draws=DRAWS)
    deeper = shortfall_power(null, LawAlternative(1.25, 4.0), forecast_degrees=4.0, draws=DRAWS, seed=2)
    chained = HitsAlternative(0.01, 0.1)
    clusters = hits_power(christoffersen, days, chained, seed=3, draws=400).power
    steady = np.ones(days)
    dynamic = hits_power(lambda hits: dynamic_quantile(hits, steady, 0.99), days, chained, seed=4, draws=200).power
    return [f"Power at 5 %: the count sees twice as many exceptions with {count:.0%}; Z2 sees losses a quarter larger "
            f"(Student-t, 4 degrees) with {deeper.power:.0%};",
            "exceptions that bring another the next day with 10 % are seen by the test of clusters with "
            f"{clusters:.0%}, by the dynamic one with {dynamic:.0%}."]


def _comparisons(case: Case) -> list[str]:
    """Joint scores of each model less the reference's, books of one day averaged."""
    scores = {m: np.column_stack([s.score for s in case.scored if s.run.model == m]) for m in _models(case)}
    ranked = sorted(scores, key=lambda model: float(scores[model].mean()))
    lines = [f'All books of a day together. Joint score less that of "{REFERENCE}" and of the best (Diebold-Mariano);',
             "rate of exceptions with its 95 % interval, runs of ten whole days drawn again:", "",
             "| model | less reference | p | less the best | p | exceptions | interval | p |",
             "|---|---|---|---|---|---|---|---|"]
    for model in ranked:
        found = [diebold_mariano(scores[model], scores[other]) for other in (REFERENCE, ranked[0])]
        told = [f"{f.difference:+.4f} | {f.p_value:.3f}" if np.isfinite(f.p_value) else "| " for f in found]
        lines.append(f"| {model} | {told[0]} | {told[1]} | {_pooled(case, model)} |")
    return [*lines, ""]


def _pooled(case: Case, model: str) -> str:
    """Rate of exceptions over all books, its interval, and the p-value of one per cent."""
    runs = [s.run for s in case.scored if s.run.model == model]
    hits = np.column_stack([exceptions(run.pnl, run.value_at_risk) for run in runs])
    found = pooled_coverage(hits, 0.99, seed=5, draws=1000)
    return f"{found.rate:.2%} | {found.interval[0]:.2%} to {found.interval[1]:.2%} | {found.p_value:.3f}"


def _crises(case: Case) -> list[str]:
    """The loss of the worst day of each crisis, and the shortfall that each model forecast for it the day before."""
    dates = case.scored[0].run.dates.astype("M8[D]")
    there = {name: np.flatnonzero((dates >= np.datetime64(a)) & (dates <= np.datetime64(b)))
             for name, (a, b) in CRISES.items()}
    models, runs = _models(case), [s.run for s in case.scored]
    there = {name: rows for name, rows in there.items()
             if any((-run.pnl[rows] > run.expected_shortfall[rows]).any() for run in runs)}
    if not there:
        return []
    lines = ["Crises in which some book lost more than some model's shortfall. The worst day of each: loss, and the "
             "97.5 % shortfall", "forecast for it the day before.", "",
             "| crisis, book | loss | " + " | ".join(models) + " |", "|---" * (2 + len(models)) + "|"]
    for name, rows in there.items():
        for book in _books(case):
            mine = {s.run.model: s.run for s in case.scored if s.run.book == book}
            pnl = mine[models[0]].pnl
            worst = rows[int(np.argmin(pnl[rows]))]
            told = " | ".join(f"{100 * mine[m].forecasts[worst].expected_shortfall:.1f}" for m in models)
            lines.append(f"| {name}, {book} | {-100 * pnl[worst]:.1f} % | {told} |")
    return [*lines, ""]


def _books(case: Case) -> list[str]:
    return list(dict.fromkeys(s.run.book for s in case.scored))


def _models(case: Case) -> list[str]:
    return list(dict.fromkeys(s.run.model for s in case.scored))


HEADER = ("| model | exceptions | count p | clusters p | dynamic p | Z2 | critical 5 % | Z2 p | joint score "
          "| mean ES |")
INTRODUCTION = """# Backtests

Made by `python -m benchmarks.backtests` from market data that is not part of this repository. Each forecast knows the
days before it and nothing else. 99 % value at risk: exceptions, with p-values of Kupiec's count, Christoffersen's
independence and the dynamic quantile test. 97.5 % shortfall: Acerbi and Szekely's second statistic, its critical value
simulated from the model's own forecasts. Joint score: FZ0 at 97.5 %, lower is better; a model that is merely high pays
for it there, and its mean level stands beside. Losses and shortfalls in per cent of capital, of spot for options; nan:
too few exceptions to judge by.
How it is done, which model is the default and why: [backtests](../../docs/explanation/backtests.md).
"""
