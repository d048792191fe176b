"""Chains on shares and indices: end-of-day tables as Yahoo, Cboe and open-source back-testers write them.

Strikes and prices are per share, in dollars. An option without a name gets one such as SPX-18SEP26-7500-C. Weekly roots
of an index are options on that index. Index options are European, all others American: their volatilities are then
European-equivalent.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np

from seawall.formats.cells import Sheet
from seawall.formats.chain_rows import Terms, rows_of, terms_of
from seawall.formats.columns import Numbers, Rows, option_quotes
from seawall.formats.spots import spots_of
from seawall.formats.tally import Tally
from seawall.model.arrays import Bools, Floats, Times
from seawall.model.quotes import Chain, FuturesQuotes

INDEX_OF = {"SPXW": "SPX", "SPXPM": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX", "GSPC": "SPX", "XSPW": "XSP"}
EUROPEAN = frozenset({"SPX", "NDX", "RUT", "VIX", "XSP", "DJX", "MXEF", "MXEA", "XND", "SX5E"})
SHARES = 100.0


def equity_chains(sheet: Sheet, as_of: datetime, observed: Times, tally: Tally) -> tuple[Chain, ...]:
    """One chain for each exercise style among the rows of one snapshot."""
    terms = _on_the_index(terms_of(sheet, tally, equity=True))
    known = terms.kind == "option"
    tally.rows("neither option nor future", "dropped", ~known, terms.name)
    european = np.array([name in EUROPEAN for name in terms.underlying], dtype=bool)
    styles = [style for style, mine in (("european", european), ("american", ~european)) if (known & mine).any()]
    return tuple(
        _chain(sheet, terms, known & (european == (style == "european")), as_of=as_of, observed=observed, style=style,
               tally=tally if number == 0 else Tally(tally.source))
        for number, style in enumerate(styles)
    )


def _chain(
    sheet: Sheet, terms: Terms, rows: Bools, *, as_of: datetime, observed: Times, style: str, tally: Tally
) -> Chain:
    parsed = _with_size(rows_of(sheet, terms, observed, rows, tally, equity=True))
    options = option_quotes(parsed, tally)
    tally.rows("strike off the listed grid: an adjusted contract", "flagged", _adjusted(options.strike),
               options.instrument_id)
    if style == "american":
        tally.add("American exercise: European-equivalent volatility", "flagged", options.instrument_id[:3],
                  len(options))
    futures = FuturesQuotes.none()
    spots = spots_of(options, futures, {}, tally)
    return Chain(tally.source, as_of, options, futures, False, "USD", style, "equity", spots, tally.entries())


def _on_the_index(terms: Terms) -> Terms:
    underlying = np.array([INDEX_OF.get(name, name) for name in terms.underlying], dtype=object)
    return Terms(terms.kind, terms.name, underlying, terms.quote, terms.expiry, terms.strike, terms.is_call)


def _with_size(rows: Rows) -> Rows:
    if "contract_size" in rows.numbers:
        return rows
    count = len(rows.instrument_id)
    size = Numbers(np.full(count, SHARES), np.zeros(count, dtype=bool))
    return Rows(rows.instrument_id, rows.underlying, rows.expiry, {**rows.numbers, "contract_size": size},
                rows.observed_at, rows.is_call, rows.forward_source)


def _adjusted(strike: Floats) -> Bools:
    """Listed strikes are multiples of half a dollar; a split leaves others, such as 70.71."""
    return np.asarray(np.abs(strike * 2 - np.round(strike * 2)) > 1e-6)


