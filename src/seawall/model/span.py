"""What does a clearing house publish for SPAN? Risk arrays by contract, and the spreads between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.model.arrays import Floats, Ints, Texts, frozen_floats, frozen_ints, frozen_texts
from seawall.model.spreads import SpreadRule

SCENARIOS = 16
FUTURE, CALL, PUT = "future", "call", "put"
CONTRACT_KINDS = (FUTURE, CALL, PUT)


@dataclass(frozen=True)
class SpanTable:
    """N contracts of a risk array file and the spreads of its clearing house, each in order of priority.

    contract, commodity, period, tier, kind (N): labels. gains (N,16): money a contract, GAINS positive; published
    arrays hold losses. delta (N): composite, of one contract. price (N): worth of one contract. scan_range (N): price
    scan range, money. short_option_minimum, delivery_rate (N): money a short option, a delta in the spot month.
    spot_month (N): 1 or 0. inter_month: spreads between (commodity, tier), rate a charge a spread; inter_commodity:
    between commodities, rates shares of price risk.
    """

    contract: Texts
    commodity: Texts
    period: Texts
    tier: Texts
    kind: Texts
    gains: Floats
    delta: Floats
    price: Floats
    scan_range: Floats
    short_option_minimum: Floats
    delivery_rate: Floats
    spot_month: Ints
    inter_month: tuple[SpreadRule, ...] = ()
    inter_commodity: tuple[SpreadRule, ...] = ()

    def __post_init__(self) -> None:
        put, count = object.__setattr__, len(self.contract)
        for name in ("contract", "commodity", "period", "tier", "kind"):
            put(self, name, frozen_texts(list(getattr(self, name)), name, count))
        put(self, "gains", frozen_floats(self.gains, "gains", (count, SCENARIOS)))
        for name in ("delta", "price", "scan_range", "short_option_minimum", "delivery_rate"):
            put(self, name, frozen_floats(getattr(self, name), name, (count,)))
            if not np.isfinite(getattr(self, name)).all():
                raise InputError(f"span table: {name}", found="a number missing", wanted="finite numbers")
        put(self, "spot_month", frozen_ints(self.spot_month, "spot_month", (count,)))
        if not np.isfinite(self.gains).all():
            raise InputError("span table: gains", found="a number missing", wanted="finite numbers")

    def __len__(self) -> int:
        return len(self.contract)
