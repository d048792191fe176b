"""Deribit's public API as raw JSON: book summaries and instrument lists, with or without the answer's envelope.

A file holds one object with ``as_of``, ``options``, ``futures`` and, if wanted, ``instruments`` and ``index_prices``;
or one answer, or its bare list. Prices of inverse options are in coin, mark_iv in percent, a missing price null.
Fields beyond name, bid, ask, open interest and volume follow the venue's public reference; not verified live.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from seawall.errors import FileProblem
from seawall.formats.columns import VOLATILITIES, Numbers, Rows, futures_quotes, option_quotes
from seawall.formats.names import Contract, contract_named
from seawall.formats.spots import spots_of
from seawall.formats.tally import Tally
from seawall.formats.volatility_unit import PERCENT_FROM
from seawall.model.arrays import Floats, Texts, Times
from seawall.model.quotes import Chain

Record = Mapping[str, Any]
OPTION_FIELDS = {
    "bid": "bid_price", "ask": "ask_price", "mark": "mark_price", "mark_volatility": "mark_iv",
    "bid_volatility": "bid_iv", "ask_volatility": "ask_iv", "open_interest": "open_interest", "volume": "volume",
    "forward": "underlying_price", "index": "estimated_delivery_price", "contract_size": "contract_size",
}
FUTURE_FIELDS = {
    "bid": "bid_price", "ask": "ask_price", "mark": "mark_price", "open_interest": "open_interest",
    "funding": "funding_8h", "contract_size": "contract_size",
}
PERIODS_PER_YEAR = 3 * 365  # of eight hours


def read_deribit(path: Path) -> tuple[Chain, ...]:
    """One chain for what is settled in coin and one for each currency that settles the rest.

    Raises FileProblem if the file is no such recording, or tells no time.
    """
    return chains_of_answers(load_json(path), source=path.name, path=path)


def is_deribit(raw: object) -> bool:
    """Whether decoded JSON has this shape."""
    if isinstance(raw, dict):
        return any(key in raw for key in ("options", "futures", "result"))
    return isinstance(raw, list) and any(isinstance(row, dict) and "instrument_name" in row for row in raw)


def chains_of_answers(raw: Any, *, source: str, path: object = "") -> tuple[Chain, ...]:
    """The chains of decoded JSON. Raises FileProblem, naming ``path``."""
    if not is_deribit(raw):
        raise FileProblem(path or source, "not an answer of the public API", found=_shape(raw),
                          wanted="an object with options and futures, or the answer of a book summary",
                          remedy="record public/get_book_summary_by_currency of kind option and future")
    tally = Tally(source)
    parts = raw if isinstance(raw, dict) and "result" not in raw else {"options": raw}
    summaries = [row for name in ("options", "futures") for row in _records(parts.get(name), tally)]
    as_of = _as_of(raw, parts, summaries, tally)
    if as_of is None:
        raise FileProblem(path or source, "no time is told", found=_shape(raw),
                          wanted="as_of, usOut or creation_timestamp", remedy="add as_of, such as 2026-08-01T18:00:00Z")
    if not summaries:
        raise FileProblem(path or source, "no quote is in it", found=_shape(raw), wanted="rows of a book summary",
                          remedy="record public/get_book_summary_by_currency again")
    named = _named(summaries, tally)
    listed = _records(parts.get("instruments"), Tally(source))
    _tell_unquoted(listed, named, tally)
    stated = parts.get("index_prices")
    index_prices = _index_prices(stated if isinstance(stated, dict) else {}, tally)
    sizes = {str(row.get("instrument_name", "")): row["contract_size"] for row in listed if "contract_size" in row}
    named = [(_with_size(row, sizes), contract) for row, contract in named]
    return _chains(named, as_of, index_prices, tally)


def chain_from_summaries(
    options: Sequence[Record], futures: Sequence[Record], as_of: datetime, *, source: str
) -> tuple[Chain, ...]:
    """The chains of two lists of book summaries, as of an aware time."""
    raw = {"as_of": as_of.isoformat(), "options": list(options), "futures": list(futures)}
    return chains_of_answers(raw, source=source)


def load_json(path: Path) -> Any:
    """Decoded JSON, plain or gzipped. Raises FileProblem."""
    try:
        data = path.read_bytes()
        return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (OSError, EOFError, ValueError, zlib.error, RecursionError) as error:
        raise FileProblem(path, "cannot be read as JSON", found=str(error) or type(error).__name__,
                          wanted="JSON, plain or gzipped", remedy="check the path, or record it again") from error


def is_json(path: Path) -> bool:
    """Whether a file holds JSON, plain or gzipped, by its first letter. Raises FileProblem if it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
            if head[:2] == b"\x1f\x8b":
                with gzip.open(path) as opened:
                    head = opened.read(64)
    except (OSError, EOFError, zlib.error) as error:
        raise FileProblem(path, "cannot be read", found=str(error), wanted="a market file",
                          remedy="check the path") from error
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def _chains(
    named: Sequence[tuple[Record, Contract]], as_of: datetime, index_prices: Mapping[str, float], tally: Tally
) -> tuple[Chain, ...]:
    quotes = sorted({contract.quote for _, contract in named})
    chains = []
    for number, quote in enumerate(quotes or [""]):
        # What cannot be laid to one currency is told once, with the first chain.
        mine = tally if number == 0 else Tally(tally.source)
        rows = [pair for pair in named if pair[1].quote == quote]
        options = option_quotes(_option_rows([p for p in rows if p[1].kind == "option"], as_of, mine), mine)
        futures = futures_quotes(_future_rows([p for p in rows if p[1].kind != "option"], as_of), mine)
        spots = spots_of(options, futures, index_prices, mine)
        chains.append(Chain(tally.source, as_of, options, futures, not quote, quote or "USD", spots=spots,
                            quality=mine.entries()))
    return tuple(chains)


