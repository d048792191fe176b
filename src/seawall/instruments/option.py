"""European option, cash-settled in its quote currency (linear) or in its coin (inverse).

Priced by Black-76 on the forward with the expiry's smile, kept in standardised moneyness as spot moves. Once its
expiry lies within the time that passes it is worth its settlement value; nothing is extrapolated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from seawall.errors import FactorMissing
from seawall.instruments.prices import (
    discount,
    forward_price,
    rate_key,
    spot_factors,
    spot_price,
    years_between,
    years_left,
)
from seawall.instruments.slopes import PriceSlope, SlopeRows
from seawall.kernels.black import BlackGreeks, black_greeks, inverse_greeks
from seawall.kernels.smile import bend
from seawall.kernels.vanilla import revalue_vanilla
from seawall.model.arrays import Floats, aware_utc
from seawall.model.factor import Factor, tenor_of
from seawall.model.instrument import Greeks, Instrument, Slopes, refuse
from seawall.model.market import Market
from seawall.model.smile import Smile
from seawall.model.state import State, present

COORDINATES = ("volatility", "skew", "curvature")


class OptionTerms(Instrument, frozen=True, kw_only=True, tag="option"):
    """strike in quote currency; option_type: call or put; contract_size in units of the underlying."""

    expiry: datetime
    strike: float
    option_type: str
    exercise_style: str = "european"

    def __post_init__(self) -> None:
        aware_utc(self.expiry, f"{self.instrument_id}: expiry")
        if self.option_type not in ("call", "put"):
            raise refuse(self.instrument_id, "option_type", self.option_type, "call or put")
        if not (np.isfinite(self.strike) and self.strike >= 0):
            raise refuse(self.instrument_id, "strike", self.strike, "a number, zero or more")
        if not (np.isfinite(self.contract_size) and self.contract_size > 0):
            raise refuse(self.instrument_id, "contract_size", self.contract_size, "a positive number")
        wanted = {"linear": self.quote_currency, "inverse": self.underlying}.get(self.payoff)
        if wanted is None:
            raise refuse(self.instrument_id, "payoff", self.payoff, "linear or inverse")
        if self.settlement_currency != wanted:
            raise refuse(self.instrument_id, f"settlement_currency of a {self.payoff} option",
                         self.settlement_currency, wanted)

    @property
    def sign(self) -> float:
        """+1 call, -1 put."""
        return 1.0 if self.option_type == "call" else -1.0

    @property
    def series(self) -> tuple[str, str, str, datetime]:
        """What options priced together share: underlying, quote and settlement currency, expiry."""
        return (self.underlying, self.quote_currency, self.payoff, self.expiry)


class Option:
    """The kind."""

    name = "option"
    terms: type[Instrument] = OptionTerms
    margined = False

    def factors(self, instrument: OptionTerms, market: Market) -> tuple[Factor, ...]:
        """Spots, carry, the smile's three coordinates and, where premiums are discounted, the rate."""
        i, tenor = instrument, tenor_of(instrument.expiry)
        found = [*spot_factors(market, i.underlying, i.quote_currency), Factor("carry", i.underlying, tenor)]
        found += [Factor(name, i.underlying, tenor) for name in COORDINATES]
        if i.payoff == "linear" and rate_key(market, i.underlying, i.quote_currency, i.expiry):
            found.append(Factor("rate", i.quote_currency, tenor))
        return tuple(found)

    def value(self, instruments: Sequence[OptionTerms], state: State) -> Floats:
        """(I,S), never below zero."""
        series = sorted({i.series for i in instruments})
        place = {key: e for e, key in enumerate(series)}
        columns = zip(*(_grid(key, state) for key in series), strict=True)
        forward, years, smile, level, skew, curvature, unit = (np.array(column) for column in columns)
        out = np.empty((len(instruments), state.size))
        revalue_vanilla(
            np.array([i.strike for i in instruments]), np.array([i.sign for i in instruments]),
            np.array([i.payoff == "inverse" for i in instruments], dtype=np.int64),
            np.array([i.contract_size for i in instruments]),
            np.array([place[i.series] for i in instruments], dtype=np.int64),
            forward, years, smile, level, skew, curvature, unit, out,
        )
        return out

    def greeks(self, instruments: Sequence[OptionTerms], market: Market) -> Greeks:
        """By spot in quote currency, the smile held at its strike; what it adds in motion is skew_delta."""
        rows = [_point(i, market) for i in instruments]
        return Greeks(*(np.array(column) for column in zip(*(_by_spot(row) for row in rows), strict=True)))

    def slopes(self, instruments: Sequence[OptionTerms], market: Market) -> Slopes:
        """By both spots, carry, the three coordinates and the rate, the smile moving with its spot."""
        rows = SlopeRows()
        for row, i in enumerate(instruments):
            _add_slopes(rows, row, i, _point(i, market), market)
        return rows.done()


class _Point(NamedTuple):
    """One option at the market: its Greeks by forward, the smile around its strike, and what joins them."""

    greeks: BlackGreeks
    size: float
    forward: float
    growth: float
    carry: float
    years: float
    volatility: float
    slope: float
    bow: float
    smile: Smile
    k: float


