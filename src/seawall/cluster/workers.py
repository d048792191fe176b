"""Who computes? The workers of a Dask cluster, behind the executor's protocol.

A task is shipped once and kept on the workers that use it; the scheduler holds its bytes, so that a worker killed with
the only copy loses nothing. Items go out in groups, a few for each thread at a time, and results are taken off the
workers as they come: a group that dies with its worker runs again on another.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from seawall.errors import ExtraMissing, RiskError, VenueError

PATIENCE = 60.0  # seconds that a cluster may be without any worker
AHEAD = 3  # groups sent out for each thread before the first is back
SHARE = 8  # groups for each thread, if there are items enough: what a killed worker loses is one of them
PARTS = ("seawall", "numpy", "scipy", "numba", "llvmlite", "pyarrow", "msgspec")  # what digits may hang on

Counted = Callable[[int, int], None]


class Workers(NamedTuple):
    """What a cluster has: its workers, their threads, the least memory limit of one in bytes (0: none), and where its
    dashboard is."""

    processes: int
    threads: int
    memory: int
    dashboard: str

    def __str__(self) -> str:
        bound = f"{self.memory / 1e9:.1f} GB each" if self.memory else "memory without bound"
        return f"{self.processes} workers, {self.threads} threads, {bound}; dashboard {self.dashboard}"


class ClusterExecutor:
    """Runs a task over items on a cluster; results come in the order of the items. counted: told (done, of) groups.

    Errors of the tree come back as they were raised. Raises VenueError if the cluster goes away, stays without workers
    for ``patience`` seconds, or loses a worker at every try of one group.
    """

    def __init__(self, client: Any, *, counted: Counted | None = None, patience: float = PATIENCE) -> None:
        self._client, self._patience = client, patience
        self._counted = counted or _unheard

    @property
    def workers(self) -> Workers:
        """The cluster as it stands."""
        found = self._client.scheduler_info()["workers"].values()
        threads = sum(worker["nthreads"] for worker in found)
        memory = min((worker["memory_limit"] for worker in found), default=0)
        return Workers(len(found), threads, memory, self._client.dashboard_link)

    def map(self, task: Callable[[Any], Any], items: Iterable[Any], /) -> Iterator[Any]:
        """The results, in the order of the items."""
        import cloudpickle

        listed = list(items)
        if not listed:
            return
        threads = max(self.workers.threads, 1)
        groups = split(listed, threads * SHARE)
        with _quiet():
            shipped = self._client.submit(_received, cloudpickle.dumps(task), pure=False)
            for results in self._in_order(shipped, groups, threads * AHEAD):
                yield from results

    def _in_order(self, shipped: Any, groups: Sequence[list[Any]], ahead: int) -> Iterator[list[Any]]:
        """Each group's results; at most ``ahead`` groups are out, or wait for an earlier one, at any time."""
        running: dict[Any, int] = {}
        back: dict[int, list[Any]] = {}
        sent = told = 0
        while told < len(groups):
            while sent < len(groups) and sent < told + ahead:
                running[self._client.submit(_run, shipped, groups[sent], versions(), pure=False)] = sent
                sent += 1
            for future in self._finished(list(running)):
                back[running.pop(future)] = self._result(future)
                self._counted(told + len(back), len(groups))
            while told in back:
                yield back.pop(told)
                told += 1

    def _finished(self, running: list[Any]) -> list[Any]:
        """Futures that are done, one at least."""
        from distributed import TimeoutError as TooLate

        while True:
            try:
                return list(self._client.sync(_first, running, timeout=self._patience).done)
            except TooLate:
                self._there()
            except Exception as error:
                raise self._gone(error) from error

    def _there(self) -> None:
        """Raises VenueError if there is no one who could work."""
        try:
            count = self.workers.processes
        except Exception as error:
            raise self._gone(error) from error
        if not count:
            raise VenueError("cluster", self._address, f"no worker for {self._patience:g} seconds",
                             remedy="start workers with `dask worker ADDRESS`, and ask again")

    def _result(self, future: Any) -> list[Any]:
        from distributed import KilledWorker

        try:
            results: list[Any] = future.result(timeout=self._patience)
        except RiskError:
            raise
        except KilledWorker as error:
            raise VenueError("cluster", self._address, f"a worker died at every try of one part: {error}",
                             remedy="give each worker more memory, or let fewer threads share it") from error
        except (OSError, TimeoutError) as error:
            raise self._gone(error) from error
        return results

    def _gone(self, error: Exception) -> VenueError:
        return VenueError("cluster", self._address, f"does not answer: {type(error).__name__} {error}".rstrip(),
                          remedy="check that its scheduler runs and can be reached")

    @property
    def _address(self) -> str:
        return str(getattr(self._client.scheduler, "address", "scheduler"))


