"""What does each part cost a core? Processor seconds of small and large runs, and the rates that come nearest."""

from __future__ import annotations

import time
from typing import NamedTuple

from benchmarks.cluster_work import LINES, Size, Work
from seawall.cluster.sizing import Load, Rates, core_seconds, fit
from seawall.cluster.threads import ThreadExecutor

CUBES = ((200, 500), (200, 4_000), (800, 1_000), (1_600, 4_000), (400, 10_000))
MEASURES = ((300, 500, 500, 20), (300, 500, 4_000, 20), (300, 4_000, 500, 5), (300, 2_000, 2_000, 5),
            (300, 1_000, 1_000, 60), (1_200, 1_000, 4_000, 20))
MARGINS = (2_000, 10_000, 40_000)


class Fit(NamedTuple):
    """Loads measured, with their processor seconds; the rates; the root mean square of relative errors."""

    rows: tuple[tuple[Load, float], ...]
    rates: Rates
    error: float

    def told(self, row: int) -> float:
        """Processor seconds of a row by the rates."""
        return core_seconds(self.rows[row][0], self.rates)


def fitted(efficiency: float) -> Fit:
    """Measured on one thread, by its own clock: neighbours on the machine do not count."""
    rows = [*map(_cube, CUBES), *map(_measures, MEASURES), *map(_margin, MARGINS)]
    rates, error = fit([load for load, _ in rows], [seconds for _, seconds in rows], efficiency)
    return Fit(tuple(rows), rates, error)


def _cube(size: tuple[int, int]) -> tuple[Load, float]:
    instruments, scenarios = size
    work = Work(Size(instruments, scenarios, 1, 1))
    work.scenarios  # noqa: B018  made before anything is timed
    return Load(0, 0, instruments, scenarios), _spent(work, "cube")


def _measures(size: tuple[int, int, int, int]) -> tuple[Load, float]:
    instruments, accounts, scenarios, lines = size
    work = Work(Size(instruments, scenarios, accounts, 1, lines))
    work.scenarios, work.book  # noqa: B018
    return Load(accounts, lines, instruments, scenarios, margined=False), _spent(work, "cube", "measures")


def _margin(accounts: int) -> tuple[Load, float]:
    work = Work(Size(1, 1, 1, accounts))
    work.margin  # noqa: B018
    return Load(accounts, LINES, 0, 0, measured=False), _spent(work, "margin")


def _spent(work: Work, *parts: str) -> float:
    best = float("inf")
    for _ in range(2):
        start, cube = time.process_time(), None
        for part in parts:
            _, cube = work.run(part, ThreadExecutor(1), cube)
        best = min(best, time.process_time() - start)
    return best
