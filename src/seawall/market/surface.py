"""What does one chain say of one underlying? Its expiries in time: quotes, forward, rate and smile of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from seawall.market.forwards import Forward, forward_of
from seawall.market.quotes import REASON_TEXT, Volatilities, believed, counted, volatilities
from seawall.market.rates import Rate, implied_rates
from seawall.market.smiles import FEWEST_STRIKES, Points, calendar_gap, fit_smiles, points_of
from seawall.model.arrays import Bools, Floats
from seawall.model.factor import tenor_of
from seawall.model.quotes import Chain, FuturesQuotes, OptionQuotes, QualityEntry

YEAR = np.timedelta64(365 * 86400, "s")
CALENDAR_TOLERANCE = -1e-8


class Sources(NamedTuple):
    """What other chains of the same market lend: futures, the underlying's spot, rates already told by tenor."""

    futures: FuturesQuotes
    spot: float
    rates: Mapping[str, float]


class Fitted(NamedTuple):
    """A smile's raw parameters (5,) and what they went through: volatilities (Q,) and the rows used (Q,)."""

    raw: Floats
    volatilities: Volatilities
    used: Bools


@dataclass(frozen=True, slots=True)
class Expiry:
    """One expiry: quotes believed, years, forward, rate (None where premiums are undiscounted), smile or None."""

    date: np.datetime64
    moment: datetime
    years: float
    quotes: OptionQuotes
    forward: Forward
    rate: Rate | None
    fitted: Fitted | None

    @property
    def tenor(self) -> str:
        """Its tenor text."""
        return tenor_of(self.moment)

    @property
    def discount(self) -> float:
        """Value now of one unit of currency at expiry."""
        return 1.0 if self.rate is None else float(np.exp(-self.rate.rate * self.years))


class Surface(NamedTuple):
    """The expiries of one underlying, ascending, and what had to be left out."""

    underlying: str
    expiries: tuple[Expiry, ...]
    entries: tuple[QualityEntry, ...]


class _Open(NamedTuple):
    """An expiry before its smile: as in ``Expiry``, with what a fit may go through."""

    date: np.datetime64
    years: float
    quotes: OptionQuotes
    forward: Forward
    rate: Rate | None
    volatilities: Volatilities | None
    points: Points | None
    used: Bools


def surface_of(chain: Chain, underlying: str, sources: Sources) -> Surface:
    """Everything that one chain says of one underlying."""
    entries: list[QualityEntry] = []
    mine = chain.options.take(chain.options.underlying == underlying)
    quotes, dropped = believed(mine, chain.source, as_of_date(chain))
    entries += dropped
    rates = _rates(chain, quotes, sources)
    found = [_open(chain, underlying, date, quotes=quotes, sources=sources, rates=rates, entries=entries)
             for date in _dates(chain, underlying, sources.futures)]
    open_ = [expiry for expiry in found if expiry is not None]
    fits = _fits(chain, underlying, open_, entries)
    expiries = tuple(
        Expiry(o.date, moment_of(o.date), o.years, o.quotes, o.forward, o.rate, fits.get(n))
        for n, o in enumerate(open_)
    )
    return Surface(underlying, expiries, tuple(entries))


def as_of_date(chain: Chain) -> np.datetime64:
    """The chain's time in the quotes' own type."""
    return np.datetime64(chain.as_of.replace(tzinfo=None), "ns")


def moment_of(date: np.datetime64) -> datetime:
    """The date as an aware time, to the second."""
    return datetime.fromtimestamp(int(date.astype("datetime64[s]").astype(int)), tz=UTC)


def years_to(chain: Chain, date: np.datetime64) -> float:
    """ACT/365 years from the chain's time."""
    return float((date - as_of_date(chain)) / YEAR)


