"""A small model bound, indexed, evaluated and explained: names found or told, amounts by hand, NaN kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from margin.small import ACCOUNT, COLUMNS, INSTRUMENT, QUANTITY, planned, small
from seawall.errors import InputError, ShapeMismatch, TailTooThin
from seawall.kernels.exact_black import black_call_put
from seawall.margin.frame import Columns
from seawall.margin.plan import bind, evaluate, explain, index
from seawall.margin.require import require
from seawall.margin.rows import Lines
from seawall.margin.shock import Supplied

TINY = 1e-12
FOLD = 'fold = [{ from = "underlying", to = "underlying" }] }'


def by_hand() -> tuple[float, float]:
    """Scan of account 0 and 1: BTC moves 15 %, ETH 20 %; options keep their volatility."""
    def btc(move: float) -> float:
        call = black_call_put(100 * (1 + move), 100, 0.5, 0.1, 1) - 8.0
        put = black_call_put(100 * (1 + move), 90, 0.5, 0.1, 0) - 9.0
        return float(2 * 100 * move - call + put)

    zero = -min(btc(-0.15), btc(0.0), btc(0.15)) + 3 * 10 * 0.2
    return zero, 100 * 0.15


def test_results_are_those_worked_out_by_hand() -> None:
    done = evaluate(planned(small()), QUANTITY)
    zero, one = by_hand()
    assert done["initial"] == pytest.approx([zero, one], rel=TINY)
    assert done["maintenance"] == pytest.approx([zero / 2, one / 2], rel=TINY)
    assert done["equity"].tolist() == [50 - 8 + 9, 40]


@pytest.mark.parametrize(("old", "new", "told"), [
    ("spot * wide", "spot * wid", "column unit names an unknown column.*wid"),
    ('"mark", long', '"marc", long', "terms.equity.exposure names an unknown column.*marc"),
    ("move * wide", "moov * wide", "scenarios.scan.let.reach.*moov"),
    ("spot_move * reach)\", forward", "spot_mov * reach)\", forward", "scenarios.scan.shock.price.*spot_mov"),
    ('weights = ["share"]', 'weights = ["shaer"]', "terms.maintenance.weights.*shaer"),
    ('from = "underlying", to', 'from = "sector", to', "netting key.*sector"),
    ('anchor = "price"', 'anchor = "prize"', "terms.scan.anchor.*prize"),
])
def test_an_unknown_name_is_refused_where_it_stands(old: str, new: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        planned(small(old, new))


def test_columns_that_need_each_other_are_refused() -> None:
    with pytest.raises(InputError, match=r"columns need each other.*unit -> other -> unit"):
        planned(small('unit = "spot * wide"', 'unit = "spot * other"\nother = "unit * 2"'))


def test_supplied_columns_come_before_tables_and_assumptions() -> None:
    assert planned(small()).bound.assumed == ("funding",)
    told = planned(small(), funding=np.full(5, 0.01))
    assert told.bound.assumed == ()
    # 1 % of spot times 1.5 or 2, long or short alike, beside the scan.
    more = evaluate(told, QUANTITY)["funded"]
    units = np.array([2.0, 150.0, 20.0, 150.0, 150.0])
    assert more == pytest.approx(np.bincount(ACCOUNT, 0.01 * np.abs(QUANTITY) * units[INSTRUMENT]), rel=TINY)
    narrow = evaluate(planned(small(), wide=np.ones(5)), QUANTITY)
    assert narrow["initial"][1] == pytest.approx(10.0, rel=TINY)


def test_explanations_add_up_and_name_the_scenario() -> None:
    plan = planned(small())
    done = evaluate(plan, QUANTITY)
    for name in plan.results:
        parts = explain(plan, QUANTITY, name)
        assert np.bincount(ACCOUNT, parts.by_line, 2) == pytest.approx(done[name], rel=TINY, abs=1e-12)
        assert parts.chords == ()
    scenario = explain(plan, QUANTITY, "initial").scenario["scan"]
    rows = plan.terms["scan"].rows
    assert [scenario[rows.of_line[n]] for n in (1, 2, 6)] == ["-1 up", "1 up", "1 up"]
    with pytest.raises(InputError, match=r"no such result.*wealth"):
        explain(plan, QUANTITY, "wealth")


@pytest.mark.parametrize(("fold", "chord"), [
    ('fold = [{ from = "underlying", to = "underlying" }] }', False),
    ('fold = [{ from = "line", to = "underlying", cap = 1 }] }', True),
    ('fold = [{ from = "line", to = "underlying", cap = 1e9 }] }', False),
    ('fold = [{ from = "line", to = "underlying", deduct = 0.5 }] }', True),
    ('fold = [{ from = "line", to = "underlying", loss = "1 + size" }] }', True),
])
def test_caps_deductibles_and_sizes_are_told_as_chords(fold: str, chord: bool) -> None:
    plan = planned(small(FOLD, fold))
    parts = explain(plan, QUANTITY, "initial")
    assert parts.chords == (("scan",) if chord else ())
    assert np.bincount(ACCOUNT, parts.by_line, 2) == pytest.approx(evaluate(plan, QUANTITY)["initial"], rel=1e-12)


def test_an_instrument_without_a_value_poisons_only_accounts_that_hold_it() -> None:
    price = COLUMNS["price"].copy()
    price[2] = np.nan
    plan = planned(small(), price=price)
    told = require(plan, QUANTITY, ("A", "B"))
    assert told.status == ("unknown", "healthy")
    assert "A" in told.unknown
    assert "B" not in told.unknown
    assert told.initial[1] == evaluate(planned(small()), QUANTITY)["initial"][1]
    without = QUANTITY.copy()
    without[2] = 0.0
    assert np.isfinite(require(plan, without, ("A", "B")).initial).all()


def test_what_the_model_does_not_take_is_refused_by_name() -> None:
    kinds = COLUMNS["kind"].copy()
    kinds[2] = "future"
    plan = planned(small(), kind=kinds)
    assert plan.bound.refused == {2: "small does not take kind future"}
    told = require(plan, QUANTITY, ("A", "B"))
    assert told.unknown == {"A": "Q: small does not take kind future"}
    assert told.status == ("unknown", "healthy")


def test_supplied_gains_stand_in_for_a_rule() -> None:
    gains = np.zeros((5, 2))
    gains[1] = [-7.0, 4.0]
    bound = bind(small(), Columns(COLUMNS), {"scan": Supplied(gains, ("down", "up"))})
    plan = index(bound, Lines(ACCOUNT, INSTRUMENT, 2))
    assert evaluate(plan, QUANTITY)["initial"].tolist() == [14.0, 4.0]
    assert "up" in explain(plan, QUANTITY, "initial").scenario["scan"]
    with pytest.raises(InputError, match="4 instruments"):
        bind(small(), Columns(COLUMNS), {"scan": Supplied(gains[:4], ("down", "up"))})


def test_a_tail_is_the_mean_of_its_worst_and_needs_one_scenario() -> None:
    old = 'kind = "worst", scenarios = "scan"'
    tail = small(old, 'kind = "tail", confidence = 0.5, scenarios = "scan"')
    gains = np.zeros((5, 4))
    gains[1] = [-8.0, -2.0, 4.0, 6.0]
    bound = bind(tail, Columns(COLUMNS), {"scan": Supplied(gains, ("a", "b", "c", "d"))})
    plan = index(bound, Lines(ACCOUNT, INSTRUMENT, 2))
    assert evaluate(plan, QUANTITY)["initial"].tolist() == [10.0, 5.0]
    assert explain(plan, QUANTITY, "initial").by_line.tolist() == [0, 10, 0, 0, 0, 0, 5]
    with pytest.raises(TailTooThin):
        planned(small(old, 'kind = "tail", confidence = 0.9, scenarios = "scan"'))


def test_shapes_and_places_are_checked() -> None:
    plan = planned(small())
    with pytest.raises(ShapeMismatch, match="quantity"):
        evaluate(plan, QUANTITY[:-1])
    with pytest.raises(ShapeMismatch, match="instruments"):
        index(plan.bound, Lines(np.array([0]), np.array([5]), 1))
    with pytest.raises(ShapeMismatch, match="column price"):
        Columns({**COLUMNS, "price": np.ones(4)})
    with pytest.raises(InputError, match="label column kind"):
        Columns({"price": np.ones(4)})


def test_an_empty_book_needs_nothing() -> None:
    none = np.zeros(0, dtype=np.int64)
    done = evaluate(index(bind(small(), Columns(COLUMNS)), Lines(none, none, 2)), np.zeros(0))
    assert done["initial"].tolist() == [0.0, 0.0] == done["equity"].tolist()
