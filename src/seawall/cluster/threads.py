"""How many of this machine's cores? A thread pool behind the executor's protocol: nothing to install, nothing to ship.

Compiled kernels let go of the interpreter while they run; what is left of Python between them takes turns.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from seawall.errors import InputError


class ThreadExecutor:
    """Runs a task over items on so many threads; results come in the order of the items. threads: all cores if None."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = available_cores() if threads is None else threads
        if self.threads < 1:
            raise InputError("threads", found=threads, wanted="one or more")

    def map(self, task: Callable[[Any], Any], items: Iterable[Any], /) -> Iterator[Any]:
        """The results, in the order of the items."""
        with ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(task, items)


def available_cores() -> int:
    """Cores that this process may use."""
    told = getattr(os, "sched_getaffinity", None)
    return len(told(0)) if told is not None else os.cpu_count() or 1
