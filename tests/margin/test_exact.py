from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.sample_desks import desk
from seawall.errors import InputError
from seawall.formats.margin_models import margin_models
from seawall.margin.decode import decode
from seawall.margin.exact import decide, evaluate_exact, exact_plan, in_lots
from seawall.margin.frame import Columns
from seawall.margin.holdings import holdings
from seawall.margin.plan import bind, evaluate, index
from seawall.margin.rows import Lines

TICK = 1e-6
# The float plan's own roundings, of sums of a few hundred terms; the integer bounds enclose the real number.
FLOAT = 1e-12

SHAPES = """
name = "shapes"
effective_from = 2025-01-01
results = ["equity", "maintenance", "initial"]
[scenarios.moves]
columns = ["move"]
rows = [[0.8], [0.95], [1.0], [1.1], [1.3]]
shock = { price = "price * move" }
[terms]
equity = { kind = "exposure", exposure = "price", long = 1, short = -1 }
sized = { kind = "exposure", exposure = "price", net = "market", rate = "min(1, 0.1 + 0.05 * sqrt(size / 1000))" }
maintenance = { kind = "sum", of = ["capped"], weights = [0.7] }
initial = { kind = "sum", of = ["capped", "sized", "es"], weights = [1, 1, 0.5] }
[terms.capped]
kind = "worst"
scenarios = "moves"
anchor = "price"
fold = [
  { from = "market", to = "market", gain = "0.6", loss = "1.1", deduct = "50 * abs(1 - move)" },
  { to = "account", gain = "where(move > 1, -0.3, 1)", loss = "1", cap = "700" },
]
[terms.es]
kind = "tail"
scenarios = "moves"
anchor = "price"
confidence = 0.7
fold = [{ from = "market", to = "account" }]
"""


def supplied_by_none():
    """Models whose scenarios are their own."""
    return [name for name, model in margin_models().items() if not model.cubes]


@pytest.mark.parametrize("name", supplied_by_none())
def test_every_model_of_a_real_book_lies_within_its_integer_bounds(name):
    book, market = desk("crypto")
    held = holdings(book, market)
    plan = index(bind(margin_models()[name], held.columns), held.lines)
    quantity = np.round(np.array(held.quantity), 4)
    exact = exact_plan(plan)
    lots = in_lots(exact, quantity)
    told, done, decided = evaluate(plan, quantity), evaluate_exact(exact, lots), decide(exact, lots)
    for result in plan.results:
        low, high = (bound * TICK for bound in done[result])
        known = np.isfinite(told[result]) & ~decided.unknown
        slack = FLOAT * np.abs(told[result][known]) + 1e-6 * FLOAT + 1e-7
        assert (low[known] <= told[result][known] + slack).all()
        assert (high[known] >= told[result][known] - slack).all()
        # A dollar of rounding in eighty-five million: lines times lots times a FINE part, and one tick a step.
        assert ((high - low)[known] <= 1.0).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_caps_deductibles_sizes_and_tails_lie_within_their_bounds_in_any_order(seed):
    rng = np.random.default_rng(seed)
    lines = int(rng.integers(1, 12))
    columns = Columns({"kind": np.full(6, "spot"), "market": np.arange(6) // 2, "price": rng.uniform(1, 500, 6)})
    account, instrument = rng.integers(0, 3, lines), rng.integers(0, 6, lines)
    quantity = np.round(rng.normal(0, 5, lines), 4)
    bound = bind(decode(SHAPES.encode()), columns)
    order = rng.permutation(lines)
    plan, turned = (index(bound, Lines(account[o], instrument[o], 3)) for o in (np.arange(lines), order))
    exact, again = exact_plan(plan), exact_plan(turned)
    done = evaluate_exact(exact, in_lots(exact, quantity))
    moved = evaluate_exact(again, in_lots(again, quantity[order]))
    told = evaluate(plan, quantity)
    for result in plan.results:
        low, high = done[result]
        assert (low == moved[result][0]).all()
        assert (high == moved[result][1]).all()
        assert (low * TICK <= told[result] + 1e-9).all()
        assert (told[result] <= high * TICK + 1e-9).all()
        assert ((high - low) * TICK < 1e-3).all()


def test_requirements_round_against_the_holder_and_equity_too():
    columns = Columns({"kind": ["spot"], "market": [0], "price": [1 / 3]})
    plan = index(bind(decode(SHAPES.encode()), columns), Lines([0], [0], 1))
    exact = exact_plan(plan)
    found = decide(exact, np.array([30_000]))
    done = evaluate_exact(exact, np.array([30_000]))
    assert found.equity[0] == done["equity"][0][0] <= 1_000_000
    assert found.initial[0] == done["initial"][1][0] >= done["initial"][0][0]
    # Three binary thirds are a little less than a dollar: between one tick less and the dollar, each grid cell rounded.
    assert 999_999 <= done["equity"][0][0] <= 1_000_000 <= done["equity"][1][0] <= 1_000_001


def test_an_instrument_without_a_value_blinds_only_accounts_that_hold_it():
    columns = Columns({"kind": ["spot", "spot"], "market": [0, 1], "price": [10.0, np.nan]})
    plan = index(bind(decode(SHAPES.encode()), columns), Lines([0, 1, 2], [0, 1, 1], 3))
    exact = exact_plan(plan)
    found = decide(exact, np.array([10_000, 10_000, 0]))
    assert found.unknown.tolist() == [False, True, False]
    alone = decide(exact, np.array([10_000, 0, 0]))
    assert found.initial[0] == alone.initial[0] > 0


def test_quantities_that_are_no_whole_lots_are_refused():
    columns = Columns({"kind": ["spot"], "market": [0], "price": [10.0]})
    exact = exact_plan(index(bind(decode(SHAPES.encode()), columns), Lines([0], [0], 1)), lot="0.5")
    assert in_lots(exact, np.array([1.5])).tolist() == [3]
    with pytest.raises(InputError, match="whole lots"):
        in_lots(exact, np.array([1.25]))
    with pytest.raises(InputError, match="positive"):
        exact_plan(exact.plan, tick="0")


def test_ticks_and_lots_are_exact_ratios():
    columns = Columns({"kind": ["spot"], "market": [0], "price": [0.1]})
    exact = exact_plan(index(bind(decode(SHAPES.encode()), columns), Lines([0], [0], 1)), tick=Fraction(1, 10**6),
                       lot=Fraction(1, 10**4))
    low, high = evaluate_exact(exact, np.array([10**4]))["equity"]
    # A tenth is not a binary number: the one beside it, 1e-17 away, is worth between 99,999 and 100,001 ticks.
    assert (low[0], high[0]) == (100_000, 100_001)
