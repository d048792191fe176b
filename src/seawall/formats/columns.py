"""How do parsed columns become quotes? Row by row: unreadable rows dropped, impossible cells made missing, all counted.

The count is exact: every NaN of a column is told by one entry that begins with the column's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.formats.tally import Tally
from seawall.model.arrays import Bools, Floats, Texts, Times, frozen_texts
from seawall.model.quotes import FuturesQuotes, OptionQuotes

PRICES = ("bid", "ask", "mark")
VOLATILITIES = ("bid_volatility", "ask_volatility", "mark_volatility")
SIZES = ("open_interest", "volume")
LEVELS = ("forward", "index")
OPTION_NUMBERS = (*PRICES, *VOLATILITIES, *SIZES, *LEVELS, "contract_size")
FUTURE_NUMBERS = (*PRICES, "open_interest", "funding", "contract_size")
LAST_EXPIRY = np.datetime64("2200-01-01", "us")  # perpetuals are listed with the year 3000, beyond nanoseconds
LEAST_LEVEL = 1e-12
MOST_APART = 3.0  # levels of one underlying, whatever their expiry
LEAST_VOLATILITY = 1e-3  # vendors write 0 or 1e-5 where they could not solve
INDEX_TOLERANCE = 1e-3  # 10 bps: rows of one snapshot were polled one after the other


class Numbers(NamedTuple):
    """values (N), NaN where missing; bad (N): the cell held something that is no finite number."""

    values: Floats
    bad: Bools

    def take(self, rows: NDArray[Any]) -> Numbers:
        """The chosen rows, by mask or index."""
        return Numbers(self.values[rows], self.bad[rows])

    @staticmethod
    def missing(count: int) -> Numbers:
        """A column that the source does not have."""
        return Numbers(np.full(count, np.nan), np.zeros(count, dtype=bool))


@dataclass(frozen=True, slots=True)
class Rows:
    """Parsed rows of one kind, before any is refused.

    texts: instrument_id, underlying, forward_source. expiry and observed_at (N): UTC microseconds. numbers: those of
    the source; a name that is absent is a column that it lacks. is_call (N): 1 call, 0 put, NaN neither.
    """

    instrument_id: Texts
    underlying: Texts
    expiry: Times
    numbers: Mapping[str, Numbers]
    observed_at: Times
    is_call: Floats = field(default_factory=lambda: np.array([]))
    forward_source: Texts = field(default_factory=lambda: np.array([], dtype=object))

    def take(self, rows: NDArray[Any]) -> Rows:
        """The chosen rows, by mask or index."""
        return Rows(
            self.instrument_id[rows], self.underlying[rows], self.expiry[rows],
            {name: column.take(rows) for name, column in self.numbers.items()}, self.observed_at[rows],
            self.is_call[rows] if len(self.is_call) else self.is_call,
            self.forward_source[rows] if len(self.forward_source) else self.forward_source,
        )


def option_quotes(rows: Rows, tally: Tally) -> OptionQuotes:
    """Option quotes of the readable rows; a zero or negative price or volatility is missing."""
    strike = rows.numbers["strike"].values
    rows = _readable(rows, tally, (
        ("expiry cannot be read", np.isnat(rows.expiry)),
        ("expiry after the year 2200", rows.expiry >= LAST_EXPIRY),
        ("strike is not a positive number", ~(strike > 0)),
        ("neither call nor put", np.isnan(rows.is_call)),
    ))
    found = _numbers(rows, OPTION_NUMBERS, tally)
    names = rows.instrument_id
    for name in LEVELS:
        found[name] = _among_others(name, found[name], rows, tally)
    source = _forward_source(rows, tally)
    outside = (found["mark"] < found["bid"]) | (found["mark"] > found["ask"])
    tally.rows("mark outside bid and ask", "flagged", outside, names)
    _tell_moving_index(rows, found["index"], tally)
    return OptionQuotes(
        instrument_id=frozen_texts(list(names), "instrument_id"),
        underlying=frozen_texts(list(rows.underlying), "underlying"), expiry=_nanoseconds(rows.expiry),
        strike=rows.numbers["strike"].values.copy(), is_call=rows.is_call > 0, forward_source=source,
        observed_at=_nanoseconds(rows.observed_at), **found,
    )


def futures_quotes(rows: Rows, tally: Tally) -> FuturesQuotes:
    """Futures quotes of the readable rows; an expiry that is NaT or beyond 2200 is a perpetual's."""
    rows = _readable(rows, tally, ())
    found = _numbers(rows, FUTURE_NUMBERS, tally, "future ")
    endless = np.isnat(rows.expiry) | (rows.expiry >= LAST_EXPIRY)
    expiry = np.where(endless, np.datetime64("NaT", "us"), rows.expiry)
    return FuturesQuotes(
        frozen_texts(list(rows.instrument_id), "instrument_id"), frozen_texts(list(rows.underlying), "underlying"),
        _nanoseconds(expiry), **found,
    )


