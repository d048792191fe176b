"""Which collateral falls with what it secures? Shortfalls of accounts that neither side alone would bring about."""

from __future__ import annotations

import numpy as np

from seawall.discovery.candidates import Candidate
from seawall.discovery.corners import Grid
from seawall.discovery.drivers import SEVERITIES
from seawall.discovery.findings import Part
from seawall.discovery.lines import Lines, largest
from seawall.model.arrays import Bools, Floats

# An account that has lost all but this share of its equity is taken over by others.
LEFT = 0.25
NAMED = 0.9


def coincidence(lines: Lines, loss: Floats) -> Floats:
    """(A,M) of each account's loss beyond three quarters of its equity, what is there only because both sides fall.

    loss (N,M). Shortfall of all, less the worse of collateral alone and positions alone: nothing where one of them
    would have brought it about, nothing where the two together do not.
    """
    return _shortfalls(lines, loss, np.ones(len(lines.keys), dtype=bool)) - np.maximum(
        _shortfalls(lines, loss, lines.pledged), _shortfalls(lines, loss, ~lines.pledged))


def wrong_way_candidates(lines: Lines, grid: Grid) -> list[Candidate]:
    """The moves of single drivers in which most is short through such coincidences, one candidate a driver."""
    columns = grid.alone
    together = np.maximum(coincidence(lines, lines.loss[:, columns]), 0.0)
    driver = np.repeat(np.arange(len(grid.drivers)), len(SEVERITIES))
    hidden = together.sum(axis=0)
    found = []
    for place in range(len(grid.drivers)):
        mine = np.flatnonzero(driver == place)
        best = int(mine[np.argmax(hidden[mine])])
        if hidden[best] > 0:
            found.append(_candidate(lines, int(columns[best]), together[:, best], float(hidden[best])))
    return found


def _candidate(lines: Lines, column: int, by_account: Floats, hidden: float) -> Candidate:
    loss = lines.loss[:, column]
    concerned = np.isin(lines.account_of, largest(by_account, NAMED))
    pledged = largest(loss, NAMED, concerned & lines.pledged)
    traded = largest(loss, NAMED, concerned & ~lines.pledged)
    rows = np.concatenate([pledged, traded])
    move = lines.moves[column]
    parts = (Part("collateral", float(loss[concerned & lines.pledged].sum())),
             Part("positions", float(loss[concerned & ~lines.pledged].sum())))
    return Candidate("wrong_way", rows, move, hidden, float(loss[concerned].sum()), parts, move[None, :],
                     {"equity of the accounts": float(lines.equity[concerned].sum()),
                      "accounts": float(len(set(lines.account_of[concerned].tolist())))})


def _shortfalls(lines: Lines, loss: Floats, rows: Bools) -> Floats:
    """(A,M) what each account has lost beyond three quarters of its equity, of these lines alone."""
    count = int(lines.account_of.max()) + 1
    out = np.zeros((count, loss.shape[1]))
    np.add.at(out, lines.account_of[rows], loss[rows])
    equity = np.bincount(lines.account_of, lines.equity, minlength=count)
    return np.maximum(out - (1 - LEFT) * np.maximum(equity, 0.0)[:, None], 0.0)
