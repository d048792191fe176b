"""Shock, revalue, hold: linear all the way, complete or said not to be, and the same bits every time."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from example_book import LINES, big_book, book_of, instrument, many_options
from example_market import example_market
from seawall.cube import Valuation, gather, hold, revalue, take_scenarios, unknown_accounts
from seawall.errors import InputError
from seawall.instruments.plugins import decode_instrument, kind_of
from seawall.measures.exposure import factor_exposures
from seawall.measures.greeks import book_greeks, instrument_greeks
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.market import Market
from seawall.model.scenario import Column, ScenarioRule
from seawall.model.state import State, present
from seawall.scenarios.apply import apply_rule, held_still
from seawall.scenarios.grid import grid
from seawall.scenarios.simulated import implied_dynamics, student_t

MARKET = example_market()
NAN = float("nan")


def drawn(scenarios: int = 300) -> ScenarioRule:
    return student_t(implied_dynamics(MARKET, ["BTC", "ETH", "SPX"]), scenarios=scenarios, degrees=4, seed=3)


def of_single(asset: str, moves: list[float], how: str = "relative", risk_class: str = "spot") -> ScenarioRule:
    labels = np.array([f"{move:+}" for move in moves], dtype=object)
    columns = (Column(risk_class, asset, how), held_still(risk_class, "*"))
    return ScenarioRule("single", columns, np.column_stack([moves, np.zeros(len(moves))]), labels, 0.0)


def slow_total(market: Market, rule: ScenarioRule, currency: str) -> tuple[np.ndarray, float]:
    """P&L (S,) and equity of every line of the book alone, one scenario after the other, converted by hand."""
    levels = apply_rule(rule, market).levels
    pnl, equity = np.zeros(len(rule)), 0.0
    for _, _, _, name, quantity, entry in LINES:
        i = instrument(name)
        kind, settled = kind_of(i), i.settlement_currency
        now = kind.value([i], present(market))[0, 0]
        rate, owed = market.spot(settled) / market.spot(currency), 0.0
        if kind.margined and np.isfinite(entry):
            paid = -i.contract_size / entry if i.payoff == "inverse" else i.contract_size * entry
            owed = now - paid
            equity += quantity * owed * rate
        elif not kind.margined:
            equity += quantity * now * rate
        for s in range(len(rule)):
            state = State(market, levels[s : s + 1], rule.ages[s : s + 1])
            then = state.spot(settled)[0] / state.spot(currency)[0]
            value = kind.value([i], state)[0, 0]
            # A gain not yet paid is owed in the settlement currency, and moves with it.
            gain = (value - now) * then + owed * (then - rate) if kind.margined else value * then - now * rate
            pnl[s] += quantity * gain
    return pnl, equity


def test_a_gain_owed_in_coin_loses_with_the_coin() -> None:
    # 100 inverse contracts of 10 dollars bought at half the price: by hand, N (1/entry - 1/S') S' less the same now.
    spot, entry, contracts = MARKET.spot("BTC"), 30_000.0, 100.0
    premium = MARKET.level("premium:BTC-PERPETUAL")
    perpetual = decode_instrument({
        "kind": "perpetual", "instrument_id": "P", "underlying": "BTC", "settlement_currency": "BTC",
        "payoff": "inverse", "contract_size": 10.0, "reference": "BTC-PERPETUAL"})
    book = Book((perpetual,), np.array([0]), np.array([contracts]),
                {"account": np.array(["A"], dtype=object), "venue": np.array(["V"], dtype=object)}, np.array([entry]))
    rule = grid((-0.4,), (0.0,), assets=("BTC",))
    held = hold(book, revalue(book, MARKET, rule))

    def worth(price: float) -> float:
        return contracts * 10.0 * (1 / entry - 1 / (price * (1 + premium))) * price

    assert held.equity[0] == pytest.approx(worth(spot), rel=1e-12)
    assert held.pnl[0, 0] == pytest.approx(worth(0.6 * spot) - worth(spot), rel=1e-12)


@pytest.mark.parametrize("currency", ["USD", "BTC", "EUR"])
def test_the_held_total_is_what_every_line_gains_alone_in_every_scenario(currency: str) -> None:
    rule = drawn(12)
    book = book_of()
    held = hold(book, revalue(book, MARKET, rule), by=(), currency=currency)
    pnl, equity = slow_total(MARKET, rule, currency)
    # 14 terms whose gross sum is below 2e6 USD: a few hundred roundings of 2e-16 of that, in the currency.
    allowed = 2e6 / MARKET.spot(currency) * 1e-13
    assert np.abs(held.pnl[0] - pnl).max() <= allowed
    assert abs(held.equity[0] - equity) <= allowed
    assert held.currency == currency


@pytest.mark.parametrize("coarse", [(), ("venue",), "account", ("strategy", "venue")])
def test_rolled_up_rows_equal_rows_held_directly(coarse: str | tuple[str, ...]) -> None:
    book = book_of(failures=(Failure("quantity is not a number", "row 9", accounts=("A1",)),))
    cube = revalue(book, MARKET, drawn())
    rolled, direct = hold(book, cube, by=("venue", "account", "strategy")).roll_up(coarse), hold(book, cube, by=coarse)
    assert rolled.keys == direct.keys
    assert rolled.partial.tolist() == direct.partial.tolist()
    # The same terms added in another order: roundings of the gross sum, below 2e6.
    assert np.abs(rolled.pnl - direct.pnl).max() <= 1e-8
    assert np.abs(rolled.equity - direct.equity).max() <= 1e-8


def test_rolling_up_along_a_dimension_that_is_not_held_is_refused() -> None:
    book = book_of()
    with pytest.raises(InputError, match="strategy"):
        hold(book, revalue(book, MARKET, grid())).roll_up("strategy")


def test_a_scenario_scales_its_own_profit() -> None:
    rule = grid()
    scaled = ScenarioRule(rule.name, rule.columns, rule.shocks, rule.labels, 0.0, pnl_scale=np.full(len(rule), 0.3))
    book = book_of()
    plain, less = (hold(book, revalue(book, MARKET, r), by=()).pnl for r in (rule, scaled))
    assert np.array_equal(less, plain * 0.3)


def test_many_workers_and_one_give_the_same_bits() -> None:
    book = big_book(3_000, 20, many_options(300))
    alone = revalue(book, MARKET, drawn())
    with ThreadPoolExecutor(2) as pool:
        together = revalue(book, MARKET, drawn(), executor=pool)
    assert alone.cube_id == together.cube_id
    assert np.array_equal(hold(book, alone).pnl, hold(book, together).pnl)


def test_a_task_can_be_sent_to_another_machine_and_gives_the_same_bits() -> None:
    task = Valuation(State(MARKET, apply_rule(drawn(), MARKET).levels, drawn().ages))
    batch = list(enumerate(many_options(8)))
    assert np.array_equal(pickle.loads(pickle.dumps(task))(batch).pnl, task(batch).pnl)


def test_some_scenarios_of_a_cube_hold_to_the_same_profit() -> None:
    book = book_of()
    cube = revalue(book, MARKET, drawn())
    some = hold(book, take_scenarios(cube, [7, 250, 3]), currency="EUR")
    assert np.array_equal(some.pnl, hold(book, cube, currency="EUR").pnl[:, [7, 250, 3]])
    assert some.rule.labels.tolist() == ["draw 7", "draw 250", "draw 3"]


def test_a_row_is_found_by_its_key_and_another_is_refused() -> None:
    book = book_of()
    held = hold(book, revalue(book, MARKET, grid()))
    assert np.array_equal(held.row("A2"), held.pnl[1])
    assert np.array_equal(hold(book, revalue(book, MARKET, grid()), by=()).row().shape, (len(grid()),))
    with pytest.raises(InputError, match="A9"):
        held.row("A9")


def test_held_profit_becomes_a_frame_of_keys_by_scenarios() -> None:
    book = book_of()
    held = hold(book, revalue(book, MARKET, grid()), by=("venue", "account"))
    frame = held.to_frame()
    assert frame.index.names == ["venue", "account"]
    assert frame.loc[("OKX", "A2")].tolist() == held.row(("OKX", "A2")).tolist()
    assert hold(book, revalue(book, MARKET, grid()), by=()).to_frame().shape == (1, len(grid()))


@pytest.mark.parametrize(("rule", "reason"), [
    (of_single("BTC", [-0.1]), None),
    (ScenarioRule("gap", (Column("spot", "BTC"), held_still("spot", "*stablecoin")), np.array([[-0.1, 0.0]]),
                  np.array(["x"], dtype=object), 0.0), "does not cover"),
    (of_single("ETH", [1e5], "absolute", "carry"), "no finite value"),
])
def test_an_instrument_without_value_leaves_its_account_unknown_and_its_totals_partial(
    rule: ScenarioRule, reason: str | None
) -> None:
    book = book_of([line for line in LINES if line[3] in ("C60", "USD", "FUT")])
    cube = revalue(book, MARKET, rule)
    held = {by: hold(book, cube, by=by) for by in ("account", "venue", "strategy", ())}
    assert all(np.isfinite(h.pnl).all() and np.isfinite(h.equity).all() for h in held.values())
    touched = reason is not None
    assert unknown_accounts(book, cube) == ({"A3"} if touched else set())
    # A3 holds USD under "base" too: what belongs to an unknown account is partial even where it has a value.
    assert [h.partial.tolist() for h in held.values()] == [
        [False, touched, False], [False, touched], [touched, touched, False], [touched]]
    if touched:
        assert reason in cube.failures[0].reason
        assert np.isnan(cube.pnl[2]).all()
        assert held["account"].equity[1] == 40_000.0


def test_a_missing_factor_and_a_past_expiry_are_told_with_their_remedy() -> None:
    gone = {"SOLC": instrument("SOLC", kind="option", underlying="SOL", expiry="2026-12-25T08:00:00Z", strike=60,
                               option_type="call"),
            "OLD": instrument("OLD", kind="future", underlying="BTC", expiry="2026-07-25T08:00:00Z")}
    book = book_of([("A1", "X", "s", name, 1.0, NAN) for name in ("USD", "SOLC", "OLD")], terms=gone)
    cube = revalue(book, MARKET, grid())
    reasons = {failure.instrument_id: (failure.reason, failure.remedy) for failure in cube.failures}
    assert reasons["SOLC"] == ("a factor is missing from the market", "supply quotes for it, or drop the position")
    assert reasons["OLD"] == ("it has expired", "book its settlement as cash")
    assert hold(book, cube).equity.tolist() == [1.0]


def test_a_line_whose_instrument_is_not_in_the_cube_leaves_its_account_unknown() -> None:
    book = book_of()
    cube = revalue(book.instruments[1:], MARKET, grid())
    assert unknown_accounts(book, cube) == {"A1", "A4"}
    assert hold(book, cube).partial.tolist() == [True, False, False, True]


def test_an_account_without_a_readable_line_is_unknown_and_every_total_partial() -> None:
    failures = (Failure("no venue lists this instrument", "row 4", accounts=("A9",), instrument_id="X"),)
    book = book_of(failures=failures)
    cube = revalue(book, MARKET, grid())
    by_account, by_venue = hold(book, cube), hold(book, cube, by="venue")
    assert by_account.unknown == {"A9"}
    assert not by_account.partial.any()
    assert by_venue.partial.all()
    assert by_account.roll_up(()).partial.tolist() == [True]


def test_reporting_in_a_currency_that_the_rule_says_nothing_of_is_refused() -> None:
    label = np.array(["x"], dtype=object)
    rule = ScenarioRule("only coins", (Column("spot", "*crypto"),), np.array([[-0.1]]), label, 0.0)
    book = book_of([line for line in LINES if line[3] in ("BTC", "USD")])
    cube = revalue(book, MARKET, rule)
    assert hold(book, cube, by=(), currency="BTC").pnl.shape == (1, 1)
    with pytest.raises(InputError, match="EUR"):
        hold(book, cube, by=(), currency="EUR")


def test_an_empty_book_holds_nothing() -> None:
    book = book_of([])
    held = hold(book, revalue(book, MARKET, grid()), by=())
    assert (held.pnl == 0).all()
    assert hold(book, revalue(book, MARKET, grid())).keys == ()


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.permutations(("account", "venue", "strategy", "underlying")))
def test_rows_are_gathered_as_a_plain_loop_over_lines_would(seed: int, order: list[str]) -> None:
    book = big_book(40, 5, many_options(9), seed)
    names = tuple(order[:3])
    keys, place = book.groups(names)
    columns = [book.column(name) for name in names]
    assert [keys[n] for n in place] == list(zip(*columns, strict=True))
    assert list(keys) == sorted(set(zip(*columns, strict=True)))
    lines = gather(book, revalue(book, MARKET, grid(spot=(0.0,))), names)
    slow = np.zeros(lines.net.shape)
    for line in range(len(book)):
        slow[place[line], book.instrument_of[line]] += abs(book.quantity[line])
    # Sums of at most 40 numbers below 20: roundings of 1e-15 each.
    assert np.abs(lines.gross.toarray() - slow).max() <= 1e-12


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_lines_changes_nothing_but_roundings(seed: int) -> None:
    book = big_book(60, 4, many_options(12), seed)
    cube = revalue(book, MARKET, grid(spot=(-0.3, 0.2)))
    shuffled = np.random.default_rng(seed).permutation(len(book))
    other = type(book)(
        book.instruments, book.instrument_of[shuffled], book.quantity[shuffled],
        {name: column[shuffled] for name, column in book.dimensions.items()}, book.average_price[shuffled],
    )
    # Duplicates of one instrument add in line order: roundings of at most 60 terms below 1e6.
    assert np.abs(hold(book, cube).pnl - hold(other, cube).pnl).max() <= 1e-7


def test_the_delta_of_a_gain_owed_in_coin_equals_a_bump() -> None:
    perpetual = decode_instrument({
        "kind": "perpetual", "instrument_id": "P", "underlying": "BTC", "settlement_currency": "BTC",
        "payoff": "inverse", "contract_size": 10.0, "reference": "BTC-PERPETUAL"})
    where = {name: np.array([name], dtype=object) for name in ("account", "venue")}
    book = Book((perpetual,), np.array([0]), np.array([100.0]), where, np.array([30_000.0]))
    cube = revalue(book, MARKET, grid((-1e-5, 1e-5), (0.0,), assets=("BTC",)))
    delta = book_greeks(book, cube, instrument_greeks(cube, MARKET)).net[0, 0]
    exposure = factor_exposures(book, MARKET, cube).values[0, MARKET.index["spot:BTC"]] * MARKET.spot("BTC")
    down, up = hold(book, cube).pnl[0]
    # A central difference over 2e-5: its own error is near 1e-9 of the notional of 1,000.
    assert (up - down) / 2e-5 == pytest.approx(delta, rel=1e-6)
    assert exposure == pytest.approx(delta, rel=1e-12)


@pytest.mark.parametrize(("call", "told"), [
    (lambda b, c: revalue(b, MARKET, None), "scenarios; found .None.; wanted a ScenarioRule or ScenarioSet"),
    (lambda b, c: revalue(b, "market.json", c.rule), "market to revalue in; found .str.; wanted a Market"),
    (lambda b, c: revalue(None, MARKET, c.rule), "book or instruments to revalue; found .None."),
    (lambda b, c: hold(b, "x"), "cube to hold a book against; found .str.; wanted a Cube"),
    (lambda b, c: hold(c, b), "book to hold; found .Cube.; wanted a Book"),
    (lambda b, c: hold(b, c, by=["account", "account"]), "dimensions to group by; found .account, account"),
    (lambda b, c: hold(b, c, by="desk"), "no such dimension"),
])
def test_an_argument_of_another_kind_is_refused_by_its_name(call, told) -> None:
    book = book_of()
    cube = revalue(book, MARKET, of_single("BTC", [-0.1]))
    with pytest.raises(InputError, match=told):
        call(book, cube)
