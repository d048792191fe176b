"""How much do moves of all factors together weigh? Exposures to every factor, and their joint volatility."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.instruments.plugins import kind_of
from seawall.model.arrays import Floats
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.results import Cube
from seawall.model.scenario import RELATIVE
from seawall.model.state import present
from seawall.scenarios.simulated import Dynamics


class JointVolatility(NamedTuple):
    """Reporting currency per year unless said: sqrt(d'Sd), the sum of stand-alone ones, what pooling saves.

    contribution (C,): Euler parts of ``volatility``, adding up to it. exposure (C,): currency per 100 % move, or
    per 1.00 of a factor that moves absolutely.
    """

    volatility: float
    standalone: float
    diversification: float
    contribution: Floats
    exposure: Floats


def factor_exposures(book: Book, market: Market, cube: Cube, by: tuple[str, ...] = ()) -> Floats:
    """(N,F) derivative of each row's value, in the numeraire, by every factor's level: a linear view of the book."""
    failed = {failure.instrument_id for failure in cube.failures}
    per_contract = np.zeros((len(book.instruments), len(market.factors)))
    for row, instrument in enumerate(book.instruments):
        if instrument.instrument_id in failed:
            continue
        kind = kind_of(instrument)
        rate = market.spot(instrument.settlement_currency)
        slopes = kind.slopes([instrument], market)
        for key, delta in zip(slopes.keys, slopes.delta, strict=True):
            per_contract[row, market.index[str(key)]] += delta * rate
        if not kind.margined and instrument.settlement_currency != market.numeraire:
            equity = float(kind.value([instrument], present(market))[0, 0])
            per_contract[row, market.index[f"spot:{instrument.settlement_currency}"]] += equity
    keys, rows = book.groups(by)
    out = np.zeros((len(keys), len(market.factors)))
    np.add.at(out, rows, book.quantity[:, None] * per_contract[book.instrument_of])
    return out


def joint_volatility(exposures: Floats, market: Market, dynamics: Dynamics) -> JointVolatility:
    """sqrt(d'Sd) of exposures (F,) under the dynamics, whose columns name single factors or whole expiries' levels."""
    d = np.array([_along(exposures, market, column.risk_class, column.qualifier, column.how == RELATIVE)
                  for column in dynamics.columns])
    covariance = dynamics.correlation * np.outer(dynamics.volatility, dynamics.volatility)
    total = float(np.sqrt(max(d @ covariance @ d, 0.0)))
    alone = float(np.abs(d * dynamics.volatility).sum())
    parts = d * (covariance @ d) / total if total > 0 else np.zeros(len(d))
    return JointVolatility(total, alone, 1 - total / alone if alone > 0 else 0.0, parts, d)


def _along(exposures: Floats, market: Market, risk_class: str, qualifier: str, relative: bool) -> float:
    places = [i for i, f in enumerate(market.factors) if (f.risk_class, f.qualifier) == (risk_class, qualifier)]
    scale = market.levels[places] if relative else np.ones(len(places))
    return float(exposures[places] @ scale)
