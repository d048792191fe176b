"""By which models can this book's tail be told? The plan's own rules, then those that filter the history's volatility.

Every model is a scenario rule, so that the book is revalued in full under each. Filters are fitted as the default that
held in backtests is: to the last rows alone. Where the history records no volatility for these, it answers spot by the
stated model of the historical rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError, ModelError
from seawall.history.dependence_copula import fit_copula_dependence
from seawall.history.dynamics import VolatilityDynamics
from seawall.inquiry.asked import Asked, Progress, spot_keys
from seawall.model.panel import Panel
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.choice import OLD_DAYS, SHORTER
from seawall.scenarios.copula_draws import copula_simulated
from seawall.scenarios.filtered_default import FITTED_ROWS, default_dynamics, default_filtered
from seawall.scenarios.filtered_rule import Sample
from seawall.scenarios.garch import garch_student_t
from seawall.scenarios.historical import with_volatility_response

FILTERED, GARCH, COPULA = "filtered historical", "GARCH Student-t", "Student-t copula"
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
    more, notes = _filtered_models(asked, panel, progress)
    named = {model.rule.name for model in own}
    added = tuple(model for model in more if model.rule.name not in named)
    told = tuple(note for note in asked.plan.notes if not (added and note.startswith(f"{FILTERED}: not computed")))
    return (*own, *added), (*told, *notes, *_aged(asked, panel, added))


def _aged(asked: Asked, panel: Panel, added: tuple[Model, ...]) -> tuple[str, ...]:
    """A word on models whose volatility is that of a day long past."""
    last = panel.dates[-1]
    age = (np.datetime64(asked.market.as_of.replace(tzinfo=None)) - last) / np.timedelta64(1, "D")
    if not added or age <= OLD_DAYS:
        return ()
    names = ", ".join(model.rule.name for model in added)
    day = np.datetime_as_string(last, unit="D")
    return (f"{names}: at the volatility of the day after {day}, {age:,.0f} days before this market",)


def _panel(asked: Asked) -> Panel | str:
    """Prices of every asset that moves, with volatilities where the rows that filters use have them; or why not."""
    if asked.history is None:
        return "no price history was given (--history)"
    dynamics = asked.plan.dynamics
    assets = sorted({c.qualifier for c in dynamics.columns if c.risk_class == "spot"}) if dynamics else []
    spots = spot_keys(asked.history, assets)
    missing = [a for a in assets if f"spot:{a}" not in spots]
    if missing or not spots:
        return f"the history does not hold {', '.join(missing) or 'what the book stands in'}"
    volatilities = [f"volatility:{a}" for a in assets if any(f.key == f"volatility:{a}" for f in asked.history.factors)]
    both, alone = asked.history.select([*spots, *volatilities]), asked.history.select(spots)
    recorded, priced = (int(np.isfinite(p.values[-FITTED_ROWS:]).all(axis=1).sum()) for p in (both, alone))
    return both if volatilities and recorded >= SHORTER * priced else alone


def _filtered_models(asked: Asked, panel: Panel, progress: Progress) -> tuple[list[Model], list[str]]:
    """Each model, and why one of them could not be made."""
    dynamics = default_dynamics(panel)
    sample = Sample(max(1 << (asked.draws.bit_length() - 1), LEAST_DRAWS), asked.seed, asked.days)

    def copula() -> tuple[ScenarioRule, VolatilityDynamics]:
        pair = dynamics if len(dynamics.factors) > 1 else _with_volatility(asked, panel)
        return copula_simulated(pair, fit_copula_dependence(pair), sample, name=COPULA), pair

    made: tuple[tuple[str, Callable[[], tuple[ScenarioRule, VolatilityDynamics]], str], ...] = (
        (FILTERED, lambda: (default_filtered(panel, horizon_days=asked.days, seed=asked.seed), dynamics), ""),
        (GARCH, lambda: (garch_student_t(dynamics, sample), dynamics), ""),
        (COPULA, copula, ", margins with Pareto tails"),
    )
    found, notes = [], []
    for name, make, how in made:
        progress(f"drawing {name}")
        try:
            rule, used = make()
        except (InputError, ModelError) as error:
            notes.append(f"{name}: not computed, {error}")
            continue
        found.append(_answered(asked, rule, f"{_made_of(rule, used, asked.seed)}{how}"))
    return found, notes


def _made_of(rule: ScenarioRule, used: VolatilityDynamics, seed: int) -> str:
    """Dates or draws, which volatility, and until when it is known."""
    last = str(np.datetime_as_string(used.moves.dates[-1], unit="D"))
    fitted = any(margin.model == "gjr" for margin in used.margins)
    rows = len(used.moves.dates)
    drawn = f"residuals of {rows:,} days" if rule.provenance.get("draws") is None else \
        f"{len(rule):,} draws, seed {seed}, from {rows:,} days"
    return f"{drawn}, at the {'GJR' if fitted else 'smoothed'} volatility of the day after {last}"


def _with_volatility(asked: Asked, panel: Panel) -> VolatilityDynamics:
    """A single price with its own recorded volatility, on the days that have both. Raises InputError without one."""
    assert asked.history is not None
    name = panel.factors[0].qualifier
    both = asked.history.select([f"spot:{name}", f"volatility:{name}"])
    whole = np.flatnonzero(np.isfinite(both.values).all(axis=1))
    if not len(whole):
        raise InputError(f"days with both a price and a volatility of {name}", found="none", wanted="a few hundred")
    return default_dynamics(both.between(both.dates[whole[0]], both.dates[whole[-1]]))


def _answered(asked: Asked, rule: ScenarioRule, source: str) -> Model:
    """Volatility answers spot where the rule does not move it."""
    if any(c.risk_class == "volatility" for c in rule.columns):
        return Model(rule, f"{source}; recorded volatility")
    answered = with_volatility_response(rule, asset_class=asked.market.asset_class)
    return Model(answered, f"{source}; volatility answers spot by a stated model")
