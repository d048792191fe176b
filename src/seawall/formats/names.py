"""Which contract does a name mean? The venue grammar of listed crypto derivatives, also used for nameless rows.

``BTC-25SEP26-60000-C`` option, ``BTC-25SEP26`` future, ``BTC-PERPETUAL``; ``BTC_USDC-...`` is settled in USDC, not in
coin; a ``d`` in the strike is its decimal point.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
ASSET = r"([A-Z0-9]+)(?:_([A-Z0-9]+))?"
DAY = r"(\d{1,2})([A-Z]{3})(\d{2})"
OPTION = re.compile(rf"^{ASSET}-{DAY}-(\d+(?:[d.]\d+)?)-([CP])$")
FUTURE = re.compile(rf"^{ASSET}-{DAY}$")
PERPETUAL = re.compile(rf"^{ASSET}-PERPETUAL$")
COMBINATION = re.compile(r"^[A-Z0-9_]+-[A-Z]+[A-Z0-9]*-.+$")
PAIR = re.compile(r"^[A-Z0-9]+_[A-Z0-9]+$")
EXPIRY_HOUR = 8


class Contract(NamedTuple):
    """kind: option, future, perpetual, combination, pair or unknown; quote: empty when settled in coin.

    expiry: UTC, NaT without one; strike: NaN without one.
    """

    kind: str
    underlying: str = ""
    quote: str = ""
    expiry: np.datetime64 = np.datetime64("NaT", "us")
    strike: float = float("nan")
    is_call: bool = False


UNKNOWN = Contract("unknown")


def contract_named(name: str) -> Contract:
    """What the name says; kind "unknown" if it follows no grammar or names a day that is in no calendar."""
    if found := OPTION.match(name):
        strike = float(found[6].replace("d", "."))
        return _dated("option", found, strike, found[7] == "C")
    if found := FUTURE.match(name):
        return _dated("future", found, float("nan"), False)
    if found := PERPETUAL.match(name):
        return Contract("perpetual", found[1], found[2] or "")
    if COMBINATION.match(name):
        return Contract("combination")
    return Contract("pair") if PAIR.match(name) else UNKNOWN


def option_name(underlying: str, expiry: np.datetime64, strike: float, is_call: bool) -> str:
    """The name of an option that came without one."""
    price = f"{strike:.10g}".replace(".", "d")
    return f"{future_name(underlying, expiry)}-{price}-{'C' if is_call else 'P'}"


def future_name(underlying: str, expiry: np.datetime64) -> str:
    """The name of a future that came without one; a perpetual if it has no expiry."""
    if np.isnat(expiry):
        return f"{underlying}-PERPETUAL"
    year, month, day = str(expiry.astype("datetime64[D]")).split("-")
    return f"{underlying}-{int(day)}{MONTHS[int(month) - 1]}{year[-2:]}"


def day_named(text: str) -> np.datetime64:
    """The day written as 25SEP26; NaT if it is none."""
    found = re.fullmatch(DAY, text)
    return _day(found[1], found[2], found[3]) if found else np.datetime64("NaT", "D")


def _dated(kind: str, found: re.Match[str], strike: float, is_call: bool) -> Contract:
    day = _day(found[3], found[4], found[5])
    if np.isnat(day):
        return UNKNOWN
    expiry = day.astype("datetime64[us]") + np.timedelta64(EXPIRY_HOUR, "h")
    return Contract(kind, found[1], found[2] or "", expiry, strike, is_call)


def _day(day: str, month: str, year: str) -> np.datetime64:
    if month not in MONTHS:
        return np.datetime64("NaT", "D")
    try:
        return np.datetime64(f"20{year}-{MONTHS.index(month) + 1:02d}-{int(day):02d}", "D")
    except ValueError:
        return np.datetime64("NaT", "D")
