from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.house_accounts import held as line
from margin.house_accounts import house
from margin.sample_desks import desk
from seawall.errors import InputError
from seawall.formats.margin_models import margin_models
from seawall.margin.decode import decode
from seawall.margin.exact import decide, evaluate_exact, exact_plan, in_lots, lots_below
from seawall.margin.frame import Columns
from seawall.margin.holdings import holdings
from seawall.margin.plan import bind, evaluate, index
from seawall.margin.rows import Lines
from seawall.margin.scan import PlannedScan
from seawall.whatif.change import Trade, traded
from seawall.whatif.exact import exact_stand
from seawall.whatif.stand import stand

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


def everything():
    kinds = [("perpetual", "BTC"), ("future", "ETH"), ("spot", "SOL"), ("cash", "USDC"), ("cash", "USD"),
             ("spot", "SPY"), ("perpetual", "XYZ"), ("wrapped", "ETH"), ("unrealised", "USDC")]
    return [line(kind, asset) for kind, asset in kinds]


@cache
def bound_to_the_desk(name):
    book, market = desk("crypto")
    return bind(margin_models()[name], holdings(book, market).columns)


def stated_bound(exact, lots):
    """(A) ticks by the formula that the module states: n, L, V of each account; T, K, g of the whole plan."""
    plan, accounts = exact.plan, exact.plan.lines.accounts
    scans = [term for term in plan.terms.values() if isinstance(term, PlannedScan)]
    worth = np.max([np.nan_to_num(np.abs(scan.cube)).max(axis=1) for scan in scans], axis=0)
    steps = max(len(scan.steps) for scan in scans) + 2  # a scan's own, and sums of sums
    tables = [side.table for scan in scans for step in scan.steps for side in (step.gain, step.loss) if side.table.size]
    weight = max(1.0, *(np.nan_to_num(np.abs(table)).max(initial=0) for table in tables), 2.0)
    held = np.abs(lots).astype(float)
    n, total, value = (np.bincount(plan.lines.account, x, accounts) for x in (
        np.ones(len(lots)), held, held * worth[plan.lines.instrument] * float(exact.lot / exact.tick)))
    each = total / 2**20 + 2 * n * (steps + 1) + 2e-9 * (steps + 1) * value
    return len(plan.terms) * weight**steps * each


@pytest.mark.parametrize("name", supplied_by_none())
@pytest.mark.parametrize("seed", range(4))
def test_random_books_differ_from_the_float_model_by_no_more_than_is_stated(name, seed):
    rng = np.random.default_rng(seed)
    bound, accounts, lines = bound_to_the_desk(name), 12, 90
    held = Lines(rng.integers(0, accounts, lines), rng.integers(0, bound.frame.columns.count, lines), accounts)
    plan = index(bound, held)
    quantity = np.round(rng.normal(0, 10.0 ** rng.integers(-2, 4), lines), 4)
    exact = exact_plan(plan)
    lots = in_lots(exact, quantity)
    told, done, decided = evaluate(plan, quantity), evaluate_exact(exact, lots), decide(exact, lots)
    stated = stated_bound(exact, lots)
    for result in plan.results:
        low, high = done[result]
        known = np.isfinite(told[result]) & ~decided.unknown
        slack = FLOAT * np.abs(told[result]) + 1e-6
        assert (low * TICK <= told[result] + slack)[known].all()
        assert (told[result] <= high * TICK + slack)[known].all()
        assert (high - low <= stated)[known].all()


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_the_houses_own_model_lies_within_its_bounds_its_ruin_and_offsets_included(seed, size):
    rows = everything()
    plan = house(rows, seed=seed % 3, scenarios=300, accounts=2)
    rng = np.random.default_rng(seed)
    quantity = np.round(rng.normal(0, size, len(plan.lines)), 4)
    exact = exact_plan(plan)
    told, done = evaluate(plan, quantity), evaluate_exact(exact, in_lots(exact, quantity))
    for name, (low, high) in done.items():
        slack = 1e-11 * (1 + np.abs(told[name]).max()) + 1e-6
        assert (low * TICK <= told[name] + slack).all(), name
        assert (told[name] <= high * TICK + slack).all(), name
    assert ((done["initial"][1] - done["initial"][0]) * TICK <= 1e-3 + 1e-8 * np.abs(told["initial"])).all()


