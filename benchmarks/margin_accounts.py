"""Accounts for timing margin: lines of the packaged desks that a model takes, in quantities drawn from a seed."""

from __future__ import annotations

from functools import cache

import numpy as np

from seawall.desk import market_of, sample_desk
from seawall.formats.book import read_book
from seawall.margin.frame import Frame
from seawall.margin.holdings import holdings
from seawall.margin.plan import Bound, bind
from seawall.margin.rows import Lines
from seawall.model.arrays import Floats, Ints, frozen_texts
from seawall.model.book import Account, Book
from seawall.model.margin import MarginModel
from seawall.model.market import Market

ACCOUNT = "TIMED"
EQUITY_MODELS = ("tims",)
STABLE = ("USDC", "USD")


@cache
def desk(name: str) -> tuple[Book, Market]:
    """A packaged desk's book and market."""
    asked = sample_desk(name)
    market = market_of(asked)
    return read_book(asked.book, market), market


def home(model: MarginModel) -> str:
    """The desk whose instruments the model takes."""
    return "equity" if model.name in EQUITY_MODELS else "crypto"


def taken(model: MarginModel, book: Book, market: Market) -> list[int]:
    """Places of the book's instruments that the model takes and that have a value, cash aside."""
    columns = holdings(book, market).columns
    refused = Frame(model, columns).refused()
    price = columns.numbers["price"][: len(book.instruments)]
    return [i for i, terms in enumerate(book.instruments)
            if i not in refused and np.isfinite(price[i]) and terms.kind != "cash"]


def one_account(model: MarginModel, lines: int, seed: int = 1) -> tuple[Book, Market]:
    """A book of one account: cash, and then lines in what the model takes, in whole hundredths."""
    book, market = desk(home(model))
    usable = taken(model, book, market)
    cash = next(i for i, terms in enumerate(book.instruments) if terms.kind == "cash" and terms.underlying in STABLE)
    rng = np.random.default_rng(seed)
    order = rng.permutation(usable)
    of = np.concatenate([[cash], np.resize(order, lines - 1)])
    quantity = np.concatenate([[1e6], np.round(rng.normal(0, 3, lines - 1), 2) + 0.01])
    used, place = np.unique(of, return_inverse=True)
    names = {"account": [ACCOUNT] * lines, "venue": [""] * lines}
    return Book(tuple(book.instruments[int(i)] for i in used), place, quantity,
                {name: frozen_texts(column, name) for name, column in names.items()}, np.full(lines, np.nan),
                {ACCOUNT: Account(ACCOUNT)}), market


def many_accounts(model: MarginModel, accounts: int, lines: int, seed: int = 2) -> tuple[Bound, Lines, Floats]:
    """The desk's columns bound, and many accounts' lines in them with their quantities."""
    book, market = desk(home(model))
    bound = bind(model, holdings(book, market).columns)
    rng = np.random.default_rng(seed)
    usable: Ints = np.array(taken(model, book, market))
    held = Lines(np.repeat(np.arange(accounts), lines), rng.choice(usable, accounts * lines), accounts)
    return bound, held, np.round(rng.normal(0, 3, accounts * lines), 2)
