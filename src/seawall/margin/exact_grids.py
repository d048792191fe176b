"""Which numbers are integers? Grids in fine parts of a tick, amounts in ticks, and sums of them that are checked."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.errors import ModelError
from seawall.kernels.fold_exact import ticks
from seawall.kernels.hold_exact import FINE, LIMIT, cell_sizes
from seawall.model.arrays import Ints

Bounds = tuple[Ints, Ints]
Grid = tuple[Ints, Ints, Ints]


class Grids:
    """Each cube in ticks once, however many terms scan it; rows that are not finite are zero, and remembered."""

    def __init__(self, lot: Fraction, tick: Fraction) -> None:
        self.lot, self.tick = lot, tick
        self.without: set[int] = set()
        self._done: dict[tuple[int, Fraction], tuple[Any, Grid]] = {}

    def cube(self, values: NDArray[np.float64], used: Ints, *, tick: Fraction | None = None) -> Grid:
        """Low ends (I,S) and widths (I) in FINE parts of ticks, sizes (I) in ticks; used: instruments that count."""
        unit = self.tick if tick is None else tick
        key, bad = (id(values), unit), np.asarray(~np.isfinite(values).all(axis=1))
        if key not in self._done:
            low, high = ticks(np.where(bad[:, None], 0.0, values), self.lot / unit * FINE)
            self._done[key] = values, (low, (high - low).max(axis=1, initial=0), cell_sizes(low))
        self.without |= set(np.intersect1d(np.flatnonzero(bad), used).tolist())
        return self._done[key][1]

    def money(self, values: NDArray[np.float64]) -> Ints:
        """(2,...) amounts of currency in ticks."""
        return np.stack(ticks(values, 1 / self.tick))


def added(bounds: Bounds, place: Ints, rows: int) -> Bounds:
    """(rows) sums of bounds by place. Raises ModelError where one could pass 2^61 ticks."""
    reach = np.bincount(place, np.maximum(np.abs(bounds[0]), np.abs(bounds[1])), rows)
    if reach.max(initial=0.0) >= LIMIT:
        raise ModelError("charges added could pass 2^61 ticks; use larger ticks")
    out = np.zeros((2, rows), dtype=np.int64)
    np.add.at(out[0], place, bounds[0])
    np.add.at(out[1], place, bounds[1])
    return out[0], out[1]
