"""The packaged desks, read once: real chains, invented positions."""

from __future__ import annotations

from functools import cache

from seawall.desk import market_of, sample_desk
from seawall.formats.book import read_book
from seawall.model.book import Book
from seawall.model.market import Market


@cache
def desk(name: str) -> tuple[Book, Market]:
    asked = sample_desk(name)
    market = market_of(asked)
    return read_book(asked.book, market), market
