"""Rings against measuring everyone, a million accounts along real paths: ``python -m benchmarks.rings [--whole]``.

Each replay runs rings tick by tick and, on some of its ticks, the full exact pass beside them on the same thread pool,
so that both meet the same neighbours; breaches are compared there: on every tick for a hundred thousand accounts, and
with --whole for a million too. On a quiet machine the run takes some eight minutes.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import rings_population as population
from benchmarks.timing import CONSOLE
from seawall.zones.exact import Exact, Workers
from seawall.zones.market import Place, Stand
from seawall.zones.positions import Positions
from seawall.zones.rings import Rings

RESULTS = Path(__file__).parent / "results" / "rings.md"
THREADS = 2
MILLION, TENTH = 1_000_000, 100_000
WORST = 480
SLICES_AFTER_TRADE, ALL_SLICES = 4, 100_000
LEGS_OF_TWENTY = 3.5  # times as many options and futures: about twenty lines


class Replay(NamedTuple):
    """A path and how it is run: on every ``check``-th tick everyone is measured too."""

    name: str
    path: np.ndarray
    check: int
    slices: int


@dataclass
class Ran:
    """Seconds, by clock and processor: until a tick's breaches were known, of all its work, of full passes."""

    alarm: list[tuple[float, float]] = field(default_factory=list)
    work: list[tuple[float, float]] = field(default_factory=list)
    full: list[tuple[float, float]] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    breaches: int = 0
    missed: int = 0
    checked: int = 0
    whole: int = 0


def now() -> tuple[float, float]:
    """The clock, and the time that all threads of this process have had."""
    return time.perf_counter(), time.process_time()


def since(start: tuple[float, float]) -> tuple[float, float]:
    """Seconds since then on both."""
    clock, busy = now()
    return clock - start[0], busy - start[1]


def replay(exact: Exact, margin: np.ndarray, run: Replay, origin: Stand) -> Ran:
    """Watches the book along the path. Whoever breaches is topped up and stays."""
    out, rings, cash = Ran(), Rings(exact), exact.cash.copy()
    brute = Exact(exact.market, exact.lines, cash, origin, threads=THREADS)
    brute.cash = exact.cash
    while rings.later():
        pass
    for t, (moment, *moves) in enumerate(run.path):
        places = tuple(Place(p.spot * np.exp(moves[u]), p.level * np.exp(moves[2 + u]))
                       for u, p in enumerate(origin.places))
        stand = Stand(places, float(moment))
        start = now()
        exact.move(stand)
        told = rings.alarm()
        alarm = since(start)
        if t % run.check == 0:
            before = now()
            brute.move(stand)
            truth = np.flatnonzero(brute.everyone() < 0)
            out.full.append(since(before))
            out.missed += len(np.setxor1d(truth, told.breached))
            out.checked += 1
        again = now()
        exact.cash[told.breached] += (0.3 * margin[told.breached]).astype(np.int64) - told.balance
        rings.wake(told.breached)
        for _ in range(run.slices):
            if not rings.later():
                break
        rest = since(again)
        out.alarm.append(alarm)
        out.work.append((alarm[0] + rest[0], alarm[1] + rest[1]))
        out.touched.append(told.touched)
        out.breaches += len(told.breached)
        out.whole += told.everyone
    exact.cash[:] = cash
    exact.move(origin)
    return out


def row(name: str, exact: Exact, danger: float, ran: Ran) -> str:
    """One line of the table."""
    alarm, full, work = (np.array(x) * 1e3 for x in (ran.alarm, ran.full, ran.work))
    (p50, c50), (f50, b50) = np.median(alarm, 0), np.median(full, 0)
    p99, f99 = np.quantile(alarm[:, 0], 0.99), np.quantile(full[:, 0], 0.99)
    (mean, busy), (full_mean, full_busy) = work.mean(0), full.mean(0)
    width = min(WORST, len(work))
    worst, worst_busy = (np.convolve(x, np.ones(width) / width, "valid").max() for x in work.T)
    accounts = exact.lines.accounts
    cells = (name, f"{accounts:,}", f"{exact.lines.lines / accounts:.1f}", f"{danger:.0%}", f"{len(alarm):,}",
             f"{f50:.1f} / {f99:.1f}", f"{p50:.2f} / {p99:.1f}", f"1/{f50 / p50:.1f}, 1/{f99 / p99:.1f}",
             f"{b50:.1f}, {c50:.2f} (1/{b50 / c50:.1f})", f"{mean:.1f} (1/{full_mean / mean:.1f})",
             f"{busy:.1f} (1/{full_busy / busy:.1f})", f"1/{full_mean / worst:.1f}, 1/{full_busy / worst_busy:.1f}",
             f"{np.mean(ran.touched) / accounts:.2%}", f"{ran.whole}", f"{ran.breaches:,}",
             f"{ran.missed} of {ran.checked:,}")
    return "| " + " | ".join(cells) + " |"


HEAD = ("replay", "accounts", "lines", "danger", "ticks", "full pass p50 / p99", "alarm p50 / p99", "p50, p99 to full",
        "processor: full, alarm", "all work, mean", "processor: all work", f"worst {WORST} ticks, processor",
        "touched", "ticks on all", "breaches", "missed, of ticks checked")


