"""What did a question about margin find? Claims made by rules on the numbers; neutral where no claim holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seawall import words
from seawall.model.margin_report import AccountMargin, Disagreement, MarginPart, MarginReport
from seawall.report.tail_titles import Said
from seawall.words import joined, percent, short

BELOW = ("liquidatable", "bankrupt")
NAMED, LEAST_PART = 3, 0.005
WORST = "worst"
LEVELS = {"spot": "", "volatility": " volatility"}


def margin(report: MarginReport) -> Said:
    """Who is below which requirement; else how much of equity the most used account has in use."""
    below = {a.account for a in report.accounts if a.status in BELOW}
    warned = {a.account for a in report.accounts if a.status == "warning"} - below
    lede = _asked(report)
    if below:
        verb = "is" if len(below) == 1 else "are"
        named = _named([a.account for a in report.accounts if a.status in BELOW])
        return Said("failing", f"{named} {verb} below maintenance under {_models(report, below)}", lede)
    if warned:
        verb = "is" if len(warned) == 1 else "are"
        return Said("act today", f"{_named(sorted(warned))} {verb} below the initial requirement: no new risk", lede)
    used = max((a for a in report.accounts if a.usage is not None), key=lambda a: a.usage or 0.0, default=None)
    if used is None:
        return Said("watch", "No account could be assessed", lede)
    sentence = f"Every account is above its requirement; {used.account} has most in use, " \
               f"{percent(used.usage, 0)} under {used.model}"
    if not report.head.complete:
        sentence = sentence.replace("Every account", "Every account that could be assessed")
    return Said("quiet" if report.head.complete else "watch", sentence, lede)


def _asked(report: MarginReport) -> str:
    """How much all accounts need, by the least and the most."""
    totals = sorted((m.initial, m.name) for m in report.models if m.initial is not None)
    if not totals:
        return ""
    if len(totals) == 1:
        return f"Initial margin of all accounts: {short(totals[0][0], 3)}."
    (least, low), (most, high) = totals[0], totals[-1]
    return f"Initial margin of all assessed accounts: from {short(least, 3)} by {low} to {short(most, 3)} by {high}."


def explained(account: AccountMargin, parts: Sequence[MarginPart]) -> str:
    """One account's requirement in words: how much, by which term and scenario, and how much hedging takes off."""
    if account.initial is None:
        return f"{account.account} could not be assessed under {account.model}"
    sums: dict[tuple[str, str], float] = {}
    for part in parts:
        key = (part.term, part.scenario)
        sums[key] = sums.get(key, 0.0) + part.amount
    if not sums or not account.initial > 0:
        return f"{account.model} asks nothing of {account.account}"
    (term, scenario), most = max(sums.items(), key=lambda item: item[1])
    where = f", where {scenario} binds" if scenario else ""
    relief = -sum(p.amount for p in parts if p.amount < 0)
    hedged = f"; lines that gain there take {short(relief, 3)} off" if relief > 0 else ""
    share = percent(most / account.initial, 0)
    return f"{account.model} asks {short(account.initial, 3)} of {account.account}: " \
           f"{share} of it by {term}{where}{hedged}"


def differs(d: Disagreement) -> str:
    """Which two models are furthest apart on an account, and by how much."""
    if not d.lowest > 0:
        return f"{d.account}: {d.high} asks {short(d.highest, 3)} where {d.low} asks nothing"
    times = f", {words.multiple(d.highest / d.lowest, 1)} as much" if d.highest > 1.05 * d.lowest else ""
    return f"{d.account}: {d.high} asks {short(d.highest, 3)} where {d.low} asks {short(d.lowest, 3)}{times}"


def account_named(report: MarginReport) -> str:
    """The account that was asked about by name; none where the whole book was."""
    named = {row.account for told in (report.changes, report.distances) for row in told}
    if not named and len({a.account for a in report.accounts}) == 1:
        named = {a.account for a in report.accounts}
    return named.pop() if len(named) == 1 else ""


def state(a: AccountMargin) -> str:
    """The state's word; what a model counts as owned may be less than nothing where the account is solvent."""
    return "Below zero" if a.status == "bankrupt" else words.STATUS.get(a.status, a.status)


