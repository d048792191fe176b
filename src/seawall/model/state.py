"""What would be? S versions of one market, each some time later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.errors import FactorMissing, ShapeMismatch
from seawall.model.arrays import Floats, read_only
from seawall.model.market import Market


@dataclass(frozen=True)
class State:
    """levels (S,F), in the factors' own units; elapsed_years (S,), time passed since ``market.as_of``.

    Raises ShapeMismatch.
    """

    market: Market
    levels: Floats
    elapsed_years: Floats

    def __post_init__(self) -> None:
        wanted = (len(self.elapsed_years), len(self.market.factors))
        if self.levels.shape != wanted:
            raise ShapeMismatch("levels of a state", found=self.levels.shape, wanted=wanted)

    @property
    def size(self) -> int:
        """S."""
        return int(self.levels.shape[0])

    def level(self, key: str, *, needed_by: str = "the caller") -> Floats:
        """(S,) levels of one factor. Raises FactorMissing."""
        where = self.market.index.get(key)
        if where is None:
            raise FactorMissing(key, needed_by=needed_by, remedy="supply it with the market, or drop the position")
        return self.levels[:, where]

    def spot(self, asset: str) -> Floats:
        """(S,) value of one unit of the asset in the numeraire. Raises FactorMissing."""
        return np.ones(self.size) if asset == self.market.numeraire else self.level(f"spot:{asset}")


def present(market: Market) -> State:
    """The market as it stands, as one version of itself."""
    return State(market, read_only(market.levels[None, :]), read_only(np.zeros(1)))
