"""What if the past comes again? Each row of a price history, as a joint move from today's levels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats
from seawall.model.panel import Panel
from seawall.model.scenario import ABSOLUTE, RELATIVE, Column, ScenarioRule
from seawall.scenarios.apply import held_still

MULTIPLICATIVE = ("spot", "volatility", "peg", "exchange_rate")


def historical(
    panel: Panel, *, horizon_days: int = 1, name: str = "historical",
    still: tuple[str, ...] = ("stablecoin", "currency"),
) -> ScenarioRule:
    """One scenario per pair of dates ``horizon_days`` rows apart.

    Relative moves for prices and volatilities, differences for rates and the like.
    Rows with a value missing for any factor are left out, so that each row is one joint move. Asset classes in
    ``still`` are held where no column names them. Raises InputError if no row is whole.
    """
    start, end = panel.values[:-horizon_days], panel.values[horizon_days:]
    multiplicative = np.array([factor.risk_class in MULTIPLICATIVE for factor in panel.factors])
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.where(multiplicative, end / start - 1, end - start)
    whole = np.isfinite(moves).all(axis=1)
    if not whole.any():
        raise InputError(f"history {panel.source}", found=f"{len(moves)} rows, none whole",
                         wanted="dates on which every factor has a value", remedy="restrict the factors or the dates")
    columns = tuple(
        Column(f.risk_class, f.qualifier, RELATIVE if m else ABSOLUTE)
        for f, m in zip(panel.factors, multiplicative, strict=True)
    )
    rest = tuple(held_still("spot", f"*{asset_class}") for asset_class in still)
    dates = np.datetime_as_string(panel.dates[horizon_days:][whole], unit="D")
    return ScenarioRule(
        name=name, columns=(*columns, *rest), shocks=_with_zeros(moves[whole], len(rest)),
        labels=np.array(dates, dtype=object), horizon_days=float(horizon_days),
        provenance={"generator": "historical", "panel": panel.panel_id, "left_out": str(int((~whole).sum()))},
    )


def with_volatility_response(rule: ScenarioRule, response: Mapping[str, float]) -> ScenarioRule:
    """The rule with volatility answering spot: relative volatility move = response times relative spot move.

    response: by asset, negative where volatility rises as spot falls. Stated in the provenance.
    """
    added, blocks = [], [rule.shocks]
    for asset, beta in sorted(response.items()):
        column = next(c for c, spot in enumerate(rule.columns) if (spot.risk_class, spot.qualifier) == ("spot", asset))
        added.append(Column("volatility", asset))
        blocks.append(beta * rule.shocks[:, [column]])
    stated = {**rule.provenance, "volatility_response": ", ".join(f"{a} {b:+g}" for a, b in sorted(response.items()))}
    return ScenarioRule(
        rule.name, (*rule.columns, *added), np.hstack(blocks), rule.labels, rule.horizon_days, rule.weights,
        rule.pnl_scale, rule.path, rule.step, rule.ages, stated,
    )


def _with_zeros(moves: Floats, extra: int) -> Floats:
    return np.hstack([moves, np.zeros((len(moves), extra))])
