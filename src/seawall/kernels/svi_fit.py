"""One expiry's smile through its quotes: five raw SVI parameters, inside bid and ask where the shape allows it.

Works in z = k / (deviation at the money), where every expiry looks alike, and in coordinates that cannot leave the
admissible set: ln of the least variance, ln b, atanh rho, m, ln s. Three stages, each from where the last one ended:
through the middles, which has one valley; then what lies outside its band costs its distance; then, flatter still, so
that as few as can be stay outside. A negative butterfly, a wing steeper than Lee's bound and a crossing of the
neighbouring expiries' total variance cost much; what is left of a butterfly is then mended exactly.
Source of the start: Zeliade (2009), Quasi-explicit calibration of Gatheral's SVI model.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from seawall.kernels.smile import butterfly, total_variance

Floats = NDArray[np.float64]

PULL_TO_MID = 0.15
BAND = 0.65
SOFTNESS = 0.1  # half-spreads outside beyond which a quote pulls by its distance, not its square
FLATNESS = 0.05  # square of the half-spreads beyond which it hardly pulls at all
TIGHTEST = 5e-4  # half-spreads, in volatility, below which no quote is believed to be certain
ALIKE = 0.05  # least half-spread, relative to the level, where closeness to the middle is the aim
CLOSENESS = 0.1  # of those, the distance beyond which a quote pulls by its distance, not its square
EVEN = 0.02  # least half-spread, relative to the level, while the first valley is sought
STEPS = 60
EVENLY, BANDED, COUNTED, CLOSELY = 0, 1, 2, 3  # the stages of a fit
GRID = np.sinh(np.linspace(-5.2, 5.2, 75)) * 0.6  # dense near the money, out to z = +-54
FINE = np.sinh(np.linspace(-7.5, 7.5, 3001)) * 0.3  # out to z = +-271
BUTTERFLY_MARGIN, BUTTERFLY_WEIGHT = 1e-3, 2000.0
MENDED = 1e-5  # what a butterfly is mended to on the grid, so that none is left between its points
LEE_LIMIT, LEE_WEIGHT = 1.9, 50.0
CALENDAR_WEIGHT = 200.0
LEAST = np.array([math.log(1e-5), math.log(1e-5), -3.8, -8.0, math.log(5e-3)])
MOST = np.array([math.log(30.0), math.log(20.0), 3.8, 8.0, math.log(20.0)])


class Bounds(NamedTuple):
    """Total variance (G,) that the fit may not fall below or rise above at log-moneyness k (G,)."""

    k: Floats
    floor: Floats
    ceiling: Floats


UNBOUNDED = Bounds(np.empty(0), np.empty(0), np.empty(0))


def fit_svi(
    k: Floats, bid: Floats, ask: Floats, years: float, *, bounds: Bounds = UNBOUNDED,
    near: Floats | None = None, weight: Floats | None = None, inside: bool = True,
) -> Floats:
    """(5,) a, b, rho, m, s of w(k), free of butterflies. k, bid and ask volatilities (Q,), Q >= 3, bid <= ask.

    near: a fit from which to start as well, such as the one without bounds. weight (Q,): how much each quote counts.
    inside: aim at as many quotes inside bid and ask as can be; otherwise at the middles, as close as the rest allows.
    """
    order = np.argsort(k)
    middle, half = ((bid + ask) / 2)[order], np.maximum((ask - bid) / 2, TIGHTEST)[order]
    centre = float(np.interp(0.0, k[order], middle))
    scale = centre * math.sqrt(years)
    warm = np.empty((0, 5)) if near is None else _point(near, scale)[None, :]
    counts = np.ones(len(k)) if weight is None else np.sqrt(weight[order])
    problem = _Problem(k[order] / scale, middle / centre, half / centre, counts, scale * scale, bounds.k / scale,
                       bounds.floor / scale**2, bounds.ceiling / scale**2)
    fitted = _fit(problem, warm, inside)
    a, b, rho, m, s = fitted
    return without_butterflies(np.array([a * scale**2, b * scale, rho, m * scale, s * scale]))


def without_butterflies(raw: Floats) -> Floats:
    """The parameters, their bend lessened around the same level by no more than frees every butterfly."""
    scale = math.sqrt(float(total_variance(0.0, raw).w))
    grid = np.concatenate([FINE * scale, raw[3] + FINE * raw[4]])
    if float(np.min(butterfly(grid, raw))) >= MENDED:
        return raw
    kept, flat = 0.0, 1.0
    for _ in range(40):
        half = 0.5 * (kept + flat)
        if float(np.min(butterfly(grid, flattened(raw, half)))) >= MENDED:
            flat = half
        else:
            kept = half
    return flattened(raw, flat)


def _point(raw: Floats, scale: float) -> Floats:
    """The fit's own coordinates of raw parameters."""
    a, b, rho, m, s = raw[0] / scale**2, raw[1] / scale, raw[2], raw[3] / scale, raw[4] / scale
    least = max(a + b * s * math.sqrt(1.0 - rho * rho), 1e-5)
    return np.array([math.log(least), math.log(max(b, 1e-5)), math.atanh(rho), m, math.log(s)])


