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
from seawall.model.panel import Panel
from seawall.scenarios.smile_history_model import SmileResponse, fit_smile_response
from seawall.study.models import Draws, Fitted
from seawall.study.past import Past, place_of

SEED = 7


@dataclass(frozen=True, eq=False)
class FilteredSpotFittedSmiles:
    """Filtered historical spot moves (EWMA) of ``long`` and the past together; smiles answer by least squares.

    long: spots alone, daily, ending before the past begins; its factors must stand in the past. The smile's answer is
    fitted to the past's own rows. One residual row of the fit per draw, shared by the assets.
    """

    long: Panel
    decay: float = 0.94
    name: str = "filtered spot, fitted smiles"

    def fit(self, past: Past) -> Fitted:
        """The answer of smiles to spot. Raises InputError for fewer than sixty rows."""
        if self.long.dates[-1] >= past.dates[0]:
            raise InputError(f"model {self.name}", found=f"a long history up to {self.long.dates[-1]}",
                             wanted=f"one that ends before {past.dates[0]}")
        panel = Panel(past.dates, past.factors, past.levels, (), past.source, past.periods_per_year)
        response = fit_smile_response(panel, "crypto")
        margins = fit_dynamics(self._moves(past), model="ewma", decay=self.decay).margins
        return _FittedSmiles(self, margins, response)

    def _moves(self, past: Past) -> Moves:
        keys = [factor.key for factor in self.long.factors]
        recent = past.moves(0)
        places = [place_of(past.factors, key) for key in keys]
        older = np.diff(np.log(self.long.values), axis=0)
        return Moves(np.concatenate([self.long.dates[1:], recent.dates]), self.long.factors,
                     np.vstack([older, recent.values[:, places]]), past.periods_per_year, self.name)

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
        for n, factor in enumerate(self.model.long.factors):
            moves[:, place_of(past.factors, factor.key)] = spots[:, n]
            answers = self.response.moves(spots[:, n], uniforms)
            for k, coordinate in enumerate(self.response.factors):
                key = f"{coordinate.risk_class}:{factor.qualifier}:{coordinate.tenor}"
                moves[:, place_of(past.factors, key)] = answers[:, k]
        return Draws(moves)
