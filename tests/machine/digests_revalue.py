"""Every hot kind under every scenario of a fixed walk, in the exact build: one more piece of what must not depend on
the machine.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from seawall.kernels import revalue


def walk(count: int, low: float, high: float) -> np.ndarray:
    """Numbers without a random generator or a library function: a fixed walk through the interval."""
    return low + (high - low) * ((np.arange(1, count + 1) * 0.6180339887498949) % 1.0)


def kinds() -> Iterable[np.ndarray]:
    """Options with their Greeks, linear and coin-settled, expired ones among them; contracts; balances; tokens."""
    count, shape = 203, (3, 301)
    place = np.arange(count)
    grids = [walk(3 * 301, *bounds).reshape(shape) for bounds in ((20_000, 200_000), (0.3, 2), (0, 1), (0.8, 1))]
    rate, accrued = walk(3 * 301, -0.05, 0.2).reshape(shape), walk(3 * 301, -0.01, 0.01).reshape(shape)
    options = revalue.Options(walk(count, 0, 300_000), walk(count, 0, 3), np.maximum(walk(count, -0.1, 2), 0.0),
                              np.where(place % 2, 1.0, -1.0), place // 2 % 2, walk(count, 0.01, 10), place % 3)
    moves = revalue.Moves(*grids, rate)
    yield revalue.option_values(options, moves)
    yield from revalue.option_greeks(options, moves)
    yield revalue.contract_values(options.size, options.inverse, options.row, moves.forward, accrued)
    yield revalue.product_values(options.size, options.row, moves.forward, moves.discount)
