"""SPAN against the published array and plain loops: scan, spreads in their order, minimum, option value."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from margin.plain_span import Contract, Product, array, black, span
from seawall.errors import FileProblem, InputError
from seawall.formats.margin_models import read_margin_model
from seawall.margin.decode import decode
from seawall.margin.frame import Columns
from seawall.margin.plan import bind, evaluate, explain, index
from seawall.margin.rows import Lines
from seawall.margin.shock import Supplied
from seawall.model.margin import MarginModel
from seawall.model.spreads import SpreadLeg, SpreadRule

SPAN = read_margin_model("span")
PRODUCTS = {"BTC": Product(9000.0, 0.25, 150.0, 50.0, 40.0), "ETH": Product(600.0, 0.30, 10.0, 4.0, 3.0)}
CREDITS = [(0.5, [("BTC", 1, 1), ("ETH", -1, 20)])]


def columns(contracts: list[Contract], products: dict[str, Product] = PRODUCTS) -> Columns:
    numbers = {
        "price": [c.price for c in contracts], "forward": [c.forward for c in contracts],
        "mark": [c.price if c.kind == "option" else 0.0 for c in contracts], "delta": [c.delta for c in contracts],
        "is_spot_month": [c.spot_month for c in contracts], "strike": [c.strike or 1.0 for c in contracts],
        "is_call": [c.is_call for c in contracts], "vol": [c.vol for c in contracts],
        "tau": [c.tau for c in contracts], "discount": [c.discount for c in contracts],
        "contract_size": [c.size for c in contracts], "base_size": [c.size for c in contracts],
        **{name: [getattr(products[c.commodity], name) for c in contracts] for name in ("price_range", "vol_range")},
    }
    labels = {"kind": [c.kind for c in contracts], "underlying": [c.commodity for c in contracts],
              "expiry": [c.expiry for c in contracts], "instrument": [str(c) for c in contracts]}
    return Columns({**{name: np.array(v, dtype=float) for name, v in numbers.items()},
                    **{name: np.array(v) for name, v in labels.items()}})


def plan_of(model: MarginModel, made: Columns, accounts: list[int] | None = None, supplied: dict | None = None):
    owner = np.zeros(made.count, dtype=np.int64) if accounts is None else np.array(accounts)
    lines = Lines(owner, np.arange(made.count), int(owner.max(initial=0)) + 1)
    return index(bind(model, made, supplied), lines)


def published(vectors: Path) -> dict:
    return json.loads((vectors / "tradfi" / "span_risk_array_black76.json").read_text())


def published_pair(vectors: Path) -> tuple[dict, Columns]:
    case = published(vectors)
    i = case["inputs"]
    value = black(i["F"], i["K"], i["vol"], i["T_years"], 1) * i["multiplier"]
    future = Contract("X", "Jun", "future", i["multiplier"], i["F"], i["F"] * i["multiplier"], i["multiplier"])
    call = Contract("X", "Jun", "option", i["multiplier"], i["F"], value, 0.4 * i["multiplier"], 0, i["K"], 1, i["vol"],
                    i["T_years"])
    return case, columns([future, call], {"X": Product(i["PSR"], i["VSR_relative"], 0, 0, 0)})


def test_the_published_arrays_and_scan_risk_come_from_the_preset(vectors: Path) -> None:
    case, made = published_pair(vectors)
    plan = plan_of(SPAN, made)
    wanted = case["expected"]
    scan = plan.terms["scan"]
    for quantity, name in (((1.0, 0.0), "future"), ((0.0, 1.0), "call"), ((1.0, -1.0), "portfolio")):
        found = scan.path(np.array(quantity))[-1][0]
        assert found == pytest.approx(wanted[f"{name}_pnl_array"], abs=case["tolerance"])
    held = np.array([1.0, -1.0])
    assert evaluate(plan, held)["scan"][0] == pytest.approx(wanted["scan_risk"], abs=case["tolerance"])
    assert explain(plan, held, "scan").places["scan"][0] == wanted["active_scenario"] - 1


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    name = draw(st.sampled_from(["BTC", "ETH"]))
    level = {"BTC": 70000.0, "ETH": 3500.0}[name]
    month = draw(st.sampled_from(["Mar", "Jun", "Sep"]))
    forward = level * {"Mar": 1.0, "Jun": 1.01, "Sep": 1.03}[month]
    near = int(month == "Mar")
    if draw(st.booleans()):
        return Contract(name, month, "future", 1.0, forward, forward, 1.0, near)
    strike = round(level * draw(st.floats(0.7, 1.4)))
    call, vol = draw(st.integers(0, 1)), draw(st.floats(0.3, 0.9))
    tau = {"Mar": 0.1, "Jun": 0.35, "Sep": 0.6}[month]
    value = black(forward, strike, vol, tau, call)
    bump = forward * 1e-4
    delta = (black(forward + bump, strike, vol, tau, call) - black(forward - bump, strike, vol, tau, call)) / bump / 2
    return Contract(name, month, "option", 1.0, forward, value, delta, near, strike, call, vol, tau)


sizes = st.sampled_from([-20.0, -7.0, -2.0, -1.0, 0.0, 1.0, 3.0, 5.0, 40.0])
books = st.lists(st.tuples(contracts(), sizes), min_size=1, max_size=8)


@given(books)
def test_random_books_agree_with_plain_loops_part_by_part(book: list) -> None:
    made = columns([c for c, _ in book])
    plan = plan_of(SPAN, made)
    done = evaluate(plan, np.array([q for _, q in book]))
    wanted = span(book, PRODUCTS, CREDITS)
    size = 1 + sum(abs(q) * c.forward for c, q in book)
    rows = {c.commodity: int(plan.terms["scan"].rows.of_line[n]) for n, (c, _) in enumerate(book)}
    for term, parts, sign in (("scan", wanted.scan, 1), ("inter_month", wanted.months, 1),
                              ("delivery", wanted.delivery, 1), ("inter_commodity", wanted.credit, -1)):
        for name, row in rows.items():
            # The kernels' normal law and erf differ in the last digits; relative to all that is held, 1e-11.
            assert sign * done[term][row] == pytest.approx(parts[name], abs=1e-11 * size), (term, name)
    assert done["maintenance"][0] == pytest.approx(wanted.total, abs=1e-10 * size)
    assert done["initial"][0] == pytest.approx(1.1 * done["maintenance"][0])


@given(books)
def test_explanations_add_up_and_say_that_spreads_are_averages(book: list) -> None:
    plan = plan_of(SPAN, columns([c for c, _ in book]))
    quantity = np.array([q for _, q in book])
    done, told = evaluate(plan, quantity), explain(plan, quantity, "maintenance")
    size = 1 + sum(abs(q) * c.forward for c, q in book)
    assert told.by_line.sum() == pytest.approx(done["maintenance"][0], abs=1e-9 * size)
    formed = done["inter_month"].any() or done["inter_commodity"].any()
    if done["maintenance"][0] > 0 and "risk" in told.weights and formed and "commodity" in told.weights:
        active = told.weights["inter_month"] * done["inter_month"]
        assert ("inter_month" in told.chords) == bool(active.any())


@settings(max_examples=30)
@given(st.lists(books, min_size=2, max_size=4))
def test_accounts_alone_need_what_they_need_in_the_crowd(crowd: list) -> None:
    flat = [(c, q, owner) for owner, book in enumerate(crowd) for c, q in book]
    plan = plan_of(SPAN, columns([c for c, _, _ in flat]), [owner for _, _, owner in flat])
    together = evaluate(plan, np.array([q for _, q, _ in flat]))["maintenance"]
    for owner, book in enumerate(crowd):
        alone = plan_of(SPAN, columns([c for c, _ in book]))
        # The normal law's last bit hangs on an option's place in its array, so prices may differ by a rounding.
        assert evaluate(alone, np.array([q for _, q in book]))["maintenance"][0] == pytest.approx(
            together[owner], rel=1e-12, abs=1e-9)


FUTURES = [Contract("BTC", "Mar", "future", 1.0, 7e4, 7e4, 1.0), Contract("BTC", "Jun", "future", 1.0, 7e4, 7e4, 1.0),
           Contract("ETH", "Mar", "future", 1.0, 3500.0, 3500.0, 1.0)]


def charged(model: MarginModel, quantity: list[float], book: list[Contract] = FUTURES) -> dict:
    return evaluate(plan_of(model, columns(book)), np.array(quantity))


def test_a_calendar_of_futures_has_no_scan_risk_and_is_charged_its_spreads() -> None:
    done = charged(SPAN, [3.0, -5.0, 0.0])
    assert done["scan"].tolist() == [2 * 9000.0, 0.0]
    assert done["inter_month"][0] == 3 * 150


def test_opposite_commodities_are_credited_on_the_deltas_that_form_spreads() -> None:
    done = charged(SPAN, [2.0, 0.0, -30.0])
    # 30 short ETH make 1.5 spreads at 20 each: 1.5 of 2 BTC deltas and all of ETH's are credited at one half.
    assert done["inter_commodity"].tolist() == pytest.approx([-0.5 * 1.5 * 9000, -0.5 * 30 * 600])
    assert charged(SPAN, [2.0, 0.0, 30.0])["inter_commodity"].tolist() == [0, 0]


def test_earlier_spreads_of_the_table_are_served_first() -> None:
    def rule(rate: float, ratio: float) -> SpreadRule:
        return SpreadRule(rate=rate, legs=(SpreadLeg(row="BTC", side=1), SpreadLeg(row="ETH", side=-1, ratio=ratio)))

    def credit(*rules: SpreadRule) -> float:
        term = replace(SPAN.terms["inter_commodity"], spreads=rules)
        model = replace(SPAN, terms={**SPAN.terms, "inter_commodity": term})
        return float(charged(model, [2.0, 0.0, -30.0])["inter_commodity"].sum())

    one, other = rule(0.8, 30.0), rule(0.2, 10.0)
    assert credit(one, other) == pytest.approx(-0.8 * (1 * 9000 + 30 * 600))
    assert credit(other, one) == pytest.approx(-0.2 * (2 * 9000 + 20 * 600))


def test_short_options_cost_their_minimum_by_all_of_them_or_by_the_greater_side() -> None:
    far = [Contract("BTC", "Mar", "option", 1.0, 7e4, 0.0, 0.0, 0, strike, call, 0.01, 0.002)
           for strike, call in ((2e5, 1), (2e4, 0))]
    assert charged(SPAN, [-3.0, -2.0], far)["maintenance"][0] == pytest.approx(5 * 40)
    greater = SPAN.with_parameters({"greater_of_calls_and_puts": 1})
    assert charged(greater, [-3.0, -2.0], far)["maintenance"][0] == pytest.approx(3 * 40)
    assert charged(SPAN, [3.0, 2.0], far)["maintenance"][0] == 0


def test_option_value_lowers_the_requirement_or_is_equity_but_never_both() -> None:
    value = black(7e4, 7e4, 0.6, 0.1, 1)
    call = [Contract("BTC", "Mar", "option", 1.0, 7e4, value, 0.5, 0, 7e4, 1, 0.6, 0.1)]
    netted, kept = charged(SPAN, [-1.0], call), charged(SPAN.with_parameters({"net_option_value": 0}), [-1.0], call)
    assert netted["equity"][0] == 0
    assert kept["equity"][0] == pytest.approx(-value)
    assert netted["maintenance"][0] == pytest.approx(kept["maintenance"][0] + value)
    assert charged(SPAN, [1.0], call)["maintenance"][0] == 0


def test_arrays_from_elsewhere_give_what_the_scenarios_give() -> None:
    """Supplied gains already carry the cover of extreme moves."""
    value = black(7e4, 8e4, 0.6, 0.1, 1)
    book = [*FUTURES, Contract("BTC", "Mar", "option", 1.0, 7e4, value, 0.3, 0, 8e4, 1, 0.6, 0.1)]
    gains = np.array([array(c, PRODUCTS[c.commodity]) for c in book])
    supplied = {"scan": Supplied(gains, tuple(map(str, range(1, 17))))}
    quantity = np.array([2.0, -1.0, -10.0, -3.0])
    own = evaluate(plan_of(SPAN, columns(book)), quantity)
    other = evaluate(plan_of(SPAN, columns(book), supplied=supplied), quantity)
    assert {name: values.tolist() for name, values in other.items()} == {
        name: pytest.approx(values.tolist(), abs=1e-6) for name, values in own.items()}


def test_a_product_without_parameters_leaves_its_account_without_a_number() -> None:
    made = columns([FUTURES[0]._replace(commodity="XYZ")], {"XYZ": Product(10.0, 0.2, 0, 0, 0)})
    plan = plan_of(SPAN, made)
    assert evaluate(plan, np.array([0.0]))["inter_month"][0] == 0
    spread = [FUTURES[0]._replace(commodity="XYZ"), FUTURES[1]._replace(commodity="XYZ")]
    plan = plan_of(SPAN, columns(spread, {"XYZ": Product(10.0, 0.2, 0, 0, 0)}))
    assert np.isnan(evaluate(plan, np.array([1.0, -1.0]))["maintenance"][0])


def test_spreads_that_cannot_be_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="side"):
        SpreadLeg(row="A", side=2)
    with pytest.raises(InputError, match="ratio"):
        SpreadLeg(row="A", side=1, ratio=0.0)
    with pytest.raises(InputError, match="two or more"):
        SpreadRule(legs=(SpreadLeg(row="A", side=1),))
    with pytest.raises(InputError, match="both sides"):
        SpreadRule(legs=(SpreadLeg(row="A", side=1), SpreadLeg(row="B", side=1)))
    with pytest.raises(InputError, match="twice"):
        SpreadRule(legs=(SpreadLeg(row="A", side=1), SpreadLeg(row="A", side=1)))


@pytest.mark.parametrize(("changes", "said"), [
    ({"net": "month"}, "net.*month"), ({"of": ("commodity",)}, "wanted.*one scan"),
    ({"to": "account"}, "wanted.*rows by account"), ({"pairs": ((1, 17),)}, "pairs"), ({"unmoved": (0,)}, "unmoved"),
])
def test_a_term_that_does_not_fit_its_scan_is_refused(changes: dict, said: str) -> None:
    term = replace(SPAN.terms["inter_commodity"], **changes)
    with pytest.raises(InputError, match=said):
        charged(replace(SPAN, terms={**SPAN.terms, "inter_commodity": term,
                                     "commodity": replace(SPAN.terms["commodity"], of=("scan",))}), [1.0, 0.0, 0.0])


def test_a_preset_with_a_spread_of_one_leg_is_refused_by_its_file() -> None:
    text = b"""
name = "x"
effective_from = 2020-01-01
results = ["initial", "maintenance"]
[terms.initial]
kind = "spreads"
delta = 1
net = "kind"
spreads = [{ legs = [{ row = "A", side = 1 }] }]
[terms.maintenance]
kind = "sum"
of = ["initial"]
"""
    with pytest.raises(FileProblem, match=r"x.toml.*terms.initial.*two or more"):
        decode(text, path="x.toml")
