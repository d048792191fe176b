"""Who asks for it? Every row's part in a requirement, whatever measures it stands in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from seawall.model.regulatory import FrtbResult, RiskClassShare, SensitivityShare, SimmResult


def by_row(result: SimmResult | FrtbResult) -> dict[str, float]:
    """Contribution of each row, by file and row, either sign: adds up to the total.

    A row of volatility counts in vega and in curvature; an add-on belongs to the row that asks for it. Which
    contributions are chords stands in the notes of the measures.
    """
    parts: dict[str, float] = defaultdict(float)
    for share in shares_of(result):
        parts[share.where] += share.contribution
    if isinstance(result, SimmResult):
        for add_on in result.add_ons:
            parts[add_on.where] += add_on.amount
    return dict(parts)


def shares_of(result: SimmResult | FrtbResult) -> Iterator[SensitivityShare]:
    """Every share of every row, in the order of the tree."""
    for risk_class in _classes(result):
        for measure in risk_class.measures:
            for bucket in measure.buckets:
                yield from bucket.sensitivities


def _classes(result: SimmResult | FrtbResult) -> Iterator[RiskClassShare]:
    if isinstance(result, SimmResult):
        for product in result.products:
            yield from product.risk_classes
    else:
        yield from result.risk_classes
