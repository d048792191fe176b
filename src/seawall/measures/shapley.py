"""Who makes the loss, whatever the order in which parts came? Shapley values of any measure, which add up to it.

A part's value is what it adds to the measure, averaged over all orders in which parts could have joined. Unlike Euler's
components it needs no derivative, and asks of whole parts: use it for desks, accounts and strategies, not for lines.
Source: Shapley (1953), A value for n-person games; Castro, Gomez and Tejada (2009), on sampling.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.measures.sampling import sampling_of
from seawall.measures.tail import expected_shortfall
from seawall.model.arrays import Bools, Floats, Ints
from seawall.model.results import Held

MOST_EXACT = 12
PERMUTATIONS = 400
VALUES_AT_ONCE = 4_000_000

# Worth (M,) of coalitions (M,N), who belongs to each.
Game = Callable[[Bools], Floats]


class Shapley(NamedTuple):
    """value (N,): adds up to ``total``. standard_error (N,): of sampled orders; 0 where all were counted.

    Neither says how far the scenarios themselves may be from the truth.
    """

    value: Floats
    standard_error: Floats
    total: float
    permutations: int
    exact: bool


class ShapleyAllocation(NamedTuple):
    """Shapley values of the rows of ``keys``, reporting currency, loss > 0."""

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    shares: Shapley
    partial: Bools


def shapley_allocation(
    held: Held, confidence: float, *, seed: int, measure: Callable[[Floats], Floats] | None = None,
    permutations: int = PERMUTATIONS,
) -> ShapleyAllocation:
    """Shapley values of expected shortfall, or of any measure of P&L vectors (M,S), over the rows held.

    Exact up to 12 rows, by sampled orders above: see ``shapley``.
    """
    weights = sampling_of(held.rule).weights

    def shortfall(pnl: Floats) -> Floats:
        return expected_shortfall(pnl, confidence, weights=weights)

    game = pooled(held.pnl, measure or shortfall)
    return ShapleyAllocation(held.by, held.keys, shapley(game, len(held.keys), seed=seed, permutations=permutations),
                             held.partial)


def pooled(parts: Floats, measure: Callable[[Floats], Floats]) -> Game:
    """The game whose coalitions are worth the measure of their summed P&L; parts (N,S). Nobody together is worth 0."""
    size = max(VALUES_AT_ONCE // max(parts.shape[1], 1), 1)

    def worth(members: Bools) -> Floats:
        out = np.zeros(len(members))
        some = np.flatnonzero(members.any(axis=1))
        for start in range(0, len(some), size):
            rows = some[start : start + size]
            out[rows] = measure(members[rows].astype(np.float64) @ parts)
        return out

    return worth


def shapley(game: Game, players: int, *, seed: int, permutations: int = PERMUTATIONS) -> Shapley:
    """Shapley values of any game: by all coalitions up to 12 players, by sampled orders above.

    Orders are drawn in pairs, one the other's reverse, which cancels a part of the noise; the error is judged between
    pairs. Every order adds up to the whole, and so do the values.
    """
    if players < 1:
        raise InputError("players", found=players, wanted="at least 1")
    return _exact(game, players) if players <= MOST_EXACT else _sampled(game, players, seed, permutations)


def shapley_interactions(game: Game, players: int) -> Floats:
    """(N,N) what each pair adds beyond what its two add apart, averaged over coalitions of the others; diagonal 0.

    Positive: together worse. Up to 12 players. Source: Grabisch and Roubens (1999), The interaction index.
    """
    if not 2 <= players <= MOST_EXACT:
        raise InputError("players of an interaction index", found=players, wanted=f"2 to {MOST_EXACT}",
                         remedy="group them more coarsely")
    members, worth = _all_worth(game, players)
    sizes, masks = members.sum(axis=1), np.arange(len(members))
    weight = np.array([factorial(s) * factorial(players - s - 2) / factorial(players - 1)
                       for s in range(players - 1)])
    out = np.zeros((players, players))
    for i in range(players):
        for j in range(i):
            without = masks[~members[:, i] & ~members[:, j]]
            gain = worth[without | 1 << i | 1 << j] - worth[without | 1 << i] - worth[without | 1 << j] + worth[without]
            out[i, j] = out[j, i] = float(weight[sizes[without]] @ gain)
    return out


def _exact(game: Game, players: int) -> Shapley:
    members, worth = _all_worth(game, players)
    sizes, masks = members.sum(axis=1), np.arange(len(members))
    weight = np.array([factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)])
    value = np.empty(players)
    for player in range(players):
        without = masks[~members[:, player]]
        value[player] = weight[sizes[without]] @ (worth[without | 1 << player] - worth[without])
    return Shapley(value, np.zeros(players), float(worth[-1] - worth[0]), factorial(players), True)


def _all_worth(game: Game, players: int) -> tuple[Bools, Floats]:
    """(2^N,N) every coalition, bit by bit of its number, and what it is worth."""
    members = (np.arange(2**players)[:, None] >> np.arange(players)) & 1 == 1
    return members, game(members)


def _sampled(game: Game, players: int, seed: int, permutations: int) -> Shapley:
    pairs = permutations // 2
    if pairs < 2:
        raise InputError("orders to draw", found=permutations, wanted="at least 4")
    generator = np.random.default_rng(seed)
    gains = np.array([_pair(game, generator.permutation(players)) for _ in range(pairs)])
    value = gains.mean(axis=0)
    whole = game(np.array([[True] * players, [False] * players]))
    return Shapley(value, gains.std(axis=0, ddof=1) / np.sqrt(pairs), float(whole[0] - whole[1]), 2 * pairs, False)


def _pair(game: Game, order: Ints) -> Floats:
    """(N,) what each player adds when joining in this order, and in its reverse, averaged."""
    players = len(order)
    joined = np.arange(players)[:, None] >= np.argsort(order)  # row k: the first k + 1 of the order
    reverse = np.arange(players)[:, None] >= np.argsort(order[::-1])
    worth = game(np.vstack([np.zeros((1, players), dtype=bool), joined, reverse]))
    out = np.empty(players)
    out[order] = np.diff(worth[: players + 1])
    out[order[::-1]] += np.diff(worth[players + 1 :], prepend=worth[0])
    return out / 2
