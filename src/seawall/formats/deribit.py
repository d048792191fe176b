"""Deribit's public API, as raw JSON: book summaries of options and futures, with or without the envelope.

One file holds ``as_of``, ``options`` and ``futures``: the lists that public/get_book_summary_by_currency returns for
each kind. Prices of inverse options are in coin; mark_iv is in percent; a missing price is null.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from seawall.errors import FileProblem
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.quotes import Chain, FuturesQuotes, OptionQuotes, QualityEntry

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
OPTION = re.compile(r"^([A-Z0-9]+)-(\d{1,2})([A-Z]{3})(\d{2})-(\d+(?:d\d+)?)-([CP])$")
DATED = re.compile(r"^([A-Z0-9]+)-(\d{1,2})([A-Z]{3})(\d{2})$")
PERPETUAL = re.compile(r"^([A-Z0-9]+)-PERPETUAL$")
HOUR = 8
FUNDING_PERIODS = 3 * 365


def read_deribit(path: Path) -> Chain:
    """The chain of one recorded answer. Raises FileProblem if it cannot be read at all."""
    raw = _load(path)
    missing = [name for name in ("as_of", "options", "futures") if name not in raw]
    if missing:
        raise FileProblem(path, "parts are missing", found=", ".join(sorted(raw)), wanted=", ".join(missing),
                          remedy="record the time and both book summaries in one object")
    return chain_from_summaries(_rows(raw["options"]), _rows(raw["futures"]), raw["as_of"], source=path.name)


def chain_from_summaries(
    options: Sequence[Mapping[str, Any]], futures: Sequence[Mapping[str, Any]], as_of: str, *, source: str
) -> Chain:
    """The chain of two book summaries. as_of: ISO time, UTC if it names no zone."""
    moment = datetime.fromisoformat(as_of)
    quality: list[QualityEntry] = []
    if moment.tzinfo is None:
        quality.append(QualityEntry(source, "naive time read as UTC", "repaired", 1, (as_of,)))
        moment = moment.replace(tzinfo=UTC)
    named = [(row, OPTION.match(str(row.get("instrument_name", "")))) for row in options]
    strange = [str(row.get("instrument_name")) for row, match in named if match is None]
    if strange:
        reason = "not an inverse option's name"
        quality.append(QualityEntry(source, reason, "dropped", len(strange), tuple(strange[:3])))
    quotes = _options([(row, match) for row, match in named if match], moment)
    dated = _futures(futures, source, quality)
    return Chain(source, moment, quotes, dated, True, "USD", spots=_spots(quotes, dated, source, quality),
                 quality=tuple(quality))


def _options(rows: Sequence[tuple[Mapping[str, Any], re.Match[str]]], moment: datetime) -> OptionQuotes:
    count = len(rows)
    names = [str(row["instrument_name"]) for row, _ in rows]
    missing = np.full(count, np.nan)
    return OptionQuotes(
        instrument_id=frozen_texts(names, "names"), underlying=frozen_texts([m[1] for _, m in rows], "underlying"),
        expiry=np.array([_expiry(m[2], m[3], m[4]) for _, m in rows], dtype="datetime64[ns]"),
        strike=np.array([float(m[5].replace("d", ".")) for _, m in rows]),
        is_call=np.array([m[6] == "C" for _, m in rows], dtype=bool),
        bid=_column(rows, "bid_price"), ask=_column(rows, "ask_price"), mark=_column(rows, "mark_price"),
        bid_volatility=missing.copy(), ask_volatility=missing.copy(), mark_volatility=_column(rows, "mark_iv") / 100,
        open_interest=_column(rows, "open_interest", zero=True), volume=_column(rows, "volume_usd", zero=True),
        forward=_column(rows, "underlying_price"),
        forward_source=frozen_texts([str(row.get("underlying_index", "")) for row, _ in rows], "source"),
        index=_column(rows, "estimated_delivery_price"),
        observed_at=np.full(count, np.datetime64(moment.replace(tzinfo=None), "ns")),
    )


def _futures(rows: Sequence[Mapping[str, Any]], source: str, quality: list[QualityEntry]) -> FuturesQuotes:
    kept, expiries, strange = [], [], []
    for row in rows:
        name = str(row.get("instrument_name", ""))
        dated, endless = DATED.match(name), PERPETUAL.match(name)
        if dated or endless:
            kept.append((row, name.split("-")[0]))
            expiries.append(_expiry(dated[2], dated[3], dated[4]) if dated else np.datetime64("NaT", "ns"))
        else:
            strange.append(name)
    if strange:
        reason = "not an inverse future's name"
        quality.append(QualityEntry(source, reason, "dropped", len(strange), tuple(strange[:3])))
    pairs = [(row, None) for row, _ in kept]
    return FuturesQuotes(
        frozen_texts([str(row["instrument_name"]) for row, _ in kept], "names"),
        frozen_texts([underlying for _, underlying in kept], "underlying"), np.array(expiries, dtype="datetime64[ns]"),
        _column(pairs, "bid_price"), _column(pairs, "ask_price"), _column(pairs, "mark_price"),
        _column(pairs, "open_interest", zero=True), _column(pairs, "funding_8h", zero=True) * FUNDING_PERIODS,
    )


def _spots(
    options: OptionQuotes, futures: FuturesQuotes, source: str, quality: list[QualityEntry]
) -> tuple[tuple[str, float], ...]:
    """The index of each coin; where none is told, the middle of its perpetual, which funding holds near it."""
    found = []
    for underlying in sorted(set(options.underlying) | set(futures.underlying)):
        stated = options.index[(options.underlying == underlying) & np.isfinite(options.index)]
        if len(stated):
            found.append((str(underlying), float(np.median(stated))))
            continue
        rows = (futures.underlying == underlying) & np.isnat(futures.expiry)
        middle = ((futures.bid + futures.ask) / 2)[rows]
        if len(middle) and np.isfinite(middle[0]):
            found.append((str(underlying), float(middle[0])))
            quality.append(QualityEntry(source, "index taken from the perpetual's middle", "repaired", 1,
                                        (f"{underlying}-PERPETUAL",)))
    return tuple(found)


def _column(rows: Sequence[tuple[Mapping[str, Any], Any]], name: str, *, zero: bool = False) -> Floats:
    """Numbers of one field; NaN where missing, not a number, or, unless ``zero`` is one, not positive."""
    values = np.array([_number(row.get(name)) for row, _ in rows], dtype=float)
    return values if zero else np.where(values > 0, values, np.nan)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return float("nan")
    try:
        return float(value)
    except ValueError:
        return float("nan")


def _expiry(day: str, month: str, year: str) -> np.datetime64:
    if month not in MONTHS:
        return np.datetime64("NaT", "ns")
    number = MONTHS.index(month) + 1
    return np.datetime64(f"20{year}-{number:02d}-{int(day):02d}T{HOUR:02d}:00", "ns")


def _rows(value: Any) -> list[Mapping[str, Any]]:
    rows = value["result"] if isinstance(value, dict) and "result" in value else value
    return [row for row in rows if isinstance(row, dict)]


def _load(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        raw = json.loads(text)
    except (OSError, EOFError, ValueError) as error:
        raise FileProblem(path, "cannot be read as JSON", found=str(error), wanted="a recorded answer",
                          remedy="check the path, or record it again") from error
    if not isinstance(raw, dict):
        raise FileProblem(path, "not an object", found=type(raw).__name__, wanted="as_of, options, futures")
    return raw
