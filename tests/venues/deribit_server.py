"""A local stand-in for the venue: a real HTTP server on 127.0.0.1 that answers from the recording, faults on demand.

Chart, volatility index and funding answers have no recording: they follow the venue's public reference, their numbers
plain functions of the time stamp, so that a test can recompute every value.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

RECORDING = json.loads((Path(__file__).parent / "recordings" / "deribit_btc_20260801.json").read_text())
AS_OF = datetime.fromisoformat(RECORDING["as_of"])
NOW = AS_OF.timestamp()
HOUR, DAY = 3_600_000, 86_400_000

Fault = Callable[["Handler"], bool]  # does something else and says whether it answered


def close_at(tick: int) -> float:
    """The index candle's close."""
    return 60_000 * math.exp(0.1 * math.sin(tick / DAY))


def dvol_at(stamp: int) -> float:
    """The volatility index, percent."""
    return 50 + 5 * math.cos(stamp / DAY)


def funding_at(stamp: int) -> float:
    """The eight-hour rate."""
    return 1e-5 * ((stamp // HOUR) % 7 - 3)


class Venue:
    """What the server knows. faults: by method, those to play first. caps: records in one answer."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.history_starts = 0
        self.silent_hours: set[int] = set()
        self.caps = {"chart": 5_000, "dvol": 1_000, "funding": 744}
        self.drop_expiry = ""
        self.sent_at = int(NOW * 1e6)

    def count(self) -> Counter[str]:
        """Calls by method."""
        return Counter(method for method, _ in self.calls)

    def result(self, method: str, q: dict[str, str]) -> Any:
        """The result of a call."""
        if method == "public/get_book_summary_by_currency":
            rows = RECORDING["options" if q["kind"] == "option" else "futures"] if q["currency"] == "BTC" else []
            return [row for row in rows if not self.drop_expiry or self.drop_expiry not in row["instrument_name"]]
        if method == "public/get_instruments":
            return RECORDING["instruments"] if q["currency"] == "BTC" else []
        start, end = int(q["start_timestamp"]), int(q["end_timestamp"])
        if method == "public/get_tradingview_chart_data":
            ticks = self._stamps(start, end, DAY, "chart")
            close = [close_at(t) for t in ticks]
            columns = {"open": close, "high": close, "low": close, "close": close, "volume": [1.0] * len(ticks)}
            return {"status": "ok" if ticks else "no_data", "ticks": ticks, "cost": [1.0] * len(ticks), **columns}
        if method == "public/get_volatility_index_data":
            every = [t for t in range(-(-start // DAY) * DAY, end + 1, DAY) if t >= self.history_starts]
            kept = every[-self.caps["dvol"]:]
            further = kept[0] - 1 if len(kept) < len(every) else None
            return {"data": [[t, *[dvol_at(t)] * 4] for t in kept], "continuation": further}
        stamps = [t for t in self._stamps(start, end, HOUR, "funding") if t not in self.silent_hours]
        return [{"timestamp": t, "index_price": 60_000.0, "prev_index_price": 60_000.0, "interest_8h": funding_at(t),
                 "interest_1h": funding_at(t) / 8} for t in stamps]

    def _stamps(self, start: int, end: int, step: int, kind: str) -> list[int]:
        every = [t for t in range(-(-start // step) * step, end + 1, step) if t >= self.history_starts]
        return every[-self.caps[kind]:]


class Handler(BaseHTTPRequestHandler):
    """Answers one request as the venue would, unless a fault is due."""

    protocol_version = "HTTP/1.1"
    venue: Venue

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        method = url.path.removeprefix("/api/v2/")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.venue.calls.append((method, query))
        waiting = self.venue.faults.get(method, [])
        if waiting and waiting.pop(0)(self):
            return
        self.answer(200, {"jsonrpc": "2.0", "result": self.venue.result(method, query), "usIn": self.venue.sent_at - 9,
                          "usOut": self.venue.sent_at, "usDiff": 9, "testnet": False})

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Sends a JSON answer."""
        self.raw(status, json.dumps(body).encode(), headers)

    def raw(self, status: int, data: bytes, headers: dict[str, str] | None = None, cut: int = 0) -> None:
        """Sends bytes, the last ``cut`` of them left out of a whole-looking answer."""
        sent = data[: len(data) - cut]
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(sent))}.items():
            self.send_header(name, value)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def too_many(retry_after: str) -> Fault:
    """Status 429 with a Retry-After header."""
    return lambda h: h.answer(429, {"message": "slow down"}, {"Retry-After": retry_after}) is None


def refused(code: int, message: str, **data: object) -> Fault:
    """The venue's own error object."""
    error = {"code": code, "message": message, "data": data}
    return lambda h: h.answer(400, {"jsonrpc": "2.0", "error": error}) is None


def status(code: int) -> Fault:
    """An error page that is no JSON."""
    return lambda h: h.raw(code, b"<html>sorry</html>") is None


def truncated(h: Handler) -> bool:
    """JSON that stops in the middle, in an answer that looks whole."""
    h.raw(200, json.dumps({"jsonrpc": "2.0", "result": RECORDING["options"]}).encode(), cut=50)
    return True


def reset(h: Handler) -> bool:
    """The connection is torn down."""
    h.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    h.close_connection = True
    h.connection.close()
    return True


def slow(seconds: float) -> Fault:
    """Answers too late; the client is gone by then."""
    def late(h: Handler) -> bool:
        time.sleep(seconds)
        h.close_connection = True
        return True
    return late


def dripping(h: Handler) -> bool:
    """A byte now and then, for ever, in effect."""
    h.send_response(200)
    h.send_header("Content-Length", "1000")
    h.end_headers()
    for _ in range(40):
        try:
            h.wfile.write(b" ")
            h.wfile.flush()
        except OSError:
            break
        time.sleep(0.02)
    h.close_connection = True
    return True


def shaped(result: Any) -> Fault:
    """An answer of another shape."""
    return lambda h: h.answer(200, {"jsonrpc": "2.0", "result": result}) is None


class Served:
    """The server while a test runs, with its address."""

    def __init__(self) -> None:
        self.venue = Venue()
        handler = type("Bound", (Handler,), {"venue": self.venue})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a reset is meant, not news
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/api/v2"

    def close(self) -> None:
        """Stops answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self, start: float = NOW) -> None:
        self.now, self.slept = start, [0.0]

    def clock(self) -> float:
        """Seconds since 1970."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Moves the clock on at once."""
        self.slept.append(seconds)
        self.now += seconds
