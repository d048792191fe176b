"""Which exits are crowded? Markets that several accounts would have to leave at once, as suspicions."""

from __future__ import annotations

import numpy as np

from seawall.discovery.candidates import Candidate
from seawall.discovery.drivers import Driver
from seawall.discovery.findings import Part
from seawall.discovery.lines import Lines
from seawall.discovery.liquidity import Crowd, Liquidity, crowds
from seawall.discovery.space import FactorSpace
from seawall.model.arrays import Floats

# Accounts are named until this share of the crowd is theirs.
NAMED = 0.9
LOOKED_AT = 12


def daily_volatility(space: FactorSpace) -> dict[str, float]:
    """Of each underlying whose spot moves, the standard deviation of a day's log move."""
    days = max(space.horizon_days, 1e-12)
    return {c.qualifier: float(d / np.sqrt(days)) for c, d in zip(space.columns, space.deviation, strict=True)
            if c.risk_class == "spot"}


def crowding_candidates(lines: Lines, drivers: tuple[Driver, ...], liquidity: Liquidity) -> list[Candidate]:
    """Crowds by what leaving together costs beyond leaving alone, with the spot move that makes them leave."""
    view = lines.view
    zero = view.cube(np.zeros((1, len(view.space.columns))))
    found = crowds(view.book, view.market, zero, liquidity, daily_volatility(view.space), currency=view.currency)
    return [_candidate(lines, crowd, drivers) for crowd in found[:LOOKED_AT] if crowd.interaction > 0]


def _candidate(lines: Lines, crowd: Crowd, drivers: tuple[Driver, ...]) -> Candidate:
    reached = np.cumsum(np.abs(crowd.units))
    count = int(np.searchsorted(reached, NAMED * reached[-1] * (1 - 1e-12))) + 1
    rows = [n for account in crowd.accounts[:count] for n, key in enumerate(lines.keys)
            if key[0] == account and _stands_in(lines, n, crowd)]
    alone, share = float(crowd.alone.sum()), float(crowd.alone.max())
    parts = (Part("the sum of each leaving alone", alone), Part("the largest leaving alone", share))
    move = _leaving(crowd, drivers, len(lines.view.space.columns))
    return Candidate(
        "crowding", np.array(rows, dtype=np.int64), move, crowd.interaction, crowd.together, parts, move[None, :],
        {"accounts": float(len(crowd.accounts)), "days to leave": crowd.days, "impact": crowd.impact,
         "units": float(crowd.units.sum()), "volume": float(crowd.volume), "assumed volume": float(crowd.assumed)})


def _stands_in(lines: Lines, row: int, crowd: Crowd) -> bool:
    side = 1.0 if crowd.side == "long" else -1.0
    in_it = lines.keys[row][1] == crowd.name or (crowd.name == crowd.underlying
                                                 and lines.underlying[row] == crowd.underlying)
    return in_it and side * lines.quantity[row] > 0


def _leaving(crowd: Crowd, drivers: tuple[Driver, ...], count: int) -> Floats:
    """The move of the underlying's spot against the crowd; nothing where no column moves it."""
    sign = -1 if crowd.side == "long" else 1
    for driver in drivers:
        if driver.name == f"spot:{crowd.underlying}" and driver.sign == sign:
            return driver.move
    return np.zeros(count)
