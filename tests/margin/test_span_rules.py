"""Would some test notice? Every rule of SPAN and TIMS changed once, against plain loops on random books."""

from __future__ import annotations

import numpy as np
import pytest

from margin.plain_span import Contract, Product, black, span
from margin.test_span import SPAN, columns
from margin.test_tims import LEVELS, POINTS, TIMS, plainly
from margin.test_tims import columns as tims_columns
from seawall.margin.shock import Supplied
from seawall.testing.margin_cases import MarginCase, notices
from seawall.testing.rule_mutation import rule_mutation

# As the packaged example has them, at these spots.
SPOT = {"BTC": 75000.0, "ETH": 4000.0, "SPX": 5000.0, "USD": 1.0}
PRODUCTS = {"BTC": Product(9000.0, 0.25, 150.0, 50.0, 40.0), "ETH": Product(600.0, 0.30, 10.0, 4.0, 3.0),
            "SPX": Product(350.0, 0.2, 15.0, 5.0, 2.0)}
CREDITS = [(0.5, [("BTC", 1, 1), ("ETH", -1, 20)])]
MONTHS = {"Mar": 0.002, "Jun": 0.35, "Sep": 0.6}
# Two evaluations of the normal law on amounts of up to a few millions.
NEAR = 1e-8
CASH = Contract("USD", "", "cash", 1.0, 1.0, 1.0, 1.0)


def contract(rng: np.random.Generator) -> Contract:
    name, month = str(rng.choice(["BTC", "BTC", "ETH", "ETH", "SPX"])), str(rng.choice(list(MONTHS)))
    forward, near = SPOT[name] * float(rng.uniform(0.98, 1.03)), int(month == "Mar")
    kind = str(rng.choice(["future", "perpetual", "spot", "option", "option", "option"]))
    size = float(rng.choice([1.0, 0.5, 10.0]))
    if kind != "option":
        listed = kind == "future"
        return Contract(name, month if listed else "", kind, size, forward, forward * size, size,
                        near if listed else int(kind == "perpetual"))
    strike, call, vol = SPOT[name] * float(rng.choice([0.5, 0.9, 1.0, 1.1, 2.5])), int(rng.integers(2)), 0.6
    tau, discount = MONTHS[month], float(rng.uniform(0.95, 1.0))
    value, bump = black(forward, strike, vol, tau, call) * size * discount, forward * 1e-4
    slope = (black(forward + bump, strike, vol, tau, call) - black(forward - bump, strike, vol, tau, call)) / bump / 2
    return Contract(name, month, kind, size, forward, value, slope * size, near, strike, call, vol, tau, discount)


def made_of(contracts: list[Contract]) -> dict:
    made = columns(contracts, PRODUCTS | {"USD": Product(0, 0, 0, 0, 0)})
    found = {**made.numbers, **made.labels, "spot": np.array([SPOT[c.commodity] for c in contracts])}
    found["mark"] = np.array([c.price if c.kind in ("option", "cash", "spot") else 0.0 for c in contracts])
    return {name: values for name, values in found.items() if name not in ("price_range", "vol_range")}


def span_case(seed: int) -> MarginCase:
    rng = np.random.default_rng(seed)
    held = [(contract(rng), float(rng.choice([-30, -8, -2, -1, 1, 2, 5, 12]))) for _ in range(int(rng.integers(1, 7)))]
    if seed % 3 == 0:
        held.append((held[0][0], -0.5 * held[0][1]))
    return case_of(f"book {seed}", held, cash=float(rng.uniform(1e3, 1e6)))


def case_of(name: str, held: list, *, cash: float) -> MarginCase:
    parts = span(held, PRODUCTS, CREDITS)
    return MarginCase(
        name=name, columns=made_of([*(c for c, _ in held), CASH]), quantity=[*(q for _, q in held), cash],
        gains={"scan": [parts.gains]}, tolerance=NEAR,
        charges={"scan": sum(parts.scan.values()), "inter_month": sum(parts.months.values()),
                 "delivery": sum(parts.delivery.values()), "inter_commodity": -sum(parts.credit.values()),
                 "short_minimum": sum(parts.minimum.values()), "risk": sum(parts.risk.values()),
                 "maintenance": parts.total, "initial": 1.1 * parts.total,
                 "equity": cash + sum(q * c.price for c, q in held if c.kind == "spot")})


def switched_case(name: str, changes: dict, held: list, charges: dict) -> MarginCase:
    return MarginCase(name=name, columns=made_of([c for c, _ in held]), quantity=[q for _, q in held], charges=charges,
                      change=lambda model: model.with_parameters(changes), tolerance=NEAR)


def far(call: int, name: str = "BTC") -> Contract:
    strike = SPOT[name] * (20 if call else 0.01)
    return Contract(name, "Jun", "option", 1.0, SPOT[name], 0.0, 0.0, 0, strike, call, 0.05, 0.001)


FUTURES = [Contract(name, "Jun", "future", 1.0, SPOT[name], SPOT[name], 1.0) for name in ("BTC", "ETH")]


