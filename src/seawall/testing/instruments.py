"""Does a kind keep its promises? One function each; ``check_instrument`` asks them all.

A promise that is broken raises AssertionError with the instrument and both numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from seawall.model.arrays import Floats
from seawall.model.factor import tenor_of
from seawall.model.instrument import Greeks, Instrument, InstrumentKind, Slopes
from seawall.model.market import Market
from seawall.model.state import State, present
from seawall.testing.bumps import (
    Move,
    Slope,
    by_factor,
    by_time,
    derivative,
    flat,
    in_other_money,
    moved,
    needed,
    scattered,
    years_to,
)

# On top of what a bump knows to be its own error.
TOLERANCE = 1e-6
# Years before expiry, and the share of its value that an option at the money still has left there.
MOMENT, JUMP = 1e-12, 1e-4

Check = Callable[[InstrumentKind, Sequence[Instrument], Market], None]


def check_instrument(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """Raises AssertionError, with the facts, at the first broken promise of the kind.

    instruments: several, as unlike as the kind allows, more than a day from their expiry. market: holds every
    factor that they need, and better some that they do not.
    """
    for promise in PROMISES:
        promise(kind, instruments, market)


def names_agree(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """The kind's name is its terms' tag, and says whether it is margined."""
    del market
    for i in instruments:
        _expect(isinstance(i, kind.terms), f"{i.instrument_id}: terms of another kind than {kind.name}")
        _expect(i.kind == kind.name, f"{i.instrument_id}: tag {i.kind!r} is not the kind's name {kind.name!r}")
    _expect(isinstance(kind.margined, bool), f"{kind.name}: margined is {kind.margined!r}, neither true nor false")


def factors_are_complete(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """Every factor named is in the market and named once; no other moves the value, now or as time passes."""
    for i in instruments:
        keys = needed(kind, i, market)
        _expect(len(set(keys)) == len(keys), f"{i.instrument_id}: a factor is named twice in {keys}")
        _expect(set(keys) <= set(market.index), f"{i.instrument_id}: the market lacks {set(keys) - set(market.index)}")
        others = np.array([0.0 if factor.key in keys else 0.01 for factor in market.factors])
        for elapsed in (0.0, 0.001):
            still, shifted = _values(kind, [i], moved(market, np.array([0 * others, others]), elapsed))[0]
            _expect(still == shifted, f"{i.instrument_id}: moves with a factor that it does not name")


def batch_equals_alone(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """An instrument's value is the same to the last bit whatever stands beside it, instrument or scenario."""
    state = scattered(market, elapsed=0.001)
    together = _values(kind, instruments, state)
    backwards = _values(kind, instruments[::-1], state)[::-1]
    _expect(np.array_equal(backwards, together), f"{kind.name}: the order of the batch changes a value")
    for row, i in enumerate(instruments):
        alone = _values(kind, [i], state)[0]
        _expect(np.array_equal(alone, together[row]), f"{i.instrument_id}: batch differs from alone")
    for s in range(state.size):
        one = State(market, state.levels[s : s + 1], state.elapsed_years[s : s + 1])
        _expect(np.array_equal(_values(kind, instruments, one)[:, 0], together[:, s]),
                f"{kind.name}: the other scenarios change a value")


