"""Prints every benchmark: a real chain's pipeline, QuantLib on its cells, kernels, options against peers."""

from __future__ import annotations

import platform
import time

import numba

from benchmarks import kernels, pipeline, revalue
from benchmarks.timing import CONSOLE


def main() -> None:
    """All of them, on one thread."""
    start = time.perf_counter()
    CONSOLE.print(f"Python {platform.python_version()}, numba {numba.__version__}, {platform.machine()}")
    pipeline.run()
    kernels.compare()
    revalue.compare()
    CONSOLE.print(f"{time.perf_counter() - start:.0f} seconds in all")


if __name__ == "__main__":
    main()