def _named(summaries: Sequence[Record], tally: Tally) -> list[tuple[Record, Contract]]:
    kept, reasons = [], {
        "combination": "combination, not a single contract", "pair": "spot pair, not a derivative",
        "unknown": "name follows no known grammar",
    }
    for row in summaries:
        name = str(row.get("instrument_name", ""))
        contract = contract_named(name)
        if contract.kind in reasons:
            tally.add(reasons[contract.kind], "dropped", [name or "(no name)"])
        else:
            kept.append((row, contract))
    return kept


def _tell_unquoted(listed: Sequence[Record], named: Sequence[tuple[Record, Contract]], tally: Tally) -> None:
    quoted = {str(row["instrument_name"]) for row, _ in named}
    names = [str(row.get("instrument_name", "")) for row in listed]
    kinds = ((name, contract_named(name).kind) for name in names if name not in quoted)
    tally.add("listed but not quoted", "flagged",
              [name for name, kind in kinds if kind in ("option", "future", "perpetual")])


def _with_size(row: Record, sizes: Mapping[str, Any]) -> Record:
    name = str(row["instrument_name"])
    return {"contract_size": sizes[name], **row} if name in sizes else row


def _option_rows(pairs: Sequence[tuple[Record, Contract]], as_of: datetime, tally: Tally) -> Rows:
    rows, contracts = [row for row, _ in pairs], [contract for _, contract in pairs]
    numbers = _numbers(rows, OPTION_FIELDS)
    for name in VOLATILITIES:
        if name in numbers:
            numbers[name] = _from_percent(name, numbers[name], tally)
    numbers["strike"] = Numbers(_floats([c.strike for c in contracts]), np.zeros(len(rows), dtype=bool))
    return Rows(
        *_identity(pairs), numbers, _observed(rows, as_of), is_call=_floats([c.is_call for c in contracts]),
        forward_source=_texts([row.get("underlying_index") or "" for row in rows]),
    )


def _from_percent(name: str, column: Numbers, tally: Tally) -> Numbers:
    """The venue quotes percent; a column whose middle is below 3 has been divided already."""
    known = column.values[column.values > 0]
    if len(known) and float(np.median(known)) < PERCENT_FROM:
        tally.add(f"{name}: already decimal where percent is usual", "repaired", ["all rows"], len(known))
        return column
    return Numbers(column.values / 100, column.bad)


