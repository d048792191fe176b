"""What did a question about margin find? Claims made by rules on the numbers; neutral where no claim holds."""

from __future__ import annotations

from collections.abc import Sequence

from seawall import words
from seawall.model.margin_report import AccountMargin, MarginPart, MarginReport
from seawall.report.tail_titles import Said
from seawall.words import counted, joined, percent, short

BELOW = ("liquidatable", "bankrupt")
NAMED = 3


def margin(report: MarginReport) -> Said:
    """Who is below which requirement; else how much of equity the most used account has in use."""
    below = {a.account for a in report.accounts if a.status in BELOW}
    warned = {a.account for a in report.accounts if a.status == "warning"} - below
    totals = [m.initial for m in report.models if m.initial is not None]
    asked = f"Initial margin of all accounts: {short(min(totals), 3)}" if totals else ""
    if len(totals) > 1:
        asked += f" to {short(max(totals), 3)} by {counted(len(totals), 'model')}"
    lede = f"{asked}. " if asked else ""
    if below:
        verb = "is" if len(below) == 1 else "are"
        named = _named(sorted(below))
        return Said("failing", f"{named} {verb} below maintenance under {_models(report, below)}", lede)
    if warned:
        verb = "is" if len(warned) == 1 else "are"
        return Said("act today", f"{_named(sorted(warned))} {verb} below the initial requirement: no new risk", lede)
    used = max((a for a in report.accounts if a.usage is not None), key=lambda a: a.usage or 0.0, default=None)
    if used is None:
        return Said("watch", "No account could be assessed", lede)
    sentence = f"Every account is above its requirement; {used.account} has most in use, " \
               f"{percent(used.usage, 0)} under {used.model}"
    return Said("quiet" if report.head.complete else "watch", sentence, lede)


def explained(account: AccountMargin, parts: Sequence[MarginPart]) -> str:
    """One account's requirement in words: how much, by which term and scenario, and how much hedging takes off."""
    if account.initial is None:
        return f"{account.account} could not be assessed under {account.model}"
    sums: dict[tuple[str, str], float] = {}
    for part in parts:
        key = (part.term, part.scenario)
        sums[key] = sums.get(key, 0.0) + part.amount
    if not sums:
        return f"{account.model} asks nothing of {account.account}"
    (term, scenario), most = max(sums.items(), key=lambda item: item[1])
    where = f", where {scenario} binds" if scenario else ""
    share = f"{percent(most / account.initial, 0)} of it " if account.initial > 0 else ""
    relief = -sum(p.amount for p in parts if p.amount < 0)
    hedged = f"; lines that gain there take {short(relief, 3)} off" if relief > 0 else ""
    chord = "; some parts are shares of a charge that is not linear" if any(p.chord for p in parts) else ""
    return f"{account.model} asks {short(account.initial, 3)} of {account.account}: {share}{term}{where}{hedged}{chord}"


def _models(report: MarginReport, below: set[str]) -> str:
    """Which models say so; all of them where they agree."""
    names = sorted({a.model for a in report.accounts if a.account in below and a.status in BELOW})
    return "every model" if len(names) == len(report.models) > 1 else joined(names)


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return joined([*names[:NAMED], *([f"{words.in_words(more)} more"] if more > 0 else [])])
