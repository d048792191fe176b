"""How well does the market repeat its quotes? Inside bid and ask, and the distance from the middle, expiry by expiry.

Every quote is repriced on its own side, calls and puts, in the money or not, against its own row's forward.

A quote is liquid if two-sided, at most a tenth of its middle or two volatility points wide, more than two days from
expiry. What makes a quote stale stands in ``seawall.market.stale``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import NamedTuple

import numpy as np

from seawall.kernels.black import black_value
from seawall.kernels.implied import implied_volatility
from seawall.kernels.smile import volatility
from seawall.market.forwards import believed_futures, forward_of
from seawall.market.quotes import Volatilities, believed, bid_and_ask, is_tight, volatilities
from seawall.market.sources import chain_spot, pooled_spots
from seawall.market.stale import stale_quotes
from seawall.market.surface import Surface, as_of_date
from seawall.model.arrays import Bools, Floats
from seawall.model.factor import tenor_of
from seawall.model.market import Market
from seawall.model.quotes import Chain, FuturesQuotes, OptionQuotes, QualityEntry
from seawall.model.smile import Smile

LIQUID_DAYS = 2.0
ROUNDING = 1e-9  # of the forward: a quote met exactly is inside


@dataclass(frozen=True, slots=True)
class ExpiryFit:
    """Counts of one expiry's believed quotes: liquid, liquid and inside, inside, stale; misses (M,) of those not stale.

    misses: |model - middle| in volatility, decimal, of each quote whose middle has one.
    """

    underlying: str
    tenor: str
    quotes: int
    liquid: int
    liquid_inside: int
    inside: int
    stale: int
    misses: Floats

    @property
    def median_miss(self) -> float:
        """Median distance from the middle, in volatility; NaN from no quote."""
        return _quantile(self.misses, 0.5)

    @property
    def high_miss(self) -> float:
        """The distance from the middle that 95 % of the quotes keep, in volatility; NaN from no quote."""
        return _quantile(self.misses, 0.95)


@dataclass(frozen=True, slots=True)
class FitQuality:
    """One chain's expiries that have a smile, and the same figures over all of them."""

    expiries: tuple[ExpiryFit, ...]

    def total(self, name: str) -> int:
        """Sum of one count over the expiries."""
        return sum(int(getattr(expiry, name)) for expiry in self.expiries)

    @property
    def liquid_share(self) -> float:
        """Share of liquid quotes repriced inside bid and ask; NaN without any."""
        liquid = self.total("liquid")
        return self.total("liquid_inside") / liquid if liquid else float("nan")

    @property
    def inside_share(self) -> float:
        """Share of all believed quotes repriced inside bid and ask; NaN without any."""
        quotes = self.total("quotes")
        return self.total("inside") / quotes if quotes else float("nan")

    @property
    def misses(self) -> Floats:
        """Distances from the middle of every quote not stale, in volatility."""
        return np.concatenate([expiry.misses for expiry in self.expiries]) if self.expiries else np.empty(0)

    @property
    def median_miss(self) -> float:
        """Median of ``misses``."""
        return _quantile(self.misses, 0.5)

    @property
    def high_miss(self) -> float:
        """95 % quantile of ``misses``."""
        return _quantile(self.misses, 0.95)


def fit_quality(chain: Chain, market: Market) -> FitQuality:
    """How well the market's smiles, forwards and rates repeat the chain's quotes; expiries without a smile left out."""
    futures, _ = believed_futures(chain.futures, chain.source)
    spots, _ = pooled_spots([replace(chain, futures=futures)])
    quotes = believed(chain.options, chain.source, as_of_date(chain)).quotes
    found = []
    for underlying, tenor in sorted(market.smiles):
        smile = market.smiles[underlying, tenor]
        date = np.datetime64(smile.expiry.astimezone(UTC).replace(tzinfo=None), "ns")
        mine = quotes.take((quotes.underlying == underlying) & (quotes.expiry == date))
        if len(mine):
            spot = chain_spot(chain, underlying, spots)
            found.append(_fit_of(chain, market, smile, quotes=mine, futures=futures, spot=spot))
    return FitQuality(tuple(fit for fit in found if fit is not None))


