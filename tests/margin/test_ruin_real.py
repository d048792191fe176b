from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from seawall.formats.history import read_history
from seawall.formats.scenarios import load_crises
from seawall.history.dynamics import fit_dynamics
from seawall.margin.house_rules import PATH, house_rules
from seawall.margin.insolvency import needed
from seawall.scenarios.choice import Plan
from seawall.scenarios.crises import crises
from seawall.scenarios.filtered import filtered

pytestmark = pytest.mark.shared_data

COINS = ("BTCUSDT", "ETHUSDT")
# Long and short each coin, each against the other, and both: shares of one unit of money.
BOOKS = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, -1], [-1, 1], [0.5, 0.5]])
PROBABILITY, PAST, FIRST, EVERY = 0.025, 1000, 1100, 4


def test_ruin_comes_about_as_often_as_the_requirement_allows_on_days_that_it_never_saw(shared_data: Path) -> None:
    panel = read_history(shared_data / "crypto_daily/binance_btc_eth_sol_1d_2017_2025.parquet").select(
        [f"spot:{coin}" for coin in COINS])
    library = load_crises()
    ruined = []
    for today in range(FIRST, len(panel.dates) - 2, EVERY):
        past = panel.between(panel.dates[today - PAST], panel.dates[today])
        days = filtered(fit_dynamics(past, model="ewma", decay=0.94))
        path = house_rules(Plan((days,), {}, crises(library), library))[PATH]
        at = [[column.qualifier for column in path.columns].index(coin) for coin in COINS]
        asked = needed(BOOKS @ path.shocks[:, at].T, PROBABILITY, path=path.path)
        later = panel.values[today + 1 : today + 3] / panel.values[today] - 1
        ruined.append(-(BOOKS @ later.T).min(axis=1) > asked)
    times = np.array(ruined).sum(axis=0)
    # Windows do not overlap. A book with the stated probability would fall outside one time in a thousand.
    for book, count in zip(BOOKS, times.tolist(), strict=True):
        assert binomtest(count, len(ruined), PROBABILITY).pvalue > 1e-3, (book, count, len(ruined))
