"""Bars that tests build by hand: continuous days, one a row, unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from seawall.history.bars import Bars


def days(count: int, first: str = "2024-01-01") -> np.ndarray:
    """(count,) midnights, one after the other."""
    return np.datetime64(first, "ns") + np.arange(count) * np.timedelta64(1, "D")


def weekdays(count: int, first: str = "2024-01-01") -> np.ndarray:
    """(count,) midnights of business days."""
    return np.busday_offset(first, np.arange(count), roll="forward").astype("datetime64[ns]")


def bars(
    close: ArrayLike, *, times: np.ndarray | None = None, name: str = "A", open: ArrayLike | None = None,
    high: ArrayLike | None = None, low: ArrayLike | None = None, volume: ArrayLike | None = None,
    hours: ArrayLike | None = None,
) -> Bars:
    """Bars of which only what is told is known."""
    level = np.array(close, dtype=float)
    unknown = np.full(len(level), np.nan)
    rest = [unknown if v is None else np.array(v, dtype=float) for v in (open, high, low, volume, hours)]
    return Bars(name, "test", days(len(level)) if times is None else times, level, *rest)


def continuous(close: Sequence[float], **changes: ArrayLike) -> Bars:
    """Bars that open at the last close and never leave the two."""
    level = np.array(close, dtype=float)
    opens = np.concatenate([[level[0]], level[:-1]])
    told = {"open": opens, "high": np.maximum(opens, level), "low": np.minimum(opens, level),
            "volume": np.full(len(level), 10.0)}
    return bars(level, **(told | changes))  # type: ignore[arg-type]
