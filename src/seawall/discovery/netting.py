"""How much of the safety is netting, and what is left of it when correlations break?

Expected shortfall is subadditive: at fixed scenarios a pair never costs more than its parts, so that no test of excess
could ever fire. What can be measured is how much netting saves (reliance O = 1 - ES / sum ES_i) and how much of it a
stressed correlation takes back (fragility F = ES stressed / ES): a hedged pair looks safest and has the largest F.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from seawall.discovery.candidates import Candidate
from seawall.discovery.findings import Part
from seawall.discovery.lines import Lines, largest
from seawall.discovery.space import FactorSpace, View
from seawall.errors import InputError
from seawall.kernels.correlation import as_covariance, by_sign, stressed_correlation
from seawall.kernels.ellipsoid import worst_linear_move
from seawall.measures.tail import expected_shortfall
from seawall.model.arrays import Floats, Ints

# How far correlations are bent towards the crisis in which everything that hurts happens at once.
WEIGHT = 0.5
# Factors less correlated than this are not held against each other by anyone.
TOGETHER = 0.3
NAMED = 0.85
# A further factor belongs to the broken netting if it adds this share to the hidden loss.
FURTHER = 0.2


class Netting(NamedTuple):
    """standalone (N): shortfall of each part; together: of their sum, today's correlation; stressed: of their sum at
    ``weight`` of the crisis; all currency, loss > 0."""

    keys: tuple[tuple[str, ...], ...]
    standalone: Floats
    together: float
    stressed: float
    weight: float

    @property
    def reliance(self) -> float:
        """O: share of the sum of standalone shortfalls that netting saves; 0 where nothing nets."""
        alone = float(self.standalone.sum())
        return 1 - self.together / alone if alone > 0 else 0.0

    @property
    def fragility(self) -> float:
        """F: how many times the shortfall grows as correlations break; infinite from a perfect hedge."""
        if self.together > 0:
            return self.stressed / self.together
        return float("inf") if self.stressed > 0 else 1.0


def netting_of(
    keys: tuple[tuple[str, ...], ...], today: Floats, broken: Floats, confidence: float, *, weight: float = WEIGHT
) -> Netting:
    """Reliance and fragility from the P&L (N,S) of the same parts, drawn with today's and with broken correlation."""
    alone = np.maximum(expected_shortfall(today, confidence), 0.0)
    together, stressed = (float(expected_shortfall(pnl.sum(axis=0), confidence)) for pnl in (today, broken))
    return Netting(keys, alone, together, stressed, weight)


def elliptical_netting(exposures: Floats, today: Floats, stressed: Floats, multiple: float) -> Netting:
    """Reliance and fragility of linear parts (N,C) under two covariances (C,C): shortfalls are ``multiple`` deviations.

    Exact for any elliptical law, whose shortfall is a constant times the deviation: 2.338 at 97.5 % of a normal.
    """
    def shortfall(parts: Floats, covariance: Floats) -> Floats:
        return np.asarray(multiple * np.sqrt(np.maximum(((parts @ covariance) * parts).sum(axis=-1), 0.0)))

    total = exposures.sum(axis=0)
    keys = tuple((str(n),) for n in range(len(exposures)))
    return Netting(keys, shortfall(exposures, today), float(shortfall(total, today)),
                   float(shortfall(total, stressed)), 1.0)


def netting(
    view: View, *, by: str | tuple[str, ...] = "account", confidence: float = 0.975, weight: float = WEIGHT,
    draws: int = 2000, seed: int = 1,
) -> Netting:
    """Of the rows of ``by``, by full revaluation of the same draws under both correlations.

    The crisis is the book's own: every factor moves as one, each the way that costs it.
    """
    moves = view.space.draws(draws, seed)
    signs = np.where(exposures_of(view).sum(axis=0) >= 0, 1.0, -1.0)
    bent = broken_draws(view.space, moves, by_sign(signs), weight)
    today, broken = view.held(moves, by=by), view.held(bent, by=by)
    return netting_of(today.keys, today.pnl, broken.pnl, confidence, weight=weight)


def broken_draws(space: FactorSpace, moves: Floats, crisis: Floats, weight: float) -> Floats:
    """The same draws (S,C) with correlations bent: whitened by today's, coloured by the blend, which stays PSD."""
    bent = stressed_correlation(space.correlation, crisis, weight)
    colour = _square_root(bent, 1.0) @ _square_root(np.asarray(space.correlation), -1.0)
    return np.asarray((moves / space.deviation) @ colour.T * space.deviation)


def exposures_of(view: View) -> Floats:
    """(1,C) what the whole book loses as each column rises by one deviation: half the difference both ways."""
    step = np.diag(view.space.deviation)
    loss = view.loss(np.vstack([step, -step]))
    return np.asarray((loss[: len(step)] - loss[len(step) :])[None, :] / 2)


def netting_candidates(lines: Lines, *, radius: float, weight: float = WEIGHT) -> list[Candidate]:
    """Groups of correlated factors that offset each other in the book, worst first by what a break would cost.

    Exposures are those of one deviation; losses those of the worst linear move at ``radius`` in these factors alone,
    under today's and under bent correlation; the move found is then revalued in full.
    """
    space = lines.view.space
    step = np.diag(space.deviation)
    loss = lines.more(np.vstack([step, -step]))
    count = len(space.columns)
    exposure = np.where(lines.crossed[:, None], 0.0, (loss[:, :count] - loss[:, count:]) / 2)
    total = exposure.sum(axis=0)
    seen: set[tuple[int, ...]] = set()
    found = []
    pairs = sorted(_offsetting(space, total), key=lambda pair: -_hidden(space, total, pair, radius, weight))
    for pair in pairs[:6]:
        group = _grown(space, total, pair, radius, weight)
        if group in seen:
            continue
        seen.add(group)
        found.append(_candidate(lines, (exposure, total), group, radius, weight))
    return [candidate for candidate in found if candidate.hidden > 0]


