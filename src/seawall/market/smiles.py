"""How does each expiry's volatility bend? Smiles of one underlying, free of butterflies and, together, of calendars.

Each expiry is fitted alone. Where total variance then falls from one expiry to the next, first the longer is refitted
above the shorter over the strikes that the shorter has quotes at; then, from the longest down, the shorter's wings are
refitted below the longer; last, the longer's wings above the shorter, where neither has quotes. A refit that its quotes
refuse, losing a tenth of those inside or going half as far again from the middles, is not taken: what they force stays
and is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seawall.kernels.implied import Reason
from seawall.kernels.smile import total_variance, volatility
from seawall.kernels.svi_fit import UNBOUNDED, Bounds, fit_svi, flattened, without_butterflies
from seawall.market.quotes import Volatilities, is_tight
from seawall.market.stale import stale_quotes
from seawall.model.arrays import Bools, Floats
from seawall.model.quotes import OptionQuotes

FEWEST_STRIKES = 5
WIDEST_BAND = 1.0  # a bid and ask a hundred volatility points apart say nothing
LOOSE_WEIGHT = 0.3  # of a quote that is not tight
MARGIN = 1e-3
BETWEEN = 2e-5  # of the variance: kept clear on the grid, so that nothing crosses between its points
LEAST_SHARE, MOST_BEND = 0.99, 0.25
MOST_LOST = 0.1  # of the quotes inside: a refit that loses more is refused
MOST_FARTHER, FAR_ENOUGH = 1.5, 0.008  # the same for the distance from the middle, as a ratio and in volatility
# Log-moneyness from a fifth to four and a half times the forward: beyond it no two expiries are compared.
WIDE = np.sinh(np.linspace(-6.0, 6.0, 1601)) * (1.5 / np.sinh(6.0))
COARSE = np.sinh(np.linspace(-6.0, 6.0, 91)) * (1.5 / np.sinh(6.0))


class Points(NamedTuple):
    """What one expiry's smile goes through: log-moneyness, bid and ask volatility, how much each counts (P,).

    inside: whether bid and ask are the aim, or the middles.
    """

    k: Floats
    bid: Floats
    ask: Floats
    weight: Floats
    years: float
    inside: bool


def points_of(quotes: OptionQuotes, vols: Volatilities, years: float, *, inside: bool) -> tuple[Points, Bools]:
    """One side a strike, the out-of-the-money one where it has a volatility on both sides, and which rows those are.

    The other side repeats the same volatility through parity, in a wider band: it serves where the first is missing.
    Where closeness and not the inside of the band is the aim, stale quotes are left out if enough others stand.
    """
    clear = (vols.reason == Reason.OK) & (vols.bid > 0) & (vols.ask > 0) & (vols.ask - vols.bid < WIDEST_BAND)
    if not inside:
        fresh = clear & ~stale_quotes(quotes, vols)
        clear = fresh if len(np.unique(quotes.strike[fresh])) >= FEWEST_STRIKES else clear
    outer = np.where(quotes.is_call, vols.k >= 0, vols.k < 0)
    covered = np.isin(quotes.strike, quotes.strike[clear & outer])
    use = clear & (outer | ~covered)
    tight = is_tight(quotes, vols)
    weight = np.where(tight | (not inside), 1.0, LOOSE_WEIGHT)
    return Points(vols.k[use], vols.bid[use], vols.ask[use], weight[use], years, inside), use


def fit_smiles(points: Sequence[Points]) -> list[Floats]:
    """(5,) raw parameters of each expiry, ascending in time; each has FEWEST_STRIKES points or more."""
    alone = [_fit(p, UNBOUNDED, None) for p in points]
    fits = list(alone)
    for n in range(1, len(fits)):
        quoted = _quoted(points[n - 1])
        if calendar_gap(fits[n - 1], fits[n], quoted) < 0:
            floor = total_variance(quoted, fits[n - 1]).w * (1 + MARGIN)
            refit = _fit(points[n], Bounds(quoted, floor, np.full(len(quoted), np.inf)), fits[n])
            fits[n] = _unless_forced(points[n], refit, alone[n], otherwise=fits[n])
    for n in range(len(fits) - 2, -1, -1):
        if calendar_gap(fits[n], fits[n + 1]) < 0:
            fits[n] = _tucked(points[n], fits[n], alone[n], fits[n + 1])
    for n in range(1, len(fits)):
        if calendar_gap(fits[n - 1], fits[n]) < 0:
            fits[n] = _lifted(points[n], fits[n], alone[n], fits[n - 1])
    return fits


def _lifted(points: Points, now: Floats, alone: Floats, shorter: Floats) -> Floats:
    """The expiry over the shorter one over the wide range, if its quotes allow and no crossing is left."""
    floor = total_variance(COARSE, shorter).w * (1 + MARGIN)
    refit = _fit(points, Bounds(COARSE, floor, np.full(len(COARSE), np.inf)), now)
    share = float(np.max(total_variance(WIDE, shorter).w / total_variance(WIDE, refit).w)) + BETWEEN
    if 1 < share <= 2 - LEAST_SHARE:
        refit = without_butterflies(np.array([share * refit[0], share * refit[1], *refit[2:]]))
    clear = calendar_gap(shorter, refit) >= 0
    return _unless_forced(points, refit, alone, otherwise=now) if clear else now


def _tucked(points: Points, now: Floats, alone: Floats, longer: Floats) -> Floats:
    """The expiry under the longer one over the wide range; over its quotes' own range if they refuse that."""
    reach = 1.2 * float(np.max(np.abs(points.k)))
    for k in (COARSE, COARSE[np.abs(COARSE) <= reach]):
        ceiling = total_variance(k, longer).w * (1 - MARGIN)
        refit = _mended(_fit(points, Bounds(k, np.full(len(k), -np.inf), ceiling), now), longer)
        if _unless_forced(points, refit, alone, otherwise=alone) is refit:
            return refit
    return alone


