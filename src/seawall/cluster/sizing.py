"""How many cores, how much memory, how many seconds? A model of cost, its rates fitted to measurements.

Core seconds of a run: instruments and scenarios make the cube, lines and scenarios hold it, accounts and scenarios rank
what is held, lines are margined in integers, and one client cuts, ships and joins all lines. Everything but the last
divides by cores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from seawall.errors import InputError
from seawall.model.arrays import Floats

BYTES = 8
INTERPRETER = 350e6  # bytes of a worker that has compiled its kernels and holds nothing
SHARD = 3 * 256e6  # bytes of the P&L of the shard that a thread works on, held, scaled and ranked
LINE = 250.0  # bytes of a line in the client: numbers, texts, and the piece that is on its way
CLIENT_MEMORY = 64e9  # bytes of one client: books that take more are cut before they are read


class Load(NamedTuple):
    """What is asked: VaR and ES of every account, its margin in integers, or both."""

    accounts: float
    lines: float
    instruments: float
    scenarios: float
    measured: bool = True
    margined: bool = True


class Rates(NamedTuple):
    """Core seconds per: cell of the cube, instrument, line and scenario held, account and scenario ranked, line cut,
    line margined; share of workers' processor time that one thread would have needed for the work."""

    cell: float
    instrument: float
    held: float
    ranked: float
    cut: float
    margined: float
    efficiency: float


# One core of a busy two-core machine, AVX-512, Python 3.11; `python -m benchmarks.cluster` measures them again.
MEASURED = Rates(1.71e-08, 4.52e-05, 3.63e-10, 2.49e-08, 3.91e-07, 1.03e-06, 0.776)


class Need(NamedTuple):
    """cores and clients for the time asked for; core seconds in all; seconds one client takes to cut and ship; bytes of
    each worker of one thread, of all, and of each client."""

    cores: int
    clients: int
    core_seconds: float
    client_seconds: float
    worker_memory: float
    memory: float
    client_memory: float


def terms(load: Load) -> Floats:
    """(6,) how often each rate is paid, in the order of ``Rates``."""
    lines = load.accounts * load.lines
    held = float(load.measured)
    return np.array([load.instruments * load.scenarios, load.instruments, held * lines * load.scenarios,
                     held * load.accounts * load.scenarios, held * lines, float(load.margined) * lines])


def core_seconds(load: Load, rates: Rates = MEASURED) -> float:
    """Processor time of a run on one core."""
    return float(terms(load) @ np.array(rates[:6]))


def need(load: Load, seconds: float, rates: Rates = MEASURED) -> Need:
    """What answers the load within so many seconds. Raises InputError for a load or time that is none.

    A book goes through as many clients, each with its share of accounts, as memory and time ask for.
    """
    if not (seconds > 0 and min(load[:4]) > 0):
        raise InputError("sizing", found=(*load[:4], seconds), wanted="positive numbers")
    lines, work = load.accounts * load.lines, core_seconds(load, rates)
    serial = lines * rates.cut
    clients = max(1, math.ceil(lines * LINE / CLIENT_MEMORY), math.ceil(2 * serial / seconds))
    cube = BYTES * load.instruments * load.scenarios
    left = seconds - serial / clients
    cores = max(1, math.ceil((work - serial * load.measured) / (rates.efficiency * left)))
    worker = INTERPRETER + cube + SHARD * load.measured
    return Need(cores, clients, work, serial, worker, worker * cores, 2 * cube + lines / clients * LINE)


def fit(loads: Sequence[Load], measured: Sequence[float], efficiency: float) -> tuple[Rates, float]:
    """Rates that come nearest to processor seconds measured, none negative, and the root mean square of the relative
    errors that are left."""
    weighed = np.array([terms(load) for load in loads]) / np.array(measured)[:, None]
    scale = weighed.max(axis=0)
    found, _ = nnls(weighed / scale, np.ones(len(measured)))
    error = weighed / scale @ found - 1.0
    cell, instrument, held, ranked, cut, margined = (float(x) for x in found / scale)
    rates = Rates(cell, instrument, held, ranked, cut, margined, efficiency)
    return rates, float(np.sqrt((error**2).mean()))
