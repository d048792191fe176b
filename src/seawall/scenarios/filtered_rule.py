"""Joint moves of a history's factors as a rule: one column a factor, jumps where a factor moves by jumps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.history.dynamics import VolatilityDynamics
from seawall.history.dynamics_jumps import fit_jumps
from seawall.history.dynamics_moves import PROPORTIONAL
from seawall.kernels.paths import pseudo_uniforms, sobol_uniforms, steadied
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.factor import Factor
from seawall.model.scenario import RELATIVE, Column, ScenarioRule, Term
from seawall.scenarios.apply import held_still
from seawall.scenarios.historical import column_of

# A thousandth of a basis point: below it, two machines' mathematical libraries need not agree.
MOVE_DECIMALS = 7
STILL = ("stablecoin", "currency")
# Keeps the stream of rare jumps apart from that of ordinary moves.
JUMP_STREAM = 1_000_003


class Sample(NamedTuple):
    """How many rows, from which seed, over how many days; low_discrepancy: Sobol points (a power of two) or not."""

    scenarios: int = 8192
    seed: int = 1
    horizon_days: int = 1
    low_discrepancy: bool = True

    def uniforms(self, columns: int) -> Floats:
        """(S, columns) points strictly inside 0 and 1."""
        if self.scenarios < 1 or self.horizon_days < 1:
            raise InputError("sample", found=(self.scenarios, self.horizon_days), wanted="rows and days, one or more")
        draw = sobol_uniforms if self.low_discrepancy else pseudo_uniforms
        return draw(self.seed, self.scenarios, columns)

    @property
    def told(self) -> dict[str, str]:
        """What the provenance says of it."""
        # One randomisation of scrambled points: errors of independent draws stand above the true ones.
        how = "scrambled Sobol points, one randomisation" if self.low_discrepancy else "independent"
        return {"seed": str(self.seed), "draws": how}


def rows_of(horizon_days: int, periods_per_year: float) -> int:
    """How many rows of a history make so many days: each row is a day, whether or not markets sleep."""
    return horizon_days * max(1, round(periods_per_year / 365.0))


def whole_residuals(dynamics: VolatilityDynamics) -> tuple[Floats, Sequence[str]]:
    """(N,P) residuals of the rows on which every factor moved, and their dates as text. Raises InputError.

    No deviation counts as less than a tenth of the factor's own over the whole history.
    """
    held = dynamics.moves
    whole = held.known.all(axis=1)
    variance = steadied(dynamics.variance[:-1], held.values)
    if int(whole.sum()) < 2:
        raise InputError(f"residuals of {held.source}", found=f"{int(whole.sum())} whole rows", wanted="at least 2",
                         remedy="restrict the factors or the dates")
    dates = np.datetime_as_string(held.dates[whole], unit="D" if held.periods_per_year <= 366 else "m")
    residuals = (held.values[whole] - dynamics.mean) / np.sqrt(variance[whole])
    return np.asarray(residuals), [str(date) for date in dates]


def variance_to_come(dynamics: VolatilityDynamics) -> Floats:
    """(P,) variance of the row to come, held as the residuals' is."""
    return np.asarray(steadied(dynamics.variance[-1], dynamics.moves.values))


def with_jumps(moves: Floats, dynamics: VolatilityDynamics, seed: int) -> Floats:
    """(S,H,P) moves with those of factors that move by jumps drawn from their jump model, each on its own."""
    out = np.array(moves)
    rows, steps, _ = moves.shape
    history = dynamics.moves
    for n, margin in enumerate(dynamics.margins):
        if margin.model != "jump":
            continue
        law = fit_jumps(margin.factor, history.values[:, n], history.periods_per_year)
        uniforms = pseudo_uniforms(seed + JUMP_STREAM * (n + 1), rows * steps, 3)
        out[:, :, n] = law.draws(uniforms).reshape(rows, steps)
    return out


def rule_of_moves(
    factors: Sequence[Factor], moves: Floats, *, name: str, labels: Sequence[str] | None = None, horizon_days: float,
    provenance: Mapping[str, str], term: Term | None = None,
) -> ScenarioRule:
    """The rule of moves (S,P), logarithmic where a factor moves in proportion; other stablecoins and currencies still.

    Rounded to 1e-7. A volatility without tenor fades along expiries by ``term``, as history does.
    """
    proportional = [factor.risk_class in PROPORTIONAL for factor in factors]
    columns = [column_of(f, p, term) for f, p in zip(factors, proportional, strict=True)]
    shocks = np.where(np.array(proportional), np.expm1(moves), moves)
    named = {(c.risk_class, c.qualifier) for c in columns}
    rest = [held_still("spot", f"*{kind}") for kind in STILL if ("spot", f"*{kind}") not in named]
    texts = [f"draw {n}" for n in range(len(moves))] if labels is None else list(labels)
    return ScenarioRule(
        name=name, columns=(*columns, *rest),
        shocks=np.hstack([np.round(shocks, MOVE_DECIMALS), np.zeros((len(moves), len(rest)))]),
        labels=frozen_texts(texts, "labels"), horizon_days=horizon_days, provenance=provenance,
    )


def columns_moved(rule: ScenarioRule) -> tuple[Column, ...]:
    """The columns that move in at least one row."""
    return tuple(c for n, c in enumerate(rule.columns) if np.any(rule.shocks[:, n]))


def log_moves(rule: ScenarioRule, columns: Sequence[int]) -> Floats:
    """(S,K) log moves of the columns that are relative, plain shocks of the rest."""
    relative = np.array([rule.columns[n].how == RELATIVE for n in columns])
    shocks = rule.shocks[:, list(columns)]
    if (shocks[:, relative] <= -1).any():
        raise InputError(f"rule {rule.name}", found="a fall of 100 % or more", wanted="falls with a logarithm",
                         remedy="leave that row out")
    return np.asarray(np.where(relative, np.log1p(np.where(relative, shocks, 0.0)), shocks))
