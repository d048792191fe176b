"""Two days of one desk, everything invented: yesterday's run, and today's after trades, moves and a day's passing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from example_book import LINES, book_of
from example_market import AS_OF, example_market
from seawall.changes.archive import Archive, Ingredients
from seawall.engine import assess
from seawall.formats.scenarios import load_crises
from seawall.kernels.smile import coordinates
from seawall.model.book import Book
from seawall.model.factor import Factor
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.model.policy import Policy
from seawall.model.smile import Smile
from seawall.scenarios.choice import Wish, choose

BY = ("venue", "underlying", "strategy")
DRAWS = 600
ASSETS = ("BTC", "ETH", "SPX")
# Today: less of the short calls, more of the puts, the coin-settled calls gone, one new line at a known price.
TODAY_LINES = (
    ("A1", "Deribit", "vol", "C60", -1.0, np.nan), ("A1", "Deribit", "vol", "P50", -4.0, np.nan),
    ("A1", "Deribit", "base", "BTC", 1.45, np.nan), ("A5", "Bybit", "hedge", "LINEAR", 1.5, 61_500.0),
    *LINES[4:],
)


def moved_market(
    market: Market, *, days: float = 1.0, spot: Mapping[str, float] | None = None, volatility: float = 1.0,
    skew: float = 0.0, carry: float = 0.0, rate: float = 0.0, peg: float = 0.0,
) -> Market:
    """The market later: spots times (1 + move), every smile's width times volatility, other levels plus their move."""
    as_of = market.as_of + timedelta(days=days)
    add = {"carry": carry, "rate": rate, "peg": peg, "premium": carry / 10, "funding": rate}
    levels = {f: float(level) for f, level in zip(market.factors, market.levels, strict=True)}
    for factor in levels:
        if factor.risk_class == "spot":
            levels[factor] *= 1 + (spot or {}).get(factor.qualifier, 0.0)
        levels[factor] += add.get(factor.risk_class, 0.0)
    smiles = {key: _moved(smile, market.as_of, as_of, volatility, skew) for key, smile in market.smiles.items()}
    for (underlying, tenor), smile in smiles.items():
        for name in ("volatility", "skew", "curvature"):
            found = {"volatility": smile.level, "skew": smile.skew, "curvature": smile.curvature}[name]
            levels[Factor(name, underlying, tenor)] = found
    factors = tuple(sorted(levels))
    return replace(market, as_of=as_of, factors=factors, levels=np.array([levels[f] for f in factors]),
                   uncertainty=np.zeros(len(factors)), smiles=smiles)


def _moved(smile: Smile, before: datetime, after: datetime, width: float, skew: float) -> Smile:
    years = smile.years - (after - before).total_seconds() / (365 * 86400)
    share = width**2 * max(years, 1e-6) / smile.years
    raw = (smile.a * share, smile.b * share, smile.rho + skew, smile.m, smile.s)
    level, bent, curvature = (float(x) for x in coordinates(np.array(raw), max(years, 1e-6)))
    return Smile(smile.underlying, smile.expiry, max(years, 1e-6), smile.forward, *(float(x) for x in raw), level,
                 bent, curvature)


def price_history(days: int = 260, *, seed: int = 3, extra: int = 0) -> Panel:
    """Closes of the three assets, drawn once; extra: as many days more at the end."""
    draw = np.random.default_rng(seed)
    moves = draw.normal(0.0, 0.02, (days + 200, len(ASSETS))) * np.array([1.0, 1.3, 0.5])
    start = np.array([60_000.0, 3_000.0, 7_400.0])
    values = start * np.exp(np.cumsum(moves, axis=0))[: days + extra]
    first = np.datetime64(AS_OF.replace(tzinfo=None), "D") - np.timedelta64(days, "D")
    dates = first + np.arange(days + extra)
    return Panel(dates, tuple(Factor("spot", a) for a in ASSETS), values, (), "drawn", 365.0)


def archive_of(
    book: Book, market: Market, *, history: Panel | None = None, wish: Wish | None = None,
    policy: Policy | None = None, by: Sequence[str] = BY, ingredients: bool = True,
) -> Archive:
    """The run of one book against one market."""
    asked = wish or Wish(names=("student-t", "historical"), draws=DRAWS, seed=5)
    library = load_crises()
    underlyings = sorted({i.underlying for i in book.instruments} | {i.settlement_currency for i in book.instruments})
    plan = choose(market, underlyings, history=history, library=library, wish=asked)
    told = policy or Policy()
    found = assess(book, market, plan, policy=told, by=tuple(by), title="Desk")
    made_of = Ingredients(asked, history, library) if ingredients else None
    return Archive(found.report, book, market, plan, told, tuple(by), "Desk", made_of=made_of)


def yesterday() -> Archive:
    return archive_of(book_of(), example_market())


def today() -> Archive:
    moved = moved_market(example_market(), spot={"BTC": -0.03, "ETH": -0.05, "SPX": 0.004, "USDC": 0.0002},
                         volatility=1.06, skew=-0.02, carry=0.004, rate=0.001, peg=-0.002)
    return archive_of(book_of(TODAY_LINES), moved)
