"""What if the past comes again? Each row of a price history, as a joint move from today's levels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Bools, Floats, frozen_texts
from seawall.model.factor import Factor
from seawall.model.panel import Panel
from seawall.model.scenario import ABSOLUTE, RELATIVE, Column, ScenarioRule, Term
from seawall.scenarios.apply import held_still
from seawall.scenarios.grid import MULTIPLICATIVE

# How a move of 30-day volatility reached other expiries in the Deribit chains of 4 and 5 February 2026: BTC +0.81 of
# its level at 7 days, +0.66 at 21, +0.42 at 49, +0.21 at 140, +0.09 at 322; about flat below a week.
MEASURED_TERM = Term(reference_days=30.0, short=0.3, long=0.7, floor_days=7.0)
# Relative move of 30-day volatility per relative move of spot, by least squares on daily closes: BTC and DVOL,
# 147 days to 13 February 2026, -1.9 at correlation -0.80; SPY and VIX, 5,847 days from 1998 to 2021, -4.3 at -0.72.
# In falls beyond 4 % (BTC) and 3 % (SPY) alone the slopes are -2.7 and -4.5: a large shock is understated.
DEFAULT_RESPONSE: Mapping[str, float] = MappingProxyType({"crypto": -1.9, "equity": -4.3})
MATURITY = re.compile(r"^(\d+(?:\.\d+)?)[dD]$")
# Decimals kept of a power, so that two machines' last bits do not make two rules.
PROXY_DECIMALS = 9


def historical(
    panel: Panel, *, horizon_days: int = 1, name: str = "historical",
    still: tuple[str, ...] = ("stablecoin", "currency"),
    proxies: Mapping[str, tuple[str, float]] | None = None, term: Term | None = None,
) -> ScenarioRule:
    """One scenario per pair of dates ``horizon_days`` apart, overlapping when that is more than one row.

    Relative moves for prices and volatilities, differences for rates and the like. A ``volatility:ASSET`` without
    tenor (DVOL, VIX) drives that asset's smile level at 30 days and fades by ``term`` (``MEASURED_TERM`` if none is
    given); a tenor such as ``90d`` is a constant maturity. Rows with a value missing for any factor are left out, so
    that each row is one joint move. Asset classes in ``still`` are held where no column names them.
    proxies: asset without a history -> (asset, beta): (1 + move) ** beta - 1 in spot, and the volatility move as it
    is. Raises InputError if no row is whole, a proxy's source is not in the panel, a tenor is a date, or one factor
    comes both with and without a tenor.
    """
    if horizon_days < 1:
        raise InputError("horizon of historical scenarios", found=horizon_days, wanted="one day or more")
    rows = horizon_days * max(1, round(panel.periods_per_year / 365.0))
    relative = [factor.risk_class in MULTIPLICATIVE for factor in panel.factors]
    moves = _moves(panel, rows, np.array(relative, dtype=bool))
    whole = np.asarray(np.isfinite(moves).all(axis=1))
    if not whole.any():
        raise InputError(f"history {panel.source}", found=f"{len(moves)} rows, none whole{_blamed(panel, moves)}",
                         wanted="dates on which every factor has a value", remedy="restrict the factors or the dates")
    columns = [column_of(f, r, term) for f, r in zip(panel.factors, relative, strict=True)]
    _refuse_doubles(columns)
    added, blocks = proxied_columns(columns, moves[whole], proxies or {})
    rest = [held_still("spot", f"*{asset_class}") for asset_class in still]
    dates = np.datetime_as_string(panel.dates[rows:][whole], unit="D" if panel.periods_per_year <= 366 else "m")
    return ScenarioRule(
        name=name, columns=(*columns, *added, *rest),
        shocks=np.hstack([moves[whole], *blocks, np.zeros((int(whole.sum()), len(rest)))]),
        labels=frozen_texts(list(dates), "labels"), horizon_days=float(horizon_days),
        provenance=_provenance(panel, moves, whole, rows, proxies or {}),
    )


def with_volatility_response(
    rule: ScenarioRule, response: Mapping[str, float] | None = None, *, asset_class: Mapping[str, str] | None = None,
    term: Term | None = None,
) -> ScenarioRule:
    """The rule with volatility answering spot: relative volatility move = response times relative spot move.

    response: by asset, negative where volatility rises as spot falls; else ``DEFAULT_RESPONSE`` by asset_class (of a
    market) for every asset whose spot the rule moves by name and whose volatility it does not. At 30 days, fading by
    ``term`` (``MEASURED_TERM`` if none is given). A model, not a history: stated in the provenance.
    Raises InputError for an asset whose spot the rule does not move, or whose volatility it moves already.
    """
    chosen = _default_response(rule, asset_class or {}) if response is None else dict(response)
    place = {(c.risk_class, c.qualifier): n for n, c in enumerate(rule.columns)}
    added, blocks = [], [rule.shocks]
    for asset, beta in sorted(chosen.items()):
        if ("spot", asset) not in place or ("volatility", asset) in place:
            raise InputError(f"rule {rule.name}: volatility response of {asset}",
                             found="no spot move" if ("spot", asset) not in place else "a volatility of its own",
                             wanted="an asset whose spot the rule moves and whose volatility it does not",
                             remedy="leave it out of the response, or add its price history")
        added.append(Column("volatility", asset, term=term or MEASURED_TERM))
        blocks.append(beta * rule.shocks[:, [place["spot", asset]]])
    stated = {**rule.provenance, "volatility_response": ", ".join(f"{a} {b:+g}" for a, b in sorted(chosen.items()))}
    return replace(rule, columns=(*rule.columns, *added), shocks=np.hstack(blocks), provenance=stated)


def _moves(panel: Panel, rows: int, relative: Bools) -> Floats:
    """(T - rows, P) moves over so many rows; NaN where there is none."""
    start, end = panel.values[:-rows], panel.values[rows:]
    with np.errstate(divide="ignore", invalid="ignore"):
        # A proportion of a price that is not positive means nothing: the row is left out, and counted.
        proportion = np.where((start > 0) & (end > 0), end / start - 1, np.nan)
        return np.where(relative, proportion, end - start)


def _default_response(rule: ScenarioRule, asset_class: Mapping[str, str]) -> dict[str, float]:
    own = {c.qualifier for c in rule.columns if c.risk_class == "volatility"}
    moved = {c.qualifier for c in rule.columns if c.risk_class == "spot"} - own
    return {a: DEFAULT_RESPONSE[asset_class[a]] for a in sorted(moved) if asset_class.get(a) in DEFAULT_RESPONSE}


def column_of(factor: Factor, relative: bool, term: Term | None) -> Column:
    """The column of one series: all expiries without a tenor, that maturity with one."""
    days = None
    if factor.tenor:
        found = MATURITY.match(factor.tenor)
        if found is None:
            raise InputError(f"history of {factor.key}", found=factor.tenor, wanted="no tenor, or days such as 30d",
                             remedy="an expiry date happens once: give the series at a constant maturity")
        days = float(found[1])
    level = factor.risk_class == "volatility" and days is None
    return Column(factor.risk_class, factor.qualifier, RELATIVE if relative else ABSOLUTE, days,
                  (term or MEASURED_TERM) if level else None)


def _refuse_doubles(columns: Sequence[Column]) -> None:
    flat = {(c.risk_class, c.qualifier) for c in columns if c.tenor_days is None}
    both = sorted(c.key for c in columns if c.tenor_days is not None and (c.risk_class, c.qualifier) in flat)
    if both:
        raise InputError("a factor has a history both with and without a tenor", found=", ".join(both),
                         wanted="one of the two", remedy="leave one out: together they would move it twice")


def proxied_columns(
    columns: Sequence[Column], moves: Floats, proxies: Mapping[str, tuple[str, float]]
) -> tuple[list[Column], list[Floats]]:
    """Columns and shocks of assets that follow another: spot by beta, volatility move for move."""
    added, blocks = [], []
    have = {(column.risk_class, column.qualifier) for column in columns}
    for asset, (source, beta) in sorted(proxies.items()):
        if ("spot", source) not in have and ("volatility", source) not in have:
            raise InputError(f"proxy of {asset}", found=source, wanted="an asset with a history: " + ", ".join(
                sorted({name for _, name in have})), remedy="name one of these")
        if not np.isfinite(beta):
            raise InputError(f"proxy of {asset}: beta", found=beta, wanted="a finite number")
        for place, column in enumerate(columns):
            if column.qualifier != source or column.risk_class not in ("spot", "volatility"):
                continue
            if (column.risk_class, asset) in have:
                continue
            power = beta if column.risk_class == "spot" else 1.0
            followed = np.round((1 + moves[:, [place]]) ** power - 1, PROXY_DECIMALS)
            added.append(Column(column.risk_class, asset, column.how, column.tenor_days, column.term))
            blocks.append(followed)
    return added, blocks


def _provenance(
    panel: Panel, moves: Floats, whole: Bools, rows: int, proxies: Mapping[str, tuple[str, float]]
) -> dict[str, str]:
    stated = {"generator": "historical", "panel": panel.panel_id, "left_out": str(int((~whole).sum()))}
    if rows > 1:
        stated["overlap"] = f"each row spans {rows} rows of the history: neighbours are not independent"
    if not whole.all():
        stated["left_out_for"] = _blamed(panel, moves).removeprefix("; ")
    if proxies:
        stated["proxies"] = ", ".join(f"{a} = {source} x {beta:g}" for a, (source, beta) in sorted(proxies.items()))
    return stated


def _blamed(panel: Panel, moves: Floats) -> str:
    """The factors that leave most rows unusable, with their count."""
    counts = (~np.isfinite(moves)).sum(axis=0)
    worst = [int(n) for n in np.argsort(-counts, kind="stable")[:3] if counts[n]]
    return "; " + ", ".join(f"{panel.factors[n].key} in {int(counts[n])}" for n in worst) if worst else ""
