"""The page of the margin backtest: coverage, shortfall, swings and cost of every model, by kind and by account."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.margin_backtest_data import EACH, LENDING, OPTION_GROUPS, PERPETUALS_ONLY, SEED, TAKE_OPTIONS
from seawall.formats.margin_models import margin_models
from seawall.model.arrays import Bools, Floats
from seawall.study.margin_backtest import MarginStudy
from seawall.study.margin_calibration import Schedule, common, equal_level, walk_forward
from seawall.study.margin_scores import (
    Coverage,
    Interval,
    Shortfall,
    account_tests,
    coverage,
    cycle,
    missing,
    per_gross,
    shortfall,
)

TARGET = 0.99
SCHEDULE = Schedule(TARGET, 60, 10)
LEVELS = (1.0, 0.5)  # of the models' mean level: as it is, and where it begins to hurt
SECTIONS = (
    ("Options", OPTION_GROUPS, TAKE_OPTIONS),
    ("Perpetuals alone", ("perpetuals",), (*TAKE_OPTIONS, *PERPETUALS_ONLY)),
    ("Coins on borrowed dollars", ("borrowed spot",), LENDING),
)


class View:
    """A study cut to some groups, with the models that take them."""

    def __init__(self, study: MarginStudy, groups: Sequence[str], models: Sequence[str]) -> None:
        self.study = study
        self.at: Bools = np.isin(study.groups.astype(str), list(groups))
        self.models = [name for name in models if name in study.models]
        self.gross: Floats = study.gross[:, self.at]
        self.kinds = study.groups[self.at]

    def loss(self, horizon: int = 1) -> Floats:
        """(T,A) loss over the horizon."""
        return -self.study.pnl[horizon][:, self.at]

    def initial(self, model: str) -> Floats:
        """(T,A) wealth that the model wants of a new account."""
        return np.asarray(self.study.initial[self.study.model(model)][:, self.at])

    def maintenance(self, model: str) -> Floats:
        """(T,A) wealth that it wants of one that is to stay."""
        return np.asarray(self.study.maintenance[self.study.model(model)][:, self.at])

    def level(self, model: str) -> float:
        """Mean initial requirement per gross notional over what is judged."""
        asked = self.initial(model)
        return per_gross(asked, self.gross, np.isfinite(asked) & np.isfinite(self.loss()))


def page(study: MarginStudy, seconds: Callable[[], float]) -> str:
    """The whole page."""
    lines = [*_head(study)]
    for title, groups, models in SECTIONS:
        view = View(study, groups, models)
        lines += [f"## {title}", "", *_overall(view)]
        if len(groups) > 1:
            lines += [*_by_kind(study, groups, models), *_two_days(view)]
        lines += [*_accounts(view), *_ranking(view)]
        if len(groups) > 1:
            lines += _ranking_by_kind(study, groups, models)
        lines += _calibrated(view, separate=len(groups) > 1)
        if len(groups) > 1:
            lines += _worst_days(view)
    return "\n".join([*lines, *_machine(seconds())]) + "\n"


def _overall(view: View) -> list[str]:
    rows = []
    for name in view.models:
        asked, loss = view.initial(name), view.loss()
        covered, short, swing = coverage(loss, asked), shortfall(loss, asked, view.gross), cycle(asked, view.gross)
        kept = coverage(loss, view.maintenance(name), draws=2).rate
        rises = " / ".join(_percent(swing.rises[n], 0) for n in (1, 5, 30))
        rows.append((name, margin_models()[name].grade, f"{covered.rate:.3%} {_between(covered.interval, 2)}",
                     f"{kept:.3%}", _bare(covered, short), _sized(short.mean, short.mean_interval),
                     _sized(short.high, short.high_interval), _percent(short.worst, 0), _percent(view.level(name), 2),
                     f"{swing.peak_to_trough:.2f}", rises))
    head = ("model", "grade", "coverage (95 %)", "by maintenance", "bare", "shortfall: mean (95 %)", "95th (95 %)",
            "worst", "level", "peak / trough", "rise 1 / 5 / 30")
    return [*_table(head, rows), "",
            "One day ahead, initial requirement, all accounts together; beside it what maintenance alone covers.",
            "Shortfall as a share of the requirement, of account-days that were bare; of nothing: where there was no",
            "requirement to take a share of. Level: mean requirement per gross notional. Peak over trough, and the",
            "largest rises over 1, 5 and 30 evenings, are of all accounts as one book.", ""]


def _by_kind(study: MarginStudy, groups: Sequence[str], models: Sequence[str]) -> list[str]:
    views = [View(study, (group,), models) for group in groups]
    def told(what: str, cell: Callable[[View, str], str]) -> list[str]:
        rows = [(name, *(cell(view, name) for view in views)) for name in views[0].models]
        return [f"{what}:", "", *_table(("model", *groups), rows), ""]
    return [
        "### By kind", "",
        *told("Coverage one day ahead", lambda v, m: f"{coverage(v.loss(), v.initial(m), draws=2).rate:.2%}"),
        *told("Coverage one day ahead by maintenance alone",
              lambda v, m: f"{coverage(v.loss(), v.maintenance(m), draws=2).rate:.2%}"),
        *told("Mean shortfall, share of the requirement",
              lambda v, m: _percent(shortfall(v.loss(), v.initial(m), v.gross, draws=2).mean, 0)),
        *told("Mean requirement per gross notional", lambda v, m: _percent(v.level(m), 2)),
        *told("Peak over trough of the kind's requirement",
              lambda v, m: f"{cycle(v.initial(m), v.gross).peak_to_trough:.2f}"),
        *told("Largest rise over five evenings", lambda v, m: _percent(cycle(v.initial(m), v.gross).rises[5], 0)),
    ]


def _two_days(view: View) -> list[str]:
    rows = []
    for name in view.models:
        loss, asked = view.loss(2), view.initial(name)
        covered, short = coverage(loss, asked), shortfall(loss, asked, view.gross)
        kept = coverage(loss, view.maintenance(name), draws=2).rate
        rows.append((name, f"{covered.rate:.3%} {_between(covered.interval, 2)}", f"{kept:.3%}", _bare(covered, short),
                     _sized(short.mean, short.mean_interval), _sized(short.high, short.high_interval),
                     _percent(short.worst, 0)))
    head = ("model", "coverage (95 %)", "by maintenance", "bare", "shortfall: mean (95 %)", "95th (95 %)", "worst")
    return ["### Two days ahead", "", *_table(head, rows), ""]


def _accounts(view: View) -> list[str]:
    rows, tests = [], None
    for name in view.models:
        tests = account_tests(view.loss(), view.initial(name), TARGET)
        rows.append((name, f"{tests.worst:.1%}", f"{tests.low:.1%}", f"{tests.too_many} of {tests.accounts}",
                     f"{tests.clustered} of {tests.told}"))
    if tests is None:
        return []
    head = ("model", "worst account", "account at 5 %", "too many bare days (Kupiec)", "in runs (Christoffersen)")
    return ["### Account by account", "", *_table(head, rows), "",
            f"Tests at 5 % against {1 - TARGET:.0%} of bare days, {tests.days} days an account. Power: the count sees "
            f"twice as many with {tests.power[0]:.0%}; runs, where a bare",
            f"day brings another with a chance of 30 %, are seen with {tests.power[1]:.0%}. Accounts share their days: "
            "rejections come together.", ""]


def _ranking(view: View) -> list[str]:
    loss, asked = view.loss(), {name: view.initial(name) for name in view.models}
    where = common(loss, asked)
    mean = float(np.mean([per_gross(a, view.gross, where) for a in asked.values()]))
    lines = ["### At equal cost", ""]
    for share in LEVELS:
        ranked = equal_level(loss, asked, view.gross, share * mean)
        if not ranked[-1].shortfall:
            lines += [f"Scaled to a mean of {share * mean:.2%} of gross, no model leaves anything missing.", ""]
            continue
        rows = [(r.model, f"{r.factor:.2f}", f"{r.covered:.3%}", f"{1e4 * r.shortfall:.3f} {_points(r.interval)}",
                 f"{1e4 * r.behind:.3f} {_points(r.behind_interval)}")
                for r in ranked]
        lines += [f"Each model scaled to a mean of {share * mean:.2%} of gross notional"
                  f"{'' if share == 1 else f', {share:g} of what they ask on average'}:", "",
                  *_table(("model", "factor", "coverage", "shortfall, bp of gross (95 %)", "behind the best (95 %)"),
                          rows), ""]
    return lines


def _ranking_by_kind(study: MarginStudy, groups: Sequence[str], models: Sequence[str]) -> list[str]:
    """What is missing in each kind when every model costs the same in it."""
    columns: list[dict[str, str]] = []
    for group in groups:
        view = View(study, (group,), models)
        loss, asked = view.loss(), {name: view.initial(name) for name in view.models}
        where = common(loss, asked)
        level = LEVELS[-1] * float(np.mean([per_gross(a, view.gross, where) for a in asked.values()]))
        ranked = equal_level(loss, asked, view.gross, level)
        columns.append({r.model: f"{1e4 * r.shortfall:.3f} ({n + 1})" for n, r in enumerate(ranked)})
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    return [f"Kind by kind, each model scaled to {LEVELS[-1]:g} of what the models ask of that kind on average; "
            "shortfall in bp of gross, and place:", "", *_table(("model", *groups), rows), ""]


def _calibrated(view: View, *, separate: bool) -> list[str]:
    rows = []
    loss = view.loss()
    for name in view.models:
        asked = view.initial(name)
        cells = [name]
        for groups in (None, view.kinds) if separate else (None,):
            cells += _after(view, loss, asked, walk_forward(loss, asked, 1, SCHEDULE, groups=groups))
        rows.append(tuple(cells))
    once = ("factor, first to last", "coverage before", "after (95 %)", "level before", "after", "shortfall after, bp")
    names = ([f"all: {h}" for h in once] + [f"each kind: {h}" for h in once]) if separate else list(once)
    return [
        f"### Calibrated to {TARGET:.0%} on the past alone", "", *_table(("model", *names), rows), "",
        f"One factor on every requirement, made on evening {SCHEDULE.first} and every {SCHEDULE.refit} thereafter from "
        "outcomes known by then; figures are of the evenings after it.",
        *(["All: coverage of all account-days together; each kind: the target is reached in every kind by itself."]
          if separate else []), "",
    ]


def _after(view: View, loss: Floats, asked: Floats, factor: Floats) -> list[str]:
    live = np.isfinite(factor) & np.isfinite(loss).any(axis=1)
    if not live.any() or not np.isfinite(factor[live]).all():
        return ["none", *[""] * 5]
    used, before, gross = loss[live], asked[live], view.gross[live]
    after = before * factor[live][:, None]
    found = coverage(used, after)
    where = np.isfinite(used) & np.isfinite(before)
    return [f"{factor[live][0]:.2f} to {factor[live][-1]:.2f}", f"{coverage(used, before, draws=2).rate:.2%}",
            f"{found.rate:.2%} {_between(found.interval, 1)}", _percent(per_gross(before, gross, where), 2),
            _percent(per_gross(after, gross, where), 2), f"{1e4 * np.nanmean(missing(used, after, gross)):.2f}"]


def _worst_days(view: View) -> list[str]:
    """The evenings after which most accounts were bare, over all models."""
    loss = view.loss()
    bare = {name: (loss > view.initial(name)) for name in view.models}
    total = np.sum([b.sum(axis=1) for b in bare.values()], axis=0)
    worst = [t for t in np.argsort(-total, kind="stable")[:6] if total[t]]
    rows = [(str(view.study.dates[t])[:10], *(f"{int(b[t].sum())}" for b in bare.values())) for t in worst]
    return ["### The days that hurt", "", *_table(("evening before", *view.models), rows), "",
            f"Accounts, of {loss.shape[1]:,}, that lost more by the next evening than was required of them.", ""]


def _head(study: MarginStudy) -> list[str]:
    first, last = (str(study.dates[n])[:10] for n in (0, -1))
    told = [f"- {h} {'day' if h == 1 else 'days'} ahead: {int(np.isfinite(study.pnl[h]).sum()):,} account-days judged"
            + "".join(f"; {count:,} {why}" for why, count in sorted(study.lacking[h].items())) + "."
            for h in sorted(study.pnl)]
    told += [f"- Largest loss of an account with nothing but perpetuals, {h} {'day' if h == 1 else 'days'} ahead: "
             f"{_worst(study, h):.1%} of gross notional." for h in sorted(study.pnl)]
    absent = [n for _, _, models in SECTIONS for n in models if n not in study.models]
    return [INTRODUCTION, f"{len(study.dates)} evenings from {first} to {last}, BTC and ETH, {len(study.accounts):,} "
            f"accounts: {EACH} of each kind, seed {SEED}.", *told,
            *([f"Not installed: {', '.join(dict.fromkeys(absent))}."] if absent else []), ""]


def _worst(study: MarginStudy, horizon: int) -> float:
    mine = study.members("perpetuals")
    return float(-np.nanmin(study.pnl[horizon][:, mine] / study.gross[:, mine]))


def _machine(seconds: float) -> list[str]:
    return ["## Made on", "", f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy "
            f"{np.__version__}, {platform.system()}; {seconds:.0f} seconds for reading, margining, judging and this "
            "page, two processes."]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    named = [line.split(":", 1)[1].strip() for line in info.read_text(encoding="utf-8").splitlines()
             if line.startswith("model name")] if info.exists() else []
    return named[0] if named else platform.machine()


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> list[str]:
    titles = list(head)
    return ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|", *("| " + " | ".join(r) + " |" for r in rows)]


def _bare(covered: Coverage, short: Shortfall) -> str:
    return f"{covered.bare:,}" + (f", {short.without:,} of nothing" if short.without else "")


def _percent(value: float, digits: int) -> str:
    return f"{value:.{digits}%}" if np.isfinite(value) else "-"


def _between(interval: Interval, digits: int) -> str:
    return f"({interval[0]:.{digits}%} to {interval[1]:.{digits}%})"


def _points(interval: Interval) -> str:
    return f"({1e4 * interval[0]:.3f} to {1e4 * interval[1]:.3f})"


def _sized(value: float, interval: Interval) -> str:
    return f"{value:.0%} {_between(interval, 0)}" if np.isfinite(value) else "-"


INTRODUCTION = """# Margin backtest

Made by `python -m benchmarks.margin_backtest` from daily Deribit chains that are not part of this repository. The same
synthetic accounts are struck anew each evening on listed contracts, margined under every crypto venue's preset and our
own, and judged by the venue's own marks one and two days later. A requirement is the wealth in dollars with which an
account is just admitted, whatever a model counts as owned. Grades: exact, documented or approximate are the presets'
own word on how near they are to the venue; a figure here is of the preset, not of the venue.
How it is done, and what it cannot say: [margin backtest](../../docs/explanation/margin-backtest.md).
"""
