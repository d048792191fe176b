"""Which supervisory numbers? Those of CRE52.72, with the crypto classes of SCO60 as they are recalled."""

from __future__ import annotations

import msgspec

from seawall.model.netting_set import SaccrTrade

NEVER_NETTED = "crypto_2b"
CRYPTO_NOTE = ("crypto: SCO60 as recalled, not checked against its text (group 2a: one hedging set a coin, "
               "factor 32 %, volatility 120 %; group 2b: half of each trade's notional, no netting)")


class Supervisory(msgspec.Struct, frozen=True):
    """factor: share of adjusted notional a year. rho: correlation with the class's driver. volatility: a year."""

    factor: float
    volatility: float
    rho: float = 0.0


BASEL_NUMBERS = {
    "interest_rate": Supervisory(0.005, 0.50), "fx": Supervisory(0.04, 0.15),
    "credit AAA": Supervisory(0.0038, 1.0, 0.5), "credit AA": Supervisory(0.0038, 1.0, 0.5),
    "credit A": Supervisory(0.0042, 1.0, 0.5), "credit BBB": Supervisory(0.0054, 1.0, 0.5),
    "credit BB": Supervisory(0.0106, 1.0, 0.5), "credit B": Supervisory(0.016, 1.0, 0.5),
    "credit CCC": Supervisory(0.06, 1.0, 0.5),
    "credit IG": Supervisory(0.0038, 0.8, 0.8), "credit SG": Supervisory(0.0106, 0.8, 0.8),
    "equity single": Supervisory(0.32, 1.2, 0.5), "equity index": Supervisory(0.20, 0.75, 0.8),
    "electricity": Supervisory(0.40, 1.5, 0.4), "commodity": Supervisory(0.18, 0.7, 0.4),
    "crypto_2a": Supervisory(0.32, 1.2), "crypto_2b": Supervisory(0.50, 1.2),
}


class SaccrParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Every number of the rule. bucket_edges: years between maturity buckets, both in the middle one.

    bucket_correlation: of neighbours, and of the first with the last. least_rate: what shifted rates are lifted to.
    """

    name: str = "Basel CRE52, 1 January 2023"
    alpha: float = 1.4
    multiplier_floor: float = 0.05
    discount_rate: float = 0.05
    business_days: float = 250.0
    floor_days: float = 10.0
    bucket_edges: tuple[float, float] = (1.0, 5.0)
    bucket_correlation: tuple[float, float] = (0.7, 0.3)
    basis: float = 0.5
    volatility: float = 5.0
    margined_scale: float = 1.5
    mpor_bilateral: float = 10.0
    mpor_cleared: float = 5.0
    mpor_large: float = 20.0
    large_set: int = 5000
    least_rate: float = 0.001
    numbers: dict[str, Supervisory] = msgspec.field(default_factory=lambda: dict(BASEL_NUMBERS))

    @property
    def floor(self) -> float:
        """The floor of dates and maturities, years."""
        return self.floor_days / self.business_days

    def of(self, trade: SaccrTrade) -> Supervisory:
        """The row of the table for one trade; basis and volatility trades have their factor scaled."""
        row = self.numbers[row_of(trade)]
        if trade.asset_class == NEVER_NETTED:
            return row
        scale = {"basis": self.basis, "volatility": self.volatility}.get(trade.special, 1.0)
        return msgspec.structs.replace(row, factor=row.factor * scale)


BASEL = SaccrParameters()


def row_of(trade: SaccrTrade) -> str:
    """Name of the trade's row in the table of supervisory numbers."""
    if trade.asset_class == "credit":
        return f"credit {trade.quality}"
    if trade.asset_class == "equity":
        return "equity index" if trade.is_index else "equity single"
    if trade.asset_class == "commodity":
        return "electricity" if trade.commodity == "electricity" else "commodity"
    return trade.asset_class
