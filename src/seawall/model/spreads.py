"""Which positions are margined as pairs? Spreads of a table, in order of priority, and their legs."""

from __future__ import annotations

import math

from seawall.errors import InputError
from seawall.model.margin import Formula, Keys, Part, keys_of

ANY = "*"


class SpreadLeg(Part, frozen=True, kw_only=True):
    """One leg: ratio deltas a spread of the row whose labels these are, on side 1 or -1.

    row: values of the keys that deltas are netted by; "*" stands for any value, the same in all legs of the spread.
    rate: this leg's own, the spread's if not given.
    """

    row: Keys
    side: int
    ratio: float = 1.0
    rate: Formula | None = None

    def __post_init__(self) -> None:
        if self.side not in (1, -1):
            raise InputError(f"leg {self.told}: side", found=self.side, wanted="1 or -1")
        if not 0 < self.ratio < math.inf:
            raise InputError(f"leg {self.told}: ratio", found=self.ratio, wanted="a number above zero")

    @property
    def told(self) -> str:
        """What errors call it."""
        return " ".join(keys_of(self.row))


class SpreadRule(Part, frozen=True, kw_only=True):
    """One spread of the table. rate: money a spread (charges), or share of price risk credited (credits)."""

    legs: tuple[SpreadLeg, ...]
    rate: Formula = 0.0

    def __post_init__(self) -> None:
        if len(self.legs) < 2:
            raise InputError("spread", found=f"{len(self.legs)} legs", wanted="two or more")
        seen: set[tuple[tuple[str, ...], int]] = set()
        for leg in self.legs:
            place = (keys_of(leg.row), leg.side)
            if place in seen:
                raise InputError("spread", found=f"leg {leg.told} twice on side {leg.side}", wanted="each once",
                                 remedy="add up their ratios")
            seen.add(place)
        if len({side for _, side in seen}) < 2:
            raise InputError("spread", found="all legs on one side", wanted="legs on both sides")
