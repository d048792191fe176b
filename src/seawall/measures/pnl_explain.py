"""What made an instrument's P&L? Its change of value between two markets, from its Greeks at the start and the moves.

The Greeks are the report's own (``measures.greeks``), so that the cash delta of yesterday's page times the move is
today's delta term. Contracts settled in a coin count the coin's own move as delta, as the page does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from seawall.cube import revalue
from seawall.instruments.option import OptionTerms, option_volatilities
from seawall.instruments.plugins import kind_of
from seawall.instruments.prices import years_between
from seawall.measures.explain import MONEY
from seawall.measures.greeks import COLUMNS, InstrumentGreeks, instrument_greeks
from seawall.model.arrays import Bools, Floats, frozen_texts, read_only
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.results import Cube
from seawall.model.scenario import ScenarioRule, ScenarioSet

# carry: basis, premium, roll-down, funding and interest. currency: settlement and collateral currencies, pegs,
# exchange rates of tokens.
TERMS: Final = ("delta", "gamma", "vega", "theta", "vanna", "volga", "carry", "rate", "currency")
DELTA, GAMMA, CURRENCY = (TERMS.index(name) for name in ("delta", "gamma", "currency"))


class Moves(NamedTuple):
    """What happened to each instrument (I,) over so many years; 0 where it has no such factor.

    relative: of its underlying's price; volatility: at its strike, per year; rate: of its premium's discount rate;
    basis: of ln(contract price / spot), the passing of time apart.
    """

    relative: Floats
    volatility: Floats
    rate: Floats
    basis: Floats
    years: float


class Explained(NamedTuple):
    """Per contract, reporting currency, gain > 0; NaN where not ``comparable``: valued on both sides and not ended.

    terms (I,9): columns of ``TERMS``. held (I,): what they explain, mark to mark, with the funding that accrued.
    accrued (I,): that funding, at the opening rate. base (I,2): value before and after, settlement currency;
    rate (I,2): of one unit of it. ended (I,): expired in between; settled (I,): their gain up to the later spot.
    """

    terms: Floats
    held: Floats
    accrued: Floats
    base: Floats
    rate: Floats
    comparable: Bools
    ended: Bools
    settled: Floats


def explain_instruments(
    listed: Sequence[Instrument], later: Mapping[str, Instrument], before: Market, after: Market, *, currency: str
) -> Explained:
    """Each instrument from one market to the other. later: as the second book has them, such as with a grown index."""
    grown = [later.get(i.instrument_id, i) for i in listed]
    first, last = revalue(listed, before, unmoved()), revalue(grown, after, unmoved())
    expired = np.array([i.expires_at is not None and i.expires_at <= after.as_of for i in listed], dtype=bool)
    comparable = np.asarray(first.valued & last.valued & ~expired)
    rate = np.column_stack([rates(first, before, currency), rates(last, after, currency)])
    greeks = instrument_greeks(first, before, currency=currency)
    moves = _moves(listed, grown, before, after, comparable)
    gained = last.base - first.base
    terms = taylor(greeks, _cash_delta(listed, greeks, before, rate[:, 0]), moves, _have(listed, before, "volatility"))
    terms[:, CURRENCY] += _currency(listed, first, moves, rate, gained)
    terms[:, CURRENCY] += _tokens(listed, before, after) * rate[:, 0]
    _call_money_currency(terms, listed, before)
    passed = greeks.trader[:, COLUMNS.index("theta")] * 365 * moves.years
    accrued = np.where(_have(listed, before, "funding"), passed, 0.0)
    held = rate[:, 1] * (first.equity + gained) - rate[:, 0] * first.equity + accrued
    ended = expired & first.valued
    return Explained(terms, held, accrued, np.column_stack([first.base, last.base]), rate, comparable, ended,
                     _settled(listed, ended, before, after, currency=currency))


def taylor(greeks: InstrumentGreeks, cash_delta: Floats, moves: Moves, optional: Bools) -> Floats:
    """(I,9) columns of ``TERMS``, currency still 0: Greeks times moves, second order in price and volatility.

    cash_delta (I,): money per 100 % move of the contract's own price, that of its currency apart. optional (I,): time
    passing is theta; elsewhere it is carry.
    """
    g = dict(zip(COLUMNS, greeks.trader.T, strict=True))
    ret, points = moves.relative, moves.volatility * 100
    passed = g["theta"] * 365 * moves.years
    return np.column_stack([
        g["delta"] * ret, 0.5 * g["gamma"] * 100 * ret**2, g["vega"] * points, np.where(optional, passed, 0.0),
        g["vanna"] * 100 * ret * points, 0.5 * g["volga"] * points**2,
        cash_delta * moves.basis + np.where(optional, 0.0, passed), g["rho"] * 1e4 * moves.rate, np.zeros_like(ret),
    ])


def unmoved(years: float = 0.0) -> ScenarioRule:
    """The rule of one scenario in which nothing moves and so many years pass."""
    return ScenarioRule("unmoved", (), np.zeros((1, 0)), frozen_texts(["unmoved"], "labels"), 0.0,
                        ages=np.array([years]))


def later_levels(before: Market, after: Market) -> Floats:
    """(F,) levels of the first market's factors in the second; a factor that is gone stays where it was."""
    return np.array([
        after.levels[after.index[factor.key]] if factor.key in after.index else level
        for factor, level in zip(before.factors, before.levels, strict=True)
    ])


def rates(cube: Cube, market: Market, currency: str) -> Floats:
    """(I,) value of one unit of each instrument's settlement currency; NaN where it has no value itself."""
    unit = market.spot(currency)
    return np.array([market.spot(i.settlement_currency) / unit if known else np.nan
                     for i, known in zip(cube.instruments, cube.valued, strict=True)])


