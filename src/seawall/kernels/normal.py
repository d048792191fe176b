"""The normal law: density, distribution and Mills' ratio, right far into the tail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

Floats = NDArray[np.float64]

INVERSE_ROOT_TWO_PI = 0.3989422804014326779
ROOT_HALF = 0.7071067811865475244


def density(x: Floats) -> Floats:
    """Standard normal density."""
    return np.asarray(INVERSE_ROOT_TWO_PI * np.exp(-0.5 * x * x))


def distribution(x: Floats) -> Floats:
    """P(X <= x) for a standard normal X; relative accuracy holds in the left tail."""
    return np.asarray(ndtr(x))


def mills(x: Floats) -> Floats:
    """P(X > x) / density(x), x >= 0: finite where both its parts underflow.

    Source: the scaled complementary error function, DLMF 7.2.3.
    """
    return np.asarray(erfcx(x * ROOT_HALF) * (0.5 / INVERSE_ROOT_TWO_PI))
