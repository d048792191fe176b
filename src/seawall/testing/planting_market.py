"""What do planted books stand in? An invented market of many venues, and how its factors move together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from seawall.instruments.cash import CashTerms
from seawall.instruments.future import FutureTerms
from seawall.instruments.lending import LendingTerms
from seawall.instruments.option import OptionTerms
from seawall.instruments.perpetual import PerpetualTerms
from seawall.instruments.spot import SpotTerms
from seawall.instruments.wrapped import WrappedTerms
from seawall.kernels.smile import coordinates
from seawall.model.factor import Factor, tenor_of
from seawall.model.instrument import Instrument
from seawall.model.market import Market, make_market
from seawall.model.scenario import ABSOLUTE, RELATIVE, Column, Term
from seawall.model.smile import Smile
from seawall.scenarios.simulated import Dynamics

AS_OF = datetime(2026, 8, 1, 8, tzinfo=UTC)
EXPIRIES = tuple(AS_OF + timedelta(days=days) for days in (13, 62, 146, 328))
VENUES = tuple(f"VENUE-{letter}" for letter in "ABCDEF")
COINS = {"BTC": (60_000.0, 0.55), "ETH": (3_000.0, 0.70), "SOL": (150.0, 0.90), "AVAX": (25.0, 0.95),
         "LINK": (15.0, 0.90), "DOGE": (0.2, 1.05)}
SMILING = ("BTC", "ETH", "SOL", "SPX")
STABLE = ("USDC", "USDT")
INDEX = ("SPX", 7_400.0, 0.18)
# Money traded in a day, units of the underlying, in what the venues list on each.
TURNOVER = {"BTC": 8e9, "ETH": 5e9, "SOL": 1.5e9, "AVAX": 2.5e8, "LINK": 2e8, "DOGE": 6e8, "SPX": 5e10}
# Loadings on: all coins, shares, volatility, money under strain, basis under strain.
LOADING = {"spot": (0.92, 0.0, 0.0, 0.0, 0.0), "share": (0.40, 0.80, 0.0, 0.0, 0.0),
           "volatility": (-0.45, -0.10, 0.80, 0.0, 0.0), "stable": (0.10, 0.0, 0.0, 0.70, 0.0),
           "carry": (0.35, 0.0, 0.0, 0.0, 0.50), "premium": (0.20, 0.0, 0.0, 0.0, 0.50),
           "peg": (0.25, 0.0, 0.0, 0.20, 0.20)}


def planting_market() -> Market:
    """Six coins, one share index, two stablecoins, a staked token, four expiries and six venues; numbers invented."""
    prices = {coin: price for coin, (price, _) in COINS.items()} | dict.fromkeys(STABLE, 1.0) | {INDEX[0]: INDEX[1]}
    levels = {Factor("spot", asset): price for asset, price in prices.items()}
    volatility = {coin: vol for coin, (_, vol) in COINS.items()} | {INDEX[0]: INDEX[2]}
    smiles = {}
    for asset, level in volatility.items():
        for expiry in EXPIRIES:
            levels[Factor("carry", asset, tenor_of(expiry))] = 0.04 if asset != INDEX[0] else 0.02
            if asset in SMILING:
                smile = _smile(asset, expiry, level, prices[asset])
                smiles[asset, tenor_of(expiry)] = smile
                for name in ("level", "skew", "curvature"):
                    kind = "volatility" if name == "level" else name
                    levels[Factor(kind, asset, tenor_of(expiry))] = getattr(smile, name)
    levels |= {Factor("rate", "USD", tenor_of(expiry)): 0.04 for expiry in EXPIRIES}
    levels |= {Factor(name, venue): size for venue in VENUES for name, size in (("premium", 0.0002), ("funding", 0.05))}
    levels |= {Factor("peg", "WSTETH"): 0.999, Factor("exchange_rate", "WSTETH"): 1.2,
               Factor("interest", "aave/USDC/debt"): 0.06}
    classes = dict.fromkeys(COINS, "crypto") | dict.fromkeys(STABLE, "stablecoin") | {INDEX[0]: "equity"}
    return make_market(AS_OF, levels, smiles=smiles, asset_class=classes)


def planting_dynamics(rng: np.random.Generator) -> Dynamics:
    """Spots, volatilities, carries, premiums and a peg; correlations from a few common causes, drawn near by."""
    names: list[tuple[Column, str, float]] = [(Column("spot", c), "spot", vol) for c, (_, vol) in COINS.items()]
    names += [(Column("spot", INDEX[0]), "share", INDEX[2])]
    names += [(Column("spot", money), "stable", 0.032) for money in STABLE]
    term = Term()
    names += [(Column("volatility", a, RELATIVE, None, term), "volatility", 0.9) for a in SMILING]
    names += [(Column("carry", a, ABSOLUTE), "carry", 0.06) for a in (*COINS, INDEX[0])]
    names += [(Column("premium", venue, ABSOLUTE), "premium", 0.012) for venue in VENUES]
    names += [(Column("peg", "WSTETH"), "peg", 0.04)]
    loading = np.array([LOADING[kind] for _, kind, _ in names])
    loading = loading * rng.uniform(0.93, 1.03, loading.shape)
    correlation = loading @ loading.T
    np.fill_diagonal(correlation, 1.0)
    scale = rng.uniform(0.9, 1.1, len(names))
    return Dynamics(tuple(column for column, _, _ in names), np.array([v for *_, v in names]) * scale, correlation)


def instruments() -> dict[str, Instrument]:
    """Everything that planted books hold, by name."""
    made: list[Instrument] = [_cash(money) for money in ("USD", *STABLE)]
    for coin in COINS:
        made.append(SpotTerms(instrument_id=f"{coin}-SPOT", underlying=coin))
        made += [PerpetualTerms(instrument_id=f"{coin}-PERP-{v[-1]}", underlying=coin, reference=v) for v in VENUES]
        made += [FutureTerms(instrument_id=f"{coin}-FUT-{_day(e)}", underlying=coin, expiry=e) for e in EXPIRIES[1:]]
    made.append(SpotTerms(instrument_id="SPX-SPOT", underlying=INDEX[0]))
    made.append(FutureTerms(instrument_id=f"SPX-FUT-{_day(EXPIRIES[1])}", underlying=INDEX[0], expiry=EXPIRIES[1]))
    made.append(WrappedTerms(instrument_id="WSTETH", underlying="ETH", quote_currency="ETH", settlement_currency="ETH",
                             token="WSTETH"))
    made.append(LendingTerms(instrument_id="AAVE-USDC-DEBT", underlying="USDC", quote_currency="USDC",
                             settlement_currency="USDC", protocol="aave", side="debt"))
    for asset in SMILING:
        for money in ("USD",) if asset == INDEX[0] else ("USD", "USDC"):
            made += _options(asset, money)
    return {i.instrument_id: i for i in made}


def _cash(money: str) -> Instrument:
    return CashTerms(instrument_id=money, underlying=money, quote_currency=money, settlement_currency=money)


def _options(asset: str, money: str) -> list[Instrument]:
    spot = INDEX[1] if asset == INDEX[0] else COINS[asset][0]
    ladder = (0.94, 0.97, 1.0, 1.03) if asset == INDEX[0] else (0.65, 0.75, 0.85, 0.95, 1.05, 1.15, 1.3, 1.5)
    return [
        OptionTerms(instrument_id=f"{asset}-{_day(expiry)}-{spot * share:g}-{kind[0].upper()}-{money}",
                    underlying=asset, quote_currency=money, settlement_currency=money, expiry=expiry,
                    strike=spot * share, option_type=kind)
        for expiry in EXPIRIES[:3] for share in ladder for kind in ("call", "put")
    ]


def _day(expiry: datetime) -> str:
    return expiry.strftime("%d%b%y").upper()


def _smile(asset: str, expiry: datetime, volatility: float, spot: float) -> Smile:
    years = (expiry - AS_OF).total_seconds() / (365 * 86400)
    w = volatility**2 * years
    a, b, rho, m, s = 0.6 * w, 0.25 * float(np.sqrt(w)), -0.25, 0.02, 1.4 * float(np.sqrt(w))
    level, skew, curvature = (float(x) for x in coordinates(np.array([a, b, rho, m, s]), years))
    carry = 0.02 if asset == INDEX[0] else 0.04
    return Smile(asset, expiry, years, spot * float(np.exp(carry * years)), a, b, rho, m, s, level, skew,
                 curvature)
