"""Does a kind keep its promises? Greeks equal bumps, batch equals scalar, long plus short is zero, units."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import msgspec
import numpy as np

from seawall.model.instrument import Greeks, Instrument, InstrumentKind
from seawall.model.market import Market
from seawall.model.state import State, present

# Central differences with a step of 1e-4 of scale: their own error is near 1e-8 of the value.
STEP, TOLERANCE = 1e-4, 2e-6


def check_instrument(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """Raises AssertionError, with the facts, at the first broken promise of the kind."""
    assert all(isinstance(i, kind.terms) for i in instruments), f"{kind.name}: terms of another kind"
    _check_factors(kind, instruments, market)
    _check_batch(kind, instruments, market)
    _check_slopes(kind, instruments, market)
    _check_greeks(kind, instruments, market)
    _check_time(kind, instruments, _flat(market))
    _check_units(kind, instruments, market)


def _check_factors(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    for i in instruments:
        needed = {factor.key for factor in kind.factors(i, market)}
        assert needed <= set(market.index), f"{i.instrument_id}: the market lacks {needed - set(market.index)}"
        base = kind.value([i], present(market))
        for place, factor in enumerate(market.factors):
            if factor.key not in needed:
                moved = kind.value([i], _bumped(market, place, 0.01))
                assert np.array_equal(moved[:, 0], base[:, 0]), f"{i.instrument_id} moves with {factor.key} unsaid"


def _check_batch(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    state = _bumped(market, 0, STEP)
    together = kind.value(instruments, state)
    assert together.shape == (len(instruments), state.size), f"{kind.name}: shape {together.shape}"
    assert np.isfinite(together).all(), f"{kind.name}: a value is not finite"
    for row, i in enumerate(instruments):
        assert np.array_equal(kind.value([i], state)[0], together[row]), f"{i.instrument_id}: batch differs from alone"


def _check_slopes(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    slopes = kind.slopes(instruments, market)
    claimed = {(int(r), str(k)): (d, g) for r, k, d, g in zip(*slopes, strict=True)}
    for row, i in enumerate(instruments):
        for factor in kind.factors(i, market):
            place = market.index[factor.key]
            step = STEP * max(abs(float(market.levels[place])), 0.01)
            up, base, down = kind.value([i], _bumped(market, place, step))[0, [1, 0, 2]]
            first, second = claimed.get((row, factor.key), (0.0, 0.0))
            scale = max(abs(base), abs(up - down) / STEP, 1e-12)
            _near((up - down) / 2, first * step, scale * STEP, f"{i.instrument_id}: slope by {factor.key}")
            _near(up - 2 * base + down, second * step**2, scale * STEP, f"{i.instrument_id}: bend by {factor.key}")


def _check_greeks(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    greeks, slopes = kind.greeks(instruments, market), kind.slopes(instruments, market)
    assert all(getattr(greeks, name).shape == (len(instruments),) for name in Greeks._fields), "shape of Greeks"
    for row, i in enumerate(instruments):
        own = (slopes.rows == row) & (slopes.keys == f"spot:{i.underlying}")
        if own.any() and i.underlying != i.quote_currency:
            quote = market.spot(i.quote_currency)
            total = float(greeks.delta[row] + greeks.skew_delta[row])
            _near(float(slopes.delta[own][0]) * quote, total, abs(total) + 1e-12, f"{i.instrument_id}: delta")


def _check_time(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    """Theta and charm against time passing, on flat smiles: a bent one also rolls along its own curve."""
    step = 1e-6
    levels = np.repeat(market.levels[None, :], 2, axis=0)
    later = kind.value(instruments, State(market, levels, np.array([0.0, step])))
    theta = kind.greeks(instruments, market).theta
    for row, i in enumerate(instruments):
        scale = abs(later[row, 0]) * 1e-6 + abs(theta[row]) * step * 1e-2 + 1e-15
        _near(later[row, 1] - later[row, 0], theta[row] * step, scale, f"{i.instrument_id}: theta", tolerance=1.0)


def _check_units(kind: InstrumentKind, instruments: Sequence[Instrument], market: Market) -> None:
    state = _bumped(market, 0, STEP)
    single = kind.value(instruments, state)
    twice = kind.value([msgspec.structs.replace(i, contract_size=2 * i.contract_size) for i in instruments], state)
    assert np.allclose(twice, 2 * single, rtol=1e-14, atol=0), f"{kind.name}: value is not linear in contract size"
    assert np.array_equal(single + -1.0 * single, np.zeros_like(single)), f"{kind.name}: long plus short is not zero"


def _bumped(market: Market, place: int, step: float) -> State:
    levels = np.repeat(market.levels[None, :], 3, axis=0)
    levels[1, place] += step
    levels[2, place] -= step
    return State(market, levels, np.zeros(3))


def _flat(market: Market) -> Market:
    smiles = {
        key: msgspec.structs.replace(s, a=s.level**2 * s.years, b=0.0, rho=0.0, skew=0.0, curvature=0.0)
        for key, s in market.smiles.items()
    }
    levels = np.array(market.levels)
    for place, factor in enumerate(market.factors):
        if factor.risk_class in ("skew", "curvature"):
            levels[place] = 0.0
    return dataclasses.replace(market, smiles=smiles, levels=levels)



def _near(found: float, wanted: float, scale: float, what: str, tolerance: float = TOLERANCE) -> None:
    # The bump's own error is of the order of the tolerance times the scale of what was bumped.
    assert abs(found - wanted) <= max(tolerance * scale, abs(wanted) * 1e-4), f"{what}: {found!r}, wanted {wanted!r}"