def _smile(underlying: str, expiry: datetime, market: Market) -> Smile:
    smile = market.smile(underlying, expiry)
    if smile is None:
        raise FactorMissing(f"volatility:{underlying}:{tenor_of(expiry)}", needed_by=f"options on {underlying}",
                            remedy="supply quotes of that expiry")
    return smile


def _grid(series: tuple[str, str, str, datetime], state: State) -> tuple[Floats, ...]:
    """forward, years, smile, level, skew shift, curvature shift, discount of one series, in the kernel's order."""
    underlying, quote, payoff, expiry = series
    smile, tenor = _smile(underlying, expiry, state.market), tenor_of(expiry)
    level, skew, curvature = (state.level(f"{name}:{underlying}:{tenor}") for name in COORDINATES)
    base = state.market.levels
    start = [base[state.market.index[f"{name}:{underlying}:{tenor}"]] for name in COORDINATES]
    left = years_left(state, expiry)
    table = np.array([*smile.parameters, start[0], smile.years])
    unit = np.ones(state.size) if payoff == "inverse" else discount(state, underlying, quote, expiry)
    return (
        np.ascontiguousarray(forward_price(state, underlying, quote, expiry)), left, table,
        np.ascontiguousarray(level), skew - start[1], curvature - start[2], unit,
    )


def _point(i: OptionTerms, market: Market) -> _Point:
    state, smile = present(market), _smile(i.underlying, i.expiry, market)
    years = max(years_between(market.as_of, i.expiry), 0.0)
    forward = float(forward_price(state, i.underlying, i.quote_currency, i.expiry)[0])
    growth = forward / float(spot_price(state, i.underlying, i.quote_currency)[0])
    k = float(np.log(i.strike / forward)) if i.strike > 0 else -50.0
    curve = bend(k, np.array(smile.parameters), smile.years)
    volatility, slope, bow = (float(value) for value in curve)
    if i.payoff == "inverse":
        greeks = inverse_greeks(i.sign, forward, i.strike, years, volatility)
    else:
        key = rate_key(market, i.underlying, i.quote_currency, i.expiry)
        unit = float(discount(state, i.underlying, i.quote_currency, i.expiry)[0])
        rate = market.level(key) if key else 0.0
        greeks = black_greeks(i.sign, forward, i.strike, years, volatility, unit, rate)
    carry = float(np.log(growth) / years) if years > 0 else 0.0
    return _Point(greeks, i.contract_size, forward, growth, carry, years, volatility, slope, bow, smile, k)


def _by_spot(p: _Point) -> tuple[float, ...]:
    g, n = p.greeks, p.size
    delta, drift = float(g.delta) * p.growth, p.carry * p.forward
    # As time passes with spot held, the forward rolls down its carry.
    return (
        n * delta, n * float(g.gamma) * p.growth**2, n * float(g.vega), n * (float(g.theta) - drift * float(g.delta)),
        n * float(g.rho), n * float(g.vanna) * p.growth, n * float(g.volga),
        n * p.growth * (float(g.charm) - p.carry * (float(g.delta) + p.forward * float(g.gamma))),
        -n * float(g.vega) * p.slope / p.forward * p.growth,
    )


def _add_slopes(rows: SlopeRows, row: int, i: OptionTerms, p: _Point, market: Market) -> None:
    g, n, f = p.greeks, p.size, p.forward
    tenor = tenor_of(i.expiry)
    # Volatility of a fixed strike as the forward moves: k falls by dF / F.
    by_forward, by_forward_twice = -p.slope / f, (p.bow + p.slope) / f**2
    first = n * float(g.delta + g.vega * by_forward)
    second = n * float(g.gamma + 2 * g.vanna * by_forward + g.volga * by_forward**2 + g.vega * by_forward_twice)
    rows.add_price(row, market, i, PriceSlope(f, p.growth, first, second))
    rows.add(row, f"carry:{i.underlying}:{tenor}", first * f * p.years, (second * f + first) * f * p.years**2)
    for name, (move, bent) in _coordinate_moves(p).items():
        rows.add(row, f"{name}:{i.underlying}:{tenor}", n * float(g.vega) * move,
                 n * float(g.volga * move**2 + g.vega * bent))
    key = rate_key(market, i.underlying, i.quote_currency, i.expiry)
    if i.payoff == "linear" and key:
        rows.add(row, key, -p.years * n * float(g.value), p.years**2 * n * float(g.value))


def _coordinate_moves(p: _Point) -> dict[str, tuple[float, float]]:
    """First and second derivative of volatility at the strike by level, skew and curvature."""
    level = p.smile.level
    z = p.k / (level * np.sqrt(p.smile.years))
    return {
        # sigma = (x / level) base(k level / x): the first derivative at x = level, then the second.
        "volatility": ((p.volatility - p.k * p.slope) / level, p.k**2 * p.bow / level**2),
        "skew": (float(np.sqrt(2) * z / np.sqrt(1 + z * z)), 0.0),
        "curvature": (float(2 * z * z / (1 + z * z)), 0.0),
    }


OPTION = Option()
