"""European option, cash-settled in its quote currency (linear) or in its coin (inverse).

Priced by Black-76 on the forward with the expiry's smile, kept in standardised moneyness as spot moves. Once its
expiry lies within the time that passes it is worth its settlement value; nothing is extrapolated. An American option
is valued as the European one: early exercise is not priced.
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
    years_left,
)
from seawall.instruments.slopes import PriceSlope, SlopeRows
from seawall.instruments.terms import check_contract
from seawall.kernels.black import BlackGreeks, black_greeks, inverse_greeks
from seawall.kernels.elementary import log
from seawall.kernels.moving import MovedBend, moved_bend
from seawall.kernels.smile import moved_volatility
from seawall.kernels.vanilla import revalue_vanilla
from seawall.model.arrays import Bools, Floats, Ints, aware_utc
from seawall.model.factor import Factor, tenor_of
from seawall.model.instrument import Greeks, Instrument, Slopes, refuse
from seawall.model.market import Market
from seawall.model.smile import Smile
from seawall.model.state import State, present

COORDINATES = ("volatility", "skew", "curvature")
STYLES = ("european", "american")
Series = tuple[str, str, str, datetime]


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
        if self.exercise_style not in STYLES:
            raise refuse(self.instrument_id, "exercise_style", self.exercise_style, " or ".join(STYLES))
        check_contract(self, "linear", "inverse")

    @property
    def sign(self) -> float:
        """+1 call, -1 put."""
        return 1.0 if self.option_type == "call" else -1.0

    @property
    def series(self) -> Series:
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
        grid = _grid(instruments, state)
        out = np.empty((len(instruments), state.size))
        revalue_vanilla(
            np.array([i.strike for i in instruments]), np.array([i.sign for i in instruments]),
            np.array([i.payoff == "inverse" for i in instruments], dtype=np.int64),
            np.array([i.contract_size for i in instruments]), grid.row, grid.forward, grid.years, grid.smile,
            grid.level, grid.skew, grid.curvature, grid.discount, out,
        )
        return out

    def greeks(self, instruments: Sequence[OptionTerms], market: Market) -> Greeks:
        """By spot in quote currency, the smile held at its strike; what it adds in motion is skew_delta."""
        return _by_spot(_points(instruments, market))

    def slopes(self, instruments: Sequence[OptionTerms], market: Market) -> Slopes:
        """By both spots, carry, the three coordinates and the rate, the smile moving with its spot."""
        rows = SlopeRows()
        for row, (i, slopes) in enumerate(zip(instruments, _slopes(_points(instruments, market)), strict=True)):
            _add_slopes(rows, row, i, slopes, market)
        return rows.done()


def option_volatilities(instruments: Sequence[OptionTerms], market: Market) -> Floats:
    """(I,) volatility per year at each option's strike, of the smile as it stands."""
    return _points(instruments, market).smile.volatility


class OptionPoints(NamedTuple):
    """Options in every version of a market, each (I,S): forward in quote currency, years left, volatility at the
    strike, discount (1 where premiums are not discounted)."""

    forward: Floats
    years: Floats
    volatility: Floats
    discount: Floats


def option_points(instruments: Sequence[OptionTerms], state: State) -> OptionPoints:
    """What Black-76 asks of each option in each version. Raises FactorMissing."""
    grid = _grid(instruments, state)
    forward, years, level, skew, curvature, unit = (
        column[grid.row] for column in
        (grid.forward, grid.years, grid.level, grid.skew, grid.curvature, grid.discount)
    )
    strike = np.array([i.strike for i in instruments])[:, None]
    live = (strike > 0) & (years > 0)
    k = np.where(live, log(np.where(live, strike, forward) / forward), 0.0)
    smile = grid.smile[grid.row][:, None, :]
    volatility = moved_volatility(k, np.where(live, years, 1.0), smile, level, skew, curvature)
    return OptionPoints(forward, years, volatility, unit)


class _Grid(NamedTuple):
    """The kernel's columns (E,S), smile (E,7), and each instrument's row (I) among them."""

    row: Ints
    forward: Floats
    years: Floats
    smile: Floats
    level: Floats
    skew: Floats
    curvature: Floats
    discount: Floats


class _Points(NamedTuple):
    """Options at the market, each (I,): Greeks by forward, the smile around the strike, and what joins them."""

    greeks: BlackGreeks
    smile: MovedBend
    size: Floats
    forward: Floats
    growth: Floats
    carry: Floats
    years: Floats


class _Slopes(NamedTuple):
    """One option's derivatives: by forward and by each coordinate, the first and the second."""

    forward: float
    growth: float
    years: float
    by_forward: float
    by_forward_twice: float
    by_level: float
    by_level_twice: float
    by_skew: float
    by_skew_twice: float
    by_curvature: float
    by_curvature_twice: float
    value: float


def _smile(underlying: str, expiry: datetime, market: Market) -> Smile:
    smile = market.smile(underlying, expiry)
    if smile is None:
        raise FactorMissing(f"volatility:{underlying}:{tenor_of(expiry)}", needed_by=f"options on {underlying}",
                            remedy="supply quotes of that expiry")
    return smile


def _grid(instruments: Sequence[OptionTerms], state: State) -> _Grid:
    series = sorted({i.series for i in instruments})
    place = {key: e for e, key in enumerate(series)}
    row = np.array([place[i.series] for i in instruments], dtype=np.int64)
    columns = zip(*(_columns(key, state) for key in series), strict=True)
    return _Grid(row, *(np.array(column) for column in columns))


