"""Numbers and times as people write them in cells: read one way, or refused with what to write instead."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

LARGEST = 1e30  # beyond any holding in any unit; sums of many still fit
PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
SERIAL = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
SPREADSHEET_DATE = re.compile(
    r"\d{1,2}[-/. ](?:[A-Za-z]{3,9}|\d{1,2})(?:[-/. ]\d{2,4})?|[A-Za-z]{3}-\d{2}|\d{4}-\d{2}-\d{2}(?: 00:00:00)?",
    re.ASCII,
)
SPREADSHEET_NUMBER = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.ASCII)
SPREADSHEET_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  serial numbers have no zone


class Problem(NamedTuple):
    """What is wrong with one cell: its field, and the parts of a failure."""

    field: str
    what: str
    found: str = ""
    wanted: str = ""
    remedy: str = ""


def number(field: str, text: str, *, positive: bool = False) -> float | Problem:
    """The number in the cell: digits with at most one decimal point and an exponent, no separators, finite."""
    wanted = "a positive number" if positive else "a number, long > 0"
    if not text:
        return Problem(field, f"{field} is missing", "", wanted, "write a number")
    if not PLAIN.fullmatch(text):
        return Problem(field, f"{field} is not a number", text, f"{wanted}, with a decimal point and no separators",
                       meant(text))
    value = float(text)
    if abs(value) > LARGEST:
        return Problem(field, f"{field} is too large", text, f"at most {LARGEST:g}", "write the true number")
    if positive and value < 1 / LARGEST:
        return Problem(field, f"{field} is not positive", text, wanted, "write a positive number")
    return value


def meant(text: str) -> str:
    """The remedy for a number that is written another way."""
    bare = text.replace("\u2212", "-").translate(str.maketrans("", "", " '\u2019_\u00a0\u202f"))
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    readings = [reading for reading in _readings(bare) if PLAIN.fullmatch(reading)]
    return "write " + " or ".join(readings) if readings else "write a number"


def _readings(text: str) -> list[str]:
    comma, point = text.rfind(","), text.rfind(".")
    without = text.replace(",", "")
    if comma < 0:
        return [text.replace(".", "") if text.count(".") > 1 else text]
    if point > comma:
        return [without]
    if point >= 0:
        return [text.replace(".", "").replace(",", ".")]
    if text.count(",") > 1:
        return [without]
    decimal = text.replace(",", ".")
    return [without, decimal] if len(text) - comma == 4 else [decimal]


def moment(field: str, text: str) -> datetime | Problem:
    """The time in the cell, which must name its zone, in UTC."""
    wanted = "a time with its zone, such as 2026-12-25T08:00:00Z"
    if SERIAL.fullmatch(text):
        day = (SPREADSHEET_EPOCH + timedelta(days=float(text))).date().isoformat()
        return Problem(field, f"{field} is a spreadsheet's serial number", text, wanted,
                       f"it stands for {day}: format the column as text and write the time")
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return Problem(field, f"{field} is not a time", text, wanted,
                       "write year-month-day: a spreadsheet may have rewritten it, so format the column as text")
    if DAY.fullmatch(text):
        return Problem(field, f"{field} tells the day but not the time", text, wanted, "add the hour of expiry in UTC")
    if found.tzinfo is None:
        return Problem(field, f"{field} names no zone", text, wanted, "add Z if it is UTC, or its offset")
    return found


def mangled(text: str) -> str:
    """What a spreadsheet made of an identifier, or nothing."""
    if SPREADSHEET_NUMBER.fullmatch(text):
        return "it looks like a number that a spreadsheet rounded: format the column as text"
    if SPREADSHEET_DATE.fullmatch(text):
        return "it looks like a date that a spreadsheet made of it: format the column as text"
    return ""