def passes(exact: Exact) -> Iterator[str]:
    """The full exact pass, cube and all, on one thread and on two: the clock, and the processor's time."""
    for threads in (1, 2):
        exact.workers = Workers(threads)
        clock, busy = [], []
        for n in range(25):
            stand = Stand(tuple(Place(p.spot * (1.0001 if n % 2 else 0.9999), p.level) for p in exact.stand.places),
                          exact.stand.time)
            start, work = time.perf_counter(), time.process_time()
            exact.move(stand)
            np.flatnonzero(exact.everyone() < 0)
            clock.append(time.perf_counter() - start)
            busy.append(time.process_time() - work)
        yield (f"| {exact.lines.lines / exact.lines.accounts:.1f} | {threads} | {np.median(clock) * 1e3:.1f} | "
               f"{min(clock) * 1e3:.1f} | {np.median(busy) * 1e3:.1f} |")


class Tables:
    """The tables as they grow: written after every replay, so that a run that is cut short leaves what it saw."""

    def __init__(self, *, whole: bool) -> None:
        self.whole, self.begin = whole, time.perf_counter()
        self.chain = population.chains()
        self.origin = population.stand(self.chain)
        self.lines: list[str] = []
        self.speeds: list[str] = []

    def run(self, held: Positions, danger: float, replays: list[Replay]) -> None:
        """Replays with a share of accounts in danger."""
        exact, margin = population.funded(held.accounts, self.chain, held, danger=danger, threads=THREADS)
        for one in replays:
            checked = one._replace(check=1) if self.whole else one
            told = row(one.name, exact, danger, replay(exact, margin, checked, self.origin))
            CONSOLE.print(told, soft_wrap=True)
            self.lines.append(told)
            self.write()

    def speed(self, held: Positions) -> None:
        """The full pass by itself."""
        exact, _ = population.funded(held.accounts, self.chain, held, danger=0.01, threads=THREADS)
        self.speeds.extend(passes(exact))

    def held(self, accounts: int, legs: float = 1.0) -> Positions:
        """A population."""
        return population.population(accounts, self.chain, legs=legs)

    def write(self) -> None:
        """The page as it stands."""
        RESULTS.write_text(_page(self.lines, self.speeds, time.perf_counter() - self.begin))


def main() -> None:
    """Writes and prints the tables."""
    tables = Tables(whole="--whole" in sys.argv)
    trades = Replay("46 s of trades", population.trades_path(), 8, SLICES_AFTER_TRADE)
    minutes = Replay("21 January 2022", population.minutes_path(), 12, ALL_SLICES)
    october = Replay("9-11 October 2025", population.october_path(), 36, ALL_SLICES)
    million = tables.held(MILLION)
    tables.speed(million)
    for danger in (0.01, 0.05):
        tables.run(million, danger, [trades])
    tables.run(million, 0.01, [minutes])
    tenth = tables.held(TENTH)
    for danger in (0.01, 0.05):
        tables.run(tenth, danger, [one._replace(check=1) for one in (trades, minutes, october)])
    tables.run(million, 0.05, [minutes])
    tables.run(million, 0.01, [october])
    tables.run(million, 0.05, [october])
    wide = tables.held(MILLION, LEGS_OF_TWENTY)
    tables.speed(wide)
    tables.run(wide, 0.01, [trades._replace(path=trades.path[:500])])


def _page(lines: list[str], speeds: list[str], seconds: float) -> str:
    head = "| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD)
    return f"""# Rings

Made by `python -m benchmarks.rings` in {seconds / 60:.0f} minutes from market data that is not part of this repository.
{platform.machine()}, {os.cpu_count()} processors shared with other work (load {os.getloadavg()[0]:.1f} at the end),
{THREADS} threads, Python {platform.python_version()}. Milliseconds on the clock. What is measured, and why it is sound:
[safe zones](../../docs/explanation/zones.md).

Options of 6 February 2026 (BTC, ETH), perpetuals, futures, coins; 32 scenarios for each underlying; 1 % or 5 % of
accounts within 5 % of their margin. Bitcoin's path is recorded. Ether is recorded in October only (hourly bars,
bridged to minutes as Bitcoin's are); else it moves 1.15 times with Bitcoin and by itself. Volatility has no record: it
moves -2.5 times the return with noise, and reverts. Full passes ran between the ticks of the same replay, on as many
ticks as were checked.

"Alarm": every breach known. "All work" adds building rings and testing accounts, in slices between ticks; in brackets
its part of the full pass of the same run. "Worst {WORST} ticks": the mean of all work over the {WORST} consecutive
ticks where it is greatest, as a part of the mean full pass. "Processor": the time of both threads together; neighbours
lengthen the clock, and a long pass more than a short one, so where the machine is loaded this is the fairer ratio.
"Ticks on all": those on which more than 30 % were awake, and everyone was measured.

{head}
{chr(10).join(lines)}

## The full exact pass

Revaluing both underlyings and every balance of a million accounts.

| lines | threads | median | least | processor time |
|---|---|---|---|---|
{chr(10).join(speeds)}
"""


if __name__ == "__main__":
    main()
