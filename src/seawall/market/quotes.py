"""Which quotes can be believed? Volatilities of bid and ask, and a reason for every quote left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.kernels.implied import Reason, implied_volatility
from seawall.model.arrays import Bools, Floats
from seawall.model.quotes import OptionQuotes, QualityEntry

REASON_TEXT = {
    Reason.BELOW_INTRINSIC: "price below intrinsic value",
    Reason.ABOVE_FORWARD: "price above its maximum",
    Reason.NO_TIME: "no time to expiry",
    Reason.MISSING: "price missing",
}


class Volatilities(NamedTuple):
    """k (Q,), bid and ask volatility (Q,), usable (Q,): two-sided and between the bounds of arbitrage."""

    k: Floats
    bid: Floats
    ask: Floats
    usable: Bools


def clean(quotes: OptionQuotes, source: str, as_of: np.datetime64) -> tuple[OptionQuotes, list[QualityEntry]]:
    """Quotes without expired and repeated rows, and without crossed or one-sided ones, each counted by reason."""
    entries: list[QualityEntry] = []
    rows = np.arange(len(quotes))
    _, first = np.unique(quotes.instrument_id.astype(str), return_index=True)
    checks = (
        ("expired", quotes.expiry <= as_of),
        ("repeated instrument", ~np.isin(rows, first)),
        ("no bid", ~(quotes.bid > 0)),
        ("no ask", ~(quotes.ask > 0)),
        ("crossed: bid above ask", quotes.bid > quotes.ask),
    )
    keep = np.ones(len(quotes), dtype=bool)
    for reason, bad in checks:
        hit = keep & bad
        if hit.any():
            entries.append(counted(source, reason, "dropped", quotes.instrument_id[hit]))
            keep &= ~bad
    return quotes.take(keep), entries


def volatilities(
    quotes: OptionQuotes, forward: float, discount: float, years: float, coin_settled: bool
) -> tuple[Volatilities, dict[str, list[str]]]:
    """Implied volatilities of one expiry's quotes, the out-of-the-money side of each strike, and rejects by reason.

    The other side repeats the same volatility through parity, with a wider band in the forward's error.
    """
    unit = forward if coin_settled else 1 / discount
    sign = np.where(quotes.is_call, 1.0, -1.0)
    bid, _ = implied_volatility(sign, forward, quotes.strike, years, quotes.bid * unit)
    ask, why = implied_volatility(sign, forward, quotes.strike, years, quotes.ask * unit)
    outside = {REASON_TEXT[code]: [str(i) for i in quotes.instrument_id[why == code]]
               for code in REASON_TEXT if (why == code).any()}
    # A bid below intrinsic value is no contradiction: it only says nothing from below.
    bid = np.where(np.isfinite(bid), bid, 0.0)
    side = np.where(quotes.is_call, quotes.strike >= forward, quotes.strike < forward)
    usable = (why == Reason.OK) & side & (ask > 0) & (bid > 0)
    return Volatilities(np.log(quotes.strike / forward), bid, ask, usable), outside


def counted(source: str, reason: str, treatment: str, names: object) -> QualityEntry:
    """One entry of the quality report with up to three examples."""
    listed = [str(name) for name in names]  # type: ignore[attr-defined]
    return QualityEntry(source, reason, treatment, len(listed), tuple(listed[:3]))
