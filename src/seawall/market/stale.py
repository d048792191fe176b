"""Which quotes say nothing today?"""

from __future__ import annotations

import numpy as np

from seawall.market.quotes import Volatilities
from seawall.model.arrays import Bools
from seawall.model.quotes import OptionQuotes


def stale_quotes(quotes: OptionQuotes, vols: Volatilities) -> Bools:
    """Which quotes (Q,) are stale."""
    return np.zeros(len(quotes), dtype=bool)