def some(names: Sequence[str], most: int) -> str:
    """A few names, the rest by number; none where there is none."""
    more = len(names) - most
    return joined([*names[:most], *([f"{more:,} more"] if more > 0 else [])]) or "none"


class Reach(NamedTuple):
    """One factor under one model: the nearest fall and rise that reach maintenance. probed: how far each side was
    looked at, None where it was not."""

    what: str
    name: str
    model: str
    move: tuple[float | None, float | None]
    level: tuple[float | None, float | None]
    probed: tuple[float | None, float | None]


def reaches(report: MarginReport) -> list[Reach]:
    """Falls and rises side by side, factor by factor, the nearest first; a factor that ends no account last."""
    sides: dict[tuple[str, str], list[list[float | None]]] = {}
    for d in report.distances:
        if d.what == WORST:
            continue
        found = sides.setdefault((d.what, d.model), [[None, None], [None, None], [None, None]])
        now = d.move == 0
        for side in (0, 1) if now else (int((d.probed if d.move is None else d.move) > 0),):
            found[0][side], found[1][side], found[2][side] = d.move, d.level, d.probed
    rows = [Reach(what, factor(what), model, *(_pair(v) for v in values)) for (what, model), values in sides.items()]
    nearest: dict[str, float] = {}
    for r in rows:
        nearest[r.what] = min(nearest.get(r.what, 9e9), _near(r))
    return sorted(rows, key=lambda r: (nearest[r.what], r.what, _near(r), r.model))


def untouched(rows: Sequence[Reach]) -> str:
    """Factors that no move as far as was looked takes to maintenance, in words; none where there is no such one."""
    ended = {r.what for r in rows if any(m is not None for m in r.move)}
    ends: dict[str, list[str]] = {}
    for r in rows:
        if r.what not in ended and r.name not in ends:
            ends[r.name] = [percent(p, 0, sign=True) for p in r.probed if p is not None]
    told = [f"{name} ({' to '.join(probed)})" for name, probed in ends.items()]
    return f"No move of {joined(told)} alone does." if told else ""


def jointly(report: MarginReport) -> list[str]:
    """Per model the joint move that takes most of an account's cushion, and how far along it the account ends."""
    out, far = [], [d for d in report.distances if d.what == WORST and d.move is None]
    for d in report.distances:
        if d.what != WORST or not d.move:
            continue
        parts = sorted(d.joint, key=lambda pair: (-abs(pair[1]), pair[0]))
        told = [f"{factor(key)} {percent(share, 0, sign=True)}" for key, share in parts if abs(share) >= LEAST_PART]
        size = words.number(d.move, 1)
        out.append(f"{d.model}: the end is {size} one-day deviations off along the worst joint move, "
                   f"{some(told, NAMED)}.")
    if far:
        out.append(f"{joined([d.model for d in far])}: no end along the worst joint move, to {far[0].probed:g} one-day "
                   "deviations.")
    return out


def _pair(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    return values[0], values[1]


def _near(r: Reach) -> float:
    return min((abs(m) for m in r.move if m is not None), default=9e9)


def factor(what: str) -> str:
    """``BTC``, ``BTC volatility``: a factor in words."""
    kind, _, qualifier = what.partition(":")
    name = " ".join(part.partition("T")[0] if part[:1].isdigit() else part for part in qualifier.split(":")[:2])
    return f"{name}{LEVELS.get(kind, f' {kind}')}" if name else what


def at_level(what: str, level: float | None) -> str:
    """A price with its digits, a volatility in percent."""
    if level is None:
        return words.DASH
    return percent(level, 0) if what.startswith("volatility:") else words.number(level, 0 if level >= 1000 else 4)


def _models(report: MarginReport, below: set[str]) -> str:
    """Which models say so; all of them where they agree."""
    by = {account: {a.model for a in report.accounts if a.account == account and a.status in BELOW}
          for account in below}
    names = sorted(set().union(*by.values()))
    agreed = all(len(models) == len(report.models) for models in by.values())
    if len(report.models) > 1 and agreed:
        return "every model"
    alike = len({frozenset(models) for models in by.values()}) == 1
    return joined(names) if alike else f"one or more of {joined(names)}"


def _named(names: Sequence[str]) -> str:
    found = list(dict.fromkeys(names))
    more = len(found) - NAMED
    return joined([*found[:NAMED], *([f"{words.in_words(more)} more"] if more > 0 else [])])