def switches() -> list[MarginCase]:
    value = black(75000.0, 75000.0, 0.6, 0.35, 1)
    call = Contract("BTC", "Jun", "option", 1.0, 75000.0, value, 0.5, 0, 75000.0, 1, 0.6, 0.35)
    scan = span([(call, -2.0)], PRODUCTS, []).scan["BTC"]
    return [
        switched_case("greater side, calls", {"greater_of_calls_and_puts": 1}, [(far(1), -3.0), (far(0), -2.0)],
                      {"maintenance": 120.0}),
        switched_case("greater side, puts", {"greater_of_calls_and_puts": 1}, [(far(1), -2.0), (far(0), -4.0)],
                      {"maintenance": 160.0}),
        switched_case("value is equity", {"net_option_value": 0}, [(call, -2.0), (CASH, 7.0)],
                      {"maintenance": scan, "equity": 7.0 - 2 * value, "option_value": -2 * value}),
        case_of("minimum of one product, scan of another", [(far(1), -5.0), (FUTURES[1], 1.0)], cash=5.0),
        *(case_of(f"minimum of {name}", [(far(1, name), -5.0), (far(0, name), 3.0)], cash=5.0) for name in PRODUCTS),
    ]


def supplied_case(active: int) -> MarginCase:
    """Arrays from elsewhere, so that each scenario binds once; no month is told to be the spot month."""
    rng = np.random.default_rng(active)
    gains = rng.uniform(-900, 900, (2, 16))
    gains[0, active], gains[1] = -1000.0 - active, -gains[1]
    partner = active if active >= 14 else active ^ 1
    paired, time = -(gains[0, active] + gains[0, partner]) / 2, -(gains[0, 0] + gains[0, 1]) / 2
    worst = int((-gains[1]).argmin())
    pair = worst if worst >= 14 else worst ^ 1
    other = (gains[1, worst] + gains[1, pair]) / 2 - (gains[1, 0] + gains[1, 1]) / 2
    # One BTC against forty ETH short: one spread uses all of BTC and half of ETH, both at one half.
    credit = 0.5 * max(paired - time, 0) + 0.5 * 20 * (40 * max(other, 0)) / 40
    made = {name: values for name, values in made_of(FUTURES).items() if name != "is_spot_month"}
    return MarginCase(
        name=f"scenario {active + 1} binds", columns=made, quantity=[1.0, -40.0], tolerance=NEAR,
        supplied={"scan": Supplied(gains, tuple(map(str, range(16))))},
        charges={"inter_commodity": -credit, "delivery": 0.0, "scan": 1000.0 + active + 40 * gains[1].max()})


def gaining() -> MarginCase:
    """A holding that gains in every scenario has no scan risk, and no negative one."""
    return MarginCase(name="gains everywhere", columns=made_of(FUTURES[:1]), quantity=[1.0], tolerance=NEAR,
                      supplied={"scan": Supplied(np.full((1, 16), 5.0), ("",) * 16)}, charges={"scan": 0.0})


def cheap() -> MarginCase:
    """A scan range beyond the price: the forward stays above zero."""
    value = black(100.0, 100.0, 0.6, 0.35, 0)
    put = Contract("BTC", "Jun", "option", 1.0, 100.0, value, -0.4, 0, 100.0, 0, 0.6, 0.35)
    made = made_of([put]) | {"price_range": np.array([80.0])}
    wanted = span([(put, -1.0)], {"BTC": PRODUCTS["BTC"]._replace(price_range=80.0)}, [])
    return MarginCase(name="cheap commodity", columns=made, quantity=[-1.0], tolerance=NEAR,
                      gains={"scan": [wanted.gains]}, charges={"scan": wanted.scan["BTC"]})


SPAN_CASES = [*(span_case(seed) for seed in range(40)), *switches(), *map(supplied_case, range(16)), gaining(), cheap()]


def tims_case(seed: int) -> MarginCase:
    rng = np.random.default_rng(seed)
    book, quantity = [], []
    for _ in range(int(rng.integers(1, 7))):
        name, call = str(rng.choice(sorted(LEVELS))), int(rng.integers(2))
        strike = LEVELS[name] * float(rng.choice([0.2, 0.95, 1.0, 1.1, 4.0]))
        option = name, "option", strike, call, 100 * black(LEVELS[name], strike, 0.3, 0.2, call), 100.0
        kind = str(rng.choice(["spot", "perpetual", "option", "option", "option", "future"]))
        book.append(option if kind == "option" else (name, kind, 0.0, 0, LEVELS[name], 1.0))
        quantity.append(float(rng.choice([-30, -5, -1, 1, 2, 10])))
    if seed % 3 == 0:
        book.append(book[0])
        quantity.append(-0.5 * quantity[0])
    return tims_case_of(f"book {seed}", book, quantity)


