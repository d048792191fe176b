"""Deribit's public market data, without a key: pulled into a snapshot directory, part by part, resumable.

Parameters and fields follow the venue's public reference; see docs/how-to/live-data.md for what was never seen live.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from seawall.errors import InputError, VenueError
from seawall.formats.manifest import Manifest
from seawall.model.failure import Failure
from seawall.venues.deribit_tables import CANDLE_MS, HOUR_MS, stamps_of, write_tables
from seawall.venues.http import Client, Clock, PullSettings, Sleep
from seawall.venues.store import Store

Progress = Callable[[str, int, int], None]

VENUE = "deribit"
DAY_SECONDS = 86_400
MOST_DAYS = 5_000
MOST_PAGES = 200
CHART_DAYS, DVOL_DAYS, FUNDING_DAYS = 1_000, 1_000, 30  # what one answer holds, at most; more is paged
QUOTES = ("options", "futures", "instruments")


class Part(NamedTuple):
    """One file of raw answers. paging: one, window (asks for the rest of a span) or continuation."""

    currency: str
    kind: str
    number: int
    method: str
    params: dict[str, Any]
    paging: str

    @property
    def name(self) -> str:
        """The file's name inside the snapshot."""
        return f"raw/{self.currency}.{self.kind}.{self.number:03d}.json.gz"

    @property
    def stage(self) -> str:
        """What a progress bar says."""
        return f"{self.currency} {self.kind}"


def pull(
    currencies: Sequence[str], days: int, directory: Path, *, settings: PullSettings | None = None,
    progress: Progress | None = None, clock: Clock = time.time, sleep: Sleep = time.sleep,
) -> Manifest:
    """The manifest of a snapshot of chains, daily index and DVOL history, and hourly funding, now on disk.

    progress is told (stage, parts done, parts in all). What could not be had is a failure in the manifest; pulling
    again into the same directory asks only for that, and goes on where an interrupted pull stopped.
    Raises InputError for impossible arguments, FileProblem for a directory that holds something else, VenueError
    if the venue answers nothing at all.
    """
    asked = _asked(currencies, days)
    tell = progress or _silent
    chosen = settings or PullSettings()
    store = Store.open(directory, Manifest(f"{VENUE} {chosen.base_url}", asked, days, _iso(clock())))
    started = datetime.fromisoformat(store.manifest.started_at).timestamp()
    parts = [part for currency in asked for part in _parts(currency, days, started)]
    with Client(VENUE, chosen, clock=clock, sleep=sleep) as client:
        failures = _fetch_all(client, store, parts, tell)
        requests = {"sent": client.sent} | {f"retried: {why}": count for why, count in sorted(client.retried.items())}
    tell("tables", len(parts), len(parts))
    return _finish(store, failures, requests, _iso(clock()))


def rebuild(directory: Path) -> Manifest:
    """The manifest after its tables were written anew from the raw answers on disk; nothing is asked.

    Raises FileProblem if the directory holds no finished pull, or a raw file was altered.
    """
    store = Store.reopen(directory)
    old = store.manifest
    return _finish(store, [f for f in old.failures if f.where.startswith("raw/")], old.requests, old.finished_at)


def _finish(store: Store, failures: Sequence[Failure], requests: dict[str, int], finished_at: str) -> Manifest:
    tables = write_tables(store)
    told = [*failures, *tables.failures]
    return store.finish(as_of=tables.as_of, failures=tuple(told), quality=tuple(tables.quality), requests=requests,
                        finished_at=finished_at)


def _fetch_all(client: Client, store: Store, parts: Sequence[Part], tell: Progress) -> list[Failure]:
    failures: list[Failure] = []
    newest = client.clock() - client.settings.resume_seconds
    for number, part in enumerate(parts):
        tell(part.stage, number, len(parts))
        if store.holds(part.name, newer_than=newest if part.kind in QUOTES else 0.0):
            continue
        try:
            pages = _pages(client, part)
        except VenueError as error:
            failures.append(Failure(error.what, part.name, f"{VENUE} {error.request}", remedy=error.remedy))
            store.forget(part.name)
            if not store.manifest.files and len(failures) == len(QUOTES):
                raise  # nothing came of the first three: the venue is out of reach, not one part of it
        else:
            store.keep(part.name, pages, _iso(client.clock()))
    return failures


