"""A small margin model and book that tests of the core change in one place each."""

from __future__ import annotations

from typing import Any

import numpy as np

from seawall.margin.decode import decode
from seawall.margin.frame import Columns
from seawall.margin.plan import Plan, bind, index
from seawall.margin.rows import Lines
from seawall.model.margin import MarginModel

TEXT = """
name = "small"
title = "A small model"
effective_from = 2025-01-01
grade = "approximate"
results = ["equity", "initial", "maintenance"]
kinds = { perpetual = "perp" }
accepts = { kind = ["cash", "perp", "option"] }

[parameters]
share = 0.5
move = 0.1

[switches.strict]
value = 0
options = [0, 1]
note = "the page says both"

[by.underlying.BTC]
wide = 1.5
[by.underlying."*"]
wide = 2

[columns]
unit = "spot * wide"

[assumed]
funding = "share * 0"

[scenarios.scan]
columns = ["spot_move", "vol_word"]
states = ["up", "same"]
rows = [[-1, "up"], [0, "same"], [1, "up"]]
let = { reach = "move * wide" }
shock = { price = "price * (1 + spot_move * reach)", forward = "forward * (1 + spot_move * reach)" }

[terms]
scan = { kind = "worst", scenarios = "scan", select = ["perp", "option"], anchor = "price", FOLD
equity = { kind = "exposure", exposure = "mark", long = 1, short = -1 }
maintenance = { kind = "sum", of = ["scan"], weights = ["share"] }
initial = { kind = "sum", of = ["scan", "funded"] }
funded = { kind = "exposure", exposure = "funding * unit", rate = 1 }
""".replace("FOLD", 'fold = [{ from = "underlying", to = "underlying" }] }')


def changed(old: str, new: str) -> bytes:
    """The file with one place changed."""
    assert TEXT.count(old) >= 1, old
    return TEXT.replace(old, new, 1).encode()


def small(old: str = "[parameters]", new: str = "[parameters]") -> MarginModel:
    """The model with one place changed."""
    return decode(changed(old, new), path="small.toml")


COLUMNS: dict[str, Any] = {
    "kind": np.array(["cash", "perpetual", "perpetual", "option", "option"]),
    "underlying": np.array(["USD", "BTC", "ETH", "BTC", "BTC"]), "instrument": np.array(["USD", "P", "Q", "C", "D"]),
    "expiry": np.array(["", "", "", "1", "1"]), "price": np.array([1.0, 100.0, 10.0, 8.0, 9.0]),
    "mark": np.array([1.0, 0.0, 0.0, 8.0, 9.0]), "spot": np.array([1.0, 100.0, 10.0, 100.0, 100.0]),
    "forward": np.array([1.0, 100.0, 10.0, 100.0, 100.0]), "strike": np.array([0.0, 0.0, 0.0, 100.0, 90.0]),
    "is_call": np.array([0.0, 0.0, 0.0, 1.0, 0.0]), "vol": np.array([0.0, 0.0, 0.0, 0.5, 0.5]),
    "tau": np.array([0.0, 0.0, 0.0, 0.1, 0.1]),
}
QUANTITY = np.array([50.0, 2.0, -3.0, -1.0, 1.0, 40.0, -1.0])
INSTRUMENT = np.array([0, 1, 2, 3, 4, 0, 1])
ACCOUNT = np.array([0, 0, 0, 0, 0, 1, 1])


def planned(model: MarginModel, **columns: Any) -> Plan:
    """The model over the book; columns given replace those of the market."""
    bound = bind(model, Columns({**COLUMNS, **columns}))
    return index(bound, Lines(ACCOUNT, INSTRUMENT, 2))
