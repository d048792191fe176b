"""Black-76 in natural units: value and Greeks of a European option on a forward, linear or coin-settled.

All arguments broadcast. sign: +1 call, -1 put. years: time to expiry, >= 0. volatility: per year, decimal, >= 0.
discount: value now of one unit at expiry. Values are per unit of underlying, in the currency of the forward;
coin values are in units of the underlying.

At zero time, zero volatility, zero strike or zero forward the limits hold exactly: the value is the discounted
intrinsic value; delta at the kink is half; gamma and charm at the kink, infinite in the limit, are reported as 0.

Source: Black (1976), The pricing of commodity contracts; Haug (2007), The Complete Guide to Option Pricing
Formulas, chapter 2, for the second-order Greeks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seawall.kernels.normal import density, distribution, mills

Floats = NDArray[np.float64]

# Past this the density is exactly zero and the distribution exactly 0 or 1 in double precision.
FAR = 1e3


class BlackGreeks(NamedTuple):
    """By forward F, volatility, calendar time t (F and the rate held) and rate, per 1.00 and per year.

    delta dV/dF, gamma d2V/dF2, vega dV/dvol, theta dV/dt, rho dV/dr, vanna d2V/dF dvol, volga d2V/dvol2,
    charm d delta/dt.
    """

    value: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats
    vanna: Floats
    volga: Floats
    charm: Floats


class _Inputs(NamedTuple):
    sign: Floats
    forward: Floats
    strike: Floats
    years: Floats
    volatility: Floats
    discount: Floats
    deviation: Floats
    d1: Floats
    d2: Floats


def black_value(
    sign: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike,
    discount: ArrayLike = 1.0,
) -> Floats:
    """Discounted Black-76 value, currency per unit of underlying."""
    return _value(_prepare(sign, forward, strike, years, volatility, discount))


def black_greeks(
    sign: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike,
    discount: ArrayLike = 1.0, rate: ArrayLike = 0.0,
) -> BlackGreeks:
    """Value and Greeks of the linear option. ``rate``: that by which ``discount`` unwinds, per year."""
    with np.errstate(over="ignore", under="ignore"):
        return _greeks(_prepare(sign, forward, strike, years, volatility, discount), np.asarray(rate, dtype=float))


def inverse_value(
    sign: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike
) -> Floats:
    """Undiscounted value of the coin-settled option, in coin: Black / forward. forward > 0."""
    return np.asarray(black_value(sign, forward, strike, years, volatility) / np.asarray(forward, dtype=float))


def inverse_greeks(
    sign: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike
) -> BlackGreeks:
    """Value and Greeks of the coin-settled option, in coin; rho is zero. forward > 0.

    U = sign (N(sign d1) - K / F N(sign d2)), differentiated as it stands: a quotient rule would lose a deep
    call's delta, which is the strike's share alone, in the difference of two numbers near one.
    A long call's coin gamma can be negative.
    """
    p = _prepare(sign, forward, strike, years, volatility, 1.0)
    with np.errstate(over="ignore", under="ignore"):
        root, share = np.sqrt(p.years), p.strike / p.forward
        reached = p.sign * distribution(p.sign * p.d2)
        bell, strike_bell = density(p.d1), share * density(p.d2)
        vega = bell * root
        return BlackGreeks(
            value=np.asarray(_value(p) / p.forward), delta=share * reached / p.forward,
            gamma=(_over(strike_bell, p.deviation) - 2 * share * reached) / p.forward / p.forward, vega=vega,
            theta=-_over(bell * p.volatility, 2 * root), rho=np.zeros_like(vega),
            vanna=-_over(strike_bell * p.d1, p.volatility) / p.forward,
            volga=_over(vega * p.d1 * p.d2, p.volatility), charm=_over(strike_bell * p.d1, 2 * p.years) / p.forward,
        )


def black_scholes_greeks(
    sign: ArrayLike, spot: ArrayLike, strike: ArrayLike, years: ArrayLike, volatility: ArrayLike,
    *, rate: ArrayLike, carry: ArrayLike,
) -> BlackGreeks:
    """Value and Greeks by spot, with cost of carry b: F = S exp(b T); theta and charm hold spot.

    b = r - q for a share, 0 for a future. rho holds the yield q = r - b, so that carry moves with the rate.
    Source: Haug (2007), generalised Black-Scholes-Merton.
    """
    s, t = np.asarray(spot, dtype=float), np.asarray(years, dtype=float)
    r, b = np.asarray(rate, dtype=float), np.asarray(carry, dtype=float)
    growth = np.exp(b * t)
    v = black_greeks(sign, s * growth, strike, years, volatility, np.exp(-r * t), r)
    delta = v.delta * growth
    return BlackGreeks(
        value=v.value, delta=delta, gamma=v.gamma * growth**2, vega=v.vega, theta=v.theta - b * s * delta,
        rho=v.rho + t * s * delta, vanna=v.vanna * growth, volga=v.volga,
        charm=v.charm * growth - b * (delta + s * growth**2 * v.gamma),
    )


def _prepare(*arguments: ArrayLike) -> _Inputs:
    sign, forward, strike, years, volatility, discount = np.broadcast_arrays(
        *(np.asarray(argument, dtype=float) for argument in arguments)
    )
    deviation = volatility * np.sqrt(years)
    low, high = np.minimum(forward, strike), np.maximum(forward, strike)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        # Near the money the difference is exact, and log1p keeps what is left of it.
        distance = np.log1p((high - low) / low)
        moneyness = np.where(high == low, 0.0, np.where(forward < strike, -distance, distance))
        scaled = np.where(moneyness == 0, 0.0, moneyness / deviation)
        d1 = np.clip(scaled + 0.5 * deviation, -FAR, FAR)
        d2 = np.clip(scaled - 0.5 * deviation, -FAR, FAR)
    return _Inputs(sign, forward, strike, years, volatility, discount, deviation, d1, d2)


def _value(p: _Inputs) -> Floats:
    a, b = p.sign * p.d1, p.sign * p.d2
    with np.errstate(under="ignore", invalid="ignore", over="ignore"):
        out = np.asarray(p.sign * (p.forward * distribution(a) - p.strike * distribution(b)))
        far = (a < -1) & (b < -1) & (np.abs(p.d1) < FAR)
        # Both tails share one density: its factor out, the difference keeps relative precision far out.
        tails = mills(-a[far]) - mills(-b[far])
        out[far] = p.sign[far] * p.forward[far] * density(p.d1[far]) * tails
    return np.asarray(p.discount * np.maximum(out, 0.0))


def _greeks(p: _Inputs, rate: Floats) -> BlackGreeks:
    root = np.sqrt(p.years)
    bell = p.discount * np.where(p.forward > 0, density(p.d1), 0.0)
    value = _value(p)
    delta = p.discount * p.sign * distribution(p.sign * p.d1)
    vega = p.forward * bell * root
    gamma = _over(bell, p.forward * p.deviation)
    return BlackGreeks(
        value=value, delta=delta, gamma=gamma, vega=vega,
        theta=rate * value - _over(p.forward * bell * p.volatility, 2 * root),
        rho=-p.years * value, vanna=-_over(bell * p.d2, p.volatility), volga=_over(vega * p.d1 * p.d2, p.volatility),
        charm=rate * delta + _over(bell * p.d2, 2 * p.years),
    )


def _over(numerator: Floats, denominator: Floats) -> Floats:
    """The quotient, 0 where the denominator vanishes: there the bell has vanished too, but at the kink."""
    safe = np.where(denominator == 0, 1.0, denominator)
    return np.asarray(np.where(denominator == 0, 0.0, numerator / safe))
