"""Every kind against the conformance suite, published numbers and hand-made sums."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from example_market import EXPIRIES, example_market
from seawall.errors import FactorMissing, InputError
from seawall.instruments.plugins import decode_instrument, kind_of, kinds
from seawall.model.instrument import Instrument
from seawall.model.state import State, present
from seawall.testing import check_instrument

SOON, LATE = EXPIRIES


def option(underlying: str, strike: float, option_type: str, payoff: str = "linear", **more: object) -> Instrument:
    settlement = underlying if payoff == "inverse" else str(more.get("quote_currency", "USD"))
    return decode_instrument({
        "kind": "option", "instrument_id": f"{underlying}-{strike:g}-{option_type}-{payoff}", "underlying": underlying,
        "strike": strike, "option_type": option_type, "payoff": payoff, "expiry": LATE,
        "settlement_currency": settlement, **more,
    })


def delta_one(kind: str, payoff: str, settlement: str, **more: object) -> Instrument:
    return decode_instrument({
        "kind": kind, "instrument_id": f"BTC-{kind}-{payoff}-{settlement}", "underlying": "BTC", "payoff": payoff,
        "settlement_currency": settlement, **more,
    })


INSTRUMENTS = {
    "cash": [decode_instrument({"kind": "cash", "instrument_id": c, "underlying": c, "settlement_currency": c})
             for c in ("USD", "USDC", "BTC")],
    "spot": [
        decode_instrument({"kind": "spot", "instrument_id": "BTC/USD", "underlying": "BTC"}),
        decode_instrument({"kind": "spot", "instrument_id": "SPX/EUR", "underlying": "SPX", "quote_currency": "EUR",
                           "settlement_currency": "EUR", "contract_size": 3.0}),
    ],
    "perpetual": [
        delta_one("perpetual", "linear", "USD", reference="BTC-PERPETUAL"),
        delta_one("perpetual", "linear", "USDC", reference="BTC-PERPETUAL", quote_currency="USDC", contract_size=0.1),
        delta_one("perpetual", "inverse", "BTC", reference="BTC-PERPETUAL", contract_size=100.0),
        delta_one("perpetual", "quanto", "ETH", reference="BTC-PERPETUAL", contract_size=1e-5),
    ],
    "future": [
        delta_one("future", "linear", "USD", expiry=SOON),
        delta_one("future", "inverse", "BTC", expiry=LATE, contract_size=10.0),
        delta_one("future", "quanto", "ETH", expiry=LATE, contract_size=1e-5),
        delta_one("future", "linear", "USDC", expiry=LATE, quote_currency="USDC"),
    ],
    "option": [
        option("BTC", 60_000.0, "call", "inverse"), option("BTC", 45_000.0, "put", "inverse"),
        option("BTC", 80_000.0, "call"), option("ETH", 2_500.0, "put", quote_currency="USDC", contract_size=2.0),
        option("SPX", 7_000.0, "put", contract_size=100.0), option("SPX", 8_200.0, "call", contract_size=100.0),
        option("SPX", 7_400.0, "call", expiry=SOON),
    ],
    "lending": [
        decode_instrument({"kind": "lending", "instrument_id": "aave-debt", "underlying": "USDC", "protocol": "aave",
                           "settlement_currency": "USDC", "side": "debt", "index": 1.07}),
        decode_instrument({"kind": "lending", "instrument_id": "aave-supply", "underlying": "ETH", "protocol": "aave",
                           "settlement_currency": "ETH", "side": "supply", "index": 1.01}),
    ],
    "wrapped": [decode_instrument({"kind": "wrapped", "instrument_id": "WSTETH", "underlying": "ETH",
                                   "settlement_currency": "ETH", "token": "WSTETH"})],
}


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_every_built_in_kind_keeps_the_promises_of_its_protocol(name: str) -> None:
    check_instrument(kinds()[name], INSTRUMENTS[name], example_market())


def test_the_entry_points_and_the_tested_kinds_are_the_same() -> None:
    assert sorted(kinds()) == sorted(INSTRUMENTS)


def test_a_kind_with_a_wrong_delta_is_caught() -> None:
    real = kinds()["option"]

    class Wrong:
        name, terms, margined = real.name, real.terms, real.margined
        factors, value, greeks = real.factors, real.value, real.greeks

        def slopes(self, instruments, market):
            right = real.slopes(instruments, market)
            return right._replace(delta=right.delta * 1.001)

    with pytest.raises(AssertionError, match="slope by"):
        check_instrument(Wrong(), INSTRUMENTS["option"], example_market())


def test_an_inverse_perpetual_pays_what_the_published_case_says(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "inverse_perp_pnl.json").read_text())
    given, wanted = case["inputs"], case["expected"]
    market = example_market()
    contract = delta_one("perpetual", "inverse", "BTC", reference="BTC-PERPETUAL", contract_size=1.0)
    levels = np.repeat(market.levels[None, :], 2, axis=0)
    levels[:, market.index["premium:BTC-PERPETUAL"]] = 0.0
    levels[:, market.index["spot:BTC"]] = given["entry"], given["exit"]
    value = kind_of(contract).value([contract], State(market, levels, np.zeros(2)))[0]
    pnl = given["n_usd"] * (value[1] - value[0])
    assert pnl == pytest.approx(wanted["pnl_btc"], rel=case["tolerance"])
    assert pnl * given["exit"] == pytest.approx(wanted["pnl_usd_at_exit"], rel=case["tolerance"])


def test_an_option_that_expires_within_the_horizon_is_settled_at_intrinsic() -> None:
    market = example_market()
    call = option("BTC", 50_000.0, "call", expiry=SOON)
    levels = np.repeat(market.levels[None, :], 2, axis=0)
    levels[1, market.index["spot:BTC"]] = 40_000.0
    value = kind_of(call).value([call], State(market, levels, np.full(2, 0.5)))
    assert value.tolist() == [[10_000.0, 0.0]]  # exact: no time, no carry, no volatility is left


def test_a_coin_settled_call_is_the_linear_one_over_its_forward() -> None:
    market = example_market()
    inverse, linear = option("BTC", 60_000.0, "call", "inverse"), option("BTC", 60_000.0, "call")
    state = present(market)
    forward = 60_000.0 * np.exp(0.05 * (LATE - market.as_of).total_seconds() / (365 * 86400))
    undiscounted = kind_of(linear).value([linear], state)[0, 0] / np.exp(
        -0.04 * (LATE - market.as_of).total_seconds() / (365 * 86400))
    # Two roundings of numbers near 5,000: 1e-15 relative each.
    assert kind_of(inverse).value([inverse], state)[0, 0] == pytest.approx(undiscounted / forward, rel=1e-14)


def test_a_missing_factor_is_named_with_who_needs_it() -> None:
    market = example_market()
    stray = delta_one("perpetual", "linear", "USD")
    with pytest.raises(FactorMissing, match="premium:BTC-perpetual-linear-USD"):
        kind_of(stray).value([stray], present(market))


@pytest.mark.parametrize(("change", "field"), [
    ({"payoff": "cubic"}, "payoff"), ({"settlement_currency": "EUR"}, "settlement_currency"),
    ({"strike": -1.0}, "strike"), ({"option_type": "straddle"}, "option_type"), ({"contract_size": 0.0}, "contract"),
    ({"strike": "many"}, "strike"), ({"kind": "swaption"}, "kind"),
])
def test_terms_that_cannot_be_are_refused_by_field(change: dict[str, object], field: str) -> None:
    terms = msgspec.to_builtins(option("BTC", 60_000.0, "call")) | change
    with pytest.raises(InputError, match=field):
        decode_instrument(terms)


def test_funding_is_paid_by_longs_over_the_time_that_passes() -> None:
    market = example_market()
    perpetual = INSTRUMENTS["perpetual"][0]
    later = State(market, np.array(market.levels)[None, :], np.array([1 / 365]))
    mark = kind_of(perpetual).value([perpetual], present(market))[0, 0]
    paid = mark - kind_of(perpetual).value([perpetual], later)[0, 0]
    assert paid == pytest.approx(60_000 * 1.001 * 0.08 / 365, rel=1e-9)  # a difference of numbers 4,000 times larger
