"""Hold fused with measure against scipy.sparse and a reduction: `python -m benchmarks.hold_measure`.

Prints tables, and writes them to benchmarks/results/hold-measure.md. All that is compared runs in turns within one
process, round by round, so that neighbours on the machine disturb each alike; memory is measured in processes of its
own, from the moment when holdings and cube stand.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import scipy
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from benchmarks.timing import show
from seawall.kernels.hold_measure import Holdings, hold_and_components, hold_and_tail, hold_and_worst, holdings
from seawall.kernels.hold_measure_exact import Cells, cells_of, hold_and_tail_exact, hold_and_worst_exact

RESULTS = Path(__file__).parent / "results" / "hold-measure.md"
INSTRUMENTS, LINES, THREADS = 1_500, 20, 2
MANY, FEW_SCENARIOS = 1_000_000, 32
SOME, MANY_SCENARIOS = 100_000, 10_000
TWIN = 2_000  # accounts that the slow twins take of those
FINE_BITS = 20
VAR_RANK, ES_MASS = MANY_SCENARIOS // 100, MANY_SCENARIOS / 40
HEADER = ("", "median s", "least", "greatest", "processor s", "ratio")


class Timed(NamedTuple):
    """Seconds on the clock and on the processor, of each round."""

    clock: list[float]
    processor: list[float]

    def median(self) -> float:
        """Seconds on the clock."""
        return float(np.median(self.clock))


def main() -> None:
    """Everything, in a few minutes."""
    before = os.getloadavg()
    worst, tails = compare_worst(7), compare_tails(3)
    memory = [_measured_alone(what) for what in ("worst", "tails")]
    text = [*_facts(before), *_table("One million accounts, 20 lines each, 32 scenarios: the worst, exact", worst),
            *_table("100,000 accounts, 20 lines each, 10,000 scenarios: VaR 99 % and ES 97.5 % together", tails),
            *_memory(memory)]
    RESULTS.write_text("\n".join(text) + "\n")


def compare_worst(rounds: int) -> list[tuple[str, Timed, float]]:
    """Fused exact worst on one and two threads, and the sparse product in int64 with its least; digits compared."""
    held, low = exact_book()
    one = np.ones(INSTRUMENTS, np.int64)
    cells = cells_of(low >> FINE_BITS, one), cells_of(low, one, fine=True)
    short = held.instrument + INSTRUMENTS * (held.quantity < 0)
    sparse = csr_array((held.quantity.astype(np.int64), short, held.start), shape=(MANY, 2 * INSTRUMENTS))
    grid = np.concatenate([low >> FINE_BITS, (low >> FINE_BITS) + 1])
    floats = holdings(held.start, held.instrument, held.quantity.astype(np.float64), INSTRUMENTS)
    steps: dict[str, Callable[[], object]] = {
        "fused, whole ticks, 2 threads": lambda: hold_and_worst_exact(held, cells[0], threads=THREADS),
        "fused, whole ticks, 1 thread": lambda: hold_and_worst_exact(held, cells[0]),
        "fused, parts of ticks, 2 threads": lambda: hold_and_worst_exact(held, cells[1], threads=THREADS),
        "fused, float64, 2 threads": lambda: hold_and_worst(floats, low.astype(np.float64), threads=THREADS),
        "scipy.sparse int64, and the least of each row": lambda: -(sparse @ grid).min(axis=1),
    }
    twin = steps["scipy.sparse int64, and the least of each row"]()
    if not (hold_and_worst_exact(held, cells[0]).charge == twin).all():
        raise SystemExit("the fused digits are not those of the sparse product")
    found = in_turns(steps, rounds)
    base = found["scipy.sparse int64, and the least of each row"].median()
    return [(name, timed, base / timed.median()) for name, timed in found.items()]


def compare_tails(rounds: int) -> list[tuple[str, Timed, float]]:
    """Fused tails in float64, float32 and integers, and the sparse product with np.partition, for all accounts."""
    held, cube = float_book(SOME)
    few, _ = float_book(TWIN)
    lots = holdings(held.start, held.instrument, np.rint(held.quantity).astype(np.int64), INSTRUMENTS)
    cells = cells_of(np.floor(cube * 1e6).astype(np.int64), np.ones(INSTRUMENTS, np.int64))
    sparse = csr_array((few.quantity, few.instrument, few.start), shape=(TWIN, INSTRUMENTS))
    steps: dict[str, Callable[[], object]] = {
        "fused, float64, 2 threads": lambda: _tails(held, cube, 0.0),
        "fused, float32 within 0.1, 2 threads": lambda: _tails(held, cube, 0.1),
        "fused, exact ticks, 2 threads": lambda: _exact_tails(lots, cells),
        "parts of ES by line, float64, 2 threads": lambda: hold_and_components(held, cube, ES_MASS, threads=THREADS),
    }
    found = in_turns(steps, rounds)
    slow = in_turns({"twin": lambda: _stored_tails(sparse, cube)}, rounds)["twin"]
    scale = SOME / TWIN
    twin = Timed([s * scale for s in slow.clock], [s * scale for s in slow.processor])
    found[f"scipy.sparse and np.partition, {TWIN:,} accounts, times {scale:.0f}"] = twin
    return [(name, timed, twin.median() / timed.median()) for name, timed in found.items()]


def in_turns(steps: dict[str, Callable[[], object]], rounds: int) -> dict[str, Timed]:
    """Each step once a round, after one that is not counted."""
    found = {name: Timed([], []) for name in steps}
    with threadpool_limits(1):
        for number in range(rounds + 1):
            for name, step in steps.items():
                clock, processor = time.perf_counter(), time.process_time()
                step()
                if number:
                    found[name].clock.append(time.perf_counter() - clock)
                    found[name].processor.append(time.process_time() - processor)
    return found


def exact_book() -> tuple[Holdings, np.ndarray]:
    """Lots to 50,000 of either sign, and low ends (I,S) in 2^-20 of a tick to some 10^7 ticks a lot."""
    rng = np.random.default_rng(1)
    instrument = rng.integers(0, INSTRUMENTS, MANY * LINES, np.int32)
    lots = rng.integers(-50_000, 50_000, MANY * LINES, np.int32)
    values = np.clip(rng.standard_t(4, (INSTRUMENTS, FEW_SCENARIOS)) * 1e6, -1e9, 1e9)
    low = (values * 2**FINE_BITS).astype(np.int64)
    return holdings(np.arange(MANY + 1) * LINES, instrument, lots, INSTRUMENTS), low


def float_book(accounts: int) -> tuple[Holdings, np.ndarray]:
    """Quantities in hundredths, and Student-t P&L (I,S)."""
    rng = np.random.default_rng(2)
    cube = np.clip(rng.standard_t(4, (INSTRUMENTS, MANY_SCENARIOS)), -300, 300)
    instrument = rng.integers(0, INSTRUMENTS, accounts * LINES, np.int32)
    quantity = np.round(rng.normal(0, 3, accounts * LINES), 2)
    return holdings(np.arange(accounts + 1) * LINES, instrument, quantity, INSTRUMENTS), cube


def _tails(held: Holdings, cube: np.ndarray, tolerance: float) -> object:
    return hold_and_tail(held, cube, [VAR_RANK], [ES_MASS], tolerance=tolerance, threads=THREADS)


def _exact_tails(lots: Holdings, cells: Cells) -> object:
    return hold_and_tail_exact(lots, cells, [VAR_RANK], [Fraction(ES_MASS)], threads=THREADS)


def _stored_tails(sparse: csr_array, cube: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """VaR and ES of P&L stored whole, both from one partition."""
    ranked = np.partition(sparse @ cube, [VAR_RANK - 1, int(ES_MASS) - 1], axis=1)
    return -ranked[:, VAR_RANK - 1], -ranked[:, : int(ES_MASS)].mean(axis=1)


def memory_of(what: str) -> dict[str, float]:
    """Megabytes of holdings, cube, of the process before, and of its peak while it measured."""
    if what == "worst":
        held, low = exact_book()
        cells = cells_of(low >> FINE_BITS, np.ones(INSTRUMENTS, np.int64))
        hold_and_worst_exact(holdings([0, 1], [0], [1], INSTRUMENTS), cells)  # compiled
        size = cells.planes.nbytes
        step: Callable[[], object] = lambda: hold_and_worst_exact(held, cells, threads=THREADS)  # noqa: E731
    else:
        held, cube = float_book(SOME)
        _tails(holdings([0, 1], [0], [1.0], INSTRUMENTS), cube, 0.0)
        size = cube.nbytes
        step = lambda: _tails(held, cube, 0.0)  # noqa: E731
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    step()
    lines = held.start.nbytes + held.instrument.nbytes + held.quantity.nbytes
    return {"holdings": lines / 2**20, "cube": size / 2**20, "before": before, "peak": _status("VmHWM")}


def _measured_alone(what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.hold_measure", what]
    made = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    return {str(k): float(v) for k, v in json.loads(made.stdout).items()}


def _status(field: str) -> float:
    """Megabytes that Linux tells of this process."""
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(field))
    return int(line.split()[1]) / 1024


def _facts(before: tuple[float, ...]) -> list[str]:
    cpu = next((x.split(":")[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines()
                if x.startswith("model name")), platform.machine())
    return ["# Hold fused with measure", "",
            "Made by `python -m benchmarks.hold_measure`. Steps take turns, round by round, in one process; ratios are",
            "of medians on the clock to the sparse twin of the same table, which runs on one thread. Processor seconds",
            "sum over threads: where others use the machine, two threads get less than two processors, and the clock",
            "tells more than it would on a quiet one, where two threads take half the processor seconds.",
            "", f"- {cpu}, {os.cpu_count()} processors, Python {platform.python_version()}, NumPy {np.__version__}, "
            f"SciPy {scipy.__version__}, numba {numba.__version__}",
            f"- load average before {before[0]:.1f}, after {os.getloadavg()[0]:.1f}",
            f"- {INSTRUMENTS:,} instruments, {LINES} lines an account", ""]


def _table(title: str, found: list[tuple[str, Timed, float]]) -> list[str]:
    rows = [(name, f"{t.median():.3f}", f"{min(t.clock):.3f}", f"{max(t.clock):.3f}", f"{np.median(t.processor):.3f}",
             f"{ratio:.1f}") for name, t, ratio in found]
    show(title, HEADER, rows)
    return [f"## {title}", "", "| " + " | ".join(HEADER) + " |", "|---|" + "---:|" * (len(HEADER) - 1),
            *("| " + " | ".join(row) + " |" for row in rows), ""]


def _memory(found: list[dict[str, float]]) -> list[str]:
    header = ("megabytes", "holdings", "cube", "process before", "peak", "added", "(holdings + added) / holdings")
    names = ("worst of 1,000,000 accounts", "tails of 100,000 accounts")
    rows = [(name, *(f"{m[key]:.0f}" for key in ("holdings", "cube", "before", "peak")),
             f"{m['peak'] - m['before']:.0f}", f"{(m['holdings'] + m['peak'] - m['before']) / m['holdings']:.2f}")
            for name, m in zip(names, found, strict=True)]
    show("Memory, two threads", header, rows)
    return ["## Memory, two threads", "", "| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1),
            *("| " + " | ".join(row) + " |" for row in rows)]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(memory_of(sys.argv[1])))
    else:
        main()
