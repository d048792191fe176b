"""A small market with one of everything, its numbers invented and round."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from seawall.kernels.smile import coordinates
from seawall.model.factor import Factor, tenor_of
from seawall.model.market import Market, make_market
from seawall.model.smile import Smile

AS_OF = datetime(2026, 8, 1, 8, tzinfo=UTC)
EXPIRIES = (datetime(2026, 8, 28, 8, tzinfo=UTC), datetime(2026, 12, 25, 8, tzinfo=UTC))
SPOTS = {"BTC": 60_000.0, "ETH": 3_000.0, "USDC": 0.9995, "EUR": 1.1, "SPX": 7_400.0}
CLASSES = {"BTC": "crypto", "ETH": "crypto", "SPX": "equity", "USDC": "stablecoin", "EUR": "currency"}


def example_market() -> Market:
    levels = {Factor("spot", asset): price for asset, price in SPOTS.items()}
    smiles = {}
    for asset, carry, vol in (("BTC", 0.05, 0.5), ("ETH", 0.03, 0.7), ("SPX", 0.02, 0.18)):
        for expiry in EXPIRIES:
            smile = _smile(asset, expiry, vol, SPOTS[asset] * np.exp(carry * _years(expiry)))
            smiles[asset, tenor_of(expiry)] = smile
            levels[Factor("carry", asset, tenor_of(expiry))] = carry
            levels[Factor("volatility", asset, tenor_of(expiry))] = smile.level
            levels[Factor("skew", asset, tenor_of(expiry))] = smile.skew
            levels[Factor("curvature", asset, tenor_of(expiry))] = smile.curvature
    for expiry in EXPIRIES:
        levels[Factor("rate", "USD", tenor_of(expiry))] = 0.04
    levels |= {
        Factor("premium", "BTC-PERPETUAL"): 0.001, Factor("funding", "BTC-PERPETUAL"): 0.08,
        Factor("exchange_rate", "WSTETH"): 1.2, Factor("peg", "WSTETH"): 0.998,
        Factor("interest", "aave/USDC/debt"): 0.06, Factor("interest", "aave/ETH/supply"): 0.02,
    }
    return make_market(AS_OF, levels, smiles=smiles, asset_class=CLASSES)


def _years(expiry: datetime) -> float:
    return (expiry - AS_OF).total_seconds() / (365 * 86400)


def _smile(asset: str, expiry: datetime, vol: float, forward: float) -> Smile:
    years = _years(expiry)
    w = vol * vol * years
    raw = (0.6 * w, 0.25 * np.sqrt(w), -0.25, 0.02, 0.35 * np.sqrt(w) * 4)
    level, skew, curvature = (float(x) for x in coordinates(np.array(raw), years))
    return Smile(asset, expiry, years, float(forward), *(float(x) for x in raw), level, skew, curvature)
