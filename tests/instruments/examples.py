"""Several instruments of each kind, as unlike as the kind allows, for the example market."""

from __future__ import annotations

from example_market import EXPIRIES
from seawall.instruments.plugins import decode_instrument
from seawall.model.instrument import Instrument

SOON, LATE = EXPIRIES


def option(underlying: str, strike: float, option_type: str, payoff: str = "linear", **more: object) -> Instrument:
    settlement = underlying if payoff == "inverse" else str(more.get("quote_currency", "USD"))
    return decode_instrument({
        "kind": "option", "instrument_id": f"{underlying}-{strike:g}-{option_type}-{payoff}", "underlying": underlying,
        "strike": strike, "option_type": option_type, "payoff": payoff, "expiry": LATE,
        "settlement_currency": settlement, **more,
    })


def contract(kind: str, payoff: str, settlement: str, **more: object) -> Instrument:
    return decode_instrument({
        "kind": kind, "instrument_id": f"BTC-{kind}-{payoff}-{settlement}", "underlying": "BTC", "payoff": payoff,
        "settlement_currency": settlement, **more,
    })


def perpetual(payoff: str, settlement: str, **more: object) -> Instrument:
    return contract("perpetual", payoff, settlement, reference="BTC-PERPETUAL", **more)


def lending(asset: str, side: str, index: float) -> Instrument:
    return decode_instrument({"kind": "lending", "instrument_id": f"aave-{asset}-{side}", "underlying": asset,
                              "protocol": "aave", "settlement_currency": asset, "side": side, "index": index})


INSTRUMENTS = {
    "cash": [decode_instrument({"kind": "cash", "instrument_id": c, "underlying": c, "settlement_currency": c})
             for c in ("USD", "USDC", "BTC")],
    "spot": [
        decode_instrument({"kind": "spot", "instrument_id": "BTC/USD", "underlying": "BTC"}),
        decode_instrument({"kind": "spot", "instrument_id": "SPX/EUR", "underlying": "SPX", "quote_currency": "EUR",
                           "settlement_currency": "EUR", "contract_size": 3.0}),
    ],
    "perpetual": [
        perpetual("linear", "USD"), perpetual("linear", "USDC", quote_currency="USDC", contract_size=0.1),
        perpetual("inverse", "BTC", contract_size=100.0), perpetual("quanto", "ETH", contract_size=1e-5),
    ],
    "future": [
        contract("future", "linear", "USD", expiry=SOON),
        contract("future", "inverse", "BTC", expiry=LATE, contract_size=10.0),
        contract("future", "quanto", "ETH", expiry=LATE, contract_size=1e-5),
        contract("future", "linear", "USDC", expiry=LATE, quote_currency="USDC"),
    ],
    "option": [
        option("BTC", 60_000.0, "call", "inverse"), option("BTC", 45_000.0, "put", "inverse"),
        option("BTC", 90_000.0, "put", "inverse"), option("BTC", 80_000.0, "call"),
        option("ETH", 2_500.0, "put", quote_currency="USDC", contract_size=2.0),
        option("SPX", 7_000.0, "put", contract_size=100.0), option("SPX", 8_200.0, "call", contract_size=100.0),
        option("SPX", 7_400.0, "call", expiry=SOON), option("SPX", 0.0, "call"), option("BTC", 0.0, "put", "inverse"),
    ],
    "lending": [lending("USDC", "debt", 1.07), lending("ETH", "supply", 1.01)],
    "wrapped": [decode_instrument({"kind": "wrapped", "instrument_id": "WSTETH", "underlying": "ETH",
                                   "settlement_currency": "ETH", "token": "WSTETH"})],
}
