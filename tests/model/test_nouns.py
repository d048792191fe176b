"""Can a noun be changed once it is made? And what can never be made?"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from example_market import example_market
from seawall.errors import InputError, ShapeMismatch
from seawall.model.arrays import aware_utc, frozen_floats, frozen_ints, frozen_texts, read_only
from seawall.model.factor import Factor, tenor_of
from seawall.model.failure import Failure
from seawall.model.panel import Panel
from seawall.model.policy import Policy
from seawall.model.scenario import Column, ScenarioRule, Term
from seawall.model.state import State, present
from seawall.scenarios.apply import apply_rule
from seawall.scenarios.grid import grid

NAIVE = datetime(2026, 8, 1, tzinfo=UTC).replace(tzinfo=None)


def rule(**changes: object) -> ScenarioRule:
    fields: dict[str, object] = {
        "name": "example", "columns": (Column("spot", "BTC"),), "shocks": np.array([[-0.1], [0.1]]),
        "labels": np.array(["down", "up"], dtype=object), "horizon_days": 1.0,
    }
    return ScenarioRule(**(fields | changes))  # type: ignore[arg-type]


def nouns() -> list[object]:
    market = example_market()
    scenarios = apply_rule(grid(), market)
    panel = Panel(np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[ns]"), (Factor("spot", "BTC"),),
                  np.array([[1.0], [2.0]]))
    return [market, scenarios, scenarios.rule, panel, present(market), Factor("spot", "BTC"), Failure("why", "where"),
            Column("spot", "BTC"), Term(), Policy(), next(iter(market.smiles.values()))]


@pytest.mark.parametrize("noun", nouns(), ids=lambda noun: type(noun).__name__)
def test_no_field_of_a_noun_can_be_set(noun: object) -> None:
    names = noun.__struct_fields__ if isinstance(noun, msgspec.Struct) else [f.name for f in dataclasses.fields(noun)]
    for name in names:
        with pytest.raises((AttributeError, dataclasses.FrozenInstanceError)):
            setattr(noun, name, None)


@pytest.mark.parametrize("noun", nouns(), ids=lambda noun: type(noun).__name__)
def test_no_array_or_mapping_of_a_noun_can_be_written_into(noun: object) -> None:
    values = [getattr(noun, name) for name in getattr(noun, "__dataclass_fields__", {})]
    for array in (value for value in values if isinstance(value, np.ndarray)):
        assert not array.flags.writeable
    for mapping in (value for value in values if hasattr(value, "keys")):
        with pytest.raises(TypeError):
            mapping["new"] = 1


def test_a_noun_does_not_change_when_what_it_was_made_of_does() -> None:
    shocks, provenance = np.array([[-0.1], [0.1]]), {"by": "hand"}
    made = rule(shocks=shocks, provenance=provenance)
    shocks[0, 0], provenance["by"] = 9.0, "foot"
    assert made.shocks[0, 0] == -0.1
    assert made.provenance["by"] == "hand"


@pytest.mark.parametrize(("changes", "said"), [
    ({"shocks": np.zeros((2, 2))}, "shape of shocks"), ({"weights": np.ones(3)}, "shape of weights"),
    ({"path": np.zeros(1)}, "shape of path"), ({"ages": np.zeros(5)}, "shape of ages"),
])
def test_arrays_of_another_length_are_refused_by_name(changes: dict, said: str) -> None:
    with pytest.raises(ShapeMismatch, match=said):
        rule(**changes)


@pytest.mark.parametrize(("changes", "said"), [
    ({"shocks": np.array([[0.0], [np.nan]])}, "row up, column spot:BTC"),
    ({"shocks": np.array([[np.inf], [0.0]])}, "row down, column spot:BTC"),
    ({"weights": np.array([1.0, -1.0])}, "row up: weights"), ({"weights": np.zeros(2)}, "all zero"),
    ({"ages": np.array([-0.1, 0.0])}, "row down: ages"), ({"pnl_scale": np.array([1.0, np.nan])}, "row up: pnl_scale"),
    ({"horizon_days": -1.0}, "horizon_days"), ({"horizon_days": np.nan}, "horizon_days"),
    ({"path": np.zeros(2), "step": np.zeros(2)}, "path 0, step 0"),
    ({"columns": (Column("spot", "BTC"),) * 2, "shocks": np.zeros((2, 2))}, "spot:BTC"),
])
def test_a_rule_that_cannot_be_is_refused_with_the_row_and_the_field(changes: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        rule(**changes)


@pytest.mark.parametrize(("make", "said"), [
    (lambda: Column("wind", "BTC"), "wind"), (lambda: Column("spot", "BTC", "sideways"), "sideways"),
    (lambda: Column("rate", "USD", tenor_days=-1.0), "tenor_days"),
    (lambda: Term(reference_days=0.0), "reference_days"),
    (lambda: Term(long=np.inf), "long"), (lambda: Factor("wind", "BTC"), "risk class"),
    (lambda: Policy(confidence=()), "confidence"), (lambda: Policy(confidence=(1.0,)), "confidence"),
    (lambda: tenor_of(NAIVE), "time zone"), (lambda: aware_utc(NAIVE, "as_of"), "as_of"),
])
def test_a_noun_that_cannot_be_is_refused(make, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make()


def test_defaults_of_a_rule_are_equal_weights_full_scale_and_the_horizon_itself() -> None:
    made = rule(horizon_days=73.0)
    assert made.weights.tolist() == made.pnl_scale.tolist() == [1.0, 1.0]
    assert made.ages.tolist() == [0.2, 0.2]
    assert (made.path.tolist(), made.step.tolist()) == ([0, 1], [0, 0])


def test_frozen_arrays_are_copies_and_views_are_not() -> None:
    source = np.arange(3.0)
    copy, view = frozen_floats(source, "x"), read_only(source)
    source[0] = 9.0
    assert (copy[0], view[0]) == (0.0, 9.0)
    assert frozen_ints([1, 2], "x").dtype == np.int64
    assert frozen_texts(["a", 1], "x").tolist() == ["a", "1"]  # type: ignore[list-item]
    with pytest.raises(ShapeMismatch, match="shape of x"):
        frozen_texts(["a"], "x", 2)


def test_a_state_must_have_a_level_for_every_factor() -> None:
    market = example_market()
    with pytest.raises(ShapeMismatch, match="levels of a state"):
        State(market, market.levels[None, :-1], np.zeros(1))
    with pytest.raises(ShapeMismatch, match="levels of a state"):
        State(market, market.levels[None, :], np.zeros(2))


def test_a_tenor_is_written_in_utc_to_the_minute() -> None:
    assert tenor_of(datetime(2026, 9, 25, 8, tzinfo=UTC)) == "2026-09-25T08:00Z"
    assert Factor("volatility", "BTC", "2026-09-25T08:00Z").key == "volatility:BTC:2026-09-25T08:00Z"


def test_a_failure_says_what_where_found_wanted_and_remedy() -> None:
    told = str(Failure("no price", "row 3", found="nothing", wanted="a number", remedy="fill it"))
    assert told == "row 3: no price; found nothing; wanted a number; fill it"


def test_a_policy_allows_what_it_lists_and_everything_when_it_lists_nothing() -> None:
    assert Policy().allows("anything")
    assert Policy(plugins=("seawall",)).allows("seawall")
    assert not Policy(plugins=("seawall",)).allows("other")