def long_and_short_cancel(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """One instrument held long in one place and short in another is worth nothing, exactly, in every scenario."""
    twice = _values(kind, [*instruments, *instruments], scattered(market, elapsed=0.001))
    long, short = twice[: len(instruments)], -1.0 * twice[len(instruments) :]
    _expect(bool((long + short == 0).all()), f"{kind.name}: long plus short is not zero")


def nothing_is_written(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """Valuing leaves its inputs as they were, and hands out nothing that is still part of them."""
    state = scattered(market)
    levels, elapsed = np.array(state.levels), np.array(state.elapsed_years)
    terms = msgspec.json.encode(list(instruments))
    try:
        value = kind.value(instruments, state)
        kind.greeks(instruments, market)
        kind.slopes(instruments, market)
    except ValueError as error:
        # Scenarios and markets refuse to be written to.
        _expect("read-only" not in str(error), f"{kind.name}: valuing wrote into the scenarios")
        raise
    _expect(np.array_equal(state.levels, levels) and np.array_equal(state.elapsed_years, elapsed),
            f"{kind.name}: valuing wrote into the scenarios")
    _expect(msgspec.json.encode(list(instruments)) == terms, f"{kind.name}: valuing changed the terms")
    _expect(not np.shares_memory(value, state.levels), f"{kind.name}: the values are a view of the scenarios")


def repeats_itself(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """Asked twice, it gives the same bits."""
    state = scattered(market, elapsed=0.001)
    _expect(np.array_equal(_values(kind, instruments, state), _values(kind, instruments, state)),
            f"{kind.name}: value is not deterministic")
    for question in (kind.greeks, kind.slopes):
        first, second = question(instruments, market), question(instruments, market)
        _expect(all(np.array_equal(a, b) for a, b in zip(first, second, strict=True)),
                f"{kind.name}: {question.__name__} is not deterministic")


def size_is_a_unit(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """A contract of twice the size is worth twice as much, with twice the Greeks and slopes."""
    doubled = [msgspec.structs.replace(i, contract_size=2 * i.contract_size) for i in instruments]
    state = scattered(market, elapsed=0.001)
    _same(_values(kind, doubled, state), 2 * _values(kind, instruments, state), f"{kind.name}: value by contract size")
    for name, single, twice in zip(
        Greeks._fields, kind.greeks(instruments, market), kind.greeks(doubled, market), strict=True
    ):
        _same(twice, 2 * single, f"{kind.name}: {name} by contract size")
    one, two = kind.slopes(instruments, market), kind.slopes(doubled, market)
    _same(two.delta, 2 * one.delta, f"{kind.name}: slopes by contract size")
    _same(two.gamma, 2 * one.gamma, f"{kind.name}: bends by contract size")


def money_is_a_unit(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """Value in settlement currency does not depend on the unit in which the market is told."""
    here = _values(kind, instruments, present(market))
    there = _values(kind, instruments, present(in_other_money(market)))
    _same(there, here, f"{kind.name}: value in another numeraire")


def slopes_equal_bumps(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """First and second derivative by every factor named, and by no other."""
    slopes = kind.slopes(instruments, market)
    claimed = _by_place(kind, slopes)
    for row, i in enumerate(instruments):
        keys = needed(kind, i, market)
        strange = {key for place, key in claimed if place == row} - set(keys)
        _expect(not strange, f"{i.instrument_id}: a slope by {strange}, which it does not name")
        for key in keys:
            first, second = claimed.get((row, key), (0.0, 0.0))
            _near(derivative(kind, i, market, by_factor(market, key)), first, f"{i.instrument_id}: slope by {key}")
            bump = derivative(kind, i, market, by_factor(market, key, twice=True))
            _near(bump, second, f"{i.instrument_id}: bend by {key}")


def greeks_equal_bumps(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """Each raw Greek against bumps, on flat smiles: there the volatility of a strike is held by itself."""
    level = flat(market)
    greeks = kind.greeks(instruments, level)
    for name, column in zip(Greeks._fields, greeks, strict=True):
        _expect(column.shape == (len(instruments),), f"{kind.name}: {name} has shape {column.shape}")
    for row, i in enumerate(instruments):
        for name, moves in _moves(kind, i, level).items():
            wanted = Slope(0.0, 0.0) if moves is None else derivative(kind, i, level, *moves)
            unit = _quote(i, level) ** _PRICE_ORDERS.get(name, 0)
            found = float(getattr(greeks, name)[row])
            _near(Slope(wanted.value * unit, wanted.noise * unit), found, f"{i.instrument_id}: {name}")


def smile_adds_to_delta(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """Delta and skew_delta are together the slope by the underlying's spot, the smile moving with it."""
    greeks = kind.greeks(instruments, market)
    for row, i in enumerate(instruments):
        if _priced(i, market):
            slope = derivative(kind, i, market, by_factor(market, f"spot:{i.underlying}"))
            unit, total = _quote(i, market), float(greeks.delta[row] + greeks.skew_delta[row])
            _near(Slope(slope.value * unit, slope.noise * unit), total, f"{i.instrument_id}: delta and skew_delta")


def expiry_settles(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """At its expiry a value arrives without a jump, and from then on nothing but spots moves it."""
    spots = np.array([factor.risk_class == "spot" for factor in market.factors])
    shares = np.array([0.0 * spots, np.where(spots, 0.0, 0.01)])
    for i in instruments:
        if i.expires_at is None:
            continue
        left = years_to(market, i.expires_at)
        ended, shifted = _values(kind, [i], moved(market, shares, left))[0]
        _expect(ended == shifted, f"{i.instrument_id}: moves after its expiry with more than spots")
        later = float(_values(kind, [i], moved(market, shares[:1], left + 1.0))[0, 0])
        _expect(later == ended, f"{i.instrument_id}: {ended} at expiry, {later} a year after it")
        before = float(_values(kind, [i], moved(market, shares[:1], left - MOMENT))[0, 0])
        scale = max(abs(ended), abs(float(_values(kind, [i], present(market))[0, 0])))
        _expect(abs(before - ended) <= JUMP * scale, f"{i.instrument_id}: {before} just before expiry, {ended} at it")


PROMISES: tuple[Check, ...] = (
    names_agree, nothing_is_written, factors_are_complete, batch_equals_alone, long_and_short_cancel, repeats_itself,
    size_is_a_unit, money_is_a_unit, slopes_equal_bumps, greeks_equal_bumps, smile_adds_to_delta, expiry_settles,
)

# How often each Greek is a derivative by price, which is in quote currency where factors are in the numeraire.
_PRICE_ORDERS = {"delta": 1, "gamma": 2, "vanna": 1, "charm": 1}


def _moves(kind: InstrumentKind, i: Instrument, market: Market) -> dict[str, tuple[Move, ...] | None]:
    """The bumps behind each Greek; None where the instrument has nothing to bump, so that the Greek must be zero."""
    found: dict[str, tuple[Move, ...] | None] = dict.fromkeys(Greeks._fields)
    keys = needed(kind, i, market)
    tenor = tenor_of(i.expires_at) if i.expires_at else ""
    volatility, rate = f"volatility:{i.underlying}:{tenor}", f"rate:{i.quote_currency}:{tenor}"
    found["theta"] = (by_time(),)
    if volatility in keys:
        vega = by_factor(market, volatility)
        found |= {"vega": (vega,), "volga": (by_factor(market, volatility, twice=True),)}
    if rate in keys:
        found["rho"] = (by_factor(market, rate),)
    if _priced(i, market):
        spot = f"spot:{i.underlying}"
        price = by_factor(market, spot)
        found |= {"delta": (price,), "gamma": (by_factor(market, spot, twice=True),), "charm": (price, by_time())}
        if volatility in keys:
            found["vanna"] = (price, vega)
    return found


def _priced(i: Instrument, market: Market) -> bool:
    """Whether there is a price of the underlying in quote currency that can move by the underlying's spot."""
    return i.underlying not in (i.quote_currency, market.numeraire)


def _quote(i: Instrument, market: Market) -> float:
    return market.spot(i.quote_currency)


def _by_place(kind: InstrumentKind, slopes: Slopes) -> dict[tuple[int, str], tuple[float, float]]:
    rows = [(int(row), str(key)) for row, key in zip(slopes.rows, slopes.keys, strict=True)]
    _expect(len(set(rows)) == len(rows), f"{kind.name}: two slopes of one instrument by one factor")
    return dict(zip(rows, zip(slopes.delta.tolist(), slopes.gamma.tolist(), strict=True), strict=True))


def _values(kind: InstrumentKind, instruments: Sequence[Instrument], state: State) -> Floats:
    value = kind.value(instruments, state)
    wanted = (len(instruments), state.size)
    _expect(value.shape == wanted, f"{kind.name}: values of shape {value.shape}, wanted {wanted}")
    _expect(bool(np.isfinite(value).all()), f"{kind.name}: a value is not finite")
    return value


def _same(found: Floats, wanted: Floats, what: str) -> None:
    # A few roundings: the same sum in another order.
    worst = float(np.max(np.abs(found - wanted) - 1e-12 * np.abs(wanted), initial=0.0))
    _expect(worst <= 0, f"{what}: differs by {worst!r}")


def _near(bump: Slope, claimed: float, what: str) -> None:
    allowed = TOLERANCE * max(abs(bump.value), abs(claimed)) + bump.noise
    _expect(abs(bump.value - claimed) <= allowed, f"{what}: {claimed!r}, but bumps give {bump.value!r}")


def _expect(kept: bool, broken: str) -> None:
    """Raised by hand: an ``assert`` would vanish under ``python -O``, and with it every promise."""
    if not kept:
        raise AssertionError(broken)
