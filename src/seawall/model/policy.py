"""What decides? The choices that a report rests on, apart from the book, the market and the scenarios."""

from __future__ import annotations

import math

import msgspec

from seawall.errors import InputError
from seawall.model.failure import Failure
from seawall.model.identity import content_id
from seawall.model.results import Limit


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Limits and conventions; two reports of one policy may be compared.

    confidence: levels of Value at Risk and expected shortfall that are told, 0.99 not 0.01, the headline's two always
    among them: shortfall_confidence of ES, of its parts and of the worst scenarios; risk_confidence of VaR.
    quantile: name of the rule that picks the Value at Risk. currency: what totals are told in. plugins: names of
    distributions whose instrument kinds may be used; None for any. strict: whether an unreadable row stops everything.
    problems: limits that could not be read.
    """

    limits: tuple[Limit, ...] = ()
    confidence: tuple[float, ...] = (0.95, 0.975, 0.99)
    shortfall_confidence: float = 0.975
    risk_confidence: float = 0.99
    quantile: str = "in_tail"
    currency: str = "USD"
    plugins: tuple[str, ...] | None = None
    strict: bool = False
    problems: tuple[Failure, ...] = ()

    def __post_init__(self) -> None:
        if not self.confidence:
            raise InputError("policy: confidence", found="none", wanted="at least one level, such as 0.99")
        for level in (*self.confidence, self.shortfall_confidence, self.risk_confidence):
            if not (math.isfinite(level) and 0 < level < 1):
                raise InputError("policy: confidence", found=level, wanted="between 0 and 1, such as 0.99")

    @property
    def policy_id(self) -> str:
        """Hash of every field, but not of the files and rows that limits were read from."""
        told = tuple(msgspec.structs.replace(limit, where="") for limit in self.limits)
        return content_id("policy", msgspec.structs.replace(self, limits=told))

    def allows(self, distribution: str) -> bool:
        """Whether instrument kinds of that distribution may be used."""
        return self.plugins is None or distribution in self.plugins
