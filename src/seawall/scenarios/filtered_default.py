"""Which scenarios stand for a history, if nobody chooses? Filtered historical simulation, as backtests found best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from seawall.errors import ExtraMissing
from seawall.history.dynamics import LEAST_TO_FIT, VolatilityDynamics, fit_dynamics
from seawall.model.panel import Panel
from seawall.model.scenario import ScenarioRule, Term
from seawall.scenarios.filtered import filtered, filtered_paths
from seawall.scenarios.filtered_rule import MOVE_DECIMALS, Sample
from seawall.scenarios.historical import proxied_columns

# As they were backtested: the last rows alone, so that the residuals of another market do not linger.
FITTED_ROWS, SMOOTHED_ROWS, DECAY = 1000, 2000, 0.94


def default_filtered(
    panel: Panel, *, name: str = "filtered historical", horizon_days: int = 1, seed: int = 1,
    proxies: Mapping[str, tuple[str, float]] | None = None, term: Term | None = None,
) -> ScenarioRule:
    """Filtered historical simulation of a panel's last rows.

    GJR volatility over the last 1,000 moves where it can be fitted; without the statistics extra every factor is
    smoothed by 0.94 over the last 2,000, and one with fewer than 250 moves is smoothed anyhow. The provenance says
    which. One row a date for one day, 8,192 drawn paths for more. proxies as for ``historical``.
    Raises InputError if fewer than twenty moves are known, or a proxy's source is not in the panel.
    """
    dynamics = default_dynamics(panel)
    sample = Sample(seed=seed, horizon_days=horizon_days)
    rule = filtered(dynamics, name=name, term=term) if horizon_days == 1 else filtered_paths(
        dynamics, sample, name=name, term=term)
    used = sorted({margin.model for margin in dynamics.margins})
    rule = replace(rule, provenance={**rule.provenance, "volatility": ", ".join(used), "panel": panel.panel_id})
    return with_proxies(rule, proxies or {})


def default_dynamics(panel: Panel) -> VolatilityDynamics:
    """The volatility filters of the default: GJR over the last 1,000 moves, or smoothed over the last 2,000."""
    if len(panel.dates) > LEAST_TO_FIT:
        try:
            return fit_dynamics(_last(panel, FITTED_ROWS), model="gjr", decay=DECAY)
        except ExtraMissing:
            pass  # the provenance says that it was smoothed
    return fit_dynamics(_last(panel, SMOOTHED_ROWS), model="ewma", decay=DECAY)


def with_proxies(rule: ScenarioRule, proxies: Mapping[str, tuple[str, float]]) -> ScenarioRule:
    """The rule with assets that follow another: spot by a power, volatility move for move. Raises InputError."""
    if not proxies:
        return rule
    added, blocks = proxied_columns(rule.columns, rule.shocks, proxies)
    told = ", ".join(f"{asset} = {source} x {beta:g}" for asset, (source, beta) in sorted(proxies.items()))
    shocks = np.hstack([rule.shocks, *(np.round(block, MOVE_DECIMALS) for block in blocks)])
    return replace(rule, columns=(*rule.columns, *added), shocks=shocks,
                   provenance={**rule.provenance, "proxies": told})


def _last(panel: Panel, moves: int) -> Panel:
    return panel.between(panel.dates[max(len(panel.dates) - 1 - moves, 0)])
