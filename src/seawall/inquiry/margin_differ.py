"""Where do models differ most, and in what? Per account the two furthest apart, and the positions that part them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from seawall.margin.holdings import Holdings
from seawall.margin.plan import Contributions
from seawall.model.arrays import Floats, Ints
from seawall.model.margin_report import Disagreement

NAMED, LEAST_SHARE = 2, 0.05
PLURAL = {"option": "options", "future": "futures", "perpetual": "perpetuals", "wrapped": "wrapped tokens",
          "unrealised": "unrealised gains"}


class Told(Protocol):
    """One model's word on every account."""

    @property
    def name(self) -> str:
        """The model."""

    @property
    def initial(self) -> Floats:
        """(A) requirement; NaN where an account is unknown."""

    @property
    def contributions(self) -> Contributions:
        """Its parts by line."""

    @property
    def binding(self) -> Sequence[str]:
        """(A) the scenario that binds."""


def disagreements(found: Sequence[Told], held: Holdings) -> tuple[Disagreement, ...]:
    """Per account the two models furthest apart, widest ratio first; none where all agree or only one can tell."""
    if len(found) < 2:
        return ()
    groups, names = _groups(held)
    parts = [_by_group(m, held, groups, len(names)) for m in found]
    initial = np.array([m.initial for m in found])
    out = []
    for a, account in enumerate(held.accounts):
        usable = np.flatnonzero(np.isfinite(initial[:, a]))
        if len(usable) < 2:
            continue
        high, low = usable[np.argmax(initial[usable, a])], usable[np.argmin(initial[usable, a])]
        if not initial[high, a] > initial[low, a]:
            continue
        why = "; ".join(filter(None, (_shares(parts[high][a] - parts[low][a], names),
                                      _bound(found[high], found[low], a))))
        out.append(Disagreement(account, found[high].name, found[low].name, float(initial[high, a]),
                                float(initial[low, a]), why))
    return tuple(sorted(out, key=lambda d: (-(d.highest - d.lowest) / max(d.highest, 1e-300), d.account)))


def _groups(held: Holdings) -> tuple[Ints, list[str]]:
    """(J) group of each line by underlying and kind, and what groups are called."""
    labels = held.columns.labels
    told = np.array([_called(u, k) for u, k in zip(labels["underlying"], labels["kind"], strict=True)], dtype=object)
    names, code = np.unique(told, return_inverse=True)
    return code[held.lines.instrument].astype(np.int64), [str(name) for name in names]


def _called(underlying: str, kind: str) -> str:
    return f"{underlying} {PLURAL.get(kind, kind)}".strip()


def _by_group(m: Told, held: Holdings, groups: Ints, wide: int) -> Floats:
    """(A,G) what each account's groups of lines add to the requirement."""
    accounts = len(held.accounts)
    amounts = np.nan_to_num(m.contributions.by_line * np.ones(len(held.quantity)))
    sums = np.bincount(held.lines.account * wide + groups, amounts, accounts * wide)
    return np.asarray(sums, dtype=np.float64).reshape(accounts, wide)


def _shares(gap: Floats, names: Sequence[str]) -> str:
    """In which positions the gap lies: shares of it, largest first, and what goes against it."""
    total = float(gap.sum())
    if not total > 0:
        return "the gap lies in charges of no single line"
    share = gap / total
    most = [g for g in np.argsort(-share, kind="stable")[:NAMED] if share[g] > LEAST_SHARE]
    against = [g for g in np.argsort(share, kind="stable")[:1] if share[g] < -LEAST_SHARE]
    told = " and ".join(f"{share[g]:.0%} in {names[g]}" for g in most[1:])
    first = most[0]
    head = "the gap lies in" if share[first] > 0.995 and not against else f"{share[first]:.0%} of the gap lies in"
    body = f"{head} {names[first]}" + (f", {told}" if told else "")
    return body + "".join(f", {names[g]} make {-share[g]:.0%} of it up" for g in against)


def _bound(high: Told, low: Told, account: int) -> str:
    """Which scenario binds in each, where either has one."""
    above, below = high.binding[account], low.binding[account]
    if not (above or below):
        return ""
    if above == below:
        return f"{above} binds in both"
    return f"{above or 'no scenario'} binds in {high.name}, {below or 'no scenario'} in {low.name}"
