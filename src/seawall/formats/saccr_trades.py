"""Which trades are in which netting set? Two CSV tables for SA-CCR; every problem told with file, row and field.

Money may be in several currencies if rates are given. Times are years from the reporting date, or dates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from seawall.errors import FileProblem, InputError, TableProblems
from seawall.formats.book_cells import Problem, number
from seawall.formats.cells import plain
from seawall.formats.saccr_words import (
    FLAGS,
    SET_COLUMNS,
    SET_FLAGS,
    SET_MONEY,
    TRADE_COLUMNS,
    TRADE_MONEY,
    TRADE_NUMBERS,
    TRADE_YEARS,
    WORDS,
)
from seawall.formats.table_rows import TableRow, read_rows
from seawall.model.netting_set import NettingSetTerms, SaccrTrade

DAYS_A_YEAR = 365.0
NOTCH = re.compile(r"[+-]$")


class SaccrTables(NamedTuple):
    """What the two files hold; money in one reporting currency, times in years."""

    trades: tuple[SaccrTrade, ...]
    netting_sets: tuple[NettingSetTerms, ...]


class _Reading(NamedTuple):
    as_of: date | None
    rates: Mapping[str, float] | None


def read_saccr(
    trades: str | Path, netting_sets: str | Path, *, as_of: date | None = None, rates: Mapping[str, float] | None = None
) -> SaccrTables:
    """Trades and netting sets. as_of: the day that dates are counted from. rates: worth of each currency's unit.

    Raises FileProblem for a table that cannot be read, TableProblems with every row that cannot be used.
    """
    reading = _Reading(as_of, rates)
    problems: list[str] = []
    trade_rows = read_rows(trades, TRADE_COLUMNS, ("trade_id", "netting_set_id", "asset_class", "driver", "direction"))
    set_rows = read_rows(netting_sets, SET_COLUMNS, ("netting_set_id",))
    if not trade_rows:
        raise FileProblem(trades, "has no row", wanted="a trade a row", remedy="check that it is the right file")
    _one_currency((*trade_rows, *set_rows), rates, problems)
    found = _each(trade_rows, _trade, reading, problems)
    sets = _each(set_rows, _terms, reading, problems)
    _matched(trade_rows, set_rows, problems)
    if problems:
        raise TableProblems(f"{Path(trades).name} and {Path(netting_sets).name}", problems)
    return SaccrTables(tuple(found), tuple(sets))


def _each(
    rows: tuple[TableRow, ...], read: Callable[[Mapping[str, str], _Reading], Any], reading: _Reading,
    problems: list[str],
) -> list[Any]:
    out = []
    for row in rows:
        try:
            out.append(read(row.cells, reading))
        except (InputError, TypeError) as error:
            problems.append(f"{row.where}: {error}")
    return out


def _trade(cells: Mapping[str, str], reading: _Reading) -> SaccrTrade:
    terms: dict[str, Any] = {name: cells.get(name, "") for name in ("trade_id", "netting_set_id", "driver", "pair")}
    terms |= {name: _word(name, cells) for name in WORDS if name in cells or name in ("asset_class", "direction")}
    terms |= {name: _amount(name, cells) for name in TRADE_NUMBERS if name in cells}
    terms |= {name: _years(name, cells[name], reading.as_of) for name in TRADE_YEARS if name in cells}
    terms |= _money(cells, TRADE_MONEY, reading)
    if "notional" not in cells:
        terms["notional"] = _units(cells) * _rate(cells, reading)
    if "is_index" in cells:
        terms["is_index"] = _flag("is_index", cells["is_index"])
    return SaccrTrade(**terms)


def _terms(cells: Mapping[str, str], reading: _Reading) -> NettingSetTerms:
    terms: dict[str, Any] = {name: cells[name] for name in ("netting_set_id", "counterparty_id") if name in cells}
    terms |= _money(cells, SET_MONEY, reading)
    terms |= {name: _flag(name, cells[name]) for name in SET_FLAGS if name in cells}
    if "remargin_days" in cells:
        days = _amount("remargin_days", cells)
        if days != int(days):
            raise InputError("remargin_days", found=cells["remargin_days"], wanted="whole business days")
        terms["remargin_days"] = int(days)
    if "mpor_days" in cells:
        terms["mpor_days"] = _amount("mpor_days", cells)
    return NettingSetTerms(**{"netting_set_id": "", **terms})


def _units(cells: Mapping[str, str]) -> float:
    """Price times units, where the notional is not written."""
    price = "unit_price" if "unit_price" in cells else "price"
    if "units" not in cells or price not in cells:
        raise InputError("notional", found="", wanted="an amount, or units and unit_price",
                         remedy="write the notional")
    return _amount("units", cells) * _amount(price, cells)


def _money(cells: Mapping[str, str], names: tuple[str, ...], reading: _Reading) -> dict[str, float]:
    rate = _rate(cells, reading)
    return {name: _amount(name, cells) * rate for name in names if name in cells}


def _rate(cells: Mapping[str, str], reading: _Reading) -> float:
    currency = cells.get("currency", "")
    if not currency or reading.rates is None:
        return 1.0
    if currency not in reading.rates:
        raise InputError("currency", found=currency, wanted="one of " + ", ".join(sorted(reading.rates)),
                         remedy="give its rate")
    return reading.rates[currency]


def _amount(name: str, cells: Mapping[str, str]) -> float:
    found = number(name, cells[name])
    if isinstance(found, Problem):
        raise InputError(found.what, found=found.found, wanted=found.wanted, remedy=found.remedy)
    return found


def _years(name: str, text: str, as_of: date | None) -> float:
    """Years from the reporting date: written as a number, or a date; a start that has passed is now."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return _amount(name, {name: text})
    if as_of is None:
        raise InputError(name, found=text, wanted="years, or a date with the reporting date given",
                         remedy="give the reporting date")
    years = (day - as_of).days / DAYS_A_YEAR
    if years < 0 and name != "start":
        raise InputError(name, found=text, wanted=f"a day from {as_of.isoformat()} on",
                         remedy="leave out a trade that has ended")
    return max(years, 0.0)


