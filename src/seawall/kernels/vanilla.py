"""Many vanilla options under many scenarios: smile, Black-76 and settlement in one compiled loop.

What depends only on expiry and scenario comes as (E,S) and is prepared once per block of scenarios; each instrument
names its expiry; a call and a put of one strike share all but the last step. The innermost loop has neither branch nor
library call, so that compilers turn it into vector code, and neither fused nor reassociated arithmetic, so that a
value's bits do not depend on what is priced beside it.

Both terms of Black's formula share one bell: F n(d1) = K n(d2). So with N(x) = [x > 0] - sign(x) n(x) M(|x|),
M Mills' ratio, one exponential and one division serve both. Error: below 1e-14 of the forward.
Source of M: Hart et al. (1968), Computer Approximations, number 5666.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from seawall.errors import BrokenKernel
from seawall.kernels.elementary import natural_logarithm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROOT_HALF = 0.7071067811865475244
ROOT_TWO = 1.4142135623730950488
VOLATILITY_FLOOR = 0.1

BLOCK = 1024  # scenarios whose prepared columns stay in the first caches
FAR = 60.0  # past this many deviations the bell is exactly zero
LEAST_EXPONENT = -708.0

LOG2_E = 1.4426950408889634
LOG_2_HIGH, LOG_2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
ROUNDING = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest integer in the lowest bits


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
    columns, spare = np.empty((9, BLOCK)), np.empty(BLOCK)
    mate = _mates(strike, sign, expiry)
    for first in range(0, forward.shape[1], BLOCK):
        last = min(first + BLOCK, forward.shape[1])
        for e in range(forward.shape[0]):
            bent = _prepare(
                forward[e, first:last], years[e, first:last], smile[e], level[e, first:last], skew[e, first:last],
                curvature[e, first:last], discount[e, first:last], columns,
            )
            for i in range(strike.size):
                other = mate[i]
                if expiry[i] != e or 0 <= other < i:
                    continue
                call, put = (i, other) if sign[i] > 0.0 else (other, i)
                _both(
                    strike[i], size[call], size[put], columns[0] if inverse[call] else columns[8],
                    columns[0] if inverse[put] else columns[8], smile[e], columns, bent,
                    out[call, first:last] if call >= 0 else spare[: last - first],
                    out[put, first:last] if put >= 0 else spare[: last - first],
                )


@njit(cache=True, nogil=True, error_model="numpy")
def _mates(strike: Floats, sign: Floats, expiry: Ints) -> Ints:
    """(I,) each call's put of the same strike and expiry and the other way round: what they share is done once; -1."""
    mate = np.full(strike.size, -1)
    for i in range(strike.size):
        for j in range(i + 1, strike.size):
            if mate[i] < 0 and mate[j] < 0 and expiry[i] == expiry[j] and strike[i] == strike[j] and sign[i] != sign[j]:
                mate[i], mate[j] = j, i
    return mate


@njit(cache=True, nogil=True, error_model="numpy")
def _prepare(
    forward: Floats, years: Floats, smile: Floats, level: Floats, skew: Floats, curvature: Floats, discount: Floats,
    columns: Floats,
) -> bool:
    """forward, its log, 1 / (level root), what multiplies root w, tilt, bow and floor, discount, one.

    Whether any scenario moves skew or curvature.
    """
    fitted = 1.0 / (math.sqrt(smile[6]) * smile[5])
    bent = False
    for j in range(forward.size):
        f = forward[j]
        columns[0, j] = f
        columns[7, j] = discount[j]
        columns[8, j] = 1.0
        bent |= skew[j] != 0.0 or curvature[j] != 0.0
        if years[j] <= 0.0 or f <= 0.0 or level[j] <= 0.0:
            # No deviation: the loop settles at intrinsic value.
            for n in range(1, 7):
                columns[n, j] = 0.0
            continue
        root = math.sqrt(years[j])
        columns[1, j] = natural_logarithm(f)
        columns[2, j] = 1.0 / (level[j] * root)
        columns[3, j] = level[j] * fitted * root
        columns[4, j] = skew[j] * ROOT_TWO * root
        columns[5, j] = curvature[j] * 2.0 * root
        columns[6, j] = VOLATILITY_FLOOR * level[j] * root
    return bent


