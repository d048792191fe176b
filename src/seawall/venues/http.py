"""How is a venue asked politely? Rate limit, retries with growing waits, bounded answers, every retry counted."""

from __future__ import annotations

import email.utils
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import httpx
import msgspec

from seawall.errors import VenueError

Clock = Callable[[], float]
Sleep = Callable[[float], None]

OK, TOO_MANY, SERVER_ERROR = 200, 429, 500
# The venue's own words for "later": too many requests, retry, settlement, full queue, maintenance, time-outs.
RETRY_CODES = (10028, 10040, 10041, 10047, 10066, 11051, 11094, 13028, 13888)


class PullSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the venue is asked. Waits and limits in seconds; jitter_seed None draws a new seed each time.

    requests_per_second and burst: the token bucket; slow_requests cost slow_cost tokens each. resume_seconds: quotes
    older than this are asked again when an interrupted pull goes on, so that a chain is of one moment.
    """

    base_url: str = "https://www.deribit.com/api/v2"
    timeout: float = 10.0
    answer_limit: float = 60.0
    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    requests_per_second: float = 5.0
    burst: int = 10
    slow_requests: tuple[str, ...] = ("public/get_instruments",)
    slow_cost: float = 5.0
    largest_answer_bytes: int = 64 * 2**20
    resume_seconds: float = 600.0
    jitter_seed: int | None = None


class Answer(NamedTuple):
    """raw: the bytes as they came. envelope: the decoded answer; result: what it carries."""

    raw: bytes
    envelope: Mapping[str, Any]
    result: Any


class Trouble(NamedTuple):
    """Why one attempt failed; whether another may help; the wait that the venue asked for, seconds."""

    reason: str
    again: bool
    wait: float | None = None


class TokenBucket:
    """At most ``burst`` tokens at once, refilled at ``rate`` a second."""

    def __init__(self, rate: float, burst: float, *, clock: Clock, sleep: Sleep) -> None:
        self.rate, self.burst, self.clock, self.sleep = rate, burst, clock, sleep
        self._tokens, self._seen = burst, clock()

    def take(self, cost: float = 1.0) -> None:
        """Waits until the tokens are there, then spends them."""
        self._refill()
        # A cost above the bucket's size could never be met: it waits for a full bucket and goes into debt.
        short = min(cost, self.burst) - self._tokens
        if short > 0:
            self.sleep(short / self.rate)
            self._refill()
        self._tokens -= cost

    def _refill(self) -> None:
        now = self.clock()
        self._tokens = min(self.burst, self._tokens + max(now - self._seen, 0.0) * self.rate)
        self._seen = now


class Client:
    """Calls one venue's JSON-RPC methods over HTTP GET. Use as a context manager."""

    def __init__(self, venue: str, settings: PullSettings, *, clock: Clock, sleep: Sleep) -> None:
        self.venue, self.settings, self.sleep, self.clock = venue, settings, sleep, clock
        self.sent, self.retried = 0, Counter[str]()
        self._random = random.Random(settings.jitter_seed)
        self._bucket = TokenBucket(settings.requests_per_second, settings.burst, clock=clock, sleep=sleep)
        self._http = httpx.Client(timeout=settings.timeout, headers={"Accept": "application/json"})

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, params: Mapping[str, Any]) -> Answer:
        """The answer of one method. Raises VenueError once attempts are used up or another cannot help."""
        attempt = 1
        while True:
            self._bucket.take(self.settings.slow_cost if method in self.settings.slow_requests else 1.0)
            found = self._attempt(method, params)
            if isinstance(found, Answer):
                return found
            wait = self._wait(attempt, found)
            if not found.again or attempt >= self.settings.attempts or wait > self.settings.longest_wait:
                raise VenueError(self.venue, method, _told(found, attempt, self.settings.longest_wait),
                                 remedy="pull again into the same directory: only what is missing is asked")
            self.retried[found.reason] += 1
            self.sleep(wait)
            attempt += 1

    def _wait(self, attempt: int, trouble: Trouble) -> float:
        grown = min(self.settings.first_wait * 2.0 ** (attempt - 1), self.settings.longest_wait)
        jittered = grown * self._random.uniform(0.5, 1.0)
        return max(trouble.wait or 0.0, jittered)

    def _attempt(self, method: str, params: Mapping[str, Any]) -> Answer | Trouble:
        self.sent += 1
        try:
            status, headers, raw = self._get(f"{self.settings.base_url}/{method}", params)
        except httpx.TimeoutException:
            return Trouble("no answer in time", again=True)
        except httpx.TransportError as error:
            return Trouble(f"connection failed ({type(error).__name__})", again=True)
        except _TooLarge:
            return Trouble(f"answer above {self.settings.largest_answer_bytes} bytes", again=False)
        return self._read(status, headers, raw)

    def _read(self, status: int, headers: httpx.Headers, raw: bytes) -> Answer | Trouble:
        if status == TOO_MANY:
            return Trouble("status 429, too many requests", True, _retry_after(headers, self.clock()))
        if status >= SERVER_ERROR:
            return Trouble(f"status {status}", True, _retry_after(headers, self.clock()))
        try:
            envelope = json.loads(raw)
        except (ValueError, RecursionError):
            return Trouble(f"status {status}, answer is no JSON or is cut off", again=status == OK)
        if not isinstance(envelope, dict):
            return Trouble(f"answer is a {type(envelope).__name__}, not an object", again=False)
        if envelope.get("error") is not None:
            return _refusal(envelope["error"])
        if status != OK or "result" not in envelope:
            return Trouble(f"status {status}, answer without result", again=False)
        return Answer(raw, envelope, envelope["result"])

    def _get(self, url: str, params: Mapping[str, Any]) -> tuple[int, httpx.Headers, bytes]:
        ends = time.monotonic() + self.settings.answer_limit
        pieces, size = [], 0
        with self._http.stream("GET", url, params=dict(params)) as response:
            for piece in response.iter_bytes():
                size += len(piece)
                pieces.append(piece)
                if size > self.settings.largest_answer_bytes:
                    raise _TooLarge
                # The time-out restarts with every byte; a dripping answer would never end.
                if time.monotonic() > ends:
                    raise httpx.ReadTimeout("answer drips")
            return response.status_code, response.headers, b"".join(pieces)


class _TooLarge(Exception):
    pass


def _refusal(error: Any) -> Trouble:
    """What the venue's own error object means: ``{"code": .., "message": .., "data": {"wait": seconds}}``."""
    told = error if isinstance(error, dict) else {"message": error}
    code, data = told.get("code"), told.get("data")
    wait = data.get("wait") if isinstance(data, dict) else None
    hint = float(wait) if isinstance(wait, int | float) and not isinstance(wait, bool) and wait > 0 else None
    return Trouble(f"refused with code {code}, {told.get('message')}", code in RETRY_CODES, hint)


def _retry_after(headers: httpx.Headers, now: float) -> float | None:
    """Seconds to wait by the Retry-After header, written as seconds or as a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - now, 0.0)
    except ValueError:
        return None


def _told(trouble: Trouble, attempts: int, longest: float) -> str:
    if trouble.wait is not None and trouble.wait > longest:
        return f"{trouble.reason}; asks to wait {trouble.wait:g} s, longer than {longest:g} s"
    return f"{trouble.reason}; after {attempts} attempts" if attempts > 1 else trouble.reason
