"""Options revalued on one thread: both builds, their limit, and every peer that is installed, in turns in one run.

The task is the same for all: 2,000 options of their own strike, expiry and volatility under 1,000 joint moves of the
forward and of volatility. Slow peers are asked for a part of it. Each contestant runs once a round, so that whatever
else the machine does meets all of them; times are the process's own, over all its threads.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numba
import numpy as np
from scipy.special import ndtr

from benchmarks.revalue_limit import limit
from benchmarks.timing import show
from seawall.kernels.exact_black import black_call_put
from seawall.kernels.revalue import Moves, Options, option_greeks, option_values

OPTIONS, SCENARIOS, PART, ROUNDS = 2_000, 1_000, 20, 9
RESULTS = Path(__file__).parent / "results" / "revalue.md"
WANTED = {"NumPy + SciPy": (8.0, 4.5), "JAX": (15.0, None), "quantkit-rs": (50.0, None),
          "QuantLib, instrument and engine": (1000.0, None)}



class Task(NamedTuple):
    """(I) columns, then (S) columns."""

    strike: np.ndarray
    years: np.ndarray
    volatility: np.ndarray
    sign: np.ndarray
    forward: np.ndarray
    moved: np.ndarray

    def part(self, count: int) -> Task:
        """The first of its options."""
        return Task(*(column[:count] for column in self[:4]), self.forward, self.moved)


class Contestant(NamedTuple):
    """What it is called, what it runs, how many values that makes."""

    name: str
    run: Callable[[], Any]
    cells: int


class Rate(NamedTuple):
    """Million values a second: the median of all rounds, the slowest and the fastest."""

    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.middle:,.2f} ({self.least:,.2f} to {self.most:,.2f})"


def compare() -> None:
    """Prints the table and writes it to the results."""
    task, load = _task(), os.getloadavg()[0]
    contestants, absent = _ours(task), []
    for name, make in PEERS.items():
        try:
            contestants.append(make(task))
        except ImportError:
            absent.append(name)
    rates = _rounds(contestants)
    rows, columns = _rows(rates), ("contestant", "million/s (slowest to fastest)", "fast is", "exact is")
    show("Options revalued, one thread", columns, rows)
    RESULTS.write_text(_page(rows, columns, absent, rates, (load, os.getloadavg()[0])), encoding="utf-8")


def _task() -> Task:
    rng = np.random.default_rng(0)
    strike = 60_000.0 * np.exp(rng.normal(0, 0.3, OPTIONS))
    years, volatility = rng.uniform(0.01, 1, OPTIONS), rng.uniform(0.3, 1.2, OPTIONS)
    sign = np.where(rng.random(OPTIONS) < 0.5, 1.0, -1.0)
    return Task(strike, years, volatility, sign, 60_000.0 * (1 + rng.normal(0, 0.05, SCENARIOS)),
                1 + rng.normal(0, 0.1, SCENARIOS))


def _ours(task: Task) -> list[Contestant]:
    none, one = np.zeros(OPTIONS, np.int64), np.ones((1, SCENARIOS))
    options = Options(task.strike, task.volatility, task.years, task.sign, none, np.ones(OPTIONS), none)
    moves = Moves(task.forward[None], task.moved[None], one, one, 0.0 * one)
    column = [a[:, None] for a in (task.strike, task.years, task.volatility, task.sign)]
    full = np.repeat(task.forward[None], OPTIONS, 0), column[2] * task.moved
    cells, room, greeks = OPTIONS * SCENARIOS, np.empty((OPTIONS, SCENARIOS)), np.empty((5, OPTIONS, SCENARIOS))
    return [
        Contestant("fast", lambda: option_values(options, moves, fast=True), cells),
        Contestant("exact", lambda: option_values(options, moves), cells),
        Contestant("exact, every argument a table", lambda: black_call_put(
            full[0], column[0], full[1], column[1], column[3]), cells),
        Contestant("limit of fast", lambda: limit(True, cells), cells),
        Contestant("limit of exact", lambda: limit(False, cells), cells),
        Contestant("fast, first-order Greeks", lambda: option_greeks(options, moves, fast=True), cells),
        Contestant("fast, first-order Greeks, into room", lambda: option_greeks(
            options, moves, fast=True, room=greeks), cells),
        Contestant("exact, first-order Greeks, into room", lambda: option_greeks(options, moves, room=greeks), cells),
        Contestant("fast, into room", lambda: option_values(options, moves, fast=True, room=room), cells),
        Contestant("exact, into room", lambda: option_values(options, moves, room=room), cells),
        Contestant("NumPy + SciPy", lambda: _numpy(task), cells),
        Contestant("NumPy + SciPy, first-order Greeks", lambda: _numpy_greeks(task), cells),
    ]


def _numpy(t: Task) -> np.ndarray:
    c, k = t.sign[:, None], t.strike[:, None]
    s = t.volatility[:, None] * t.moved * np.sqrt(t.years)[:, None]
    d1 = np.log(t.forward / k) / s + 0.5 * s
    return c * (t.forward * ndtr(c * d1) - k * ndtr(c * (d1 - s)))


def _numpy_greeks(t: Task) -> tuple[np.ndarray, ...]:
    """value, delta, vega, theta, rho; undiscounted."""
    c, k, root, f = t.sign[:, None], t.strike[:, None], np.sqrt(t.years)[:, None], t.forward
    v = t.volatility[:, None] * t.moved
    s = v * root
    d1 = np.log(f / k) / s + 0.5 * s
    delta = c * ndtr(c * d1)
    value = f * delta - c * k * ndtr(c * (d1 - s))
    bell = f * np.exp(-0.5 * d1 * d1) * 0.3989422804014327
    return value, delta, bell * root, -0.5 * bell * v / root, -t.years[:, None] * value


def _jax(task: Task) -> Contestant:
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, law = import_module("jax.numpy"), import_module("jax.scipy.special")

    @jax.jit
    def values(task: tuple[Any, ...]) -> Any:
        strike, years, volatility, sign, forward, moved = task
        c, k = sign[:, None], strike[:, None]
        s = volatility[:, None] * moved * jnp.sqrt(years)[:, None]
        d1 = jnp.log(forward / k) / s + 0.5 * s
        return c * (forward * law.ndtr(c * d1) - k * law.ndtr(c * (d1 - s)))

    arrays = tuple(jnp.asarray(column) for column in task)
    return Contestant("JAX", lambda: values(arrays).block_until_ready(), OPTIONS * SCENARIOS)


def _quantkit(task: Task) -> Contestant:
    quantkit: Any = import_module("quantkit")
    quantkit.set_num_threads(1)
    t = task.part(OPTIONS // 10)
    forward, strike, years, volatility, sign = (np.ascontiguousarray(a).reshape(-1) for a in np.broadcast_arrays(
        t.forward, t.strike[:, None], t.years[:, None], t.volatility[:, None] * t.moved, t.sign[:, None]))
    # One kind of option a call: calls and puts are handed over apart, sorted before the clock runs.
    rate = np.zeros_like(forward)
    sides = [(is_call, [np.ascontiguousarray(a[(sign > 0) == is_call]) for a in (forward, strike, rate, volatility,
                                                                               years)]) for is_call in (True, False)]
    return Contestant("quantkit-rs", lambda: [
        quantkit.bs_price_batch(*columns, is_call=is_call) for is_call, columns in sides], forward.size)


def _pyvolr(task: Task) -> Contestant:
    black: Any = import_module("pyvolr.black76")
    t = task.part(OPTIONS // 10)
    flag = np.where(t.sign > 0, "c", "p")
    table = t.volatility[:, None] * t.moved
    flags = np.repeat(flag[:, None], SCENARIOS, 1)
    terms = [np.array(np.broadcast_to(a, table.shape)) for a in (t.forward, t.strike[:, None], t.years[:, None], 0.0)]
    return Contestant("pyvolr", lambda: black.price(flags, *terms, table), table.size)


def _quantlib(task: Task) -> Contestant:
    library: Any = import_module("QuantLib")
    t = task.part(PART)
    kinds = [library.Option.Call if s > 0 else library.Option.Put for s in t.sign]
    strike, forward = t.strike.tolist(), t.forward.tolist()
    deviation = (t.volatility[:, None] * t.moved * np.sqrt(t.years)[:, None]).tolist()
    formula = library.blackFormula

    def run() -> list[list[float]]:
        return [[formula(kind, k, f, s) for f, s in zip(forward, row, strict=True)]
                for kind, k, row in zip(kinds, strike, deviation, strict=True)]

    return Contestant("QuantLib, bare formula", run, PART * SCENARIOS)


def _quantlib_engine(task: Task) -> Contestant:
    """The customary way: an option object on quotes, its engine asked for a value in each scenario."""
    library: Any = import_module("QuantLib")
    t, today = task.part(1), library.Date(1, 1, 2030)
    library.Settings.instance().evaluationDate = today
    forward, volatility, days = library.SimpleQuote(1.0), library.SimpleQuote(1.0), library.Actual365Fixed()
    process = library.BlackProcess(
        library.QuoteHandle(forward), library.YieldTermStructureHandle(library.FlatForward(today, 0.0, days)),
        library.BlackVolTermStructureHandle(library.BlackConstantVol(
            today, library.NullCalendar(), library.QuoteHandle(volatility), days)))
    kind = library.Option.Call if t.sign[0] > 0 else library.Option.Put
    option = library.VanillaOption(library.PlainVanillaPayoff(kind, float(t.strike[0])),
                                   library.EuropeanExercise(today + round(float(t.years[0]) * 365)))
    option.setPricingEngine(library.AnalyticEuropeanEngine(process))
    forwards, volatilities = t.forward.tolist(), (t.volatility[0] * t.moved).tolist()

    def run() -> list[float]:
        values = []
        for f, v in zip(forwards, volatilities, strict=True):
            forward.setValue(f)
            volatility.setValue(v)
            values.append(option.NPV())
        return values

    return Contestant("QuantLib, instrument and engine", run, SCENARIOS)


PEERS: dict[str, Callable[[Task], Contestant]] = {
    "JAX": _jax, "quantkit-rs": _quantkit, "pyvolr": _pyvolr, "QuantLib, bare formula": _quantlib,
    "QuantLib, instrument and engine": _quantlib_engine,
}


def _rounds(contestants: list[Contestant]) -> dict[str, Rate]:
    taken: dict[str, list[float]] = {c.name: [] for c in contestants}
    for c in contestants:
        c.run()
    for _ in range(ROUNDS):
        for c in contestants:
            start = time.process_time()
            c.run()
            taken[c.name].append(c.cells / 1e6 / max(time.process_time() - start, 1e-9))
    return {name: Rate(median(rates), min(rates), max(rates)) for name, rates in taken.items()}


def _rows(rates: dict[str, Rate]) -> list[tuple[str, str, str, str]]:
    fast, exact = rates["fast, into room"].middle, rates["exact, into room"].middle
    return [(name, str(rate), f"{fast / rate.middle:,.2f}x", f"{exact / rate.middle:,.2f}x")
            for name, rate in rates.items()]


def _version(name: str) -> str:
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} is not installed"


def _page(
    rows: list[tuple[str, str, str, str]], columns: tuple[str, ...], absent: list[str], rates: dict[str, Rate],
    load: tuple[float, float],
) -> str:
    greeks = rates["NumPy + SciPy, first-order Greeks"].middle
    pinned = "numpy", "scipy", "numba", "jax", "quantkit-rs", "pyvolr", "QuantLib"
    lines = [
        "# Options revalued on one thread", "", f"{OPTIONS:,} options under {SCENARIOS:,} scenarios, {ROUNDS} rounds "
        "in which every contestant runs once; the median, the slowest and the fastest round. Into room: the result's "
        "memory is there already; without it, the system clears fresh pages each time, as it does for the peers.", "",
        "| " + " | ".join(columns) + " |", "|---|---:|---:|---:|",
        *("| " + " | ".join(row) + " |" for row in rows), "",
        f"Of its limit, the same arithmetic without loads and stores: fast {_share(rates, 'fast')}, "
        f"exact {_share(rates, 'exact')}.", "",
        "Value with first-order Greeks against NumPy's: "
        f"fast {rates['fast, first-order Greeks'].middle / greeks:.2f}x, into room that is there already "
        f"{rates['fast, first-order Greeks, into room'].middle / greeks:.2f}x, exact into room "
        f"{rates['exact, first-order Greeks, into room'].middle / greeks:.2f}x.", "",
        *_judged(rates), "", f"Left out because not installed: {', '.join(absent) or 'none'}.", "",
        f"Load while it ran: {load[0]:.1f} before, {load[1]:.1f} after. {os.cpu_count()} processors, "
        f"{platform.machine()}, {_processor()}. Python {platform.python_version()}; "
        + ", ".join(_version(name) for name in pinned) + ".", "",
    ]
    return "\n".join(lines)


def _judged(rates: dict[str, Rate]) -> list[str]:
    said = []
    for name, wanted in WANTED.items():
        for build, least in zip(("fast, into room", "exact, into room"), wanted, strict=True):
            if least is not None and name in rates:
                ratio = rates[build].middle / rates[name].middle
                said.append(f"- {build} against {name}: {ratio:,.1f}x, {'reaches' if ratio >= least else 'misses'} "
                            f"{least:,.1f}x.")
    return said


def _share(rates: dict[str, Rate], build: str) -> str:
    return f"{rates[f'{build}, into room'].middle / rates[f'limit of {build}'].middle:.0%}"


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in file.read_text().splitlines() if line.startswith("model name")
             ] if file.exists() else []
    return f"{names[0] if names else platform.processor()}, numba's target {numba.config.CPU_NAME or 'this machine'}"


if __name__ == "__main__":
    compare()
