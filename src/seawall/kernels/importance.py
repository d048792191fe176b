"""How are rare losses drawn often? A quadratic loss in normal or Student-t factors, tilted towards its tail.

Loss Q = constant + b'Z + sum of curve z^2, Z independent; for a t law Z = W / sqrt(Y / degrees), W normal, Y
chi-squared. The tilt makes the average loss the level looked for; each draw carries a weight that undoes it.
Sources: Glasserman, Heidelberger and Shahabuddin (2000), Variance reduction techniques for estimating value-at-risk;
the same (2002), Portfolio value-at-risk with heavy-tailed risk factors.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import gammaincinv, ndtri

from seawall.errors import InputError
from seawall.kernels.paths import principal_root

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

STRATA = 40
WAVES, MOST_WAVES = 1024, 65_536  # frequencies of an inversion: doubled until the characteristic function fades
FADED = 1e-7
REACH = 60.0  # deviations between which a distribution is told apart from its repetitions
EDGE = 1 - 1e-9


class Quadratic(NamedTuple):
    """constant; slope, curve (M,) along independent directions; root (P,M): moves = root Z; degrees.

    Degrees are infinite for a normal law. The moves' covariance is root root', times degrees / (degrees - 2) else.
    """

    constant: float
    slope: Floats
    curve: Floats
    root: Floats
    degrees: float

    def loss(self, z: Floats) -> Floats:
        """(S,) of draws (S,M)."""
        return np.asarray(self.constant + z @ self.slope + (z * z) @ self.curve)


class Tilt(NamedTuple):
    """theta: how far the law is tilted; level: the loss aimed at; cumulant: log of what the weights divide by."""

    quadratic: Quadratic
    level: float
    theta: float
    cumulant: float


class Drawn(NamedTuple):
    """moves (S,P); weights (S,), mean one; loss (S,) of the quadratic; excess (S,): what is tilted, and stratified."""

    moves: Floats
    weights: Floats
    loss: Floats
    excess: Floats


def diagonalised(
    constant: float, delta: Floats, gamma: Floats, covariance: Floats, degrees: float = math.inf
) -> Quadratic:
    """The loss -(constant + delta'm + m'gamma m / 2) of moves m of that covariance, along independent directions.

    constant: P&L if nothing moves (gain > 0); delta (P), gamma (P,P): currency per move, and per move squared.
    """
    if not degrees > 2:
        raise InputError("degrees of freedom", found=degrees, wanted="more than 2", remedy="a variance must exist")
    scale = 1.0 if math.isinf(degrees) else (degrees - 2) / degrees
    root = principal_root(covariance * scale)
    curve, turn = np.linalg.eigh(-0.5 * root.T @ gamma @ root)
    turned = root @ turn
    return Quadratic(-float(constant), np.asarray(-(turned.T @ delta)), np.asarray(curve), np.asarray(turned), degrees)


def tilted(quadratic: Quadratic, level: float) -> Tilt:
    """The tilt under which the loss (for a t law: its mixed excess) averages the level; none if it does so untilted."""
    bound = _bound(quadratic, level)
    if math.isinf(quadratic.degrees):
        mean = quadratic.constant + float(quadratic.curve.sum())
        if level <= mean:
            return Tilt(quadratic, level, 0.0, 0.0)
        theta = float(brentq(lambda t: _slope(quadratic, t) - level, 0.0, _normal_end(quadratic, level, bound)))
        return Tilt(quadratic, level, theta, float(_cumulant(quadratic, level, theta).real))
    found = minimize_scalar(lambda t: _real_cumulant(quadratic, level, t), bounds=(0.0, bound), method="bounded",
                            options={"xatol": 1e-12 * bound})
    theta = float(found.x) if found.fun < 0 else 0.0
    return Tilt(quadratic, level, theta, _real_cumulant(quadratic, level, theta))


def draws(tilt: Tilt, uniforms: Floats) -> Drawn:
    """Tilted draws from uniforms (S,M+1), the first of which mixes (and is unused for a normal law)."""
    q, theta = tilt.quadratic, tilt.theta
    narrowed = 1 - 2 * theta * q.curve
    normal = ndtri(uniforms[:, 1:]) / np.sqrt(narrowed)
    if math.isinf(q.degrees):
        z = theta * q.slope / narrowed + normal
        loss = q.loss(z)
        excess = loss
    else:
        pull = _pull(q, tilt.level, theta).real
        share = 2 / (1 - 2 * pull / q.degrees) * gammaincinv(q.degrees / 2, uniforms[:, 0]) / q.degrees
        z = theta * q.slope / narrowed + normal / np.sqrt(share)[:, None]
        loss = q.loss(z)
        excess = share * (loss - tilt.level)
    weights = np.exp(tilt.cumulant - theta * excess)
    return Drawn(z @ q.root.T, np.asarray(weights), loss, np.asarray(excess))


def stratum_edges(tilt: Tilt, strata: int = STRATA) -> Floats:
    """(strata - 1,) levels of the tilted loss (its mixed excess for a t law) between equally probable strata."""
    centre, deviation = _moments(tilt)
    grid = centre + deviation * np.sinh(np.linspace(-3.7, 3.7, 201))  # to twenty deviations, densest at the centre
    for levels in (np.linspace(0.002, 0.998, 250), np.arange(1, strata) / strata):
        # Once more between the quantiles just found: a loss with a floor rises too steeply for the first grid.
        below = np.maximum.accumulate(np.clip(_distribution(tilt, grid, deviation), 0.0, 1.0))
        rising = np.concatenate([[True], np.diff(below) > 1e-12])
        grid = np.interp(levels, below[rising], grid[rising])
    return np.asarray(grid)


def loss_quantile(quadratic: Quadratic, confidence: float) -> float:
    """Loss that the quadratic exceeds with probability 1 - confidence, by inversion of its characteristic function."""
    if not math.isinf(quadratic.degrees):
        return _student_quantile(quadratic, confidence)
    plain = Tilt(quadratic, 0.0, 0.0, 0.0)
    centre, deviation = _moments(plain)
    span = (centre - 20 * deviation, centre + 40 * deviation)
    return float(brentq(lambda x: _distribution(plain, np.array([x]), deviation)[0] - confidence, *span))


def _student_quantile(quadratic: Quadratic, confidence: float) -> float:
    """P(Q <= x) = P(Q_x <= 0): the mixed excess over x has a known characteristic function."""
    def missing(x: float) -> float:
        plain = Tilt(quadratic, x, 0.0, 0.0)
        return float(_distribution(plain, np.zeros(1), _moments(plain)[1])[0]) - confidence

    scale = float(np.sqrt((quadratic.slope**2).sum() + 2 * (quadratic.curve**2).sum()))
    centre = quadratic.constant + float(quadratic.curve.sum())
    low, high = centre - 10 * scale, centre + 10 * scale
    while missing(high) < 0:
        high += 2 * (high - centre)
    return float(brentq(missing, low, high))


def _bound(q: Quadratic, level: float) -> float:
    """Largest theta, just inside the domain."""
    top = float(q.curve.max(initial=0.0))
    end = EDGE / (2 * top) if top > 0 else math.inf
    if math.isinf(q.degrees):
        return end
    # A t law also asks that the tilted mixing variable exist: twice the pull must stay below the degrees.
    far = end if math.isfinite(end) else 1e6 / max(float(np.sqrt((q.slope**2).sum())), 1e-300)

    def room(theta: float) -> float:
        return q.degrees * EDGE - 2 * float(_pull(q, level, theta).real)

    return far if room(far) > 0 else float(brentq(room, 0.0, far))


def _normal_end(q: Quadratic, level: float, bound: float) -> float:
    end = bound if math.isfinite(bound) else 1.0 / max(abs(level), 1e-12)
    while math.isinf(bound) and _slope(q, end) < level:
        end *= 2.0
        if end > 1e300:
            raise InputError("loss level of an importance sample", found=level, wanted="one the book can reach",
                             remedy="a lower confidence")
    return end


def _slope(q: Quadratic, theta: float) -> float:
    """Mean loss under the tilt of a normal law."""
    narrowed = 1 - 2 * theta * q.curve
    return q.constant + float((theta * q.slope**2 * (1 - theta * q.curve) / narrowed**2 + q.curve / narrowed).sum())


def _pull(q: Quadratic, level: float, theta: complex | Complexes) -> Complexes:
    t = np.asarray(theta, dtype=np.complex128)
    bent = (t[..., None] ** 2 * q.slope**2 / (1 - 2 * t[..., None] * q.curve)).sum(axis=-1)
    return np.asarray(t * (q.constant - level) + 0.5 * bent)


def _cumulant(q: Quadratic, level: float, theta: complex | Complexes) -> Complexes:
    """log E[exp(theta Q)], or of the mixed excess (Y / degrees) (Q - level) for a t law; theta complex, any shape."""
    t = np.asarray(theta, dtype=np.complex128)
    widened = -0.5 * np.log(1 - 2 * t[..., None] * q.curve).sum(axis=-1)
    if math.isinf(q.degrees):
        return np.asarray(widened + _pull(q, 0.0, t))
    return np.asarray(widened - 0.5 * q.degrees * np.log(1 - 2 * _pull(q, level, t) / q.degrees))


def _real_cumulant(q: Quadratic, level: float, theta: float) -> float:
    return float(_cumulant(q, level, theta).real)


def _moments(tilt: Tilt) -> tuple[float, float]:
    """Mean and deviation of the tilted loss (or mixed excess), by differences of its cumulant."""
    q, theta = tilt.quadratic, tilt.theta
    size = float(np.sqrt((q.slope**2).sum() + (q.curve**2).sum())) + (0.0 if math.isinf(q.degrees) else abs(
        q.constant - tilt.level))
    step = 1e-3j / max(size, 1e-300)
    at = _cumulant(q, tilt.level, np.array([theta - step, theta, theta + step], dtype=np.complex128))
    mean = (at[2] - at[0]) / (2 * step)
    variance = (at[2] - 2 * at[1] + at[0]) / step**2
    return float(mean.real), math.sqrt(max(float(variance.real), 1e-300))


def _distribution(tilt: Tilt, points: Floats, deviation: float) -> Floats:
    """P(tilted loss <= point), Gil-Pelaez by the midpoint rule."""
    width = 2 * math.pi / (REACH * deviation)
    count, q = WAVES, tilt.quadratic
    untilted = _cumulant(q, tilt.level, tilt.theta)
    while count < MOST_WAVES:
        last = np.exp(_cumulant(q, tilt.level, tilt.theta + 1j * count * width) - untilted)
        if abs(last) < FADED:
            break
        count *= 2
    u = (np.arange(count) + 0.5) * width
    wave = np.exp(_cumulant(q, tilt.level, np.asarray(tilt.theta + 1j * u, dtype=np.complex128)) - untilted)
    kept = np.abs(wave) > 1e-9
    turned = np.exp(-1j * np.outer(points, u[kept])) * wave[kept]
    return np.asarray(0.5 - (width / math.pi) * (turned.imag / u[kept]).sum(axis=1))
