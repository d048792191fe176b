"""From chains to one market: forwards, smiles, factors, what is listed, and what had to be left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from seawall.errors import InputError
from seawall.instruments.future import FutureTerms
from seawall.instruments.option import OptionTerms
from seawall.instruments.perpetual import PerpetualTerms
from seawall.instruments.prices import years_between
from seawall.kernels.smile import butterfly, coordinates
from seawall.kernels.svi_fit import fit_svi
from seawall.market.forwards import Forward, future_price, parity_forward, perpetuals
from seawall.market.quotes import clean, counted, volatilities
from seawall.model.factor import Factor, tenor_of
from seawall.model.instrument import Instrument
from seawall.model.market import Market, make_market
from seawall.model.quotes import Chain, OptionQuotes, QualityEntry
from seawall.model.smile import Smile

FEWEST_STRIKES = 5
INVERSE_FUTURE_SIZE = {"BTC": 10.0}


def build_market(chains: Sequence[Chain], *, numeraire: str = "USD") -> Market:
    """One market of every chain, as of the latest. Raises InputError if there is no chain at all."""
    if not chains:
        raise InputError("no chain to build a market from", wanted="at least one")
    builder = _Builder(numeraire)
    for chain in chains:
        builder.add(chain)
    return builder.market(max(chain.as_of for chain in chains))


class _Builder:
    """Gathers factors, smiles and listings chain by chain."""

    def __init__(self, numeraire: str) -> None:
        self.numeraire = numeraire
        self.levels: dict[Factor, float] = {}
        self.smiles: dict[tuple[str, str], Smile] = {}
        self.listing: dict[str, Instrument] = {}
        self.classes: dict[str, str] = {}
        self.quality: list[QualityEntry] = []
        self.sources: list[str] = []

    def market(self, as_of: datetime) -> Market:
        return make_market(
            as_of, self.levels, smiles=self.smiles, numeraire=self.numeraire, listing=self.listing,
            asset_class=self.classes, quality=tuple(self.quality), sources=tuple(self.sources),
        )

    def add(self, chain: Chain) -> None:
        self.sources.append(chain.source)
        self.quality.extend(chain.quality)
        for asset, price in chain.spots:
            self.levels[Factor("spot", asset, unit=self.numeraire)] = price
            self.classes.setdefault(asset, chain.asset_class)
        options, entries = clean(chain.options, chain.source, np.datetime64(chain.as_of.replace(tzinfo=None), "ns"))
        self.quality.extend(entries)
        spots = dict(chain.spots)
        for underlying in sorted(set(chain.options.underlying) | set(chain.futures.underlying)):
            if underlying not in spots:
                self.quality.append(QualityEntry(chain.source, f"no spot for {underlying}", "dropped", 1))
                continue
            self._list(chain, str(underlying))
            self._perpetuals(chain, str(underlying), spots[underlying])
            self._expiries(chain, options, str(underlying), spots[underlying])

    def _perpetuals(self, chain: Chain, underlying: str, spot: float) -> None:
        for name, of, price, funding in perpetuals(chain.futures):
            if of == underlying:
                self.levels[Factor("premium", name)] = price / spot - 1
                self.levels[Factor("funding", name)] = funding

    def _expiries(self, chain: Chain, options: OptionQuotes, underlying: str, spot: float) -> None:
        dates = set(options.expiry[options.underlying == underlying])
        dates |= {e for e in chain.futures.expiry[chain.futures.underlying == underlying] if not np.isnat(e)}
        for date in sorted(dates):
            expiry = datetime.fromtimestamp(int(date.astype("datetime64[s]").astype(int)), tz=UTC)
            quotes = options.take((options.underlying == underlying) & (options.expiry == date))
            self._expiry(chain, quotes, underlying, spot, expiry)

    def _expiry(self, chain: Chain, quotes: OptionQuotes, underlying: str, spot: float, expiry: datetime) -> None:
        years, tenor = years_between(chain.as_of, expiry), tenor_of(expiry)
        found = _forward(chain, quotes, underlying, spot, expiry)
        if years <= 0:
            return
        if found is None:
            self.quality.append(counted(chain.source, "expiry without a forward", "dropped", [f"{underlying} {tenor}"]))
            return
        self.levels[Factor("carry", underlying, tenor)] = float(np.log(found.forward / spot) / years)
        if not chain.coin_settled:
            self.levels[Factor("rate", chain.quote_currency, tenor)] = float(-np.log(found.discount) / years)
        if len(quotes):
            self._smile(chain, quotes, found, underlying, expiry)

    def _smile(self, chain: Chain, quotes: OptionQuotes, found: Forward, underlying: str, expiry: datetime) -> None:
        years, tenor = years_between(chain.as_of, expiry), tenor_of(expiry)
        vols, rejects = volatilities(quotes, found.forward, found.discount, years, chain.coin_settled)
        self.quality.extend(counted(chain.source, reason, "dropped", ids) for reason, ids in rejects.items())
        use = vols.usable
        if use.sum() < FEWEST_STRIKES:
            name = f"{underlying} {tenor}"
            self.quality.append(counted(chain.source, "too few strikes for a smile", "dropped", [name]))
            return
        raw = fit_svi(vols.k[use], vols.bid[use], vols.ask[use], years)
        level, skew, curvature = (float(x) for x in coordinates(raw, years))
        style = "european" if chain.exercise_style == "european" else "European-equivalent volatility"
        a, b, rho, m, s = (float(x) for x in raw)
        self.smiles[underlying, tenor] = Smile(
            underlying, expiry, years, found.forward, a, b, rho, m, s, level, skew, curvature, style)
        for name, value in (("volatility", level), ("skew", skew), ("curvature", curvature)):
            self.levels[Factor(name, underlying, tenor)] = value
        wide = np.linspace(-4, 4, 81) * level * np.sqrt(years)
        if float(np.min(butterfly(wide, raw))) < -1e-3:
            name = f"{underlying} {tenor}"
            self.quality.append(counted(chain.source, "smile with a negative butterfly", "flagged", [name]))

    def _list(self, chain: Chain, underlying: str) -> None:
        coin = chain.coin_settled
        common = {
            "underlying": underlying, "quote_currency": chain.quote_currency,
            "settlement_currency": underlying if coin else chain.quote_currency,
            "payoff": "inverse" if coin else "linear",
        }
        options, futures = chain.options, chain.futures
        for row in np.flatnonzero(options.underlying == underlying):
            name = str(options.instrument_id[row])
            kind = "call" if options.is_call[row] else "put"
            self.listing[name] = OptionTerms(
                instrument_id=name, strike=float(options.strike[row]), option_type=kind,
                expiry=_aware(options.expiry[row]), exercise_style=chain.exercise_style,
                contract_size=1.0 if coin else 100.0, **common)
        size = INVERSE_FUTURE_SIZE.get(underlying, 1.0) if coin else 1.0
        for row in np.flatnonzero(futures.underlying == underlying):
            name = str(futures.instrument_id[row])
            if np.isnat(futures.expiry[row]):
                self.listing[name] = PerpetualTerms(instrument_id=name, contract_size=size, **common)
            else:
                self.listing[name] = FutureTerms(
                    instrument_id=name, contract_size=size, expiry=_aware(futures.expiry[row]), **common)


def _forward(chain: Chain, quotes: OptionQuotes, underlying: str, spot: float, expiry: datetime) -> Forward | None:
    date = np.datetime64(expiry.replace(tzinfo=None), "ns")
    price = future_price(chain.futures, underlying, date)
    parity = parity_forward(quotes, spot, chain.coin_settled) if len(quotes) else None
    if np.isfinite(price):
        return Forward(price, parity.discount if parity else 1.0, "future", 0)
    if parity is not None:
        return parity
    stated = quotes.forward[np.isfinite(quotes.forward)]
    return Forward(float(np.median(stated)), 1.0, "venue", 0) if len(stated) else None


def _aware(moment: np.datetime64) -> datetime:
    return datetime.fromtimestamp(int(moment.astype("datetime64[s]").astype(int)), tz=UTC)
