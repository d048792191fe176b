"""Whole requirements from book and market: every installed model over an invented desk and the packaged ones.

A market is what it is told to be: fitted once, by whoever asks, and handed over as a file of its fields.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from example_book import book_of
from example_market import example_market
from seawall.desk import market_of, sample_desk
from seawall.errors import RiskError
from seawall.formats.book import read_book
from seawall.formats.margin_models import margin_models
from seawall.margin.exact import ExactPlan, decide, evaluate_exact, exact_plan
from seawall.margin.holdings import Holdings, holdings
from seawall.margin.plan import bind, index
from seawall.margin.rows import Lines
from seawall.margin.scan import PlannedScan
from seawall.margin.shock import Supplied
from seawall.margin.supply import supplied_cubes
from seawall.model.book import Book
from seawall.model.margin import MarginModel
from seawall.model.market import Market
from seawall.model.state import present
from seawall.scenarios.grid import grid

DESKS = ("example", "crypto", "equity")
RULE = grid(tuple(round(-0.6 + 0.006 * step, 3) for step in range(200)), (0.0,))


def written(path: Path) -> None:
    """Writes the fields of every desk's market."""
    markets = {"example": example_market(), **{name: market_of(sample_desk(name)) for name in DESKS[1:]}}
    path.write_bytes(pickle.dumps({name: _fields(market) for name, market in markets.items()}))


def _fields(market: Market) -> dict[str, Any]:
    found = {name: getattr(market, name) for name in market.__dataclass_fields__}
    return {name: dict(value) if isinstance(value, MappingProxyType) else value for name, value in found.items()}


def desk(name: str, markets: Path) -> tuple[Book, Market]:
    """A desk's book over the market that was written."""
    market = Market(**pickle.loads(markets.read_bytes())[name])
    return (book_of() if name == "example" else read_book(sample_desk(name).book, market)), market


def requirements(name: str, markets: Path) -> Iterator[np.ndarray]:
    """Per model: what every instrument is worth in every scenario, every term's bounds, and what decides."""
    book, market = desk(name, markets)
    held = holdings(book, market)
    for plan in _plans(held, market):
        yield from (term.cube for term in plan.plan.terms.values() if isinstance(term, PlannedScan))
        lots = np.rint(held.quantity * 1e4).astype(np.int64)
        for bounds in evaluate_exact(plan, lots).values():
            yield from bounds
        yield from _decided(plan, lots)


def results(name: str, markets: Path, *, turned: bool) -> Iterator[np.ndarray]:
    """Per model what decides, the lines in their own order or in another."""
    book, market = desk(name, markets)
    held = holdings(book, market)
    order = np.argsort((np.arange(len(held.quantity)) * 7919) % 10007) if turned else np.arange(len(held.quantity))
    lines = Lines(held.lines.account[order], held.lines.instrument[order], held.lines.accounts)
    for plan in _plans(held, market, lines):
        yield from _decided(plan, np.rint(held.quantity[order] * 1e4).astype(np.int64))


def _decided(plan: ExactPlan, lots: np.ndarray) -> Iterable[np.ndarray]:
    found = decide(plan, lots)
    return found.equity, found.initial, found.maintenance, found.unknown


def _plans(held: Holdings, market: Market, lines: Lines | None = None) -> Iterator[ExactPlan]:
    for model in margin_models().values():
        try:
            bound = bind(model, held.columns, _supplied(model, held, market))
            plan = index(bound, held.lines if lines is None else lines)
        except RiskError:
            continue  # a model that cannot take the desk: its rows would not be of one piece
        yield exact_plan(plan)


def _supplied(model: MarginModel, held: Holdings, market: Market) -> Mapping[str, Supplied]:
    return supplied_cubes(held, present(market), dict.fromkeys(model.cubes, RULE)) if model.cubes else {}