def _readable(rows: Rows, tally: Tally, checks: tuple[tuple[str, Bools], ...]) -> Rows:
    keep = np.ones(len(rows.instrument_id), dtype=bool)
    for reason, bad in (("no underlying named", rows.underlying == ""), *checks):
        tally.rows(reason, "dropped", keep & bad, rows.instrument_id)
        keep &= ~bad
    return rows.take(keep)


def _numbers(rows: Rows, names: tuple[str, ...], tally: Tally, prefix: str = "") -> dict[str, Floats]:
    count = len(rows.instrument_id)
    absent = [name for name in names if name not in rows.numbers]
    if count:
        tally.add("columns not in the source", "flagged", [prefix + ", ".join(absent)] if absent else [])
    return {
        name: _usable(prefix + name, rows.numbers[name], rows.instrument_id, tally)
        if name in rows.numbers else np.full(count, np.nan)
        for name in names
    }


def _usable(name: str, column: Numbers, names: Texts, tally: Tally) -> Floats:
    """The column's values with what cannot be made missing, each such cell counted once."""
    values = column.values.copy()
    signed, countable = name.endswith("funding"), name.split()[-1] in SIZES
    least = LEAST_VOLATILITY if name in VOLATILITIES else LEAST_LEVEL if name in LEVELS else 0.0
    blank = np.isnan(values) & ~column.bad
    negative = (values < 0) & (not signed)
    zero = (values >= 0) & (values <= least) & (not signed and not countable)
    tally.rows(f"{name}: blank", "flagged", blank, names)
    tally.rows(f"{name}: not a number, read as missing", "repaired", column.bad, names)
    tally.rows(f"{name}: negative, read as missing", "repaired", negative, names)
    tally.rows(f"{name}: zero, read as missing", "repaired", zero, names)
    values[negative | zero] = np.nan
    return values


def _among_others(name: str, values: Floats, rows: Rows, tally: Tally) -> Floats:
    """The values, without those over three times or under a third of their underlying's middle."""
    out = values.copy()
    for underlying in sorted(set(rows.underlying)):
        mine = (rows.underlying == underlying) & np.isfinite(values)
        if mine.any():
            share = values / float(np.median(values[mine]))
            out[mine & ((share > MOST_APART) | (share < 1 / MOST_APART))] = np.nan
    tally.rows(f"{name}: far from all others, read as missing", "repaired", np.isnan(out) & np.isfinite(values),
               rows.instrument_id)
    return out


def _forward_source(rows: Rows, tally: Tally) -> Texts:
    """A future's name, "synthetic" for an interpolated forward, "index" where spot stands in for it."""
    given = rows.forward_source if len(rows.forward_source) else np.full(len(rows.instrument_id), "", dtype=object)
    clear = [_clear_source(str(text)) for text in given]
    stand_in = np.array([text == "index" for text in clear], dtype=bool)
    tally.rows("spot stands in for the forward", "flagged", stand_in, rows.instrument_id)
    return frozen_texts(clear, "forward_source")


def _clear_source(text: str) -> str:
    if text.upper().startswith("SYN."):
        return "synthetic"
    return "index" if text.lower() in ("index_price", "index", "spot") else text


def _tell_moving_index(rows: Rows, index: Floats, tally: Tally) -> None:
    for underlying in sorted(set(rows.underlying)):
        mine = rows.underlying == underlying
        known = index[mine & np.isfinite(index)]
        if not len(known):
            continue
        middle = float(np.median(known))
        far = mine & (np.abs(index / middle - 1) > INDEX_TOLERANCE)
        tally.rows("rows not simultaneous: index moved over 10 bps", "flagged", far, rows.instrument_id)


def _nanoseconds(moments: Times) -> Times:
    return moments.astype("datetime64[ns]")
