"""How does a published SPAN file become a margin model? Its arrays as supplied gains, its spreads as terms."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from seawall.errors import InputError
from seawall.margin.frame import Columns
from seawall.margin.shock import Supplied
from seawall.model.margin import MarginModel
from seawall.model.span import CALL, FUTURE, SCENARIOS, SpanTable

SCAN = "scan"
INTER_MONTH, INTER_COMMODITY = "inter_month", "inter_commodity"


def span_columns(table: SpanTable) -> Columns:
    """Instrument columns of the table's contracts; quantities are contracts."""
    option = table.kind != FUTURE
    zero = np.zeros(len(table))
    return Columns({
        "instrument": table.contract.astype(str), "kind": np.where(option, "option", "future"),
        "underlying": table.commodity.astype(str), "expiry": table.period.astype(str), "tier": table.tier.astype(str),
        "price": table.price, "mark": np.where(option, table.price, zero), "composite_delta": table.delta,
        "is_call": (table.kind == CALL).astype(np.float64), "price_range": table.scan_range,
        "short_option_minimum": table.short_option_minimum, "delivery_rate": table.delivery_rate,
        "is_spot_month": table.spot_month.astype(np.float64),
    })


def span_supplied(table: SpanTable) -> dict[str, Supplied]:
    """The arrays as gains under the model's scan; they carry the cover of extreme moves already."""
    return {SCAN: Supplied(table.gains, tuple(f"scenario {n}" for n in range(1, SCENARIOS + 1)))}


def span_model(model: MarginModel, table: SpanTable) -> MarginModel:
    """The model with the table's spreads: months by tier, commodities whole. Raises InputError if it has no such terms.

    Its synthetic product table leaves; what the file does not say is not assumed from it.
    """
    missing = [name for name in (SCAN, INTER_MONTH, INTER_COMMODITY) if name not in model.terms]
    if missing:
        raise InputError(f"{model.name}: terms", found=", ".join(model.terms), wanted=", ".join(missing),
                         remedy="start from the packaged model span")
    months: dict[str, Any] = {"net": ("underlying", "tier"), "period": ("underlying", "tier", "expiry")}
    terms = model.terms | {
        INTER_MONTH: msgspec.structs.replace(model.terms[INTER_MONTH], spreads=table.inter_month, **months),
        INTER_COMMODITY: msgspec.structs.replace(model.terms[INTER_COMMODITY], spreads=table.inter_commodity),
    }
    return msgspec.structs.replace(model, terms=terms, by={})
