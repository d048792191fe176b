"""How does volatility bend? One expiry's smile, with the coordinates that scenarios move."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Smile(msgspec.Struct, frozen=True):
    """Raw SVI of one expiry: w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + s^2)), k = ln(K / F).

    w is total variance over ``years``. level, skew and curvature are read off the curve: volatility at
    k = 0; half its difference, and its mean less the level, at one standard deviation up and down,
    z = k / (level sqrt(years)) = +1 and -1. All three in volatility per year, decimal.
    """

    underlying: str
    expiry: datetime
    years: float
    forward: float
    a: float
    b: float
    rho: float
    m: float
    s: float
    level: float
    skew: float
    curvature: float
    style: str = "european"

    @property
    def parameters(self) -> tuple[float, float, float, float, float]:
        """The five raw parameters, in the order a, b, rho, m, s."""
        return (self.a, self.b, self.rho, self.m, self.s)
