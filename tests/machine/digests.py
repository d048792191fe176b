"""Prints, as JSON, a SHA-256 of every result that must not depend on the machine, and how wide its code was.

Run by ``test_same_bits.py`` in processes of their own, under different targets of Numba and features of NumPy:
PYTHONPATH=tests python tests/machine/digests.py MARKETS. A new piece is one more function in PIECES.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
from numba import njit

from machine import whole
from seawall.kernels import elementary, exact_black, fold_exact, hold_exact


def grid(count: int, low: float, high: float) -> np.ndarray:
    """Numbers without a random generator or a library function: a fixed walk through the interval."""
    golden = 0.6180339887498949
    return low + (high - low) * ((np.arange(1, count + 1) * golden) % 1.0)


def functions() -> Iterable[np.ndarray]:
    """Exponential, logarithm, power and normal distribution from one end of the doubles to the other."""
    wide = np.arange(1, 0x7FF0000000000000, 0x7FF0000000000000 // 50_001).view(np.float64)
    yield elementary.exp(grid(50_000, -750, 715))
    yield elementary.log(wide)
    yield elementary.log(grid(50_000, 0.5, 2))
    yield elementary.power(wide, grid(wide.size, -3, 3))
    yield elementary.power(grid(20_000, 0, 3), 0.3)
    yield elementary.normal_distribution(grid(50_000, -39, 9))


def options() -> Iterable[np.ndarray]:
    """Values and deltas, linear and coin-settled, with expired and worthless ones among them."""
    forward, strike = grid(300, 20_000, 200_000), grid(101, 0, 300_000)[:, None]
    volatility, years = grid(300, 0, 4), np.maximum(grid(101, -0.1, 2), 0)[:, None]
    is_call = np.arange(101)[:, None] % 2
    for inverse in (False, True):
        yield exact_black.black_call_put(forward, strike, volatility, years, is_call, inverse=inverse)
    yield exact_black.black_delta(forward, strike, volatility, years, is_call)


def folds() -> Iterable[np.ndarray]:
    """A book from option values to a requirement: ticks, hold, two folds, worst, tail and scaling."""
    values = next(iter(options())) - 5_000
    low, high = fold_exact.ticks(values, 100 * hold_exact.FINE)
    line = np.arange(400)
    lots, row = (line * 7919) % 2001 - 1000, line % 40
    width, sizes = (high - low).max(axis=1), hold_exact.cell_sizes(low)
    bounds = hold_exact.hold_fine(lots, line % len(values), row, 40, low, width, sizes)
    yield from bounds
    gain = fold_exact.billionths(grid(3 * 300, -0.2, 1).reshape(3, 300))
    loss = fold_exact.billionths(grid(3 * 300, 0.9, 1.4).reshape(3, 300))
    at, none = np.arange(40), np.zeros(40, np.int64)
    cap = np.where(np.arange(8) % 2, fold_exact.NO_CAP, 10**9)
    for deduct in (np.zeros((2, 0, 300), np.int64), np.full((2, 1, 300), 10**7)):
        lower, upper = fold_exact.fold_exact(*bounds, gain, at % 3, loss, at % 3, at % 8, 8, cap, deduct, none)
        yield from (lower, upper, *fold_exact.worst_exact(lower), fold_exact.tail_exact(lower, 7, 1, 2))
        yield fold_exact.quantile_exact(lower, 7)
        yield fold_exact.scale_exact(fold_exact.worst_exact(lower)[0], gain[:, 0, :8])


PIECES: dict[str, Callable[[], Iterable[np.ndarray]]] = {"functions": functions, "options": options, "folds": folds}
WHOLE = {desk: partial(whole.requirements, desk) for desk in whole.DESKS}
ORDERS = {f"{desk} {word}": partial(whole.results, desk, turned=word == "turned")
          for desk in whole.DESKS for word in ("as it stands", "turned")}


@njit(fastmath=True)
def _fused(x: np.ndarray) -> np.ndarray:
    out = np.empty(x.size)
    for i in range(x.size):
        out[i] = 1.0 + x[i] * (0.5 + x[i] * (1 / 6 + x[i] * (1 / 24 + x[i] / 120)))
    return out


def control() -> Iterable[np.ndarray]:
    """What must differ wherever multiplication and addition may be fused: whether differences would be seen."""
    yield _fused(grid(50_000, -1, 1))


def digest(piece: Iterable[np.ndarray]) -> str:
    """SHA-256 over the bytes of all arrays, in their order."""
    seen = hashlib.sha256()
    for array in piece:
        seen.update(np.ascontiguousarray(array).tobytes())
    return seen.hexdigest()


def widest() -> str:
    """The widest registers of the control's machine code: whether the target that was asked for was taken."""
    return max(re.findall(r"%([xyz]mm)\d", "".join(_fused.inspect_asm().values())))


if __name__ == "__main__":
    markets = Path(sys.argv[1])
    results = {name: digest(piece()) for name, piece in {**PIECES, "control": control}.items()}
    results |= {name: digest(piece(markets)) for name, piece in {**WHOLE, **ORDERS}.items()}
    print(json.dumps({**results, "registers": widest()}))