def flattened(raw: Floats, share: float) -> Floats:
    """The parameters with a share of their bend taken away around the same level."""
    a, b, rho, m, s = raw
    less = b * (1.0 - share)
    return np.array([a + (b - less) * (math.sqrt(m * m + s * s) - rho * m), less, rho, m, s])


class _Problem(NamedTuple):
    """A fit in z, without its aim: quotes (Q,), how much each counts, the scale squared, the bounds (G,)."""

    z: Floats
    y: Floats
    tolerance: Floats
    counts: Floats
    scale2: float
    kz: Floats
    floor: Floats
    ceiling: Floats

    def descend(self, start: Floats, stage: int, least: float = 0.0) -> tuple[Floats, float]:
        """The lowest point below ``start`` for a stage, and its cost; least: the least half-spread believed."""
        tolerance = np.maximum(self.tolerance, least)
        point, cost = _descend(start, self.z, self.y, tolerance, self.counts, self.scale2, self.kz, self.floor,
                               self.ceiling, stage)
        return point, float(cost)


def _fit(problem: _Problem, warm: Floats, inside: bool) -> Floats:
    """(5,) a, b, rho, m, s in z: the best of the descents from every start."""
    lattice = _starts(problem.z, problem.y, problem.tolerance)
    starts = [problem.descend(start, EVENLY, EVEN)[0] for start in lattice] + list(warm)
    ends = [_finish(problem, start, inside) for start in starts]
    best = min(ends, key=lambda end: end[1])[0]
    b, rho, m, s = math.exp(best[1]), math.tanh(best[2]), float(best[3]), math.exp(best[4])
    return np.array([math.exp(best[0]) - b * s * math.sqrt(1.0 - rho * rho), b, rho, m, s])


def _finish(problem: _Problem, start: Floats, inside: bool) -> tuple[Floats, float]:
    if not inside:
        return problem.descend(start, CLOSELY, ALIKE)
    banded, _ = problem.descend(start, BANDED)
    return problem.descend(banded, COUNTED)


@njit(cache=True, nogil=True, error_model="numpy")
def _descend(
    start: Floats, z: Floats, y: Floats, tolerance: Floats, counts: Floats, scale2: float, kz: Floats, floor: Floats,
    ceiling: Floats, stage: int,
) -> tuple[Floats, float]:
    """Levenberg and Marquardt's descent; the Jacobian by differences."""
    count = 2 * z.size + GRID.size + 1 + 2 * kz.size
    here, there, jacobian = np.empty(count), np.empty(count), np.empty((5, count))
    normal, slope = np.empty((5, 5)), np.empty(5)
    point = np.minimum(np.maximum(start, LEAST), MOST)
    trial, cost, damping, quiet, tries, moved = point.copy(), np.inf, 1e-2, 0, 0, -1
    for _ in range(14 * STEPS):
        # One call a turn, whether for a trial point (moved = -1) or for one column of the Jacobian.
        _residuals(trial, z, y, tolerance, counts, scale2, kz, floor, ceiling, stage, there)
        if moved >= 0:
            jacobian[moved] = (there - here) / (trial[moved] - point[moved])
            moved += 1
            if moved == 5:
                _normal(jacobian, here, normal, slope)
                moved = -1
        else:
            new = 0.0
            for i in range(count):
                new += there[i] * there[i]
            if new < cost:
                quiet = quiet + 1 if cost - new < 1e-6 * cost else 0
                tries, cost, moved = 0, new, 0
                damping = max(damping * 0.2, 1e-9)
                point[:] = trial
                here[:] = there
            else:
                tries += 1
                damping *= 4.0
            if quiet == 3 or tries == 8:
                break
        trial[:] = point
        if moved >= 0:
            trial[moved] += 1e-6 if point[moved] + 1e-6 <= MOST[moved] else -1e-6
        else:
            trial -= _solve(normal, slope, damping)
            trial = np.minimum(np.maximum(trial, LEAST), MOST)
    return point, cost


