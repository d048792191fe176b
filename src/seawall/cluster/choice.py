"""Who computes, as a person names it? Nothing, ``local:N``, or a scheduler's address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from seawall.cluster.local import local_workers
from seawall.cluster.threads import ThreadExecutor
from seawall.cluster.workers import ClusterExecutor, Counted, close, executor_at
from seawall.cube import Executor
from seawall.errors import InputError

LOCAL = "local"
WANTED = "an address such as tcp://host:8786, or local:2 for two processes of this machine"


@contextmanager
def executing(address: str, *, told: Callable[[str], None], counted: Counted | None = None) -> Iterator[Executor]:
    """Threads of this process for no address; else a cluster, of which ``told`` hears who works and where to watch.

    Raises InputError for no such name, and as ``executor_at``.
    """
    if not address:
        yield ThreadExecutor()
        return
    kind, _, rest = address.partition(":")
    if kind == LOCAL:
        with local_workers(_count(address, rest), counted=counted) as executor:
            yield _announced(executor, told)
        return
    executor = executor_at(address, counted=counted)
    try:
        yield _announced(executor, told)
    finally:
        close(executor)


def _announced(executor: ClusterExecutor, told: Callable[[str], None]) -> ClusterExecutor:
    told(f"cluster: {executor.workers}")
    return executor


def _count(address: str, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError("--cluster", found=address, wanted=WANTED)
    return int(text)
