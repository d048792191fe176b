"""The page of the cluster's benchmark."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numba

from benchmarks.cluster_fit import Fit
from benchmarks.cluster_work import ALL, CONFIDENCE, LINES, MODEL, Size
from seawall.cluster.sizing import Load, Rates, need

if TYPE_CHECKING:
    from benchmarks.cluster import Pass

PAPER = (
    ("a desk", Load(1e3, 20, 2e3, 1e4), 10.0), ("a broker", Load(1e5, 20, 2e3, 1e4), 60.0),
    ("an exchange", Load(1e6, 20, 2e3, 1e4), 60.0), ("ten exchanges", Load(1e7, 20, 5e3, 1e4), 300.0),
    ("everyone", Load(1e8, 20, 5e3, 1e4), 900.0), ("everyone, margin alone", Load(1e8, 20, 5e3, 32, measured=False),
                                                    900.0),
)


def page(size: Size, rounds: int, passes: Sequence[Pass], fit: Fit) -> str:
    """The whole page."""
    return "\n".join([_head(size, rounds), *_passes(passes), "", *_ratios(passes), "", *_fit(fit), "",
                      *paper(fit.rates), ""])


def _head(size: Size, rounds: int) -> str:
    return f"""# Cluster

Made by `python -m benchmarks.cluster`: {_machine()}. Other work ran on the machine; its load stands beside each
pass, and the ways take turns, {rounds} rounds of the same work each. Cube: {size.instruments:,} options in
{size.scenarios:,} scenarios. Measures: VaR and ES at {CONFIDENCE:.1%} of {size.measured:,} accounts of {LINES} lines,
the cube shared as Parquet. Margin: {size.margined:,} accounts of {LINES} lines under `{MODEL}`, in integers.

| who | cube s | measures s | margin s | all s | on processors s | load |
|---|---|---|---|---|---|---|"""


def _passes(passes: Sequence[Pass]) -> list[str]:
    return [
        f"| {p.who} | {' | '.join(f'{p.seconds[part]:.1f}' for part in ALL)} | {sum(p.seconds.values()):.1f} "
        f"| {p.processor:.1f} | {p.load:.1f} |" for p in passes
    ]


def _ratios(passes: Sequence[Pass]) -> list[str]:
    def all_of(who: str) -> list[float]:
        return [sum(p.seconds.values()) for p in passes if p.who == who]

    one, two, cluster = all_of("one thread"), all_of("two threads"), all_of("two processes")
    pairs = [t / c for t, c in zip(two, cluster, strict=True)]
    busy = sum(p.processor for p in passes if p.who == "one thread")
    alike = len({p.digits for p in passes}) == 1
    killed = [p for p in passes if p.who.endswith("killed")]
    return [
        f"Work on one thread: {sum(one):.1f} s, {busy:.1f} s of them on a processor. Scaling: two threads "
        f"{sum(one) / sum(two):.2f}, two worker processes {sum(one) / sum(cluster):.2f}: "
        f"**{sum(two) / sum(cluster):.2f}** of the threads' (by round {', '.join(f'{p:.2f}' for p in pairs)}; median "
        f"{statistics.median(pairs):.2f}).",
        f"Digits of all {len(passes)} passes, hashed: {'identical' if alike else 'NOT identical'}, after "
        f"{len(killed)} kill -9 too.",
    ]


def _fit(fit: Fit) -> list[str]:
    rows = [
        f"| {load.instruments:,.0f} | {load.scenarios:,.0f} | {load.accounts:,.0f} | {load.lines:,.0f} | {seconds:.3f} "
        f"| {fit.told(n):.3f} | {fit.told(n) / seconds - 1:+.0%} |" for n, (load, seconds) in enumerate(fit.rows)
    ]
    rates = ", ".join(f"{name} {value:.2e}" for name, value in fit.rates._asdict().items())
    return [
        "## What a core does", "", f"Core seconds per unit, none negative, fitted: {rates}. Root mean square of the "
        f"relative errors: {fit.error:.0%}.", "",
        "| instruments | scenarios | accounts | lines each | core s | by the rates | error |",
        "|---|---|---|---|---|---|---|", *rows,
    ]


def paper(rates: Rates) -> list[str]:
    """The table of loads that no one has measured."""
    rows = []
    for name, load, seconds in PAPER:
        n = need(load, seconds, rates)
        rows.append(
            f"| {name} | {load.accounts:,.0f} | {load.instruments:,.0f} | {load.scenarios:,.0f} | {seconds:,.0f} "
            f"| {n.core_seconds:,.0f} | {n.cores:,} | {n.worker_memory / 1e9:.1f} | {n.memory / 1e9:,.0f} "
            f"| {n.clients} |")
    return [
        "## On paper", "", f"{LINES} lines an account; VaR, ES and margin unless margin alone is said.", "",
        "| who | accounts | instruments | scenarios | within s | core s | cores | GB a worker | GB in all | clients |",
        "|---|---|---|---|---|---|---|---|---|---|", *rows,
    ]


def _machine() -> str:
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")] if Path("/proc/cpuinfo").exists() else []
    return (f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"numba {numba.__version__}")
