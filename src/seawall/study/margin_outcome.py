"""What did a contract earn until a later chain? From marks at both ends, or from settlement if it expired between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError, RiskError
from seawall.instruments.option import OptionTerms
from seawall.instruments.plugins import kind_of
from seawall.model.arrays import Floats
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.state import present
from seawall.study.margin_accounts import Evening

NO_MARK, NO_VALUE, TOO_FAR = "no mark and no smile later", "no value in the later market", "no chain at the horizon"
AT_SMILE = "judged, a missing mark taken from the later smile"
AT_INTRINSIC = "judged, a missing mark of an option's last hours taken at intrinsic value"
SOON = timedelta(hours=3)  # before expiry: time value is then below a tick but at the money
# A chain counts as one of that day if it came within this share of a day per day of the horizon.
NEAR_ENOUGH = 0.4


class Gains(NamedTuple):
    """amount (I,): dollars a unit earned, NaN where unknown. lacking: why it is, by place. mended: by place of options
    without a mark at the end, what stood in for it."""

    amount: Floats
    lacking: dict[int, str]
    mended: dict[int, str]


def gains(instruments: Sequence[Instrument], path: Sequence[Evening]) -> Gains:
    """What one unit of each earned from the first evening of the path to the last.

    An option is its mark in coins, or its intrinsic value at spot of the first evening after its expiry, turned into
    dollars then and there. Without a mark it is what the later smile says, or, where so little time is left that there
    is no smile, its intrinsic value. All else is its own value in both markets. Nothing missing counts as zero.
    """
    out, lacking, mended = np.full(len(instruments), np.nan), dict[int, str](), dict[int, str]()
    if not reached(path):
        return Gains(out, dict.fromkeys(range(len(instruments)), TOO_FAR), {})
    for n, instrument in enumerate(instruments):
        option = isinstance(instrument, OptionTerms)
        if isinstance(instrument, OptionTerms) and unmarked(instrument, path):
            mended[n] = AT_SMILE if _smile(instrument, path) else AT_INTRINSIC
        try:
            out[n] = _option(instrument, path) if isinstance(instrument, OptionTerms) else _plain(instrument, path)
        except RiskError:
            out[n] = np.nan
        if not np.isfinite(out[n]):
            lacking[n] = NO_MARK if option else NO_VALUE
    return Gains(out, lacking, {n: how for n, how in mended.items() if n not in lacking})


def unmarked(option: OptionTerms, path: Sequence[Evening]) -> bool:
    """Whether the option lives at the end of the path and has no mark there."""
    last = path[-1]
    return option.expiry > last.market.as_of and not np.isfinite(last.marks.get(option.instrument_id, np.nan))


def reached(path: Sequence[Evening]) -> bool:
    """Whether the last evening lies as many days after the first as there are steps between them, or nearly so."""
    days = len(path) - 1
    if days < 1:
        raise InputError("evenings of an outcome", found=len(path), wanted="two or more")
    apart = (path[-1].market.as_of - path[0].market.as_of) / timedelta(days=1)
    return abs(apart - days) <= NEAR_ENOUGH * days


def _option(option: OptionTerms, path: Sequence[Evening]) -> float:
    return _dollars(option, path) - _marked(option, path[0])


def _dollars(option: OptionTerms, path: Sequence[Evening]) -> float:
    """What the option is worth, or was paid, at the end of the path."""
    for evening in path[1:]:
        if option.expiry <= evening.market.as_of:
            return settled(option, evening.market)
    last = path[-1].market
    if not unmarked(option, path):
        return _marked(option, path[-1])
    if _smile(option, path):
        return _valued(option, last)
    return settled(option, last) if option.expiry - last.as_of <= SOON else float("nan")


def _smile(option: OptionTerms, path: Sequence[Evening]) -> bool:
    return path[-1].market.smile(option.underlying, option.expiry) is not None


def settled(option: OptionTerms, market: Market) -> float:
    """Dollars of the option's intrinsic value at the market's spot."""
    quote = market.spot(option.quote_currency)
    paid = max(option.sign * (market.spot(option.underlying) / quote - option.strike), 0.0)
    return paid * option.contract_size * quote


def _marked(option: OptionTerms, evening: Evening) -> float:
    mark = evening.marks.get(option.instrument_id, np.nan)
    return mark * option.contract_size * evening.market.spot(option.settlement_currency)


def _plain(instrument: Instrument, path: Sequence[Evening]) -> float:
    """A margined contract's gain is settled at the end; what is owned is worth its value at both ends."""
    first, last = path[0].market, path[-1].market
    if kind_of(instrument).margined:
        before = _valued(instrument, first) / first.spot(instrument.settlement_currency)
        return _valued(instrument, last) - before * last.spot(instrument.settlement_currency)
    return _valued(instrument, last) - _valued(instrument, first)


def _valued(instrument: Instrument, market: Market) -> float:
    """Dollars of one unit at the market's own factors."""
    value = kind_of(instrument).value([instrument], present(market))
    return float(value[0, 0]) * market.spot(instrument.settlement_currency)