@njit(cache=True, nogil=True, error_model="numpy")
def _normal(jacobian: Floats, here: Floats, normal: Floats, slope: Floats) -> None:
    for n in range(5):
        total = 0.0
        for i in range(here.size):
            total += jacobian[n, i] * here[i]
        slope[n] = total
        for c in range(n + 1):
            total = 0.0
            for i in range(here.size):
                total += jacobian[n, i] * jacobian[c, i]
            normal[n, c] = normal[c, n] = total


@njit(cache=True, nogil=True, error_model="numpy")
def _residuals(
    p: Floats, z: Floats, y: Floats, tolerance: Floats, counts: Floats, scale2: float, kz: Floats, floor: Floats,
    ceiling: Floats, stage: int, out: Floats,
) -> None:
    b, rho, m, s = math.exp(p[1]), math.tanh(p[2]), p[3], math.exp(p[4])
    a = math.exp(p[0]) - b * s * math.sqrt(1.0 - rho * rho)
    for i in range(z.size):
        x = z[i] - m
        w = a + b * (rho * x + math.sqrt(x * x + s * s))
        miss = (math.sqrt(w) - y[i]) / tolerance[i]
        outside = max(abs(miss) - BAND, 0.0)
        if stage == EVENLY:
            out[2 * i], out[2 * i + 1] = counts[i] * _soft(miss, SOFTNESS), 0.0
        elif stage == CLOSELY:
            out[2 * i], out[2 * i + 1] = counts[i] * _soft(miss, CLOSENESS), 0.0
        elif stage == BANDED:
            out[2 * i] = PULL_TO_MID * counts[i] * _soft(miss, SOFTNESS)
            out[2 * i + 1] = counts[i] * _soft(outside, SOFTNESS)
        else:
            out[2 * i], out[2 * i + 1] = PULL_TO_MID * counts[i] * _flat(miss), counts[i] * _flat(outside)
    at = 2 * z.size
    for j in range(GRID.size):
        x = GRID[j] - m
        root = math.sqrt(x * x + s * s)
        w = a + b * (rho * x + root)
        first, second = b * (rho + x / root), b * s * s / (root * root * root)
        inner = 1.0 - GRID[j] * first / (2.0 * w)
        g = inner * inner - first * first / 4.0 * (1.0 / w + 0.25 * scale2) + 0.5 * second
        out[at + j] = BUTTERFLY_WEIGHT * min(g - BUTTERFLY_MARGIN, 0.0)
    at += GRID.size
    out[at] = LEE_WEIGHT * max(b * math.sqrt(scale2) * (1.0 + abs(rho)) - LEE_LIMIT, 0.0)
    for j in range(kz.size):
        x = kz[j] - m
        w = a + b * (rho * x + math.sqrt(x * x + s * s))
        out[at + 1 + 2 * j] = CALENDAR_WEIGHT * max(floor[j] - w, 0.0)
        out[at + 2 + 2 * j] = CALENDAR_WEIGHT * max(w - ceiling[j], 0.0)


@njit(cache=True, error_model="numpy")
def _flat(x: float) -> float:
    """Its square grows like a logarithm."""
    return math.copysign(math.sqrt(math.log1p(x * x / FLATNESS) * FLATNESS), x)


@njit(cache=True, error_model="numpy")
def _soft(x: float, reach: float) -> float:
    """Its square grows like the distance's square up to ``reach``, like the distance beyond."""
    return math.copysign((math.sqrt(1.0 + abs(x) / reach) - 1.0) * 2.0 * reach, x)