def _unless_forced(points: Points, refit: Floats, alone: Floats, *, otherwise: Floats) -> Floats:
    """The refit, unless the quotes refuse it against the expiry's own fit."""
    now, before = _miss(points, refit), _miss(points, alone)
    allowed = before + MOST_LOST if points.inside else max(before * MOST_FARTHER, FAR_ENOUGH)
    return refit if now <= allowed else otherwise


def _miss(points: Points, raw: Floats) -> float:
    """Share of the tight quotes outside their bands; or the distance from the middle that 95 % of all keep."""
    model = volatility(points.k, raw, points.years)
    if points.inside:
        out = (model < points.bid) | (model > points.ask)
        return float(np.average(out, weights=points.weight))
    return float(np.quantile(np.abs(model - (points.bid + points.ask) / 2), 0.95))


def calendar_gap(shorter: Floats, longer: Floats, k: Floats = WIDE) -> float:
    """Least total variance of the longer over the shorter expiry at equal log-moneyness, over k."""
    return float(np.min(total_variance(k, longer).w - total_variance(k, shorter).w))


def _quoted(points: Points) -> Floats:
    return np.linspace(float(points.k.min()), float(points.k.max()), 41)


def _fit(points: Points, bounds: Bounds, near: Floats | None) -> Floats:
    return fit_svi(points.k, points.bid, points.ask, points.years, bounds=bounds, near=near,
                   weight=points.weight, inside=points.inside)


def _mended(raw: Floats, longer: Floats) -> Floats:
    """The parameters with what a soft bound left of a crossing taken away: by less variance, else by less bend.

    As they are if neither, within LEAST_SHARE and MOST_BEND, is enough: then the quotes force it.
    """
    share = float(np.min(total_variance(WIDE, longer).w / total_variance(WIDE, raw).w))
    if share >= 1:
        return raw
    if share >= LEAST_SHARE:
        a, b, rho, m, s = raw
        less = share - BETWEEN
        return without_butterflies(np.array([less * a, less * b, rho, m, s]))
    kept, free = 0.0, MOST_BEND
    enough = BETWEEN * float(total_variance(0.0, longer).w)
    if calendar_gap(flattened(raw, free), longer) < enough:
        return raw
    for _ in range(30):
        half = (kept + free) / 2
        kept, free = (kept, half) if calendar_gap(flattened(raw, half), longer) >= enough else (half, free)
    return without_butterflies(flattened(raw, free))
