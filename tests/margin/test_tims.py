"""TIMS against plain loops: ten points, offsets within a product group, a minimum a contract."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.plain_span import black
from seawall.formats.margin_models import read_margin_model
from seawall.margin.frame import Columns
from seawall.margin.plan import bind, evaluate, explain, index
from seawall.margin.rows import Lines

TIMS = read_margin_model("tims")
MOVES = {"SPX": (0.06, 0.08), "SPY": (0.06, 0.08), "NDX": (0.06, 0.08)}
LEVELS = {"SPX": 5000.0, "SPY": 500.0, "NDX": 20000.0, "ACME": 40.0, "OTHER": 90.0}
POINTS = [-1, -0.8, -0.6, -0.4, -0.2, 0.2, 0.4, 0.6, 0.8, 1]


@st.composite
def holdings(draw: st.DrawFn) -> tuple:
    """underlying, kind, strike, call, price of one contract, units a contract."""
    name = draw(st.sampled_from(sorted(LEVELS)))
    if draw(st.booleans()):
        return name, "spot", 0.0, 0, LEVELS[name], 1.0
    strike, call = LEVELS[name] * draw(st.sampled_from([0.8, 0.95, 1.0, 1.1, 1.3])), draw(st.integers(0, 1))
    return name, "option", strike, call, 100 * black(LEVELS[name], strike, 0.3, 0.2, call), 100.0


def columns(book: list) -> Columns:
    return Columns({
        "underlying": np.array([h[0] for h in book]), "kind": np.array([h[1] for h in book]),
        "instrument": np.array([str(h) for h in book]), "price": np.array([h[4] for h in book]),
        "mark": np.array([h[4] for h in book]), "forward": np.array([LEVELS[h[0]] for h in book]),
        "strike": np.array([h[2] or 1.0 for h in book]), "is_call": np.array([float(h[3]) for h in book]),
        "vol": np.full(len(book), 0.3), "tau": np.full(len(book), 0.2), "discount": np.ones(len(book)),
        "contract_size": np.array([h[5] for h in book]), "base_size": np.array([h[5] for h in book]),
    })


class Answer(NamedTuple):
    """alone, together: gains at each point. The rest as the model's terms call them, summed."""

    alone: list
    together: list
    minimum_alone: float
    minimum_together: float
    class_risk: float
    group_risk: float


def plainly(book: list, quantity: list) -> Answer:
    """Contracts of one identity net before the minimum."""
    gains: dict[str, list[float]] = {}
    units: dict[str, float] = {}
    held: dict[tuple, float] = {}
    for one, q in zip(book, quantity, strict=True):
        held[one] = held.get(one, 0.0) + q
    for (name, kind, strike, call, price, size), q in held.items():
        up, down = MOVES.get(name, (0.15, 0.15))
        row = gains.setdefault(name, [0.0] * 10)
        for n, step in enumerate(POINTS):
            level = LEVELS[name] * (1 + step * (up if step > 0 else down))
            worth = level if kind != "option" else size * black(level, strike, 0.3, 0.2, call)
            row[n] += q * (worth - price)
        units[name] = units.get(name, 0.0) + (abs(q) * size if kind in ("option", "future") else 0.0)
    single, group = [n for n in gains if n not in MOVES], [n for n in gains if n in MOVES]
    joint = [sum(0.9 * max(gains[n][s], 0) + min(gains[n][s], 0) for n in group) for s in range(10)]
    least = 0.375 * sum(units[n] for n in group)
    return Answer([sum(gains[n][s] for n in single) for s in range(10)], joint, 0.375 * sum(units[n] for n in single),
                  least, sum(max(0, -min(gains[n]), 0.375 * units[n]) for n in single), max(0, -min(joint), least))


def planned(book: list):
    return index(bind(TIMS, columns(book)), Lines(np.zeros(len(book), dtype=np.int64), np.arange(len(book)), 1))


sizes = st.sampled_from([-30.0, -5.0, -1.0, 0.0, 1.0, 2.0, 10.0, 200.0])


@given(st.lists(st.tuples(holdings(), sizes), min_size=1, max_size=8))
def test_random_books_agree_with_plain_loops_and_add_up(rows: list) -> None:
    book, quantity = [h for h, _ in rows], [q for _, q in rows]
    plan = planned(book)
    done = evaluate(plan, np.array(quantity))
    scale = 1 + sum(abs(q) * LEVELS[h[0]] * h[5] for h, q in rows)
    # Two evaluations of the normal law differ in the last digits of what is held.
    wanted = plainly(book, quantity)
    assert done["maintenance"][0] == pytest.approx(wanted.class_risk + wanted.group_risk, abs=1e-11 * scale)
    told = explain(plan, np.array(quantity), "maintenance")
    assert told.by_line.sum() == pytest.approx(done["maintenance"][0], abs=1e-10 * scale)


def test_a_share_alone_needs_fifteen_percent_and_an_index_eight_down_or_six_up() -> None:
    share, spx = ("ACME", "spot", 0.0, 0, 40.0, 1.0), ("SPX", "spot", 0.0, 0, 5000.0, 1.0)
    assert evaluate(planned([share]), np.array([10.0]))["maintenance"][0] == pytest.approx(0.15 * 400)
    assert evaluate(planned([spx]), np.array([1.0]))["maintenance"][0] == pytest.approx(400)
    assert evaluate(planned([spx]), np.array([-1.0]))["maintenance"][0] == pytest.approx(300)


def test_only_one_product_group_offsets_and_only_in_part() -> None:
    spx, spy = ("SPX", "spot", 0.0, 0, 5000.0, 1.0), ("SPY", "spot", 0.0, 0, 500.0, 1.0)
    hedged = evaluate(planned([spx, spy]), np.array([1.0, -10.0]))["maintenance"][0]
    assert hedged == pytest.approx(0.1 * 0.08 * 5000)
    one, other = ("ACME", "spot", 0.0, 0, 40.0, 1.0), ("OTHER", "spot", 0.0, 0, 90.0, 1.0)
    assert evaluate(planned([one, other]), np.array([9.0, -4.0]))["maintenance"][0] == pytest.approx(2 * 0.15 * 360)


def test_far_options_cost_their_minimum_a_unit() -> None:
    far = ("ACME", "option", 400.0, 1, 0.0, 100.0)
    assert evaluate(planned([far]), np.array([-3.0]))["maintenance"][0] == pytest.approx(3 * 37.5)
