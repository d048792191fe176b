"""By which models can this book's tail be told? The plan's own rules, then those that filter the history's volatility.

Every model is a scenario rule, so that the book is revalued in full under each. Where the history records volatility
for too few days it is left out, and volatility answers spot by the stated model of the historical rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seawall.errors import ExtraMissing, InputError, ModelError
from seawall.history.dependence_copula import fit_copula_dependence
from seawall.history.dynamics import VolatilityDynamics, fit_dynamics
from seawall.inquiry.asked import Asked, Progress, spot_keys
from seawall.model.panel import Panel
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.choice import SHORTER
from seawall.scenarios.copula_draws import copula_simulated
from seawall.scenarios.filtered import filtered, filtered_paths
from seawall.scenarios.filtered_rule import Sample
from seawall.scenarios.garch import garch_student_t
from seawall.scenarios.historical import with_volatility_response

FILTERED, GARCH, COPULA = "filtered historical", "GARCH Student-t", "t copula"
LEAST_DRAWS = 1024


@dataclass(frozen=True)
class Model:
    """One rule, and what it is made of."""

    rule: ScenarioRule
    source: str


def models(asked: Asked, progress: Progress) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    """The models that the inputs allow, the plan's main one first, and a note on each that they do not."""
    own = [Model(rule, asked.plan.sources.get(rule.name, "")) for rule in asked.plan.tails]
    panel = _panel(asked)
    if isinstance(panel, str):
        return tuple(own), (*asked.plan.notes, f"{FILTERED}, {GARCH}, {COPULA}: not computed, {panel}")
    progress("fitting volatility to the history")
    dynamics, note = _fitted(panel)
    more, notes = _filtered_models(asked, panel, dynamics, progress)
    return (*own, *more), (*asked.plan.notes, *note, *notes)


def _panel(asked: Asked) -> Panel | str:
    """Prices of every asset that moves, with volatilities where they are recorded nearly as long; or why not."""
    if asked.history is None:
        return "no price history was given (--history)"
    dynamics = asked.plan.dynamics
    assets = sorted({c.qualifier for c in dynamics.columns if c.risk_class == "spot"}) if dynamics else []
    spots = spot_keys(asked.history, assets)
    missing = [a for a in assets if f"spot:{a}" not in spots]
    if missing or not spots:
        return f"the history does not hold {', '.join(missing) or 'what the book stands in'}"
    volatilities = [f"volatility:{a}" for a in assets if any(f.key == f"volatility:{a}" for f in asked.history.factors)]
    both = asked.history.select([*spots, *volatilities])
    whole = np.isfinite(both.values).all(axis=1).sum()
    alone = np.isfinite(asked.history.select(spots).values).all(axis=1).sum()
    return both if volatilities and whole >= SHORTER * alone else asked.history.select(spots)


def _fitted(panel: Panel) -> tuple[VolatilityDynamics, tuple[str, ...]]:
    try:
        return fit_dynamics(panel), ()
    except ExtraMissing as error:
        return fit_dynamics(panel, model="ewma"), (f"volatility is smoothed by 0.94 a day instead of fitted: {error}",)


def _filtered_models(
    asked: Asked, panel: Panel, dynamics: VolatilityDynamics, progress: Progress
) -> tuple[list[Model], list[str]]:
    sample = Sample(max(1 << (asked.draws.bit_length() - 1), LEAST_DRAWS), asked.seed, asked.days)
    last = str(np.datetime_as_string(panel.dates[-1], unit="D"))
    how = "GJR volatility" if any(m.model == "gjr" for m in dynamics.margins) else "smoothed volatility"
    told = f"{how} of the day after {last}"

    def copula() -> ScenarioRule:
        pair = dynamics if len(panel.factors) > 1 else _with_volatility(asked, panel)
        return copula_simulated(pair, fit_copula_dependence(pair), sample)

    made: list[tuple[str, Callable[[], ScenarioRule], str]] = [
        (FILTERED, lambda: filtered(dynamics) if asked.days == 1 else filtered_paths(dynamics, sample),
         f"residuals of {len(panel.dates) - 1:,} days at the {told}"),
        (GARCH, lambda: garch_student_t(dynamics, sample), f"{sample.scenarios:,} draws, seed {asked.seed}, {told}"),
        (COPULA, copula, f"{sample.scenarios:,} draws, seed {asked.seed}, margins with Pareto tails, {told}"),
    ]
    found, notes = [], []
    for name, make, source in made:
        progress(f"drawing {name}")
        try:
            rule = make()
        except (InputError, ModelError) as error:
            notes.append(f"{name}: not computed, {error}")
            continue
        found.append(_answered(asked, rule, source))
    return found, notes


def _with_volatility(asked: Asked, panel: Panel) -> VolatilityDynamics:
    """A single price with its own recorded volatility, on the days that have both."""
    assert asked.history is not None
    name = panel.factors[0].qualifier
    both = asked.history.select([f"spot:{name}", f"volatility:{name}"])
    whole = np.flatnonzero(np.isfinite(both.values).all(axis=1))
    return _fitted(both.between(both.dates[whole[0]], both.dates[whole[-1]]))[0]


def _answered(asked: Asked, rule: ScenarioRule, source: str) -> Model:
    """Volatility answers spot where the rule does not move it."""
    if any(c.risk_class == "volatility" for c in rule.columns):
        return Model(rule, f"{source}; recorded volatility")
    answered = with_volatility_response(rule, asset_class=asked.market.asset_class)
    return Model(answered, f"{source}; volatility answers spot by a stated model")