@njit(cache=True, error_model="numpy")
def _solve(normal: Floats, slope: Floats, damping: float) -> Floats:
    """The damped step: elimination of a 5 by 5 system whose diagonal has been raised."""
    a, x = normal.copy(), slope.copy()
    for n in range(5):
        a[n, n] += damping * normal[n, n] + 1e-12
    for n in range(5):
        for r in range(n + 1, 5):
            factor = a[r, n] / a[n, n]
            for c in range(n, 5):
                a[r, c] -= factor * a[n, c]
            x[r] -= factor * x[n]
    for n in range(4, -1, -1):
        for c in range(n + 1, 5):
            x[n] -= a[n, c] * x[c]
        x[n] /= a[n, n]
    return x


@njit(cache=True, error_model="numpy")
def _starts(z: Floats, y: Floats, tolerance: Floats) -> Floats:
    """Three points of a lattice of (m, s), where the rest is a linear problem: the best, and the best far from it."""
    m_lattice = np.array([-2.5, -1.5, -0.75, -0.25, 0.0, 0.25, 0.75, 1.5])
    s_lattice = np.array([0.05, 0.15, 0.4, 0.9, 2.0, 5.0])
    points, misses = np.empty((48, 5)), np.empty(48)
    for i in range(8):
        for j in range(6):
            misses[6 * i + j] = _linear(z, y, tolerance, m_lattice[i], s_lattice[j], points[6 * i + j])
    found = np.empty((3, 5))
    for n in range(3):
        best = np.argmin(misses)
        found[n] = points[best]
        for other in range(48):
            near = abs(other // 6 - best // 6) <= 1 and abs(other % 6 - best % 6) <= 1
            if near or other == best:
                misses[other] = np.inf
    return found


@njit(cache=True, error_model="numpy")
def _cramer(n: Floats, r: Floats) -> tuple[float, float, float]:
    """Solution of a 3 by 3 system."""
    c0 = n[1, 1] * n[2, 2] - n[1, 2] * n[2, 1]
    c1 = n[1, 2] * n[2, 0] - n[1, 0] * n[2, 2]
    c2 = n[1, 0] * n[2, 1] - n[1, 1] * n[2, 0]
    whole = n[0, 0] * c0 + n[0, 1] * c1 + n[0, 2] * c2
    x = r[0] * c0 + n[0, 1] * (n[1, 2] * r[2] - r[1] * n[2, 2]) + n[0, 2] * (r[1] * n[2, 1] - n[1, 1] * r[2])
    y = n[0, 0] * (r[1] * n[2, 2] - n[1, 2] * r[2]) + r[0] * c1 + n[0, 2] * (n[1, 0] * r[2] - r[1] * n[2, 0])
    z = n[0, 0] * (n[1, 1] * r[2] - r[1] * n[2, 1]) + n[0, 1] * (r[1] * n[2, 0] - n[1, 0] * r[2]) + r[0] * c2
    return x / whole, y / whole, z / whole


@njit(cache=True, error_model="numpy")
def _linear(z: Floats, y: Floats, tolerance: Floats, m: float, s: float, out: Floats) -> float:
    """Best a, d = b rho, c = b at (m, s), brought inside |d| < c; writes the point, returns its miss."""
    normal, right = np.zeros((3, 3)), np.zeros(3)
    for i in range(z.size):
        x = z[i] - m
        weight = 1.0 / (2.0 * y[i] * max(tolerance[i], EVEN)) ** 2
        row = (1.0, x, math.sqrt(x * x + s * s))
        for r in range(3):
            right[r] += weight * row[r] * y[i] * y[i]
            for n in range(3):
                normal[r, n] += weight * row[r] * row[n]
    for n in range(3):
        normal[n, n] *= 1.0 + 1e-8
    a, d, free = _cramer(normal, right)
    c = min(max(free, 1e-3), 5.0)
    d = min(max(d, -0.98 * c), 0.98 * c)
    least = max(a + s * math.sqrt(c * c - d * d), 0.02)
    miss = 0.0
    a = least - s * math.sqrt(c * c - d * d)
    for i in range(z.size):
        x = z[i] - m
        off = (a + d * x + c * math.sqrt(x * x + s * s) - y[i] * y[i]) / (2.0 * y[i] * max(tolerance[i], EVEN))
        miss += off * off
    out[0], out[1], out[2], out[3], out[4] = math.log(least), math.log(c), math.atanh(d / c), m, math.log(s)
    return miss