def _dates(chain: Chain, underlying: str, futures: FuturesQuotes) -> list[np.datetime64]:
    options = chain.options.expiry[chain.options.underlying == underlying]
    dated = futures.expiry[(futures.underlying == underlying) & ~np.isnat(futures.expiry)]
    return [date for date in np.unique(np.concatenate([options, dated])) if years_to(chain, date) > 0]


def _rates(chain: Chain, quotes: OptionQuotes, sources: Sources) -> Mapping[np.datetime64, Rate] | None:
    """Zero rates by expiry; None on a crypto venue, whose premiums are not discounted."""
    if chain.coin_settled or chain.asset_class == "crypto":
        return None
    dates = np.unique(quotes.expiry)
    implied = implied_rates({date: (quotes.take(quotes.expiry == date), years_to(chain, date)) for date in dates})
    told = {date: sources.rates.get(tenor_of(moment_of(date))) for date in dates}
    lent = {date: Rate(rate, True) for date, rate in told.items() if rate is not None}
    return {**{date: Rate(0.0, False) for date in dates}, **implied, **lent}


def _open(
    chain: Chain, underlying: str, date: np.datetime64, *, quotes: OptionQuotes, sources: Sources,
    rates: Mapping[np.datetime64, Rate] | None, entries: list[QualityEntry],
) -> _Open | None:
    mine, years = quotes.take(quotes.expiry == date), years_to(chain, date)
    rate = None if rates is None else rates.get(date, Rate(0.0, False))
    discount = 1.0 if rate is None else float(np.exp(-rate.rate * years))
    forward = forward_of(mine, sources.futures, underlying=underlying, expiry=date, spot=sources.spot,
                         coin_settled=chain.coin_settled, discount=discount)
    label = f"{underlying} {tenor_of(moment_of(date))}"
    if forward is None:
        entries.append(counted(chain.source, "expiry without a forward: its options cannot be valued", "dropped",
                               [label]))
        return None
    entries.append(counted(chain.source, f"forward from {forward.source}", "flagged", [label]))
    if rate is not None and not rate.own:
        entries.append(counted(chain.source, "rate lent by neighbouring expiries", "flagged", [label]))
    if not len(mine):
        return _Open(date, years, mine, forward, rate, None, None, np.zeros(0, dtype=bool))
    vols = volatilities(mine, forward.rows, discount, years, chain.coin_settled)
    entries += [counted(chain.source, text, "dropped", mine.instrument_id[vols.reason == code])
                for code, text in REASON_TEXT.items() if (vols.reason == code).any()]
    points, used = points_of(mine, vols, years, inside=chain.asset_class == "crypto")
    return _Open(date, years, mine, forward, rate, vols, points, used)


def _fits(
    chain: Chain, underlying: str, open_: list[_Open], entries: list[QualityEntry]
) -> dict[int, Fitted]:
    """Smiles by place among the expiries; those with too few strikes are told and left out."""
    ready, points = [], []
    for n, expiry in enumerate(open_):
        if expiry.points is None:
            continue
        strikes = len(np.unique(expiry.quotes.strike[expiry.used]))
        if strikes >= FEWEST_STRIKES:
            ready.append(n)
            points.append(expiry.points)
        else:
            label = f"{underlying} {tenor_of(moment_of(expiry.date))}: {strikes} strikes"
            entries.append(counted(chain.source, "too few strikes for a smile: its options cannot be valued",
                                   "dropped", [label]))
    raws = fit_smiles(points)
    falls = [calendar_gap(a, b) for a, b in pairwise(raws)]
    named = [f"{underlying} {tenor_of(moment_of(open_[n].date))}" for n, gap in zip(ready[1:], falls, strict=True)
             if gap < CALENDAR_TOLERANCE]
    if named:
        entries.append(counted(chain.source, "calendar: quotes force total variance below the expiry before",
                               "flagged", named))
    return {
        n: Fitted(raw, vols, open_[n].used)
        for n, raw in zip(ready, raws, strict=True) if (vols := open_[n].volatilities) is not None
    }