def _columns(series: Series, state: State) -> tuple[Floats, ...]:
    """forward, years, smile, level, skew shift, curvature shift, discount of one series."""
    underlying, quote, payoff, expiry = series
    smile, tenor = _smile(underlying, expiry, state.market), tenor_of(expiry)
    level, skew, curvature = (state.level(f"{name}:{underlying}:{tenor}") for name in COORDINATES)
    # The curve is anchored where it was fitted: a market whose levels were moved since has a moved smile.
    table = np.array([*smile.parameters, smile.level, smile.years])
    unit = np.ones(state.size) if payoff == "inverse" else discount(state, underlying, quote, expiry)
    return (
        forward_price(state, underlying, quote, expiry), years_left(state, expiry), table, level,
        skew - smile.skew, curvature - smile.curvature, unit,
    )


def _points(instruments: Sequence[OptionTerms], market: Market) -> _Points:
    state = present(market)
    grid = _grid(instruments, state)
    forward, years, level, skew, curvature, unit = (
        column[grid.row, 0] for column in
        (grid.forward, grid.years, grid.level, grid.skew, grid.curvature, grid.discount)
    )
    strike, sign = np.array([i.strike for i in instruments]), np.array([i.sign for i in instruments])
    live = (strike > 0) & (years > 0)
    # Without a strike or without time volatility does not matter; any point of the smile will do.
    k = np.where(live, np.log(np.where(live, strike, forward) / forward), 0.0)
    smile = moved_bend(k, np.where(live, years, 1.0), grid.smile[grid.row], level, skew, curvature)
    rate, discounted = _rates(instruments, market)
    linear = black_greeks(sign, forward, strike, years, smile.volatility, unit, rate)
    # A premium that no rate discounts does not move with one.
    linear = linear._replace(rho=np.where(discounted, linear.rho, 0.0))
    inverse = inverse_greeks(sign, forward, strike, years, smile.volatility)
    coin = np.array([i.payoff == "inverse" for i in instruments])
    greeks = BlackGreeks(*(np.where(coin, c, v) for c, v in zip(inverse, linear, strict=True)))
    spot = np.array([float(spot_price(state, i.underlying, i.quote_currency)[0]) for i in instruments])
    carry = np.array([market.level(f"carry:{i.underlying}:{tenor_of(i.expiry)}") for i in instruments])
    size = np.array([i.contract_size for i in instruments])
    return _Points(greeks, smile, size, forward, forward / spot, np.where(years > 0, carry, 0.0), years)


def _rates(instruments: Sequence[OptionTerms], market: Market) -> tuple[Floats, Bools]:
    """(I,) the rate at which the premium's discount unwinds, and whether there is one: coin premiums have none."""
    keys = [rate_key(market, i.underlying, i.quote_currency, i.expiry) for i in instruments]
    used = [key if i.payoff == "linear" else None for key, i in zip(keys, instruments, strict=True)]
    rates = np.array([market.level(key) if key else 0.0 for key in used])
    return rates, np.array([key is not None for key in used])


def _by_spot(p: _Points) -> Greeks:
    g, n, growth = p.greeks, p.size, p.growth
    # As time passes with spot held, the forward rolls down its carry.
    return Greeks(
        delta=n * g.delta * growth, gamma=n * g.gamma * growth**2, vega=n * g.vega,
        theta=n * (g.theta - p.carry * p.forward * g.delta), rho=n * g.rho, vanna=n * g.vanna * growth,
        volga=n * g.volga, charm=n * growth * (g.charm - p.carry * (g.delta + p.forward * g.gamma)),
        skew_delta=-n * g.vega * p.smile.by_k / p.forward * growth,
    )


def _slopes(p: _Points) -> list[_Slopes]:
    g, n, f, smile = p.greeks, p.size, p.forward, p.smile
    # Volatility of a fixed strike as the forward moves: k falls by dF / F.
    moved, moved_twice = -smile.by_k / f, (smile.by_k_twice + smile.by_k) / f**2
    columns = (
        f, p.growth, p.years, n * (g.delta + g.vega * moved),
        n * (g.gamma + 2 * g.vanna * moved + g.volga * moved**2 + g.vega * moved_twice),
        n * g.vega * smile.by_level, n * (g.volga * smile.by_level**2 + g.vega * smile.by_level_twice),
        n * g.vega * smile.by_skew, n * g.volga * smile.by_skew**2,
        n * g.vega * smile.by_curvature, n * g.volga * smile.by_curvature**2, n * g.value,
    )
    return [_Slopes(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _add_slopes(rows: SlopeRows, row: int, i: OptionTerms, s: _Slopes, market: Market) -> None:
    tenor = tenor_of(i.expiry)
    rows.add_price(row, market, i, PriceSlope(s.forward, s.growth, s.by_forward, s.by_forward_twice))
    by_log = s.by_forward * s.forward
    rows.add(row, f"carry:{i.underlying}:{tenor}", by_log * s.years,
             (s.by_forward_twice * s.forward**2 + by_log) * s.years**2)
    rows.add(row, f"volatility:{i.underlying}:{tenor}", s.by_level, s.by_level_twice)
    rows.add(row, f"skew:{i.underlying}:{tenor}", s.by_skew, s.by_skew_twice)
    rows.add(row, f"curvature:{i.underlying}:{tenor}", s.by_curvature, s.by_curvature_twice)
    key = rate_key(market, i.underlying, i.quote_currency, i.expiry)
    if i.payoff == "linear" and key:
        rows.add(row, key, -s.years * s.value, s.years**2 * s.value)


OPTION = Option()
