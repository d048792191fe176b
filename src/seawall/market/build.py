"""From chains to one market: spots, forwards, rates, smiles, what is listed, and what had to be left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from seawall.errors import InputError
from seawall.kernels.smile import coordinates
from seawall.market.forwards import believed_futures, perpetuals
from seawall.market.listing import listing_of
from seawall.market.quality import described
from seawall.market.quotes import counted
from seawall.market.sources import chain_spot, pooled_futures, pooled_spots
from seawall.market.surface import Expiry, Fitted, Sources, surface_of
from seawall.model.factor import Factor
from seawall.model.instrument import Instrument
from seawall.model.market import Market, make_market
from seawall.model.quotes import Chain, QualityEntry
from seawall.model.smile import Smile

AMERICAN = "European-equivalent volatility"
STABLECOINS = frozenset({"USDC", "USDT", "DAI", "USDE", "EURC", "FDUSD", "PYUSD", "TUSD", "BUSD"})
OLD_CHAIN = "chain over a day older than the market"
OLD = timedelta(hours=24)
DOLLAR = "USD"


def build_market(chains: Sequence[Chain], *, numeraire: str = DOLLAR) -> Market:
    """One market of every chain, as of the latest; where two chains tell the same factor, the first counts.

    Raises InputError if there is no chain at all, or no price of the numeraire.
    """
    if not chains:
        raise InputError("no chain to build a market from", wanted="at least one")
    cleaned = [_with_believed_futures(chain) for chain in chains]
    builder = _Builder(cleaned, max(chain.as_of for chain in chains))
    for chain in cleaned:
        builder.add(chain)
    return builder.market(numeraire)


def _with_believed_futures(chain: Chain) -> Chain:
    futures, entries = believed_futures(chain.futures, chain.source)
    return replace(chain, futures=futures, quality=(*chain.quality, *entries))


class _Builder:
    """Gathers factors, smiles and listings chain by chain, prices in dollars."""

    def __init__(self, chains: Sequence[Chain], as_of: datetime) -> None:
        self.as_of = as_of
        self.levels: dict[Factor, float] = {}
        self.smiles: dict[tuple[str, str], Smile] = {}
        self.listing: dict[str, Instrument] = {}
        self.classes: dict[str, str] = {DOLLAR: "currency"}
        self.quality: list[QualityEntry] = [entry for chain in chains for entry in chain.quality]
        self.sources = tuple(dict.fromkeys(chain.source for chain in chains))
        self.futures = pooled_futures(chains)
        self.spots, entries = pooled_spots(chains)
        self.quality += entries

    def market(self, numeraire: str) -> Market:
        levels = dict(self.levels)
        levels.update({Factor("spot", asset): price for asset, price in self.spots.items() if asset != DOLLAR})
        if numeraire != DOLLAR:
            levels = _in_units_of(numeraire, levels, self.spots)
        return make_market(
            self.as_of, levels, smiles=self.smiles, numeraire=numeraire, listing=self.listing,
            asset_class=self.classes, quality=tuple(self.quality), sources=self.sources,
        )

    def add(self, chain: Chain) -> None:
        listed, entries = listing_of(chain)
        self.listing = {**listed, **self.listing}
        self.quality += entries
        if self.as_of - chain.as_of > OLD:
            self.quality.append(counted(chain.source, OLD_CHAIN, "flagged",
                                        [chain.as_of.isoformat()]))
        if chain.quote_currency != DOLLAR:
            stable = chain.quote_currency in STABLECOINS
            self.classes.setdefault(chain.quote_currency, "stablecoin" if stable else "currency")
        for underlying in sorted(set(chain.options.underlying) | set(chain.futures.underlying)):
            self.classes.setdefault(str(underlying), chain.asset_class)
            if str(underlying) in self.spots:
                self._underlying(chain, str(underlying))
            else:
                self.quality.append(counted(chain.source, "no spot: nothing on it can be valued", "dropped",
                                            [underlying]))

    def _underlying(self, chain: Chain, underlying: str) -> None:
        spot = chain_spot(chain, underlying, self.spots)
        self._perpetuals(chain, underlying, spot)
        rates = {f.tenor: level for f, level in self.levels.items()
                 if f.risk_class == "rate" and f.qualifier == chain.quote_currency}
        futures = self.futures[chain.coin_settled, chain.quote_currency]
        surface = surface_of(chain, underlying, Sources(futures, spot, rates))
        self.quality += surface.entries
        for expiry in surface.expiries:
            self._expiry(chain, underlying, spot, expiry)
        self.quality += described(chain, surface)

    def _perpetuals(self, chain: Chain, underlying: str, spot: float) -> None:
        untold = []
        for quote in perpetuals(chain.futures):
            if quote.underlying != underlying:
                continue
            self.levels.setdefault(Factor("premium", quote.instrument_id), quote.price / spot - 1)
            known = bool(np.isfinite(quote.funding))
            self.levels.setdefault(Factor("funding", quote.instrument_id), quote.funding if known else 0.0)
            untold += [] if known else [quote.instrument_id]
        if untold:
            self.quality.append(counted(chain.source, "funding not told: taken as zero", "repaired", untold))

    def _expiry(self, chain: Chain, underlying: str, spot: float, expiry: Expiry) -> None:
        tenor = expiry.tenor
        carry = float(np.log(expiry.forward.forward / spot) / expiry.years)
        self.levels.setdefault(Factor("carry", underlying, tenor), carry)
        if expiry.rate is not None:
            self.levels.setdefault(Factor("rate", chain.quote_currency, tenor), expiry.rate.rate)
        if expiry.fitted is None:
            return
        if (underlying, tenor) in self.smiles:
            self.quality.append(counted(chain.source, "smile known from an earlier chain: that one kept", "flagged",
                                        [f"{underlying} {tenor}"]))
            return
        smile = _smile(chain, underlying, expiry, expiry.fitted)
        self.smiles[underlying, tenor] = smile
        for name, level in (("volatility", smile.level), ("skew", smile.skew), ("curvature", smile.curvature)):
            self.levels[Factor(name, underlying, tenor)] = level


def _smile(chain: Chain, underlying: str, expiry: Expiry, fitted: Fitted) -> Smile:
    level, skew, curvature = (float(x) for x in coordinates(fitted.raw, expiry.years))
    style = "european" if chain.exercise_style == "european" else AMERICAN
    a, b, rho, m, s = (float(x) for x in fitted.raw)
    return Smile(underlying, expiry.moment, expiry.years, expiry.forward.forward, a, b, rho, m, s, level, skew,
                 curvature, style)


def _in_units_of(
    numeraire: str, levels: Mapping[Factor, float], spots: Mapping[str, float]
) -> dict[Factor, float]:
    """The levels with every spot divided by the numeraire's, the dollar among them."""
    unit = spots.get(numeraire)
    if unit is None:
        raise InputError("the numeraire has no price in this market", found=numeraire,
                         wanted="USD or one of " + ", ".join(sorted(spots)), remedy="choose another numeraire")
    priced = {f: level / unit if f.risk_class == "spot" else level for f, level in levels.items()}
    priced.pop(Factor("spot", numeraire), None)
    return {**priced, Factor("spot", DOLLAR): 1 / unit}
