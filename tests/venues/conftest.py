"""What do venue tests share? A served stand-in, a clock that sleeping moves, and a pull with both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.formats.manifest import Manifest
from seawall.venues.deribit import pull
from seawall.venues.http import PullSettings
from venues.deribit_server import FakeTime, Served


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Served()
    yield server
    server.close()


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def pulled(served: Served, fake_time: FakeTime, tmp_path: Path) -> Callable[..., Manifest]:
    """Pulls BTC from the stand-in into a directory, without waiting."""
    def run(days: int = 45, directory: Path = tmp_path / "snapshot", **changes: Any) -> Manifest:
        settings = PullSettings(**{"base_url": served.base_url, "timeout": 0.5, "jitter_seed": 1, **changes})
        return pull(["BTC"], days, directory, settings=settings, clock=fake_time.clock, sleep=fake_time.sleep)
    return run
