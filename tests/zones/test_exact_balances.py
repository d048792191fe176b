"""Balances against plain integers and a dictionary of positions; what cannot be listed is refused by name."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from seawall.errors import InputError, ShapeMismatch
from seawall.zones.cubes import exact_cube, worth
from seawall.zones.exact import Exact
from seawall.zones.market import Place
from seawall.zones.positions import positions
from zones import markets


def plain_balance(exact: Exact, account: int) -> int:
    """Cash and worst-of in Python's own integers, from worths rounded one by one."""
    total, joint = int(exact.cash[account]), [0] * exact.market[0].scenarios
    for u, one in enumerate(exact.market):
        sums = [0] * one.scenarios
        values = worth(one, exact.stand.places[u], exact.stand.time)
        for instrument, lots in zip(*(x.tolist() for x in exact.lines.held(account, u)), strict=True):
            for s in range(one.scenarios):
                ticks = Fraction(float(values[instrument, s])) / exact.units.tick
                sums[s] += lots * (math.floor(ticks) if lots > 0 else math.ceil(ticks))
        total += 0 if exact.joint else min(sums)
        joint = [a + b for a, b in zip(joint, sums, strict=True)]
    return total + (min(joint) if exact.joint else 0)


@pytest.mark.parametrize("joint", [False, True])
def test_balances_are_those_of_plain_integers(joint: bool) -> None:
    exact = markets.book(40, 8, joint=joint)
    exact.move(exact.stand._replace(places=(Place(66_500.0, 1.2), Place(2_600.0, 0.9)), time=0.001))
    balance = exact.everyone()
    assert [plain_balance(exact, a) for a in range(40)] == balance.tolist()
    some = np.array([7, 3, 39], np.int32)
    assert exact.balances(some).tolist() == balance[some].tolist()


def test_worths_are_the_textbooks() -> None:
    """Black-76 by the normal distribution of SciPy, damped scenarios and plain instruments, to 1e-12 of spot."""
    one, place, time = markets.market()[0], Place(68_000.0, 1.1), 0.002
    n = int(one.is_option.sum())
    root = np.sqrt(one.expiry[:n, None] - time)

    def black(forward: np.ndarray, vol: np.ndarray) -> np.ndarray:
        d1 = np.log(forward / one.strike[:n, None]) / (vol * root) + vol * root / 2
        sign = np.where(one.is_call[:n, None], 1, -1)
        return sign * (forward * ndtr(sign * d1) - one.strike[:n, None] * ndtr(sign * (d1 - vol * root)))

    forward, vol = place.spot * one.carry[:n, None], one.vol[:n, None] * place.level
    expected = (1 - one.share) * black(forward, vol) + one.share * black(
        forward * one.spot_factor, vol * one.vol_factor[:n])
    found = worth(one, place, time)
    assert np.abs(found[:n] - expected).max() < 1e-12 * place.spot * 3
    assert np.allclose(found[n], place.spot * 0.95 * (1 + one.share * (one.spot_factor - 1)), rtol=1e-15)
    assert (found[n + 3] == place.spot).all()


def test_longs_are_rounded_down_and_shorts_up() -> None:
    one, place = markets.market()[1], markets.HERE.places[1]
    cube = exact_cube(one, place, 0.0, Fraction(1000))
    values = worth(one, place, 0.0) * 1000
    assert (cube[0::2] <= values).all()
    assert (cube[1::2] >= values).all()
    assert (cube[1::2] - cube[0::2]).max() == 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_positions_after_any_trades_are_those_of_a_dictionary(seed: int) -> None:
    rng = np.random.default_rng(seed)
    accounts, instruments = 5, 9
    key = rng.choice(accounts * instruments, 12, replace=False)
    lots = rng.integers(-50, 50, 12)
    held = positions([key // instruments, []], [key % instruments, []], [lots, []], accounts)
    plain = [{int(k): int(q) for k, q in zip(key, lots, strict=True) if q}, {}]
    for _ in range(60):
        account, u, what = (int(rng.integers(0, n)) for n in (accounts, 2, instruments))
        place = account * instruments + what
        now = plain[u].get(place, 0)
        change = -now if rng.random() < 0.3 else int(rng.integers(-60, 60))
        total = held.trade(account, u, what, change)
        plain[u][place] = now + change
        assert total == now + change
    for u in range(2):
        for account in range(accounts):
            what, quantity = held.held(account, u)
            told = {account * instruments + int(i): int(q) for i, q in zip(what, quantity, strict=True)}
            assert told == {k: q for k, q in plain[u].items() if q and k // instruments == account}
            first = held.begin[u, account]
            rows = held.row[first : first + held.count[u, account]]
            assert (rows % 2 == (quantity < 0)).all()
            assert np.abs(quantity).sum() <= held.gross[u]
    some = held.some(np.array([4, 0], np.int32))
    assert some.held(0, 0)[1].tolist() == held.held(4, 0)[1].tolist()
    assert some.held(1, 1)[0].tolist() == held.held(0, 1)[0].tolist()


def test_lines_that_do_not_exist_are_refused() -> None:
    for account, instrument, lots, what in (
        ([0, 0], [3, 3], [1, 2], "twice"), ([5], [0], [1], "account"), ([0], [2**15], [1], "instrument"),
        ([0], [1], [2**31], "lots"),
    ):
        with pytest.raises(InputError, match=what):
            positions([account], [instrument], [lots], 2)
    with pytest.raises(ShapeMismatch, match="lines"):
        positions([[0]], [[1, 2]], [[1]], 2)
    held = positions([[0]], [[1]], [[2**31 - 1]], 1)
    with pytest.raises(InputError, match="lots"):
        held.trade(0, 0, 1, 1)


@pytest.mark.parametrize(("field", "value"), [
    ("carry", -1.0), ("strike", 0.0), ("vol", np.nan), ("spot_factor", 0.0), ("share", 1.5), ("expiry", np.inf)])
def test_a_listing_that_breaks_the_bound_is_refused(field: str, value: float) -> None:
    one = markets.market()[0]
    broken = np.array(getattr(one, field))
    broken[0] = value
    with pytest.raises(InputError, match=field):
        replace(one, **{field: broken})


def test_instruments_keep_their_places_when_a_surface_is_replaced() -> None:
    exact = markets.book(30, 2)
    one = exact.market[0]
    fewer = {name: getattr(one, name)[:-1] for name in (
        "is_option", "is_call", "strike", "expiry", "vol", "carry", "moves", "vol_factor")}
    with pytest.raises(InputError, match="BTC: instruments"):
        exact.replace(0, replace(one, **fewer))
    exact.replace(0, replace(one, vol=one.vol * 1.1))
    assert [plain_balance(exact, a) for a in range(10)] == exact.everyone()[:10].tolist()
