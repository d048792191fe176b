"""Margin, timed: what-if of one change, search, way back, distances, orders, accounts a second.

``python -m benchmarks.margin`` prints tables and writes benchmarks/results/margin.md.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np

from benchmarks.margin_accounts import ACCOUNT, many_accounts, one_account
from seawall.errors import RiskError
from seawall.formats.margin_models import margin_models
from seawall.margin.exact import evaluate_exact, exact_plan, in_lots
from seawall.margin.holdings import Holdings, holdings
from seawall.margin.plan import bind, evaluate, explain, index
from seawall.margin.shock import Supplied
from seawall.margin.supply import supplied_cubes
from seawall.model.margin import MarginModel
from seawall.model.order import Order
from seawall.model.state import State
from seawall.scenarios.grid import grid
from seawall.whatif.change import Trade, traded
from seawall.whatif.distance import distances
from seawall.whatif.exact import exact_stand
from seawall.whatif.orders import order_margin
from seawall.whatif.restore import restore
from seawall.whatif.search import largest_trade
from seawall.whatif.stand import Stand, stand

PAGE = Path(__file__).parent / "results" / "margin.md"
LINES, REPEATS, ROUNDS = 100, 100, 3
ACCOUNTS, LINES_EACH = 20_000, 20
SCENARIOS = 2_000
HOUSE, PATH = "seawall", "history_path"


class Timed(NamedTuple):
    """Milliseconds of one step: median and 99th percentile, and the 99th of a spin of the same median beside it."""

    median: float
    high: float
    spin: float


class Row(NamedTuple):
    """One model on its account of LINES lines, milliseconds."""

    model: str
    scenarios: int
    plain: Timed
    exact: Timed
    again: float
    explained: float
    bound: float
    indexed: float


def run() -> None:
    """Prints every table and writes the page."""
    models = list(margin_models().values())
    own = [model for model in models if not model.cubes]
    sections: tuple[Callable[[], list[str]], ...] = (
        lambda: _what_if([_row(model, standing) for model, standing in _standings(models)]),
        lambda: _searches([_asked(standing) for _, standing in _standings(own)]),
        lambda: _rates([_rate(model) for model in own]),
    )
    page = _facts()
    for section in sections:
        page += ["", *section()]
        PAGE.write_text("\n".join(page) + "\n", encoding="utf-8")
    print("\n".join(page))


def timed(step: Callable[[], object]) -> Timed:
    """Medians over ROUNDS rounds, each of REPEATS calls that take turns with a spin as long as the round's median."""
    for _ in range(20):
        step()
    found = [_round(step) for _ in range(ROUNDS)]
    return Timed(*(statistics.median(column) for column in zip(*found, strict=True)))


def _round(step: Callable[[], object]) -> tuple[float, float, float]:
    length = statistics.median(_seconds(step) for _ in range(30))
    own, spun = np.empty(REPEATS), np.empty(REPEATS)
    for n in range(REPEATS):
        own[n], spun[n] = _seconds(step), _seconds(lambda: _spin(length))
    return 1e3 * float(np.median(own)), *(1e3 * float(np.percentile(x, 99)) for x in (own, spun))