@njit(cache=True, nogil=True, error_model="numpy")
def _both(
    k: float, call_size: float, put_size: float, call_share: Floats, put_share: Floats, smile: Floats,
    columns: Floats, bent: bool, call: Floats, put: Floats,
) -> None:
    """A call's and a put's values of one strike under the prepared scenarios.

    What is paid in coin is divided by the forward, not multiplied by its rounded inverse: settlement is exact.
    """
    forward, log_forward, per_deviation = columns[0], columns[1], columns[2]
    ratio, tilt, bow, floor, unit = columns[3], columns[4], columns[5], columns[6], columns[7]
    if k <= 0.0:
        for j in range(call.size):
            call[j] = forward[j] * (call_size * unit[j]) / call_share[j]
            put[j] = 0.0 * call[j]
        return
    a, b, rho, m, s_squared = smile[0], smile[1], smile[2], smile[3], smile[4] * smile[4]
    scale = smile[5] * math.sqrt(smile[6])
    log_strike = natural_logarithm(k)
    for j in range(call.size):
        f = forward[j]
        x = log_strike - log_forward[j]
        z = x * per_deviation[j]
        y = z * scale - m
        w = a + b * (rho * y + math.sqrt(y * y + s_squared))
        w = 0.0 if w < 0.0 else w
        moved = math.sqrt(w) * ratio[j]
        if bent:
            t = z / math.sqrt(1.0 + z * z)
            moved += t * (tilt[j] + t * bow[j])
        deviation = floor[j] if moved < floor[j] else moved
        d1 = 0.5 * deviation - x / deviation
        d2 = d1 - deviation
        far1, far2 = abs(d1), abs(d2)
        far1 = FAR if far1 > FAR else far1
        far2 = FAR if far2 > FAR else far2
        bell = f * _exponential(-0.5 * far1 * far1)
        p1, q1, p2, q2 = _above(far1), _below(far1), _above(far2), _below(far2)
        tails = bell * (((p1 if d1 > 0.0 else -p1) * q2 - (p2 if d2 > 0.0 else -p2) * q1) / (q1 * q2))
        up = ((f if d1 > 0.0 else 0.0) - (k if d2 > 0.0 else 0.0)) - tails
        down = ((k if d2 < 0.0 else 0.0) - (f if d1 < 0.0 else 0.0)) - tails
        up = f - k if deviation <= 0.0 else up
        down = k - f if deviation <= 0.0 else down
        # Written so that a NaN stays one.
        up = 0.0 if up < 0.0 else up
        down = 0.0 if down < 0.0 else down
        call[j] = up * (call_size * unit[j]) / call_share[j]
        put[j] = down * (put_size * unit[j]) / put_share[j]


@njit(cache=True, error_model="numpy", inline="always")
def _exponential(x: float) -> float:
    """exp(x) for x <= 0, within two roundings; 0 where it would leave the normal numbers."""
    shifted = x * LOG2_E + ROUNDING
    n = shifted - ROUNDING
    r = (x - n * LOG_2_HIGH) - n * LOG_2_LOW
    p = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (
        1 / 5040 + r * (1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800 + r / 479001600)))))))))))
    power = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
    return 0.0 if x < LEAST_EXPONENT else p * power


@njit(cache=True, error_model="numpy", inline="always")
def _above(z: float) -> float:
    """Numerator of P(X > z) exp(z^2 / 2)."""
    return (((((3.526249659989109e-02 * z + 0.7003830644436881) * z + 6.373962203531650) * z + 33.91286607838300) * z
             + 112.0792914978709) * z + 221.2135961699311) * z + 220.2068679123761


@njit(cache=True, error_model="numpy", inline="always")
def _below(z: float) -> float:
    """Denominator of P(X > z) exp(z^2 / 2)."""
    return ((((((8.838834764831844e-02 * z + 1.755667163182642) * z + 16.06417757920695) * z + 86.78073220294608) * z
              + 296.5642487796737) * z + 637.3336333788311) * z + 793.8265125199484) * z + 440.4137358247522


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
