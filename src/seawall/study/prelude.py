"""What stood before the first chain? A long history of spots, its smiles imputed from what was known on the day.

Recorded: every spot, and the volatility index where there is one. Modelled: every other level, skew and curvature.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.history.dynamics_moves import PROPORTIONAL
from seawall.kernels.paths import pseudo_uniforms
from seawall.model.arrays import Floats, Ints, read_only
from seawall.model.panel import Panel
from seawall.scenarios.smile_history_model import LEAST_ROWS, SmileResponse, fit_smile_response
from seawall.scenarios.smile_history_stated import INDEX_DAYS, stated_response
from seawall.study.models import Draws, Fitted, Model
from seawall.study.past import Past, place_of

DAYS = (30.0, 90.0)
INDEX_TENOR = f"{INDEX_DAYS:g}d"


@dataclass(frozen=True, eq=False)
class Prelude:
    """prices: daily spots, the last before any chain. index: spot and 30-day volatility of some days of one of them.

    Compared by identity. Spots of prices are levels in the chains' own unit: the last is joined to the first chain.
    """

    prices: Panel
    index: Panel
    asset_class: str = "crypto"
    seed: int = 7

    def response(self, past: Past) -> SmileResponse:
        """How smiles answer spot, as far as was known: fitted to the chains so far once sixty rows of them are whole.

        Rows of all assets count together. Before that: stated, from the index's answer.
        """
        return _response(self, past)

    def joined(self, past: Past, response: SmileResponse) -> Past:
        """The past with the long history before it, the same factors in every row.

        Raises InputError if the history does not end before the past begins.
        """
        if self.prices.dates[-1] >= past.dates[0]:
            raise InputError(f"history before {past.source}", found=f"prices up to {self.prices.dates[-1]}",
                             wanted=f"an end before {past.dates[0]}")
        return _joined(self, past, response)


@dataclass(frozen=True, eq=False)
class OnPrelude:
    """Any model, given the long history and its imputed smiles before the past it is shown."""

    model: Model
    prelude: Prelude

    @property
    def name(self) -> str:
        """The model's own."""
        return self.model.name

    def fit(self, past: Past) -> Fitted:
        """The model's estimates from both; how smiles were imputed stays until the next fit."""
        response = self.prelude.response(past)
        return _FittedOnPrelude(self.prelude, response, self.model.fit(self.prelude.joined(past, response)))


class _FittedOnPrelude(NamedTuple):
    prelude: Prelude
    response: SmileResponse
    fitted: Fitted

    def draws(self, past: Past) -> Draws:
        """The model's, from both."""
        return self.fitted.draws(self.prelude.joined(past, self.response))


# Models of one day share the past, by identity, and so what is made of it.
@lru_cache(maxsize=2)
def _response(prelude: Prelude, past: Past) -> SmileResponse:
    assets = [factor.qualifier for factor in prelude.prices.factors]
    whole = 0
    for asset in assets:
        mine = [n for n, factor in enumerate(past.factors) if factor.qualifier == asset]
        whole += int(np.isfinite(np.diff(past.levels[:, mine], axis=0)).all(axis=1).sum())
    if whole < LEAST_ROWS:
        return stated_response(fit_smile_response(prelude.index, prelude.asset_class), DAYS, seed=prelude.seed)
    panel = Panel(past.dates, past.factors, past.levels, (), past.source, past.periods_per_year)
    return fit_smile_response(panel, prelude.asset_class, underlyings=assets)


@lru_cache(maxsize=2)
def _joined(prelude: Prelude, past: Past, response: SmileResponse) -> Past:
    prices = prelude.prices
    levels = np.full((len(prices.dates), len(past.factors)), np.nan)
    rows = _residual_rows(prelude, response)
    for n, spot in enumerate(prices.factors):
        place = place_of(past.factors, spot.key)
        levels[:, place] = prices.values[:, n]
        moves = np.diff(np.log(np.append(prices.values[:, n], past.levels[0, place])))
        answers = _answers(prelude, spot.qualifier, moves, rows, response)
        for k, coordinate in enumerate(response.factors):
            at = place_of(past.factors, f"{coordinate.risk_class}:{spot.qualifier}:{coordinate.tenor}")
            proportional = coordinate.risk_class in PROPORTIONAL
            levels[:, at] = _leading_to(float(past.levels[0, at]), answers[:, k], proportional=proportional)
    dates = np.concatenate([prices.dates, past.dates])
    return Past(read_only(dates), past.factors, read_only(np.vstack([levels, past.levels])), past.periods_per_year,
                f"{past.source} after {prices.source}")


def _answers(prelude: Prelude, asset: str, spot: Floats, rows: Ints, response: SmileResponse) -> Floats:
    """(T,K) moves of one asset's coordinates: answers to spot moves (T,), the index's own level where recorded."""
    out = response.moves(spot, (rows + 0.5) / len(response.residuals))
    out -= out.mean(axis=0)  # an implied volatility, or its skew, goes nowhere in the long run
    if asset == _index_asset(prelude):
        recorded, level = _index_moves(prelude), _index_place(response)
        out[:, level] = np.where(np.isfinite(recorded), recorded, out[:, level])
    return out


def _index_place(response: SmileResponse) -> int:
    return next(k for k, f in enumerate(response.factors) if (f.risk_class, f.tenor) == ("volatility", INDEX_TENOR))


def _leading_to(last: float, moves: Floats, *, proportional: bool) -> Floats:
    """(T,) levels from which moves (T,), each over the row that follows, lead to ``last``."""
    ahead = np.cumsum(moves[::-1])[::-1]
    return np.asarray(last * np.exp(-ahead) if proportional else last - ahead)


def _index_asset(prelude: Prelude) -> str:
    return next(f.qualifier for f in prelude.index.factors if f.risk_class == "volatility")


def _index_moves(prelude: Prelude) -> Floats:
    """(T,) log moves of the index over the row after each price, NaN where not recorded."""
    index = prelude.index
    place = next(n for n, f in enumerate(index.factors) if f.risk_class == "volatility")
    level = dict(zip(index.dates.astype("M8[D]").tolist(), index.values[:, place].tolist(), strict=True))
    held = np.array([level.get(day, np.nan) for day in prelude.prices.dates.astype("M8[D]").tolist()])
    return np.append(np.diff(np.log(held)), np.nan)


def _residual_rows(prelude: Prelude, response: SmileResponse) -> Ints:
    """(T,) which residuals come with each row: drawn, or, where the index is known, those whose level is nearest."""
    count, prices = len(prelude.prices.dates), prelude.prices
    rows = np.asarray(pseudo_uniforms(prelude.seed, count, 1)[:, 0] * len(response.residuals), dtype=np.int64)
    level = _index_place(response)
    spot = next(n for n, f in enumerate(prices.factors) if f.qualifier == _index_asset(prelude))
    moves = np.append(np.diff(np.log(prices.values[:, spot])), 0.0)
    answered = response.expected(moves)[:, level]
    surprise = _index_moves(prelude) - answered
    for row in np.flatnonzero(np.isfinite(surprise)):
        rows[row] = int(np.argmin(np.abs(response.residuals[:, level] - surprise[row])))
    return rows
