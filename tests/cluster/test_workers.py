"""Worker processes: the same digits as one process, whoever dies on the way; errors come back as they were raised."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cluster.example_accounts import CONFIDENCE, book, cube, market, random_lines, rule
from margin.sample_desks import desk
from seawall import samples
from seawall.cli import app
from seawall.cluster import workers
from seawall.cluster.accounts import Measuring, measure_accounts
from seawall.cluster.choice import executing
from seawall.cluster.local import local_workers
from seawall.cluster.margin import Charged, Deciding, Margin, decide_accounts
from seawall.cluster.shared import share
from seawall.cluster.workers import ClusterExecutor, executor_at, refuse_unlike, split
from seawall.cube import revalue
from seawall.errors import ExtraMissing, InputError, TailTooThin, VenueError
from seawall.formats.margin_models import margin_models
from seawall.margin.holdings import holdings

MEMORY = 1024**3
CALM = 0.3  # seconds of a small task: long enough for every worker to take one


class Heard:
    """What an executor tells of its progress, and what is done then."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []
        self.doomed: dict[int, int] = {}

    def __call__(self, done: int, of: int) -> None:
        self.told.append((done, of))
        pid = self.doomed.pop(done, None)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


HEARD = Heard()


def by_value() -> None:
    """Workers cannot import the tests: what these ask of them travels whole."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterExecutor]:
    pytest.importorskip("distributed")
    by_value()
    with local_workers(2, memory=MEMORY, counted=HEARD) as executor:
        yield executor


def pid_of(_: int) -> int:
    time.sleep(CALM)
    return os.getpid()


def pids(executor: ClusterExecutor) -> list[int]:
    """Processes of the workers that are there, once there are two again."""
    for _ in range(20):
        found = set(executor.map(pid_of, range(8)))
        if len(found) == 2:
            return sorted(found)
    raise AssertionError("a second worker did not come back")


def thin(_: int) -> None:
    raise TailTooThin(scenarios=10, confidence=0.99)


def hungry(size: int) -> int:
    return sum(bytearray(size))


def decided(executor: ClusterExecutor) -> list[list[int]]:
    """Integer margin of many accounts, in many small parts."""
    lines, lots = random_lines(800)
    found = decide_accounts(deciding(), lines, lots, executor, most_lines=290)
    return [found.equity.tolist(), found.initial.tolist(), found.maintenance.tolist(), found.unknown.tolist()]


def deciding() -> Deciding:
    held = holdings(*desk("crypto"))
    return Deciding(Margin(margin_models()["okx"], held.columns), Fraction("1e-6"), Fraction("1e-4"))


def at_once() -> list[list[int]]:
    found = deciding()(Charged(*random_lines(800)))
    return [found.equity.tolist(), found.initial.tolist(), found.maintenance.tolist(), found.unknown.tolist()]


def test_two_processes_make_the_cube_that_one_makes(cluster: ClusterExecutor) -> None:
    assert revalue(book(), market(), rule(), executor=cluster).cube_id == cube().cube_id


@pytest.mark.parametrize("as_file", [True, False], ids=["parquet", "broadcast"])
def test_accounts_measured_by_two_processes_have_the_bits_of_one(
    cluster: ClusterExecutor, tmp_path: Path, as_file: bool
) -> None:
    shared = share(cube(), tmp_path) if as_file else cube()
    found = measure_accounts(book(), Measuring(shared, CONFIDENCE), cluster, working=2**20)
    whole = Measuring(cube(), CONFIDENCE)(book())
    assert found.accounts == whole.accounts
    assert [part.tobytes() for part in found[1:]] == [part.tobytes() for part in whole[1:]]


def test_results_come_in_the_order_of_the_items_with_every_part_counted(cluster: ClusterExecutor) -> None:
    HEARD.told.clear()
    assert list(cluster.map(abs, range(-50, 0))) == list(range(50, 0, -1))
    assert HEARD.told == [(n + 1, 16) for n in range(16)]
    assert list(cluster.map(abs, [])) == []


def test_who_works_and_where_to_watch_is_told(cluster: ClusterExecutor) -> None:
    told = str(cluster.workers)
    assert told.startswith("2 workers, 2 threads, 1.1 GB each; dashboard http://127.0.0.1:")


def test_both_workers_killed_on_the_way_change_no_digit(cluster: ClusterExecutor) -> None:
    first, second = pids(cluster)
    HEARD.doomed |= {2: first, 7: second}
    assert decided(cluster) == at_once()
    assert not HEARD.doomed
    assert not {first, second} & set(pids(cluster))


def test_an_error_of_a_worker_is_raised_here_as_it_was_there(cluster: ClusterExecutor) -> None:
    with pytest.raises(TailTooThin) as raised:
        list(cluster.map(thin, range(4)))
    assert (raised.value.scenarios, raised.value.confidence) == (10, 0.99)
    assert list(cluster.map(abs, [-1])) == [1]


def test_a_part_that_no_worker_has_memory_for_is_told_and_does_not_take_the_machine() -> None:
    dask: Any = pytest.importorskip("dask")
    by_value()
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        local_workers(1, memory=450_000_000) as executor,
        pytest.raises(VenueError, match="give each worker more memory"),
    ):
        list(executor.map(hungry, [3_000_000_000]))


def test_a_cluster_that_lost_its_workers_is_told_after_a_while() -> None:
    distributed: Any = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as empty,
        distributed.Client(empty, set_as_default=False) as client,
    ):
        with pytest.raises(VenueError, match=r"no worker for 0\.2 seconds"):
            list(ClusterExecutor(client, patience=0.2).map(abs, [1]))
        with pytest.raises(VenueError, match="dask worker"):
            executor_at(empty.scheduler_address)


def test_an_address_where_no_scheduler_answers_is_told() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(VenueError, match="dask scheduler"):
        executor_at("tcp://127.0.0.1:1", timeout=0.5)


@pytest.mark.parametrize("address", ["local:", "local:none", "local:0", "local:-2"])
def test_so_many_processes_as_are_none_are_refused(address: str) -> None:
    with pytest.raises(InputError, match="local:2"), executing(address, told=print):
        raise AssertionError("nothing should have started")


def test_workers_with_other_versions_are_named() -> None:
    here = workers.versions()
    refuse_unlike(here, {"tcp://a": here}, "tcp://s")
    with pytest.raises(VenueError, match=r"worker tcp://b has numpy 1\.0"):
        refuse_unlike(here, {"tcp://a": here, "tcp://b": {**here, "numpy": "1.0"}}, "tcp://s")


def test_a_worker_that_joins_late_with_other_versions_is_refused(
    cluster: ClusterExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {**workers.versions(), "scipy": "0.1"}
    monkeypatch.setattr(workers, "versions", lambda: other)
    with pytest.raises(VenueError, match=r"here 0\.1"):
        list(cluster.map(abs, [-1]))


def test_without_dask_the_remedy_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for address in ("local:2", "tcp://127.0.0.1:8786"):
        with pytest.raises(ExtraMissing, match=r"pip install 'seawall\[cluster\]'"), executing(address, told=print):
            raise AssertionError("nothing should have started")


def test_items_are_split_in_order_into_groups_of_nearly_one_length() -> None:
    assert split(range(10), 4) == [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]
    assert split(range(3), 8) == [[0], [1], [2]]
    assert split([], 3) == []


def test_the_report_of_a_cluster_has_the_bytes_of_one_process_and_tells_who_computed(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    written = []
    for name, more in (("here", []), ("there", ["--cluster", "local:2"])):
        path = tmp_path / f"{name}.json"
        sample = samples.crypto_desk()
        done = CliRunner().invoke(app, ["report", str(sample.book), "--market", str(sample.market), "--factors",
                                        str(sample.factors), "--draws", "500", "--json", str(path), *more])
        assert done.exit_code in (0, 10, 11), done.output
        assert ("2 workers" in done.stderr) == bool(more)
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_margin_asked_of_a_cluster_has_the_bytes_of_one_process(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    sample, written = samples.crypto_desk(), []
    for name, more in (("here", []), ("there", ["--cluster", "local:2"])):
        path = tmp_path / f"{name}.json"
        done = CliRunner().invoke(app, ["margin", str(sample.book), "--market", str(sample.market), "--factors",
                                        str(sample.factors), "--models", "okx,deribit_pme", "--json", str(path), *more])
        assert done.exit_code in (0, 10, 11), done.output
        assert ("2 workers" in done.stderr) == bool(more)
        written.append(path.read_bytes())
    assert written[0] == written[1]