def executor_at(address: str, *, counted: Counted | None = None, timeout: float = 10.0) -> ClusterExecutor:
    """The workers of the cluster whose scheduler is at this address, such as ``tcp://host:8786``.

    Raises ExtraMissing without Dask, VenueError if no one answers, there are no workers, or they run other versions of
    what the digits hang on.
    """
    distributed = required()
    try:
        client = distributed.Client(address, timeout=timeout, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise VenueError("cluster", address, f"no scheduler answers: {error}",
                         remedy="start one with `dask scheduler`, and give its address, such as tcp://host:8786"
                         ) from error
    try:
        check_alike(client, address)
    except BaseException:
        client.close()
        raise
    return ClusterExecutor(client, counted=counted)


def close(executor: ClusterExecutor) -> None:
    """Leaves the cluster as it is, and forgets it."""
    executor._client.close()


def check_alike(client: Any, address: str) -> None:
    """Raises VenueError if there is no worker, or one has other versions than this process."""
    there = client.run(versions)
    if not there:
        raise VenueError("cluster", address, "it has no workers", remedy="start some with `dask worker ADDRESS`")
    refuse_unlike(versions(), there, address)


def refuse_unlike(here: Mapping[str, str], there: Mapping[str, Mapping[str, str]], address: str) -> None:
    """Raises VenueError naming the first worker whose versions are not those here. there: by worker."""
    for worker, found in there.items():
        odd = [f"{part} {found.get(part)}, here {here[part]}" for part in PARTS if found.get(part) != here[part]]
        if odd:
            raise VenueError("cluster", address, f"worker {worker} has {'; '.join(odd)}",
                             remedy="install the same versions everywhere: digits may hang on them")


@cache
def versions() -> Mapping[str, str]:
    """What is installed in this process of the parts that digits may hang on."""
    return {part: importlib.metadata.version(part) for part in PARTS}


def required() -> Any:
    """The library. Raises ExtraMissing."""
    try:
        import distributed  # half a second that only those who ask for a cluster should pay
    except ImportError as error:
        raise ExtraMissing("cluster", needed_for="a cluster") from error
    return distributed


def split(items: Sequence[Any], groups: int) -> list[list[Any]]:
    """The items in order, in so many groups of nearly equal length, or in one each if they are fewer."""
    count = min(groups, len(items))
    edges = [len(items) * n // count for n in range(count + 1)] if count else []
    return [list(items[a:b]) for a, b in pairwise(edges)]


def _received(data: bytes) -> Any:
    import cloudpickle

    return cloudpickle.loads(data)


def _run(task: Callable[[Any], Any], items: list[Any], wanted: Mapping[str, str]) -> list[Any]:
    # A worker may have come after everyone was asked for their versions.
    refuse_unlike(wanted, {"that joined": versions()}, "scheduler")
    return [task(item) for item in items]


async def _first(running: list[Any], timeout: float) -> Any:
    from distributed.client import FIRST_COMPLETED, _wait

    return await _wait(running, timeout=timeout, return_when=FIRST_COMPLETED)


def _quiet() -> Any:
    """A task of many megabytes is meant: it is sent once, and held where no killed worker takes it along."""
    import dask

    return dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})


def _unheard(done: int, of: int) -> None:
    del done, of
