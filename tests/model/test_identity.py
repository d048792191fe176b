"""Is a content hash the same for the same content, on any machine, and another for any other?"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from example_market import example_market
from seawall.cube import shock
from seawall.model.factor import Factor
from seawall.model.failure import Failure
from seawall.model.identity import content_id
from seawall.model.market import Market, make_market
from seawall.model.policy import Policy
from seawall.model.results import Limit
from seawall.model.scenario import Column, ScenarioRule, Term
from seawall.scenarios.grid import grid

RULE = ScenarioRule(
    name="example", columns=(Column("spot", "BTC"), Column("volatility", "BTC", "absolute", 30.0, Term())),
    shocks=np.array([[-0.1, 0.2], [0.1, -0.05]]), labels=np.array(["down", "up"], dtype=object), horizon_days=1.0,
    weights=np.array([1.0, 2.0]), pnl_scale=np.array([1.0, 0.5]), path=np.array([0, 0]), step=np.array([0, 1]),
    ages=np.array([0.0, 0.01]), provenance={"generator": "by hand"},
)
MUTATIONS = {
    "a shock": {"shocks": np.array([[-0.1, 0.2], [0.1, -0.05 + 1e-12]])},
    "a column's class": {"columns": (Column("peg", "BTC"), RULE.columns[1])},
    "a column's name": {"columns": (Column("spot", "ETH"), RULE.columns[1])},
    "a column's way": {"columns": (RULE.columns[0], Column("volatility", "BTC", "relative", 30.0, Term()))},
    "a column's tenor": {"columns": (RULE.columns[0], Column("volatility", "BTC", "absolute", 31.0, Term()))},
    "a column's term": {"columns": (RULE.columns[0], Column("volatility", "BTC", "absolute", 30.0, Term(long=0.2)))},
    "no term": {"columns": (RULE.columns[0], Column("volatility", "BTC", "absolute", 30.0))},
    "the columns' order": {"columns": RULE.columns[::-1]},
    "a label": {"labels": np.array(["down", "UP"], dtype=object)},
    "the horizon": {"horizon_days": 2.0}, "a weight": {"weights": np.array([1.0, 3.0])},
    "a scale": {"pnl_scale": np.array([1.0, 0.6])}, "the path": {"path": np.array([0, 1])},
    "the step": {"step": np.array([0, 2])}, "an age": {"ages": np.array([0.0, 0.02])},
    "the provenance": {"provenance": {"generator": "by foot"}},
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_rule_is_another_when_any_field_that_matters_is(name: str) -> None:
    assert replace(RULE, **MUTATIONS[name]).rule_id != RULE.rule_id


def test_every_field_of_a_rule_but_its_name_is_mutated_here() -> None:
    mutated = {field for change in MUTATIONS.values() for field in change}
    assert mutated | {"name"} == set(ScenarioRule.__dataclass_fields__)


def test_a_rule_keeps_its_identity_under_another_name_and_in_a_copy() -> None:
    assert replace(RULE, name="other").rule_id == replace(RULE).rule_id == RULE.rule_id


def test_a_rule_has_one_identity_whatever_market_it_is_applied_to() -> None:
    there = make_market(datetime(2030, 1, 1, tzinfo=UTC), {Factor("spot", "BTC"): 1.0})
    rule = grid()
    assert shock(rule, example_market()).rule_id == shock(rule, there).rule_id == rule.rule_id


def test_a_rule_hashes_to_the_digits_written_down_on_any_platform() -> None:
    # Computed once and written down: another processor, system or release must find the same.
    assert RULE.rule_id == "db7bc504f7828501de16fe0a737f485208e078d077ce45e7c454f86854e78bb3"


def test_a_written_grid_hashes_alike_in_a_process_with_another_hash_seed() -> None:
    script = ("from seawall.scenarios.grid import grid; from seawall.model.identity import content_id; "
              "print(grid().rule_id, content_id({'b': frozenset('xyz'), 'a': 1.0}))")
    found = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True,
                       env=os.environ | {"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }
    assert found == {f"{grid().rule_id} {content_id({'a': 1.0, 'b': frozenset('xyz')})}\n"}


@given(arrays(np.float64, st.integers(0, 8), elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_memory_order_byte_order_and_the_sign_of_zero_do_not_matter(values: np.ndarray) -> None:
    plain = content_id(values)
    assert content_id(values.astype(">f8")) == content_id(np.repeat(values, 2)[::2]) == plain
    assert content_id(np.where(values == 0, -values, values)) == plain


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=6), st.data())
def test_any_other_number_makes_another_hash(values: list[float], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    other = list(values)
    other[place] = float(np.nextafter(values[place], np.inf if values[place] < 0 else -np.inf))
    assert content_id(np.array(values)) != content_id(np.array(other))


@pytest.mark.parametrize(("one", "other"), [
    ((1, 2), ((1, 2),)), ((1,), (1.0,)), ((1,), (True,)), (("1",), (1,)), ((b"a",), ("a",)), (("ab", "c"), ("a", "bc")),
    ((None,), ("",)), (({"a": 1},), (("a", 1),)), ((np.zeros((2, 3)),), (np.zeros((3, 2)),)),
    ((np.zeros(2),), (np.zeros(2, np.int64),)),
], ids=str)
def test_values_that_look_alike_are_told_apart(one: tuple, other: tuple) -> None:
    assert content_id(*one) != content_id(*other)


def test_one_moment_is_one_moment_in_any_time_zone() -> None:
    here = datetime(2026, 8, 1, 8, tzinfo=UTC)
    assert content_id(here) == content_id(here.astimezone(timezone(timedelta(hours=-7))))


@pytest.mark.parametrize("value", [datetime(2026, 8, 1, tzinfo=UTC).replace(tzinfo=None), object(), 1j],
                         ids=["naive time", "object", "complex"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        content_id(value)


def test_a_market_is_another_when_a_level_a_time_a_class_or_a_smile_is() -> None:
    market = example_market()
    smile = market.smiles["BTC", "2026-08-28T08:00Z"]
    changes = [
        {"levels": market.levels * (1 + 1e-15)}, {"as_of": market.as_of + timedelta(seconds=1)},
        {"uncertainty": market.uncertainty + 1}, {"numeraire": "EUR"}, {"asset_class": {"BTC": "equity"}},
        {"smiles": dict(market.smiles) | {("BTC", "x"): msgspec.structs.replace(smile, rho=0.0)}},
    ]
    found = {replace(market, **change).market_id for change in changes}
    assert len(found | {market.market_id}) == len(changes) + 1


def test_a_market_is_the_same_from_the_same_levels_in_another_order() -> None:
    market = example_market()
    levels = dict(zip(market.factors, market.levels, strict=True))
    again = make_market(market.as_of, dict(reversed(levels.items())), smiles=dict(reversed(market.smiles.items())),
                        asset_class=dict(reversed(market.asset_class.items())))
    assert isinstance(again, Market)
    assert again.market_id == market.market_id


def test_a_policy_is_another_when_any_of_its_choices_is() -> None:
    policy = Policy()
    limit = Limit("value_at_risk", 1e6)
    others = {
        "limits": (limit,), "confidence": (0.95,), "shortfall_confidence": 0.99, "risk_confidence": 0.95,
        "quantile": "linear", "currency": "EUR", "plugins": ("seawall",), "strict": True,
        "problems": (Failure("no such measure", "limits.csv row 2"),),
    }
    assert set(others) == set(Policy.__struct_fields__)
    found = {msgspec.structs.replace(policy, **{name: value}).policy_id for name, value in others.items()}
    assert len(found | {policy.policy_id}) == len(others) + 1
    assert msgspec.structs.replace(policy, limits=(msgspec.structs.replace(limit, bound=2e6),)).policy_id not in found
    assert Policy().policy_id == policy.policy_id


def test_a_policy_is_the_same_from_another_file() -> None:
    here, there = (Policy(limits=(Limit("value_at_risk", 1e6, where=where),)) for where in ("a.csv row 2", "b.toml"))
    assert here.policy_id == there.policy_id
