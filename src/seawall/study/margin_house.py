"""What does the house's own model see on an evening? Closes before the first chain, the chains so far, named crises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
import numpy as np

from seawall.errors import InputError
from seawall.margin.house_rules import house_rules
from seawall.margin.supply import Supplier, supplier
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.scenarios.choice import CRISES, HISTORICAL, Wish, choose
from seawall.scenarios.crises import Library


@dataclass(frozen=True, eq=False)
class HouseSupply:
    """prices: spots before the first chain. library: crises; those that had not ended by an evening are not told.

    Called with a history of evenings it makes the model's scenarios; the history ends with the market's own evening.
    """

    prices: Panel
    library: Library
    horizon_days: int = 2

    def __call__(self, past: Panel, market: Market) -> Supplier:
        """Scenarios of the main rule that these inputs allow, for any holdings."""
        history = joined(self.prices, past)
        assets = [factor.qualifier for factor in history.factors]
        wish = Wish(names=(HISTORICAL, CRISES))
        plan = choose(market, assets, history=history, library=ended(self.library, market.as_of), wish=wish)
        return supplier(house_rules(plan, horizon_days=self.horizon_days))


def ended(library: Library, by: datetime) -> Library:
    """The crises whose last day lies before this one."""
    return msgspec.structs.replace(library, crises=tuple(c for c in library.crises if c.last < by.date().isoformat()))


def joined(prices: Panel, past: Panel) -> Panel:
    """The factors of ``prices`` before and in the past. Raises InputError if they do not end before it begins."""
    if prices.dates[-1] >= past.dates[0]:
        raise InputError("closes before the chains", found=f"to {prices.dates[-1]}", wanted=f"before {past.dates[0]}")
    place = {factor.key: n for n, factor in enumerate(past.factors)}
    columns = [place[factor.key] for factor in prices.factors]
    return Panel(np.concatenate([prices.dates, past.dates]), prices.factors,
                 np.vstack([prices.values, past.values[:, columns]]), (), prices.source, prices.periods_per_year)
