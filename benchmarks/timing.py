"""Seconds and megabytes of a stage, and tables of them."""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from rich.console import Console
from rich.table import Table

T = TypeVar("T")
CONSOLE = Console(width=110)


class Stage(NamedTuple):
    """One step: what it made, how long it took on the clock and on the processor, and the peak of memory by then."""

    name: str
    seconds: float
    processor_seconds: float
    peak_megabytes: float
    made: str


class Stages:
    """Runs steps one after the other and remembers what each took."""

    def __init__(self) -> None:
        self.rows: list[Stage] = []

    def run(self, name: str, step: Callable[[], T], made: Callable[[T], str]) -> T:
        """The step's result, timed once: a report is made once."""
        start, busy = time.perf_counter(), time.process_time()
        result = step()
        taken = time.perf_counter() - start, time.process_time() - busy
        self.rows.append(Stage(name, *taken, peak_megabytes(), made(result)))
        return result

    def show(self, title: str) -> None:
        """A table, and the sum."""
        cells = [(s.name, s.seconds, s.processor_seconds, s.peak_megabytes, s.made) for s in self.rows]
        cells.append(("all", *(sum(column) for column in list(zip(*cells, strict=True))[1:3]), peak_megabytes(), ""))
        show(title, ("stage", "seconds", "on processor", "peak MB", "made"),
             [(name, f"{s:.3f}", f"{p:.3f}", f"{m:,.0f}", made) for name, s, p, m, made in cells])


def best_seconds(step: Callable[[], object], repeats: int = 5) -> float:
    """The shortest of several runs on this thread's own clock: neighbours on the machine do not count."""
    step()
    times = []
    for _ in range(repeats):
        start = time.thread_time()
        step()
        times.append(time.thread_time() - start)
    return min(times)


def peak_megabytes() -> float:
    """The most memory this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if platform.system() == "Darwin" else 1024)


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table, first column text, the others numbers."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*row)
    CONSOLE.print(table)
