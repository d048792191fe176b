"""Many vanilla options under many scenarios: smile, Black-76 and settlement in one compiled loop.

Two loops of one meaning: what depends only on expiry and scenario (forward, time left, the three coordinates of
the smile, discount) comes as (E,S); each instrument names its expiry. ``revalue_vanilla`` writes (I,S).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from seawall.errors import BrokenKernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROOT_HALF = 0.7071067811865475244
ROOT_TWO = 1.4142135623730950488
VOLATILITY_FLOOR = 0.1


@njit(cache=True, nogil=True, error_model="numpy")
def revalue_vanilla(
    strike: Floats, sign: Floats, inverse: Ints, size: Floats, expiry: Ints, forward: Floats, years: Floats,
    smile: Floats, level: Floats, skew: Floats, curvature: Floats, discount: Floats, out: Floats,
) -> None:
    """Writes the value (I,S) in settlement currency per contract.

    strike, sign (+1 call), inverse (1 if coin-settled), size, expiry (I): expiry is a row of the (E,S) arrays.
    forward, years left, level, skew (shift), curvature (shift), discount: (E,S).
    smile (E,7): a, b, rho, m, s, level and years as fitted.
    """
    for i in range(strike.size):
        e = expiry[i]
        k_i, c, n = strike[i], sign[i], size[i]
        a, b, rho, m, s = smile[e, 0], smile[e, 1], smile[e, 2], smile[e, 3], smile[e, 4]
        scale = smile[e, 5] * math.sqrt(smile[e, 6])
        fitted_root = 1.0 / math.sqrt(smile[e, 6])
        log_strike = math.log(k_i) if k_i > 0.0 else 0.0
        for j in range(forward.shape[1]):
            f = forward[e, j]
            value = max(c * (f - k_i), 0.0)
            if years[e, j] > 0.0 and k_i > 0.0:
                root = math.sqrt(years[e, j])
                x = log_strike - math.log(f)
                z = x / (level[e, j] * root)
                k = z * scale - m
                w = max(a + b * (rho * k + math.sqrt(k * k + s * s)), 0.0)
                volatility = math.sqrt(w) * fitted_root * (level[e, j] / smile[e, 5])
                if skew[e, j] != 0.0 or curvature[e, j] != 0.0:
                    volatility += skew[e, j] * ROOT_TWO * z / math.sqrt(1.0 + z * z)
                    volatility += curvature[e, j] * 2.0 * z * z / (1.0 + z * z)
                deviation = max(volatility, VOLATILITY_FLOOR * level[e, j]) * root
                d1 = 0.5 * deviation - x / deviation
                first = 0.5 * math.erfc(-c * d1 * ROOT_HALF)
                second = 0.5 * math.erfc(-c * (d1 - deviation) * ROOT_HALF)
                value = max(c * (f * first - k_i * second), 0.0)
            value *= n * discount[e, j]
            out[i, j] = value / f if inverse[i] else value


def check_compiled() -> float:
    """Largest error, per forward, of the compiled loop against known values; raises BrokenKernel above 1e-12.

    Known: the at-the-money value of a flat smile, F (2 N(s/2) - 1), by the error function; and intrinsic at expiry.
    """
    out = np.empty((2, 2))
    years = np.array([[0.25, 0.0]])
    flat = np.array([[0.04, 0.0, 0.0, 0.0, 1.0, 0.4, 0.25]])
    one, none = np.ones((1, 2)), np.zeros((1, 2))
    revalue_vanilla(
        np.array([100.0, 80.0]), np.array([1.0, 1.0]), np.zeros(2, np.int64), np.ones(2), np.zeros(2, np.int64),
        100.0 * one, years, flat, 0.4 * one, none, none, one, out,
    )
    known = 100.0 * math.erf(0.1 * ROOT_HALF)
    error = float(max(abs(out[0, 0] - known), abs(out[0, 1]), abs(out[1, 1] - 20.0))) / 100.0
    if not error <= 1e-12:
        raise BrokenKernel("revalue_vanilla", error=error, allowed=1e-12)
    return error
