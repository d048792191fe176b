"""Percent or decimal? Volatilities of one column brought to decimals, each change counted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seawall.formats.columns import VOLATILITIES, Numbers
from seawall.formats.tally import Tally

PERCENT_FROM = 3.0  # a middle of 3 is 3 % or 300 %: no listed market has been at either
CELL_PERCENT_FROM = 5.0


def decimal_volatilities(numbers: Mapping[str, Numbers], tally: Tally) -> dict[str, Numbers]:
    """The columns with their volatilities in decimals.

    A column whose middle is 3 or more is in percent. In a decimal column a single cell of 5 or more is in percent if a
    hundredth of it lies within a factor of three of the column's middle. In a percent column a cell that would be like
    the middle as a decimal (0.5 beside 50) is flagged and read as percent: it may be a currency that is quiet.
    """
    return {
        name: _decimal(name, column, tally) if name in VOLATILITIES else column for name, column in numbers.items()
    }


def _decimal(name: str, column: Numbers, tally: Tally) -> Numbers:
    values = column.values
    known = values[values > 0]
    if not len(known):
        return column
    middle = float(np.median(known))
    if middle >= PERCENT_FROM:
        tally.add(f"{name}: percent read as decimal", "repaired", ["all rows"], len(known))
        alike = known * 100 / middle
        doubted = known[(known < PERCENT_FROM) & (alike > 1 / 3) & (alike < 3)]
        tally.add(f"{name}: perhaps a decimal among percents, read as percent", "flagged",
                  [f"{v:g}" for v in doubted[:3]], len(doubted))
        return Numbers(values / 100, column.bad)
    share = values / 100 / middle
    percent = (values >= CELL_PERCENT_FROM) & (share > 1 / 3) & (share < 3)
    tally.add(f"{name}: percent among decimals read as decimal", "repaired", [f"{v:g}" for v in values[percent][:3]],
              int(percent.sum()))
    return Numbers(np.where(percent, values / 100, values), column.bad)
