"""Limits: what is used, what is breached, and what may never be called within."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.measures.limits import MEASURES, check_limits, exit_code, known_measure
from seawall.model.results import Limit, Measure


def shortfall(value: float, scope: str = "total", **parts: object) -> Measure:
    return Measure("expected_shortfall", scope, value, "USD", "loss_positive", **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "partial", "state", "used"), [
    (50.0, False, "within", 0.5), (90.0, False, "near", 0.9), (100.0, False, "near", 1.0),
    (100.1, False, "breached", 1.001), (50.0, True, "unknown", 0.5), (101.0, True, "breached", 1.01),
    (-500.0, False, "within", 0.0),
])
def test_a_limit_is_used_as_far_as_its_loss_goes(value: float, partial: bool, state: str, used: float) -> None:
    (use,) = check_limits([Limit("expected_shortfall", 100.0)], [shortfall(value, partial=partial)]).uses
    assert use.state == state
    assert use.used == pytest.approx(used, rel=1e-12)


def test_an_exposure_counts_in_either_direction() -> None:
    short = Measure("vega", "underlying=BTC", -120.0, "USD", "either")
    (use,) = check_limits([Limit("vega", 100.0, "underlying=BTC")], [short]).uses
    assert (use.state, use.used) == ("breached", 1.2)


def test_a_star_bounds_each_value_and_keeps_the_name() -> None:
    measures = [shortfall(v, f"strategy={n}") for n, v in (("a", 10.0), ("b", 120.0), ("c", 95.0))] + [shortfall(500.0)]
    uses = check_limits([Limit("expected_shortfall", 100.0, "strategy=*", name="desk")], measures).uses
    assert [(u.limit.scope, u.state, u.limit.name) for u in uses] == [
        ("strategy=b", "breached", "desk"), ("strategy=c", "near", "desk"), ("strategy=a", "within", "desk")]


def test_worst_comes_first_and_what_is_unknown_before_what_is_near() -> None:
    bounds = {"A": 1000.0, "B": 100.0, "C": 50.0, "D": 1.0}
    limits = [Limit("expected_shortfall", bound, f"account={a}") for a, bound in bounds.items()]
    measures = [shortfall(95.0, f"account={a}", partial=a == "A") for a in "ABC"]
    found = check_limits(limits, measures)
    assert [(u.limit.scope[-1], u.state) for u in found.uses] == [
        ("C", "breached"), ("A", "unknown"), ("D", "unknown"), ("B", "near")]


@pytest.mark.parametrize(("limit", "reason", "remedy"), [
    (Limit("expected_shortfal", 1.0, where="limits.csv row 2"), "no such measure", "meant expected_shortfall"),
    (Limit("expected_shortfall", 1.0, "account=A2"), "no such scope", "account=A1"),
    (Limit("expected_shortfall", 1.0, "desk=*"), "no such scope", "such as"),
    (Limit("vega", 1.0), "was not measured", "notes"),
    (Limit("expected_shortfall", 1.0, "account=A1", unit="EUR"), "unit differs", "convert the bound"),
])
def test_a_limit_that_cannot_be_judged_is_unknown_and_says_why(limit: Limit, reason: str, remedy: str) -> None:
    found = check_limits([limit], [shortfall(5.0, "account=A1")])
    assert [use.state for use in found.uses] == ["unknown"]
    assert (found.uses[0].value, found.uses[0].used) == (None, None)
    (failure,) = found.failures
    assert reason in failure.reason
    assert remedy in failure.remedy
    assert failure.where == (limit.where or failure.where)


def test_a_bound_of_zero_allows_nothing_but_nothing() -> None:
    limit = [Limit("expected_shortfall", 0.0)]
    assert check_limits(limit, [shortfall(0.0)]).uses[0].state == "within"
    assert check_limits(limit, [shortfall(0.01)]).uses[0].state == "breached"


def test_a_number_that_is_none_is_unknown() -> None:
    (use,) = check_limits([Limit("expected_shortfall", 10.0)], [shortfall(math.nan)]).uses
    assert use.state == "unknown"


@pytest.mark.parametrize(("values", "complete", "failing", "code"), [
    ([1.0], True, False, 0), ([95.0], True, False, 0), ([101.0], True, False, 10), ([101.0], False, False, 10),
    ([1.0], False, False, 11), ([math.nan], True, False, 11), ([1.0], True, True, 10), ([], True, False, 0),
])
def test_a_script_can_act_on_the_exit_code(values: list[float], complete: bool, failing: bool, code: int) -> None:
    uses = check_limits([Limit("expected_shortfall", 100.0)] * len(values), [shortfall(v) for v in values]).uses
    assert exit_code(uses, complete, failing=failing) == code


def test_every_measure_has_a_unit_and_a_wrong_name_has_a_remedy() -> None:
    assert set(MEASURES.values()) == {"money", "x"}
    assert all(known_measure(name) == "" for name in MEASURES)
    assert known_measure("Value_at_Risk").startswith("meant value_at_risk")
    assert known_measure("zzz").startswith("one of")


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9), st.booleans())
def test_a_partial_number_is_never_called_within_or_near(value: float, bound: float, loss: bool) -> None:
    measure = Measure("vega", "total", value, "USD", "loss_positive" if loss else "either", partial=True)
    (use,) = check_limits([Limit("vega", bound)], [measure]).uses
    assert use.state in ("breached", "unknown")
