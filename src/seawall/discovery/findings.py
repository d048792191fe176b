"""What does a finding say? Which lines, which move, why each looked safe, what is lost together, what would help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from seawall.errors import InputError

KINDS: Final = {
    "netting": "two factors that offset each other while they move together",
    "basis": "a hedge in the same underlying, through a price that can part from it",
    "corner": "lines that lose only where several factors move at once",
    "crowding": "accounts that would have to leave the same market at once",
    "wrong_way": "collateral that falls with what it secures",
}
# Hidden loss, as a share of the whole book's equity, from which a finding is raised; see docs/explanation.
ALARM: Final[Mapping[str, float]] = MappingProxyType(
    {"netting": 0.04, "basis": 0.04, "corner": 0.035, "crowding": 0.03, "wrong_way": 0.015})


class Member(NamedTuple):
    """One line of a finding. alone: its worst loss in any part of the move by itself; together: in the joint move.

    Both in the reporting currency, loss > 0; of a crowded exit, the cost of leaving alone and its share together.
    """

    account: str
    venue: str
    instrument: str
    quantity: float
    alone: float
    together: float


class Part(NamedTuple):
    """A part of the move, or another view of it, in which the lines look safe: what they lose then together."""

    name: str
    loss: float


class Trade(NamedTuple):
    """quantity: to buy, or to sell where negative; contracts."""

    account: str
    venue: str
    instrument: str
    quantity: float


class Remedy(NamedTuple):
    """Trades at today's marks, and the lines' worst loss over the move, its parts and its opposite: before and after.

    before and after: full revaluation, reporting currency, loss > 0; what the trades themselves cost is not in it.
    """

    trades: tuple[Trade, ...]
    before: float
    after: float

    @property
    def removed(self) -> float:
        """How much less is lost."""
        return self.before - self.after


@dataclass(frozen=True)
class Finding:
    """One hidden danger. move: shock of each factor, natural units. parts: how it looks from where it looks safe.

    loss: of the members in the move, currency, loss > 0. hidden: what of it no view of parts shows. equity: of the
    whole book. alarm: share of equity from which such a danger is told. distance: of the move in joint deviations of
    the horizon; chance: of going so far in that one direction, by the Student-t law stated; a move outside what the
    dynamics allow has distance infinity and chance 0, and is told because it has happened elsewhere. evidence: further
    numbers by name.
    """

    kind: str
    members: tuple[Member, ...]
    move: Mapping[str, float]
    parts: tuple[Part, ...]
    loss: float
    hidden: float
    equity: float
    currency: str
    alarm: float
    distance: float
    chance: float
    remedy: Remedy
    evidence: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError("kind of a finding", found=self.kind, wanted=", ".join(KINDS))
        for name in ("move", "evidence"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def accounts(self) -> tuple[str, ...]:
        """Whose lines they are, sorted."""
        return tuple(sorted({member.account for member in self.members}))

    @property
    def share(self) -> float:
        """Hidden loss as a share of equity."""
        return self.hidden / self.equity if self.equity > 0 else float("inf")

    @property
    def severity(self) -> float:
        """Hidden loss in multiples of what raises the alarm: findings are told by falling severity, from 1."""
        return self.share / self.alarm
