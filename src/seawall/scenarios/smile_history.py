"""How do smiles move with their spot? Level, skew and curvature at constant maturities, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats
from seawall.model.factor import Factor
from seawall.model.market import Market
from seawall.model.panel import Gap, Panel

CONSTANT_DAYS = (7.0, 30.0, 60.0, 90.0, 180.0)
COORDINATES = ("volatility", "skew", "curvature")
# A maturity outside the listed ones is taken from the nearest only if it is this close, as a ratio.
NEAR = 1.3
LEAST_DAYS = 2.0  # an expiry closer than this says more of one event than of its maturity
DAY_NANOSECONDS = 86_400 * 10**9


class _Row(NamedTuple):
    moment: np.datetime64
    values: Floats


def smile_panel(
    markets: Iterable[Market], underlyings: Sequence[str], *, days: Sequence[float] = CONSTANT_DAYS, source: str = "",
) -> Panel:
    """Spot, and smile level, skew and curvature at constant maturities, one row a market, ascending in time.

    Factors ``spot:BTC``, ``volatility:BTC:30d`` and so on: what historical and filtered generators take. Between two
    expiries total variance is linear in time, skew and curvature in its square root. A maturity more than 1.3 times
    outside the listed ones (expiries within two days left out) is missing, and told as a gap.
    Raises InputError if there are fewer than two markets, or two of one moment.
    """
    factors = [Factor("spot", u) for u in underlyings]
    factors += [Factor(name, u, f"{d:g}d") for u in underlyings for name in COORDINATES for d in days]
    rows = [_row(market, underlyings, np.asarray(days, dtype=float)) for market in markets]
    if len(rows) < 2:
        raise InputError("markets to make a smile history of", found=len(rows), wanted="two or more")
    values = np.array([row.values for row in rows])
    dates = np.array([row.moment for row in rows])
    apart = max(float(np.median(np.diff(dates.astype(np.int64)))) / DAY_NANOSECONDS, 1e-9)
    return Panel(dates=dates, factors=tuple(factors), values=values, gaps=_gaps(factors, dates, values),
                 source=source or f"smiles of {', '.join(underlyings)}",
                 periods_per_year=365.0 if 0.5 < apart < 1.5 else 365.0 / apart)


def constant_maturity(expiry_days: Floats, coordinates: Floats, days: Floats) -> Floats:
    """(D,3) level, skew and curvature at so many days from those (E,3) of expiries (E,), ascending; else NaN."""
    out = np.full((len(days), 3), np.nan)
    if not len(expiry_days):
        return out
    variance = coordinates[:, 0] ** 2 * expiry_days
    for n, day in enumerate(days):
        if expiry_days[0] <= day <= expiry_days[-1]:
            level = np.sqrt(np.interp(day, expiry_days, variance) / day)
            at = [np.interp(np.sqrt(day), np.sqrt(expiry_days), coordinates[:, k]) for k in (1, 2)]
            out[n] = (level, *at)
            continue
        nearest = 0 if day < expiry_days[0] else -1
        if max(day / expiry_days[nearest], expiry_days[nearest] / day) <= NEAR:
            out[n] = coordinates[nearest]
    return out


def _row(market: Market, underlyings: Sequence[str], days: Floats) -> _Row:
    values: list[float] = []
    for underlying in underlyings:
        place = market.index.get(f"spot:{underlying}")
        values.append(float(market.levels[place]) if place is not None else np.nan)
    for underlying in underlyings:
        smiles = sorted((s for (u, _), s in market.smiles.items() if u == underlying), key=lambda s: s.years)
        held = [s for s in smiles if s.years * 365 >= LEAST_DAYS]
        table = np.array([(s.level, s.skew, s.curvature) for s in held]).reshape(-1, 3)
        found = constant_maturity(np.array([s.years * 365 for s in held]), table, days)
        values += found.T.ravel().tolist()
    moment = np.datetime64(market.as_of.replace(tzinfo=None), "ns")
    return _Row(moment, np.array(values))


def _gaps(factors: Sequence[Factor], dates: np.ndarray, values: Floats) -> tuple[Gap, ...]:
    gaps = []
    for factor, column in zip(factors, values.T, strict=True):
        gone = np.flatnonzero(~np.isfinite(column))
        if len(gone):
            first, last = (str(np.datetime_as_string(dates[n], unit="s")) for n in (gone[0], gone[-1]))
            gaps.append(Gap(factor.key, first, last, len(gone), "no expiry near enough to this maturity", "missing"))
    return tuple(gaps)