def _word(name: str, cells: Mapping[str, str]) -> str:
    text = cells.get(name, "")
    if name == "direction" and text in ("+1", "-1"):
        return "long" if text == "+1" else "short"
    bare = NOTCH.sub("", text) if name == "quality" else text
    found = WORDS[name].get(plain(bare))
    if found is None:
        raise InputError(name, found=text, wanted="one of " + ", ".join(sorted({w for w in WORDS[name].values() if w})),
                         remedy="write one of them")
    return found


def _flag(name: str, text: str) -> bool:
    if text.lower() not in FLAGS:
        raise InputError(name, found=text, wanted="yes or no")
    return FLAGS[text.lower()]


def _one_currency(rows: tuple[TableRow, ...], rates: Mapping[str, float] | None, problems: list[str]) -> None:
    written = sorted({row.cells["currency"] for row in rows if "currency" in row.cells})
    if rates is None and len(written) > 1:
        problems.append(f"currency: found {', '.join(written)}; wanted one currency; give the rates of the others")


def _matched(trades: tuple[TableRow, ...], sets: tuple[TableRow, ...], problems: list[str]) -> None:
    """A trade whose netting set no row describes, and identifiers given twice."""
    known = {row.cells.get("netting_set_id") for row in sets}
    for row in trades:
        name = row.cells.get("netting_set_id")
        if name and name not in known:
            problems.append(f"{row.where}: netting_set_id: found {name!r}; wanted one of the netting sets; add its row")
    for rows, field in ((trades, "trade_id"), (sets, "netting_set_id")):
        seen: dict[str, str] = {}
        for row in rows:
            name = row.cells.get(field, "")
            if name and name in seen:
                problems.append(f"{row.where}: {field}: found {name!r} again; it stands in {seen[name]}")
            seen.setdefault(name, row.where)
