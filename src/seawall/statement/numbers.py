"""How does a measured number enter the report? As a float, or None where there is none; never NaN."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from seawall.model.report import Number
from seawall.words import number


def known(value: float | None) -> Number:
    """The number, or None if it is not finite."""
    return None if value is None or not math.isfinite(value) else float(value)


def rounded(values: Iterable[float]) -> tuple[float, ...]:
    """Plain floats."""
    return tuple(float(value) for value in values)


def key_text(key: Sequence[str]) -> str:
    """A key of several dimensions in one text."""
    return " / ".join(part or "(none)" for part in key)


def move_text(name: str, move: float, unit: str) -> str:
    """``BTC −12.3%`` or ``BTC vol +15.0 points``."""
    return f"{name} {number(move, 1, sign=True)}{unit}"