def described(chain: Chain, surface: Surface) -> list[QualityEntry]:
    """One entry a smile, with the quotes behind it, and one for every smile that misses a tenth of the liquid ones."""
    entries = []
    for expiry in surface.expiries:
        if expiry.fitted is None:
            continue
        view = View(expiry.quotes, expiry.forward.rows, expiry.discount, expiry.years, chain.coin_settled)
        fit = measured(view, np.asarray(expiry.fitted.raw), surface.underlying, expiry.tenor)
        told = f"{surface.underlying} {expiry.tenor}: {fit.liquid_inside} of {fit.liquid} liquid quotes inside, " \
               f"{_missed(fit)}"
        entries.append(QualityEntry(chain.source, "quotes behind a fitted smile", "fitted", fit.quotes, (told,)))
        if fit.stale:
            entries.append(QualityEntry(chain.source, "stale: contradicts its neighbours or says nothing", "flagged",
                                        fit.stale, (f"{surface.underlying} {expiry.tenor}",)))
        if fit.liquid_inside < 0.9 * fit.liquid:
            entries.append(QualityEntry(chain.source, "liquid quotes outside the smile", "flagged",
                                        fit.liquid - fit.liquid_inside, (told,)))
    return entries


def _missed(fit: ExpiryFit) -> str:
    if not len(fit.misses):
        return "no quote fresh enough to measure a miss"
    return f"miss {100 * fit.median_miss:.2f} (median), {100 * fit.high_miss:.2f} (95 %) points"


class View(NamedTuple):
    """Quotes (Q,) of one expiry with their own forwards (Q,), and what prices them."""

    quotes: OptionQuotes
    forward: Floats
    discount: float
    years: float
    coin_settled: bool


def measured(view: View, raw: Floats, underlying: str, tenor: str) -> ExpiryFit:
    """Every quote of one expiry repriced by its smile."""
    quotes = view.quotes
    bid, ask = bid_and_ask(quotes)
    vols = volatilities(quotes, view.forward, view.discount, view.years, view.coin_settled)
    unit = 1 / view.forward if view.coin_settled else np.full(len(quotes), view.discount)
    sign = np.where(quotes.is_call, 1.0, -1.0)
    model = volatility(vols.k, raw, view.years)
    price = black_value(sign, view.forward, quotes.strike, view.years, model) * unit
    slack = ROUNDING * view.forward * unit
    inside = (price >= bid - slack) & (price <= ask + slack)
    liquid = liquid_quotes(view, vols)
    stale = stale_quotes(quotes, vols)
    middle, _ = implied_volatility(sign, view.forward, quotes.strike, view.years, (bid + ask) / 2 / unit)
    miss = np.abs(model - middle)
    told = ~stale & np.isfinite(miss)
    return ExpiryFit(underlying, tenor, len(quotes), int(liquid.sum()), int((liquid & inside).sum()),
                     int(inside.sum()), int(stale.sum()), miss[told])


def liquid_quotes(view: View, vols: Volatilities) -> Bools:
    """Which quotes (Q,) are liquid by the definition at the head of this page."""
    bid, ask = bid_and_ask(view.quotes)
    two_sided = (bid > 0) & (ask > bid)
    return two_sided & is_tight(view.quotes, vols) & (view.years * 365 > LIQUID_DAYS)


def _fit_of(
    chain: Chain, market: Market, smile: Smile, *, quotes: OptionQuotes, futures: FuturesQuotes, spot: float
) -> ExpiryFit | None:
    tenor = tenor_of(smile.expiry)
    rate = market.index.get(f"rate:{chain.quote_currency}:{tenor}")
    discount = float(np.exp(-market.levels[rate] * smile.years)) if rate is not None and not chain.coin_settled else 1.0
    date = quotes.expiry[0]
    found = forward_of(quotes, futures, underlying=smile.underlying, expiry=date, spot=spot,
                       coin_settled=chain.coin_settled, discount=discount)
    if found is None:
        return None
    rows = found.rows * (smile.forward / found.forward)
    view = View(quotes, rows, discount, smile.years, chain.coin_settled)
    return measured(view, np.array(smile.parameters), smile.underlying, tenor)


def _quantile(values: Floats, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")
