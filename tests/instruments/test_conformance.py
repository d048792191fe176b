"""Every kind keeps its promises, and the suite notices each promise that is broken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from example_market import example_market
from instruments.examples import INSTRUMENTS
from seawall.instruments.plugins import kinds
from seawall.model.factor import Factor
from seawall.model.instrument import Greeks, InstrumentKind
from seawall.model.state import State
from seawall.testing import PROMISES, check_instrument
from seawall.testing import instruments as promises

NAMES = sorted(INSTRUMENTS)


class Twisted:
    """A real kind with some part replaced; each replacement is given the real answer and the arguments."""

    def __init__(self, real: InstrumentKind, **twists: Callable) -> None:
        self.name, self.terms, self.margined = real.name, real.terms, real.margined
        for part in ("factors", "value", "greeks", "slopes"):
            setattr(self, part, self._twisted(getattr(real, part), twists.get(part)))

    @staticmethod
    def _twisted(real: Callable, twist: Callable | None) -> Callable:
        def twisted(*arguments):
            return real(*arguments) if twist is None else twist(real(*arguments), *arguments)

        twisted.__name__ = real.__name__
        return twisted


@pytest.mark.parametrize("name", NAMES)
def test_every_built_in_kind_keeps_the_promises_of_its_protocol(name: str) -> None:
    check_instrument(kinds()[name], INSTRUMENTS[name], example_market())


@pytest.mark.parametrize("name", NAMES)
def test_the_promises_hold_on_a_market_whose_levels_moved_since_its_smiles_were_fitted(name: str) -> None:
    market = example_market()
    shift = {"spot": 1.1, "volatility": 1.3, "premium": 2.0, "peg": 0.97}
    levels = np.array([v * shift.get(f.risk_class, 1.0) for f, v in zip(market.factors, market.levels, strict=True)])
    levels += [0.01 if f.risk_class in ("skew", "curvature") else 0.0 for f in market.factors]
    later = dataclasses.replace(market, levels=levels, as_of=market.as_of + timedelta(days=3))
    check_instrument(kinds()[name], INSTRUMENTS[name], later)


def test_the_entry_points_and_the_tested_kinds_are_the_same() -> None:
    assert sorted(kinds()) == NAMES


def _written(value, instruments, state):
    state.levels[0, 0] += 1.0
    return value


def _drifting():
    calls = iter(range(1_000_000))
    return lambda value, *_: value * (1 + 1e-12 * next(calls))


def _drifting_greeks():
    drift = _drifting()
    return lambda greeks, *_: Greeks(*(drift(column) for column in greeks))


def _in_numeraire(greeks: Greeks, instruments, market) -> Greeks:
    return greeks._replace(delta=greeks.delta / np.array([market.spot(i.quote_currency) for i in instruments]))


def _left(state: State, instruments) -> np.ndarray:
    left = [(i.expires_at - state.market.as_of).total_seconds() / (365 * 86400) for i in instruments]
    return np.array(left)[:, None]


def _past(state: State, instruments) -> np.ndarray:
    return np.maximum(state.elapsed_years - _left(state, instruments), 0.0)


def _unscaled(answer, instruments, _):
    sizes = np.array([i.contract_size for i in instruments])
    return Greeks(*(column / sizes for column in answer))


def _unscaled_slopes(answer, instruments, _):
    sizes = np.array([i.contract_size for i in instruments])[answer.rows]
    return answer._replace(delta=answer.delta / sizes, gamma=answer.gamma / sizes)


def _strange(answer, *_):
    keys = np.array(["spot:EUR" if key.startswith("carry") else key for key in answer.keys], dtype=object)
    return answer._replace(keys=keys)


def _twice(answer, *_):
    return type(answer)(*(np.concatenate([column, column]) for column in answer))


def _levels_view(value, instruments, state):
    return state.levels[:, : len(instruments)].T


BROKEN = [
    ("the terms' own name", promises.names_agree, "option", {}, "name"),
    ("margined said as text", promises.names_agree, "future", {}, "margined"),
    ("a factor not named", promises.factors_are_complete, "future",
     {"factors": lambda a, *_: a[:-1]}, "does not name"),
    ("a factor named that acts only as time passes", promises.factors_are_complete, "perpetual",
     {"factors": lambda a, *_: a[:-1]}, "does not name"),
    ("a factor named twice", promises.factors_are_complete, "spot", {"factors": lambda a, *_: (*a, *a)}, "twice"),
    ("a factor that the market lacks", promises.factors_are_complete, "lending",
     {"factors": lambda a, *_: (*a, Factor("spot", "NOBODY"))}, "lacks"),
    ("a value that depends on the batch", promises.batch_equals_alone, "option",
     {"value": lambda v, i, s: v * (1 + 1e-15 * len(i))}, "batch differs from alone"),
    ("a value that depends on its place", promises.batch_equals_alone, "option",
     {"value": lambda v, i, s: v + np.arange(len(i))[:, None]}, "order of the batch"),
    ("a value that depends on other scenarios", promises.batch_equals_alone, "option",
     {"value": lambda v, i, s: v + v.mean(axis=1, keepdims=True)}, "other scenarios"),
    ("values of the wrong shape", promises.batch_equals_alone, "cash", {"value": lambda v, i, s: v[:, :1]}, "shape"),
    ("a value that is not a number", promises.batch_equals_alone, "cash",
     {"value": lambda v, i, s: v * np.nan}, "finite"),
    ("a short that is not the long's opposite", promises.long_and_short_cancel, "option",
     {"value": lambda v, i, s: v * np.linspace(1, 1 + 1e-12, len(i))[:, None]}, "long plus short"),
    ("scenarios written into", promises.nothing_is_written, "future", {"value": _written}, "wrote into"),
    ("values that are a view of the scenarios", promises.nothing_is_written, "cash", {"value": _levels_view}, "view"),
    ("another value each time", promises.repeats_itself, "spot", {"value": _drifting()}, "deterministic"),
    ("other Greeks each time", promises.repeats_itself, "spot",
     {"greeks": _drifting_greeks()}, "greeks is not deterministic"),
    ("a value without its contract size", promises.size_is_a_unit, "option",
     {"value": lambda v, i, s: v / np.array([x.contract_size for x in i])[:, None]}, "value by contract size"),
    ("Greeks without their contract size", promises.size_is_a_unit, "option",
     {"greeks": _unscaled}, "by contract size"),
    ("slopes without their contract size", promises.size_is_a_unit, "option",
     {"slopes": _unscaled_slopes}, "slopes by"),
    ("a value in the numeraire", promises.money_is_a_unit, "future",
     {"value": lambda v, i, s: v * np.array([s.spot(x.quote_currency) for x in i])}, "another numeraire"),
    ("a slope that is a thousandth off", promises.slopes_equal_bumps, "option",
     {"slopes": lambda a, *_: a._replace(delta=a.delta * 1.001)}, "slope by"),
    ("a bend that is a thousandth off", promises.slopes_equal_bumps, "option",
     {"slopes": lambda a, *_: a._replace(gamma=a.gamma * 1.001)}, "bend by"),
    ("a slope by a factor not named", promises.slopes_equal_bumps, "future", {"slopes": _strange}, "does not name"),
    ("a slope told twice", promises.slopes_equal_bumps, "future", {"slopes": _twice}, "two slopes"),
    ("a slope left out", promises.slopes_equal_bumps, "wrapped",
     {"slopes": lambda a, *_: a._replace(delta=0 * a.delta)}, "slope by"),
    ("a delta without the smile's part", promises.smile_adds_to_delta, "option",
     {"greeks": lambda g, *_: g._replace(skew_delta=0 * g.skew_delta)}, "delta and skew_delta"),
    ("a delta in the numeraire", promises.greeks_equal_bumps, "spot",
     {"greeks": _in_numeraire}, "delta"),
    ("Greeks of the wrong shape", promises.greeks_equal_bumps, "spot",
     {"greeks": lambda g, *_: g._replace(vega=np.zeros(1))}, "shape"),
    ("a value that outlives its expiry", promises.expiry_settles, "option",
     {"value": lambda v, i, s: v * (1 + _past(s, i))}, "a year after"),
    ("volatility after expiry", promises.expiry_settles, "option",
     {"value": lambda v, i, s: v * s.levels[:, s.market.index["volatility:BTC:2026-12-25T08:00Z"]]}, "more than spots"),
    ("a jump at expiry", promises.expiry_settles, "option",
     {"value": lambda v, i, s: v * np.where(s.elapsed_years < _left(s, i), 1.01, 1.0)}, "just before expiry"),
]


@pytest.mark.parametrize(("promise", "name", "twists", "said"), [row[1:] for row in BROKEN],
                         ids=[row[0] for row in BROKEN])
def test_the_suite_notices(promise, name: str, twists: dict, said: str) -> None:
    broken = Twisted(kinds()[name], **twists)
    if said == "name":
        broken.name = "choice"
    if said == "margined":
        broken.margined = "yes"
    with pytest.raises(AssertionError, match=said):
        promise(broken, INSTRUMENTS[name], example_market())
    with pytest.raises(AssertionError):
        check_instrument(broken, INSTRUMENTS[name], example_market())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("greek", Greeks._fields)
def test_the_suite_notices_any_greek_that_is_a_thousandth_off_or_out_of_nothing(name: str, greek: str) -> None:
    def off(greeks: Greeks, *_: object) -> Greeks:
        column = getattr(greeks, greek)
        return greeks._replace(**{greek: column * 1.001 + np.where(column == 0, 1.0, 0.0)})

    with pytest.raises(AssertionError, match=greek):
        check_instrument(Twisted(kinds()[name], greeks=off), INSTRUMENTS[name], example_market())


def test_every_promise_is_broken_at_least_once_above() -> None:
    assert {row[1] for row in BROKEN} == set(PROMISES)


def test_terms_of_another_kind_are_noticed() -> None:
    with pytest.raises(AssertionError, match="terms of another kind"):
        check_instrument(kinds()["option"], INSTRUMENTS["spot"], example_market())


def test_terms_stay_as_they_were() -> None:
    before = [msgspec.json.encode(i) for i in INSTRUMENTS["option"]]
    check_instrument(kinds()["option"], INSTRUMENTS["option"], example_market())
    assert [msgspec.json.encode(i) for i in INSTRUMENTS["option"]] == before