def _pages(client: Client, part: Part) -> list[bytes]:
    if part.paging == "one":
        return [_checked(client, part, part.params)[0]]
    return _continued(client, part) if part.paging == "continuation" else _windowed(client, part)


def _windowed(client: Client, part: Part) -> list[bytes]:
    """Answers that cover a span: whatever an answer leaves out at either end is asked again."""
    pages: list[bytes] = []
    step = HOUR_MS if part.kind == "funding" else CANDLE_MS
    spans = [(part.params["start_timestamp"], part.params["end_timestamp"])]
    while spans:
        start, end = spans.pop()
        raw, result = _checked(client, part, part.params | {"start_timestamp": start, "end_timestamp": end})
        pages.append(raw)
        inside = [stamp for stamp in stamps_of(part.kind, result) if start <= stamp <= end]
        if inside and min(inside) - start >= step:
            spans.append((start, min(inside) - 1))
        if inside and end - max(inside) >= step:
            spans.append((max(inside) + 1, end))
        _refuse_endless(client, part, len(pages))
    return pages


def _continued(client: Client, part: Part) -> list[bytes]:
    """Answers that each name the end of the one to ask next, newest first."""
    pages: list[bytes] = []
    start, end = part.params["start_timestamp"], part.params["end_timestamp"]
    while True:
        raw, result = _checked(client, part, part.params | {"end_timestamp": end})
        pages.append(raw)
        further = result.get("continuation")
        if not isinstance(further, int) or not start < further < end:
            return pages
        end = further
        _refuse_endless(client, part, len(pages))


def _checked(client: Client, part: Part, params: dict[str, Any]) -> tuple[bytes, Any]:
    answer = client.call(part.method, params)
    try:
        stamps_of(part.kind, answer.result)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise VenueError(VENUE, part.method, f"answer has another shape: {type(error).__name__} {error}",
                         remedy="compare it with the public reference; the reader may be too old") from error
    return answer.raw, answer.result


def _refuse_endless(client: Client, part: Part, pages: int) -> None:
    if pages >= MOST_PAGES:
        raise VenueError(client.venue, part.method, f"{pages} answers and no end", remedy="ask for fewer days")


def _parts(currency: str, days: int, started: float) -> list[Part]:
    """All that is asked for one currency; quotes first and close together, so that they are of one moment."""
    end = int(started * 1000)
    start = int(started // DAY_SECONDS - days) * DAY_SECONDS * 1000
    perpetual = f"{currency}-PERPETUAL"
    summary = "public/get_book_summary_by_currency"
    parts = [
        Part(currency, "options", 0, summary, {"currency": currency, "kind": "option"}, "one"),
        Part(currency, "futures", 0, summary, {"currency": currency, "kind": "future"}, "one"),
        Part(currency, "instruments", 0, "public/get_instruments", {"currency": currency, "expired": False}, "one"),
    ]
    parts += _spans(currency, "chart", "public/get_tradingview_chart_data", (start, end, CHART_DAYS),
                    paging="window", params={"instrument_name": perpetual, "resolution": "1D"})
    parts += _spans(currency, "dvol", "public/get_volatility_index_data", (start, end, DVOL_DAYS),
                    paging="continuation", params={"currency": currency, "resolution": "1D"})
    return parts + _spans(currency, "funding", "public/get_funding_rate_history", (start, end, FUNDING_DAYS),
                          paging="window", params={"instrument_name": perpetual})


def _spans(
    currency: str, kind: str, method: str, span: tuple[int, int, int], *, paging: str, params: dict[str, Any]
) -> list[Part]:
    first, last, days = span
    starts = range(first, last + 1, days * CANDLE_MS)
    return [
        Part(currency, kind, number, method, params | {
            "start_timestamp": start, "end_timestamp": min(start + days * CANDLE_MS - 1, last)}, paging)
        for number, start in enumerate(starts)
    ]


def _asked(currencies: Sequence[str], days: int) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip().upper() for name in currencies if name.strip()))
    bad = [name for name in names if not re.fullmatch(r"[A-Z0-9]{2,10}", name)]
    if bad or not names:
        raise InputError("currencies", found=", ".join(bad) or "none", wanted="names such as BTC,ETH",
                         remedy="name at least one")
    if not 1 <= days <= MOST_DAYS:
        raise InputError("days of history", found=days, wanted=f"1 to {MOST_DAYS}", remedy="choose another number")
    return names


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds")


def _silent(_stage: str, _done: int, _total: int) -> None:
    return None
