"""What do the venues list? Terms of every option, future and perpetual of a chain, with contract sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from seawall.instruments.future import FutureTerms
from seawall.instruments.option import OptionTerms
from seawall.instruments.perpetual import PerpetualTerms
from seawall.market.quotes import counted
from seawall.market.surface import moment_of
from seawall.model.instrument import Instrument
from seawall.model.quotes import Chain, QualityEntry

INVERSE_FUTURE_SIZES = {"BTC": 10.0}  # dollars; every other coin's inverse contract is one dollar
SHARES = 100.0


def listing_of(chain: Chain) -> tuple[dict[str, Instrument], list[QualityEntry]]:
    """Terms by instrument_id; a size that the venue does not tell is its usual one, and counted."""
    listed: dict[str, Instrument] = {}
    listed.update(_options(chain))
    listed.update(_futures(chain))
    untold = [*chain.options.instrument_id[np.isnan(chain.options.contract_size)],
              *chain.futures.instrument_id[np.isnan(chain.futures.contract_size)]]
    entries = [counted(chain.source, "contract size not told: the venue's usual one", "repaired", untold)]
    return listed, entries if untold else []


def _options(chain: Chain) -> dict[str, Instrument]:
    quotes, usual = chain.options, 1.0 if chain.asset_class == "crypto" else SHARES
    dates, which = np.unique(quotes.expiry, return_inverse=True)
    moments = [moment_of(date) for date in dates]
    columns = zip(quotes.instrument_id, quotes.underlying, which, quotes.strike, quotes.is_call, quotes.contract_size,
                  strict=True)
    return {
        str(name): OptionTerms(
            instrument_id=str(name), strike=float(strike), option_type="call" if call else "put",
            expiry=moments[place], exercise_style=chain.exercise_style, contract_size=_size(size, usual),
            **_common(chain, str(underlying)),
        )
        for name, underlying, place, strike, call, size in columns
    }


def _futures(chain: Chain) -> dict[str, Instrument]:
    quotes = chain.futures
    listed: dict[str, Instrument] = {}
    columns = zip(quotes.instrument_id, quotes.underlying, quotes.expiry, quotes.contract_size, strict=True)
    for name, underlying, expiry, size in columns:
        usual = INVERSE_FUTURE_SIZES.get(underlying, 1.0) if chain.coin_settled else 1.0
        terms = {"instrument_id": str(name), "contract_size": _size(size, usual), **_common(chain, str(underlying))}
        listed[str(name)] = (PerpetualTerms(**terms) if np.isnat(expiry)
                             else FutureTerms(expiry=moment_of(expiry), **terms))
    return listed


def _size(told: float, usual: float) -> float:
    return float(told) if told > 0 else usual


def _common(chain: Chain, underlying: str) -> dict[str, Any]:
    return {
        "underlying": underlying, "quote_currency": chain.quote_currency,
        "settlement_currency": underlying if chain.coin_settled else chain.quote_currency,
        "payoff": "inverse" if chain.coin_settled else "linear",
    }
