"""A long history of prices and a short one of smiles: spot filtered from the first, smiles fitted to the second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.history.dynamics import Margin, fit_dynamics
from seawall.history.dynamics_moves import Moves
from seawall.kernels.garch import filtered_variance
from seawall.kernels.paths import pseudo_uniforms, steadied
from seawall.model.arrays import Floats
from seawall.scenarios.smile_history_model import SmileResponse
from seawall.study.models import Draws, Fitted
from seawall.study.past import Past, place_of
from seawall.study.prelude import Prelude

SEED = 7


@dataclass(frozen=True, eq=False)
class FilteredSpotFittedSmiles:
    """Filtered historical spot moves (EWMA) of the prelude's prices and the past together; smiles answer them.

    The answer is the prelude's own response: least squares on the chains so far, stated before there are enough.
    One residual row of the fit per draw, shared by the assets. Smiles keep no volatility of their own.
    """

    prelude: Prelude
    decay: float = 0.94
    name: str = "filtered spot, fitted smiles"

    def fit(self, past: Past) -> Fitted:
        """The answer of smiles to spot. Raises InputError if the prices do not end before the past."""
        prices = self.prelude.prices
        if prices.dates[-1] >= past.dates[0]:
            raise InputError(f"model {self.name}", found=f"a long history up to {prices.dates[-1]}",
                             wanted=f"one that ends before {past.dates[0]}")
        margins = fit_dynamics(self._moves(past), model="ewma", decay=self.decay).margins
        return _FittedSmiles(self, margins, self.prelude.response(past))

    def _moves(self, past: Past) -> Moves:
        prices = self.prelude.prices
        places = [place_of(past.factors, factor.key) for factor in prices.factors]
        logs = np.log(np.vstack([prices.values, past.levels[:, places]]))
        dates = np.concatenate([prices.dates, past.dates])
        return Moves(dates[1:], prices.factors, np.diff(logs, axis=0), past.periods_per_year, self.name)

    def spot_draws(self, past: Past, margins: tuple[Margin, ...]) -> Floats:
        """(S,N) rescaled moves of every row of both histories."""
        values = self._moves(past).values
        columns = [filtered_variance(values[:, n] - m.mean, m.recursion, m.start) for n, m in enumerate(margins)]
        variance = steadied(np.column_stack(columns), values)
        scaled = values * np.sqrt(variance[-1] / variance[:-1])
        return np.asarray(scaled[np.isfinite(scaled).all(axis=1)])


class _FittedSmiles(NamedTuple):
    model: FilteredSpotFittedSmiles
    margins: tuple[Margin, ...]
    response: SmileResponse

    def draws(self, past: Past) -> Draws:
        """Spot rows at today's volatility, each with the smiles that answer it."""
        spots = self.model.spot_draws(past, self.margins)
        uniforms = pseudo_uniforms(SEED, len(spots), 1)[:, 0]
        moves = np.zeros((len(spots), len(past.factors)))
        for n, factor in enumerate(self.model.prelude.prices.factors):
            moves[:, place_of(past.factors, factor.key)] = spots[:, n]
            answers = self.response.moves(spots[:, n], uniforms)
            for k, coordinate in enumerate(self.response.factors):
                key = f"{coordinate.risk_class}:{factor.qualifier}:{coordinate.tenor}"
                moves[:, place_of(past.factors, key)] = answers[:, k]
        return Draws(moves)