def test_sums_that_are_kept_give_the_digits_of_a_plan_that_never_was_asked():
    plan = house(everything(), scenarios=300)
    rng = np.random.default_rng(1)
    asked, lots = exact_plan(plan), rng.integers(-10**6, 10**6, len(plan.lines))
    for _ in range(12):
        lots = lots.copy()
        changed = rng.integers(0, len(lots), int(rng.integers(1, len(lots))))
        lots[changed] = rng.integers(-10**6, 10**6, len(changed))
        fresh, again = evaluate_exact(exact_plan(plan), lots), evaluate_exact(asked, lots)
        assert all(np.array_equal(a, b) for name in fresh for a, b in zip(fresh[name], again[name], strict=True))


ROOT = """
name = "root"
effective_from = 2025-01-01
results = ["maintenance", "initial"]
[terms]
initial = { kind = "quadratic", exposure = "price", net = "market", correlation = 0.35 }
maintenance = { kind = "quadratic", exposure = "price", net = "market", correlation = -0.2 }
"""


@given(st.lists(st.integers(-10**8, 10**8), min_size=6, max_size=6))
@settings(deadline=None)
def test_roots_of_correlated_exposures_are_enclosed_to_a_few_ticks(lots):
    columns = Columns({"kind": np.full(6, "spot"), "market": np.arange(6) // 2, "price": 2.0 * np.arange(6) + 1})
    plan = index(bind(decode(ROOT.encode()), columns), Lines(np.zeros(6, int), np.arange(6), 1))
    exact = exact_plan(plan)
    done = evaluate_exact(exact, np.array(lots))
    rho = {"initial": Fraction(35, 100), "maintenance": Fraction(-1, 5)}
    x = [sum(lots[n] * int(p) for n, p in ((2 * m, 4 * m + 1), (2 * m + 1, 4 * m + 3))) * 100 for m in range(3)]
    for name, correlation in rho.items():
        square = sum(v * v for v in x) + correlation * (sum(x) ** 2 - sum(v * v for v in x))
        low, high = (int(bound[0]) for bound in done[name])
        assert low * low <= max(square, 0) <= high * high
        # Whole prices have whole ticks: only the root is rounded.
        assert high - low <= 1


def test_lots_of_what_is_owned_are_rounded_down_and_of_what_is_owed_too():
    columns = Columns({"kind": ["spot"], "market": [0], "price": [10.0]})
    exact = exact_plan(index(bind(decode(SHAPES.encode()), columns), Lines([0, 0, 0], [0, 0, 0], 1)), lot="0.5")
    assert lots_below(exact, np.array([1.25, -1.25, 1.5 - 1e-13])).tolist() == [2, -3, 3]


def test_what_if_in_integers_lies_beside_what_if_in_floats_and_charges_the_premium():
    book, market = desk("crypto")
    standing = stand(margin_models()["paradex_scan"], book, market, "CALENDAR")
    exact, name = exact_stand(standing), "BTC-28AUG26-66000-C"
    option = name if name in standing.slot else next(i.instrument_id for i in standing.book.instruments
                                                     if i.kind == "option")
    after, told = exact.after_trades(Trade(option, 2.0)), standing.at(traded(standing, [Trade(option, 2.0)]))
    # Two lots of cash, gains and dust rounded down, and grids rounded to ticks: less than a tenth of a coin's lot each.
    assert abs(after.equity[0] * TICK - told.equity) <= 100
    assert abs(after.initial[0] * TICK - told.initial) <= 100
    assert (exact.after_deposit("USDC", 0.0).initial == exact.now.initial).all()
    assert exact.after_deposit("USDC", 1000.0).equity[0] > exact.now.equity[0]


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
