"""How does the book lean? Greeks by every dimension, the vega ladder, joint volatility, and where the market stands."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from seawall.measures.exposure import factor_exposures, joint_volatility
from seawall.measures.greeks import COLUMNS, GreekTable, InstrumentGreeks, book_greeks, bucketed, vega_ladder
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.report import GreekRow, Joint, JointRow, PriceRow, VegaRow
from seawall.model.results import Cube
from seawall.scenarios.simulated import Dynamics
from seawall.statement.numbers import key_text, known, rounded

GROSS = ("delta", "gamma", "vega", "theta")
DISPLAY_DAYS = 30.0


def greek_rows(
    book: Book, cube: Cube, market: Market, greeks: InstrumentGreeks, by: tuple[str, ...]
) -> tuple[GreekRow, ...]:
    """Net and gross of each value of underlying, expiry bucket and the dimensions asked for."""
    buckets = bucketed(book, market.as_of)
    names = dict.fromkeys(("underlying", "expiry_bucket", *by))
    return tuple(row for name in names for row in _rows(name, book_greeks(buckets, cube, greeks, by=name.split("/"))))


def vega_rows(book: Book, cube: Cube, market: Market, greeks: InstrumentGreeks) -> tuple[VegaRow, ...]:
    """By underlying and expiry, in the order of time; expiries without vega are left out."""
    ladder = vega_ladder(book, cube, greeks)
    return tuple(
        VegaRow(underlying, expiry, _days(expiry, market.as_of), float(ladder.net[u, e]), float(ladder.gross[u, e]))
        for u, underlying in enumerate(ladder.underlyings) for e, expiry in enumerate(ladder.expiries)
        if ladder.gross[u, e] > 0
    )


def joint_of(book: Book, market: Market, cube: Cube, dynamics: Dynamics, *, assumption: str, currency: str) -> Joint:
    """Volatility of the whole book from its sensitivities, with what each factor adds."""
    found = joint_volatility(factor_exposures(book, market, cube, by=(), currency=currency), market, dynamics)
    names = [f"{c.risk_class} {c.qualifier}" for c in dynamics.columns]
    rows = [
        JointRow(name, float(found.exposure[0, n]), float(dynamics.volatility[n]),
                 abs(float(found.exposure[0, n] * dynamics.volatility[n])), float(found.contribution[0, n]))
        for n, name in enumerate(names)
    ]
    return Joint(
        float(found.volatility[0]), float(found.standalone[0]), float(found.diversification[0]), assumption,
        tuple(rounded(row) for row in dynamics.correlation), tuple(sorted(rows, key=lambda r: -abs(r.contribution))),
    )


def price_rows(book: Book, market: Market) -> tuple[PriceRow, ...]:
    """Spot and 30-day volatility of each underlying that the book holds and the market prices."""
    held = sorted({i.underlying for i in book.instruments})
    return tuple(
        PriceRow(name, market.spot(name), _thirty_days(market, name), sum(u == name for u, _ in market.smiles))
        for name in held if name != market.numeraire and f"spot:{name}" in market.index
    )


def _rows(name: str, table: GreekTable) -> list[GreekRow]:
    places = [COLUMNS.index(g) for g in GROSS]
    return [
        GreekRow(name, key_text(key), *rounded(table.net[n]), *rounded(table.gross[n, places]))
        for n, key in enumerate(table.keys)
    ]


def _days(expiry: str, as_of: datetime) -> float:
    return (datetime.fromisoformat(expiry) - as_of).total_seconds() / 86400 if expiry else 0.0


def _thirty_days(market: Market, name: str) -> float | None:
    """At-the-money volatility at 30 days: total variance linear in time between expiries, flat outside."""
    smiles = sorted((s for (u, _), s in market.smiles.items() if u == name), key=lambda s: s.years)
    if not smiles:
        return None
    years = np.array([s.years for s in smiles])
    variance = np.array([s.level**2 * s.years for s in smiles])
    at = float(np.clip(DISPLAY_DAYS / 365, years[0], years[-1]))
    return known(float(np.sqrt(np.interp(at, years, variance) / at)))
