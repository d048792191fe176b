"""What moves? One risk factor, named so that two sources mean the same thing by it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from seawall.errors import InputError

RISK_CLASSES: Final = (
    "spot",  # qualifier: asset or currency; level: value of one unit in the numeraire
    "carry",  # underlying, expiry; annualised ln(forward / spot)
    "premium",  # perpetual; perpetual / spot - 1
    "funding",  # perpetual; annualised rate that longs pay
    "volatility",  # underlying, expiry; at-the-money implied volatility, the smile's level
    "skew",  # underlying, expiry; half the volatility difference one deviation up and down
    "curvature",  # underlying, expiry; mean of the two, less the level
    "rate",  # currency, expiry; continuously compounded zero rate
    "peg",  # token; market price / fair value
    "exchange_rate",  # token; units of underlying that one token redeems for
    "interest",  # protocol/asset/side; annualised rate
    # What margin rules ask of a venue; no instrument's value depends on these.
    "open_interest",  # instrument or underlying; units of underlying, both sides counted once
    "deposits",  # asset; units deposited at the venue
    "depth",  # instrument or underlying; units of underlying quoted near the mid
    "volume",  # instrument or underlying; units of underlying traded a day
    "spread",  # instrument or underlying; ask less bid, share of mid
    "confidence",  # instrument or underlying; 0 to 1, how far the venue's price feed is to be believed
    "twap",  # asset; the venue's average price, numeraire
    "offset_ceiling",  # underlying; most that gains may offset losses elsewhere, settlement currency
)
CONDITIONS: Final = RISK_CLASSES[11:]


class Factor(msgspec.Struct, frozen=True, order=True):
    """One coordinate of the market's state."""

    risk_class: str
    qualifier: str
    tenor: str = ""
    strike: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if self.risk_class not in RISK_CLASSES:
            raise InputError(
                "unknown risk class", found=self.risk_class, wanted="one of " + ", ".join(RISK_CLASSES)
            )

    @property
    def key(self) -> str:
        """``risk_class:qualifier[:tenor[:strike]]``, the factor's whole identity; the unit is a note."""
        return ":".join(part for part in (self.risk_class, self.qualifier, self.tenor, self.strike) if part)


def tenor_of(expiry: datetime) -> str:
    """The tenor text of an expiry, to the minute in UTC, such as ``2026-09-25T08:00Z``. Raises InputError if naive."""
    if expiry.tzinfo is None:
        raise InputError("an expiry has no time zone", found=expiry.isoformat(), wanted="an aware time")
    return expiry.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
