"""What is known beside the quotes? Levels stated by hand, added to a market and told as such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.model.factor import Factor
from seawall.model.market import Market
from seawall.model.quotes import QualityEntry

EXAMPLES = 3


class Supplement(NamedTuple):
    """levels: by factor, in its own unit. asset_class: of assets and currencies. source: the file they come from."""

    levels: Mapping[Factor, float]
    asset_class: Mapping[str, str]
    source: str


def with_factors(market: Market, supplement: Supplement) -> Market:
    """The market with the stated levels beside the quoted ones, each counted as stated in its quality report.

    Raises InputError if a level is quoted already, or an asset has another class there.
    """
    twice = sorted(factor.key for factor in supplement.levels if factor.key in market.index)
    if twice:
        raise InputError(f"{supplement.source}: factors that the market quotes already", found=", ".join(twice),
                         wanted="factors that it lacks", remedy="remove them from the file")
    known = market.asset_class
    other = sorted(asset for asset, kind in supplement.asset_class.items() if known.get(asset, kind) != kind)
    if other:
        raise InputError(f"{supplement.source}: asset classes", found=", ".join(other),
                         wanted=", ".join(known[asset] for asset in other), remedy="correct them in the file")
    pairs = list(zip(market.factors, market.levels, market.uncertainty, strict=True))
    pairs += [(factor, level, 0.0) for factor, level in supplement.levels.items()]
    pairs.sort(key=lambda pair: pair[0])
    stated = sorted(factor.key for factor in supplement.levels)
    entry = QualityEntry(supplement.source, "level stated by hand, not quoted", "flagged", len(stated),
                         tuple(stated[:EXAMPLES]))
    return replace(
        market, factors=tuple(factor for factor, _, _ in pairs), levels=np.array([level for _, level, _ in pairs]),
        uncertainty=np.array([uncertainty for _, _, uncertainty in pairs]),
        asset_class={**known, **supplement.asset_class}, sources=(*market.sources, supplement.source),
        quality=(*market.quality, *((entry,) if stated else ())),
    )
