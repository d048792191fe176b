"""What is safe alone and dangerous together? Every detector over one table of full revaluations, the worst first.

    drivers → line losses → suspicions → the few that pass the alarm → remedy → findings

A suspicion is weighed by what it hides, as a share of the whole book's equity, against the alarm of its kind: below it,
nothing is told. Alarms were set on clean books and are part of the search, so that anyone may move them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from seawall.discovery.candidates import Candidate
from seawall.discovery.corners import basis_candidates, corner_candidates, crisis_candidates, driver_grid
from seawall.discovery.cotail import co_tail
from seawall.discovery.drivers import drivers
from seawall.discovery.exits import crowding_candidates
from seawall.discovery.findings import ALARM, KINDS, Finding, Member
from seawall.discovery.lines import KEYS, Lines, line_losses
from seawall.discovery.liquidity import Liquidity
from seawall.discovery.netting import WEIGHT, netting_candidates
from seawall.discovery.remedy import close_out, thin_out, worst_of
from seawall.discovery.space import DEGREES, View, factor_space
from seawall.discovery.wrong_way import wrong_way_candidates
from seawall.errors import InputError
from seawall.model.arrays import Floats
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.market import Market
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.simulated import Dynamics

# Two findings of a kind that share half their lines are one; of them the simplest within a tenth of the worst is told.
SAME, AS_BAD = 0.5, 0.9
RADIUS = 4.0


@dataclass(frozen=True)
class Search:
    """How far and how long to look.

    radius: of the ellipsoid, in joint deviations of the horizon, fixed whatever the number of factors: 4 is passed once
    in about 400 horizons in any one direction, by the Student-t law of ``degrees``. weight: how far correlations are
    bent. alarm: hidden loss by kind, as a share of equity, from which a finding is told. most: findings told.
    confidence, draws, seed: of co-tail participation.
    """

    radius: float = RADIUS
    degrees: float = DEGREES
    horizon_days: float = 1.0
    weight: float = WEIGHT
    alarm: Mapping[str, float] = field(default_factory=lambda: ALARM)
    most: int = 10
    confidence: float = 0.975
    draws: int = 2000
    seed: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "alarm", MappingProxyType(dict(self.alarm)))
        if set(self.alarm) != set(KINDS):
            raise InputError("alarm of a search", found=", ".join(sorted(self.alarm)), wanted=", ".join(KINDS))
        bad = {kind: x for kind, x in self.alarm.items() if not x > 0}
        if bad or not self.radius > 0:
            raise InputError("search", found=bad or self.radius, wanted="alarms and radius more than 0")


class Weighed(NamedTuple):
    """Of one kind: the largest suspicion and the alarm, both hidden loss as a share of equity."""

    kind: str
    largest: float
    alarm: float


@dataclass(frozen=True)
class Survey:
    """findings: above the alarm, the most severe first; weighed: how near the loudest of each kind came.

    moves: how many joint moves the whole book was revalued in; failures: what could not be valued in them, and is in no
    number here.
    """

    findings: tuple[Finding, ...]
    weighed: tuple[Weighed, ...]
    moves: int
    equity: float
    currency: str
    failures: tuple[Failure, ...]


def discover(
    book: Book, market: Market, dynamics: Dynamics, *, liquidity: Liquidity | None = None,
    crises: ScenarioRule | None = None, currency: str | None = None, search: Search | None = None,
) -> tuple[Finding, ...]:
    """Hidden dangers of the book above the alarm, the most severe first; none is a possible answer. See ``survey``."""
    return survey(book, market, dynamics, liquidity=liquidity, crises=crises, currency=currency,
                  search=search).findings


def survey(
    book: Book, market: Market, dynamics: Dynamics, *, liquidity: Liquidity | None = None,
    crises: ScenarioRule | None = None, currency: str | None = None, search: Search | None = None,
) -> Survey:
    """The findings, with how near the alarm everything else came and what could not be looked at.

    dynamics: names every factor to be moved; only what it names can be found, see ``widen.widened``. liquidity: what
    trades a day; without it every market counts as deep. crises: named joint moves, tried beside all pairs and triples
    of drivers. Nothing here draws at random but co-tail participation, from the search's seed.
    """
    asked = search or Search()
    space = factor_space(dynamics, horizon_days=asked.horizon_days, degrees=asked.degrees)
    view = View(book, market, space, currency or market.numeraire)
    lines, candidates = suspicions(view, liquidity or Liquidity(), crises, asked)
    equity = max(lines.worth, 0.0)
    loud = [c for c in candidates if c.hidden > 0 and c.hidden >= asked.alarm[c.kind] * equity]
    told = _distinct(loud, asked)[: asked.most]
    evidence = _co_tails(lines, told, asked)
    findings = tuple(_finding(lines, one, more, asked) for one, more in zip(told, evidence, strict=True))
    return Survey(findings, _weighed(candidates, equity, asked), len(lines.moves), lines.worth, view.currency,
                  (*book.failures, *lines.failures))


def suspicions(
    view: View, liquidity: Liquidity, crises: ScenarioRule | None, search: Search
) -> tuple[Lines, list[Candidate]]:
    """Every candidate of every detector, whatever its size, with the table that they are read from."""
    found = drivers(view.space, view.market, radius=search.radius)
    grid = driver_grid(found)
    lines = line_losses(view, grid.moves)
    candidates = [
        *netting_candidates(lines, radius=search.radius, weight=search.weight), *basis_candidates(lines, grid),
        *corner_candidates(lines, grid), *crowding_candidates(lines, found, liquidity),
        *wrong_way_candidates(lines, grid),
    ]
    if crises is not None:
        candidates += crisis_candidates(lines, grid, view.named(crises))
    return lines, candidates


def _weighed(candidates: Sequence[Candidate], equity: float, search: Search) -> tuple[Weighed, ...]:
    most = {kind: max((c.hidden for c in candidates if c.kind == kind), default=0.0) for kind in KINDS}
    return tuple(Weighed(kind, hidden / equity if equity > 0 else np.inf, search.alarm[kind])
                 for kind, hidden in most.items())


def _distinct(candidates: Sequence[Candidate], search: Search) -> list[Candidate]:
    """By falling severity, each unlike all before it of its kind; of near equals the one that moves fewest factors."""
    left = sorted(candidates, key=lambda c: -c.hidden / search.alarm[c.kind])
    chosen: list[Candidate] = []
    while left:
        first = left[0]
        alike = [c for c in left if c.kind == first.kind and max(c.overlap(first), first.overlap(c)) >= SAME]
        near = [c for c in alike if c.hidden >= AS_BAD * first.hidden and c.overlap(first) >= SAME]
        chosen.append(min(near, key=lambda c: (int((c.move != 0).sum()), -c.hidden)))
        left = [c for c in left if not any(c is other for other in alike)]
    return sorted(chosen, key=lambda c: -c.hidden / search.alarm[c.kind])


def _co_tails(lines: Lines, told: Sequence[Candidate], search: Search) -> list[dict[str, float]]:
    """Of each candidate's lines together: chance of being in their own tail when the book is in its."""
    if not told:
        return []
    pnl = -lines.more(lines.view.space.draws(search.draws, search.seed))
    groups = np.array([pnl[candidate.rows].sum(axis=0) for candidate in told])
    found = co_tail(groups, search.confidence, total=pnl.sum(axis=0))
    return [{"co-tail participation": float(p), "co-tail standard error": float(e)}
            for p, e in zip(found.participation, found.standard_error, strict=True)]


