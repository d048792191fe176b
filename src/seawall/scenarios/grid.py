"""What if spot and volatility move together, by set steps?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from seawall.model.scenario import Column, ScenarioRule, Term
from seawall.scenarios.apply import held_still

DEFAULT_SPOT = (-0.4, -0.25, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.25, 0.4)
DEFAULT_VOLATILITY = (-0.25, 0.0, 0.5)


def grid(
    spot: Sequence[float] = DEFAULT_SPOT, volatility: Sequence[float] = DEFAULT_VOLATILITY,
    *, assets: Sequence[str] = ("*crypto", "*equity"), term: Term | None = None,
) -> ScenarioRule:
    """Every pair of a relative spot move and a relative move of 30-day volatility, at once, no time passing.

    assets: whose spot and volatility move together; others stay. Volatility fades along expiries by ``term``
    (0.3 up to 30 days, 0.13 beyond, if none is given).
    """
    fade = Term() if term is None else term
    moving = [Column("spot", asset) for asset in assets]
    moving += [Column("volatility", asset, term=fade) for asset in assets]
    still = [held_still("spot", "*"), held_still("volatility", "*")]
    pairs = list(itertools.product(spot, volatility))
    rows = [[s] * len(assets) + [v] * len(assets) + [0.0, 0.0] for s, v in pairs]
    return ScenarioRule(
        name="spot and volatility grid", columns=(*moving, *still), shocks=np.array(rows).reshape(len(rows), -1),
        labels=np.array([f"spot {s:+.1%}, volatility {v:+.1%}" for s, v in pairs], dtype=object),
        horizon_days=0.0, provenance={"generator": "grid"},
    )
