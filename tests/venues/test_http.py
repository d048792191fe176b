"""The client alone: any bytes make an answer or a named trouble, and the bucket keeps its rate."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import VenueError
from seawall.venues.http import Answer, Client, PullSettings, TokenBucket, Trouble
from venues.deribit_server import FakeTime


@given(st.integers(100, 599), st.binary(max_size=40), st.text(alphabet="0123456789abc :,", max_size=12))
def test_any_bytes_make_an_answer_or_a_named_trouble(status: int, raw: bytes, after: str) -> None:
    with Client("v", PullSettings(), clock=lambda: 0.0, sleep=lambda _: None) as client:
        found = client._read(status, httpx.Headers({"Retry-After": after}), raw)
    assert isinstance(found, Trouble)
    assert found.reason


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["result", "error", "code", "data", "wait", "message"]), inner), max_leaves=8))
def test_any_json_makes_an_answer_or_a_named_trouble(body: object) -> None:
    raw = httpx.Response(200, json=body).content
    with Client("v", PullSettings(), clock=lambda: 0.0, sleep=lambda _: None) as client:
        found = client._read(200, httpx.Headers(), raw)
    if isinstance(found, Answer):
        assert isinstance(body, dict)
        assert found.result == body["result"]
        assert body.get("error") is None
    else:
        assert found.wait is None or found.wait > 0


@given(st.lists(st.floats(0.1, 8.0), min_size=1, max_size=60), st.floats(0.5, 50), st.integers(1, 20))
def test_the_bucket_never_gives_more_than_its_burst_and_rate(costs: list[float], rate: float, burst: int) -> None:
    time = FakeTime(0.0)
    bucket = TokenBucket(rate, burst, clock=time.clock, sleep=time.sleep)
    spent = 0.0
    for cost in costs:
        bucket.take(cost)
        # What was spent before this request fits into what had flowed in by then; rounding grows with the clock.
        assert spent <= burst + rate * time.now + 1e-6
        spent += cost


def test_a_clock_set_back_makes_no_tokens_and_no_endless_wait() -> None:
    moments = iter([100.0, 50.0, 50.0, 50.0, 50.0])
    slept: list[float] = []
    bucket = TokenBucket(1.0, 1, clock=lambda: next(moments), sleep=slept.append)
    bucket.take()
    bucket.take()
    assert slept == [1.0]


def test_redirects_are_not_followed() -> None:
    with Client("v", PullSettings(), clock=lambda: 0.0, sleep=lambda _: None) as client:
        found = client._read(302, httpx.Headers({"Location": "http://elsewhere"}), b"")
    assert found == Trouble("status 302, answer is no JSON or is cut off", again=False)


def test_attempts_are_told_when_they_are_used_up() -> None:
    time = FakeTime(0.0)
    settings = PullSettings(base_url="http://127.0.0.1:9", attempts=2, timeout=0.2)
    with Client("v", settings, clock=time.clock, sleep=time.sleep) as client, pytest.raises(VenueError) as caught:
        client.call("public/test", {})
    assert "after 2 attempts" in caught.value.what
    assert client.sent == 2
