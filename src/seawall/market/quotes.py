"""Which quotes can be believed? What is dropped before a fit, each by its reason, and the volatilities of the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from seawall.kernels.implied import Reason, implied_volatility
from seawall.model.arrays import Bools, Floats, Texts
from seawall.model.quotes import OptionQuotes, QualityEntry

REASON_TEXT = {
    Reason.BELOW_INTRINSIC: "ask below intrinsic value",
    Reason.ABOVE_FORWARD: "ask above the option's maximum",
    Reason.NO_TIME: "no time to expiry",
    Reason.MISSING: "ask missing",
}
EXAMPLES = 3
TIGHT_SHARE, TIGHT_POINTS = 0.1, 0.02
MARK_BAND = 0.0025  # half a volatility point across: what a mark without bid and ask is believed to


class Believed(NamedTuple):
    """Quotes that a fit may use, and an entry for every reason that others may not."""

    quotes: OptionQuotes
    entries: list[QualityEntry]


class Volatilities(NamedTuple):
    """k (Q,), bid and ask volatility (Q,), 0 where the bid says nothing; reason (Q,): why the ask has none."""

    k: Floats
    bid: Floats
    ask: Floats
    reason: np.ndarray


def believed(quotes: OptionQuotes, source: str, as_of: np.datetime64) -> Believed:
    """Quotes without expired, repeated, one-sided and crossed ones, each counted by reason.

    A source that has neither bids nor asks is believed in its marks. Of a repeated instrument the last row counts.
    """
    entries: list[QualityEntry] = []
    marks_only = len(quotes) > 0 and not np.isfinite(quotes.bid).any() and not np.isfinite(quotes.ask).any()
    bid, ask = (quotes.mark, quotes.mark) if marks_only else (quotes.bid, quotes.ask)
    checks = [
        ("expired", quotes.expiry <= as_of), ("repeated instrument: last row kept", ~last_rows(quotes.instrument_id)),
        ("no price at all" if marks_only else "no bid and no ask", ~(bid > 0) & ~(ask > 0)),
        ("no bid", ~(bid > 0)), ("no ask", ~(ask > 0)), ("crossed: bid above ask", bid > ask),
    ]
    keep = np.ones(len(quotes), dtype=bool)
    for reason, bad in checks:
        hit = keep & bad
        if hit.any():
            entries.append(counted(source, reason, "dropped", quotes.instrument_id[hit]))
            keep &= ~bad
    if marks_only:
        entries.append(counted(source, "no bid or ask told: mark believed", "repaired", quotes.instrument_id[keep]))
    return Believed(quotes.take(keep), entries)


def bid_and_ask(quotes: OptionQuotes) -> tuple[Floats, Floats]:
    """Bid and ask (Q,), both the mark where neither is told."""
    none = np.isnan(quotes.bid) & np.isnan(quotes.ask)
    return np.where(none, quotes.mark, quotes.bid), np.where(none, quotes.mark, quotes.ask)


def volatilities(
    quotes: OptionQuotes, forward: Floats, discount: float, years: float, coin_settled: bool
) -> Volatilities:
    """Implied volatilities of quotes (Q,) on their own forwards (Q,).

    A bid below intrinsic value is no contradiction: it only says nothing from below, and reads 0.
    """
    unit = forward if coin_settled else np.full(len(quotes), 1 / discount)
    sign = np.where(quotes.is_call, 1.0, -1.0)
    low, high = bid_and_ask(quotes)
    with np.errstate(over="ignore"):  # an absurd price in an absurd forward is past every number: no volatility
        paid, asked = low * unit, high * unit
    bid, _ = implied_volatility(sign, forward, quotes.strike, years, paid)
    ask, reason = implied_volatility(sign, forward, quotes.strike, years, asked)
    bid = np.where(np.isfinite(bid), bid, 0.0)
    marked = low == high
    half = np.where(marked, MARK_BAND, 0.0)
    return Volatilities(np.log(quotes.strike / forward), np.maximum(bid - half, 0.0), ask + half, reason)


def is_tight(quotes: OptionQuotes, vols: Volatilities) -> Bools:
    """Whether each quote (Q,) is at most a tenth of its middle or two volatility points wide."""
    bid, ask = bid_and_ask(quotes)
    return (ask - bid <= TIGHT_SHARE * (bid + ask) / 2) | ((vols.ask - vols.bid <= TIGHT_POINTS) & (vols.bid > 0))


def counted(source: str, reason: str, treatment: str, names: Iterable[object]) -> QualityEntry:
    """One entry of the quality report with up to three examples."""
    listed = [str(name) for name in names]
    return QualityEntry(source, reason, treatment, len(listed), tuple(listed[:EXAMPLES]))


def last_rows(names: Texts) -> Bools:
    """(Q,) whether no later row has the same name."""
    place = {str(name): row for row, name in enumerate(names)}
    out = np.zeros(len(names), dtype=bool)
    out[list(place.values())] = True
    return out
