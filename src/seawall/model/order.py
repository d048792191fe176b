"""What may still fill? One open order, as a person writes it."""

from __future__ import annotations

import math

import msgspec

from seawall.errors import InputError

SIDES = ("buy", "sell")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """quantity: contracts still open, > 0. limit_price: as the venue quotes it; NaN for a market order, which fills at
    the mark. reduce_only: fills only as far as it closes what is held."""

    order_id: str
    account_id: str
    instrument_id: str
    side: str
    quantity: float
    limit_price: float = float("nan")
    reduce_only: bool = False

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise InputError(f"order {self.order_id}: side", found=self.side, wanted=" or ".join(SIDES))
        if not (math.isfinite(self.quantity) and self.quantity > 0):
            raise InputError(f"order {self.order_id}: quantity", found=self.quantity, wanted="a positive number")
        if not (math.isnan(self.limit_price) or (math.isfinite(self.limit_price) and self.limit_price >= 0)):
            raise InputError(f"order {self.order_id}: limit_price", found=self.limit_price, wanted="a price or none")

    @property
    def signed(self) -> float:
        """Contracts, bought > 0."""
        return self.quantity if self.side == "buy" else -self.quantity