def is_money(asset: str, market: Market) -> bool:
    """Whether the asset is the numeraire, a currency or a stablecoin."""
    return asset == market.numeraire or market.asset_class.get(asset) in MONEY


def _moves(
    listed: Sequence[Instrument], grown: Sequence[Instrument], before: Market, after: Market, comparable: Bools
) -> Moves:
    out = np.zeros((4, len(listed)))
    out[1] = _volatility_moves(listed, grown, before, after, comparable)
    for n in np.flatnonzero(comparable).tolist():
        i = listed[n]
        out[0, n] = _price(i, after) / _price(i, before) - 1
        for factor in kind_of(i).factors(i, before):
            if factor.key not in after.index:
                continue
            moved = after.level(factor.key) - before.level(factor.key)
            if factor.risk_class == "rate":
                out[2, n] += moved
            elif factor.risk_class == "carry" and i.expires_at is not None:
                out[3, n] += moved * years_between(before.as_of, i.expires_at)
            elif factor.risk_class == "premium":
                out[3, n] += moved / (1 + before.level(factor.key))
    return Moves(out[0], out[1], out[2], out[3], years_between(before.as_of, after.as_of))


def _volatility_moves(
    listed: Sequence[Instrument], grown: Sequence[Instrument], before: Market, after: Market, comparable: Bools
) -> Floats:
    """(I,) at an option's own strike; of another kind with volatility factors, the mean of their moves."""
    out = np.zeros(len(listed))
    vanilla = [n for n in np.flatnonzero(comparable).tolist() if isinstance(listed[n], OptionTerms)]
    if vanilla:
        first = option_volatilities([listed[n] for n in vanilla], before)  # type: ignore[misc]
        out[vanilla] = option_volatilities([grown[n] for n in vanilla], after) - first  # type: ignore[misc]
    for n in set(np.flatnonzero(comparable).tolist()) - set(vanilla):
        keys = [f.key for f in kind_of(listed[n]).factors(listed[n], before) if f.risk_class == "volatility"]
        found = [after.level(key) - before.level(key) for key in keys if key in after.index]
        out[n] = float(np.mean(found)) if found else 0.0
    return out


def _currency(
    listed: Sequence[Instrument], first: Cube, moves: Moves, rate: Floats, gained: Floats
) -> Floats:
    """(I,) what the settlement currency's own move makes of value and gain; a coin's is counted as delta already."""
    coin = np.array([_is_coin(i, first.numeraire) for i in listed], dtype=float)
    return np.asarray((rate[:, 1] - rate[:, 0] * (1 + coin * moves.relative)) * (first.equity + gained))


def _tokens(listed: Sequence[Instrument], before: Market, after: Market) -> Floats:
    """(I,) settlement currency: slopes by pegs and exchange rates times their moves."""
    out = np.zeros(len(listed))
    for n, i in enumerate(listed):
        if not {"peg", "exchange_rate"} & {f.risk_class for f in kind_of(i).factors(i, before)}:
            continue
        if any(f.key not in before.index for f in kind_of(i).factors(i, before)):
            continue
        found = kind_of(i).slopes([i], before)
        for key, slope in zip(found.keys, found.delta, strict=True):
            if key.split(":")[0] in ("peg", "exchange_rate") and key in after.index:
                out[n] += slope * (after.level(key) - before.level(key))
    return out


def _call_money_currency(terms: Floats, listed: Sequence[Instrument], before: Market) -> None:
    """A stablecoin's or currency's own move is no delta to whoever reads the page: in place."""
    money = np.array([is_money(i.underlying, before) for i in listed], dtype=bool)
    terms[money, CURRENCY] += terms[money, DELTA] + terms[money, GAMMA]
    terms[money, DELTA] = terms[money, GAMMA] = 0.0


def _cash_delta(listed: Sequence[Instrument], greeks: InstrumentGreeks, market: Market, rate: Floats) -> Floats:
    price = np.array([_price(i, market) if np.isfinite(r) else np.nan for i, r in zip(listed, rate, strict=True)])
    return np.asarray(rate * greeks.raw[:, COLUMNS.index("delta")] * price)


def _settled(
    listed: Sequence[Instrument], ended: Bools, before: Market, after: Market, *, currency: str
) -> Floats:
    """(I,) gain of what expired, valued past its expiry at the later levels: the true settlement is in no input."""
    out = np.zeros(len(listed))
    places = np.flatnonzero(ended).tolist()
    if not places:
        return out
    rule = unmoved(years_between(before.as_of, after.as_of))
    levels = read_only(np.asfortranarray(later_levels(before, after)[None, :]))
    cube = revalue([listed[n] for n in places], before, ScenarioSet(rule, before.market_id, levels))
    unit = cube.conversion[currency] if currency in cube.conversion else np.array([before.spot(currency)] * 2)
    for row, n in enumerate(places):
        now, then = cube.conversion[listed[n].settlement_currency] / unit
        out[n] = cube.pnl[row, 0] * then + cube.equity[row] * (then - now)
    return out


def _have(listed: Sequence[Instrument], market: Market, risk_class: str) -> Bools:
    """(I,) whether the instrument depends on a factor of that class."""
    return np.array([any(f.risk_class == risk_class for f in kind_of(i).factors(i, market)) for i in listed], bool)


def _price(i: Instrument, market: Market) -> float:
    return market.spot(i.underlying) / market.spot(i.quote_currency)


def _is_coin(i: Instrument, numeraire: str) -> bool:
    return i.settlement_currency == i.underlying != numeraire
