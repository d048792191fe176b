"""What if there is one machine? Worker processes on it, behind loopback, as a cluster of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from seawall.cluster.workers import ClusterExecutor, Counted, required
from seawall.errors import InputError

LOOPBACK = "127.0.0.1"
MEMORY = 2 * 1024**3
# Dask asks the allocator to give every freed block back at once. Shards are blocks of megabytes, freed and taken again:
# the system would clear their pages anew each time, which doubles what a shard costs.
SPAWNED = "distributed.nanny.pre-spawn-environ."
ALLOCATOR = {f"{SPAWNED}MALLOC_TRIM_THRESHOLD_": 256 * 1024**2, f"{SPAWNED}MALLOC_MMAP_THRESHOLD_": 32 * 1024**2}
# A hundred looks a second at what a task does are no use where tasks are compiled loops, nor fifty at the event loop.
UNWATCHED = {"distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "500ms"}


@contextmanager
def local_workers(
    count: int, *, memory: int = MEMORY, spill: bool = False, counted: Counted | None = None
) -> Iterator[ClusterExecutor]:
    """So many processes of one thread each, gone at the end.

    memory: bytes that each may take; past 95 % of them it is stopped and its work begun again. spill: whether results
    that wait for collection may go to disk before that. Raises ExtraMissing without Dask.
    """
    distributed = required()
    import dask

    if count < 1:
        raise InputError("worker processes", found=count, wanted="one or more")
    with (
        dask.config.set(_bounds(spill) | ALLOCATOR | UNWATCHED),
        distributed.LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, host=LOOPBACK, memory_limit=memory,
            dashboard_address=f"{LOOPBACK}:0",
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield ClusterExecutor(client, counted=counted)


def _bounds(spill: bool) -> dict[str, Any]:
    """Dask's own fractions of a worker's memory: where it begins to spill, halts, and is stopped."""
    memory = "distributed.worker.memory."
    return {f"{memory}target": 0.6 if spill else False, f"{memory}spill": 0.7 if spill else False,
            f"{memory}pause": 0.85, f"{memory}terminate": 0.95}