def tims_case_of(name: str, book: list, quantity: list) -> MarginCase:
    wanted = plainly(book, quantity)
    made = tims_columns([*book, ("ACME", "cash", 0.0, 0, 1.0, 1.0)])
    total = wanted.class_risk + wanted.group_risk
    equity = 50.0 + sum(h[4] * q for h, q in zip(book, quantity, strict=True))
    charges = {"maintenance": total, "initial": total, "equity": equity}
    charges |= {term: getattr(wanted, term) for term in ("minimum_alone", "minimum_together", "class_risk",
                                                         "group_risk")}
    charges["together"] = max(0.0, -min(wanted.together))
    return MarginCase(name=name, columns={**made.numbers, **made.labels}, quantity=[*quantity, 50.0], tolerance=NEAR,
                      charges=charges, gains={"alone": [wanted.alone], "together": [wanted.together]})


def discounted() -> MarginCase:
    """A discounted premium moves by its discount."""
    book = [("ACME", "option", 40.0, 1, 90 * black(40.0, 40.0, 0.3, 0.2, 1), 100.0)]
    made = tims_columns(book)
    moves = [40 * (1 + 0.15 * step) for step in POINTS]
    gains = [90 * black(level, 40.0, 0.3, 0.2, 1) - book[0][4] for level in moves]
    return MarginCase(name="discounted", columns={**made.numbers, **made.labels, "discount": np.array([0.9])},
                      quantity=[2.0], gains={"alone": [[2 * g for g in gains]]}, tolerance=NEAR)


def straddle(name: str) -> MarginCase:
    """Long options with little time left gain at every point: nothing is charged but the minimum."""
    book = [(name, "option", LEVELS[name], call, 0.0, 100.0) for call in (0, 1)]
    made = tims_columns(book)
    term = "together" if name == "SPX" else "alone"
    return MarginCase(name=f"straddle {name}", columns={**made.numbers, **made.labels}, quantity=[1.0, 1.0],
                      charges={term: 0.0}, tolerance=NEAR)


TIMS_CASES = [*(tims_case(seed) for seed in range(40)), discounted(), straddle("SPX"), straddle("ACME"),
              tims_case_of("minimum of one class, scan of another", [
                  ("ACME", "option", 400.0, 1, 0.0, 100.0), ("OTHER", "spot", 0.0, 0, 90.0, 1.0)], [-3.0, 1.0])]
LINEAR = "both weights are one number, so lines may as well be folded one by one"
ALONE = "a sum of one term"
NO_CALL = "what is no option has no call in it"
SPAN_SAME = {
    "terms.scan.fold.0.from: dropped": LINEAR,
    "terms.inter_commodity.delta: composite_delta becomes composite_delta * 1.05 at 1": "only a share of it counts",
    "terms.short_calls.select: dropped": NO_CALL,
    "terms.short_minimum.kind: sum becomes max": "one of the two weights is zero and neither term negative",
    "terms.option_value.net: dropped": LINEAR, "terms.option_value.net: instrument becomes account": LINEAR,
    "terms.nothing.exposure: dropped": "its rate is zero", "terms.nothing.exposure: 0 nudged": "its rate is zero",
    "terms.initial.kind: sum becomes max": ALONE,
}
ZERO_OR_NOT = "only zero or not is asked"
TIMS_SAME = {
    "terms.alone.fold.0.from: dropped": LINEAR, "terms.together.fold.0.from: dropped": LINEAR,
    "terms.alone.fold.0.gain: product_group becomes product_group * 1.05 at 2": ZERO_OR_NOT,
    "terms.together.fold.0.gain: product_group becomes product_group * 1.05 at 2": ZERO_OR_NOT,
    "terms.minimum_alone.exposure: product_group becomes product_group * 1.05 at 6": ZERO_OR_NOT,
    "terms.minimum_together.exposure: product_group becomes product_group * 1.05 at 6": ZERO_OR_NOT,
    "terms.group_risk.to: dropped": "the example has one product group",
    "terms.group_risk.to: product_group becomes account": "the example has one product group",
    "terms.initial.kind: sum becomes max": ALONE,
    "by.underlying.*.group_offset: 0 nudged": "those that stand alone bring no gains to a group",
    "scenarios.points.let.move: step > 0 becomes step >= 0 at 3": "no point stands still",
    "scenarios.points.let.move: 0 becomes 0.050000000000000044 at 9": "no point lies between",
}


@pytest.mark.parametrize(("model", "cases"), [(SPAN, SPAN_CASES), (TIMS, TIMS_CASES)], ids=["span", "tims"])
def test_the_packaged_model_meets_every_book(model, cases: list) -> None:
    assert notices(model, cases) == ""


@pytest.mark.parametrize(("model", "cases", "same"), [(SPAN, SPAN_CASES, SPAN_SAME), (TIMS, TIMS_CASES, TIMS_SAME)],
                         ids=["span", "tims"])
def test_nearly_every_rule_changed_is_noticed(model, cases: list, same: dict) -> None:
    found = rule_mutation(model, cases, equivalent=same)
    assert found.share >= 0.95, found.unnoticed