def _seconds(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def _spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def _few(step: Callable[[], object], repeats: int = 3) -> float:
    """Median milliseconds of a few calls."""
    step()
    return 1e3 * statistics.median(_seconds(step) for _ in range(repeats))


def _standings(models: Sequence[MarginModel]) -> Iterator[tuple[MarginModel, Stand]]:
    for model in models:
        book, market = one_account(model, LINES)
        yield model, stand(model, book, market, ACCOUNT, supplier=_supply if model.cubes else None)


def _supply(held: Holdings, state: State) -> Mapping[str, Supplied]:
    """So many moves of spot for every rule that the house's model takes; of its paths, two steps each."""
    moves = np.round(np.random.default_rng(3).standard_t(4, 2 * SCENARIOS) * 0.02, 6).clip(-0.9, 2.0)
    once, twice = (grid(tuple(moves[:count].tolist()), (0.0,)) for count in (SCENARIOS, 2 * SCENARIOS))
    paths = replace(twice, path=np.repeat(np.arange(SCENARIOS), 2), step=np.tile([0, 1], SCENARIOS))
    rules = {name: paths if name == PATH else once for name in margin_models()[HOUSE].cubes}
    return supplied_cubes(held, state, rules)


def _row(model: MarginModel, standing: Stand) -> Row:
    exact, trade = exact_stand(standing), _trade(standing)
    columns, lines = standing.holdings.columns, standing.holdings.lines
    bound = standing.plan.bound

    def again() -> object:
        held = holdings(standing.book, standing.market)
        return evaluate(index(bind(model, held.columns, bound.binding.supplied), held.lines), np.array(held.quantity))

    return Row(
        model.name, _widest(standing), timed(lambda: standing.at(traded(standing, [trade]))),
        timed(lambda: exact.after_trades(trade)), _few(again), _few(lambda: explain(standing.plan, standing.quantity,
                                                                                    "initial")),
        _few(lambda: bind(model, columns, bound.binding.supplied)), _few(lambda: index(bound, lines)),
    )


def _trade(standing: Stand) -> Trade:
    name = next(i.instrument_id for i in standing.book.instruments if i.kind != "cash")
    return Trade(name, 1.0)


def _widest(standing: Stand) -> int:
    return max((getattr(term, "cube", np.zeros((0, 1))).shape[1] for term in standing.plan.terms.values()), default=0)


def _asked(standing: Stand) -> tuple[str, ...]:
    trade, now = _trade(standing), standing.now
    orders = [Order(order_id=f"O{n}", account_id=ACCOUNT, instrument_id=trade.instrument_id,
                    side="buy" if n % 2 else "sell", quantity=1.0 + n) for n in range(8)]
    steps: list[Callable[[], object]] = [
        lambda: largest_trade(standing, trade.instrument_id, side=-1, lot=0.01),
        lambda: restore(standing, target=now.excess + 0.1 * abs(now.initial)),
        lambda: distances(standing), lambda: order_margin(standing, orders),
    ]
    return standing.model.name, *(_told(step) for step in steps)


def _told(step: Callable[[], object]) -> str:
    try:
        return f"{_few(step, 3):,.1f}"
    except RiskError as error:
        return f"not told: {type(error).__name__}"


def _rate(model: MarginModel) -> tuple[str, ...]:
    bound, lines, quantity = many_accounts(model, ACCOUNTS, LINES_EACH)
    plan = index(bound, lines)
    exact = exact_plan(plan)
    lots = in_lots(exact, quantity)
    indexed = _few(lambda: index(bound, lines), 1) / 1e3
    plain, whole = (_few(step, 1) / 1e3 for step in (lambda: evaluate(plan, quantity),
                                                     lambda: evaluate_exact(exact, lots)))
    return model.name, f"{ACCOUNTS / plain:,.0f}", f"{ACCOUNTS / whole:,.0f}", f"{ACCOUNTS / indexed:,.0f}"


def _what_if(rows: Sequence[Row]) -> list[str]:
    head = ("model", "scenarios", "float p50", "p99", "spin's p99", "exact p50", "p99", "spin's p99", "all again",
            "times", "explain", "bind", "index")
    cells = [(r.model, f"{r.scenarios:,}", *(f"{x:.3f}" for x in (*r.plain, *r.exact)), f"{r.again:.1f}",
              f"{r.again / r.plain.median:,.0f}", f"{r.explained:.2f}", f"{r.bound:.2f}", f"{r.indexed:.2f}")
             for r in rows]
    return [f"## What-if of one trade, a warm account of {LINES} lines, milliseconds", "",
            f"Medians of {ROUNDS} rounds of {REPEATS} calls that take turns with a spin of the same length, whose 99th "
            "percentile is the machine's own. *All again*: columns, binding, indexing and evaluation of the account, "
            "which is what one change costs without a plan.", "", *_table(head, cells)]


def _searches(cells: Sequence[Sequence[str]]) -> list[str]:
    head = ("model", "largest trade", "way back", "distances", "8 orders")
    return [f"## Searches over a warm account of {LINES} lines, milliseconds", "", *_table(head, cells)]


def _rates(cells: Sequence[Sequence[str]]) -> list[str]:
    head = ("model", "float", "exact", "indexing")
    return [f"## Accounts a second, {ACCOUNTS:,} accounts of {LINES_EACH} lines, one thread", "", *_table(head, cells)]


def _table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] + ["---:"] * (len(head) - 1), *cells)]


def _facts() -> list[str]:
    busy = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return ["# Margin, timed", "", "`python -m benchmarks.margin` writes this page.", "",
            f"{_processor()}, {os.cpu_count()} cores; Python {platform.python_version()}, NumPy {np.__version__}, "
            f"numba {numba.__version__}; load averages while it ran: {busy}."]


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in told.splitlines() if line.startswith("model name")),
                platform.machine())


if __name__ == "__main__":
    run()