def _future_rows(pairs: Sequence[tuple[Record, Contract]], as_of: datetime) -> Rows:
    rows = [dict(row) for row, _ in pairs]
    for row in rows:
        if row.get("funding_8h") is None and row.get("current_funding") is not None:
            row["funding_8h"] = row["current_funding"]
    numbers = _numbers(rows, FUTURE_FIELDS)
    if "funding" in numbers:
        numbers["funding"] = Numbers(numbers["funding"].values * PERIODS_PER_YEAR, numbers["funding"].bad)
    return Rows(*_identity(pairs), numbers, _observed(rows, as_of))


def _identity(pairs: Sequence[tuple[Record, Contract]]) -> tuple[Texts, Texts, Times]:
    return (_texts([row["instrument_name"] for row, _ in pairs]), _texts([c.underlying for _, c in pairs]),
            np.array([c.expiry for _, c in pairs], dtype="datetime64[us]"))


def _numbers(rows: Sequence[Record], fields: Mapping[str, str]) -> dict[str, Numbers]:
    """The fields that at least one row has."""
    return {
        name: _column([row.get(key) for row in rows])
        for name, key in fields.items() if any(key in row for row in rows)
    }


def _column(cells: Sequence[object]) -> Numbers:
    values = _floats([_number(cell) for cell in cells])
    blank = np.array([cell is None or cell == "" for cell in cells], dtype=bool)
    return Numbers(values, np.isnan(values) & ~blank)


def _number(cell: object) -> float:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return float("nan")
    try:
        value = float(cell)
    except (ValueError, OverflowError):
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def _observed(rows: Sequence[Record], as_of: datetime) -> Times:
    otherwise = np.datetime64(as_of.replace(tzinfo=None), "us")
    stamps = [_number(row.get("creation_timestamp")) for row in rows]
    told = [np.datetime64(int(stamp), "ms") if 0 < stamp < 7e12 else otherwise for stamp in stamps]
    return np.array(told, dtype="datetime64[us]")


def _as_of(raw: Any, parts: Mapping[str, Any], summaries: Sequence[Record], tally: Tally) -> datetime | None:
    """The time written beside the answers, else the envelope's, else the newest row's."""
    text = parts.get("as_of")
    if isinstance(text, str):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is None:
            tally.add("naive time read as UTC", "repaired", [text])
            moment = moment.replace(tzinfo=UTC)
        if moment is not None:
            return moment
    envelopes = [raw, *parts.values()]
    sent = [_number(e.get("usOut")) / 1e6 for e in envelopes if isinstance(e, dict) and "usOut" in e]
    made = [_number(row.get("creation_timestamp")) / 1e3 for row in summaries]
    for seconds in (sent, made):
        known = [s for s in seconds if 0 < s < 7e9]
        if known:
            return datetime.fromtimestamp(max(known), tz=UTC)
    return None


def _records(value: Any, tally: Tally) -> list[Record]:
    rows = value.get("result") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        return []
    tally.add("row is no object", "dropped", [str(row)[:40] for row in rows if not isinstance(row, dict)])
    return [row for row in rows if isinstance(row, dict)]


def _index_prices(stated: Mapping[str, Any], tally: Tally) -> dict[str, float]:
    """Price by asset; a key may be the asset or the venue's index, ``btc_usd``; a value the price or its answer."""
    found = {}
    for name, value in stated.items():
        asset, _, quote = str(name).upper().partition("_")
        price = _number(value.get("index_price") if isinstance(value, Mapping) else value)
        if quote in ("", "USD") and price > 0:
            found[asset] = price
        else:
            tally.add("index price of no use", "dropped", [name])
    return found


def _shape(raw: object) -> str:
    return "keys " + ", ".join(map(str, raw))[:120] if isinstance(raw, dict) else type(raw).__name__


def _floats(values: Sequence[Any]) -> Floats:
    return np.array(values, dtype=np.float64)


def _texts(values: Sequence[Any]) -> Texts:
    array = np.empty(len(values), dtype=object)
    array[:] = [str(value) for value in values]
    return array
