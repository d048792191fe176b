"""What if spot and volatility move together, by set steps?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from seawall.errors import InputError
from seawall.model.scenario import ABSOLUTE, RELATIVE, Column, ScenarioRule, Term
from seawall.scenarios.apply import held_still

DEFAULT_SPOT = (-0.4, -0.25, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.25, 0.4)
DEFAULT_VOLATILITY = (-0.25, 0.0, 0.5)
# Risk classes shocked in proportion; all others are shocked by an amount in their own unit.
MULTIPLICATIVE = ("spot", "volatility", "peg", "exchange_rate")
# One factor at a time: 5 points of skew, 2 of curvature, 5 % of carry, 1 % of rate, half the notional a year of
# funding, 1 % of premium, and a stablecoin or a wrapped token at 95 cents.
DEFAULT_ALSO: Mapping[str, Sequence[float]] = MappingProxyType({
    "skew": (-0.05, 0.05), "curvature": (-0.02, 0.02), "carry": (-0.05, 0.05), "rate": (-0.01, 0.01),
    "funding": (-0.5, 0.5), "premium": (-0.01, 0.01), "peg": (-0.05,), "spot:*stablecoin": (-0.05,),
})


def grid(
    spot: Sequence[float] = DEFAULT_SPOT, volatility: Sequence[float] = DEFAULT_VOLATILITY, *,
    assets: Sequence[str] | Mapping[str, float] = ("*crypto", "*equity"), term: Term | None = None,
    also: Mapping[str, Sequence[float]] | None = None, horizon_days: float = 0.0,
) -> ScenarioRule:
    """Every pair of a relative spot move and a relative move of 30-day volatility; no time passes by default.

    assets: whose spot and volatility move together, by name or ``*class``; a mapping gives each its multiple of the
    spot move; others stay. Volatility fades along expiries by ``term`` (0.3 up to 30 days, 0.13 beyond, if none is
    given). also: further rows in which one factor moves alone: by ``risk_class`` or ``risk_class:qualifier``, shocks
    relative for spot, volatility, peg and exchange_rate, absolute otherwise; ``DEFAULT_ALSO`` is a documented set.
    """
    share = dict(assets) if isinstance(assets, Mapping) else dict.fromkeys(assets, 1.0)
    pairs = list(itertools.product(spot, volatility))
    columns = _columns(share, Term() if term is None else term)
    rows = [[s * m for m in share.values()] + [v] * len(share) for s, v in pairs]
    shocks = np.zeros((len(pairs), len(columns)))
    shocks[:, : 2 * len(share)] = np.array(rows).reshape(len(pairs), -1)
    labels = [f"spot {s:+.1%}, volatility {v:+.1%}" for s, v in pairs]
    if also:
        columns, shocks, labels = _with_singles(columns, shocks, labels, also)
    return ScenarioRule(
        name="spot and volatility grid", columns=tuple(columns), shocks=shocks, labels=np.array(labels, dtype=object),
        horizon_days=horizon_days, provenance={"generator": "grid"},
    )


def _columns(share: Mapping[str, float], fade: Term) -> list[Column]:
    moving = [Column("spot", asset) for asset in share]
    moving += [Column("volatility", asset, term=fade) for asset in share]
    still = [held_still(name, "*") for name in ("spot", "volatility") if "*" not in share]
    return [*moving, *still]


def _with_singles(
    columns: list[Column], shocks: np.ndarray, labels: list[str], also: Mapping[str, Sequence[float]]
) -> tuple[list[Column], np.ndarray, list[str]]:
    """The grid with a column and rows of its own for each entry of ``also``."""
    places = []
    for key in also:
        risk_class, _, qualifier = key.partition(":")
        how = RELATIVE if risk_class in MULTIPLICATIVE else ABSOLUTE
        wanted = Column(risk_class, qualifier or "*", how)
        if wanted.qualifier in {c.qualifier for c in columns if c.risk_class == risk_class}:
            raise InputError(f"grid: {key} moves with the grid already", wanted="a factor that the grid holds still",
                             remedy="take it out of also, or out of assets")
        columns = [*columns, wanted]
        places += [(len(columns) - 1, shock, key) for shock in also[key]]
    total = np.zeros((len(shocks) + len(places), len(columns)))
    total[: len(shocks), : shocks.shape[1]] = shocks
    for row, (place, shock, _) in enumerate(places, start=len(shocks)):
        total[row, place] = shock
    return columns, total, labels + [f"{key} {shock:+g} alone" for _, shock, key in places]