def _offsetting(space: FactorSpace, total: Floats) -> list[tuple[int, ...]]:
    pairs = itertools.combinations(range(len(total)), 2)
    return [(a, b) for a, b in pairs if abs(space.correlation[a, b]) >= TOGETHER
            and total[a] * total[b] * space.correlation[a, b] < 0]


def _bent(space: FactorSpace, total: Floats, group: tuple[int, ...], weight: float) -> tuple[Floats, Floats]:
    """(G,G) covariance of the group's factors, today and bent the way that costs the book."""
    places = np.array(group)
    today = np.asarray(space.correlation)[np.ix_(places, places)]
    signs = np.where(total[places] >= 0, 1.0, -1.0)
    bent = stressed_correlation(today, by_sign(signs), weight)
    return as_covariance(today, np.ones(len(places))), as_covariance(bent, np.ones(len(places)))


def _hidden(space: FactorSpace, total: Floats, group: tuple[int, ...], radius: float, weight: float) -> float:
    today, bent = _bent(space, total, group, weight)
    slope = total[np.array(group)]
    return radius * float(np.sqrt(max(slope @ bent @ slope, 0.0)) - np.sqrt(max(slope @ today @ slope, 0.0)))


def _grown(
    space: FactorSpace, total: Floats, pair: tuple[int, ...], radius: float, weight: float
) -> tuple[int, ...]:
    """The pair and every further factor that adds enough to what a break would cost."""
    group, hidden = pair, _hidden(space, total, pair, radius, weight)
    while True:
        classes = {space.columns[m].risk_class for m in group}
        others = [n for n in range(len(total)) if n not in group and space.columns[n].risk_class in classes
                  and max(abs(space.correlation[n, m]) for m in group) >= TOGETHER]
        tried = [(_hidden(space, total, (*group, n), radius, weight), n) for n in others]
        best = max(tried, default=(0.0, -1))
        if best[0] <= (1 + FURTHER) * hidden:
            return tuple(sorted(group))
        hidden, group = best[0], (*group, best[1])


def _candidate(
    lines: Lines, exposures: tuple[Floats, Floats], group: tuple[int, ...], radius: float, weight: float
) -> Candidate:
    exposure, total = exposures
    space, places = lines.view.space, np.array(group)
    today, bent = _bent(space, total, group, weight)
    # The slope of value is the negative of the exposure to loss, per deviation.
    broken, _ = worst_linear_move(bent, -total[places], radius)
    usual, _ = worst_linear_move(today, -total[places], radius)
    moves = np.zeros((2 + len(places), len(space.columns)))
    moves[0, places], moves[1, places] = (part * space.deviation[places] for part in (broken, usual))
    moves[2 + np.arange(len(places)), places] = moves[0, places]
    losses = lines.more(moves)
    rows = _offset_rows(exposure, total, places)
    worst = losses[:, 0]
    own = _within_lines(exposure[np.ix_(rows, places)], today, bent)
    hidden = float(worst.sum() - losses[:, 1].sum()) - radius * own
    apart = tuple(Part(space.keys[n], float(losses[rows, 2 + m].sum())) for m, n in enumerate(group))
    told = (Part("today's correlation", float(losses[rows, 1].sum())), *apart)
    alone = float(np.abs(total[places]).sum()) * radius
    joint = radius * float(np.sqrt(max(total[places] @ today @ total[places], 0.0)))
    stressed = radius * float(np.sqrt(max(total[places] @ bent @ total[places], 0.0)))
    return Candidate("netting", rows, moves[0], hidden, float(worst[rows].sum()), told, moves[1:],
                     {"reliance": 1 - joint / alone if alone > 0 else 0.0,
                      "fragility": stressed / joint if joint > 0 else float("inf")})


def _within_lines(exposure: Floats, today: Floats, bent: Floats) -> float:
    """What bending costs each line (n,G) by itself, summed: an option offsets its own spot by its own volatility, and
    that shows in the line."""
    sizes = [np.sqrt(np.maximum(((exposure @ matrix) * exposure).sum(axis=1), 0.0)) for matrix in (bent, today)]
    return float(np.maximum(sizes[0] - sizes[1], 0.0).sum())


def _offset_rows(exposure: Floats, total: Floats, places: Ints) -> Ints:
    """Lines that make up the exposures that offset each other, each factor's until most of its total is named."""
    chosen: list[int] = []
    for place in places:
        mine = np.sign(total[place]) * exposure[:, place]
        against = float(np.maximum(-mine, 0.0).sum())
        share = NAMED * max(float(mine.sum()), 0.0) / max(float(mine.sum()) + against, 1e-300)
        chosen += largest(mine, min(max(share, 0.3), NAMED)).tolist()
    return np.array(sorted(set(chosen), key=lambda n: -np.abs(exposure[n, places]).sum()), dtype=np.int64)


def _square_root(matrix: Floats, power: float) -> Floats:
    """Symmetric root, or its inverse where the matrix has any: near matrices have near roots, so draws stay paired."""
    if power not in (1.0, -1.0):
        raise InputError("power of a matrix root", found=power, wanted="1 or -1")
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-10 * values[-1]
    scale = np.where(kept, np.where(kept, values, 1.0) ** (power / 2), 0.0)
    return np.asarray((vectors * scale) @ vectors.T)
