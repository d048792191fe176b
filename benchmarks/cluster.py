"""Does a second process help as much as a second thread? One thread, two threads, two worker processes, in turn.

`python -m benchmarks.cluster [FILE]` needs the cluster extra; it writes its page into FILE, if one is named.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.cluster_fit import fitted
from benchmarks.cluster_page import page
from benchmarks.cluster_work import ALL, Size, Work
from benchmarks.timing import CONSOLE
from seawall.cluster.local import local_workers
from seawall.cluster.threads import ThreadExecutor
from seawall.cluster.workers import ClusterExecutor
from seawall.cube import Executor

SIZE = Size(instruments=1_200, scenarios=10_000, measured=7_500, margined=150_000)
ROUNDS = 4
MEMORY = 3 * 1024**3
SETTLE = 0.2


class Pass(NamedTuple):
    """One way through all parts: seconds by part, processor seconds, digits by part, load of the machine at its end."""

    who: str
    seconds: dict[str, float]
    processor: float
    digits: tuple[str, ...]
    load: float


def run(file: Path | None) -> None:
    """Prints the passes, and writes the page."""
    with TemporaryDirectory() as folder:
        work = Work(SIZE, folder)
        work.scenarios, work.book, work.margin  # noqa: B018  made before anything is timed
        passes = list(_passes(work))
    text = page(SIZE, ROUNDS, passes, fitted(_ratio(passes)))
    CONSOLE.print(text, markup=False, highlight=False)
    if file is not None:
        file.write_text(text)


def _passes(work: Work) -> Iterator[Pass]:
    victim = _Victim()
    with local_workers(2, memory=MEMORY, counted=victim.heard) as cluster:
        one, two = ThreadExecutor(1), ThreadExecutor(2)
        CONSOLE.print(str(cluster.workers), highlight=False, soft_wrap=True)
        for executor in (one, two, cluster):
            _warm(executor)
        for _ in range(ROUNDS):
            yield _timed(work, "one thread", one)
            yield _timed(work, "two threads", two)
            yield _timed(work, "two processes", cluster, pids(cluster))
        victim.pid = pids(cluster)[0]
        yield _timed(work, "two processes, one killed", cluster, pids(cluster))
        if victim.pid:
            raise RuntimeError("no worker was killed")


def _warm(executor: Executor) -> None:
    """Compiles, in every thread and process."""
    small = Work(Size(300, 64, 400, 400))
    cube = None
    for part in ALL:
        _, cube = small.run(part, executor, cube)


def _timed(work: Work, who: str, executor: Executor, workers: tuple[int, ...] = ()) -> Pass:
    seconds, digits, cube = {}, [], None
    with _processor(workers) as busy:
        for part in ALL:
            start = time.perf_counter()
            digest, cube = work.run(part, executor, cube)
            seconds[part] = time.perf_counter() - start
            digits.append(digest)
    found = Pass(who, seconds, busy(), tuple(digits), os.getloadavg()[0])
    CONSOLE.print(f"{who}: {sum(seconds.values()):.1f} s, {found.processor:.1f} s on processors, load {found.load:.1f}",
                  highlight=False)
    return found


@contextmanager
def _processor(workers: tuple[int, ...]) -> Iterator[Callable[[], float]]:
    """Processor seconds of this process and of those workers that are still there."""
    import psutil

    def now() -> dict[int, float]:
        there = [pid for pid in (os.getpid(), *workers) if psutil.pid_exists(pid)]
        return {pid: sum(psutil.Process(pid).cpu_times()[:2]) for pid in there}

    before = now()
    yield lambda: sum(spent - before[pid] for pid, spent in now().items())


class _Victim:
    """Kills a process, if one is named, when the second group of the measures is back."""

    def __init__(self) -> None:
        self.pid = 0

    def heard(self, done: int, of: int) -> None:
        """Called by the executor."""
        if self.pid and done == 2 < of:
            os.kill(self.pid, signal.SIGKILL)
            self.pid = 0


def pids(cluster: ClusterExecutor) -> tuple[int, ...]:
    """The workers' processes."""
    return tuple(sorted(set(cluster.map(_pid, range(16)))))


def _pid(_: int) -> int:
    time.sleep(SETTLE)  # long enough for every worker to take one
    return os.getpid()


def _ratio(passes: list[Pass]) -> float:
    """Efficiency of worker processes: processor seconds of one thread over theirs, which neighbours change little."""
    def spent(who: str) -> float:
        return sum(p.processor for p in passes if p.who == who)

    return spent("one thread") / spent("two processes")


if __name__ == "__main__":
    run(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