def _finding(lines: Lines, candidate: Candidate, more: Mapping[str, float], search: Search) -> Finding:
    space = lines.view.space
    distance = float(space.distance(candidate.move))
    crowding = candidate.kind == "crowding"
    return Finding(
        candidate.kind, _crowd(lines, candidate) if crowding else _members(lines, candidate),
        space.story(candidate.move), candidate.parts, candidate.loss, candidate.hidden, lines.worth,
        lines.view.currency, search.alarm[candidate.kind], distance, space.chances(distance)[0],
        thin_out(lines, candidate) if crowding else close_out(lines, candidate), {**candidate.evidence, **more},
    )


def _members(lines: Lines, candidate: Candidate) -> tuple[Member, ...]:
    losses = lines.more(np.vstack([candidate.move, candidate.pieces]))[candidate.rows]
    return _told(lines, candidate, worst_of(losses[:, 1:]), losses[:, 0])


def _crowd(lines: Lines, candidate: Candidate) -> tuple[Member, ...]:
    """Cost of each line's exit alone, and its share of the cost of all at once, by the 3/2 power of size."""
    share = np.abs(lines.quantity[candidate.rows])
    share = share / share.sum()
    return _told(lines, candidate, candidate.loss * share**1.5, candidate.loss * share)


def _told(lines: Lines, candidate: Candidate, alone: Floats, together: Floats) -> tuple[Member, ...]:
    place = {name: n for n, name in enumerate(KEYS)}
    return tuple(
        Member(lines.keys[row][place["account"]], lines.keys[row][place["venue"]],
               lines.keys[row][place["instrument"]], float(lines.quantity[row]), float(a), float(t))
        for row, a, t in zip(candidate.rows.tolist(), alone, together, strict=True)
    )
