"""Volatility of a smile that has moved, and its derivatives in strike and in the three coordinates.

The function is that of ``smile.moved_volatility``; here it is differentiated. k = ln(K / F), z = k / (level root T).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.kernels.smile import VOLATILITY_FLOOR, bend

Floats = NDArray[np.float64]

ROOT_TWO = 1.4142135623730950488


class MovedBend(NamedTuple):
    """Volatility at k, its first and second derivative by k and by level, its first by skew and curvature.

    The second derivatives by skew and curvature are zero: both enter linearly.
    """

    volatility: Floats
    by_k: Floats
    by_k_twice: Floats
    by_level: Floats
    by_level_twice: Floats
    by_skew: Floats
    by_curvature: Floats


def moved_bend(
    k: Floats, years_left: Floats, smile: Floats, level: Floats, skew: Floats, curvature: Floats
) -> MovedBend:
    """The moved smile around k; arguments as of ``moved_volatility``. On the floor only the level matters."""
    fitted_level, fitted_years = smile[..., 5], smile[..., 6]
    width, fitted_width = level * np.sqrt(years_left), fitted_level * np.sqrt(fitted_years)
    z = k / width
    kept = bend(z * fitted_width, smile[..., :5], fitted_years)
    ratio, inside = level / fitted_level, 1 + z * z
    tilt, bow = ROOT_TWO * z / np.sqrt(inside), 2 * z * z / inside
    kept_slope = kept.first * fitted_width
    slope = ratio * kept_slope + skew * ROOT_TWO * inside**-1.5 + curvature * 4 * z * inside**-2.0
    bent = (ratio * kept.second * fitted_width**2 - skew * 3 * ROOT_TWO * z * inside**-2.5
            + curvature * 4 * (1 - 3 * z * z) * inside**-3.0)
    volatility = ratio * kept.volatility + skew * tilt + curvature * bow
    per_level = -z / level  # dz / dlevel
    free = MovedBend(
        volatility, slope / width, bent / width**2, kept.volatility / fitted_level + slope * per_level,
        2 * kept_slope / fitted_level * per_level + bent * per_level**2 - 2 * slope * per_level / level, tilt, bow,
    )
    floor, none = VOLATILITY_FLOOR * level, np.zeros_like(volatility)
    held = MovedBend(floor, none, none, none + VOLATILITY_FLOOR, none, none, none)
    return MovedBend(*(np.where(volatility < floor, h, f) for h, f in zip(held, free, strict=True)))
