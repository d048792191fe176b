"""A small question: the example book with a history of two coins whose moves are drawn, not recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from example_desk import BROKEN, HEADER, ROWS
from example_market import example_market
from seawall.formats.book import read_book
from seawall.formats.scenarios import load_crises
from seawall.inquiry.asked import Asked
from seawall.model.factor import Factor
from seawall.model.panel import Panel
from seawall.model.policy import Policy
from seawall.scenarios.choice import Wish, choose

DAYS = 900
# Long bitcoin against ether: safe while the two move together.
SPREAD = ("SHORT,Bybit,pair,ETH-SPOT,-900,,spot,ETH,USD,USD,linear,,,,", "SHORT,Bybit,pair,USD,4000000,,,,,,,,,,")


def history(days: int = DAYS) -> Panel:
    """BTC and ETH, fat-tailed and correlated, on consecutive days."""
    rng = np.random.default_rng(7)
    common, own = rng.standard_t(4, days), rng.standard_normal((2, days))
    calm = 1 + 0.8 * np.sin(np.arange(days) / 60)
    moves = np.column_stack([0.02 * (common + 0.4 * own[0]), 0.025 * (common + 0.6 * own[1])]) * calm[:, None] * 0.7
    levels = np.array([60_000.0, 3_000.0]) * np.exp(np.cumsum(moves, axis=0) - moves.sum(axis=0))
    dates = np.datetime64("2024-02-01") + np.arange(days)
    return Panel(dates.astype("datetime64[ns]"), (Factor("spot", "BTC"), Factor("spot", "ETH")), levels, (), "drawn")


def question(directory: Path, *, broken: bool = False, with_history: bool = True, draws: int = 1024) -> Asked:
    """What the commands would ask of it."""
    market, path = example_market(), directory / "book.csv"
    path.write_text("\n".join([HEADER, *ROWS, *SPREAD, *([BROKEN] if broken else [])]) + "\n", encoding="utf-8")
    book = read_book(path, market)
    panel = history() if with_history else None
    names = sorted({i.underlying for i in book.instruments} | {i.settlement_currency for i in book.instruments})
    plan = choose(market, names, history=panel, library=load_crises(), wish=Wish(draws=draws))
    return Asked(book, market, plan, Policy(), panel, "Example", draws)


def silent(stage: str) -> None:
    del stage
