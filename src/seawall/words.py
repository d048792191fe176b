"""How is a number written? Numbers, units, dates and counts as text, the same on the page and in the terminal.

Minus is U+2212; a rounded zero never carries a sign; None and anything not finite is a dash, never ``nan``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

MINUS, DASH, ELLIPSIS, PLUS_MINUS, INFINITY = "−", "–", "…", "±", "∞"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
            "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")
STATUS = {"healthy": "Healthy", "warning": "Warning", "liquidatable": "Liquidatable", "bankrupt": "Insolvent",
          "unknown": "Not assessed"}
LIMIT_STATE = {"within": "Within", "near": "Near", "breached": "Breach", "unknown": "Not assessed"}
VERDICT = {"quiet": "Quiet", "watch": "Watch", "act today": "Act today", "failing": "Failing"}
SHAPE = {"ok": "○", "warn": "▲", "bad": "■", "na": "▨"}
LEVEL = {"healthy": "ok", "warning": "warn", "liquidatable": "bad", "bankrupt": "bad", "unknown": "na",
         "within": "ok", "near": "warn", "breached": "bad",
         "quiet": "ok", "watch": "warn", "act today": "warn", "failing": "bad"}


_ISO_DATE = re.compile(r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\w-])")


class Unit(NamedTuple):
    """A power of ten to write money in. decimals: what one column of it carries."""

    symbol: str
    size: float
    decimals: int


MOST_PLACES = 8
MILLIONS, THOUSANDS, ONES = Unit("M", 1e6, 2), Unit("k", 1e3, 1), Unit("", 1.0, 0)


def number(value: float | None, decimals: int = 0, *, sign: bool = False) -> str:
    """``1,234.50``: thousands comma; exact zero is ``0``; what rounds to nothing is ``<0.01``; sign: write the plus."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return _prefix(value, sign) + INFINITY
    if value == 0:
        return "0"
    digits = f"{abs(value):,.{decimals}f}"
    if float(digits.replace(",", "")) == 0:
        return f"<{10.0**-decimals:.{decimals}f}"
    return _prefix(value, sign) + digits


def _prefix(value: float, sign: bool) -> str:
    return MINUS if value < 0 else "+" if sign else ""


def signed(value: float | None, decimals: int = 0) -> str:
    """A number whose sign means something: ``+1.25``, ``−3``."""
    return number(value, decimals, sign=True)


def money(value: float | None, unit: Unit = MILLIONS, *, sign: bool = False, decimals: int | None = None) -> str:
    """The bare number for a column whose header names the unit: ``21.56`` for 21,560,000 in millions."""
    places = unit.decimals if decimals is None else decimals
    return number(None if value is None else value / unit.size, places, sign=sign)


def unit_for(values: Iterable[float | None], *, lines: bool = False) -> Unit:
    """The unit one column shares: the largest value decides. lines: many small rows, so thousands at most."""
    known = [abs(v) for v in values if v is not None and math.isfinite(v)]
    top = max(known, default=0.0)
    if lines:
        return THOUSANDS._replace(decimals=0 if top >= 1e6 else 1) if top >= 1e4 else _ones(top)
    if top >= 1e6:
        return MILLIONS
    return THOUSANDS if top >= 1e4 else _ones(top)


def _ones(top: float) -> Unit:
    """Ones with four figures of the largest value: a few coins are told to their fractions."""
    return ONES._replace(decimals=0 if top >= 1e3 or top == 0 else min(max(_places(top, 4), 0), MOST_PLACES))


def short(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """Money in prose, no space: ``6.0M``, ``87k``; digits: significant ones, whole digits are never cut."""
    if value is None or math.isnan(value):
        return DASH
    for symbol, size in (("", 1.0), ("k", 1e3), ("M", 1e6), ("B", 1e9)):
        scaled = float(abs(value) / size)
        places = 0 if not symbol and scaled.is_integer() else _places(scaled, digits)
        if round(scaled, places) < 1000 or symbol == "B":
            return number(math.copysign(scaled, value), places, sign=sign) + (symbol if value else "")
    return DASH


def _places(scaled: float, digits: int) -> int:
    """Decimals that show so many figures; whole digits are never cut."""
    if scaled == 0:
        return 0
    places = digits - 1 - math.floor(math.log10(scaled))
    # Rounding may carry into one digit more: 9.96 to two figures is 10, not 10.0.
    carried = digits - 1 - math.floor(math.log10(round(scaled, max(places, 0)) or scaled))
    return min(max(carried, 0), MOST_PLACES)


def span(pair: tuple[float, float] | None, unit: Unit = MILLIONS) -> str:
    """``2.47 – 2.89``, bare numbers; a dash where there is no interval."""
    return DASH if pair is None else f"{money(pair[0], unit)} {DASH} {money(pair[1], unit)}"


def percent(share: float | None, decimals: int = 1, *, sign: bool = False) -> str:
    """``6.9%`` of a decimal share; bare column numbers: `percentage`."""
    text = percentage(share, decimals, sign=sign)
    return text if text == DASH else f"{text}%"


def percentage(share: float | None, decimals: int = 1, *, sign: bool = False) -> str:
    """``6.9`` for the share 0.069, under a header that says %."""
    return number(None if share is None else share * 100, decimals, sign=sign)


def multiple(value: float | None, decimals: int = 2) -> str:
    """``2.41×``: a multiple of equity."""
    text = number(value, decimals)
    return text if text == DASH else f"{text}×"


def confidence(level: float) -> str:
    """``97.5%``, ``99%``, ``99.9%``: as many decimals as it has."""
    return f"{round(level * 100, 6):g}%"


def moment(at: datetime) -> str:
    """``5 Feb 2026, 21:29:37 UTC``."""
    at = at.astimezone(UTC)
    return f"{day(at.date())}, {at:%H:%M:%S} UTC"


def day(value: date | str) -> str:
    """``5 Feb 2026``; text that is no ISO date is returned as it is."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return str(value)
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def dated(prose: str) -> str:
    """Prose with its ISO dates written out: ``until 2022-12-28`` as ``until 28 Dec 2022``."""
    return _ISO_DATE.sub(lambda found: day(found.group()), prose)


def days(value: float) -> str:
    """``1 day``, ``10 days``, ``0.4 days``."""
    text = f"{value:g}" if value >= 10 or float(value).is_integer() else f"{value:.1f}"
    return f"{text} day" if text == "1" else f"{text} days"


def hash_short(digest: str) -> str:
    """``a8edb6…b59f``; the proof table carries the whole."""
    return digest if len(digest) <= 12 else f"{digest[:6]}{ELLIPSIS}{digest[-4:]}"


def in_words(value: int) -> str:
    """``six``; above twenty in digits: ``1,234``."""
    return NUMERALS[value] if 0 <= value < len(NUMERALS) else f"{value:,}"


def count(value: int, noun: str, plural: str = "") -> str:
    """``1 account``, ``313 lines``."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def counted(value: int, noun: str, plural: str = "") -> str:
    """``one account``, ``six accounts``: as prose begins."""
    return f"{in_words(value)} {noun if value == 1 else plural or noun + 's'}"


def joined(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def capital(text: str) -> str:
    """The first letter raised, the rest as it is: names keep their case."""
    return text[:1].upper() + text[1:]


def expiry(value: str) -> str:
    """``25 Sep 26``; text that is no ISO date is returned as it is."""
    shown = day(value)
    return shown if shown == value else f"{shown[:-4]}{shown[-2:]}"
