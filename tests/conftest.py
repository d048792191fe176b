"""What do tests share? Where the wider market data stands, and the count of those left out without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Kernels compile on their first call, and these machines are shared: no deadline a test could miss by luck.
settings.register_profile("seawall", deadline=None)
settings.load_profile("seawall")

SHARED = Path(__file__).resolve().parents[2] / "shared"
VECTORS = Path(__file__).resolve().parent / "vectors"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The wider market data beside the checkout; `make test-data` may not skip."""
    if not (SHARED / "data").is_dir():
        if os.environ.get("SEAWALL_REQUIRE_DATA"):
            pytest.fail(f"no market data at {SHARED / 'data'}")
        pytest.skip("needs the wider market data beside the checkout: make test-data")
    return SHARED / "data"


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Published numeric cases that the tests reproduce."""
    return VECTORS
