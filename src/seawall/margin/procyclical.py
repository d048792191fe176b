"""How fast may margin move? Buffers that stress uses up, weight on stressed times, floors, and falls that are slowed.

Sources: EMIR RTS 153/2013, article 28; Murphy, Vasios and Vause (2014), An investigation into the procyclicality of
risk-based initial margin models.
"""

from __future__ import annotations

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats

BUFFER, STRESSED_WEIGHT, MOST_FALL = 0.25, 0.25, 0.05


def buffered(raw: Floats, standing: Floats, buffer: float = BUFFER) -> Floats:
    """Requirement with a buffer that is used up before it rises: max(raw, min((1 + buffer) raw, standing)).

    raw (...), loss > 0; standing (...): the requirement until now, infinite where there was none. In calm it is a
    quarter above the raw one; in stress it stays where it stood until the raw one catches up.
    """
    _refuse(buffer, "buffer")
    return np.asarray(np.maximum(raw, np.minimum((1 + buffer) * raw, standing)))


def weighted(raw: Floats, stressed: Floats, weight: float = STRESSED_WEIGHT) -> Floats:
    """(1 - weight) raw + weight stressed."""
    _refuse(weight, "weight of the stressed period", most=1.0)
    return np.asarray((1 - weight) * raw + weight * stressed)


def slowed(required: Floats, previous: Floats, most_fall: float = MOST_FALL) -> Floats:
    """Requirement that falls by no more than a share of the previous one a day; rises are never held back.

    previous (...): yesterday's, NaN for an account that had none. A closed position's margin is not held: give the
    previous requirement of the book as it is now.
    """
    _refuse(most_fall, "most that margin may fall", most=1.0)
    slow = (1 - most_fall) * previous
    return np.asarray(np.where(np.isnan(previous), required, np.maximum(required, slow)))


def steadied(raw: Floats, *, floor: float = 0.0, buffer: float = BUFFER, most_fall: float = MOST_FALL) -> Floats:
    """(T,...) requirements day by day: floored, buffered, and slowed where they fall, each from the day before."""
    days = np.maximum(np.asarray(raw, dtype=np.float64), floor)
    out = np.empty_like(days)
    standing = np.full(days.shape[1:], np.inf)
    for day, value in enumerate(days):
        held = buffered(value, standing, buffer)
        out[day] = held if day == 0 else slowed(held, out[day - 1], most_fall)
        standing = out[day]
    return out


def _refuse(value: float, what: str, most: float = np.inf) -> None:
    if not 0 <= value <= most:
        raise InputError(what, found=value, wanted=f"from 0 to {most:g}" if np.isfinite(most) else "0 or more")
