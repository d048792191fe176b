"""What the machine could do at most: an option's arithmetic on numbers that stay in registers.

Bit patterns that count up stand in for the columns that are read, an exclusive or for the row that is written:
neither loads nor stores, and yet nothing can be left out.
"""

from __future__ import annotations

import numpy as np
from numba import int64

from seawall.kernels.bell import FAR, bell, brief_over, brief_under
from seawall.kernels.compiled import builds

ROWS = 1_000
FORWARD, LOGARITHM = (int(np.float64(x).view(np.int64)) for x in (60_000.0, 11.0))


@builds(int64, int64)
def _values(rows: int, width: int) -> int:
    seen = 0
    for i in range(rows):
        k, half, per, amount = 50_000.0 + i, 0.2 + 1e-4 * i, 2.5 - 1e-3 * i, 1.0 + 1e-3 * i
        high, low, c = 10.8 + 1e-4 * i, 1e-17 * i, 1.0
        for bits in range(0, width << 30, 1 << 30):
            f = np.int64(FORWARD + bits).view(np.float64)
            x = (np.int64(LOGARITHM + bits).view(np.float64) - high) + low
            centre = x * per
            d1, d2 = centre + half, centre - half
            z1, z2 = abs(d1), abs(d2)
            near = FAR if z1 > FAR else z1
            z2 = FAR if z2 > FAR else z2
            peak = bell(near, f)
            peak = 0.0 if z1 > FAR else peak
            p1, q1, p2, q2 = brief_over(near), brief_under(near), brief_over(z2), brief_under(z2)
            tails = ((p1 if d1 > 0.0 else -p1) * q2 - (p2 if d2 > 0.0 else -p2) * q1) / (q1 * q2)
            known = (f if d1 > 0.0 else 0.0) - (k if d2 > 0.0 else 0.0)
            worth = f - k if half == 0.0 else known - peak * tails
            worth = c * worth
            worth = 0.0 if worth < 0.0 else worth
            seen ^= np.float64(worth * amount).view(np.int64)
    return seen


def limit(fast: bool, cells: int) -> int:
    """Runs the arithmetic of so many values."""
    return int((_values.fast if fast else _values.exact)(cells // ROWS, ROWS))
