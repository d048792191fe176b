"""Are we safe? One sentence, by rules, the worst that holds first.

Order: an account insolvent, an account under its scan, a limit breached, an account near its scan, a limit near or
not known, something not assessed, quiet. A book of which part could not be assessed is never called quiet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seawall.model.report import AccountRow, Verdict
from seawall.model.results import LimitUse
from seawall.words import capital, in_words, short

FAILING, ACT, WATCH, QUIET = "failing", "act today", "watch", "quiet"
NEAR_SCAN = 0.8
CLOSE_MOVE = 0.1


class Facts(NamedTuple):
    """What the verdict is read from.

    unplaced: rows that could not be read and name no account. doubts: what else is not known, each a clause.
    """

    accounts: Sequence[AccountRow]
    limits: Sequence[LimitUse]
    currency: str
    unplaced: int = 0
    doubts: tuple[str, ...] = ()


def verdict(facts: Facts) -> Verdict:
    """Status, sentence and what qualifies it."""
    known = [a for a in facts.accounts if a.status != "unknown"]
    for rule in (_insolvent, _under_scan, _breached, _near_scan, _near_limit):
        found = rule(facts, known)
        if found is not None:
            return Verdict(*found, _lede(facts, known))
    missing = len(known) < len(facts.accounts) or facts.unplaced or facts.doubts
    if missing:
        return Verdict(WATCH, _unassessed_sentence(facts), _lede(facts, known))
    return Verdict(QUIET, _quiet(known), _lede(facts, known))


def _insolvent(_: Facts, known: Sequence[AccountRow]) -> tuple[str, str] | None:
    broke = sorted((a for a in known if a.status == "bankrupt"), key=lambda a: a.equity or 0.0)
    if not broke:
        return None
    worst = broke[0]
    more = f", and {in_words(len(broke) - 1)} more" if len(broke) > 1 else ""
    return FAILING, f"{worst.account} is insolvent: it owes {short(-(worst.equity or 0.0))} more than it owns{more}"


def _under_scan(_: Facts, known: Sequence[AccountRow]) -> tuple[str, str] | None:
    under = sorted((a for a in known if a.status == "liquidatable"), key=lambda a: -(a.used or 0.0))
    if not under:
        return None
    worst = under[0]
    more = f", and {in_words(len(under) - 1)} more" if len(under) > 1 else ""
    return FAILING, (f"{worst.account} no longer covers its scan: equity {short(worst.equity or 0.0)}, "
                     f"worst grid loss {short(worst.scan or 0.0)}{more}")


def _breached(facts: Facts, known: Sequence[AccountRow]) -> tuple[str, str] | None:
    broken = [use for use in facts.limits if use.state == "breached"]
    if not broken:
        return None
    count = f"{in_words(len(broken))} of {in_words(len(facts.limits))} limits {_are(len(broken))} breached"
    nearest = _nearest(known)
    if nearest is not None and abs(nearest[1]) <= CLOSE_MOVE:
        return ACT, f"{_every(facts)} covers its scan, but {_fall(nearest)}; {count}"
    return ACT, f"{_every(facts)} covers its scan, but {count}: {named(broken[0])}{_at(broken[0])}"


def _every(facts: Facts) -> str:
    """Who covers: all that could be assessed, which is not to be mistaken for all."""
    seen = all(a.status != "unknown" for a in facts.accounts) and not facts.unplaced
    return "Every account" if seen else "Every assessed account"


def _at(use: LimitUse) -> str:
    return "" if use.used is None else f" at {use.used:.0%}"


def _near_scan(facts: Facts, known: Sequence[AccountRow]) -> tuple[str, str] | None:
    nearest = _nearest(known)
    if nearest is None:
        return None
    account, move = nearest
    if not ((account.used or 0.0) >= NEAR_SCAN or abs(move) <= CLOSE_MOVE):
        return None
    return ACT, f"{_every(facts)} covers its scan, but {_fall(nearest)}{_chance(account)}"


def _near_limit(facts: Facts, _: Sequence[AccountRow]) -> tuple[str, str] | None:
    near = [use for use in facts.limits if use.state in ("near", "unknown")]
    if not near:
        return None
    words = "near its bound" if near[0].state == "near" else "not known"
    more = f" and {in_words(len(near) - 1)} more" if len(near) > 1 else ""
    return WATCH, f"{_every(facts)} covers its scan; {named(near[0])}{more} {_are(len(near))} {words}"


def named(use: LimitUse) -> str:
    """The limit by its own name, else by measure and scope."""
    limit = use.limit
    if limit.name:
        return limit.name
    scope = "" if limit.scope == "total" else f" of {limit.scope.split('=', 1)[-1]}"
    return limit.measure.replace("_", " ") + scope


def _quiet(known: Sequence[AccountRow]) -> str:
    nearest = _nearest(known)
    if nearest is None:
        return "Every account covers its scan at every joint move on the ladder, and no limit is near"
    account, move = nearest
    way = "fall" if move < 0 else "rise"
    return f"No limit is near, and every account covers its scan: the nearest, {account.account}, until a " \
           f"{abs(move):.1%} joint {way}"


def _nearest(known: Sequence[AccountRow]) -> tuple[AccountRow, float] | None:
    """The account whose scan is reached by the smallest joint move, and that move."""
    reach = [(a, move) for a in known for move in (a.down, a.up) if move is not None]
    return min(reach, key=lambda pair: (abs(pair[1]), pair[0].account), default=None)


def _fall(nearest: tuple[AccountRow, float]) -> str:
    account, move = nearest
    way = "fall" if move < 0 else "rise"
    return f"a {abs(move):.1%} joint {way} takes {account.account} below it"


def _chance(account: AccountRow) -> str:
    if account.chance is None:
        return ""
    share = "under 1" if account.chance < 0.01 else f"{100 * account.chance:.0f}"
    return f"; {share} in 100 scenarios cost it more than it can spare"


def _lede(facts: Facts, known: Sequence[AccountRow]) -> str:
    parts = []
    unknown = [a.account for a in facts.accounts if a.status == "unknown"]
    if unknown:
        more = f" and {in_words(len(unknown) - 3)} more" if len(unknown) > 3 else ""
        names = ", ".join(unknown[:3]) + more
        parts.append(f"{capital(in_words(len(unknown)))} account{_s(len(unknown))} of {in_words(len(facts.accounts))}, "
                     f"{names}, could not be assessed; every total below is partial without {_it(len(unknown))}.")
    if facts.unplaced:
        parts.append(f"{capital(in_words(facts.unplaced))} row{_s(facts.unplaced)} named no account; "
                     "every total below is partial without them.")
    parts += [f"{capital(doubt)}." for doubt in facts.doubts]
    states = [use.state for use in facts.limits]
    if states:
        parts.append(f"Limits: {in_words(states.count('breached'))} breached, {in_words(states.count('near'))} near, "
                     f"{in_words(states.count('within'))} within"
                     + (f", {in_words(states.count('unknown'))} not known." if "unknown" in states else "."))
    if known:
        equity = sum(a.equity or 0.0 for a in known)
        parts.append(f"Equity of the assessed accounts: {short(equity)} {facts.currency}.")
    return " ".join(parts)


def _unassessed_sentence(facts: Facts) -> str:
    count = sum(a.status == "unknown" for a in facts.accounts)
    if count and count == len(facts.accounts):
        return "No account could be assessed" if count > 1 else "The only account could not be assessed"
    covers = "What could be assessed covers its scan"
    if count:
        return f"{covers}, but {in_words(count)} of {in_words(len(facts.accounts))} accounts could not be assessed"
    return f"{covers}, but {'rows of the book could not be read' if facts.unplaced else facts.doubts[0]}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _it(count: int) -> str:
    return "it" if count == 1 else "them"
