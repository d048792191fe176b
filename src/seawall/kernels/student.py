"""How heavy is a Student-t tail? Quantile, chance and mean beyond it, the normal being its limit.

degrees: infinite for the normal law. Scale one: the deviation is sqrt(degrees / (degrees - 2)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit
from scipy.stats import norm, t

from seawall.errors import InputError

Floats = NDArray[np.float64]


def student_tail(confidence: float, degrees: float) -> tuple[float, float]:
    """Value at risk and shortfall of a Student-t of scale one.

    Raises InputError for degrees of 1 or less: there is no shortfall.
    Source: McNeil, Frey and Embrechts (2015), Quantitative Risk Management, examples 2.11 and 2.15.
    """
    if not degrees > 1:
        raise InputError("degrees of freedom", found=degrees, wanted="more than 1, or there is no shortfall")
    tail = 1 - confidence
    edge = float(student_loss(np.array(tail), degrees))
    if np.isinf(degrees):
        return edge, float(norm.pdf(edge)) / tail
    return edge, float(t.pdf(edge, degrees)) / tail * (degrees + edge * edge) / (degrees - 1)


def student_loss(chance: Floats, degrees: float) -> Floats:
    """Loss that is exceeded with each probability."""
    return np.asarray(-ndtri(chance) if np.isinf(degrees) else -stdtrit(degrees, chance))


def student_chance(loss: float, degrees: float) -> float:
    """Probability of exceeding a loss."""
    return float(ndtr(-loss) if np.isinf(degrees) else stdtr(degrees, -loss))


def unit_scale(degrees: float) -> float:
    """Scale at which the deviation is one. Raises InputError for degrees of 2 or less: there is no deviation."""
    if not degrees > 2:
        raise InputError("degrees of freedom", found=degrees, wanted="above 2, or there is no variance")
    return 1.0 if np.isinf(degrees) else float(np.sqrt((degrees - 2) / degrees))
