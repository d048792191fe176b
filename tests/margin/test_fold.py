"""Hold and fold against plain loops, and slopes that add up to what the fold charges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernels.fold import fold, fold_slopes, hold_lines, worst

NONE = (np.zeros((0, 1)), np.zeros(0, dtype=np.int64))


@st.composite
def books(draw: st.DrawFn) -> dict[str, Any]:
    """Rows under scenarios, their parents, weights that differ by row, caps, deductibles."""
    rows, up, scenarios = draw(st.integers(1, 6)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = np.where(rng.random((rows, scenarios)) < 0.2, 0.0, rng.normal(0, 100, (rows, scenarios)))
    return {"x": x, "gain": rng.normal(1, 1, (rows, scenarios)), "loss": rng.uniform(0, 2, (rows, scenarios)),
            "parent": rng.integers(0, up, rows), "up": up,
            "cap": np.where(rng.random(up) < 0.5, np.inf, rng.uniform(0, 100, up)),
            "deduct": rng.uniform(0, 80, (rows, scenarios)) if draw(st.booleans()) else None}


def plain_fold(b: dict[str, Any]) -> np.ndarray:
    out = np.zeros((b["up"], b["x"].shape[1]))
    for s in range(b["x"].shape[1]):
        for m in range(b["up"]):
            gains = losses = 0.0
            for n in range(len(b["x"])):
                if b["parent"][n] != m:
                    continue
                gains += b["gain"][n, s] * max(b["x"][n, s], 0.0)
                taken = 0.0 if b["deduct"] is None else b["deduct"][n, s]
                losses += max(b["loss"][n, s] * max(-b["x"][n, s], 0.0) - taken, 0.0)
            out[m, s] = min(gains, b["cap"][m]) - losses
    return out


def arguments(b: dict[str, Any]) -> tuple[Any, ...]:
    every = np.arange(len(b["x"]))
    deduct = NONE if b["deduct"] is None else (b["deduct"], every)
    return b["gain"], every, b["loss"], every, b["parent"], b["cap"], deduct


@given(books())
def test_a_fold_is_its_formula_in_plain_loops(b: dict[str, Any]) -> None:
    gain, gain_of, loss, loss_of, parent, cap, deduct = arguments(b)
    found = fold(b["x"], gain, gain_of, loss, loss_of, parent, b["up"], cap, *deduct)
    # Six numbers of some hundreds, added in one order or another.
    assert found == pytest.approx(plain_fold(b), abs=1e-9)


@given(books())
def test_slopes_times_amounts_add_up_to_the_fold(b: dict[str, Any]) -> None:
    gain, gain_of, loss, loss_of, parent, cap, deduct = arguments(b)
    slope = np.ones((b["up"], b["x"].shape[1]))
    down, chord = fold_slopes(slope, b["x"], gain, gain_of, loss, loss_of, parent, cap, *deduct)
    told = np.zeros_like(slope)
    np.add.at(told, parent, down * b["x"])
    assert told == pytest.approx(plain_fold(b), abs=1e-9)
    gains = np.zeros_like(slope)
    np.add.at(gains, parent, gain * np.maximum(b["x"], 0.0))
    lost = b["deduct"] is not None and bool((b["x"] < 0).any())
    # A cap is met to the last place by both sums or by neither, but for such draws as do not occur.
    assert chord == (lost or bool(((gains > cap[:, None]) & _some_gain(b)).any()))


def _some_gain(b: dict[str, Any]) -> np.ndarray:
    some = np.zeros((b["up"], b["x"].shape[1]), dtype=bool)
    for n, p in enumerate(b["parent"]):
        some[p] |= b["x"][n] >= 0
    return some


@given(st.integers(0, 2**32 - 1))
def test_holding_is_quantity_times_worth_line_by_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    q, cube = rng.normal(size=8), rng.normal(size=(5, 3))
    instrument, row = rng.integers(0, 5, 8), rng.integers(0, 4, 8)
    wanted = [[math.fsum(q[i] * cube[instrument[i], s] for i in range(8) if row[i] == r) for s in range(3)]
              for r in range(4)]
    assert hold_lines(q, instrument, row, 4, cube) == pytest.approx(np.array(wanted), abs=1e-12)


def test_what_is_not_held_need_not_have_a_worth() -> None:
    cube = np.array([[np.nan], [2.0]])
    two = np.array([0, 1])
    assert hold_lines(np.array([0.0, 3.0]), two, np.zeros(2, dtype=np.int64), 1, cube).tolist() == [[6.0]]
    assert np.isnan(hold_lines(np.array([1.0, 3.0]), two, np.zeros(2, dtype=np.int64), 1, cube)).all()


def test_the_worst_is_the_first_of_equals_and_nan_stays() -> None:
    x = np.array([[1.0, -2.0, -2.0], [3.0, 4.0, 5.0], [np.inf] * 3, [1.0, np.nan, -9.0]])
    charge, at = worst(x, False)
    assert charge[:2].tolist() == [2.0, -3.0]
    assert at.tolist() == [1, 0, -1, 1]
    assert charge[2] == 0.0
    assert np.isnan(charge[3])
    assert worst(x, True)[0][:3].tolist() == [2.0, 0.0, 0.0]
