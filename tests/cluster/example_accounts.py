"""A book of many small accounts, and what is asked of it."""

from __future__ import annotations

from functools import cache

import numpy as np

from example_book import big_book, many_options
from example_market import example_market
from margin.sample_desks import desk
from seawall.cube import revalue
from seawall.margin.holdings import holdings
from seawall.margin.rows import Lines
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.market import Market
from seawall.model.results import Cube
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.simulated import implied_dynamics, student_t

CONFIDENCE = 0.975


def market() -> Market:
    return example_market()


@cache
def rule(scenarios: int = 800) -> ScenarioRule:
    return student_t(implied_dynamics(market(), ["BTC", "ETH", "SPX"]), scenarios=scenarios, degrees=4, seed=3)


@cache
def book() -> Book:
    """Two hundred accounts, one of which has a row that could not be read."""
    found = big_book(3_000, 200, many_options(700))
    return Book(found.instruments, found.instrument_of, found.quantity, found.dimensions, found.average_price,
                failures=(Failure("quantity is not a number", "row 9", accounts=("A0007",)),))


@cache
def cube() -> Cube:
    return revalue(book(), market(), rule())


def random_lines(accounts: int, seed: int = 5) -> tuple[Lines, np.ndarray]:
    """Lines of many accounts in the packaged coin desk's instruments, in no order, and their whole lots."""
    found, prices = desk("crypto")
    instruments = holdings(found, prices).columns.count
    draw = np.random.default_rng(seed)
    lines = Lines(draw.integers(0, accounts, 6 * accounts), draw.integers(0, instruments, 6 * accounts), accounts)
    return lines, draw.integers(-20_000, 20_000, len(lines))
