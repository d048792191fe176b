"""What do the raw answers say? Chains, daily bars and hourly funding, written as tables; whatever is amiss is told."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from seawall.errors import FileProblem
from seawall.formats.chain import write_chain
from seawall.formats.deribit import chains_of_answers
from seawall.formats.manifest import FileEntry, sha256_of
from seawall.formats.names import contract_named
from seawall.formats.snapshot import write_rows
from seawall.model.factor import tenor_of
from seawall.model.failure import Failure
from seawall.model.quotes import Chain, QualityEntry
from seawall.venues.store import Store

HOUR_MS = 3_600_000
CANDLE_MS = 24 * HOUR_MS
LAST_MS = 7_258_118_400_000  # the year 2200
BAR_COLUMNS = ("date", "symbol", "open", "high", "low", "close", "volume", "source")
FUNDING_COLUMNS = ("date", "symbol", "interest_8h", "interest_1h", "index_price", "prev_index_price")

Row = tuple[Any, ...]


class Tables(NamedTuple):
    """What writing had to tell; as_of: newest moment of the quotes."""

    as_of: str
    quality: list[QualityEntry]
    failures: list[Failure]


def stamps_of(kind: str, result: Any) -> list[int]:
    """The time stamps (milliseconds) of an answer's records.

    Raises ValueError, TypeError, KeyError or OverflowError if it is misshapen or tells a time that cannot be.
    """
    stamps = _stamps(kind, result)
    strange = [stamp for stamp in stamps if not 0 <= stamp < LAST_MS]
    if strange:
        raise ValueError(f"a time of {strange[0]} milliseconds")
    return stamps


def _stamps(kind: str, result: Any) -> list[int]:
    if kind == "chart":
        lengths = {len(result[name]) for name in ("ticks", "open", "high", "low", "close", "volume")}
        if len(lengths) != 1:
            raise ValueError(f"columns of {sorted(lengths)} candles")
        return [int(tick) for tick in result["ticks"]]
    if kind == "dvol":
        return [int(stamp) for stamp, _open, _high, _low, _close in result["data"]]
    if not isinstance(result, list) or not all(isinstance(row, dict) for row in result):
        raise TypeError(f"wanted a list of objects, found {type(result).__name__}")
    if kind == "funding":
        return [int(row["timestamp"]) for row in result]
    return [0 for row in result if isinstance(row["instrument_name"], str)]


def write_tables(store: Store) -> Tables:
    """Writes every table that the raw answers at hand allow, and records it with its hash."""
    tables = Tables("", [], [])
    for name in [n for n, entry in store.manifest.files.items() if entry.kind != "raw"]:
        store.forget(name)
    moments = [moment for currency in store.manifest.currencies for moment in _write_chains(store, currency, tables)]
    _write_bars(store, tables)
    _write_funding(store, tables)
    return tables._replace(as_of=max(moments).isoformat() if moments else "")


def _write_chains(store: Store, currency: str, tables: Tables) -> list[datetime]:
    answers = {kind: store.answers(currency, kind) for kind in ("options", "futures", "instruments")}
    rows = {kind: [row for answer in found for row in answer["result"]] for kind, found in answers.items()}
    if not rows["options"] and not rows["futures"]:
        tables.failures.append(Failure("no quotes came: no chain", f"chain_{currency}.parquet",
                                       remedy="pull again into the same directory"))
        return []
    as_of = _as_of([*answers["options"], *answers["futures"]],
                   store.taken_at(currency, "options") or store.taken_at(currency, "futures"))
    try:
        chains = chains_of_answers({"as_of": as_of, **rows}, source=f"deribit {currency}")
    except FileProblem as error:
        tables.failures.append(Failure("quotes cannot be read", f"chain_{currency}.parquet", str(error)))
        return []
    absent = _expiries_without_quotes(currency, rows)
    for number, chain in enumerate(chains):
        told = dataclasses.replace(chain, quality=(*chain.quality, *absent)) if number == 0 else chain
        _write_chain(store, currency if number == 0 else f"{currency}_{chain.quote_currency}", told)
    return [chain.as_of for chain in chains]


def _write_chain(store: Store, label: str, chain: Chain) -> None:
    name = f"chain_{label}.parquet"
    write_chain(chain, store.directory / name)
    _record(store, name, len(chain.options) + len(chain.futures), "chain")


def _as_of(answers: Iterable[Mapping[str, Any]], otherwise: str) -> str:
    """When the newest answer left the venue, by its own clock (microseconds), else when it came."""
    told = [answer.get("usOut") for answer in answers]
    sent = [stamp for stamp in told if isinstance(stamp, int) and 0 < stamp < LAST_MS * 1000]
    return datetime.fromtimestamp(max(sent) / 1e6, tz=UTC).isoformat() if sent else otherwise


def _expiries_without_quotes(currency: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[QualityEntry]:
    """Expiries that the venue lists but of which no option is in the book summary."""
    quoted = {contract_named(str(row["instrument_name"])).expiry for row in rows["options"]}
    listed = [contract_named(str(row["instrument_name"])) for row in rows["instruments"]]
    absent = sorted({c.expiry for c in listed if c.kind == "option" and c.expiry not in quoted})
    examples = tuple(tenor_of(expiry.astype("datetime64[s]").item().replace(tzinfo=UTC)) for expiry in absent[:5])
    reason = "expiry listed, but the answer quotes none of its options"
    return [QualityEntry(f"deribit {currency}", reason, "flagged", len(absent), examples)] if absent else []


def _write_bars(store: Store, tables: Tables) -> None:
    bars: list[Row] = []
    for currency in store.manifest.currencies:
        charts = [answer["result"] for answer in store.answers(currency, "chart")]
        columns = ("ticks", "open", "high", "low", "close", "volume")
        candles = [row for chart in charts for row in zip(*(chart[name] for name in columns), strict=True)]
        indices = [(*row, None) for answer in store.answers(currency, "dvol") for row in answer["result"]["data"]]
        bars += _bars(store, tables, f"spot:{currency}", f"{currency}-PERPETUAL", candles)
        bars += _bars(store, tables, f"volatility:{currency}", f"{currency}-DVOL", [_decimal(row) for row in indices])
    _write_rows(store, "history.parquet", "history", BAR_COLUMNS, bars)


def _decimal(row: Row) -> Row:
    """The venue quotes its volatility index in percent."""
    return (row[0], *(_number(value) / 100 for value in row[1:5]), row[5])


def _bars(store: Store, tables: Tables, symbol: str, source: str, candles: Iterable[Row]) -> list[Row]:
    """Finished candles, one a day, oldest first."""
    closes_by = datetime.fromisoformat(store.manifest.started_at).timestamp() * 1000
    distinct = {int(candle[0]): candle for candle in candles}
    finished = {tick: candle for tick, candle in distinct.items() if tick + CANDLE_MS <= closes_by}
    _tell(tables, source, "candle not finished when it was pulled", "dropped", [*(distinct.keys() - finished.keys())])
    if not finished:
        tables.quality.append(QualityEntry(f"deribit {source}", "no history came", "flagged", 1))
    _tell(tables, source, "day without a candle", "flagged", _holes(finished, CANDLE_MS))
    return [(tick, symbol, *map(_number, finished[tick][1:6]), source) for tick in sorted(finished)]


def _write_funding(store: Store, tables: Tables) -> None:
    rows: list[Row] = []
    for currency in store.manifest.currencies:
        name = f"{currency}-PERPETUAL"
        answers = store.answers(currency, "funding")
        records = {int(row["timestamp"]): row for answer in answers for row in answer["result"]}
        _tell(tables, name, "hour without a funding rate", "flagged", _holes(records, HOUR_MS))
        rows += [(stamp, f"funding:{name}", *(_number(records[stamp].get(field)) for field in FUNDING_COLUMNS[2:]))
                 for stamp in sorted(records)]
    _write_rows(store, "funding.parquet", "funding", FUNDING_COLUMNS, rows)


def _write_rows(store: Store, name: str, kind: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if not rows:
        return
    write_rows(store.directory / name, dict(zip(columns, zip(*rows, strict=True), strict=True)))
    _record(store, name, len(rows), kind)


def _record(store: Store, name: str, rows: int, kind: str) -> None:
    file: Path = store.directory / name
    store.record(name, FileEntry(sha256_of(file), rows, kind, store.manifest.started_at))


def _holes(stamps: Iterable[int], step: int) -> list[int]:
    known = sorted(stamps)
    return [hole for a, b in itertools.pairwise(known) for hole in range(a + step, b - step // 2, step)]


def _tell(tables: Tables, source: str, reason: str, treatment: str, stamps: Sequence[int]) -> None:
    if stamps:
        shown = tuple(datetime.fromtimestamp(s / 1000, tz=UTC).isoformat() for s in sorted(stamps)[:3])
        tables.quality.append(QualityEntry(f"deribit {source}", reason, treatment, len(stamps), shown))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
