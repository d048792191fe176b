"""Hold and fold: quantities into rows, and rows up a chain of netting keys, gains and losses weighed apart.

Weights come as tables of their distinct rows: ``gain`` (K,S) and the place (N,) of each row in it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def hold_lines(quantity: Floats, instrument: Ints, row: Ints, rows: int, cube: Floats) -> Floats:
    """(N,S) sum over the lines of each row of quantity times cube (I,S), in the order of lines."""
    out = np.zeros((rows, cube.shape[1]))
    for line in range(quantity.size):
        amount, i, r = quantity[line], instrument[line], row[line]
        if amount == 0.0:
            continue
        for s in range(cube.shape[1]):
            out[r, s] += amount * cube[i, s]
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def fold(
    x: Floats, gain: Floats, gain_of: Ints, loss: Floats, loss_of: Ints, parent: Ints, rows: int, cap: Floats,
    deduct: Floats, deduct_of: Ints,
) -> Floats:
    """(M,S) of x (N,S): min(sum gain x+, cap) - sum max(loss x- - deduct, 0).

    cap (M), infinite where there is none; deduct (D,S) or of no rows at all. NaN stays NaN.
    """
    scenarios = x.shape[1]
    up, down = np.zeros((rows, scenarios)), np.zeros((rows, scenarios))
    deducts = deduct.shape[0] > 0
    for n in range(x.shape[0]):
        p, g, w = parent[n], gain_of[n], loss_of[n]
        for s in range(scenarios):
            v = x[n, s]
            if v < 0.0:
                lost = loss[w, s] * v
                if deducts:
                    lost = min(lost + deduct[deduct_of[n], s], 0.0)
                down[p, s] += lost
            elif v != 0.0:
                up[p, s] += gain[g, s] * v
    for m in range(rows):
        limit = cap[m]
        for s in range(scenarios):
            v = up[m, s]
            up[m, s] = (limit if v > limit else v) + down[m, s]
    return up


@njit(cache=True, nogil=True, error_model="numpy")
def fold_slopes(
    slope: Floats, x: Floats, gain: Floats, gain_of: Ints, loss: Floats, loss_of: Ints, parent: Ints, cap: Floats,
    deduct: Floats, deduct_of: Ints,
) -> tuple[Floats, bool]:
    """(N,S) what each row's x adds per unit, given what each parent adds (M,S); whether some slope is a chord.

    Under a cap that binds, gains count in proportion; under a deductible, losses do: f(x) / x, which adds up but is
    not what one more unit would cost.
    """
    scenarios = x.shape[1]
    up = np.zeros(slope.shape)
    for n in range(x.shape[0]):
        for s in range(scenarios):
            if x[n, s] > 0.0:
                up[parent[n], s] += gain[gain_of[n], s] * x[n, s]
    out = np.zeros(x.shape)
    chord = False
    for n in range(x.shape[0]):
        p = parent[n]
        for s in range(scenarios):
            v, above = x[n, s], slope[p, s]
            if above == 0.0:
                continue
            if v < 0.0:
                w = loss[loss_of[n], s]
                if deduct.shape[0] > 0 and deduct[deduct_of[n], s] != 0.0:
                    chord = True
                    w = min(w * v + deduct[deduct_of[n], s], 0.0) / v
            else:
                w = gain[gain_of[n], s]
                if up[p, s] > cap[p]:
                    chord = True
                    w *= cap[p] / up[p, s]
            out[n, s] = above * w
    return out, chord


@njit(cache=True, nogil=True, error_model="numpy")
def worst(x: Floats, floor: bool) -> tuple[Floats, Ints]:
    """Loss (N) in the least scenario of each row, and which (N), the first of equals.

    -1 where no scenario counts (all infinite). floor: a row that gains everywhere is charged nothing. NaN stays NaN.
    """
    charge, at = np.zeros(x.shape[0]), np.full(x.shape[0], -1)
    for n in range(x.shape[0]):
        least = np.inf
        for s in range(x.shape[1]):
            v = x[n, s]
            if v < least:
                least, at[n] = v, s
            elif v != v:
                least, at[n] = v, s
                break
        if at[n] >= 0:
            charge[n] = 0.0 if floor and least >= 0.0 else -least
    return charge, at
